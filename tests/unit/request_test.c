/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests and their answers, without a socket. */
#include "router_fake.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <flow.h>
#include <stdio.h>
#include <string.h>

static json_t *ask_of(struct router *r, const struct mgmt_context *context, bool may_write,
		      const char *line)
{
	struct request request = { .context = context,
				   .durable = r->durable,
				   .recorders = r->recorders };
	_cleanup_(freep) char *exact = malloc(strlen(line) + !*line);

	memcpy(exact, line, strlen(line));
	return request_answer(&request, may_write, exact, strlen(line));
}

static json_t *ask(struct router *r, const char *line)
{
	return ask_of(r, &r->context, true, line);
}

static const char *code_of(const json_t *answer)
{
	const char *code =
		json_string_value(json_object_get(json_object_get(answer, "error"), "code"));

	return code ? code : "";
}

/* No answer, or a null in it: what is not known is left out. */
static bool has_null(const json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	if (!value || json_is_null(value))
		return true;
	json_array_foreach(value, i, item) if (has_null(item)) return true;
	json_object_foreach((json_t *)value, key, item) if (has_null(item)) return true;
	return false;
}

static const struct {
	const char *name, *line, *code; /* "": no error */
} vectors[] = {
	{ "nothing", "", "bad-request" },
	{ "not JSON", "show services", "bad-request" },
	{ "cut short", "{\"verb\":\"show\"", "bad-request" },
	{ "twice", "{\"verb\":\"version\",\"verb\":\"version\"}", "bad-request" },
	{ "after the end", "{\"verb\":\"version\"} 1", "bad-request" },
	{ "array", "[]", "bad-request" },
	{ "number", "1", "bad-request" },
	{ "no verb", "{}", "unknown-verb" },
	{ "verb a number", "{\"verb\":1}", "unknown-verb" },
	{ "unknown verb", "{\"verb\":\"shew\"}", "unknown-verb" },
	{ "unknown object", "{\"verb\":\"show\",\"object\":\"x\"}", "unknown-verb" },
	{ "object left out", "{\"verb\":\"show\"}", "unknown-verb" },
	{ "unknown argument", "{\"verb\":\"version\",\"x\":1}", "unknown-argument" },
	{ "argument left out", "{\"verb\":\"explain\"}", "missing-argument" },
	{ "argument of another type", "{\"verb\":\"explain\",\"service\":1}", "bad-argument" },
	{ "argument empty", "{\"verb\":\"explain\",\"service\":\"\"}", "bad-argument" },
	{ "argument null", "{\"verb\":\"explain\",\"service\":null}", "bad-argument" },
	{ "list of numbers",
	  "{\"verb\":\"announce\",\"name\":\"a\",\"address\":\"192.0.2.1\",\"instances\":[1]}",
	  "bad-argument" },
	{ "no such service", "{\"verb\":\"explain\",\"service\":\"x\"}", "not-found" },
	{ "no such slots", "{\"verb\":\"show\",\"object\":\"slots\",\"service\":\"x\"}",
	  "not-found" },
	{ "no such service to show",
	  "{\"verb\":\"show\",\"object\":\"services\",\"service\":\"x\"}", "not-found" },
	{ "version", "{\"verb\":\"version\"}", "" },
	{ "endpoints", "{\"verb\":\"show\",\"object\":\"endpoints\"}", "" },
	{ "services", "{\"verb\":\"show\",\"object\":\"services\"}", "" },
	{ "by address", "{\"verb\":\"show\",\"object\":\"services\",\"service\":\"198.51.100.80\"}",
	  "" },
	{ "sites", "{\"verb\":\"show\",\"object\":\"sites\"}", "" },
	{ "slots", "{\"verb\":\"show\",\"object\":\"slots\",\"service\":\"web\"}", "" },
	{ "members", "{\"verb\":\"show\",\"object\":\"members\",\"service\":\"web\"}", "" },
	{ "pins", "{\"verb\":\"show\",\"object\":\"pins\"}", "" },
	{ "all pins", "{\"verb\":\"show\",\"object\":\"pins\",\"all\":true}", "" },
	{ "interfaces", "{\"verb\":\"show\",\"object\":\"interfaces\"}", "" },
	{ "counters", "{\"verb\":\"show\",\"object\":\"counters\"}", "" },
	{ "maps", "{\"verb\":\"show\",\"object\":\"maps\"}", "" },
	{ "names", "{\"verb\":\"show\",\"object\":\"names\"}", "" },
	{ "collectors", "{\"verb\":\"show\",\"object\":\"collectors\"}", "" },
	{ "clusters", "{\"verb\":\"show\",\"object\":\"clusters\"}", "" },
	{ "probes", "{\"verb\":\"show\",\"object\":\"probes\"}", "" },
	{ "scores", "{\"verb\":\"show\",\"object\":\"scores\"}", "" },
	{ "neighbors", "{\"verb\":\"show\",\"object\":\"bgp\"}", "" },
	{ "routes", "{\"verb\":\"show\",\"object\":\"bgp-routes\"}", "" },
	{ "routes to a name",
	  "{\"verb\":\"show\",\"object\":\"bgp-routes\",\"destination\":\"web\"}", "bad-argument" },
	{ "routes within too much",
	  "{\"verb\":\"show\",\"object\":\"bgp-routes\",\"destination\":\"192.0.2.0/33\"}",
	  "bad-argument" },
	{ "routes within nothing",
	  "{\"verb\":\"show\",\"object\":\"bgp-routes\",\"destination\":\"192.0.2.0/\"}",
	  "bad-argument" },
	{ "routes of a name", "{\"verb\":\"show\",\"object\":\"bgp-routes\",\"neighbor\":\"rr\"}",
	  "bad-argument" },
	{ "table to a file", "{\"verb\":\"mrt\",\"object\":\"dump\"}", "" },
	{ "table out of the directory",
	  "{\"verb\":\"mrt\",\"object\":\"dump\",\"name\":\"/etc/x\"}", "bad-argument" },
	{ "interior routes", "{\"verb\":\"show\",\"object\":\"igp\"}", "" },
	{ "BMP stations", "{\"verb\":\"show\",\"object\":\"bmp\"}", "" },
	{ "explain", "{\"verb\":\"explain\",\"service\":\"web\"}", "" },
	{ "explain from", "{\"verb\":\"explain\",\"service\":\"web\",\"from\":\"192.0.2.1:7\"}",
	  "" },
	{ "from nobody", "{\"verb\":\"explain\",\"service\":\"web\",\"from\":\"me\"}",
	  "bad-argument" },
	{ "from a port too high",
	  "{\"verb\":\"explain\",\"service\":\"web\",\"from\":\"192.0.2.1:65536\"}",
	  "bad-argument" },
	{ "from a signed port",
	  "{\"verb\":\"explain\",\"service\":\"web\",\"from\":\"192.0.2.1:-1\"}", "bad-argument" },
	{ "from a bracket left open",
	  "{\"verb\":\"explain\",\"service\":\"web\",\"from\":\"[2001:db8::1\"}", "bad-argument" },
	{ "drain a site", "{\"verb\":\"drain\",\"name\":\"east\"}", "" },
	{ "drain all of this site", "{\"verb\":\"drain\",\"name\":\"here\"}", "" },
	{ "drain nothing", "{\"verb\":\"drain\",\"name\":\"x\"}", "not-found" },
	{ "shut a neighbor down", "{\"verb\":\"shutdown\",\"name\":\"::2\",\"reason\":\"new fan\"}",
	  "" },
	{ "shut all down", "{\"verb\":\"shutdown\",\"name\":\"all\"}", "" },
	{ "shut down who is not there", "{\"verb\":\"shutdown\",\"name\":\"::3\"}", "not-found" },
	{ "shut down no address", "{\"verb\":\"shutdown\",\"name\":\"x\"}", "not-found" },
	{ "enable", "{\"verb\":\"enable\",\"name\":\"::2\"}", "" },
	{ "enable takes no reason", "{\"verb\":\"enable\",\"name\":\"::2\",\"reason\":\"x\"}",
	  "unknown-argument" },
	{ "reset", "{\"verb\":\"reset\",\"name\":\"::2\"}", "" },
	{ "refresh where it cannot be", "{\"verb\":\"refresh\",\"name\":\"::2\"}", "refused" },
	{ "withdraw nothing", "{\"verb\":\"withdraw\",\"name\":\"x\"}", "not-found" },
	{ "metric of nothing", "{\"verb\":\"metric\",\"name\":\"x\",\"capacity\":1}", "not-found" },
	{ "metric without a value", "{\"verb\":\"metric\",\"name\":\"x\"}", "missing-argument" },
	{ "metric out of range", "{\"verb\":\"metric\",\"name\":\"x\",\"score\":11}",
	  "bad-argument" },
	{ "metric below range", "{\"verb\":\"metric\",\"name\":\"x\",\"capacity\":0}",
	  "bad-argument" },
	{ "announce what is not there", "{\"verb\":\"announce\",\"name\":\"x\"}",
	  "missing-argument" },
	{ "check no file", "{\"verb\":\"check\",\"file\":\"/nonexistent\"}",
	  "configuration-invalid" },
	{ "reload no file", "{\"verb\":\"reload\",\"file\":\"/nonexistent\"}",
	  "configuration-invalid" },
	{ "reload refused", "{\"verb\":\"reload\"}", "refused" },
};

