/* SPDX-License-Identifier: BSD-2-Clause */
/* Against a stand-in for a Kubernetes API server, api_server.py: no cluster can run here. */
#include "agent/cluster.h"
#include "api_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define WAIT_MS 30000

static struct {
	uv_loop_t loop;
	uv_timer_t tick;
	struct web *web;
	struct cluster *cluster;
	struct cluster_config config;
	char offered[2048];
	unsigned int told;
	int result;
} b;

static void on_tick(uv_timer_t *timer)
{
}

/* "NAME ADDRESS PORT availability% x<capacity> SERVER... drain absent; ..." */
static void on_offered(void *user, struct cluster_offer *offers, size_t count)
{
	FILE *out = fmemopen(b.offered, sizeof(b.offered), "w");
	char text[ADDR_STRLEN];

	b.offered[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const struct cluster_offer *o = &offers[i];

		fprintf(out, "%s%s %s %u %u%% x%g", i ? "; " : "", o->name,
			addr_format(&o->address, text), o->port, o->availability, o->capacity);
		for (size_t j = 0; j < o->server_count; j++)
			fprintf(out, " %s", addr_format(&o->server[j], text));
		fprintf(out, "%s%s", o->drain ? " drain" : "", o->absent ? " absent" : "");
		offers[i].result = b.result;
	}
	fclose(out);
	b.told++;
}

static struct prefix prefix(const char *text, uint8_t len)
{
	struct addr addr;

	cr_assert(eq(int, addr_parse(text, &addr), 0));
	return prefix_of(&addr, len);
}

static void setup(void)
{
	struct announce_policy *policy = &b.config.policy;

	uv_loop_init(&b.loop);
	uv_timer_init(&b.loop, &b.tick);
	uv_timer_start(&b.tick, on_tick, 10, 10);
	cr_assert(eq(int, web_new(&b.loop, &b.web), 0));
	serve(0);
	strcpy(b.config.name, "kube");
	snprintf(b.config.target.url, sizeof(b.config.target.url), "http://127.0.0.1:%d", api.port);
	b.config.timeout_ms = 5000;
	b.config.max_age_ms = 60000;
	b.config.body_max = 100000;
	strcpy(policy->namespace[0], "games");
	strcpy(policy->namespace[1], "web");
	policy->namespace_count = 2;
	policy->prefix[0] = prefix("198.51.100.0", 24);
	policy->endpoint[0] = prefix("10.0.0.0", 8);
	policy->prefix_count = policy->endpoint_count = 1;
	policy->services_max = 4;
}

static void start(void)
{
	static const struct cluster_ops ops = { on_offered };

	cr_assert(eq(int, cluster_new(&b.loop, b.web, &b.config, &ops, NULL, &b.cluster), 0));
}

static void teardown(void)
{
	cluster_free(&b.cluster);
	web_free(&b.web);
	uv_close((uv_handle_t *)&b.tick, NULL);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	cr_expect(eq(int, uv_loop_close(&b.loop), 0), "handles are left");
	server_end();
}

TestSuite(cluster, .init = setup, .fini = teardown, .timeout = 200);

static struct cluster_view view(void)
{
	struct cluster_view v;

	cluster_view(b.cluster, &v);
	return v;
}

/* Runs the loop until that is offered. */
static void wait_offered(const char *want, const char *what)
{
	uint64_t until;

	uv_update_time(&b.loop);
	until = uv_now(&b.loop) + WAIT_MS;
	while ((!b.told || strcmp(b.offered, want) != 0) && uv_now(&b.loop) < until)
		uv_run(&b.loop, UV_RUN_ONCE);
	cr_expect(eq(str, b.offered, (char *)want), "%s; %s; %s", what,
		  view().channel[0].last_error, view().channel[1].last_error);
}

static void wait_failed(enum cluster_of of, uint64_t failed)
{
	uint64_t until = uv_now(&b.loop) + WAIT_MS;

	while (view().channel[of].failed < failed && uv_now(&b.loop) < until)
		uv_run(&b.loop, UV_RUN_ONCE);
	cr_expect(view().channel[of].failed >= failed);
}

