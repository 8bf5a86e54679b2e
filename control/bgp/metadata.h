/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Edge Metadata path attribute (42), draft-ietf-idr-5g-edge-service-metadata, in the layout of
 * its revisions 24 to 29. How it maps to a report stands in README.md. Private to the codec.
 */
#pragma once
#include "bgp/attr.h"
#include "bgp/metadata_rules.h"

enum metadata_type {
	METADATA_PREFERENCE = 1,
	METADATA_AVAILABILITY = 2,
	METADATA_DELAY = 3,
	METADATA_RAW = 4, /* the draft contradicts itself: kept, not read, not sent */
	METADATA_CAPABILITY = 5,
	METADATA_AVAILABLE = 6,
	METADATA_AS_SCOPE = 7,
};

/* What the sub-TLVs of one attribute say. */
struct metadata {
	struct report report;
	bool has_whole; /* the experimental sub-TLV */
	struct report whole;
	uint16_t site_id; /* 0: none */
	bool has_available;
	uint32_t available; /* percent, or in units of the capability */
	bool available_is_percent;
	bool out_of_scope; /* meant for another AS */
	uint32_t ignored;  /* values out of their range */
};

/* 0 or -EBADMSG. local_as: to compare the AS scope with. */
int metadata_decode(struct cursor *c, uint32_t local_as, const struct metadata_rules *rules,
		    struct metadata *ret);
/* The body; false: the report has nothing that it could carry. */
bool metadata_encode(const struct bgp_path *path, uint32_t local_as,
		     const struct metadata_rules *rules, struct writer *w);
