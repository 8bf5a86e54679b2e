/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who owns which slot: weighted rendezvous per slot (DESIGN section 5). A function of (service,
 * slot, site, share) alone, so that all ingresses with the same shares own the same slots. Pure;
 * any thread.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct owner_site {
	uint64_t id;     /* the same on every ingress */
	double share;    /* 0..1; 0 owns nothing */
	uint16_t member; /* what the slot will name */
	bool spare; /* can take flows: may be next without a share, where no other site has one */
};

struct owner {
	uint16_t now, next; /* members; next: the runner-up, MG_MEMBER_NONE (0) if there is none */
};

/* Fills ret[0..slots). Ids are distinct; the sites' order does not matter. count: at most
 * UINT16_MAX, as members are. */
void owners_assign(uint64_t service_id, const struct owner_site *sites, size_t count,
		   struct owner *ret, size_t slots);

/* Of one slot: the same. */
struct owner owner_of_slot(uint64_t service_id, const struct owner_site *sites, size_t count,
			   size_t slot);
