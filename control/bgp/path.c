/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/path.h"
#include "base/fnv.h"
#include "base/util.h"
#include "bgp/as_path.h"

#include <errno.h>
#include <string.h>

#define AS_PER_SEGMENT 255

void bgp_path_clear(struct bgp_path *path)
{
	for (size_t i = 0; i < BGP_PATH_STRINGS; i++)
		free(bgp_path_string(path, i)->at);
	*path = (struct bgp_path){ 0 };
}

/* An empty string is NULL, so that zeroed paths and copies of them are alike. */
static int bytes_copy(struct bgp_bytes *bytes)
{
	uint8_t *copy;

	if (!bytes->len) {
		bytes->at = NULL;
		return 0;
	}
	copy = malloc(bytes->len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes->at, bytes->len);
	bytes->at = copy;
	return 0;
}

int bgp_path_copy(const struct bgp_path *path, struct bgp_path *ret)
{
	struct bgp_path copy = *path;

	for (size_t i = 0; i < BGP_PATH_STRINGS; i++) {
		if (bytes_copy(bgp_path_string(&copy, i)) == 0)
			continue;
		for (; i < BGP_PATH_STRINGS; i++)
			bgp_path_string(&copy, i)->at = NULL; /* still the original's */
		bgp_path_clear(&copy);
		return -ENOMEM;
	}
	*ret = copy;
	return 0;
}

static bool report_equal(const struct report *a, const struct report *b)
{
	return a->has == b->has && a->capacity == b->capacity &&
	       a->service_time_s == b->service_time_s && a->arrival_rate == b->arrival_rate &&
	       a->in_flight == b->in_flight && a->utilisation == b->utilisation &&
	       a->window_s == b->window_s && a->sampled_ms == b->sampled_ms &&
	       a->preference == b->preference && a->availability == b->availability &&
	       a->delay_index == b->delay_index && a->score == b->score && a->drain == b->drain;
}

static bool scalars_equal(const struct bgp_path *a, const struct bgp_path *b)
{
	return a->has == b->has && a->origin == b->origin && a->med == b->med &&
	       a->local_pref == b->local_pref && a->partial == b->partial &&
	       a->aggregator_as == b->aggregator_as && a->site_id == b->site_id &&
	       a->carrier == b->carrier && a->label == b->label &&
	       !memcmp(a->carried, b->carried, sizeof(a->carried)) &&
	       !memcmp(a->originator_id, b->originator_id, 4) &&
	       !memcmp(a->aggregator_id, b->aggregator_id, 4) &&
	       addr_equal(&a->next_hop, &b->next_hop) && bgp_tunnel_equal(&a->tunnel, &b->tunnel);
}

bool bgp_path_equal(const struct bgp_path *a, const struct bgp_path *b)
{
	if (!scalars_equal(a, b) || !report_equal(&a->report, &b->report))
		return false;
	for (size_t i = 0; i < BGP_PATH_STRINGS; i++) {
		const struct bgp_bytes *x = bgp_path_string_of(a, i), *y = bgp_path_string_of(b, i);

		if (x->len != y->len || (x->len && memcmp(x->at, y->at, x->len)))
			return false;
	}
	return true;
}

/* Not of every member: those left out differ seldom where these are the same, and a double has two
 * zeros. */
uint64_t bgp_path_hash(const struct bgp_path *path)
{
	uint64_t hash = FNV_START;

	hash = fnv_add(hash, &path->has, sizeof(path->has));
	hash = fnv_add(hash, &path->label, sizeof(path->label));
	hash = fnv_add(hash, &path->med, sizeof(path->med));
	hash = fnv_add(hash, &path->local_pref, sizeof(path->local_pref));
	hash = fnv_add(hash, path->originator_id, sizeof(path->originator_id));
	hash = fnv_add(hash, path->next_hop.octet, sizeof(path->next_hop.octet));
	hash = fnv_add(hash, path->tunnel.endpoint.octet, sizeof(path->tunnel.endpoint.octet));
	hash = fnv_add(hash, &path->site_id, sizeof(path->site_id));
	hash = fnv_add(hash, &path->report.sampled_ms, sizeof(path->report.sampled_ms));
	for (size_t i = 0; i < BGP_PATH_STRINGS; i++) {
		const struct bgp_bytes *bytes = bgp_path_string_of(path, i);

		hash = fnv_add(hash, &bytes->len, sizeof(bytes->len));
		hash = fnv_add(hash, bytes->at, bytes->len);
	}
	return hash;
}

