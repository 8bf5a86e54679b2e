/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths with some of their members at random, packed into blocks of exact size and read back. */
#include "bgp/packed_path.h"

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define STRING_MAX 200000 /* longer than any message makes one */

static uint8_t octets[STRING_MAX];

static void fill(struct random *random, void *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)at)[i] = (uint8_t)random_u64(random);
}

static double number(struct random *random)
{
	static const double some[] = { 8, 0.25, 1e-9, 1.0 / 3, -1, 1e300 };

	return some[random_below(random, ARRAY_SIZE(some))];
}

/* Members stand one by one, so that what lies between them stays as it was. */
static void path_fill(struct random *random, struct bgp_path *path)
{
	path->has = (uint32_t)random_u64(random);
	path->origin = (uint8_t)random_below(random, 3);
	path->med = (uint32_t)random_u64(random);
	path->local_pref = (uint32_t)random_u64(random);
	fill(random, path->originator_id, sizeof(path->originator_id));
	path->aggregator_as = (uint32_t)random_u64(random);
	fill(random, path->aggregator_id, sizeof(path->aggregator_id));
	path->label = (uint32_t)random_u64(random);
	path->partial = random_u64(random);
	fill(random, &path->next_hop, sizeof(path->next_hop));
	path->tunnel.kind = (enum bgp_tunnel_kind)random_below(random, BGP_TUNNEL_COUNT);
	fill(random, &path->tunnel.endpoint, sizeof(path->tunnel.endpoint));
	path->tunnel.behavior = (uint16_t)random_u64(random);
	path->tunnel.vni = (uint32_t)random_u64(random);
	fill(random, path->tunnel.mac, sizeof(path->tunnel.mac));
	path->site_id = (uint16_t)random_u64(random);
	path->carrier = (uint32_t)random_u64(random);
	path->report.has = (uint32_t)random_u64(random);
	path->report.capacity = number(random);
	path->report.service_time_s = number(random);
	path->report.arrival_rate = number(random);
	path->report.in_flight = number(random);
	path->report.utilisation = number(random);
	path->report.window_s = number(random);
	path->report.sampled_ms = (int64_t)random_u64(random);
	path->report.preference = (uint32_t)random_u64(random);
	path->report.availability = (uint16_t)random_u64(random);
	path->report.delay_index = (uint8_t)random_u64(random);
	path->report.score = (uint8_t)random_u64(random);
	path->report.drain = random_below(random, 2);
	fill(random, path->carried, sizeof(path->carried));
}

static void strings_fill(struct random *random, struct bgp_path *path)
{
	static const size_t some[] = { 0, 1, 8, 254, 255, 256, 65535, 65536, STRING_MAX };

	for (size_t i = 0; i < BGP_PATH_STRINGS; i++) {
		size_t len =
			random_below(random, 2) ? some[random_below(random, ARRAY_SIZE(some))] : 0;

		*bgp_path_string(path, i) = (struct bgp_bytes){ len ? octets : NULL, len };
	}
}

static uint8_t *pack(const struct bgp_path *path, size_t *ret_len)
{
	uint8_t *packed;

	*ret_len = packed_path_len(path);
	packed = malloc(*ret_len);
	cr_assert(packed != NULL);
	memset(packed, 0x5a, *ret_len);
	packed_path_write(path, packed);
	return packed;
}

Test(packed_path, comes_back)
{
	struct random random = random_seeded("packed_path");

	fill(&random, octets, sizeof(octets));
	for (int i = 0; i < 300; i++) {
		_cleanup_(freep) uint8_t *packed = NULL;
		struct bgp_path path = { 0 }, back;
		size_t len;

		path_fill(&random, &path);
		memset(&path, 0, random_below(&random, offsetof(struct bgp_path, as_path) + 1));
		strings_fill(&random, &path);
		packed = pack(&path, &len);
		memset(&back, 0xa5, sizeof(back));
		packed_path_read(packed, &back);
		cr_expect(bgp_path_equal(&path, &back), "path %d", i);
		cr_expect(eq(u64, bgp_path_hash(&path), bgp_path_hash(&back)), "path %d", i);
	}
}

/* What lies between the members does not count; each member does, in each of its octets. */
Test(packed_path, is_equal_where_paths_are)
{
	struct random random = random_seeded("packed_path");
	struct bgp_path a, b;

	for (size_t i = 0; i < offsetof(struct bgp_path, as_path); i++) {
		_cleanup_(freep) uint8_t *x = NULL, *y = NULL;
		struct random again = random;
		size_t x_len, y_len;
		bool same;

		memset(&a, 0, sizeof(a));
		memset(&b, 0, sizeof(b));
		((uint8_t *)&b)[i] = 0xff;
		path_fill(&random, &a);
		path_fill(&again, &b);
		x = pack(&a, &x_len);
		y = pack(&b, &y_len);
		cr_expect(x_len == y_len && !memcmp(x, y, x_len), "octet %zu", i);

		((uint8_t *)&b)[i] ^= 0x80; /* a bool is looked at only where it is one */
		freep(&y);
		if (i == offsetof(struct bgp_path, report.drain))
			((uint8_t *)&b)[i] ^= 0x81;
		y = pack(&b, &y_len);
		same = x_len == y_len && !memcmp(x, y, x_len);
		cr_expect(eq(int, same, bgp_path_equal(&a, &b)), "octet %zu", i);
	}
}

/* What a route of ours has in the RIB, so that memory is what it is said to be. */
Test(packed_path, is_short)
{
	static uint8_t communities[8] = { 1 }, ext[72] = { 2 };
	const struct bgp_path path = {
		.tunnel = { .kind = BGP_TUNNEL_IPIP,
			    .endpoint = addr_of_v4((uint8_t[]){ 10, 0, 0, 1 }) },
		.site_id = 3,
		.carrier = BGP_CARRIER_COMMUNITY,
		.report = { .has = 0xff,
			    .capacity = 8,
			    .service_time_s = 0.25,
			    .arrival_rate = 100,
			    .in_flight = 3,
			    .window_s = 5,
			    .sampled_ms = INT64_C(1764000000000) },
		.carried = { 0xff },
		.communities = { communities, sizeof(communities) },
		.ext_communities = { ext, sizeof(ext) },
	};

	cr_expect(le(sz, packed_path_len(&path), 8 + 14 * 4 + 1 + 1 + 8 + 1 + 72));
}
