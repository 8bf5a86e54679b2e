/* SPDX-License-Identifier: BSD-2-Clause */
#include "views.h"

#include "base/util.h"
#include "table.h"
#include "view_parts.h"

#include <stdio.h>
#include <string.h>

void print_member(const json_t *object, const char *label, const char *key, enum cell_format format)
{
	_cleanup_(freep) char *cell = cell_format(get(object, key), format);

	if (cell && *cell)
		printf("  %s %s", label, cell);
}

static void print_counters(const json_t *object)
{
	print_member(object, "starts", "starts", CELL_COUNT);
	print_member(object, "packets", "packets", CELL_COUNT);
	print_member(object, "bytes", "bytes", CELL_BYTES);
}

void print_heading(const json_t *service)
{
	printf("%s  %s  %s", text(service, "name"), text(service, "address"),
	       text(service, "protocol"));
	if (json_integer_value(get(service, "port")))
		printf("/%" JSON_INTEGER_FORMAT, json_integer_value(get(service, "port")));
	print_member(service, "vrf", "vrf", CELL_TEXT);
}

static void print_fault(const json_t *object)
{
	_cleanup_(freep) char *fault = cell_format(get(object, "fault"), CELL_TEXT);

	if (fault && *fault)
		printf("  not at work: %s\n", fault);
}

static void print_state(const json_t *service)
{
	const json_t *state = get(service, "state");

	printf(" ");
	print_member(service, "slots", "slots", CELL_COUNT);
	print_member(state, "stable", "stable", CELL_COUNT);
	print_member(state, "moving", "moving", CELL_COUNT);
	print_member(state, "pinned", "pinned", CELL_COUNT);
	print_member(state, "empty", "empty", CELL_COUNT);
	print_member(service, "pins", "pins", CELL_COUNT);
	print_member(service, "flows/s", "own-rate", CELL_NUMBER);
	print_member(service, "of", "total-rate", CELL_NUMBER);
	print_member(service, "level", "level-ms", CELL_MS);
	print_member(service, "moved", "slots-moved", CELL_COUNT);
	print_counters(service);
	printf("\n");
}

static void print_no_site(const json_t *sites)
{
	if (!json_array_size(sites))
		printf("  no site offers it: `margay show bgp routes` has what neighbors told\n");
}

static void print_steered(const json_t *service)
{
	static const struct column columns[] = {
		{ "SITE", "name", CELL_TEXT },
		{ "EGRESS", "egress", CELL_TEXT },
		{ "CLASS", "class", CELL_TEXT },
		{ "STATE", "state", CELL_TEXT },
		{ "SHARE", "share", CELL_PERCENT },
		{ "REASON", "reason", CELL_TEXT },
		{ "METRICS", "freshness", CELL_TEXT },
		{ "AGE", "age", CELL_AGE },
		{ "CAPACITY", "capacity", CELL_NUMBER },
		{ "TIME", "service-time-ms", CELL_MS },
		{ "BUSY", "utilisation", CELL_PERCENT },
		{ "SCORE", "score", CELL_COUNT },
		{ "RTT", "rtt-ms", CELL_MS },
		{ "SLOTS", "slots", CELL_COUNT },
		{ "STARTS", "starts", CELL_COUNT },
		{ "PACKETS", "packets", CELL_COUNT },
		{ "BYTES", "bytes", CELL_BYTES },
		{ "DRAINED", "drained", CELL_FLAG },
		{ "FAULT", "fault", CELL_TEXT },
	};

	print_heading(service);
	printf("  %s", text(service, "policy"));
	print_member(service, "by", "affinity", CELL_TEXT);
	print_member(service, "last resort", "last-resort", CELL_TEXT);
	print_member(service, "MSS", "mss-clamp-v4", CELL_COUNT);
	printf("\n");
	print_fault(service);
	print_state(service);
	table_print(stdout, get(service, "sites"), columns, ARRAY_SIZE(columns), 2);
	print_no_site(get(service, "sites"));
	printf("\n");
}

