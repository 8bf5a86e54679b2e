/* SPDX-License-Identifier: BSD-2-Clause */
#include "load.h"

#include "base/log.h"
#include "base/util.h"
#include "bgp/update.h"
#include "clock.h"
#include "router.h"
#include "routes.h"
#include "speak.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define OPEN_MS 15000
#define LOAD_NS UINT64_C(120000000000)
#define HOLD_S  90

enum { SENDER, RECEIVER, PEERS };

/* Of one router, a value a run. */
struct loads {
	bool ran; /* false: it is not installed */
	double wall_s[BENCH_RUNS_MAX], cpu_s[BENCH_RUNS_MAX];
	double rss_mb[BENCH_RUNS_MAX], peak_mb[BENCH_RUNS_MAX];
};

/* What the second client has. */
struct receipt {
	const struct routes *routes;
	struct bgp_update *update;
	bool *has;
	uint32_t count;
};

static int receipt_item(struct receipt *receipt, const struct update_item *item)
{
	const struct routes *routes = receipt->routes;
	uint32_t i = routes_find(routes, &item->nlri.dst.prefix);
	char text[PREFIX_STRLEN];

	prefix_format(&item->nlri.dst.prefix, text);
	if (i == routes->count)
		return log_err(-EBADMSG, "%s came, which nobody has sent", text);
	if (!item->path)
		return log_err(-EBADMSG, "%s was withdrawn", text);
	if (route_print(item->path) != routes->print[i])
		return log_err(-EBADMSG, "%s came, but not as it was sent", text);
	receipt->count += !receipt->has[i];
	receipt->has[i] = true;
	return 0;
}

static int on_received(void *user, struct peer *peer, struct cursor body)
{
	struct receipt *receipt = user;
	struct update_item item;
	int r = 0;

	if (update_decode(&peer->codec, body, receipt->update) != FAULT_NONE)
		return log_err(-EBADMSG, "what came is no good UPDATE");
	while (r == 0 && update_next(receipt->update, &item))
		r = receipt_item(receipt, &item);
	return r;
}

/* The sender is told nothing: these are its own routes. */
static int on_told(void *user, struct peer *peer, struct cursor body)
{
	struct receipt *receipt = user;
	struct update_item item;

	if (update_decode(&peer->codec, body, receipt->update) != FAULT_NONE)
		return log_err(-EBADMSG, "what came is no good UPDATE");
	while (update_next(receipt->update, &item))
		if (item.path)
			return log_err(-EBADMSG, "a route came back to its sender");
	return 0;
}

static int load_run(struct peer peer[PEERS], const struct receipt *receipt)
{
	uint64_t until = clock_ns() + LOAD_NS;

	peer_send(&peer[SENDER], receipt->routes->stream, receipt->routes->len);
	while (receipt->count < receipt->routes->count) {
		struct pollfd ready[PEERS];

		for (int i = 0; i < PEERS; i++)
			ready[i] = (struct pollfd){ .fd = peer[i].fd,
						    .events = peer_events(&peer[i]) };
		poll(ready, PEERS, 1000);
		for (int i = 0; i < PEERS; i++) {
			int r = peer_pump(&peer[i]);

			if (r < 0)
				return r;
		}
		if (clock_ns() > until)
			return log_err(-ETIMEDOUT, "only %u of %u routes have come", receipt->count,
				       receipt->routes->count);
	}
	return 0;
}

static int load_peers(const struct process *router, struct receipt *receipt, struct loads *loads,
		      unsigned int run)
{
	struct peer peer[PEERS] = { { .fd = -1, .update = on_told, .user = receipt },
				    { .fd = -1, .update = on_received, .user = receipt } };
	struct process_state before, after;
	uint64_t begun, took;
	int r = 0;

	for (unsigned int i = 0; i < PEERS && r == 0; i++) {
		struct peer_config config = speak_config(i, HOLD_S, false);

		r = speak_open(&peer[i], &config, OPEN_MS);
	}
	if (r == 0)
		r = process_state(router, &before);
	begun = clock_ns();
	if (r == 0)
		r = load_run(peer, receipt);
	took = clock_ns() - begun;
	if (r == 0)
		r = process_state(router, &after);
	for (int i = 0; i < PEERS; i++)
		peer_close(&peer[i]);
	if (r < 0)
		return r;
	loads->wall_s[run] = (double)took / 1e9;
	loads->cpu_s[run] = (double)(after.cpu_ns - before.cpu_ns) / 1e9;
	loads->rss_mb[run] = (double)after.rss_kb / 1024;
	loads->peak_mb[run] = (double)after.rss_peak_kb / 1024;
	return 0;
}

