/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/annotated.h"
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static struct annotated_list *l;
static struct announce_policy policy;
static char reason[160];
static int changed;

static struct prefix prefix(const char *text, uint8_t len)
{
	struct addr addr;

	cr_assert(eq(int, addr_parse(text, &addr), 0));
	return prefix_of(&addr, len);
}

static void setup(void)
{
	policy = (struct announce_policy){ .namespace = { "games", "web" },
					   .namespace_count = 2,
					   .prefix = { prefix("198.51.100.0", 24),
						       prefix("2001:db8::", 32) },
					   .prefix_count = 2,
					   .endpoint = { prefix("10.0.0.0", 8) },
					   .endpoint_count = 1,
					   .services_max = 3 };
	l = annotated_new(&policy);
}

static void teardown(void)
{
	annotated_free(&l);
}

TestSuite(annotated, .init = setup, .fini = teardown);

/* On heap copies of exact size. */
static int list(const char *text, size_t len)
{
	_cleanup_(freep) char *copy = malloc(len + 1);

	memcpy(copy, text, len);
	reason[0] = '\0';
	return annotated_list(l, copy, len, reason);
}

static int event(const char *text)
{
	size_t len = strlen(text);
	_cleanup_(freep) char *copy = malloc(len + 1);

	memcpy(copy, text, len);
	changed = 0;
	reason[0] = '\0';
	return annotated_event(l, copy, len, &changed, reason);
}

/* "NAMESPACE/NAME ADDRESS... pPORT... [capacity]; ...", in brackets what is refused. */
static const char *all(void)
{
	static char text[2048];
	const struct annotated *a;
	char one[ADDR_STRLEN];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; (a = annotated_at(l, i)); i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%s/%s", i ? "; " : "",
					a->refused[0] ? "[" : "", a->namespace, a->name);
		for (size_t j = 0; j < a->address_count; j++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %s",
						addr_format(&a->address[j], one));
		for (size_t j = 0; j < a->port_count; j++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %c%u",
						a->port[j].protocol == IPPROTO_TCP ? 't' : 'u',
						a->port[j].port);
		if (a->capacity > 0)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " x%g",
						a->capacity);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
					a->refused[0] ? "]" : "");
	}
	return text;
}

#define META(ns, name, created, notes)                                                        \
	"\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name "\",\"creationTimestamp\":" \
	"\"" created "\",\"resourceVersion\":\"5\",\"annotations\":{" notes "}}"
#define ANNOUNCE                                "\"margay.io/announce\":\"true\""
#define AT(address)                             ANNOUNCE ",\"margay.io/address\":\"" address "\""
#define PORTS(ports)                            "\"spec\":{\"ports\":[" ports "]}"
#define PORT80                                  "{\"port\":80,\"protocol\":\"TCP\"}"
#define SERVICE(ns, name, created, notes, spec) "{" META(ns, name, created, notes) "," spec "}"
#define GAME(notes, spec)                       SERVICE("games", "a", "2026-01-01", notes, spec)
#define VERSION7                                "\"metadata\":{\"resourceVersion\":\"7\"}"
#define LIST(items)                             "{" VERSION7 ",\"items\":[" items "]}"
#define EVENT(type, object)                     "{\"type\":\"" type "\",\"object\":" object "}"
#define A1                                      AT("198.51.100.1")

