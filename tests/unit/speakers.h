/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BGP speakers in one process, on one loop, over loopback; and a raw neighbour that says what a
 * speaker would not. For tests; each test is a process of its own and takes ports by its id.
 */
#pragma once
#include "base/log.h"
#include "base/util.h"
#include "bgp/bgp.h"
#include "bgp/message.h"
#include "bgp/open.h"
#include "bgp/update.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>
#include <uv.h>

#define SPEAKERS_MAX 4
#define AS_OURS      65000

struct speaker_seen {
	struct bgp *bgp;
	struct speakers *all;
	int number;
	unsigned int announced, withdrawn, settled;
	struct bgp_dst dst; /* of the last call */
	uint32_t path_id;
	struct bgp_path path; /* scalars only are good after the call */
	size_t clusters;      /* octets of its CLUSTER_LIST */
	bool report;
};

struct speakers {
	uv_loop_t loop;
	uv_timer_t tick;
	uint16_t port;
	struct speaker_seen speaker[SPEAKERS_MAX];
};

static inline struct addr addr_text(const char *text)
{
	struct addr addr = { 0 };

	cr_assert(addr_parse(text, &addr) == 0, "%s", text);
	return addr;
}

/* 127.0.0.1 for speaker 0, and so on; its router id is the same. */
static inline struct addr speaker_addr(int number)
{
	return addr_of_v4((uint8_t[]){ 127, 0, 0, (uint8_t)(number + 1) });
}

static inline struct prefix prefix_text(const char *text)
{
	struct addr addr = addr_text(text);

	return prefix_of_host(&addr);
}

static inline void on_announced(void *user, const struct bgp_route *route)
{
	struct speaker_seen *seen = user;

	seen->announced++;
	seen->dst = route->dst;
	seen->path_id = route->path_id;
	seen->path = *route->path;
	seen->clusters = route->path->cluster_list.len;
}

static inline void on_withdrawn(void *user, const struct bgp_route *route)
{
	struct speaker_seen *seen = user;

	seen->withdrawn++;
	seen->dst = route->dst;
	seen->path_id = route->path_id;
}

static inline void on_settled(void *user)
{
	struct speaker_seen *seen = user;

	seen->settled++;
}

static inline void on_tick(uv_timer_t *timer)
{
}

static inline void speakers_open(struct speakers *all)
{
	memset(all, 0, sizeof(*all));
	log_level_set(getenv("MARGAY_TEST_DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN);
	all->port = (uint16_t)(20000 + getpid() % 20000);
	cr_assert(uv_loop_init(&all->loop) == 0);
	uv_timer_init(&all->loop, &all->tick);
	uv_timer_start(&all->tick, on_tick, 2, 2);
}

static inline struct speaker_seen *speaker_add_as(struct speakers *all, int number, uint32_t as)
{
	static const struct bgp_ops ops = { on_announced, on_withdrawn, on_settled };
	struct speaker_seen *seen = &all->speaker[number];
	struct bgp_config config = { .as = as, .listen = speaker_addr(number), .port = all->port };

	memcpy(config.router_id, config.listen.octet + 12, 4);
	*seen = (struct speaker_seen){ .all = all, .number = number };
	cr_assert(bgp_new(&all->loop, &config, &ops, seen, &seen->bgp) == 0);
	return seen;
}

static inline struct speaker_seen *speaker_add(struct speakers *all, int number)
{
	return speaker_add_as(all, number, AS_OURS);
}

/* Settings that suit most tests; what a test is about it sets itself. */
static inline struct bgp_neighbor_config neighbor_of(const struct speaker_seen *from, int to)
{
	return (struct bgp_neighbor_config){ .remote = speaker_addr(to),
					     .local = speaker_addr(from->number),
					     .port = from->all->port,
					     .remote_as = AS_OURS,
					     .hold_s = 90,
					     .retry_s = 1,
					     .families =
						     BIT(BGP_IPV4_UNICAST) | BIT(BGP_IPV6_UNICAST),
					     .add_path_send = true,
					     .add_path_receive = true };
}

static inline void neighbor_put(struct speaker_seen *at, const struct bgp_neighbor_config *config)
{
	cr_assert(bgp_neighbor_add(at->bgp, config) == 0);
}

static inline void loop_for(struct speakers *all, uint64_t ms)
{
	uint64_t end = uv_hrtime() + ms * 1000000;

	while (uv_hrtime() < end)
		uv_run(&all->loop, UV_RUN_ONCE);
}

/* Runs the loop until the expression is true. */
#define LOOP_UNTIL(all, expression)                                     \
	do {                                                            \
		uint64_t loop_end = uv_hrtime() + 10000000000;          \
		bool loop_reached = expression;                         \
                                                                        \
		while (!loop_reached && uv_hrtime() < loop_end) {       \
			uv_run(&(all)->loop, UV_RUN_ONCE);              \
			loop_reached = expression;                      \
		}                                                       \
		cr_assert(loop_reached, "never came: %s", #expression); \
	} while (0)

static inline struct bgp_neighbor_state state_of(const struct speaker_seen *at, size_t index)
{
	struct bgp_neighbor_state state = { 0 };

	cr_assert(bgp_neighbor_state(at->bgp, index, &state));
	return state;
}

static inline bool is_up(const struct speaker_seen *at, size_t index)
{
	return !strcmp(state_of(at, index).state, "Established");
}

static inline void speakers_close(struct speakers *all)
{
	for (int i = 0; i < SPEAKERS_MAX; i++)
		bgp_free(&all->speaker[i].bgp);
	uv_close((uv_handle_t *)&all->tick, NULL);
	uv_run(&all->loop, UV_RUN_DEFAULT);
	cr_expect(uv_loop_close(&all->loop) == 0, "a handle was left open");
}

static inline struct bgp_path path_of(const char *next_hop)
{
	return (struct bgp_path){ .next_hop = addr_text(next_hop) };
}

static inline void originate(struct speaker_seen *at, const char *prefix,
			     const struct bgp_path *path)
{
	struct prefix p = prefix_text(prefix);

	cr_assert(bgp_originate(at->bgp, &(struct bgp_dst){ .prefix = p }, path) == 0);
}

static inline void withdraw(struct speaker_seen *at, const char *prefix)
{
	struct prefix p = prefix_text(prefix);

	cr_assert(bgp_withdraw(at->bgp, &(struct bgp_dst){ .prefix = p }) == 0);
}
