/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two kinds of load share: where to, since when, and what is told once a second. One event
 * loop owns it.
 */
#pragma once
#include "dial.h"
#include "oracle.h"
#include "tally.h"

#include <stdio.h>

struct generator {
	uv_loop_t *loop;
	struct endpoints endpoints;
	struct oracle oracle; /* of as many sites as there are targets; of none: they are drawn */
	uint64_t seed, start_ns; /* CLOCK_MONOTONIC */
	struct tally *tally;
	FILE *log; /* a line for each request that has ended; NULL: none */
};

/* Open-loop requests after a schedule, each on its own connection. */
struct requests;
struct requests_config {
	const char *schedule; /* file */
	struct sizes sizes;   /* of work, in microseconds */
	double timeout_s;
};
/* done() once the last request has ended. 0 or -errno, logged. */
int requests_start(struct generator *generator, const struct requests_config *config,
		   void (*done)(struct generator *generator), struct requests **ret);
void requests_free(struct requests **requests); /* after the loop has ended */
void requests_describe(const struct requests *requests, json_t *object);

/* Connections that stay open and say something now and then. */
struct longlived;
struct longlived_config {
	size_t count;
	double ramp_s, interval_s, seconds;
};
int longlived_start(struct generator *generator, const struct longlived_config *config,
		    void (*done)(struct generator *generator), struct longlived **ret);
void longlived_free(struct longlived **longlived);
void longlived_describe(const struct longlived *longlived, json_t *object);
