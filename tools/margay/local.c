/* SPDX-License-Identifier: BSD-2-Clause */
#include "local.h"

#include "base/util.h"
#include "grammar.h"
#include "mgmt/config_answer.h"
#include "views.h"

#include <stdio.h>
#include <string.h>

int local_print(json_t *answer, bool json, void (*render)(const json_t *answer))
{
	int status;

	if (!answer)
		answer = answer_error(ANSWER_NO_MEMORY, NULL, NULL, "no memory");
	status = answer_status(answer);
	if (json) {
		json_dumpf(answer, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
		putchar('\n');
	} else if (status) {
		view_error(answer);
	} else {
		render(answer);
	}
	json_decref(answer);
	/* A full disk or a closed pipe must not look like success. */
	return (fflush(stdout) == EOF || ferror(stdout)) && !status ? 1 : status;
}

static void view_check(const json_t *answer)
{
	printf("%s: good\n", json_string_value(json_object_get(answer, "file")));
}

int local_check(const struct daemon_address *daemon, const json_t *request, bool json)
{
	const char *file = json_string_value(json_object_get(request, "file"));

	return local_print(config_answer(file, NULL), json, view_check);
}

/* The script asks margay itself what can follow, so that it knows what this margay knows. Answers
 * are never expanded, whatever an interface is called; and as bash cuts words at colons, the line
 * is cut anew, and of an address only what stands behind its last colon is put in. */
const char local_bash_script[] = "_margay()\n"
				 "{\n"
				 "\tlocal line=${COMP_LINE:0:COMP_POINT} word='' reply\n"
				 "\tlocal -a words\n"
				 "\n"
				 "\tread -ra words <<<\"$line\"\n"
				 "\tif [[ $line != *[[:space:]] ]]; then\n"
				 "\t\tword=${words[-1]}\n"
				 "\t\tunset 'words[-1]'\n"
				 "\tfi\n"
				 "\tCOMPREPLY=()\n"
				 "\twhile IFS= read -r reply; do\n"
				 "\t\tif [[ $reply == \"$word\"* ]]; then\n"
				 "\t\t\tCOMPREPLY+=(\"${reply#\"${word%\"${word##*:}\"}\"}\")\n"
				 "\t\tfi\n"
				 "\tdone < <(margay --complete \"${words[@]:1}\" 2>/dev/null)\n"
				 "}\n"
				 "complete -o default -F _margay margay\n";

static void view_script(const json_t *answer)
{
	fputs(json_string_value(json_object_get(answer, "script")), stdout);
}

int local_completion(const struct daemon_address *daemon, const json_t *request, bool json)
{
	return local_print(json_pack("{s:s}", "script", local_bash_script), json, view_script);
}

static json_t *help_entry(const struct command *command)
{
	_cleanup_(freep) char *synopsis = grammar_synopsis(command);
	json_t *entry = json_object(), *args = answer_array(entry, "arguments");

	answer_text(entry, "synopsis", synopsis);
	answer_text(entry, "help", command->help);
	for (const struct arg *a = command->arg; a->kind; a++) {
		json_t *arg = answer_append(args);

		answer_text(arg, "name", a->name);
		answer_text(arg, "help", a->help);
		answer_text(arg, "choices", a->choices);
	}
	return entry;
}

static void view_help(const json_t *answer)
{
	const json_t *commands_array = json_object_get(answer, "commands"), *entry, *arg;
	bool one = json_array_size(commands_array) == 1;
	size_t i, k;

	json_array_foreach(commands_array, i, entry)
	{
		printf("  margay %s\n      %s\n",
		       json_string_value(json_object_get(entry, "synopsis")),
		       json_string_value(json_object_get(entry, "help")));
		json_array_foreach(json_object_get(entry, "arguments"), k, arg) if (one) printf(
			"        %-16s %s\n", json_string_value(json_object_get(arg, "name")),
			json_string_value(json_object_get(arg, "help")));
	}
	if (!one)
		printf("\n"
		       "  -s, --socket PATH     control socket; also MARGAY_SOCKET\n"
		       "  -j, --json            exactly one JSON document, also on failure\n"
		       "  -t, --timeout SECONDS how long to wait for the daemon; default 5\n"
		       "  exit: 0 done, 1 refused, 2 usage, 3 no daemon, 4 not found,\n"
		       "        5 configuration invalid, 6 timed out\n");
}

int local_help(const struct daemon_address *daemon, const json_t *request, bool json)
{
	const char *wanted = json_string_value(json_object_get(request, "command"));
	json_t *answer = json_object(), *list = answer_array(answer, "commands");

	for (const struct command *c = commands; c->words[0]; c++)
		if (!wanted || strcmp(c->words[0], wanted) == 0)
			json_array_append_new(list, help_entry(c));
	if (json_array_size(list))
		return local_print(answer, json, view_help);
	json_decref(answer);
	return local_print(answer_error(ANSWER_USAGE, "command", "margay help lists all commands",
					"there is no command '%.60s'", wanted),
			   json, NULL);
}
