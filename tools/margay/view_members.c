/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/util.h"
#include "view_parts.h"
#include "views.h"

#include <stdio.h>

void print_flows(const json_t *object)
{
	printf(" ");
	print_member(object, "placement", "placement", CELL_TEXT);
	print_member(object, "gate", "gate", CELL_TEXT);
	print_member(object, "in flight", "in-flight", CELL_NUMBER);
	print_member(object, "starts/s", "start-rate", CELL_NUMBER);
	print_member(object, "ends seen", "ends-seen", CELL_PERCENT);
	print_member(object, "time of a flow", "flow-ms", CELL_MS);
	print_member(object, "late", "late-ms", CELL_MS);
	printf("\n");
	if (*text(object, "note"))
		printf("    %s\n", text(object, "note"));
}

static void print_members(const json_t *service)
{
	static const struct column columns[] = {
		{ "SITE", "name", CELL_TEXT },
		{ "WEIGHT", "weight", CELL_PERCENT },
		{ "SLOTS", "slots", CELL_COUNT },
		{ "IN FLIGHT", "in-flight", CELL_NUMBER },
		{ "STARTS", "starts", CELL_COUNT },
		{ "ENDS SEEN", "ends", CELL_COUNT },
		{ "2ND CHOICES", "second-choices", CELL_COUNT },
		{ "HANDSHAKE", "handshake-ms", CELL_MS },
		{ "TIMED", "handshakes", CELL_COUNT },
	};

	print_heading(service);
	printf("\n");
	print_flows(service);
	if (!json_is_true(get(service, "observed")))
		printf("  flows are not counted: `observe: true` in the service's `steer` has them "
		       "counted\n");
	table_print(stdout, get(service, "members"), columns, ARRAY_SIZE(columns), 2);
	printf("\n");
}

void view_members(const json_t *answer)
{
	const json_t *service;
	size_t i;

	json_array_foreach(get(answer, "services"), i, service)
	{
		print_members(service);
	}
	if (!json_array_size(get(answer, "services")))
		printf("no service is steered here\n");
}
