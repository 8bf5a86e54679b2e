/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What dataplane/core wants of its target, for XDP: the only place where helpers are called. */
#pragma once
#include "context.h"
#include "maps.h"
#include "trace_ring.h"

#include "answer.h"
#include "decap.h"
#include "fragment.h"
#include "icmp.h"
#include "mss.h"
#include "start.h"

static MG_INLINE const struct mg_settings *table_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&mg_settings, &zero);
}

static MG_INLINE const struct mg_service_set *table_service_set(__u32 index)
{
	return bpf_map_lookup_elem(&mg_service_sets, &index);
}

static MG_INLINE const struct mg_service *table_service(__u32 place)
{
	return bpf_map_lookup_elem(&mg_services, &place);
}

static MG_INLINE const struct mg_slot *table_slot(__u32 index)
{
	return bpf_map_lookup_elem(&mg_slots, &index);
}

static MG_INLINE struct mg_pin_set *table_pins(__u32 index)
{
	return bpf_map_lookup_elem(&mg_pins, &index);
}

static MG_INLINE struct mg_pin_marks *table_pin_marks(__u32 index)
{
	return bpf_map_lookup_elem(&mg_pin_marks, &index);
}

static MG_INLINE struct mg_fragment_set *table_fragments(__u32 index)
{
	return bpf_map_lookup_elem(&mg_fragments, &index);
}

static MG_INLINE const struct mg_member *table_member(__u32 index)
{
	return bpf_map_lookup_elem(&mg_members, &index);
}

static MG_INLINE struct mg_load *table_load(__u32 member)
{
	return bpf_map_lookup_elem(&mg_loads, &member);
}

static MG_INLINE struct mg_recent_set *table_recent(__u32 index)
{
	return bpf_map_lookup_elem(&mg_recent, &index);
}

static MG_INLINE const struct mg_site *table_site(__u32 index)
{
	return bpf_map_lookup_elem(&mg_sites, &index);
}

/* NULL: packets may not leave by it. */
static MG_INLINE const struct mg_port *table_port(__u32 ifindex)
{
	for (__u32 i = 0; i < MG_PORT_PROBES; i++) {
		__u32 place = MG_PORT_PLACE(ifindex, i);
		const struct mg_port *port = bpf_map_lookup_elem(&mg_ports, &place);

		if (port && port->ifindex == ifindex)
			return port;
	}
	return NULL;
}

static MG_INLINE const struct mg_nexthop *table_nexthop(__u32 index)
{
	return bpf_map_lookup_elem(&mg_nexthops, &index);
}

static MG_INLINE const struct mg_endpoint *table_endpoint(const struct mg_endpoint_key *key)
{
	return bpf_map_lookup_elem(&mg_endpoints, key);
}

static MG_INLINE const struct mg_server *table_server(const struct mg_server_key *key)
{
	return bpf_map_lookup_elem(&mg_server_ids, key);
}

static MG_INLINE struct mg_bucket *table_bucket(enum mg_guard guard)
{
	__u32 index = guard;

	return bpf_map_lookup_elem(&mg_buckets, &index);
}

static MG_INLINE __u64 table_clock(void)
{
	return bpf_ktime_get_ns();
}

static MG_INLINE __u8 table_tick(void)
{
	return bpf_ktime_get_ns() >> MG_TICK_SHIFT;
}

static MG_INLINE void table_event(enum mg_event event)
{
	__u32 index = event;
	struct mg_event_counter *counter = bpf_map_lookup_elem(&mg_counters_event, &index);

	if (counter)
		counter->count++;
}

static MG_INLINE void count_one(void *map, __u32 index, __u64 bytes, bool start)
{
	struct mg_counter *counter = bpf_map_lookup_elem(map, &index);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += bytes;
	counter->starts += start;
}

/* Of this CPU. NULL: there is none. */
static MG_INLINE struct mg_member_counter *member_counter(__u32 member)
{
	const struct mg_settings *settings = table_settings();
	__u32 index = bpf_get_smp_processor_id();

	if (!settings)
		return NULL;
	index = index * settings->members + member;
	return bpf_map_lookup_elem(&mg_counters_member, &index);
}

