/* SPDX-License-Identifier: BSD-2-Clause */
/* The counts of flows by the loaded programs: frames in, mg_loads read. */
#include "base/util.h"
#include "fixture.h"
#include "loaded.h"

#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <flow.h>
#include <linux/bpf.h>
#include <string.h>

#define SYN 0x02
#define FIN 0x01
#define RST 0x04
#define ACK 0x10

#define SERVICE 500
#define SLOT    1024
#define MEMBER  1000 /* index in mg_members of the only one, number 1 */

static struct loaded *loaded;

static void put(const char *map, uint32_t index, const void *value)
{
	cr_assert(zero(int, bpf_map_update_elem(loaded_map(loaded, map), &index, value, BPF_ANY)));
}

static void service(uint32_t i, struct mg_service_key key)
{
	struct mg_service service = { .key = key,
				      .index = SERVICE + i,
				      .slot_base = SLOT,
				      .member_base = MEMBER - 1,
				      .member_count = 1,
				      .observe = 1 };

	cr_assert(zero(int, loaded_service_put(loaded, &service, SERVICE + i)));
}

static void load(void)
{
	struct mg_slot slot = { .now = 1 };
	struct mg_member member = { .site = 1, .state = MG_UP };
	int r = loaded_new(&loaded);

	if (r == -EPERM || r == -EACCES)
		cr_skip("loading BPF programs needs root");
	cr_assert(zero(int, r));
	service(0, (struct mg_service_key)INGRESS(V4(198, 51, 100, 60), 6, 80));
	service(1, (struct mg_service_key)INGRESS(V6(0x01, 0, 0, 0, 0x60), 6, 80));
	put("mg_slots", SLOT, &slot);
	put("mg_members", MEMBER, &member);
}

static void unload(void)
{
	loaded_free(&loaded);
}

static void send(bool v4, uint16_t sport, uint8_t flags)
{
	static const uint8_t v4_ends[] = { 203, 0, 113, 5, 198, 51, 100, 60 };
	static const uint8_t v6_ends[2][16] = { V6(0, 0x0c, 0, 0, 1), V6(0x01, 0, 0, 0, 0x60) };
	uint8_t frame[256] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0xc1, v4 ? 0x08 : 0x86, v4 ? 0x00 : 0xdd
	};
	uint8_t *ip = frame + 14, *tcp = ip + (v4 ? 20 : 40);
	size_t len = tcp + 20 - frame;
	uint32_t action;

	ip[0] = v4 ? 0x45 : 0x60;
	ip[v4 ? 3 : 5] = v4 ? 40 : 20;
	ip[v4 ? 8 : 7] = 64;
	ip[v4 ? 9 : 6] = 6;
	if (v4)
		memcpy(ip + 12, v4_ends, sizeof(v4_ends));
	else
		memcpy(ip + 8, v6_ends, sizeof(v6_ends));
	tcp[0] = sport >> 8;
	tcp[1] = sport;
	tcp[3] = 80;
	tcp[12] = 0x50;
	tcp[13] = flags;
	cr_assert(
		zero(int, loaded_run(loaded, VECTOR_INGRESS, frame, &len, sizeof(frame), &action)));
	cr_assert(eq(u32, action, XDP_TX));
}

static struct mg_load load_now(void)
{
	struct mg_load now = { 0 };
	uint32_t index = MEMBER;

	cr_assert(zero(int, bpf_map_lookup_elem(loaded_map(loaded, "mg_loads"), &index, &now)));
	return now;
}

static uint16_t timed_port(void)
{
	uint16_t port = 1024;

	while ((port * FLOW_MIX_A) >> 60)
		port++;
	return port;
}

Test(observe, starts_and_ends, .init = load, .fini = unload)
{
	static const struct {
		uint8_t flags;
		uint32_t starts, ends, in_flight;
	} steps[] = {
		{ SYN, 1, 0, 1 },       { SYN, 1, 0, 1 }, { ACK, 1, 0, 1 }, { ACK | FIN, 1, 1, 0 },
		{ ACK | FIN, 1, 1, 0 }, { RST, 1, 1, 0 }, { SYN, 2, 1, 1 }, { RST | ACK, 2, 2, 0 },
	};

	for (uint32_t v4 = 0; v4 < 2; v4++)
		for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
			uint32_t before = v4 ? 2 : 0; /* by the other family */
			struct mg_load now;

			send(v4, 4000, steps[i].flags);
			now = load_now();
			cr_expect(eq(u64, now.starts, before + steps[i].starts), "%u, %zu", v4, i);
			cr_expect(eq(u64, now.ends, before + steps[i].ends), "%u, %zu", v4, i);
			cr_expect(eq(u32, now.in_flight, steps[i].in_flight * MG_LOAD_FLOW),
				  "%u, %zu", v4, i);
		}
}

Test(observe, handshakes, .init = load, .fini = unload)
{
	uint16_t port = timed_port();
	struct mg_load now;

	send(true, port, SYN);
	usleep(20000);
	send(true, port, ACK);
	send(true, port, ACK);
	now = load_now();
	cr_expect(eq(u64, now.handshakes, 1));
	cr_expect(ge(u64, now.handshake_us, 19990));
	cr_expect(lt(u64, now.handshake_us, 5000000), "a busy machine, but not that busy");
	send(true, 9, SYN);
	send(true, 9, ACK);
	cr_expect(eq(u64, load_now().handshakes, 1), "not one of those that are timed");
	cr_expect(zero(u64, load_now().timed));
	send(true, port, ACK | FIN);
	now = load_now();
	cr_expect(eq(u64, now.timed, 1));
	cr_expect(ge(u64, now.flow_us, now.handshake_us));
	cr_expect(lt(u64, now.flow_us, 10000000), "a busy machine, but not that busy");
	send(true, port, ACK | FIN);
	cr_expect(eq(u64, load_now().timed, 1), "an end is seen once");
}
