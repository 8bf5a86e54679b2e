/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/observed.h"

#include "metric/kind.h"

#include <math.h>
#include <stdio.h>

#define READING_MIN_S  0.05 /* shorter intervals measure noise */
#define SILENCE_MAX_S  (10 * OBSERVED_LONG_S)
#define FLOWS_WANTED   10 /* in a window */
#define FLOW_TIMES     3  /* of a window */
#define FLOWS_MIN      1
#define HANDSHAKES_MIN 1
#define FLOWS_JUDGED   20 /* in OBSERVED_LONG_S, before missing ends mean anything */
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
		.grown = to->in_flight - from->in_flight,
		.flow_s = (from->in_flight + to->in_flight) / 2 * passed_s,
		.passed_s = passed_s,
		.handshakes = (double)(to->handshakes - from->handshakes),
		.handshake_s = (double)(to->handshake_us - from->handshake_us) / 1e6,
	};

	/* Readings of one count after the other: a few flows apart. */
	d.drained = fmax(0, d.starts - d.ends - d.grown);
	return d;
}

static void sums_add(struct observed_sums *sums, const struct observed_sums *more, double window_s)
{
	double keep = exp(-more->passed_s / window_s);

	sums->starts = keep * sums->starts + more->starts;
	sums->ends = keep * sums->ends + more->ends;
	sums->drained = keep * sums->drained + more->drained;
	sums->grown = keep * sums->grown + more->grown;
	sums->flow_s = keep * sums->flow_s + more->flow_s;
	sums->passed_s = keep * sums->passed_s + more->passed_s;
	sums->handshakes = keep * sums->handshakes + more->handshakes;
	sums->handshake_s = keep * sums->handshake_s + more->handshake_s;
}

/* By the long run: where flows stop, the window does not grow over what they once told. */
static double window_of(const struct observed *o)
{
	const struct observed_sums *now = &o->now, *all = &o->long_run;
	double sparse_s = all->starts > 0 ? FLOWS_WANTED * all->passed_s / all->starts : 0;
	double flow_s = now->starts >= FLOWS_MIN ? FLOW_TIMES * now->flow_s / now->starts : 0;

	return fmax(fmax(OBSERVED_WINDOW_S, fmin(sparse_s, OBSERVED_SPARSE_S)),
		    fmin(flow_s, OBSERVED_LONG_S));
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
	sums_add(&o->long_run, &between, OBSERVED_LONG_S);
	o->window_s = window_of(o);
	sums_add(&o->now, &between, o->window_s);
	o->last = *counts;
	o->at_s = now_s;
}

/* In flight / start rate, of the same time: the time itself falls out. Where flows get more or
 * fewer, as many count as the mean of those that began and those that ended: else a site that flows
 * have just left would seem to be slow. */
static double flow_time(const struct observed_sums *sums)
{
	double flows = fmax(sums->starts / 2, sums->starts - sums->grown / 2);

	return sums->drained > sums->ends ? -1 : sums->flow_s / flows;
}

/* Where ends pass unseen and nobody drains, flows only get more. So does a site that hangs; that
 * shows as long as what ended before it is remembered. */
static bool ends_show(const struct observed_sums *all)
{
	return all->starts < FLOWS_JUDGED || all->ends >= all->starts / 2;
}

struct observed_load observed_load(const struct observed *o, double now_s)
{
	const struct observed_sums *sums = &o->now, *all = &o->long_run;
	struct observed_load load = {
		.flow_time_s = -1, .handshake_s = -1, .rate = -1, .in_flight = -1, .steady = -1
	};

	load.age_s = o->begun ? fmax(0, now_s - o->at_s) : 0;
	if (!o->begun || !(sums->passed_s > 0) || load.age_s > AGE_MAX_S)
		return load;
	load.window_s = o->window_s;
	load.flows = sums->starts;
	load.rate = sums->starts / sums->passed_s;
	load.in_flight = sums->flow_s / sums->passed_s;
	load.steady = fmin(load.in_flight, all->flow_s / all->passed_s);
	if (sums->starts >= FLOWS_MIN && ends_show(all))
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
