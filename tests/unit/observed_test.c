/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/observed.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

/* A site as the counters show it: so many flows a second, each lasting so long. */
struct flows {
	double rate, last_s, handshake_s, seen; /* seen: part of the ends that are */
	double starts, ends, handshakes;
};

static struct observed_counts counts_of(const struct flows *f)
{
	return (struct observed_counts){ .starts = (uint64_t)f->starts,
					 .ends = (uint64_t)f->ends,
					 .handshakes = (uint64_t)f->handshakes,
					 .handshake_us =
						 (uint64_t)(f->handshakes * f->handshake_s * 1e6),
					 .in_flight = f->rate * f->last_s };
}

/* From `from_s` on for so many seconds, one reading in each. */
static double run(struct observed *o, struct flows *f, double from_s, int seconds)
{
	struct observed_counts counts = counts_of(f);

	observed_note(o, from_s, &counts);
	for (int i = 1; i <= seconds; i++) {
		f->starts += f->rate;
		f->ends += f->rate * f->seen;
		f->handshakes += f->rate / 4;
		counts = counts_of(f);
		observed_note(o, from_s + i, &counts);
	}
	return from_s + seconds;
}

static bool near(double a, double b, double part)
{
	return fabs(a - b) <= part * fabs(b);
}

Test(observed, little)
{
	struct observed o = { 0 };
	struct flows f = { .rate = 100, .last_s = 0.25, .handshake_s = 0.02, .seen = 1 };
	double now_s = run(&o, &f, 1000, 3);
	struct observed_load load = observed_load(&o, now_s);

	cr_expect(near(load.flow_time_s, 0.25, 1e-6), "%g", load.flow_time_s);
	cr_expect(near(load.handshake_s, 0.02, 0.01), "%g", load.handshake_s);
	cr_expect(near(load.rate, 100, 1e-6));
	cr_expect(near(load.in_flight, 25, 1e-6));
	cr_expect(eq(dbl, load.window_s, OBSERVED_WINDOW_S));
	cr_expect(eq(dbl, load.age_s, 0));
}

/* Half the speed shows by eight tenths within 10 s. */
Test(observed, follows)
{
	struct observed o = { 0 };
	struct flows f = { .rate = 100, .last_s = 0.1, .seen = 1 };
	double now_s = run(&o, &f, 0, 60);

	f.last_s = 0.2;
	now_s = run(&o, &f, now_s, 10);
	cr_expect(observed_load(&o, now_s).flow_time_s > 0.18, "1 - exp(-2) of the way");
	cr_expect(lt(dbl, observed_load(&o, now_s).steady, 15), "that has not lasted yet");
	cr_expect(observed_load(&o, now_s).in_flight > 18, "%g",
		  observed_load(&o, now_s).in_flight);
}

Test(observed, few_flows)
{
	struct observed o = { 0 };
	struct flows f = { .rate = 0.5, .last_s = 1, .seen = 1 };
	double now_s = run(&o, &f, 0, 1);
	struct observed_load load = observed_load(&o, now_s);

	cr_expect(lt(dbl, load.flow_time_s, 0), "none yet");
	cr_expect(lt(dbl, load.handshake_s, 0));
	now_s = run(&o, &f, now_s, 60);
	load = observed_load(&o, now_s);
	cr_expect(near(load.flow_time_s, 1, 0.2), "%g", load.flow_time_s);
	cr_expect(eq(dbl, load.window_s, OBSERVED_SPARSE_S));
	cr_expect(near(load.flows, 5, 0.2), "%g", load.flows);
	f.rate = 0;
	now_s = run(&o, &f, now_s, 60);
	cr_expect(lt(dbl, observed_load(&o, now_s).flow_time_s, 0), "they are long over");
}

/* Where flows stop, what they told fades by the short window: they may have stopped because of it.
 */
