/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/utf8.h"

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

size_t utf8_next(const uint8_t *octets, size_t left, uint32_t *ret)
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

bool utf8_valid(const uint8_t *octets, size_t len)
{
	uint32_t value;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_next(octets + i, len - i, &value);
		if (!n)
			return false;
	}
	return true;
}

bool utf8_steers(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f;
}
