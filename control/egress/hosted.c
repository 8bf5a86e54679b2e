/* SPDX-License-Identifier: BSD-2-Clause */
#include "egress/hosted.h"

#include "base/fnv.h"
#include "base/log.h"
#include "base/util.h"
#include "egress/collector.h"
#include "metric/raw.h"
#include "metric/report.h"
#include "select/owners.h"

#include <errno.h>
#include <string.h>

static uint64_t id_of_instance(const struct addr *instance)
{
	return fnv_add(FNV_START, instance->octet, sizeof(instance->octet));
}

static void hosted_instance_join(struct hosted *h, struct hosted_instance *instance)
{
	const struct site_spec spec = { .encap = MG_ENCAP_NONE, .outer_dst = instance->addr };
	char text[ADDR_STRLEN];
	int r = tables_site_get(h->tables, &spec, &instance->table_site);

	if (r >= 0) {
		r = tables_member_add(h->table, instance->table_site, &instance->member);
		if (r < 0)
			tables_site_put(h->tables, instance->table_site);
	}
	if (r < 0)
		log_err(r, "service %s: instance %s is left out", h->config.name,
			addr_format(&instance->addr, text));
}

static void hosted_instance_leave(struct hosted *h, struct hosted_instance *instance)
{
	if (instance->member == MG_MEMBER_NONE)
		return;
	tables_member_remove(h->table, instance->member);
	tables_site_put(h->tables, instance->table_site);
	instance->member = MG_MEMBER_NONE;
}

/* Every instance gets an equal share of the slots. */
static int hosted_slots_fill(struct hosted *h)
{
	_cleanup_(freep) struct owner_site *site = calloc(h->instance_count + 1, sizeof(*site));
	_cleanup_(freep) struct owner *owner = calloc(h->config.slots, sizeof(*owner));
	double share = 1.0 / (double)h->instance_count;

	if (!site || !owner)
		return -ENOMEM;
	for (size_t i = 0; i < h->instance_count; i++) {
		const struct hosted_instance *instance = &h->instance[i];
		bool joined = instance->member != MG_MEMBER_NONE;

		site[i] = (struct owner_site){ .id = id_of_instance(&instance->addr),
					       .share = joined ? share : 0,
					       .member = instance->member,
					       .spare = joined };
		if (joined)
			tables_member_state(h->table, instance->member, MG_UP,
					    (uint32_t)(65536 * share));
	}
	owners_assign(0, site, h->instance_count, owner, h->config.slots);
	tables_slots_apply(h->table, &owner->now, uv_hrtime());
	return 0;
}

/* The running instance of this address, moved out of the list; else one with no member. */
static struct hosted_instance hosted_instance_take(struct hosted *h, const struct addr *addr)
{
	struct hosted_instance taken = { .addr = *addr };

	for (size_t i = 0; i < h->instance_count; i++) {
		if (h->instance[i].member == MG_MEMBER_NONE ||
		    !addr_equal(&h->instance[i].addr, addr))
			continue;
		taken = h->instance[i];
		h->instance[i].member = MG_MEMBER_NONE;
		break;
	}
	return taken;
}

/* Brings instances and slots in line with the configuration: who leaves does so when its slots have
 * gone to others. -ENOMEM and the instances are as they were, or the slots are still to be filled.
 */
static int hosted_instances_set(struct hosted *h)
{
	size_t count = h->config.instance_count, old_count = h->instance_count;
	_cleanup_(freep) struct hosted_instance *old = NULL;
	struct hosted_instance *next = calloc(count + 1, sizeof(*next));
	int r;

	if (!next)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		next[i] = hosted_instance_take(h, &h->config.instance[i]);
		if (next[i].member == MG_MEMBER_NONE)
			hosted_instance_join(h, &next[i]);
	}
	old = h->instance;
	h->instance = next;
	h->instance_count = count;
	r = hosted_slots_fill(h);
	for (size_t i = 0; i < old_count; i++)
		hosted_instance_leave(h, &old[i]);
	return r;
}

static int hosted_table_add(struct hosted *h)
{
	const struct service_spec spec = { .key = h->config.key,
					   .slots = h->config.slots,
					   .affinity = MG_AFFINITY_FLOW,
					   .idle_s = h->config.idle_s };
	int r = tables_service_add(h->tables, &spec, &h->table);

	return r < 0 ? r : hosted_instances_set(h);
}

