/* SPDX-License-Identifier: BSD-2-Clause */
/* What a site measures of itself, and its report. */
#pragma once
#include "metric/report.h"
#include "station.h"

/* A mean over the last of some window: sums with exponentially falling weight. */
struct fading {
	double at_s, window_s, weight, sum;
};

struct gauge {
	const struct world_site *site;
	double mean_s;   /* nominal service time at speed 1 */
	double log_mean; /* of work: the baseline */
	double window_s; /* of rate and utilisation */
	double rate;     /* flows/s, an exponentially weighted mean */
	double busy;     /* share of the workers */
	double rate_at_s, busy_at_s;
	struct fading slow, fast; /* of ln service time */
};

/* What a site tells, beyond what the selector reads. */
struct told {
	struct report report;
	double sampled_s; /* by the simulation's clock */
};

void gauge_init(struct gauge *gauge, const struct setup *setup, const struct world_site *site);
void gauge_arrival(struct gauge *gauge, double now_s);
void gauge_change(struct gauge *gauge, double now_s, double busy); /* share of workers until now */
void gauge_served(struct gauge *gauge, double now_s, double service_s);

/* Values are as coarse as a report's are. */
struct told gauge_report(struct gauge *gauge, const struct station *station, double now_s);
