/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/exposition.h"
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What was handed out, as one line of text. */
static char said[4 * EXPOSITION_LINE_MAX];

static bool wanted(void *user, const char *name, size_t len)
{
	return len >= 1 && name[0] == 'w';
}

static const char *sample(void *user, const struct exposition_sample *s)
{
	size_t n = strlen(said);

	n += (size_t)snprintf(said + n, sizeof(said) - n, "%.*s", (int)s->name_len, s->name);
	for (size_t i = 0; i < s->label_count; i++)
		n += (size_t)snprintf(said + n, sizeof(said) - n, " %.*s=%.*s",
				      (int)s->label[i].name_len, s->label[i].name,
				      (int)s->label[i].value_len, s->label[i].value);
	n += (size_t)snprintf(said + n, sizeof(said) - n, " %g", s->value);
	if (s->has_time)
		n += (size_t)snprintf(said + n, sizeof(said) - n, " @%lld", (long long)s->time_ms);
	snprintf(said + n, sizeof(said) - n, ";");
	return NULL;
}

/* The fault, or NULL; pieces are heap blocks of exact size. */
static const char *read_cut(const char *text, size_t len, size_t cut, bool openmetrics)
{
	static const struct exposition_ops ops = { .wanted = wanted, .sample = sample };
	_cleanup_(freep) struct exposition *e = malloc(sizeof(*e));
	size_t at = 0, n = cut;

	said[0] = '\0';
	exposition_start(e, openmetrics, &ops, NULL);
	for (; at < len; at += n, n = len - at) {
		_cleanup_(freep) char *piece = NULL;

		n = n > len - at ? len - at : n;
		piece = malloc(n ? n : 1);
		memcpy(piece, text + at, n);
		if (exposition_feed(e, piece, n))
			break;
		if (!n)
			n = 0;
	}
	return exposition_end(e);
}

#define CUT_OFF "the last line is cut off"
#define NUMBER  "the value is no number"
#define NO_NAME "no metric's name, or nothing behind it"
#define QUOTED  "the value of a label is not quoted as it should be"

static const struct {
	const char *name, *text, *fault, *said;
	bool openmetrics;
} vectors[] = {
	{ "nothing", "", NULL, "", false },
	{ "blank lines and comments", "\n# HELP w x\n # TYPE w gauge\n \t\n", NULL, "", false },
	{ "plain", "w 1\nw2\t-2.5e3 \n", NULL, "w 1;w2 -2500;", false },
	{ "carriage return", "w 1\r\n", NULL, "w 1;", false },
	{ "colon", "w:x 3\n", NULL, "w:x 3;", false },
	{ "others are passed over", "a{x=\"\\q} nonsense\nw 1\nb {\n", NULL, "w 1;", false },
	{ "labels", "w{a=\"1\",b=\"\"} 2\n", NULL, "w a=1 b= 2;", false },
	{ "blanks and a comma at the end", " w { a = \"1\" , } 2\n", NULL, "w a=1 2;", false },
	{ "no labels in braces", "w{} 2\n", NULL, "w 2;", false },
	{ "escapes", "w{a=\"x\\\\y\\\"z\\n\"} 2\n", NULL, "w a=x\\y\"z\n 2;", false },
	{ "a brace in a value", "w{a=\"}\"} 2\n", NULL, "w a=} 2;", false },
	{ "UTF-8", "w{a=\"\xc3\xa4\"} 2\n", NULL, "w a=\xc3\xa4 2;", false },
	{ "special values", "w NaN\nw +Inf\nw -Inf\nw 0x10\n", NULL, "w nan;w inf;w -inf;w 16;",
	  false },
	{ "time", "w 1 1800000000123\n", NULL, "w 1 @1800000000123;", false },
	{ "time before 1970", "w 1 -5\n", NULL, "w 1 @-5;", false },
	{ "OpenMetrics", "# TYPE w counter\nw_total 5\n# EOF\n", NULL, "w_total 5;", true },
	{ "OpenMetrics time", "w 1 1800000000.123\n# EOF\n", NULL, "w 1 @1800000000123;", true },
	{ "OpenMetrics exemplar", "w{le=\"1\"} 5 # {id=\"x\"} 0.5 9.5\n# EOF\n", NULL, "w le=1 5;",
	  true },
	{ "exemplar and time", "w 5 2 # {} 1\n# EOF\n", NULL, "w 5 @2000;", true },

	{ "no newline at the end", "w 1\nw 2", CUT_OFF, "w 1;", false },
	{ "no EOF", "w 1\n", "the text has no '# EOF', so it is cut off", "w 1;", true },
	{ "EOF cut", "w 1\n# EOF", CUT_OFF, "w 1;", true },
	{ "behind EOF", "# EOF\nw 1\n", "there is more behind '# EOF'", "", true },
	{ "exemplar in the old format", "w 5 # {} 1\n", "the time is no number", "", false },
	{ "a page", "<html><body>502</body></html>\n", NO_NAME, "", false },
	{ "JSON", "{\"w\": 1}\n", NO_NAME, "", false },
	{ "digit first", "1w 1\n", NO_NAME, "", false },
	{ "name alone", "w\n", NO_NAME, "", false },
	{ "octets of any kind", "\xff\xfe\x01\n", NO_NAME, "", false },
	{ "no value", "w \n", NUMBER, "", false },
	{ "no value behind labels", "w{a=\"1\"}\n", NUMBER, "", false },
	{ "word for a value", "w one\n", NUMBER, "", false },
	{ "number and letters", "w 1x\n", NUMBER, "", false },
	{ "nan with a payload", "w nan(1)\n", NUMBER, "", false },
	{ "vertical tab", "w \v1\n", NUMBER, "", false },
	{ "comma for a point", "w 1,5\n", NUMBER, "", false },
	{ "65 digits", "w 00000000000000000000000000000000000000000000000000000000000000001\n",
	  NUMBER, "", false },
	{ "word for a time", "w 1 now\n", "the time is no number", "", false },
	{ "time is NaN", "w 1 NaN\n", "the time is no number", "", false },
	{ "fraction of a millisecond", "w 1 1.5\n", "the time is no whole number", "", false },
	{ "time far off", "w 1 1e15\n", "the time is out of range", "", false },
	{ "time long ago", "w 1 -1e15\n", "the time is out of range", "", false },
	{ "more behind", "w 1 2 3\n", "there is more behind the value and the time", "", false },
	{ "label without name", "w{=\"1\"} 1\n", "a label has no name", "", false },
	{ "label with a colon", "w{a:b=\"1\"} 1\n", "a label has no value", "", false },
	{ "label without quotes", "w{a=1} 1\n", QUOTED, "", false },
	{ "quote not closed", "w{a=\"1} 1\n", QUOTED, "", false },
	{ "escape not known", "w{a=\"\\t\"} 1\n", QUOTED, "", false },
	{ "escape of nothing", "w{a=\"\\\n", QUOTED, "", false },
	{ "labels do not end", "w{a=\"1\" 1\n", "the labels do not end", "", false },
	{ "label twice", "w{a=\"1\",a=\"2\"} 1\n", "a label is there twice", "", false },
	{ "half a character", "w{a=\"\xc3\"} 1\n", "the value of a label is no UTF-8", "", false },
	{ "overlong", "w{a=\"\xc0\xaf\"} 1\n", "the value of a label is no UTF-8", "", false },
};

