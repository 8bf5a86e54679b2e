/* SPDX-License-Identifier: BSD-2-Clause */
/* Load reports in a header: the first octet says which header it is. Samples are finite numbers
 * under names that a mapping can name, whatever comes. */
#include "agent/orca.h"
#include "base/util.h"

#include <math.h>
#include <string.h>

static const char *sample(void *user, const struct exposition_sample *s)
{
	if (!isfinite(s->value) || !s->name_len || s->label_count > 1 ||
	    (s->label_count && memcmp(s->label[0].name, "name", s->label[0].name_len)))
		__builtin_trap();
	++*(unsigned int *)user;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(freep) char *text = len ? strndup((const char *)data + 1, len - 1) : NULL;
	char reason[160] = "";
	unsigned int samples = 0;

	if (text && orca_read(text, data[0] & 1, sample, &samples, reason) < 0 && !reason[0])
		__builtin_trap();
	return 0;
}