Test(request, takes_a_reason_of_255_octets)
{
	char line[400], reason[257];
	struct router r;

	router_open(&r);
	memset(reason, 'x', 256);
	for (size_t len = 255; len <= 256; len++) {
		json_t *answer;

		reason[len] = '\0';
		snprintf(line, sizeof(line),
			 "{\"verb\":\"reset\",\"name\":\"::2\",\"reason\":\"%s\"}", reason);
		answer = ask(&r, line);
		cr_expect(eq(str, (char *)code_of(answer),
			     (char *)(len > 255 ? "bad-argument" : "")));
		json_decref(answer);
		reason[len] = 'x';
	}
	router_close(&r);
}

Test(request, answers)
{
	struct router r;

	router_open(&r);
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		json_t *answer = ask(&r, vectors[i].line);

		cr_expect(eq(str, (char *)code_of(answer), (char *)vectors[i].code), "%s",
			  vectors[i].name);
		cr_expect(eq(int, has_null(answer), 0), "%s", vectors[i].name);
		json_decref(answer);
	}
	router_close(&r);
}

/* A router of no role answers the same requests in the same shape. */
Test(request, answers_without_roles)
{
	struct router r;

	router_open(&r);
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		json_t *answer = ask_of(&r, &r.empty, true, vectors[i].line), *full;
		const char *key;
		json_t *value;

		cr_expect(eq(int, has_null(answer), 0), "%s", vectors[i].name);
		full = ask(&r, vectors[i].line);
		if (!*code_of(answer) && !*code_of(full))
			json_object_foreach(full, key, value)
				cr_expect(json_object_get(answer, key) != NULL, "%s: %s",
					  vectors[i].name, key);
		json_decref(full);
		json_decref(answer);
	}
	router_close(&r);
}

