/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the answers to one series of probes say: round-trip time, loss, age. Pure: time is an
 * argument. A value of its owner's.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTT_WINDOW 15 /* answers that the median is of; odd */
#define RTT_FATES  64 /* probes that the loss is of */

struct rtt {
	double sample[RTT_WINDOW]; /* seconds; the latest replaces the oldest */
	size_t samples, at;
	uint64_t fates; /* a bit a probe, latest lowest; 1: answered */
	unsigned int fate_count;
	double published;     /* see rtt_add(); negative: nothing yet */
	uint64_t answered_ms; /* when the last answer came; meaningful with samples */
};

void rtt_init(struct rtt *rtt);

/* An answer. True: the value to steer by has changed. That is the median of the window, and it
 * follows only what is more than a twentieth and 0.1 ms away, so that noise moves no traffic. */
bool rtt_add(struct rtt *rtt, double seconds, uint64_t now_ms);
void rtt_lost(struct rtt *rtt);
void rtt_forget(struct rtt *rtt); /* all times; the loss stays */

double rtt_median(const struct rtt *rtt); /* seconds; negative: no answer yet */
double rtt_least(const struct rtt *rtt);  /* of the window; negative: no answer yet */
double rtt_loss(const struct rtt *rtt);   /* 0..1, of those whose fate is known */
