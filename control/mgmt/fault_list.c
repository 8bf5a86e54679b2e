/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/fault_list.h"

#include "base/util.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void config_fault_clear(struct config_fault *fault)
{
	free(fault->path);
	free(fault->message);
	free(fault->hint);
}

/* Doubles at each power of two. */
static struct config_fault *fault_list_room(struct fault_list *list)
{
	struct config_fault *grown;

	if (list->count >= FAULT_LIST_MAX)
		return NULL;
	if (list->count & (list->count - 1))
		return &list->at[list->count];
	grown = realloc(list->at, (list->count ? 2 * list->count : 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	list->at = grown;
	return &list->at[list->count];
}

void fault_list_add(struct fault_list *list, struct mark mark, const char *code, char *path,
		    const char *hint, const char *format, ...)
{
	struct config_fault *room = fault_list_room(list);
	struct config_fault fault = { .mark = mark, .code = code };
	va_list args;

	va_start(args, format);
	if (vasprintf(&fault.message, format, args) < 0)
		fault.message = NULL;
	va_end(args);
	fault.path = path ? path : strdup("");
	fault.hint = strdup(hint ? hint : "");

	if (!room || !fault.message || !fault.path || !fault.hint) {
		list->more = true;
		config_fault_clear(&fault);
		return;
	}
	*room = fault;
	list->count++;
}

static int config_fault_compare(const void *a, const void *b)
{
	const struct config_fault *x = a, *y = b;

	if (x->mark.line != y->mark.line)
		return x->mark.line < y->mark.line ? -1 : 1;
	return x->mark.column < y->mark.column ? -1 : x->mark.column > y->mark.column;
}

void fault_list_sort(struct fault_list *list)
{
	if (list->count)
		qsort(list->at, list->count, sizeof(*list->at), config_fault_compare);
}

void fault_list_clear(struct fault_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		config_fault_clear(&list->at[i]);
	free(list->at);
	*list = (struct fault_list){ 0 };
}