static void print_announced(const json_t *service)
{
	static const struct column columns[] = {
		{ "INSTANCE", "address", CELL_TEXT }, { "STATE", "state", CELL_TEXT },
		{ "SLOTS", "slots", CELL_COUNT },     { "STARTS", "starts", CELL_COUNT },
		{ "PACKETS", "packets", CELL_COUNT }, { "BYTES", "bytes", CELL_BYTES },
		{ "FAULT", "fault", CELL_TEXT },
	};
	const json_t *report = get(service, "report");

	print_heading(service);
	printf("  %s%s, by the %s%s%s\n",
	       json_is_true(get(service, "announced")) ? "announced" : "not announced",
	       json_is_true(get(service, "drained")) ? ", drained" : "",
	       strcmp(text(service, "origin"), "command-line") ? text(service, "origin")
							       : "command line",
	       *text(service, "cluster") ? " " : "", text(service, "cluster"));
	print_fault(service);
	printf(" ");
	print_member(service, "updates", "updates-sent", CELL_COUNT);
	print_member(report, "capacity", "capacity", CELL_NUMBER);
	print_member(report, "time", "service-time-ms", CELL_MS);
	print_member(report, "requests/s", "arrival-rate", CELL_NUMBER);
	print_member(report, "in flight", "in-flight", CELL_NUMBER);
	print_member(report, "busy", "utilisation", CELL_PERCENT);
	print_member(report, "score", "score", CELL_COUNT);
	print_member(report, "by", "score-function", CELL_TEXT);
	print_member(service, "reported before", "report-age", CELL_AGE);
	printf("\n");
	table_print(stdout, get(service, "instances"), columns, ARRAY_SIZE(columns), 2);
	printf("\n");
}

void view_services(const json_t *answer)
{
	const json_t *service;
	size_t i;

	json_array_foreach(get(answer, "services"), i, service) print_steered(service);
	json_array_foreach(get(answer, "announced"), i, service) print_announced(service);
	if (!json_array_size(get(answer, "services")) && !json_array_size(get(answer, "announced")))
		printf("no services\n");
}

/* What a table shows of the way stands beside the rest. */
static void lift_way(json_t *service)
{
	const json_t *way = get(service, "way");

	if (!way)
		return;
	json_object_set(service, "by", json_object_get(way, "encapsulation"));
	json_object_set(service, "to", json_object_get(way, "destination"));
	json_object_set(service, "mtu", json_object_get(way, "mtu"));
}

void view_sites(const json_t *answer)
{
	static const struct column columns[] = {
		{ "SERVICE", "name", CELL_TEXT },
		{ "ADDRESS", "address", CELL_TEXT },
		{ "VRF", "vrf", CELL_TEXT },
		{ "EGRESS", "egress", CELL_TEXT },
		{ "STATE", "state", CELL_TEXT },
		{ "BY", "by", CELL_TEXT },
		{ "TO", "to", CELL_TEXT },
		{ "MTU", "mtu", CELL_COUNT },
		{ "SHARE", "share", CELL_PERCENT },
		{ "REASON", "reason", CELL_TEXT },
		{ "SLOTS", "slots", CELL_COUNT },
		{ "STARTS", "starts", CELL_COUNT },
		{ "PACKETS", "packets", CELL_COUNT },
		{ "BYTES", "bytes", CELL_BYTES },
	};
	const json_t *site;
	json_t *service;
	size_t i, k;

	json_array_foreach(get(answer, "sites"), i, site)
	{
		printf("%s", text(site, "name"));
		print_member(site, "id", "site-id", CELL_COUNT);
		print_member(site, "rtt", "rtt-ms", CELL_MS);
		print_counters(site);
		printf("%s\n", json_is_true(get(site, "drained")) ? "  drained" : "");
		json_array_foreach(json_object_get(site, "services"), k, service) lift_way(service);
		table_print(stdout, get(site, "services"), columns, ARRAY_SIZE(columns), 2);
	}
	if (!json_array_size(get(answer, "sites")))
		printf("no sites\n");
}

void view_slots(const json_t *answer)
{
	static const struct column columns[] = {
		{ "SLOT", "slot", CELL_COUNT }, { "STATE", "state", CELL_TEXT },
		{ "NOW", "now", CELL_TEXT },    { "BEFORE", "prev", CELL_TEXT },
		{ "NEXT", "next", CELL_TEXT },
	};
	const json_t *service;
	size_t i;

	json_array_foreach(get(answer, "services"), i, service)
	{
		print_heading(service);
		printf("  %s\n", text(service, "role"));
		table_print(stdout, get(service, "slots"), columns, ARRAY_SIZE(columns), 2);
	}
}

