/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is wrong with a configuration file: a list of faults, each with its place, a stable code, a
 * sentence and, where one is known, a remedy. The list owns its texts.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define FAULT_LIST_MAX 100 /* reported; a file that holds more is past reading them */

struct mark {
	unsigned line, column; /* from 1; line 0: the whole file */
};

struct config_fault {
	struct mark mark;
	const char *code;     /* static: "unknown-key", "bad-value", ... (README.md has all) */
	char *path;           /* of the data node or its parent, as RFC 7951 writes it; "" */
	char *message, *hint; /* hint: "" if none */
};

struct fault_list {
	struct config_fault *at;
	size_t count;
	bool more; /* there were more than FAULT_LIST_MAX */
};

/* Takes path, which came from malloc() and may be NULL. The message is formatted; hint NULL: none.
 * A fault that finds no memory is lost, but then `more` is set: the list is never taken for clean.
 */
void fault_list_add(struct fault_list *list, struct mark mark, const char *code, char *path,
		    const char *hint, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
static inline bool fault_list_empty(const struct fault_list *list)
{
	return !list->count && !list->more;
}
void fault_list_sort(struct fault_list *list); /* by place */
void fault_list_clear(struct fault_list *list);
