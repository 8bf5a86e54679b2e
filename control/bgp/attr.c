/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: what is common to all attributes
 *
 * Framing, duplicates, flags, lengths and the fate of unknown attributes stand here once. What is
 * peculiar to an attribute is a row of the table and two small functions. A malformed attribute
 * costs what its row says (RFC 7606 section 7); a message costs what its worst attribute costs.
 */
#include "bgp/attr.h"
#include "bgp/attr_rules.h"

#include <errno.h>

#define LOCAL   (ATTR_TRANSITIVE)                 /* well-known */
#define FORWARD (ATTR_OPTIONAL | ATTR_TRANSITIVE) /* passed on even where not understood */
#define HOP     (ATTR_OPTIONAL)                   /* for the neighbour only */

static const struct attr_rule {
	int (*decode)(struct attr_set *set, struct cursor *c);
	bool (*encode)(const struct attr_source *source, struct writer *w);
	uint8_t flags;     /* the Optional and Transitive bits it must carry */
	enum fault on_bad; /* RFC 7606: what a malformed one costs */
	uint8_t unit;      /* its length is a multiple of this, and not zero; 0: any length */
	bool ibgp_only;    /* discarded unseen from other ASes (RFC 7606 sections 7.5, 7.9, 7.10) */
} attr_rules[256] = {
	[ATTR_ORIGIN] = { decode_origin, encode_origin, LOCAL, FAULT_WITHDRAW, 0, false },
	[ATTR_AS_PATH] = { decode_as_path, encode_as_path, LOCAL, FAULT_WITHDRAW, 0, false },
	[ATTR_NEXT_HOP] = { decode_next_hop, encode_next_hop, LOCAL, FAULT_WITHDRAW, 0, false },
	[ATTR_MED] = { decode_med, encode_med, HOP, FAULT_WITHDRAW, 0, false },
	[ATTR_LOCAL_PREF] = { decode_local_pref, encode_local_pref, LOCAL, FAULT_WITHDRAW, 0,
			      true },
	[ATTR_ATOMIC_AGGREGATE] = { decode_atomic_aggregate, encode_atomic_aggregate, LOCAL,
				    FAULT_DISCARD, 0, false },
	[ATTR_AGGREGATOR] = { decode_aggregator, encode_aggregator, FORWARD, FAULT_DISCARD, 0,
			      false },
	[ATTR_COMMUNITIES] = { decode_communities, encode_communities, FORWARD, FAULT_WITHDRAW, 4,
			       false },
	[ATTR_ORIGINATOR_ID] = { decode_originator_id, encode_originator_id, HOP, FAULT_WITHDRAW, 0,
				 true },
	[ATTR_CLUSTER_LIST] = { decode_cluster_list, encode_cluster_list, HOP, FAULT_WITHDRAW, 4,
				true },
	[ATTR_MP_REACH] = { decode_mp_reach, NULL, HOP, FAULT_RESET, 0, false },
	[ATTR_MP_UNREACH] = { decode_mp_unreach, NULL, HOP, FAULT_RESET, 0, false },
	[ATTR_EXT_COMMUNITIES] = { decode_ext_communities, encode_ext_communities, FORWARD,
				   FAULT_WITHDRAW, 8, false },
	[ATTR_AS4_PATH] = { decode_as4_path, encode_as4_path, FORWARD, FAULT_DISCARD, 0, false },
	[ATTR_AS4_AGGREGATOR] = { decode_as4_aggregator, encode_as4_aggregator, FORWARD,
				  FAULT_DISCARD, 0, false },
	[ATTR_TUNNEL_ENCAP] = { decode_tunnel_encap, encode_tunnel_encap, FORWARD, FAULT_WITHDRAW,
				0, false },
	[ATTR_PREFIX_SID] = { decode_prefix_sid, encode_prefix_sid, FORWARD, FAULT_WITHDRAW, 0,
			      false },
	[ATTR_METADATA] = { decode_metadata, encode_metadata, HOP, FAULT_WITHDRAW, 0, false },
};

/* One attribute as it lies in the message. */
struct attr {
	const uint8_t *at; /* its flags */
	size_t len;        /* header and body */
	uint8_t flags, code;
	struct cursor body;
};

