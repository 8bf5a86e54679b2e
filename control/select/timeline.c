/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/timeline.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MIN_S 0.1 /* bounds the memory where shares are decided on every message */

void timeline_clear(struct timeline *t)
{
	free(t->step);
	*t = (struct timeline){ 0 };
}

int timeline_reserve(struct timeline *t)
{
	size_t room = t->room ? t->room * 2 : 4;
	struct timeline_step *grown;

	if (t->count < t->room)
		return 0;
	grown = reallocarray(t->step, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	t->step = grown;
	t->room = room;
	return 0;
}

void timeline_note(struct timeline *t, double now_s, double value)
{
	struct timeline_step *last = t->count ? &t->step[t->count - 1] : NULL;

	if (last && last->value == value)
		return;
	if (last && now_s - last->start_s < STEP_MIN_S)
		last->value = value;
	else if (t->count < t->room)
		t->step[t->count++] = (struct timeline_step){ now_s, value };
}

void timeline_forget(struct timeline *t, double before_s)
{
	size_t over = 0;

	while (over + 1 < t->count && t->step[over + 1].start_s <= before_s)
		over++;
	if (!over)
		return;
	t->count -= over;
	memmove(t->step, t->step + over, t->count * sizeof(*t->step));
}

double timeline_at(const struct timeline *t, double at_s)
{
	size_t i = t->count;

	while (i > 1 && t->step[i - 1].start_s > at_s)
		i--;
	return i ? t->step[i - 1].value : 0;
}

double timeline_mean(const struct timeline *t, double at_s, double window_s, double *ret_known)
{
	double mean = 0, later = 1; /* later: weight of what came before the step's end */

	for (size_t i = t->count; i-- > 0;) {
		double earlier;

		if (t->step[i].start_s >= at_s)
			continue;
		earlier = exp((t->step[i].start_s - at_s) / window_s);
		mean += t->step[i].value * (later - earlier);
		later = earlier;
	}
	*ret_known = 1 - later;
	return mean;
}
