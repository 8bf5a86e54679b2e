/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Follows the growing end of a file that may be truncated, rewritten, replaced, or not there yet.
 * Owned by the agent, on the event loop.
 */
#pragma once
#include "agent/source.h"

#include <uv.h>

struct follower;

/*
 * Begins at the file's last whole line; one older than fresh_ms is passed over. path is borrowed
 * for as long as the follower is not stopped. 0 or -errno (the directory cannot be watched), which
 * is not logged.
 */
int follower_start(uv_loop_t *loop, const char *path, uint32_t fresh_ms,
		   const struct source_ops *ops, void *user, struct follower **ret);
void follower_stop(struct follower **follower);
