/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What change.c offers beside its handlers, which stand in request.h.
 */
#pragma once
#include "mgmt/durable.h"
#include "mgmt/mgmt.h"

/* Reads the body of an `announce` request. NULL and *ret is whole; or the name of the member that
 * is missing or not right. */
const char *announce_parse(const json_t *body, struct egress_service_config *ret);

/* Announces again what the command line announced before a restart; what cannot be is logged. */
void change_replay(struct durable *durable, struct egress *egress);
