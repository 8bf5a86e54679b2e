/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrivals and sizes of the lab's generator: the right amount, and the same for the same seed. */
#include "base/log.h"
#include "base/util.h"
#include "schedule.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SEED 11

/* Writes the text to a file of its own and reads it as a schedule. */
static int read_text(const char *text, uint64_t seed, struct schedule *ret)
{
	char path[] = "/tmp/lab-schedule-XXXXXX";
	_cleanup_(closep) int fd = mkstemp(path);
	size_t len = strlen(text);
	int r;

	cr_assert(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	log_level_set(0);
	r = schedule_read(path, draw_of(seed, 0), ret);
	unlink(path);
	return r;
}

Test(lab_schedule, refuses)
{
	static const char *const texts[] = { "",       "# nothing\n", "5\n",     "5 x\n",  "0 1\n",
					     "-1 1\n", "5 -1\n",      "5 1 1\n", "5 nan\n" };
	struct schedule schedule;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cr_expect(eq(int, read_text(texts[i], SEED, &schedule), -EINVAL), "%s", texts[i]);
}

/* Each phase has its rate: within four standard deviations of the Poisson distribution. */
Test(lab_schedule, rates)
{
	static const double want[] = { 2000, 0, 5000 };
	_cleanup_(schedule_clear) struct schedule schedule = { 0 };
	size_t got[ARRAY_SIZE(want)] = { 0 };
	double at, last = 0;

	cr_assert(eq(int, read_text("20 100\n5 0 # rest\n\n10 500\n", SEED, &schedule), 0));
	while ((at = schedule_next(&schedule)) >= 0) {
		cr_assert(at >= last && at < 35);
		got[at < 20 ? 0 : at < 25 ? 1 : 2]++;
		last = at;
	}
	cr_expect(schedule_next(&schedule) < 0, "the end stays the end");
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		cr_expect(fabs((double)got[i] - want[i]) <= 4 * sqrt(want[i]), "phase %zu: %zu", i,
			  got[i]);
}

static bool same_arrivals(uint64_t seed_a, uint64_t seed_b)
{
	_cleanup_(schedule_clear) struct schedule a = { 0 }, b = { 0 };

	cr_assert(eq(int, read_text("1 100\n", seed_a, &a), 0));
	cr_assert(eq(int, read_text("1 100\n", seed_b, &b), 0));
	for (int i = 0; i < 50; i++)
		if (schedule_next(&a) != schedule_next(&b))
			return false;
	return true;
}

Test(lab_schedule, seeds)
{
	cr_expect(same_arrivals(SEED, SEED));
	cr_expect(not(same_arrivals(SEED, SEED + 1)));
}

Test(lab_schedule, streams_differ)
{
	struct draw a = draw_of(SEED, 0), b = draw_of(SEED, 1);
	size_t same = 0;

	for (int i = 0; i < 1000; i++)
		same += draw_below(&a, 1000) == draw_below(&b, 1000);
	cr_expect(same < 10);
}

Test(lab_schedule, sizes)
{
	static const struct {
		const char *name;
		struct sizes sizes;
		double least, most, within; /* of the mean, after 100,000 draws */
	} rows[] = {
		{ "exponential", { 50, 0, 0 }, 0, 1e9, 0.02 },
		{ "bounded Pareto", { 50, 1.5, 100 }, 18, 1900, 0.04 },
		{ "alpha 1", { 50, 1, 100 }, 10, 1100, 0.04 },
		{ "almost constant", { 50, 3, 1.01 }, 49.7, 50.3, 0.001 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct draw draw = draw_of(SEED, i);
		double sum = 0;

		for (int n = 0; n < 100000; n++) {
			double size = draw_size(&draw, &rows[i].sizes);

			cr_assert(size >= rows[i].least && size <= rows[i].most, "%s: %f",
				  rows[i].name, size);
			sum += size;
		}
		cr_expect(fabs(sum / 100000 / 50 - 1) < rows[i].within, "%s: mean %f", rows[i].name,
			  sum / 100000);
	}
}
