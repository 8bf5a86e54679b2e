/* SPDX-License-Identifier: BSD-2-Clause */
#include "speak.h"

#include "base/log.h"
#include "base/util.h"
#include "clock.h"
#include "ground.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define AS       65000
#define PORT     179
#define FAMILIES (BIT(BGP_FAMILY_COUNT) - 1)

struct peer_config speak_config(unsigned int number, uint16_t hold_s, bool add_path)
{
	struct peer_config config = { .local = ground_peer(number),
				      .remote = ground_router(),
				      .port = PORT,
				      .open = { .as = AS,
						.hold_s = hold_s,
						.families = FAMILIES,
						.add_path_send = add_path ? FAMILIES : 0,
						.as4 = true } };

	memcpy(config.open.id, config.local.octet + 12, sizeof(config.open.id));
	return config;
}

struct bgp_codec speak_codec(bool add_path)
{
	return (struct bgp_codec){ .local_as = AS,
				   .remote_as = AS,
				   .ibgp = true,
				   .as4 = true,
				   .families = FAMILIES,
				   .add_path_out = add_path ? FAMILIES : 0,
				   .add_path_in = add_path ? FAMILIES : 0,
				   .inside = true,
				   .carriers_send = BGP_CARRIER_COMMUNITY,
				   .carriers_accept = BGP_CARRIER_COMMUNITY };
}

int speak_open(struct peer *peer, const struct peer_config *config, int timeout_ms)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	uint64_t until = clock_ns() + (uint64_t)timeout_ms * 1000000;
	int r;

	while (peer_early(r = peer_open(peer, config, timeout_ms))) {
		if (clock_ns() > until)
			return log_err(r, "the router takes no session");
		nanosleep(&moment, NULL);
	}
	return r;
}
