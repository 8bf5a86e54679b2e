/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs on the host build. The input is a program number, then twelve octets that disturb
 * the fixture's tables, then a frame; what is sent has to be a frame that can be read again. Bit 1
 * of the number: if the frame is a later fragment, its first one has come by before.
 */
#include "target_fixture.h"

#define DISTURBANCE 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Member and site numbers, states, next hop counts and MTU may be anything at all. */
static void disturb(const uint8_t *octets)
{
	size_t service = octets[0] % FIXTURE_SERVICES, site = octets[1] % TARGET_SITES;

	target.slot[service] = (struct mg_slot){ .now = octets[2] & 3,
						 .prev = octets[3] & 3,
						 .next = octets[4],
						 .state = octets[5] & 3 };
	target.service[service + 1].affinity = octets[6] & 1;
	target.service[service + 1].slot_mask = octets[6] >> 1;
	target.member[service * FIXTURE_MEMBERS + 1].site = octets[7];
	target.site[site].nexthop_count = octets[8];
	target.site[site].mtu ^= octets[9] << 3;
	target.settings.pin_set_mask = octets[10] * 9;
	target.tick = octets[11];
}

static void plant_first(const struct frame *frame, const uint8_t *octets)
{
	struct packet pkt = frame_packet(frame);
	struct flow flow = { 0 };

	if (packet_frame(&pkt, &flow) != MG_FORWARD || !flow.headless)
		return;
	flow.headless = false;
	flow.service.port = 8001 + octets[0] % 16;
	flow.sport = octets[1];
	fragment_learn(&flow);
}

static bool leaves(enum mg_verdict verdict)
{
	return verdict == MG_FORWARD || verdict == MG_DELIVERED || verdict == MG_TOO_BIG_TOLD ||
	       verdict == MG_CONNECTED || verdict == MG_ROUTED;
}

static enum vector_program program_of(uint8_t octet)
{
	if (octet & 4)
		return VECTOR_EDGE;
	if (octet & 8)
		return VECTOR_VRF;
	return octet & 1 ? VECTOR_EGRESS : VECTOR_INGRESS;
}

static void check_sent(const struct frame *frame)
{
	struct packet pkt = frame_packet(frame);
	struct flow flow = { 0 };
	enum mg_verdict verdict = packet_frame(&pkt, &flow);

	if (verdict == MG_TRUNCATED || verdict == MG_MALFORMED)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct way way = { 0 };
	enum mg_verdict verdict;
	struct frame frame;

	if (size < 1 + DISTURBANCE)
		return 0;
	target_fixture();
	disturb(data + 1);
	frame = frame_of(data + 1 + DISTURBANCE, size - 1 - DISTURBANCE);
	if (data[0] & 2)
		plant_first(&frame, data + 1);
	verdict = target_run(program_of(data[0]), &frame, &way);
	if (leaves(verdict))
		check_sent(&frame);
	frame_clear(&frame);
	return 0;
}
