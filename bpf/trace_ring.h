/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Records of packets for `margay trace`: a program calls trace_begin() first and trace_end() last.
 * While nobody traces, that is one load and two branches. Part of target.h.
 */
#pragma once
#include "maps.h"
#include "trace_match.h"

static MG_INLINE struct mg_trace_filter *trace_filter(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&mg_trace_filter, &zero);
}

static MG_INLINE struct mg_trace_scratch *trace_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&mg_trace_scratch, &zero);
}

/* The reader may have been killed: then nobody turns the filter off. */
static MG_INLINE bool trace_expired(const struct mg_trace_filter *filter)
{
	return bpf_ktime_get_ns() >= *(const volatile __u64 *)&filter->until_ns;
}

/* Copies the head of the packet into the scratch; its octets beyond the first buffer, too. */
static MG_INLINE void trace_copy(struct xdp_md *ctx, const struct mg_trace_filter *filter,
				 struct mg_trace_scratch *scratch)
{
	__u32 len = bpf_xdp_get_buff_len(ctx);
	__u32 snaplen = *(const volatile __u32 *)&filter->snaplen, last;

	scratch->record.captured = 0;
	len = len < snaplen ? len : snaplen;
	if (!len)
		return;
	/* The verifier of 6.1 learns nothing from `!len`: it is shown a sum that cannot be zero. */
	last = len - 1 < MG_TRACE_SNAP_MAX ? len - 1 : MG_TRACE_SNAP_MAX - 1;
	barrier_var(last);
	if (!bpf_xdp_load_bytes(ctx, 0, scratch->packet, last + 1))
		scratch->record.captured = last + 1;
}

/* Keeps the packet as it came: whether it is wanted is known at its end, when it has changed. */
__noinline int mg_trace_keep(struct xdp_md *ctx)
{
	struct mg_trace_filter *filter = trace_filter();
	struct mg_trace_scratch *scratch = trace_scratch();

	if (!filter || !scratch)
		return 0;
	scratch->record.captured = 0;
	scratch->record.len = bpf_xdp_get_buff_len(ctx);
	if (!trace_expired(filter))
		trace_copy(ctx, filter, scratch);
	return 0;
}

__noinline int mg_trace_tell(struct xdp_md *ctx, const struct flow *flow, const struct way *way,
			     const struct trace_fate *fate)
{
	struct mg_trace_filter *filter = trace_filter();
	struct mg_trace_scratch *scratch = trace_scratch();
	__u32 size, one_in;

	if (!filter || !scratch || !flow || !way || !fate)
		return 0;
	/* The clock last: it is the dearest of them. */
	if (!trace_matches(filter, flow, way, fate, ctx->ingress_ifindex) || trace_expired(filter))
		return 0;
	one_in = *(const volatile __u32 *)&filter->one_in;
	if (one_in > 1 && bpf_get_prandom_u32() % one_in)
		return 0;
	trace_fill(&scratch->record, flow, way, fate, ctx->ingress_ifindex);
	scratch->record.time_ns = bpf_ktime_get_ns();
	if (fate->on & MG_TRACE_LEFT) {
		scratch->record.len = bpf_xdp_get_buff_len(ctx);
		trace_copy(ctx, filter, scratch);
	} else if (!(fate->on & MG_TRACE_CAME)) {
		scratch->record.len = fate->len;
		scratch->record.captured = 0;
	}
	size = scratch->record.captured;
	if (size > MG_TRACE_SNAP_MAX) /* for the verifier */
		return 0;
	if (bpf_ringbuf_output(&mg_trace, scratch, sizeof(scratch->record) + size, 0))
		table_event(MG_EVENT_TRACE_LOST);
	return 0;
}

/* What the packet's end has to know: mg_trace_filter.on. */
static MG_INLINE __u32 trace_begin(struct xdp_md *ctx)
{
	const struct mg_trace_filter *filter = trace_filter();
	__u32 on = filter ? *(const volatile __u32 *)&filter->on : 0;

	if (on & MG_TRACE_CAME)
		mg_trace_keep(ctx);
	return on;
}

static MG_INLINE void trace_end(struct xdp_md *ctx, const struct flow *flow, const struct way *way,
				struct trace_fate fate)
{
	if (fate.on)
		mg_trace_tell(ctx, flow, way, &fate);
}
