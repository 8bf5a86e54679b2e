/* SPDX-License-Identifier: BSD-2-Clause */
/* Next hops from a real kernel: this router on one side of veth pairs, its neighbours on the other.
 */
#include "tables/adjacency.h"

#include "netns.h"

#include <criterion/new/assert.h>

#define ID 7

static struct lab {
	uv_loop_t loop;
	struct adjacency *adjacency;
	struct way way; /* the last that was told */
	int told;
	int here, there; /* network namespaces */
} lab;

static void on_way(void *user, uint32_t id, const struct way *way)
{
	cr_expect(eq(u32, id, ID));
	lab.way = *way;
	lab.told++;
}

static void on_link(void *user)
{
}

static const struct adjacency_ops ops = { .way = on_way, .link = on_link };

/* a0 and a1 here, b0 and b1 there: 10.0.0.0/24 and 10.0.1.0/24, .1 here and .2 there. */
static void lab_up(void)
{
	kernel_private();
	lab.there = netns_new();
	lab.here = netns_new();
	for (int i = 0; i < 2; i++) {
		sh("ip link add a%d address 02:00:00:00:0%d:01 type veth peer name b%d "
		   "address 02:00:00:00:0%d:02 netns /proc/%d/fd/%d",
		   i, i, i, i, getpid(), lab.there);
		sh("sysctl -qw net.ipv6.conf.a%d.accept_dad=0", i);
		sh("ip addr add 10.0.%d.1/24 dev a%d && ip -6 addr add 2001:db8:%d::1/64 dev a%d",
		   i, i, i, i);
		sh("ip link set a%d up", i);
	}
	netns_enter(lab.there);
	for (int i = 0; i < 2; i++) {
		sh("sysctl -qw net.ipv6.conf.b%d.accept_dad=0", i);
		sh("ip addr add 10.0.%d.2/24 dev b%d && ip -6 addr add 2001:db8:%d::2/64 dev b%d",
		   i, i, i, i);
		sh("ip -6 addr add fe80::b/64 dev b%d && ip link set b%d up", i, i);
	}
	netns_enter(lab.here);
	cr_assert(eq(int, uv_loop_init(&lab.loop), 0));
	cr_assert(eq(int, adjacency_open(&lab.loop, &ops, NULL, &lab.adjacency), 0));
}

static void lab_down(void)
{
	adjacency_close(&lab.adjacency);
	cr_expect(lab.adjacency == NULL);
	loop_end(&lab.loop);
}

static void __attribute__((format(printf, 1, 2))) sh_there(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	netns_enter(lab.there);
	sh("%s", command);
	netns_enter(lab.here);
}

static void watch(const char *text, bool on_link)
{
	static const struct way nowhere;
	struct addr addr;

	cr_assert(eq(int, addr_parse(text, &addr), 0));
	cr_assert(eq(int, adjacency_watch(lab.adjacency, ID, &addr, on_link, &nowhere), 0));
}

/* What the tests wait for. */
static bool resolved(void *count)
{
	return lab.way.count == (size_t)(uintptr_t)count;
}

static bool faulted(void *words)
{
	return !lab.way.count && strstr(lab.way.fault, words);
}

static bool by_mac(void *last_octets)
{
	const uint8_t *mac = last_octets;

	return lab.way.count == 1 && !memcmp(lab.way.hop[0].dst_mac + 4, mac, 2);
}

static bool by_mtu(void *mtu)
{
	return lab.way.mtu == *(uint32_t *)mtu;
}

static void expect_way(const char *what, size_t count)
{
	cr_expect(loop_until(&lab.loop, resolved, (void *)(uintptr_t)count, 3000),
		  "%s: %zu next hops, %s", what, lab.way.count, lab.way.fault);
}

static void expect_fault(const char *what, const char *words, uint64_t ms)
{
	cr_expect(loop_until(&lab.loop, faulted, (void *)words, ms), "%s: %zu next hops, \"%s\"",
		  what, lab.way.count, lab.way.fault);
}

static void expect_mac(const char *what, uint8_t link, uint8_t end)
{
	uint8_t octets[2] = { link, end };

	cr_expect(loop_until(&lab.loop, by_mac, octets, 3000), "%s: %zu next hops, %s", what,
		  lab.way.count, lab.way.fault);
}

static const struct {
	const char *name, *route, *to;
	uint8_t link;
	uint32_t mtu;
} ways[] = {
	{ "on the link", "true", "10.0.0.2", 0, 1500 },
	{ "on the link, IPv6", "true", "2001:db8:1::2", 1, 1500 },
	{ "by a gateway", "ip route add 10.9.0.0/16 via 10.0.1.2", "10.9.8.7", 1, 1500 },
	{ "by a gateway, IPv6", "ip -6 route add 2001:db8:9::/48 via 2001:db8:1::2",
	  "2001:db8:9::46", 1, 1500 },
	{ "by a link-local gateway", "ip -6 route add 2001:db8:9::/48 via fe80::b dev a1",
	  "2001:db8:9::46", 1, 1500 },
	{ "IPv4 by an IPv6 gateway", "ip route add 10.9.0.0/16 via inet6 fe80::b dev a1",
	  "10.9.8.7", 1, 1500 },
	{ "the route's MTU", "ip route add 10.9.0.0/16 via 10.0.0.2 mtu 1400", "10.9.8.7", 0,
	  1400 },
	{ "the link's MTU", "ip link set a0 mtu 1300", "10.0.0.2", 0, 1300 },
};

