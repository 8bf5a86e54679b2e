/* SPDX-License-Identifier: BSD-2-Clause */
/* Replays of decisions that were made here: the same ones come out, and others of what is changed.
 */
#include "replay.h"

#include "base/util.h"
#include "random.h"
#include "record_file.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SITES     4
#define DECISIONS 60
#define FROM      20 /* the first that is recorded */

static const struct replay_changes unchanged = { .queue_factor = NAN,
						 .hysteresis = NAN,
						 .share_min = NAN,
						 .share_max = NAN,
						 .move_max = NAN,
						 .distrust = NAN,
						 .cost_weight_s = NAN };

/* A record as a text. */
struct record {
	char *text;
	size_t len;
};

static void record_add(struct record *record, const struct record_line *line)
{
	size_t len = 0;
	_cleanup_(freep) char *text = record_line_write(line, &len);

	cr_assert(text != NULL);
	record->text = realloc(record->text, record->len + len + 1);
	memcpy(record->text + record->len, text, len);
	record->len += len;
	record->text[record->len] = '\0';
}

static void world_turn(struct random *random, struct weights_site sites[SITES], double now_s)
{
	for (size_t i = 0; i < SITES; i++) {
		if (now_s > 1 && random_below(random, 3))
			continue;
		sites[i] = (struct weights_site){
			.id = i + 1,
			.up = now_s < 10 || random_below(random, 8),
			.rtt_s = 0.01 * (double)(i + 1),
			.cost = (double)(SITES - i),
			.class_barred = i == SITES - 1 && now_s > 30,
			.has_report = true,
			.sampled_s = now_s - random_unit(random),
			.report = { .has = REPORT_CAPACITY | REPORT_SERVICE_TIME |
					   REPORT_ARRIVAL_RATE | REPORT_WINDOW,
				    .capacity = 16,
				    .service_time_s = 0.05,
				    .arrival_rate = random_between(random, 10, 400),
				    .window_s = 1 },
		};
	}
}

static void record_memory(struct record *record, const struct weights *weights,
			  const struct weights_config *config)
{
	struct record_line line = { .kind = RECORD_SERVICE, .service = "web", .config = *config };

	cr_assert(eq(int, weights_memory_of(weights, &line.memory), 0));
	record_add(record, &line);
	record_line_clear(&line);
}

static void record_decision(struct record *record, const struct weights_site *sites,
			    const struct weights_decision *d, double own_rate)
{
	struct record_site site[SITES] = { 0 };
	const struct record_line line = { .kind = RECORD_DECISION,
					  .service = "web",
					  .decision = { .time_s = d->time_s,
							.own_rate = own_rate,
							.own_rate_smooth = d->own_rate,
							.total_rate = d->total_rate,
							.level_s = d->level_s,
							.changed = d->changed,
							.site = site,
							.count = SITES } };

	for (size_t i = 0; i < SITES; i++) {
		snprintf(site[i].name, sizeof(site[i].name), "site %zu", i);
		site[i].in = sites[i];
		site[i].verdict = d->site[i];
	}
	record_add(record, &line);
}

/* Of a selector that has been at work for a while when it begins. */
static struct record record_make(uint64_t seed)
{
	struct weights_config config = { .queue_factor = 10,
					 .hysteresis = 0.005,
					 .report_period_s = 5,
					 .limits.cost_weight_s = 0.004 };
	const struct record_line begin = { .kind = RECORD_BEGIN,
					   .begin = { RECORD_FORMAT, "test", 0, 0 } },
				 end = { .kind = RECORD_END, .why = "test" };
	_cleanup_(weights_free) struct weights *weights = weights_new(&config);
	struct random random = { seed };
	struct weights_site sites[SITES];
	struct record record = { 0 };

