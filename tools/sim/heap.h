/* SPDX-License-Identifier: BSD-2-Clause */
/* Events by time: a heap with four children to a node, which keeps a flow's way down short. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_ARRIVE,  /* of a flow at its site */
	EVENT_FINISH,  /* of a flow at its site */
	EVENT_END,     /* of a flow, seen by its ingress */
	EVENT_SAMPLE,  /* a site takes its report */
	EVENT_DELIVER, /* and the ingresses have it */
	EVENT_DECIDE,  /* at an ingress */
	EVENT_WATCH,   /* an ingress looks at its counts */
	EVENT_FAIL,    /* of a site */
	EVENT_RETURN,  /* of a site */
	EVENT_NOTICE,  /* of a site's failure or return, by an ingress */
	EVENT_REGIME,  /* demand or capacity change, for rules that are told at once */
};

struct event {
	double at_s;
	uint32_t what; /* flow, site or ingress */
	uint16_t site; /* of a notice */
	uint16_t kind;
};

struct heap {
	struct event *event;
	size_t count, room;
};

void heap_clear(struct heap *heap);
bool heap_push(struct heap *heap, struct event event); /* false: out of memory */
struct event heap_pop(struct heap *heap);              /* of one that is not empty */
