/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The capabilities about restarts: graceful (RFC 4724, RFC 8538) and long-lived (RFC 9494). Values;
 * where a capability comes twice, the last one counts. Private to the codec of OPEN.
 */
#pragma once
#include "bgp/open.h"

#define CAPABILITY_GRACEFUL   64
#define CAPABILITY_LONG_LIVED 71

/* The capability's value; what does not add up sets c->bad or is left in *c. Families that are not
 * ours are skipped. */
void open_graceful_decode(struct cursor *c, struct bgp_open *ret);
void open_long_lived_decode(struct cursor *c, struct bgp_open *ret);

/* The whole capability, where open->graceful, or open->long_lived. */
void open_graceful_encode(const struct bgp_open *open, struct writer *w);
void open_long_lived_encode(const struct bgp_open *open, struct writer *w);
