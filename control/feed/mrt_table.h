/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One table on its way into a file: destinations are noted at once, and written piece by piece, as
 * the disk takes them, each as it is then. Private to control/feed; on the event loop.
 */
#pragma once
#include "bgp/observer.h"

struct mrt_table;

struct mrt_table_config {
	uv_loop_t *loop;
	const struct bgp *bgp;
	const struct bgp_config *router;
	const char *path; /* of the file */
	/* It is there, or negative errno. The table is no more. */
	void (*done)(void *user, int status);
	void *user;
};

/* 0, or negative errno and *ret is untouched. */
int mrt_table_new(const struct mrt_table_config *config, struct mrt_table **ret);
/* Drops it; done() is not called. *table may be NULL; NULL afterwards. */
void mrt_table_free(struct mrt_table **table);
