/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From routes to slots, with the real catalog, selector and tables: a router, and words for what
 * its neighbours say. A site is a number: its egress is 10.255.0.NUMBER, with a way, and it is told
 * of by neighbour NUMBER. Shares follow the configured capacity. What is said is kept as a RIB
 * keeps it, for services that come later. One test process, and one of these in it.
 */
#pragma once
#include "ingress/ingress.h"

#include "netns.h"

#include <bpf/bpf.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOTS      256
#define ROUTES_MAX 128

static const struct tables_config tables_config = {
	.pin_dir = "/sys/fs/bpf/margay",
	.services = 64,
	.slots = 1 << 14,
	.pin_sets = 64,
	.members = 2048,
	.sites = 64,
	.hash_seed = 42,
};

static struct ingress_config ingress_config; /* of lab_open() */

static struct lab {
	uv_loop_t loop;
	struct tables *tables;
	struct ingress *ingress;
	struct ingress_site_config site[2]; /* 1 is known as "e", 2 as "w" */
	struct lab_route {
		struct bgp_route route; /* path NULL: none here */
		struct bgp_path path;
	} route[ROUTES_MAX];
	size_t recalls;
} lab;

static inline struct addr addr_of(const char *text)
{
	struct addr addr = { 0 };

	cr_assert(addr_parse(text, &addr) == 0, "%s", text);
	return addr;
}

static inline struct addr egress_of(int site)
{
	return addr_of_v4((uint8_t[]){ 10, 255, 0, (uint8_t)site });
}

static inline void recall(void *user, const struct bgp_dst *dst,
			  void (*visit)(void *user, const struct bgp_route *route),
			  void *visit_user)
{
	lab.recalls++;
	for (size_t i = 0; i < ROUTES_MAX; i++) {
		const struct bgp_route *route = &lab.route[i].route;

		if (route->path && (!dst || bgp_dst_equal(&route->dst, dst)))
			visit(visit_user, route);
	}
}

static inline void remember(const struct bgp_route *route)
{
	struct lab_route *at = NULL;

	for (size_t i = ROUTES_MAX; i-- > 0;) {
		const struct bgp_route *old = &lab.route[i].route;

		if (old->path && old->neighbor == route->neighbor &&
		    bgp_dst_equal(&old->dst, &route->dst)) {
			at = &lab.route[i];
			break;
		}
		if (!old->path)
			at = &lab.route[i];
	}
	cr_assert(at != NULL);
	at->route = *route;
	if (!route->path)
		return;
	at->path = *route->path;
	at->route.path = &at->path;
}

static inline void lab_open(void)
{
	ingress_config.source_v4 = addr_of("10.0.0.1");
	cr_assert(eq(int, tables_open(&lab.loop, &tables_config, &lab.tables), 0));
	cr_assert(eq(int, ingress_new(&lab.loop, lab.tables, &ingress_config, &lab.ingress), 0));
	ingress_recall_by(lab.ingress, recall, NULL);
	memset(lab.route, 0, sizeof(lab.route));
}

static inline void lab_close(void)
{
	ingress_free(&lab.ingress);
	tables_close(&lab.tables);
}

static inline void lab_up(void)
{
	kernel_private();
	netns_new();
	sh("ip link add a0 type veth peer name b0 && ip link set a0 up && ip link set b0 up");
	sh("ip addr add 10.0.0.1/24 dev a0");
	sh("ip neigh add 10.0.0.2 dev a0 lladdr 02:00:00:00:00:02");
	sh("ip route add 10.255.0.0/24 via 10.0.0.2");
	cr_assert(eq(int, uv_loop_init(&lab.loop), 0));
	for (int i = 0; i < 2; i++)
		lab.site[i] = (struct ingress_site_config){ .egress = egress_of(i + 1),
							    .name = { "ew"[i] },
							    .capacity = 8 };
	lab_open();
}

static inline void lab_down(void)
{
	lab_close();
	loop_end(&lab.loop);
}

/* --- words for what happens ------------------------------------------------------------------- */
static inline struct ingress_service_config service(const char *address, uint16_t port)
{
	struct ingress_service_config config = {
		.key = { .port = port, .proto = 6, .scope = MG_SCOPE_INGRESS },
		.slots = SLOTS,
		.idle_s = 10,
		.weights = { .policy = POLICY_STATIC, .report_period_s = 5 },
		.weights.expired_s = 60,
	};
	struct addr addr = addr_of(address);

	memcpy(config.key.addr, addr.octet, sizeof(config.key.addr));
	snprintf(config.name, sizeof(config.name), "web%u", port);
	return config;
}