static const struct {
	const char *name, *text, *all;
} good[] = {
	{ "none", "", "" },
	{ "not annotated", GAME("", PORTS(PORT80)), "" },
	{ "no annotations", "{\"metadata\":{\"name\":\"a\",\"namespace\":\"games\"}}", "" },
	{ "annotations null",
	  "{\"metadata\":{\"name\":\"a\",\"namespace\":\"games\",\"annotations\":null}}", "" },
	{ "says no", GAME("\"margay.io/announce\":\"false\"", PORTS(PORT80)), "" },
	{ "one", GAME(A1, PORTS(PORT80)), "games/a 198.51.100.1 t80" },
	{ "TCP without a word", GAME(A1, PORTS("{\"port\":80}")), "games/a 198.51.100.1 t80" },
	{ "UDP, SCTP is none of ours",
	  GAME(A1, PORTS("{\"port\":53,\"protocol\":\"UDP\"},{\"port\":9,\"protocol\":\"SCTP\"}")),
	  "games/a 198.51.100.1 u53" },
	{ "several addresses, one twice",
	  GAME(AT(" 198.51.100.1,2001:db8::1\\t198.51.100.1 "), PORTS(PORT80)),
	  "games/a 198.51.100.1 2001:db8::1 t80" },
	{ "of the load balancer",
	  GAME(ANNOUNCE, PORTS(PORT80) ",\"status\":{\"loadBalancer\":{\"ingress\":[{\"hostname\":"
				       "\"x\"},{\"ip\":\"198.51.100.2\"}]}}"),
	  "games/a 198.51.100.2 t80" },
	{ "external",
	  GAME(ANNOUNCE, "\"spec\":{\"externalIPs\":[\"198.51.100.3\"],\"ports\":[" PORT80 "]}"),
	  "games/a 198.51.100.3 t80" },
	{ "the annotation comes first",
	  GAME(A1, "\"spec\":{\"externalIPs\":[\"198.51.100.3\"],\"ports\":[" PORT80 "]}"),
	  "games/a 198.51.100.1 t80" },
	{ "a port by number",
	  GAME(A1 ",\"margay.io/port\":\"443\"", PORTS(PORT80 ",{\"port\":443}")),
	  "games/a 198.51.100.1 t443" },
	{ "a port by name",
	  GAME(A1 ",\"margay.io/port\":\"s\"", PORTS(PORT80 ",{\"port\":443,\"name\":\"s\"}")),
	  "games/a 198.51.100.1 t443" },
	{ "capacity", GAME(A1 ",\"margay.io/capacity\":\"2.5\"", PORTS(PORT80)),
	  "games/a 198.51.100.1 t80 x2.5" },
	{ "unknown keys", GAME(A1 ",\"margay.io/x\":\"y\"", PORTS(PORT80) ",\"z\":[{}]"),
	  "games/a 198.51.100.1 t80" },
	{ "the older first",
	  SERVICE("web", "b", "2026-02-01T00:00:00Z", AT("198.51.100.2"),
		  PORTS(PORT80)) "," GAME(A1, PORTS(PORT80)),
	  "games/a 198.51.100.1 t80; web/b 198.51.100.2 t80" },
	{ "the same name in two namespaces",
	  GAME(A1, PORTS(PORT80)) "," SERVICE("web", "a", "2026-01-01T00:00:00Z",
					      AT("198.51.100.2"), PORTS(PORT80)),
	  "games/a 198.51.100.1 t80; web/a 198.51.100.2 t80" },
	{ "twice: the last one counts",
	  GAME(A1, PORTS(PORT80)) "," GAME(AT("198.51.100.9"), PORTS(PORT80)),
	  "games/a 198.51.100.9 t80" },
};

Test(annotated, lists_what_asks)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char text[2048];

		snprintf(text, sizeof(text),
			 "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[%s]}", good[i].text);
		cr_expect(eq(int, list(text, strlen(text)), 0), "%s: %s", good[i].name, reason);
		cr_expect(eq(str, (char *)all(), (char *)good[i].all), "%s", good[i].name);
		cr_expect(eq(str, (char *)annotated_version(l), "7"));
	}
}