	record_add(&record, &begin);
	for (int i = 0; i < DECISIONS; i++) {
		double own_rate = random_between(&random, 50, 150);
		const struct weights_decision *d;

		world_turn(&random, sites, i + 1);
		if (i == FROM)
			record_memory(&record, weights, &config);
		cr_assert(eq(int, weights_update(weights, i + 1, own_rate, sites, SITES, &d), 0));
		if (i >= FROM)
			record_decision(&record, sites, d, own_rate);
	}
	record_add(&record, &end);
	return record;
}

/* What replay says of the text: 0, or -EBADMSG and at which line why. */
static int run(const char *text, size_t len, const struct replay_changes *changes,
	       struct replay **ret, unsigned *ret_line, char why[FORM_FAULT_LEN])
{
	_cleanup_(record_file_clear) struct record_file file = { .file = fmemopen((void *)text, len,
										  "r") };
	struct record_line line;
	int r;

	*ret = replay_new(changes);
	while ((r = record_file_next(&file, &line, why)) > 0) {
		struct replay_outcome outcome;

		r = replay_line(*ret, &line, &outcome, why);
		record_line_clear(&line);
		if (r < 0)
			break;
	}
	fclose(file.file);
	*ret_line = file.line;
	return r;
}

static void expect(const struct record *record, const struct replay_changes *changes,
		   uint64_t differ_min, uint64_t differ_max, const char *when)
{
	_cleanup_(replay_free) struct replay *replay = NULL;
	const struct replay_service *service;
	char why[FORM_FAULT_LEN] = "";
	unsigned line;

	cr_assert(eq(int, run(record->text, record->len, changes, &replay, &line, why), 0),
		  "%s: %u: %s", when, line, why);
	service = replay_service(replay, 0);
	cr_assert(service != NULL);
	cr_expect(eq(u64, service->decisions, DECISIONS - FROM), "%s", when);
	cr_expect(ge(u64, service->differ, differ_min), "%s", when);
	cr_expect(le(u64, service->differ, differ_max), "%s", when);
	cr_expect(replay_ended(replay));
}

Test(replay, decides_as_was_decided)
{
	struct random random = random_seeded("replay");

	for (int i = 0; i < 30; i++) {
		struct record record = record_make(random_u64(&random));

		expect(&record, &unchanged, 0, 0, "as recorded");
		free(record.text);
	}
}

Test(replay, decides_otherwise_by_another_policy)
{
	struct record record = record_make(3);

	for (int policy = POLICY_NEAREST; policy <= POLICY_GREEDY; policy++) {
		struct replay_changes changes = unchanged;

		changes.policy_set = true;
		changes.policy = (enum policy)policy;
		expect(&record, &changes, 30, DECISIONS, record_policy_text(policy));
	}
	free(record.text);
}

Test(replay, decides_otherwise_by_other_settings)
{
	struct record record = record_make(3);
	struct replay_changes changes[] = { unchanged, unchanged, unchanged, unchanged, unchanged };

	changes[0].queue_factor = 1;
	changes[1].hysteresis = 0.5;
	changes[2].share_max = 0.3;
	changes[3].move_max = 0.01;
	changes[4].cost_weight_s = 0.1;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		expect(&record, &changes[i], 10, DECISIONS, "other settings");
	free(record.text);
}

/* The sums, by hand: all to the nearest, which is the first as long as it is up. */
Test(replay, adds_up)
{
	struct replay_changes changes = unchanged;
	struct record record = record_make(5);
	_cleanup_(replay_free) struct replay *replay = NULL;
	const struct replay_service *s;
	double sum[2] = { 0, 0 };
	char why[FORM_FAULT_LEN];
	unsigned line;

	changes.policy_set = true;
	changes.policy = POLICY_NEAREST;
	cr_assert(eq(int, run(record.text, record.len, &changes, &replay, &line, why), 0));
	s = replay_service(replay, 0);
	for (size_t i = 0; i < s->site_count; i++)
		for (int side = 0; side < 2; side++)
			sum[side] += s->site[i].summed[side] / (s->last_s - s->began_s);
	cr_expect(lt(dbl, fabs(sum[0] - 1), 1e-9), "shares of each moment are 1 in sum");
	cr_expect(lt(dbl, fabs(sum[1] - 1), 1e-9));
	cr_expect(eq(dbl, fmod(s->moved[1], 1), 0.0), "all of it moves, or nothing");
	cr_expect(s->apart_most > 0.3, "%g", s->apart_most);
	cr_expect(le(dbl, s->apart_summed / (s->last_s - s->began_s), s->apart_most));
	free(record.text);
}

