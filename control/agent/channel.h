/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One list of a Kubernetes API server that is followed for good (listing.h): asked again when its
 * watch has ended, later and later while it fails. The log names a fault when it begins and when it
 * is over. Event loop only; owned by a cluster.
 */
#pragma once
#include "agent/listing.h"

struct channel;

struct channel_config {
	const char *cluster, *what; /* for the log; borrowed */
	uint32_t timeout_ms;
	uint32_t max_age_ms; /* after so long without a word it is silent */
	uint64_t body_max;
};

struct channel_ops {
	struct listing_ops kept; /* but for told, which is the channel's */
	/* What is kept has changed, or the server is silent. Start timers there, no more. */
	void (*news)(void *user);
};

int channel_new(uv_loop_t *loop, struct web *web, const struct fetch_target *target,
		const struct channel_config *config, const struct channel_ops *ops, void *user,
		struct channel **ret); /* 0 or -ENOMEM; the target is borrowed */
void channel_free(struct channel **channel);

/* What to ask for: a path with its query; copied. Another one than before is listed at once. "":
 * nothing, for now. 0 or -ENOMEM. */
int channel_want(struct channel *channel, const char *path);

struct channel_view {
	const char *state; /* "idle", "new", "watching", "good", "failing", "silent" */
	uint64_t asked, good, failed, bytes;
	uint64_t last_good_ms;  /* uv_now(); 0: never */
	const char *last_error; /* ""; stays after it is over */
	bool wanted;            /* it has something to ask for */
	bool listed;            /* what it is to ask for now was there once */
	bool silent;            /* for max_age_ms */
};
void channel_view(const struct channel *channel, struct channel_view *ret);
