/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/slices.h"
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct slices *s;
static char reason[160];

static void setup(void)
{
	s = slices_new();
}

static void teardown(void)
{
	slices_free(&s);
}

TestSuite(slices, .init = setup, .fini = teardown);

/* On heap copies of exact size. */
static int list(const char *text, size_t len)
{
	_cleanup_(freep) char *copy = malloc(len + 1);

	memcpy(copy, text, len);
	reason[0] = '\0';
	return slices_list(s, copy, len, reason);
}

static int changed;

static int event(const char *text)
{
	size_t len = strlen(text);
	_cleanup_(freep) char *copy = malloc(len + 1);

	memcpy(copy, text, len);
	changed = 0;
	reason[0] = '\0';
	return slices_event(s, copy, len, &changed, reason);
}

/* "any expected ready serving terminating" */
static const char *counts(void)
{
	static char text[64];
	struct slices_count n;

	slices_count(s, &n);
	snprintf(text, sizeof(text), "%zu %zu %zu %zu %zu", n.any, n.expected, n.ready, n.serving,
		 n.terminating);
	return text;
}

#define META(name, version) \
	"\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}"
#define LIST(items)            "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" items "]}"
#define SLICE(name, endpoints) "{" META(name, "5") ",\"endpoints\":[" endpoints "]}"
#define END(address, words)    "{\"addresses\":[\"" address "\"],\"conditions\":{" words "}}"
#define EVENT(type, object)    "{\"type\":\"" type "\",\"object\":" object "}"
#define UNREADY                END("10.0.0.2", "\"ready\":false")
#define GOOD                   LIST(SLICE("a", END("10.0.0.1", "") "," UNREADY))

static const struct {
	const char *name, *text, *counts;
} lists[] = {
	{ "none", LIST(""), "0 0 0 0 0" },
	{ "no word is ready", LIST(SLICE("a", END("10.0.0.1", ""))), "1 1 1 1 0" },
	{ "null is no word", LIST(SLICE("a", END("10.0.0.1", "\"ready\":null"))), "1 1 1 1 0" },
	{ "no conditions", LIST(SLICE("a", "{\"addresses\":[\"10.0.0.1\"]}")), "1 1 1 1 0" },
	{ "not ready does not serve", LIST(SLICE("a", END("10.0.0.1", "\"ready\":false"))),
	  "1 1 0 0 0" },
	{ "draining",
	  LIST(SLICE("a",
		     END("10.0.0.1", "\"ready\":false,\"serving\":true,\"terminating\":true"))),
	  "1 0 0 1 1" },
	{ "in two slices once",
	  LIST(SLICE("a", END("10.0.0.1", "\"ready\":false")) "," SLICE("b", END("10.0.0.1", ""))),
	  "1 1 1 1 0" },
	{ "in two slices, leaving by one word",
	  LIST(SLICE("a", END("10.0.0.1", "\"terminating\":true")) "," SLICE("b",
									     END("10.0.0.1", ""))),
	  "1 1 1 1 0" },
	{ "endpoints null", LIST("{" META("a", "5") ",\"endpoints\":null}"), "0 0 0 0 0" },
	{ "no endpoints", LIST("{" META("a", "5") "}"), "0 0 0 0 0" },
	{ "unknown keys", LIST(SLICE("a", "{\"addresses\":[\"10.0.0.1\"],\"x\":[1,{}]}")),
	  "1 1 1 1 0" },
};

Test(slices, counts_what_is_listed)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		cr_expect(eq(int, list(lists[i].text, strlen(lists[i].text)), 0), "%s: %s",
			  lists[i].name, reason);
		cr_expect(eq(str, (char *)counts(), (char *)lists[i].counts), "%s", lists[i].name);
		cr_expect(eq(str, (char *)slices_version(s), "7"));
	}
}

#define OF(ns, owner, name, ports, endpoints)                                            \
	"{\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name                       \
	"\",\"labels\":{\"kubernetes.io/service-name\":\"" owner "\"}},\"ports\":" ports \
	",\"endpoints\":[" endpoints "]}"
#define PORT80   "[{\"name\":\"\",\"port\":80,\"protocol\":\"TCP\"}]"
#define DRAINING "\"ready\":false,\"serving\":true,\"terminating\":true"

