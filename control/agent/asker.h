/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a gatherer asks its source: one of these per kind. An asker puts samples into the gatherer's
 * reading and tells how it went. Private to control/agent; event loop only.
 */
#pragma once
#include "agent/fetch.h"
#include "agent/gather.h"
#include "agent/reading.h"

#define ASKER_FAULT_MAX 320

struct asker;

struct asker_kind {
	/* Asks now. told() follows, at once or later, as asker_told does it. */
	void (*ask)(struct asker *asker);
	void (*free)(struct asker *asker);
};

/* The head of every kind's own struct. */
struct asker {
	const struct asker_kind *kind;
	const struct gather_config *config; /* the gatherer's; both outlive the asker */
	struct reading *reading;
	uint64_t *bytes; /* counts what came */
	/* fault NULL: the reading's samples are whole. A source that speaks by itself tells again
	 * whenever it has news. Else what is wrong, and what to do; its part before the first colon
	 * is the same for all faults of that kind. */
	void (*told)(void *user, const char *fault);
	void *user;
};

/* NULL: no memory. The head is filled in by the caller. */
struct asker *scrape_new(struct web *web, const struct fetch_target *target); /* Prometheus, ORCA */
struct asker *watch_new(struct web *web, const struct fetch_target *target);  /* Kubernetes */
struct asker *local_new(void);                                                /* PSI and cgroup */
