/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What to reckon with at one site: its report where that is usable, what is configured where it is
 * not, and a mixture while the report grows old. README.md lists the stand-ins. Private to
 * control/select; pure.
 */
#pragma once
#include "select/weights.h"

struct estimate {
	enum weights_freshness freshness;
	double age_s;
	double trust;                    /* in what the report says of load: 1, falling to 0 */
	double capacity, service_time_s; /* > 0; NAN only between _of() and _complete() */
	double arrival_rate;             /* NAN: not known */
	double utilisation;              /* as told, NAN: not told */
	double score;                    /* as told, 0..10; NAN: not told */
	double scored;                   /* utilisation that the score stands for; NAN */
	double unavailable;              /* as in struct weights_site */
	double in_flight;                /* NAN: not told */
	double window_s, sampled_s;      /* of the load: now_s of estimate_of() is later */
	enum weights_origin capacity_by, service_time_by, rate_by;
};

/* with_load: the report's load counts, because the site was already up when it was sampled. */
struct estimate estimate_of(const struct weights_site *site, double now_s,
			    const struct weights_config *config, bool with_load);

/* Nothing is believed of its load. */
void estimate_forget_load(struct estimate *estimate);

/* What is to become of a site whose report is so fresh. */
enum weights_distrust distrust_of(const struct weights_config *config,
				  enum weights_freshness freshness);

/* Does its report tell, or lead to, the service time? */
static inline bool estimate_time_told(const struct estimate *e)
{
	return e->service_time_by == ORIGIN_TOLD || e->service_time_by == ORIGIN_DEDUCED;
}

/* Completes count of them: what nothing is known of is taken to be as at the other sites. */
void estimate_complete(struct estimate *estimates, size_t count);

/* value if it is a number above 0, and not absurd; else NAN. */
double estimate_positive(double value);
