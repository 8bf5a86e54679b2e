/* SPDX-License-Identifier: BSD-2-Clause */
/* What first fragments leave behind: for how long, for whom, and what goes when a set is full. */
#include "base/util.h"
#include "random.h"
#include "target_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct flow first_of(uint32_t id, bool v4)
{
	return (struct flow){
		.service = { .addr = { 198, 51, 100, 80 }, .port = 8001, .proto = 17 },
		.src = { 192, 0, 2, 1 },
		.sport = 1024,
		.id = id,
		.v4 = v4,
		.fragment = true
	};
}

static struct flow later_of(struct flow first)
{
	first.service.port = first.sport = 0;
	first.headless = first.portless = true;
	return first;
}

static bool recalled(struct flow first)
{
	struct flow later = later_of(first);

	fragment_recall(&later);
	return !later.portless;
}

static const struct {
	const char *name;
	uint8_t learnt, asked;
	bool known;
} lives[] = {
	{ "the same tick", 9, 9, true },           { "the next tick", 9, 10, true },
	{ "the tick after", 9, 11, false },        { "the pins' clock wraps", 255, 0, true },
	{ "its own six bits wrap", 63, 64, true }, { "and are too old", 63, 65, false },
	{ "just below a wrap", 9, 9 + 63, false },
};

Test(fragment, lives_for_a_while)
{
	for (size_t i = 0; i < ARRAY_SIZE(lives); i++) {
		struct flow first = first_of(7, true);

		target_fixture();
		target.tick = lives[i].learnt;
		fragment_learn(&first);
		target.tick = lives[i].asked;
		cr_expect(eq(int, recalled(first), lives[i].known), "%s", lives[i].name);
	}
}

Test(fragment, gives_back_what_the_first_said, .init = target_fixture)
{
	struct flow first = first_of(7, true), later;

	first.service.port = 0xfedc;
	first.sport = 0xba98;
	fragment_learn(&first);
	later = later_of(first);
	fragment_recall(&later);
	cr_expect(eq(u16, later.service.port, 0xfedc));
	cr_expect(eq(u16, later.sport, 0xba98));
	cr_expect(eq(u8, later.service.proto, 17));
	cr_expect(eq(u64, flow_hash(&later, 1, MG_AFFINITY_FLOW),
		     flow_hash(&first, 1, MG_AFFINITY_FLOW)));
}

/* What tells packets apart, and what does not. */
Test(fragment, belongs_to_one_packet, .init = target_fixture)
{
	for (int v4 = 0; v4 < 2; v4++) {
		struct flow first = first_of(7, v4), other = first;

		fragment_learn(&first);
		other.id = 8;
		cr_expect(not(recalled(other)), "another identification");
		other = first;
		other.src[15] ^= 1;
		cr_expect(not(recalled(other)), "another source");
		other = first;
		other.service.addr[15] ^= 1;
		cr_expect(not(recalled(other)), "another destination");
		other = first;
		other.service.proto = 6;
		cr_expect(eq(int, recalled(other), !v4), "another protocol, family %d", v4);
	}
}

Test(fragment, only_first_ones_leave_something, .init = target_fixture)
{
	static const struct mg_fragment_set empty[MG_FRAGMENT_SETS];
	struct flow flow = first_of(7, true);

	flow.fragment = false;
	fragment_learn(&flow);
	flow = later_of(first_of(7, true));
	fragment_learn(&flow);
	flow = first_of(7, true);
	flow.service.proto = 0; /* an option header too many: it marks what is free */
	fragment_learn(&flow);
	cr_expect(eq(int, memcmp(target.fragments, empty, sizeof(empty)), 0));
}

static void fill(struct mg_fragment_set *set, uint8_t tick)
{
	for (int i = 0; i < MG_FRAGMENTS_PER_SET; i++)
		fragment_insert(set, (struct mg_fragment){
					     .proto = 17, .fingerprint = i + 1, .tick = tick });
}

static const struct {
	const char *name;
	uint8_t filled, now, older; /* older: tick of the fourth */
	uint32_t fingerprint;
	int at;
	uint64_t evicted;
} rooms[] = {
	{ "all alive: the oldest goes", 10, 11, 10, 99, 0, 1 },
	{ "the one that is dead goes", 10, 11, 8, 99, 3, 0 },
	{ "before the clock wrapped", 0, 1, 63, 99, 3, 0 },
	{ "all dead", 10, 20, 9, 99, 3, 0 },
	{ "the same packet again", 10, 11, 8, 6, 5, 0 },
};

Test(fragment, finds_room)
{
	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		struct mg_fragment fragment = { .proto = 6,
						.port = 5,
						.fingerprint = rooms[i].fingerprint,
						.tick = rooms[i].now };
		struct mg_fragment_set set = { 0 };

		target_fixture();
		fill(&set, rooms[i].filled);
		cr_expect(eq(u64, target.event[MG_EVENT_FRAGMENT_EVICTED], 0), "%s", rooms[i].name);
		set.fragment[3].tick = rooms[i].older;
		fragment_insert(&set, fragment);
		cr_expect(eq(int, set.fragment[rooms[i].at].port, 5), "%s", rooms[i].name);
		cr_expect(eq(u64, target.event[MG_EVENT_FRAGMENT_EVICTED], rooms[i].evicted), "%s",
			  rooms[i].name);
	}
}

Test(fragment, second_cpu_gives_up, .init = target_fixture)
{
	struct mg_fragment_set set = { 0 };
	struct fragment_ref room = fragment_room(&set, 0);

	fill(&set, 0);
	cr_expect(not(fragment_swap(room, (struct mg_fragment){ .proto = 6 })));
	cr_expect(eq(int, set.fragment[0].proto, 17));
}

/* Packets under way together, first fragments in any order: each later one finds its own. */
Test(fragment, many_at_once, .init = target_fixture)
{
	struct random random = random_seeded("fragment");
	uint32_t base = random_u64(&random);

	for (uint32_t i = 0; i < 300; i++) {
		struct flow first = first_of(base + i, i & 1);

		first.sport = i;
		fragment_learn(&first);
	}
	for (uint32_t i = 0; i < 300; i++) {
		struct flow later = later_of(first_of(base + i, i & 1));

		fragment_recall(&later);
		cr_expect(eq(u16, later.sport, i));
	}
	cr_expect(eq(u64, target.event[MG_EVENT_FRAGMENT_EVICTED], 0));
}
