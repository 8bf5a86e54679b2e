/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load reports in response headers (ORCA, gRFC A51; fields: xds.data.orca.v3.OrcaLoadReport). The
 * value of `endpoint-load-metrics` is "TEXT name=value, ..." or "JSON {...}", without a word in
 * front it is TEXT; Envoy writes ':' for '='. Fields come out as samples of the same name; those of
 * the maps `utilization`, `named_metrics` and `request_cost` with a label `name`. Pure.
 */
#pragma once
#include "agent/exposition.h"

#define ORCA_VALUE_MAX 8192 /* octets of the header's value */

typedef const char *(*orca_sample_fn)(void *user, const struct exposition_sample *sample);

/* json: the header was `endpoint-load-metrics-json`, which has no word in front. 0, or -EBADMSG and
 * reason says why: then what was handed out before does not count either. */
int orca_read(const char *value, bool json, orca_sample_fn sample, void *user, char reason[160]);
