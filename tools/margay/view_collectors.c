/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/util.h"
#include "table.h"
#include "views.h"

#include <stdio.h>

/* "in-flight 3, capacity 8", instead of the array. */
static void join_values(json_t *collector)
{
	const json_t *value;
	char words[256] = "";
	size_t i, len = 0;

	json_array_foreach(json_object_get(collector, "values"), i, value)
	{
		if (!json_is_true(json_object_get(value, "known")) || len >= sizeof(words))
			continue;
		len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s %.6g",
					len ? ", " : "",
					json_string_value(json_object_get(value, "name")),
					json_number_value(json_object_get(value, "value")));
	}
	json_object_set_new(collector, "values", json_string(words));
}

void view_collectors(const json_t *answer)
{
	static const struct column columns[] = {
		{ "COLLECTOR", "name", CELL_TEXT },
		{ "KIND", "kind", CELL_TEXT },
		{ "MAPPING", "mapping", CELL_TEXT },
		{ "STATE", "state", CELL_TEXT },
		{ "AGE", "age", CELL_AGE },
		{ "TOOK", "took-ms", CELL_MS },
		{ "ASKED", "asked", CELL_COUNT },
		{ "STARTS", "starts", CELL_COUNT },
		{ "LINES", "lines", CELL_COUNT },
		{ "FAILED", "failed", CELL_COUNT },
		{ "BYTES", "octets", CELL_BYTES },
		{ "VALUES", "values", CELL_TEXT },
		{ "LAST ERROR", "last-error", CELL_TEXT },
	};
	json_t *collectors = json_object_get(answer, "collectors"), *collector;
	size_t i;

	json_array_foreach(collectors, i, collector) join_values(collector);
	table_print(stdout, collectors, columns, ARRAY_SIZE(columns), 0);
	if (!json_array_size(collectors))
		printf("no collectors: `collectors:` in the configuration names them, or a "
		       "service's `collector:`\n");
}
