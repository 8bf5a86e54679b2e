/* SPDX-License-Identifier: BSD-2-Clause */
/* Against a stand-in for a Kubernetes API server, api_server.py: no cluster can run here. */
#include "agent/gather.h"
#include "agent/reading.h"
#include "api_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define WAIT_MS 20000

static struct {
	uv_loop_t loop;
	uv_timer_t tick;
	struct gatherers *gatherers;
	struct mapping *mapping;
} b;

static void on_tick(uv_timer_t *timer)
{
}

static void value(const char *name, const char *metric, const char *condition)
{
	struct mapping_value *v = &b.mapping->value[b.mapping->value_count++];

	strcpy(v->name, name);
	strcpy(v->of[0].metric[0], metric);
	v->of[0].metric_count = v->of_count = 1;
	v->scale = 1;
	if (!condition)
		return;
	strcpy(v->of[0].matcher[0].label, "condition");
	strcpy(v->of[0].matcher[0].value, condition);
	v->of[0].matcher_count = 1;
}

static void setup(void)
{
	uv_loop_init(&b.loop);
	uv_timer_init(&b.loop, &b.tick);
	uv_timer_start(&b.tick, on_tick, 10, 10);
	cr_assert(eq(int, gatherers_new(&b.loop, &b.gatherers), 0));
	b.mapping = mapping_new("test");
	value("ready", "endpoints", "ready");
	value("ratio", "endpoints_available_ratio", NULL);
	value("drain", "endpoints_draining", NULL);
	serve(0);
}

static void teardown(void)
{
	gatherers_free(&b.gatherers);
	mapping_unref(&b.mapping);
	uv_close((uv_handle_t *)&b.tick, NULL);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	cr_expect(eq(int, uv_loop_close(&b.loop), 0), "handles are left");
	server_end();
}

TestSuite(watch, .init = setup, .fini = teardown, .timeout = 120);

static struct gather_view view(void)
{
	struct gather_view v;

	cr_assert(gatherers_find(b.gatherers, "kube", &v));
	return v;
}

static double value_now(size_t i)
{
	struct reading_time now = { .loop_ms = uv_now(&b.loop) };
	struct reading_value v;

	return reading_value(view().reading, i, &now, &v) && v.known ? v.value : NAN;
}

static void start(uint32_t interval_ms)
{
	struct gather_config config = { .name = "kube",
					.kind = GATHER_KUBERNETES,
					.interval_ms = interval_ms,
					.timeout_ms = 5000,
					.max_age_ms = 60000,
					.body_max = 100000,
					.mapping = b.mapping,
					.kubernetes = { "default", "web" } };

	snprintf(config.target.url, sizeof(config.target.url), "http://127.0.0.1:%d", api.port);
	cr_assert(eq(int, gatherers_configure(b.gatherers, &config, 1), 0));
}

/* Runs the loop until the value is that. */
static void wait_value(size_t i, double want, const char *what)
{
	uint64_t until;

	uv_update_time(&b.loop);
	until = uv_now(&b.loop) + WAIT_MS;
	while (value_now(i) != want && uv_now(&b.loop) < until)
		uv_run(&b.loop, UV_RUN_ONCE);
	cr_expect(eq(dbl, value_now(i), want), "%s; %s", what, view().last_error);
}

/* ... until so many questions failed. */
static void wait_failed(uint64_t failed)
{
	uint64_t until = uv_now(&b.loop) + WAIT_MS;

	while (view().failed < failed && uv_now(&b.loop) < until)
		uv_run(&b.loop, UV_RUN_ONCE);
	cr_expect(ge(u64, view().failed, failed));
}

/* The interval is an hour: what comes in time came by the watch. */
Test(watch, hears_of_changes_at_once)
{
	say("slice a y/y/n y/y/n");
	start(3600000);
	wait_value(0, 2, "listed");
	wait_value(1, 1, "all that are expected");
	say("slice a y/y/n n/n/n");
	wait_value(0, 1, "one is not ready");
	wait_value(1, 0.5, "half of them");
	say("slice b -/-/-");
	say("bookmark");
	wait_value(0, 1, "the same address in another slice");
	say("slice a n/y/y n/y/y");
	say("delete b");
	wait_value(2, 1, "drains");
	cr_expect(view().report.drain);
	wait_value(1, 0, "none is expected");
	cr_expect(eq(u64, view().failed, 0));
}

Test(watch, watches_again_and_lists_anew)
{
	say("slice a y/y/n");
	start(100);
	wait_value(0, 1, "listed");
	say("drop");
	say("slice a y/y/n y/y/n");
	wait_value(0, 2, "behind the end of a watch");
	say("compact");
	say("slice a y/y/n y/y/n y/y/n");
	wait_value(0, 3, "behind a version that is gone");
	say("delete a");
	say("compact");
	wait_value(0, 0, "deleted meanwhile: only a new list tells");
	cr_expect(eq(u64, view().failed, 0), "%s", view().last_error);
}

Test(watch, lives_through_cuts_and_restarts)
{
	int port = api.port;

	say("slice a y/y/n");
	start(100);
	wait_value(0, 1, "listed");
	say("slice a n/n/n");
	wait_value(0, 0, "by a watch, which there is to be cut");
	say("cut");
	wait_failed(1);
	say("slice a y/y/n y/y/n");
	wait_value(0, 2, "behind the cut");
	server_end();
	wait_failed(view().failed + 2);
	cr_expect(eq(dbl, value_now(0), 2), "what was known still counts");
	serve(port);
	say("slice a y/y/n y/y/n y/y/n");
	wait_value(0, 3, "from another server, whose versions are others");
}

Test(watch, names_what_is_not_there)
{
	struct gather_config config = { .name = "kube",
					.kind = GATHER_KUBERNETES,
					.interval_ms = 100,
					.timeout_ms = 5000,
					.max_age_ms = 60000,
					.body_max = 100000,
					.mapping = b.mapping,
					.kubernetes = { "other", "web" } };

	snprintf(config.target.url, sizeof(config.target.url), "http://127.0.0.1:%d", api.port);
	cr_assert(eq(int, gatherers_configure(b.gatherers, &config, 1), 0));
	wait_failed(1);
	cr_expect(eq(str, (char *)view().last_error,
		     "answers with HTTP status 404; see the path of the url"));
}
