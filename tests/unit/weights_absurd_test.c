/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever comes in, what comes out are shares. */
#include "select/weights.h"

#include "base/util.h"
#include "random.h"
#include "weights_sites.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

static double absurd(struct random *random)
{
	static const double values[] = { NAN,   INFINITY, -INFINITY, -1, 0,    1e-300,
					 1e300, 1e18,     1e-9,      1,  0.05, 100 };

	return values[random_below(random, ARRAY_SIZE(values))];
}

static struct weights_site site_absurd(struct random *random)
{
	return (struct weights_site){
		.id = random_below(random, 6),
		.up = random_below(random, 4),
		.drain = !random_below(random, 5),
		.excluded = !random_below(random, 9),
		.pinned = !random_below(random, 5),
		.class_barred = !random_below(random, 9),
		.cost = absurd(random),
		.tier = (uint8_t)random_below(random, 3),
		.rtt_s = absurd(random),
		.up_since_s = absurd(random),
		.has_report = random_below(random, 4),
		.report = { .has = (uint32_t)random_u64(random),
			    .capacity = absurd(random),
			    .service_time_s = absurd(random),
			    .arrival_rate = absurd(random),
			    .in_flight = absurd(random),
			    .utilisation = absurd(random),
			    .window_s = absurd(random),
			    .availability = (uint16_t)random_u64(random),
			    .score = (uint8_t)random_u64(random) },
		.sampled_s = absurd(random),
		.capacity = absurd(random),
		.service_time_s = absurd(random),
	};
}

static void expect_sane(const struct weights_decision *d, const struct weights_site *in, int trial)
{
	bool usable = false;

	for (size_t i = 0; i < d->count; i++) {
		const struct weights_verdict *v = &d->site[i];

		usable |= v->reason != REASON_DOWN && v->reason != REASON_EXCLUDED &&
			  v->reason != REASON_CLASS &&
			  !(v->reason == REASON_DRAIN && v->wanted == 0);
		cr_assert(v->share >= 0 && v->share <= 1, "trial %d", trial);
		cr_assert(in[i].up || v->share == 0, "trial %d", trial);
		cr_assert(v->capacity > 0 && v->service_time_s > 0, "trial %d", trial);
		cr_assert(isfinite(v->marginal_s) && isfinite(v->utilisation) &&
				  isfinite(v->base) && isfinite(v->age_s),
			  "trial %d: marginal %g, utilisation %g, base %g, age %g", trial,
			  v->marginal_s, v->utilisation, v->base, v->age_s);
	}
	cr_assert(near(sum_of(d), usable, 1e-6), "trial %d: %g", trial, sum_of(d));
}

Test(weights, absurd_input_gives_sane_shares)
{
	struct random random = random_seeded("weights absurd");

	for (int trial = 0; trial < 2000; trial++) {
		struct weights_config config = { .policy = (enum policy)random_below(&random, 4),
						 .queue_factor = absurd(&random),
						 .hysteresis = absurd(&random),
						 .report_period_s = absurd(&random),
						 .slow_start_s = absurd(&random),
						 .limits = { absurd(&random), absurd(&random),
							     absurd(&random), absurd(&random),
							     absurd(&random), absurd(&random),
							     absurd(&random), absurd(&random) } };
		_cleanup_(weights_free) struct weights *w = weights_new(&config);

		for (int call = 0; call < 12; call++) {
			size_t count = random_below(&random, 6);
			_cleanup_(freep) struct weights_site *sites =
				calloc(count ? count : 1, sizeof(*sites));
			const struct weights_decision *d;

			for (size_t i = 0; i < count; i++)
				sites[i] = site_absurd(&random);
			cr_assert(eq(
				int,
				weights_update(w, random_below(&random, 3) ? call : absurd(&random),
					       absurd(&random), sites, count, &d),
				0));
			expect_sane(d, sites, trial);
		}
	}
}
