/* SPDX-License-Identifier: BSD-2-Clause */
#include "grammar.h"

#include "base/util.h"
#include "mgmt/answer.h"
#include "mgmt/nearest.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static size_t command_length(const struct command *command)
{
	size_t n = 0;

	while (n < COMMAND_WORDS_MAX && command->words[n])
		n++;
	return n;
}

static bool word_fits(const char *word, const char *known, bool prefixes)
{
	return prefixes ? strncmp(word, known, strlen(word)) == 0 : strcmp(word, known) == 0;
}

/* How many of the words are the command's own, as far as they go together. */
static size_t command_fit(const struct command *command, char *const *words, size_t count,
			  bool prefixes)
{
	size_t n = 0, len = command_length(command);

	while (n < len && n < count && word_fits(words[n], command->words[n], prefixes))
		n++;
	return n;
}

bool grammar_matches(const struct command *command, char *const *words, size_t count)
{
	return command_fit(command, words, count, false) == count;
}

/* The command of which most words are there; a word written out beats a word cut short. NULL: none;
 * *ret_other is then set where two fit equally well. */
static const struct command *command_find(char *const *words, size_t count, bool prefixes,
					  const struct command **ret_other)
{
	const struct command *best = NULL, *other = NULL;
	size_t best_score = 0;

	for (const struct command *c = commands; c->words[0]; c++) {
		size_t len = command_length(c);
		size_t score = 2 * len + command_fit(c, words, count, false);

		if (command_fit(c, words, count, prefixes) < len || score < best_score)
			continue;
		other = score == best_score ? best : NULL;
		best = c;
		best_score = score;
	}
	*ret_other = other;
	return other ? NULL : best;
}

static json_t *unknown_command(char *const *words, size_t count)
{
	struct nearest nearest = { .wrong = "" };
	char hint[128] = "margay help lists all commands";
	size_t known = 0;

	for (const struct command *c = commands; c->words[0]; c++) {
		size_t fit = command_fit(c, words, count, false);

		known = fit > known ? fit : known;
	}
	if (known == count && count)
		snprintf(hint, sizeof(hint), "margay help %.60s lists those that can follow",
			 words[0]);
	if (known == count)
		return answer_error(ANSWER_USAGE, NULL, hint, "'%s' needs another word",
				    count ? words[count - 1] : "margay");
	nearest.wrong = words[known];
	for (const struct command *c = commands; c->words[0]; c++)
		if (command_fit(c, words, count, false) == known && c->words[known])
			nearest_offer(&nearest, c->words[known]);
	if (nearest.best)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest.best);
	return answer_error(ANSWER_USAGE, NULL, hint, "unknown word '%.60s'", words[known]);
}

static const struct arg *arg_next_position(const struct command *command, const json_t *request)
{
	for (const struct arg *a = command->arg; a->kind; a++)
		if (a->kind == ARG_POSITION && !json_object_get(request, a->name))
			return a;
	return NULL;
}

static bool arg_has_value(const struct arg *arg)
{
	return arg->kind == ARG_KEY || arg->kind == ARG_OPTION;
}

static bool arg_has_dashes(const struct arg *arg)
{
	return arg->kind == ARG_FLAG || arg->kind == ARG_OPTION;
}

const struct arg *grammar_option(const struct command *command, const char *word)
{
	for (const struct arg *a = command->arg; a->kind; a++) {
		if (!arg_has_dashes(a))
			continue;
		if (strncmp(word, "--", 2) == 0 && strcmp(a->name, word + 2) == 0)
			return a;
		if (a->letter && word[0] == '-' && word[1] == a->letter && !word[2])
			return a;
	}
	return NULL;
}

/* A key, option or flag by its name. */
static const struct arg *arg_named(const struct command *command, const char *word)
{
	for (const struct arg *a = command->arg; a->kind; a++)
		if (a->kind == ARG_KEY && strcmp(a->name, word) == 0)
			return a;
	return grammar_option(command, word);
}

static bool choice_fits(const char *choices, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = choices; at && len; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, word, len) == 0 && (!at[len] || at[len] == ' '))
			return true;
	}
	return false;
}

static json_t *arg_number(const char *word)
{
	char *end;
	double value = strtod(word, &end);

	if (end == word || *end || !isfinite(value) || isspace((unsigned char)*word))
		return NULL;
	return value == floor(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value)
							   : json_real(value);
}

