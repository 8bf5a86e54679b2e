/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/bmp_message.h"

#include "encoded.h"

#define AT_US UINT64_C(1700000000000005)

/* Of IPv4: type, flags, distinguisher, address, AS, identifier, time. */
#define PEER_V4(flags)                                                                       \
	"00 " flags " 0000000000000000 000000000000000000000000 c0000201 0000fde8 0a000001 " \
	"6553f100 00000005 "
#define PEER_V6(flags)                                                                      \
	"00 " flags " 0000000000000000 20010db8000000000000000000000001 fffffffe 0a000001 " \
	"6553f100 00000005 "

static const struct bmp_peer peer_v4 = {
	.remote = { { [10] = 0xff, 0xff, 192, 0, 2, 1 } },
	.as = 65000,
	.router_id = { 10, 0, 0, 1 },
	.as4 = true,
};
static const struct bmp_peer peer_v6 = {
	.remote = { { 0x20, 1, 0xd, 0xb8, [15] = 1 } },
	.as = 4294967294,
	.router_id = { 10, 0, 0, 1 },
};

static struct cursor text(const char *octets)
{
	return cursor_of(octets, strlen(octets));
}

static struct bgp_peer session(void)
{
	static const struct bgp_codec codec = { .remote_as = 65000, .as4 = true };

	return (struct bgp_peer){ .neighbor = 1,
				  .router_id = { 10, 0, 0, 1 },
				  .local = { { [10] = 0xff, 0xff, 192, 0, 2, 9 } },
				  .remote = peer_v4.remote,
				  .local_port = 179,
				  .remote_port = 40000,
				  .codec = &codec,
				  .open_sent = text("SENT"),
				  .open_received = text("RECEIVED") };
}

static void initiation(struct writer *w)
{
	bmp_initiation("r1", "Margay 1", w);
}

static void termination(struct writer *w)
{
	bmp_termination(BMP_STOP_RESOURCES, w);
}

static void peer_up(struct writer *w)
{
	struct bgp_peer peer = session();

	bmp_peer_up(&peer, AT_US, w);
}

static void down_by_us(struct writer *w)
{
	bmp_peer_down(&peer_v4, BGP_ENDED_BY_US, text("NOTE"), AT_US, w);
}

static void down_by_us_silently(struct writer *w)
{
	bmp_peer_down(&peer_v4, BGP_ENDED_BY_US_SILENTLY, text(""), AT_US, w);
}

static void down_by_them(struct writer *w)
{
	bmp_peer_down(&peer_v6, BGP_ENDED_BY_THEM, text("NOTE"), AT_US, w);
}

static void down_by_them_silently(struct writer *w)
{
	bmp_peer_down(&peer_v4, BGP_ENDED_BY_THEM_SILENTLY, text(""), AT_US, w);
}

static void statistics(struct writer *w)
{
	struct bmp_statistics statistics = { .routes = UINT64_C(1) << 32, .updates_withdrawn = 3 };

	bmp_statistics(&peer_v4, &statistics, AT_US, w);
}

static void route_pre(struct writer *w)
{
	bmp_route(&peer_v4, text("UPDATE"), AT_US, w);
}

static void route_post(struct writer *w)
{
	struct bmp_peer peer = peer_v6;

	peer.post_policy = true;
	bmp_route(&peer, text("UPDATE"), AT_US, w);
}

static void mirror(struct writer *w)
{
	bmp_mirror(&peer_v4, text("BAD"), AT_US, w);
}

static const struct encoded vectors[] = {
	{ "Initiation", initiation, "03 00000018 04  0001 0008 4d61726761792031  0002 0002 7231" },
	{ "Termination", termination, "03 0000000c 05  0001 0002 0002" },
	{ "Peer Up", peer_up,
	  "03 00000050 03 " PEER_V4("00") "000000000000000000000000 c0000209 00b3 9c40 "
					  "53454e54 5245434549564544" },
	{ "Peer Down, by us", down_by_us, "03 00000035 02 " PEER_V4("00") "01 4e4f5445" },
	{ "Peer Down, by us, silently", down_by_us_silently,
	  "03 00000033 02 " PEER_V4("00") "02 0000" },
	{ "Peer Down, by them, 2-octet AS_PATH", down_by_them,
	  "03 00000035 02 " PEER_V6("a0") "03 4e4f5445" },
	{ "Peer Down, by them, silently", down_by_them_silently,
	  "03 00000031 02 " PEER_V4("00") "04" },
	{ "Statistics Report", statistics,
	  "03 00000048 01 " PEER_V4("00") "00000002 0007 0008 0000000100000000 "
					  "000b 0004 00000003" },
	{ "Route Monitoring, pre-policy", route_pre,
	  "03 00000036 00 " PEER_V4("00") "555044415445" },
	{ "Route Monitoring, post-policy, IPv6, 2-octet AS_PATH", route_post,
	  "03 00000036 00 " PEER_V6("e0") "555044415445" },
	{ "Route Mirroring", mirror,
	  "03 0000003d 06 " PEER_V4("00") "0001 0002 0000  0000 0003 424144" },
};

Test(bmp_message, is_as_the_rfc_has_it)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		expect_encoded(&vectors[i]);
}

Test(bmp_message, does_not_fit_into_less)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		expect_no_fit(&vectors[i]);
}
