/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a Kubernetes API server says: the first line is a list, the others are events of a watch.
 * Whatever comes, counts hold together, and what is refused changes nothing.
 */
#include "agent/slices.h"
#include "base/util.h"

#include <stdint.h>
#include <string.h>

static void check(const struct slices *s, struct slices_count *ret)
{
	slices_count(s, ret);
	if (ret->any > SLICES_ENDPOINTS_MAX || ret->expected + ret->terminating != ret->any ||
	    ret->ready > ret->any || ret->serving > ret->any ||
	    strlen(slices_version(s)) >= SLICES_VERSION_MAX)
		__builtin_trap();
}

static void line(struct slices *s, const char *text, size_t len, int first)
{
	struct slices_count before, after;
	char reason[160] = "";
	int changed = 0, r;

	check(s, &before);
	r = first ? slices_list(s, text, len, reason)
		  : slices_event(s, text, len, &changed, reason);
	check(s, &after);
	if (r < 0 && (changed || !reason[0] || memcmp(&before, &after, sizeof(before))))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(slices_free) struct slices *s = slices_new();
	const uint8_t *at = data, *end = data + len;

	while (s && at < end) {
		const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
		const uint8_t *stop = newline ? newline : end;
		_cleanup_(freep) char *copy = malloc((size_t)(stop - at) + 1);

		memcpy(copy, at, (size_t)(stop - at));
		line(s, copy, (size_t)(stop - at), at == data);
		at = stop + !!newline;
	}
	return 0;
}
