/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A site as one queue, first come first served, with several workers. As the speeds of all times
 * are known, a flow's end is known when it is let in; only a failure makes that void.
 */
#pragma once
#include "world.h"

struct station {
	const struct world_site *site;
	double *free_s; /* of each worker: a heap, the earliest first */
	size_t workers;
	double *start_s; /* of the flows that wait: a ring; they do not go back */
	size_t room, head, count, count_max;
	bool up;
	uint32_t epoch; /* flows of an earlier one died with the site */
	uint32_t in_flight;
};

int station_init(struct station *station, const struct world_site *site);
void station_clear(struct station *station);

/* False: the queue is full. *ret_start_s: when a worker takes it. The caller says station_done()
 * when the flow has ended. */
bool station_admit(struct station *station, double now_s, double work, double *ret_start_s,
		   double *ret_finish_s);
void station_done(struct station *station);

/* Everything in it is lost. */
void station_fail(struct station *station);
void station_return(struct station *station, double now_s);
