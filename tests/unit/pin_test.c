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

static bool marked(const struct mg_pin_marks *marks, uint32_t set, uint16_t fingerprint)
{
	return pin_marked(marks, set, fingerprint);
}

Test(pin, marks_its_set)
{
	struct mg_pin_set sets[MG_MARKS_PER_WORD] = { 0 };
	struct mg_pin_marks marks = { 0 };

	pin_insert(&sets[5], pin_of(1, 0x8000, 3, 4));
	pin_mark(&marks, 800 + 5, 0x8000);
	for (uint32_t set = 0; set < MG_MARKS_PER_WORD; set++)
		for (uint32_t print = 0; print <= 0xffff; print++)
			cr_assert(eq(int, marked(&marks, set, print),
				     set == 5 && pin_mark_bit(print) == pin_mark_bit(0x8000)));
	for (uint32_t print = 0, bits = 0; print <= 0xffff; print++) {
		bits |= pin_mark_bit(print);
		cr_assert(zero(int, bits &MG_MARK_NEW));
		cr_assert(print < 0xffff || bits == MG_MARK_NEW - 1, "each bit is one's");
	}
}

Test(pin, marks_go_when_the_pin_has_gone)
{
	struct mg_pin_set sets[MG_MARKS_PER_WORD] = { 0 };
	struct mg_pin_marks marks;

	memset(&marks, 0xff, sizeof(marks));
	pin_insert(&sets[2], pin_of(1, 7, 3, 4));
	pin_insert(&sets[7], pin_of(1, 0xffff, 3, 4));
	pin_marks_sweep(&marks, sets, MG_MARKS_PER_WORD);
	cr_expect(marked(&marks, 2, 7) && marked(&marks, 7, 0xffff));
	cr_expect(eq(u64, pin_marks_load(&marks), pin_marks_of(2, 1) | pin_marks_of(7, 1 << 6)));
	sets[2].pin[0] = pin_of(0, 0, MG_MEMBER_NONE, 0);
	pin_marks_sweep(&marks, sets, MG_MARKS_PER_WORD);
	cr_expect(eq(u64, pin_marks_load(&marks), pin_marks_of(7, 1 << 6)));
	pin_marks_sweep(&marks, sets, 7); /* a table of so many sets */
	cr_expect(zero(u64, pin_marks_load(&marks)));
}

/* Between any two steps of the sweep; its mark may stand there of another pin. */
Test(pin, marks_made_while_the_sweep_looks_stay)
{
	for (int i = 0; i < 6; i++) {
		struct mg_pin_set sets[MG_MARKS_PER_WORD] = { 0 };
		struct mg_pin_marks marks = { 0 };
		uint64_t old, needed;

		if (i & 1)
			pin_mark(&marks, 3, 42);
		old = pin_marks_begin(&marks);
		if (i / 2 == 0)
			pin_insert(&sets[3], pin_of(1, 42, 1, 0));
		if (i / 2 == 0)
			pin_mark(&marks, 3, 42);
		needed = pin_marks_needed(sets, MG_MARKS_PER_WORD);
		if (i / 2 == 1)
			pin_insert(&sets[3], pin_of(1, 42, 1, 0));
		if (i / 2 == 1)
			pin_mark(&marks, 3, 42);
		if (i / 2 == 2)
			pin_insert(&sets[3], pin_of(1, 42, 1, 0));
		pin_marks_end(&marks, old, needed);
		if (i / 2 == 2) /* its mark comes last */
			pin_mark(&marks, 3, 42);
		cr_expect(marked(&marks, 3, 42), "%d", i);
		pin_marks_sweep(&marks, sets, MG_MARKS_PER_WORD);
		cr_expect(eq(u64, pin_marks_load(&marks), pin_marks_of(3, pin_mark_bit(42))));
	}
}