static MG_INLINE void count_sent(const struct flow *flow, const struct way *way, __u64 bytes)
{
	struct mg_member_counter *counter = member_counter(way->member);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += bytes;
	counter->starts += flow->start && !way->by_id;
}

/* A load, for want of an instruction that fetches: the line comes while the member's does. */
static MG_INLINE void count_soon(const struct way *way)
{
	const struct mg_member_counter *counter = member_counter(way->member);

	if (counter)
		(void)*(const volatile __u64 *)&counter->packets;
}

/* The steps are global functions: the verifier looks at such a one once, whatever its caller does,
 * and not once for each of the many ways that lead to it. It wants the NULL checks. */
__noinline int mg_parse(struct xdp_md *ctx, struct flow *ret)
{
	struct packet pkt = packet_of(ctx);

	return ret ? packet_frame(&pkt, ret) : MG_MALFORMED;
}

/* These return nothing of use: a void one would not be global for the verifier before 6.8. */
__noinline int mg_quote(struct xdp_md *ctx, struct flow *flow)
{
	struct packet pkt = packet_of(ctx);

	if (flow)
		icmp_quote(&pkt, flow);
	return MG_FORWARD;
}

__noinline int mg_recall(struct flow *flow)
{
	if (flow)
		fragment_recall(flow);
	return MG_FORWARD;
}

__noinline int mg_learn(const struct flow *flow)
{
	if (flow)
		fragment_learn(flow);
	return MG_FORWARD;
}

__noinline int mg_steer(struct xdp_md *ctx, const struct flow *flow, struct way *ret)
{
	struct packet pkt = packet_of(ctx);

	return flow && ret ? steer(&pkt, flow, ret) : MG_MALFORMED;
}

__noinline int mg_observe(const struct flow *flow, const struct way *way)
{
	if (flow && way)
		observe(flow, way);
	return MG_FORWARD;
}

__noinline int mg_start(const struct flow *flow, struct way *ret)
{
	return flow && ret ? start_steer(flow, ret) : MG_MALFORMED;
}

__noinline int mg_vrf(struct xdp_md *ctx, struct flow *flow)
{
	if (flow)
		steer_vrf(flow, ctx->ingress_ifindex);
	return MG_FORWARD;
}

/* The decision; before it the flow of what does not tell its own, and after it what fragments leave
 * to their siblings. */
static MG_INLINE enum mg_verdict decide(struct xdp_md *ctx, enum mg_scope scope, struct flow *flow,
					struct way *ret)
{
	enum mg_verdict verdict;

	if (flow->error)
		mg_quote(ctx, flow);
	if (flow->headless)
		mg_recall(flow);
	verdict = mg_steer(ctx, flow, ret);
	if (scope == MG_SCOPE_INGRESS && verdict == STEER_START)
		verdict = mg_start(flow, ret);
	if (verdict == MG_FORWARD && flow->fragment)
		mg_learn(flow);
	return verdict;
}

/* at: of the TCP header of the frame to be sent. */
__noinline int mg_clamp(struct xdp_md *ctx, const struct flow *flow, __u32 at, __u32 mss)
{
	struct packet pkt = packet_of(ctx);

	if (!flow || at > ICMP_QUOTE_MAX || !packet_pull(&pkt, at))
		return MG_FORWARD;
	if (mss_clamp(&pkt, flow->offset + flow->len - flow->payload, mss))
		table_event(MG_EVENT_MSS_CLAMPED);
	return MG_FORWARD;
}

/* Turns the frame into the one to be sent. After any other verdict than MG_FORWARD the frame is as
 * it came or is to be dropped. */
static MG_INLINE enum mg_verdict send(struct xdp_md *ctx, const struct flow *flow,
				      const struct way *way, struct tunnel *tunnel)
{
	enum mg_verdict verdict = encap_check(flow, tunnel);
	struct packet pkt = packet_of(ctx);
	__u32 ifindex = way->ifindex;

	if (verdict != MG_FORWARD)
		return verdict;
	if (ifindex != ctx->ingress_ifindex && !table_port(ifindex))
		return MG_NO_PORT;
	if (tunnel->rare && !encap_link_of(&pkt, tunnel))
		return MG_TRUNCATED;
	if (bpf_xdp_adjust_head(ctx, -encap_room(flow, tunnel)))
		return MG_NO_HEADROOM;
	pkt = packet_of(ctx);
	if (!encap_write(&pkt, flow, tunnel))
		return MG_TRUNCATED;
	if (way->mss)
		mg_clamp(ctx, flow, encap_room(flow, tunnel) + flow->payload, way->mss);
	return MG_FORWARD;
}

