/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker slots of a site: a job holds one slot for work / speed, jobs without a slot wait first
 * come, first served, and past the limit none is taken. Pure: time is an argument, in ns, and never
 * goes back. Storage is the caller's.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct job {
	TAILQ_ENTRY(job) entry;
	uint64_t arrived_ns, started_ns, finish_ns; /* started 0: waits */
	uint64_t work_ns;                           /* at speed 1 */
};
TAILQ_HEAD(job_list, job);

struct workers {
	struct job_list waiting, running;
	unsigned int slots, busy, waiting_count, waiting_max;
	double speed;
	void (*done)(void *user, struct job *job); /* the job is out of all lists: the callee's */
	void *user;
};

void workers_init(struct workers *workers, unsigned int slots, unsigned int waiting_max,
		  void (*done)(void *user, struct job *job), void *user);

/* 0, or -EBUSY: the queue is full and the job stays the caller's. */
int workers_add(struct workers *workers, struct job *job, uint64_t now_ns);

/* Takes a waiting job out; false: it has a slot already and will be done. */
bool workers_remove(struct workers *workers, struct job *job);

/* Ends what is due and starts what waits; done() is called in the order of the ends. */
void workers_run(struct workers *workers, uint64_t now_ns);

/* When to call workers_run() next; 0: nothing runs. */
uint64_t workers_next(const struct workers *workers);

/* Fewer slots: those that work finish. A new speed holds for the rest of running jobs too. */
void workers_slots_set(struct workers *workers, unsigned int slots, uint64_t now_ns);
void workers_speed_set(struct workers *workers, double speed, uint64_t now_ns);