/* The value as the request has it; NULL: it is not right. */
static json_t *arg_value(const struct arg *arg, const char *word)
{
	char absolute[4096];

	if (!*word || (arg->choices && !choice_fits(arg->choices, word)))
		return NULL;
	if (arg->type == ARG_NUMBER)
		return arg_number(word);
	if (arg->type == ARG_FILE && realpath(word, absolute))
		return json_string(absolute); /* the daemon stands in another directory */
	return json_string(word);             /* NULL where it is not UTF-8 */
}

static json_t *bad_value(const struct arg *arg, const char *word)
{
	char hint[128];

	snprintf(hint, sizeof(hint), "%s%s%s", arg->help, arg->choices ? ": one of " : "",
		 arg->choices ? arg->choices : "");
	return answer_error(ANSWER_USAGE, arg->name, hint, "'%.60s' is no value for %s", word,
			    arg->name);
}

struct parse {
	const struct command *command;
	char *const *words;
	size_t at, count;
	json_t *request, *error;
};

static void parse_set(struct parse *p, const struct arg *arg)
{
	const char *word = p->words[p->at++];
	json_t *value = arg_value(arg, word);

	if (!value) {
		p->error = bad_value(arg, word);
		return;
	}
	if (arg->type != ARG_TEXTS) {
		json_object_set_new(p->request, arg->name, value);
		return;
	}
	if (!json_object_get(p->request, arg->name))
		json_object_set_new(p->request, arg->name, json_array());
	json_array_append_new(json_object_get(p->request, arg->name), value);
}

static void parse_key(struct parse *p, const struct arg *arg)
{
	const char *name = p->words[p->at++];

	if (json_object_get(p->request, arg->name)) {
		p->error = answer_error(ANSWER_USAGE, arg->name, NULL, "'%s' is said twice", name);
		return;
	}
	if (arg->kind == ARG_FLAG) {
		json_object_set_new(p->request, arg->name, json_true());
		return;
	}
	if (p->at == p->count) {
		p->error = answer_error(ANSWER_USAGE, arg->name, arg->help, "'%s' needs a value",
					name);
		return;
	}
	do
		parse_set(p, arg);
	while (!p->error && arg->type == ARG_TEXTS && p->at < p->count &&
	       !arg_named(p->command, p->words[p->at]));
}

static const char *dashes_of(const struct command *command, const char *name)
{
	for (const struct arg *a = command->arg; a->kind; a++)
		if (arg_has_dashes(a) && strcmp(a->name, name) == 0)
			return "--";
	return "";
}

static json_t *unknown_arg(const struct command *command, const char *word)
{
	struct nearest nearest = { .wrong = strncmp(word, "--", 2) == 0 ? word + 2 : word };
	_cleanup_(freep) char *synopsis = grammar_synopsis(command);
	_cleanup_(freep) char *hint = NULL;

	for (const struct arg *a = command->arg; a->kind; a++)
		if (a->kind != ARG_POSITION)
			nearest_offer(&nearest, a->name);
	if (nearest.best ? asprintf(&hint, "did you mean '%s%s'?", dashes_of(command, nearest.best),
				    nearest.best) < 0
			 : asprintf(&hint, "usage: margay %s", synopsis ? synopsis : "") < 0)
		hint = NULL;
	return answer_error(ANSWER_USAGE, NULL, hint, "unknown word '%.60s'", word);
}

static void parse_args(struct parse *p)
{
	while (!p->error && p->at < p->count) {
		const struct arg *position = arg_next_position(p->command, p->request);
		const struct arg *named = arg_named(p->command, p->words[p->at]);

		bool dashes = strncmp(p->words[p->at], "--", 2) == 0;

		if (named && (arg_has_dashes(named) || !position || !position->needed))
			parse_key(p, named);
		else if (position && !dashes)
			parse_set(p, position);
		else
			p->error = unknown_arg(p->command, p->words[p->at]);
	}
	for (const struct arg *a = p->command->arg; !p->error && a->kind; a++) {
		_cleanup_(freep) char *synopsis = NULL;

		if (!a->needed || json_object_get(p->request, a->name))
			continue;
		synopsis = grammar_synopsis(p->command);
		p->error = answer_error(ANSWER_USAGE, a->name, synopsis, "%s is missing", a->name);
	}
}

