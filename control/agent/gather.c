/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A gatherer: a timer to ask, a timer that notices silence, an asker that knows how. The log names
 * a fault when it begins and when it is over, whatever the interval.
 */
#include "agent/gather.h"

#include "agent/asker.h"
#include "agent/pace.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ASK_AGAIN_MS 1000 /* behind the timeout */

struct gatherer {
	struct gather_config config;
	struct gatherers *all;
	struct asker *asker;
	struct reading *reading;
	struct pace pace;
	uv_timer_t ask, silence;
	unsigned int open; /* handles that are not closed yet */
	enum gather_state state;
	bool kept; /* gatherers_configure()'s own */
	uint64_t asked, good, failed, bytes, asked_ms, took_ms, last_good_ms, failing_ms;
	struct limit limit;
	bool named; /* the fault under way is in the log */
	char last_error[ASKER_FAULT_MAX];
};

struct gatherers {
	uv_loop_t *loop;
	struct web *web; /* NULL: nobody has asked over HTTP yet, and libcurl takes no memory */
	struct gatherer **at;
	size_t count;
	struct gather_listener *listeners;
};

static struct reading_time time_now(const uv_loop_t *loop)
{
	struct reading_time now = { .loop_ms = uv_now(loop) };
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	now.unix_ms = ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
	return now;
}

static void gatherer_news(struct gatherer *g)
{
	for (struct gather_listener *l = g->all->listeners; l; l = l->next)
		l->news(l->user, g->config.name);
}

/* A fault of another kind than the one before begins anew. */
static void fault_name(struct gatherer *g, const char *fault)
{
	size_t kind = strcspn(fault, ":;");
	bool same = !strncmp(g->last_error, fault, kind) && strchr(":;", g->last_error[kind]);
	uint64_t suppressed;

	snprintf(g->last_error, sizeof(g->last_error), "%s", fault);
	if (g->pace.failures && same)
		return;
	if (!limit_pass(&g->limit, uv_now(g->all->loop), fault, kind, &suppressed))
		return;
	g->named = true;
	log_warn(0, "collector %s (%s%s%s): %s", g->config.name, gather_kind_text(g->config.kind),
		 *g->config.target.url ? " " : "", g->config.target.url, fault);
}

static void gatherer_failed(struct gatherer *g, const char *fault)
{
	fault_name(g, fault);
	g->failed++;
	if (!g->pace.failures)
		g->failing_ms = uv_now(g->all->loop);
	if (g->state == GATHER_GOOD)
		g->state = GATHER_FAILING;
}

static void on_silence(uv_timer_t *timer);

static void gatherer_succeeded(struct gatherer *g)
{
	uint64_t now_ms = uv_now(g->all->loop);

	if (g->named)
		log_info("collector %s: good again, after %u failures in %" PRIu64 " s",
			 g->config.name, g->pace.failures, (now_ms - g->failing_ms) / 1000);
	g->named = false;
	g->good++;
	g->last_good_ms = now_ms;
	g->state = GATHER_GOOD;
	uv_timer_start(&g->silence, on_silence, g->config.max_age_ms, 0);
}

static void on_ask(uv_timer_t *timer);

/* The asker's: an answer, or why there is none. */
static void on_told(void *user, const char *fault)
{
	struct gatherer *g = user;
	struct reading_time now;
	char reason[160];

	uv_update_time(g->all->loop);
	now = time_now(g->all->loop);
	if (!fault && reading_end(g->reading, &now, reason) < 0)
		fault = reason;
	g->took_ms = now.loop_ms - g->asked_ms;
	if (fault)
		gatherer_failed(g, fault);
	else
		gatherer_succeeded(g);
	uv_timer_start(&g->ask, on_ask, pace_next(&g->pace, !fault, g->took_ms, arc4random()), 0);
	if (!fault)
		gatherer_news(g);
}

static void on_ask(uv_timer_t *timer)
{
	struct gatherer *g = timer->data;

	g->asked++;
	g->asked_ms = uv_now(timer->loop);
	/* Where no word comes it is asked again, which the asker may take for a failure. */
	uv_timer_start(&g->ask, on_ask, g->config.timeout_ms + ASK_AGAIN_MS, 0);
	g->asker->kind->ask(g->asker);
}

static void on_silence(uv_timer_t *timer)
{
	struct gatherer *g = timer->data;

	g->state = GATHER_DOWN; /* why is in the log already: every question ends in an answer */
	gatherer_news(g);
}

static void gatherer_closed(uv_handle_t *handle)
{
	struct gatherer *g = handle->data;

	if (--g->open)
		return;
	mapping_unref(&g->config.mapping);
	free(g);
}

static void gatherer_free(struct gatherer *g)
{
	if (g->asker)
		g->asker->kind->free(g->asker);
	reading_free(&g->reading);
	uv_close((uv_handle_t *)&g->ask, gatherer_closed);
	uv_close((uv_handle_t *)&g->silence, gatherer_closed);
}

int gatherers_web(struct gatherers *all, struct web **ret)
{
	int r = all->web ? 0 : web_new(all->loop, &all->web);

	if (r == 0)
		*ret = all->web;
	return r;
}

static struct asker *asker_of_kind(struct gatherers *all, const struct gather_config *config)
{
	struct web *web;

	if (config->kind == GATHER_LOCAL)
		return local_new();
	if (gatherers_web(all, &web) < 0)
		return NULL;
	return config->kind == GATHER_KUBERNETES ? watch_new(web, &config->target)
						 : scrape_new(web, &config->target);
}

static struct asker *asker_new(struct gatherer *g)
{
	struct asker *a = asker_of_kind(g->all, &g->config);

	if (!a)
		return NULL;
	a->config = &g->config;
	a->reading = g->reading;
	a->bytes = &g->bytes;
	a->told = on_told;
	a->user = g;
	return a;
}