static const struct {
	const char *text, *reason;
} refused[] = {
	{ GAME("\"margay.io/announce\":\"yes\",\"margay.io/address\":\"198.51.100.1\"",
	       PORTS(PORT80)),
	  "margay.io/announce is neither" },
	{ GAME("\"margay.io/announce\":true,\"margay.io/address\":\"198.51.100.1\"", PORTS(PORT80)),
	  "margay.io/announce is neither" },
	{ GAME(ANNOUNCE, PORTS(PORT80)), "it has no address" },
	{ GAME(AT("198.51.100.1 x"), PORTS(PORT80)), "'x' is no IP address" },
	{ GAME(AT("198.51.100.1/24"), PORTS(PORT80)), "'198.51.100.1/24' is no IP address" },
	{ GAME(AT("198.51.100.1 198.51.100.2 198.51.100.3 198.51.100.4 198.51.100.5"),
	       PORTS(PORT80)),
	  "it has more than 4 addresses" },
	{ GAME(AT("203.0.113.1"), PORTS(PORT80)), "203.0.113.1 is not within 'prefixes'" },
	{ GAME(AT("198.51.100.1 203.0.113.1"), PORTS(PORT80)), "203.0.113.1 is not within" },
	{ GAME(AT("2001:db9::1"), PORTS(PORT80)), "2001:db9::1 is not within 'prefixes'" },
	{ SERVICE("other", "a", "", A1, PORTS(PORT80)), "its namespace is not among" },
	{ GAME(A1, PORTS("")), "it has no port of TCP or UDP" },
	{ GAME(A1, "\"spec\":7"), "it has no port of TCP or UDP" },
	{ GAME(A1, PORTS("{\"port\":9,\"protocol\":\"SCTP\"}")), "it has no port of TCP or UDP" },
	{ GAME(A1, PORTS("{\"port\":0}")), "a port of it is none" },
	{ GAME(A1, PORTS("{\"port\":65536}")), "a port of it is none" },
	{ GAME(A1, PORTS("{\"port\":\"80\"}")), "a port of it is none" },
	{ GAME(A1, PORTS("80")), "a port of it is none" },
	{ GAME(A1, PORTS("{\"port\":1},{\"port\":2},{\"port\":3},{\"port\":4},{\"port\":5}")),
	  "it has more than 4 ports" },
	{ GAME(A1 ",\"margay.io/port\":\"81\"", PORTS(PORT80)), "it has no port '81'" },
	{ GAME(A1 ",\"margay.io/capacity\":\"0\"", PORTS(PORT80)), "margay.io/capacity: '0'" },
	{ GAME(A1 ",\"margay.io/capacity\":\"-1\"", PORTS(PORT80)), "margay.io/capacity: '-1'" },
	{ GAME(A1 ",\"margay.io/capacity\":\"1x\"", PORTS(PORT80)), "margay.io/capacity: '1x'" },
	{ GAME(A1 ",\"margay.io/capacity\":\"nan\"", PORTS(PORT80)), "margay.io/capacity: 'nan'" },
	{ GAME(A1 ",\"margay.io/capacity\":\"1e300\"", PORTS(PORT80)), "margay.io/capacity: " },
	{ GAME(A1 ",\"margay.io/capacity\":8", PORTS(PORT80)), "margay.io/capacity: ''" },
	{ GAME(A1 ",\"margay.io/service-time-ms\":\"\"", PORTS(PORT80)),
	  "margay.io/service-time-ms: ''" },
};

/* Each is refused by itself, beside one that is good. */
Test(annotated, refuses_what_is_wrong_or_not_allowed)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct annotated *a;
		char text[2048];

		snprintf(text, sizeof(text),
			 LIST("%s," SERVICE("web", "z", "2026-03", A1, PORTS(PORT80))),
			 refused[i].text);
		cr_assert(eq(int, list(text, strlen(text)), 0), "%zu: %s", i, reason);
		a = annotated_at(l, 0);
		cr_assert(ne(ptr, a, NULL));
		cr_expect(eq(int, strncmp(a->refused, refused[i].reason, strlen(refused[i].reason)),
			     0),
			  "%s instead of %s", a->refused, refused[i].reason);
		a = annotated_at(l, 1);
		cr_assert(ne(ptr, a, NULL));
		cr_expect(eq(str, a->refused, ""));
	}
	/* Seven have the same reason as the one before in their place. */
	cr_expect(eq(u64, annotated_refusals(l), ARRAY_SIZE(refused) - 7));
}

