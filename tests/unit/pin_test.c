/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/util.h"
#include "target.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct mg_pin pin_of(uint32_t slot, uint16_t fingerprint, uint16_t member, uint8_t tick)
{
	return (struct mg_pin){
		.slot = slot, .fingerprint = fingerprint, .member = member, .tick = tick
	};
}

Test(pin, finds_what_was_inserted)
{
	struct mg_pin_set set = { 0 };

	for (int i = 0; i < MG_PINS_PER_SET; i++)
		cr_expect(eq(int, pin_insert(&set, pin_of(7, i, i + 1, 0)), MG_EVENT_PIN_INSERTED));
	for (int i = 0; i < MG_PINS_PER_SET; i++)
		cr_expect(eq(int, pin_find(&set, pin_of(7, i, 0, 9)).seen.member, i + 1));
	cr_expect(eq(ptr, pin_find(&set, pin_of(8, 0, 0, 0)).at, NULL), "another slot");
	cr_expect(eq(ptr, pin_find(&set, pin_of(7, 8, 0, 0)).at, NULL), "another fingerprint");
}

Test(pin, keeps_every_bit)
{
	struct mg_pin_set set = { 0 };
	struct pin_ref ref;

	pin_insert(&set, pin_of(0xffffff, 0xffff, 0xffff, 0xff));
	ref = pin_find(&set, pin_of(0xffffff, 0xffff, 0, 0));
	cr_assert(ne(ptr, ref.at, NULL));
	cr_expect(eq(int, ref.seen.member, 0xffff));
	cr_expect(eq(int, ref.seen.tick, 0xff));
}

/* ticks: of the eight in the set; now; which one has to go. */
static const struct {
	const char *name;
	uint8_t ticks[MG_PINS_PER_SET], now;
	int evicted;
} evictions[] = {
	{ "the smallest tick", { 9, 8, 7, 6, 5, 4, 3, 2 }, 10, 7 },
	{ "before the clock wrapped", { 1, 2, 0, 250, 251, 3, 4, 5 }, 6, 3 },
	{ "the first of equals", { 5, 4, 4, 5, 5, 5, 5, 5 }, 5, 1 },
};

Test(pin, evicts_the_oldest)
{
	for (size_t i = 0; i < ARRAY_SIZE(evictions); i++) {
		struct mg_pin_set set = { 0 };

		for (int p = 0; p < MG_PINS_PER_SET; p++)
			set.pin[p] = pin_of(1, p, 1, evictions[i].ticks[p]);
		cr_expect(eq(int, pin_insert(&set, pin_of(2, 77, 3, evictions[i].now)),
			     MG_EVENT_PIN_EVICTED));
		cr_expect(eq(int, set.pin[evictions[i].evicted].fingerprint, 77), "%s",
			  evictions[i].name);
	}
}

Test(pin, fills_the_hole_first)
{
	struct mg_pin_set set = { 0 };

	for (int p = 0; p < MG_PINS_PER_SET; p++)
		set.pin[p] = pin_of(1, p, p == 5 ? MG_MEMBER_NONE : 1, 0);
	cr_expect(eq(int, pin_insert(&set, pin_of(2, 77, 3, 100)), MG_EVENT_PIN_INSERTED));
	cr_expect(eq(int, set.pin[5].fingerprint, 77));
}

Test(pin, loses_a_race_without_harm)
{
	struct mg_pin_set set = { 0 };
	struct pin_ref ref;

	pin_insert(&set, pin_of(1, 2, 3, 4));
	ref = pin_find(&set, pin_of(1, 2, 0, 0));
	set.pin[0].member = 9; /* another CPU */
	cr_expect(eq(int, pin_replace(ref, pin_of(1, 2, 5, 6)), MG_EVENT_PIN_RACED));
	pin_touch(ref, 7);
	cr_expect(eq(int, set.pin[0].member, 9));
	cr_expect(eq(int, set.pin[0].tick, 4));
}

Test(pin, touches_once_a_tick)
{
	struct mg_pin_set set = { 0 };
	struct pin_ref ref;

	pin_insert(&set, pin_of(1, 2, 3, 255));
	ref = pin_find(&set, pin_of(1, 2, 0, 0));
	pin_touch(ref, 0);
	cr_expect(eq(int, set.pin[0].tick, 0));
	cr_expect(eq(int, set.pin[0].member, 3));
	cr_expect(eq(int, pin_age(set.pin[0], 3), 3));
	cr_expect(eq(int, pin_age(pin_of(1, 2, 3, 250), 4), 10));
}
