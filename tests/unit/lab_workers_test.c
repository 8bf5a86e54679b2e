/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker slots of the lab's site server: who waits, who is served when, who is turned away. */
#include "workers.h"

#include "base/util.h"
#include "draw.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#define JOBS 8
#define MS   1000000ull

struct served {
	const struct job *job[JOBS];
	size_t count;
};

static void on_done(void *user, struct job *job)
{
	struct served *served = user;

	if (served->count < JOBS)
		served->job[served->count] = job;
	served->count++;
}

Test(lab_workers, first_come_first_served)
{
	struct job job[4] = { { .work_ns = 30 * MS },
			      { .work_ns = 10 * MS },
			      { .work_ns = 10 * MS },
			      { .work_ns = MS } };
	struct served served = { 0 };
	struct workers w;

	workers_init(&w, 2, 2, on_done, &served);
	for (size_t i = 0; i < ARRAY_SIZE(job); i++)
		cr_assert(eq(int, workers_add(&w, &job[i], 100 * MS + i), 0));
	cr_expect(eq(u32, w.busy, 2));
	cr_expect(eq(u32, w.waiting_count, 2));
	cr_expect(eq(u64, workers_next(&w), 110 * MS + 1));

	workers_run(&w, 200 * MS);
	cr_assert(eq(sz, served.count, 4));
	cr_expect(served.job[0] == &job[1] && served.job[1] == &job[2] && served.job[2] == &job[3]);
	cr_expect(eq(u64, job[2].started_ns, 110 * MS + 1), "from when the slot was free");
	cr_expect(eq(u64, job[3].finish_ns, 121 * MS + 1));
	cr_expect(eq(u64, workers_next(&w), 0));
}

Test(lab_workers, turns_away_past_the_limit)
{
	struct job job[3] = { { .work_ns = MS }, { .work_ns = MS }, { .work_ns = MS } };
	struct served served = { 0 };
	struct workers w;

	workers_init(&w, 1, 1, on_done, &served);
	cr_expect(eq(int, workers_add(&w, &job[0], 1), 0));
	cr_expect(eq(int, workers_add(&w, &job[1], 1), 0));
	cr_expect(eq(int, workers_add(&w, &job[2], 1), -EBUSY));
	cr_expect(not(workers_remove(&w, &job[0])), "it has a slot");
	cr_expect(workers_remove(&w, &job[1]));
	workers_run(&w, 10 * MS);
	cr_expect(eq(sz, served.count, 1));
}

Test(lab_workers, speed_holds_for_the_rest)
{
	struct job job = { .work_ns = 100 * MS };
	struct served served = { 0 };
	struct workers w;

	workers_init(&w, 1, 0, on_done, &served);
	cr_assert(eq(int, workers_add(&w, &job, MS), 0));
	workers_speed_set(&w, 0.5, 41 * MS);
	cr_expect(eq(u64, job.finish_ns, 161 * MS), "40 of 100 were done, 60 take twice as long");
}

Test(lab_workers, fewer_slots_finish_what_runs)
{
	struct job job[4] = {
		{ .work_ns = 9 * MS }, { .work_ns = 9 * MS }, { .work_ns = MS }, { .work_ns = MS }
	};
	struct served served = { 0 };
	struct workers w;

	workers_init(&w, 2, 2, on_done, &served);
	for (size_t i = 0; i < ARRAY_SIZE(job); i++)
		workers_add(&w, &job[i], MS);
	workers_slots_set(&w, 1, 2 * MS);
	cr_expect(eq(u32, w.busy, 2));
	workers_run(&w, 10 * MS);
	cr_expect(eq(u32, w.busy, 1));
	workers_slots_set(&w, 3, 10 * MS);
	cr_expect(eq(u32, w.busy, 2), "more slots start what waits");
}

/* Random arrivals: never more at work than slots, none idle while one waits, all are served. */
Test(lab_workers, keeps_its_slots_busy)
{
	const uint64_t seed = 5;
	struct draw draw = draw_of(seed, 0);
	struct served served = { 0 };
	struct job job[2000];
	struct workers w;
	uint64_t now = 1;

	workers_init(&w, 3, 2000, on_done, &served);
	for (size_t i = 0; i < ARRAY_SIZE(job); i++) {
		job[i] = (struct job){ .work_ns = 1 + (uint64_t)draw_exponential(&draw, 30) };
		now += (uint64_t)draw_exponential(&draw, 10);
		workers_run(&w, now);
		cr_assert(eq(int, workers_add(&w, &job[i], now), 0));
		cr_expect(w.busy <= 3 && (w.busy == 3 || !w.waiting_count), "seed %lu job %zu",
			  seed, i);
	}
	workers_run(&w, UINT64_MAX);
	cr_expect(eq(sz, served.count, ARRAY_SIZE(job)));
}
