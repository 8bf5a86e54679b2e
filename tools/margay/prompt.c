/* SPDX-License-Identifier: BSD-2-Clause */
#include "prompt.h"

#include "base/util.h"
#include "suggest.h"

#include <histedit.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HISTORY_LINES 500

struct prompt {
	const struct daemon_address *daemon;
	EditLine *line;
	History *history;
	Tokenizer *words, *half; /* half: up to the cursor, for completion */
};

static char *prompt_text(EditLine *line)
{
	static char text[] = "margay> ";

	return text;
}

/* What all suggestions have in common beyond the first `len` octets. */
static size_t common_length(const struct suggestions *list)
{
	size_t len = strlen(list->word[0]);

	for (size_t i = 1; i < list->count; i++)
		while (strncmp(list->word[0], list->word[i], len) != 0)
			len--;
	return len;
}

static unsigned char complete_with(EditLine *line, const struct suggestions *list, size_t typed)
{
	size_t len = common_length(list);
	_cleanup_(freep) char *rest = strndup(list->word[0] + typed, len - typed);

	if (rest && *rest)
		el_insertstr(line, rest);
	if (list->count == 1) {
		el_insertstr(line, " ");
		return CC_REFRESH;
	}
	if (len > typed)
		return CC_REFRESH;
	printf("\n");
	for (size_t i = 0; i < list->count; i++)
		printf("  %s", list->word[i]);
	printf("\n");
	return CC_REDISPLAY;
}

static unsigned char on_complete(EditLine *line, int key)
{
	_cleanup_(suggestions_clear) struct suggestions list = { 0 };
	const LineInfo *info = el_line(line);
	struct prompt *prompt = NULL;
	const char **words;
	int count, word, offset;
	const char *start = "";

	el_get(line, EL_CLIENTDATA, (void **)&prompt);
	tok_reset(prompt->half);
	if (tok_line(prompt->half, info, &count, &words, &word, &offset) != 0)
		return CC_ERROR;
	if (word < count)
		start = words[word];
	suggest(prompt->daemon, (char *const *)words, (size_t)word, start, &list);
	return list.count ? complete_with(line, &list, strlen(start)) : CC_ERROR;
}

static bool prompt_open(struct prompt *prompt)
{
	HistEvent event;

	prompt->line = el_init("margay", stdin, stdout, stderr);
	prompt->history = history_init();
	prompt->words = tok_init(NULL);
	prompt->half = tok_init(NULL);
	if (!prompt->line || !prompt->history || !prompt->words || !prompt->half)
		return false;
	history(prompt->history, &event, H_SETSIZE, HISTORY_LINES);
	el_set(prompt->line, EL_CLIENTDATA, prompt);
	el_set(prompt->line, EL_PROMPT, prompt_text);
	el_set(prompt->line, EL_EDITOR, "emacs");
	el_set(prompt->line, EL_SIGNAL, 1);
	el_set(prompt->line, EL_HIST, history, prompt->history);
	el_set(prompt->line, EL_ADDFN, "margay-complete", "complete a word", on_complete);
	el_set(prompt->line, EL_BIND, "^I", "margay-complete", NULL);
	el_source(prompt->line, NULL);
	return true;
}

static void prompt_close(struct prompt *prompt)
{
	if (prompt->half)
		tok_end(prompt->half);
	if (prompt->words)
		tok_end(prompt->words);
	if (prompt->history)
		history_end(prompt->history);
	if (prompt->line)
		el_end(prompt->line);
}

/* Whether to go on. */
static bool prompt_line(struct prompt *prompt, const char *line, prompt_run *run)
{
	HistEvent event;
	const char **words;
	int count;

	tok_reset(prompt->words);
	if (tok_str(prompt->words, line, &count, &words) != 0) {
		fprintf(stderr, "margay: a quotation mark is left open\n");
		return true;
	}
	if (!count)
		return true;
	history(prompt->history, &event, H_ENTER, line);
	if (strcmp(words[0], "exit") == 0 || strcmp(words[0], "quit") == 0)
		return false;
	run(prompt->daemon, (char *const *)words, (size_t)count);
	return true;
}

int prompt_loop(const struct daemon_address *daemon, prompt_run *run)
{
	struct prompt prompt = { .daemon = daemon };
	const char *line = NULL;
	int len, status = 1;

	if (prompt_open(&prompt)) {
		do
			line = el_gets(prompt.line, &len);
		while (line && len > 0 && prompt_line(&prompt, line, run));
		if (!line)
			printf("\n");
		status = 0;
	}
	prompt_close(&prompt);
	return status;
}
