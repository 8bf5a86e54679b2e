/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UPDATEs written anew from what the RIB holds, as the neighbour might have sent them: for those
 * who come late, and for what became of a message. Private to control/feed.
 */
#pragma once
#include "bgp/observer.h"

struct retell {
	const struct bgp *bgp;
	const struct bgp_peer *peer;
	/* update: a whole message, borrowed; received_ms: uv_now() at which the first of its
	 * routes came. */
	void (*write)(void *user, struct cursor update, uint64_t received_ms);
	void *user;
	uint64_t untold; /* counts routes that fit into no message */
};

/* Announces those of the list that are there, withdraws the others, with as few messages as runs of
 * equal paths allow. */
void retell_routes(struct retell *retell, const struct bgp_nlri *list, size_t count);
void retell_end_of_rib(struct retell *retell, enum bgp_family family);

/* What an UPDATE is about, by a look at its fields; malformed ones count as IPv4's. */
struct update_look {
	enum bgp_family family;
	bool end_of_rib; /* RFC 4724 section 2 */
};
struct update_look update_look(struct cursor message);
