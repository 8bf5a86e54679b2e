/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Pins: the members of those flows that the slots would misplace. A pin is one word in a set of
 * eight; all CPUs and control's sweep change it by compare-and-swap, and whoever comes second
 * leaves it as it is. Two CPUs that see one flow's packets at the same instant may pin it twice;
 * the first of the two is then the one that counts.
 */
#pragma once
#include "abi.h"

#include <stdbool.h>
#include <stddef.h>

typedef __u64 __attribute__((may_alias)) pin_word;

union pin_value {
	struct mg_pin pin;
	pin_word word;
};

/* A pin and what stood there when it was read. at NULL: none. */
struct pin_ref {
	struct mg_pin *at;
	struct mg_pin seen;
};

static MG_INLINE struct mg_pin pin_load(const struct mg_pin *pin)
{
	union pin_value value = { .word = *(const volatile pin_word *)pin };

	return value.pin;
}

/* False: another CPU was first, and nothing is changed. */
static MG_INLINE bool pin_swap(struct pin_ref ref, struct mg_pin pin)
{
	union pin_value old = { .pin = ref.seen }, new = { .pin = pin };

	return __sync_bool_compare_and_swap((pin_word *)ref.at, old.word, new.word);
}

/* Ticks since the pin was last seen. The clock wraps after 256: older than 255 looks young again,
 * which the sweep has to prevent. */
static MG_INLINE __u8 pin_age(struct mg_pin pin, __u8 tick)
{
	return tick - pin.tick;
}

/* A start on a pin that has been silent for longer is of another flow with the same addresses and
 * ports: clients use these again after seconds, while a start that is sent again comes sooner (RFC
 * 6298 section 5: after 1, 2 and 4 s), or no site has answered it yet. */
#define PIN_RESTART_TICKS 2

/* The pin of want's flow: same slot, same fingerprint. */
static MG_INLINE struct pin_ref pin_find(struct mg_pin_set *set, struct mg_pin want)
{
	for (int i = 0; i < MG_PINS_PER_SET; i++) {
		struct mg_pin pin = pin_load(&set->pin[i]);

		if (pin.member != MG_MEMBER_NONE && pin.slot == want.slot &&
		    pin.fingerprint == want.fingerprint)
			return (struct pin_ref){ .at = &set->pin[i], .seen = pin };
	}
	return (struct pin_ref){ .at = NULL };
}

/* Where a new pin may go: a free place, else the one that has been silent the longest. */
static MG_INLINE struct pin_ref pin_room(struct mg_pin_set *set, __u8 tick)
{
	struct pin_ref oldest = { .at = NULL };

	for (int i = 0; i < MG_PINS_PER_SET; i++) {
		struct mg_pin pin = pin_load(&set->pin[i]);

		if (!oldest.at || pin.member == MG_MEMBER_NONE ||
		    pin_age(pin, tick) > pin_age(oldest.seen, tick))
			oldest = (struct pin_ref){ .at = &set->pin[i], .seen = pin };
		if (pin.member == MG_MEMBER_NONE)
			break;
	}
	return oldest;
}

/* Returns what happened, for the event's counter. */
static MG_INLINE enum mg_event pin_insert(struct mg_pin_set *set, struct mg_pin pin)
{
	struct pin_ref room = pin_room(set, pin.tick);

	if (!pin_swap(room, pin))
		return MG_EVENT_PIN_RACED;
	return room.seen.member == MG_MEMBER_NONE ? MG_EVENT_PIN_INSERTED : MG_EVENT_PIN_EVICTED;
}

/* The flow went elsewhere: the pin's member is down, or it was another flow's. */
static MG_INLINE enum mg_event pin_replace(struct pin_ref ref, struct mg_pin pin)
{
	return pin_swap(ref, pin) ? MG_EVENT_PIN_REPLACED : MG_EVENT_PIN_RACED;
}

/* The flow has spoken. One store per tick at most, so that CPUs seldom fight for the line; a lost
 * race needs no count, since the next packet tries again. */
static MG_INLINE void pin_touch(struct pin_ref ref, __u8 tick)
{
	struct mg_pin pin = ref.seen;

	if (pin.tick == tick)
		return;
	pin.tick = tick;
	pin_swap(ref, pin);
}

/* --- marks ------------------------------------------------------------------------------------
 * They spare flows without pins the look at their set, which misses the cache. Whoever has put a
 * pin into a set marks it, before the packet goes on; only the sweep takes marks away, and never
 * one that was made while it looked: then MG_MARK_NEW is back, and its compare-and-swap fails.
 */
static MG_INLINE __u64 pin_marks_load(const struct mg_pin_marks *marks)
{
	return *(const volatile pin_word *)marks;
}

/* The bits of `mark` in the octet of this set, the word's lowest octet being the first set's. */
static MG_INLINE __u64 pin_marks_of(__u32 set, __u8 mark)
{
	return (__u64)mark << set % MG_MARKS_PER_WORD * 8;
}

static MG_INLINE __u8 pin_mark_bit(__u16 fingerprint)
{
	return 1 << ((__u32)fingerprint * MG_MARK_BITS >> 16);
}

/* False: no pin with this fingerprint is in the set. */
static MG_INLINE bool pin_marked(const struct mg_pin_marks *marks, __u32 set, __u16 fingerprint)
{
	return pin_marks_load(marks) & pin_marks_of(set, pin_mark_bit(fingerprint));
}

/* After the pin has been put into the set. */
static MG_INLINE void pin_mark(struct mg_pin_marks *marks, __u32 set, __u16 fingerprint)
{
	__u64 mark = pin_marks_of(set, pin_mark_bit(fingerprint) | MG_MARK_NEW);

	if ((pin_marks_load(marks) & mark) != mark)
		__sync_fetch_and_or((pin_word *)marks, mark);
}

/* The sweep's part, in three steps, for the marks of a word and the sets that they are of. First:
 * what is marked from now on is told from what stood there, which is returned. */
static MG_INLINE __u64 pin_marks_begin(struct mg_pin_marks *marks)
{
	return __sync_fetch_and_and((pin_word *)marks, MG_MARKS_OLD) & MG_MARKS_OLD;
}

/* Second: what is needed. */
static MG_INLINE __u64 pin_marks_needed(const struct mg_pin_set *sets, __u32 count)
{
	__u64 needed = 0;

	for (__u32 i = 0; i < count * MG_PINS_PER_SET; i++) {
		__u32 set = i / MG_PINS_PER_SET;
		struct mg_pin pin = pin_load(&sets[set].pin[i % MG_PINS_PER_SET]);

		if (pin.member != MG_MEMBER_NONE)
			needed |= pin_marks_of(set, pin_mark_bit(pin.fingerprint));
	}
	return needed;
}

/* Third: puts it in place of what stood there. Where something was marked meanwhile, that stays for
 * a round more. */
static MG_INLINE void pin_marks_end(struct mg_pin_marks *marks, __u64 old, __u64 needed)
{
	__sync_bool_compare_and_swap((pin_word *)marks, old, needed);
}

static MG_INLINE void pin_marks_sweep(struct mg_pin_marks *marks, const struct mg_pin_set *sets,
				      __u32 count)
{
	__u64 old = pin_marks_begin(marks);

	pin_marks_end(marks, old, pin_marks_needed(sets, count));
}