static void hosted_table_remove(struct hosted *h)
{
	if (!h->table)
		return;
	tables_service_remove(&h->table);
	h->table = NULL;
	for (size_t i = 0; i < h->instance_count; i++)
		if (h->instance[i].member != MG_MEMBER_NONE)
			tables_site_put(h->tables, h->instance[i].table_site);
	h->instance_count = 0;
}

void hosted_reconfigure(struct hosted *h, const struct egress_service_config *config)
{
	bool anew =
		!h->table || config->slots != h->config.slots || config->idle_s != h->config.idle_s;
	int r;

	if (config->collector.kind == AGENT_NONE && h->config.collector.kind != AGENT_NONE)
		hosted_forget(h); /* nobody would renew it */
	h->config = *config;
	/* Owners depend on the instances' addresses alone: a service that is made anew with the
	 * same ones leads its flows there again. */
	if (anew)
		hosted_table_remove(h);
	r = anew ? hosted_table_add(h) : hosted_instances_set(h);
	if (r < 0)
		log_err(r, "service %s: its instances are not as configured", config->name);
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
	if (hosted_timer_add(h, loop) < 0)
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
	value_set_clear(&h->values);
	free(h->instance);
	free(h);
	*hosted = NULL;
}

void hosted_remove(struct hosted **hosted)
{
	if (*hosted)
		hosted_table_remove(*hosted);
	hosted_free(hosted);
}

/* A collector that has just been put in place of another one may take its time: what the former
 * one said counts until this one says something, or is silent for its timeout. */
static const char *hosted_report_fault(const struct hosted *h)
{
	if (h->config.collector.kind == AGENT_NONE || h->config.announce_without_report)
		return "";
	if (!h->collector)
		return "its collector could not be started, see the log";
	if (!collector_up(h->collector) && !(collector_is_new(h->collector) && h->report.has))
		return collector_fault(h->collector);
	return h->report.has ? "" : "no report has come yet";
}

bool hosted_announceable(struct hosted *h)
{
	h->fault = h->withdrawn       ? "withdrawn by an operator"
		   : !h->table        ? "the tables refused it, see the log"
		   : h->config.absent ? "none of its servers is ready"
				      : hosted_report_fault(h);
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
	if (!(report.has & REPORT_AVAILABILITY) && h->config.availability) {
		report.availability = h->config.availability;
		report.has |= REPORT_AVAILABILITY;
	}
	/* What is configured may be what a value wants to become a field: busy slots of a capacity.
	 */
	raw_complete(&h->values, &report);
	report.drain |= h->drained || h->config.drain;
	return report;
}

struct report hosted_told(const struct hosted *h)
{
	struct report report = hosted_report(h);

	return discipline_quantise(&h->config.discipline, &report);
}

void hosted_forget(struct hosted *h)
{
	h->report = (struct report){ 0 };
	value_set_clear(&h->values);
}

/* A report that waits is replaced by a newer one, which may be due at another time. */
void hosted_reported(struct hosted *h, const struct report *report, const struct value_set *values,
		     int64_t now_ms)
{
	const struct discipline *discipline = &h->config.discipline;
	struct report told;
	int64_t due_ms = now_ms;

	hosted_forget(h);
	h->report = *report;
	if (value_set_copy(values, &h->values) < 0)
		log_err(-ENOMEM, "service %s: values beside the report are left out",
			h->config.name);
	h->reported_ms = now_ms;
	if (h->announced && !h->tells)
		return;
	told = hosted_told(h);
	if (h->announced)
		due_ms = discipline_due(discipline, &h->told,
					report_change(&h->sent, &told, discipline->threshold),
					now_ms);
	uv_timer_start(h->due, due_fired, (uint64_t)(due_ms - now_ms), 0);
}

void hosted_sent(struct hosted *h, const struct report *report, int64_t now_ms)
{
	uv_timer_stop(h->due);
	h->sent = *report;
	discipline_sent(&h->told, now_ms, (double)arc4random_uniform(1 << 16) / (1 << 16));
	h->updates_sent++;
}
