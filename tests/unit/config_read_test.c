/* SPDX-License-Identifier: BSD-2-Clause */
/* What is read from a configuration, the examples' among others; config_test.c has the faults. */
#include "config_text.h"

Test(config, reads_the_ingress_example)
{
	_cleanup_(config_free) struct config *c = NULL;
	char text[ADDR_STRLEN];

	parse_file(SOURCE_ROOT "/docs/examples/ingress.yaml", &c);
	cr_expect(eq(str, c->router_name, "pe1"));
	cr_expect(eq(str, c->control_socket, "/run/margay/margayd.sock"));
	cr_expect(eq(str, (char *)c->tables.pin_dir, "/sys/fs/bpf/margay"));
	cr_expect(c->has_bgp && !c->has_egress);
	cr_expect(eq(u32, c->bgp.as, 65000));
	cr_expect(eq(u8, c->bgp.router_id[3], 1));
	cr_expect(eq(u16, c->bgp.port, 179));
	cr_expect(eq(sz, c->interface_count, 2));
	cr_expect(c->interface[0].port.role == PORT_ACCESS);
	cr_expect(c->interface[1].port.role == PORT_CORE);
	cr_expect(c->interface[0].port.attach == PORT_LINK, "by default");
	cr_assert(eq(sz, c->neighbor_count, 1));
	cr_expect(eq(str, (char *)addr_format(&c->neighbor[0].remote, text), "10.255.0.100"));
	cr_expect(eq(u32, c->neighbor[0].families, 3));
	cr_expect(c->neighbor[0].add_path_send && c->neighbor[0].add_path_receive);
	cr_expect(eq(u32, c->neighbor[0].carriers_send, BGP_CARRIER_COMMUNITY));
	cr_expect(eq(u32, c->neighbor[0].carriers_accept, 3));
	cr_expect(eq(u16, c->neighbor[0].hold_s, 9));
	cr_expect(eq(int, c->neighbor[0].graceful, BGP_GRACEFUL_HELPER));
	cr_expect(eq(u16, c->neighbor[0].restart_s, 120));
	cr_expect(eq(u16, c->neighbor[0].stale_s, 300));
	cr_expect(eq(u32, c->neighbor[0].long_lived_s, 0));
	cr_expect(eq(u16, c->neighbor[0].send_hold_s, 480));
	cr_expect(c->neighbor[0].extended_messages && !c->neighbor[0].shutdown);
	cr_expect(eq(u16, c->deferral_s, 15));
	cr_assert(eq(sz, c->site_count, 4));
	cr_expect(eq(str, c->site[1].name, "east"));
	cr_expect(eq(u8, c->site[1].egress.octet[0], 0x20));
	cr_expect(epsilon_eq(dbl, c->site[0].rtt_s, 0.002, 1e-9));
	cr_expect(epsilon_eq(dbl, c->site[0].service_time_s, 0.05, 1e-9));
	cr_assert(eq(sz, c->steer_count, 2));
	cr_expect(eq(str, c->steer[1].name, "web"));
	cr_expect(eq(u8, c->steer[0].key.proto, IPPROTO_TCP));
	cr_expect(eq(u16, c->steer[0].key.port, 80));
	cr_expect(eq(u8, c->steer[1].key.addr[0], 0x20));
	cr_expect(eq(u32, c->steer[0].slots, 4096));
	cr_expect(epsilon_eq(dbl, c->steer[0].weights.hysteresis, 0.005, 1e-9));
	cr_expect(epsilon_eq(dbl, c->steer[0].weights.queue_factor, 10, 1e-9));
	cr_expect(eq(dbl, c->steer[0].weights.expired_s, 50));
}

