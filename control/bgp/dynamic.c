/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Neighbours that nobody has named, out of a range that somebody has. One is made when it
 * connects, by the range's template, and goes when it has had no session for the range's hold-down
 * and holds no routes any more (stale ones of a graceful restart are some). What a flood can take
 * is the range's limit: a neighbour that comes to nothing keeps its place for the hold-down.
 */
#include "base/log.h"
#include "base/util.h"
#include "bgp/notification.h"
#include "bgp/state.h"

#include <errno.h>
#include <string.h>

#define ROUND_MS 250

static void range_free(struct range *range)
{
	explicit_bzero(range, sizeof(*range)); /* its keys */
	free(range);
}

static struct range **range_find(struct bgp *bgp, const struct prefix *prefix)
{
	struct range **at = &bgp->ranges;

	while (*at && !prefix_equal(&(*at)->config.prefix, prefix))
		at = &(*at)->next;
	return at;
}

/* The narrowest one. NULL: none. */
static struct range *range_match(const struct bgp *bgp, const struct addr *addr)
{
	struct range *best = NULL;

	for (struct range *r = bgp->ranges; r; r = r->next)
		if (prefix_covers(&r->config.prefix, addr) &&
		    (!best || r->config.prefix.len > best->config.prefix.len))
			best = r;
	return best;
}

static bool is_of(const struct neighbor *neighbor, const struct range *range)
{
	const struct bgp_neighbor_config *config = neighbor_config(neighbor);

	return config->dynamic && prefix_equal(&config->range, &range->config.prefix);
}

static void on_round(uv_timer_t *timer)
{
	struct bgp *bgp = timer->data;
	struct speaker *s = &bgp->speaker;
	size_t left = 0;

	for (struct range *r = bgp->ranges; r; r = r->next) {
		for (size_t i = s->neighbor_count; i-- > 0;)
			if (is_of(s->neighbors[i], r) &&
			    neighbor_is_spent(s->neighbors[i], r->config.hold_down_s * 1000ull)) {
				neighbor_drop(bgp, &s->neighbors[i], CEASE_DECONFIGURED);
				r->count--;
			}
		left += r->count;
	}
	if (!left)
		uv_timer_stop(timer);
}

int dynamic_open(struct bgp *bgp)
{
	int r = uv_timer_init(bgp->speaker.loop, &bgp->dynamic);

	if (r < 0)
		return r;
	bgp->dynamic.data = bgp;
	bgp->handles++;
	uv_unref((uv_handle_t *)&bgp->dynamic); /* does not keep the loop running by itself */
	return 0;
}

void dynamic_clear(struct bgp *bgp)
{
	while (bgp->ranges) {
		struct range *next = bgp->ranges->next;

		range_free(bgp->ranges);
		bgp->ranges = next;
	}
}

struct neighbor **dynamic_admit(struct bgp *bgp, const struct addr *remote, enum bgp_refusal *ret)
{
	struct range *range = range_match(bgp, remote);
	struct bgp_neighbor_config config;

	*ret = BGP_REFUSED_UNKNOWN;
	if (!range)
		return NULL;
	*ret = BGP_REFUSED_RANGE_FULL;
	if (range->count >= range->config.limit) {
		range->refused++;
		return NULL;
	}
	config = range->config.neighbor;
	config.remote = *remote;
	config.passive = config.dynamic = true;
	config.range = range->config.prefix;
	*ret = BGP_REFUSED_NO_MEMORY;
	if (neighbor_create(bgp, &config) < 0)
		return NULL;
	range->count++;
	if (!uv_is_active((uv_handle_t *)&bgp->dynamic))
		uv_timer_start(&bgp->dynamic, on_round, ROUND_MS, ROUND_MS);
	return neighbor_find(bgp, remote);
}