static const struct annotated *service(const char *name)
{
	const struct annotated *a;

	for (size_t i = 0; (a = cluster_service(b.cluster, i)); i++)
		if (!strcmp(a->name, name))
			return a;
	cr_assert(false, "%s is not known", name);
	return NULL;
}

#define ANNOUNCE(address) "{\"margay.io/announce\":\"true\",\"margay.io/address\":\"" address "\"}"
#define WITH_CAPACITY(address)                                                       \
	"{\"margay.io/announce\":\"true\",\"margay.io/capacity\":\"2\",\"margay.io/" \
	"address\":\"" address "\"}"

Test(cluster, offers_what_asks_and_withdraws_what_goes)
{
	say("service games/chess {}");
	say("endpoints games/chess 80 10.0.0.1/y/y/n");
	start();
	wait_offered("", "nothing asks");
	cr_expect(cluster_has_spoken(b.cluster));
	say("service games/chess " WITH_CAPACITY("198.51.100.1"));
	wait_offered("games/chess 198.51.100.1 80 100% x2 10.0.0.1", "it asks");
	say("endpoints games/chess 80 10.0.0.2/y/y/n 10.0.0.1/y/y/n 10.0.0.3/n/n/n");
	wait_offered("games/chess 198.51.100.1 80 66% x4 10.0.0.1 10.0.0.2", "it grows");
	say("service web/shop " ANNOUNCE("198.51.100.2"));
	say("endpoints web/shop 80 10.0.1.1/y/y/n");
	wait_offered("games/chess 198.51.100.1 80 66% x4 10.0.0.1 10.0.0.2; "
		     "web/shop 198.51.100.2 80 100% x0 10.0.1.1",
		     "another one, with another question for endpoints");
	say("endpoints games/chess 80 10.0.0.1/n/y/y");
	wait_offered("games/chess 198.51.100.1 80 0% x2 10.0.0.1 drain; "
		     "web/shop 198.51.100.2 80 100% x0 10.0.1.1",
		     "it drains");
	say("endpoints games/chess 80");
	wait_offered("games/chess 198.51.100.1 80 0% x0 drain absent; "
		     "web/shop 198.51.100.2 80 100% x0 10.0.1.1",
		     "nobody is left");
	say("service games/chess {}");
	wait_offered("web/shop 198.51.100.2 80 100% x0 10.0.1.1", "the annotation goes");
	say("unservice web/shop");
	wait_offered("", "the Service goes");
	cr_expect(eq(u64, view().channel[0].failed + view().channel[1].failed, 0));
}

Test(cluster, watches_again_and_lists_anew)
{
	say("service games/chess " ANNOUNCE("198.51.100.1"));
	say("endpoints games/chess 80 10.0.0.1/y/y/n");
	start();
	wait_offered("games/chess 198.51.100.1 80 100% x0 10.0.0.1", "listed");
	say("drop");
	say("endpoints games/chess 80 10.0.0.2/y/y/n");
	wait_offered("games/chess 198.51.100.1 80 100% x0 10.0.0.2", "behind the end of a watch");
	say("bookmark");
	say("compact");
	say("service games/chess " ANNOUNCE("198.51.100.3"));
	wait_offered("games/chess 198.51.100.3 80 100% x0 10.0.0.2",
		     "behind a version that is gone");
	say("unservice games/chess");
	say("compact");
	wait_offered("", "deleted meanwhile: only a new list tells");
	cr_expect(eq(u64, view().channel[0].failed + view().channel[1].failed, 0), "%s",
		  view().channel[0].last_error);
}

Test(cluster, what_is_known_outlives_the_server_for_a_while)
{
	int port = api.port;

	b.config.max_age_ms = 4000;
	say("service games/chess " ANNOUNCE("198.51.100.1"));
	say("endpoints games/chess 80 10.0.0.1/y/y/n");
	start();
	wait_offered("games/chess 198.51.100.1 80 100% x0 10.0.0.1", "listed");
	server_end();
	wait_failed(CLUSTER_SERVICES, 1);
	cr_expect(eq(str, b.offered, "games/chess 198.51.100.1 80 100% x0 10.0.0.1"));
	wait_offered("games/chess 198.51.100.1 80 100% x0 absent", "silent for too long");
	serve(port);
	say("service games/chess " ANNOUNCE("198.51.100.1"));
	say("endpoints games/chess 80 10.0.0.5/y/y/n");
	wait_offered("games/chess 198.51.100.1 80 100% x0 10.0.0.5", "another server");
}

