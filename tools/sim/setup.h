/* SPDX-License-Identifier: BSD-2-Clause */
/* One run of the simulator: what is varied. README.md has the model. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define SITES 8

struct rule;

struct setup {
	const struct rule *rule;
	double delay_s; /* D: report period, and how old reports are on average, > 0 */
	double load;    /* demand / nominal capacity */
	uint64_t seed;
	uint32_t ingresses;  /* 1..INGRESSES_MAX */
	double span_s;       /* the first eighth is not counted */
	double mean_s;       /* service time of a flow */
	uint32_t slots;      /* of a table, a power of two */
	double theta;        /* queue factor of the selector */
	double reports_lost; /* share of reports that do not reach an ingress, 0..1 */
	double clock_error;  /* sites' clocks are wrong by up to so many D */
	double ends_seen;    /* share of flow ends that an ingress sees, 0..1 */
	double ends_late_s;
	double silence_from_s, silence_s; /* no report reaches anybody */
	int liar;                         /* index of a site that reports no load; -1: none */
	double share_max;                 /* of a site at an ingress; 0: no limit */
	double distrust;                  /* as in weights_limits */
	double speed[SITES];              /* work done per second in each slot, by site */
	double gamma;                     /* head start of the first of two choices */
	bool calm;                        /* nothing slows down, fails or gets hot */
};

#define INGRESSES_MAX 1000

struct setup setup_default(void);
