/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/message.h"
#include "hex.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#define MARKER "ffffffffffffffffffffffffffffffff"

static const struct {
	const char *name, *hex;
	int want;
	uint8_t subcode; /* where want is -EBADMSG */
	size_t taken;
} frames[] = {
	{ "keepalive", MARKER "0013 04", 1, 0, 19 },
	{ "two messages, first one", MARKER "0013 04" MARKER "0013 04", 1, 0, 19 },
	{ "nothing yet", "", 0, 0, 0 },
	{ "header not whole", MARKER "0013", 0, 0, 0 },
	{ "body not whole", MARKER "0017 02 0000 00", 0, 0, 0 },
	{ "update", MARKER "0017 02 00000000", 1, 0, 23 },
	{ "marker", "fffffffffffffffffffffffffffffffe 0013 04", -EBADMSG, 1, 0 },
	{ "shorter than a header", MARKER "0012 04", -EBADMSG, 2, 0 },
	{ "longer than 4096", MARKER "1001 02", -EBADMSG, 2, 0 },
	{ "4096 are legal", MARKER "1000 02", 0, 0, 0 },
	{ "keepalive with a body", MARKER "0014 04 00", -EBADMSG, 2, 0 },
	{ "open too short", MARKER "001c 01", -EBADMSG, 2, 0 },
	{ "update too short", MARKER "0016 02", -EBADMSG, 2, 0 },
	{ "notification too short", MARKER "0014 03", -EBADMSG, 2, 0 },
	{ "route refresh too short", MARKER "0016 05", -EBADMSG, 2, 0 },
	{ "type 0", MARKER "0013 00", -EBADMSG, 3, 0 },
	{ "type 6", MARKER "0013 06", -EBADMSG, 3, 0 },
};

Test(message, frames)
{
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(frames[i].hex, &len);
		struct cursor c = cursor_of(bytes, len);
		struct notification fault = { 0 };
		struct message m = { 0 };
		int r = message_read(&c, &m, &fault);

		cr_expect(eq(int, r, frames[i].want), "%s", frames[i].name);
		cr_expect(eq(sz, len - cursor_left(&c), frames[i].taken), "%s", frames[i].name);
		if (r >= 0)
			continue;
		cr_expect(eq(u8, fault.code, NOTIFICATION_HEADER), "%s", frames[i].name);
		cr_expect(eq(u8, fault.subcode, frames[i].subcode), "%s", frames[i].name);
	}
}

static const struct {
	const char *name, *hex;
	int want; /* extended */
} extended_frames[] = {
	{ "UPDATE of 4097", MARKER "1001 02", 0 },
	{ "UPDATE of 65535", MARKER "ffff 02", 0 },
	{ "NOTIFICATION of 65535", MARKER "ffff 03", 0 },
	{ "ROUTE-REFRESH of 65535", MARKER "ffff 05", 0 },
	{ "OPEN of 4097", MARKER "1001 01", -EBADMSG },
	{ "KEEPALIVE of 20", MARKER "0014 04", -EBADMSG },
	{ "shorter than a header", MARKER "0012 02", -EBADMSG },
};

/* RFC 8654 section 4: OPEN and KEEPALIVE stay as they are. */
Test(message, frames_of_65535_octets_where_agreed)
{
	for (size_t i = 0; i < ARRAY_SIZE(extended_frames); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(extended_frames[i].hex, &len);
		struct cursor c = cursor_of(bytes, len), plain = c;
		struct notification fault;
		struct message m;

		cr_expect(eq(int, message_read_extended(&c, &m, &fault), extended_frames[i].want),
			  "%s", extended_frames[i].name);
		cr_expect(eq(int, message_read(&plain, &m, &fault), -EBADMSG), "%s",
			  extended_frames[i].name);
	}
}

Test(message, keepalive_reads_back)
{
	uint8_t bytes[MESSAGE_HEADER_LEN];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct notification fault;
	struct message m;
	struct cursor c;

	keepalive_encode(&w);
	cr_assert(not(w.bad));
	c = cursor_of(bytes, writer_len(&w));
	cr_expect(eq(int, message_read(&c, &m, &fault), 1));
	cr_expect(eq(int, m.type, MESSAGE_KEEPALIVE));
}

