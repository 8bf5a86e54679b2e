/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: an UPDATE and its faults
 *
 * Three fields with lengths of their own: withdrawn prefixes, attributes, prefixes. If the lengths
 * do not add up, or a prefix cannot be read, nothing can be said about the message's prefixes and
 * the session ends. All else leaves it up: the worst fault of the attributes decides whether the
 * prefixes are announced or count as withdrawn (RFC 7606 section 3).
 */
#include "bgp/update.h"
#include "base/util.h"
#include "bgp/attr.h"
#include "bgp/message.h"

#include <errno.h>

static enum fault update_reset(struct bgp_update *u, uint8_t subcode)
{
	u->notification = (struct notification){ NOTIFICATION_UPDATE, subcode, NULL, 0 };
	return FAULT_RESET;
}

/* The classic fields hold IPv4 unicast only. One that was not negotiated is none of ours. */
static int classic_run(const struct bgp_codec *codec, struct cursor bytes, struct nlri_run *ret,
		       enum fault *fault)
{
	struct nlri_run run = { bytes, BGP_IPV4_UNICAST,
				codec->add_path_in & BIT(BGP_IPV4_UNICAST) };

	if (!cursor_left(&bytes))
		return 0;
	if (!(codec->families & BIT(BGP_IPV4_UNICAST))) {
		*fault = FAULT_DISCARD;
		return 0;
	}
	if (nlri_check(run) < 0)
		return -EBADMSG;
	*ret = run;
	return 0;
}

/* RFC 4271 section 6.3: an address that no packet can be sent to. */
static bool next_hop_ok(const struct addr *next_hop)
{
	bool v4 = addr_is_v4(next_hop);
	const uint8_t *first = next_hop->octet + (v4 ? 12 : 0);

	return !addr_is_zero(next_hop) && (v4 ? *first < 224 : *first != 0xff);
}

/* RFC 7606 section 3 (d): mandatory attributes, once there is a prefix that needs them. */
static bool update_complete(const struct bgp_update *u, const struct attr_set *set)
{
	bool classic = cursor_left(&u->announced.bytes), mp = cursor_left(&u->mp_announced.bytes);

	if (!classic && !mp)
		return true;
	return attr_seen(set, ATTR_ORIGIN) && attr_seen(set, ATTR_AS_PATH) &&
	       (!classic || next_hop_ok(&u->path.next_hop)) &&
	       (!mp || next_hop_ok(&set->mp_next_hop));
}

/* RFC 9012 section 3.1: an endpoint that was left open is the next hop. */
static void path_settle(struct bgp_path *path)
{
	if (path->tunnel.kind != BGP_TUNNEL_NONE && addr_is_zero(&path->tunnel.endpoint))
		path->tunnel.endpoint = path->next_hop;
}

static void update_paths(struct bgp_update *u, const struct attr_set *set)
{
	u->mp_path = u->path;
	u->mp_path.next_hop = set->mp_next_hop;
	if (set->sid.moved && nlri_family_is_vpn(set->mp_announced.family))
		u->sid = set->sid;
	path_settle(&u->path);
	path_settle(&u->mp_path);
}

/* RFC 4724 section 2: nothing at all, or nothing but an empty MP_UNREACH_NLRI. */
static void update_end_of_rib(struct bgp_update *u, const struct attr_set *set, size_t attrs_len)
{
	const size_t empty_mp_len = 3 + 3; /* header; AFI and SAFI */
	bool mp = attr_seen(set, ATTR_MP_UNREACH) && attrs_len <= empty_mp_len + 1;

	if (u->fault != FAULT_NONE || cursor_left(&u->withdrawn.bytes) ||
	    cursor_left(&u->announced.bytes) || (attrs_len && !mp))
		return;
	u->end_of_rib = true;
	u->end_of_rib_family = mp ? u->mp_withdrawn.family : BGP_IPV4_UNICAST;
}

