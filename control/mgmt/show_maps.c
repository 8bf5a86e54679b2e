/* SPDX-License-Identifier: BSD-2-Clause */
/* show maps: how full the tables are. show names: what the numbers in them stand for. */
#include "base/util.h"
#include "mgmt/request.h"
#include "mgmt/roster.h"

#include <uv.h>

#define NEARLY_FULL 0.9

static void put_map(json_t *object, const struct map_state *map)
{
	uint64_t most = map->marked ? map->peak : map->used;

	answer_text(object, "name", map->name);
	answer_text(object, "type", map->kind);
	answer_count(object, "size", map->size);
	answer_text(object, "unit", map->octets ? "octets" : "entries");
	if (map->counted) {
		answer_count(object, "used", map->used);
		answer_number(object, "fill", (double)map->used / (double)map->size);
	}
	if (map->marked)
		answer_count(object, "peak", map->peak);
	if (map->memory)
		answer_count(object, "memory", map->memory);
	if (map->counted && (double)map->used > NEARLY_FULL * (double)map->size)
		answer_text(object, "warning", "nearly full");
	else if (map->counted && (double)most > NEARLY_FULL * (double)map->size)
		answer_text(object, "warning", "was nearly full");
}

json_t *show_maps(const struct request *request)
{
	json_t *answer = json_object(), *maps = answer_array(answer, "maps");
	struct tables *tables = request->context->tables;
	struct map_state map;

	for (size_t i = 0; tables && tables_map(tables, i, uv_hrtime(), &map); i++)
		put_map(answer_append(maps), &map);
	return answer;
}

/* member: as mg_members is indexed, which is what the data plane writes of. */
static void put_members(json_t *array, const struct roster *roster, uint32_t member_base)
{
	for (uint16_t m = 1; m < roster->count; m++) {
		json_t *object;

		if (!*roster_member(roster, m))
			continue;
		object = answer_append(array);
		answer_count(object, "index", member_base + m);
		answer_text(object, "name", roster_member(roster, m));
	}
}

json_t *show_names(const struct request *request)
{
	_cleanup_(roster_list_clear) struct roster_list rosters = { 0 };
	json_t *answer = json_object(), *services = answer_array(answer, "services");

	answer_text(answer, "pin-directory", request->context->config->pin_dir);
	roster_list_of(request->context, &rosters);
	for (size_t i = 0; i < rosters.count; i++) {
		const struct roster *roster = &rosters.at[i];
		json_t *object = answer_append(services);
		struct service_state state;
		char address[ADDR_STRLEN];

		tables_service_state(roster->table, &state);
		answer_count(object, "index", state.entry.index);
		answer_text(object, "name", roster->service);
		answer_text(object, "address", service_address(&roster->key, address));
		answer_text(object, "protocol", service_protocol(&roster->key));
		answer_count(object, "port", roster->key.port);
		put_members(answer_array(object, "members"), roster, state.entry.member_base);
	}
	return answer;
}
