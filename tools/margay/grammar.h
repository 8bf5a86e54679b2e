/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands of margay as a table: parsing, help and completion are read off it, so that they
 * cannot differ. Constant; nothing here does I/O.
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define COMMAND_WORDS_MAX 3
#define COMMAND_ARGS_MAX  17

enum arg_kind {
	ARG_NONE,
	ARG_POSITION, /* the value alone: SERVICE */
	ARG_KEY,      /* its name, then the value: port 80 */
	ARG_FLAG,     /* its name alone, with two dashes: --all */
	ARG_OPTION,   /* its name with two dashes, or its letter with one, then the value: --count 5
		       */
};

enum arg_type { ARG_TEXT, ARG_NUMBER, ARG_TEXTS /* one or more */, ARG_FILE };

/* What can stand for a value; for completion. */
enum arg_source {
	SOURCE_NONE,
	SOURCE_SERVICES,
	SOURCE_SITES,
	SOURCE_ANNOUNCED,
	SOURCE_VERDICTS,
	SOURCE_INTERFACES,
	SOURCE_NEIGHBORS
};

struct arg {
	const char *name; /* also of the request's member */
	char letter;      /* of an option; 0: none */
	enum arg_kind kind;
	enum arg_type type;
	bool needed;
	const char *choices; /* "any tcp udp"; NULL: free */
	enum arg_source source;
	const char *help;
};

struct daemon_address;

struct command {
	const char *words[COMMAND_WORDS_MAX];
	const char *verb, *object; /* of the request; verb NULL: margay does it alone */
	struct arg arg[COMMAND_ARGS_MAX];
	const char *help;
	void (*render)(const json_t *answer); /* for people */
	/* Exit status; verb NULL. */
	int (*local)(const struct daemon_address *daemon, const json_t *request, bool json);
};

/* Rows up to one whose words[0] is NULL: commands.c. */
extern const struct command commands[];

/* Finds the command and makes its request. 0; or -1 and *ret_error is an answer with the error.
 * prefixes: words may be cut short where only one command fits. */
int grammar_parse(char *const *words, size_t count, bool prefixes, const struct command **ret,
		  json_t **ret_request, json_t **ret_error);

/* The option or flag of a command that a word with dashes stands for; NULL: none. */
const struct arg *grammar_option(const struct command *command, const char *word);

/* Calls visit for each word that can come after words[0..count). What starts otherwise than the
 * user's half-written word is for visit to drop. */
void grammar_complete(char *const *words, size_t count,
		      void (*visit)(void *user, const char *word, enum arg_source source,
				    enum arg_type type),
		      void *user);

/* "announce NAME [address ADDRESS]..." to be freed; NULL: no memory. */
char *grammar_synopsis(const struct command *command);
/* Whether all words are the first ones of the command. */
bool grammar_matches(const struct command *command, char *const *words, size_t count);