static const struct {
	const char *name, *text, *reason;
} bad[] = {
	{ "a page", "<html>", "Kubernetes: no JSON object" },
	{ "a list", "[]", "Kubernetes: no JSON object" },
	{ "no items", "{\"metadata\":{\"resourceVersion\":\"7\"}}",
	  "Kubernetes: no list of Services" },
	{ "in parts", "{\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"x\"},\"items\":[]}",
	  "Kubernetes: the list comes in parts" },
	{ "no object", LIST("3"), "Kubernetes: a Service has no name" },
	{ "no name", LIST("{\"metadata\":{\"namespace\":\"web\"}}"),
	  "Kubernetes: a Service has no name" },
	{ "a name that is none", LIST(SERVICE("games", "A/b", "", A1, PORTS(PORT80))),
	  "Kubernetes: a Service has no name" },
	{ "no namespace", LIST("{\"metadata\":{\"name\":\"web\"}}"),
	  "Kubernetes: a Service has no name" },
	{ "key twice", "{\"items\":[],\"items\":[]}", "Kubernetes: no JSON object" },
};

#define GOOD LIST(GAME(A1, PORTS(PORT80)))

Test(annotated, a_bad_list_changes_nothing)
{
	cr_assert(eq(int, list(GOOD, strlen(GOOD)), 0));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cr_expect(eq(int, list(bad[i].text, strlen(bad[i].text)) < 0, 1), "%s",
			  bad[i].name);
		cr_expect(eq(int, strncmp(reason, bad[i].reason, strlen(bad[i].reason)), 0),
			  "%s: %s", bad[i].name, reason);
		cr_expect(eq(str, (char *)all(), "games/a 198.51.100.1 t80"), "%s", bad[i].name);
	}
	for (size_t len = 0; len < strlen(GOOD); len++)
		cr_expect(eq(int, list(GOOD, len), -EBADMSG), "%zu", len);
	cr_expect(eq(str, (char *)all(), "games/a 198.51.100.1 t80"));
}

#define ONE(name, created, address) SERVICE("games", name, created, AT(address), PORTS(PORT80))

static const struct {
	const char *name, *text, *all;
	int want, changed;
} events[] = {
	/* each follows the one before */
	{ "added", EVENT("ADDED", ONE("b", "2026-02", "198.51.100.2")), "games/b 198.51.100.2 t80",
	  0, 1 },
	{ "an older one", EVENT("ADDED", ONE("c", "2026-01", "198.51.100.3")),
	  "games/c 198.51.100.3 t80; games/b 198.51.100.2 t80", 0, 1 },
	{ "changed", EVENT("MODIFIED", ONE("b", "2026-02", "198.51.100.4")),
	  "games/c 198.51.100.3 t80; games/b 198.51.100.4 t80", 0, 1 },
	{ "a bookmark", EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"9\"}}"),
	  "games/c 198.51.100.3 t80; games/b 198.51.100.4 t80", 0, 0 },
	{ "a kind of later days", EVENT("MOVED", "{}"),
	  "games/c 198.51.100.3 t80; games/b 198.51.100.4 t80", 0, 0 },
	{ "bad", EVENT("MODIFIED", "{\"metadata\":{\"resourceVersion\":\"9\"}}"),
	  "games/c 198.51.100.3 t80; games/b 198.51.100.4 t80", -EBADMSG, 0 },
	{ "no version", EVENT("DELETED", "{\"metadata\":{\"name\":\"b\"}}"),
	  "games/c 198.51.100.3 t80; games/b 198.51.100.4 t80", -EBADMSG, 0 },
	{ "gone from the server's memory",
	  EVENT("ERROR", "{\"kind\":\"Status\",\"code\":410,\"message\":\"too old\"}"),
	  "games/c 198.51.100.3 t80; games/b 198.51.100.4 t80", -ESTALE, 0 },
	{ "the annotation goes",
	  EVENT("MODIFIED", SERVICE("games", "c", "2026-01", "", PORTS(PORT80))),
	  "games/b 198.51.100.4 t80", 0, 1 },
	{ "outside of the policy", EVENT("MODIFIED", ONE("b", "2026-02", "192.0.2.1")),
	  "[games/b 192.0.2.1 t80]", 0, 1 },
	{ "deleted", EVENT("DELETED", ONE("b", "2026-02", "192.0.2.1")), "", 0, 1 },
	{ "deleted again", EVENT("DELETED", ONE("b", "2026-02", "192.0.2.1")), "", 0, 1 },
};

