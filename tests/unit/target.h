/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What dataplane/core wants of its target, for the host: plain arrays, a clock that the test turns,
 * and frames in heap blocks of exact size, so that the sanitizers see every octet too far.
 */
#pragma once
#include <answer.h>
#include <decap.h>
#include <fragment.h>
#include <icmp.h>
#include <mss.h>
#include <start.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TARGET_SERVICES  128
#define TARGET_SETS      32
#define TARGET_SLOTS     4096
#define TARGET_PIN_SETS  1024
#define TARGET_MEMBERS   512
#define TARGET_SITES     64
#define TARGET_ENDPOINTS 32
#define TARGET_PORTS     8
#define TARGET_SERVERS   16

static struct {
	struct mg_settings settings;
	struct mg_service_set service_set[TARGET_SETS];
	struct mg_service service[TARGET_SERVICES + 1]; /* by place, from 1 */
	struct mg_slot slot[TARGET_SLOTS];
	struct mg_pin_set pins[TARGET_PIN_SETS];
	struct mg_pin_marks marks[TARGET_PIN_SETS / MG_MARKS_PER_WORD];
	struct mg_fragment_set fragments[MG_FRAGMENT_SETS];
	struct mg_member member[TARGET_MEMBERS];
	struct mg_load load[TARGET_MEMBERS];
	struct mg_recent_set recent[MG_RECENT_SETS];
	struct mg_site site[TARGET_SITES];
	struct mg_nexthop nexthop[TARGET_SITES];
	struct mg_endpoint_key endpoint_key[TARGET_ENDPOINTS];
	struct mg_endpoint endpoint[TARGET_ENDPOINTS];
	struct mg_port port[TARGET_PORTS];
	struct mg_server_key server_key[TARGET_SERVERS];
	struct mg_server server[TARGET_SERVERS];
	uint64_t event[MG_EVENT_COUNT];
	size_t services, endpoints, servers;
	struct mg_bucket bucket[MG_GUARD_COUNT];
	uint64_t clock_ns;
	uint8_t tick;
} target;

/* For what is decided without looking into the frame. */
static const struct packet no_frame __attribute__((unused));

static MG_INLINE const struct mg_settings *table_settings(void)
{
	return &target.settings;
}

static MG_INLINE const struct mg_service_set *table_service_set(__u32 index)
{
	return index < TARGET_SETS ? &target.service_set[index] : NULL;
}

static MG_INLINE const struct mg_service *table_service(__u32 place)
{
	return place <= TARGET_SERVICES ? &target.service[place] : NULL;
}

/* Enters the service behind the others. */
static inline void target_service(const struct mg_service *service)
{
	struct service_name name;

	target.service[++target.services] = *service;
	name = service_name(&target.service[target.services].key);
	target.settings.service_set_mask = TARGET_SETS - 1;
	if (!service_enter(target.service_set, TARGET_SETS - 1, &name, target.services))
		abort();
}

static MG_INLINE const struct mg_slot *table_slot(__u32 index)
{
	return index < TARGET_SLOTS ? &target.slot[index] : NULL;
}

static MG_INLINE struct mg_pin_set *table_pins(__u32 index)
{
	return index < TARGET_PIN_SETS ? &target.pins[index] : NULL;
}

static MG_INLINE struct mg_pin_marks *table_pin_marks(__u32 index)
{
	return index < TARGET_PIN_SETS / MG_MARKS_PER_WORD ? &target.marks[index] : NULL;
}

static MG_INLINE struct mg_fragment_set *table_fragments(__u32 index)
{
	return index < MG_FRAGMENT_SETS ? &target.fragments[index] : NULL;
}

static MG_INLINE const struct mg_member *table_member(__u32 index)
{
	return index < TARGET_MEMBERS ? &target.member[index] : NULL;
}

static MG_INLINE struct mg_load *table_load(__u32 member)
{
	return member < TARGET_MEMBERS ? &target.load[member] : NULL;
}

static MG_INLINE struct mg_recent_set *table_recent(__u32 index)
{
	return index < MG_RECENT_SETS ? &target.recent[index] : NULL;
}

static MG_INLINE const struct mg_site *table_site(__u32 index)
{
	return index < TARGET_SITES ? &target.site[index] : NULL;
}

static MG_INLINE const struct mg_port *table_port(__u32 ifindex)
{
	for (size_t i = 0; i < TARGET_PORTS; i++) {
		if (target.port[i].ifindex == ifindex)
			return &target.port[i];
	}
	return NULL;
}

static MG_INLINE const struct mg_nexthop *table_nexthop(__u32 index)
{
	return index < TARGET_SITES ? &target.nexthop[index] : NULL;
}

static MG_INLINE const struct mg_endpoint *table_endpoint(const struct mg_endpoint_key *key)
{
	for (size_t i = 0; i < target.endpoints; i++) {
		if (!memcmp(&target.endpoint_key[i], key, sizeof(*key)))
			return &target.endpoint[i];
	}
	return NULL;
}

