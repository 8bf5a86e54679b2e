/* SPDX-License-Identifier: BSD-2-Clause */
/* margay's table of commands: what it makes of words; and how it lays out what comes back. */
#include "base/util.h"
#include "grammar.h"
#include "local.h"
#include "mgmt/answer.h"
#include "table.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Splits at spaces. *text is cut up. */
static size_t split(char *text, char *words[16])
{
	size_t n = 0;

	for (char *word; n < 16 && (word = strsep(&text, " "));)
		if (*word)
			words[n++] = word;
	return n;
}

static int parse(const char *line, bool prefixes, json_t **ret_request, json_t **ret_error)
{
	_cleanup_(freep) char *text = strdup(line);
	const struct command *command = NULL;
	char *words[16];
	size_t count = split(text, words);

	*ret_request = NULL;
	*ret_error = NULL;
	return grammar_parse(words, count, prefixes, &command, ret_request, ret_error);
}

static const struct {
	const char *line, *request;
} good[] = {
	{ "show services", "{\"object\":\"services\",\"verb\":\"show\"}" },
	{ "show services web", "{\"object\":\"services\",\"service\":\"web\",\"verb\":\"show\"}" },
	{ "show bgp", "{\"object\":\"bgp\",\"verb\":\"show\"}" },
	{ "show bgp neighbors", "{\"object\":\"bgp\",\"verb\":\"show\"}" },
	{ "show bgp routes", "{}" },
	{ "show bgp routes 192.0.2.0/24 neighbor ::1 --all",
	  "{\"all\":true,\"destination\":\"192.0.2.0/24\",\"neighbor\":\"::1\"}" },
	{ "show bgp routes neighbor self", "{\"neighbor\":\"self\"}" },
	{ "show probes", "{\"object\":\"probes\",\"verb\":\"show\"}" },
	{ "show members web", "{\"object\":\"members\",\"service\":\"web\",\"verb\":\"show\"}" },
	{ "show scores", "{\"object\":\"scores\",\"verb\":\"show\"}" },
	{ "show maps", "{\"object\":\"maps\",\"verb\":\"show\"}" },
	{ "show pins --all", "{\"all\":true,\"object\":\"pins\",\"verb\":\"show\"}" },
	{ "explain web", "{\"service\":\"web\",\"verb\":\"explain\"}" },
	{ "explain web from 192.0.2.1",
	  "{\"from\":\"192.0.2.1\",\"service\":\"web\",\"verb\":\"explain\"}" },
	{ "explain from", "{\"service\":\"from\",\"verb\":\"explain\"}" }, /* a service's name */
	{ "metric web capacity 8 utilisation 0.5 --drain",
	  "{\"capacity\":8,\"drain\":true,\"name\":\"web\",\"utilisation\":0.5,"
	  "\"verb\":\"metric\"}" },
	{ "announce a address 192.0.2.1 instances 10.0.0.1 10.0.0.2 port 80",
	  "{\"address\":\"192.0.2.1\",\"instances\":[\"10.0.0.1\",\"10.0.0.2\"],\"name\":\"a\","
	  "\"port\":80,\"verb\":\"announce\"}" },
	{ "announce a instances 10.0.0.1 --transient",
	  "{\"instances\":[\"10.0.0.1\"],\"name\":\"a\",\"transient\":true,"
	  "\"verb\":\"announce\"}" },
	{ "reload", "{\"verb\":\"reload\"}" },
	{ "trace verdict forward no-member port 80 --count 5",
	  "{\"count\":5,\"port\":80,\"verdict\":[\"forward\",\"no-member\"]}" },
	{ "capture -w /nonexistent --drops", "{\"drops\":true,\"write\":\"/nonexistent\"}" },
	{ "metric web capacity -1", "{\"capacity\":-1,\"name\":\"web\",\"verb\":\"metric\"}" },
	{ "replay --summary /nonexistent", "{\"file\":\"/nonexistent\",\"summary\":true}" },
	{ "check /nonexistent", "{\"file\":\"/nonexistent\"}" },
};

Test(grammar, makes_requests)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_(freep) char *text = NULL;
		json_t *request, *error;
		int r = parse(good[i].line, false, &request, &error);

		cr_expect(eq(int, r, 0), "%s", good[i].line);
		text = request ? json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
		cr_expect(eq(str, text ? text : "", (char *)good[i].request), "%s", good[i].line);
		json_decref(request);
		json_decref(error);
	}
}