static enum fault update_read(const struct bgp_codec *codec, struct cursor *c, struct bgp_update *u)
{
	struct attr_set set = { .codec = codec, .arena = &u->arena, .path = &u->path };
	struct cursor withdrawn = cursor_sub(c, cursor_u16(c));
	struct cursor attrs = cursor_sub(c, cursor_u16(c));
	size_t attrs_len = cursor_left(&attrs);
	enum fault fault = FAULT_NONE;

	if (c->bad)
		return update_reset(u, UPDATE_MALFORMED_LIST);
	if (classic_run(codec, withdrawn, &u->withdrawn, &fault) < 0 ||
	    classic_run(codec, *c, &u->announced, &fault) < 0)
		return update_reset(u, UPDATE_INVALID_NETWORK);

	u->fault = attr_decode(&attrs, &set);
	u->out_of_scope = set.out_of_scope;
	if (u->fault == FAULT_RESET) {
		u->notification = set.notification;
		return FAULT_RESET;
	}
	u->fault = u->fault > fault ? u->fault : fault;
	u->mp_withdrawn = set.mp_withdrawn;
	u->mp_announced = set.mp_announced;
	if (!update_complete(u, &set))
		return FAULT_WITHDRAW;
	update_paths(u, &set);
	update_end_of_rib(u, &set, attrs_len);
	return u->fault;
}

enum fault update_decode(const struct bgp_codec *codec, struct cursor body, struct bgp_update *ret)
{
	const size_t head = offsetof(struct bgp_update, arena) + offsetof(struct arena, octet);

	memset(ret, 0, head); /* not the arena's octets, which are many */
	ret->fault = update_read(codec, &body, ret);
	return ret->fault;
}

static bool run_next(struct nlri_run *run, const struct bgp_path *path, struct update_item *ret)
{
	struct bgp_nlri nlri;

	if (!nlri_next(run, &nlri))
		return false;
	*ret = (struct update_item){ nlri, run->family, path };
	return true;
}

/* In a VPN each prefix has a label of its own, which is part of its path. */
static bool mp_next(struct bgp_update *update, struct update_item *ret)
{
	if (!run_next(&update->mp_announced, &update->mp_path, ret))
		return false;
	update->mp_path.label = ret->nlri.label;
	if (update->sid.moved)
		update->mp_path.tunnel = prefix_sid_tunnel(&update->sid, ret->nlri.label);
	return true;
}

bool update_next(struct bgp_update *update, struct update_item *ret)
{
	bool withdraw = update->fault == FAULT_WITHDRAW;

	if (update->fault == FAULT_RESET)
		return false;
	return run_next(&update->withdrawn, NULL, ret) ||
	       run_next(&update->mp_withdrawn, NULL, ret) ||
	       run_next(&update->announced, withdraw ? NULL : &update->path, ret) ||
	       (withdraw ? run_next(&update->mp_announced, NULL, ret) : mp_next(update, ret));
}

/* What attr_mp.c reads. An IPv4 address stands mapped where the prefixes are of IPv6. */
static void next_hop_encode(enum bgp_family family, const struct addr *next_hop, struct writer *w)
{
	bool v4 = nlri_afi(family) == nlri_afi(BGP_IPV4_UNICAST) && addr_is_v4(next_hop);
	size_t octets = v4 ? 4 : sizeof(next_hop->octet);
	const struct bgp_rd zero = { { 0 } };
	uint8_t *len = writer_len_open(w, 1);

	if (nlri_family_is_vpn(family))
		writer_bytes(w, zero.octet, sizeof(zero.octet));
	writer_bytes(w, next_hop->octet + sizeof(next_hop->octet) - octets, octets);
	writer_len_close(w, len, 1);
}

/* MP_REACH_NLRI or MP_UNREACH_NLRI with as many prefixes as fit; path: NULL for the latter.
 * Always with two octets of length: how long it becomes is known at its end only. */
