/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native XDP on network cards with a driver of their own, packets on a wire: eth0 (access) and eth2
 * (core) are ours, eth1 and eth3 their other ends. Frames that go in at eth1 come out of eth3 in
 * their tunnel, and back. Outside of such a guest the tests are skipped.
 */
#include "tables/state.h"

#include "../packet/netns.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <criterion/new/assert.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#define PIN_DIR "/sys/fs/bpf/margay"
#define SLOTS   64
#define FRAMES  50

static const struct tables_config config = {
	.pin_dir = PIN_DIR,
	.services = 8,
	.slots = 4096,
	.pin_sets = 64,
	.members = 1024,
	.sites = 64,
};

/* A SYN from 10.1.0.2 to the service 192.0.2.80, port 80; the source port stands at octet 34. */
static const uint8_t syn[] = {
	0x02, 0,    0,   0,  0, 0,  0x02, 0, 0,  0, 0,    1,    0x08, 0, /* Ethernet */
	0x45, 0,    0,   40, 0, 1,  0,    0, 64, 6, 0xae, 0x7c, 10,   1,
	0,    2,    192, 0,  2, 80, /* IPv4 */
	0,    0,    0,   80, 0, 0,  0,    1, 0,  0, 0,    0,    0x50, 0x02,
	0xff, 0xff, 0,   0,  0, 0, /* TCP */
};

/* What goes around it in the core, from 10.2.0.2 to the endpoint 10.2.0.1. */
static const uint8_t tunnel[] = {
	0x02, 0, 0, 0,  0, 2, 0x02, 0, 0,  0, 0,    3,    0x08, 0,                    /* Ethernet */
	0x45, 0, 0, 60, 0, 1, 0,    0, 64, 4, 0x66, 0xb7, 10,   2, 0, 2, 10, 2, 0, 1, /* IPv4 */
};

static bool same(const uint8_t *a, const uint8_t *b, size_t len)
{
	return memcmp(a, b, len) == 0;
}

static struct lab {
	uv_loop_t loop;
	struct tables *tables;
	int client, core; /* packet sockets at eth1 and eth3 */
} lab;

static int packet_socket(const char *name)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	at.sll_ifindex = (int)if_nametoindex(name);
	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	return fd;
}

static void lab_up(void)
{
	if (access("/tests/wire_test", X_OK) < 0 || !if_nametoindex("eth3"))
		cr_skip_test("needs eth0 to eth3 of the guest that tests/kernel/kernels.sh boots");
	kernel_private();
	for (int i = 0; i < 4; i++)
		sh("sysctl -qw net.ipv6.conf.eth%d.disable_ipv6=1 && ip link set eth%d up", i, i);
	sh("ip addr replace 10.1.0.1/24 dev eth0 && ip addr replace 10.2.0.1/24 dev eth2");
	sh("ip neigh replace 10.1.0.2 lladdr 02:00:00:00:00:01 dev eth0 nud permanent");
	sh("ip neigh replace 10.2.0.2 lladdr 02:00:00:00:00:03 dev eth2 nud permanent");
	lab.client = packet_socket("eth1");
	lab.core = packet_socket("eth3");
	cr_assert(eq(int, uv_loop_init(&lab.loop), 0));
	cr_assert(eq(int, tables_open(&lab.loop, &config, &lab.tables), 0));
}

/* The cards stay where they are from test to test: each test sets all that it needs. */
static void lab_down(void)
{
	tables_port_detach(lab.tables, "eth0");
	tables_port_detach(lab.tables, "eth2");
	tables_close(&lab.tables);
	loop_end(&lab.loop);
	close(lab.client);
	close(lab.core);
}

static void attach_native(const char *name, enum port_role role)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	const struct port_spec spec = { .role = role };
	enum port_mode mode = PORT_GENERIC;

	cr_assert(eq(int, tables_port_attach(lab.tables, name, &spec, &mode), 0));
	cr_assert(eq(int, (int)mode, PORT_NATIVE));
	cr_assert(eq(int, bpf_xdp_query((int)if_nametoindex(name), 0, &query), 0));
	cr_assert(eq(u8, query.attach_mode, XDP_ATTACHED_DRV));
}

static bool site_reached(void *site)
{
	return tables_site_reached(lab.tables, *(uint32_t *)site);
}

/* The service with one member, in all of its slots. */
static struct table_service *serve(enum mg_scope scope, const struct site_spec *to)
{
	const struct service_spec spec = {
		.key = { .addr = { [10] = 0xff, [11] = 0xff, [12] = 192, 0, 2, 80 },
			 .port = 80,
			 .proto = IPPROTO_TCP,
			 .scope = scope },
		.slots = SLOTS,
		.idle_s = 10,
	};
	struct table_service *service = NULL;
	uint16_t member, pairs[2 * SLOTS];
	uint32_t site;

	cr_assert(eq(int, tables_site_get(lab.tables, to, &site), 0));
	cr_assert(loop_until(&lab.loop, site_reached, &site, 5000), "no next hop");
	cr_assert(eq(int, tables_service_add(lab.tables, &spec, &service), 0));
	cr_assert(eq(int, tables_member_add(service, site, &member), 0));
	tables_member_state(service, member, MG_UP, 100);
	for (int i = 0; i < 2 * SLOTS; i++)
		pairs[i] = i % 2 ? MG_MEMBER_NONE : member;
	cr_assert(eq(sz, tables_slots_apply(service, pairs, uv_hrtime()), SLOTS));
	return service;
}

