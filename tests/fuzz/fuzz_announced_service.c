/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Services of a Kubernetes cluster that announce themselves: the first line is a list, the others
 * are events of a watch. Whatever comes, nothing outside of the policy is announced, no more than
 * is allowed, and what is remembered is bounded.
 */
#include "agent/annotated.h"
#include "agent/slices.h"
#include "base/util.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static const struct announce_policy policy = {
	.namespace = { "games", "web" },
	.namespace_count = 2,
	.prefix = { { .addr.octet = { [10] = 0xff, 0xff, 198, 51, 100 }, .len = 24 },
		    { .addr.octet = { 0x20, 0x01, 0x0d, 0xb8 }, .len = 32 } },
	.prefix_count = 2,
	.services_max = 2,
};

static void check_announced(const struct annotated *a)
{
	char name[ANNOTATED_NAME_MAX];

	if (strcmp(a->namespace, "games") && strcmp(a->namespace, "web"))
		__builtin_trap();
	if (!a->address_count || a->address_count > ANNOTATED_ADDRESSES_MAX || !a->port_count ||
	    a->port_count > ANNOTATED_PORTS_MAX)
		__builtin_trap();
	for (size_t i = 0; i < a->address_count; i++)
		if (!prefix_covers(&policy.prefix[0], &a->address[i]) &&
		    !prefix_covers(&policy.prefix[1], &a->address[i]))
			__builtin_trap();
	for (size_t i = 0; i < a->port_count; i++)
		if (!a->port[i].port ||
		    (a->port[i].protocol != IPPROTO_TCP && a->port[i].protocol != IPPROTO_UDP))
			__builtin_trap();
	if (!(a->capacity >= 0 && a->capacity <= 1e9 && a->service_time_s >= 0))
		__builtin_trap();
	if (strlen(annotated_name(a, name)) >= sizeof(name))
		__builtin_trap();
}

static size_t check(struct annotated_list *l)
{
	const struct annotated *a;
	size_t n = 0, announced = 0;

	for (; (a = annotated_at(l, n)); n++) {
		if (a->refused[0])
			continue;
		announced++;
		check_announced(a);
	}
	if (announced > policy.services_max || n > ANNOTATED_MAX + ANNOTATED_REFUSED_MAX ||
	    strlen(annotated_version(l)) >= SLICES_VERSION_MAX)
		__builtin_trap();
	return n;
}

static void line(struct annotated_list *l, const char *text, size_t len, int first)
{
	char reason[160] = "";
	size_t before = check(l), after;
	int changed = 0, r;

	r = first ? annotated_list(l, text, len, reason)
		  : annotated_event(l, text, len, &changed, reason);
	after = check(l);
	if (r < 0 && (changed || !reason[0] || (first && before != after)))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(annotated_free) struct annotated_list *l = annotated_new(&policy);
	const uint8_t *at = data, *end = data + len;

	while (l && at < end) {
		const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
		const uint8_t *stop = newline ? newline : end;
		_cleanup_(freep) char *copy = malloc((size_t)(stop - at) + 1);

		memcpy(copy, at, (size_t)(stop - at));
		line(l, copy, (size_t)(stop - at), at == data);
		at = stop + !!newline;
	}
	return 0;
}