static size_t mp_encode(const struct bgp_codec *codec, const struct bgp_path *path,
			const struct bgp_nlri *list, size_t count, struct writer *w)
{
	enum bgp_family family = nlri_family_of(&list[0].dst);
	uint8_t *len;
	size_t n;

	writer_u8(w, ATTR_OPTIONAL | ATTR_EXT_LEN);
	writer_u8(w, path ? ATTR_MP_REACH : ATTR_MP_UNREACH);
	len = writer_len_open(w, 2);
	writer_u16(w, nlri_afi(family));
	writer_u8(w, nlri_safi(family));
	if (path) {
		next_hop_encode(family, &path->next_hop, w);
		writer_u8(w, 0); /* reserved */
	}
	if (w->bad)
		return 0;
	n = nlri_encode(family, codec->add_path_out & BIT(family),
			path ? path->label : BGP_LABEL_WITHDRAW, list, count, w);
	writer_len_close(w, len, 2);
	return n;
}

static size_t classic_encode(const struct bgp_codec *codec, const struct bgp_nlri *list,
			     size_t count, struct writer *w)
{
	bool add_path = codec->add_path_out & BIT(BGP_IPV4_UNICAST);

	return w->bad ? 0 : nlri_encode(BGP_IPV4_UNICAST, add_path, 0, list, count, w);
}

/* The next message: of legal length, however much room there is behind what was written before. */
static struct writer message_writer(const struct bgp_codec *codec, const struct writer *w)
{
	size_t left = (size_t)(w->end - w->at), max = message_max(codec);

	return writer_of(w->at, left < max ? left : max);
}

/* The fields that end in attributes; the prefixes in them are counted in *ret_mp. RFC 7606
 * section 5.1: the MP attribute comes first, all others ascend. */
static void announce_attrs(const struct attr_source *source, const struct bgp_nlri *list,
			   size_t count, struct writer *w, size_t *ret_mp)
{
	uint8_t scratch[MESSAGE_EXT_MAX], *len;
	/* What does not fit into a message by itself is not written whole. */
	struct writer attrs = writer_of(scratch, message_max(source->codec));

	attr_encode(source, &attrs);
	w->bad |= attrs.bad || writer_len(&attrs) > (size_t)(w->end - w->at);
	if (w->bad)
		return;
	writer_u16(w, 0); /* no withdrawn prefixes */
	len = writer_len_open(w, 2);
	if (!source->next_hop) {
		w->end -= writer_len(&attrs);
		*ret_mp = mp_encode(source->codec, source->path, list, count, w);
		w->end += writer_len(&attrs);
	}
	writer_bytes(w, scratch, writer_len(&attrs));
	if (!w->bad)
		writer_len_close(w, len, 2);
}

/* RFC 8950: IPv6 next hops of IPv4 prefixes only where the neighbour takes them. */
static bool next_hop_fits(const struct bgp_codec *codec, enum bgp_family family,
			  const struct addr *next_hop)
{
	return addr_is_v4(next_hop) || nlri_afi(family) == nlri_afi(BGP_IPV6_UNICAST) ||
	       codec->extended_next_hop & BIT(family);
}

size_t update_encode(const struct bgp_codec *codec, const struct bgp_path *path,
		     const struct bgp_nlri *list, size_t count, struct writer *w)
{
	struct writer message = message_writer(codec, w);
	struct attr_source source = { .codec = codec, .path = path };
	uint8_t *begun;
	size_t n = 0;

	if (!count)
		return 0;
	source.family = nlri_family_of(&list[0].dst);
	source.next_hop = source.family == BGP_IPV4_UNICAST && addr_is_v4(&path->next_hop);
	if (!next_hop_fits(codec, source.family, &path->next_hop))
		return 0;

	begun = message_begin(&message, MESSAGE_UPDATE);
	announce_attrs(&source, list, count, &message, &n);
	if (source.next_hop)
		n = classic_encode(codec, list, count, &message);
	message_end(&message, begun);
	if (message.bad || !n)
		return 0;
	w->at = message.at;
	return n;
}

