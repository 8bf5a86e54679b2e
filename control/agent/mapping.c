/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/mapping.h"

#include "base/util.h"

#include <stdio.h>
#include <string.h>

struct mapping *mapping_new(const char *name)
{
	/* Zeroes up to the last octet, so that mapping_equal() can compare memory. */
	struct mapping *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->references = 1;
	snprintf(m->name, sizeof(m->name), "%s", name);
	return m;
}

struct mapping *mapping_ref(struct mapping *mapping)
{
	if (mapping)
		mapping->references++;
	return mapping;
}

void mapping_unref(struct mapping **mapping)
{
	struct mapping *m = TAKE_PTR(*mapping);

	if (m && !--m->references)
		free(m);
}

bool mapping_equal(const struct mapping *a, const struct mapping *b)
{
	return a == b || (a && b && a->value_count == b->value_count && !strcmp(a->name, b->name) &&
			  !memcmp(a->value, b->value, sizeof(a->value)));
}

int mapping_alias(const struct mapping_term *term, const char *name, size_t len)
{
	for (size_t i = 0; i < term->metric_count; i++)
		if (!strncmp(term->metric[i], name, len) && !term->metric[i][len])
			return (int)i;
	return -1;
}

/* One place to come back to, the last star: time is bounded by the product of the lengths. */
bool mapping_glob(const char *glob, const char *text, size_t len)
{
	const char *star = NULL;
	size_t back = 0, i = 0;

	while (i < len) {
		if (*glob == '*') {
			star = glob++;
			back = i;
		} else if (*glob && *glob == text[i]) {
			glob++;
			i++;
		} else if (star) {
			glob = star + 1;
			i = ++back;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

static bool matcher_holds(const struct mapping_matcher *matcher,
			  const struct exposition_sample *sample)
{
	size_t len = strlen(matcher->label);

	for (size_t i = 0; i < sample->label_count; i++) {
		const struct exposition_label *label = &sample->label[i];

		if (label->name_len == len && !memcmp(label->name, matcher->label, len))
			return mapping_glob(matcher->value, label->value, label->value_len) !=
			       matcher->negate;
	}
	return mapping_glob(matcher->value, "", 0) != matcher->negate;
}

bool mapping_matches(const struct mapping_term *term, const struct exposition_sample *sample)
{
	for (size_t i = 0; i < term->matcher_count; i++)
		if (!matcher_holds(&term->matcher[i], sample))
			return false;
	return true;
}
