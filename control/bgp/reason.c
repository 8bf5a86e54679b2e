/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/reason.h"

#include "base/utf8.h"

#include <stdio.h>

size_t reason_encode(const char *words, uint8_t ret[1 + REASON_MAX])
{
	const uint8_t *octets = (const uint8_t *)words;
	size_t len = strnlen(words, REASON_MAX + 1);

	if (len > REASON_MAX)
		for (len = REASON_MAX; len && (octets[len] & 0xc0) == 0x80;)
			len--;
	if (!len || !utf8_valid(octets, len))
		return 0;
	ret[0] = (uint8_t)len;
	memcpy(ret + 1, octets, len);
	return 1 + len;
}

static void printable(const uint8_t *octets, size_t len, char ret[REASON_STRLEN])
{
	size_t used = 0;
	uint32_t value = 0; /* gcc cannot see that it always is set */

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_next(octets + i, len - i, &value);
		if (utf8_steers(value)) {
			ret[used++] = '.';
			continue;
		}
		memcpy(ret + used, octets + i, n);
		used += n;
	}
	ret[used] = '\0';
}

static bool may_have_words(const struct notification *n)
{
	return n->code == NOTIFICATION_CEASE &&
	       (n->subcode == CEASE_SHUTDOWN || n->subcode == CEASE_RESET);
}

void reason_decode(const struct notification *notification, char ret[REASON_STRLEN])
{
	struct notification n = *notification, inner;

	*ret = '\0';
	if (notification_hard_inner(&n, &inner))
		n = inner;
	if (!may_have_words(&n) || !n.len || !n.data[0])
		return;
	if (n.data[0] > n.len - 1)
		snprintf(ret, REASON_STRLEN, "(%u octets of words announced, %zu came)", n.data[0],
			 n.len - 1);
	else if (!utf8_valid(n.data + 1, n.data[0]))
		snprintf(ret, REASON_STRLEN, "(%u octets that are no UTF-8)", n.data[0]);
	else
		printable(n.data + 1, n.data[0], ret);
}