Test(cluster, refuses_by_the_policy)
{
	say("service other/x " ANNOUNCE("198.51.100.8"));
	say("service games/chess " ANNOUNCE("203.0.113.1"));
	say("service web/shop " ANNOUNCE("198.51.100.2"));
	say("endpoints web/shop 80 10.0.0.1/y/y/n 192.0.2.1/y/y/n");
	start();
	wait_offered("web/shop 198.51.100.2 80 100% x0 10.0.0.1", "one of two endpoints may be");
	cr_expect(eq(u64, view().refusals, 2));
	cr_expect(eq(u64, view().endpoints_refused, 1));
	cr_expect(
		eq(str, (char *)service("x")->refused, "its namespace is not among 'namespaces'"));
	cr_expect(
		eq(str, (char *)service("chess")->refused, "203.0.113.1 is not within 'prefixes'"));
	say("endpoints web/shop 8080 10.0.0.1/y/y/n");
	wait_offered("web/shop 198.51.100.2 80 0% x0 drain absent", "they listen elsewhere");
	cr_expect(ne(ptr, strstr(service("shop")->use.fault, "listen on port 8080"), NULL));
	say("endpoints web/shop 80 10.0.0.1/y/y/n");
	wait_offered("web/shop 198.51.100.2 80 100% x0 10.0.0.1", "they listen where they should");
	b.result = -EEXIST;
	cluster_offer_again(b.cluster);
	for (unsigned int told = b.told; b.told == told;)
		uv_run(&b.loop, UV_RUN_ONCE);
	cr_expect(eq(str, (char *)service("shop")->use.fault,
		     "its address is that of another service"));
}

Test(cluster, new_settings_act_at_once)
{
	say("service games/chess " ANNOUNCE("198.51.100.1"));
	say("endpoints games/chess 8080 10.0.0.1/y/y/n");
	say("service web/shop " ANNOUNCE("198.51.100.2"));
	say("endpoints web/shop 80 10.0.0.2/y/y/n");
	b.config.policy.endpoint_count = 0;
	b.config.node[0] = prefix("10.9.0.1", 32).addr;
	b.config.node_count = 1;
	start();
	wait_offered("games/chess 198.51.100.1 80 100% x0 10.9.0.1; "
		     "web/shop 198.51.100.2 80 100% x0 10.9.0.1",
		     "by a node, wherever the pods listen");
	strcpy(b.config.target.url, "http://127.0.0.1:1"); /* nobody */
	b.config.policy.namespace_count = 1;
	cr_assert(eq(int, cluster_reconfigure(b.cluster, &b.config), 0));
	wait_offered("games/chess 198.51.100.1 80 100% x0 10.9.0.1",
		     "a narrower policy, without a word of the server");
	snprintf(b.config.target.url, sizeof(b.config.target.url), "http://127.0.0.1:%d", api.port);
	strcpy(b.config.policy.namespace[0], "web");
	cr_assert(eq(int, cluster_reconfigure(b.cluster, &b.config), 0));
	wait_offered("web/shop 198.51.100.2 80 100% x0 10.9.0.1", "another one, asked for alone");
}

Test(cluster, names_what_is_not_there)
{
	strcpy(b.config.policy.namespace[0], "nowhere");
	b.config.policy.namespace_count = 1;
	start();
	wait_failed(CLUSTER_SERVICES, 1);
	cr_expect(eq(str, (char *)view().channel[CLUSTER_SERVICES].last_error,
		     "answers with HTTP status 404; see the path of the url"));
	cr_expect(eq(str, (char *)view().channel[CLUSTER_ENDPOINTS].state, "idle"));
	for (int i = 0; i < 100 && !cluster_has_spoken(b.cluster); i++)
		uv_run(&b.loop, UV_RUN_ONCE);
	cr_expect(cluster_has_spoken(b.cluster), "a start does not wait for it");
	cr_expect(eq(u32, b.told, 0), "what an earlier run announced is not touched");
}
