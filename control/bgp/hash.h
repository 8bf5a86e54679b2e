/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keyed hashing for the tables whose keys come from neighbours: without the seed nobody can make
 * keys that collide. uthash is used by hash value throughout, as its own hash functions take no
 * seed, and without its exit() when memory is short. Include this instead of <uthash.h>.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* An element that could not be added has hh.tbl NULL; the table is as it was. */
#define HASH_NONFATAL_OOM      1
#define uthash_nonfatal_oom(e) ((void)0)
#include <uthash.h>

struct hash_seed {
	uint64_t word[2];
};

static inline uint64_t hash_rotate(uint64_t v, unsigned int bits)
{
	return v << bits | v >> (64 - bits);
}

static inline void hash_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = hash_rotate(v[1], 13) ^ v[0];
	v[3] = hash_rotate(v[3], 16) ^ v[2];
	v[0] = hash_rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = hash_rotate(v[3], 21) ^ v[0];
	v[1] = hash_rotate(v[1], 17) ^ v[2];
	v[2] = hash_rotate(v[2], 32);
}

static inline void hash_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	hash_round(v);
	hash_round(v);
	v[0] ^= word;
}

/* SipHash-2-4. before: the hash of what came before in a record of several parts, else 0. */
static inline uint64_t hash_bytes(const struct hash_seed *seed, uint64_t before, const void *bytes,
				  size_t len)
{
	uint64_t k0 = seed->word[0] ^ before, k1 = seed->word[1], word;
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
			  k1 ^ 0x7465646279746573 };
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, (const uint8_t *)bytes + i, 8);
		hash_word(v, word);
	}
	word = 0;
	if (i < len)
		memcpy(&word, (const uint8_t *)bytes + i, len - i);
	hash_word(v, word | (uint64_t)len << 56);
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		hash_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
