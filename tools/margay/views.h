/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers of the daemon as people read them, on standard output. The text is free to change;
 * scripts take -j.
 */
#pragma once
#include <jansson.h>

void view_services(const json_t *answer);
void view_sites(const json_t *answer);
void view_members(const json_t *answer);
void view_slots(const json_t *answer);
void view_pins(const json_t *answer);
void view_neighbors(const json_t *answer);
void view_neighbors_whole(const json_t *answer);
void view_routes(const json_t *answer);
void view_stations(const json_t *answer);
void view_next_hops(const json_t *answer);
void view_mrt(const json_t *answer);
void view_mrt_dump(const json_t *answer);
void view_interfaces(const json_t *answer);
void view_counters(const json_t *answer);
void view_maps(const json_t *answer);
void view_clusters(const json_t *answer);
void view_collectors(const json_t *answer);
void view_probes(const json_t *answer);
void view_scores(const json_t *answer);
void view_endpoints(const json_t *answer);
void view_explain(const json_t *answer);
void view_version(const json_t *answer);
void view_done(const json_t *answer); /* prints nothing: silence is success */

/* "error: message (hint)" on standard error, and the faults of a configuration one a line. */
void view_error(const json_t *answer);
