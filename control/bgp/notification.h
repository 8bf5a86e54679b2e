/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NOTIFICATION messages (RFC 4271 section 4.5) and what a fault of the peer leads to. Values; the
 * data of a notification is borrowed from the message that was at fault, or static.
 */
#pragma once
#include "base/cursor.h"
#include "base/writer.h"

/* RFC 7606 section 2, mildest first: the worst fault of a message decides. */
enum fault {
	FAULT_NONE,
	FAULT_DISCARD,  /* an attribute, or a field of one, is ignored */
	FAULT_WITHDRAW, /* every prefix of the message counts as withdrawn */
	FAULT_RESET,    /* the session ends by a NOTIFICATION */
};

enum notification_code {
	NOTIFICATION_HEADER = 1,
	NOTIFICATION_OPEN = 2,
	NOTIFICATION_UPDATE = 3,
	NOTIFICATION_HOLD_TIMER = 4,
	NOTIFICATION_FSM = 5, /* subcodes: RFC 6608 */
	NOTIFICATION_CEASE = 6,
	NOTIFICATION_ROUTE_REFRESH = 7, /* RFC 7313 */
	NOTIFICATION_SEND_HOLD = 8,     /* RFC 9687 */
};

enum notification_header {
	HEADER_NOT_SYNCHRONISED = 1,
	HEADER_BAD_LENGTH = 2,
	HEADER_BAD_TYPE = 3,
};

enum notification_open {
	OPEN_UNSPECIFIC = 0,
	OPEN_BAD_VERSION = 1,
	OPEN_BAD_PEER_AS = 2,
	OPEN_BAD_IDENTIFIER = 3,
	OPEN_UNSUPPORTED_PARAMETER = 4,
	OPEN_BAD_HOLD_TIME = 6,
	OPEN_UNSUPPORTED_CAPABILITY = 7, /* RFC 5492 */
};

enum notification_update {
	UPDATE_MALFORMED_LIST = 1,
	UPDATE_UNKNOWN_WELL_KNOWN = 2,
	UPDATE_OPTIONAL_ATTRIBUTE = 9,
	UPDATE_INVALID_NETWORK = 10,
};

enum notification_fsm { FSM_IN_OPEN_SENT = 1, FSM_IN_OPEN_CONFIRM = 2, FSM_IN_ESTABLISHED = 3 };

enum notification_cease { /* RFC 4486, RFC 8538 */
			  CEASE_MAX_PREFIXES = 1,
			  CEASE_SHUTDOWN = 2,
			  CEASE_DECONFIGURED = 3,
			  CEASE_RESET = 4,
			  CEASE_REJECTED = 5,
			  CEASE_CONFIG_CHANGE = 6,
			  CEASE_COLLISION = 7,
			  CEASE_RESOURCES = 8,
			  CEASE_HARD_RESET = 9,
};

struct notification {
	uint8_t code, subcode;
	const uint8_t *data;
	size_t len;
};

/* A whole message. Data that does not fit into a message is left out from its end. */
void notification_encode(const struct notification *notification, struct writer *w);
/* The body, after the header. 0 or -EBADMSG; *ret borrows the bytes. */
int notification_decode(struct cursor *c, struct notification *ret);

/* RFC 8538 section 3.1: what a Hard Reset carries is another NOTIFICATION. */
#define NOTIFICATION_HARD_MAX (2 + 1 + 255) /* octets of it: with words (RFC 9003) */

/* Wraps what does not let the neighbour keep routes: *ret borrows octets. More than fits is cut. */
void notification_harden(const struct notification *n, uint8_t octets[NOTIFICATION_HARD_MAX],
			 struct notification *ret);
/* False: not a Hard Reset, or an empty one. *ret borrows the bytes. */
bool notification_hard_inner(const struct notification *n, struct notification *ret);

/* "Cease: Connection Collision Resolution"; a Hard Reset by what it carries; a code that is not
 * known is printed as its number. */
#define NOTIFICATION_STRLEN 96
const char *notification_format(const struct notification *notification,
				char ret[NOTIFICATION_STRLEN]); /* returns ret */
