/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/util.h"
#include "bgp/path.h"
#include "hex.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct bgp_path path_of(const char *as_path)
{
	struct bgp_path path = { 0 };

	path.as_path.at = unhex(as_path, &path.as_path.len);
	return path;
}

static const struct {
	const char *name, *hex;
	size_t len;
	uint32_t first;
	bool has_65001;
} as_paths[] = {
	{ "empty", "", 0, 0, false },
	{ "sequence", "02 02 0000fde8 0000fde9", 2, 65000, true },
	{ "a set counts one", "01 03 00000001 00000002 0000fde9 02 01 00000004", 2, 0, true },
	{ "two sequences", "02 01 00000001 02 01 00000002", 2, 1, false },
};

Test(path, tells_of_its_as_path)
{
	for (size_t i = 0; i < ARRAY_SIZE(as_paths); i++) {
		_cleanup_(bgp_path_clear) struct bgp_path path = path_of(as_paths[i].hex);

		cr_expect(eq(sz, bgp_path_as_len(&path), as_paths[i].len), "%s", as_paths[i].name);
		cr_expect(eq(u32, bgp_path_first_as(&path), as_paths[i].first), "%s",
			  as_paths[i].name);
		cr_expect(eq(int, bgp_path_has_as(&path, 65001), as_paths[i].has_65001), "%s",
			  as_paths[i].name);
	}
}

static const struct {
	const char *name, *before, *after;
} prepended[] = {
	{ "to nothing", "", "02 01 0000fde8" },
	{ "to a sequence", "02 01 00000001", "02 02 0000fde8 00000001" },
	{ "to a set", "01 01 00000001", "02 01 0000fde8 01 01 00000001" },
};

Test(path, prepends_as)
{
	for (size_t i = 0; i < ARRAY_SIZE(prepended); i++) {
		_cleanup_(bgp_path_clear) struct bgp_path path = path_of(prepended[i].before);
		_cleanup_(bgp_path_clear) struct bgp_path want = path_of(prepended[i].after);

		cr_expect(eq(int, bgp_path_prepend_as(&path, 65000), 0));
		cr_expect(bgp_path_equal(&path, &want), "%s", prepended[i].name);
	}
}

Test(path, begins_a_segment_after_255)
{
	_cleanup_(bgp_path_clear) struct bgp_path path = { 0 };

	for (uint32_t as = 1; as <= 600; as++)
		cr_assert(eq(int, bgp_path_prepend_as(&path, as), 0));
	cr_expect(eq(sz, bgp_path_as_len(&path), 600));
	cr_expect(eq(sz, path.as_path.len, 3 * 2 + 600 * 4));
	cr_expect(eq(u32, bgp_path_first_as(&path), 600));
	cr_expect(eq(u8, path.as_path.at[1], 90));
}

Test(path, takes_communities)
{
	_cleanup_(bgp_path_clear) struct bgp_path path = { 0 };

	cr_expect(not(bgp_path_has_community(&path, BGP_COMMUNITY_LLGR_STALE)));
	cr_assert(bgp_path_add_community(&path, BGP_COMMUNITY_NO_LLGR) == 0);
	cr_assert(bgp_path_add_community(&path, BGP_COMMUNITY_LLGR_STALE) == 0);
	cr_expect(eq(sz, path.communities.len, 8));
	cr_expect(bgp_path_has_community(&path, BGP_COMMUNITY_LLGR_STALE));
	cr_expect(bgp_path_has_community(&path, BGP_COMMUNITY_NO_LLGR));
	cr_expect(not(bgp_path_has_community(&path, 0x0006ffff)), "not across two of them");
}

Test(path, prepends_cluster)
{
	static const uint8_t a[4] = { 192, 0, 2, 1 }, b[4] = { 192, 0, 2, 2 };
	_cleanup_(bgp_path_clear) struct bgp_path path = { 0 };

	cr_expect(not(bgp_path_has_cluster(&path, a)));
	cr_expect(eq(int, bgp_path_prepend_cluster(&path, a), 0));
	cr_expect(eq(int, bgp_path_prepend_cluster(&path, b), 0));
	cr_expect(bgp_path_has_cluster(&path, a));
	cr_expect(eq(int, memcmp(path.cluster_list.at, b, 4), 0));
}

/* Each member in turn: a copy is equal, and a change of it is seen. */
Test(path, differs_by_each_member)
{
	static uint8_t octets[] = { 1, 2, 3, 4 };
	const struct bgp_bytes bytes = { octets, sizeof(octets) };
	struct bgp_path plain = { 0 };
	struct bgp_path changed[] = {
		{ .has = 1 },
		{ .origin = 1 },
		{ .med = 1 },
		{ .local_pref = 1 },
		{ .originator_id = { 1 } },
		{ .aggregator_as = 1 },
		{ .aggregator_id = { 1 } },
		{ .partial = 1 },
		{ .next_hop = { { 1 } } },
		{ .tunnel = { .kind = BGP_TUNNEL_IPIP } },
		{ .tunnel = { .behavior = 1 } },
		{ .tunnel = { .endpoint = { { 1 } } } },
		{ .site_id = 1 },
		{ .carrier = 1 },
		{ .report = { .has = 1 } },
		{ .report = { .capacity = 1 } },
		{ .report = { .service_time_s = 1 } },
		{ .report = { .arrival_rate = 1 } },
		{ .report = { .in_flight = 1 } },
		{ .report = { .utilisation = 1 } },
		{ .report = { .window_s = 1 } },
		{ .report = { .sampled_ms = 1 } },
		{ .report = { .preference = 1 } },
		{ .report = { .availability = 1 } },
		{ .report = { .delay_index = 1 } },
		{ .report = { .score = 1 } },
		{ .report = { .drain = true } },
		{ .as_path = bytes },
		{ .cluster_list = bytes },
		{ .communities = bytes },
		{ .ext_communities = bytes },
		{ .prefix_sid = bytes },
		{ .tunnel_encap = bytes },
		{ .metadata = bytes },
		{ .unknown = bytes },
	};

	for (size_t i = 0; i < ARRAY_SIZE(changed); i++) {
		_cleanup_(bgp_path_clear) struct bgp_path copy = { 0 };

		cr_expect(not(bgp_path_equal(&changed[i], &plain)), "member %zu", i);
		cr_assert(eq(int, bgp_path_copy(&changed[i], &copy), 0));
		cr_expect(bgp_path_equal(&changed[i], &copy), "member %zu", i);
		cr_expect(eq(u64, bgp_path_hash(&changed[i]), bgp_path_hash(&copy)));
	}
}
