/* SPDX-License-Identifier: BSD-2-Clause */
/* The oracle of the lab's generator: the site where a request is over first, by the sites' boards.
 */
#include "oracle.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MEAN_S 0.1

struct stand {
	uint32_t slots, speed_milli;
	uint64_t asked, ended;
	double distance_s;
};

static size_t choose(const struct stand *stand, size_t count)
{
	struct oracle_site site[4];
	struct board board[4];
	struct oracle oracle = { .site = site, .count = count };

	for (size_t i = 0; i < count; i++) {
		board[i] = (struct board){ .asked = stand[i].asked,
					   .ended = stand[i].ended,
					   .slots = stand[i].slots,
					   .speed_milli = stand[i].speed_milli };
		site[i] = (struct oracle_site){ &board[i], stand[i].distance_s };
	}
	return oracle_choose(&oracle, MEAN_S);
}

Test(lab_oracle, chooses_where_it_is_over_first)
{
	static const struct {
		const char *what;
		struct stand stand[3];
		size_t want;
	} cases[] = {
		{ "idle: the nearest",
		  { { 8, 1000, 0, 0, .004 }, { 8, 1000, 0, 0, .01 }, { 32, 1000, 0, 0, .03 } },
		  0 },
		{ "the last free slot counts as free",
		  { { 8, 1000, 7, 0, .004 }, { 8, 1000, 0, 0, .01 }, { 32, 1000, 0, 0, .03 } },
		  0 },
		{ "no free slot: 12.5 ms for one of eight, and the next is 6 ms away",
		  { { 8, 1000, 8, 0, .004 }, { 8, 1000, 0, 0, .01 }, { 32, 1000, 0, 0, .03 } },
		  1 },
		{ "what has ended is gone",
		  { { 8, 1000, 108, 101, .004 }, { 8, 1000, 8, 0, .01 }, { 32, 1000, 0, 0, .03 } },
		  0 },
		{ "more ended than asked, as with other clients: idle, not endless",
		  { { 8, 1000, 3, 9, .004 }, { 8, 1000, 0, 0, .01 }, { 32, 1000, 0, 0, .03 } },
		  0 },
		{ "both edges full: the far one",
		  { { 8, 1000, 12, 0, .004 }, { 8, 1000, 11, 0, .01 }, { 32, 1000, 31, 0, .03 } },
		  2 },
		{ "a longer queue of more slots is the shorter wait",
		  { { 8, 1000, 16, 0, .004 }, { 8, 1000, 16, 0, .01 }, { 32, 1000, 40, 0, .03 } },
		  2 },
		{ "half the speed is twice the service",
		  { { 8, 500, 0, 0, .004 }, { 8, 1000, 0, 0, .01 }, { 32, 1000, 0, 0, .03 } },
		  1 },
		{ "no slots: never",
		  { { 0, 1000, 0, 0, 0 }, { 8, 1000, 100, 0, .01 }, { 0, 1000, 0, 0, .03 } },
		  1 },
		{ "equal ones: the first",
		  { { 8, 1000, 5, 0, .01 }, { 8, 1000, 4, 0, .01 }, { 8, 1000, 3, 0, .01 } },
		  0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect(eq(sz, choose(cases[i].stand, 3), cases[i].want), "%s", cases[i].what);
}

static char directory[] = "/tmp/margay-board-XXXXXX", path[64], place[80];

static void make_place(void)
{
	cr_assert(mkdtemp(directory) != NULL);
	snprintf(path, sizeof(path), "%s/board", directory);
	snprintf(place, sizeof(place), "%s,2.5", path);
}

static void remove_place(void)
{
	unlink(path);
	rmdir(directory);
}

Test(lab_oracle, both_sides_map_one_board, .init = make_place, .fini = remove_place)
{
	_cleanup_(board_close) struct board *board = NULL, *again = NULL;
	_cleanup_(oracle_clear) struct oracle oracle = { 0 };

	cr_assert(eq(int, board_make(path, &board), 0));
	cr_assert(eq(int, oracle_add(&oracle, place), 0));
	cr_expect(epsilon_eq(dbl, oracle.site[0].distance_s, 0.0025, 1e-9));
	oracle.site[0].board->asked++;
	board->slots = 8;
	cr_expect(eq(u64, board->asked, 1));
	cr_expect(eq(u32, oracle.site[0].board->slots, 8));

	cr_assert(eq(int, board_make(path, &again), 0), "a new start of the site");
	cr_expect(eq(u64, again->asked, 0));
	cr_expect(eq(u64, board->asked, 1), "who has the old one keeps it");
}

Test(lab_oracle, refuses_what_is_no_board, .init = make_place, .fini = remove_place)
{
	static const char *const bad[] = { "", "x", ",", ",1", "/nowhere/board,1", "/,1" };
	_cleanup_(board_close) struct board *board = NULL;
	_cleanup_(oracle_clear) struct oracle oracle = { 0 };
	char text[96];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect(lt(int, oracle_add(&oracle, bad[i]), 0), "\"%s\"", bad[i]);
	cr_assert(eq(int, board_make(path, &board), 0));
	for (size_t i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "%s,%s", path,
			 (const char *[]){ "", "-1", "nan", "1x", "1e9" }[i]);
		cr_expect(lt(int, oracle_add(&oracle, text), 0), "\"%s\"", text);
	}
	board->magic++;
	cr_expect(eq(int, oracle_add(&oracle, place), -EINVAL));
	cr_assert(eq(int, truncate(path, sizeof(*board) - 1), 0));
	cr_expect(eq(int, oracle_add(&oracle, place), -EINVAL));
	cr_expect(eq(sz, oracle.count, 0));
}