static size_t withdraw_classic(const struct bgp_codec *codec, const struct bgp_nlri *list,
			       size_t count, struct writer *w)
{
	uint8_t *len = writer_len_open(w, 2);
	size_t n;

	w->bad |= w->end - w->at < 2;
	if (w->bad)
		return 0;
	w->end -= 2; /* for the length of no attributes */
	n = classic_encode(codec, list, count, w);
	w->end += 2;
	writer_len_close(w, len, 2);
	writer_u16(w, 0);
	return n;
}

static size_t withdraw_mp(const struct bgp_codec *codec, const struct bgp_nlri *list, size_t count,
			  struct writer *w)
{
	uint8_t *len;
	size_t n;

	writer_u16(w, 0);
	len = writer_len_open(w, 2);
	n = mp_encode(codec, NULL, list, count, w);
	if (!w->bad)
		writer_len_close(w, len, 2);
	return n;
}

size_t update_encode_withdraw(const struct bgp_codec *codec, const struct bgp_nlri *list,
			      size_t count, struct writer *w)
{
	struct writer message = message_writer(codec, w);
	uint8_t *begun;
	size_t n;

	if (!count)
		return 0;
	begun = message_begin(&message, MESSAGE_UPDATE);
	n = nlri_family_of(&list[0].dst) == BGP_IPV4_UNICAST
		    ? withdraw_classic(codec, list, count, &message)
		    : withdraw_mp(codec, list, count, &message);
	message_end(&message, begun);
	if (message.bad || !n)
		return 0;
	w->at = message.at;
	return n;
}

static void next_hop_attribute(const struct addr *next_hop, enum bgp_family family,
			       struct writer *w)
{
	bool v4 = addr_is_v4(next_hop);
	uint8_t *attr = attr_begin(w, ATTR_OPTIONAL, ATTR_MP_REACH), *len;

	len = writer_len_open(w, 1);
	if (nlri_family_is_vpn(family))
		writer_uint(w, 0, 8); /* route distinguisher */
	writer_bytes(w, v4 ? next_hop->octet + 12 : next_hop->octet, v4 ? 4 : 16);
	writer_len_close(w, len, 1);
	attr_end(w, attr);
}

void update_encode_attributes(const struct bgp_path *path, enum bgp_family family, struct writer *w)
{
	/* What was not there, as of an external neighbour, is not made up. */
	const struct bgp_codec codec = { .ibgp = path->has & BGP_HAS_LOCAL_PREF,
					 .as4 = true,
					 .edge_metadata = ~0u,
					 .carriers_send = ~0u };
	struct bgp_path borrowed = *path;
	struct attr_source source = { .codec = &codec, .path = &borrowed, .family = family };

	if (family == BGP_IPV4_UNICAST && addr_is_zero(&path->next_hop))
		borrowed.next_hop = addr_of_v4((uint8_t[4]){ 0 }); /* our own, of each session */
	source.next_hop = family == BGP_IPV4_UNICAST && addr_is_v4(&borrowed.next_hop);
	if (!source.next_hop)
		next_hop_attribute(&borrowed.next_hop, family, w);
	attr_encode(&source, w);
}

void update_encode_end_of_rib(enum bgp_family family, struct writer *w)
{
	uint8_t *begun = message_begin(w, MESSAGE_UPDATE), *len;

	writer_u16(w, 0);
	len = writer_len_open(w, 2);
	if (family != BGP_IPV4_UNICAST) {
		uint8_t *attr = attr_begin(w, ATTR_OPTIONAL, ATTR_MP_UNREACH);

		writer_u16(w, nlri_afi(family));
		writer_u8(w, nlri_safi(family));
		attr_end(w, attr);
	}
	writer_len_close(w, len, 2);
	message_end(w, begun);
}
