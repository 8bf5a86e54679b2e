/* SPDX-License-Identifier: BSD-2-Clause */
#include "router_fake.h"
#include "egress/collector.h"

#include "agent/reading.h"
#include "base/util.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct ingress_service_config web_config = {
	.name = "web",
	.key = { .addr = { [10] = 0xff, 0xff, 198, 51, 100, 80 }, .proto = 6, .port = 80 },
	.slots = SLOTS,
	.options.last_resort = MG_LAST_UNREACHABLE,
	.weights = { .policy = POLICY_COMPUTE_AWARE,
		     .queue_factor = 10,
		     .limits.cost_weight_s = 0.02 },
	.classes = { .allowed = 1, .tier = { 1 }, .tier_count = 1 },
};
static const struct offer east_offer = {
	.tunnel = { .kind = BGP_TUNNEL_SRV6, .endpoint.octet = { 0x20, 1, 0xd, 0xb8 } },
	.carrier = BGP_CARRIER_COMMUNITY,
	.has_report = true,
	.report = { .has = REPORT_IN_FLIGHT | REPORT_CAPACITY, .in_flight = 3, .capacity = 8 },
};
static struct weights_verdict verdicts[] = {
	{ .id = 1,
	  .share = 0.75,
	  .wanted = 0.8,
	  .reason = REASON_HELD,
	  .freshness = FRESH_CURRENT },
	{ .id = 2,
	  .share = 0.25,
	  .reason = REASON_CLASS,
	  .marginal_s = 1.0 / 0.0,
	  .tier_s = 1,
	  .cost_s = 0.05,
	  .freshness = FRESH_NONE },
};
static const struct weights_decision decision = { .own_rate = -1, .count = 2, .site = verdicts };

bool ingress_service(const struct ingress *ingress, size_t index, struct ingress_service_view *ret)
{
	if (index > ingress->twice)
		return false;
	*ret = (struct ingress_service_view){ .config = &web_config,
					      .decision = &decision,
					      .table = &ingress->tables->web,
					      .fault = "",
					      .site_count = 2 };
	return true;
}

bool ingress_site(const struct ingress *ingress, size_t service, size_t index,
		  struct ingress_site_view *ret)
{
	if (service > ingress->twice || index > 1)
		return false;
	*ret = (struct ingress_site_view){ .fault = "",
					   .offer = index ? NULL : &east_offer,
					   .verdict = &verdicts[index],
					   .member = (uint16_t)(index + 1),
					   .egress.octet = { [15] = 1 },
					   .counter = { 10, 1000, index },
					   .classes = index ? 2 : 1,
					   .tier = (uint8_t)index,
					   .cost = 2.5 * (double)index,
					   .drained = ingress->drained };
	strcpy(ret->name, index ? "west" : "east");
	return true;
}

int ingress_drain(struct ingress *ingress, const char *site, bool drain)
{
	if (strcmp(site, "east") != 0)
		return -ENOENT;
	ingress->drained = drain;
	return 0;
}

bool egress_service(const struct egress *egress, size_t index, struct egress_service_view *ret)
{
	if (index >= egress->count)
		return false;
	*ret = (struct egress_service_view){ .config = &egress->service[index],
					     .origin = "",
					     .announced = !egress->withdrawn[index],
					     .has_report = egress->report.has,
					     .report = egress->report,
					     .fault = "" };
	return true;
}

int egress_announce(struct egress *egress, const struct egress_service_config *service)
{
	if (egress->fail)
		return egress->fail;
	for (size_t i = 0; i < egress->count; i++)
		if (strcmp(egress->service[i].name, service->name) == 0) {
			egress->withdrawn[i] = false;
			return 0;
		}
	egress->service[egress->count++] = *service;
	return 0;
}

int egress_withdraw(struct egress *egress, const char *name)
{
	for (size_t i = 0; i < egress->count; i++)
		if (strcmp(egress->service[i].name, name) == 0 && !egress->withdrawn[i]) {
			egress->withdrawn[i] = true;
			return 0;
		}
	return -ENOENT;
}

int egress_metric(struct egress *egress, const char *name, const struct report *report)
{
	egress->report = *report;
	return egress->count && strcmp(egress->service[0].name, name) == 0 ? 0 : -ENOENT;
}

int egress_availability(struct egress *egress, uint32_t percent)
{
	return percent > 100 ? -EINVAL : 0;
}

