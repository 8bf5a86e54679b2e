/* SPDX-License-Identifier: BSD-2-Clause */
/* The routers that are compared: how each is told to reflect, and started. */
#pragma once
#include "process.h"

#include <stdbool.h>
#include <stddef.h>

enum router { ROUTER_MARGAY, ROUTER_BIRD, ROUTER_GOBGP, ROUTER_COUNT };

const char *router_name(enum router router);
bool router_installed(enum router router);

/* A reflector with that many clients, ours by ground_peer(), at GROUND_ROUTER. */
int router_start(enum router router, const char *dir, unsigned int clients, uint16_t hold_s,
		 struct process *ret);
/* Any margayd with that configuration; its pins are new. */
int router_start_margay(const char *dir, const char *config, struct process *ret);
