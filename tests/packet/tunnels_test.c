/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel at the other end of our tunnels, and we at the end of its: `far` is a namespace with
 * Linux's own SRv6 behaviours, encapsulating routes and VXLAN devices, behind core0. Datagrams are
 * read by sockets there, so that the kernel has judged every octet of them.
 */
#include "netns.h"
#include "tables/state.h"

#include <arpa/inet.h>
#include <criterion/new/assert.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#define PIN_DIR "/sys/fs/bpf/margay"
#define SLOTS   64
#define PORT    5300
#define WORDS   "a datagram"

#define SERVICE4 "192.0.2.80"
#define SERVICE6 "2001:db8:80::80"
#define CLIENT4  "10.1.0.2"
#define CLIENT6  "2001:db8:1::2"

static const struct tables_config config = {
	.pin_dir = PIN_DIR,
	.services = 8,
	.slots = 4096,
	.pin_sets = 64,
	.members = 1024,
	.sites = 64,
};

static struct lab {
	uv_loop_t loop;
	struct tables *tables;
	int us, far; /* namespaces */
} lab;

static void __attribute__((format(printf, 1, 2))) far_sh(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	netns_enter(lab.far);
	sh("%s", command);
	netns_enter(lab.us);
}

static void wire(const char *name, const char *mac, const char *v4, const char *v6)
{
	sh("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.%s.rp_filter=0 "
	   "net.ipv6.conf.%s.accept_dad=0",
	   name, name);
	sh("ip link set %s address %s up && ip addr add %s/24 dev %s && ip addr add %s/64 dev %s",
	   name, mac, v4, name, v6, name);
}

/* A veth end drops what is redirected to it, unless the other end takes frames of XDP. */
static void lab_up(void)
{
	kernel_private();
	lab.far = netns_new();
	lab.us = netns_new();
	sh("ip link add acc0 type veth peer name cli0 && ethtool -K cli0 gro on");
	sh("ip link add core0 type veth peer name far0 netns /proc/self/fd/%d", lab.far);
	sh("ip link set cli0 address 02:00:00:00:00:01 up");
	wire("acc0", "02:00:00:00:00:10", "10.1.0.1", "2001:db8:1::1");
	wire("core0", "02:00:00:00:00:02", "10.2.0.1", "2001:db8:2::1");
	netns_enter(lab.far);
	wire("far0", "02:00:00:00:00:03", "10.2.0.2", "2001:db8:2::2");
	netns_enter(lab.us);
	far_sh("ethtool -K far0 gro on");
	far_sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
	far_sh("ip neigh add 10.2.0.1 lladdr 02:00:00:00:00:02 dev far0 nud permanent");
	far_sh("ip neigh add 2001:db8:2::1 lladdr 02:00:00:00:00:02 dev far0 nud permanent");
	sh("ip neigh add 10.2.0.2 lladdr 02:00:00:00:00:03 dev core0 nud permanent");
	sh("ip neigh add 2001:db8:2::2 lladdr 02:00:00:00:00:03 dev core0 nud permanent");
	sh("ip neigh add " CLIENT4 " lladdr 02:00:00:00:00:01 dev acc0 nud permanent");
	sh("ip neigh add " CLIENT6 " lladdr 02:00:00:00:00:01 dev acc0 nud permanent");
	sh("ip -6 route add 2001:db8:5::/48 via 2001:db8:2::2");
	cr_assert(eq(int, uv_loop_init(&lab.loop), 0));
	cr_assert(eq(int, tables_open(&lab.loop, &config, &lab.tables), 0));
}

static void lab_down(void)
{
	tables_close(&lab.tables);
	loop_end(&lab.loop);
}

static void attach(const char *name, enum port_role role)
{
	const struct port_spec spec = { .role = role };
	enum port_mode mode;

	cr_assert(eq(int, tables_port_attach(lab.tables, name, &spec, &mode), 0));
}