size_t bgp_path_as_len(const struct bgp_path *path)
{
	struct cursor c = bytes_cursor(&path->as_path);
	struct as_segment segment;
	size_t len = 0;

	while (as_segment_next(&c, sizeof(uint32_t), &segment))
		len += segment.type == AS_SET ? 1 : segment.count;
	return len;
}

bool bgp_path_has_as(const struct bgp_path *path, uint32_t as)
{
	struct cursor c = bytes_cursor(&path->as_path);
	struct as_segment segment;

	while (as_segment_next(&c, sizeof(uint32_t), &segment))
		for (size_t i = 0; i < segment.count; i++)
			if (cursor_u32(&segment.numbers) == as)
				return true;
	return false;
}

uint32_t bgp_path_first_as(const struct bgp_path *path)
{
	struct cursor c = bytes_cursor(&path->as_path);
	struct as_segment segment;

	if (!as_segment_next(&c, sizeof(uint32_t), &segment) || segment.type != AS_SEQUENCE)
		return 0;
	return cursor_u32(&segment.numbers);
}

bool bgp_path_has_community(const struct bgp_path *path, uint32_t community)
{
	struct cursor c = bytes_cursor(&path->communities);

	while (cursor_left(&c))
		if (cursor_u32(&c) == community)
			return true;
	return false;
}

bool bgp_path_has_cluster(const struct bgp_path *path, const uint8_t cluster_id[4])
{
	struct cursor c = bytes_cursor(&path->cluster_list);

	while (cursor_left(&c)) {
		const uint8_t *id = cursor_take(&c, 4);

		if (id && !memcmp(id, cluster_id, 4))
			return true;
	}
	return false;
}

/* Room for n octets in front. */
static int bytes_grow(struct bgp_bytes *bytes, size_t n)
{
	uint8_t *grown = realloc(bytes->at, bytes->len + n);

	if (!grown)
		return -ENOMEM;
	memmove(grown + n, grown, bytes->len);
	*bytes = (struct bgp_bytes){ grown, bytes->len + n };
	return 0;
}

/* RFC 4271 section 5.1.2 (b): into the leading sequence, or a new one where it is full or a set. */
int bgp_path_prepend_as(struct bgp_path *path, uint32_t as)
{
	struct cursor c = bytes_cursor(&path->as_path);
	struct as_segment first = { 0 };
	bool joins = as_segment_next(&c, sizeof(as), &first) && first.type == AS_SEQUENCE &&
		     first.count < AS_PER_SEGMENT;
	size_t grow = joins ? sizeof(as) : 2 + sizeof(as);
	struct writer w;

	if (bytes_grow(&path->as_path, grow) < 0)
		return -ENOMEM;
	w = writer_of(path->as_path.at, 2 + sizeof(as));
	writer_u8(&w, AS_SEQUENCE);
	writer_u8(&w, joins ? (uint8_t)(first.count + 1) : 1);
	writer_u32(&w, as);
	return 0;
}

int bgp_path_add_community(struct bgp_path *path, uint32_t community)
{
	struct writer w;

	if (bytes_grow(&path->communities, sizeof(community)) < 0)
		return -ENOMEM;
	w = writer_of(path->communities.at, sizeof(community));
	writer_u32(&w, community);
	return 0;
}

int bgp_path_prepend_cluster(struct bgp_path *path, const uint8_t cluster_id[4])
{
	if (bytes_grow(&path->cluster_list, 4) < 0)
		return -ENOMEM;
	memcpy(path->cluster_list.at, cluster_id, 4);
	return 0;
}
