/* SPDX-License-Identifier: BSD-2-Clause */
#include "egress/collector.h"

#include "agent/blend.h"
#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct collector {
	struct agent *agent; /* of these two, one */
	struct blend *blend;
	struct agent_config config;
	const struct collector_ops *ops;
	void *user;
	unsigned int references;
	bool up, said;
	int64_t report_ms; /* uv_now() */
	uv_loop_t *loop;
	char fault[160];
};

static void collector_reported(void *user, const char *service, const struct report *report,
			       const struct value_set *values)
{
	struct collector *c = user;

	c->report_ms = (int64_t)uv_now(c->loop);
	c->ops->report(c->user, c, service, report, values);
}

static void collector_changed(void *user, bool up, const char *reason)
{
	struct collector *c = user;

	if (c->up != up)
		log_info("collector %s: %s%s%s", c->config.path, up ? "reports" : "down",
			 up ? "" : ", ", up ? "" : reason);
	c->up = up;
	c->said = true;
	snprintf(c->fault, sizeof(c->fault), "%s%s", up ? "" : "collector: ", up ? "" : reason);
	c->ops->state(c->user, c);
}

static int collector_start(uv_loop_t *loop, struct gatherers *gatherers, struct collector *c)
{
	static const struct agent_ops agent_ops = { .report = collector_reported,
						    .state = collector_changed };

	if (c->config.kind == AGENT_NAMED)
		return blend_start(loop, gatherers, c->config.path, &agent_ops, c, &c->blend);
	return agent_start(loop, &c->config, &agent_ops, c, &c->agent);
}

int collector_new(uv_loop_t *loop, struct gatherers *gatherers, const struct agent_config *config,
		  const struct collector_ops *ops, void *user, struct collector **ret)
{
	_cleanup_(freep) struct collector *c = malloc(sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	*c = (struct collector){ .config = *config,
				 .ops = ops,
				 .loop = loop,
				 .user = user,
				 .references = 1,
				 .fault = "collector: no report has come yet" };
	r = collector_start(loop, gatherers, c);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(c);
	return 0;
}

void collector_ref(struct collector *c)
{
	c->references++;
}

void collector_unref(struct collector **collector)
{
	struct collector *c = *collector;

	*collector = NULL;
	if (!c || --c->references)
		return;
	agent_stop(&c->agent);
	blend_stop(&c->blend);
	free(c);
}

bool collector_view(const struct collector *c, struct collector_view *ret)
{
	if (!c->agent)
		return false;
	*ret = (struct collector_view){ .config = &c->config,
					.up = c->up,
					.said = c->said,
					.fault = c->fault,
					.users = c->references,
					.report_ms = c->report_ms };
	agent_stats(c->agent, &ret->stats);
	return true;
}

bool collector_is(const struct collector *c, const struct agent_config *config)
{
	return c->config.kind == config->kind && c->config.timeout_ms == config->timeout_ms &&
	       !strcmp(c->config.path, config->path);
}

bool collector_up(const struct collector *c)
{
	return c->up;
}

bool collector_is_new(const struct collector *c)
{
	return !c->said;
}

const char *collector_fault(const struct collector *c)
{
	return c->fault;
}
