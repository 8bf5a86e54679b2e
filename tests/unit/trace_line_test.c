/* SPDX-License-Identifier: BSD-2-Clause */
/* What margay trace and margay capture say of a record: as a line, in JSON, as a comment. */
#include "trace_line.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const char answer[] = "{\"services\":[{\"index\":7,\"name\":\"web\",\"members\":[{\"index\":"
			     "40,\"name\":\"east\"},"
			     "{\"index\":41,\"name\":\"e\\u001b[2J\"}]}]}";

#define V4(a, b, c, d)                        \
	{                                     \
		[10] = 0xff, 0xff, a, b, c, d \
	}

/* 2026-11-25 09:12:33.123456789 UTC, less what the clock stood at. */
#define WALL_NS (1795597953123456789ull - 5000)

static const struct {
	const char *name;
	struct mg_trace_record record;
	const char *line, *json, *comment;
} rows[] = {
	{ "sent, with names",
	  { 5000, V4(192, 0, 2, 1), V4(198, 51, 100, 80), 40000, 443, 6, MG_TRACE_INGRESS,
	    MG_FORWARD, 0, MG_TRACE_V4 | MG_TRACE_START, 74, 7, 40, 2, 1, 1, 0 },
	  "09:12:33.123456  ingress  forward      192.0.2.1:40000 > 198.51.100.80:443  tcp    74   "
	  " "
	  "web       east      lo > lo          start",
	  "{\"client\":\"192.0.2.1\",\"client-port\":40000,\"dropped\":false,\"flags\":[\"start\"],"
	  "\"interface\":\"lo\",\"length\":74,\"meaning\":\"sent to a site\",\"member-index\":40,"
	  "\"out-interface\":\"lo\",\"port\":443,\"program\":\"ingress\",\"protocol\":\"tcp\","
	  "\"service\":\"web\",\"service-index\":7,\"site\":\"east\",\"site-index\":2,"
	  "\"time\":\"2026-11-25T09:12:33.123456789Z\",\"to\":\"198.51.100.80\","
	  "\"verdict\":\"forward\"}",
	  "FORWARD: sent to a site; service web, site east" },
	{ "numbers where there are no names; a drop says why",
	  { 5000, V4(192, 0, 2, 1), V4(198, 51, 100, 80), 0, 0, 1, MG_TRACE_EGRESS, MG_NO_NEXTHOP,
	    0, MG_TRACE_V4 | MG_TRACE_QUOTED, 74, 8, 42, 2, 1, 0, 0 },
	  "09:12:33.123456  egress   no-nexthop   192.0.2.1 > 198.51.100.80            icmp   74   "
	  " "
	  "#8        #42       lo               quoted; the way to the site is not resolved",
	  "{\"client\":\"192.0.2.1\",\"dropped\":true,\"flags\":[\"quoted\"],\"interface\":\"lo\","
	  "\"length\":74,\"meaning\":\"the way to the site is not resolved\",\"member-index\":42,"
	  "\"program\":\"egress\",\"protocol\":\"icmp\",\"service-index\":8,\"site-index\":2,"
	  "\"time\":\"2026-11-25T09:12:33.123456789Z\",\"to\":\"198.51.100.80\","
	  "\"verdict\":\"no-nexthop\"}",
	  "NO_NEXTHOP: the way to the site is not resolved; service #8, site #42" },
	{ "nothing is known",
	  { .time_ns = 5000, .verdict = MG_NOT_OURS, .len = 60, .ifindex = 1 },
	  "09:12:33.123456  ingress  not-ours     -                                    -      60   "
	  " "
	  "-         -         lo",
	  "{\"dropped\":false,\"flags\":[],\"interface\":\"lo\",\"length\":60,"
	  "\"meaning\":\"no service and no endpoint at this address\",\"program\":\"ingress\","
	  "\"time\":\"2026-11-25T09:12:33.123456789Z\",\"verdict\":\"not-ours\"}",
	  "NOT_OURS: no service and no endpoint at this address" },
	{ "IPv6, and a name that would steer the terminal",
	  { 5000,
	    { 0x20, 1, 0x0d, 0xb8, [15] = 1 },
	    { 0x20, 1, 0x0d, 0xb8, [15] = 2 },
	    1,
	    2,
	    17,
	    MG_TRACE_EDGE,
	    MG_FORWARD,
	    0,
	    MG_TRACE_FRAGMENT | MG_TRACE_HEADLESS,
	    1500,
	    7,
	    41,
	    2,
	    1,
	    0,
	    0 },
	  "09:12:33.123456  edge     forward      [2001:db8::1]:1 > [2001:db8::2]:2    udp    1500 "
	  " "
	  "web       e?[2J     lo               fragment, later",
	  NULL,
	  NULL },
	{ "of a later build",
	  { .time_ns = 5000, .verdict = 200, .program = 9, .len = 60, .ifindex = 1 },
	  "09:12:33.123456  unknown  verdict 200  -                                    -      60   "
	  " "
	  "-         -         lo",
	  NULL,
	  NULL },
};

static struct trace_widths header_widths(void)
{
	struct trace_widths widths = { 0 };
	_cleanup_(freep) char *header = trace_header(&widths);

	cr_assert(header != NULL);
	return widths;
}

Test(trace_line, says_what_became_of_it)
{
	struct trace_widths widths = header_widths();
	json_t *names_json = json_loads(answer, 0, NULL);
	_cleanup_(names_free) struct names *names = names_new(names_json);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *packet = trace_json(&rows[i].record, names, WALL_NS);
		_cleanup_(freep) char *line = trace_line(packet, &widths);
		_cleanup_(freep) char *json = json_dumps(packet, JSON_COMPACT | JSON_SORT_KEYS);
		_cleanup_(freep) char *comment = trace_comment(&rows[i].record, names);

		/* The last column's notes are its only part that may hold more blanks. */
		cr_expect(eq(str, line, (char *)rows[i].line), "%s", rows[i].name);
		if (rows[i].json)
			cr_expect(eq(str, json, (char *)rows[i].json), "%s", rows[i].name);
		if (rows[i].comment)
			cr_expect(eq(str, comment, (char *)rows[i].comment), "%s", rows[i].name);
		json_decref(packet);
	}
	json_decref(names_json);
}

/* Where the column after the flow begins. */
static size_t protocol_at(const struct mg_trace_record *record, struct trace_widths *widths)
{
	_cleanup_(names_free) struct names *names = names_new(NULL);
	json_t *packet = trace_json(record, names, WALL_NS);
	_cleanup_(freep) char *line = trace_line(packet, widths);
	const char *at = strstr(line, " udp ");

	json_decref(packet);
	cr_assert(at != NULL, "%s", line);
	return (size_t)(at - line);
}

/* A wide cell widens its column from then on. */
Test(trace_line, stays_aligned)
{
	struct trace_widths widths = header_widths();
	const struct mg_trace_record brief = { .src = { 1 }, .proto = 17 };
	struct mg_trace_record wide = { .proto = 17, .sport = 65535, .dport = 65535 };
	size_t before = protocol_at(&brief, &widths), after;

	memset(wide.src, 0x22, 16);
	memset(wide.dst, 0x33, 16);
	after = protocol_at(&wide, &widths);
	cr_expect(after > before, "%zu", after);
	cr_expect(eq(sz, protocol_at(&brief, &widths), after));
}
