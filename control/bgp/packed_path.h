/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A path as a string of octets that is as short as can be, for those who keep many: a third of
 * struct bgp_path or less. Equal paths have equal strings. It is for this process alone: order and
 * places of the octets are the machine's. Pure.
 */
#pragma once
#include "bgp/path.h"

size_t packed_path_len(const struct bgp_path *path);
/* Fills packed_path_len() octets. */
void packed_path_write(const struct bgp_path *path, uint8_t *room);
/* The strings of *ret are borrowed from `packed`. */
void packed_path_read(const uint8_t *packed, struct bgp_path *ret);