/* By a file of a border router, which has most of what carriers and freshness can be told. */
Test(config, reads_the_example_of_a_border)
{
	_cleanup_(config_free) struct config *c = NULL;

	parse_file(SOURCE_ROOT "/docs/examples/border.yaml", &c);
	cr_expect(eq(u16, c->bgp.metadata.report_type, 65300));
	cr_expect(c->bgp.metadata.scope_send);
	cr_expect(eq(u8, c->bgp.metadata.scope_count, 1));
	cr_expect(eq(u32, c->bgp.metadata.scope[0], 65010));
	cr_assert(eq(sz, c->neighbor_count, 4));
	cr_expect(eq(int, c->neighbor[0].domain, BGP_DOMAIN_BY_AS));
	cr_expect(eq(u32, c->neighbor[0].carriers_send,
		     BGP_CARRIER_COMMUNITY | BGP_CARRIER_EDGE_METADATA));
	cr_expect(eq(int, c->neighbor[1].domain, BGP_DOMAIN_INSIDE));
	cr_expect(eq(u32, c->neighbor[2].carriers_send, BGP_CARRIER_LINK_BANDWIDTH));
	cr_expect(eq(u32, c->neighbor[2].carriers_accept, BGP_CARRIER_LINK_BANDWIDTH));
	cr_expect(eq(int, c->neighbor[3].domain, BGP_DOMAIN_OUTSIDE));
	cr_assert(eq(sz, c->steer_count, 1));
	cr_expect(eq(dbl, c->steer[0].weights.stale_s, 8));
	cr_expect(eq(dbl, c->steer[0].weights.expired_s, 30));
	cr_expect(eq(int, c->steer[0].weights.on_missing, DISTRUST_EXCLUDE));
	cr_expect(eq(int, c->steer[0].weights.on_stale, DISTRUST_HOLD));
	cr_expect(eq(int, c->steer[0].weights.on_expired, DISTRUST_DEGRADE));
}

Test(config, reads_vrfs)
{
	static const char text[] = ROUTER TUNNEL SITE
		"vrfs:\n- {name: red, id: 3, rd: '65000:1', import: ['65000:1', '192.0.2.1:7'],\n"
		"   export: ['4200000000:1'], endpoint: '2001:db8::3'}\n"
		"- {name: blue, id: 127, rd: '2:65000:1'}\n"
		"interfaces: [{name: a, role: access, vrf: blue}, {name: b, role: edge}]\n"
		"services:\n- {name: r, vrf: red, addresses: [192.0.2.80], steer: ,\n"
		"   announce: {instances: [10.0.0.9]}}\n"
		"- {name: b, vrf: blue, addresses: [192.0.2.80], steer: }\n"
		"- {name: n, addresses: [192.0.2.80], steer: }\n";
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *c = NULL;
	char out[RD_STRLEN];

	cr_assert(eq(int, check(text, &c, &faults), 0), "%s",
		  faults.count ? faults.at[0].message : "");
	cr_assert(eq(sz, c->vrf_count, 2));
	cr_expect(eq(str, c->vrf[0].name, "red"));
	cr_expect(eq(u8, c->vrf[0].id, 3));
	cr_expect(eq(str, (char *)bgp_rd_format(&c->vrf[0].rd, out), "65000:1"));
	cr_assert(eq(sz, c->vrf[0].import_count, 2));
	cr_expect(eq(str, (char *)bgp_rt_format(&c->vrf[0].import[1], out), "192.0.2.1:7"));
	cr_assert(eq(sz, c->vrf[0].export_count, 1));
	cr_expect(eq(str, (char *)bgp_rt_format(&c->vrf[0].export[0], out), "4200000000:1"));
	cr_expect(eq(u8, c->vrf[0].endpoint.octet[15], 3));
	cr_expect(eq(str, (char *)bgp_rd_format(&c->vrf[1].rd, out), "2:65000:1"));
	cr_expect(addr_is_zero(&c->vrf[1].endpoint));
	cr_expect(eq(u8, c->interface[0].port.vrf, 127));
	cr_expect(eq(u8, c->interface[1].port.vrf, 0));
	cr_assert(eq(sz, c->steer_count, 3), "one address in three places is three services");
	cr_expect(eq(u8, c->steer[0].key.vrf, 3));
	cr_expect(eq(u8, c->steer[1].key.vrf, 127));
	cr_expect(eq(u8, c->steer[2].key.vrf, 0));
	cr_assert(eq(sz, c->announce_count, 1));
	cr_expect(eq(u8, c->announce[0].key.vrf, 3));
}

Test(config, reads_the_example_of_both_roles)
{
	_cleanup_(config_free) struct config *c = NULL;

	parse_file(SOURCE_ROOT "/docs/examples/both.yaml", &c);
	cr_expect(c->has_bgp && c->has_egress);
	cr_expect(eq(u32, c->egress.local.vni, 7001));
	cr_assert(eq(sz, c->tables.tags_count, 1));
	cr_expect(eq(u16, c->tables.tags[0].outer, 20));
	cr_assert(eq(sz, c->site_count, 2));
	cr_expect(eq(u8, c->site[0].carriage.segment_count, 2));
	cr_expect(eq(u8, c->site[0].carriage.format.csid_len, 16));
	cr_expect(eq(sz, c->site[1].server_id_count, 2));
	cr_assert(eq(sz, c->steer_count, 3));
	cr_expect(eq(int, c->steer[0].affinity, MG_AFFINITY_QUIC));
	cr_expect(c->steer[2].mss_auto);
}