Test(request, survives_every_truncation)
{
	static const char line[] =
		"{\"verb\":\"explain\",\"service\":\"web\",\"from\":\"[2001:db8::1]:7\"}";
	struct router r;

	router_open(&r);
	for (size_t len = 0; len < sizeof(line) - 1; len++) {
		_cleanup_(freep) char *cut = strndup(line, len);
		json_t *answer = ask(&r, cut);

		cr_expect(eq(str, (char *)code_of(answer), "bad-request"), "%zu octets", len);
		json_decref(answer);
	}
	router_close(&r);
}

Test(request, lets_only_some_write)
{
	static const char *const writing[] = {
		"{\"verb\":\"announce\",\"name\":\"a\"}",
		"{\"verb\":\"withdraw\",\"name\":\"a\"}",
		"{\"verb\":\"metric\",\"name\":\"a\",\"score\":1}",
		"{\"verb\":\"drain\",\"name\":\"east\"}",
		"{\"verb\":\"undrain\",\"name\":\"east\"}",
		"{\"verb\":\"reload\"}",
		"{\"verb\":\"mrt\",\"object\":\"dump\"}",
	};
	struct router r;
	json_t *answer;

	router_open(&r);
	for (size_t i = 0; i < ARRAY_SIZE(writing); i++) {
		answer = ask_of(&r, &r.context, false, writing[i]);
		cr_expect(eq(str, (char *)code_of(answer), "forbidden"), "%s", writing[i]);
		json_decref(answer);
	}
	cr_expect(eq(int, r.ingress.drained, false));
	answer = ask_of(&r, &r.context, false, "{\"verb\":\"show\",\"object\":\"sites\"}");
	cr_expect(eq(str, (char *)code_of(answer), ""));
	json_decref(answer);
	router_close(&r);
}

