/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/open.h"
#include "base/util.h"
#include "bgp/message.h"
#include "bgp/nlri.h"
#include "bgp/open_graceful.h"

#include <errno.h>
#include <string.h>

#define AS_TRANS               23456 /* RFC 6793 section 9 */
#define PARAMETER_CAPABILITIES 2
#define PARAMETER_EXTENDED     255 /* RFC 9072 section 2 */

#define ADD_PATH_RECEIVE 1
#define ADD_PATH_SEND    2

#define EDGE_METADATA_ANY 0x80 /* A bit: of any family */

enum capability {
	CAPABILITY_MULTIPROTOCOL = 1,     /* RFC 4760 */
	CAPABILITY_ROUTE_REFRESH = 2,     /* RFC 2918 */
	CAPABILITY_EXTENDED_NEXT_HOP = 5, /* RFC 8950 */
	CAPABILITY_EXTENDED_MESSAGE = 6,  /* RFC 8654 */
	CAPABILITY_AS4 = 65,              /* RFC 6793 */
	CAPABILITY_ADD_PATH = 69,         /* RFC 7911 */
	CAPABILITY_ENHANCED_REFRESH = 70, /* RFC 7313 */
};

/* What the capabilities say, before the fixed fields are believed. */
struct capabilities {
	struct bgp_open open;
	bool multiprotocol;
};

/* The bit of a family, or 0 if it is not ours. */
static uint32_t family_bit(uint16_t afi, uint8_t safi)
{
	enum bgp_family family;

	return nlri_family(afi, safi, &family) < 0 ? 0 : BIT(family);
}

static void decode_multiprotocol(struct cursor *c, struct capabilities *ret)
{
	uint16_t afi = cursor_u16(c);
	uint8_t safi;

	cursor_u8(c); /* reserved */
	safi = cursor_u8(c);
	ret->multiprotocol = true;
	ret->open.families |= family_bit(afi, safi);
}

static void decode_route_refresh(struct cursor *c, struct capabilities *ret)
{
	ret->open.route_refresh = true;
}

static void decode_extended_message(struct cursor *c, struct capabilities *ret)
{
	ret->open.extended_message = true;
}

static void decode_enhanced_refresh(struct cursor *c, struct capabilities *ret)
{
	ret->open.enhanced_refresh = true;
}

static void decode_extended_next_hop(struct cursor *c, struct capabilities *ret)
{
	while (cursor_left(c)) {
		uint16_t afi = cursor_u16(c), safi = cursor_u16(c), next_hop_afi = cursor_u16(c);

		if (!c->bad && safi <= UINT8_MAX && next_hop_afi == nlri_afi(BGP_IPV6_UNICAST))
			ret->open.extended_next_hop |=
				family_bit(afi, (uint8_t)safi) & OPEN_EXTENDED_NEXT_HOP;
	}
}

static void decode_as4(struct cursor *c, struct capabilities *ret)
{
	ret->open.as4 = true;
	ret->open.as = cursor_u32(c);
}

static void decode_add_path(struct cursor *c, struct capabilities *ret)
{
	while (cursor_left(c)) {
		uint16_t afi = cursor_u16(c);
		uint8_t safi = cursor_u8(c), mode = cursor_u8(c);
		uint32_t bit = family_bit(afi, safi);

		if (c->bad || mode < ADD_PATH_RECEIVE || mode > (ADD_PATH_RECEIVE | ADD_PATH_SEND))
			continue; /* RFC 7911 section 4: another value means nothing */
		ret->open.add_path_receive |= mode & ADD_PATH_RECEIVE ? bit : 0;
		ret->open.add_path_send |= mode & ADD_PATH_SEND ? bit : 0;
	}
}

static void decode_edge_metadata(struct cursor *c, struct capabilities *ret)
{
	uint8_t head = cursor_u8(c), count = head & ~EDGE_METADATA_ANY;

	for (uint8_t i = 0; i < count; i++) {
		uint16_t afi = cursor_u16(c);

		ret->open.edge_metadata |= family_bit(afi, cursor_u8(c));
	}
	if (head & EDGE_METADATA_ANY)
		ret->open.edge_metadata = BIT(BGP_FAMILY_COUNT) - 1;
}

static void decode_graceful(struct cursor *c, struct capabilities *ret)
{
	open_graceful_decode(c, &ret->open);
}

static void decode_long_lived(struct cursor *c, struct capabilities *ret)
{
	open_long_lived_decode(c, &ret->open);
}

static const struct capability_rule {
	uint8_t code;
	void (*decode)(struct cursor *c, struct capabilities *ret);
} rules[] = {
	{ CAPABILITY_MULTIPROTOCOL, decode_multiprotocol },
	{ CAPABILITY_ROUTE_REFRESH, decode_route_refresh },
	{ CAPABILITY_EXTENDED_NEXT_HOP, decode_extended_next_hop },
	{ CAPABILITY_AS4, decode_as4 },
	{ CAPABILITY_ADD_PATH, decode_add_path },
	{ CAPABILITY_ENHANCED_REFRESH, decode_enhanced_refresh },
	{ CAPABILITY_EXTENDED_MESSAGE, decode_extended_message },
	{ CAPABILITY_GRACEFUL, decode_graceful },
	{ CAPABILITY_LONG_LIVED, decode_long_lived },
};

