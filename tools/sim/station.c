/* SPDX-License-Identifier: BSD-2-Clause */
#include "station.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define QUEUE_MEANS 20     /* so many mean service times of work may wait for each worker */
#define QUEUE_ROOM  0x2000 /* a power of two, more flows than that */

int station_init(struct station *s, const struct world_site *site)
{
	*s = (struct station){ .site = site,
			       .workers = (size_t)site->slots,
			       .room = QUEUE_ROOM,
			       .count_max = (size_t)(site->slots * site->speed * QUEUE_MEANS),
			       .up = true };
	s->free_s = calloc(s->workers, sizeof(*s->free_s));
	s->start_s = calloc(s->room, sizeof(*s->start_s));
	if (s->free_s && s->start_s)
		return 0;
	station_clear(s);
	return -ENOMEM;
}

void station_clear(struct station *s)
{
	free(s->free_s);
	free(s->start_s);
	*s = (struct station){ 0 };
}

/* The earliest worker is taken until then. */
static void workers_take(struct station *s, double until_s)
{
	size_t at = 0, child;

	while ((child = 2 * at + 1) < s->workers) {
		if (child + 1 < s->workers && s->free_s[child + 1] < s->free_s[child])
			child++;
		if (s->free_s[child] >= until_s)
			break;
		s->free_s[at] = s->free_s[child];
		at = child;
	}
	s->free_s[at] = until_s;
}

static double station_finish(const struct station *s, double start_s, double work)
{
	const struct window *slow = &s->site->slow;
	double left_s = work / s->site->speed;

	if (start_s < slow->from_s) {
		if (start_s + left_s <= slow->from_s)
			return start_s + left_s;
		left_s -= slow->from_s - start_s;
		start_s = slow->from_s;
	}
	if (start_s < slow->until_s) {
		if (start_s + 2 * left_s <= slow->until_s)
			return start_s + 2 * left_s;
		left_s -= (slow->until_s - start_s) / 2;
		start_s = slow->until_s;
	}
	return start_s + left_s;
}

static void waiting_leave(struct station *s, double now_s)
{
	while (s->count && s->start_s[s->head] <= now_s) {
		s->head = (s->head + 1) & (s->room - 1);
		s->count--;
	}
}

bool station_admit(struct station *s, double now_s, double work, double *ret_start_s,
		   double *ret_finish_s)
{
	double start_s = fmax(now_s, s->free_s[0]), finish_s;

	waiting_leave(s, now_s);
	if (start_s > now_s) {
		if (s->count >= s->count_max)
			return false;
		s->start_s[(s->head + s->count++) & (s->room - 1)] = start_s;
	}
	finish_s = station_finish(s, start_s, work);
	workers_take(s, finish_s);
	s->in_flight++;
	*ret_start_s = start_s;
	*ret_finish_s = finish_s;
	return true;
}

void station_done(struct station *s)
{
	s->in_flight--;
}

void station_fail(struct station *s)
{
	s->up = false;
	s->epoch++;
	s->count = 0;
	s->in_flight = 0;
}

void station_return(struct station *s, double now_s)
{
	s->up = true;
	for (size_t i = 0; i < s->workers; i++)
		s->free_s[i] = now_s;
}
