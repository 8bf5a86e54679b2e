/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress/farness.h"

#include <math.h>

#define SURE    3.0    /* standard errors: a difference below is chance, once in 400 times */
#define NEWS_S  0.0005 /* what is known already stays while it changes by less than that */
#define NEWS    0.1    /* or by less than this part */
#define LEAST_S 0.0005 /* nearer is no distance */

static bool site_shows(const struct farness_site *site)
{
	return isfinite(site->seen.error_s);
}

/* What is the clients' part of a handshake. error_s: how sure that is. */
struct common {
	double time_s, error_s;
};

/* By the sites whose round-trip time is known. False: there are none. */
static bool common_of_known(const struct farness_site *sites, size_t count, struct common *ret)
{
	double weight = 0, sum = 0, square = 0;

	for (size_t i = 0; i < count; i++) {
		double n = sites[i].seen.count;

		if (isnan(sites[i].rtt_s) || !site_shows(&sites[i]))
			continue;
		weight += n;
		sum += n * (sites[i].seen.mean_s - sites[i].rtt_s);
		square += n * n * sites[i].seen.error_s * sites[i].seen.error_s;
	}
	if (!(weight > 0))
		return false;
	*ret = (struct common){ sum / weight, sqrt(square) / weight };
	return true;
}

/* By the nearest of two or more: alone, a site shows no difference. */
static bool common_of_nearest(const struct farness_site *sites, size_t count, struct common *ret)
{
	struct common nearest = { .time_s = INFINITY };
	size_t shown = 0;

	for (size_t i = 0; i < count; i++) {
		if (!site_shows(&sites[i]))
			continue;
		shown++;
		if (sites[i].seen.mean_s < nearest.time_s)
			nearest = (struct common){ sites[i].seen.mean_s, sites[i].seen.error_s };
	}
	if (shown < 2)
		return false;
	*ret = nearest;
	return true;
}

static void farness_take(struct farness *f, double now_s, double rtt_s)
{
	f->shown_s = now_s;
	if (f->known && fabs(rtt_s - f->rtt_s) <= fmax(NEWS_S, NEWS * f->rtt_s))
		return;
	f->known = true;
	f->rtt_s = rtt_s;
}

void farness_update(double now_s, const struct farness_site *sites, size_t count)
{
	struct common common = { 0 };
	bool compares =
		common_of_known(sites, count, &common) || common_of_nearest(sites, count, &common);

	for (size_t i = 0; i < count; i++) {
		const struct farness_site *site = &sites[i];
		double margin_s, beyond_s;

		if (!isnan(site->rtt_s) || now_s - site->farness->shown_s > FARNESS_HOLD_S)
			site->farness->known = false;
		if (!isnan(site->rtt_s) || !compares || !site_shows(site))
			continue;
		margin_s = SURE * hypot(site->seen.error_s, common.error_s);
		beyond_s = site->seen.mean_s - common.time_s - margin_s;
		farness_take(site->farness, now_s, beyond_s < LEAST_S ? 0 : beyond_s);
	}
}
