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

#define NET_LEAST 0.1 /* of a flow: so much is never taken for the way */

/* Two round trips are the way's: the handshake, and that of the request and its answer. */
static double net_flow_time(const struct weights_site *in)
{
	double flow_s = estimate_positive(in->flow_time_s);

	return isnan(flow_s) ? NAN
			     : fmax(NET_LEAST * flow_s, flow_s - 2 * fmax(0, in->handshake_s));
}

/* Service time over flow time, at the others that tell. Negative: none does. */
static double others_scale(const struct weights *w, const struct weights_site *in, size_t i)
{
	double told = 0, seen = 0;

	for (size_t k = 0; k < w->count; k++) {
		double net_s = net_flow_time(&in[k]);

		if (k == i || isnan(net_s) || !w->site[k].up || !(w->estimate[k].trust > 0) ||
		    !estimate_time_told(&w->estimate[k]))
			continue;
		told += w->estimate[k].service_time_s;
		seen += net_s;
	}
	return seen > 0 ? told / seen : -1;
}

double weights_sighted_time(const struct weights *w, const struct weights_site *in, size_t i,
			    bool alone)
{
	double net_s = net_flow_time(&in[i]), scale = others_scale(w, in, i);

	if (scale < 0 && !alone)
		return NAN;
	return estimate_positive(net_s * (scale < 0 ? 1 : scale));
}