static int load_router(enum router router, const struct routes *routes, const char *dir,
		       struct loads *loads, unsigned int run)
{
	_cleanup_(process_stop) struct process process = { 0 };
	_cleanup_(freep) struct bgp_update *update = calloc(1, sizeof(*update));
	_cleanup_(freep) bool *has = calloc(routes->count, sizeof(*has));
	struct receipt receipt = { .routes = routes, .update = update, .has = has };
	int r = update && has ? router_start(router, dir, PEERS, HOLD_S, &process) : -ENOMEM;

	if (r == 0)
		r = load_peers(&process, &receipt, loads, run);
	return r < 0 ? log_err(r, "%s, run %u: given up", router_name(router), run + 1) : 0;
}

static int load_turns(const struct bench *bench, const struct routes *routes,
		      struct loads loads[ROUTER_COUNT])
{
	int r = 0;

	for (unsigned int run = 0; run < bench->runs && r == 0; run++)
		for (unsigned int turn = 0; turn < ROUTER_COUNT && r == 0; turn++) {
			enum router i = (turn + run) % ROUTER_COUNT; /* who is first changes */

			if (loads[i].ran)
				r = load_router(i, routes, bench->dir, &loads[i], run);
		}
	return r;
}

/* Margay over another one, turn by turn; before sample_summary() sorts the values. */
static void ratio_add(struct figures *figures, const char *name, const double *ours,
		      const double *theirs, const struct bench *bench, double bound, double aim)
{
	double ratio[BENCH_RUNS_MAX];
	struct figure *figure;

	for (unsigned int i = 0; theirs && i < bench->runs; i++)
		ratio[i] = ours[i] / theirs[i];
	figure = theirs ? figures_add(figures, "load", name, "", ratio, bench->runs)
			: figures_miss(figures, "load", name, "");
	figure->has_bound = true;
	figure->bound = bound;
	figure->aim = aim;
}

static void ratios_add(struct figures *figures, const struct loads loads[ROUTER_COUNT],
		       const struct bench *bench)
{
	const struct loads *ours = &loads[ROUTER_MARGAY], *bird = &loads[ROUTER_BIRD];
	const struct loads *gobgp = &loads[ROUTER_GOBGP];

	ratio_add(figures, "wall time, margay over bird", ours->wall_s,
		  bird->ran ? bird->wall_s : NULL, bench, 1.5, 1);
	ratio_add(figures, "CPU time, margay over bird", ours->cpu_s,
		  bird->ran ? bird->cpu_s : NULL, bench, 1.5, 1);
	ratio_add(figures, "resident memory, margay over bird", ours->rss_mb,
		  bird->ran ? bird->rss_mb : NULL, bench, 1.5, 1);
	ratio_add(figures, "wall time, margay over gobgp", ours->wall_s,
		  gobgp->ran ? gobgp->wall_s : NULL, bench, 1, 0);
	ratio_add(figures, "CPU time, margay over gobgp", ours->cpu_s,
		  gobgp->ran ? gobgp->cpu_s : NULL, bench, 1, 0);
}

static void loads_add(struct figures *figures, enum router router, struct loads *loads,
		      const struct bench *bench)
{
	static const struct {
		const char *unit, *name[ROUTER_COUNT];
	} row[] = {
		{ "s", { "margay, wall time", "bird, wall time", "gobgp, wall time" } },
		{ "s", { "margay, CPU time", "bird, CPU time", "gobgp, CPU time" } },
		{ "MB", { "margay, resident", "bird, resident", "gobgp, resident" } },
		{ "MB",
		  { "margay, resident, peak", "bird, resident, peak", "gobgp, resident, peak" } },
	};
	double *values[] = { loads->wall_s, loads->cpu_s, loads->rss_mb, loads->peak_mb };

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const char *name = row[i].name[router];

		if (loads->ran)
			figures_add(figures, "load", name, row[i].unit, values[i], bench->runs);
		else
			figures_miss(figures, "load", name, row[i].unit);
	}
}

int measure_load(const struct bench *bench, struct figures *figures)
{
	_cleanup_(routes_clear) struct routes routes = { 0 };
	_cleanup_(freep) struct loads *loads = calloc(ROUTER_COUNT, sizeof(*loads));
	struct bgp_codec codec = speak_codec(false);
	double paths[1];
	int r = loads ? routes_new(bench->routes, &codec, &routes) : -ENOMEM;

	for (enum router i = 0; r == 0 && i < ROUTER_COUNT; i++)
		loads[i].ran = router_installed(i);
	if (r == 0)
		r = load_turns(bench, &routes, loads);
	if (r < 0)
		return r;
	figures_add(figures, "load", "routes", "", (paths[0] = routes.count, paths), 1);
	figures_add(figures, "load", "distinct paths", "", (paths[0] = routes.paths, paths), 1);
	ratios_add(figures, loads, bench);
	for (enum router i = 0; i < ROUTER_COUNT; i++)
		loads_add(figures, i, &loads[i], bench);
	return 0;
}