/* False: the length is not one the capability can have. */
static bool capability_decode(uint8_t code, struct cursor *value, struct capabilities *ret)
{
	if (code && code == ret->open.edge_metadata_code) {
		decode_edge_metadata(value, ret);
		return !value->bad && !cursor_left(value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].code != code)
			continue;
		rules[i].decode(value, ret);
		return !value->bad && !cursor_left(value);
	}
	return true; /* RFC 5492 section 3: what is not known is ignored */
}

static bool capabilities_decode(struct cursor *c, struct capabilities *ret)
{
	while (cursor_left(c)) {
		uint8_t code = cursor_u8(c);
		struct cursor value = cursor_sub(c, cursor_u8(c));

		if (c->bad || !capability_decode(code, &value, ret))
			return false;
	}
	return true;
}

static int open_fault(struct notification *ret, uint8_t subcode, const uint8_t *data, size_t len)
{
	*ret = (struct notification){ NOTIFICATION_OPEN, subcode, data, len };
	return -EBADMSG;
}

/* Where the first parameter's type is 255, lengths take two octets (RFC 9072 section 2). */
static struct cursor parameters_open(struct cursor *c, bool *ret_extended)
{
	uint8_t len = cursor_u8(c);
	struct cursor ahead = *c;

	*ret_extended = len && cursor_u8(&ahead) == PARAMETER_EXTENDED;
	if (!*ret_extended)
		return cursor_sub(c, len);
	*c = ahead;
	return cursor_sub(c, cursor_u16(c));
}

static int parameters_decode(struct cursor *c, struct capabilities *ret,
			     struct notification *ret_fault)
{
	bool extended;
	struct cursor all = parameters_open(c, &extended);

	if (c->bad || all.bad || cursor_left(c))
		return open_fault(ret_fault, OPEN_UNSPECIFIC, NULL, 0);
	while (cursor_left(&all)) {
		const uint8_t *at = all.at;
		uint8_t type = cursor_u8(&all);
		size_t len = extended ? cursor_u16(&all) : cursor_u8(&all);
		struct cursor body = cursor_sub(&all, len);

		if (all.bad)
			return open_fault(ret_fault, OPEN_UNSPECIFIC, NULL, 0);
		if (type != PARAMETER_CAPABILITIES)
			return open_fault(ret_fault, OPEN_UNSUPPORTED_PARAMETER, at,
					  (size_t)(all.at - at));
		if (!capabilities_decode(&body, ret))
			return open_fault(ret_fault, OPEN_UNSPECIFIC, NULL, 0);
	}
	return 0;
}

/* RFC 4271 section 6.2, RFC 6286 section 2.1, RFC 7607 section 2. */
static int open_check(const struct bgp_open *open, struct notification *ret_fault)
{
	static const uint8_t none[4];

	if (!open->as)
		return open_fault(ret_fault, OPEN_BAD_PEER_AS, NULL, 0);
	if (open->hold_s == 1 || open->hold_s == 2)
		return open_fault(ret_fault, OPEN_BAD_HOLD_TIME, NULL, 0);
	if (!memcmp(open->id, none, sizeof(none)))
		return open_fault(ret_fault, OPEN_BAD_IDENTIFIER, NULL, 0);
	return 0;
}

int open_decode(struct cursor *c, uint8_t edge_metadata_code, struct bgp_open *ret,
		struct notification *ret_fault)
{
	static const uint8_t version[2] = { 0, OPEN_VERSION };
	struct capabilities caps = { .open.edge_metadata_code = edge_metadata_code };
	const uint8_t *id;
	uint16_t as;
	int r;

	if (cursor_u8(c) != OPEN_VERSION)
		return open_fault(ret_fault, OPEN_BAD_VERSION, version, sizeof(version));
	as = cursor_u16(c);
	caps.open.hold_s = cursor_u16(c);
	id = cursor_take(c, sizeof(caps.open.id));
	if (!id)
		return open_fault(ret_fault, OPEN_UNSPECIFIC, NULL, 0);
	memcpy(caps.open.id, id, sizeof(caps.open.id));

	r = parameters_decode(c, &caps, ret_fault);
	if (r < 0)
		return r;
	if (!caps.open.as4)
		caps.open.as = as;
	if (!caps.multiprotocol) /* RFC 4760 is younger than its absence */
		caps.open.families = BIT(BGP_IPV4_UNICAST);
	r = open_check(&caps.open, ret_fault);
	if (r < 0)
		return r;
	*ret = caps.open;
	return 0;
}

static uint8_t *capability_begin(struct writer *w, uint8_t code)
{
	writer_u8(w, code);
	return writer_len_open(w, 1);
}

