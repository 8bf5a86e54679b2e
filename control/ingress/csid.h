/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SRv6 SIDs packed into NEXT-CSID containers (RFC 9800 section 4.1). Pure: no state, no I/O.
 */
#pragma once
#include "base/addr.h"

#include <stddef.h>

/* How SIDs are built (RFC 9800 section 3), in bits; multiples of 8, with room for one CSID. */
struct csid_format {
	uint8_t block_len; /* Locator-Block, which all SIDs of a container share */
	uint8_t csid_len;  /* one compressed SID: Locator-Node and Function */
};

/* Packs `count` SIDs, in the order of travel, into as few addresses as they take; *ret has room for
 * `count`. Returns how many there are. A SID of another block, or one that does not fit behind the
 * one before it, begins a new one; one that is longer than a container has room for stands alone as
 * it is. All but the last SID of a container have to be of the NEXT-CSID flavour. */
size_t csid_pack(const struct csid_format *format, const struct addr *sid, size_t count,
		 struct addr *ret);
