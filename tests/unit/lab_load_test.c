/* SPDX-License-Identifier: BSD-2-Clause */
/* What the lab's site server tells of its load. */
#include "load.h"

#include "base/util.h"
#include "draw.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#define SEED 3

static const struct sizes heavy = { .mean = 0.05, .alpha = 1.5, .ratio = 100 };

/* `rate` jobs a second with `factor` times their service time. */
static double serve(struct load *load, struct draw *draw, double from_s, double to_s, double factor)
{
	for (double at_s = from_s; at_s < to_s; at_s += 0.01) {
		load_arrival(load, at_s);
		load_served(load, draw_size(draw, &heavy) * factor, at_s);
	}
	return load_service_time(load, to_s);
}

Test(lab_load, rate)
{
	struct load load;

	load_init(&load, 0.05, 2, 1000);
	cr_expect(eq(dbl, load_rate(&load, 1000), 0));
	for (int i = 1; i <= 2000; i++) {
		load_arrival(&load, 1000 + i * 0.01);
		if (i >= 200)
			cr_expect(fabs(load_rate(&load, 1000 + i * 0.01) - 100) < 1, "at %d", i);
	}
	cr_expect(fabs(load_rate(&load, 1022) - 100 * exp(-1)) < 1, "falls by its window");
}

Test(lab_load, utilisation)
{
	struct load load;

	load_init(&load, 0.05, 2, 10);
	load_busy(&load, 4, 8, 40);
	cr_expect(fabs(load.utilisation - 0.5) < 1e-3);
	load_busy(&load, 9, 8, 80);
	cr_expect(fabs(load.utilisation - 1) < 1e-3, "slots taken away count as full");
}

/* A halved speed is seen within two seconds; a heavy tail alone moves it by less than a quarter. */
Test(lab_load, service_time)
{
	struct draw draw = draw_of(SEED, 0);
	struct load load;
	double s;

	load_init(&load, 0.05, 2, 7);
	s = serve(&load, &draw, 7, 9, 1);
	cr_expect(eq(dbl, s, 0.05), "what was configured, until more is known");
	for (int second = 9; second < 30; second++) {
		s = serve(&load, &draw, second, second + 1, 1);
		cr_expect(fabs(s - 0.05) < 0.0125, "steady: %f at %d, seed %d", s, second, SEED);
	}
	s = serve(&load, &draw, 30, 32, 2);
	cr_expect(s > 0.075 && s < 0.125, "slowed for 2 s: %f", s);
	s = serve(&load, &draw, 32, 50, 2);
	cr_expect(s > 0.085 && s < 0.115, "slowed for 20 s: %f", s);
	s = serve(&load, &draw, 50, 52, 1);
	cr_expect(s < 0.065, "whole again for 2 s: %f", s);
}

/* Nothing served: what is known of long ago is forgotten, and what was configured stands. */
Test(lab_load, silence)
{
	struct draw draw = draw_of(SEED, 1);
	struct load load;

	load_init(&load, 0.05, 2, 0);
	serve(&load, &draw, 0, 20, 3);
	cr_expect(eq(dbl, load_service_time(&load, 100), 0.05));
}

Test(lab_load, news)
{
	static const struct load_sample told = { 0.05, 1, 8 };
	static const struct {
		const char *name;
		struct load_sample now;
		bool want;
	} rows[] = {
		{ "nothing new", { 0.05, 1, 8 }, false },
		{ "14 % slower", { 0.057, 1, 8 }, false },
		{ "16 % slower", { 0.058, 1, 8 }, true },
		{ "16 % faster", { 0.042, 1, 8 }, true },
		{ "two more wait for each slot", { 0.05, 3, 8 }, false },
		{ "more than two", { 0.05, 3.1, 8 }, true },
		{ "a slot less", { 0.05, 1, 7 }, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect(eq(int, load_is_news(&told, &rows[i].now), rows[i].want), "%s",
			  rows[i].name);
}
