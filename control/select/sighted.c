/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this ingress sees of its own flows, for a site that does not tell its service time; and as a
 * witness against one that lies (weights_doubt()).
 *
 * A flow lasts longer than its request is worked on: the way takes its time, connections idle. So
 * the time itself counts for little, but how it compares with that at sites which do tell: the
 * site's service time is theirs, times its flow time, over theirs. Where no other site tells, all
 * are seen through the same glass, and only how they compare matters.
 */
#include "state.h"

#include <math.h>

#define NET_LEAST     0.1 /* of a flow: so much is never taken for the way */
#define FLOWS_FIRM    100 /* tell as much as what is known otherwise: sizes differ */
#define FLOWS_TELL    20  /* own ones at sites that tell, before what they say of others counts */
#define FLOWS_MAX     1e9
#define LEARNED       0.2 /* of the way, in each decision */
#define PER_FLOW_MAX  1e4
#define FLOW_RATE_MAX 1e8 /* per second: above is no measurement */

/* Two round trips are the way's: the handshake, and that of the request and its answer. */
static double net_flow_time(const struct weights_site *in)
{
	double flow_s = estimate_positive(in->flow_time_s);

	return isnan(flow_s) ? NAN
			     : fmax(NET_LEAST * flow_s, flow_s - 2 * fmax(0, in->handshake_s));
}

/* Its report tells the service time, and flows enough are there to compare with. */
static bool site_compares(const struct weights *w, const struct weights_site *in, size_t k)
{
	return w->site[k].up && w->estimate[k].trust >= 1 && estimate_time_told(&w->estimate[k]) &&
	       in[k].flow_count > 0 && !isnan(net_flow_time(&in[k]));
}

/* Service time over flow time, at the sites that tell but for this one (SIZE_MAX: for none). NAN:
 * they have too few flows. */
static double time_scale(const struct weights *w, const struct weights_site *in, size_t but)
{
	double told = 0, seen = 0, flows = 0;

	for (size_t k = 0; k < w->count; k++) {
		double count = fmin(in[k].flow_count, FLOWS_MAX);

		if (k == but || !site_compares(w, in, k))
			continue;
		told += count * w->estimate[k].service_time_s;
		seen += count * net_flow_time(&in[k]);
		flows += count;
	}
	return flows >= FLOWS_FIRM && seen > 0 ? told / seen : NAN;
}

static void learn(double *learned, double value)
{
	if (isnan(value))
		return;
	*learned = *learned > 0 ? *learned + LEARNED * (value - *learned) : value;
}

double weights_witness(const struct weights *w, const struct weights_site *in, size_t i)
{
	if (!(in[i].flow_count >= FLOWS_FIRM))
		return NAN;
	return estimate_positive(net_flow_time(&in[i]) * time_scale(w, in, i));
}

/* What there would be to go by without the flows. */
static double expected_time(const struct weights *w, const struct weights_site *in, size_t i)
{
	double configured = estimate_positive(in[i].service_time_s), sum = 0;
	size_t known = 0;

	for (size_t k = 0; k < w->count; k++) {
		if (k == i || !w->site[k].up || !estimate_time_told(&w->estimate[k]))
			continue;
		sum += w->estimate[k].service_time_s;
		known++;
	}
	return !isnan(configured) ? configured : known ? sum / (double)known : NAN;
}

/* Few flows tell little. And where there are none any more, because of what they told, that fades,
 * so that there will be some again. */
double weights_sighted_time(const struct weights *w, const struct weights_site *in, size_t i)
{
	double scale = w->time_per_flow_time > 0 ? w->time_per_flow_time : 1;
	double count = fmax(0, fmin(in[i].flow_count, FLOWS_MAX));
	double seen_s = net_flow_time(&in[i]) * scale;
	double expected_s = expected_time(w, in, i);

	if (isnan(expected_s))
		return estimate_positive(seen_s);
	return estimate_positive((count * seen_s + FLOWS_FIRM * expected_s) / (count + FLOWS_FIRM));
}

static bool site_seen(const struct weights *w, const struct weights_site *in, size_t i)
{
	return w->site[i].up && in[i].seen_window_s > 0 && in[i].flow_rate >= 0 &&
	       !isnan(estimate_positive(in[i].seen_window_s)) && isfinite(in[i].seen_s);
}

static bool site_tells(const struct weights *w, size_t i)
{
	return weights_told(w, i) && w->estimate[i].rate_by != ORIGIN_OBSERVED;
}

/* While sites that tell have own flows; kept while they have none. */
void weights_learn_others(struct weights *w, const struct weights_site *in)
{
	double told = 0, own = 0, flows = 0;

	for (size_t i = 0; i < w->count; i++) {
		if (!site_tells(w, i) || !site_seen(w, in, i))
			continue;
		told += w->estimate[i].arrival_rate;
		own += in[i].flow_rate;
		flows += in[i].flow_rate * in[i].seen_window_s;
	}
	if (flows >= FLOWS_TELL)
		learn(&w->per_flow, fmin(PER_FLOW_MAX, fmax(1 / PER_FLOW_MAX, told / own)));
}

void weights_learn_times(struct weights *w, const struct weights_site *in)
{
	learn(&w->time_per_flow_time, time_scale(w, in, SIZE_MAX));
}

static bool any_tells(const struct weights *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (site_tells(w, i))
			return true;
	return false;
}

void weights_sight_load(struct weights *w, const struct weights_site *in)
{
	bool told = any_tells(w);
	double per_flow = w->per_flow > 0 ? w->per_flow : 1;

	for (size_t i = 0; i < w->count && told; i++) {
		struct estimate *e = &w->estimate[i];

		if (weights_told(w, i) || !site_seen(w, in, i))
			continue;
		e->trust = 1;
		e->arrival_rate = per_flow * fmin(in[i].flow_rate, FLOW_RATE_MAX);
		e->window_s = in[i].seen_window_s;
		e->sampled_s = in[i].seen_s;
		e->in_flight = NAN;
		e->rate_by = ORIGIN_OBSERVED;
	}
}
