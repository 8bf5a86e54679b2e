/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket from a client's side, over stand-ins for the modules that it reads: one
 * service with two sites, one announced service, one BGP neighbour.
 */
#include "base/util.h"
#include "mgmt/change.h"
#include "mgmt/request.h"
#include "mgmt/roster.h"
#include "mgmt/socket.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <flow.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define SLOTS 4096

/* --- stand-ins -------------------------------------------------------------------------------- */
struct table_service {
	struct mg_service_key key;
};
struct tables {
	struct table_service web;
};
struct bgp {
	int unused;
};
struct ingress {
	struct tables *tables;
	bool drained;
};
struct egress {
	struct egress_service_config service[8];
	bool withdrawn[8], drained;
	size_t count;
	struct report report;
	int fail; /* what the next announcement returns */
};

static const struct ingress_service_config web_config = {
	.name = "web",
	.key = { .addr = { [10] = 0xff, 0xff, 198, 51, 100, 80 }, .proto = 6, .port = 80 },
	.slots = SLOTS,
	.weights = { .policy = POLICY_COMPUTE_AWARE, .queue_factor = 10 },
};
static const struct offer east_offer = {
	.tunnel = { .kind = BGP_TUNNEL_SRV6, .endpoint.octet = { 0x20, 1, 0xd, 0xb8 } },
	.carrier = BGP_CARRIER_COMMUNITY,
	.has_report = true,
	.report = { .has = REPORT_IN_FLIGHT | REPORT_CAPACITY, .in_flight = 3, .capacity = 8 },
};
static struct weights_verdict verdicts[] = {
	{ .id = 1,
	  .share = 0.75,
	  .wanted = 0.8,
	  .reason = REASON_HELD,
	  .freshness = FRESH_CURRENT },
	{ .id = 2, .share = 0.25, .marginal_s = 1.0 / 0.0, .freshness = FRESH_NONE },
};
static const struct weights_decision decision = { .own_rate = -1, .count = 2, .site = verdicts };

bool ingress_service(const struct ingress *ingress, size_t index, struct ingress_service_view *ret)
{
	if (index)
		return false;
	*ret = (struct ingress_service_view){ .config = &web_config,
					      .decision = &decision,
					      .table = &ingress->tables->web,
					      .fault = "",
					      .site_count = 2 };
	return true;
}

bool ingress_site(const struct ingress *ingress, size_t service, size_t index,
		  struct ingress_site_view *ret)
{
	if (service || index > 1)
		return false;
	*ret = (struct ingress_site_view){ .fault = "",
					   .offer = index ? NULL : &east_offer,
					   .verdict = &verdicts[index],
					   .member = (uint16_t)(index + 1),
					   .egress.octet = { [15] = 1 },
					   .drained = ingress->drained };
	strcpy(ret->name, index ? "west" : "east");
	return true;
}

int ingress_drain(struct ingress *ingress, const char *site, bool drain)
{
	if (strcmp(site, "east") != 0)
		return -ENOENT;
	ingress->drained = drain;
	return 0;
}

bool egress_service(const struct egress *egress, size_t index, struct egress_service_view *ret)
{
	if (index >= egress->count)
		return false;
	*ret = (struct egress_service_view){ .config = &egress->service[index],
					     .announced = !egress->withdrawn[index],
					     .has_report = egress->report.has,
					     .report = egress->report,
					     .fault = "" };
	return true;
}

int egress_announce(struct egress *egress, const struct egress_service_config *service)
{
	if (egress->fail)
		return egress->fail;
	for (size_t i = 0; i < egress->count; i++)
		if (strcmp(egress->service[i].name, service->name) == 0) {
			egress->withdrawn[i] = false;
			return 0;
		}
	egress->service[egress->count++] = *service;
	return 0;
}

int egress_withdraw(struct egress *egress, const char *name)
{
	for (size_t i = 0; i < egress->count; i++)
		if (strcmp(egress->service[i].name, name) == 0 && !egress->withdrawn[i]) {
			egress->withdrawn[i] = true;
			return 0;
		}
	return -ENOENT;
}

int egress_metric(struct egress *egress, const char *name, const struct report *report)
{
	egress->report = *report;
	return egress->count && strcmp(egress->service[0].name, name) == 0 ? 0 : -ENOENT;
}

int egress_drain(struct egress *egress, const char *name, bool drain)
{
	if (name && (!egress->count || strcmp(egress->service[0].name, name) != 0))
		return -ENOENT;
	egress->drained = drain;
	return 0;
}