Test(config, reads_the_network_of_a_vrf)
{
	_cleanup_(config_free) struct config *c = NULL;
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };

	cr_assert(eq(int,
		     check(ROUTER VXLAN RED
			   "endpoint: 10.0.0.3, vni: 16777215},\n"
			   "{name: blue, id: 4, rd: '65000:2', endpoint: 10.0.0.4}]\n",
			   &c, &faults),
		     0));
	cr_expect(eq(u32, c->vrf[0].vni, 16777215));
	cr_expect(eq(u32, c->vrf[1].vni, 0), "that of the site");
}

Test(config, reads_the_example_of_vrfs)
{
	_cleanup_(config_free) struct config *c = NULL;

	parse_file(SOURCE_ROOT "/docs/examples/vrfs.yaml", &c);
	cr_assert(eq(sz, c->vrf_count, 2));
	cr_expect(eq(u32, c->neighbor[0].families, BIT(BGP_VPN_IPV4) | BIT(BGP_VPN_IPV6)));
	cr_expect(eq(sz, c->vrf[1].import_count, 2));
	cr_expect(eq(u8, c->interface[1].port.vrf, 2));
	cr_expect(eq(u8, c->announce[0].key.vrf, 2));
}

Test(config, reads_the_example_of_feeds_and_igp)
{
	_cleanup_(config_free) struct config *c = NULL;

	parse_file(SOURCE_ROOT "/docs/examples/core.yaml", &c);
	cr_expect(c->has_igp);
	cr_expect(eq(u8, c->neighbor[0].limits.paths_out, 4));
	cr_expect(c->has_feeds);
	cr_assert(eq(sz, c->feeds.station_count, 1));
	cr_expect(eq(str, c->feeds.station[0].name, "noc"));
	cr_expect(eq(u32, c->feeds.mrt.table_s, 7200));
}

Test(config, reads_the_egress_example)
{
	_cleanup_(config_free) struct config *c = NULL;
	char text[ADDR_STRLEN];

	parse_file(SOURCE_ROOT "/docs/examples/egress.yaml", &c);
	cr_expect(c->has_egress);
	cr_expect(eq(u16, c->egress.site_id, 1));
	cr_expect(eq(str, c->egress.site_name, "east"));
	cr_expect(c->egress.tunnel.kind == BGP_TUNNEL_SRV6);
	cr_expect(eq(u16, c->egress.tunnel.behavior, 20)); /* RFC 8986: End.DT46 */
	cr_expect(eq(str, (char *)addr_format(&c->egress.next_hop_v6, text), "2001:db8:ff::11"));
	cr_assert(eq(sz, c->announce_count, 2));
	cr_expect(eq(u8, c->announce[0].key.scope, MG_SCOPE_EGRESS));
	cr_expect(eq(sz, c->announce[0].instance_count, 1));
	cr_expect(eq(str, (char *)addr_format(&c->announce[1].instance[0], text), "10.1.0.2"));
	cr_expect(c->announce[0].collector.kind == AGENT_EXEC);
	cr_expect(eq(u32, c->announce[0].collector.timeout_ms, 3000));
	cr_expect(epsilon_eq(dbl, c->announce[0].discipline.min_s, 1, 1e-9));
	cr_expect(epsilon_eq(dbl, c->announce[0].discipline.max_s, 5, 1e-9));
	cr_expect(epsilon_eq(dbl, c->announce[0].discipline.good_s, 2, 1e-9));
	cr_expect(epsilon_eq(dbl, c->announce[0].discipline.jitter, 0.1, 1e-9));
	cr_expect(epsilon_eq(dbl, c->announce[0].discipline.threshold, 0.15, 1e-9));
	cr_expect(epsilon_eq(dbl, c->announce[0].discipline.quantum, 0.001, 1e-9));
	cr_expect(c->announce[0].announce_without_report);
	cr_expect(epsilon_eq(dbl, c->announce[0].service_time_s, 0.05, 1e-9));
	cr_expect(epsilon_eq(dbl, c->announce[0].capacity, 8, 1e-9));
}

