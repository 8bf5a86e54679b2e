/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: least and most share of a site. With m_i and M its bounds, what is left
 * to be shared out once every site has its m_i is rate (1 - sum m_i): it is
 * filled on top of base_i + rate m_i. A site that comes above M keeps M, and
 * the rest is filled anew without it; as that only raises the level, no site
 * that was above M would fall below it again.
 */
#include "state.h"

#include <math.h>

/* So that the bounds can be kept: M to 1 from below, the m_i from above. */
static void bounds_set(struct weights *w)
{
	double open = 0, least = w->config.limits.share_min, most = w->config.limits.share_max;

	for (size_t i = 0; i < w->count; i++)
		open += !w->fill[i].closed;
	w->most = most > 0 ? fmin(1, fmax(most, 1 / open)) : 1;
	least = fmin(least, fmin(w->most, 1 / open));
	for (size_t i = 0; i < w->count; i++)
		w->site[i].least = w->fill[i].closed ? 0 : least * fmin(1, w->site[i].ramp);
}

/* One filling, with the sites at their most left out. False: another came above
 * it. */
static bool bounds_fill(struct weights *w, double rate, void (*fill)(struct weights *, double))
{
	double rest = 1;
	bool whole = true;

	for (size_t i = 0; i < w->count; i++) {
		struct waterfill_site *f = &w->fill[i];

		if (w->site[i].capped)
			rest -= w->most;
		else
			rest -= w->site[i].least;
		w->site[i].base = f->base;
		w->site[i].closed = f->closed;
		f->base += rate * w->site[i].least;
		f->closed |= w->site[i].capped;
	}
	rest = fmax(0, rest);
	fill(w, rate * rest);
	for (size_t i = 0; i < w->count; i++) {
		struct waterfill_site *f = &w->fill[i];

		f->base = w->site[i].base;
		f->closed = w->site[i].closed;
		f->share = w->site[i].capped ? w->most : w->site[i].least + rest * f->share;
		if (!w->site[i].capped && f->share > w->most * (1 + 1e-9)) {
			w->site[i].capped = true;
			whole = false;
		}
	}
	return whole;
}

static bool all_capped(const struct weights *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (!w->fill[i].closed && !w->site[i].capped)
			return false;
	return true;
}

void weights_fill_bounded(struct weights *w, double rate, void (*fill)(struct weights *, double))
{
	bounds_set(w);
	for (size_t i = 0; i < w->count; i++)
		w->site[i].capped = false;
	for (size_t turn = 0; turn <= w->count; turn++)
		if (bounds_fill(w, rate, fill) || all_capped(w))
			break;
	for (size_t i = 0; i < w->count; i++)
		if (w->fill[i].share > w->most) /* what is no number stays none */
			w->fill[i].share = w->most;
}