bool bgp_neighbor_state(const struct bgp *bgp, size_t index, struct bgp_neighbor_state *ret)
{
	if (index)
		return false;
	*ret = (struct bgp_neighbor_state){ .id = 1,
					    .config = { .remote_as = 65000,
							.remote.octet = { [15] = 2 },
							.description = "\x1b[2Jrr" },
					    .state = "Established",
					    .last_error = "",
					    .families = 3 };
	return true;
}

void bgp_routes(const struct bgp *bgp, void (*visit)(void *user, const struct bgp_route *route),
		void *user)
{
	const struct bgp_path path = { .has = BGP_HAS_REPORT | BGP_HAS_SITE_ID,
				       .carrier = BGP_CARRIER_COMMUNITY,
				       .report = { .has = REPORT_SCORE, .score = 7 } };
	const struct bgp_route route = { .neighbor = 1, .path = &path, .prefix.len = 128 };

	visit(user, &route);
}

bool tables_site(const struct tables *tables, size_t index, struct site_state *ret)
{
	*ret = (struct site_state){ .fault = "" };
	return !index;
}

bool tables_port(const struct tables *tables, size_t index, struct port_state *ret)
{
	*ret = (struct port_state){ .name = "acc0", .mtu = 1500 };
	return !index;
}

void tables_service_state(const struct table_service *service, struct service_state *ret)
{
	*ret = (struct service_state){ .key = service->key,
				       .entry.slot_mask = SLOTS - 1,
				       .slots_stable = SLOTS };
}

bool tables_slot(const struct table_service *service, uint32_t slot, struct mg_slot *ret)
{
	*ret = (struct mg_slot){ .now = slot % 4 ? 1 : 2, .next = slot % 4 ? 2 : 1 };
	return slot < SLOTS;
}

bool tables_member(const struct table_service *service, uint16_t member, struct mg_member *ret,
		   struct mg_counter *ret_counter, uint32_t *ret_slots)
{
	*ret = (struct mg_member){ .state = MG_UP };
	*ret_counter = (struct mg_counter){ .packets = UINT64_MAX };
	*ret_slots = 1;
	return member < 3;
}

size_t tables_pins(const struct tables *tables, uint64_t now_ns,
		   void (*visit)(void *user, const struct pin_state *pin), void *user)
{
	for (uint32_t i = 0; i < 1500; i++)
		visit(user, &(struct pin_state){ .slot = i, .member = 1, .service = &tables->web });
	return 1500;
}

void tables_verdicts(const struct tables *tables, struct mg_counter ret[MG_VERDICT_COUNT])
{
	ret[MG_FORWARD].packets = 5;
}

void tables_events(const struct tables *tables, uint64_t ret[MG_EVENT_COUNT])
{
	ret[0] = 1;
}

const char *weights_reason_text(enum weights_reason reason)
{
	return "reason";
}

const char *weights_freshness_text(enum weights_freshness freshness)
{
	return "freshness";
}

/* --- one router ------------------------------------------------------------------------------- */
struct router {
	struct tables tables;
	struct bgp bgp;
	struct ingress ingress;
	struct egress egress;
	struct config config;
	struct mgmt_context context, empty;
	struct durable *durable;
	char dir[32], path[64];
	uv_loop_t loop;
	struct mgmt *mgmt;
};

static int reload(void *user, const char *file, char **ret_error)
{
	*ret_error = strdup("no");
	return -EBUSY;
}

static void router_open(struct router *r)
{
	*r = (struct router){ .ingress.tables = &r->tables };
	strcpy(r->dir, "/tmp/request_test.XXXXXX");
	cr_assert(mkdtemp(r->dir) != NULL);
	snprintf(r->path, sizeof(r->path), "%s/s", r->dir);
	strcpy(r->config.state_dir, r->dir);
	strcpy(r->config.egress.site_name, "here");
	r->config.tables.hash_seed = 42;
	r->context = (struct mgmt_context){ &r->tables, &r->bgp,    &r->ingress,
					    &r->egress, &r->config, .reload = reload };
	r->empty = (struct mgmt_context){ .config = &r->config, .reload = reload };
	cr_assert(eq(int, durable_open(r->dir, &r->durable), 0));
}

static void router_close(struct router *r)
{
	char command[64];

	durable_free(&r->durable);
	snprintf(command, sizeof(command), "rm -r %s", r->dir);
	cr_expect(eq(int, system(command), 0)); /* of a name that mkdtemp() made */
}