Test(observed, fades)
{
	struct observed o = { 0 };
	struct flows f = { .rate = 100, .last_s = 0.5, .seen = 1 };
	double now_s = run(&o, &f, 0, 60);

	cr_expect(near(observed_load(&o, now_s).flows, 500, 0.2));
	f.rate = 0;
	now_s = run(&o, &f, now_s, 33);
	cr_expect(lt(dbl, observed_load(&o, now_s).flow_time_s, 0));
}

/* Some flows last ten times as long as the others. When no new ones come, these are left. */
Test(observed, left_over_flows)
{
	struct observed o = { 0 };
	struct observed_counts c = { .in_flight = 0 };

	for (int i = 0; i <= 60; i++) {
		observed_note(&o, i, &c);
		c.starts += 100;
		c.ends += 100;
		c.in_flight = 20;
	}
	cr_expect(near(observed_load(&o, 60).flow_time_s, 0.2, 1e-3));
	c = o.last;
	for (int i = 1; i <= 4; i++) {
		c.ends += 5;
		c.in_flight -= 5;
		observed_note(&o, 60 + i, &c);
	}
	cr_expect(lt(dbl, observed_load(&o, 64).flow_time_s, 0.32), "%g",
		  observed_load(&o, 64).flow_time_s);
}

Test(observed, long_flows)
{
	struct observed o = { 0 };
	struct flows f = { .rate = 1, .last_s = 8, .seen = 1 };
	double now_s = run(&o, &f, 0, 120);
	struct observed_load load = observed_load(&o, now_s);

	cr_expect(near(load.flow_time_s, 8, 0.1), "%g", load.flow_time_s);
	cr_expect(near(load.window_s, 24, 0.1), "%g", load.window_s);
	f.last_s = 60;
	now_s = run(&o, &f, now_s, 300);
	cr_expect(eq(dbl, observed_load(&o, now_s).window_s, OBSERVED_LONG_S));
}

Test(observed, nothing)
{
	struct observed o = { 0 };
	const struct observed_counts none = { 0 };
	struct observed_load load = observed_load(&o, 5);
	_cleanup_(value_set_clear) struct value_set set = { 0 };

	cr_expect(lt(dbl, load.flow_time_s, 0));
	cr_expect(eq(dbl, load.window_s, 0));
	observed_put(&set, &load, 1);
	cr_expect(eq(sz, set.count, 0));
	observed_note(&o, 5, &none);
	load = observed_load(&o, 5);
	cr_expect(lt(dbl, load.rate, 0), "one reading is no rate");
	observed_note(&o, 6, &none);
	load = observed_load(&o, 6);
	cr_expect(eq(dbl, load.rate, 0));
	cr_expect(eq(dbl, load.in_flight, 0));
	cr_expect(lt(dbl, load.flow_time_s, 0));
}

/* Flows of UDP, or whose way back passes elsewhere: what ends is drained, not seen. */
Test(observed, ends_unseen)
{
	struct observed o = { 0 };
	struct flows f = { .rate = 100, .last_s = 0.25, .seen = 0.4 };
	double now_s = run(&o, &f, 0, 10);

	cr_expect(lt(dbl, observed_load(&o, now_s).flow_time_s, 0));
	cr_expect(near(observed_load(&o, now_s).rate, 100, 1e-6));
	o = (struct observed){ 0 };
	f.seen = 0.6;
	now_s = run(&o, &f, 0, 10);
	cr_expect(near(observed_load(&o, now_s).flow_time_s, 0.25, 1e-6));
}

/* A site that hangs: nothing ends, so that nothing ends unseen. */
Test(observed, hangs)
{
	struct observed o = { 0 };
	struct observed_counts c = { .starts = 1000, .ends = 990, .in_flight = 10 };

	for (int i = 0; i <= 60; i++) {
		observed_note(&o, i, &c);
		c.starts += 10;
		c.ends += 10;
	}
	c = o.last;
	for (int i = 61; i <= 70; i++) {
		c.starts += 10;
		c.in_flight += 10;
		observed_note(&o, i, &c);
	}
	cr_expect(observed_load(&o, 70).flow_time_s > 5, "%g", observed_load(&o, 70).flow_time_s);
	for (int i = 71; i <= 100; i++) {
		c.starts += 10;
		c.in_flight += 10;
		observed_note(&o, i, &c);
		if (i >= 90)
			cr_expect(lt(dbl, observed_load(&o, i).flow_time_s, 0),
				  "%d: or its ends pass elsewhere", i);
	}
}

