/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/reason.h"

#include <stdio.h>

#define CODE_POINT_MAX 0x10ffff
#define SURROGATES     0xd800
#define SURROGATES_END 0xe000

/* Octets of the character that this one begins; 0: none begins so. *ret_bits: what it holds. */
static size_t lead(uint8_t octet, uint32_t *ret_bits)
{
	if (octet < 0x80) {
		*ret_bits = octet;
		return 1;
	}
	for (size_t len = 2; len <= 4; len++) {
		uint8_t mark = (uint8_t)(0xff00 >> len), mask = (uint8_t)(0xff80 >> len);

		if ((octet & mask) != mark)
			continue;
		*ret_bits = octet & (uint8_t)~mask;
		return len;
	}
	return 0;
}

/* The next character. 0: this is none. */
static size_t character(const uint8_t *octets, size_t left, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t value = 0;
	size_t len = lead(octets[0], &value);

	if (!len || len > left)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((octets[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (octets[i] & 0x3f);
	}
	if (value < least[len] || value > CODE_POINT_MAX ||
	    (value >= SURROGATES && value < SURROGATES_END))
		return 0;
	*ret = value;
	return len;
}

bool reason_is_utf8(const uint8_t *octets, size_t len)
{
	uint32_t value;

	for (size_t i = 0, n; i < len; i += n) {
		n = character(octets + i, len - i, &value);
		if (!n)
			return false;
	}
	return true;
}

size_t reason_encode(const char *words, uint8_t ret[1 + REASON_MAX])
{
	const uint8_t *octets = (const uint8_t *)words;
	size_t len = strnlen(words, REASON_MAX + 1);

	if (len > REASON_MAX)
		for (len = REASON_MAX; len && (octets[len] & 0xc0) == 0x80;)
			len--;
	if (!len || !reason_is_utf8(octets, len))
		return 0;
	ret[0] = (uint8_t)len;
	memcpy(ret + 1, octets, len);
	return 1 + len;
}

/* Controls of either set, and what turns the direction of text around (Unicode UAX 9). */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f;
}

static void printable(const uint8_t *octets, size_t len, char ret[REASON_STRLEN])
{
	size_t used = 0;
	uint32_t value = 0; /* gcc cannot see that it always is set */

	for (size_t i = 0, n; i < len; i += n) {
		n = character(octets + i, len - i, &value);
		if (is_control(value)) {
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
	else if (!reason_is_utf8(n.data + 1, n.data[0]))
		snprintf(ret, REASON_STRLEN, "(%u octets that are no UTF-8)", n.data[0]);
	else
		printable(n.data + 1, n.data[0], ret);
}