#define SEND_RARELY MG_VERDICT_COUNT /* mg_send(): not one of the usual kinds */

/* All kinds; apart, so that the usual ones do without the branches of the rare ones. */
__noinline int mg_send_rare(struct xdp_md *ctx, const struct flow *flow, const struct way *way)
{
	struct tunnel tunnel;

	if (!flow || !way)
		return MG_MALFORMED;
	return tunnel_of(flow, way, &tunnel) ? send(ctx, flow, way, &tunnel) : MG_NO_NEXTHOP;
}

__noinline int mg_send(struct xdp_md *ctx, const struct flow *flow, const struct way *way)
{
	struct tunnel tunnel;

	if (!flow || !way)
		return MG_MALFORMED;
	if (!tunnel_of(flow, way, &tunnel))
		return MG_NO_NEXTHOP;
	return tunnel.rare ? SEND_RARELY : send(ctx, flow, way, &tunnel);
}

/* One after the other and not one in the other: a kernel may have 512 octets of stack for all
 * functions that are at work at a time. */
static MG_INLINE enum mg_verdict send_any(struct xdp_md *ctx, const struct flow *flow,
					  const struct way *way)
{
	int verdict = mg_send(ctx, flow, way);

	return verdict == SEND_RARELY ? mg_send_rare(ctx, flow, way) : verdict;
}

static MG_INLINE enum mg_verdict answer_begun(struct packet *pkt, const struct flow *flow,
					      const struct way *way, struct answer *ret)
{
	struct tunnel tunnel;

	return tunnel_of(flow, way, &tunnel) ? answer_too_big(pkt, flow, &tunnel, ret) : MG_TOO_BIG;
}

/* Turns a frame of len octets with the verdict `why`, MG_TOO_BIG or MG_UNREACHABLE, into the
 * message about it, to be sent where it came from. After any other verdict than MG_TOO_BIG_TOLD and
 * MG_UNREACHABLE it is to be dropped. */
__noinline int mg_answer(struct xdp_md *ctx, const struct flow *flow, const struct way *way,
			 __u32 len, __u32 why)
{
	struct packet pkt = packet_of(ctx);
	enum mg_verdict verdict;
	struct answer answer;

	if (!flow || !way)
		return MG_MALFORMED;
	verdict = why == MG_TOO_BIG ? answer_begun(&pkt, flow, way, &answer)
				    : answer_unreachable(&pkt, flow, &answer);
	if (verdict != MG_TOO_BIG_TOLD && verdict != MG_UNREACHABLE)
		return verdict;
	if (bpf_xdp_adjust_head(ctx, -(int)answer_room(flow)))
		return MG_NO_HEADROOM;
	if (bpf_xdp_adjust_tail(ctx, answer_cut(len, flow, &answer)) ||
	    ctx->data_end - ctx->data != answer_len(flow, &answer)) /* all of it in one buffer */
		return why == MG_TOO_BIG ? MG_TOO_BIG : MG_NO_MEMBER;
	pkt = packet_of(ctx);
	return answer_write(&pkt, flow, &answer) ? verdict : MG_TRUNCATED;
}

/* At a packet's start. */
static MG_INLINE struct trace_fate trace_fate_of(struct xdp_md *ctx, enum mg_trace_program program)
{
	return (struct trace_fate){ .on = trace_begin(ctx),
				    .program = program,
				    .len = frame_linear(ctx) };
}

static MG_INLINE int send_action(const struct xdp_md *ctx, const struct way *way)
{
	if (way->ifindex == ctx->ingress_ifindex)
		return XDP_TX;
	return bpf_redirect(way->ifindex, 0);
}
