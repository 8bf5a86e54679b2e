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

/* Those of one Service are no more than all, and no more than there is room for. */
static void check_servers(const struct slices *s, const struct slices_count *all)
{
	const struct slices_of of = {
		.namespace = "default", .service = "web", .port_name = "", .protocol = 6, .port = 80
	};
	struct slices_servers found;
	struct addr addr[4];

	if (slices_servers(s, &of, addr, ARRAY_SIZE(addr), &found) < 0)
		return;
	if (found.addr_count > ARRAY_SIZE(addr) || found.count.any > all->any ||
	    found.addr_count > (found.count.ready ? found.count.ready : found.count.serving))
		__builtin_trap();
	for (size_t i = 0; i < found.addr_count; i++)
		if (addr_is_zero(&addr[i]))
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
	check_servers(s, &after);
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
