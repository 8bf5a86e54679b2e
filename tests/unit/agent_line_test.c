/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/line.h"
#include "agent/splitter.h"
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NOW_MS INT64_C(1800000000000)

/* Decodes a heap copy of exactly len bytes, so that the sanitizer sees a read past it. */
static int decode(const char *text, size_t len, struct line *ret, char reason[160])
{
	_cleanup_(freep) char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	return line_decode(copy, len, NOW_MS, ret, reason);
}

#define EVERY_KEY                                                                           \
	"{\"service\":\"web\",\"capacity\":8,\"service-time\":0.05,\"arrival-rate\":120.5," \
	"\"in-flight\":6,\"utilisation\":1.25,\"window\":10,\"time\":1799999999.250,"       \
	"\"drain\":true,\"score\":7,\"preference\":4294967295,\"availability\":100,"        \
	"\"delay-index\":3,\"something-else\":[1,{}]}"

Test(agent_line, reads_every_key)
{
	struct line line;
	char reason[160];

	cr_assert(eq(int, decode(EVERY_KEY, strlen(EVERY_KEY), &line, reason), 0));
	cr_expect(eq(str, line.service, "web"));
	cr_expect(eq(u32, line.report.has, REPORT_DELAY * 2 - 1), "every bit");
	cr_expect(eq(dbl, line.report.capacity, 8));
	cr_expect(eq(dbl, line.report.service_time_s, 0.05));
	cr_expect(eq(dbl, line.report.arrival_rate, 120.5));
	cr_expect(eq(dbl, line.report.in_flight, 6));
	cr_expect(eq(dbl, line.report.utilisation, 1.25));
	cr_expect(eq(dbl, line.report.window_s, 10));
	cr_expect(eq(i64, line.report.sampled_ms, NOW_MS - 750));
	cr_expect(eq(u32, line.report.preference, UINT32_MAX));
	cr_expect(eq(u16, line.report.availability, 100));
	cr_expect(eq(u8, line.report.delay_index, 3));
	cr_expect(eq(u8, line.report.score, 7));
	cr_expect(line.report.drain);
}

Test(agent_line, takes_the_longest_name_and_no_longer_one)
{
	static const char text[] = "{\"service\":\"a-name-of-thirty-one-bytes-is-k\"}";
	struct line line;
	char reason[160];

	cr_assert(eq(int, decode(text, strlen(text), &line, reason), 0), "%s", reason);
	cr_expect(eq(sz, strlen(line.service), LINE_SERVICE_MAX - 1));
}

Test(agent_line, every_truncation_is_bad_and_changes_nothing)
{
	for (size_t len = 0; len < strlen(EVERY_KEY); len++) {
		struct line line = { .service = "as it was" };
		char reason[160] = "";

		cr_expect(eq(int, decode(EVERY_KEY, len, &line, reason), -EBADMSG), "%zu", len);
		cr_expect(eq(str, line.service, "as it was"), "%zu", len);
		cr_expect(ne(str, reason, ""), "%zu", len);
	}
}

static const struct {
	const char *text;
	uint32_t has;
	int64_t sampled_ms;
} good[] = {
	{ "{}", 0, NOW_MS },
	{ " { } \r", 0, NOW_MS },
	{ "{\"drain\":false}", 0, NOW_MS },
	{ "{\"capacity\":1e-9}", REPORT_CAPACITY, NOW_MS },
	{ "{\"capacity\":1000000000}", REPORT_CAPACITY, NOW_MS },
	{ "{\"arrival-rate\":0}", REPORT_ARRIVAL_RATE, NOW_MS },
	{ "{\"in-flight\":0.0}", REPORT_IN_FLIGHT, NOW_MS },
	{ "{\"utilisation\":0,\"score\":0}", REPORT_UTILISATION | REPORT_SCORE, NOW_MS },
	{ "{\"score\":10.0}", REPORT_SCORE, NOW_MS },
	{ "{\"time\":0}", 0, 0 },
	{ "{\"time\":1799999999.9996}", 0, NOW_MS },
	{ "{\"time\":1800000001}", 0, NOW_MS }, /* a clock ahead of ours gains nothing */
	{ "{\"Capacity\":-1,\"drain2\":7}", 0, NOW_MS },
};

Test(agent_line, accepts)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct line line = { .service = "x" };
		char reason[160] = "";
		int r = decode(good[i].text, strlen(good[i].text), &line, reason);

		cr_expect(eq(int, r, 0), "%s: %s", good[i].text, reason);
		cr_expect(eq(u32, line.report.has, good[i].has | REPORT_SAMPLED), "%s",
			  good[i].text);
		cr_expect(eq(i64, line.report.sampled_ms, good[i].sampled_ms), "%s", good[i].text);
		cr_expect(eq(str, line.service, ""), "%s", good[i].text);
	}
}

/* %s stands for the value. */
static const struct {
	const char *key, *bad[8];
} faults[] = {
	{ "capacity", { "0", "-1", "1e10", "1000000001", "-0.0" } },
	{ "service-time", { "0", "-0.1", "1e6" } },
	{ "arrival-rate", { "-1e-9", "1e10" } },
	{ "in-flight", { "-1", "1e10" } },
	{ "utilisation", { "-0.5", "1001" } },
	{ "window", { "0", "-1", "86401" } },
	{ "time", { "-1", "1800000000000" } }, /* milliseconds by mistake */
	{ "score", { "-1", "11", "7.5", "256" } },
	{ "preference", { "-1", "4294967296", "0.5" } },
	{ "availability", { "-1", "101", "99.9", "65536" } },
	{ "delay-index", { "-1", "101", "0.1", "256" } },
	{ "drain", { "0", "1", "1.0" } },
	{ "service", { "\"\"", "0", "\"a-name-of-thirty-two-bytes-is-32\"" } },
};