static const struct {
	const char *line, *words; /* of message or hint */
} bad[] = {
	{ "", "needs another word" },
	{ "show", "needs another word" },
	{ "sho services", "did you mean 'show'?" },
	{ "show servics", "did you mean 'services'?" },
	{ "show services web now", "unknown word 'now'" },
	{ "show slots", "service is missing" },
	{ "show", "margay help show lists those" },
	{ "show pins all", "did you mean '--all'?" },
	{ "show services --all", "unknown word '--all'" },
	{ "replay --sumary", "did you mean '--summary'?" },
	{ "show pins --all --all", "said twice" },
	{ "explain web form 192.0.2.1", "did you mean 'from'?" },
	{ "explain web from", "needs a value" },
	{ "metric web capacity many", "no value for capacity" },
	{ "metric web capacity nan", "no value for capacity" },
	{ "metric web capacity 1e999", "no value for capacity" },
	{ "metric web capacity 1 capacity 2", "said twice" },
	{ "announce a protocol sctp", "any tcp udp" },
	{ "announce a protocol tc", "any tcp udp" },
	{ "announce a instances", "needs a value" },
	{ "show pins --count 5", "unknown word" },
	{ "trace --cuont 5", "did you mean '--count'?" },
	{ "trace --count 5 --count 6", "said twice" },
	{ "xyzzy", "margay help" },
};

static const struct {
	const char *line, *asked, *replies;
} scripted[] = {
	{ "margay shutdown ", "--complete shutdown", "fe80::1|fe80::2|$(exit 7)|a'b|all|" },
	{ "margay shutdown a", "--complete shutdown", "a'b|all|" },
	{ "margay shutdown fe80::", "--complete shutdown", "1|2|" }, /* bash has the rest */
	{ "margay -j shutdown fe80::2", "--complete -j shutdown", "2|" },
	{ "margay sh", "--complete", "" },
};

/* The script under bash, with a margay that gives hostile answers. */
Test(completion, expands_nothing_and_knows_colons)
{
	char path[] = "/tmp/cli_table_test.XXXXXX", command[64], text[512];
	FILE *out = fdopen(mkstemp(path), "w"), *in;

	cr_assert(out != NULL);
	fprintf(out,
		"%s\nmargay() { printf '%%s\\n' fe80::1 fe80::2 '$(exit 7)' \"a'b\" all; "
		"printf '%%s;' \"$*\" >&3; }\n"
		"exec 3>&1\n",
		local_bash_script);
	for (size_t i = 0; i < ARRAY_SIZE(scripted); i++)
		fprintf(out,
			"COMP_LINE='%s'; COMP_POINT=${#COMP_LINE}; _margay\n"
			"((${#COMPREPLY[@]} == 0)) || printf '%%s|' \"${COMPREPLY[@]}\"; echo\n",
			scripted[i].line);
	fclose(out);
	snprintf(command, sizeof(command), "bash %s", path);
	in = popen(command, "r");
	cr_assert(in != NULL);
	for (size_t i = 0; i < ARRAY_SIZE(scripted); i++) {
		char want[256];

		snprintf(want, sizeof(want), "%s;%s\n", scripted[i].asked, scripted[i].replies);
		cr_assert(fgets(text, sizeof(text), in) != NULL, "%s", scripted[i].line);
		cr_expect(eq(str, text, want), "%s", scripted[i].line);
	}
	pclose(in);
	unlink(path);
}

Test(grammar, refuses)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		json_t *request, *error, *body;
		const char *message, *hint;
		int r = parse(bad[i].line, false, &request, &error);

		cr_expect(eq(int, r, -1), "%s", bad[i].line);
		cr_expect(eq(int, answer_status(error), 2), "%s", bad[i].line);
		body = json_object_get(error, "error");
		message = json_string_value(json_object_get(body, "message"));
		hint = json_string_value(json_object_get(body, "hint"));
		cr_expect(message && hint &&
				  (strstr(message, bad[i].words) || strstr(hint, bad[i].words)),
			  "%s: '%s', '%s'", bad[i].line, message, hint);
		json_decref(request);
		json_decref(error);
	}
}

static const struct {
	const char *line;
	bool fits;
} prefixes[] = {
	{ "sh serv", true },     { "show si", true }, { "w a", true },
	{ "show s web", false }, { "show s", false }, /* services, sites, slots */
	{ "show bg n", true },   { "ex web", true },  { "e web", false }, /* enable, explain */
};

Test(grammar, takes_prefixes_only_where_told)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		json_t *request, *error;

		cr_expect(eq(int, parse(prefixes[i].line, true, &request, &error) == 0,
			     prefixes[i].fits),
			  "%s", prefixes[i].line);
		json_decref(request);
		json_decref(error);
		cr_expect(eq(int, parse(prefixes[i].line, false, &request, &error), -1), "%s",
			  prefixes[i].line);
		json_decref(request);
		json_decref(error);
	}
}

