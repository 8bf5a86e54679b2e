/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame of BGP messages (RFC 4271 section 4.1), and the two messages that are hardly more than
 * their frame. Bytes in, values out; nothing is owned.
 */
#pragma once
#include "bgp/codec.h"
#include "bgp/notification.h"
#include "bgp/path.h"

#define MESSAGE_HEADER_LEN 19
#define MESSAGE_MAX        4096
#define MESSAGE_EXT_MAX    65535 /* RFC 8654: all but OPEN and KEEPALIVE, where both sides agreed */

enum message_type {
	MESSAGE_OPEN = 1,
	MESSAGE_UPDATE = 2,
	MESSAGE_NOTIFICATION = 3,
	MESSAGE_KEEPALIVE = 4,
	MESSAGE_ROUTE_REFRESH = 5,
};

struct message {
	enum message_type type;
	struct cursor body; /* borrows the stream's bytes */
};

/* Takes the next message off *stream. 1: *ret is it. 0: it has not come whole, *stream is as it
 * was. -EBADMSG: *ret_fault says why, the stream is lost. */
int message_read(struct cursor *stream, struct message *ret, struct notification *ret_fault);
/* The same where extended messages were agreed on (RFC 8654). */
int message_read_extended(struct cursor *stream, struct message *ret,
			  struct notification *ret_fault);

/* The longest one that the neighbour takes, but for OPEN and KEEPALIVE. */
static inline size_t message_max(const struct bgp_codec *codec)
{
	return codec->extended_message ? MESSAGE_EXT_MAX : MESSAGE_MAX;
}

/* Header, and the place of its length, which message_end() fills in. */
uint8_t *message_begin(struct writer *w, enum message_type type);
void message_end(struct writer *w, uint8_t *begun);

void keepalive_encode(struct writer *w);

enum route_refresh_kind { /* RFC 7313 */
			  ROUTE_REFRESH_REQUEST = 0,
			  ROUTE_REFRESH_BEGIN = 1,
			  ROUTE_REFRESH_END = 2,
};

struct route_refresh {
	enum bgp_family family;
	enum route_refresh_kind kind;
};

void route_refresh_encode(const struct route_refresh *refresh, struct writer *w);
/* 0; -ENOTSUP: another family or kind, to be ignored; -EBADMSG: *ret_fault. */
int route_refresh_decode(struct cursor *c, struct route_refresh *ret,
			 struct notification *ret_fault);
