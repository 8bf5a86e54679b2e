/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream of messages: the first octet says in pieces of what size it comes. It has to be cut into
 * the same messages as when it comes whole, of ordinary length and of RFC 8654; a ROUTE-REFRESH is
 * read.
 */
#include "again.h"
#include "bgp/message.h"

typedef int (*read_fn)(struct cursor *stream, struct message *ret, struct notification *ret_fault);

/* Folds the type and length of every message, and the fault at the end, into one number. */
static uint64_t feed(read_fn read, const uint8_t *data, size_t size, size_t piece)
{
	size_t used = 0, there = 0;
	uint64_t fold = 0;

	while (there < size) {
		struct notification fault;
		struct message message;
		struct cursor c;
		int r;

		there = size - there < piece ? size : there + piece;
		c = cursor_of(data + used, there - used);
		while ((r = read(&c, &message, &fault)) == 1)
			fold = fold * 31 + message.type * 7u + cursor_left(&message.body);
		used = (size_t)(c.at - data);
		if (r < 0)
			return fold * 31 + fault.code * 7u + fault.subcode;
	}
	return fold;
}

static bool refresh_again(struct cursor *c, struct writer *w)
{
	struct notification fault;
	struct message message;
	struct route_refresh refresh;

	if (message_read(c, &message, &fault) != 1 || message.type != MESSAGE_ROUTE_REFRESH ||
	    route_refresh_decode(&message.body, &refresh, &fault) != 0)
		return false;
	if (refresh.family >= BGP_FAMILY_COUNT || refresh.kind > ROUTE_REFRESH_END)
		impossible("a request that is none");
	route_refresh_encode(&refresh, w);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const read_fn readers[] = { message_read, message_read_extended };

	if (!size)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		if (feed(readers[i], data + 1, size - 1, data[0] + 1u) !=
		    feed(readers[i], data + 1, size - 1, size))
			impossible("cut otherwise in pieces");
	check_again(cursor_of(data + 1, size - 1), refresh_again);
	return 0;
}
