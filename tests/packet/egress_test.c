/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A site's services, with real tables, collectors that follow a file, and a real BGP session to a
 * neighbour on loopback, which counts what it is told.
 */
#include "agent/gather.h"
#include "egress/collector.h"
#include "egress/egress.h"

#include "netns.h"
#include "speakers.h"

#define SLOTS 64

static const struct tables_config tables_config = {
	.pin_dir = "/sys/fs/bpf/margay",
	.services = 64,
	.slots = 1 << 13,
	.pin_sets = 64,
	.members = 2048,
	.sites = 64,
	.hash_seed = 42,
};

static struct lab {
	struct speakers all;
	struct speaker_seen *site, *far;
	struct tables *tables;
	struct egress *egress;
	char file[2][64]; /* of the collectors */
} lab;

static void lab_up(void)
{
	struct egress_config config = { .site_id = 7,
					.tunnel.kind = BGP_TUNNEL_IPIP,
					.local.strip = 1 << MG_ENCAP_IPIP };
	struct bgp_neighbor_config to, from;

	kernel_private();
	netns_new();
	speakers_open(&lab.all);
	for (int i = 0; i < 2; i++) {
		snprintf(lab.file[i], sizeof(lab.file[i]), "/tmp/egress_test.%d.%d", getpid(), i);
		unlink(lab.file[i]);
	}
	cr_assert(eq(int, tables_open(&lab.all.loop, &tables_config, &lab.tables), 0));
	lab.site = speaker_add(&lab.all, 0);
	lab.far = speaker_add(&lab.all, 1);
	config.tunnel.endpoint = config.next_hop_v4 = speaker_addr(0);
	cr_assert(eq(int,
		     egress_new(&lab.all.loop, lab.tables, lab.site->bgp, &config, &lab.egress),
		     0));
	to = neighbor_of(lab.site, 1);
	to.carriers_send = BGP_CARRIER_COMMUNITY;
	from = neighbor_of(lab.far, 0);
	from.carriers_accept = BGP_CARRIER_COMMUNITY;
	neighbor_put(lab.site, &to);
	neighbor_put(lab.far, &from);
	LOOP_UNTIL(&lab.all, is_up(lab.site, 0) && is_up(lab.far, 0));
	loop_for(&lab.all, 30);
}

static void lab_down(void)
{
	egress_free(&lab.egress);
	tables_close(&lab.tables);
	speakers_close(&lab.all);
	for (int i = 0; i < 2; i++)
		unlink(lab.file[i]);
}

/* Service NUMBER is 192.0.2.NUMBER, with two instances. */
static struct egress_service_config service(uint8_t number, uint16_t port)
{
	struct egress_service_config config = {
		.key = { .port = port, .proto = 6, .scope = MG_SCOPE_EGRESS },
		.slots = SLOTS,
		.idle_s = 10,
		.instance = { addr_text("10.1.0.1"), addr_text("10.1.0.2") },
		.instance_count = 2,
		.capacity = 8,
		.discipline = { .min_s = 0.2, .max_s = 1, .threshold = 0.15 },
	};
	struct addr addr = addr_of_v4((uint8_t[]){ 192, 0, 2, number });

	memcpy(config.key.addr, addr.octet, sizeof(config.key.addr));
	snprintf(config.name, sizeof(config.name), "s%u-%u", number, port);
	return config;
}

static void configure(const struct egress_service_config *services, size_t count)
{
	cr_assert(eq(int, egress_configure(lab.egress, services, count), 0));
}

static void collect_by(struct egress_service_config *config, int file)
{
	config->collector.kind = AGENT_FILE;
	config->collector.timeout_ms = 1000;
	snprintf(config->collector.path, sizeof(config->collector.path), "%s", lab.file[file]);
}

static void collector_says(int file, const char *line)
{
	FILE *f = fopen(lab.file[file], "a");

	cr_assert(f != NULL);
	fprintf(f, "%s\n", line);
	fclose(f);
}

static struct egress_service_view view(size_t index)
{
	struct egress_service_view ret = { 0 };

	cr_assert(egress_service(lab.egress, index, &ret));
	return ret;
}

static uint64_t updates(void)
{
	return state_of(lab.site, 0).updates_out;
}

