/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/mrt_record.h"

#include "encoded.h"
#include "feed/mrt_dir.h"

#define AT_S 1700000000

static const struct bgp_path path_v4 = { .next_hop = { { [10] = 0xff, 0xff, 192, 0, 2, 1 } } };
static const struct bgp_path path_v6 = { .next_hop = { { 0x20, 1, 0xd, 0xb8, [15] = 1 } },
					 .has = BGP_HAS_LOCAL_PREF,
					 .local_pref = 200 };
static const struct bgp_path path_vpn = { .next_hop = { { [10] = 0xff, 0xff, 192, 0, 2, 1 } },
					  .label = 0x000641 };
static const struct bgp_path path_own = { 0 };
static const struct bgp_dst dst_v4 = { .prefix = { { { [10] = 0xff, 0xff, 198, 51, 100, 0 } },
						   24 } };
static const struct bgp_dst dst_v6 = { .prefix = { { { 0x20, 1, 0xd, 0xb8 } }, 32 } };
static const struct bgp_dst dst_vpn = { .prefix = { { { [10] = 0xff, 0xff, 10, 1, 0, 0 } }, 16 },
					.vpn = 1,
					.rd = { { 0, 0, 0xfd, 0xe8, 0, 0, 0, 7 } } };

static void peers(struct writer *w)
{
	static const struct mrt_peer all[] = {
		{ .router_id = { 10, 0, 0, 9 }, .as = 65000 },
		{ .router_id = { 10, 0, 0, 1 },
		  .addr = { { [10] = 0xff, 0xff, 192, 0, 2, 1 } },
		  .as = 65000 },
		{ .router_id = { 10, 0, 0, 2 },
		  .addr = { { 0x20, 1, 0xd, 0xb8, [15] = 2 } },
		  .as = 4200000000 },
	};

	mrt_peers(AT_S, (const uint8_t[]){ 10, 0, 0, 9 }, "v", all, ARRAY_SIZE(all), w);
}

static void rib_v4(struct writer *w)
{
	const struct mrt_route routes[] = { { 1, 1699999999, 0, &path_v4 },
					    { 0, 1699999998, 0, &path_own } };

	mrt_rib(AT_S, 7, &dst_v4, false, routes, ARRAY_SIZE(routes), w);
}

static void rib_v6_add_path(struct writer *w)
{
	const struct mrt_route route = { 2, 1699999999, 5, &path_v6 };

	mrt_rib(AT_S, 8, &dst_v6, true, &route, 1, w);
}

static void rib_vpn(struct writer *w)
{
	const struct mrt_route route = { 1, 1699999999, 0, &path_vpn };

	mrt_rib(AT_S, 9, &dst_vpn, false, &route, 1, w);
}

static struct bgp_peer peer_of(const struct bgp_codec *codec)
{
	return (struct bgp_peer){ .local = { { [10] = 0xff, 0xff, 192, 0, 2, 9 } },
				  .remote = path_v4.next_hop,
				  .codec = codec };
}

static void message(struct writer *w, bool as4, bool add_path)
{
	const struct bgp_codec codec = { .local_as = 65000, .remote_as = 4200000000, .as4 = as4 };
	struct bgp_peer peer = peer_of(&codec);

	mrt_message(&peer, cursor_of("UPDATE", 6), add_path, AT_S * UINT64_C(1000000) + 5, w);
}

static void message_as4(struct writer *w)
{
	message(w, true, false);
}

static void message_as2(struct writer *w)
{
	message(w, false, false);
}

static void message_add_path(struct writer *w)
{
	message(w, true, true);
}

static void message_as2_add_path(struct writer *w)
{
	message(w, false, true);
}

static void state(struct writer *w)
{
	const struct bgp_codec codec = { .local_as = 65000, .remote_as = 65001 };
	struct bgp_peer peer = peer_of(&codec);

	mrt_state(&peer, MRT_OPEN_CONFIRM, MRT_ESTABLISHED, AT_S * UINT64_C(1000000) + 5, w);
}

#define T "6553f100 "
/* ORIGIN, AS_PATH (empty), and so on, as RFC 6396 section 4.3.4 has them. */
#define ORIGIN  "40 01 01 00 "
#define AS_PATH "40 02 00 "
#define ENDS    "0000 0001 c0000201 c0000209 "

