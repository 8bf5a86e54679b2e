/* SPDX-License-Identifier: BSD-2-Clause */
/* show slots, pins, interfaces, counters: the tables themselves, as the data plane sees them. */
#include "base/util.h"
#include "mgmt/request.h"
#include "mgmt/roster.h"

#include <string.h>
#include <uv.h>

#define PINS_SHOWN_MAX 1000 /* without "all"; the count is whole in any case */

static const char *slot_state_text(uint16_t state)
{
	static const char *const words[] = { [MG_SLOT_STABLE] = "stable",
					     [MG_SLOT_MOVING] = "moving",
					     [MG_SLOT_PINNED] = "pinned" };

	return state < ARRAY_SIZE(words) ? words[state] : "unknown";
}

void slot_put(json_t *object, const struct roster *roster, const struct mg_slot *slot)
{
	answer_text(object, "state",
		    slot->now == MG_MEMBER_NONE ? "empty" : slot_state_text(slot->state));
	answer_text(object, "now", roster_member(roster, slot->now));
	if (slot->state != MG_SLOT_STABLE)
		answer_text(object, "prev", roster_member(roster, slot->prev));
	answer_text(object, "next", roster_member(roster, slot->next));
}

static void put_slots(json_t *array, const struct roster *roster)
{
	struct mg_slot slot;
	json_t *slots;

	slots = answer_array(array, "slots");
	for (uint32_t i = 0; tables_slot(roster->table, i, &slot); i++) {
		json_t *object = answer_append(slots);

		answer_count(object, "slot", i);
		slot_put(object, roster, &slot);
	}
}

static const char *roster_role(const struct roster *roster)
{
	return roster->key.scope == MG_SCOPE_INGRESS ? "steered" : "announced";
}

static void put_roster(const struct request *request, json_t *object, const struct roster *roster)
{
	char address[ADDR_STRLEN];

	answer_text(object, "name", roster->service);
	vrf_put(request->context, object, roster->key.vrf);
	answer_text(object, "address", service_address(&roster->key, address));
	answer_text(object, "protocol", service_protocol(&roster->key));
	answer_count(object, "port", roster->key.port);
	answer_text(object, "role", roster_role(roster));
}

json_t *show_slots(const struct request *request)
{
	_cleanup_(roster_list_clear) struct roster_list rosters = { 0 };
	const char *wanted = request_text(request, "service");
	json_t *answer = json_object(), *services = answer_array(answer, "services");

	roster_list_of(request->context, &rosters);
	for (size_t i = 0; i < rosters.count; i++) {
		json_t *object;

		if (!roster_matches(&rosters.at[i], wanted))
			continue;
		object = answer_append(services);
		put_roster(request, object, &rosters.at[i]);
		put_slots(object, &rosters.at[i]);
	}
	if (json_array_size(services))
		return answer;
	json_decref(answer);
	return answer_error(ANSWER_NOT_FOUND, "service", "margay show services lists all",
			    "there is no service '%.60s' in the tables", wanted);
}

struct pin_visit {
	const struct roster_list *rosters;
	json_t *pins;
	bool all;
};

static void put_pin(void *user, const struct pin_state *pin)
{
	struct pin_visit *visit = user;
	const struct roster *roster;
	char address[ADDR_STRLEN];
	json_t *object;

	if (!visit->all && json_array_size(visit->pins) >= PINS_SHOWN_MAX)
		return;
	roster = roster_find(visit->rosters, pin->service);
	object = answer_append(visit->pins);
	if (roster) {
		answer_text(object, "service", roster->service);
		answer_text(object, "address", service_address(&roster->key, address));
	}
	answer_count(object, "slot", pin->slot - (roster ? roster->slot_base : 0));
	answer_text(object, "site", roster_member(roster, pin->member));
	answer_count(object, "member", pin->member);
	answer_count(object, "age", pin->age_s);
	answer_count(object, "fingerprint", pin->fingerprint);
}

