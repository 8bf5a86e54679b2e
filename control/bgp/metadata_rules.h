/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is agreed on in a domain about path attribute 42, beyond the draft: the same on every router
 * of it, by configuration. A value.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define METADATA_SCOPES_MAX 8

struct metadata_rules {
	uint16_t
		report_type; /* sub-TLV with the whole report, 8..65534; 0: neither sent nor read */
	bool scope_send;     /* tell our own AS as the scope */
	uint8_t scope_count;
	uint32_t scope[METADATA_SCOPES_MAX]; /* ASes whose metadata is for us, beside our own */
};