static const struct {
	const char *name, *items, *servers;
	uint16_t other_port;
} servers[] = {
	{ "sorted, each once",
	  OF("d", "web", "a", PORT80, END("10.0.0.2", "") "," END("10.0.0.1", "")) "," OF(
		  "d", "web", "b", PORT80, END("10.0.0.2", "")),
	  "10.0.0.1 10.0.0.2", 0 },
	{ "ready ones alone",
	  OF("d", "web", "a", PORT80, END("10.0.0.2", DRAINING) "," END("10.0.0.1", "")),
	  "10.0.0.1", 0 },
	{ "none is ready", OF("d", "web", "a", PORT80, END("10.0.0.2", DRAINING)), "10.0.0.2", 0 },
	{ "none at all", OF("d", "web", "a", PORT80, UNREADY), "", 0 },
	{ "of another Service", OF("d", "shop", "a", PORT80, END("10.0.0.1", "")), "", 0 },
	{ "of another namespace", OF("e", "web", "a", PORT80, END("10.0.0.1", "")), "", 0 },
	{ "any port", OF("d", "web", "a", "null", END("10.0.0.1", "")), "10.0.0.1", 0 },
	{ "TCP without a word, any port of it", OF("d", "web", "a", "[{}]", END("10.0.0.1", "")),
	  "10.0.0.1", 0 },
	{ "another port", OF("d", "web", "a", "[{\"port\":8080}]", END("10.0.0.1", "")), "", 8080 },
	{ "a port of another name",
	  OF("d", "web", "a", "[{\"port\":80,\"name\":\"x\"}]", END("10.0.0.1", "")), "", 0 },
	{ "a port of another protocol",
	  OF("d", "web", "a", "[{\"port\":80,\"protocol\":\"UDP\"}]", END("10.0.0.1", "")), "", 0 },
	{ "a name is no address", OF("d", "web", "a", PORT80, END("a.example.net", "")), "", 0 },
	{ "no more than there is room for",
	  OF("d", "web", "a", PORT80,
	     END("10.0.0.1", "") "," END("10.0.0.1", "") "," END("10.0.0.2", "") "," END(
		     "10.0.0.3", "") "," END("10.0.0.4", "")),
	  NULL, 0 },
};

Test(slices, tells_who_serves)
{
	const struct slices_of of = { "d", "web", "", 6, 80, false };

	for (size_t i = 0; i < ARRAY_SIZE(servers); i++) {
		struct slices_servers found;
		struct addr addr[3];
		char text[2048], words[256] = "", one[ADDR_STRLEN];

		snprintf(text, sizeof(text), LIST("%s"), servers[i].items);
		cr_assert(eq(int, list(text, strlen(text)), 0), "%s: %s", servers[i].name, reason);
		cr_assert(eq(int, slices_servers(s, &of, addr, ARRAY_SIZE(addr), &found), 0));
		for (size_t j = 0; j < found.addr_count; j++)
			sprintf(words + strlen(words), "%s%s", j ? " " : "",
				addr_format(&addr[j], one));
		if (servers[i].servers)
			cr_expect(eq(str, words, (char *)servers[i].servers), "%s",
				  servers[i].name);
		else
			cr_expect(eq(sz, found.addr_count, ARRAY_SIZE(addr)));
		cr_expect(eq(u16, found.other_port, servers[i].other_port), "%s", servers[i].name);
	}
}

static const struct {
	const char *name, *text, *reason;
} bad[] = {
	{ "a page", "<html>", "Kubernetes: no JSON object" },
	{ "a list", "[]", "Kubernetes: no JSON object" },
	{ "no items", "{\"metadata\":{\"resourceVersion\":\"7\"}}", "Kubernetes: no list" },
	{ "items of a wrong type", "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":{}}",
	  "Kubernetes: no list" },
	{ "no version", "{\"metadata\":{},\"items\":[]}", "Kubernetes: no list" },
	{ "a version that is none",
	  "{\"metadata\":{\"resourceVersion\":\"7&watch=0\"},\"items\":[]}",
	  "Kubernetes: no list" },
	{ "a version that is a number", "{\"metadata\":{\"resourceVersion\":7},\"items\":[]}",
	  "Kubernetes: no list" },
	{ "in parts", "{\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"x\"},\"items\":[]}",
	  "Kubernetes: the list comes in parts" },
	{ "no name", LIST("{\"metadata\":{},\"endpoints\":[]}"),
	  "Kubernetes: an EndpointSlice has "
	  "no name" },
	{ "endpoints no list", LIST("{" META("a", "5") ",\"endpoints\":3}"),
	  "Kubernetes: the endpoints" },
	{ "no address", LIST(SLICE("a", "{\"addresses\":[]}")), "Kubernetes: an endpoint has" },
	{ "address no text", LIST(SLICE("a", "{\"addresses\":[1]}")), "Kubernetes: an endpoint" },
	{ "endpoint no object", LIST(SLICE("a", "3")), "Kubernetes: an endpoint has no address" },
	{ "key twice", "{\"items\":[],\"items\":[]}", "Kubernetes: no JSON object" },
};

Test(slices, a_bad_list_changes_nothing)
{
	cr_assert(eq(int, list(GOOD, strlen(GOOD)), 0));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cr_expect(eq(int, list(bad[i].text, strlen(bad[i].text)) < 0, 1), "%s",
			  bad[i].name);
		cr_expect(eq(int, strncmp(reason, bad[i].reason, strlen(bad[i].reason)), 0),
			  "%s: %s", bad[i].name, reason);
		cr_expect(eq(str, (char *)counts(), "2 2 1 1 0"), "%s", bad[i].name);
		cr_expect(eq(str, (char *)slices_version(s), "7"));
	}
	for (size_t len = 0; len < strlen(GOOD); len++)
		cr_expect(eq(int, list(GOOD, len), -EBADMSG), "%zu", len);
	cr_expect(eq(str, (char *)counts(), "2 2 1 1 0"));
}

