/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/state.h"

#include "base/log.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct mg_endpoint_key key_of(const struct addr *addr)
{
	struct mg_endpoint_key key;

	memcpy(key.addr, addr->octet, sizeof(key.addr));
	return key;
}

static struct addr *endpoint_find(const struct tables *t, const uint8_t octets[16])
{
	for (size_t i = 0; i < t->endpoint_count; i++)
		if (!memcmp(t->endpoint[i].octet, octets, 16))
			return &t->endpoint[i];
	return NULL;
}

int tables_endpoint_add(struct tables *t, const struct addr *addr, const struct endpoint_spec *spec)
{
	const struct mg_endpoint_key key = key_of(addr);
	const struct mg_endpoint endpoint = { .strip = spec->strip,
					      .behavior = spec->behavior,
					      .site = spec->site,
					      .flags = spec->flags,
					      .vni = spec->vni,
					      .vrf = spec->vrf };
	char text[ADDR_STRLEN];
	struct addr *more;

	if (endpoint_find(t, addr->octet))
		return -EEXIST;
	more = reallocarray(t->endpoint, t->endpoint_count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	t->endpoint = more;
	if (bpf_map_update_elem(t->maps.fd[MAP_ENDPOINTS], &key, &endpoint, BPF_ANY) < 0)
		return log_err(errno == E2BIG ? -ENOSPC : -errno,
			       "mg_endpoints: %s cannot be entered", addr_format(addr, text));
	t->endpoint[t->endpoint_count++] = *addr;
	return 0;
}

int tables_endpoint_remove(struct tables *t, const struct addr *addr)
{
	const struct mg_endpoint_key key = key_of(addr);
	struct addr *endpoint = endpoint_find(t, addr->octet);

	if (!endpoint)
		return -ENOENT;
	*endpoint = t->endpoint[--t->endpoint_count];
	return bpf_map_delete_elem(t->maps.fd[MAP_ENDPOINTS], &key) < 0 ? -errno : 0;
}

bool tables_endpoint(const struct tables *t, size_t index, struct endpoint_state *ret)
{
	struct endpoint_state state = { 0 };
	struct mg_endpoint_key key;

	if (index >= t->endpoint_count)
		return false;
	state.addr = t->endpoint[index];
	key = key_of(&state.addr);
	if (bpf_map_lookup_elem(t->maps.fd[MAP_ENDPOINTS], &key, &state.entry) < 0)
		return false;
	*ret = state;
	return true;
}

void endpoints_claim_end(struct tables *t)
{
	int fd = t->maps.fd[MAP_ENDPOINTS];
	struct mg_endpoint_key key, next;
	bool more = bpf_map_get_next_key(fd, NULL, &next) == 0;

	while (more) {
		key = next;
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (!endpoint_find(t, key.addr))
			bpf_map_delete_elem(fd, &key);
	}
}
