/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: A station is told of a peer by a Peer Up; from then on of all that happens there. Where the
 * peer has routes by then, they are noted by name (the `due` list), and written from the RIB as it
 * is when the station has room: what changed in between has been told already, and what is told
 * twice is the same twice. So a table costs a station names of routes and one piece of octets,
 * however slowly it reads. One table at a time; other peers that have routes wait for their turn,
 * and what happens there meanwhile is part of their table.
 */
#include "feed/bmp.h"

#include "base/log.h"
#include "base/util.h"
#include "feed/bmp_message.h"
#include "feed/retell.h"
#include "feed/station.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

#define PIECE_LEN  (64 * 1024) /* of a table, in one turn of the loop */
#define PIECE_KEYS 256
#define CHANGES    1024

struct told_station {
	struct bmp *bmp;
	struct station *station; /* NULL: this place is free */
	uv_timer_t *report;      /* its own block: closed by the loop */
	bool kept;               /* bmp_configure()'s own */
	/* The table that is being told. */
	uint32_t due_neighbor;
	struct bgp_nlri *due; /* NULL: none */
	size_t due_count, due_next;
	uint64_t untold;
};

struct told_peer {
	uint32_t neighbor;
	uint32_t told; /* bit per station */
	struct bmp_peer header;
	UT_hash_handle hh;
};

struct change {
	uint32_t neighbor;
	struct bgp_nlri nlri;
};

struct bmp {
	uv_loop_t *loop;
	struct bgp *bgp;
	char name[64], description[128];
	struct told_station at[FEED_STATIONS_MAX];
	struct told_peer *peers;
	struct change change[CHANGES]; /* routes, to be told by what became of them */
	size_t change_count;
};

static uint64_t unix_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* When it was uv_now() == at_ms. */
static uint64_t unix_us_at(const struct bmp *b, uint64_t at_ms)
{
	uint64_t ago_ms = uv_now(b->loop) - at_ms;

	return unix_us() - ago_ms * 1000;
}

static uint32_t bit_of(const struct bmp *b, const struct told_station *s)
{
	return BIT(s - b->at);
}

static struct told_peer *peer_find(const struct bmp *b, uint32_t neighbor)
{
	struct told_peer *peer;

	HASH_FIND(hh, b->peers, &neighbor, sizeof(neighbor), peer);
	return peer;
}

static bool listens(const struct told_station *s)
{
	return s->station && station_connected(s->station);
}

static bool monitors(const struct told_station *s, enum feed_policy policy)
{
	return station_config(s->station)->monitor & policy;
}

/* --- single messages -------------------------------------------------------------------------- */
static void route_tell(struct told_station *s, const struct bmp_peer *header,
		       enum feed_policy policy, struct cursor update, uint64_t at_us)
{
	struct writer w = station_room(s->station, BMP_ROUTE_LEN + cursor_left(&update));
	struct bmp_peer peer = *header;

	if (w.bad)
		return;
	peer.post_policy = policy == FEED_POST_POLICY;
	bmp_route(&peer, update, at_us, &w);
	station_commit(s->station, &w);
}

static void up_tell(struct told_station *s, struct told_peer *told, const struct bgp_peer *peer)
{
	size_t len =
		BMP_SMALL_MAX + cursor_left(&peer->open_sent) + cursor_left(&peer->open_received);
	struct writer w = station_room(s->station, len);

	if (w.bad)
		return;
	told->told |= bit_of(s->bmp, s);
	bmp_peer_up(peer, unix_us_at(s->bmp, peer->since_ms), &w);
	station_commit(s->station, &w);
}

static void down_tell(struct told_station *s, const struct told_peer *told,
		      const struct bgp_ending *ending)
{
	struct cursor data = ending->notification;
	struct writer w = station_room(s->station, BMP_SMALL_MAX + cursor_left(&data));

	if (w.bad)
		return;
	bmp_peer_down(&told->header, (uint8_t)ending->kind, data, unix_us(), &w);
	station_commit(s->station, &w);
}

static void mirror_tell(struct told_station *s, const struct bmp_peer *header,
			struct cursor message)
{
	struct writer w = station_room(s->station, BMP_SMALL_MAX + cursor_left(&message));

	if (w.bad)
		return;
	bmp_mirror(header, message, unix_us(), &w);
	station_commit(s->station, &w);
}

/* --- tables, to those who come late ----------------------------------------------------------- */
static void due_clear(struct told_station *s)
{
	freep(&s->due);
	s->due_count = s->due_next = 0;
}

