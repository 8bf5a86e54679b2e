/* SPDX-License-Identifier: BSD-2-Clause */
#include "egress/discipline.h"

#include <math.h>

bool discipline_equal(const struct discipline *a, const struct discipline *b)
{
	return a->min_s == b->min_s && a->max_s == b->max_s && a->good_s == b->good_s &&
	       a->jitter == b->jitter && a->threshold == b->threshold && a->quantum == b->quantum;
}

static double rounded(double value, double quantum)
{
	double unit;

	if (!(value > 0) || !isfinite(value) || !(quantum > 0))
		return value;
	unit = quantum * pow(10, floor(log10(value)));
	return unit > 0 ? fmax(1, round(value / unit)) * unit : value;
}

struct report discipline_quantise(const struct discipline *d, const struct report *report)
{
	struct report r = *report;

	r.service_time_s = rounded(r.service_time_s, d->quantum);
	r.arrival_rate = rounded(r.arrival_rate, d->quantum);
	r.in_flight = rounded(r.in_flight, d->quantum);
	if (d->quantum > 0) /* a share: its steps are those of the whole */
		r.utilisation = round(r.utilisation / d->quantum) * d->quantum;
	return r;
}

static int64_t wait_ms(double seconds, double jitter, double chance)
{
	return (int64_t)llround(1e3 * seconds * (1 - jitter * chance));
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t discipline_due(const struct discipline *d, struct discipline_state *s,
		       enum report_change change, int64_t now_ms)
{
	int64_t soonest = s->sent_ms + wait_ms(d->min_s, 0, 0);
	int64_t due = s->sent_ms + wait_ms(d->max_s, d->jitter, s->chance);

	if (change != REPORT_BETTER)
		s->good_ms = 0;
	else if (!s->good_ms)
		s->good_ms = now_ms;
	if (change == REPORT_WORSE)
		due = soonest;
	else if (change == REPORT_BETTER) {
		int64_t lasted = s->good_ms + wait_ms(d->good_s, d->jitter, s->chance);

		due = lasted < due ? lasted : due;
	}
	return later(later(due, soonest), now_ms);
}

void discipline_sent(struct discipline_state *s, int64_t now_ms, double chance)
{
	*s = (struct discipline_state){ .sent_ms = now_ms, .chance = chance };
}
