/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: the `edge-metadata` carrier
 *
 * Sub-TLVs have a type of two octets, a length of one, and a value that begins with an octet of
 * flags. A wrong length is a framing error and withdraws the route; a value outside its range is
 * ignored, as the draft says. The whole attribute is kept as it came, because unknown sub-TLVs must
 * travel on. Where the draft contradicts itself, README.md says what was chosen.
 */
#include "bgp/metadata.h"
#include "base/util.h"
#include "bgp/attr_rules.h"
#include "bgp/metadata_report.h"

#include <errno.h>
#include <math.h>

#define FLAG_SITE_ONLY  0x80 /* type 2, I: names the site, says nothing of its availability */
#define FLAG_RELATIVE   0x80 /* type 3, F */
#define FLAG_PERCENT    0x80 /* type 6, P */
#define MT_MASK         0x0f /* types 5 and 6: what is measured; 0 is the normalised value */
#define PERCENT_MAX     100
#define CAPABILITY_UNIT 1000 /* per worker slot, so that fractions of one survive */

static void decode_preference(struct cursor *value, struct metadata *m)
{
	uint32_t index;

	cursor_u8(value);
	index = cursor_u32(value);
	if (!index) { /* reserved */
		m->ignored++;
		return;
	}
	m->report.preference = index;
	m->report.has |= REPORT_PREFERENCE;
}

static void decode_availability(struct cursor *value, struct metadata *m)
{
	uint8_t flags = cursor_u8(value);
	uint16_t site_id = cursor_u16(value), percent = cursor_u16(value);

	m->site_id = site_id;
	if (flags & FLAG_SITE_ONLY)
		return;
	if (percent > PERCENT_MAX) {
		m->ignored++;
		return;
	}
	m->report.availability = percent;
	m->report.has |= REPORT_AVAILABILITY;
}

/* The unit of an absolute delay is told in two ways by the draft: only the relative one is read. */
static void decode_delay(struct cursor *value, struct metadata *m)
{
	uint8_t flags = cursor_u8(value);
	uint64_t delay = cursor_uint(value, cursor_left(value));

	if (!(flags & FLAG_RELATIVE) || delay > PERCENT_MAX) {
		m->ignored++;
		return;
	}
	m->report.delay_index = (uint8_t)delay;
	m->report.has |= REPORT_DELAY;
}

static void decode_capability(struct cursor *value, struct metadata *m)
{
	uint8_t flags = cursor_u8(value);
	uint32_t capability = cursor_u32(value);

	if (flags & MT_MASK || m->report.has & REPORT_CAPACITY)
		return; /* of another kind, or said before */
	if (!capability) {
		m->ignored++;
		return;
	}
	m->report.capacity = (double)capability / CAPABILITY_UNIT;
	m->report.has |= REPORT_CAPACITY;
}

static void decode_available(struct cursor *value, struct metadata *m)
{
	uint8_t flags = cursor_u8(value);
	uint32_t available = cursor_u32(value);

	if (flags & MT_MASK || m->has_available)
		return;
	if (flags & FLAG_PERCENT && available > PERCENT_MAX) {
		m->ignored++;
		return;
	}
	m->has_available = true;
	m->available = available;
	m->available_is_percent = flags & FLAG_PERCENT;
}

/* Whose attribute is being read. */
struct reader {
	uint32_t local_as;
	const struct metadata_rules *rules;
	uint32_t seen; /* bit per type of the draft */
	struct metadata *m;
};

static bool scope_is_ours(const struct reader *r, uint32_t as)
{
	for (size_t i = 0; i < r->rules->scope_count; i++)
		if (r->rules->scope[i] == as)
			return true;
	return as == r->local_as;
}

/* The figure says 5 octets, the text 6: the AS is the last four either way. */
static void decode_as_scope(struct cursor *value, struct reader *r)
{
	cursor_take(value, cursor_left(value) - sizeof(r->local_as));
	r->m->out_of_scope |= !scope_is_ours(r, cursor_u32(value));
}

