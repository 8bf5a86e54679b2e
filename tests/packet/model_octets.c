/* SPDX-License-Identifier: BSD-2-Clause */
#include "model.h"

#include <string.h>

uint32_t read16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

uint32_t read32(const uint8_t *at)
{
	return read16(at) << 16 | read16(at + 2);
}

void write16(uint8_t *at, uint32_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

void write32(uint8_t *at, uint32_t value)
{
	write16(at, value >> 16);
	write16(at + 2, value);
}

bool is_v4(const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(addr, mapped, sizeof(mapped));
}

static uint32_t folded(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

uint32_t sum_octets(const uint8_t *at, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = folded(sum + (i % 2 ? at[i] : (uint32_t)at[i] << 8));
	return sum;
}

uint32_t checksum_of(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	return 0xffff - folded(sum_octets(a, a_len) + sum_octets(b, b_len));
}

/* One's complement numbers are residues of 65535. Checksum plus covered octets is what a receiver
 * sums; that residue stays. Zero is written as 0000: RFC 1624 section 3 shows why not as ffff. */
uint32_t checksum_kept(uint32_t checksum, uint32_t before, uint32_t after)
{
	return (checksum + before + 0xffff - after % 0xffff) % 0xffff;
}