int bgp_range_add(struct bgp *bgp, const struct bgp_range_config *config)
{
	struct range **at = range_find(bgp, &config->prefix), *range;
	int r;

	if (*at)
		return -EEXIST;
	range = calloc(1, sizeof(*range));
	if (!range)
		return -ENOMEM;
	r = keys_change(bgp, NULL, &config->neighbor.socket.auth, &config->prefix);
	if (r < 0) {
		free(range);
		return r;
	}
	range->config = *config;
	*at = range;
	return 0;
}

/* All neighbours of the range, by the last one first, as each that goes moves those behind it. */
static void range_empty(struct bgp *bgp, struct range *range)
{
	struct speaker *s = &bgp->speaker;

	for (size_t i = s->neighbor_count; i-- > 0;)
		if (is_of(s->neighbors[i], range))
			neighbor_drop(bgp, &s->neighbors[i], CEASE_DECONFIGURED);
	range->count = 0;
}

int bgp_range_remove(struct bgp *bgp, const struct prefix *prefix)
{
	struct range **at = range_find(bgp, prefix), *range = *at;

	if (!range)
		return -ENOENT;
	keys_change(bgp, &range->config.neighbor.socket.auth, NULL, prefix);
	range_empty(bgp, range);
	*at = range->next;
	range_free(range);
	return 0;
}

int bgp_range_rekey(struct bgp *bgp, const struct prefix *prefix, const struct tcp_auth *auth)
{
	struct range *range = *range_find(bgp, prefix);
	struct speaker *s = &bgp->speaker;
	int first;

	if (!range)
		return -ENOENT;
	if (range->config.neighbor.socket.auth.kind != auth->kind)
		return -EINVAL;
	first = keys_change(bgp, &range->config.neighbor.socket.auth, auth, prefix);
	for (size_t i = 0; i < s->neighbor_count; i++)
		if (is_of(s->neighbors[i], range))
			neighbor_rekey(s->neighbors[i], auth);
	range->config.neighbor.socket.auth = *auth;
	return first;
}

int bgp_range_adjust(struct bgp *bgp, const struct bgp_range_config *config)
{
	struct range *range = *range_find(bgp, &config->prefix);
	struct bgp_neighbor_config *own = range ? &range->config.neighbor : NULL;
	struct speaker *s = &bgp->speaker;
	uint8_t paths_out;

	if (!range)
		return -ENOENT;
	paths_out = own->limits.paths_out;
	memcpy(own->description, config->neighbor.description, sizeof(own->description));
	memcpy(own->reason, config->neighbor.reason, sizeof(own->reason));
	own->limits = config->neighbor.limits;
	own->limits.paths_out = paths_out;
	for (size_t i = 0; i < s->neighbor_count; i++)
		if (is_of(s->neighbors[i], range))
			neighbor_adjust(s->neighbors[i], &config->neighbor);
	speaker_settle(s);
	return 0;
}

int bgp_range_send_limit(struct bgp *bgp, const struct prefix *prefix, uint8_t paths_out)
{
	struct range *range = *range_find(bgp, prefix);
	struct speaker *s = &bgp->speaker;

	if (!range)
		return -ENOENT;
	for (size_t i = 0; i < s->neighbor_count; i++)
		if (is_of(s->neighbors[i], range))
			neighbor_send_limit(s->neighbors[i], paths_out);
	range->config.neighbor.limits.paths_out = paths_out;
	return 0;
}

/* A neighbour that now has a name of its own makes its place free. */
void dynamic_leave(struct bgp *bgp, struct neighbor **at)
{
	struct range *range = *range_find(bgp, &neighbor_config(*at)->range);

	if (range)
		range->count--;
	neighbor_drop(bgp, at, CEASE_CONFIG_CHANGE);
}

bool bgp_range_state(const struct bgp *bgp, size_t index, struct bgp_range_state *ret)
{
	const struct range *range = bgp->ranges;

	while (range && index--)
		range = range->next;
	if (!range)
		return false;
	*ret = (struct bgp_range_state){ .config = range->config,
					 .count = range->count,
					 .refused = range->refused };
	explicit_bzero(ret->config.neighbor.socket.auth.key,
		       sizeof(ret->config.neighbor.socket.auth.key));
	return true;
}