Test(request, leaves_out_what_is_not_known)
{
	struct router r;
	json_t *answer, *service, *west;

	router_open(&r);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"services\"}");
	service = json_array_get(json_object_get(answer, "services"), 0);
	west = json_array_get(json_object_get(service, "sites"), 1);
	cr_expect(json_object_get(service, "own-rate") == NULL);
	cr_expect(json_object_get(west, "age") == NULL);
	cr_expect(json_object_get(west, "encapsulation") == NULL);
	cr_expect(eq(str, (char *)json_string_value(json_object_get(west, "state")), "absent"));
	cr_expect(eq(int, json_integer_value(json_object_get(service, "slots")), SLOTS));
	cr_expect(eq(dbl, json_real_value(json_object_get(west, "share")), 0.25));
	json_decref(answer);
	answer = ask(&r, "{\"verb\":\"explain\",\"service\":\"web\"}");
	service = json_array_get(json_object_get(answer, "explained"), 0);
	west = json_array_get(json_object_get(service, "candidates"), 1);
	cr_expect(json_object_get(west, "marginal-ms") == NULL, "infinity is no JSON number");
	cr_expect(eq(str, (char *)json_string_value(json_object_get(service, "winner")), "east"));
	cr_expect(
		eq(str, (char *)json_string_value(json_object_get(service, "runner-up")), "west"));
	cr_expect(json_object_get(service, "held-by-hysteresis") == json_true());
	cr_expect(eq(str, (char *)json_string_value(json_object_get(service, "affinity")),
		     (char *)"flow"));
	cr_expect(eq(str, (char *)json_string_value(json_object_get(service, "last-resort")),
		     (char *)"unreachable"));
	json_decref(answer);
	router_close(&r);
}

/* A name is shown cut short, and a cut may fall into a character. */
Test(request, answers_whatever_is_cut)
{
	static const char *const names[] = { "\u00fc", "x\u20ac", "xx\xf0\x9f\x98\xba" };
	struct router r;

	router_open(&r);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char name[400] = "", line[512];
		json_t *answer;

		while (strlen(name) < 100)
			strcat(name, names[i]);
		snprintf(line, sizeof(line), "{\"verb\":\"explain\",\"service\":\"%s\"}", name);
		answer = ask(&r, line);
		cr_expect(eq(str, (char *)code_of(answer), "not-found"), "%s", name);
		json_decref(answer);
		snprintf(line, sizeof(line), "{\"verb\":\"version\",\"%s\":1}", name);
		answer = ask(&r, line);
		cr_expect(eq(str, (char *)code_of(answer), "unknown-argument"), "%s", name);
		json_decref(answer);
	}
	router_close(&r);
}

Test(request, tells_no_age_of_what_was_never_reported)
{
	struct router r;
	json_t *answer, *service;

	router_open(&r);
	json_decref(ask(&r, "{\"verb\":\"announce\",\"name\":\"a\",\"address\":\"192.0.2.1\","
			    "\"instances\":[\"10.0.0.1\"]}"));
	r.egress.report = (struct report){ .has = REPORT_CAPACITY, .capacity = 8 };
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"services\"}");
	service = json_array_get(json_object_get(answer, "announced"), 0);
	cr_expect(json_object_get(service, "report") != NULL);
	cr_expect(json_object_get(service, "report-age") == NULL);
	json_decref(answer);
	router_close(&r);
}

/* Commands and files stand behind the sources that are asked. */
Test(request, shows_commands_as_collectors)
{
	struct router r;
	json_t *answer, *list, *command;

	router_open(&r);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"collectors\"}");
	list = json_object_get(answer, "collectors");
	cr_assert(eq(sz, json_array_size(list), 3));
	command = json_array_get(list, 2);
	cr_expect(
		eq(str, (char *)json_string_value(json_object_get(command, "name")), "tell-load"));
	cr_expect(eq(str, (char *)json_string_value(json_object_get(command, "kind")), "exec"));
	cr_expect(eq(str, (char *)json_string_value(json_object_get(command, "state")), "down"));
	cr_expect(eq(str, (char *)json_string_value(json_object_get(command, "last-error")),
		     "collector: it has ended with status 1"));
	cr_expect(eq(int, (int)json_integer_value(json_object_get(command, "failed")), 3));
	cr_expect(eq(int, (int)json_integer_value(json_object_get(command, "services")), 2));
	json_decref(answer);
	router_close(&r);
}

