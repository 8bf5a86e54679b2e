/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: clients loads a reflector of ours as a network would: hundreds of clients in one process,
 * each announces its part of the routes and gets those of all others, then some change all the
 * time. No session may drop, each client must come to have every route, and margayd must stay
 * within its memory.
 */
#include "base/log.h"
#include "base/util.h"
#include "bgp/update.h"
#include "clock.h"
#include "ground.h"
#include "number.h"
#include "router.h"
#include "routes.h"
#include "speak.h"

#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#define EXIT_WRONG 2
#define OPEN_MS    15000
#define LOAD_S     240 /* longer than that, and it has not come */
#define CHECKED    2   /* clients that look at every attribute; the others at the prefixes */
#define PACE_NS    UINT64_C(20000000) /* between changes, */
#define PACE_COUNT 20                 /* of so many routes: 1000 a second */

struct options {
	unsigned int clients, seconds;
	uint16_t hold_s;
	uint32_t routes;
	uint64_t memory_mb; /* bound; 0: none */
};

struct client {
	struct peer peer;
	struct routes_part part; /* what it announces, or changes */
	uint8_t *has;            /* bit a route */
	uint32_t count;
	struct world *world;
};

struct world {
	const struct options *options;
	struct routes routes;
	struct bgp_update *update;
	struct client *client;
	struct pollfd *ready;
	uint64_t told; /* prefixes that came, all clients together */
};