static MG_INLINE const struct mg_server *table_server(const struct mg_server_key *key)
{
	for (size_t i = 0; i < target.servers; i++) {
		if (!memcmp(&target.server_key[i], key, sizeof(*key)))
			return &target.server[i];
	}
	return NULL;
}

static MG_INLINE struct mg_bucket *table_bucket(enum mg_guard guard)
{
	return &target.bucket[guard];
}

static MG_INLINE __u64 table_clock(void)
{
	return target.clock_ns;
}

static MG_INLINE __u8 table_tick(void)
{
	return target.tick;
}

static MG_INLINE void table_event(enum mg_event event)
{
	target.event[event]++;
}

struct frame {
	uint8_t *bytes; /* owned */
	size_t len;
	uint32_t ifindex; /* came by */
};

static inline void frame_clear(struct frame *frame)
{
	free(frame->bytes);
	*frame = (struct frame){ 0 };
}

static inline struct frame frame_of(const void *bytes, size_t len)
{
	struct frame frame = { .bytes = malloc(len), .len = len, .ifindex = 1 };

	if (!frame.bytes)
		abort();
	memcpy(frame.bytes, bytes, len);
	return frame;
}

static inline struct packet frame_packet(const struct frame *frame)
{
	return (struct packet){ .at = frame->bytes, .end = frame->bytes + frame->len };
}

/* A frame of the tests is one block. */
static MG_INLINE __u32 packet_frame_len(const struct packet *pkt)
{
	return 0;
}

