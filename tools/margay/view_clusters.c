/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/util.h"
#include "table.h"
#include "view_parts.h"
#include "views.h"

#include <stdio.h>

static void print_watch(const char *name, const json_t *watch)
{
	printf("  %s: %s", name, text(watch, "state"));
	print_member(watch, "heard before", "age", CELL_AGE);
	print_member(watch, "asked", "asked", CELL_COUNT);
	print_member(watch, "failed", "failed", CELL_COUNT);
	print_member(watch, "bytes", "octets", CELL_BYTES);
	print_member(watch, "last error", "last-error", CELL_TEXT);
	printf("\n");
}

/* "192.0.2.1 192.0.2.2" and "tcp 443, udp 443", instead of the arrays. */
static void join_places(json_t *service)
{
	const json_t *one;
	char words[256] = "";
	size_t i, len = 0;

	json_array_foreach(get(service, "addresses"), i, one)
	{
		if (len < sizeof(words))
			len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s",
						len ? " " : "", json_string_value(one));
	}
	json_object_set_new(service, "addresses", json_string(words));
	words[0] = '\0';
	len = 0;
	json_array_foreach(get(service, "ports"), i, one)
	{
		if (len < sizeof(words))
			len += (size_t)snprintf(words + len, sizeof(words) - len,
						"%s%s %" JSON_INTEGER_FORMAT, len ? ", " : "",
						text(one, "protocol"),
						json_integer_value(get(one, "port")));
	}
	json_object_set_new(service, "ports", json_string(words));
}

static void print_cluster(const json_t *cluster)
{
	static const struct column columns[] = {
		{ "SERVICE", "service", CELL_TEXT },      { "STATE", "state", CELL_TEXT },
		{ "ADDRESSES", "addresses", CELL_TEXT },  { "PORTS", "ports", CELL_TEXT },
		{ "ENDPOINTS", "endpoints", CELL_COUNT }, { "READY", "ready", CELL_COUNT },
		{ "WHY NOT", "fault", CELL_TEXT },
	};
	json_t *services = json_object_get(cluster, "services"), *service;
	size_t i;

	printf("%s (%s)\n", text(cluster, "name"), text(cluster, "url"));
	print_watch("services", get(cluster, "watch-services"));
	print_watch("endpoints", get(cluster, "watch-endpoints"));
	printf(" ");
	print_member(cluster, "refused", "refused", CELL_COUNT);
	print_member(cluster, "endpoints refused", "endpoints-refused", CELL_COUNT);
	printf("\n");
	json_array_foreach(services, i, service) join_places(service);
	table_print(stdout, services, columns, ARRAY_SIZE(columns), 2);
	if (!json_array_size(services))
		printf("  no Service of it has the annotation margay.io/announce\n");
	printf("\n");
}

void view_clusters(const json_t *answer)
{
	const json_t *clusters = get(answer, "clusters"), *cluster;
	size_t i;

	json_array_foreach(clusters, i, cluster) print_cluster(cluster);
	if (!json_array_size(clusters))
		printf("no clusters: `clusters:` in the configuration names them\n");
}
