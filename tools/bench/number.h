/* SPDX-License-Identifier: BSD-2-Clause */
/* A number as an option's argument. */
#pragma once
#include <argp.h>
#include <stdint.h>

/* With K or M, as in the lists. Ends by argp_error() where it is none, or not from min to max. */
uint64_t number_of(const struct argp_state *state, const char *text, uint64_t min, uint64_t max);