static MG_INLINE __u32 octets_load4(const void *at)
{
	__u32 word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static MG_INLINE __u64 octets_load8(const void *at)
{
	__u64 word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static MG_INLINE void octets_store8(void *at, __u64 word)
{
	memcpy(at, &word, sizeof(word));
}

/* bpf_xdp_adjust_head() for a block of exact size; new octets are 0xa5, which no test expects. */
static inline void frame_grow(struct frame *frame, int room)
{
	size_t len = frame->len + room, keep = room < 0 ? len : frame->len;
	uint8_t *bytes = malloc(len);

	if (!bytes)
		abort();
	memset(bytes, 0xa5, len);
	memcpy(bytes + len - keep, frame->bytes + frame->len - keep, keep);
	free(frame->bytes);
	frame->bytes = bytes;
	frame->len = len;
}

static inline void frame_cut(struct frame *frame, int room)
{
	struct frame cut = frame_of(frame->bytes, frame->len + room);

	free(frame->bytes);
	frame->bytes = cut.bytes;
	frame->len = cut.len;
}

static inline enum mg_verdict target_send(struct frame *frame, const struct flow *flow,
					  const struct way *way)
{
	enum mg_verdict verdict;
	struct tunnel tunnel;
	struct packet pkt;

	if (!tunnel_of(flow, way, &tunnel))
		return MG_NO_NEXTHOP;
	verdict = encap_check(flow, &tunnel);
	if (verdict != MG_FORWARD)
		return verdict;
	if (way->ifindex != frame->ifindex && !table_port(way->ifindex))
		return MG_NO_PORT;
	pkt = frame_packet(frame);
	if (tunnel.rare && !encap_link_of(&pkt, &tunnel))
		return MG_TRUNCATED;
	frame_grow(frame, encap_room(flow, &tunnel));
	pkt = frame_packet(frame);
	if (!encap_write(&pkt, flow, &tunnel))
		return MG_TRUNCATED;
	pkt = frame_packet(frame);
	if (way->mss && packet_pull(&pkt, encap_room(flow, &tunnel) + flow->payload) &&
	    mss_clamp(&pkt, flow->offset + flow->len - flow->payload, way->mss))
		table_event(MG_EVENT_MSS_CLAMPED);
	return MG_FORWARD;
}

static inline enum mg_verdict target_answer(struct frame *frame, const struct flow *flow,
					    const struct way *way, enum mg_verdict why)
{
	struct packet pkt = frame_packet(frame);
	enum mg_verdict verdict;
	struct answer answer;
	struct tunnel tunnel;

	if (why == MG_UNREACHABLE)
		verdict = answer_unreachable(&pkt, flow, &answer);
	else if (tunnel_of(flow, way, &tunnel))
		verdict = answer_too_big(&pkt, flow, &tunnel, &answer);
	else
		return MG_TOO_BIG;
	if (verdict != MG_TOO_BIG_TOLD && verdict != MG_UNREACHABLE)
		return verdict;
	frame_cut(frame, answer_cut(frame->len, flow, &answer));
	frame_grow(frame, answer_room(flow));
	pkt = frame_packet(frame);
	return answer_write(&pkt, flow, &answer) ? verdict : MG_TRUNCATED;
}

static inline enum mg_verdict target_steer(const struct packet *pkt, const struct flow *flow,
					   struct way *ret)
{
	enum mg_verdict verdict = steer(pkt, flow, ret);

	return verdict == (enum mg_verdict)STEER_START ? start_steer(flow, ret) : verdict;
}

static inline enum mg_verdict target_decide(const struct frame *frame, struct flow *flow,
					    struct way *ret)
{
	struct packet pkt = frame_packet(frame);
	enum mg_verdict verdict;

	icmp_quote(&pkt, flow);
	pkt = frame_packet(frame);
	fragment_recall(flow);
	verdict = target_steer(&pkt, flow, ret);
	if (verdict == MG_FORWARD)
		fragment_learn(flow);
	return verdict;
}

static inline enum mg_verdict target_route(struct frame *frame, const struct flow *flow)
{
	struct packet pkt = frame_packet(frame);
	struct link link;

	if (!decap_link(&pkt, flow, &link))
		return MG_TRUNCATED;
	frame_grow(frame, decap_room(flow, &link));
	pkt = frame_packet(frame);
	return decap_write(&pkt, flow, &link) ? MG_ROUTED : MG_TRUNCATED;
}

/* The ways, as bpf/ has them. */
static inline enum mg_verdict target_ingress_way(struct frame *frame, struct flow *flow,
						 struct way *ret)
{
	struct packet pkt = frame_packet(frame);
	enum mg_verdict verdict;
	struct way site;
	__u16 mss;

	if (steer_asks_port())
		steer_vrf(flow, frame->ifindex);
	verdict = target_decide(frame, flow, ret);
	site = *ret;
	if (verdict == MG_FORWARD && ret->local) {
		steer_inward(flow, ret);
		mss = ret->mss;
		verdict = steer(&pkt, flow, ret);
		if (!ret->mss)
			ret->mss = mss;
		if (verdict == MG_NOT_OURS)
			verdict = MG_NO_SERVICE;
	}
	if (verdict == MG_FORWARD)
		verdict = target_send(frame, flow, ret);
	if (verdict == MG_TOO_BIG || verdict == MG_UNREACHABLE)
		verdict = target_answer(frame, flow, ret, verdict);
	if (verdict == MG_FORWARD && observe_wanted(flow, &site))
		observe(flow, &site);
	return verdict;
}

static inline enum mg_verdict target_end(struct frame *frame, const struct mg_endpoint *end,
					 struct flow *outer, struct flow *flow, struct way *ret)
{
	struct packet pkt = frame_packet(frame);
	enum mg_verdict verdict = MG_FORWARD;

	if (decap_shimmed(outer))
		verdict = decap_shim(&pkt, end, outer);
	pkt = frame_packet(frame);
	if (verdict == MG_FORWARD)
		verdict = decap_inner(&pkt, outer, end, flow);
	if (verdict != MG_FORWARD)
		return verdict;
	return decap_connects(end) ? decap_connect(flow, end, ret)
				   : target_decide(frame, flow, ret);
}

static inline enum mg_verdict target_egress_way(struct frame *frame, const struct mg_endpoint *end,
						struct flow *outer, struct way *ret)
{
	struct flow flow = { .service.scope = MG_SCOPE_EGRESS };
	enum mg_verdict verdict = decap_verdict(end, target_end(frame, end, outer, &flow, ret));

	if (verdict == MG_ROUTED)
		return target_route(frame, &flow);
	if (verdict == MG_FORWARD)
		verdict = target_send(frame, &flow, ret);
	if (verdict == MG_FORWARD)
		verdict = decap_connects(end) ? MG_CONNECTED : MG_DELIVERED;
	return verdict;
}

/* The programs. */
static inline enum mg_verdict target_ingress(struct frame *frame, struct way *ret)
{
	struct packet pkt = frame_packet(frame);
	struct flow flow = { .service.scope = MG_SCOPE_INGRESS };
	enum mg_verdict verdict = packet_frame(&pkt, &flow);

	return verdict == MG_FORWARD ? target_ingress_way(frame, &flow, ret) : verdict;
}

static inline enum mg_verdict target_egress(struct frame *frame, struct way *ret)
{
	struct packet pkt = frame_packet(frame);
	struct flow outer = { 0 };
	struct mg_endpoint end;
	enum mg_verdict verdict = packet_frame(&pkt, &outer);

	if (verdict == MG_FORWARD)
		verdict = decap_endpoint(&outer, &end);
	return verdict == MG_FORWARD ? target_egress_way(frame, &end, &outer, ret) : verdict;
}

static inline enum mg_verdict target_edge(struct frame *frame, struct way *ret)
{
	struct packet pkt = frame_packet(frame);
	struct flow flow = { .service.scope = MG_SCOPE_INGRESS };
	struct mg_endpoint end;
	enum mg_verdict verdict = packet_frame(&pkt, &flow);

	if (verdict != MG_FORWARD)
		return verdict;
	verdict = decap_endpoint(&flow, &end);
	if (verdict == MG_NOT_OURS)
		return target_ingress_way(frame, &flow, ret);
	return verdict == MG_FORWARD ? target_egress_way(frame, &end, &flow, ret) : verdict;
}