static void encode_multiprotocol(const struct bgp_open *open, struct writer *w)
{
	for (uint8_t family = 0; family < BGP_FAMILY_COUNT; family++) {
		uint8_t *begun;

		if (!(open->families & BIT(family)))
			continue;
		begun = capability_begin(w, CAPABILITY_MULTIPROTOCOL);
		writer_u16(w, nlri_afi(family));
		writer_u16(w, nlri_safi(family)); /* a reserved octet before the SAFI */
		writer_len_close(w, begun, 1);
	}
}

static void encode_extended_next_hop(const struct bgp_open *open, struct writer *w)
{
	uint8_t *begun = capability_begin(w, CAPABILITY_EXTENDED_NEXT_HOP);

	for (uint8_t family = 0; family < BGP_FAMILY_COUNT; family++) {
		if (!(open->extended_next_hop & BIT(family)))
			continue;
		writer_u16(w, nlri_afi(family));
		writer_u16(w, nlri_safi(family));
		writer_u16(w, nlri_afi(BGP_IPV6_UNICAST));
	}
	writer_len_close(w, begun, 1);
}

static void encode_add_path(const struct bgp_open *open, struct writer *w)
{
	uint8_t *begun = capability_begin(w, CAPABILITY_ADD_PATH);

	for (uint8_t family = 0; family < BGP_FAMILY_COUNT; family++) {
		int mode = (open->add_path_receive & BIT(family) ? ADD_PATH_RECEIVE : 0) |
			   (open->add_path_send & BIT(family) ? ADD_PATH_SEND : 0);

		if (!mode)
			continue;
		writer_u16(w, nlri_afi(family));
		writer_u8(w, nlri_safi(family));
		writer_u8(w, (uint8_t)mode);
	}
	writer_len_close(w, begun, 1);
}

static void encode_edge_metadata(const struct bgp_open *open, struct writer *w)
{
	uint8_t *begun = capability_begin(w, open->edge_metadata_code);

	writer_u8(w, (uint8_t)__builtin_popcount(open->edge_metadata));
	for (uint8_t family = 0; family < BGP_FAMILY_COUNT; family++) {
		if (!(open->edge_metadata & BIT(family)))
			continue;
		writer_u16(w, nlri_afi(family));
		writer_u8(w, nlri_safi(family));
	}
	writer_len_close(w, begun, 1);
}

static void encode_flag(bool set, uint8_t code, struct writer *w)
{
	if (set)
		writer_len_close(w, capability_begin(w, code), 1);
}

static void encode_as4(const struct bgp_open *open, struct writer *w)
{
	uint8_t *begun = capability_begin(w, CAPABILITY_AS4);

	writer_u32(w, open->as);
	writer_len_close(w, begun, 1);
}

static void encode_capabilities(const struct bgp_open *open, struct writer *w)
{
	encode_multiprotocol(open, w);
	encode_flag(open->route_refresh, CAPABILITY_ROUTE_REFRESH, w);
	if (open->extended_next_hop)
		encode_extended_next_hop(open, w);
	if (open->as4)
		encode_as4(open, w);
	if (open->add_path_send | open->add_path_receive)
		encode_add_path(open, w);
	encode_flag(open->enhanced_refresh, CAPABILITY_ENHANCED_REFRESH, w);
	encode_flag(open->extended_message, CAPABILITY_EXTENDED_MESSAGE, w);
	open_graceful_encode(open, w);
	open_long_lived_encode(open, w);
	if (open->edge_metadata && open->edge_metadata_code)
		encode_edge_metadata(open, w);
}

void open_encode(const struct bgp_open *open, struct writer *w)
{
	uint8_t *begun = message_begin(w, MESSAGE_OPEN), *parameters, *capabilities;

	writer_u8(w, OPEN_VERSION);
	writer_u16(w, open->as > UINT16_MAX ? AS_TRANS : (uint16_t)open->as);
	writer_u16(w, open->hold_s);
	writer_bytes(w, open->id, sizeof(open->id));
	parameters = writer_len_open(w, 1);
	writer_u8(w, PARAMETER_CAPABILITIES);
	capabilities = writer_len_open(w, 1);
	encode_capabilities(open, w);
	writer_len_close(w, capabilities, 1);
	writer_len_close(w, parameters, 1);
	message_end(w, begun);
}

struct bgp_codec open_negotiate(const struct bgp_open *ours, const struct bgp_open *theirs)
{
	uint32_t families = ours->families & theirs->families;

	return (struct bgp_codec){
		.local_as = ours->as,
		.remote_as = theirs->as,
		.ibgp = ours->as == theirs->as,
		.as4 = ours->as4 && theirs->as4,
		.extended_next_hop = families & ours->extended_next_hop & theirs->extended_next_hop,
		.route_refresh = theirs->route_refresh,
		.long_lived = theirs->long_lived,
		.enhanced_refresh = ours->enhanced_refresh && theirs->enhanced_refresh,
		.extended_message = ours->extended_message && theirs->extended_message,
		.edge_metadata = families & ours->edge_metadata & theirs->edge_metadata,
		.families = families,
		.add_path_in = families & ours->add_path_receive & theirs->add_path_send,
		.add_path_out = families & ours->add_path_send & theirs->add_path_receive,
	};
}
