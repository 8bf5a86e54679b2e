/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: What the data plane counts of a member's flows, where its service is observed. It goes on
 * counting while we read and change, so each word is taken and put by itself.
 */
#include "tables/state.h"

#include <two_choice.h>

static struct mg_load *member_load(const struct table_service *s, uint32_t member)
{
	struct mg_load *load = s->tables->maps.memory[MAP_LOADS];

	return &load[s->entry.member_base + member];
}

static uint64_t word(const __u64 *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

bool tables_member_flows(const struct table_service *s, uint16_t member, struct member_flows *ret)
{
	const struct mg_load *load;

	if (member == MG_MEMBER_NONE || member > s->entry.member_count)
		return false;
	load = member_load(s, member);
	*ret = (struct member_flows){
		.in_flight =
			(double)__atomic_load_n(&load->in_flight, __ATOMIC_RELAXED) / MG_LOAD_FLOW,
		.starts = word(&load->starts),
		.seconds = word(&load->seconds),
		.ends = word(&load->ends),
		.handshakes = word(&load->handshakes),
		.handshake_us = word(&load->handshake_us),
	};
	return true;
}

void tables_flows_drain(struct table_service *s, double part)
{
	/* None of a million microseconds' ends was seen. */
	const struct two_choice_view view = { .starts = 1, .flow_us = 1000000 };
	uint32_t elapsed_us = (uint32_t)(part * view.flow_us);

	for (uint32_t m = 1; m <= s->entry.member_count; m++) {
		__u32 *at = &member_load(s, m)->in_flight;
		__u32 seen = __atomic_load_n(at, __ATOMIC_RELAXED);

		if (s->member[m].use == MEMBER_FREE)
			continue;
		while (!__atomic_compare_exchange_n(at, &seen,
						    two_choice_drain(seen, &view, elapsed_us), true,
						    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			;
	}
}

void load_forget(const struct table_service *s, uint32_t member)
{
	__atomic_store_n(&member_load(s, member)->in_flight, 0, __ATOMIC_RELAXED);
}

void load_reset(const struct table_service *s, uint32_t member)
{
	*member_load(s, member) = (struct mg_load){ .in_flight = 0 };
}

void load_copy(struct tables *t, uint32_t from, uint32_t to)
{
	struct mg_load *load = t->maps.memory[MAP_LOADS];

	load[to] = load[from];
}