int egress_drain(struct egress *egress, const char *name, bool drain)
{
	if (name && (!egress->count || strcmp(egress->service[0].name, name) != 0))
		return -ENOENT;
	egress->drained = drain;
	return 0;
}

/* One neighbor, ::2, with a session; the words of the last change go to its description. */
static struct {
	bool shutdown;
	char reason[256];
} neighbor;

static int neighbor_change(const struct addr *remote, const char *reason, bool shutdown)
{
	if (!addr_equal(remote, &(struct addr){ .octet = { [15] = 2 } }))
		return -ENOENT;
	snprintf(neighbor.reason, sizeof(neighbor.reason), "%s", reason ? reason : "");
	neighbor.shutdown = shutdown;
	return 0;
}

int bgp_neighbor_shutdown(struct bgp *bgp, const struct addr *remote, const char *reason)
{
	return neighbor_change(remote, reason, true);
}

int bgp_neighbor_enable(struct bgp *bgp, const struct addr *remote)
{
	return neighbor_change(remote, "", false);
}

int bgp_neighbor_reset(struct bgp *bgp, const struct addr *remote, const char *reason)
{
	return neighbor_change(remote, reason, false);
}

int bgp_neighbor_refresh(struct bgp *bgp, const struct addr *remote)
{
	int r = neighbor_change(remote, "", neighbor.shutdown);

	return r < 0 ? r : -EOPNOTSUPP;
}

bool bgp_neighbor_state(const struct bgp *bgp, size_t index, struct bgp_neighbor_state *ret)
{
	if (index)
		return false;
	*ret = (struct bgp_neighbor_state){ .id = 1,
					    .config = { .remote_as = 65000,
							.remote.octet = { [15] = 2 },
							.description = "\x1b[2Jrr" },
					    .state = "Established",
					    .last_error = "",
					    .shutdown = neighbor.shutdown,
					    .sent = { .code = 6,
						      .subcode = 2,
						      .told = true,
						      .text = "Cease: Administrative Shutdown" },
					    .families = 3 };
	memcpy(ret->sent.reason, neighbor.reason, sizeof(ret->sent.reason));
	return true;
}

bool bgp_range_state(const struct bgp *bgp, size_t index, struct bgp_range_state *ret)
{
	if (index)
		return false;
	*ret = (struct bgp_range_state){ .config = { .prefix.len = 64, .limit = 8 }, .count = 1 };
	return true;
}

uint64_t bgp_refused(const struct bgp *bgp, enum bgp_refusal refusal)
{
	return refusal + 1;
}

bool bgp_neighbor_remote(const struct bgp *bgp, uint32_t id, struct addr *ret)
{
	*ret = (struct addr){ .octet = { [15] = 2 } };
	return id == 1;
}

/* One at a time, from the first one on. */
void bgp_routes_some(const struct bgp *bgp, uint64_t *at, size_t most,
		     void (*visit)(void *user, const struct bgp_route *route), void *user)
{
	const struct bgp_path path = { .has = BGP_HAS_REPORT | BGP_HAS_SITE_ID,
				       .carrier = BGP_CARRIER_COMMUNITY,
				       .report = { .has = REPORT_SCORE, .score = 7 } };
	struct bgp_route route = { .neighbor = 1, .path = &path, .dst.prefix.len = 32 };

	route.dst.prefix.addr = addr_of_v4((uint8_t[]){ 198, 51, 100, (uint8_t)(80 + *at) });
	visit(user, &route);
	*at = (*at + 1) % 3;
}

bool feed_station(const struct feed *feed, size_t index, struct feed_station_view *ret)
{
	static const struct feed_station_config config = { .name = "noc", .monitor = 3 };

	*ret = (struct feed_station_view){ .config = &config,
					   .state = "waiting",
					   .last_error = "" };
	return !index;
}

bool igp_next_hop(const struct igp *igp, size_t index, struct addr *ret_addr, struct igp_route *ret)
{
	*ret_addr = (struct addr){ .octet = { [15] = 1 } };
	*ret = (struct igp_route){ .fault = "no route leads to the next hop" };
	return !index;
}

int feed_mrt_dump(struct feed *feed, const char *name, const char **ret_path)
{
	*ret_path = "/mrt/rib";
	return name && *name == '/' ? -EINVAL : 0;
}

