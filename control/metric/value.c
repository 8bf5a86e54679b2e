/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/value.h"

#include "base/util.h"

#include <errno.h>
#include <math.h>
#include <string.h>

const char *value_source_text(enum value_source source)
{
	static const char *const texts[VALUE_SOURCE_COUNT] = {
		[VALUE_AGENT] = "agent",
		[VALUE_OBSERVED] = "observed",
		[VALUE_PROBE] = "probe",
		[VALUE_CONFIGURED] = "configured",
	};

	return source < VALUE_SOURCE_COUNT ? texts[source] : "?";
}

const char *value_statistic_text(enum value_statistic statistic)
{
	static const char *const texts[VALUE_STATISTIC_COUNT] = {
		[VALUE_CURRENT] = "current",
		[VALUE_MEAN] = "mean",
		[VALUE_MIN] = "min",
		[VALUE_MAX] = "max",
	};

	return statistic < VALUE_STATISTIC_COUNT ? texts[statistic] : "?";
}

static bool type_valid(const char type[VALUE_TYPE_MAX])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.:";
	size_t len = strnlen(type, VALUE_TYPE_MAX);

	return len < VALUE_TYPE_MAX && type[0] >= 'a' && type[0] <= 'z' &&
	       strspn(type, letters) == len;
}

/* It is printed, in tables and in JSON: no control characters. */
static bool unit_valid(const char unit[VALUE_UNIT_MAX])
{
	size_t len = strnlen(unit, VALUE_UNIT_MAX);

	for (size_t i = 0; i < len; i++)
		if (unit[i] <= ' ' || unit[i] > '~')
			return false;
	return len < VALUE_UNIT_MAX;
}

static bool window_valid(const struct value *value)
{
	if (value->statistic == VALUE_CURRENT && value->window_s == 0)
		return true;
	return isfinite(value->window_s) && value->window_s > 0;
}

const char *value_validate(const struct value *value)
{
	if (!type_valid(value->type))
		return "type";
	if (!unit_valid(value->unit))
		return "unit";
	if (!(fabs(value->value) <= VALUE_LIMIT)) /* NaN is not, either */
		return "value";
	if ((unsigned int)value->source >= VALUE_SOURCE_COUNT)
		return "source";
	if ((unsigned int)value->statistic >= VALUE_STATISTIC_COUNT)
		return "statistic";
	if (!window_valid(value))
		return "window";
	return value->sampled_ms < 0 ? "time" : NULL;
}

void value_set_clear(struct value_set *set)
{
	freep(&set->value);
	set->count = 0;
}

int value_set_copy(const struct value_set *from, struct value_set *ret)
{
	struct value_set copy = { 0 };

	if (from && from->count) {
		copy.value = calloc(from->count, sizeof(*copy.value));
		if (!copy.value)
			return -ENOMEM;
		memcpy(copy.value, from->value, from->count * sizeof(*copy.value));
		copy.count = from->count;
	}
	*ret = copy;
	return 0;
}

static struct value *value_set_place(const struct value_set *set, const struct value *value)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->value[i].source == value->source &&
		    set->value[i].statistic == value->statistic &&
		    !strcmp(set->value[i].type, value->type))
			return &set->value[i];
	return NULL;
}

int value_set_put(struct value_set *set, const struct value *value)
{
	struct value *place, *grown;

	if (value_validate(value))
		return -EINVAL;
	place = value_set_place(set, value);
	if (place) {
		if (value->sampled_ms >= place->sampled_ms)
			*place = *value;
		return 0;
	}
	if (set->count >= VALUES_MAX)
		return -ENOSPC;
	grown = reallocarray(set->value, set->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	set->value = grown;
	grown[set->count++] = *value;
	return 0;
}

const struct value *value_set_find_of(const struct value_set *set, const char *type,
				      enum value_source source)
{
	const struct value *found = NULL;

	for (size_t i = 0; i < set->count; i++) {
		const struct value *value = &set->value[i];

		if (value->source == source && !strcmp(value->type, type) &&
		    (!found || value->statistic < found->statistic))
			found = value;
	}
	return found;
}

const struct value *value_set_find(const struct value_set *set, const char *type)
{
	const struct value *found = NULL;

	for (unsigned int source = 0; source < VALUE_SOURCE_COUNT && !found; source++)
		found = value_set_find_of(set, type, (enum value_source)source);
	return found;
}

size_t value_set_forget(struct value_set *set, int64_t before_ms)
{
	size_t kept = 0, count = set->count;

	for (size_t i = 0; i < count; i++)
		if (!set->value[i].sampled_ms || set->value[i].sampled_ms >= before_ms)
			set->value[kept++] = set->value[i];
	set->count = kept;
	return count - kept;
}