/* The first element of an array within an object; NULL: there is none. */
static json_t *first_of(const json_t *object, const char *key)
{
	return json_array_get(json_object_get(object, key), 0);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* What an operator wished is told by the names that were given. */
Test(request, tells_classes_tiers_and_cost)
{
	struct router r;
	json_t *answer, *service, *settings, *west;

	router_open(&r);
	answer = ask(&r, "{\"verb\":\"explain\",\"service\":\"web\"}");
	service = json_array_get(json_object_get(answer, "explained"), 0);
	settings = json_object_get(service, "settings");
	cr_expect(eq(str, (char *)json_string_value(first_of(settings, "allowed-classes")),
		     (char *)"edge"));
	cr_expect(eq(str, (char *)json_string_value(first_of(settings, "tiers")), (char *)"edge"));
	cr_expect(json_object_get(settings, "excluded-classes") == NULL);
	cr_expect(eq(dbl, json_real_value(json_object_get(settings, "cost-weight-ms")), 20));
	west = json_array_get(json_object_get(service, "candidates"), 1);
	cr_expect(eq(str, (char *)json_string_value(first_of(west, "class")), (char *)"cloud"));
	cr_expect(eq(str, (char *)text_of(west, "reason"),
		     (char *)"excluded: class cloud not allowed"));
	cr_expect(eq(int, (int)json_integer_value(json_object_get(west, "tier")), 1));
	cr_expect(eq(dbl, json_number_value(json_object_get(west, "cost")), 2.5));
	cr_expect(eq(dbl, json_number_value(json_object_get(west, "cost-ms")), 50));
	cr_expect(eq(dbl, json_number_value(json_object_get(west, "tier-ms")), 1000));
	json_decref(answer);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"services\"}");
	west = json_array_get(json_object_get(first_of(answer, "services"), "sites"), 1);
	cr_expect(eq(str, (char *)text_of(west, "reason"),
		     (char *)"excluded: class cloud not allowed"));
	cr_expect(eq(str, (char *)json_string_value(first_of(west, "class")), (char *)"cloud"));
	json_decref(answer);
	router_close(&r);
}

static const struct {
	const char *more;
	unsigned int at[3]; /* routes of each page */
} route_pages[] = {
	{ "", { 1, 1, 1 } },
	{ ",\"destination\":\"198.51.100.81\"", { 0, 1, 0 } },
	{ ",\"destination\":\"198.51.100.81/32\"", { 0, 1, 0 } },
	{ ",\"destination\":\"198.51.100.80/31\"", { 1, 1, 0 } },
	{ ",\"destination\":\"0.0.0.0/0\"", { 1, 1, 1 } },
	{ ",\"destination\":\"::/0\"", { 0, 0, 0 } },
	{ ",\"destination\":\"::1\"", { 0, 0, 0 } },
	{ ",\"neighbor\":\"::2\"", { 1, 1, 1 } },
	{ ",\"neighbor\":\"::3\"", { 0, 0, 0 } },
	{ ",\"neighbor\":\"self\"", { 0, 0, 0 } },
};

Test(request, shows_routes_page_by_page)
{
	struct router r;

	router_open(&r);
	for (size_t i = 0; i < ARRAY_SIZE(route_pages); i++) {
		for (unsigned int at = 0; at < 3; at++) {
			char line[200];
			json_t *answer;

			snprintf(line, sizeof(line),
				 "{\"verb\":\"show\",\"object\":\"bgp-routes\",\"at\":%u%s}", at,
				 route_pages[i].more);
			answer = ask(&r, line);
			cr_expect(eq(sz, json_array_size(json_object_get(answer, "routes")),
				     route_pages[i].at[at]),
				  "%s", line);
			cr_expect(eq(int, json_integer_value(json_object_get(answer, "next")),
				     (int)((at + 1) % 3)),
				  "%s", line);
			json_decref(answer);
		}
	}
	router_close(&r);
}

Test(request, bounds_the_list_of_pins)
{
	struct router r;
	json_t *answer, *first;

	router_open(&r);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"pins\"}");
	cr_expect(eq(int, json_integer_value(json_object_get(answer, "count")), 1500));
	cr_expect(eq(sz, json_array_size(json_object_get(answer, "pins")), 1000));
	first = json_array_get(json_object_get(answer, "pins"), 0);
	cr_expect(eq(int, json_integer_value(json_object_get(first, "slot")), 0));
	cr_expect(eq(str, (char *)json_string_value(json_object_get(first, "site")), "east"));
	json_decref(answer);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"pins\",\"all\":true}");
	cr_expect(eq(sz, json_array_size(json_object_get(answer, "pins")), 1500));
	json_decref(answer);
	router_close(&r);
}

static json_int_t count_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

