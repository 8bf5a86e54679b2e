/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of enumerations as values, for the files that read values out of the model. */
#pragma once
#include <stdio.h>
#include <string.h>

struct word {
	const char *name; /* NULL ends a table; its value is that of unknown words */
	int value;
};

static inline int word_value(const struct word *words, const char *name)
{
	while (words->name && strcmp(words->name, name) != 0)
		words++;
	return words->value;
}

/* margay.yang has seen to it that it fits. */
static inline void text_copy(char *ret, size_t size, const char *text)
{
	snprintf(ret, size, "%s", text);
}
