/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What became of the requests, by site: exact quantiles of one interval. One owner, one thread.
 */
#pragma once
#include <jansson.h>
#include <stdint.h>

#define SITE_NAME_MAX 32

enum outcome {
	OUTCOME_DONE,
	OUTCOME_BUSY,    /* the site's queue was full */
	OUTCOME_REFUSED, /* no server at the site */
	OUTCOME_RESET,   /* or closed before the answer */
	OUTCOME_TIMEOUT,
	OUTCOME_LOCAL, /* no port, no route: the generator's own fault */
	OUTCOME_COUNT,
};

const char *outcome_text(enum outcome outcome);

struct tally;

struct tally *tally_new(void); /* NULL: out of memory */
void tally_free(struct tally **tally);

/* site "": not known. What memory cannot hold is counted, without its latency. */
void tally_add(struct tally *tally, const char *site, enum outcome outcome, double latency_ms);

/* What came since the last call, which is then forgotten. */
json_t *tally_take(struct tally *tally);