/* Start of the line of this number, from 1. */
static char *line_at(const struct record *record, int number)
{
	char *at = record->text;

	while (--number)
		at = strchr(at, '\n') + 1;
	return at;
}

static void swap_digit(struct record *record, int line, const char *after)
{
	char *at = strstr(line_at(record, line), after) + strlen(after);

	*at = *at == '1' ? '2' : '1';
}

Test(replay, sees_what_was_changed)
{
	static const char *const members[] = { "\"rtt\":0.0", "\"arrival-rate\":", "\"share\":0.",
					       "\"own-rate\":" };

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		struct record record = record_make(7);

		swap_digit(&record, 10, members[i]);
		expect(&record, &unchanged, 1, DECISIONS, members[i]);
		free(record.text);
	}
}

/* Lines of a good record in another order: 1 begin, 2 memory, then decisions, at last the end. */
static void expect_fault(const int *order, size_t count, unsigned at, const char *what)
{
	struct record record = record_make(9), other = { 0 };
	_cleanup_(replay_free) struct replay *replay = NULL;
	char why[FORM_FAULT_LEN] = "";
	unsigned line = 0;

	other.text = malloc(record.len + 1);
	for (size_t i = 0; i < count; i++) {
		const char *from = line_at(&record, order[i]);
		size_t len = (size_t)(strchr(from, '\n') + 1 - from);

		memcpy(other.text + other.len, from, len);
		other.len += len;
	}
	cr_expect(eq(int, run(other.text, other.len, &unchanged, &replay, &line, why), -EBADMSG),
		  "%s", what);
	cr_expect(eq(uint, line, at), "%s: %s", what, why);
	cr_expect(strstr(why, what) != NULL, "%s: %s", what, why);
	free(record.text);
	free(other.text);
}

#define ORDER(...) (const int[]){ __VA_ARGS__ }, ARRAY_SIZE(((const int[]){ __VA_ARGS__ }))

Test(replay, refuses_lines_out_of_order)
{
	const int end = DECISIONS - FROM + 3;

	expect_fault(ORDER(2, 3), 1, "no begin");
	expect_fault(ORDER(1, 1), 2, "second begin");
	expect_fault(ORDER(1, 3), 2, "remembers");
	expect_fault(ORDER(1, 2, 4, 3), 4, "backwards");
	expect_fault(ORDER(1, 2, 3, 4, 2), 5, "backwards");
	expect_fault(ORDER(1, 2, 3, end, 4), 5, "after the record's end");
}

Test(replay, refuses_a_line_that_is_cut_or_too_long)
{
	struct record record = record_make(9);
	_cleanup_(replay_free) struct replay *cut = NULL, *huge = NULL;
	char why[FORM_FAULT_LEN] = "";
	size_t len = 5u << 20;
	unsigned line;

	cr_expect(
		eq(int, run(record.text, record.len - 5, &unchanged, &cut, &line, why), -EBADMSG));
	cr_expect(strstr(why, "cut short") != NULL, "%s", why);
	cr_expect(eq(uint, line, DECISIONS - FROM + 3));
	record.text = realloc(record.text, len);
	memset(record.text + record.len, ' ', len - record.len);
	cr_expect(eq(int, run(record.text, len, &unchanged, &huge, &line, why), -EBADMSG));
	cr_expect(strstr(why, "at most") != NULL, "%s", why);
	free(record.text);
}
