/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/carriers.h"

#include "base/util.h"

#include <string.h>

#define FIELD(bit, name)                                                                     \
	{                                                                                    \
		bit, offsetof(struct report, name), sizeof(((const struct report *)0)->name) \
	}

static const struct {
	enum report_field bit;
	size_t at, size;
} fields[] = {
	FIELD(REPORT_CAPACITY, capacity),         FIELD(REPORT_SERVICE_TIME, service_time_s),
	FIELD(REPORT_ARRIVAL_RATE, arrival_rate), FIELD(REPORT_IN_FLIGHT, in_flight),
	FIELD(REPORT_UTILISATION, utilisation),   FIELD(REPORT_SCORE, score),
	FIELD(REPORT_SAMPLED, sampled_ms),        FIELD(REPORT_WINDOW, window_s),
	FIELD(REPORT_PREFERENCE, preference),     FIELD(REPORT_AVAILABILITY, availability),
	FIELD(REPORT_DELAY, delay_index),
};

static size_t carrier_index(enum bgp_carrier carrier)
{
	return (size_t)__builtin_ctz(carrier);
}

/* Takes over the fields that the path lacks. */
static void carriers_add(const struct report *from, enum bgp_carrier carrier, struct bgp_path *path)
{
	uint32_t missing = from->has & ~path->report.has;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (missing & fields[i].bit)
			memcpy((char *)&path->report + fields[i].at,
			       (const char *)from + fields[i].at, fields[i].size);
	path->report.has |= missing;
	path->report.drain |= from->drain;
	path->carried[carrier_index(carrier)] |= missing;
	path->has |= BGP_HAS_REPORT;
	if (!path->carrier)
		path->carrier = carrier;
}

void carriers_join(const struct carried *carried, struct bgp_path *path)
{
	struct report community = path->report;
	bool has_community = path->carrier == BGP_CARRIER_COMMUNITY;

	path->report = (struct report){ 0 };
	path->has &= ~BGP_HAS_REPORT;
	path->carrier = 0;
	if (carried->has_whole)
		carriers_add(&carried->whole, BGP_CARRIER_EDGE_METADATA, path);
	if (has_community)
		carriers_add(&community, BGP_CARRIER_COMMUNITY, path);
	if (carried->has_metadata && (carried->metadata.has || carried->metadata.drain))
		carriers_add(&carried->metadata, BGP_CARRIER_EDGE_METADATA, path);
	if (carried->has_bandwidth && !path->carrier)
		carriers_add(&carried->bandwidth, BGP_CARRIER_LINK_BANDWIDTH, path);
}