static uint64_t routes(void)
{
	return state_of(lab.far, 0).prefixes_in;
}

static struct report load(double in_flight)
{
	return (struct report){ .has = REPORT_IN_FLIGHT, .in_flight = in_flight };
}

static void slots_read(size_t index, uint16_t ret[SLOTS])
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct mg_slot slot;

		cr_assert(tables_slot(view(index).table, i, &slot));
		ret[i] = slot.now;
	}
}

static size_t slots_of(size_t index, uint16_t member)
{
	uint16_t now[SLOTS];
	size_t count = 0;

	slots_read(index, now);
	for (size_t i = 0; i < SLOTS; i++)
		count += now[i] == member;
	return count;
}

Test(egress, announces_what_it_hosts, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config two[] = { service(80, 80), service(81, 80) };

	configure(two, 2);
	LOOP_UNTIL(&lab.all, routes() == 2);
	cr_expect(eq(int, lab.far->path.tunnel.kind, BGP_TUNNEL_IPIP));
	cr_expect(eq(u16, lab.far->path.site_id, 7));
	cr_expect(epsilon_eq(dbl, lab.far->path.report.capacity, 8, 0.01));
	cr_expect(view(0).announced);
	cr_expect(eq(sz, slots_of(0, 1) + slots_of(0, 2), SLOTS));
	cr_expect(ne(sz, slots_of(0, 1), 0));
	cr_expect(ne(sz, slots_of(0, 2), 0));
	configure(two, 1);
	LOOP_UNTIL(&lab.all, routes() == 1);
}

Test(egress, sends_nothing_for_nothing, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config two[] = { service(80, 80), service(81, 80) };
	uint64_t sent;

	configure(two, 2);
	LOOP_UNTIL(&lab.all, routes() == 2);
	sent = updates();
	configure(two, 2);
	configure(two, 2);
	egress_drain(lab.egress, NULL, false);
	loop_for(&lab.all, 300);
	cr_expect(eq(u64, updates(), sent));
	cr_expect(eq(u64, view(0).updates_sent, 1));
}

Test(egress, changes_in_place, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config config = service(80, 80);
	uint16_t before[SLOTS], after[SLOTS];
	struct table_service *table;
	struct mg_counter counter;
	struct mg_member member;
	uint32_t owned;
	uint64_t sent;

	configure(&config, 1);
	LOOP_UNTIL(&lab.all, routes() == 1);
	table = view(0).table;
	sent = updates();
	slots_read(0, before);

	config.instance[config.instance_count++] = addr_text("10.1.0.3");
	config.discipline.min_s = 0.1;
	configure(&config, 1);
	slots_read(0, after);
	cr_expect(view(0).table == table);
	cr_expect(ne(sz, slots_of(0, 3), 0));
	for (size_t i = 0; i < SLOTS; i++)
		cr_expect(after[i] == before[i] || after[i] == 3, "slot %zu", i);

	config.instance[0] = config.instance[2]; /* 1 leaves, 2 and 3 stay */
	config.instance_count = 2;
	configure(&config, 1);
	cr_expect(eq(sz, slots_of(0, 1), 0));
	cr_assert(tables_member(table, 1, &member, &counter, &owned));
	cr_expect(ne(int, (int)member.state, MG_UP), "given back");
	cr_expect(eq(sz, slots_of(0, 2) + slots_of(0, 3), SLOTS));

	slots_read(0, before);
	config.idle_s = 20;
	configure(&config, 1);
	cr_expect(eq(sz, slots_of(0, MG_MEMBER_NONE), 0), "anew, and filled at once");
	loop_for(&lab.all, 300);
	cr_expect(eq(u64, updates(), sent), "nothing of it is the neighbour's business");
	cr_expect(eq(uint, lab.far->withdrawn, 0));

	config.capacity = 16;
	configure(&config, 1);
	LOOP_UNTIL(&lab.all, lab.far->path.report.capacity > 15);
	cr_expect(eq(uint, lab.far->withdrawn, 0));
	cr_expect(eq(u64, updates(), sent + 1));
}

