/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/state.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

static void nexthop_empty(void *user, uint32_t base, uint32_t len)
{
	struct tables *t = user;

	memset(tables_nexthop_memory(t) + base, 0, len * sizeof(struct mg_nexthop));
}

static bool nexthop_find(const struct tables *t, const struct mg_nexthop *entry, uint32_t *ret)
{
	const struct mg_nexthop *at = tables_nexthop_memory(t);

	for (size_t i = 0; i < t->nexthops.count; i++) {
		const struct range *range = &t->nexthops.range[i];

		if (range->retired || memcmp(&at[range->base], entry, sizeof(*entry)))
			continue;
		*ret = range->base;
		return true;
	}
	return false;
}

int nexthop_get(struct tables *t, const struct mg_nexthop *entry, uint32_t *ret)
{
	int r = 0;

	if (!nexthop_find(t, entry, ret)) {
		r = ranges_take(&t->nexthops, 1, 1, ret);
		if (r == -ENOSPC) { /* entries at rest make room early: better than no way at all */
			ranges_release(&t->nexthops, UINT64_MAX, nexthop_empty, t);
			r = ranges_take(&t->nexthops, 1, 1, ret);
		}
		if (r < 0)
			return log_err(r, "mg_nexthops: no room for a next hop");
		tables_nexthop_memory(t)[*ret] = *entry;
		__atomic_thread_fence(__ATOMIC_RELEASE); /* before a site names it */
	}
	t->nexthop_references[*ret]++;
	return 0;
}

void nexthop_put(struct tables *t, uint32_t index)
{
	if (!--t->nexthop_references[index])
		ranges_retire(&t->nexthops, index, t->sweep.round);
}

int nexthop_adopt(struct tables *t, uint32_t index)
{
	int r = 0;

	if (index >= t->maps.size[MAP_NEXTHOPS])
		return -EEXIST;
	if (!t->nexthop_references[index])
		r = ranges_claim(&t->nexthops, index, 1);
	if (r < 0)
		return r;
	t->nexthop_references[index]++;
	return 0;
}

void nexthops_release(struct tables *t)
{
	ranges_release(&t->nexthops, t->sweep.round, nexthop_empty, t);
}
