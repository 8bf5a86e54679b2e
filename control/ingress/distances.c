/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress/distances.h"

#include "base/util.h"

#include <errno.h>
#include <math.h>

/* What is not known is as far as the farthest that is: not near, but not out of reach. But where
 * handshakes are to tell it, there must be flows first: as far as the nearest. */
static void steering_rtt_stand_in(const struct steering *s, struct weights_site *in, size_t count)
{
	double farthest = 0, nearest = INFINITY;

	for (size_t i = 0; i < count; i++) {
		farthest = fmax(farthest, in[i].rtt_s); /* both pass over NAN */
		nearest = fmin(nearest, in[i].up ? in[i].rtt_s : NAN);
	}
	if (isinf(nearest))
		nearest = 0;
	for (size_t i = 0; i < count; i++)
		if (isnan(in[i].rtt_s))
			in[i].rtt_s = s->config.handshake_rtt ? nearest : farthest;
}

/* A distance that somebody has measured or told. That of a site on our own links is none. */
static bool site_rtt_known(const struct steering_site *site)
{
	return site->rtt.source == INGRESS_RTT_MEASURED || site->rtt.rtt_s > 0 ||
	       site->spec.encap == MG_ENCAP_LOCAL;
}

static void site_rtt_by_handshake(struct steering_site *site, struct weights_site *in)
{
	const struct farness *farness = site->distance ? &site->distance->farness : NULL;

	if (site_rtt_known(site))
		return;
	site->rtt = (struct ingress_rtt){ -1, INGRESS_RTT_UNKNOWN };
	if (farness && farness->known)
		site->rtt = (struct ingress_rtt){ farness->rtt_s, INGRESS_RTT_HANDSHAKE };
	in->rtt_s = farness && farness->known ? farness->rtt_s : NAN;
}

/* -ENOMEM, and nothing is changed. */
static int steering_handshakes(struct steering *s, double now_s, struct weights_site *in)
{
	_cleanup_(freep) struct farness_site *sites = NULL;
	size_t count = 0;

	if (!s->config.handshake_rtt)
		return 0;
	sites = calloc(s->site_count + 1, sizeof(*sites));
	if (!sites)
		return -ENOMEM;
	for (size_t i = 0; i < s->site_count; i++) {
		struct steering_site *site = &s->site[i];

		if (!in[i].up || !site->distance)
			continue;
		sites[count++] = (struct farness_site){
			.rtt_s = site_rtt_known(site) ? site->rtt.rtt_s : NAN,
			.seen = handshake_mean(&site->distance->handshake, now_s),
			.farness = &site->distance->farness,
		};
	}
	farness_update(now_s, sites, count);
	for (size_t i = 0; i < s->site_count; i++)
		site_rtt_by_handshake(&s->site[i], &in[i]);
	return 0;
}

int distances_complete(struct steering *s, double now_s, struct weights_site *in)
{
	int r = steering_handshakes(s, now_s, in);

	if (!r)
		steering_rtt_stand_in(s, in, s->site_count);
	return r;
}
