/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reader over received bytes, big-endian. Once a read runs past the end, bad stays set and all
 * reads yield zero: decode a whole record, then test once; but test before a length sizes an
 * allocation. The bytes are borrowed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *at, *end;
	bool bad;
};

static inline struct cursor cursor_of(const void *bytes, size_t len)
{
	/* No bytes at NULL are no bytes elsewhere: arithmetic on NULL is undefined. */
	const uint8_t *at = bytes ? bytes : (const uint8_t *)"";

	return (struct cursor){ .at = at, .end = at + len };
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->bad ? 0 : (size_t)(c->end - c->at);
}

/* The next n bytes, or NULL and bad is set. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	const uint8_t *p = c->at;

	c->bad |= n > (size_t)(c->end - c->at);
	if (c->bad)
		return NULL;
	c->at += n;
	return p;
}

/* A reader of the next n bytes, which cannot leave them. */
static inline struct cursor cursor_sub(struct cursor *c, size_t n)
{
	const uint8_t *p = cursor_take(c, n);

	return (struct cursor){ .at = p, .end = p ? p + n : p, .bad = !p };
}

static inline uint64_t cursor_uint(struct cursor *c, size_t octets)
{
	const uint8_t *p = cursor_take(c, octets);
	uint64_t v = 0;

	for (size_t i = 0; p && i < octets; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_uint(c, 1);
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	return (uint16_t)cursor_uint(c, 2);
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	return (uint32_t)cursor_uint(c, 4);
}