/* Takes the next frame that ends in a SYN of ours; its length, or 0 after a while without one. The
 * socket sees what its own side sends, too. */
static size_t frame_get(int fd, uint8_t *ret, size_t size, uint16_t port)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);

	while (poll(&wait, 1, 3000) > 0) {
		ssize_t len = recvfrom(fd, ret, size, 0, (struct sockaddr *)&from, &from_len);

		if (len >= (ssize_t)sizeof(syn) && from.sll_pkttype != PACKET_OUTGOING &&
		    ret[len - 20] == port >> 8 && ret[len - 19] == (port & 0xff))
			return (size_t)len;
	}
	return 0;
}

static void frame_send(int fd, uint8_t *frame, size_t len, uint16_t port)
{
	frame[len - 20] = (uint8_t)(port >> 8);
	frame[len - 19] = (uint8_t)port;
	cr_assert(eq(int, (int)send(fd, frame, len, 0), (int)len));
}

static uint64_t packets(enum mg_verdict verdict)
{
	struct mg_counter all[MG_VERDICT_COUNT];

	tables_verdicts(lab.tables, all);
	return all[verdict].packets;
}

Test(wire, steers_into_the_tunnel, .init = lab_up, .fini = lab_down)
{
	struct site_spec to = { .encap = MG_ENCAP_IPIP };
	struct table_service *service;
	struct service_state state;
	uint8_t in[sizeof(syn)], out[256];

	to.outer_src = addr_of_v4((uint8_t[]){ 10, 2, 0, 1 });
	to.outer_dst = addr_of_v4((uint8_t[]){ 10, 2, 0, 2 });
	attach_native("eth0", PORT_ACCESS);
	attach_native("eth2", PORT_CORE);
	service = serve(MG_SCOPE_INGRESS, &to);
	memcpy(in, syn, sizeof(in));
	for (uint16_t port = 40000; port < 40000 + FRAMES; port++) {
		frame_send(lab.client, in, sizeof(in), port);
		cr_assert(eq(sz, frame_get(lab.core, out, sizeof(out), port), sizeof(syn) + 20),
			  "port %u", port);
		cr_expect(same(out, (uint8_t[]){ 2, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 2 }, 12),
			  "the next hop's MAC addresses");
		cr_expect(eq(u8, out[23], IPPROTO_IPIP));
		cr_expect(same(out + 26, (uint8_t[]){ 10, 2, 0, 1, 10, 2, 0, 2 }, 8));
		cr_expect(eq(u8, out[14 + 20 + 8], 63), "a hop of the inner packet");
		cr_expect(same(out + 14 + 20 + 12, in + 14 + 12, sizeof(syn) - 14 - 12));
	}
	cr_expect(eq(u64, packets(MG_FORWARD), FRAMES));
	tables_service_state(service, &state);
	cr_expect(eq(u64, state.counter.packets, FRAMES));
	cr_expect(eq(u64, state.counter.starts, FRAMES));
}

Test(wire, delivers_out_of_the_tunnel, .init = lab_up, .fini = lab_down)
{
	struct site_spec to = { .encap = MG_ENCAP_NONE };
	const struct addr endpoint = addr_of_v4((uint8_t[]){ 10, 2, 0, 1 });
	uint8_t in[sizeof(tunnel) + sizeof(syn) - 14], out[256];

	to.outer_dst = addr_of_v4((uint8_t[]){ 10, 1, 0, 2 });
	attach_native("eth0", PORT_ACCESS);
	attach_native("eth2", PORT_CORE);
	cr_assert(eq(int,
		     tables_endpoint_add(lab.tables, &endpoint,
					 &(struct endpoint_spec){ .strip = 1 << MG_ENCAP_IPIP }),
		     0));
	serve(MG_SCOPE_EGRESS, &to);
	memcpy(in, tunnel, sizeof(tunnel));
	memcpy(in + sizeof(tunnel), syn + 14, sizeof(syn) - 14);
	for (uint16_t port = 50000; port < 50000 + FRAMES; port++) {
		frame_send(lab.core, in, sizeof(in), port);
		cr_assert(eq(sz, frame_get(lab.client, out, sizeof(out), port), sizeof(syn)),
			  "port %u", port);
		cr_expect(same(out, (uint8_t[]){ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0 }, 12));
		cr_expect(same(out + 26, syn + 26, 8), "addresses");
	}
	cr_expect(eq(u64, packets(MG_DELIVERED), FRAMES));
}

/* What is no service's goes to the kernel, untouched. */
Test(wire, leaves_the_rest_to_the_kernel, .init = lab_up, .fini = lab_down)
{
	uint8_t in[sizeof(syn)], out[256];
	int here;

	attach_native("eth0", PORT_ACCESS);
	here = packet_socket("eth0");
	memcpy(in, syn, sizeof(in));
	for (uint16_t port = 60000; port < 60000 + FRAMES; port++) {
		frame_send(lab.client, in, sizeof(in), port);
		cr_assert(eq(sz, frame_get(here, out, sizeof(out), port), sizeof(syn)));
		cr_expect(same(out, in, sizeof(in)));
	}
	cr_expect(ge(u64, packets(MG_NOT_OURS), FRAMES));
	close(here);
}
