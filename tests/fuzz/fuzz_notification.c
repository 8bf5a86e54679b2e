/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of a NOTIFICATION, and the words that may be in it. */
#include "again.h"
#include "base/utf8.h"
#include "bgp/message.h"
#include "bgp/reason.h"

static void check_words(const struct notification *n)
{
	char text[NOTIFICATION_STRLEN], words[REASON_STRLEN];
	struct notification inner;

	if (!memchr(notification_format(n, text), 0, sizeof(text)))
		impossible("a text without an end");
	reason_decode(n, words);
	if (!memchr(words, 0, sizeof(words)) || !utf8_valid((const uint8_t *)words, strlen(words)))
		impossible("words that are no UTF-8");
	for (const char *c = words; *c; c++)
		if ((uint8_t)*c < ' ')
			impossible("words that steer a terminal");
	if (notification_hard_inner(n, &inner) && inner.len > n->len)
		impossible("more inside than outside");
}

static bool read_write(struct cursor *c, struct writer *w)
{
	uint8_t octets[MESSAGE_MAX];
	struct writer whole = writer_of(octets, sizeof(octets));
	struct notification n, fault;
	struct message message;
	struct cursor back;

	if (notification_decode(c, &n) < 0)
		return false;
	check_words(&n);
	notification_encode(&n, &whole);
	back = cursor_of(octets, writer_len(&whole));
	if (message_read(&back, &message, &fault) != 1 || message.type != MESSAGE_NOTIFICATION)
		impossible("a message that is none");
	writer_bytes(w, message.body.at, cursor_left(&message.body));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_again(cursor_of(data, size), read_write);
	return 0;
}