Test(observed, begins_anew)
{
	struct observed o = { 0 };
	struct flows f = { .rate = 100, .last_s = 0.5, .seen = 1 },
		     other = { .rate = 100, .last_s = 0.1, .seen = 1 };
	double now_s = run(&o, &f, 0, 30);
	struct observed_counts counts = counts_of(&other);

	observed_note(&o, now_s + 1, &counts);
	cr_expect(lt(dbl, observed_load(&o, now_s + 1).flow_time_s, 0), "another member's counts");
	now_s = run(&o, &other, now_s + 1, 3);
	cr_expect(near(observed_load(&o, now_s).flow_time_s, 0.1, 1e-6));
	other.starts += 5e9;
	counts = counts_of(&other);
	observed_note(&o, now_s + 301, &counts);
	cr_expect(lt(dbl, observed_load(&o, now_s + 301).rate, 0), "after a long silence");
}

Test(observed, ages)
{
	struct observed o = { 0 };
	struct flows f = { .rate = 100, .last_s = 0.5, .seen = 1 };
	double now_s = run(&o, &f, 0, 30);

	cr_expect(eq(dbl, observed_load(&o, now_s + 10).age_s, 10));
	cr_expect(observed_load(&o, now_s + 10).flow_time_s > 0, "%g",
		  observed_load(&o, now_s + 10).flow_time_s);
	cr_expect(lt(dbl, observed_load(&o, now_s + 10.5).flow_time_s, 0));
	cr_expect(lt(dbl, observed_load(&o, now_s + 10.5).rate, 0));
}

Test(observed, bad_readings)
{
	const double bad[] = { NAN, INFINITY, -1 };
	struct observed o = { 0 };
	struct flows f = { .rate = 100, .last_s = 0.5, .seen = 1 };
	double now_s = run(&o, &f, 0, 30);
	struct observed_counts counts = counts_of(&f);

	counts.starts += 1000000;
	observed_note(&o, now_s + 0.04, &counts);
	cr_expect(near(observed_load(&o, now_s).rate, 100, 1e-6), "too soon to measure");
	observed_note(&o, now_s - 5, &counts);
	observed_note(&o, NAN, &counts);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		counts.in_flight = bad[i];
		observed_note(&o, now_s + 1, &counts);
	}
	cr_expect(near(observed_load(&o, now_s).rate, 100, 1e-6));
	cr_expect(near(observed_load(&o, now_s).in_flight, 50, 1e-6));
}

Test(observed, values)
{
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	struct observed o = { 0 };
	struct flows f = { .rate = 100, .last_s = 0.25, .handshake_s = 0.02, .seen = 1 };
	double now_s = run(&o, &f, 0, 30);
	struct observed_load load = observed_load(&o, now_s);
	const struct value *v;

	observed_put(&set, &load, 12345);
	cr_expect(eq(sz, set.count, 4));
	v = value_set_find_of(&set, "flow-time", VALUE_OBSERVED);
	cr_assert(ne(ptr, (void *)v, NULL));
	cr_expect(near(v->value, 0.25, 1e-6));
	cr_expect(eq(str, (char *)v->unit, "s"));
	cr_expect(eq(int, v->statistic, VALUE_MEAN));
	cr_expect(eq(dbl, v->window_s, OBSERVED_WINDOW_S));
	cr_expect(eq(i64, v->sampled_ms, 12345));
	cr_expect(near(value_set_find(&set, "arrival-rate")->value, 100, 1e-6));
	cr_expect(near(value_set_find(&set, "in-flight")->value, 25, 1e-6));
	cr_expect(near(value_set_find(&set, "handshake-time")->value, 0.02, 0.01));
}
