/* SPDX-License-Identifier: BSD-2-Clause */
/* What the carriers of one path come to: one report, and by which of them each field came. Private
 * to the codec. */
#pragma once
#include "bgp/path.h"

/* What each carrier of an UPDATE said, as far as it is accepted. A value. */
struct carried {
	bool has_whole;         /* attribute 42 with its experimental sub-TLV */
	struct report whole;    /* that sub-TLV */
	bool has_metadata;      /* attribute 42 */
	struct report metadata; /* its other sub-TLVs */
	bool has_bandwidth;
	struct report bandwidth;
};

/* Joins it with what path->report has from the communities (path->carrier says whether it has):
 * the richer carrier speaks first, poorer ones fill in what it left open. link-bandwidth counts
 * where there is nothing else: its value has the availability in it. */
void carriers_join(const struct carried *carried, struct bgp_path *path);