static struct addr addr(const char *text)
{
	struct in_addr v4;
	struct addr ret = { 0 };

	if (inet_pton(AF_INET, text, &v4) == 1)
		return addr_of_v4((uint8_t *)&v4);
	cr_assert(inet_pton(AF_INET6, text, &ret) == 1, "%s", text);
	return ret;
}

static bool site_reached(void *site)
{
	return tables_site_reached(lab.tables, *(uint32_t *)site);
}

static uint32_t site(const struct site_spec *spec)
{
	uint32_t index;

	cr_assert(eq(int, tables_site_get(lab.tables, spec, &index), 0));
	cr_assert(loop_until(&lab.loop, site_reached, &index, 5000), "no next hop");
	return index;
}

/* The service with one member, in all of its slots. */
static void serve(enum mg_scope scope, bool v4, uint32_t to)
{
	struct service_spec spec = { .slots = SLOTS, .idle_s = 10 };
	struct addr at = addr(v4 ? SERVICE4 : SERVICE6);
	struct table_service *service = NULL;
	uint16_t member, pairs[2 * SLOTS];

	memcpy(spec.key.addr, &at, sizeof(spec.key.addr));
	spec.key.port = PORT;
	spec.key.proto = IPPROTO_UDP;
	spec.key.scope = scope;
	cr_assert(eq(int, tables_service_add(lab.tables, &spec, &service), 0));
	cr_assert(eq(int, tables_member_add(service, to, &member), 0));
	tables_member_state(service, member, MG_UP, 100);
	for (int i = 0; i < 2 * SLOTS; i++)
		pairs[i] = i % 2 ? MG_MEMBER_NONE : member;
	cr_assert(eq(sz, tables_slots_apply(service, pairs, uv_hrtime()), SLOTS));
}

static uint64_t packets(enum mg_verdict verdict)
{
	struct mg_counter all[MG_VERDICT_COUNT];

	tables_verdicts(lab.tables, all);
	return all[verdict].packets;
}

/* --- datagrams -------------------------------------------------------------------------------- */
static uint32_t sum(const void *bytes, size_t len, uint32_t from)
{
	const uint8_t *octets = bytes;

	for (size_t i = 0; i < len; i++)
		from += i % 2 ? octets[i] : octets[i] << 8;
	return from;
}

static uint16_t checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static const uint8_t link_v4[] = { 2, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0, 1, 0x08, 0 };
static const uint8_t link_v6[] = { 2, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0, 1, 0x86, 0xdd };

/* A frame from the client to the service; its length. */
static size_t frame_of(bool v4, uint8_t ret[256])
{
	uint8_t *ip = ret + ETH_HLEN, *udp = ip + (v4 ? 20 : 40), *src = ip + (v4 ? 12 : 8);
	uint16_t len = 8 + sizeof(WORDS), total = 20 + len, to = htons(PORT), be = htons(len), csum;
	size_t addrs = v4 ? 8 : 32;

	memset(ret, 0, 256);
	memcpy(ret, v4 ? link_v4 : link_v6, ETH_HLEN);
	memcpy(ip, v4 ? "\x45\x28\0\0\0\0\0\0\x40\x11" : "\x62\x80\0\0\0\0\x11\x40", v4 ? 10 : 8);
	inet_pton(v4 ? AF_INET : AF_INET6, v4 ? CLIENT4 : CLIENT6, src);
	inet_pton(v4 ? AF_INET : AF_INET6, v4 ? SERVICE4 : SERVICE6, src + addrs / 2);
	memcpy(udp, "\x9c\x40", 2);
	memcpy(udp + 2, &to, 2);
	memcpy(udp + 4, &be, 2);
	memcpy(udp + 8, WORDS, sizeof(WORDS));
	csum = checksum(sum(src, addrs, sum(udp, len, IPPROTO_UDP + len)));
	memcpy(udp + 6, &csum, 2);
	be = htons(v4 ? total : len);
	memcpy(ip + (v4 ? 2 : 4), &be, 2);
	csum = checksum(sum(ip, 20, 0));
	if (v4)
		memcpy(ip + 10, &csum, 2);
	return (size_t)(udp - ret) + len;
}