void feed_mrt_view(const struct feed *feed, struct feed_mrt_view *ret)
{
	static const struct feed_mrt_config config = { .directory = "/mrt" };

	*ret = (struct feed_mrt_view){
		.config = &config, .table = "/mrt/rib", .log = "", .last_error = ""
	};
}

bool tables_site(const struct tables *tables, size_t index, struct site_state *ret)
{
	*ret = (struct site_state){ .fault = "" };
	return !index;
}

bool tables_site_at(const struct tables *tables, uint32_t site, struct site_state *ret)
{
	*ret = (struct site_state){ .fault = "",
				    .entry = { .encap = MG_ENCAP_VXLAN,
					       .outer_dst = { [15] = 9 },
					       .flags = MG_UNIFORM | MG_DSCP,
					       .dscp = 46,
					       .vni = 77,
					       .mtu = 1500,
					       .segment_count = 1,
					       .segment = { { [15] = 8 } },
					       .nexthop_count = 3 } };
	ret->nexthop[0] = ret->nexthop[2] = (struct mg_nexthop){
		.ifindex = 3, .vlan = 7, .outer_vlan = 8, .outer_type = 0x88a8
	};
	ret->nexthop[1] = (struct mg_nexthop){ .ifindex = 4, .flags = MG_KEEP_TAGS };
	return true;
}

bool tables_endpoint(const struct tables *tables, size_t index, struct endpoint_state *ret)
{
	*ret = (struct endpoint_state){ .addr.octet = { [15] = 5 },
					.entry = { .strip = 1 << MG_ENCAP_SRV6 | 1 << MG_ENCAP_GRE,
						   .behavior = MG_END_DX6,
						   .flags = MG_KERNEL } };
	return !index;
}

bool tables_port(const struct tables *tables, size_t index, struct port_state *ret)
{
	*ret = (struct port_state){ .name = "acc0", .mtu = 1500 };
	return !index;
}

void tables_service_state(const struct table_service *service, struct service_state *ret)
{
	*ret = (struct service_state){ .key = service->key,
				       .entry.slot_mask = SLOTS - 1,
				       .entry.slot_base = BASE,
				       .entry.index = INDEX,
				       .entry.member_base = MEMBERS,
				       .slots_stable = SLOTS };
}

bool tables_slot(const struct table_service *service, uint32_t slot, struct mg_slot *ret)
{
	*ret = (struct mg_slot){ .now = slot % 4 ? 1 : 2, .next = slot % 4 ? 2 : 1 };
	return slot < SLOTS;
}

bool tables_member(const struct table_service *service, uint16_t member, struct mg_member *ret,
		   struct mg_counter *ret_counter, uint32_t *ret_slots)
{
	*ret = (struct mg_member){ .state = MG_UP };
	*ret_counter = (struct mg_counter){ .packets = UINT64_MAX };
	*ret_slots = 1;
	return member < 3;
}

size_t tables_pins(const struct tables *tables, uint64_t now_ns,
		   void (*visit)(void *user, const struct pin_state *pin), void *user)
{
	for (uint32_t i = 0; i < 1500; i++)
		visit(user, &(struct pin_state){
				    .slot = BASE + i, .member = 1, .service = &tables->web });
	return 1500;
}

void tables_verdicts(const struct tables *tables, struct mg_counter ret[MG_VERDICT_COUNT])
{
	ret[MG_FORWARD].packets = 5;
}

void tables_events(const struct tables *tables, uint64_t ret[MG_EVENT_COUNT])
{
	ret[0] = 1;
}

bool tables_map(struct tables *tables, size_t index, uint64_t now_ns, struct map_state *ret)
{
	static const struct map_state maps[] = {
		{ "mg_slots", "array", 1000, false, true, 950, true, 960, 8000 },
		{ "mg_pins", "array", 1000, false, true, 5, true, 901, 8000 },
		{ "mg_sites", "array", 1000, false, true, 900, true, 900, 0 },
		{ "mg_settings", "array", 1, false, false, 0, false, 0, 4096 },
		{ "mg_trace", "ring", 4096, true, true, 4000, false, 0, 8192 },
	};

	if (index >= ARRAY_SIZE(maps))
		return false;
	*ret = maps[index];
	return true;
}

void ingress_watch(struct ingress *ingress,
		   void (*decides)(void *user, const struct ingress_decision *decision), void *user)
{
	ingress->decides = decides;
	ingress->decides_user = user;
}