/* Its number is an experiment's, which others may run too: what is not ours is unknown. */
static void decode_whole(struct cursor *value, struct metadata *m)
{
	if (m->has_whole) {
		m->ignored++; /* the first one wins */
		return;
	}
	m->has_whole = metadata_report_decode(value, &m->whole, &m->ignored);
	m->ignored += !m->has_whole;
}

/* Lengths that a type may have; 0: no length is wrong. */
static const struct {
	uint8_t len, other_len;
	bool repeats; /* several may stand in one attribute, for several MT */
	void (*decode)(struct cursor *value, struct metadata *m);
} types[] = {
	[METADATA_PREFERENCE] = { 5, 5, false, decode_preference },
	[METADATA_AVAILABILITY] = { 5, 5, false, decode_availability },
	[METADATA_DELAY] = { 5, 9, false, decode_delay },
	[METADATA_CAPABILITY] = { 5, 5, true, decode_capability },
	[METADATA_AVAILABLE] = { 5, 5, true, decode_available },
	[METADATA_AS_SCOPE] = { 5, 6, true, NULL },
};

/* Free share is told against the capability, which may come after it. */
static void metadata_utilisation(struct metadata *m)
{
	double all = m->available_is_percent ? PERCENT_MAX : m->report.capacity * CAPABILITY_UNIT;

	if (!m->has_available || all <= 0)
		return;
	m->report.utilisation = fmax(0, 1 - m->available / all);
	m->report.has |= REPORT_UTILISATION;
}

static int subtlv_decode(uint16_t type, struct cursor *value, struct reader *r)
{
	size_t len = cursor_left(value);

	if (type >= ARRAY_SIZE(types) || !types[type].len) {
		if (type && type == r->rules->report_type)
			decode_whole(value, r->m);
		return 0; /* unknown: kept in the attribute, and not for us */
	}
	if (len != types[type].len && len != types[type].other_len)
		return -EBADMSG;
	if (r->seen & BIT(type) && !types[type].repeats)
		return 0; /* the first one wins */
	r->seen |= BIT(type);
	if (type == METADATA_AS_SCOPE)
		decode_as_scope(value, r);
	else
		types[type].decode(value, r->m);
	return 0;
}

int metadata_decode(struct cursor *c, uint32_t local_as, const struct metadata_rules *rules,
		    struct metadata *ret)
{
	struct metadata m = { 0 };
	struct reader reader = { .local_as = local_as, .rules = rules, .m = &m };

	if (!cursor_left(c))
		return -EBADMSG; /* at least one sub-TLV must be there */
	while (cursor_left(c)) {
		uint16_t type = cursor_u16(c);
		struct cursor value = cursor_sub(c, cursor_u8(c));

		if (c->bad || subtlv_decode(type, &value, &reader) < 0)
			return -EBADMSG;
	}
	metadata_utilisation(&m);
	*ret = m;
	return 0;
}

int decode_metadata(struct attr_set *set, struct cursor *c)
{
	struct cursor copy = *c;
	struct metadata m;
	int r;

	if (!set->codec->edge_metadata) { /* not agreed on: as if it were unknown */
		set->ignored++;
		cursor_take(c, cursor_left(c));
		return 0;
	}
	r = metadata_decode(&copy, set->codec->local_as, &set->codec->metadata, &m);
	set->out_of_scope = r == 0 && m.out_of_scope;
	if (r < 0 || m.out_of_scope)
		return -EBADMSG;
	r = attr_keep(set, c, &set->path->metadata);
	if (r < 0)
		return r;
	set->ignored += m.ignored;
	set->carried.has_metadata = true;
	set->carried.metadata = m.report;
	set->carried.has_whole = m.has_whole;
	set->carried.whole = m.whole;
	set->metadata_site_id = m.site_id;
	return 0;
}