static int packet_socket(const char *name)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	at.sll_ifindex = (int)if_nametoindex(name);
	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	return fd;
}

static struct sockaddr_in6 socket_addr(const char *text)
{
	struct sockaddr_in6 ret = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	struct addr at = addr(text);

	memcpy(&ret.sin6_addr, &at, sizeof(ret.sin6_addr));
	return ret;
}

/* Takes both families. */
static int datagram_socket(void)
{
	struct sockaddr_in6 any = socket_addr("::");
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0);
	return fd;
}

static void wants_datagram(int fd, const char *from, const char *row)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct sockaddr_in6 got, want = socket_addr(from);
	socklen_t len = sizeof(got);
	char words[64] = "";

	cr_assert(eq(int, poll(&wait, 1, 3000), 1), "%s: nothing came", row);
	recvfrom(fd, words, sizeof(words), 0, (struct sockaddr *)&got, &len);
	cr_expect(eq(str, words, (char *)WORDS), "%s", row);
	cr_expect(memcmp(&got.sin6_addr, &want.sin6_addr, 16) == 0, "%s: another sender", row);
}

/* The frame that came out at the client's link, but for what its own side sends. */
static void wants_frame(int fd, bool v4, uint8_t ttl, const char *row)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	uint8_t frame[256];

	while (poll(&wait, 1, 3000) > 0) {
		struct sockaddr_ll from;
		socklen_t from_len = sizeof(from);
		ssize_t len =
			recvfrom(fd, frame, sizeof(frame), 0, (struct sockaddr *)&from, &from_len);

		if (from.sll_pkttype == PACKET_OUTGOING || len < ETH_HLEN + 28 ||
		    memcmp(frame + len - sizeof(WORDS), WORDS, sizeof(WORDS)))
			continue;
		cr_expect(eq(sz, (size_t)len, ETH_HLEN + (v4 ? 20 : 40) + 8 + sizeof(WORDS)), "%s",
			  row);
		cr_expect(eq(u8, frame[ETH_HLEN + (v4 ? 8 : 7)], ttl), "%s", row);
		cr_expect(eq(u16, v4 ? checksum(sum(frame + ETH_HLEN, 20, 0)) : 0, 0),
			  "%s: checksum", row);
		return;
	}
	cr_expect(false, "%s: nothing came", row);
}

/* --- the far side ----------------------------------------------------------------------------- */
#define SEG6LOCAL "ip -6 route add 2001:db8:5::%x encap seg6local action %s dev far0"

static void far_behaviours(void)
{
	for (int i = 1; i < MG_SEGMENTS_MAX; i++)
		far_sh(SEG6LOCAL, i, "End");
	far_sh(SEG6LOCAL, 0xd4, "End.DX4 nh4 0.0.0.0");
	far_sh(SEG6LOCAL, 0x46, "End.DT6 table local");
}

static void far_vxlan(void)
{
	far_sh("ip link add vx4 address 02:00:00:00:04:02 type vxlan id 7004 dstport 4789 "
	       "local 10.2.0.2 remote 10.2.0.1 dev far0 && ip link set vx4 mtu 1400 up");
	far_sh("ip link add vx6 address 02:00:00:00:06:02 type vxlan id 7006 dstport 4789 "
	       "local 2001:db8:2::2 remote 2001:db8:2::1 dev far0 udp6zerocsumrx "
	       "udp6zerocsumtx && ip link set vx6 mtu 1400 up");
	far_sh("sysctl -qw net.ipv4.conf.vx4.rp_filter=0 net.ipv4.conf.vx6.rp_filter=0");
}

