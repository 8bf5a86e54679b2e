/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: What the data plane counts of a member's flows, where its service is observed. It goes on
 * counting while we read and change, so each word is taken and put by itself.
 */
#include "tables/state.h"

#include <math.h>
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
		.timed = word(&load->timed),
		.flow_us = word(&load->flow_us),
	};
	return true;
}

void tables_flows_adjust(struct table_service *s, uint16_t member, double flows)
{
	int64_t more = llround(flows * MG_LOAD_FLOW);
	__u32 *at, seen, now;

	if (!more || member == MG_MEMBER_NONE || member > s->entry.member_count)
		return;
	at = &member_load(s, member)->in_flight;
	seen = __atomic_load_n(at, __ATOMIC_RELAXED);
	do
		now = two_choice_adjust(seen, more);
	while (!__atomic_compare_exchange_n(at, &seen, now, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
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
