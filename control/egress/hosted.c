/* SPDX-License-Identifier: BSD-2-Clause */
#include "egress/hosted.h"

#include "base/log.h"
#include "base/util.h"
#include "collector.h"
#include "metric/report.h"
#include "select/owners.h"

#include <errno.h>
#include <string.h>

static uint64_t id_of_instance(const struct addr *instance)
{
	uint64_t id = 0xcbf29ce484222325ull; /* FNV-1a */

	for (size_t i = 0; i < sizeof(instance->octet); i++)
		id = (id ^ instance->octet[i]) * 0x100000001b3ull;
	return id;
}

static void hosted_instance_join(struct hosted *h, size_t i)
{
	const struct site_spec spec = { .encap = MG_ENCAP_NONE,
					.outer_dst = h->config.instance[i] };
	struct hosted_instance *instance = &h->instance[i];
	char text[ADDR_STRLEN];
	int r = tables_site_get(h->tables, &spec, &instance->table_site);

	if (r >= 0) {
		r = tables_member_add(h->table, instance->table_site, &instance->member);
		if (r < 0)
			tables_site_put(h->tables, instance->table_site);
	}
	if (r < 0)
		log_err(r, "service %s: instance %s is left out", h->config.name,
			addr_format(&h->config.instance[i], text));
	else
		tables_member_state(h->table, instance->member, MG_UP,
				    (uint32_t)(65536 / h->config.instance_count));
}

/* Every instance gets an equal share of the slots. */
static int hosted_slots_fill(struct hosted *h)
{
	size_t count = h->config.instance_count;
	_cleanup_(freep) struct owner_site *site = calloc(count + 1, sizeof(*site));
	_cleanup_(freep) struct owner *owner = calloc(h->config.slots, sizeof(*owner));

	if (!site || !owner)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		site[i] = (struct owner_site){
			.id = id_of_instance(&h->config.instance[i]),
			.share = h->instance[i].member ? 1.0 / (double)count : 0,
			.member = h->instance[i].member,
			.spare = h->instance[i].member,
		};
	owners_assign(0, site, count, owner, h->config.slots);
	tables_slots_apply(h->table, &owner->now, uv_hrtime());
	return 0;
}

static int hosted_table_add(struct hosted *h)
{
	const struct service_spec spec = { .key = h->config.key,
					   .slots = h->config.slots,
					   .affinity = MG_AFFINITY_FLOW,
					   .idle_s = h->config.idle_s };
	int r = tables_service_add(h->tables, &spec, &h->table);

	if (r < 0)
		return r;
	for (size_t i = 0; i < h->config.instance_count; i++)
		hosted_instance_join(h, i);
	return hosted_slots_fill(h);
}

static void due_fired(uv_timer_t *timer)
{
	struct hosted *h = timer->data;

	h->on_due(h);
}

static void due_freed(uv_handle_t *timer)
{
	free(timer);
}

static int hosted_timer_add(struct hosted *h, uv_loop_t *loop)
{
	h->due = malloc(sizeof(*h->due));
	if (!h->due)
		return -ENOMEM;
	if (uv_timer_init(loop, h->due) < 0) {
		freep(&h->due);
		return -ENOMEM;
	}
	h->due->data = h;
	return 0;
}

struct hosted *hosted_new(struct egress *egress, struct tables *tables, uv_loop_t *loop,
			  const struct egress_service_config *config,
			  void (*on_due)(struct hosted *hosted))
{
	_cleanup_(hosted_free) struct hosted *h = malloc(sizeof(*h));
	int r;

	if (!h)
		return NULL;
	*h = (struct hosted){
		.config = *config, .egress = egress, .tables = tables, .fault = "", .on_due = on_due
	};
	h->instance = calloc(config->instance_count + 1, sizeof(*h->instance));
	if (!h->instance || hosted_timer_add(h, loop) < 0)
		return NULL;
	r = hosted_table_add(h);
	if (r < 0)
		log_err(r, "service %s: not put into the tables", config->name);
	return TAKE_PTR(h);
}

void hosted_free(struct hosted **hosted)
{
	struct hosted *h = *hosted;

	if (!h)
		return;
	if (h->due)
		uv_close((uv_handle_t *)h->due, due_freed);
	free(h->instance);
	free(h);
	*hosted = NULL;
}

void hosted_remove(struct hosted **hosted)
{
	struct hosted *h = *hosted;

	if (h && h->table) {
		tables_service_remove(&h->table);
		for (size_t i = 0; i < h->config.instance_count; i++)
			if (h->instance[i].member)
				tables_site_put(h->tables, h->instance[i].table_site);
	}
	hosted_free(hosted);
}

bool hosted_announceable(struct hosted *h)
{
	bool wants_report = h->collector && !h->config.announce_without_report;

	h->fault = h->withdrawn ? "withdrawn by an operator"
		   : !h->table  ? "the tables refused it, see the log"
		   : wants_report && !collector_up(h->collector) ? collector_fault(h->collector)
		   : wants_report && !h->report.has              ? "no report has come yet"
								 : "";
	return !h->fault[0];
}

struct report hosted_report(const struct hosted *h)
{
	struct report report = h->report;

	if (!(report.has & REPORT_CAPACITY) && h->config.capacity > 0) {
		report.capacity = h->config.capacity;
		report.has |= REPORT_CAPACITY;
	}
	if (!(report.has & REPORT_SERVICE_TIME) && h->config.service_time_s > 0) {
		report.service_time_s = h->config.service_time_s;
		report.has |= REPORT_SERVICE_TIME;
	}
	report.drain |= h->drained;
	return report;
}

void hosted_reported(struct hosted *h, const struct report *report, int64_t now_ms)
{
	int64_t due_ms;
	bool news;

	h->report = *report;
	h->reported_ms = now_ms;
	news = !h->announced || report_significant(&h->sent, report);
	due_ms = h->sent_ms +
		 (int64_t)(1e3 * (news ? h->config.update_min_s : h->config.update_max_s));
	if (!h->announced || due_ms < now_ms)
		due_ms = now_ms;
	/* A report that waits is replaced by a newer one, which keeps the earlier of the two times.
	 */
	if (uv_is_active((uv_handle_t *)h->due) &&
	    (int64_t)uv_timer_get_due_in(h->due) <= due_ms - now_ms)
		return;
	uv_timer_start(h->due, due_fired, (uint64_t)(due_ms - now_ms), 0);
}

void hosted_sent(struct hosted *h, const struct report *report, int64_t now_ms)
{
	uv_timer_stop(h->due);
	h->sent = *report;
	h->sent_ms = now_ms;
	h->updates_sent++;
}
