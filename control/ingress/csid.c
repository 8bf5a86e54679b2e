/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: A container is the block, then CSIDs, then zeros. A node of the NEXT-CSID flavour takes its
 * own CSID out by shifting the rest to the front, so what the last node sees is block, CSID, zeros:
 * its SID as it was announced. That is why a SID's trailing zeros can be left out, and why the last
 * one need not be of that flavour (RFC 9800 section 4.1).
 */
#include "ingress/csid.h"

#include <string.h>

#define ADDR_LEN sizeof(((struct addr *)0)->octet)

/* Octets of a SID behind its block without the zeros at its end, in whole CSIDs. */
static size_t csid_octets(const struct addr *sid, size_t block, size_t unit)
{
	size_t end = ADDR_LEN;

	while (end > block && !sid->octet[end - 1])
		end--;
	if (end == block)
		return unit;
	return (end - block + unit - 1) / unit * unit;
}

size_t csid_pack(const struct csid_format *format, const struct addr *sid, size_t count,
		 struct addr *ret)
{
	size_t block = format->block_len / 8, unit = format->csid_len / 8, used = ADDR_LEN, n = 0;

	for (size_t i = 0; i < count; i++) {
		size_t len = csid_octets(&sid[i], block, unit);

		if (n && used + len <= ADDR_LEN && !memcmp(ret[n - 1].octet, sid[i].octet, block)) {
			memcpy(ret[n - 1].octet + used, sid[i].octet + block, len);
			used += len;
			continue;
		}
		ret[n++] = sid[i];
		used = block + len;
	}
	return n;
}
