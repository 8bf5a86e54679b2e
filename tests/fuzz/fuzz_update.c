/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream of BGP messages from a neighbour; the first octet says what was negotiated with it. What
 * is decoded must be whole, and what is passed on must decode to the same path.
 */
#include "base/util.h"
#include "bgp/message.h"
#include "bgp/update.h"

#include <math.h>

#define FAMILIES (BIT(BGP_FAMILY_COUNT) - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bgp_codec codec_of(uint8_t bits)
{
	return (struct bgp_codec){
		.local_as = 65000,
		.remote_as = 65000,
		.ibgp = bits & 0x01,
		.as4 = bits & 0x02,
		.extended_next_hop = bits & 0x04 ? BIT(BGP_IPV4_UNICAST) | BIT(BGP_VPN_IPV4) : 0,
		.edge_metadata = bits & 0x08 ? FAMILIES : 0,
		.families = bits & 0x10 ? FAMILIES : BIT(BGP_IPV4_UNICAST),
		.add_path_in = bits & 0x20 ? FAMILIES : 0,
		.add_path_out = bits & 0x20 ? FAMILIES : 0,
		.inside = bits >> 6,
		.carriers_accept = bits >> 6 | (bits & 0x40 ? BGP_CARRIER_LINK_BANDWIDTH : 0),
	};
}

static void check_report(const struct report *r)
{
	if ((r->has & REPORT_CAPACITY && !(isfinite(r->capacity) && r->capacity > 0)) ||
	    (r->has & REPORT_SERVICE_TIME &&
	     !(isfinite(r->service_time_s) && r->service_time_s > 0)) ||
	    (r->has & REPORT_WINDOW && !(r->window_s > 0)) || !isfinite(r->arrival_rate) ||
	    r->arrival_rate < 0 || !isfinite(r->in_flight) || r->in_flight < 0 ||
	    !isfinite(r->utilisation) || r->utilisation < 0 || r->sampled_ms < 0 ||
	    r->availability > 100 || r->delay_index > 100 || r->score > 10)
		__builtin_trap();
}

/* Unknown attributes are written in ascending order, whatever the order they came in. */
static bool path_same(struct bgp_path a, struct bgp_path b)
{
	bool same = a.unknown.len == b.unknown.len;

	a.unknown.len = b.unknown.len = 0;
	return same && bgp_path_equal(&a, &b);
}

/* Inside one AS nothing is lost; LOCAL_PREF is added where it was not there. */
static bool reflected_same(const struct bgp_codec *codec, const struct update_item *sent,
			   const struct update_item *back)
{
	struct bgp_path path = *sent->path;

	path.has |= BGP_HAS_LOCAL_PREF;
	path.local_pref = back->path->local_pref;
	return bgp_dst_equal(&back->nlri.dst, &sent->nlri.dst) &&
	       back->nlri.path_id == sent->nlri.path_id &&
	       addr_equal(&back->path->next_hop, &path.next_hop) &&
	       bgp_path_as_len(back->path) == bgp_path_as_len(&path) &&
	       (!codec->ibgp || !codec->as4 || path_same(*back->path, path));
}

/* A route that is reflected says to the next one what it said to us. */
static void check_reflected(const struct bgp_codec *codec, const struct update_item *item)
{
	static struct bgp_update again;
	uint8_t bytes[MESSAGE_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct update_item back;
	struct notification fault;
	struct message m;
	struct cursor c;

	if (!update_encode(codec, item->path, &item->nlri, 1, &w))
		return;
	c = cursor_of(bytes, writer_len(&w));
	if (message_read(&c, &m, &fault) != 1 || cursor_left(&c) ||
	    update_decode(codec, m.body, &again) > FAULT_DISCARD || !update_next(&again, &back) ||
	    !back.path || !reflected_same(codec, item, &back))
		__builtin_trap();
}

static void check_update(const struct bgp_codec *codec, struct cursor body)
{
	static struct bgp_update update;
	struct update_item item;
	bool first = true;

	if (update_decode(codec, body, &update) == FAULT_RESET &&
	    update.notification.code != NOTIFICATION_UPDATE)
		__builtin_trap();
	while (update_next(&update, &item)) {
		if (!item.path)
			continue;
		check_report(&item.path->report);
		if (first)
			check_reflected(codec, &item);
		first = false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notification fault, notification;
	struct route_refresh refresh;
	struct bgp_codec codec;
	struct message m;
	struct cursor c;

	if (!size)
		return 0;
	codec = codec_of(data[0]);
	c = cursor_of(data + 1, size - 1);
	while (message_read(&c, &m, &fault) == 1) {
		if (m.type == MESSAGE_UPDATE)
			check_update(&codec, m.body);
		else if (m.type == MESSAGE_NOTIFICATION)
			notification_decode(&m.body, &notification);
		else if (m.type == MESSAGE_ROUTE_REFRESH)
			route_refresh_decode(&m.body, &refresh, &fault);
	}
	return 0;
}
