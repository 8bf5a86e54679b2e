/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/util.h"
#include "bgp/message.h"

#include <errno.h>
#include <stdio.h>

static const char *const code_text[] = {
	[NOTIFICATION_HEADER] = "Message Header Error",
	[NOTIFICATION_OPEN] = "OPEN Message Error",
	[NOTIFICATION_UPDATE] = "UPDATE Message Error",
	[NOTIFICATION_HOLD_TIMER] = "Hold Timer Expired",
	[NOTIFICATION_FSM] = "Finite State Machine Error",
	[NOTIFICATION_CEASE] = "Cease",
	[NOTIFICATION_ROUTE_REFRESH] = "ROUTE-REFRESH Message Error",
	[NOTIFICATION_SEND_HOLD] = "Send Hold Timer Expired",
};

/* IANA's registry of subcodes, as far as they are still in use. */
static const struct {
	uint8_t code, subcode;
	const char *text;
} subcode_text[] = {
	{ NOTIFICATION_HEADER, HEADER_NOT_SYNCHRONISED, "Connection Not Synchronized" },
	{ NOTIFICATION_HEADER, HEADER_BAD_LENGTH, "Bad Message Length" },
	{ NOTIFICATION_HEADER, HEADER_BAD_TYPE, "Bad Message Type" },
	{ NOTIFICATION_OPEN, OPEN_BAD_VERSION, "Unsupported Version Number" },
	{ NOTIFICATION_OPEN, OPEN_BAD_PEER_AS, "Bad Peer AS" },
	{ NOTIFICATION_OPEN, OPEN_BAD_IDENTIFIER, "Bad BGP Identifier" },
	{ NOTIFICATION_OPEN, OPEN_UNSUPPORTED_PARAMETER, "Unsupported Optional Parameter" },
	{ NOTIFICATION_OPEN, OPEN_BAD_HOLD_TIME, "Unacceptable Hold Time" },
	{ NOTIFICATION_OPEN, OPEN_UNSUPPORTED_CAPABILITY, "Unsupported Capability" },
	{ NOTIFICATION_OPEN, 11, "Role Mismatch" },
	{ NOTIFICATION_UPDATE, UPDATE_MALFORMED_LIST, "Malformed Attribute List" },
	{ NOTIFICATION_UPDATE, UPDATE_UNKNOWN_WELL_KNOWN, "Unrecognized Well-known Attribute" },
	{ NOTIFICATION_UPDATE, 3, "Missing Well-known Attribute" },
	{ NOTIFICATION_UPDATE, 4, "Attribute Flags Error" },
	{ NOTIFICATION_UPDATE, 5, "Attribute Length Error" },
	{ NOTIFICATION_UPDATE, 6, "Invalid ORIGIN Attribute" },
	{ NOTIFICATION_UPDATE, 8, "Invalid NEXT_HOP Attribute" },
	{ NOTIFICATION_UPDATE, UPDATE_OPTIONAL_ATTRIBUTE, "Optional Attribute Error" },
	{ NOTIFICATION_UPDATE, UPDATE_INVALID_NETWORK, "Invalid Network Field" },
	{ NOTIFICATION_UPDATE, 11, "Malformed AS_PATH" },
	{ NOTIFICATION_FSM, FSM_IN_OPEN_SENT, "Unexpected Message in OpenSent State" },
	{ NOTIFICATION_FSM, FSM_IN_OPEN_CONFIRM, "Unexpected Message in OpenConfirm State" },
	{ NOTIFICATION_FSM, FSM_IN_ESTABLISHED, "Unexpected Message in Established State" },
	{ NOTIFICATION_CEASE, CEASE_MAX_PREFIXES, "Maximum Number of Prefixes Reached" },
	{ NOTIFICATION_CEASE, CEASE_SHUTDOWN, "Administrative Shutdown" },
	{ NOTIFICATION_CEASE, CEASE_DECONFIGURED, "Peer De-configured" },
	{ NOTIFICATION_CEASE, CEASE_RESET, "Administrative Reset" },
	{ NOTIFICATION_CEASE, CEASE_REJECTED, "Connection Rejected" },
	{ NOTIFICATION_CEASE, CEASE_CONFIG_CHANGE, "Other Configuration Change" },
	{ NOTIFICATION_CEASE, CEASE_COLLISION, "Connection Collision Resolution" },
	{ NOTIFICATION_CEASE, CEASE_RESOURCES, "Out of Resources" },
	{ NOTIFICATION_CEASE, CEASE_HARD_RESET, "Hard Reset" },
	{ NOTIFICATION_CEASE, 10, "BFD Down" },
	{ NOTIFICATION_ROUTE_REFRESH, 1, "Invalid Message Length" },
};

void notification_encode(const struct notification *notification, struct writer *w)
{
	const size_t room = MESSAGE_MAX - MESSAGE_HEADER_LEN - 2;
	uint8_t *begun = message_begin(w, MESSAGE_NOTIFICATION);

	writer_u8(w, notification->code);
	writer_u8(w, notification->subcode);
	writer_bytes(w, notification->data, notification->len < room ? notification->len : room);
	message_end(w, begun);
}

int notification_decode(struct cursor *c, struct notification *ret)
{
	uint8_t code = cursor_u8(c), subcode = cursor_u8(c);
	struct notification n = { .code = code, .subcode = subcode };

	if (c->bad)
		return -EBADMSG;
	n.len = cursor_left(c);
	n.data = cursor_take(c, n.len);
	*ret = n;
	return 0;
}

void notification_harden(const struct notification *n, uint8_t octets[NOTIFICATION_HARD_MAX],
			 struct notification *ret)
{
	const size_t room = NOTIFICATION_HARD_MAX - 2;
	size_t len = n->len < room ? n->len : room;

	octets[0] = n->code;
	octets[1] = n->subcode;
	if (len)
		memcpy(octets + 2, n->data, len);
	*ret = (struct notification){ NOTIFICATION_CEASE, CEASE_HARD_RESET, octets, 2 + len };
}

bool notification_hard_inner(const struct notification *n, struct notification *ret)
{
	struct cursor c = cursor_of(n->data, n->len);

	return n->code == NOTIFICATION_CEASE && n->subcode == CEASE_HARD_RESET && n->len &&
	       notification_decode(&c, ret) == 0;
}

static void code_format(uint8_t code, uint8_t subcode, char *ret, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(subcode_text); i++) {
		if (subcode_text[i].code != code || subcode_text[i].subcode != subcode)
			continue;
		snprintf(ret, size, "%s: %s", code_text[code], subcode_text[i].text);
		return;
	}
	if (code < ARRAY_SIZE(code_text) && code_text[code])
		snprintf(ret, size, subcode ? "%s: subcode %u" : "%s", code_text[code], subcode);
	else
		snprintf(ret, size, "code %u, subcode %u", code, subcode);
}

const char *notification_format(const struct notification *notification,
				char ret[NOTIFICATION_STRLEN])
{
	struct notification inner;
	size_t used;

	code_format(notification->code, notification->subcode, ret, NOTIFICATION_STRLEN);
	if (!notification_hard_inner(notification, &inner))
		return ret;
	used = strlen(ret);
	used += (size_t)snprintf(ret + used, NOTIFICATION_STRLEN - used, ", ");
	code_format(inner.code, inner.subcode, ret + used, NOTIFICATION_STRLEN - used);
	return ret;
}
