/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/pace.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(pace, keeps_its_interval)
{
	struct pace pace = { .interval_ms = 1000 };

	cr_expect(eq(u32, pace_next(&pace, true, 0, 0), 1000));
	cr_expect(eq(u32, pace_next(&pace, true, 300, 0), 700));
	cr_expect(eq(u32, pace_next(&pace, true, 950, 0), 100), "never almost at once");
	cr_expect(eq(u32, pace_next(&pace, true, 5000, 0), 100), "never at once");
	cr_expect(eq(u32, pace_next(&pace, true, 0, UINT32_MAX), 950));
}

Test(pace, backs_off_to_a_minute_by_chance_and_comes_back)
{
	static const uint32_t want[] = { 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
	struct pace pace = { .interval_ms = 1000 };

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct pace other = pace;

		cr_expect(eq(u32, pace_next(&other, false, 10, UINT32_MAX), want[i] / 2));
		cr_expect(eq(u32, pace_next(&pace, false, 10, 0), want[i]));
	}
	for (int i = 0; i < 100; i++)
		cr_expect(eq(u32, pace_next(&pace, false, 0, 0), 60000));
	cr_expect(eq(u32, pace_next(&pace, true, 0, 0), 1000));
	cr_expect(eq(u32, pace_next(&pace, false, 0, 0), 2000));
}

Test(pace, a_long_interval_is_not_cut)
{
	struct pace pace = { .interval_ms = 3600000 };

	cr_expect(eq(u32, pace_next(&pace, false, 0, 0), 3600000));
}