int router_reload(void *user, const char *file, char **ret_error)
{
	*ret_error = strdup("no");
	return file ? -EINVAL : -EBUSY;
}

void router_open(struct router *r)
{
	*r = (struct router){ .ingress.tables = &r->tables };
	strcpy(r->dir, "/tmp/request_test.XXXXXX");
	if (!mkdtemp(r->dir))
		abort();
	snprintf(r->path, sizeof(r->path), "%s/s", r->dir);
	strcpy(r->config.state_dir, r->dir);
	strcpy(r->config.egress.site_name, "here");
	r->config.tables.hash_seed = 42;
	strcpy(r->config.class_name[0], "edge");
	strcpy(r->config.class_name[1], "cloud");
	r->config.class_count = 2;
	r->config.scores = scores_default;
	r->context = (struct mgmt_context){ .tables = &r->tables,
					    .bgp = &r->bgp,
					    .ingress = &r->ingress,
					    .egress = &r->egress,
					    .prober = (struct prober *)&r->config,
					    .reflector = (struct reflector *)&r->config,
					    .config = &r->config,
					    .feed = &r->feed,
					    .igp = &r->igp,
					    .gatherers = (struct gatherers *)&r->config,
					    .reload = router_reload };
	r->empty = (struct mgmt_context){ .config = &r->config, .reload = router_reload };
	r->recorders = recorders_new();
	if (!r->recorders || durable_open(r->dir, &r->durable) < 0)
		abort();
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	return remove(path);
}

void router_close(struct router *r)
{
	recorders_free(&r->recorders);
	durable_free(&r->durable);
	nftw(r->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

bool prober_view(const struct prober *prober, size_t index, struct prober_view *ret)
{
	if (index > 1)
		return false;
	*ret = (struct prober_view){ .egress.octet = { [15] = 1 }, .fault = "" };
	if (index) {
		ret->rtt_s = ret->median_s = ret->least_s = -1;
		ret->fault = "no answer in 3 s";
		ret->loss = 1;
	} else {
		ret->rtt_s = ret->median_s = 0.0125;
		ret->least_s = 0.012;
	}
	return true;
}

void reflector_counts(const struct reflector *reflector, struct reflector_counts *ret)
{
	*ret = (struct reflector_counts){ .reflected = 7, .refused = 1 };
}

/* One command that has said nothing good. */
void egress_collectors(const struct egress *egress,
		       void (*visit)(void *user, const struct collector_view *view), void *user)
{
	static const struct agent_config config = { .kind = AGENT_EXEC, .path = "tell-load" };
	const struct collector_view view = { .config = &config,
					     .said = true,
					     .fault = "collector: it has ended with status 1",
					     .users = 2,
					     .stats = { .lines = 3, .bad_lines = 3, .starts = 4 } };

	visit(user, &view);
}

/* No cluster that could be watched. */
const struct cluster *guests_cluster(const struct guests *guests, size_t index)
{
	return NULL;
}

/* Two collectors: one that answers, one that is down. */
bool gatherers_view(const struct gatherers *gatherers, size_t index, struct gather_view *ret)
{
	static struct mapping mapping = { .name = "node-exporter" };
	static struct gather_config configs[2] = {
		{ .name = "node", .mapping = &mapping, .target.url = "http://192.0.2.1:9100/" },
		{ .name = "gpu", .mapping = &mapping },
	};

	if (index > 1)
		return false;
	*ret = (struct gather_view){
		.config = &configs[index],
		.state = index ? GATHER_DOWN : GATHER_GOOD,
		.last_good_ms = index ? 0 : 1,
		.last_error = index ? "answers with HTTP status 404; see the path" : "",
		.reading = index ? NULL : (const struct reading *)&configs[0],
	};
	return true;
}

bool reading_value(const struct reading *r, size_t i, const struct reading_time *now,
		   struct reading_value *ret)
{
	*ret = (struct reading_value){ .name = i ? "capacity" : "in-flight",
				       .known = r && !i,
				       .value = 3.5,
				       .sampled_ms = now->unix_ms - 1000 };
	return i < 2;
}

void reading_stats(const struct reading *r, struct reading_stats *ret)
{
	*ret = (struct reading_stats){ .samples = r ? 12 : 0 };
}
