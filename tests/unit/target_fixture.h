/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the tables of tests/packet/fixture.h, the same as for the loaded programs, into target.h. */
#pragma once
#include "../packet/fixture.h"
#include "target.h"

static inline void target_fixture(void)
{
	memset(&target, 0, sizeof(target));
	target.settings = fixture_settings(VECTOR_INGRESS);
	for (size_t i = 0; i < FIXTURE_SERVICES; i++) {
		struct mg_service service = fixture_service(i);

		target_service(&service);
		for (__u32 k = 0; k < FIXTURE_SLOTS; k++)
			target.slot[service.slot_base + k] = fixture_slot(i, k);
		for (__u32 m = 1; m <= service.member_count; m++) {
			target.member[service.member_base + m] = fixture_member(i, m);
			target.load[service.member_base + m] = fixture_load(i, m);
		}
	}
	memcpy(target.site, fixture_sites, sizeof(fixture_sites));
	memcpy(target.nexthop, fixture_nexthops, sizeof(fixture_nexthops));
	for (size_t i = 0; i < sizeof(fixture_endpoints) / sizeof(fixture_endpoints[0]); i++) {
		target.endpoint_key[i] = fixture_endpoints[i].key;
		target.endpoint[i] = fixture_endpoints[i].endpoint;
		target.endpoints++;
	}
	for (size_t i = 0; i < sizeof(fixture_ports) / sizeof(fixture_ports[0]); i++)
		target.port[i].ifindex = fixture_ports[i];
	for (size_t i = 0; i < sizeof(fixture_servers) / sizeof(fixture_servers[0]); i++) {
		target.server_key[i] = fixture_server_key(&fixture_servers[i]);
		target.server[i] = (struct mg_server){ fixture_servers[i].member };
		target.servers++;
	}
}

static inline enum mg_verdict target_run(enum vector_program program, struct frame *frame,
					 struct way *ret)
{
	const bool vrf = program == VECTOR_VRF;

	target.settings.vrf_ports = vrf;
	target.port[0] = fixture_port(program);
	switch (program) {
	case VECTOR_INGRESS:
	case VECTOR_VRF:
		return target_ingress(frame, ret);
	case VECTOR_EGRESS:
		return target_egress(frame, ret);
	default:
		return target_edge(frame, ret);
	}
}
