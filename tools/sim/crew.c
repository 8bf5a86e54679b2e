/* SPDX-License-Identifier: BSD-2-Clause */
#include "crew.h"

#include "run.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX    64
#define SAY_EVERY_S 1
#define SAY_SELDOM  30 /* where nobody looks on */

struct crew {
	const struct cells *cells;
	size_t total;
	atomic_size_t next, done;
	atomic_int error;
};

static const struct cell *crew_cell(const struct crew *crew, size_t number, uint32_t *ret_run)
{
	const struct cell *cell = crew->cells->cell;

	while (number >= cell->seeds)
		number -= (cell++)->seeds;
	*ret_run = (uint32_t)number;
	return cell;
}

static void *crew_work(void *user)
{
	struct crew *crew = user;

	for (;;) {
		size_t number = atomic_fetch_add(&crew->next, 1);
		const struct cell *cell;
		struct setup setup;
		uint32_t run;
		int r;

		if (number >= crew->total || atomic_load(&crew->error))
			return NULL;
		cell = crew_cell(crew, number, &run);
		setup = cell->setup;
		setup.seed += run;
		r = run_do(&setup, &cell->run[run]);
		if (r < 0)
			atomic_store(&crew->error, r);
		atomic_fetch_add(&crew->done, 1);
	}
}

static void crew_say(const struct crew *crew, const struct timespec *began)
{
	size_t done = atomic_load(&crew->done);
	struct timespec now;
	double passed;

	clock_gettime(CLOCK_MONOTONIC, &now);
	passed = (double)(now.tv_sec - began->tv_sec);
	fprintf(stderr, "%s%zu of %zu runs, %.0f s", isatty(STDERR_FILENO) ? "\r\033[K" : "", done,
		crew->total, passed);
	if (done && done < crew->total)
		fprintf(stderr, ", about %.0f s left",
			passed * (double)(crew->total - done) / (double)done);
	if (!isatty(STDERR_FILENO) || done == crew->total)
		fputc('\n', stderr);
}

static void crew_watch(const struct crew *crew)
{
	int every = isatty(STDERR_FILENO) ? SAY_EVERY_S : SAY_SELDOM, tenths = 0;
	const struct timespec tenth = { .tv_nsec = 100000000 };
	struct timespec began;

	clock_gettime(CLOCK_MONOTONIC, &began);
	while (atomic_load(&crew->done) < crew->total && !atomic_load(&crew->error)) {
		nanosleep(&tenth, NULL);
		if (++tenths % (10 * every) == 0)
			crew_say(crew, &began);
	}
	crew_say(crew, &began);
}

int crew_run(const struct cells *cells, unsigned int jobs, bool quiet)
{
	struct crew crew = { .cells = cells };
	pthread_t thread[JOBS_MAX];
	unsigned int started = 0;

	for (size_t i = 0; i < cells->count; i++)
		crew.total += cells->cell[i].seeds;
	while (started < jobs && started < JOBS_MAX &&
	       pthread_create(&thread[started], NULL, crew_work, &crew) == 0)
		started++;
	if (!started)
		return -EAGAIN;
	if (!quiet)
		crew_watch(&crew);
	for (unsigned int i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	return atomic_load(&crew.error);
}