static void route_count(void *user, const struct bgp_route *route)
{
	(*(size_t *)user)++;
}

static void route_note(void *user, const struct bgp_route *route)
{
	struct told_station *s = user;

	s->due[s->due_count++] = (struct bgp_nlri){ .dst = route->dst, .path_id = route->path_id };
}

static size_t peer_route_count(const struct bmp *b, uint32_t neighbor)
{
	size_t count = 0;

	bgp_peer_routes(b->bgp, neighbor, route_count, &count);
	return count;
}

/* Peer Up, and the names of the routes that are there. */
static void table_begin(struct told_station *s, struct told_peer *told, const struct bgp_peer *peer)
{
	size_t count = peer_route_count(s->bmp, told->neighbor);

	s->due = calloc(count + 1, sizeof(*s->due));
	if (!s->due)
		return; /* its turn comes again */
	s->due_neighbor = told->neighbor;
	bgp_peer_routes(s->bmp->bgp, told->neighbor, route_note, s);
	up_tell(s, told, peer);
}

struct piece {
	struct told_station *station;
	const struct bmp_peer *header;
};

static void piece_write(void *user, struct cursor update, uint64_t received_ms)
{
	struct piece *piece = user;
	struct told_station *s = piece->station;
	uint64_t at_us = received_ms ? unix_us_at(s->bmp, received_ms) : unix_us();

	if (monitors(s, FEED_PRE_POLICY))
		route_tell(s, piece->header, FEED_PRE_POLICY, update, at_us);
	if (monitors(s, FEED_POST_POLICY))
		route_tell(s, piece->header, FEED_POST_POLICY, update, at_us);
}

static void table_end(struct told_station *s, struct retell *retell)
{
	for (int family = 0; family < BGP_FAMILY_COUNT; family++)
		if (retell->peer->codec->families & BIT(family))
			retell_end_of_rib(retell, family);
	due_clear(s);
}

static void table_go_on(struct told_station *s, const struct told_peer *told,
			const struct bgp_peer *peer)
{
	struct piece piece = { s, &told->header };
	struct retell retell = {
		.bgp = s->bmp->bgp, .peer = peer, .write = piece_write, .user = &piece
	};
	size_t before = station_waiting(s->station);

	while (s->due_next < s->due_count && listens(s) &&
	       station_waiting(s->station) < before + PIECE_LEN) {
		size_t n = s->due_count - s->due_next;

		n = n < PIECE_KEYS ? n : PIECE_KEYS;
		retell_routes(&retell, s->due + s->due_next, n);
		s->due_next += n;
	}
	s->untold += retell.untold;
	if (s->due_next == s->due_count)
		table_end(s, &retell);
}

/* The next peer that the station has not been told of; NULL: none. */
static struct told_peer *peer_untold(const struct told_station *s)
{
	struct told_peer *peer = s->bmp->peers;

	while (peer && peer->told & bit_of(s->bmp, s))
		peer = peer->hh.next;
	return peer;
}

static void tables_go_on(struct told_station *s)
{
	struct told_peer *told;
	struct bgp_peer peer;

	if (!listens(s) || station_waiting(s->station) > PIECE_LEN)
		return;
	told = s->due ? peer_find(s->bmp, s->due_neighbor) : peer_untold(s);
	if (!told || !bgp_peer_find(s->bmp->bgp, told->neighbor, &peer))
		return;
	if (!s->due)
		table_begin(s, told, &peer);
	if (s->due)
		table_go_on(s, told, &peer);
}

/* --- what became of messages ------------------------------------------------------------------ */
struct outcome {
	struct bmp *bmp;
	const struct told_peer *told;
};

static void outcome_write(void *user, struct cursor update, uint64_t received_ms)
{
	const struct outcome *outcome = user;
	struct bmp *b = outcome->bmp;

	for (struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++)
		if (outcome->told->told & bit_of(b, s) && monitors(s, FEED_POST_POLICY))
			route_tell(s, &outcome->told->header, FEED_POST_POLICY, update, unix_us());
}

static void outcomes_tell(struct bmp *b, uint32_t neighbor, const struct bgp_nlri *list,
			  size_t count)
{
	struct outcome outcome = { b, peer_find(b, neighbor) };
	struct bgp_peer peer;
	struct retell retell = {
		.bgp = b->bgp, .peer = &peer, .write = outcome_write, .user = &outcome
	};

	if (!outcome.told || !bgp_peer_find(b->bgp, neighbor, &peer))
		return;
	retell_routes(&retell, list, count);
	for (struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++)
		if (s->station && monitors(s, FEED_POST_POLICY))
			s->untold += retell.untold;
}