Test(request, sums_a_site_over_its_services)
{
	struct router r;
	json_t *answer, *west;

	router_open(&r);
	r.ingress.twice = true;
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"sites\"}");
	west = json_array_get(json_object_get(answer, "sites"), 1);
	cr_expect(eq(sz, json_array_size(json_object_get(west, "services")), 2));
	cr_expect(eq(int, (int)count_of(west, "packets"), 20));
	cr_expect(eq(int, (int)count_of(west, "bytes"), 2000));
	cr_expect(eq(int, (int)count_of(west, "starts"), 2));
	json_decref(answer);
	router_close(&r);
}

/* From how full the fake's maps are: above 90 %, and not at it. */
Test(request, warns_of_full_maps)
{
	static const char *const warnings[] = { "nearly full", "was nearly full", "", "",
						"nearly full" };
	struct router r;
	json_t *answer, *maps;

	router_open(&r);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"maps\"}");
	maps = json_object_get(answer, "maps");
	cr_assert(eq(sz, json_array_size(maps), ARRAY_SIZE(warnings)));
	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++) {
		const json_t *map = json_array_get(maps, i);
		const char *warning = json_string_value(json_object_get(map, "warning"));

		cr_expect(eq(str, (char *)(warning ? warning : ""), (char *)warnings[i]), "%zu", i);
	}
	cr_expect(eq(int, (int)count_of(json_array_get(maps, 0), "peak"), 960));
	cr_expect(json_object_get(json_array_get(maps, 2), "memory") == NULL);
	cr_expect(json_object_get(json_array_get(maps, 3), "used") == NULL);
	json_decref(answer);
	router_close(&r);
}

Test(request, tells_what_numbers_stand_for)
{
	struct router r;
	json_t *answer, *web, *members;

	router_open(&r);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"names\"}");
	web = json_array_get(json_object_get(answer, "services"), 0);
	cr_expect(eq(str, (char *)json_string_value(json_object_get(web, "name")), "web"));
	cr_expect(eq(int, (int)count_of(web, "index"), INDEX));
	members = json_object_get(web, "members");
	cr_assert(eq(sz, json_array_size(members), 2));
	cr_expect(eq(int, (int)count_of(json_array_get(members, 1), "index"), MEMBERS + 2));
	cr_expect(eq(str,
		     (char *)json_string_value(json_object_get(json_array_get(members, 1), "name")),
		     "west"));
	json_decref(answer);
	router_close(&r);
}

static const struct {
	const char *from;
	uint8_t src[16];
	uint16_t port;
} clients[] = {
	{ "192.0.2.1:80", { [10] = 0xff, 0xff, 192, 0, 2, 1 }, 80 },
	{ "203.0.113.9:65535", { [10] = 0xff, 0xff, 203, 0, 113, 9 }, 65535 },
};

/* explain must say what the data plane does: the same hash over the same fields. */
Test(request, explains_by_the_hash_of_the_data_plane)
{
	struct router r;

	router_open(&r);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		struct flow flow = { .service = web_config.key, .v4 = true };
		char line[160];
		json_t *answer, *from;

		memcpy(flow.src, clients[i].src, sizeof(flow.src));
		flow.sport = clients[i].port;
		snprintf(line, sizeof(line),
			 "{\"verb\":\"explain\",\"service\":\"web\",\"from\":\"%s\"}",
			 clients[i].from);
		answer = ask(&r, line);
		from = json_object_get(json_array_get(json_object_get(answer, "explained"), 0),
				       "from");
		cr_expect(eq(u32, (uint32_t)json_integer_value(json_object_get(from, "slot")),
			     (uint32_t)flow_hash(&flow, 42, MG_AFFINITY_FLOW) & (SLOTS - 1)),
			  "%s", clients[i].from);
		cr_expect(json_object_get(from, "now") != NULL);
		cr_expect(eq(int, json_integer_value(json_object_get(from, "pins")),
			     json_integer_value(json_object_get(from, "slot")) < 1500));
		json_decref(answer);
	}
	router_close(&r);
}

/* --- announcements ---------------------------------------------------------------------------- */
#define ANNOUNCE(more) "{\"verb\":\"announce\",\"name\":\"tls\"" more "}"
#define WHERE          ",\"address\":\"192.0.2.7\",\"instances\":[\"10.1.0.2\"]"

