/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stale routes: those of a neighbour that is away, or tells all of them again, which stay until
 * they are told again or their time is up (RFC 4724, RFC 7313, RFC 9494). A route that is announced
 * is stale no more; rib.c sees to that.
 */
#pragma once
#include "bgp/speaker.h"

/* The routes of these families become stale. */
void stale_mark(struct rib_source *source, uint32_t families);
/* The session ended: routes of these families become stale; others, and those that were stale, go.
 */
void stale_keep(struct speaker *speaker, struct rib_source *source, uint32_t families);
/* What is stale of these families goes. */
void stale_sweep(struct speaker *speaker, struct rib_source *source, uint32_t families);
/* What is stale of these families begins its long life: gets the community LLGR_STALE, or goes
 * where it has NO_LLGR (RFC 9494 section 4.2), or where memory is short. */
void stale_prolong(struct speaker *speaker, struct rib_source *source, uint32_t families);