static void changes_tell(struct bmp *b)
{
	struct bgp_nlri list[CHANGES];
	size_t count = 0, total = b->change_count;

	b->change_count = 0;
	for (size_t i = 0; i < total; i++) {
		list[count++] = b->change[i].nlri;
		if (i + 1 < total && b->change[i + 1].neighbor == b->change[i].neighbor)
			continue;
		outcomes_tell(b, b->change[i].neighbor, list, count);
		count = 0;
	}
}

static bool anyone_wants_outcomes(const struct bmp *b)
{
	for (const struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++)
		if (listens(s) && monitors(s, FEED_POST_POLICY))
			return true;
	return false;
}

void bmp_changed(struct bmp *b, uint32_t neighbor, const struct bgp_nlri *nlri)
{
	if (!anyone_wants_outcomes(b))
		return;
	if (b->change_count == CHANGES)
		changes_tell(b);
	b->change[b->change_count++] = (struct change){ neighbor, *nlri };
}

/* --- what the speaker tells ------------------------------------------------------------------- */
static struct told_peer *peer_add(struct bmp *b, const struct bgp_peer *peer)
{
	struct told_peer *told = peer_find(b, peer->neighbor);

	if (!told) {
		told = calloc(1, sizeof(*told));
		if (!told) {
			log_err(-ENOMEM, "bmp: a peer");
			return NULL;
		}
		told->neighbor = peer->neighbor;
		HASH_ADD(hh, b->peers, neighbor, sizeof(told->neighbor), told);
	}
	told->told = 0;
	told->header = bmp_peer_of(peer);
	return told;
}

/* A peer without routes has no table to tell; others wait for their turn. */
void bmp_up(struct bmp *b, const struct bgp_peer *peer)
{
	struct told_peer *told = peer_add(b, peer);

	if (!told || peer_route_count(b, peer->neighbor))
		return;
	for (struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++)
		if (listens(s))
			up_tell(s, told, peer);
}

void bmp_down(struct bmp *b, const struct bgp_peer *peer, const struct bgp_ending *ending)
{
	struct told_peer *told = peer_find(b, peer->neighbor);

	if (!told)
		return;
	changes_tell(b);
	for (struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++) {
		if (s->due && s->due_neighbor == peer->neighbor)
			due_clear(s);
		if (told->told & bit_of(b, s))
			down_tell(s, told, ending);
	}
	HASH_DEL(b->peers, told);
	free(told);
}

static void end_of_rib_tell(struct bmp *b, const struct told_peer *told, struct cursor message)
{
	changes_tell(b); /* what it is the end of */
	for (struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++)
		if (told->told & bit_of(b, s) && monitors(s, FEED_POST_POLICY))
			route_tell(s, &told->header, FEED_POST_POLICY, message, unix_us());
}

void bmp_update(struct bmp *b, const struct bgp_peer *peer, struct cursor message, enum fault fault)
{
	const struct told_peer *told = peer_find(b, peer->neighbor);

	if (!told || !told->told)
		return;
	for (struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++) {
		if (!(told->told & bit_of(b, s)))
			continue;
		if (monitors(s, FEED_PRE_POLICY) && fault != FAULT_RESET)
			route_tell(s, &told->header, FEED_PRE_POLICY, message, unix_us());
		if (fault != FAULT_NONE && station_config(s->station)->mirror)
			mirror_tell(s, &told->header, message);
	}
	if (update_look(message).end_of_rib)
		end_of_rib_tell(b, told, message);
}

/* --- stations --------------------------------------------------------------------------------- */
static void on_connected(void *user)
{
	struct told_station *s = user;
	struct writer w = station_room(s->station, BMP_SMALL_MAX);

	if (w.bad)
		return;
	bmp_initiation(s->bmp->name, s->bmp->description, &w);
	station_commit(s->station, &w);
}

static void station_forget(struct told_station *s)
{
	for (struct told_peer *peer = s->bmp->peers; peer; peer = peer->hh.next)
		peer->told &= ~bit_of(s->bmp, s);
	due_clear(s);
}

static void on_ended(void *user)
{
	station_forget(user);
}

static const struct station_ops station_ops = { on_connected, on_ended };