static json_t *request_new(const struct command *command)
{
	json_t *request = json_object();

	if (command->verb)
		json_object_set_new(request, "verb", json_string(command->verb));
	if (command->object)
		json_object_set_new(request, "object", json_string(command->object));
	return request;
}

int grammar_parse(char *const *words, size_t count, bool prefixes, const struct command **ret,
		  json_t **ret_request, json_t **ret_error)
{
	const struct command *other = NULL;
	const struct command *command = command_find(words, count, prefixes, &other);
	struct parse p = { .command = command, .words = words, .count = count };

	if (!command) {
		*ret_error = other ? answer_error(ANSWER_USAGE, NULL, "write the word out",
						  "more than one command begins like this")
				   : unknown_command(words, count);
		return -1;
	}
	p.at = command_length(command);
	p.request = request_new(command);
	parse_args(&p);
	if (p.error) {
		json_decref(p.request);
		*ret_error = p.error;
		return -1;
	}
	*ret = command;
	*ret_request = p.request;
	return 0;
}

typedef void visit_word(void *user, const char *word, enum arg_source source, enum arg_type type);

static void complete_value(const struct arg *arg, visit_word *visit, void *user)
{
	_cleanup_(freep) char *choices = arg->choices ? strdup(arg->choices) : NULL;
	char *rest = choices;

	while (rest)
		visit(user, strsep(&rest, " "), SOURCE_NONE, ARG_TEXT);
	if (!arg->choices)
		visit(user, NULL, arg->source, arg->type);
}

/* What can follow the command's own words and those of its arguments that are there. */
static void complete_args(const struct command *command, char *const *words, size_t count,
			  visit_word *visit, void *user)
{
	const struct arg *key = count ? arg_named(command, words[count - 1]) : NULL;

	if (key && arg_has_value(key)) {
		complete_value(key, visit, user);
		return;
	}
	for (const struct arg *a = command->arg; a->kind; a++) {
		char flag[40];

		if (a->kind == ARG_POSITION && !count) {
			complete_value(a, visit, user);
			if (a->needed)
				return;
		} else if (a->kind == ARG_KEY) {
			visit(user, a->name, SOURCE_NONE, ARG_TEXT);
		} else if (arg_has_dashes(a)) {
			snprintf(flag, sizeof(flag), "--%s", a->name);
			visit(user, flag, SOURCE_NONE, ARG_TEXT);
		}
	}
}

void grammar_complete(char *const *words, size_t count, visit_word *visit, void *user)
{
	const char *last = NULL; /* rows with the same next word stand together */

	for (const struct command *c = commands; c->words[0]; c++) {
		size_t len = command_length(c), fit = command_fit(c, words, count, false);

		if (fit == len) {
			complete_args(c, words + len, count - len, visit, user);
		} else if (fit == count && (!last || strcmp(last, c->words[count]) != 0)) {
			last = c->words[count];
			visit(user, last, SOURCE_NONE, ARG_TEXT);
		}
	}
}

static void synopsis_arg(FILE *out, const struct arg *arg)
{
	const char *open = arg->needed ? "" : "[", *close = arg->needed ? "" : "]";
	char value[32];
	size_t i = 0;

	for (; arg->name[i] && i + 1 < sizeof(value); i++)
		value[i] = (char)toupper((unsigned char)arg->name[i]);
	value[i] = '\0';
	if (arg->kind == ARG_POSITION)
		fprintf(out, " %s%s%s", open, value, close);
	else if (arg->kind == ARG_FLAG)
		fprintf(out, " %s--%s%s", open, arg->name, close);
	else if (arg->letter)
		fprintf(out, " %s-%c %s%s", open, arg->letter,
			arg->type == ARG_FILE ? "FILE" : value, close);
	else
		fprintf(out, " %s%s%s %s%s%s", open, arg->kind == ARG_OPTION ? "--" : "", arg->name,
			arg->type == ARG_NUMBER ? "NUMBER" : value,
			arg->type == ARG_TEXTS ? "..." : "", close);
}

char *grammar_synopsis(const struct command *command)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (size_t i = 0; i < COMMAND_WORDS_MAX && command->words[i]; i++)
		fprintf(out, "%s%s", i ? " " : "", command->words[i]);
	for (const struct arg *a = command->arg; a->kind; a++)
		synopsis_arg(out, a);
	fclose(out);
	return text;
}