static int far_service(void)
{
	int fd;

	far_sh("ip addr add " SERVICE4 "/32 dev lo && ip addr add " SERVICE6 "/128 dev lo");
	netns_enter(lab.far);
	fd = datagram_socket();
	netns_enter(lab.us);
	return fd;
}

/* --- into the kernel's end -------------------------------------------------------------------- */
static struct site_spec srv6(const char *first, size_t waypoints, const char *last)
{
	struct site_spec spec = { .encap = MG_ENCAP_SRV6 };
	char text[64];

	spec.outer_src = addr("2001:db8:2::1");
	spec.outer_dst = addr(first);
	for (size_t i = 0; i < waypoints; i++) {
		snprintf(text, sizeof(text), "2001:db8:5::%zx", i + 2);
		spec.segment[i] = addr(i + 1 < waypoints ? text : last);
	}
	spec.segment_count = waypoints;
	return spec;
}

static struct site_spec vxlan(bool v4)
{
	struct site_spec spec = { .encap = MG_ENCAP_VXLAN,
				  .vni = v4 ? 7004 : 7006,
				  .inner_dst = { 2, 0, 0, 0, v4 ? 4 : 6, 2 },
				  .inner_src = { 2, 0, 0, 0, v4 ? 4 : 6, 1 } };

	spec.outer_src = addr(v4 ? "10.2.0.1" : "2001:db8:2::1");
	spec.outer_dst = addr(v4 ? "10.2.0.2" : "2001:db8:2::2");
	return spec;
}

static void send_frame(int fd, bool v4)
{
	uint8_t frame[256];
	size_t len = frame_of(v4, frame);

	cr_assert(eq(sz, (size_t)send(fd, frame, len, 0), len));
}

static void reaches(enum port_role role, const struct site_spec *to, bool v4, const char *row)
{
	int in = packet_socket("cli0"), out = far_service();

	far_behaviours();
	far_vxlan();
	attach("acc0", role);
	attach("core0", PORT_CORE);
	serve(MG_SCOPE_INGRESS, v4, site(to));
	send_frame(in, v4);
	wants_datagram(out, v4 ? CLIENT4 : CLIENT6, row);
	cr_expect(eq(u64, packets(MG_FORWARD), 1), "%s", row);
	close(in);
	close(out);
}

