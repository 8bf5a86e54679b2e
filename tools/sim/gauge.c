/* SPDX-License-Identifier: BSD-2-Clause */
#include "gauge.h"

#include "sizes.h"

#include <math.h>

#define SLOW_WINDOW_S  10.0
#define FAST_WINDOW_S  1.0
#define ERRORS         4.5  /* standard errors that the two windows may differ by */
#define LOG_DEVIATION  0.66 /* of ln work */
#define BASELINE_FLOWS 50   /* that the baseline counts for at the start */

static double keep(double passed_s, double window_s)
{
	double x = passed_s / window_s;

	return x < 1e-3 ? 1 - x + x * x / 2 : exp(-x);
}

static void fading_add(struct fading *f, double now_s, double value)
{
	double part = keep(now_s - f->at_s, f->window_s);

	f->at_s = now_s;
	f->weight = f->weight * part + 1;
	f->sum = f->sum * part + value;
}

static double fading_mean(const struct fading *f)
{
	return f->sum / f->weight;
}

void gauge_init(struct gauge *g, const struct setup *setup, const struct world_site *site)
{
	*g = (struct gauge){ .site = site,
			     .mean_s = setup->mean_s,
			     .log_mean = sizes_log_mean(setup->mean_s) - log(site->speed),
			     .window_s = fmin(10, fmax(1, setup->delay_s)) };
	g->slow = (struct fading){ .window_s = SLOW_WINDOW_S,
				   .weight = BASELINE_FLOWS,
				   .sum = BASELINE_FLOWS * g->log_mean };
	g->fast = g->slow;
	g->fast.window_s = FAST_WINDOW_S;
}

void gauge_arrival(struct gauge *g, double now_s)
{
	g->rate = g->rate * keep(now_s - g->rate_at_s, g->window_s) + 1 / g->window_s;
	g->rate_at_s = now_s;
}

void gauge_change(struct gauge *g, double now_s, double busy)
{
	g->busy = busy + (g->busy - busy) * keep(now_s - g->busy_at_s, g->window_s);
	g->busy_at_s = now_s;
}

void gauge_served(struct gauge *g, double now_s, double service_s)
{
	double value = log(service_s);

	fading_add(&g->slow, now_s, value);
	fading_add(&g->fast, now_s, value);
}

/* Robust against heavy tails: by the mean of the logarithms, against what it usually is. */
static double gauge_service_time(const struct gauge *g)
{
	double slow = fading_mean(&g->slow), fast = fading_mean(&g->fast);
	double error = LOG_DEVIATION / sqrt(2 * g->fast.weight);
	double mean = fabs(fast - slow) > ERRORS * error ? fast : slow;

	return g->mean_s / g->site->speed * exp(mean - g->log_mean);
}

static double coarse(double value, double step)
{
	return round(value / step) * step;
}

struct told gauge_report(struct gauge *g, const struct station *station, double now_s)
{
	double nominal = g->site->slots * g->site->speed / g->mean_s;
	double busy = fmin(1, station->in_flight / g->site->slots);

	gauge_change(g, now_s, busy);
	return (struct told){
		.sampled_s = now_s,
		.report = { .has = REPORT_CAPACITY | REPORT_SERVICE_TIME | REPORT_ARRIVAL_RATE |
				   REPORT_IN_FLIGHT | REPORT_UTILISATION | REPORT_WINDOW,
			    .capacity = g->site->slots,
			    .service_time_s = exp(coarse(log(gauge_service_time(g)), log(1.03))),
			    .arrival_rate =
				    coarse(g->rate * keep(now_s - g->rate_at_s, g->window_s),
					   nominal / 64),
			    .in_flight = coarse(station->in_flight, g->site->slots / 16),
			    .utilisation = coarse(g->busy, 1.0 / 64),
			    .window_s = g->window_s },
	};
}