Test(egress, scores_as_configured, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config config = service(80, 80);
	struct report half = { .has = REPORT_UTILISATION, .utilisation = 0.5 };
	struct scores scores = scores_default;

	scores.metric[0].best = 0.4;
	egress_scores_set(lab.egress, &scores);
	configure(&config, 1);
	LOOP_UNTIL(&lab.all, routes() == 1);
	cr_assert(eq(int, egress_metric(lab.egress, "s80-80", &half), 0));
	LOOP_UNTIL(&lab.all, lab.far->path.report.has & REPORT_SCORE);
	cr_expect(eq(int, lab.far->path.report.score, 8));
	half.has |= REPORT_SCORE;
	half.score = 2;
	cr_assert(eq(int, egress_metric(lab.egress, "s80-80", &half), 0));
	LOOP_UNTIL(&lab.all, lab.far->path.report.score == 2);
}

static void pressure_is(const char *dir, const char *resource, double percent)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, resource);
	f = fopen(path, "w");
	cr_assert(f != NULL);
	fprintf(f, "some avg10=%g avg60=0.00 avg300=0.00 total=0\n", percent);
	fclose(f);
}

/* The value is that part of the pressure of this resource, times scale. */
static void mapped(struct mapping *m, const char *name, const char *resource, double scale)
{
	struct mapping_value *v = &m->value[m->value_count++];

	strcpy(v->name, name);
	strcpy(v->of[0].metric[0], "psi_avg10");
	strcpy(v->of[0].matcher[0].label, "resource");
	strcpy(v->of[0].matcher[0].value, resource);
	v->of[0].metric_count = v->of[0].matcher_count = v->of_count = 1;
	v->scale = scale;
}

/* Busy slots, and how full a GPU's memory is, which no report has a field for. */
Test(egress, scores_what_collectors_give, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config config = service(80, 80);
	struct gather_config asked = { .name = "node",
				       .kind = GATHER_LOCAL,
				       .interval_ms = 100,
				       .timeout_ms = 1000,
				       .max_age_ms = 10000 };
	struct scores scores = scores_default;
	struct gatherers *gatherers;
	char *dir = asked.pressure.psi_dir;

	strcpy(dir, "/tmp/egress_test.XXXXXX");
	cr_assert(mkdtemp(dir) != NULL);
	pressure_is(dir, "cpu", 60);
	pressure_is(dir, "io", 0);
	pressure_is(dir, "memory", 70);
	asked.mapping = mapping_new("node");
	mapped(asked.mapping, "busy", "cpu", 10);
	mapped(asked.mapping, "gpu-memory-utilisation", "memory", 1);
	strcpy(scores.metric[0].type, "gpu-memory-utilisation");
	cr_assert(eq(int, gatherers_new(&lab.all.loop, &gatherers), 0));
	cr_assert(eq(int, gatherers_configure(gatherers, &asked, 1), 0));
	egress_gather_from(lab.egress, gatherers);
	egress_scores_set(lab.egress, &scores);
	config.collector = (struct agent_config){ .kind = AGENT_NAMED, .path = "node" };
	configure(&config, 1);
	LOOP_UNTIL(&lab.all, lab.far->path.report.has & REPORT_SCORE);
	cr_expect(eq(int, lab.far->path.report.score, 3), "1 - 0.7 of 10");
	cr_expect(epsilon_eq(dbl, view(0).report.utilisation, 0.75, 1e-9),
		  "6 busy slots of the 8 that are configured");
	cr_expect(value_set_find(view(0).values, "gpu-memory-utilisation") != NULL);
	pressure_is(dir, "memory", 10);
	LOOP_UNTIL(&lab.all, lab.far->path.report.score == 9);
	config.collector.kind = AGENT_NONE;
	configure(&config, 1);
	LOOP_UNTIL(&lab.all, !(lab.far->path.report.has & REPORT_SCORE));
	cr_expect(eq(sz, view(0).values->count, 0), "nobody would renew it");
	configure(NULL, 0);
	gatherers_free(&gatherers);
	mapping_unref(&asked.mapping);
	for (const char *const *name = (const char *const[]){ "cpu", "io", "memory", NULL }; *name;
	     name++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%s", dir, *name);
		unlink(path);
	}
	rmdir(dir);
}

