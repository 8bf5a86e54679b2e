/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle.h"

#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static int oracle_parse(const char *text, struct oracle_site *ret)
{
	const char *comma = strrchr(text, ',');
	_cleanup_(freep) char *path = comma ? strndup(text, (size_t)(comma - text)) : NULL;
	char *end = "";
	double distance_ms = comma ? strtod(comma + 1, &end) : -1;

	if (!path || end == comma + 1 || *end || !(distance_ms >= 0 && distance_ms < 1e6))
		return log_err(-EINVAL, "%s: must be FILE,MILLISECONDS", text);
	ret->distance_s = distance_ms / 1000;
	return board_open(path, &ret->board);
}

int oracle_add(struct oracle *oracle, const char *text)
{
	struct oracle_site site = { 0 }, *more;
	int r = oracle_parse(text, &site);

	if (r < 0)
		return r;
	more = reallocarray(oracle->site, oracle->count + 1, sizeof(*more));
	if (!more) {
		board_close(&site.board);
		return log_err(-ENOMEM, "%s", text);
	}
	more[oracle->count++] = site;
	oracle->site = more;
	return 0;
}

void oracle_clear(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++)
		board_close(&oracle->site[i].board);
	freep(&oracle->site);
	oracle->count = 0;
}

static double site_cost(const struct oracle_site *site, double mean_s)
{
	const struct board *board = site->board;
	double slots = board->slots, speed = board->speed_milli / 1000.0;
	int64_t ahead = (int64_t)(board->asked - board->ended);
	double waits = (double)ahead + 1 - slots; /* for so many ends, ours is last */

	if (!(slots > 0) || !(speed > 0))
		return INFINITY;
	return site->distance_s + mean_s / speed * (1 + fmax(waits, 0) / slots);
}

size_t oracle_choose(const struct oracle *oracle, double mean_s)
{
	double cost, least = INFINITY;
	size_t best = 0;

	for (size_t i = 0; i < oracle->count; i++) {
		cost = site_cost(&oracle->site[i], mean_s);
		if (cost < least) {
			least = cost;
			best = i;
		}
	}
	return best;
}
