/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many of this router's own flows are in flight at one site, where the data plane's count of
 * starts less ends is wrong, since ends pass elsewhere or come late. Pure. Private to
 * control/ingress; part of struct placement_site.
 *
 * Of the flows that are seen to end the time is known, and by Little's law as many are in flight as
 * begin in that time. This is right in the mean and knows nothing of the last moment; the count
 * knows the last moment, and its errors add up. So the count is drawn towards the law, the faster
 * the less the count is worth.
 */
#pragma once
#include <stdbool.h>

struct census {
	double rate;   /* starts/s, of the last moment */
	double time_s; /* of a flow, mean of the last few that were seen to end; 0: none was */
};

/* Of a service, all sites together. */
struct census_view {
	double missed; /* part of the ends that is not seen, 0..1 */
	double surely; /* at least that part; <= missed */
	double late_s; /* so late are ends seen */
};

/* What the data plane counted within the last passed_s, and what it says is in flight. */
struct census_tick {
	double starts, ends;
	double timed, timed_s; /* of the ends, and the sum of their times */
	double in_flight;
	double passed_s; /* > 0 */
};

/* said_s: time of a flow by reports and distance, > 0. */
void census_note(struct census *census, const struct census_tick *tick, double said_s);

/* Time of a flow as it is seen here, lateness included. */
double census_time(const struct census *census, double said_s);

/* So many flows more (or less, if negative) are in flight than is counted. */
double census_correct(const struct census *census, const struct census_tick *tick,
		      const struct census_view *view, double said_s);