Test(egress, spaces_updates, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config config = service(80, 80);
	struct report little = load(1), more = load(1.1), much = load(100), drain = load(100);
	uint64_t sent, start;

	configure(&config, 1);
	LOOP_UNTIL(&lab.all, routes() == 1);
	loop_for(&lab.all, 250); /* min_s is over */
	sent = updates();
	cr_assert(eq(int, egress_metric(lab.egress, "s80-80", &little), 0));
	loop_for(&lab.all, 50);
	cr_expect(eq(u64, updates(), sent + 1), "the first load is news");
	LOOP_UNTIL(&lab.all, lab.far->path.report.has & REPORT_SCORE);
	cr_expect(eq(int, lab.far->path.report.score, 9), "one of eight is busy");

	start = uv_hrtime();
	egress_metric(lab.egress, "s80-80", &more);
	loop_for(&lab.all, 500);
	cr_expect(eq(u64, updates(), sent + 1), "no news: not before update_max_s");
	LOOP_UNTIL(&lab.all, updates() == sent + 2);
	cr_expect(uv_hrtime() - start > 900000000);

	start = uv_hrtime();
	egress_metric(lab.egress, "s80-80", &much);
	loop_for(&lab.all, 100);
	cr_expect(eq(u64, updates(), sent + 2), "news: not before min_s");
	LOOP_UNTIL(&lab.all, updates() == sent + 3);
	cr_expect(lt(dbl, (double)(uv_hrtime() - start), 0.9e9));

	cr_assert(eq(int, egress_drain(lab.egress, "s80-80", true), 0));
	loop_for(&lab.all, 50);
	cr_expect(eq(u64, updates(), sent + 4), "an operator's drain is told at once");
	LOOP_UNTIL(&lab.all, lab.far->path.report.drain);
	drain.drain = true;
	egress_metric(lab.egress, "s80-80", &drain);
	loop_for(&lab.all, 1200);
	cr_expect(eq(u64, updates(), sent + 4), "and nothing when nothing changes");
	cr_expect(eq(int, egress_drain(lab.egress, "s99", true), -ENOENT));
	cr_expect(eq(int, egress_metric(lab.egress, "s99", &more), -ENOENT));
}

Test(egress, announces_while_its_collector_reports, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config config = service(80, 80);

	collect_by(&config, 0);
	configure(&config, 1);
	loop_for(&lab.all, 300);
	cr_expect(eq(u64, routes(), 0));
	cr_expect(ne(str, (char *)view(0).fault, (char *)""));
	collector_says(0, "{\"service\": \"other\", \"in-flight\": 1}");
	loop_for(&lab.all, 300);
	cr_expect(eq(u64, routes(), 0), "that was for another service");
	collector_says(0, "{\"service\": \"s80-80\", \"in-flight\": 2}");
	LOOP_UNTIL(&lab.all, routes() == 1);
	LOOP_UNTIL(&lab.all, lab.far->withdrawn == 1); /* silent for its timeout */
	cr_expect(not(view(0).announced));
	cr_expect(eq(sz, slots_of(0, MG_MEMBER_NONE), 0), "flows that run stay");
	collector_says(0, "{}");
	LOOP_UNTIL(&lab.all, routes() == 1);
	cr_expect(eq(str, (char *)view(0).fault, (char *)""));
}

Test(egress, changes_collectors_without_a_gap, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config config = service(80, 80);

	collect_by(&config, 0);
	collector_says(0, "{\"in-flight\": 2}");
	configure(&config, 1);
	LOOP_UNTIL(&lab.all, routes() == 1);
	collector_says(1, "{\"in-flight\": 3}");
	collect_by(&config, 1);
	configure(&config, 1);
	loop_for(&lab.all, 400);
	cr_expect(eq(uint, lab.far->withdrawn, 0));
	collector_says(1, "{\"in-flight\": 3}"); /* the first may be too old when it is read */
	LOOP_UNTIL(&lab.all, lab.far->path.report.in_flight > 2.5);
	cr_expect(eq(uint, lab.far->withdrawn, 0));

	config.collector.timeout_ms = 0; /* which the agent refuses */
	cr_expect(eq(int, egress_configure(lab.egress, &config, 1), -EINVAL));
	LOOP_UNTIL(&lab.all, lab.far->withdrawn == 1);
	cr_expect(eq(str, (char *)view(0).fault,
		     (char *)"its collector could not be started, see the log"));
	config.collector.kind = AGENT_NONE;
	configure(&config, 1);
	LOOP_UNTIL(&lab.all, routes() == 1);
	cr_expect(eq(u32, view(0).report.has, REPORT_CAPACITY), "what the collector said is over");
}