static const struct {
	const char *name, *line, *code;
} announcements[] = {
	{ "port without protocol", ANNOUNCE(WHERE ",\"port\":80"), "bad-argument" },
	{ "port too high", ANNOUNCE(WHERE ",\"protocol\":\"tcp\",\"port\":65536"), "bad-argument" },
	{ "port and a half", ANNOUNCE(WHERE ",\"protocol\":\"tcp\",\"port\":1.5"), "bad-argument" },
	{ "protocol", ANNOUNCE(WHERE ",\"protocol\":\"sctp\""), "bad-argument" },
	{ "slots not a power of two", ANNOUNCE(WHERE ",\"slots\":3"), "bad-argument" },
	{ "no slots", ANNOUNCE(WHERE ",\"slots\":0"), "bad-argument" },
	{ "capacity", ANNOUNCE(WHERE ",\"capacity\":-1"), "bad-argument" },
	{ "address", ANNOUNCE(",\"address\":\"x\",\"instances\":[\"10.1.0.2\"]"), "bad-argument" },
	{ "no instances", ANNOUNCE(",\"address\":\"192.0.2.7\",\"instances\":[]"), "bad-argument" },
	{ "instances left out", ANNOUNCE(",\"address\":\"192.0.2.7\""), "bad-argument" },
	{ "instance", ANNOUNCE(",\"address\":\"192.0.2.7\",\"instances\":[\"x\"]"),
	  "bad-argument" },
	{ "good", ANNOUNCE(WHERE ",\"protocol\":\"tcp\",\"port\":443,\"capacity\":8"), "" },
	{ "again", ANNOUNCE(WHERE), "exists" },
};

Test(announce, takes_only_what_is_right)
{
	struct router r;

	router_open(&r);
	for (size_t i = 0; i < ARRAY_SIZE(announcements); i++) {
		json_t *answer = ask(&r, announcements[i].line);

		cr_expect(eq(str, (char *)code_of(answer), (char *)announcements[i].code), "%s",
			  announcements[i].name);
		json_decref(answer);
	}
	cr_expect(eq(sz, r.egress.count, 1));
	cr_expect(eq(u16, r.egress.service[0].key.port, 443));
	cr_expect(eq(u8, r.egress.service[0].key.scope, MG_SCOPE_EGRESS));
	cr_expect(eq(dbl, r.egress.service[0].capacity, 8));
	router_close(&r);
}

static size_t replayed(struct router *r)
{
	struct egress fresh = { 0 };
	struct durable *again = NULL;

	cr_assert(eq(int, durable_open(r->dir, &again), 0));
	change_replay(again, &fresh);
	durable_free(&again);
	return fresh.count;
}

Test(announce, outlives_the_daemon)
{
	struct router r;

	router_open(&r);
	json_decref(ask(&r, ANNOUNCE(WHERE)));
	cr_expect(eq(sz, replayed(&r), 1));
	json_decref(ask(&r, "{\"verb\":\"announce\",\"name\":\"b\",\"transient\":true" WHERE "}"));
	cr_expect(eq(sz, r.egress.count, 2));
	cr_expect(eq(sz, replayed(&r), 1), "a transient one is forgotten");
	json_decref(ask(&r, "{\"verb\":\"withdraw\",\"name\":\"tls\"}"));
	cr_expect(eq(sz, replayed(&r), 0));
	router_close(&r);
}

Test(announce, keeps_nothing_that_was_refused)
{
	struct router r;
	json_t *answer;

	router_open(&r);
	r.egress.fail = -ENOSPC;
	answer = ask(&r, ANNOUNCE(WHERE));
	cr_expect(eq(str, (char *)code_of(answer), "refused"));
	json_decref(answer);
	cr_expect(eq(sz, replayed(&r), 0));
	router_close(&r);
}

Test(announce, is_refused_where_it_cannot_be_kept)
{
	struct durable *nowhere = NULL;
	struct router r;
	json_t *answer;

	router_open(&r);
	durable_free(&r.durable);
	cr_assert(eq(int, durable_open("/proc/nonexistent", &nowhere), 0));
	r.durable = nowhere;
	answer = ask(&r, ANNOUNCE(WHERE));
	cr_expect(eq(str, (char *)code_of(answer), "state-not-saved"));
	json_decref(answer);
	cr_expect(eq(sz, r.egress.count, 0));
	router_close(&r);
}

static const struct {
	const char *name, *text;
} broken[] = {
	{ "empty", "" },
	{ "cut short", "{\"version\":1,\"announcements\":[{\"name\":\"a\"" },
	{ "no list", "{\"version\":1}" },
	{ "list of numbers", "{\"announcements\":[1]}" },
	{ "binary", "\x01\x02\x03" },
};

