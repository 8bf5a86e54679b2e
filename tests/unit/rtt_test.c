/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe/rtt.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-12;
}

Test(rtt, starts_with_nothing)
{
	struct rtt rtt;

	rtt_init(&rtt);
	cr_expect(rtt_median(&rtt) < 0 && rtt_least(&rtt) < 0 && rtt.published < 0);
	cr_expect(near(rtt_loss(&rtt), 0));
	cr_expect(rtt_add(&rtt, 0.02, 1), "the first answer is news");
	cr_expect(near(rtt.published, 0.02));
}

/* Seven of fifteen are far off; the median is that of the others. */
Test(rtt, outliers_move_nothing)
{
	struct rtt rtt;

	rtt_init(&rtt);
	for (int i = 0; i < RTT_WINDOW; i++)
		rtt_add(&rtt, 0.02, 1);
	for (int i = 0; i < RTT_WINDOW / 2; i++)
		cr_expect(not(rtt_add(&rtt, 3, 2)));
	cr_expect(near(rtt.published, 0.02));
	cr_expect(rtt_add(&rtt, 3, 2), "now most are");
	cr_expect(near(rtt.published, 3));
	cr_expect(near(rtt_least(&rtt), 0.02));
}

/* Within a twentieth or 0.1 ms, whichever is more, the value stays. */
Test(rtt, noise_moves_nothing)
{
	static const struct {
		double from, to;
		bool news;
	} rows[] = {
		{ 0.02, 0.0209, false }, { 0.02, 0.0211, true },     { 0.02, 0.0191, false },
		{ 0.02, 0.0189, true },  { 0.0005, 0.00059, false }, { 0.0005, 0.00061, true }
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
		struct rtt rtt;
		bool news = false;

		rtt_init(&rtt);
		rtt_add(&rtt, rows[k].from, 1);
		for (int i = 0; i < RTT_WINDOW; i++)
			news |= rtt_add(&rtt, rows[k].to, 2);
		/* On its way the median passes through the middle of both. */
		cr_expect(eq(int, news, rows[k].news), "%g to %g", rows[k].from, rows[k].to);
	}
}

Test(rtt, counts_losses_of_the_last_64)
{
	struct rtt rtt;

	rtt_init(&rtt);
	for (int i = 0; i < 3; i++)
		rtt_add(&rtt, 0.01, 1);
	rtt_lost(&rtt);
	cr_expect(near(rtt_loss(&rtt), 0.25));
	for (int i = 0; i < RTT_FATES; i++)
		rtt_lost(&rtt);
	cr_expect(near(rtt_loss(&rtt), 1));
	for (int i = 0; i < RTT_FATES; i++)
		rtt_add(&rtt, 0.01, 1);
	cr_expect(near(rtt_loss(&rtt), 0));
}

Test(rtt, forgets_times_and_keeps_the_loss)
{
	struct rtt rtt;

	rtt_init(&rtt);
	rtt_add(&rtt, 0.01, 1);
	rtt_lost(&rtt);
	rtt_forget(&rtt);
	cr_expect(rtt_median(&rtt) < 0 && rtt.published < 0);
	cr_expect(near(rtt_loss(&rtt), 0.5));
	cr_expect(rtt_add(&rtt, 0.03, 2));
	cr_expect(near(rtt_median(&rtt), 0.03), "nothing of before is left");
}
