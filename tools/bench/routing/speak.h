/* SPDX-License-Identifier: BSD-2-Clause */
/* What our sessions say of themselves. */
#pragma once
#include "peer.h"

/* Session number `number` of ours with the router under test, an iBGP neighbour of both families.
 */
struct peer_config speak_config(unsigned int number, uint16_t hold_s, bool add_path);
/* Opens it, waiting for a router that has just been started to listen. */
int speak_open(struct peer *peer, const struct peer_config *config, int timeout_ms);
/* What such a session's codec comes to when the router agrees to all of it. */
struct bgp_codec speak_codec(bool add_path);