Test(adjacency, follows_routes, .init = lab_up, .fini = lab_down)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		const uint8_t mac[6] = { 2, 0, 0, 0, ways[i].link, 1 };

		sh("%s", ways[i].route);
		lab.way = (struct way){ 0 };
		watch(ways[i].to, false);
		expect_mac(ways[i].name, ways[i].link, 2);
		loop_until(&lab.loop, by_mtu, (void *)&ways[i].mtu, 500);
		cr_expect(eq(u32, lab.way.mtu, ways[i].mtu), "%s", ways[i].name);
		cr_expect(eq(int, memcmp(lab.way.hop[0].src_mac, mac, 6), 0), "%s", ways[i].name);
		cr_expect(ne(u32, lab.way.hop[0].ifindex, 0), "%s", ways[i].name);
		adjacency_unwatch(lab.adjacency, ID);
		sh("ip route flush 10.9.0.0/16; ip -6 route flush 2001:db8:9::/48");
	}
}

static const struct {
	const char *name, *route, *to, *words;
	bool on_link;
} faults[] = {
	{ "no route", "true", "203.0.113.1", "no route", false },
	{ "no route, IPv6", "true", "2001:db8:ffff::1", "no route", false },
	{ "blackhole", "ip route add blackhole 10.9.0.0/16", "10.9.8.7", "blackhole", false },
	{ "unreachable, IPv6", "ip -6 route add unreachable 2001:db8:9::/48", "2001:db8:9::1",
	  "no route", false },
	{ "our own", "true", "10.0.0.1", "address of this router", false },
	{ "instance behind a gateway", "ip route add 10.9.0.0/16 via 10.0.1.2", "10.9.8.7",
	  "behind 10.0.1.2", true },
	{ "link down", "ip link set a1 down", "10.0.1.2", "", false },
};

Test(adjacency, says_why_not, .init = lab_up, .fini = lab_down)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		sh("%s", faults[i].route);
		lab.way = (struct way){ 0 };
		lab.told = 0;
		watch(faults[i].to, faults[i].on_link);
		expect_fault(faults[i].name, faults[i].words, 500);
		cr_expect(lab.told > 0, "%s", faults[i].name);
		adjacency_unwatch(lab.adjacency, ID);
		sh("ip route flush 10.9.0.0/16; ip -6 route flush 2001:db8:9::/48");
	}
}

Test(adjacency, follows_changes, .init = lab_up, .fini = lab_down)
{
	sh("ip route add 10.9.0.0/16 via 10.0.0.2");
	watch("10.9.8.7", false);
	expect_mac("at first", 0, 2);

	sh("ip route replace 10.9.0.0/16 via 10.0.1.2");
	expect_mac("after the route's change", 1, 2);

	sh("ip route add 10.9.8.0/24 via 10.0.0.2");
	expect_mac("by the more specific route", 0, 2);

	sh_there("ip link set b0 address 02:00:00:00:00:03");
	sh("ip neigh flush dev a0");
	expect_mac("after the neighbour's change of MAC address", 0, 3);

	sh_there("ip link set b0 down");
	/* As the kernel's own packets, which tells of a lost carrier within a second. */
	expect_fault("after the loss of carrier", "down", 3000);
	sh("ip route del 10.9.8.0/24");
	expect_mac("by the route that is left", 1, 2);
	sh("ip link set a1 down");
	expect_fault("without any route", "no route", 500);
}

Test(adjacency, keeps_all_next_hops, .init = lab_up, .fini = lab_down)
{
	sh("ip route add 10.9.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.1.2");
	watch("10.9.8.7", false);
	expect_way("both", 2);
	cr_expect(ne(u32, lab.way.hop[0].ifindex, lab.way.hop[1].ifindex));

	sh_there("ip link set b0 down");
	expect_way("one link lost", 1);
	sh_there("ip link set b0 up");
	expect_way("and back", 2);

	sh_there("ip -6 addr add fe80::b/64 dev b0"); /* lost with the link */
	adjacency_unwatch(lab.adjacency, ID);
	sh("ip -6 route add 2001:db8:9::/48 nexthop via fe80::b dev a0 nexthop via fe80::b dev a1");
	watch("2001:db8:9::46", false);
	expect_way("IPv6, link-local", 2);
}