void view_pins(const json_t *answer)
{
	static const struct column columns[] = {
		{ "SERVICE", "service", CELL_TEXT }, { "ADDRESS", "address", CELL_TEXT },
		{ "SLOT", "slot", CELL_COUNT },      { "SITE", "site", CELL_TEXT },
		{ "AGE", "age", CELL_AGE },
	};
	json_int_t count = json_integer_value(get(answer, "count"));
	size_t shown = json_array_size(get(answer, "pins"));

	printf("%" JSON_INTEGER_FORMAT " pins\n", count);
	table_print(stdout, get(answer, "pins"), columns, ARRAY_SIZE(columns), 2);
	if ((json_int_t)shown < count)
		printf("  %zu are shown; --all shows the others\n", shown);
}

/* Counts that are not 0, on one line behind words that say of what. */
static void print_counts(const char *what, const json_t *counts)
{
	const char *key, *between = "";
	json_t *count;

	json_object_foreach((json_t *)counts, key, count)
	{
		if (!json_integer_value(count))
			continue;
		printf("%s%s %" JSON_INTEGER_FORMAT, *between ? between : what, key,
		       json_integer_value(count));
		between = ", ";
	}
	if (*between)
		printf("\n");
}

void view_neighbors(const json_t *answer)
{
	static const struct column columns[] = {
		{ "NEIGHBOR", "address", CELL_TEXT },
		{ "AS", "as", CELL_COUNT },
		{ "STATE", "state", CELL_TEXT },
		{ "SINCE", "since", CELL_AGE },
		{ "ROUTES IN", "prefixes-in", CELL_COUNT },
		{ "OUT", "prefixes-out", CELL_COUNT },
		{ "UPDATES IN", "updates-in", CELL_COUNT },
		{ "OUT", "updates-out", CELL_COUNT },
		{ "FAMILIES", "families", CELL_TEXT },
		{ "ADD-PATH", "add-path-in", CELL_TEXT },
		{ "SIGNED", "authentication", CELL_TEXT },
		{ "DESCRIPTION", "description", CELL_TEXT },
		{ "LAST ERROR", "last-error", CELL_TEXT },
	};
	static const struct column ranges[] = {
		{ "NEIGHBORS FROM", "prefix", CELL_TEXT },
		{ "AS", "as-min", CELL_COUNT },
		{ "TO", "as-max", CELL_COUNT },
		{ "NOW", "neighbors", CELL_COUNT },
		{ "LIMIT", "limit", CELL_COUNT },
		{ "REFUSED", "refused", CELL_COUNT },
		{ "SIGNED", "authentication", CELL_TEXT },
		{ "DESCRIPTION", "description", CELL_TEXT },
	};

	table_print(stdout, get(answer, "neighbors"), columns, ARRAY_SIZE(columns), 0);
	if (!json_array_size(get(answer, "neighbors")))
		printf("no neighbors\n");
	if (json_array_size(get(answer, "neighbor-ranges"))) {
		printf("\n");
		table_print(stdout, get(answer, "neighbor-ranges"), ranges, ARRAY_SIZE(ranges), 0);
	}
	print_counts("connections refused: ", get(answer, "connections-refused"));
	print_counts("segments dropped by the kernel: ", get(answer, "segments-dropped"));
}

static void print_notified(const json_t *neighbor, const char *label, const char *key)
{
	const json_t *notified = get(neighbor, key);
	_cleanup_(freep) char *age = cell_format(get(notified, "age"), CELL_AGE);
	_cleanup_(freep) char *reason = cell_format(get(notified, "reason"), CELL_TEXT);

	if (!notified)
		return;
	printf("  %s %s ago: %s (%d/%d)", label, age ? age : "", text(notified, "text"),
	       (int)json_integer_value(get(notified, "code")),
	       (int)json_integer_value(get(notified, "subcode")));
	if (reason && *reason)
		printf(": %s", reason);
	printf("%s\n", json_is_false(get(notified, "told")) ? "; not sent, it does not read" : "");
}