json_t *show_pins(const struct request *request)
{
	_cleanup_(roster_list_clear) struct roster_list rosters = { 0 };
	json_t *answer = json_object(), *pins = json_array();
	struct pin_visit visit = { &rosters, pins, request_flag(request, "all") };
	size_t count = 0;

	roster_list_of(request->context, &rosters);
	if (request->context->tables)
		count = tables_pins(request->context->tables, uv_hrtime(), put_pin, &visit);
	answer_count(answer, "count", count);
	json_object_set_new(answer, "pins", pins);
	return answer;
}

static void put_tags(const struct request *request, json_t *object, const char *interface)
{
	static const char *const modes[] = {
		[TAGS_NEXT_HOP] = "next-hop", [TAGS_KEEP] = "keep", [TAGS_SET] = "set"
	};
	const struct tables_config *config = &request->context->config->tables;

	for (size_t i = 0; i < config->tags_count; i++) {
		const struct interface_tags *tags = &config->tags[i];

		if (strcmp(tags->interface, interface) != 0)
			continue;
		object = answer_object(object, "tags");
		answer_text(object, "mode", modes[tags->mode]);
		if (tags->inner)
			answer_count(object, "inner", tags->inner);
		if (tags->outer)
			answer_count(object, "outer", tags->outer);
	}
}

json_t *show_interfaces(const struct request *request)
{
	static const char *const roles[] = { [PORT_ACCESS] = "access",
					     [PORT_CORE] = "core",
					     [PORT_EDGE] = "edge",
					     [PORT_SITE] = "site" };
	static const char *const ways[] = {
		[PORT_LINK] = "link", [PORT_DISPATCHER] = "dispatcher"
	};
	json_t *answer = json_object(), *interfaces = answer_array(answer, "interfaces");
	const struct tables *tables = request->context->tables;
	struct port_state port;

	for (size_t i = 0; tables && tables_port(tables, i, &port); i++) {
		json_t *object = answer_append(interfaces);

		answer_text(object, "name", port.name);
		answer_count(object, "ifindex", port.ifindex);
		answer_text(object, "role", roles[port.spec.role]);
		vrf_put(request->context, object, port.spec.vrf);
		if (port.spec.role != PORT_SITE) { /* which has no program */
			answer_text(object, "mode",
				    port.mode == PORT_NATIVE ? "native" : "generic");
			answer_text(object, "attach", ways[port.spec.attach]);
		}
		answer_count(object, "mtu", port.mtu);
		put_tags(request, object, port.name);
		answer_flag(object, "adopted", port.adopted);
	}
	return answer;
}

#define VERDICT_NAME(name, text) { #name, text },
#define EVENT_NAME(name, text)   { #name, text },

static const struct {
	const char *name, *text;
} verdicts[] = { MG_VERDICTS(VERDICT_NAME) }, events[] = { MG_EVENTS(EVENT_NAME) };

static void put_name(json_t *object, const char *upper, const char *text)
{
	char name[32];

	answer_text(object, "name", answer_name(upper, name));
	answer_text(object, "meaning", text);
}

json_t *show_counters(const struct request *request)
{
	json_t *answer = json_object();
	json_t *verdict_array = answer_array(answer, "verdicts");
	json_t *event_array = answer_array(answer, "events");
	struct mg_counter verdict[MG_VERDICT_COUNT] = { 0 };
	uint64_t event[MG_EVENT_COUNT] = { 0 };

	if (request->context->tables) {
		tables_verdicts(request->context->tables, verdict);
		tables_events(request->context->tables, event);
	}
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		json_t *object = answer_append(verdict_array);

		put_name(object, verdicts[i].name, verdicts[i].text);
		answer_count(object, "packets", verdict[i].packets);
		answer_count(object, "bytes", verdict[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		json_t *object = answer_append(event_array);

		put_name(object, events[i].name, events[i].text);
		answer_count(object, "count", event[i]);
	}
	return answer;
}
