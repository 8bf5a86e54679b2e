/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress/rtts.h"

#include "base/util.h"

#include <errno.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct rtts_entry {
	struct addr egress;
	double rtt_s;
	int64_t asked_ms;
	UT_hash_handle hh;
};

void rtts_init(struct rtts *rtts)
{
	*rtts = (struct rtts){ 0 };
	arc4random_buf(rtts->secret, sizeof(rtts->secret));
}

static void rtts_drop(struct rtts *rtts, struct rtts_entry *entry)
{
	HASH_DEL(rtts->entries, entry);
	free(entry);
	rtts->changed = true;
}

void rtts_clear(struct rtts *rtts)
{
	struct rtts_entry *entry, *next;

	HASH_ITER(hh, rtts->entries, entry, next)
	{
		rtts_drop(rtts, entry);
	}
}

static struct rtts_entry *rtts_find(const struct rtts *rtts, const struct addr *egress)
{
	struct rtts_entry *entry;

	HASH_FIND_BYHASHVALUE(hh, rtts->entries, egress, sizeof(*egress),
			      addr_hash(egress, rtts->secret), entry);
	return entry;
}

/* NULL: no memory, or there are too many. */
static struct rtts_entry *rtts_add(struct rtts *rtts, const struct addr *egress)
{
	struct rtts_entry *entry;

	if (HASH_COUNT(rtts->entries) >= RTTS_MAX)
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->egress = *egress;
	entry->rtt_s = -1;
	HASH_ADD_BYHASHVALUE(hh, rtts->entries, egress, sizeof(entry->egress),
			     addr_hash(egress, rtts->secret), entry);
	if (!entry->hh.tbl) { /* uthash had no memory and left the entry out */
		free(entry);
		return NULL;
	}
	rtts->changed = true;
	return entry;
}

void rtts_ask(struct rtts *rtts, const struct addr *egress, int64_t now_ms)
{
	struct rtts_entry *entry = rtts_find(rtts, egress);

	if (!entry)
		entry = rtts_add(rtts, egress);
	if (entry)
		entry->asked_ms = now_ms;
}

struct ingress_rtt rtts_known(const struct rtts *rtts, const struct addr *egress,
			      double configured_s)
{
	const struct rtts_entry *entry = rtts ? rtts_find(rtts, egress) : NULL;

	if (entry && entry->rtt_s >= 0)
		return (struct ingress_rtt){ entry->rtt_s, INGRESS_RTT_MEASURED };
	if (rtts && !(configured_s > 0))
		return (struct ingress_rtt){ -1, INGRESS_RTT_UNKNOWN };
	return (struct ingress_rtt){ configured_s, INGRESS_RTT_CONFIGURED };
}

void rtts_set(struct rtts *rtts, const struct addr *egress, double rtt_s)
{
	struct rtts_entry *entry = rtts_find(rtts, egress);

	if (entry)
		entry->rtt_s = rtt_s;
}

int rtts_wanted(struct rtts *rtts, int64_t now_ms, struct addr **ret, size_t *ret_count)
{
	struct rtts_entry *entry, *next;
	struct addr *list;
	size_t count = 0;

	HASH_ITER(hh, rtts->entries, entry, next)
	{
		if (now_ms - entry->asked_ms > RTTS_UNUSED_MS)
			rtts_drop(rtts, entry);
	}
	if (!rtts->changed)
		return 0;
	list = calloc(HASH_COUNT(rtts->entries) + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	HASH_ITER(hh, rtts->entries, entry, next)
	{
		list[count++] = entry->egress;
	}
	rtts->changed = false;
	*ret = list;
	*ret_count = count;
	return 1;
}