static enum fault fault_max(enum fault a, enum fault b)
{
	return a > b ? a : b;
}

static enum fault attr_reset(struct attr_set *set, uint8_t subcode, const struct attr *attr)
{
	set->notification =
		(struct notification){ NOTIFICATION_UPDATE, subcode, attr->at, attr->len };
	return FAULT_RESET;
}

int attr_keep(struct attr_set *set, struct cursor *c, struct bgp_bytes *ret)
{
	size_t len = cursor_left(c);
	uint8_t *copy = arena_take(set->arena, len);

	if (!copy)
		return -ENOBUFS;
	if (len)
		memcpy(copy, cursor_take(c, len), len);
	*ret = (struct bgp_bytes){ copy, len };
	return 0;
}

/* RFC 4271 section 5: an unknown optional transitive one travels on, with Partial set. */
static enum fault unknown_keep(struct attr_set *set, const struct attr *attr)
{
	struct bgp_bytes *unknown = &set->path->unknown;

	if (!(attr->flags & ATTR_OPTIONAL))
		return attr_reset(set, UPDATE_UNKNOWN_WELL_KNOWN, attr);
	if (!(attr->flags & ATTR_TRANSITIVE))
		return FAULT_NONE;
	memcpy(unknown->at + unknown->len, attr->at, attr->len);
	unknown->at[unknown->len] |= ATTR_PARTIAL;
	unknown->len += attr->len;
	return FAULT_NONE;
}

static bool attr_len_ok(const struct attr_rule *rule, const struct cursor *body)
{
	size_t len = cursor_left(body);

	return !rule->unit || (len && len % rule->unit == 0);
}

static enum fault attr_decode_one(struct attr_set *set, struct attr *attr)
{
	const struct attr_rule *rule = &attr_rules[attr->code];
	bool empty = !cursor_left(&attr->body);
	enum fault fault = FAULT_NONE;

	if (!rule->decode)
		return unknown_keep(set, attr);
	if (rule->ibgp_only && !set->codec->ibgp)
		return FAULT_DISCARD;
	/* RFC 7606 section 3 (c). The body is read all the same: MP_REACH_NLRI names the prefixes
	 * that are to be withdrawn then. */
	if ((attr->flags ^ rule->flags) & (ATTR_OPTIONAL | ATTR_TRANSITIVE))
		fault = FAULT_WITHDRAW;
	if (!attr_len_ok(rule, &attr->body) || rule->decode(set, &attr->body) < 0 ||
	    attr->body.bad || cursor_left(&attr->body))
		fault = fault_max(fault, rule->on_bad);
	if (fault == FAULT_RESET)
		return attr_reset(set, UPDATE_OPTIONAL_ATTRIBUTE, attr);
	if (attr->flags & ATTR_PARTIAL && rule->flags == FORWARD && fault == FAULT_NONE && !empty)
		set->path->partial |= UINT64_C(1) << attr->code;
	return fault;
}

static bool attr_is_mp(const struct attr *attr)
{
	return attr->code == ATTR_MP_REACH || attr->code == ATTR_MP_UNREACH;
}

/* RFC 7606 section 3 (g): the first one wins, but of the MP attributes there may be one only. */
static enum fault attr_repeated(struct attr_set *set, const struct attr *attr)
{
	if (attr_is_mp(attr))
		return attr_reset(set, UPDATE_MALFORMED_LIST, attr);
	return FAULT_DISCARD;
}

/* RFC 7606 section 4: the prefixes are withdrawn, as far as they are known. Those of an MP
 * attribute are not where its own end is missing, and no other fault may pass for them (section 3
 * (j)). */
static enum fault attr_cut(struct attr_set *set, const struct attr *attr)
{
	return attr_is_mp(attr) ? attr_reset(set, UPDATE_MALFORMED_LIST, attr) : FAULT_WITHDRAW;
}

static struct attr attr_read(struct cursor *c)
{
	const uint8_t *at = c->at;
	uint8_t flags = cursor_u8(c), code = cursor_u8(c);
	size_t len = flags & ATTR_EXT_LEN ? cursor_u16(c) : cursor_u8(c);
	struct attr attr = { .at = at, .flags = flags, .code = code };

