/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/mrt_table.h"

#include "base/util.h"
#include "feed/mrt_record.h"
#include "feed/spool.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define ROUTES_MAX  32 /* of one record; a destination that has more gets more records */
#define RECORD_ROOM (ROUTES_MAX * (4096 + 32) + 1024)
#define PIECE_LEN   (256 * 1024) /* of the table, in one turn of the loop */
#define SPOOL_ROOM  (4 * 1024 * 1024)

struct mrt_table {
	struct mrt_table_config config;
	struct spool *spool;
	struct bgp_dst *dst;
	size_t count, size, next;
	struct mrt_peer *peer;
	uint32_t *neighbor; /* of each peer; the first is ourselves, 0 */
	size_t peer_count;
	uint32_t sequence, begun_s;
	int error;
	/* The record that is being made, of routes with and without path ids. */
	struct record {
		struct mrt_route route[ROUTES_MAX];
		struct bgp_path path[ROUTES_MAX]; /* theirs */
		size_t count;
	} record[2];
	uint8_t octets[RECORD_ROOM];
};

static void table_clear(struct mrt_table *t)
{
	free(t->dst);
	free(t->peer);
	free(t->neighbor);
	free(t);
}

/* --- what there is ---------------------------------------------------------------------------- */
static void dst_note(void *user, const struct bgp_route *route)
{
	struct mrt_table *t = user;

	if (t->error || (t->count && bgp_dst_equal(&t->dst[t->count - 1], &route->dst)))
		return; /* routes come by destination */
	if (t->count == t->size) {
		size_t size = t->size ? 2 * t->size : 1024;
		struct bgp_dst *grown = reallocarray(t->dst, size, sizeof(*grown));

		if (!grown) {
			t->error = -ENOMEM;
			return;
		}
		t->dst = grown;
		t->size = size;
	}
	t->dst[t->count++] = route->dst;
}

static void peer_note(struct mrt_table *t, uint32_t neighbor, const struct mrt_peer *peer)
{
	t->neighbor[t->peer_count] = neighbor;
	t->peer[t->peer_count++] = *peer;
}

static int peers_note(struct mrt_table *t)
{
	const struct bgp_config *router = t->config.router;
	struct mrt_peer self = { .as = router->as };
	struct bgp_neighbor_state state;
	size_t count = 0;

	while (bgp_neighbor_state(t->config.bgp, count, &state))
		count++;
	t->peer = calloc(count + 1, sizeof(*t->peer));
	t->neighbor = calloc(count + 1, sizeof(*t->neighbor));
	if (!t->peer || !t->neighbor)
		return -ENOMEM;
	memcpy(self.router_id, router->router_id, sizeof(self.router_id));
	peer_note(t, 0, &self);
	for (size_t i = 0; i < count && bgp_neighbor_state(t->config.bgp, i, &state); i++) {
		struct mrt_peer peer = { .addr = state.config.remote,
					 .as = state.config.remote_as };

		memcpy(peer.router_id, state.remote_id, sizeof(peer.router_id));
		peer_note(t, state.id, &peer);
	}
	return 0;
}

/* --- records ---------------------------------------------------------------------------------- */
static void record_put(struct mrt_table *t, const struct writer *w)
{
	int r = w->bad ? -EMSGSIZE : spool_put(t->spool, t->octets, writer_len(w));

	if (r < 0 && !t->error)
		t->error = r;
}

static void peers_put(struct mrt_table *t)
{
	size_t room = 1024 + t->peer_count * 32;
	_cleanup_(freep) uint8_t *octets = malloc(room);
	struct writer w = writer_of(octets, octets ? room : 0);

	mrt_peers(t->begun_s, t->config.router->router_id, "", t->peer, t->peer_count, &w);
	if (w.bad)
		t->error = -ENOMEM;
	else
		t->error = spool_put(t->spool, octets, writer_len(&w));
}

static void record_flush(struct mrt_table *t, bool add_path)
{
	struct record *record = &t->record[add_path];
	struct writer w = writer_of(t->octets, sizeof(t->octets));

	if (!record->count)
		return;
	mrt_rib(t->begun_s, t->sequence, &t->dst[t->next], add_path, record->route, record->count,
		&w);
	for (size_t i = 0; w.bad && i < record->count; i++) { /* RFC 8654: long attributes */
		struct writer one = writer_of(t->octets, sizeof(t->octets));

		mrt_rib(t->begun_s, t->sequence++, &t->dst[t->next], add_path, &record->route[i], 1,
			&one);
		record_put(t, &one);
	}
	if (!w.bad) {
		t->sequence++;
		record_put(t, &w);
	}
	record->count = 0;
}

static void route_note(void *user, const struct bgp_route *route)
{
	struct mrt_table *t = user;
	bool add_path = route->path_id;
	struct record *record = &t->record[add_path];
	uint64_t age_s = (uv_now(t->config.loop) - route->received_ms) / 1000;

	for (size_t i = 0; i < t->peer_count; i++) {
		if (t->neighbor[i] != route->neighbor)
			continue; /* one that is newer than the table is left out */
		record->path[record->count] = *route->path;
		record->route[record->count] =
			(struct mrt_route){ .peer = (uint16_t)i,
					    .originated_s = (uint32_t)(time(NULL) - (time_t)age_s),
					    .path_id = route->path_id,
					    .path = &record->path[record->count] };
		record->count++;
		break;
	}
	if (record->count == ROUTES_MAX)
		record_flush(t, add_path);
}

static void table_go_on(struct mrt_table *t)
{
	size_t before = spool_size(t->spool);

	for (; t->next < t->count && !t->error; t->next++) {
		if (spool_size(t->spool) - before > PIECE_LEN)
			return;
		bgp_dst_routes(t->config.bgp, &t->dst[t->next], route_note, t);
		record_flush(t, false);
		record_flush(t, true);
	}
}

static void on_done(void *user, int status)
{
	struct mrt_table *t = user;
	struct mrt_table_config config = t->config;

	table_clear(t);
	config.done(config.user, status);
}

static void on_drained(void *user)
{
	struct mrt_table *t = user;

	table_go_on(t);
	if (t->error) {
		int error = t->error;

		spool_abandon(&t->spool);
		on_done(t, error);
	} else if (t->next == t->count) {
		spool_finish(t->spool);
	}
}

static const struct spool_ops spool_ops = { on_drained, on_done };

int mrt_table_new(const struct mrt_table_config *config, struct mrt_table **ret)
{
	struct mrt_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->config = *config;
	t->begun_s = (uint32_t)time(NULL);
	t->error = peers_note(t);
	if (!t->error)
		bgp_routes(config->bgp, dst_note, t);
	if (!t->error)
		t->error = spool_open(config->loop, config->path, SPOOL_ROOM, &spool_ops, t,
				      &t->spool);
	if (!t->error)
		peers_put(t);
	if (t->error) {
		int error = t->error;

		mrt_table_free(&t);
		return error;
	}
	*ret = t;
	return 0;
}

void mrt_table_free(struct mrt_table **table)
{
	struct mrt_table *t = TAKE_PTR(*table);

	if (!t)
		return;
	spool_abandon(&t->spool);
	table_clear(t);
}