static void print_update_group(const json_t *neighbor)
{
	json_int_t members = json_integer_value(get(neighbor, "update-group"));

	if (!members)
		return;
	printf("  update group of %" JSON_INTEGER_FORMAT, members);
	print_member(neighbor, "paths of a prefix, at most", "add-path-send-limit", CELL_COUNT);
	printf("\n");
}

static void print_graceful(const json_t *graceful)
{
	_cleanup_(freep) char *kept = cell_format(get(graceful, "kept-here"), CELL_TEXT);

	printf("  graceful restart %s", text(graceful, "mode"));
	printf("%s", json_is_true(get(graceful, "keeps-ours")) ? "; it keeps our routes" : "");
	if (kept && *kept) {
		printf("; kept of it: %s", kept);
		print_member(graceful, "for s", "restart-time", CELL_COUNT);
	}
	print_member(graceful, "stale routes", "stale-routes", CELL_COUNT);
	print_member(graceful, "they go in", "stale-for", CELL_AGE);
	printf("\n");
}

void view_neighbors_whole(const json_t *answer)
{
	const json_t *neighbor;
	size_t i;

	view_neighbors(answer);
	json_array_foreach(get(answer, "neighbors"), i, neighbor)
	{
		printf("\n%s  %s%s\n", text(neighbor, "address"), text(neighbor, "state"),
		       json_is_true(get(neighbor, "shutdown")) ? ", shut down" : "");
		print_update_group(neighbor);
		print_graceful(get(neighbor, "graceful-restart"));
		print_notified(neighbor, "sent", "last-sent");
		print_notified(neighbor, "received", "last-received");
	}
}

static void print_route(const json_t *route)
{
	const json_t *report = get(route, "report");

	if (get(route, "rd"))
		printf("%s ", text(route, "rd"));
	printf("%s  from %s", text(route, "prefix"), text(route, "neighbor"));
	print_member(route, "path", "path-id", CELL_COUNT);
	print_member(route, "next hop", "next-hop", CELL_TEXT);
	print_member(route, "by", "encapsulation", CELL_TEXT);
	print_member(route, "to", "endpoint", CELL_TEXT);
	print_member(route, "site", "site-id", CELL_COUNT);
	print_member(route, "age", "age", CELL_AGE);
	printf("%s\n", json_is_true(get(route, "stale")) ? "  stale" : "");
	if (!report)
		return;
	printf("    %s:", text(route, "carrier"));
	print_member(report, "capacity", "capacity", CELL_NUMBER);
	print_member(report, "time", "service-time-ms", CELL_MS);
	print_member(report, "requests/s", "arrival-rate", CELL_NUMBER);
	print_member(report, "in flight", "in-flight", CELL_NUMBER);
	print_member(report, "busy", "utilisation", CELL_PERCENT);
	print_member(report, "score", "score", CELL_COUNT);
	printf("%s\n", json_is_true(get(report, "drain")) ? "  drain" : "");
}

void view_routes(const json_t *answer)
{
	const json_t *route;
	size_t i;

	json_array_foreach(get(answer, "routes"), i, route) print_route(route);
}

void view_stations(const json_t *answer)
{
	static const struct column columns[] = {
		{ "STATION", "name", CELL_TEXT },         { "ADDRESS", "address", CELL_TEXT },
		{ "PORT", "port", CELL_COUNT },           { "STATE", "state", CELL_TEXT },
		{ "SINCE", "since", CELL_AGE },           { "PEERS", "peers", CELL_COUNT },
		{ "MESSAGES", "messages", CELL_COUNT },   { "WAITING", "waiting", CELL_COUNT },
		{ "OVERFLOWS", "overflows", CELL_COUNT }, { "LAST ERROR", "last-error", CELL_TEXT },
	};

	table_print(stdout, get(answer, "stations"), columns, ARRAY_SIZE(columns), 0);
	if (!json_array_size(get(answer, "stations")))
		printf("no BMP stations\n");
}

void view_next_hops(const json_t *answer)
{
	static const struct column columns[] = {
		{ "NEXT HOP", "address", CELL_TEXT },  { "REACHABLE", "reachable", CELL_FLAG },
		{ "METRIC", "metric", CELL_COUNT },    { "LENGTH", "prefix-length", CELL_COUNT },
		{ "PROTOCOL", "protocol", CELL_TEXT }, { "FAULT", "fault", CELL_TEXT },
	};

	table_print(stdout, get(answer, "next-hops"), columns, ARRAY_SIZE(columns), 0);
	if (!json_is_true(get(answer, "on")))
		printf("interior routes are not followed\n");
	else if (!json_array_size(get(answer, "next-hops")))
		printf("no next hops\n");
}