static const char *const not_json_numbers[] = { "NaN", "Infinity", "1e999", "-1e999", "0x10",
						"+1",  ".5",       "",      "1,2",    "--1" };

static void expect_bad(const char *key, const char *value, const char *prefix)
{
	struct line line = { .service = "as it was" };
	char reason[160] = "", text[160];

	snprintf(text, sizeof(text), "{\"capacity\":8,\"%s\":%s}", key, value);
	if (!strcmp(key, "capacity"))
		snprintf(text, sizeof(text), "{\"%s\":%s}", key, value);
	cr_expect(eq(int, decode(text, strlen(text), &line, reason), -EBADMSG), "%s", text);
	cr_expect(eq(str, line.service, "as it was"), "%s", text);
	cr_expect(eq(int, strncmp(reason, prefix, strlen(prefix)), 0), "%s: %s", text, reason);
}

Test(agent_line, refuses_values_out_of_range)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		for (size_t j = 0; j < ARRAY_SIZE(faults[i].bad) && faults[i].bad[j]; j++)
			expect_bad(faults[i].key, faults[i].bad[j], faults[i].key);
}

Test(agent_line, refuses_every_wrong_type)
{
	static const char *const types[] = { "null", "[]", "{}", "[8]", "\"8\"", "true", "8" };

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		const char *right = !strcmp(faults[i].key, "drain")     ? "true"
				    : !strcmp(faults[i].key, "service") ? "\"8\""
									: "8";

		for (size_t j = 0; j < ARRAY_SIZE(types); j++)
			if (strcmp(types[j], right))
				expect_bad(faults[i].key, types[j], faults[i].key);
	}
}

Test(agent_line, refuses_what_is_no_json_number)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_json_numbers); i++)
		expect_bad("capacity", not_json_numbers[i], "not JSON: ");
}

static const struct {
	const char *name, *text;
	size_t len;
} not_objects[] = {
	{ "empty", "", 0 },
	{ "a number", "8", 1 },
	{ "a list", "[{}]", 4 },
	{ "two objects", "{}{}", 4 },
	{ "a duplicate key", "{\"score\":1,\"score\":2}", 21 },
	{ "a NUL behind it", "{}\0", 3 },
	{ "a NUL in a name", "{\"service\":\"a\\u0000b\"}", 22 },
	{ "not UTF-8", "{\"service\":\"\xff\"}", 15 },
	{ "a comment", "{} // calm", 10 },
};

Test(agent_line, refuses_what_is_no_object)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_objects); i++) {
		struct line line;
		char reason[160];

		cr_expect(eq(int, decode(not_objects[i].text, not_objects[i].len, &line, reason),
			     -EBADMSG),
			  "%s", not_objects[i].name);
	}
}

/* Feeds text in pieces of the given size; writes what came out as words: lines in <>, ! for one
 * that was too long. */
static void split(struct splitter *s, const char *text, size_t len, size_t piece, char *ret)
{
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece, line_len;
		_cleanup_(freep) char *copy = malloc(n);
		struct cursor c = cursor_of(memcpy(copy, text + at, n), n);
		enum splitter_state state;
		const char *line;

		while ((state = splitter_next(s, &c, &line, &line_len)) != SPLITTER_MORE)
			if (state == SPLITTER_TOO_LONG)
				ret = stpcpy(ret, "!");
			else
				ret += sprintf(ret, "<%zu:%.*s>", line_len,
					       line_len < 9 ? (int)line_len : 1, line);
		cr_assert(eq(sz, cursor_left(&c), 0));
	}
}

static const struct {
	size_t len; /* of the line between two short ones */
	const char *want;
} lengths[] = {
	{ 0, "<1:a><0:><2:bc>" },
	{ 1, "<1:a><1:x><2:bc>" },
	{ SPLITTER_LINE_MAX, "<1:a><4096:x><2:bc>" },
	{ SPLITTER_LINE_MAX + 1, "<1:a>!<2:bc>" },
	{ 3 * SPLITTER_LINE_MAX, "<1:a>!<2:bc>" },
};

Test(splitter, cuts_alike_whatever_the_pieces)
{
	static const size_t pieces[] = { 1, 2, 7, 4095, 4096, 4097, 20000 };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
		for (size_t j = 0; j < ARRAY_SIZE(pieces); j++) {
			_cleanup_(freep) struct splitter *s = calloc(1, sizeof(*s));
			size_t len = 2 + lengths[i].len + 1 + 3 + 4;
			_cleanup_(freep) char *text = malloc(len);
			char got[256] = "";

			memset(text, 'x', len); /* the last four are a line that has not ended */
			memcpy(text, "a\n", 2);
			memcpy(text + 2 + lengths[i].len, "\nbc\n", 4);
			split(s, text, len, pieces[j], got);
			cr_expect(eq(str, got, (char *)lengths[i].want), "%zu by %zu",
				  lengths[i].len, pieces[j]);
		}
}

Test(splitter, reset_forgets_what_was_begun)
{
	_cleanup_(freep) struct splitter *s = calloc(1, sizeof(*s));
	_cleanup_(freep) char *flood = calloc(1, SPLITTER_LINE_MAX + 1);
	char got[64] = "";

	split(s, "begun", 5, 5, got);
	splitter_reset(s);
	split(s, "new\n", 4, 4, got);
	cr_expect(eq(str, got, "<3:new>"));
	split(s, flood, SPLITTER_LINE_MAX + 1, SPLITTER_LINE_MAX + 1, got);
	splitter_reset(s);
	split(s, "new\n", 4, 4, got);
	cr_expect(eq(str, got, "<3:new>"), "also where it was being skipped");
}
