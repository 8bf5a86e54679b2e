/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers that slot owners hang on (select/owners.h): of a site and of a service, the same on
 * every ingress. They need not withstand an attacker. Pure; any thread.
 */
#pragma once
#include "base/addr.h"
#include "base/fnv.h"

#include <abi.h>

static inline uint64_t identity_of_site(const struct addr *egress, uint16_t site_id)
{
	uint8_t octets[2] = { (uint8_t)(site_id >> 8), (uint8_t)site_id };
	uint64_t id = fnv_add(FNV_START, egress->octet, sizeof(egress->octet));

	return fnv_add(id, octets, sizeof(octets));
}

/* Not of its VRF, whose number is a router's own. */
static inline uint64_t identity_of_service(const struct mg_service_key *key)
{
	uint8_t octets[3] = { key->proto, (uint8_t)(key->port >> 8), (uint8_t)key->port };
	uint64_t id = fnv_add(FNV_START, key->addr, sizeof(key->addr));

	return fnv_add(id, octets, sizeof(octets));
}
