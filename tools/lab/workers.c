/* SPDX-License-Identifier: BSD-2-Clause */
#include "workers.h"

#include <errno.h>
#include <stddef.h>

void workers_init(struct workers *workers, unsigned int slots, unsigned int waiting_max,
		  void (*done)(void *user, struct job *job), void *user)
{
	*workers = (struct workers){
		.slots = slots, .waiting_max = waiting_max, .speed = 1, .done = done, .user = user
	};
	TAILQ_INIT(&workers->waiting);
	TAILQ_INIT(&workers->running);
}

static void job_start(struct workers *workers, struct job *job, uint64_t now_ns)
{
	job->started_ns = now_ns;
	job->finish_ns = now_ns + (uint64_t)((double)job->work_ns / workers->speed);
	TAILQ_INSERT_TAIL(&workers->running, job, entry);
	workers->busy++;
}

static void workers_fill(struct workers *workers, uint64_t now_ns)
{
	while (workers->busy < workers->slots && !TAILQ_EMPTY(&workers->waiting)) {
		struct job *job = TAILQ_FIRST(&workers->waiting);

		workers_remove(workers, job);
		job_start(workers, job, now_ns);
	}
}

int workers_add(struct workers *workers, struct job *job, uint64_t now_ns)
{
	bool starts = workers->busy < workers->slots && !workers->waiting_count;

	if (!starts && workers->waiting_count >= workers->waiting_max)
		return -EBUSY;
	job->arrived_ns = now_ns;
	job->started_ns = 0;
	if (starts) {
		job_start(workers, job, now_ns);
		return 0;
	}
	TAILQ_INSERT_TAIL(&workers->waiting, job, entry);
	workers->waiting_count++;
	return 0;
}

bool workers_remove(struct workers *workers, struct job *job)
{
	if (job->started_ns)
		return false;
	TAILQ_REMOVE(&workers->waiting, job, entry);
	workers->waiting_count--;
	return true;
}

static struct job *job_earliest(const struct workers *workers)
{
	struct job *job, *earliest = NULL;

	TAILQ_FOREACH(job, &workers->running, entry)
	if (!earliest || job->finish_ns < earliest->finish_ns)
		earliest = job;
	return earliest;
}

void workers_run(struct workers *workers, uint64_t now_ns)
{
	struct job *job;

	while ((job = job_earliest(workers)) && job->finish_ns <= now_ns) {
		uint64_t free_ns = job->finish_ns;

		TAILQ_REMOVE(&workers->running, job, entry);
		workers->busy--;
		/* From when the slot was free: a late wake-up costs no capacity. */
		workers_fill(workers, free_ns);
		workers->done(workers->user, job);
	}
}

uint64_t workers_next(const struct workers *workers)
{
	const struct job *job = job_earliest(workers);

	return job ? job->finish_ns : 0;
}

void workers_slots_set(struct workers *workers, unsigned int slots, uint64_t now_ns)
{
	workers_run(workers, now_ns);
	workers->slots = slots;
	workers_fill(workers, now_ns);
}

void workers_speed_set(struct workers *workers, double speed, uint64_t now_ns)
{
	struct job *job;

	workers_run(workers, now_ns);
	TAILQ_FOREACH(job, &workers->running, entry)
	{
		double left = (double)(job->finish_ns - now_ns) * workers->speed / speed;

		job->finish_ns = now_ns + (uint64_t)left;
	}
	workers->speed = speed;
}
