/* SPDX-License-Identifier: BSD-2-Clause */
/* Prefixes; the first octet says of which family (bits 0, 1), and whether with path ids (2). */
#include "again.h"
#include "bgp/nlri.h"

static enum bgp_family family;
static bool add_path;

static bool read_write(struct cursor *c, struct writer *w)
{
	struct nlri_run run = { *c, family, add_path };
	struct bgp_nlri nlri;

	if (nlri_check(run) < 0)
		return false;
	while (nlri_next(&run, &nlri)) {
		if (nlri_family_of(&nlri.dst) != family)
			impossible("a prefix of another family");
		if (nlri_encode(family, add_path, nlri.label, &nlri, 1, w) != 1)
			impossible("a prefix that cannot be written");
	}
	if (cursor_left(&run.bytes))
		impossible("octets that were checked are left");
	return writer_len(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	uint8_t how = cursor_u8(&c);

	family = how % BGP_FAMILY_COUNT;
	add_path = how & 4;
	if (cursor_left(&c) < AGAIN_MAX / 2)
		check_again(c, read_write);
	return 0;
}