static json_t *ask_of(struct router *r, const struct mgmt_context *context, bool may_write,
		      const char *line)
{
	struct request request = { .context = context, .durable = r->durable };
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
	{ "services", "{\"verb\":\"show\",\"object\":\"services\"}", "" },
	{ "by address", "{\"verb\":\"show\",\"object\":\"services\",\"service\":\"198.51.100.80\"}",
	  "" },
	{ "sites", "{\"verb\":\"show\",\"object\":\"sites\"}", "" },
	{ "slots", "{\"verb\":\"show\",\"object\":\"slots\",\"service\":\"web\"}", "" },
	{ "pins", "{\"verb\":\"show\",\"object\":\"pins\"}", "" },
	{ "all pins", "{\"verb\":\"show\",\"object\":\"pins\",\"all\":true}", "" },
	{ "interfaces", "{\"verb\":\"show\",\"object\":\"interfaces\"}", "" },
	{ "counters", "{\"verb\":\"show\",\"object\":\"counters\"}", "" },
	{ "neighbors", "{\"verb\":\"show\",\"object\":\"bgp\"}", "" },
	{ "routes", "{\"verb\":\"show\",\"object\":\"bgp-routes\"}", "" },
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
	json_decref(answer);
	router_close(&r);
}

Test(request, bounds_the_list_of_pins)
{
	struct router r;
	json_t *answer;

	router_open(&r);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"pins\"}");
	cr_expect(eq(int, json_integer_value(json_object_get(answer, "count")), 1500));
	cr_expect(eq(sz, json_array_size(json_object_get(answer, "pins")), 1000));
	json_decref(answer);
	answer = ask(&r, "{\"verb\":\"show\",\"object\":\"pins\",\"all\":true}");
	cr_expect(eq(sz, json_array_size(json_object_get(answer, "pins")), 1500));
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

/* --- the socket ------------------------------------------------------------------------------- */
static void mgmt_open(struct router *r)
{
	signal(SIGPIPE, SIG_IGN); /* as main.c has it */
	router_open(r);
	uv_loop_init(&r->loop);
	cr_assert(eq(int, mgmt_new(&r->loop, r->path, &r->context, &r->mgmt), 0));
}

static void mgmt_close(struct router *r)
{
	mgmt_free(&r->mgmt);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	cr_expect(eq(int, uv_loop_close(&r->loop), 0), "a handle stays open");
	cr_expect(eq(int, access(r->path, F_OK), -1), "the socket stays");
	router_close(r);
}

static int dial(const struct router *r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, r->path);
	cr_assert(eq(int, connect(fd, (struct sockaddr *)&address, sizeof(address)), 0));
	return fd;
}

/* Lets the loop turn until the client has something to read; the whole of it, or 0 at the end. */
static ssize_t hear(struct router *r, int fd, char *ret, size_t size)
{
	for (int i = 0; i < 1000; i++) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

		uv_run(&r->loop, UV_RUN_NOWAIT);
		if (poll(&poll_fd, 1, 1) > 0)
			return recv(fd, ret, size - 1, 0);
	}
	return -1;
}