static void collect(void *user, const char *word, enum arg_source source, enum arg_type type)
{
	FILE *out = user;

	fprintf(out, "%s%s ", word ? word : "*", source == SOURCE_SITES ? "sites" : "");
}

static const struct {
	const char *line, *want;
} completions[] = {
	{ "show bgp", "neighbors routes " },
	{ "explain", "* " },
	{ "explain web", "from " },
	{ "drain", "*sites " },
	{ "announce a protocol", "any tcp udp " },
	{ "show pins", "--all " },
	{ "capture --snaplen 64 -w", "* " },
	{ "trace verdict", "* " },
	{ "nonsense", "" },
};

Test(grammar, completes)
{
	for (size_t i = 0; i < ARRAY_SIZE(completions); i++) {
		_cleanup_(freep) char *line = strdup(completions[i].line), *text = NULL;
		char *words[16];
		size_t count = split(line, words), len;
		FILE *out = open_memstream(&text, &len);

		grammar_complete(words, count, collect, out);
		fclose(out);
		cr_expect(eq(str, text, (char *)completions[i].want), "%s", completions[i].line);
	}
}

/* Every row can be written as its synopsis says, and tells what it is for. */
Test(grammar, is_whole)
{
	for (const struct command *c = commands; c->words[0]; c++) {
		_cleanup_(freep) char *synopsis = grammar_synopsis(c);
		size_t args = 0;

		cr_expect(synopsis && c->help, "%s", c->words[0]);
		cr_expect(eq(int, !c->verb, c->local != NULL), "%s", synopsis);
		cr_expect(eq(int, !c->verb, !c->render), "%s", synopsis);
		for (const struct arg *a = c->arg; a->kind; a++, args++)
			cr_expect(a->name && a->help, "%s", synopsis);
		cr_expect(lt(sz, args, COMMAND_ARGS_MAX), "%s: no end", synopsis);
	}
}

static const struct {
	const char *json;
	enum cell_format format;
	const char *want;
} cells[] = {
	{ "\"a\\u001b[2Jb\"", CELL_TEXT, "a?[2Jb" },
	{ "\"a\\u009bb\"", CELL_TEXT, "a?b" },           /* CSI in one character */
	{ "\"a\\u202eb\\u2066c\"", CELL_TEXT, "a?b?c" }, /* from right to left */
	{ "\"Zürich\"", CELL_TEXT, "Zürich" },
	{ "[\"a\",\"b\"]", CELL_TEXT, "a, b" },
	{ "true", CELL_FLAG, "yes" },
	{ "false", CELL_FLAG, "" },
	{ "null", CELL_COUNT, "" },
	{ "0", CELL_COUNT, "0" },
	{ "9007199254740992", CELL_COUNT, "9007199254740992" },
	{ "1023", CELL_BYTES, "1023 B" },
	{ "1536", CELL_BYTES, "1.5 KiB" },
	{ "9223372036854775807", CELL_BYTES, "8.0 EiB" },
	{ "0.25", CELL_PERCENT, "25.0 %" },
	{ "1234.5", CELL_MS, "1234 ms" },
	{ "0.0421", CELL_MS, "0.042 ms" },
	{ "0", CELL_NUMBER, "0.00" },
	{ "4.25", CELL_AGE, "4.2 s" },
	{ "310", CELL_AGE, "5m10s" },
	{ "11100", CELL_AGE, "3h05m" },
	{ "187200", CELL_AGE, "2d04h" },
};

Test(table, formats_cells)
{
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
		json_t *value = json_loads(cells[i].json, JSON_DECODE_ANY, NULL);
		_cleanup_(freep) char *cell = cell_format(value, cells[i].format);

		cr_assert(value != NULL, "%s", cells[i].json);
		cr_expect(eq(str, cell, (char *)cells[i].want), "%s", cells[i].json);
		json_decref(value);
	}
	cr_expect(eq(sz, cell_width("Zürich"), 6));
}

/* Numbers to the right, umlauts one column wide, an empty column left out, no blanks at the end. */
Test(table, lines_up)
{
	static const struct column columns[] = { { "NAME", "n", CELL_TEXT },
						 { "NONE", "x", CELL_TEXT },
						 { "N", "c", CELL_COUNT },
						 { "LAST", "l", CELL_TEXT } };
	json_t *rows = json_loads(
		"[{\"n\":\"ü\",\"c\":7},{\"n\":\"longer\",\"c\":123,\"l\":\"z\"}]", 0, NULL);
	_cleanup_(freep) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	table_print(out, rows, columns, ARRAY_SIZE(columns), 2);
	fclose(out);
	cr_expect(eq(str, text,
		     "  NAME      N  LAST\n"
		     "  ü         7\n"
		     "  longer  123  z\n"));
	json_decref(rows);
}
