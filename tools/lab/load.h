/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a site tells of its load, from what it sees: arrivals, slots at work, service times. Pure:
 * time is an argument, in seconds, and never goes back. Storage is the caller's.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define LOAD_BUCKETS 10 /* of one second: the long window of service times */

/* Sums of ln(service time). */
struct load_logs {
	double n, sum, squares;
};

struct load {
	double window_s;       /* of the rate and the utilisation: an exponential average */
	double service_time_s; /* what the site was built for: stands until it is known better */
	double started_s, rate_s, rate, busy_s, utilisation;
	struct load_logs baseline, bucket[LOAD_BUCKETS];
	uint64_t bucket_index;
};

void load_init(struct load *load, double service_time_s, double window_s, double now_s);
void load_arrival(struct load *load, double now_s);

/* Before each change of `busy`, and before reading: how many of the slots worked until now. */
void load_busy(struct load *load, unsigned int busy, unsigned int slots, double now_s);
void load_served(struct load *load, double service_s, double now_s);

double load_rate(const struct load *load, double now_s);

/*
 * Mean service time, without the noise of a heavy tail: what was configured, times the ratio of
 * the geometric mean of now to that of the first LOAD_BASELINE jobs. Now is 10 s, or the
 * last second or two where these differ from the rest by more than 4.5 standard errors.
 */
double load_service_time(struct load *load, double now_s);

struct load_sample {
	double service_time_s, backlog_per_slot;
	unsigned int slots;
};

/* Has so much changed since `told` that it is to be told at once? */
bool load_is_news(const struct load_sample *told, const struct load_sample *now);
