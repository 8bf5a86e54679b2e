/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One compute site: its worker slots, what is measured of them, and who wants to hear it. The
 * service side (service.h) brings it jobs, the control side (control.h) changes and reads it. One
 * event loop; nothing here is safe from another thread.
 */
#pragma once
#include "alarm.h"
#include "board.h"
#include "load.h"
#include "workers.h"

struct site {
	uv_loop_t *loop;
	const char *name, *service;
	struct workers workers;
	struct load load;
	struct load_sample told;
	double told_s;
	struct alarm alarm; /* the next end of a job */
	uint64_t served, refused, left;
	struct board *board;      /* NULL: none */
	void (*news)(void *user); /* worth telling at once */
	void *news_user;
};

struct site_config {
	const char *name, *service, *board; /* board: path, or NULL */
	unsigned int slots, waiting_max;
	double service_time_s, window_s;
};

/* done() gets every job that was taken and not given up. 0 or -errno. */
int site_init(struct site *site, uv_loop_t *loop, const struct site_config *config,
	      void (*done)(void *user, struct job *job));
void site_clear(struct site *site); /* the loop has ended */

/* 0, or -EBUSY: the queue is full and the job stays the caller's. */
int site_take(struct site *site, struct job *job);

/* The client left. False: the job has a slot already and will be done. */
bool site_give_up(struct site *site, struct job *job);

void site_slots_set(struct site *site, unsigned int slots);
void site_speed_set(struct site *site, double speed);

/* A job has ended, of whoever it was: for the board. */
void site_ended(struct site *site);

/* One line of JSON as control/agent reads it, with its newline; to be freed. NULL: no memory. */
char *site_report(struct site *site);
