/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network metric agent (C-NMA of RFC 10053): a STAMP session sender (RFC 8762 section 4.2) that
 * measures the round-trip time to each egress. Owned by the event loop.
 */
#pragma once
#include "base/addr.h"
#include "probe/stamp.h"

#include <uv.h>

struct prober;

struct prober_config {
	uint16_t port;        /* of the reflectors */
	uint32_t interval_ms; /* between two probes to one egress, 100.. */
	uint32_t rate_max;    /* probes a second to all of them, 1..; the interval grows for it */
	uint32_t max_age_ms;  /* without an answer for that long there is no round-trip time */
	uint8_t dscp;         /* 0..63 */
	struct stamp_key key; /* len 0: without authentication */
	struct addr source_v4, source_v6; /* zero: the kernel's choice */
};

struct prober_ops {
	/* The time to steer by has changed (rtt.h); negative: there is none any more. */
	void (*measured)(void *user, const struct addr *egress, double rtt_s);
};

/* *ret is untouched on failure: -ENOMEM, or a negative errno of its sockets, logged. */
int prober_new(uv_loop_t *loop, const struct prober_config *config, const struct prober_ops *ops,
	       void *user, struct prober **ret);
void prober_free(struct prober **prober); /* *prober may be NULL; NULL afterwards */

/* Replaces the list of egresses; those that stay keep what was measured. The list may repeat
 * itself, in any order. 0, or -ENOMEM and all is as it was. */
int prober_targets(struct prober *prober, const struct addr *egress, size_t count);

struct prober_view {
	struct addr egress;
	double rtt_s;             /* to steer by; negative: none */
	double median_s, least_s; /* of the last RTT_WINDOW answers; negative: none */
	double loss;              /* 0..1, of the last RTT_FATES probes */
	uint64_t age_ms;          /* of the last answer; meaningful with rtt_s */
	uint64_t sent, answered, lost;
	uint64_t strays;   /* answers that belong to no probe under way: late, or repeated */
	uint64_t refused;  /* answers that cannot be: malformed, wrong HMAC, impossible times */
	const char *fault; /* words of the last thing that went wrong; "" */
};
bool prober_view(const struct prober *prober, size_t index, struct prober_view *ret);