	attr.body = cursor_sub(c, len);
	attr.len = (size_t)(c->at - at);
	return attr;
}

/* The service's own SID first, then the router's tunnel, then what a reflector left of either. */
static void tunnel_join(struct attr_set *set)
{
	struct bgp_path *path = set->path;

	if (path->tunnel.kind == BGP_TUNNEL_NONE)
		path->tunnel = set->encap;
	if (path->tunnel.kind != BGP_TUNNEL_NONE || set->community.kind == BGP_TUNNEL_NONE)
		return;
	path->tunnel = set->community;
	if (!path->carrier)
		path->carrier = BGP_CARRIER_COMMUNITY;
}

/* What takes more than one attribute. */
static enum fault attr_join(struct attr_set *set)
{
	if (attr_join_as4(set) < 0)
		return FAULT_WITHDRAW;
	attr_join_report(set);
	tunnel_join(set);
	if (!set->path->ext_communities.len) /* all of it were metrics that are not believed */
		set->path->partial &= ~(UINT64_C(1) << ATTR_EXT_COMMUNITIES);
	return set->ignored ? FAULT_DISCARD : FAULT_NONE;
}

enum fault attr_decode(struct cursor *c, struct attr_set *set)
{
	enum fault worst = FAULT_NONE;

	set->path->unknown.at = arena_take(set->arena, cursor_left(c));
	while (cursor_left(c)) {
		struct attr attr = attr_read(c);
		enum fault fault;

		if (c->bad) {
			fault = attr_cut(set, &attr);
			if (fault == FAULT_RESET)
				return fault;
			worst = fault_max(worst, fault);
			break;
		}
		if (attr_seen(set, attr.code)) {
			fault = attr_repeated(set, &attr);
		} else {
			set->seen[attr.code / 32] |= UINT32_C(1) << attr.code % 32;
			fault = attr_decode_one(set, &attr);
		}
		if (fault == FAULT_RESET)
			return fault;
		worst = fault_max(worst, fault);
	}
	return fault_max(worst, attr_join(set));
}

uint8_t *attr_begin(struct writer *w, uint8_t flags, uint8_t code)
{
	uint8_t *begun = w->at;

	writer_u8(w, flags);
	writer_u8(w, code);
	writer_u8(w, 0);
	return begun;
}

void attr_end(struct writer *w, uint8_t *begun)
{
	uint8_t *body;
	size_t len;

	if (w->bad)
		return;
	body = begun + 3;
	len = (size_t)(w->at - body);
	if (len > UINT8_MAX) {
		if (!writer_room(w, 1))
			return;
		memmove(body + 1, body, len);
		begun[0] |= ATTR_EXT_LEN;
		body[-1] = (uint8_t)(len >> 8);
		body[0] = (uint8_t)len;
		return;
	}
	body[-1] = (uint8_t)len;
}

static void attr_encode_known(const struct attr_source *source, uint8_t code, struct writer *w)
{
	const struct attr_rule *rule = &attr_rules[code];
	struct writer before = *w;
	bool partial = code < 64 && source->path->partial >> code & 1;
	uint8_t *begun = attr_begin(w, rule->flags | (partial ? ATTR_PARTIAL : 0), code);

	if (rule->encode(source, w))
		attr_end(w, begun);
	else
		*w = before;
}

static void attr_encode_unknown(const struct bgp_bytes *unknown, uint8_t code, struct writer *w)
{
	struct cursor c = bytes_cursor(unknown);

	while (cursor_left(&c)) {
		struct attr attr = attr_read(&c);

		if (!c.bad && attr.code == code)
			writer_bytes(w, attr.at, attr.len);
	}
}

void attr_encode(const struct attr_source *source, struct writer *w)
{
	for (unsigned int code = 0; code < 256; code++) {
		if (attr_rules[code].encode)
			attr_encode_known(source, (uint8_t)code, w);
		else if (!attr_rules[code].decode)
			attr_encode_unknown(&source->path->unknown, (uint8_t)code, w);
	}
}
