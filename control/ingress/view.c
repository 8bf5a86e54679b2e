/* SPDX-License-Identifier: BSD-2-Clause */
/* What the control socket shows of the ingress. */
#include "ingress/state.h"

bool ingress_service(const struct ingress *in, size_t index, struct ingress_service_view *ret)
{
	const struct steering *s;

	if (index >= in->service_count)
		return false;
	s = in->service[index];
	*ret = (struct ingress_service_view){
		.config = &s->config,
		.decision = s->decision,
		.table = s->table,
		.fault = s->fault,
		.site_count = s->site_count,
		.decisions = s->decisions,
		.changes = s->changes,
		.slots_moved = s->slots_moved,
		.placement = &s->placement,
	};
	return true;
}

static const struct weights_verdict *steering_verdict(const struct steering *s, uint64_t id)
{
	for (size_t i = 0; s->decision && i < s->decision->count; i++)
		if (s->decision->site[i].id == id)
			return &s->decision->site[i];
	return NULL;
}

bool ingress_site(const struct ingress *in, size_t service, size_t index,
		  struct ingress_site_view *ret)
{
	const struct ingress_site_config *known;
	const struct steering_site *site;
	const struct steering *s;
	const struct site_told *state;
	struct mg_member member;

	if (service >= in->service_count || index >= in->service[service]->site_count)
		return false;
	s = in->service[service];
	site = &s->site[index];
	known = known_site(&in->known, &site->egress, site->site_id);
	*ret = (struct ingress_site_view){
		.egress = site->egress,
		.site_id = site->site_id,
		.offer = steering_site_offer(s, site, ingress_catalog(in, &s->config.key)),
		.verdict = steering_verdict(s, site->id),
		.member = site->member,
		.table_site = site->table_site,
		.fault = site->cut && !*site->fault ? site->cut : site->fault,
		.rtt = site->rtt,
		.drained = known_site_drained(&in->known, &site->egress, site->site_id),
	};
	ret->capacity = known ? known->capacity : 0;
	ret->service_time_s = known ? known->service_time_s : 0;
	ret->cost = known ? known->cost : 0;
	ret->classes = known ? known->classes : 0;
	ret->tier = classes_tier(&s->config.classes, ret->classes, known ? known->tier : 0);
	state = site_states_of(&in->states, &site->egress, site->site_id);
	ret->available = state ? state->percent : 100;
	ret->available_by = state ? state->carrier : 0;
	known_site_name(&in->known, &site->egress, site->site_id, ret->name);
	if (site->member == MG_MEMBER_NONE)
		return true;
	if (tables_member(s->table, site->member, &member, &ret->counter, &ret->slots))
		ret->weight = member.weight / 65536.0;
	tables_member_flows(s->table, site->member, &ret->flows);
	if (site->observed)
		ret->observed = observed_load(site->observed, (double)uv_hrtime() / 1e9);
	return true;
}