static const struct argp_option table[] = {
	{ "clients", 'c', "N", 0, "Sessions, 2 to 250 (200)", 0 },
	{ "routes", 'r', "N", 0, "Routes of all of them together, with K (100K)", 0 },
	{ "hold", 'H', "S", 0, "Hold time, 3 to 90 seconds (9)", 0 },
	{ "seconds", 's', "S", 0, "How long routes go on changing after the load (20)", 0 },
	{ "memory", 'm', "MB", 0, "Fail if margayd takes more; 0: only say how much (0)", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'c':
		options->clients = (unsigned int)number_of(state, arg, 2, GROUND_PEERS);
		return 0;
	case 'r':
		options->routes = (uint32_t)number_of(state, arg, 1000, 200000);
		return 0;
	case 'H':
		options->hold_s = (uint16_t)number_of(state, arg, 3, 90);
		return 0;
	case 's':
		options->seconds = (unsigned int)number_of(state, arg, 0, 3600);
		return 0;
	case 'm':
		options->memory_mb = number_of(state, arg, 0, 1000000);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static uint32_t part_begin(const struct world *w, size_t client)
{
	return (uint32_t)((uint64_t)w->routes.count * client / w->options->clients);
}

static bool client_owns(const struct client *client, uint32_t route)
{
	size_t number = (size_t)(client - client->world->client);

	return route >= part_begin(client->world, number) &&
	       route < part_begin(client->world, number + 1);
}

static int item_take(struct client *client, const struct update_item *item)
{
	struct world *w = client->world;
	uint32_t i = routes_find(&w->routes, &item->nlri.dst.prefix);
	char text[PREFIX_STRLEN];

	w->told++;
	if (!item->path && i < w->routes.count && client_owns(client, i))
		return 0;
	prefix_format(&item->nlri.dst.prefix, text);
	if (i == w->routes.count || !item->path || client_owns(client, i))
		return log_err(-EBADMSG, "%s %s", text,
			       !item->path ? "was withdrawn" : "came, which should not");
	if (client < w->client + CHECKED && !(client->has[i / 8] >> i % 8 & 1) &&
	    route_print(item->path) != w->routes.print[i])
		return log_err(-EBADMSG, "%s came, but not as it was sent", text);
	client->count += !(client->has[i / 8] >> i % 8 & 1);
	client->has[i / 8] |= (uint8_t)(1 << i % 8);
	return 0;
}

static int on_update(void *user, struct peer *peer, struct cursor body)
{
	struct client *client = user;
	struct bgp_update *update = client->world->update;
	struct update_item item;
	int r = 0;

	if (update_decode(&peer->codec, body, update) != FAULT_NONE)
		return log_err(-EBADMSG, "what came is no good UPDATE");
	while (r == 0 && update_next(update, &item))
		r = item_take(client, &item);
	return r;
}

static int world_pump(struct world *w)
{
	for (size_t i = 0; i < w->options->clients; i++)
		w->ready[i] = (struct pollfd){ .fd = w->client[i].peer.fd,
					       .events = peer_events(&w->client[i].peer) };
	poll(w->ready, w->options->clients, 10);
	for (size_t i = 0; i < w->options->clients; i++) {
		struct peer *peer = &w->client[i].peer;
		int r = w->ready[i].revents || peer_is_due(peer) ? peer_pump(peer) : 0;

		if (r < 0)
			return log_err(r, "client %zu of %u has lost its session", i + 1,
				       w->options->clients);
	}
	return 0;
}

static bool world_loaded(const struct world *w)
{
	for (size_t i = 0; i < w->options->clients; i++)
		if (w->client[i].count + part_begin(w, i + 1) - part_begin(w, i) < w->routes.count)
			return false;
	return true;
}

static int world_open(struct world *w)
{
	for (unsigned int i = 0; i < w->options->clients; i++) {
		struct client *client = &w->client[i];
		struct peer_config config = speak_config(i, w->options->hold_s, false);
		int r;

		client->peer.update = on_update;
		client->peer.user = client;
		r = speak_open(&client->peer, &config, OPEN_MS);
		if (r < 0)
			return r;
	}
	return 0;
}

static int world_load(struct world *w, double *ret_s)
{
	uint64_t begun = clock_ns(), until = begun + UINT64_C(1000000000) * LOAD_S;
	struct bgp_codec codec = speak_codec(false);
	int r = 0;

	for (size_t i = 0; i < w->options->clients && r == 0; i++) {
		struct client *client = &w->client[i];

		r = routes_part(&w->routes, &codec, part_begin(w, i), part_begin(w, i + 1), 0,
				&client->part);
		peer_send(&client->peer, client->part.stream, client->part.len);
	}
	while (r == 0 && !world_loaded(w)) {
		r = world_pump(w);
		if (r == 0 && clock_ns() > until)
			r = log_err(-ETIMEDOUT, "not every client has every route after %u s",
				    LOAD_S);
	}
	*ret_s = (double)(clock_ns() - begun) / 1e9;
	return r;
}

/* Some routes of one client get another report. */
static int world_change(struct world *w, uint64_t step)
{
	struct client *client = &w->client[step % w->options->clients];
	uint32_t begin = part_begin(w, step % w->options->clients);
	uint32_t end = part_begin(w, step % w->options->clients + 1);
	struct bgp_codec codec = speak_codec(false);

	if (!peer_sent(&client->peer))
		return 0;
	routes_part_clear(&client->part);
	if (end > begin + PACE_COUNT)
		end = begin + PACE_COUNT;
	if (routes_part(&w->routes, &codec, begin, end, (uint32_t)(1 + step), &client->part) < 0)
		return -ENOMEM;
	peer_send(&client->peer, client->part.stream, client->part.len);
	return 0;
}

static int world_go_on(struct world *w)
{
	uint64_t now = clock_ns(), next = now;
	uint64_t until = now + UINT64_C(1000000000) * w->options->seconds;
	uint64_t step = 0;
	int r = 0;

	while (r == 0 && (now = clock_ns()) < until) {
		if (now >= next) {
			r = world_change(w, step++);
			next += PACE_NS;
		}
		if (r == 0)
			r = world_pump(w);
	}
	return r;
}

static double world_silent_s(const struct world *w)
{
	uint64_t most = 0;

	for (size_t i = 0; i < w->options->clients; i++)
		if (w->client[i].peer.silent_ns > most)
			most = w->client[i].peer.silent_ns;
	return (double)most / 1e9;
}

static int world_run(struct world *w, const struct process *router)
{
	struct process_state before, loaded, after;
	uint64_t told;
	double load_s = 0;
	int r = world_open(w);

	if (r == 0)
		r = process_state(router, &before);
	if (r == 0)
		r = world_load(w, &load_s);
	if (r == 0)
		r = process_state(router, &loaded);
	told = w->told;
	if (r == 0)
		r = world_go_on(w);
	if (r == 0)
		r = process_state(router, &after);
	if (r < 0)
		return r;
	printf("%u clients, %u routes (%u paths): every client has every other one's after %.1f s, "
	       "%.1f s of margayd's CPU\n",
	       w->options->clients, w->routes.count, w->routes.paths, load_s,
	       (double)(loaded.cpu_ns - before.cpu_ns) / 1e9);
	printf("%u s of changes: %.0f prefixes a second told to all clients together, %.1f s of "
	       "margayd's CPU\n",
	       w->options->seconds,
	       w->options->seconds ? (double)(w->told - told) / w->options->seconds : 0,
	       (double)(after.cpu_ns - loaded.cpu_ns) / 1e9);
	printf("no session has dropped; hold time %u s, longest silence of the router %.1f s\n",
	       w->options->hold_s, world_silent_s(w));
	printf("margayd's resident memory: %.0f MB before, %.0f MB loaded, %.0f MB at most\n",
	       (double)before.rss_kb / 1024, (double)loaded.rss_kb / 1024,
	       (double)after.rss_peak_kb / 1024);
	if (w->options->memory_mb && after.rss_peak_kb / 1024 > w->options->memory_mb)
		return log_err(-E2BIG, "margayd took more than %llu MB",
			       (unsigned long long)w->options->memory_mb);
	return 0;
}

static void world_clear(struct world *w)
{
	for (size_t i = 0; w->client && i < w->options->clients; i++) {
		peer_close(&w->client[i].peer);
		routes_part_clear(&w->client[i].part);
		free(w->client[i].has);
	}
	free(w->client);
	free(w->ready);
	free(w->update);
	routes_clear(&w->routes);
}

static int world_make(struct world *w)
{
	struct bgp_codec codec = speak_codec(false);
	size_t clients = w->options->clients;

	w->client = calloc(clients, sizeof(*w->client));
	w->ready = calloc(clients, sizeof(*w->ready));
	w->update = calloc(1, sizeof(*w->update));
	if (!w->client || !w->ready || !w->update)
		return log_err(-ENOMEM, "the clients");
	for (size_t i = 0; i < clients; i++) {
		w->client[i].world = w;
		w->client[i].peer.fd = -1;
		w->client[i].has = calloc(1, w->options->routes / 8 + 1);
		if (!w->client[i].has)
			return log_err(-ENOMEM, "the clients");
	}
	return routes_new(w->options->routes, &codec, &w->routes);
}

static int run(const struct options *options)
{
	_cleanup_(process_stop) struct process router = { 0 };
	_cleanup_(world_clear) struct world w = { .options = options };
	char dir[64];
	int r = ground_enter(dir);

	if (r < 0)
		return r;
	r = world_make(&w);
	if (r == 0)
		r = router_start(ROUTER_MARGAY, dir, options->clients, options->hold_s, &router);
	if (r == 0)
		r = world_run(&w, &router);
	process_stop(&router);
	ground_leave(dir);
	return r;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "A Margay reflector with hundreds of clients, all of them this process. "
		       "Status 0: "
		       "every client got every route, no session dropped, the memory was kept to. "
		       "Needs "
		       "root.",
	};
	struct options options = { .clients = 200, .routes = 100000, .hold_s = 9, .seconds = 20 };

	argp_err_exit_status = EXIT_WRONG;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
		return EXIT_WRONG;
	return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