/* NULL: no memory. The first question comes after a part of the interval, not with all others'. */
static struct gatherer *gatherer_new(struct gatherers *all, const struct gather_config *config)
{
	struct gatherer *g = calloc(1, sizeof(*g));
	uint32_t spread = config->interval_ms < 1000 ? config->interval_ms : 1000;

	if (!g)
		return NULL;
	g->config = *config;
	mapping_ref(g->config.mapping);
	g->all = all;
	g->open = 2;
	g->pace.interval_ms = config->interval_ms;
	g->ask.data = g->silence.data = g;
	uv_timer_init(all->loop, &g->ask);
	uv_timer_init(all->loop, &g->silence);
	g->reading = reading_new(config->mapping, config->max_age_ms);
	g->asker = g->reading ? asker_new(g) : NULL;
	if (!g->asker) {
		gatherer_free(g);
		return NULL;
	}
	uv_timer_start(&g->ask, on_ask, arc4random_uniform(spread), 0);
	uv_timer_start(&g->silence, on_silence, config->max_age_ms, 0);
	return g;
}

int gatherers_new(uv_loop_t *loop, struct gatherers **ret)
{
	struct gatherers *all = calloc(1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	all->loop = loop;
	*ret = all;
	return 0;
}

void gatherers_free(struct gatherers **gatherers)
{
	struct gatherers *all = TAKE_PTR(*gatherers);

	if (!all)
		return;
	for (size_t i = 0; i < all->count; i++)
		gatherer_free(all->at[i]);
	web_free(&all->web);
	free(all->at);
	free(all);
}

static bool target_equal(const struct fetch_target *a, const struct fetch_target *b)
{
	return !strcmp(a->url, b->url) && !strcmp(a->token_file, b->token_file) &&
	       !strcmp(a->ca_file, b->ca_file) &&
	       !strcmp(a->certificate_file, b->certificate_file) &&
	       !strcmp(a->key_file, b->key_file);
}

static bool config_equal(const struct gather_config *a, const struct gather_config *b)
{
	return !strcmp(a->name, b->name) && a->kind == b->kind &&
	       a->interval_ms == b->interval_ms && a->timeout_ms == b->timeout_ms &&
	       a->max_age_ms == b->max_age_ms && a->body_max == b->body_max &&
	       a->orca_json == b->orca_json && mapping_equal(a->mapping, b->mapping) &&
	       target_equal(&a->target, &b->target) &&
	       !strcmp(a->kubernetes.namespace, b->kubernetes.namespace) &&
	       !strcmp(a->kubernetes.service, b->kubernetes.service) &&
	       !strcmp(a->pressure.psi_dir, b->pressure.psi_dir) &&
	       !strcmp(a->pressure.cgroup_dir, b->pressure.cgroup_dir);
}

/* The running one of that configuration that no entry of the list has claimed; NULL: none. */
static struct gatherer *unclaimed(const struct gatherers *all, const struct gather_config *config)
{
	for (size_t i = 0; i < all->count; i++)
		if (!all->at[i]->kept && config_equal(&all->at[i]->config, config))
			return all->at[i];
	return NULL;
}

int gatherers_configure(struct gatherers *all, const struct gather_config *configs, size_t count)
{
	struct gatherer **next = calloc(count + 1, sizeof(struct gatherer *));
	size_t n = 0;
	int r = 0;

	if (!next)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct gatherer *g = unclaimed(all, &configs[i]);

		if (!g)
			g = gatherer_new(all, &configs[i]);
		if (!g) {
			r = log_err(-ENOMEM, "collector %s: not started", configs[i].name);
			continue;
		}
		g->kept = true;
		next[n++] = g;
	}
	for (size_t i = 0; i < all->count; i++)
		if (!all->at[i]->kept)
			gatherer_free(all->at[i]);
	free(all->at);
	all->at = next;
	all->count = n;
	for (size_t i = 0; i < n; i++)
		next[i]->kept = false;
	return r;
}

void gatherers_listen(struct gatherers *all, struct gather_listener *listener)
{
	listener->next = all->listeners;
	all->listeners = listener;
}

void gatherers_unlisten(struct gatherers *all, struct gather_listener *listener)
{
	struct gather_listener **at = &all->listeners;

	while (*at && *at != listener)
		at = &(*at)->next;
	if (*at)
		*at = listener->next;
}

static void view_of(const struct gatherer *g, struct gather_view *ret)
{
	struct reading_time now = time_now(g->all->loop);

	*ret = (struct gather_view){ .config = &g->config,
				     .state = g->state,
				     .asked = g->asked,
				     .good = g->good,
				     .failed = g->failed,
				     .bytes = g->bytes,
				     .last_good_ms = g->last_good_ms,
				     .took_ms = g->took_ms,
				     .last_error = g->last_error,
				     .reading = g->reading };
	if (g->state == GATHER_GOOD || g->state == GATHER_FAILING)
		reading_report(g->reading, &now, &ret->report);
}

bool gatherers_view(const struct gatherers *all, size_t index, struct gather_view *ret)
{
	if (index >= all->count)
		return false;
	view_of(all->at[index], ret);
	return true;
}

bool gatherers_value(const struct gatherers *all, const struct gather_view *view, size_t i,
		     struct reading_value *ret)
{
	struct reading_time now = time_now(all->loop);

	return reading_value(view->reading, i, &now, ret);
}

bool gatherers_find(const struct gatherers *all, const char *name, struct gather_view *ret)
{
	for (size_t i = 0; i < all->count; i++) {
		if (strcmp(all->at[i]->config.name, name))
			continue;
		view_of(all->at[i], ret);
		return true;
	}
	return false;
}