void view_mrt(const json_t *answer)
{
	if (!json_is_true(get(answer, "on"))) {
		printf("no MRT files are written\n");
		return;
	}
	printf("directory %s", text(answer, "directory"));
	print_member(answer, "tables", "tables", CELL_COUNT);
	print_member(answer, "failures", "failures", CELL_COUNT);
	print_member(answer, json_is_true(get(answer, "writing")) ? "writing" : "last", "table",
		     CELL_TEXT);
	print_member(answer, "log", "log", CELL_TEXT);
	print_member(answer, "octets", "log-octets", CELL_COUNT);
	print_member(answer, "records", "logged", CELL_COUNT);
	print_member(answer, "dropped", "dropped", CELL_COUNT);
	print_member(answer, "last error", "last-error", CELL_TEXT);
	printf("\n");
}

void view_mrt_dump(const json_t *answer)
{
	printf("%s: will be there when it is whole\n", text(answer, "file"));
}

void view_interfaces(const json_t *answer)
{
	static const struct column columns[] = {
		{ "INTERFACE", "name", CELL_TEXT },  { "INDEX", "ifindex", CELL_COUNT },
		{ "ROLE", "role", CELL_TEXT },       { "XDP", "mode", CELL_TEXT },
		{ "ATTACHED", "attach", CELL_TEXT }, { "MTU", "mtu", CELL_COUNT },
		{ "VRF", "vrf", CELL_TEXT },         { "TAKEN OVER", "adopted", CELL_FLAG },
		{ "TAGS", "tagged", CELL_TEXT },
	};
	json_t *interfaces = json_object_get(answer, "interfaces"), *interface;
	size_t i;

	json_array_foreach(interfaces, i, interface) json_object_set(
		interface, "tagged", json_object_get(json_object_get(interface, "tags"), "mode"));
	table_print(stdout, get(answer, "interfaces"), columns, ARRAY_SIZE(columns), 0);
	if (!json_array_size(get(answer, "interfaces")))
		printf("no interfaces\n");
}

/* A list of words as one, in place. */
static void join_words(json_t *object, const char *key)
{
	const json_t *words = get(object, key), *word;
	char joined[128] = "";
	size_t i;

	json_array_foreach(words, i, word)
	{
		size_t len = strlen(joined);

		snprintf(joined + len, sizeof(joined) - len, "%s%s", len ? " " : "",
			 json_string_value(word) ? json_string_value(word) : "");
	}
	json_object_set_new(object, key, json_string(joined));
}

void view_scores(const json_t *answer)
{
	static const struct column metrics[] = {
		{ "METRIC", "name", CELL_TEXT },           { "UNIT", "unit", CELL_TEXT },
		{ "CATEGORY", "category", CELL_TEXT },     { "WEIGHT", "weight", CELL_NUMBER },
		{ "BY", "normalisation", CELL_TEXT },      { "WORST", "worst", CELL_NUMBER },
		{ "BEST", "best", CELL_NUMBER },           { "MIDDLE", "middle", CELL_NUMBER },
		{ "STEEPNESS", "steepness", CELL_NUMBER },
	};
	static const struct column categories[] = {
		{ "CATEGORY", "name", CELL_TEXT },
		{ "BY", "aggregation", CELL_TEXT },
		{ "WEIGHT", "weight", CELL_NUMBER },
	};
	static const struct column known[] = {
		{ "KNOWN METRIC", "name", CELL_TEXT }, { "UNIT", "unit", CELL_TEXT },
		{ "CATEGORY", "category", CELL_TEXT }, { "WORST", "worst", CELL_NUMBER },
		{ "BEST", "best", CELL_NUMBER },       { "WHAT", "what", CELL_TEXT },
	};

	printf("%s", text(answer, "function"));
	print_member(answer, "fingerprint", "fingerprint", CELL_TEXT);
	print_member(answer, "categories by", "aggregation", CELL_TEXT);
	printf("\n\n");
	table_print(stdout, get(answer, "metrics"), metrics, ARRAY_SIZE(metrics), 0);
	printf("\n");
	table_print(stdout, get(answer, "categories"), categories, ARRAY_SIZE(categories), 0);
	printf("\n");
	table_print(stdout, get(answer, "known"), known, ARRAY_SIZE(known), 0);
}

