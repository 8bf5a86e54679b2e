/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame of BGP messages (RFC 4271 section 4.1), and the two messages that are hardly more than
 * their frame. Bytes in, values out; nothing is owned.
 */
#pragma once
#include "bgp/notification.h"
#include "bgp/path.h"

#define MESSAGE_HEADER_LEN 19
#define MESSAGE_MAX        4096

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

/* Header, and the place of its length, which message_end() fills in. */
uint8_t *message_begin(struct writer *w, enum message_type type);
void message_end(struct writer *w, uint8_t *begun);

void keepalive_encode(struct writer *w);

enum route_refresh_kind { /* RFC 7313 */
			  ROUTE_REFRESH_REQUEST = 0,
			  ROUTE_REFRESH_BEGIN = 1,
			  ROUTE_REFRESH_END = 2,
};

void route_refresh_encode(enum bgp_family family, struct writer *w);
/* 0: a request. -ENOTSUP: another family or kind, to be ignored. -EBADMSG: *ret_fault. */
int route_refresh_decode(struct cursor *c, enum bgp_family *ret, struct notification *ret_fault);