static const struct {
	const char *name, *text, *counts, *version;
	int want, changed;
} events[] = {
	/* each follows the one before */
	{ "added", EVENT("ADDED", "{" META("b", "8") ",\"endpoints\":[" END("10.0.0.3", "") "]}"),
	  "3 3 2 2 0", "8", 0, 1 },
	{ "modified", EVENT("MODIFIED", "{" META("a", "9") ",\"endpoints\":[]}"), "1 1 1 1 0", "9",
	  0, 1 },
	{ "bookmark", EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"12\"}}"), "1 1 1 1 0",
	  "12", 0, 0 },
	{ "unknown kind", EVENT("LATER", "{}"), "1 1 1 1 0", "12", 0, 0 },
	{ "no kind", "{}", "1 1 1 1 0", "12", 0, 0 },
	{ "no version", EVENT("ADDED", "{\"metadata\":{\"name\":\"c\"}}"), "1 1 1 1 0", "12",
	  -EBADMSG, 0 },
	{ "no object", "{\"type\":\"ADDED\"}", "1 1 1 1 0", "12", -EBADMSG, 0 },
	{ "bad endpoint",
	  EVENT("MODIFIED", "{" META("b", "13") ",\"endpoints\":[{\"addresses\":{}}]}"),
	  "1 1 1 1 0", "12", -EBADMSG, 0 },
	{ "no JSON", "{\"type\":", "1 1 1 1 0", "12", -EBADMSG, 0 },
	{ "gone", EVENT("ERROR", "{\"code\":410,\"message\":\"too old\"}"), "1 1 1 1 0", "12",
	  -ESTALE, 0 },
	{ "another error", EVENT("ERROR", "{\"code\":500}"), "1 1 1 1 0", "12", -EBADMSG, 0 },
	{ "unknown is deleted", EVENT("DELETED", "{" META("x", "14") "}"), "1 1 1 1 0", "14", 0,
	  1 },
	{ "deleted", EVENT("DELETED", "{" META("b", "15") "}"), "0 0 0 0 0", "15", 0, 1 },
	{ "one more",
	  EVENT("ADDED", "{" META("c", "16") ",\"endpoints\":[" END("10.0.0.4", "") "]}"),
	  "1 1 1 1 0", "16", 0, 1 },
	{ "the first is deleted", EVENT("DELETED", "{" META("a", "17") "}"), "1 1 1 1 0", "17", 0,
	  1 },
};

Test(slices, follows_events)
{
	cr_assert(eq(int, list(GOOD, strlen(GOOD)), 0));
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		cr_expect(eq(int, event(events[i].text), events[i].want), "%s: %s", events[i].name,
			  reason);
		cr_expect(eq(int, changed, events[i].changed), "%s", events[i].name);
		cr_expect(eq(str, (char *)counts(), (char *)events[i].counts), "%s",
			  events[i].name);
		cr_expect(eq(str, (char *)slices_version(s), (char *)events[i].version), "%s",
			  events[i].name);
	}
}

Test(slices, bounds_slices_and_endpoints)
{
	_cleanup_(freep) char *text = malloc(SLICES_ENDPOINTS_MAX * 64 + 256);
	size_t n;

	for (int i = 0; i <= SLICES_MAX; i++) {
		sprintf(text,
			EVENT("ADDED",
			      "{\"metadata\":{\"name\":\"s%d\",\"resourceVersion\":\"1\"}}"),
			i);
		cr_expect(eq(int, event(text), i < SLICES_MAX ? 0 : -E2BIG), "%d", i);
	}
	n = (size_t)sprintf(
		text, "{\"type\":\"MODIFIED\",\"object\":{" META("s0", "1") ","
									    "\"endpoints\":[");
	for (int i = 0; i < SLICES_ENDPOINTS_MAX; i++)
		n += (size_t)sprintf(text + n, "%s{\"addresses\":[\"10.%d.%d.1\"]}", i ? "," : "",
				     i >> 8, i & 255);
	sprintf(text + n, "]}}");
	cr_expect(eq(int, event(text), 0), "%s", reason);
	cr_expect(eq(int, event(text), 0), "in the place of the former ones: %s", reason);
	cr_expect(eq(str, (char *)counts(), "4096 4096 4096 4096 0"));
	cr_expect(eq(
		int,
		event(EVENT("MODIFIED", "{" META("s1", "1") ",\"endpoints\":[" END("a", "") "]}")),
		-E2BIG));
	cr_expect(eq(int, event(EVENT("DELETED", "{" META("s0", "1") "}")), 0));
	cr_expect(eq(
		int,
		event(EVENT("MODIFIED", "{" META("s1", "1") ",\"endpoints\":[" END("a", "") "]}")),
		0));
}