Test(egress, shares_a_collector, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config two[] = { service(80, 80), service(81, 80) };

	collect_by(&two[0], 0);
	collect_by(&two[1], 0);
	two[1].announce_without_report = true;
	configure(two, 2);
	LOOP_UNTIL(&lab.all, routes() == 1);
	collector_says(0, "{\"in-flight\": 2}");
	LOOP_UNTIL(&lab.all, routes() == 2);
	configure(two + 1, 1); /* the other goes on with it */
	LOOP_UNTIL(&lab.all, routes() == 1);
	collector_says(0, "{\"in-flight\": 5}");
	LOOP_UNTIL(&lab.all, view(0).report.in_flight > 4);
	LOOP_UNTIL(&lab.all, !(view(0).report.has & REPORT_IN_FLIGHT));
	cr_expect(eq(u64, routes(), 1), "without a report, but announced");
}

/* The first of an address tells the route; the others neither send nor keep it from being sent. */
static void keep_view(void *user, const struct collector_view *view)
{
	struct collector_view *all = user;

	while (all->config)
		all++;
	*all = *view;
}

static uint64_t bad_lines(void)
{
	struct collector_view all[4] = { 0 };
	uint64_t n = 0;

	egress_collectors(lab.egress, keep_view, all);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		n += all[i].stats.bad_lines;
	return n;
}

Test(egress, shows_each_collector_once, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config services[] = { service(80, 80), service(81, 80),
						    service(82, 80), service(83, 80) };
	struct collector_view all[4] = { 0 };
	size_t shared;

	collect_by(&services[0], 0);
	collect_by(&services[1], 1);
	collect_by(&services[2], 0);
	configure(services, ARRAY_SIZE(services));
	collector_says(0, "{\"in-flight\": 2}");
	LOOP_UNTIL(&lab.all, view(0).report.in_flight > 1 && view(2).report.in_flight > 1);
	collector_says(0, "{\"in-flight\": -2}");
	LOOP_UNTIL(&lab.all, bad_lines() == 1);
	egress_collectors(lab.egress, keep_view, all);
	cr_assert(all[1].config && !all[2].config, "two of them");
	shared = strcmp(all[0].config->path, lab.file[0]) ? 1 : 0;
	cr_expect(eq(uint, all[shared].users, 2));
	cr_expect(all[shared].up);
	cr_expect(all[shared].report_ms > 0);
	cr_expect(eq(u64, all[shared].stats.lines, 2));
	cr_expect(eq(u64, all[shared].stats.bad_lines, 1));
	cr_expect(eq(uint, all[1 - shared].users, 1));
	cr_expect_not(all[1 - shared].up);
	cr_expect(eq(i64, all[1 - shared].report_ms, 0));
}

Test(egress, tells_one_route_an_address, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config two[] = { service(80, 443), service(80, 80) };
	struct report some = load(1), more = load(1.1), much = load(100);
	uint64_t sent;

	configure(two, 2);
	LOOP_UNTIL(&lab.all, routes() == 1);
	egress_metric(lab.egress, "s80-80", &some);
	LOOP_UNTIL(&lab.all, lab.far->path.report.in_flight > 0.9);
	loop_for(&lab.all, 300);
	sent = updates();
	egress_metric(lab.egress, "s80-80", &more); /* which can wait */
	for (int i = 0; i < 5; i++) {
		egress_metric(lab.egress, "s80-443", &much);
		loop_for(&lab.all, 50);
	}
	cr_expect(eq(u64, updates(), sent));
	egress_drain(lab.egress, "s80-443", true);
	LOOP_UNTIL(&lab.all, lab.far->path.report.drain);
	egress_drain(lab.egress, "s80-443", false);
	LOOP_UNTIL(&lab.all, !lab.far->path.report.drain);
	cr_assert(eq(int, egress_withdraw(lab.egress, "s80-80"), 0));
	LOOP_UNTIL(&lab.all, lab.far->path.report.in_flight > 99);
	cr_expect(eq(uint, lab.far->withdrawn, 0));
	cr_assert(eq(int, egress_withdraw(lab.egress, "s80-443"), 0));
	LOOP_UNTIL(&lab.all, routes() == 0);
}

