/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress/site_states.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct addr egress_of(uint32_t n)
{
	return addr_of_v4((uint8_t[]){ 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n });
}

static bool put(struct site_states *states, uint32_t egress, uint16_t site_id, uint32_t neighbor,
		uint8_t percent)
{
	const struct site_told told = { .egress = egress_of(egress),
					.site_id = site_id,
					.source = { .neighbor = neighbor },
					.percent = percent };

	return site_states_put(states, &told);
}

static bool take(struct site_states *states, uint32_t egress, uint32_t neighbor)
{
	const struct offer_source source = { .neighbor = neighbor };
	struct addr addr = egress_of(egress);

	return site_states_take(states, &addr, &source);
}

/* -1: nobody says anything. */
static int percent_of(const struct site_states *states, uint32_t egress, uint16_t site_id)
{
	struct addr addr = egress_of(egress);
	const struct site_told *told = site_states_of(states, &addr, site_id);

	return told ? told->percent : -1;
}

Test(site_states, knows_by_egress_and_site)
{
	_cleanup_(site_states_clear) struct site_states states = { 0 };

	cr_expect(eq(int, percent_of(&states, 1, 7), -1));
	cr_expect(put(&states, 1, 7, 1, 40));
	cr_expect(not(put(&states, 1, 7, 1, 40)), "the same again");
	cr_expect(eq(int, percent_of(&states, 1, 7), 40));
	cr_expect(eq(int, percent_of(&states, 1, 8), -1), "another site");
	cr_expect(eq(int, percent_of(&states, 2, 7), -1), "another egress");
	cr_expect(put(&states, 1, 7, 1, 30));
	cr_expect(eq(sz, states.count, 1));
	cr_expect(put(&states, 1, 0, 1, 20), "now of all its sites");
	cr_expect(eq(int, percent_of(&states, 1, 8), 20));
	cr_expect(take(&states, 1, 1));
	cr_expect(not(take(&states, 1, 1)));
	cr_expect(eq(int, percent_of(&states, 1, 7), -1));
}

/* Through two reflectors: who spoke last counts, and then the other one again. */
Test(site_states, last_to_speak)
{
	_cleanup_(site_states_clear) struct site_states states = { 0 };

	put(&states, 1, 7, 1, 40);
	put(&states, 1, 7, 2, 10);
	cr_expect(eq(int, percent_of(&states, 1, 7), 10));
	put(&states, 1, 7, 1, 50);
	cr_expect(eq(int, percent_of(&states, 1, 7), 50));
	cr_expect(take(&states, 1, 1));
	cr_expect(eq(int, percent_of(&states, 1, 7), 10));
	cr_expect(not(take(&states, 1, 3)), "never said anything");
}

Test(site_states, has_bounds)
{
	_cleanup_(site_states_clear) struct site_states states = { 0 };

	for (uint32_t n = 0; n < SITE_STATES_MAX; n++)
		cr_assert(put(&states, n, 1, 1, 50));
	cr_expect(not(put(&states, SITE_STATES_MAX, 1, 1, 50)));
	cr_expect(eq(u64, states.refused, 1));
	cr_expect(eq(int, percent_of(&states, SITE_STATES_MAX, 1), -1));
	cr_expect(put(&states, 5, 1, 1, 60), "who is there may speak on");
	cr_expect(take(&states, 9, 1));
	cr_expect(put(&states, SITE_STATES_MAX, 1, 1, 50));
}
