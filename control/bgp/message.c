/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/message.h"
#include "bgp/nlri.h"

#include <errno.h>
#include <string.h>

#define MARKER_LEN 16

/* RFC 4271 section 6.1: what a message of a type takes at least, and at most; extended: where RFC
 * 8654 was agreed on. */
static const struct {
	uint16_t min, max, extended;
} message_len[] = {
	[MESSAGE_OPEN] = { 29, MESSAGE_MAX, MESSAGE_MAX },
	[MESSAGE_UPDATE] = { 23, MESSAGE_MAX, MESSAGE_EXT_MAX },
	[MESSAGE_NOTIFICATION] = { 21, MESSAGE_MAX, MESSAGE_EXT_MAX },
	[MESSAGE_KEEPALIVE] = { MESSAGE_HEADER_LEN, MESSAGE_HEADER_LEN, MESSAGE_HEADER_LEN },
	[MESSAGE_ROUTE_REFRESH] = { 23, MESSAGE_MAX, MESSAGE_EXT_MAX }, /* with ORF (RFC 5291) */
};

static int message_fault(struct notification *ret, uint8_t subcode, const uint8_t *data, size_t len)
{
	*ret = (struct notification){ NOTIFICATION_HEADER, subcode, data, len };
	return -EBADMSG;
}

static bool marker_ok(const uint8_t *marker)
{
	for (size_t i = 0; i < MARKER_LEN; i++)
		if (marker[i] != 0xff)
			return false;
	return true;
}

static int read_one(struct cursor *stream, bool extended, struct message *ret,
		    struct notification *ret_fault)
{
	struct cursor c = *stream;
	const uint8_t *marker = cursor_take(&c, MARKER_LEN), *at = c.at;
	uint16_t len = cursor_u16(&c);
	uint8_t type = cursor_u8(&c);

	if (c.bad)
		return 0;
	if (!marker_ok(marker))
		return message_fault(ret_fault, HEADER_NOT_SYNCHRONISED, NULL, 0);
	if (len < MESSAGE_HEADER_LEN || (!extended && len > MESSAGE_MAX))
		return message_fault(ret_fault, HEADER_BAD_LENGTH, at, 2);
	if (type < MESSAGE_OPEN || type > MESSAGE_ROUTE_REFRESH)
		return message_fault(ret_fault, HEADER_BAD_TYPE, at + 2, 1);
	if (len < message_len[type].min ||
	    len > (extended ? message_len[type].extended : message_len[type].max))
		return message_fault(ret_fault, HEADER_BAD_LENGTH, at, 2);
	if (cursor_left(&c) < (size_t)len - MESSAGE_HEADER_LEN)
		return 0;

	*ret = (struct message){ type, cursor_sub(&c, (size_t)len - MESSAGE_HEADER_LEN) };
	*stream = c;
	return 1;
}

int message_read(struct cursor *stream, struct message *ret, struct notification *ret_fault)
{
	return read_one(stream, false, ret, ret_fault);
}

int message_read_extended(struct cursor *stream, struct message *ret,
			  struct notification *ret_fault)
{
	return read_one(stream, true, ret, ret_fault);
}

uint8_t *message_begin(struct writer *w, enum message_type type)
{
	uint8_t *marker = writer_room(w, MARKER_LEN), *begun;

	if (marker)
		memset(marker, 0xff, MARKER_LEN);
	begun = writer_len_open(w, 2);
	writer_u8(w, type);
	return begun;
}

void message_end(struct writer *w, uint8_t *begun)
{
	struct writer len;

	if (w->bad)
		return;
	len = writer_of(begun, 2);
	writer_u16(&len, (uint16_t)(w->at - begun + MARKER_LEN)); /* the marker counts, too */
}

void keepalive_encode(struct writer *w)
{
	message_end(w, message_begin(w, MESSAGE_KEEPALIVE));
}

void route_refresh_encode(const struct route_refresh *refresh, struct writer *w)
{
	uint8_t *begun = message_begin(w, MESSAGE_ROUTE_REFRESH);

	writer_u16(w, nlri_afi(refresh->family));
	writer_u8(w, (uint8_t)refresh->kind);
	writer_u8(w, nlri_safi(refresh->family));
	message_end(w, begun);
}

int route_refresh_decode(struct cursor *c, struct route_refresh *ret,
			 struct notification *ret_fault)
{
	const uint8_t *body = c->at;
	size_t len = cursor_left(c);
	uint16_t afi = cursor_u16(c);
	uint8_t kind = cursor_u8(c), safi = cursor_u8(c);
	enum bgp_family family;
	int r;

	/* RFC 7313 section 5: Invalid Message Length; a request may have more (RFC 5291). */
	if (c->bad ||
	    (kind != ROUTE_REFRESH_REQUEST && kind <= ROUTE_REFRESH_END && cursor_left(c))) {
		*ret_fault = (struct notification){ NOTIFICATION_ROUTE_REFRESH, 1, body, len };
		return -EBADMSG;
	}
	if (kind > ROUTE_REFRESH_END)
		return -ENOTSUP;
	r = nlri_family(afi, safi, &family);
	if (r == 0)
		*ret = (struct route_refresh){ family, (enum route_refresh_kind)kind };
	return r;
}