static const struct {
	const char *name, *hex;
	int want;
	struct route_refresh refresh;
} refreshes[] = {
	{ "IPv4", "0001 00 01", 0, { BGP_IPV4_UNICAST, ROUTE_REFRESH_REQUEST } },
	{ "IPv6", "0002 00 01", 0, { BGP_IPV6_UNICAST, ROUTE_REFRESH_REQUEST } },
	{ "VPN, IPv4", "0001 00 80", 0, { BGP_VPN_IPV4, ROUTE_REFRESH_REQUEST } },
	{ "VPN, IPv6", "0002 00 80", 0, { BGP_VPN_IPV6, ROUTE_REFRESH_REQUEST } },
	{ "with ORF behind it", "0001 00 01 01 40 0000", 0, { BGP_IPV4_UNICAST, 0 } },
	{ "begin", "0001 01 01", 0, { BGP_IPV4_UNICAST, ROUTE_REFRESH_BEGIN } },
	{ "end", "0002 02 01", 0, { BGP_IPV6_UNICAST, ROUTE_REFRESH_END } },
	{ "begin, octets behind it", "0001 01 01 00", -EBADMSG, { 0 } },
	{ "end, octets behind it", "0001 02 01 00", -EBADMSG, { 0 } },
	{ "unknown kind", "0001 03 01", -ENOTSUP, { 0 } },
	{ "unknown kind, octets behind it", "0001 ff 01 00", -ENOTSUP, { 0 } },
	{ "multicast", "0001 00 02", -ENOTSUP, { 0 } },
	{ "begin of multicast", "0001 01 02", -ENOTSUP, { 0 } },
	{ "cut short", "0001 00", -EBADMSG, { 0 } },
	{ "begin, cut short", "0001 01", -EBADMSG, { 0 } },
	{ "nothing", "", -EBADMSG, { 0 } },
};

Test(message, route_refresh)
{
	for (size_t i = 0; i < ARRAY_SIZE(refreshes); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(refreshes[i].hex, &len);
		struct cursor c = cursor_of(bytes, len);
		struct notification fault;
		struct route_refresh refresh = { 0 };
		int r = route_refresh_decode(&c, &refresh, &fault);

		cr_expect(eq(int, r, refreshes[i].want), "%s", refreshes[i].name);
		cr_expect(eq(int, refresh.family, refreshes[i].refresh.family), "%s",
			  refreshes[i].name);
		cr_expect(eq(int, refresh.kind, refreshes[i].refresh.kind), "%s",
			  refreshes[i].name);
		if (r == -EBADMSG)
			cr_expect(fault.code == NOTIFICATION_ROUTE_REFRESH && fault.subcode == 1 &&
				  fault.len == len);
	}
}

static const struct {
	const char *name, *hex, *text;
	int want;
	size_t data;
} notifications[] = {
	{ "shutdown with words", "06 02 03 627965", "Cease: Administrative Shutdown", 0, 4 },
	{ "no subcode", "04 00", "Hold Timer Expired", 0, 0 },
	{ "unknown subcode", "06 63", "Cease: subcode 99", 0, 0 },
	{ "unknown code", "63 07", "code 99, subcode 7", 0, 0 },
	{ "one octet", "06", "", -EBADMSG, 0 },
	{ "empty", "", "", -EBADMSG, 0 },
};

Test(notification, decodes_and_formats)
{
	for (size_t i = 0; i < ARRAY_SIZE(notifications); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(notifications[i].hex, &len);
		struct cursor c = cursor_of(bytes, len);
		char text[NOTIFICATION_STRLEN];
		struct notification n;
		int r = notification_decode(&c, &n);

		cr_expect(eq(int, r, notifications[i].want), "%s", notifications[i].name);
		if (r < 0)
			continue;
		cr_expect(eq(sz, n.len, notifications[i].data), "%s", notifications[i].name);
		cr_expect(eq(str, (char *)notification_format(&n, text),
			     (char *)notifications[i].text));
	}
}

Test(notification, every_code_formats)
{
	for (unsigned int code = 0; code < 256; code++)
		for (unsigned int subcode = 0; subcode < 256; subcode++) {
			struct notification n = { (uint8_t)code, (uint8_t)subcode, NULL, 0 };
			char text[NOTIFICATION_STRLEN];

			notification_format(&n, text);
			cr_expect(lt(sz, strlen(text), sizeof(text) - 1), "%u/%u", code, subcode);
		}
}

Test(notification, reads_back_and_cuts_long_data)
{
	static const uint8_t data[MESSAGE_MAX];
	struct notification n = { NOTIFICATION_CEASE, CEASE_REJECTED, data, sizeof(data) }, back;
	_cleanup_(freep) uint8_t *bytes = malloc(MESSAGE_MAX);
	struct writer w = writer_of(bytes, MESSAGE_MAX);
	struct notification fault;
	struct message m;
	struct cursor c;

	notification_encode(&n, &w);
	cr_assert(not(w.bad));
	c = cursor_of(bytes, writer_len(&w));
	cr_assert(eq(int, message_read(&c, &m, &fault), 1));
	cr_assert(eq(int, notification_decode(&m.body, &back), 0));
	cr_expect(eq(u8, back.code, n.code));
	cr_expect(eq(u8, back.subcode, n.subcode));
	cr_expect(eq(sz, back.len, MESSAGE_MAX - MESSAGE_HEADER_LEN - 2));
}
