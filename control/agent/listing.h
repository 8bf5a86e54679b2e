/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Follows one list of a Kubernetes API server: list, then watch from the list's version; when the
 * server has ended the watch, watch again from the last version; when it has forgotten that one
 * (410), list again. While a watch is open its word holds. Event loop only.
 */
#pragma once
#include "agent/fetch.h"

#include <stdbool.h>

#define LISTING_WATCH_S 60 /* after so long the server ends a watch */

struct listing;

/* Of what is followed: where it is kept, and who wants to know. */
struct listing_ops {
	/* As objects_list() and objects_event(). */
	int (*list)(void *user, const char *json, size_t len, char reason[160]);
	int (*event)(void *user, const char *json, size_t len, int *ret_changed, char reason[160]);
	const char *(*version)(void *user); /* "": list first */
	void (*forget)(void *user);         /* the version */
	/* fault NULL: what is kept is as the server has it. Else what is wrong, and what to do. */
	void (*told)(void *user, const char *fault);
};

/* What is asked for; copied. */
struct listing_what {
	const char *path;    /* with its "?" and query, if any */
	uint32_t timeout_ms; /* for a list, or an answer to a watch */
	uint64_t body_max;   /* octets of a list, or of one event */
	uint64_t *bytes;     /* counts what came; borrowed */
};

/* 0 or -ENOMEM. The target is borrowed. */
int listing_new(struct web *web, const struct fetch_target *target, const struct listing_ops *ops,
		void *user, struct listing **ret);
void listing_free(struct listing **listing); /* not from within its calls, but for told */

/* Asks, or, while a watch is open, tells what is known; told follows, at once or later. A watch
 * that is no longer wanted is ended by listing_stop(). */
int listing_ask(struct listing *listing, const struct listing_what *what);
void listing_stop(struct listing *listing);
bool listing_open(const struct listing *listing); /* a watch is open */