/* A file that is broken is set aside, not written over; the daemon starts. */
Test(announce, sets_a_broken_file_aside)
{
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		char file[64], aside[64];
		struct router r;
		FILE *out;

		router_open(&r);
		snprintf(file, sizeof(file), "%s/announcements.json", r.dir);
		snprintf(aside, sizeof(aside), "%s/announcements.json.bad", r.dir);
		out = fopen(file, "w");
		cr_assert(out != NULL);
		fputs(broken[i].text, out);
		fclose(out);
		cr_expect(eq(sz, replayed(&r), 0), "%s", broken[i].name);
		cr_expect(eq(int, access(file, F_OK), -1), "%s", broken[i].name);
		cr_expect(eq(int, access(aside, F_OK), 0), "%s", broken[i].name);
		router_close(&r);
	}
}

Test(request, shows_how_sites_are_reached)
{
	struct router r;
	json_t *answer, *service, *hop;
	const json_t *way;

	router_open(&r);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"services\"}");
	service = first_of(answer, "services");
	cr_expect(eq(str, (char *)json_string_value(json_object_get(service, "affinity")),
		     (char *)"flow"));
	way = json_object_get(first_of(service, "sites"), "way");
	cr_assert(way != NULL);
	cr_expect(eq(str, (char *)json_string_value(json_object_get(way, "encapsulation")),
		     (char *)"vxlan"));
	cr_expect(eq(str, (char *)json_string_value(json_object_get(way, "destination")),
		     (char *)"::9"));
	cr_expect(eq(str, (char *)json_string_value(first_of(way, "segments")), (char *)"::8"));
	cr_expect(eq(int, (int)json_integer_value(json_object_get(way, "vni")), 77));
	cr_expect(eq(int, (int)json_integer_value(json_object_get(way, "dscp")), 46));
	cr_expect(eq(str, (char *)json_string_value(json_object_get(way, "mode")),
		     (char *)"uniform"));
	cr_expect(eq(sz, json_array_size(json_object_get(way, "next-hops")), 2));
	hop = first_of(way, "next-hops");
	cr_expect(eq(int, (int)json_integer_value(json_object_get(hop, "places")), 2));
	cr_expect(eq(int, (int)json_integer_value(json_object_get(hop, "outer")), 8));
	cr_expect(eq(str, (char *)json_string_value(json_object_get(hop, "outer-type")),
		     (char *)"802.1ad"));
	json_decref(answer);
	router_close(&r);
}

Test(request, shows_endpoints)
{
	struct router r;
	json_t *answer, *endpoint;

	router_open(&r);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"endpoints\"}");
	endpoint = first_of(answer, "endpoints");
	cr_expect(eq(str, (char *)json_string_value(json_object_get(endpoint, "endpoint")),
		     (char *)"::5"));
	cr_expect(eq(sz, json_array_size(json_object_get(endpoint, "encapsulation")), 2));
	cr_expect(eq(str, (char *)json_string_value(json_object_get(endpoint, "behavior")),
		     (char *)"end-dx6"));
	cr_expect(eq(str, (char *)json_string_value(json_object_get(endpoint, "unknown")),
		     (char *)"kernel"));
	cr_expect(json_object_get(endpoint, "cross-connect") != NULL);
	json_decref(answer);
	router_close(&r);
}

Test(request, shows_how_scores_are_made)
{
	struct router r;
	json_t *answer, *metric, *told;

	router_open(&r);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"scores\"}");
	metric = first_of(answer, "metrics");
	cr_expect(eq(str, (char *)json_string_value(json_object_get(answer, "function")),
		     (char *)"min-max of utilisation"));
	cr_expect(eq(sz, strlen(json_string_value(json_object_get(answer, "fingerprint"))), 8));
	cr_expect(eq(str, (char *)json_string_value(json_object_get(metric, "category")),
		     (char *)"computing"));
	cr_expect(eq(dbl, json_number_value(json_object_get(metric, "worst")), 1));
	cr_expect(json_array_size(json_object_get(answer, "known")) > 10, "%zu",
		  json_array_size(json_object_get(answer, "known")));
	json_decref(answer);
	answer = ask(&r, "{\"verb\":\"explain\",\"service\":\"web\"}");
	told = first_of(first_of(answer, "explained"), "candidates");
	cr_expect(eq(str, (char *)json_string_value(json_object_get(told, "score-function")),
		     (char *)"min-max of utilisation"));
	json_decref(answer);
	router_close(&r);
}