void view_endpoints(const json_t *answer)
{
	static const struct column columns[] = {
		{ "ENDPOINT", "endpoint", CELL_TEXT }, { "TAKES", "encapsulation", CELL_TEXT },
		{ "BEHAVIOR", "behavior", CELL_TEXT }, { "VNI", "vni", CELL_COUNT },
		{ "VRF", "vrf", CELL_TEXT },           { "MODE", "mode", CELL_TEXT },
		{ "UNKNOWN", "unknown", CELL_TEXT },
	};
	json_t *endpoints = json_object_get(answer, "endpoints"), *endpoint;
	size_t i;

	json_array_foreach(endpoints, i, endpoint) join_words(endpoint, "encapsulation");
	table_print(stdout, endpoints, columns, ARRAY_SIZE(columns), 0);
	if (!json_array_size(endpoints))
		printf("no endpoints\n");
}

void view_counters(const json_t *answer)
{
	static const struct column verdicts[] = {
		{ "VERDICT", "name", CELL_TEXT },
		{ "PACKETS", "packets", CELL_COUNT },
		{ "BYTES", "bytes", CELL_BYTES },
		{ "MEANING", "meaning", CELL_TEXT },
	};
	static const struct column events[] = {
		{ "EVENT", "name", CELL_TEXT },
		{ "COUNT", "count", CELL_COUNT },
		{ "MEANING", "meaning", CELL_TEXT },
	};

	table_print(stdout, get(answer, "verdicts"), verdicts, ARRAY_SIZE(verdicts), 0);
	printf("\n");
	table_print(stdout, get(answer, "events"), events, ARRAY_SIZE(events), 0);
}

void view_probes(const json_t *answer)
{
	static const struct column paths[] = {
		{ "EGRESS", "egress", CELL_TEXT },    { "RTT", "rtt-ms", CELL_MS },
		{ "MEDIAN", "median-ms", CELL_MS },   { "LEAST", "least-ms", CELL_MS },
		{ "AGE", "age", CELL_AGE },           { "LOSS", "loss", CELL_PERCENT },
		{ "SENT", "sent", CELL_COUNT },       { "ANSWERED", "answered", CELL_COUNT },
		{ "LOST", "lost", CELL_COUNT },       { "STRAYS", "strays", CELL_COUNT },
		{ "REFUSED", "refused", CELL_COUNT }, { "FAULT", "fault", CELL_TEXT },
	};
	static const struct column reflector[] = {
		{ "REFLECTED", "reflected", CELL_COUNT }, { "MALFORMED", "malformed", CELL_COUNT },
		{ "REFUSED", "refused", CELL_COUNT },     { "LIMITED", "limited", CELL_COUNT },
		{ "UNSENT", "unsent", CELL_COUNT },
	};
	json_t *row = json_object_get(answer, "reflector"), *rows = json_array();

	table_print(stdout, get(answer, "probes"), paths, ARRAY_SIZE(paths), 0);
	if (!json_is_true(get(answer, "sender")))
		printf("nothing is measured: `probe: sender: {}` in the configuration starts it\n");
	else if (!json_array_size(get(answer, "probes")))
		printf("no egress to measure yet\n");
	if (rows && json_is_true(get(row, "at-work")) && !json_array_append(rows, row)) {
		printf("\n");
		table_print(stdout, rows, reflector, ARRAY_SIZE(reflector), 0);
	}
	json_decref(rows);
}

void view_maps(const json_t *answer)
{
	static const struct column columns[] = {
		{ "MAP", "name", CELL_TEXT },        { "TYPE", "type", CELL_TEXT },
		{ "USED", "used", CELL_COUNT },      { "SIZE", "size", CELL_COUNT },
		{ "OF", "unit", CELL_TEXT },         { "FILL", "fill", CELL_PERCENT },
		{ "MOST USED", "peak", CELL_COUNT }, { "MEMORY", "memory", CELL_BYTES },
		{ "WARNING", "warning", CELL_TEXT },
	};

	table_print(stdout, get(answer, "maps"), columns, ARRAY_SIZE(columns), 0);
	if (!json_array_size(get(answer, "maps")))
		printf("no maps\n");
}

