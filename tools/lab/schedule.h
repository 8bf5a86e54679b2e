/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When requests start: phases of a constant rate, Poisson arrivals within. Pure but for reading
 * the file. Storage is the caller's.
 */
#pragma once
#include "draw.h"

#include <stddef.h>

struct phase {
	double seconds, rate; /* requests a second; 0: none */
};

struct schedule {
	struct phase *phase;
	size_t count;
	struct draw draw;
	size_t now;         /* phase of the arrival given last */
	double at_s, end_s; /* that arrival, and the end of its phase; since the start */
};

/* "SECONDS RATE" a line, '#' to the end of the line is a comment. 0 or -errno, logged. */
int schedule_read(const char *path, struct draw draw, struct schedule *ret);
void schedule_clear(struct schedule *schedule);

/* Seconds from the start to the next arrival; negative: there is none any more. */
double schedule_next(struct schedule *schedule);