Test(annotated, follows_events)
{
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		cr_expect(eq(int, event(events[i].text), events[i].want), "%s: %s", events[i].name,
			  reason);
		cr_expect(eq(str, (char *)all(), (char *)events[i].all), "%s", events[i].name);
		cr_expect(eq(int, changed, events[i].changed), "%s", events[i].name);
	}
}

/* Three may be announced. */
Test(annotated, older_ones_come_first)
{
	cr_expect(eq(int, event(EVENT("ADDED", ONE("a", "2026-04", "198.51.100.1"))), 0));
	event(EVENT("ADDED", ONE("b", "2026-03", "198.51.100.2")));
	event(EVENT("ADDED", ONE("c", "2026-02", "198.51.100.3")));
	event(EVENT("ADDED", ONE("d", "2026-05", "198.51.100.4")));
	cr_expect(eq(str, (char *)all(),
		     "games/c 198.51.100.3 t80; games/b 198.51.100.2 t80; "
		     "games/a 198.51.100.1 t80; [games/d 198.51.100.4 t80]"));
	cr_expect(eq(u64, annotated_refusals(l), 1));
	event(EVENT("MODIFIED", ONE("d", "2026-05", "198.51.100.5")));
	cr_expect(eq(u64, annotated_refusals(l), 1), "the same reason is no news");
	event(EVENT("DELETED", ONE("b", "2026-03", "198.51.100.2")));
	cr_expect(eq(str, (char *)all(),
		     "games/c 198.51.100.3 t80; games/a 198.51.100.1 t80; "
		     "games/d 198.51.100.5 t80"));
	policy.services_max = 1;
	annotated_policy_set(l, &policy);
	cr_expect(eq(str, (char *)all(),
		     "games/c 198.51.100.3 t80; [games/a 198.51.100.1 t80]; "
		     "[games/d 198.51.100.5 t80]"));
	policy.services_max = 3;
	policy.prefix[0] = prefix("198.51.100.3", 32);
	annotated_policy_set(l, &policy);
	cr_expect(eq(str, (char *)all(),
		     "games/c 198.51.100.3 t80; [games/a 198.51.100.1 t80]; "
		     "[games/d 198.51.100.5 t80]"),
		  "a narrower policy acts at once");
}

/* Whoever may write Services cannot make us remember more and more. */
Test(annotated, remembers_no_more_than_so_much)
{
	size_t n = 0;

	for (int i = 0; i < 500; i++) {
		char text[512];

		snprintf(text, sizeof(text),
			 EVENT("ADDED", SERVICE("other", "x%d", "", A1, PORTS(PORT80))), i);
		cr_assert(eq(int, event(text), 0));
		snprintf(text, sizeof(text), EVENT("ADDED", ONE("y%d", "", "198.51.100.1")), i);
		cr_assert(eq(int, event(text), 0));
	}
	while (annotated_at(l, n))
		n++;
	cr_expect(eq(sz, n, ANNOTATED_MAX + ANNOTATED_REFUSED_MAX));
	cr_expect(
		eq(int, event(EVENT("DELETED", SERVICE("other", "x1", "", A1, PORTS(PORT80)))), 0));
	cr_expect(eq(int, event(EVENT("DELETED", ONE("y1", "", "198.51.100.1"))), -ESTALE),
		  "another one has room now: only a new list tells which");
}
