/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/channel.h"

#include "agent/pace.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INTERVAL_MS  1000 /* between the end of a watch and the next one, at most */
#define ASK_AGAIN_MS 1000 /* behind the timeout */
#define BACK_OFF_MAX 3    /* doublings of the interval while it fails: services wait for it */

struct channel {
	struct channel_config config;
	const struct channel_ops *ops;
	void *user;
	struct listing *listing;
	struct pace pace;
	uv_timer_t ask, silence;
	unsigned int open; /* handles that are not closed yet */
	char *path;        /* NULL: nothing is asked for */
	bool listed, silent, failing;
	uint64_t asked, good, failed, bytes, last_good_ms, failing_ms;
	struct limit limit;
	char last_error[FETCH_FAULT_MAX];
};

static void on_silence(uv_timer_t *timer);
static void on_ask(uv_timer_t *timer);

static void good(struct channel *c)
{
	uint64_t now_ms = uv_now(c->ask.loop);

	if (c->failing)
		log_info("cluster %s: %s: good again, after %" PRIu64 " s", c->config.cluster,
			 c->config.what, (now_ms - c->failing_ms) / 1000);
	c->failing = c->silent = false;
	c->listed = true;
	c->good++;
	c->last_good_ms = now_ms;
	uv_timer_start(&c->silence, on_silence, c->config.max_age_ms, 0);
}

/* The words before the first colon or semicolon tell the kind. */
static void failed(struct channel *c, const char *fault)
{
	size_t kind = strcspn(fault, ":;");
	bool news = !c->failing || strncmp(c->last_error, fault, kind) != 0;
	uint64_t suppressed, now_ms = uv_now(c->ask.loop);

	if (!c->failing)
		c->failing_ms = now_ms;
	c->failing = true;
	c->failed++;
	snprintf(c->last_error, sizeof(c->last_error), "%s", fault);
	if (news && limit_pass(&c->limit, now_ms, fault, kind, &suppressed))
		log_warn(0, "cluster %s: %s: %s", c->config.cluster, c->config.what, fault);
}

static void on_told(void *user, const char *fault)
{
	struct channel *c = user;

	uv_update_time(c->ask.loop);
	if (c->pace.failures >= BACK_OFF_MAX)
		c->pace.failures = BACK_OFF_MAX - 1; /* pace_next() makes it one more */
	if (fault)
		failed(c, fault);
	else
		good(c);
	uv_timer_start(&c->ask, on_ask, pace_next(&c->pace, !fault, 0, arc4random()), 0);
	c->ops->news(c->user);
}

static void on_ask(uv_timer_t *timer)
{
	struct channel *c = timer->data;
	const struct listing_what what = { .path = c->path,
					   .timeout_ms = c->config.timeout_ms,
					   .body_max = c->config.body_max,
					   .bytes = &c->bytes };

	if (!c->path)
		return;
	if (listing_open(c->listing)) {
		uv_timer_start(timer, on_ask, INTERVAL_MS, 0);
		return;
	}
	c->asked++;
	/* Where no word comes it is asked again, which the listing takes for a failure. */
	uv_timer_start(timer, on_ask, c->config.timeout_ms + ASK_AGAIN_MS, 0);
	if (listing_ask(c->listing, &what) < 0)
		on_told(c, "no memory; it is tried again");
}

/* A watch that is open is a word: what ends it is its own time, and that of the dead connection. */
static void on_silence(uv_timer_t *timer)
{
	struct channel *c = timer->data;

	if (listing_open(c->listing)) {
		uv_timer_start(timer, on_silence, c->config.max_age_ms, 0);
		return;
	}
	if (!c->path)
		return;
	c->silent = true;
	c->ops->news(c->user);
}

int channel_want(struct channel *c, const char *path)
{
	char *copy = NULL;

	if (c->path ? !strcmp(c->path, path) : !*path)
		return 0;
	if (*path) {
		copy = strdup(path);
		if (!copy)
			return -ENOMEM;
	}
	free(c->path);
	c->path = copy;
	c->listed = c->silent = false;
	listing_stop(c->listing);
	c->ops->kept.forget(c->user);
	uv_timer_start(&c->ask, on_ask, 0, 0);
	uv_timer_start(&c->silence, on_silence, c->config.max_age_ms, 0);
	return 0;
}

static const char *state_text(const struct channel *c)
{
	if (!c->path)
		return "idle";
	if (c->silent)
		return "silent";
	if (c->failing)
		return "failing";
	if (!c->good)
		return "new";
	return listing_open(c->listing) ? "watching" : "good";
}

void channel_view(const struct channel *c, struct channel_view *ret)
{
	*ret = (struct channel_view){ .state = state_text(c),
				      .asked = c->asked,
				      .good = c->good,
				      .failed = c->failed,
				      .bytes = c->bytes,
				      .last_good_ms = c->last_good_ms,
				      .last_error = c->last_error,
				      .wanted = c->path != NULL,
				      .listed = c->listed,
				      .silent = c->silent };
}

static void channel_closed(uv_handle_t *handle)
{
	struct channel *c = handle->data;

	if (--c->open == 0)
		free(c);
}

void channel_free(struct channel **channel)
{
	struct channel *c = TAKE_PTR(*channel);

	if (!c)
		return;
	listing_free(&c->listing);
	freep(&c->path);
	uv_close((uv_handle_t *)&c->ask, channel_closed);
	uv_close((uv_handle_t *)&c->silence, channel_closed);
}

static const char *version(void *user)
{
	struct channel *c = user;

	return c->ops->kept.version(c->user);
}

static void forget(void *user)
{
	struct channel *c = user;

	c->ops->kept.forget(c->user);
}

static int list(void *user, const char *json, size_t len, char reason[160])
{
	struct channel *c = user;

	return c->ops->kept.list(c->user, json, len, reason);
}

static int event(void *user, const char *json, size_t len, int *ret_changed, char reason[160])
{
	struct channel *c = user;

	return c->ops->kept.event(c->user, json, len, ret_changed, reason);
}

int channel_new(uv_loop_t *loop, struct web *web, const struct fetch_target *target,
		const struct channel_config *config, const struct channel_ops *ops, void *user,
		struct channel **ret)
{
	static const struct listing_ops listing_ops = { list, event, version, forget, on_told };
	struct channel *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->config = *config;
	c->ops = ops;
	c->user = user;
	c->pace.interval_ms = INTERVAL_MS;
	if (listing_new(web, target, &listing_ops, c, &c->listing) < 0) {
		free(c);
		return -ENOMEM;
	}
	c->open = 2;
	c->ask.data = c->silence.data = c;
	uv_timer_init(loop, &c->ask);
	uv_timer_init(loop, &c->silence);
	*ret = c;
	return 0;
}