/* Reads up to the end of a line. */
static char *hear_line(struct router *r, int fd)
{
	char *line = calloc(1, 1 << 20);
	size_t len = 0;

	while (!strchr(line, '\n')) {
		ssize_t n = hear(r, fd, line + len, (1 << 20) - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return line;
}

#define VERSION  "{\"verb\":\"version\"}\n"
#define SLOTS_OF "{\"verb\":\"show\",\"object\":\"slots\",\"service\":\"web\"}\n"

static void say(int fd, const char *text)
{
	cr_assert(eq(sz, (size_t)send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text)));
}

static void expect_version(struct router *r, int fd, const char *when)
{
	_cleanup_(freep) char *line = hear_line(r, fd);

	cr_expect(strstr(line, "\"version\":") != NULL, "%s: '%s'", when, line);
	cr_expect(strlen(line) && line[strlen(line) - 1] == '\n', "%s", when);
}

Test(socket, answers_a_line_with_a_line)
{
	struct router r;
	struct stat status;
	int fd;

	mgmt_open(&r);
	cr_expect(eq(int, stat(r.path, &status), 0));
	cr_expect(eq(u32, status.st_mode & 0777, 0660));
	fd = dial(&r);
	say(fd, VERSION);
	expect_version(&r, fd, "first");
	say(fd, VERSION);
	expect_version(&r, fd, "on the same connection");
	for (const char *at = VERSION; *at; at++) {
		say(fd, (char[]){ *at, '\0' });
		uv_run(&r.loop, UV_RUN_NOWAIT);
	}
	expect_version(&r, fd, "octet by octet");
	close(fd);
	mgmt_close(&r);
}

Test(socket, answers_requests_in_their_order)
{
	struct router r;
	int fd, lines = 0;
	char text[65536];
	ssize_t n;

	mgmt_open(&r);
	fd = dial(&r);
	say(fd, VERSION VERSION "{}\n" VERSION);
	while (lines < 4 && (n = hear(&r, fd, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += text[i] == '\n';
	cr_expect(eq(int, lines, 4));
	close(fd);
	mgmt_close(&r);
}

Test(socket, refuses_a_giant_request)
{
	_cleanup_(freep) char *giant = malloc(100000), *line = NULL;
	struct router r;
	size_t sent = 0;
	int fd;

	mgmt_open(&r);
	fd = dial(&r);
	memset(giant, ' ', 100000);
	while (sent < 100000) {
		ssize_t n = send(fd, giant + sent, 100000 - sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break; /* it has hung up: that is right, too */
		sent += n > 0 ? (size_t)n : 0;
		uv_run(&r.loop, UV_RUN_NOWAIT);
	}
	line = hear_line(&r, fd);
	cr_expect(strstr(line, "bad-request") != NULL, "'%s'", line);
	close(fd);
	fd = dial(&r);
	say(fd, VERSION);
	expect_version(&r, fd, "afterwards");
	close(fd);
	mgmt_close(&r);
}

/* One is silent in the middle of a request, one takes nothing of a large answer, one is gone before
 * its answer: the next one is served at once. */
Test(socket, is_not_stalled_by_a_client)
{
	struct router r;
	int silent, deaf, gone, fd;

	mgmt_open(&r);
	silent = dial(&r);
	say(silent, "{\"verb\":");
	deaf = dial(&r);
	for (int i = 0; i < 50; i++)
		say(deaf, SLOTS_OF);
	gone = dial(&r);
	say(gone, SLOTS_OF);
	close(gone);
	for (int i = 0; i < 10; i++)
		uv_run(&r.loop, UV_RUN_NOWAIT);
	fd = dial(&r);
	say(fd, VERSION);
	expect_version(&r, fd, "beside them");
	close(fd);
	close(deaf);
	close(silent);
	mgmt_close(&r);
}

Test(socket, bounds_its_clients)
{
	struct router r;
	int fds[80], served = 0, closed = 0;

	mgmt_open(&r);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = dial(&r);
		for (int k = 0; k < 3; k++)
			uv_run(&r.loop, UV_RUN_NOWAIT);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		_cleanup_(freep) char *line = NULL;

		if (send(fds[i], VERSION, strlen(VERSION), MSG_NOSIGNAL) < 0) {
			closed++;
			continue;
		}
		line = hear_line(&r, fds[i]);
		served += strstr(line, "version") != NULL;
	}
	cr_expect(eq(int, served, 64));
	cr_expect(eq(int, closed, 16));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	mgmt_close(&r);
}

Test(socket, is_replaced_only_where_nobody_answers)
{
	struct mgmt *second = NULL;
	struct router r;
	char copy[80];
	int fd;

	mgmt_open(&r);
	cr_expect(eq(int, mgmt_new(&r.loop, r.path, &r.context, &second), -EADDRINUSE));
	cr_expect(second == NULL);
	uv_run(&r.loop, UV_RUN_NOWAIT);
	cr_expect(eq(int, access(r.path, F_OK), 0), "the living one's socket was removed");

	/* A socket that a killed daemon left. */
	snprintf(copy, sizeof(copy), "%s.stale", r.path);
	close(socket_listen(copy));
	cr_expect(eq(int, access(copy, F_OK), 0));
	fd = socket_listen(copy);
	cr_expect(fd >= 0);
	close(fd);

	snprintf(copy, sizeof(copy), "%s.file", r.path);
	close(open(copy, O_CREAT | O_WRONLY, 0600));
	cr_expect(eq(int, socket_listen(copy), -EEXIST));
	cr_expect(eq(int, access(copy, F_OK), 0));
	mgmt_close(&r);
}