/* A flushed neighbour table must not cost a packet: the way stays while the kernel asks. */
Test(adjacency, keeps_the_way_while_asking, .init = lab_up, .fini = lab_down)
{
	watch("10.0.0.2", false);
	expect_mac("at first", 0, 2);
	lab.told = 0;
	for (int i = 0; i < 5; i++) {
		sh("ip neigh flush dev a0");
		loop_until(&lab.loop, never, NULL, 50);
	}
	cr_expect(eq(int, lab.told, 0));
}

Test(adjacency, asks_again_who_failed, .init = lab_up, .fini = lab_down, .timeout = 20)
{
	sh("ip neigh change 10.0.0.2 dev a0 nud failed 2>/dev/null || true");
	sh("sysctl -qw net.ipv4.neigh.a0.retrans_time_ms=100");
	sh_there("ip addr del 10.0.0.2/24 dev b0");
	watch("10.0.0.2", false);
	expect_fault("silent", "10.0.0.2 does not answer on a0", 3000);
	loop_until(&lab.loop, never, NULL, 1500);
	sh_there("ip addr add 10.0.0.2/24 dev b0");
	expect_mac("answers at last", 0, 2);
}

/* A neighbour in use is confirmed as soon as it is stale, without packets of ours. */
Test(adjacency, keeps_neighbours_alive, .init = lab_up, .fini = lab_down)
{
	watch("10.0.0.2", false);
	expect_mac("at first", 0, 2);
	sh("ip neigh change 10.0.0.2 dev a0 nud stale");
	loop_until(&lab.loop, never, NULL, 100);
	sh("ip neigh show 10.0.0.2 dev a0 nud delay | grep -q . || "
	   "ip neigh show 10.0.0.2 dev a0 nud reachable | grep -q .");
}

/* More events than the socket holds: the kernel drops some, and nothing may be missed. */
Test(adjacency, survives_lost_events, .init = lab_up, .fini = lab_down, .timeout = 60)
{
	sh("ip route add 10.9.0.0/16 via 10.0.0.2");
	watch("10.9.8.7", false);
	expect_mac("at first", 0, 2);
	sh("i=0; while [ $i -lt 20000 ]; do echo route add 172.$((16 + i / 65536)).$((i / 256 %% "
	   "256)).$((i %% 256)) via 10.0.0.2; i=$((i + 1)); done | ip -batch -");
	sh("ip route replace 10.9.0.0/16 via 10.0.1.2");
	expect_mac("after 20,000 events at once", 1, 2);
}

static size_t hops_to(uint8_t link)
{
	size_t n = 0;

	for (size_t i = 0; i < lab.way.count; i++)
		n += lab.way.hop[i].dst_mac[4] == link;
	return n;
}

/* Weights are places among eight. */
Test(adjacency, honours_weights, .init = lab_up, .fini = lab_down, .timeout = 60)
{
	static const struct {
		unsigned int weight[2];
		size_t want[2];
	} rows[] = {
		{ { 1, 1 }, { 1, 1 } },     { { 7, 7 }, { 1, 1 } }, { { 3, 1 }, { 6, 2 } },
		{ { 1, 3 }, { 2, 6 } },     { { 7, 1 }, { 7, 1 } }, { { 200, 1 }, { 7, 1 } },
		{ { 128, 127 }, { 4, 4 } },
	};

	sh("ip neigh add 10.0.0.2 dev a0 lladdr 02:00:00:00:00:02");
	sh("ip neigh add 10.0.1.2 dev a1 lladdr 02:00:00:00:01:02");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		sh("ip route replace 198.51.100.0/24 nexthop via 10.0.0.2 weight %u "
		   "nexthop via 10.0.1.2 weight %u",
		   rows[i].weight[0], rows[i].weight[1]);
		if (!i)
			watch("198.51.100.1", false);
		expect_way("weighted", rows[i].want[0] + rows[i].want[1]);
		loop_until(&lab.loop, by_mac, (uint8_t[]){ 0xff, 0xff }, 50);
		cr_expect(eq(sz, hops_to(0), rows[i].want[0]), "row %zu", i);
		cr_expect(eq(sz, hops_to(1), rows[i].want[1]), "row %zu", i);
	}
}

/* Where the kernel has VLAN devices. */
Test(adjacency, writes_both_tags, .init = lab_up, .fini = lab_down, .timeout = 60)
{
	if (system("ip link add link a0 name a0.9 type vlan proto 802.1ad id 9 2>/dev/null"))
		cr_skip("this kernel has no VLAN devices (CONFIG_VLAN_8021Q)");
	sh("ip link add link a0.9 name q7 type vlan id 7");
	sh("ip addr add 10.9.0.1/24 dev q7 && ip link set a0.9 up && ip link set q7 up");
	sh("ip neigh add 10.9.0.2 dev q7 lladdr 02:00:00:00:09:02");
	watch("10.9.0.2", true);
	expect_way("two tags", 1);
	cr_expect(eq(u16, lab.way.hop[0].vlan, 7));
	cr_expect(eq(u16, lab.way.hop[0].outer_vlan, 9));
	cr_expect(eq(u16, lab.way.hop[0].outer_type, 0x88a8));
}