static inline void configure(const struct ingress_service_config *services, size_t count)
{
	cr_assert(eq(int, ingress_configure(lab.ingress, services, count, lab.site, 2), 0));
}

static inline void configure_web(void)
{
	const struct ingress_service_config web = service("192.0.2.80", 80);

	configure(&web, 1);
}

static inline struct bgp_path path_of(const struct addr *egress, double capacity)
{
	return (struct bgp_path){ .has = BGP_HAS_REPORT,
				  .next_hop = *egress,
				  .report = { .has = REPORT_CAPACITY, .capacity = capacity } };
}

static inline void say_of(uint32_t neighbor, const struct bgp_dst *dst, const struct bgp_path *path)
{
	struct bgp_route route = {
		.neighbor = neighbor, .dst = *dst, .path = path, .received_ms = uv_now(&lab.loop)
	};

	remember(&route);
	if (path)
		ingress_announced(lab.ingress, &route);
	else
		ingress_withdrawn(lab.ingress, &route);
}

static inline void say_by(uint32_t neighbor, const char *prefix, uint8_t len,
			  const struct bgp_path *path)
{
	struct addr addr = addr_of(prefix);
	struct prefix to = prefix_of(&addr, len);
	struct bgp_dst dst = bgp_dst_of(&to);

	say_of(neighbor, &dst, path);
}

static inline void say(int site, const struct bgp_path *path)
{
	say_by((uint32_t)site, "192.0.2.80", 32, path);
	ingress_settled(lab.ingress);
}

static inline void announce(int site, double capacity)
{
	struct addr egress = egress_of(site);
	struct bgp_path path = path_of(&egress, capacity);

	say(site, &path);
}

static inline void withdraw(int site)
{
	say(site, NULL);
}

/* --- and for what is seen --------------------------------------------------------------------- */
static inline bool find_of(size_t s, const struct addr *egress, uint16_t site_id,
			   struct ingress_site_view *ret)
{
	for (size_t i = 0; ingress_site(lab.ingress, s, i, ret); i++)
		if (addr_equal(&ret->egress, egress) && ret->site_id == site_id)
			return true;
	return false;
}

static inline struct ingress_site_view site_view(int site)
{
	struct addr egress = egress_of(site);
	struct ingress_site_view view = { 0 };

	find_of(0, &egress, 0, &view);
	return view;
}

static inline uint32_t owned(int site)
{
	return site_view(site).slots;
}

static inline struct ingress_service_view web(void)
{
	struct ingress_service_view view = { 0 };

	cr_assert(ingress_service(lab.ingress, 0, &view));
	return view;
}

static inline double shares(void)
{
	struct ingress_site_view view;
	double sum = 0;

	for (size_t i = 0; ingress_site(lab.ingress, 0, i, &view); i++)
		sum += view.verdict ? view.verdict->share : 0;
	return sum;
}

static inline void slots_read(uint16_t ret[SLOTS])
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct mg_slot slot;

		cr_assert(tables_slot(web().table, i, &slot));
		ret[i] = slot.now;
	}
}

static inline size_t slots_of(uint16_t member)
{
	uint16_t now[SLOTS];
	size_t count = 0;

	slots_read(now);
	for (size_t i = 0; i < SLOTS; i++)
		count += now[i] == member;
	return count;
}

static inline bool member_is_up(int site)
{
	struct mg_counter counter;
	struct mg_member member;
	uint32_t slots;

	return tables_member(web().table, site_view(site).member, &member, &counter, &slots) &&
	       member.state == MG_UP;
}

static inline bool owns_some(void *site)
{
	return owned((int)(intptr_t)site) > 0;
}

static inline bool owns_none(void *site)
{
	return owned((int)(intptr_t)site) == 0;
}

static inline void await(bool (*is)(void *site), int site)
{
	cr_assert(loop_until(&lab.loop, is, (void *)(intptr_t)site, 15000), "site %d", site);
}

/* Sites 1 to count, of equal capacity, with their slots. */
static inline void sites_up(int count)
{
	for (int i = 1; i <= count; i++)
		announce(i, 8);
	for (int i = 1; i <= count; i++)
		await(owns_some, i);
	cr_assert(epsilon_eq(dbl, shares(), 1, 1e-9));
	cr_assert(eq(sz, slots_of(MG_MEMBER_NONE), 0));
}