/* All that are installed, each by its file's name. */
Test(config, reads_the_ready_mappings)
{
	static const struct {
		const char *name, *kind;
		size_t values;
	} files[] = {
		{ "dcgm", "prometheus: {url: 'http://a/'}", 5 },
		{ "jitsi-videobridge", "prometheus: {url: 'http://a/'}", 3 },
		{ "kubelet", "prometheus: {url: 'http://a/'}", 3 },
		{ "kubernetes", "kubernetes: {url: 'http://a', service: web}", 3 },
		{ "local", "local: {}", 4 },
		{ "node-exporter", "prometheus: {url: 'http://a/'}", 4 },
		{ "nvenc", "prometheus: {url: 'http://a/'}", 4 },
		{ "orca", "orca: {url: 'http://a/'}", 3 },
		{ "triton", "prometheus: {url: 'http://a/'}", 6 },
		{ "vllm", "prometheus: {url: 'http://a/'}", 6 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
		_cleanup_(config_free) struct config *c = NULL;
		char text[512];
		int r;

		snprintf(text, sizeof(text),
			 "router: {mapping-directory: %s/tools/mappings}\n"
			 "collectors: [{name: a, mapping: %s, %s}]\n",
			 SOURCE_ROOT, files[i].name, files[i].kind);
		r = check(text, &c, &faults);
		cr_assert(eq(int, r, 0), "%s: %s", files[i].name,
			  faults.count ? faults.at->message : "");
		cr_expect(eq(sz, c->mapping_count, 1));
		cr_expect(eq(str, c->mapping[0]->name, (char *)files[i].name));
		cr_expect(eq(sz, c->mapping[0]->value_count, files[i].values), "%s", files[i].name);
	}
}

Test(config, reads_the_example_of_clusters)
{
	_cleanup_(config_free) struct config *c = NULL;
	const struct cluster_config *cluster;
	char text[PREFIX_STRLEN];

	parse_file(SOURCE_ROOT "/docs/examples/cluster.yaml", &c);
	cr_assert(eq(sz, c->guest_count, 2));
	cluster = &c->guest[0].cluster;
	cr_expect(eq(str, (char *)cluster->target.url, "https://10.1.0.10:6443"));
	cr_expect(eq(str, (char *)cluster->target.token_file, "/etc/margay/kube-token"));
	cr_expect(eq(u32, cluster->timeout_ms, 5000));
	cr_expect(eq(u32, cluster->max_age_ms, 600000));
	cr_expect(eq(u64, cluster->body_max, 4 << 20));
	cr_expect(eq(sz, cluster->policy.namespace_count, 2));
	cr_expect(eq(str, (char *)cluster->policy.namespace[1], "web"));
	cr_expect(eq(str, (char *)prefix_format(&cluster->policy.prefix[0], text),
		     "198.51.100.88/29"));
	cr_expect(eq(u32, cluster->policy.services_max, 8));
	cr_expect(eq(sz, cluster->node_count, 2));
	cr_expect(eq(sz, cluster->policy.endpoint_count, 0));
	cluster = &c->guest[1].cluster;
	cr_expect(eq(sz, cluster->node_count, 0));
	cr_expect(
		eq(str, (char *)prefix_format(&cluster->policy.endpoint[0], text), "10.2.0.0/24"));
	cr_expect(eq(u32, c->guest[1].slots, 256));
	cr_expect(eq(u32, c->guest[1].idle_s, 300));
	cr_expect(eq(dbl, c->guest[1].discipline.max_s, 5));
}

Test(config, reads_the_example_of_collectors)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *c = NULL;
	_cleanup_(freep) char *text = malloc(16384), *with = malloc(16384 + 512);
	FILE *f = fopen(SOURCE_ROOT "/docs/examples/collect.yaml", "r");
	const struct mapping_value *v;
	char *within;

	text[fread(text, 1, 16383, f)] = '\0';
	fclose(f);
	/* It names mappings that are installed: here they lie in the source. */
	within = strstr(text, "router:\n") + strlen("router:\n");
	sprintf(with, "%.*s  mapping-directory: %s/tools/mappings\n%s", (int)(within - text), text,
		SOURCE_ROOT, within);
	cr_assert(eq(int, check(with, &c, &faults), 0), "%s",
		  faults.count ? faults.at->message : "");
	cr_assert(eq(sz, c->gather_count, 3));
	cr_expect(eq(u32, c->gather[0].interval_ms, 1000));
	cr_expect(eq(u32, c->gather[1].interval_ms, 2000));
	cr_expect(eq(u32, c->gather[1].max_age_ms, 15000));
	cr_expect(eq(u64, c->gather[1].body_max, 4 << 20));
	cr_expect(eq(str, c->gather[1].target.token_file, "/etc/margay/farm-token"));
	cr_expect(eq(str, c->gather[2].pressure.psi_dir, "/proc/pressure"));
	cr_expect(eq(int, c->gather[2].kind, GATHER_LOCAL));
	cr_expect(eq(int, c->announce[1].collector.kind, AGENT_NAMED));
	cr_expect(eq(str, c->announce[1].collector.path, "farm machine"));
	v = &c->gather[1].mapping->value[2];
	cr_expect(eq(str, (char *)v->name, "service-time"));
	cr_expect(eq(dbl, v->scale, 0.001));
	cr_expect(v->of[0].rate);
	cr_expect(eq(str, (char *)v->per[0].metric[0], "farm_jobs_ended_total"));
	v = &c->gather[1].mapping->value[0];
	cr_expect(eq(sz, v->of_count, 2));
	cr_expect(eq(str, (char *)v->of[1].matcher[0].value, "queued"));
}