static void report_tell(struct told_station *s, const struct told_peer *told,
			const struct bgp_neighbor_state *state)
{
	struct bmp_statistics statistics = { .routes = state->prefixes_in,
					     .updates_withdrawn =
						     (uint32_t)state->faults_withdraw };
	struct writer w = station_room(s->station, BMP_SMALL_MAX);

	if (w.bad)
		return;
	bmp_statistics(&told->header, &statistics, unix_us(), &w);
	station_commit(s->station, &w);
}

static void on_report(uv_timer_t *timer)
{
	struct told_station *s = timer->data;
	struct bgp_neighbor_state state;

	for (size_t i = 0; bgp_neighbor_state(s->bmp->bgp, i, &state); i++) {
		const struct told_peer *told = peer_find(s->bmp, state.id);

		if (told && told->told & bit_of(s->bmp, s))
			report_tell(s, told, &state);
	}
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
}

static void station_remove(struct told_station *s)
{
	struct writer w = station_room(s->station, BMP_SMALL_MAX);

	if (!w.bad) {
		bmp_termination(BMP_STOP_ADMINISTRATIVE, &w);
		station_commit(s->station, &w);
	}
	station_free(&s->station);
	station_forget(s);
	uv_close((uv_handle_t *)s->report, on_timer_closed);
	*s = (struct told_station){ .bmp = s->bmp };
}

static int station_add(struct bmp *b, const struct feed_station_config *config)
{
	struct told_station *s = b->at;

	while (s->station)
		s++; /* there are as many places as margay.yang allows stations */
	*s = (struct told_station){ .bmp = b, .kept = true };
	s->report = calloc(1, sizeof(*s->report));
	if (!s->report)
		return -ENOMEM;
	s->station = station_new(b->loop, config, &station_ops, s);
	if (!s->station) {
		freep(&s->report);
		return -ENOMEM;
	}
	uv_timer_init(b->loop, s->report);
	s->report->data = s;
	if (config->report_s)
		uv_timer_start(s->report, on_report, config->report_s * UINT64_C(1000),
			       config->report_s * UINT64_C(1000));
	return 0;
}

/* NULL: none is equal in every setting. */
static struct told_station *station_equal(struct bmp *b, const struct feed_station_config *config)
{
	for (struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++)
		if (s->station && !memcmp(station_config(s->station), config, sizeof(*config)))
			return s;
	return NULL;
}

int bmp_configure(struct bmp *b, const struct feed_config *config)
{
	struct told_station *equal;
	int r = 0;

	memcpy(b->name, config->name, sizeof(b->name));
	memcpy(b->description, config->description, sizeof(b->description));
	for (struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++)
		s->kept = false;
	for (size_t i = 0; i < config->station_count; i++) {
		equal = station_equal(b, &config->station[i]);
		if (equal)
			equal->kept = true;
	}
	for (struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++)
		if (s->station && !s->kept)
			station_remove(s);
	for (size_t i = 0; i < config->station_count && r == 0; i++)
		if (!station_equal(b, &config->station[i]))
			r = station_add(b, &config->station[i]);
	return r;
}

void bmp_flush(struct bmp *b)
{
	changes_tell(b);
	for (struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++) {
		if (!s->station)
			continue;
		tables_go_on(s);
		station_flush(s->station);
	}
}

bool bmp_station(const struct bmp *b, size_t index, struct feed_station_view *ret)
{
	for (const struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++) {
		if (!s->station || index--)
			continue;
		station_view(s->station, ret);
		ret->untold = s->untold;
		ret->routes_due = s->due_count - s->due_next;
		for (const struct told_peer *peer = b->peers; peer; peer = peer->hh.next)
			ret->peers += (peer->told & bit_of(b, s)) != 0;
		return true;
	}
	return false;
}

static void peer_note(void *user, const struct bgp_peer *peer)
{
	peer_add(user, peer);
}

struct bmp *bmp_new(uv_loop_t *loop, struct bgp *bgp)
{
	struct bmp *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->loop = loop;
	b->bgp = bgp;
	for (size_t i = 0; i < FEED_STATIONS_MAX; i++)
		b->at[i].bmp = b;
	bgp_peers(bgp, peer_note, b);
	return b;
}

void bmp_free(struct bmp **bmp)
{
	struct bmp *b = TAKE_PTR(*bmp);
	struct told_peer *peer, *next;

	if (!b)
		return;
	for (struct told_station *s = b->at; s < b->at + FEED_STATIONS_MAX; s++)
		if (s->station)
			station_remove(s);
	HASH_ITER(hh, b->peers, peer, next)
	{
		HASH_DEL(b->peers, peer);
		free(peer);
	}
	free(b);
}