Test(egress, obeys_the_operator, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config file = service(80, 80), cli = service(81, 80);
	struct egress_service_view gone;

	configure(&file, 1);
	cr_assert(eq(int, egress_announce(lab.egress, &cli), 0));
	LOOP_UNTIL(&lab.all, routes() == 2);
	cr_expect(view(1).from_cli);
	cr_expect(eq(int, egress_announce(lab.egress, &cli), -EEXIST));
	cr_expect(eq(int, egress_announce(lab.egress, &file), -EEXIST));
	cr_expect(eq(int, egress_withdraw(lab.egress, "s82-80"), -ENOENT));

	cr_expect(eq(int, egress_withdraw(lab.egress, "s80-80"), 0));
	LOOP_UNTIL(&lab.all, routes() == 1);
	cr_expect(eq(int, egress_withdraw(lab.egress, "s80-80"), -ENOENT));
	configure(&file, 1);
	loop_for(&lab.all, 100);
	cr_expect(eq(u64, routes(), 1), "a reload does not undo it, and leaves the CLI's alone");
	cr_expect(eq(str, (char *)view(0).fault, (char *)"withdrawn by an operator"));
	cr_expect(eq(int, egress_announce(lab.egress, &file), 0));
	LOOP_UNTIL(&lab.all, routes() == 2);

	cr_expect(eq(int, egress_withdraw(lab.egress, "s81-80"), 0));
	LOOP_UNTIL(&lab.all, routes() == 1);
	cr_expect(not(egress_service(lab.egress, 1, &gone)));
	cr_assert(eq(int, egress_announce(lab.egress, &cli), 0), "its address is free again");
	LOOP_UNTIL(&lab.all, routes() == 2);
}

static int offer(const char *origin, const struct egress_service_config *service)
{
	int result = 1;

	egress_offer(lab.egress, origin, service, !!service, &result);
	return result;
}

Test(egress, takes_offers, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config guest = service(80, 80);
	uint16_t before[SLOTS], after[SLOTS];

	strcpy(guest.name, "games/chess");
	guest.availability = 50;
	cr_assert(eq(int, offer("kube", &guest), 0));
	LOOP_UNTIL(&lab.all, routes() == 1);
	cr_expect(eq(str, (char *)view(0).origin, "kube"));
	cr_expect(eq(uint, lab.far->path.report.availability, 50));
	slots_read(0, before);
	guest.drain = true;
	cr_assert(eq(int, offer("kube", &guest), 0));
	LOOP_UNTIL(&lab.all, lab.far->path.report.drain);
	guest.drain = false;
	guest.absent = true;
	guest.instance_count = 0;
	cr_assert(eq(int, offer("kube", &guest), 0));
	LOOP_UNTIL(&lab.all, routes() == 0);
	cr_expect(eq(str, (char *)view(0).fault, "none of its servers is ready"));
	cr_expect(eq(sz, view(0).config->instance_count, 2), "flows that run find theirs");
	cr_assert(eq(int, egress_withdraw(lab.egress, "games/chess"), 0));
	guest = service(80, 80);
	strcpy(guest.name, "games/chess");
	cr_assert(eq(int, offer("kube", &guest), 0));
	loop_for(&lab.all, 100);
	cr_expect(eq(u64, routes(), 0), "an operator's withdrawal outlives its pods");
	cr_assert(eq(int, egress_announce(lab.egress, view(0).config), 0));
	LOOP_UNTIL(&lab.all, routes() == 1);
	slots_read(0, after);
	cr_expect(eq(int, memcmp(before, after, sizeof(before)), 0));
	cr_expect(eq(int, offer("kube", NULL), 1));
	LOOP_UNTIL(&lab.all, routes() == 0);
	guest.absent = true;
	cr_expect(eq(int, offer("kube", &guest), 0), "nobody was ever there");
	cr_expect(not(egress_service(lab.egress, 0, &(struct egress_service_view){ 0 })));
}

