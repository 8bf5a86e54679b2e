/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words that may come with an administrative shutdown or reset (RFC 9003): an octet of length
 * and UTF-8. Values.
 */
#pragma once
#include "bgp/notification.h"

#define REASON_MAX    255 /* octets, RFC 9003 section 2 */
#define REASON_STRLEN (REASON_MAX + 1)

/* Length and words; what is beyond REASON_MAX is cut off before the character that crosses it.
 * Returns how many octets of ret are used; 0: there are no words. */
size_t reason_encode(const char *words, uint8_t ret[1 + REASON_MAX]);

/* What came with a Cease that may have words, Hard Reset or not (RFC 8538); "" if there are none.
 * Control characters become '.': it goes to terminals. Words of a wrong length, or no UTF-8, are
 * told as such (RFC 9003 section 4). */
void reason_decode(const struct notification *notification, char ret[REASON_STRLEN]);
