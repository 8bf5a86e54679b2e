/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/blend.h"

#include "agent/field.h"
#include "agent/reading.h"
#include "base/util.h"
#include "metric/kind.h"
#include "metric/raw.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct blend {
	struct gatherers *gatherers;
	struct gather_listener listener;
	const struct agent_ops *ops; /* NULL: stopped */
	void *user;
	uv_timer_t soon; /* the first look */
	bool up, said;
	char names[256];
};

/* Each name of the list: room for it, and where the next one begins. */
static const char *name_next(const char *at, char ret[32])
{
	size_t len = strcspn(at, " ");

	snprintf(ret, 32, "%.*s", (int)len, at);
	return at + len + strspn(at + len, " ");
}

static bool name_in(const struct blend *b, const char *name)
{
	char one[32];

	for (const char *at = b->names; *at;) {
		at = name_next(at, one);
		if (!strcmp(one, name))
			return true;
	}
	return false;
}

void blend_add(struct report *sum, const struct report *other)
{
	uint32_t fresh = other->has & ~sum->has;

	sum->drain |= other->drain;
	if (fresh & REPORT_CAPACITY)
		sum->capacity = other->capacity;
	if (fresh & REPORT_SERVICE_TIME)
		sum->service_time_s = other->service_time_s;
	if (fresh & REPORT_ARRIVAL_RATE)
		sum->arrival_rate = other->arrival_rate;
	if (fresh & REPORT_IN_FLIGHT)
		sum->in_flight = other->in_flight;
	if (fresh & REPORT_UTILISATION)
		sum->utilisation = other->utilisation;
	if (fresh & REPORT_SCORE)
		sum->score = other->score;
	if (fresh & REPORT_PREFERENCE)
		sum->preference = other->preference;
	if (fresh & REPORT_AVAILABILITY)
		sum->availability = other->availability;
	if (fresh & REPORT_DELAY)
		sum->delay_index = other->delay_index;
	if (fresh & REPORT_WINDOW ||
	    (other->has & REPORT_WINDOW && other->window_s > sum->window_s))
		sum->window_s = other->window_s;
	/* What is as old as its oldest part is not taken for fresher than it is. */
	if (fresh & REPORT_SAMPLED ||
	    (other->has & REPORT_SAMPLED && other->sampled_ms < sum->sampled_ms))
		sum->sampled_ms = other->sampled_ms;
	sum->has |= other->has;
}

/* Values that are no fields of a report themselves, but that fields may be worked out of. */
static void raw_add(const struct blend *b, const struct gather_view *view, struct value_set *set)
{
	struct reading_value told;
	size_t field;

	for (size_t i = 0; gatherers_value(b->gatherers, view, i, &told); i++) {
		const struct kind *kind = kind_find(told.name);
		struct value value = { .value = told.value,
				       .source = VALUE_AGENT,
				       .statistic = told.window_s > 0 ? VALUE_MEAN : VALUE_CURRENT,
				       .window_s = told.window_s,
				       .sampled_ms = told.sampled_ms };

		if (!told.known || field_find(told.name, &field))
			continue;
		snprintf(value.type, sizeof(value.type), "%s", told.name);
		snprintf(value.unit, sizeof(value.unit), "%s", kind ? kind->unit : "");
		/* Of the same type the first collector's word counts; what is no value is none. */
		if (!value_set_find(set, value.type))
			value_set_put(set, &value);
	}
}

/* Whether any gatherer counts; *ret is then what they say, and *raw, which is empty before, what is
 * no field of it. *ret_reason: why the first one does not. */
static bool blend_look(const struct blend *b, struct report *ret, struct value_set *raw,
		       char ret_reason[160])
{
	struct report sum = { 0 };
	bool up = false, waits = false;

	ret_reason[0] = '\0';
	for (const char *at = b->names; *at;) {
		struct gather_view view;
		char name[32];

		at = name_next(at, name);
		if (!gatherers_find(b->gatherers, name, &view))
			continue;
		waits |= view.state == GATHER_NEW;
		if (view.state == GATHER_GOOD || view.state == GATHER_FAILING) {
			up = true;
			blend_add(&sum, &view.report);
			raw_add(b, &view, raw);
		} else if (!ret_reason[0]) {
			snprintf(ret_reason, 160, "%s: %.120s", name,
				 *view.last_error ? view.last_error : "no answer yet");
		}
	}
	raw_complete(raw, &sum);
	*ret = sum;
	if (!up && waits)
		ret_reason[0] = '\0'; /* nothing is to be said yet */
	return up;
}

static void blend_tell(struct blend *b)
{
	_cleanup_(value_set_clear) struct value_set raw = { 0 };
	struct report report;
	char reason[160];
	bool up = blend_look(b, &report, &raw, reason), news = !b->said || up != b->up;

	if (!up && !reason[0])
		return;
	b->up = up;
	b->said = true;
	if (news)
		b->ops->state(b->user, up, reason);
	if (up && b->ops)
		b->ops->report(b->user, "", &report, &raw);
}

static void on_news(void *user, const char *name)
{
	struct blend *b = user;

	if (name_in(b, name))
		blend_tell(b);
}

static void on_soon(uv_timer_t *timer)
{
	blend_tell(timer->data);
}

int blend_start(uv_loop_t *loop, struct gatherers *gatherers, const char *names,
		const struct agent_ops *ops, void *user, struct blend **ret)
{
	struct blend *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->gatherers = gatherers;
	b->listener = (struct gather_listener){ .news = on_news, .user = b };
	b->ops = ops;
	b->user = user;
	snprintf(b->names, sizeof(b->names), "%s", names);
	uv_timer_init(loop, &b->soon);
	b->soon.data = b;
	uv_timer_start(&b->soon, on_soon, 0, 0);
	gatherers_listen(gatherers, &b->listener);
	*ret = b;
	return 0;
}

static void blend_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void blend_stop(struct blend **blend)
{
	struct blend *b = TAKE_PTR(*blend);

	if (!b)
		return;
	b->ops = NULL;
	gatherers_unlisten(b->gatherers, &b->listener);
	uv_close((uv_handle_t *)&b->soon, blend_closed);
}
