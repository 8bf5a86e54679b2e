/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of fixture.h in a model. */
#pragma once
#include "fixture.h"
#include "model.h"

#include <string.h>

/* Behind those of the fixture, room for ranges of several slots. */
#define MODEL_RANGE 16
static struct mg_slot model_slots[(MODEL_RANGE + FIXTURE_SLOTS) * FIXTURE_SERVICES];
static struct mg_member model_members[(FIXTURE_SERVICES + 1) * FIXTURE_MEMBERS];
static struct mg_load model_loads[(FIXTURE_SERVICES + 1) * FIXTURE_MEMBERS];

static bool model_fixture_port(uint32_t ifindex)
{
	for (size_t i = 0; i < sizeof(fixture_ports) / sizeof(fixture_ports[0]); i++) {
		if (fixture_ports[i] == ifindex)
			return true;
	}
	return false;
}

static const struct mg_endpoint *model_fixture_endpoint(const uint8_t addr[16])
{
	for (size_t i = 0; i < sizeof(fixture_endpoints) / sizeof(fixture_endpoints[0]); i++) {
		if (!memcmp(fixture_endpoints[i].key.addr, addr, 16))
			return &fixture_endpoints[i].endpoint;
	}
	return NULL;
}

static uint32_t model_fixture_server(uint32_t service, const uint8_t *id, size_t len)
{
	for (size_t i = 0; i < sizeof(fixture_servers) / sizeof(fixture_servers[0]); i++) {
		struct mg_server_key key = fixture_server_key(&fixture_servers[i]);

		if (key.service == service && !memcmp(key.id, id, len))
			return fixture_servers[i].member;
	}
	return MG_MEMBER_NONE;
}

static inline void model_fixture(struct model *model)
{
	memset(model, 0, sizeof(*model));
	model->settings = fixture_settings(VECTOR_INGRESS);
	model->services = FIXTURE_SERVICES;
	_Static_assert(FIXTURE_SERVICES <= MODEL_SERVICES, "room in the model");
	memset(model_loads, 0, sizeof(model_loads));
	for (size_t i = 0; i < FIXTURE_SERVICES; i++) {
		model->service[i] = fixture_service(i);
		for (__u32 k = 0; k < FIXTURE_SLOTS; k++)
			model_slots[i * FIXTURE_SLOTS + k] = fixture_slot(i, k);
		for (__u32 m = 1; m <= 2; m++) {
			model_members[i * FIXTURE_MEMBERS + m] = fixture_member(i, m);
			model_loads[i * FIXTURE_MEMBERS + m] = fixture_load(i, m);
		}
	}
	model->slot = model_slots;
	model->member = model_members;
	model->load = model_loads;
	model->site = fixture_sites;
	model->nexthop = fixture_nexthops;
	model->port = model_fixture_port;
	model->endpoint = model_fixture_endpoint;
	model->server = model_fixture_server;
	model->ifindex = 1; /* of a test run: lo */
	model->tokens = true;
}
