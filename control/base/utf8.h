/* SPDX-License-Identifier: BSD-2-Clause */
/* UTF-8 (RFC 3629): well-formed or not. Pure; any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The octets of the first character, left > 0 being there, and the character. 0: none begins so. */
size_t utf8_next(const uint8_t *octets, size_t left, uint32_t *ret);
/* A control of either set, or what turns the direction of text around (Unicode UAX 9): what others
 * say must not do that to who reads it. */
bool utf8_steers(uint32_t character);
bool utf8_valid(const uint8_t *octets, size_t len);
