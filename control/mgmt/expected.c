/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/expected.h"

#include "base/util.h"
#include "mgmt/nearest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct lysc_type *type_of(const struct lysc_node *leaf)
{
	return leaf->nodetype == LYS_LEAFLIST ? ((const struct lysc_node_leaflist *)leaf)->type
					      : ((const struct lysc_node_leaf *)leaf)->type;
}

/* Appends ", word" to *text. On failure *text is NULL. */
static void list_add(char **text, const char *word)
{
	char *longer = NULL;

	if (asprintf(&longer, "%s%s%s", *text ? *text : "", *text ? ", " : "", word) < 0)
		longer = NULL;
	free(*text);
	*text = longer;
}

static char *expected_enum(const struct lysc_type_enum *type)
{
	_cleanup_(freep) char *names = NULL;
	char *text = NULL;
	LY_ARRAY_COUNT_TYPE i;

	LY_ARRAY_FOR(type->enums, i)
	{
		list_add(&names, type->enums[i].name);
	}
	return asprintf(&text, "is none of: %s", names ? names : "") < 0 ? NULL : text;
}

/* The bounds of the types that margay.yang uses without a range of its own. */
static char *expected_number(const struct lysc_type_num *type)
{
	uint64_t max = type->basetype == LY_TYPE_UINT8    ? UINT8_MAX
		       : type->basetype == LY_TYPE_UINT16 ? UINT16_MAX
		       : type->basetype == LY_TYPE_UINT32 ? UINT32_MAX
							  : UINT64_MAX;
	char *text = NULL;

	if (type->range && type->range->emsg)
		return strdup(type->range->emsg);
	return asprintf(&text, "must be a whole number from 0 to %" PRIu64, max) < 0 ? NULL : text;
}

/* libyang tells the error-message of the very rule that failed, except of those that it inherited
 * from ietf-inet-types and which have none. */
static char *expected_string(const struct lysc_type_str *type, const char *said)
{
	LY_ARRAY_COUNT_TYPE i;

	if (type->length && type->length->emsg && strcmp(said, type->length->emsg) == 0)
		return strdup(said);
	LY_ARRAY_FOR(type->patterns, i)
	{
		if (type->patterns[i]->emsg)
			return strdup(type->patterns[i]->emsg);
	}
	return strdup(said);
}

char *expected_value(const struct lysc_node *leaf, const char *said)
{
	const struct lysc_type *type = type_of(leaf);

	switch (type->basetype) {
	case LY_TYPE_ENUM:
		return expected_enum((const struct lysc_type_enum *)type);
	case LY_TYPE_BOOL:
		return strdup("is neither true nor false");
	case LY_TYPE_UNION: /* margay.yang has but this one */
		return strdup("is no IPv4 or IPv6 address");
	case LY_TYPE_STRING:
		return expected_string((const struct lysc_type_str *)type, said ? said : "");
	case LY_TYPE_DEC64: {
		const struct lysc_range *range = ((const struct lysc_type_dec *)type)->range;

		return strdup(range && range->emsg ? range->emsg : "must be a number");
	}
	default:
		return expected_number((const struct lysc_type_num *)type);
	}
}

char *expected_hint(const struct lysc_node *leaf, const char *wrong)
{
	const struct lysc_type_enum *type = (const struct lysc_type_enum *)type_of(leaf);
	struct nearest nearest = { .wrong = wrong };
	char *hint = NULL;
	LY_ARRAY_COUNT_TYPE i;

	if (type->basetype == LY_TYPE_ENUM) {
		LY_ARRAY_FOR(type->enums, i)
		{
			nearest_offer(&nearest, type->enums[i].name);
		}
	}
	if (!nearest.best || asprintf(&hint, "did you mean '%s'?", nearest.best) < 0)
		return NULL;
	return hint;
}

char *expected_children(const struct lysc_node *parent, const struct lys_module *module)
{
	const struct lysc_node *child = NULL;
	char *names = NULL;

	while ((child = lys_getnext(child, parent, module->compiled, 0)))
		list_add(&names, child->name);
	return names;
}
