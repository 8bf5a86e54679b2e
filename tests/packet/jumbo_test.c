/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of several buffers, as drivers have them with a large MTU: the kernel makes such of what
 * is larger than a page. */
#include "base/util.h"
#include "hex.h"
#include "loaded.h"

#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fixture.h>

#define JUMBO   8500
#define TUNNEL  20 /* IPv4 in IPv4: the first vector */
#define ETH     14
#define HEADERS (ETH + 40)

static struct loaded *loaded;

static void set_mtu(uint32_t mtu)
{
	struct mg_site site = fixture_sites[1];
	uint32_t index = 1;

	site.mtu = mtu;
	cr_assert(
		eq(int, bpf_map_update_elem(loaded_map(loaded, "mg_sites"), &index, &site, 0), 0));
}

static void load(void)
{
	int r = loaded_new(&loaded);

	if (r == -EPERM || r == -EACCES)
		cr_skip("loading BPF programs needs root");
	cr_assert(eq(int, r, 0));
}

static void unload(void)
{
	loaded_free(&loaded);
}

/* The first vector's packet with `len` octets in all, of a pattern. */
static uint8_t *frame_new(size_t len)
{
	size_t small;
	_cleanup_(freep) uint8_t *head = unhex(vectors[0].in, &small);
	uint8_t *frame = malloc(16384);

	for (size_t i = 0; i < len; i++)
		frame[i] = i * 31 + (i >> 8);
	memcpy(frame, head, HEADERS);
	frame[ETH + 2] = (len - ETH) >> 8;
	frame[ETH + 3] = len - ETH;
	return frame;
}

Test(jumbo, is_sent_whole, .init = load, .fini = unload)
{
	_cleanup_(freep) uint8_t *frame = frame_new(JUMBO), *sent = frame_new(JUMBO);
	size_t len = JUMBO;
	uint32_t action;

	set_mtu(9000);
	cr_assert(eq(int, loaded_run(loaded, VECTOR_INGRESS, sent, &len, 16384, &action), 0));
	cr_expect(eq(u32, action, XDP_TX));
	cr_expect(eq(sz, len, JUMBO + TUNNEL));
	cr_expect(eq(int, memcmp(sent + HEADERS + TUNNEL, frame + HEADERS, JUMBO - HEADERS), 0));
	cr_expect(eq(u64, loaded_member(loaded, 1).bytes, JUMBO), "all buffers are counted");
}

Test(jumbo, cut_short_is_dropped, .init = load, .fini = unload)
{
	_cleanup_(freep) uint8_t *frame = frame_new(JUMBO);
	size_t len = JUMBO - 1;
	uint32_t action;

	set_mtu(9000);
	cr_assert(eq(int, loaded_run(loaded, VECTOR_INGRESS, frame, &len, 16384, &action), 0));
	cr_expect(eq(u32, action, XDP_DROP));
	cr_expect(eq(u64, loaded_verdict(loaded, MG_TRUNCATED).packets, 1));
	cr_expect(eq(u64, loaded_verdict(loaded, MG_TRUNCATED).bytes, JUMBO - 1));
}

Test(jumbo, too_big_is_told, .init = load, .fini = unload)
{
	_cleanup_(freep) uint8_t *frame = frame_new(JUMBO);
	size_t len = JUMBO;
	uint32_t action;

	cr_assert(eq(int, loaded_run(loaded, VECTOR_INGRESS, frame, &len, 16384, &action), 0));
	cr_expect(eq(u32, action, XDP_TX));
	cr_expect(eq(u64, loaded_verdict(loaded, MG_TOO_BIG_TOLD).packets, 1));
	cr_expect(eq(sz, len, ETH + 576));
}
