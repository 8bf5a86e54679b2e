/* SPDX-License-Identifier: BSD-2-Clause */
/* Octets that wait to be written, in one block that doubles: it is the caller's, freed by free().
 */
#pragma once
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define GROW_MIN 4096

/* Room for `need` octets in all. *at may be NULL, with a size of 0. 0, or -ENOMEM and the block is
 * as it was. */
static inline int grow_octets(uint8_t **at, size_t *size, size_t need)
{
	size_t more = *size ? *size : GROW_MIN;
	uint8_t *grown;

	if (need <= *size)
		return 0;
	while (more < need) {
		if (more > SIZE_MAX / 2)
			return -ENOMEM;
		more *= 2;
	}
	grown = realloc(*at, more);
	if (!grown)
		return -ENOMEM;
	*at = grown;
	*size = more;
	return 0;
}
