/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FNV-1a, 64 bits: the same value on every machine, and no protection against whoever chooses the
 * bytes. Tables with keys from outside take a keyed hash instead. Pure; any thread.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define FNV_START 0xcbf29ce484222325ull

/* Goes on from `hash`; FNV_START for the first bytes. */
static inline uint64_t fnv_add(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *octet = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ octet[i]) * 0x100000001b3ull;
	return hash;
}
