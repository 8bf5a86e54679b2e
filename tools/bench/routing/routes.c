/* SPDX-License-Identifier: BSD-2-Clause */
#include "routes.h"

#include "base/fnv.h"
#include "base/log.h"
#include "base/util.h"
#include "bgp/message.h"
#include "bgp/update.h"

#include <errno.h>
#include <string.h>

#define CLASSES     8
#define GROUPS      (ROUTES_EGRESSES * CLASSES) /* shared paths of a family */
#define SAMPLED_MS  INT64_C(1764000000000)      /* some day of 2025 */
#define COMMUNITIES 2

/* Routes 0, 2, 4, ... are IPv4. Every other one of a family shares its path. */
static bool route_v4(uint32_t i)
{
	return i % 2 == 0;
}

static bool route_shares(uint32_t i)
{
	return i / 2 % 2;
}

static uint32_t route_group(uint32_t i)
{
	return i / 4 % GROUPS;
}

static struct addr addr_numbered(const char *base, uint32_t number)
{
	struct addr addr = { 0 };

	addr_parse(base, &addr);
	for (int i = 15; number; i--, number >>= 8)
		addr.octet[i] = (uint8_t)(addr.octet[i] + (number & 0xff));
	return addr;
}

struct prefix routes_prefix(const struct routes *routes, uint32_t i)
{
	struct addr addr = addr_numbered(route_v4(i) ? "198.18.0.0" : "2001:db8:5::", i / 2);

	return prefix_of_host(&addr);
}

uint32_t routes_find(const struct routes *routes, const struct prefix *prefix)
{
	const uint8_t *o = prefix->addr.octet;
	bool v4 = addr_is_v4(&prefix->addr);
	uint32_t at = (uint32_t)(o[13] & (v4 ? 1 : 0xff)) << 16 | (uint32_t)o[14] << 8 | o[15];
	uint32_t i = 2 * at + !v4;
	struct prefix own;

	if (i >= routes->count)
		return routes->count;
	own = routes_prefix(routes, i);
	return prefix_equal(&own, prefix) ? i : routes->count;
}

/* Owned by the caller's storage: communities borrow `words`. */
static struct bgp_path route_path(uint32_t i, uint32_t generation, uint8_t words[COMMUNITIES * 4])
{
	uint32_t group = route_group(i), egress = group % ROUTES_EGRESSES;
	bool v4 = route_v4(i), shares = route_shares(i) && !generation;
	struct bgp_path path = {
		.has = BGP_HAS_LOCAL_PREF | BGP_HAS_REPORT | BGP_HAS_SITE_ID,
		.local_pref = 100,
		.site_id = (uint16_t)(egress + 1),
		.next_hop = addr_numbered(v4 ? "10.98.0.10" : "2001:db8:98::10", egress),
		.tunnel = { .kind = v4 ? BGP_TUNNEL_IPIP : BGP_TUNNEL_SRV6 },
		.report = { .has = REPORT_CAPACITY, .capacity = 8 + group / ROUTES_EGRESSES },
		.communities = { words, COMMUNITIES * 4 },
	};
	struct writer w = writer_of(words, COMMUNITIES * 4);

	path.tunnel.endpoint = v4 ? path.next_hop : addr_numbered("2001:db8:51d::", egress);
	path.tunnel.behavior = v4 ? 0 : 20; /* End.DT46: RFC 8986 section 10.2 */
	if (!shares) {
		path.report.has |= REPORT_SERVICE_TIME | REPORT_ARRIVAL_RATE | REPORT_WINDOW |
				   REPORT_IN_FLIGHT | REPORT_SAMPLED;
		path.report.service_time_s = 0.01 * (1 + i % 7);
		path.report.arrival_rate = 10 + i % 100;
		path.report.window_s = 5;
		path.report.in_flight = i % 16;
		path.report.sampled_ms = SAMPLED_MS + i + (int64_t)generation * 1000000;
	}
	writer_u16(&w, 65000);
	writer_u16(&w, (uint16_t)(100 + egress));
	writer_u16(&w, 65000);
	writer_u16(&w, (uint16_t)(1000 + group / ROUTES_EGRESSES));
	return path;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}

/* The same in whatever order they come. */
static uint64_t words_print(const struct bgp_bytes *bytes, size_t octets)
{
	struct cursor c = cursor_of(bytes->at, bytes->len);
	uint64_t sum = 0;

	while (cursor_left(&c))
		sum += mix(cursor_uint(&c, octets) + octets);
	return sum;
}

static uint64_t bytes_print(uint64_t print, const struct bgp_bytes *bytes)
{
	return fnv_add(fnv_add(print, &bytes->len, sizeof(bytes->len)), bytes->at, bytes->len);
}

