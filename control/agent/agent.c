/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An agent runs one source, a command or a followed file, and starts it again when it has ended;
 * what the source says goes through the intake and becomes reports. Two timers: one for the
 * source's next start, one that notices silence.
 */
#include "agent/agent.h"

#include "agent/command.h"
#include "agent/follower.h"
#include "agent/intake.h"
#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define AGENT_RETRY_MIN_MS 1000
#define AGENT_RETRY_MAX_MS 30000
/* A command that has been silent for that many timeouts hangs: it is started anew. */
#define AGENT_HANGS 10

struct agent {
	struct agent_config config;
	const struct agent_ops *ops; /* NULL: stopped */
	void *user;
	struct command *command;
	struct follower *follower;
	uv_timer_t retry, silence;
	unsigned int open;             /* handles that are not closed yet */
	unsigned int silent;           /* timeouts since the last good line */
	uint64_t started_ms, retry_ms; /* retry_ms: the wait before the next start */
	bool up, lost;                 /* lost: the source has said why there is nothing */
	char reason[sizeof(((struct agent_stats *)0)->last_error)]; /* why it is not up */
	struct intake intake;
};

static void agent_down(struct agent *a, const char *reason)
{
	bool news = a->up || strcmp(a->reason, reason);

	a->up = false;
	snprintf(a->reason, sizeof(a->reason), "%s", reason);
	snprintf(a->intake.stats.last_error, sizeof(a->intake.stats.last_error), "%s", reason);
	if (news)
		a->ops->state(a->user, false, a->reason);
}

static void agent_listen(struct agent *a);

/* The intake's: a line that says something. */
static bool agent_good(void *user, const struct line *line)
{
	struct agent *a = user;
	bool was_up = a->up;

	agent_listen(a);
	a->up = true;
	if (!was_up)
		a->ops->state(a->user, true, "");
	if (a->ops)
		a->ops->report(a->user, line->service, &line->report, NULL);
	return a->ops;
}

static unsigned int agent_bytes(void *user, const void *bytes, size_t len, int64_t written_ms)
{
	struct agent *a = user;
	struct intake_time time = { .loop_ms = uv_now(a->retry.loop) };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	time.written_ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
	if (written_ms && written_ms < time.written_ms)
		time.written_ms = written_ms;
	return intake_bytes(&a->intake, bytes, len, &time);
}

static void agent_restart(void *user)
{
	struct agent *a = user;

	a->lost = false;
	splitter_reset(&a->intake.splitter);
}

static void agent_lost(void *user, const char *reason)
{
	struct agent *a = user;

	a->lost = true;
	agent_down(a, reason);
}

static void agent_run(uv_timer_t *timer);

/* Doubles from start to start, and begins anew after one that lasted. */
static void agent_retry(struct agent *a)
{
	if (uv_now(a->retry.loop) - a->started_ms >= AGENT_RETRY_MAX_MS || !a->retry_ms)
		a->retry_ms = AGENT_RETRY_MIN_MS;
	uv_timer_start(&a->retry, agent_run, a->retry_ms, 0);
	a->retry_ms = a->retry_ms * 2 < AGENT_RETRY_MAX_MS ? a->retry_ms * 2 : AGENT_RETRY_MAX_MS;
}

static void agent_ended(void *user, const char *reason)
{
	struct agent *a = user;

	uv_timer_stop(&a->silence);
	command_stop(&a->command);
	follower_stop(&a->follower);
	agent_retry(a);
	agent_down(a, reason);
}

static void agent_silent(uv_timer_t *timer)
{
	struct agent *a = timer->data;
	char reason[sizeof(a->reason)];

	snprintf(reason, sizeof(reason), "no good line for %" PRIu32 " ms", a->config.timeout_ms);
	if (++a->silent >= AGENT_HANGS && a->command)
		agent_ended(a, reason);
	else if (!a->lost)
		agent_down(a, reason);
}

static void agent_listen(struct agent *a)
{
	a->silent = 0;
	uv_timer_start(&a->silence, agent_silent, a->config.timeout_ms, a->config.timeout_ms);
}

static void agent_run(uv_timer_t *timer)
{
	static const struct source_ops ops = { .bytes = agent_bytes,
					       .restart = agent_restart,
					       .down = agent_lost,
					       .ended = agent_ended };
	struct agent *a = timer->data;
	char reason[sizeof(a->reason)];
	int r;

	a->started_ms = uv_now(timer->loop);
	a->intake.stats.starts++;
	agent_restart(a);
	if (a->config.kind == AGENT_EXEC)
		r = command_start(timer->loop, a->config.path, &ops, a, &a->command);
	else
		r = follower_start(timer->loop, a->config.path, a->config.timeout_ms, &ops, a,
				   &a->follower);
	if (r == 0) {
		agent_listen(a);
		return;
	}
	snprintf(reason, sizeof(reason), "cannot start: %s", uv_strerror(r));
	agent_ended(a, reason);
}

int agent_start(uv_loop_t *loop, const struct agent_config *config, const struct agent_ops *ops,
		void *user, struct agent **ret)
{
	struct agent *a;

	if ((config->kind != AGENT_EXEC && config->kind != AGENT_FILE) || !*config->path ||
	    !config->timeout_ms)
		return log_err(-EINVAL, "collector %s: cannot start", config->path);
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->config = *config;
	a->ops = ops;
	a->user = user;
	a->intake.name = a->config.path;
	a->intake.good = agent_good;
	a->intake.user = a;
	a->open = 2;
	a->retry.data = a->silence.data = a;
	uv_timer_init(loop, &a->retry);
	uv_timer_init(loop, &a->silence);
	/* From the loop, so that no callback comes before the caller holds *ret. */
	uv_timer_start(&a->retry, agent_run, 0, 0);
	*ret = a;
	return 0;
}

static void agent_closed(uv_handle_t *handle)
{
	struct agent *a = handle->data;

	if (!--a->open)
		free(a);
}

void agent_stop(struct agent **agent)
{
	struct agent *a = TAKE_PTR(*agent);

	if (!a)
		return;
	a->ops = NULL;
	command_stop(&a->command);
	follower_stop(&a->follower);
	uv_close((uv_handle_t *)&a->retry, agent_closed);
	uv_close((uv_handle_t *)&a->silence, agent_closed);
}

void agent_stats(const struct agent *agent, struct agent_stats *ret)
{
	*ret = agent->intake.stats;
}
