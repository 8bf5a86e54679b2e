/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far sites are by the handshakes of the own flows, where nobody says it better. Pure.
 *
 * As this router sees it, a handshake is the way to the site, from there to the client, and from
 * the client back to here. Flows are spread by their hash, so all sites of a service have the same
 * clients on average: their part falls out in the difference of two sites' means, and what is left
 * is how much longer the way of a packet by one site is. It is taken only as far as it cannot be
 * chance.
 */
#pragma once
#include "metric/handshake.h"

#include <stdbool.h>
#include <stddef.h>

#define FARNESS_HOLD_S 600.0 /* so long it is believed of a site that has no flows */

/* Kept by the caller from one call to the next, all zero at first. */
struct farness {
	bool known;
	double rtt_s;   /* beyond the nearest site, or beyond what is common to those whose
			 * round-trip time is known */
	double shown_s; /* when there were handshakes enough to say so */
};

struct farness_site {
	double rtt_s; /* by a better source; NAN: there is none */
	struct handshake_mean seen;
	struct farness *farness;
};

/* Of all sites that are up. */
void farness_update(double now_s, const struct farness_site *sites, size_t count);