Test(exposition, reads_and_refuses_cut_at_every_octet)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len = strlen(vectors[i].text);

		for (size_t cut = 0; cut <= len; cut++) {
			const char *fault =
				read_cut(vectors[i].text, len, cut, vectors[i].openmetrics);

			cr_expect(eq(str, (char *)(fault ? fault : "none"),
				     (char *)(vectors[i].fault ? vectors[i].fault : "none")),
				  "%s, cut at %zu", vectors[i].name, cut);
			cr_expect(eq(str, said, (char *)vectors[i].said), "%s, cut at %zu",
				  vectors[i].name, cut);
		}
	}
}

Test(exposition, a_zero_octet_is_no_end)
{
	cr_expect(eq(str, (char *)read_cut("w 1\0 \n", 6, 6, false), NUMBER));
	cr_expect(eq(str, (char *)read_cut("\0w 1\n", 5, 5, false), NO_NAME));
}

/* A line of len octets before its newline: a sample with one long label. */
static char *line_of(size_t len)
{
	char *text = malloc(len + 2);

	memset(text, 'x', len);
	memcpy(text, "w{a=\"", 5);
	memcpy(text + len - 4, "\"} 1\n", 6);
	return text;
}

Test(exposition, takes_the_longest_line_and_no_longer_one)
{
	for (size_t len = EXPOSITION_LINE_MAX; len <= EXPOSITION_LINE_MAX + 1; len++) {
		_cleanup_(freep) char *text = line_of(len);

		for (size_t cut = 1; cut <= len + 1; cut += len) {
			const char *fault = read_cut(text, len + 1, cut, false);

			if (len == EXPOSITION_LINE_MAX)
				cr_expect(eq(ptr, (void *)fault, NULL));
			else
				cr_expect(eq(str, (char *)fault,
					     "a line is longer than 16384 octets"));
		}
	}
}

Test(exposition, a_line_that_never_ends_is_left)
{
	static const struct exposition_ops ops = { .wanted = wanted, .sample = sample };
	_cleanup_(freep) struct exposition *e = malloc(sizeof(*e));
	const char *fault = NULL;
	char piece[1024];
	size_t fed = 0;

	memset(piece, '#', sizeof(piece));
	exposition_start(e, false, &ops, NULL);
	while (!fault && fed < 100) {
		fault = exposition_feed(e, piece, sizeof(piece));
		fed++;
	}
	cr_expect(eq(sz, fed, 17));
	cr_expect(eq(u64, e->line, 1));
}

Test(exposition, bounds_the_labels)
{
	char text[2048] = "w{";
	size_t n = 2;

	for (int i = 0; i < EXPOSITION_LABELS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "l%d=\"\",", i);
	snprintf(text + n, sizeof(text) - n, "} 1\n");
	cr_expect(eq(ptr, (void *)read_cut(text, strlen(text), 7, false), NULL));
	snprintf(text + n, sizeof(text) - n, "more=\"\"} 1\n");
	cr_expect(eq(str, (char *)read_cut(text, strlen(text), 7, false), "more than 64 labels"));
}
