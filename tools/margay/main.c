/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: margay: from words to a request by the grammar's table, from the request to an answer by the
 * daemon, from the answer to text or JSON. The exit status comes out of the answer in one place,
 * whether the daemon made it or margay itself.
 */
#include "base/util.h"
#include "connection.h"
#include "grammar.h"
#include "local.h"
#include "mgmt/answer.h"
#include "mgmt/version.h"
#include "prompt.h"
#include "suggest.h"

#include <stdio.h>
#include <string.h>

#define SOCKET_DEFAULT "/run/margay/margayd.sock"
#define TIMEOUT_S      5.0

struct options {
	struct daemon_address daemon;
	bool json, help;
	char **words;
	size_t count;
	const char *wrong; /* an option that is not known, or lacks its value */
};

static int run_words(const struct daemon_address *daemon, char *const *words, size_t count,
		     bool prefixes, bool json)
{
	const struct command *command = NULL;
	json_t *request = NULL, *answer = NULL;
	int status;

	if (grammar_parse(words, count, prefixes, &command, &request, &answer) < 0)
		return local_print(answer, json, NULL);
	if (command->local)
		status = command->local(daemon, request, json);
	else
		status = local_print(connection_ask(daemon, request), json, command->render);
	json_decref(request);
	return status;
}

static int run_line(const struct daemon_address *daemon, char *const *words, size_t count)
{
	return run_words(daemon, words, count, true, false);
}

static int print_suggestions(const struct options *options)
{
	_cleanup_(suggestions_clear) struct suggestions list = { 0 };

	suggest(&options->daemon, options->words, options->count, "", &list);
	for (size_t i = 0; i < list.count; i++)
		puts(list.word[i]);
	return 0;
}

/* Options that a command takes are passed on to the grammar, as "--all" or "-w". */
static bool option_of_command(const char *word)
{
	for (const struct command *c = commands; c->words[0]; c++)
		if (grammar_option(c, word))
			return true;
	return false;
}

/* --count=5 becomes two words, as --count 5 is. */
static void option_pass(struct options *o, char *arg)
{
	char *value = strchr(arg, '=');

	if (value)
		*value++ = '\0';
	if (!option_of_command(arg))
		o->wrong = arg;
	o->words[o->count++] = arg;
	if (value)
		o->words[o->count++] = value;
}

/* The value of -x VALUE, -xVALUE or --name=VALUE; NULL: there is none. */
static const char *option_value(char *const *argv, int argc, int *at, const char *attached)
{
	if (*attached)
		return attached + (*attached == '=');
	return *at + 1 < argc ? argv[++*at] : NULL;
}

static bool option_is(const char *arg, const char *brief, const char *full, const char **ret_rest)
{
	size_t len = strlen(full);

	if (strncmp(arg, full, len) == 0 && (!arg[len] || arg[len] == '=')) {
		*ret_rest = arg + len;
		return true;
	}
	*ret_rest = arg + 2;
	return strncmp(arg, brief, 2) == 0 && arg[1] != '-';
}

static bool timeout_parse(const char *text, double *ret)
{
	char *end;
	double value = text ? strtod(text, &end) : -1;

	if (!text || end == text || *end || !(value > 0) || value > 86400)
		return false;
	*ret = value;
	return true;
}

/* One argument that begins with '-'. Options may stand anywhere among the words. */
static void option_take(struct options *o, char *const *argv, int argc, int *at)
{
	const char *arg = argv[*at], *rest, *value;

	if (option_is(arg, "-s", "--socket", &rest)) {
		value = option_value(argv, argc, at, rest);
		o->wrong = value ? o->wrong : arg;
		o->daemon.socket = value;
	} else if (option_is(arg, "-t", "--timeout", &rest)) {
		value = option_value(argv, argc, at, rest);
		o->wrong = timeout_parse(value, &o->daemon.timeout_s) ? o->wrong : arg;
	} else if (strcmp(arg, "-j") == 0 || strcmp(arg, "--json") == 0) {
		o->json = true;
	} else if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0) {
		o->help = true;
	} else {
		option_pass(o, argv[*at]);
	}
}

/* -1 is a value, though no good one of most arguments: whoever takes it says so. */
static bool is_number(const char *arg)
{
	char *end;

	strtod(arg, &end);
	return !*end;
}

static void options_parse(struct options *o, char *const *argv, int argc)
{
	bool words_only = false;

	for (int at = 1; at < argc; at++) {
		if (!words_only && strcmp(argv[at], "--") == 0)
			words_only = true;
		else if (!words_only && argv[at][0] == '-' && argv[at][1] && !is_number(argv[at]))
			option_take(o, argv, argc, &at);
		else
			o->words[o->count++] = argv[at];
	}
}

static int run(struct options *o)
{
	char help[] = "help", *help_words[] = { help, o->words[0] };

	if (o->wrong)
		return local_print(answer_error(ANSWER_USAGE, NULL,
						"margay help lists commands and options",
						"option '%.60s' is not known, or its value is not "
						"right",
						o->wrong),
				   o->json, NULL);
	if (o->help)
		return run_words(&o->daemon, help_words, o->count ? 2 : 1, false, o->json);
	if (o->count || o->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return run_words(&o->daemon, o->words, o->count, false, o->json);
	return prompt_loop(&o->daemon, run_line);
}

int main(int argc, char **argv)
{
	_cleanup_(freep) char **words = calloc(2 * (size_t)argc + 1, sizeof(*words));
	const char *socket = getenv("MARGAY_SOCKET");
	struct options o = { .words = words };

	if (!words)
		return 1;
	o.daemon =
		(struct daemon_address){ socket && *socket ? socket : SOCKET_DEFAULT, TIMEOUT_S };
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("margay " MGMT_VERSION);
		return 0;
	}
	/* For the completion script: what stands so far, options and all. */
	if (argc >= 2 && strcmp(argv[1], "--complete") == 0) {
		options_parse(&o, argv + 1, argc - 1);
		return print_suggestions(&o);
	}
	options_parse(&o, argv, argc);
	return run(&o);
}
