/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A writer of big-endian bytes into a buffer of the caller's. Once something does not fit, bad
 * stays set and nothing more is written: encode a whole record, then test once.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct writer {
	uint8_t *start, *at, *end;
	bool bad;
};

static inline struct writer writer_of(void *buffer, size_t size)
{
	return (struct writer){ .start = buffer, .at = buffer, .end = (uint8_t *)buffer + size };
}

static inline size_t writer_len(const struct writer *w)
{
	return (size_t)(w->at - w->start);
}

/* Room for n bytes, to be filled by the caller, or NULL and bad is set. */
static inline uint8_t *writer_room(struct writer *w, size_t n)
{
	uint8_t *p = w->at;

	w->bad |= n > (size_t)(w->end - w->at);
	if (w->bad)
		return NULL;
	w->at += n;
	return p;
}

static inline void writer_bytes(struct writer *w, const void *bytes, size_t n)
{
	uint8_t *p = writer_room(w, n);

	if (p && n)
		memcpy(p, bytes, n);
}

static inline void writer_uint(struct writer *w, uint64_t v, size_t octets)
{
	uint8_t *p = writer_room(w, octets);

	for (size_t i = 0; p && i < octets; i++)
		p[i] = (uint8_t)(v >> 8 * (octets - 1 - i));
}

static inline void writer_u8(struct writer *w, uint8_t v)
{
	writer_uint(w, v, 1);
}

static inline void writer_u16(struct writer *w, uint16_t v)
{
	writer_uint(w, v, 2);
}

static inline void writer_u32(struct writer *w, uint32_t v)
{
	writer_uint(w, v, 4);
}

/* Leaves `octets` for a length that is known later; pass what it returns to writer_len_close(). */
static inline uint8_t *writer_len_open(struct writer *w, size_t octets)
{
	return writer_room(w, octets);
}

/* Stores in *field the number of bytes written since; sets bad where `octets` cannot hold it. */
static inline void writer_len_close(struct writer *w, uint8_t *field, size_t octets)
{
	struct writer len;
	size_t n;

	if (w->bad || !field)
		return;
	n = (size_t)(w->at - field) - octets;
	len = writer_of(field, octets);
	w->bad |= octets < sizeof(n) && n >> 8 * octets;
	writer_uint(&len, n, octets);
}
