/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which packets a trace is about, and what it says of one. Called by the target at a packet's end,
 * and only while somebody traces. Nothing is touched.
 */
#pragma once
#include "steer.h"
#include "trace.h"

/* What is known at a packet's end beside its flow and its way. */
struct trace_fate {
	__u32 on; /* mg_trace_filter.on, as it stood when the packet came */
	enum mg_trace_program program;
	enum mg_verdict verdict;
	__u32 len;
};

static MG_INLINE bool trace_covers(const __u8 prefix[16], const __u8 mask[16], const __u8 addr[16])
{
	return !((flow_octets8(prefix) ^ flow_octets8(addr)) & flow_octets8(mask)) &&
	       !((flow_octets8(prefix + 8) ^ flow_octets8(addr + 8)) & flow_octets8(mask + 8));
}

static MG_INLINE bool trace_serves(const struct mg_trace_filter *filter, __u32 service)
{
	for (int i = 0; i < MG_TRACE_SERVICES; i++)
		if (service && filter->service[i] == service)
			return true;
	return false;
}

static MG_INLINE bool trace_flow_matches(const struct mg_trace_filter *filter,
					 const struct flow *flow)
{
	__u32 fields = filter->fields;

	if (fields & MG_TRACE_BY_CLIENT &&
	    !trace_covers(filter->client, filter->client_mask, flow->src))
		return false;
	if (fields & MG_TRACE_BY_DESTINATION &&
	    !trace_covers(filter->destination, filter->destination_mask, flow->service.addr))
		return false;
	if (fields & MG_TRACE_BY_SPORT && filter->sport != flow->sport)
		return false;
	if (fields & MG_TRACE_BY_PORT && filter->port != flow->service.port)
		return false;
	return !(fields & MG_TRACE_BY_PROTOCOL) || filter->proto == flow->service.proto;
}

/* ifindex: that the packet came by. */
static MG_INLINE bool trace_matches(const struct mg_trace_filter *filter, const struct flow *flow,
				    const struct way *way, const struct trace_fate *fate,
				    __u32 ifindex)
{
	if (fate->program >= MG_TRACE_PROGRAM_COUNT ||
	    !(filter->verdicts[fate->program] >> (fate->verdict & 63) & 1))
		return false;
	if (filter->fields & MG_TRACE_BY_INTERFACE && filter->ifindex != ifindex &&
	    filter->ifindex != way->ifindex)
		return false;
	if (filter->fields & MG_TRACE_BY_SERVICE && !trace_serves(filter, way->service))
		return false;
	return trace_flow_matches(filter, flow);
}

static MG_INLINE __u32 trace_flags(const struct flow *flow)
{
	return (flow->v4 ? MG_TRACE_V4 : 0) | (flow->start ? MG_TRACE_START : 0) |
	       (flow->fragment ? MG_TRACE_FRAGMENT : 0) | (flow->headless ? MG_TRACE_HEADLESS : 0) |
	       (flow->quoted ? MG_TRACE_QUOTED : 0) | (flow->portless ? MG_TRACE_PORTLESS : 0);
}

/* All but time, length and `captured`. */
static MG_INLINE void trace_fill(struct mg_trace_record *ret, const struct flow *flow,
				 const struct way *way, const struct trace_fate *fate,
				 __u32 ifindex)
{
	__builtin_memcpy(ret->src, flow->src, sizeof(ret->src));
	__builtin_memcpy(ret->dst, flow->service.addr, sizeof(ret->dst));
	ret->sport = flow->sport;
	ret->dport = flow->service.port;
	ret->proto = flow->service.proto;
	ret->program = fate->program;
	ret->verdict = fate->verdict;
	ret->flags = trace_flags(flow);
	ret->service = way->service;
	ret->member = way->member;
	ret->site = way->site;
	ret->ifindex = ifindex;
	ret->out_ifindex = way->ifindex;
}