static void print_placement(const json_t *from)
{
	if (!from)
		return;
	printf("  from %s", text(from, "address"));
	print_member(from, "port", "port", CELL_COUNT);
	print_member(from, "slot", "slot", CELL_COUNT);
	print_member(from, "which is", "state", CELL_TEXT);
	print_member(from, "and leads to", "now", CELL_TEXT);
	print_member(from, "before that to", "prev", CELL_TEXT);
	print_member(from, "and if that is down to", "next", CELL_TEXT);
	print_member(from, "pins in the slot", "pins", CELL_COUNT);
	printf("\n");
	if (*text(from, "note"))
		printf("    %s\n", text(from, "note"));
}

static void print_decision(const json_t *record)
{
	const json_t *settings = get(record, "settings");

	printf("%s  %s", text(record, "name"), text(record, "address"));
	print_member(record, "vrf", "vrf", CELL_TEXT);
	printf("\n ");
	print_member(settings, "policy", "policy", CELL_TEXT);
	print_member(record, "affinity", "affinity", CELL_TEXT);
	print_member(record, "last resort", "last-resort", CELL_TEXT);
	print_member(settings, "queue factor", "queue-factor", CELL_NUMBER);
	print_member(settings, "hysteresis", "hysteresis", CELL_PERCENT);
	print_member(settings, "report period", "report-period", CELL_AGE);
	if (json_number_value(get(settings, "cost-weight-ms")) > 0)
		print_member(settings, "a unit of cost counts", "cost-weight-ms", CELL_MS);
	print_member(settings, "classes allowed", "allowed-classes", CELL_TEXT);
	print_member(settings, "classes excluded", "excluded-classes", CELL_TEXT);
	print_member(settings, "tiers", "tiers", CELL_TEXT);
	printf("\n");
	if (get(record, "own-rate")) {
		printf(" ");
		print_member(record, "flows/s here", "own-rate", CELL_NUMBER);
		print_member(record, "of all", "total-rate", CELL_NUMBER);
		print_member(record, "of that foreseen", "foreseen-rate", CELL_NUMBER);
		print_member(record, "level", "level-ms", CELL_MS);
		printf("\n");
	}
	if (*text(record, "winner"))
		printf("  most goes to %s%s%s\n", text(record, "winner"),
		       *text(record, "runner-up") ? ", then to " : "", text(record, "runner-up"));
	if (json_is_true(get(record, "held-by-hysteresis")))
		printf("  the shares were kept: what is wanted differs by less than the "
		       "hysteresis\n");
	print_flows(get(record, "placement"));
}

/* Carriers that filled in what the first one left open. */
static void print_others(json_t *carried, const char *first)
{
	json_t *fields;
	const char *carrier;

	json_object_foreach(carried, carrier, fields)
	{
		if (strcmp(carrier, first) != 0 && json_array_size(fields))
			printf(" and %s", carrier);
	}
}

static void print_told(const json_t *candidate)
{
	const json_t *told = get(candidate, "told");

	if (!told)
		return;
	printf("    %s told by %s", text(candidate, "name"),
	       *text(told, "carrier") ? text(told, "carrier") : "its route alone");
	print_others(json_object_get(told, "carried-by"), text(told, "carrier"));
	if (*text(told, "dated-by"))
		printf(", dated by %s", text(told, "dated-by"));
	if (get(told, "lag-ms"))
		printf(" (%" JSON_INTEGER_FORMAT " ms when it came)",
		       json_integer_value(get(told, "lag-ms")));
	printf(":");
	print_member(told, "capacity", "capacity", CELL_NUMBER);
	print_member(told, "time", "service-time-ms", CELL_MS);
	print_member(told, "requests/s", "arrival-rate", CELL_NUMBER);
	print_member(told, "in flight", "in-flight", CELL_NUMBER);
	print_member(told, "busy", "utilisation", CELL_PERCENT);
	printf("\n");
}