static const struct encoded vectors[] = {
	{ "PEER_INDEX_TABLE", peers,
	  T "000d 0001 0000003c  0a000009 0001 76 0003 "
	    "02 0a000009 00000000 0000fde8 "
	    "02 0a000001 c0000201 0000fde8 "
	    "03 0a000002 20010db8000000000000000000000002 fa56ea00" },
	{ "RIB_IPV4_UNICAST", rib_v4,
	  T "000d 0002 00000036  00000007 18 c63364 0002 "
	    "0001 6553f0ff 000e " ORIGIN AS_PATH "40 03 04 c0000201 "
	    "0000 6553f0fe 000e " ORIGIN AS_PATH "40 03 04 00000000" },
	{ "RIB_IPV6_UNICAST_ADDPATH", rib_v6_add_path,
	  T
	  "000d 000a 00000039  00000008 20 20010db8 0001 "
	  "0002 6553f0ff 00000005 0022 80 0e 11 10 20010db8000000000000000000000001 " ORIGIN AS_PATH
	  "40 05 04 000000c8" },
	{ "RIB_GENERIC", rib_vpn,
	  T "000d 0006 00000036  00000009 0001 80 68 000641 0000fde800000007 0a01 0001 "
	    "0001 6553f0ff 0017 80 0e 0d 0c 0000000000000000 c0000201 " ORIGIN AS_PATH },
	{ "BGP4MP_MESSAGE_AS4", message_as4,
	  T "0011 0004 0000001e 00000005 fa56ea00 0000fde8 " ENDS "555044415445" },
	{ "BGP4MP_MESSAGE", message_as2,
	  T "0011 0001 0000001a 00000005 5ba0 fde8 " ENDS "555044415445" },
	{ "BGP4MP_MESSAGE_AS4_ADDPATH", message_add_path,
	  T "0011 0009 0000001e 00000005 fa56ea00 0000fde8 " ENDS "555044415445" },
	{ "BGP4MP_MESSAGE_ADDPATH", message_as2_add_path,
	  T "0011 0008 0000001a 00000005 5ba0 fde8 " ENDS "555044415445" },
	{ "BGP4MP_STATE_CHANGE_AS4", state,
	  T "0011 0005 0000001c 00000005 0000fde9 0000fde8 " ENDS "0005 0006" },
};

Test(mrt_record, is_as_the_rfcs_have_it)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		expect_encoded(&vectors[i]);
}

Test(mrt_record, does_not_fit_into_less)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		expect_no_fit(&vectors[i]);
}

static const struct {
	const char *name;
	bool fits;
} names[] = {
	{ "table", true },
	{ "2026-11-25_1.mrt", true },
	{ "", false },
	{ ".", false },
	{ "..", false },
	{ ".hidden", false },
	{ "a/b", false },
	{ "../a", false },
	{ "/etc/passwd", false },
	{ "a b", false },
	{ "a\nb", false },
	{ "x.part", false },
	{ "rib.20261125.120000.mrt", false },
	{ "updates.20261125.120000.mrt", false },
	{ "rib.20261125.12000.mrt", true },
	{ "0123456789012345678901234567890123456789012345678901234567890123", true },
	{ "01234567890123456789012345678901234567890123456789012345678901234", false },
};

Test(mrt_dir, takes_plain_words_only)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		cr_expect(eq(int, mrt_dir_name_fits(names[i].name), names[i].fits), "%s",
			  names[i].name);
}

static void touch(const char *dir, const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	cr_assert(file != NULL);
	fclose(file);
}

static bool there(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

Test(mrt_dir, keeps_the_newest_and_what_is_not_its)
{
	char dir[] = "/tmp/mrt_test.XXXXXX", name[MRT_STAMPED_STRLEN];

	cr_assert(mkdtemp(dir) != NULL);
	cr_expect(eq(str, (char *)mrt_dir_stamped("rib", AT_S, name),
		     (char *)"rib.20231114.221320.mrt"));
	touch(dir, "rib.20231114.221320.mrt");
	touch(dir, "rib.20231114.221321.mrt");
	touch(dir, "rib.20231113.235959.mrt");
	touch(dir, "updates.20231113.235959.mrt");
	touch(dir, "rib.mine.mrt");
	mrt_dir_prune(dir, "rib", 1);
	cr_expect(there(dir, "rib.20231114.221321.mrt"));
	cr_expect(not(there(dir, "rib.20231114.221320.mrt")));
	cr_expect(not(there(dir, "rib.20231113.235959.mrt")));
	cr_expect(there(dir, "updates.20231113.235959.mrt"));
	cr_expect(there(dir, "rib.mine.mrt"));

	touch(dir, "updates.20231114.000000.mrt.part");
	touch(dir, "rib.20231114.000000.mrt.part");
	mrt_dir_mend(dir);
	cr_expect(there(dir, "updates.20231114.000000.mrt"), "a log that was cut short is kept");
	cr_expect(not(there(dir, "rib.20231114.000000.mrt")));
	cr_expect(not(there(dir, "rib.20231114.000000.mrt.part")));
	mrt_dir_prune(dir, "rib", 0);
	mrt_dir_prune(dir, "updates", 0);
	snprintf(name, sizeof(name), "%s/rib.mine.mrt", dir);
	cr_expect(unlink(name) == 0 && rmdir(dir) == 0);
}
