/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/observed.h"

#include "metric/kind.h"

#include <math.h>
#include <stdio.h>

#define READING_MIN_S  0.2 /* shorter intervals measure noise */
#define SILENCE_MAX_S  (10 * OBSERVED_SLOW_S)
#define FLOWS_QUICK    20
#define FLOWS_SLOW     5
#define HANDSHAKES_MIN 3
#define AGE_MAX_S      10 /* then it tells nothing of now */

static bool counts_went_back(const struct observed_counts *from, const struct observed_counts *to)
{
	return to->starts < from->starts || to->ends < from->ends ||
	       to->handshakes < from->handshakes || to->handshake_us < from->handshake_us;
}

/* What happened between two readings. */
static struct observed_sums counts_between(const struct observed_counts *from,
					   const struct observed_counts *to, double passed_s)
{
	struct observed_sums d = {
		.starts = (double)(to->starts - from->starts),
		.ends = (double)(to->ends - from->ends),
		.flow_s = (from->in_flight + to->in_flight) / 2 * passed_s,
		.passed_s = passed_s,
		.handshakes = (double)(to->handshakes - from->handshakes),
		.handshake_s = (double)(to->handshake_us - from->handshake_us) / 1e6,
	};

	/* Readings of one count after the other: a few flows apart. */
	d.drained = fmax(0, d.starts - d.ends - (to->in_flight - from->in_flight));
	return d;
}

static void sums_add(struct observed_sums *sums, const struct observed_sums *more, double window_s)
{
	double keep = exp(-more->passed_s / window_s);

	sums->starts = keep * sums->starts + more->starts;
	sums->ends = keep * sums->ends + more->ends;
	sums->drained = keep * sums->drained + more->drained;
	sums->flow_s = keep * sums->flow_s + more->flow_s;
	sums->passed_s = keep * sums->passed_s + more->passed_s;
	sums->handshakes = keep * sums->handshakes + more->handshakes;
	sums->handshake_s = keep * sums->handshake_s + more->handshake_s;
}

static bool counts_sane(const struct observed_counts *counts)
{
	return counts->in_flight >= 0 && isfinite(counts->in_flight);
}

void observed_note(struct observed *o, double now_s, const struct observed_counts *counts)
{
	double passed_s = now_s - o->at_s;
	struct observed_sums between;

	if (!counts_sane(counts) || (o->begun && !(passed_s >= READING_MIN_S)))
		return;
	if (!o->begun || passed_s > SILENCE_MAX_S || counts_went_back(&o->last, counts)) {
		*o = (struct observed){ .begun = true, .last = *counts, .at_s = now_s };
		return;
	}
	between = counts_between(&o->last, counts, passed_s);
	sums_add(&o->quick, &between, OBSERVED_QUICK_S);
	sums_add(&o->slow, &between, OBSERVED_SLOW_S);
	o->last = *counts;
	o->at_s = now_s;
}

/* In flight / start rate, of the same time: the time itself falls out. */
static double flow_time(const struct observed_sums *sums)
{
	return sums->drained > sums->ends ? -1 : sums->flow_s / sums->starts;
}

struct observed_load observed_load(const struct observed *o, double now_s)
{
	bool many = o->quick.starts >= FLOWS_QUICK;
	const struct observed_sums *sums = many ? &o->quick : &o->slow;
	struct observed_load load = {
		.flow_time_s = -1, .handshake_s = -1, .rate = -1, .in_flight = -1, .steady = -1
	};

	load.age_s = o->begun ? fmax(0, now_s - o->at_s) : 0;
	if (!o->begun || !(sums->passed_s > 0) || load.age_s > AGE_MAX_S)
		return load;
	load.window_s = many ? OBSERVED_QUICK_S : OBSERVED_SLOW_S;
	load.rate = sums->starts / sums->passed_s;
	load.in_flight = sums->flow_s / sums->passed_s;
	load.steady = fmin(o->quick.flow_s / o->quick.passed_s, o->slow.flow_s / o->slow.passed_s);
	if (sums->starts >= FLOWS_SLOW)
		load.flow_time_s = flow_time(sums);
	if (sums->handshakes >= HANDSHAKES_MIN)
		load.handshake_s = sums->handshake_s / sums->handshakes;
	return load;
}

static void put(struct value_set *set, const char *type, double number, double window_s,
		int64_t sampled_ms)
{
	struct value value = { .value = number,
			       .source = VALUE_OBSERVED,
			       .statistic = VALUE_MEAN,
			       .window_s = window_s,
			       .sampled_ms = sampled_ms };

	if (number < 0)
		return;
	snprintf(value.type, sizeof(value.type), "%s", type);
	snprintf(value.unit, sizeof(value.unit), "%s", kind_find(type)->unit);
	value_set_put(set, &value);
}

void observed_put(struct value_set *set, const struct observed_load *load, int64_t sampled_ms)
{
	if (!(load->window_s > 0))
		return;
	put(set, "flow-time", load->flow_time_s, load->window_s, sampled_ms);
	put(set, "handshake-time", load->handshake_s, load->window_s, sampled_ms);
	put(set, "arrival-rate", load->rate, load->window_s, sampled_ms);
	put(set, "in-flight", load->in_flight, load->window_s, sampled_ms);
}
