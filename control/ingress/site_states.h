/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What egresses say of whole sites, apart from their services: how much of them is there. By
 * (egress, site id) and source; of several sources the last to speak counts. Private to
 * control/ingress; owned by struct ingress. Bounded: what is beyond is not taken in.
 */
#pragma once
#include "catalog/catalog.h"

#define SITE_STATES_MAX 1024

struct site_told {
	struct addr egress;
	uint16_t site_id; /* 0: every site behind the egress */
	struct offer_source source;
	uint32_t carrier;
	uint8_t percent;
};

struct site_states {
	struct site_told *at; /* the last to speak stands last */
	size_t count;
	uint64_t refused; /* for want of room or memory */
};

void site_states_clear(struct site_states *states);
/* In place of what the source said of this egress. True: something differs. */
bool site_states_put(struct site_states *states, const struct site_told *state);
/* True: the source had said something of the egress. */
bool site_states_take(struct site_states *states, const struct addr *egress,
		      const struct offer_source *source);
/* NULL: nobody says anything, so all of it is there. */
const struct site_told *site_states_of(const struct site_states *states, const struct addr *egress,
				       uint16_t site_id);