uint64_t route_print(const struct bgp_path *path)
{
	uint64_t print = FNV_START;
	uint64_t sums[] = { words_print(&path->communities, 4),
			    words_print(&path->ext_communities, 8) };

	print = fnv_add(print, path->next_hop.octet, sizeof(path->next_hop.octet));
	print = fnv_add(print, &path->local_pref, sizeof(path->local_pref));
	print = fnv_add(print, &path->report.capacity, sizeof(path->report.capacity));
	print = fnv_add(print, &path->report.sampled_ms, sizeof(path->report.sampled_ms));
	print = fnv_add(print, path->tunnel.endpoint.octet, sizeof(path->tunnel.endpoint.octet));
	print = bytes_print(bytes_print(print, &path->prefix_sid), &path->tunnel_encap);
	return fnv_add(print, sums, sizeof(sums));
}

/* A stretch of the routes being written. */
struct writing {
	const struct routes *routes;
	const struct bgp_codec *codec;
	uint32_t from, to, generation;
	uint32_t paths;
	size_t messages;
	struct bgp_nlri *list;
	struct writer w;
};

static int path_write(struct writing *writing, const struct bgp_path *path, size_t count)
{
	for (size_t i = 0; i < count;) {
		size_t n = update_encode(writing->codec, path, writing->list + i, count - i,
					 &writing->w);

		if (!n)
			return log_err(-ENOBUFS, "cannot write the routes");
		i += n;
		writing->messages++;
	}
	writing->paths++;
	return 0;
}

/* All routes of the stretch that share the path of this one, which is the first of them. */
static int group_write(struct writing *writing, uint32_t first)
{
	bool shares = route_shares(first) && !writing->generation;
	uint8_t words[COMMUNITIES * 4];
	struct bgp_path path = route_path(first, writing->generation, words);
	size_t count = 0;

	for (uint32_t i = first; i < writing->to; i += shares ? 4 * GROUPS : writing->to)
		writing->list[count++] =
			(struct bgp_nlri){ .dst.prefix = routes_prefix(writing->routes, i) };
	return path_write(writing, &path, count);
}

static int stretch_write(struct writing *writing, struct routes_part *ret)
{
	uint32_t count = writing->to - writing->from;
	size_t size = (size_t)count * 256 + 65536;
	uint8_t *octets = malloc(size);
	int r = 0;

	writing->list = calloc(count + 1, sizeof(*writing->list));
	writing->w = writer_of(octets, size);
	if (!writing->list || !octets)
		r = log_err(-ENOMEM, "the routes");
	for (uint32_t i = writing->from; i < writing->to && r == 0; i++)
		if (!route_shares(i) || writing->generation || i < writing->from + 4 * GROUPS)
			r = group_write(writing, i);
	freep(&writing->list);
	if (r == 0)
		*ret = (struct routes_part){ octets, writer_len(&writing->w) };
	else
		free(octets);
	return r;
}

int routes_part(const struct routes *routes, const struct bgp_codec *codec, uint32_t from,
		uint32_t to, uint32_t generation, struct routes_part *ret)
{
	struct writing writing = {
		.routes = routes, .codec = codec, .from = from, .to = to, .generation = generation
	};

	return stretch_write(&writing, ret);
}

void routes_part_clear(struct routes_part *part)
{
	freep(&part->stream);
	part->len = 0;
}

/* What a router that changes nothing would tell of them. */
static int routes_read(struct routes *r, const struct bgp_codec *codec)
{
	_cleanup_(freep) struct bgp_update *update = calloc(1, sizeof(*update));
	struct cursor stream = cursor_of(r->stream, r->len);
	struct notification fault;
	struct update_item item;
	struct message message;
	uint32_t read = 0;

	if (!update)
		return -ENOMEM;
	while (message_read(&stream, &message, &fault) > 0) {
		if (update_decode(codec, message.body, update) != FAULT_NONE)
			return log_err(-EBADMSG, "we cannot read our own routes");
		while (update_next(update, &item)) {
			uint32_t i = routes_find(r, &item.nlri.dst.prefix);

			if (i == r->count || r->print[i])
				return log_err(-EBADMSG, "our routes are not what they should be");
			r->print[i] = route_print(item.path);
			read++;
		}
	}
	return read == r->count ? 0 : log_err(-EBADMSG, "our stream has not all routes");
}

static int routes_fill(struct routes *r, const struct bgp_codec *codec)
{
	struct writing writing = { .routes = r, .codec = codec, .to = r->count };
	struct routes_part part;
	int status = stretch_write(&writing, &part);

	if (status < 0)
		return status;
	r->stream = part.stream;
	r->len = part.len;
	r->paths = writing.paths;
	r->messages = writing.messages;
	r->print = calloc(r->count, sizeof(*r->print));
	return r->print ? routes_read(r, codec) : log_err(-ENOMEM, "the routes");
}

int routes_new(uint32_t count, const struct bgp_codec *codec, struct routes *ret)
{
	_cleanup_(routes_clear) struct routes r = { .count = count };
	int status = routes_fill(&r, codec);

	if (status < 0)
		return status;
	*ret = r;
	r = (struct routes){ 0 };
	return 0;
}

void routes_clear(struct routes *routes)
{
	freep(&routes->stream);
	freep(&routes->print);
	*routes = (struct routes){ 0 };
}
