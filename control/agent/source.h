/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a command and a followed file tell the agent that runs them. Callbacks come from the event
 * loop only, never from within the call that started the source, and none after its stop.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Bytes taken at once, and lines after which a source rests: a collector that floods costs others
 * on the loop about a millisecond every SOURCE_REST_MS, and is held back by its full pipe. */
#define SOURCE_CHUNK      4096
#define SOURCE_TURN_LINES 64
#define SOURCE_REST_MS    10

struct source_ops {
	/* written_ms: Unix time of the bytes, 0 for now. Returns the lines that ended in them. */
	unsigned int (*bytes)(void *user, const void *bytes, size_t len, int64_t written_ms);
	/* What comes next does not continue the last line. */
	void (*restart)(void *user);
	/* What there was is gone; the source waits for its return by itself. */
	void (*down)(void *user, const char *reason);
	/* The source has come to its end: stop it, and start another when the time has come. */
	void (*ended)(void *user, const char *reason);
};
