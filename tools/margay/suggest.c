/* SPDX-License-Identifier: BSD-2-Clause */
#include "suggest.h"

#include "base/util.h"
#include "grammar.h"
#include "names.h"

#include <string.h>

#define SUGGEST_TIMEOUT_S 0.5 /* a prompt that hangs is worse than one without names */

struct visit {
	const struct daemon_address *daemon;
	const char *start;
	struct suggestions *list;
};

static void suggestion_add(struct visit *visit, const char *word)
{
	struct suggestions *list = visit->list;
	char **grown;

	if (!word || strncmp(word, visit->start, strlen(visit->start)) != 0)
		return;
	grown = reallocarray(list->word, list->count + 1, sizeof(*grown));
	if (!grown)
		return;
	list->word = grown;
	grown[list->count] = strdup(word);
	list->count += grown[list->count] != NULL;
}

static void suggest_members(struct visit *visit, const char *object, const char *list,
			    const char *key)
{
	struct daemon_address hurried = { visit->daemon->socket, SUGGEST_TIMEOUT_S };
	json_t *request = json_pack("{s:s, s:s}", "verb", "show", "object", object), *entry;
	json_t *answer = connection_ask(&hurried, request);
	size_t i;

	json_array_foreach(json_object_get(answer, list), i, entry)
		suggestion_add(visit, json_string_value(json_object_get(entry, key)));
	json_decref(answer);
	json_decref(request);
}

static void suggest_names(struct visit *visit, const char *object, const char *list)
{
	suggest_members(visit, object, list, "name");
}

static void suggest_verdicts(struct visit *visit)
{
	char name[NAME_LEN];

	for (size_t v = 0; v < MG_VERDICT_COUNT; v++)
		suggestion_add(visit, verdict_name((enum mg_verdict)v, name));
}

static void suggest_word(void *user, const char *word, enum arg_source source, enum arg_type type)
{
	struct visit *visit = user;

	if (word)
		suggestion_add(visit, word);
	else if (source == SOURCE_SERVICES)
		suggest_names(visit, "services", "services");
	else if (source == SOURCE_ANNOUNCED)
		suggest_names(visit, "services", "announced");
	else if (source == SOURCE_SITES)
		suggest_names(visit, "sites", "sites");
	else if (source == SOURCE_INTERFACES)
		suggest_names(visit, "interfaces", "interfaces");
	else if (source == SOURCE_NEIGHBORS)
		suggest_members(visit, "bgp", "neighbors", "address");
	else if (source == SOURCE_VERDICTS)
		suggest_verdicts(visit);
}

static int word_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void suggest(const struct daemon_address *daemon, char *const *words, size_t count,
	     const char *start, struct suggestions *ret)
{
	struct visit visit = { daemon, start, ret };
	size_t kept = 0;

	*ret = (struct suggestions){ 0 };
	grammar_complete(words, count, suggest_word, &visit);
	if (!ret->count)
		return;
	qsort(ret->word, ret->count, sizeof(*ret->word), word_compare);
	for (size_t i = 0; i < ret->count; i++) {
		if (kept && strcmp(ret->word[kept - 1], ret->word[i]) == 0)
			free(ret->word[i]); /* a service has an entry per address */
		else
			ret->word[kept++] = ret->word[i];
	}
	ret->count = kept;
}

void suggestions_clear(struct suggestions *suggestions)
{
	for (size_t i = 0; i < suggestions->count; i++)
		free(suggestions->word[i]);
	free(suggestions->word);
	*suggestions = (struct suggestions){ 0 };
}