void attr_join_report(struct attr_set *set)
{
	const uint32_t accept = set->codec->carriers_accept;
	struct bgp_path *path = set->path;
	struct carried carried = set->carried;

	if (!(accept & BGP_CARRIER_EDGE_METADATA)) {
		carried.has_metadata = carried.has_whole = false;
	} else if (set->metadata_site_id && !(path->has & BGP_HAS_SITE_ID)) {
		path->site_id = set->metadata_site_id;
		path->has |= BGP_HAS_SITE_ID;
	}
	carriers_join(&carried, path);
}

/* Header and flags; four octets of value follow. */
static void subtlv_begin(struct writer *w, uint16_t type, uint8_t flags)
{
	writer_u16(w, type);
	writer_u8(w, 5);
	writer_u8(w, flags);
}

static void encode_availability(const struct bgp_path *path, struct writer *w)
{
	bool known = path->report.has & REPORT_AVAILABILITY;
	bool site = path->has & BGP_HAS_SITE_ID;

	if (!known && !site)
		return;
	subtlv_begin(w, METADATA_AVAILABILITY, known ? 0 : FLAG_SITE_ONLY);
	writer_u16(w, site ? path->site_id : 0);
	writer_u16(w, known ? path->report.availability : 0);
}

static void encode_capability(const struct report *r, struct writer *w)
{
	double units = fmin(fmax(1, round(r->capacity * CAPABILITY_UNIT)), UINT32_MAX);

	subtlv_begin(w, METADATA_CAPABILITY, 0);
	writer_u32(w, (uint32_t)units);
}

/* A site that drains has nothing to give: the attribute has no other word for it. */
static void encode_available(const struct report *r, struct writer *w)
{
	double free_share = r->drain ? 0 : fmin(fmax(0, 1 - r->utilisation), 1);

	subtlv_begin(w, METADATA_AVAILABLE, FLAG_PERCENT);
	writer_u32(w, (uint32_t)round(free_share * PERCENT_MAX));
}

static void encode_as_scope(uint32_t as, struct writer *w)
{
	writer_u16(w, METADATA_AS_SCOPE);
	writer_u8(w, 6); /* as the draft's text has it */
	writer_u16(w, 0);
	writer_u32(w, as);
}

static void encode_whole(uint16_t type, const struct report *r, struct writer *w)
{
	writer_u16(w, type);
	writer_u8(w, METADATA_REPORT_LEN);
	metadata_report_encode(r, w);
}

bool metadata_encode(const struct bgp_path *path, uint32_t local_as,
		     const struct metadata_rules *rules, struct writer *w)
{
	const struct report *r = &path->report;
	const uint8_t *before = w->at;

	if (r->has & REPORT_PREFERENCE && r->preference) {
		subtlv_begin(w, METADATA_PREFERENCE, 0);
		writer_u32(w, r->preference);
	}
	encode_availability(path, w);
	if (r->has & REPORT_DELAY) {
		subtlv_begin(w, METADATA_DELAY, FLAG_RELATIVE);
		writer_u32(w, r->delay_index);
	}
	if (r->has & REPORT_CAPACITY)
		encode_capability(r, w);
	if (r->has & REPORT_UTILISATION || r->drain)
		encode_available(r, w);
	if (rules->report_type && (r->has || r->drain))
		encode_whole(rules->report_type, r, w);
	if (rules->scope_send && w->at != before)
		encode_as_scope(local_as, w);
	return w->bad || w->at != before;
}

/* RFC 4271 section 5 and the draft, section 4.1.5: never to a neighbour that did not ask for it. */
bool encode_metadata(const struct attr_source *source, struct writer *w)
{
	const struct bgp_path *path = source->path;

	if (!(source->codec->edge_metadata & BIT(source->family)))
		return false;
	if (!attr_path_is_own(path)) {
		writer_bytes(w, path->metadata.at, path->metadata.len);
		return path->metadata.len;
	}
	return source->codec->carriers_send & BGP_CARRIER_EDGE_METADATA &&
	       metadata_encode(path, source->codec->local_as, &source->codec->metadata, w);
}