#define REACHES(name, spec, v4)                                      \
	Test(tunnels, into_##name, .init = lab_up, .fini = lab_down) \
	{                                                            \
		struct site_spec to = spec;                          \
                                                                     \
		reaches(PORT_ACCESS, &to, v4, #name);                \
	}

REACHES(end_dx4, srv6("2001:db8:5::d4", 0, NULL), true)
REACHES(end_dx4_over_a_waypoint, srv6("2001:db8:5::1", 1, "2001:db8:5::d4"), true)
REACHES(end_dt6_over_five_waypoints, srv6("2001:db8:5::1", 5, "2001:db8:5::46"), false)
REACHES(vxlan_over_ipv4, vxlan(true), true)
REACHES(vxlan_over_ipv4_ipv6, vxlan(true), false)
REACHES(vxlan_over_ipv6, vxlan(false), true)
REACHES(vxlan_over_ipv6_ipv6, vxlan(false), false)

/* --- out of the kernel's tunnels -------------------------------------------------------------- */
static void endpoint(const char *at, const struct endpoint_spec *spec)
{
	struct addr to = addr(at);

	cr_assert(eq(int, tables_endpoint_add(lab.tables, &to, spec), 0));
}

static void far_sends(const char *to)
{
	struct sockaddr_in6 at = socket_addr(to);
	int fd;

	netns_enter(lab.far);
	fd = datagram_socket();
	cr_assert(sendto(fd, WORDS, sizeof(WORDS), 0, (struct sockaddr *)&at, sizeof(at)) ==
		  sizeof(WORDS));
	netns_enter(lab.us);
	close(fd);
}

static uint32_t instance(bool v4)
{
	struct site_spec to = { .encap = MG_ENCAP_NONE };

	to.outer_dst = addr(v4 ? CLIENT4 : CLIENT6);
	return site(&to);
}

/* route: how far gets to the service. */
static void delivers(const char *at, struct endpoint_spec spec, bool v4, const char *route)
{
	bool connects = spec.behavior == MG_END_DX4 || spec.behavior == MG_END_DX6;
	int out = packet_socket("cli0");
	uint32_t to = instance(v4);

	far_vxlan();
	far_sh("ip -6 route add 2001:db8:6::/48 via 2001:db8:2::1");
	far_sh("%s", route);
	attach("acc0", PORT_ACCESS);
	attach("core0", PORT_CORE);
	spec.site = connects ? to : 0;
	endpoint(at, &spec);
	if (!connects)
		serve(MG_SCOPE_EGRESS, v4, to);
	far_sends(v4 ? SERVICE4 : SERVICE6);
	wants_frame(out, v4, 63, route);
	cr_expect(eq(u64, packets(connects ? MG_CONNECTED : MG_DELIVERED), 1), "%s", route);
	close(out);
}

#define STRIP(what) .strip = 1 << MG_ENCAP_##what
#define SEG6(family, to, mode) \
	"ip " family " route add " to " encap seg6 mode " mode " segs 2001:db8:6::1 dev far0"
#define NEIGHBOUR(to, name) \
	" && ip neigh add " to " lladdr 02:00:00:00:00:99 dev " name " nud permanent"
#define OVER(family, to, name) "ip " family " route add " to " dev " name NEIGHBOUR(to, name)
#define DELIVERS(name, at, spec, v4, route)                            \
	Test(tunnels, out_of_##name, .init = lab_up, .fini = lab_down) \
	{                                                              \
		delivers(at, (struct endpoint_spec)spec, v4, route);   \
	}

#define SPEC(...)           \
	{                   \
		__VA_ARGS__ \
	}

DELIVERS(seg6_with_an_srh, "2001:db8:6::1", SPEC(STRIP(SRV6)), true, SEG6("", SERVICE4, "encap"))
DELIVERS(seg6_with_an_srh_ipv6, "2001:db8:6::1", SPEC(STRIP(SRV6)), false,
	 SEG6("-6", SERVICE6, "encap"))
DELIVERS(seg6_reduced, "2001:db8:6::1", SPEC(STRIP(SRV6), .behavior = MG_END_DT4), true,
	 SEG6("", SERVICE4, "encap.red"))
DELIVERS(seg6_to_end_dx6, "2001:db8:6::1", SPEC(STRIP(SRV6), .behavior = MG_END_DX6), false,
	 SEG6("-6", SERVICE6, "encap"))
DELIVERS(vxlan_over_ipv4, "10.2.0.1", SPEC(STRIP(VXLAN), .vni = 7004), true,
	 OVER("", SERVICE4, "vx4"))
DELIVERS(vxlan_over_ipv6, "2001:db8:2::1", SPEC(STRIP(VXLAN), .vni = 7006), false,
	 OVER("-6", SERVICE6, "vx6"))

/* The kernel behind the endpoint: a socket of ours has what no service takes. */
Test(tunnels, to_our_kernel, .init = lab_up, .fini = lab_down)
{
	int fd = datagram_socket();

	sh("ip addr add 203.0.113.5/32 dev lo");
	far_sh("ip -6 route add 2001:db8:6::/48 via 2001:db8:2::1");
	far_sh(SEG6("", "203.0.113.5", "encap"));
	attach("core0", PORT_CORE);
	endpoint("2001:db8:6::1", &(struct endpoint_spec){ STRIP(SRV6), .flags = MG_KERNEL });
	far_sends("203.0.113.5");
	wants_datagram(fd, "10.2.0.2", "to our kernel");
	cr_expect(eq(u64, packets(MG_ROUTED), 1));
	close(fd);
}