/* The file, the command line, who was first: in that order, whatever the port. */
Test(egress, an_address_is_one_owners, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config file = service(80, 80), guest = service(80, 443),
				     cli = service(81, 80);

	strcpy(guest.name, "games/chess");
	configure(&file, 1);
	cr_expect(eq(int, offer("kube", &guest), -EEXIST));
	configure(NULL, 0);
	cr_expect(eq(int, offer("kube", &guest), 0));
	LOOP_UNTIL(&lab.all, routes() == 1);
	strcpy(guest.name, "web/shop");
	cr_expect(eq(int, offer("other", &guest), -EEXIST), "another cluster");
	guest.key.port = 8443;
	cr_expect(eq(int, offer("other", &guest), -EEXIST), "at another port");
	configure(NULL, 0);
	loop_for(&lab.all, 50);
	cr_expect(eq(str, (char *)view(0).config->name, "games/chess"), "a reload leaves it");
	configure(&file, 1);
	LOOP_UNTIL(&lab.all, routes() == 1);
	cr_expect(eq(str, (char *)view(0).config->name, "s80-80"), "the file has its address");
	cr_expect(not(egress_service(lab.egress, 1, &(struct egress_service_view){ 0 })));
	file.key.port = guest.key.port = 80;
	memcpy(guest.key.addr, cli.key.addr, sizeof(cli.key.addr));
	cr_expect(eq(int, offer("kube", &guest), 0));
	LOOP_UNTIL(&lab.all, routes() == 2);
	cr_expect(eq(int, egress_announce(lab.egress, &cli), 0), "the command line, too");
	cr_expect(view(1).from_cli);
	cr_expect(eq(str, (char *)view(1).origin, ""));
	cr_expect(eq(int, offer("kube", &guest), -EEXIST));
	cr_expect(eq(u64, routes(), 2));
}

/* The same key: the route stays. */
Test(egress, an_offer_becomes_the_files, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct egress_service_config guest = service(80, 80), file = service(80, 80);

	strcpy(guest.name, "games/chess");
	cr_assert(eq(int, offer("kube", &guest), 0));
	LOOP_UNTIL(&lab.all, routes() == 1);
	configure(&file, 1);
	cr_expect(eq(int, offer("kube", NULL), 1));
	loop_for(&lab.all, 100);
	cr_expect(eq(u64, routes(), 1));
	cr_expect(eq(uint, lab.far->withdrawn, 0));
	cr_expect(eq(str, (char *)view(0).origin, ""));
	cr_expect(eq(int, offer("kube", &guest), -EEXIST));
}

/* --- who listens here
 * ----------------------------------------------------------------------------- */
static struct heard {
	int announced, withdrawn, settled;
	struct prefix prefix;
	double capacity;
	uint32_t neighbor;
} heard;

static void hear_announced(void *user, const struct bgp_route *route)
{
	heard.announced++;
	heard.prefix = route->dst.prefix;
	heard.capacity = route->path->report.capacity;
	heard.neighbor = route->neighbor;
}

static void hear_withdrawn(void *user, const struct bgp_route *route)
{
	heard.withdrawn++;
	cr_expect(route->path == NULL);
}

static void hear_settled(void *user)
{
	heard.settled++;
}

static const struct egress_ops heard_ops = { .announced = hear_announced,
					     .withdrawn = hear_withdrawn,
					     .settled = hear_settled };

Test(egress, tells_the_own_ingress, .init = lab_up, .fini = lab_down, .timeout = 60)
{
	const struct egress_service_config web = service(1, 80);

	heard = (struct heard){ .neighbor = 9 };
	egress_listen(lab.egress, &heard_ops, NULL);
	configure(&web, 1);
	cr_expect(eq(int, heard.announced, 1));
	cr_expect(eq(u32, heard.neighbor, 0), "nobody else's");
	cr_expect(eq(u8, heard.prefix.len, 32));
	cr_expect(epsilon_eq(dbl, heard.capacity, 8, 1e-9));
	cr_assert(eq(int, egress_withdraw(lab.egress, web.name), 0));
	cr_expect(eq(int, heard.withdrawn, 1));
	cr_expect(eq(int, heard.settled, 2));
	configure(NULL, 0);
	cr_expect(eq(int, heard.withdrawn, 1), "it was gone already");
}
