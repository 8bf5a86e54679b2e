/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a site tells about its load for one service (CATS metrics at level 0, RFC 10053
 * section 4.2): a value without owner or I/O. Collectors make it, BGP carriers transport it, the
 * selector reads it. A field is valid only where its bit in `has` is set.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum report_field {
	REPORT_CAPACITY = 1 << 0,
	REPORT_SERVICE_TIME = 1 << 1,
	REPORT_ARRIVAL_RATE = 1 << 2,
	REPORT_IN_FLIGHT = 1 << 3,
	REPORT_UTILISATION = 1 << 4,
	REPORT_SCORE = 1 << 5,
	REPORT_SAMPLED = 1 << 6,
	REPORT_WINDOW = 1 << 7,
	REPORT_PREFERENCE = 1 << 8,
	REPORT_AVAILABILITY = 1 << 9,
	REPORT_DELAY = 1 << 10,
};

struct report {
	uint32_t has;
	double capacity;       /* worker slots, > 0 */
	double service_time_s; /* mean time one request holds a worker slot, > 0 */
	double arrival_rate;   /* offered requests per second, >= 0 */
	double in_flight;      /* requests running and queued, >= 0 */
	double utilisation;    /* busy share of capacity, >= 0; above 1 is overload */
	double window_s;       /* averaging window of arrival_rate and utilisation, > 0 */
	int64_t sampled_ms;    /* Unix time in ms at which the values were taken */
	uint32_t preference;   /* site preference index, higher is better (attribute 42, type 1) */
	uint16_t availability; /* physical availability of the site, 0..100 % (attribute 42, type 2)
				*/
	uint8_t delay_index; /* relative service delay, 0..100, 100 worst (attribute 42, type 3) */
	uint8_t score;       /* CATS level 2, 0..10, 10 best */
	bool drain;          /* no new flows, please */
};

/* NULL, or the name of the first field that is outside the ranges above or not a number. */
const char *report_validate(const struct report *report);

/* The same fields, drain and values; measured ones may differ by `tolerance` of the larger. With
 * tolerance 0 also the sample time must be the same. */
bool report_equal_within(const struct report *a, const struct report *b, double tolerance);

/* How the site's state has moved since `sent`, as far as the ingresses must know before the next
 * period is over. Both for the worse and for the better: worse. threshold: what a service time must
 * move to be news, as a part of itself; the other thresholds, which README.md has for 0.15, go with
 * it. */
enum report_change { REPORT_SAME, REPORT_BETTER, REPORT_WORSE };
enum report_change report_change(const struct report *sent, const struct report *now,
				 double threshold);
bool report_significant(const struct report *sent, const struct report *now); /* at 0.15 */

/* Busy share of capacity: as told, else from rate, service time and capacity, else from what runs,
 * else from the score. False: none of these is known. */
bool report_utilisation(const struct report *report, double *ret);

/* CATS level 2, 0..10, 10 best, by the normalisation that README.md names "min-max of utilisation".
 * False: the utilisation is not known. */
bool report_score(const struct report *report, uint8_t *ret);
