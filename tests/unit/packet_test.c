/* SPDX-License-Identifier: BSD-2-Clause */
/* Parse, decide and encapsulate on the host: the vectors of tests/packet, every truncation of them,
 * and what the reader takes for the start of a flow. */
#include "../packet/vectors.h"
#include "base/util.h"
#include "hex.h"
#include "target_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static enum mg_verdict run(enum vector_program program, struct frame *frame)
{
	struct way way = { 0 };

	return target_run(program, frame, &way);
}

static bool same(const struct frame *frame, const char *hex)
{
	size_t len;
	_cleanup_(freep) uint8_t *want = unhex(hex, &len);

	return frame->len == len && !memcmp(frame->bytes, want, len);
}

Test(packet, vectors, .init = target_fixture)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(v->in, &len);
		_cleanup_(frame_clear) struct frame frame = frame_of(bytes, len);
		char got[4096];
		enum mg_verdict verdict = run(v->program, &frame);

		cr_expect(eq(int, verdict, v->verdict), "%s", v->name);
		cr_expect(same(&frame, v->out ? v->out : v->in), "%s: %s", v->name,
			  hexdump(frame.bytes, frame.len, got, sizeof(got)));
	}
}

/* Octets behind the IP packet may go missing without a trace. */
static size_t padding(const struct vector *v, size_t len)
{
	_cleanup_(freep) uint8_t *bytes = unhex(v->in, &len);
	struct packet pkt = { .at = bytes, .end = bytes + len };
	struct flow flow = { 0 };

	packet_frame(&pkt, &flow);
	return len - flow.offset - flow.len;
}

Test(packet, truncations, .init = target_fixture)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(v->in, &len);

		if (!v->out)
			continue;
		len -= padding(v, len);
		for (size_t cut = 0; cut < len; cut++) {
			_cleanup_(frame_clear) struct frame frame = frame_of(bytes, cut);

			cr_expect(eq(int, run(v->program, &frame), MG_TRUNCATED), "%s, %zu octets",
				  v->name, cut);
			cr_expect(eq(sz, frame.len, cut), "%s: touched", v->name);
		}
	}
}

#define IPV4_UDP(len) "0200000000010200000000c10800 4500" len "00000000401100000a0000010a000002 "
#define UDP_QUIC      "040001bb 0000 0000 "
#define IPV4_TCP      "0200000000010200000000c10800 4500002800000000400600000a0000010a000002 "
#define TCP(flags)    "04000050 00000001 00000002 50" flags "ffff 0000 0000"

static const struct {
	const char *name, *hex;
	bool start;
} starts[] = {
	{ "SYN", IPV4_TCP TCP("02"), true },
	{ "SYN with ECE and CWR", IPV4_TCP TCP("c2"), true },
	{ "SYN ACK", IPV4_TCP TCP("12"), false },
	{ "ACK", IPV4_TCP TCP("10"), false },
	{ "SYN FIN", IPV4_TCP TCP("03"), false },
	{ "SYN RST", IPV4_TCP TCP("06"), false },
	{ "no flags", IPV4_TCP TCP("00"), false },
	{ "QUIC 1 Initial", IPV4_UDP("0021") UDP_QUIC "c3 00000001", true },
	{ "QUIC 1 Initial, fixed bit greased", IPV4_UDP("0021") UDP_QUIC "80 00000001", true },
	{ "QUIC 1 0-RTT", IPV4_UDP("0021") UDP_QUIC "d0 00000001", false },
	{ "QUIC 1 Handshake", IPV4_UDP("0021") UDP_QUIC "e0 00000001", false },
	{ "QUIC 1 short header", IPV4_UDP("0021") UDP_QUIC "40 00000001", false },
	{ "QUIC 2 Initial", IPV4_UDP("0021") UDP_QUIC "d3 6b3343cf", true },
	{ "QUIC 2 Retry", IPV4_UDP("0021") UDP_QUIC "c0 6b3343cf", false },
	{ "QUIC of another version", IPV4_UDP("0021") UDP_QUIC "c0 0000000a", false },
	{ "QUIC version cut short", IPV4_UDP("0020") UDP_QUIC "c0 000000", false },
	{ "QUIC in the padding", IPV4_UDP("0020") UDP_QUIC "c0 00000001", false },
	{ "UDP without payload", IPV4_UDP("001c") UDP_QUIC, false },
};

Test(packet, flow_start)
{
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(starts[i].hex, &len);
		_cleanup_(frame_clear) struct frame frame = frame_of(bytes, len);
		struct packet pkt = frame_packet(&frame);
		struct flow flow = { 0 };

		cr_expect(eq(int, packet_frame(&pkt, &flow), MG_FORWARD), "%s", starts[i].name);
		cr_expect(eq(int, flow.start, starts[i].start), "%s", starts[i].name);
	}
}