/* What a flow more would cost there, where more than way and work is in it. */
static void print_parts(const json_t *candidate)
{
	if (!get(candidate, "class") && !(json_number_value(get(candidate, "tier-ms")) > 0) &&
	    !(json_number_value(get(candidate, "cost-ms")) > 0))
		return;
	printf("    %s", text(candidate, "name"));
	print_member(candidate, "class", "class", CELL_TEXT);
	print_member(candidate, "tier", "tier", CELL_COUNT);
	print_member(candidate, "way", "way-ms", CELL_MS);
	print_member(candidate, "for its tier", "tier-ms", CELL_MS);
	print_member(candidate, "for its cost", "cost-ms", CELL_MS);
	print_member(candidate, "work", "work-ms", CELL_MS);
	printf("\n");
}

/* Raw metrics, and what they come to. */
static void print_values(const json_t *candidate)
{
	const json_t *value;
	size_t i;

	if (get(candidate, "score")) {
		printf("    %s", text(candidate, "name"));
		print_member(candidate, "score", "score", CELL_COUNT);
		printf(" (%s), by %s: %s\n", text(candidate, "score-band"),
		       strcmp(text(candidate, "score-by"), "site") ? "this router" : "the site",
		       text(candidate, "score-function"));
	}
	json_array_foreach(get(candidate, "values"), i, value)
	{
		printf("    %s", text(candidate, "name"));
		print_member(value, text(value, "type"), "value", CELL_NUMBER);
		printf(" %s  %s, %s", text(value, "unit"), text(value, "source"),
		       text(value, "statistic"));
		print_member(value, "over s", "window", CELL_NUMBER);
		print_member(value, "age", "age", CELL_AGE);
		printf("\n");
	}
}

static void print_explained(const json_t *record)
{
	static const struct column columns[] = {
		{ "SITE", "name", CELL_TEXT },
		{ "SHARE", "share", CELL_PERCENT },
		{ "WANTED", "wanted", CELL_PERCENT },
		{ "WHY", "reason", CELL_TEXT },
		{ "METRICS", "freshness", CELL_TEXT },
		{ "AGE", "age", CELL_AGE },
		{ "CAPACITY", "capacity", CELL_NUMBER },
		{ "TIME", "service-time-ms", CELL_MS },
		{ "BY", "service-time-by", CELL_TEXT },
		{ "LOAD BY", "load-by", CELL_TEXT },
		{ "OTHERS' LOAD", "base", CELL_NUMBER },
		{ "BUSY WITH IT", "utilisation", CELL_PERCENT },
		{ "RTT", "rtt-ms", CELL_MS },
		{ "RTT BY", "rtt-source", CELL_TEXT },
		{ "COST", "marginal-ms", CELL_MS },
		{ "SLOTS", "slots", CELL_COUNT },
		{ "DRAINED", "drained", CELL_FLAG },
		{ "FAULT", "fault", CELL_TEXT },
	};
	const json_t *candidate;
	size_t i;

	print_decision(record);
	print_fault(record);
	table_print(stdout, get(record, "candidates"), columns, ARRAY_SIZE(columns), 2);
	print_no_site(get(record, "candidates"));
	json_array_foreach(get(record, "candidates"), i, candidate)
	{
		print_told(candidate);
		print_parts(candidate);
		print_values(candidate);
	}
	print_placement(get(record, "from"));
	printf("\n");
}

void view_explain(const json_t *answer)
{
	const json_t *record;
	size_t i;

	json_array_foreach(get(answer, "explained"), i, record) print_explained(record);
}

void view_version(const json_t *answer)
{
	printf("margayd %s, tables %s\n", text(answer, "version"), text(answer, "abi"));
}

void view_done(const json_t *answer)
{
}

static void print_config_fault(const json_t *fault)
{
	fprintf(stderr, "%s", text(fault, "file"));
	if (get(fault, "line"))
		fprintf(stderr, ":%" JSON_INTEGER_FORMAT, json_integer_value(get(fault, "line")));
	fprintf(stderr, ": %s%s%s\n", text(fault, "message"), *text(fault, "hint") ? "; " : "",
		text(fault, "hint"));
}

void view_error(const json_t *answer)
{
	const json_t *error = get(answer, "error"), *fault;
	size_t i;

	json_array_foreach(get(error, "faults"), i, fault) print_config_fault(fault);
	fprintf(stderr, "margay: %s [%s]\n", text(error, "message"), text(error, "code"));
	if (*text(error, "hint"))
		fprintf(stderr, "  %s\n", text(error, "hint"));
}