Test(config, reads_how_sites_are_reached)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *c = NULL;
	int r = check("tunnel: {source-v6: '2001:db8::9', dscp: 10}\n"
		      "sites:\n"
		      "- {name: a, egress: ['2001:db8::1', 10.0.0.1], mode: uniform,\n"
		      "   segments: ['fcbb:bb00:2::', 'fcbb:bb00:1::'],\n"
		      "   compress: {block-length: 32}, server-ids: [0a01, 'FF']}\n"
		      "- {name: b, egress: '2001:db8::2', dscp: 46}\n"
		      "- {name: c, egress: '2001:db8::3'}\n",
		      &c, &faults);
	const struct ingress_carriage *a, *b;

	cr_assert(eq(int, r, 0), "%s", faults.count ? faults.at->message : "");
	cr_assert(eq(sz, c->site_count, 4));
	a = &c->site[1].carriage;
	b = &c->site[2].carriage;
	cr_expect(eq(u32, a->flags, MG_UNIFORM));
	cr_assert(eq(u8, a->segment_count, 2));
	cr_expect(eq(u8, a->segment[0].octet[5], 2));
	cr_expect(eq(u8, a->segment[1].octet[5], 1));
	cr_expect(eq(u8, a->format.block_len, 32));
	cr_expect(eq(u8, a->format.csid_len, 16));
	cr_assert(eq(sz, c->site[1].server_id_count, 2));
	cr_expect(eq(u8, c->site[1].server_id[0].len, 2));
	cr_expect(eq(u8, c->site[1].server_id[0].octet[1], 1));
	cr_expect(eq(u8, c->site[1].server_id[1].octet[0], 0xff));
	cr_expect(eq(u32, b->flags, MG_DSCP));
	cr_expect(eq(u8, b->dscp, 46));
	cr_expect(eq(u8, b->format.block_len, 0));
	cr_expect(eq(u32, c->site[3].carriage.flags, MG_DSCP)); /* as in tunnel */
	cr_expect(eq(u8, c->site[3].carriage.dscp, 10));
	cr_expect(eq(u32, c->ingress.carriage.flags, MG_DSCP));
}

