/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Route distinguishers (RFC 4364 section 4.2) and route targets (RFC 4360 section 4), which are
 * written alike: who assigns the number, a colon, the number. Values.
 *
 * "65000:1" is of type 0, "192.0.2.1:1" of type 1, "4200000000:1" of type 2. Where these words
 * would be another type's, the type stands in front, as in RFC 8294: "2:65000:1".
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RD_STRLEN 32

struct bgp_rd {
	uint8_t octet[8]; /* as it stands in messages */
};

struct bgp_rt {
	uint8_t octet[8]; /* an extended community */
};

/* 0, or -EINVAL and *ret is untouched. */
int bgp_rd_parse(const char *text, struct bgp_rd *ret);
int bgp_rt_parse(const char *text, struct bgp_rt *ret);

/* Return ret. Of a type that is not known: the type and the value in hexadecimal digits, which are
 * not read back. */
const char *bgp_rd_format(const struct bgp_rd *rd, char ret[RD_STRLEN]);
const char *bgp_rt_format(const struct bgp_rt *rt, char ret[RD_STRLEN]);

/* The route targets among extended communities, of the types above: index 0.. until false. */
bool bgp_rt_at(const uint8_t *communities, size_t len, size_t index, struct bgp_rt *ret);
