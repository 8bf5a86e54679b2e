/* SPDX-License-Identifier: BSD-2-Clause */
#include "schedule.h"

#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int schedule_add(struct schedule *schedule, const struct phase *phase)
{
	struct phase *more = reallocarray(schedule->phase, schedule->count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	schedule->phase = more;
	schedule->phase[schedule->count++] = *phase;
	return 0;
}

static int schedule_line(struct schedule *schedule, char *line)
{
	struct phase phase;
	char junk;

	line[strcspn(line, "#\n")] = 0;
	if (!line[strspn(line, " \t")])
		return 0;
	if (sscanf(line, "%lf %lf %c", &phase.seconds, &phase.rate, &junk) != 2 ||
	    !(phase.seconds > 0) || !(phase.rate >= 0))
		return -EINVAL;
	return schedule_add(schedule, &phase);
}

static void filep(FILE **file)
{
	if (*file)
		fclose(*file);
}

int schedule_read(const char *path, struct draw draw, struct schedule *ret)
{
	_cleanup_(schedule_clear) struct schedule schedule = { .draw = draw };
	_cleanup_(filep) FILE *file = fopen(path, "re");
	_cleanup_(freep) char *line = NULL;
	size_t size = 0, number = 0;

	if (!file)
		return log_err(-errno, "%s", path);
	while (getline(&line, &size, file) >= 0) {
		int r = schedule_line(&schedule, line);

		number++;
		if (r < 0)
			return log_err(r, "%s:%zu: needs SECONDS RATE", path, number);
	}
	if (!schedule.count)
		return log_err(-EINVAL, "%s: no phase", path);
	schedule.end_s = schedule.phase[0].seconds;
	*ret = schedule;
	schedule.phase = NULL;
	return 0;
}

void schedule_clear(struct schedule *schedule)
{
	free(schedule->phase);
	schedule->phase = NULL;
}

/* Poisson arrivals have no memory: at the end of a phase the next one begins anew. */
double schedule_next(struct schedule *schedule)
{
	while (schedule->now < schedule->count) {
		const struct phase *phase = &schedule->phase[schedule->now];

		if (phase->rate > 0) {
			schedule->at_s += draw_exponential(&schedule->draw, 1 / phase->rate);
			if (schedule->at_s < schedule->end_s)
				return schedule->at_s;
		}
		schedule->at_s = schedule->end_s;
		if (++schedule->now < schedule->count)
			schedule->end_s += schedule->phase[schedule->now].seconds;
	}
	return -1;
}