Test(config, reads_how_this_site_is_reached)
{
	static const uint8_t own[6] = { 2, 0, 10, 0, 0, 1 }, given[6] = { 2, 0xab, 0, 0, 0, 1 };
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *a = NULL, *b = NULL, *d = NULL;

	check(SITE_OF("encapsulation: vxlan, vni: 70000, endpoint: 10.0.0.1"), &a, &faults);
	check(SITE_OF("encapsulation: vxlan, vni: 7, endpoint: 10.0.0.1, mode: uniform, "
		      "inner-mac: '02:aB:00:00:00:01'"),
	      &b, &faults);
	check(SITE_OF("encapsulation: srv6, endpoint: '2001:db8::1', behavior: end-dx6, "
		      "cross-connect: '2001:db8::2', unknown: kernel"),
	      &d, &faults);
	cr_assert(a && b && d, "%s", faults.count ? faults.at->message : "");
	cr_expect(eq(int, a->egress.tunnel.kind, BGP_TUNNEL_VXLAN));
	cr_expect(eq(u32, a->egress.tunnel.vni, 70000));
	cr_expect(eq(u32, a->egress.local.vni, 70000));
	cr_expect(eq(u32, a->egress.local.strip, 1 << MG_ENCAP_VXLAN));
	cr_expect(eq(u32, a->egress.local.flags, 0));
	cr_expect(memcmp(a->egress.tunnel.mac, own, 6) == 0);
	cr_expect(memcmp(b->egress.tunnel.mac, given, 6) == 0);
	cr_expect(eq(u32, b->egress.local.flags, MG_UNIFORM));
	cr_expect(eq(int, d->egress.local.behavior, MG_END_DX6));
	cr_expect(eq(u16, d->egress.tunnel.behavior, 16)); /* RFC 8986 section 10.2 */
	cr_expect(eq(u32, d->egress.local.flags, MG_KERNEL));
	cr_expect(eq(u8, d->egress.cross_connect.octet[15], 2));
}

Test(config, reads_kinds_of_affinity_and_limits)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *c = NULL, *plain = NULL;
	int r = check(
		"tables: {pin-rate: 5, pin-burst: 6, icmp-rate: 7, icmp-burst: 8}\n" TUNNEL QUIC
		"steer: {affinity: quic, quic-lb: {config-id: 6, server-id-length: 12}, "
		"last-resort: unreachable}},\n"
		"{name: c, addresses: 192.0.2.1, steer: {affinity: client, client-prefix-v4: 24, "
		"client-prefix-v6: 56, last-resort: kernel, mss-clamp-v4: 1360, "
		"mss-clamp-v6: 1340, observe: true}},\n"
		"{name: d, addresses: 192.0.2.2, steer: {placement: two-choice}}]\n",
		&c, &faults);

	cr_assert(eq(int, r, 0), "%s", faults.count ? faults.at->message : "");
	cr_assert(eq(sz, c->steer_count, 3));
	cr_expect(eq(int, c->steer[2].options.placement, MG_PLACEMENT_TWO_CHOICE));
	cr_expect(c->steer[2].options.observe, "its flows are counted");
	cr_expect(eq(int, c->steer[1].options.placement, MG_PLACEMENT_SLOT));
	cr_expect(eq(int, c->steer[0].affinity, MG_AFFINITY_QUIC));
	cr_expect(eq(u8, c->steer[0].options.quic_config, 6));
	cr_expect(eq(u8, c->steer[0].options.quic_id_len, 12));
	cr_expect(eq(int, c->steer[0].options.last_resort, MG_LAST_UNREACHABLE));
	cr_expect(eq(int, c->steer[1].affinity, MG_AFFINITY_CLIENT));
	cr_expect(eq(u8, c->steer[1].prefix_v4, 24));
	cr_expect(eq(u8, c->steer[1].prefix_v6, 56));
	cr_expect(eq(int, c->steer[1].options.last_resort, MG_LAST_KERNEL));
	cr_expect(eq(u16, c->steer[1].options.mss_v4, 1360));
	cr_expect(eq(u16, c->steer[1].options.mss_v6, 1340));
	cr_expect(c->steer[1].options.observe);
	cr_expect(eq(u32, c->tables.limit[MG_GUARD_PINS].per_second, 5));
	cr_expect(eq(u32, c->tables.limit[MG_GUARD_PINS].burst, 6));
	cr_expect(eq(u32, c->tables.limit[MG_GUARD_ANSWERS].per_second, 7));
	cr_expect(eq(u32, c->tables.limit[MG_GUARD_ANSWERS].burst, 8));

	cr_assert(eq(int, check(TUNNEL WEB "steer: }]\n", &plain, &faults), 0));
	cr_expect(eq(int, plain->steer[0].options.last_resort, MG_LAST_DROP));
	cr_expect(eq(u8, plain->steer[0].prefix_v4, 0));
	cr_expect(not(plain->steer[0].options.observe));
	cr_expect(eq(u32, plain->tables.limit[MG_GUARD_ANSWERS].per_second, 1000));
	cr_expect(eq(u32, plain->tables.limit[MG_GUARD_PINS].per_second, 100000));
}
