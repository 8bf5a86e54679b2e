/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The properties of slots_model.h with the loaded programs on their maps, which control's part
 * reads and writes as memory. The programs' clock is the kernel's and cannot be turned; a tick
 * later is therefore made by taking one from every pin.
 */
#include "slots_model.h"

#include "loaded.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include "fixture.h"

#define STEPS       3000
#define PIN_SETS    1024
#define SLOT_BASE   1024 /* behind what the fixture uses */
#define MEMBER_BASE 1000
#define SITE_BASE   100
#define SERVICE     500 /* index and place of the first one */
#define HELD        8   /* flows with a pin before the flood */
#define FLOOD       4000
#define BURST       9

#define EVENTS_V4 V4(198, 51, 100, 60)
#define EVENTS_V6 V6(0x01, 0, 0, 0, 0x60)

static struct loaded *loaded;
static struct mg_settings *settings;
static uint8_t real_tick; /* seen last */

static void *memory(const char *name, size_t len)
{
	void *at_map =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, loaded_map(loaded, name), 0);

	cr_assert(ne(ptr, at_map, MAP_FAILED), "%s", name);
	return at_map;
}

static uint8_t tick(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec * 1000000000 + now.tv_nsec) >> MG_TICK_SHIFT;
}

static void turn(void)
{
	uint8_t now = tick();

	model.now += (uint8_t)(now - real_tick);
	real_tick = now;
	for (size_t i = 0; i < PIN_SETS * MG_PINS_PER_SET; i++) {
		struct mg_pin *pin = &at.pins[i / MG_PINS_PER_SET].pin[i % MG_PINS_PER_SET];

		if (pin->member)
			pin->tick--;
	}
}

static void address(struct random *random, struct flow *flow)
{
	static const uint8_t v4[16] = EVENTS_V4, v6[16] = EVENTS_V6, from[16] = V4(203, 0, 0, 0);

	flow->v4 = random_below(random, 2);
	memcpy(flow->service.addr, flow->v4 ? v4 : v6, 16);
	memcpy(flow->src, flow->v4 ? from : v6, 16);
	for (int i = flow->v4 ? 13 : 8; i < 16; i++)
		flow->src[i] = random_u64(random);
}

static void put16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = value >> 8;
	bytes[1] = value & 0xff;
}

/* An Ethernet and an IP header in front of so many octets. Returns the length of both. */
static size_t headers(const struct flow *flow, size_t len, uint8_t *ret)
{
	static const uint8_t eth[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0xc1 };
	uint8_t *ip = ret + 14;

	memset(ret, 0, 14 + 40);
	memcpy(ret, eth, sizeof(eth));
	put16(ret + 12, flow->v4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
	ip[0] = flow->v4 ? IPV4_VERSION : IPV6_VERSION;
	if (flow->v4) {
		put16(ip + 2, 20 + len);
		ip[8] = 64;
		ip[9] = flow->service.proto;
		memcpy(ip + 12, flow->src + 12, 4);
		memcpy(ip + 16, flow->service.addr + 12, 4);
		return 14 + 20;
	}
	put16(ip + 4, len);
	ip[6] = flow->service.proto;
	ip[7] = 64;
	memcpy(ip + 8, flow->src, 16);
	memcpy(ip + 24, flow->service.addr, 16);
	return 14 + 40;
}

/* The outer destination says which member the site is of. */
static uint16_t run(uint8_t *frame, size_t len, size_t size)
{
	uint32_t action;

	cr_assert(zero(int, loaded_run(loaded, VECTOR_INGRESS, frame, &len, size, &action)));
	return action == XDP_TX ? frame[14 + 19] : 0;
}

static uint16_t send(const struct flow *flow)
{
	size_t len = flow->service.proto == PROTO_TCP ? 20 : 16;
	uint8_t frame[256], *l4 = frame + headers(flow, len, frame);

	memset(l4, 0, len);
	put16(l4, flow->sport);
	put16(l4 + 2, flow->service.port);
	if (flow->service.proto == PROTO_TCP) {
		l4[12] = 0x50;
		l4[13] = flow->start ? TCP_SYN : TCP_ACK;
	}
	return run(frame, l4 + len - frame, sizeof(frame));
}

/* A short header with the server ID of that member. */
static uint16_t send_quic(const struct flow *flow, uint16_t member)
{
	const uint8_t quic[] = { 0x40, 1 << 5, 0, 0, 0, member, 1, 2, 3, 4 };
	uint8_t frame[256], *udp = frame + headers(flow, 8 + sizeof(quic), frame);

	memset(udp, 0, 8);
	put16(udp, flow->sport);
	put16(udp + 2, flow->service.port);
	memcpy(udp + 8, quic, sizeof(quic));
	return run(frame, udp + 8 + sizeof(quic) - frame, sizeof(frame));
}

/* The same slots and members for every protocol, and by server ID on one port. */
static void put_services(void)
{
	static const struct mg_service_key keys[] = {
		INGRESS(EVENTS_V4, 0, 0),
		INGRESS(EVENTS_V6, 0, 0),
		INGRESS(EVENTS_V4, 17, 443),
		INGRESS(EVENTS_V6, 17, 443),
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct mg_service service = {
			.key = keys[i],
			.index = SERVICE + i,
			.slot_base = SLOT_BASE,
			.slot_mask = SLOTS - 1,
			.member_base = MEMBER_BASE,
			.member_count = MEMBERS,
			.affinity = keys[i].port ? MG_AFFINITY_QUIC : MG_AFFINITY_FLOW,
			.placement = at.two_choice ? MG_PLACEMENT_TWO_CHOICE : MG_PLACEMENT_SLOT,
			.observe = at.two_choice,
			.quic_config = 1,
			.quic_id_len = 4
		};

		cr_assert(zero(int, loaded_service_put(loaded, &service, SERVICE + i)));
		for (uint8_t m = 1; m <= MEMBERS; m++) {
			struct mg_server_key key = { .service = SERVICE + i, .id = { 0, 0, 0, m } };
			struct mg_server server = { m };

			cr_assert(zero(int, bpf_map_update_elem(loaded_map(loaded, "mg_server_ids"),
								&key, &server, BPF_ANY)));
		}
	}
}

static void start(struct random *random, bool two_choice)
{
	int r = loaded_new(&loaded);

	if (r == -EPERM || r == -EACCES)
		cr_skip("loading BPF programs needs root");
	cr_assert(zero(int, r));
	settings = memory("mg_settings", sizeof(*settings));
	settings->hash_seed = random_u64(random);
	settings->pin_set_mask = PIN_SETS - 1;
	at.slot = (struct mg_slot *)memory("mg_slots", 65536 * sizeof(struct mg_slot)) + SLOT_BASE;
	at.slot_base = SLOT_BASE;
	at.pins = memory("mg_pins", PIN_SETS * sizeof(struct mg_pin_set));
	at.marks =
		memory("mg_pin_marks", PIN_SETS / MG_MARKS_PER_WORD * sizeof(struct mg_pin_marks));
	at.pin_sets = PIN_SETS;
	at.member = (struct mg_member *)memory("mg_members", 4096 * sizeof(struct mg_member)) +
		    MEMBER_BASE;
	at.site = (struct mg_site *)memory("mg_sites", 1024 * sizeof(struct mg_site)) + SITE_BASE;
	at.seed = settings->hash_seed;
	at.tick = tick;
	at.turn = turn;
	at.address = address;
	at.send = send;
	at.two_choice = two_choice;
	real_tick = tick();
	for (uint8_t m = 1; m <= MEMBERS; m++) {
		at.member[m] = (struct mg_member){ .site = SITE_BASE + m,
						   .state = MG_UP,
						   .weight = 65536 / MEMBERS };
		at.site[m] = fixture_sites[1];
		at.site[m].outer_dst[15] = m;
	}
	put_services();
	model_start(random);
}

static void stop(void)
{
	loaded_free(&loaded);
}

Test(property, flows_stay_and_starts_follow, .fini = stop)
{
	struct random random = random_seeded("property");

	start(&random, false);
	model_run(&random, STEPS);
	cr_expect(eq(u64, loaded_event(loaded, MG_EVENT_PIN_EVICTED), 0), "the model allows none");
	cr_expect(loaded_event(loaded, MG_EVENT_PIN_INSERTED) > 1000, "too calm a run");
	cr_expect(loaded_event(loaded, MG_EVENT_PIN_REPLACED) > 10, "too calm a run");
	cr_expect(loaded_event(loaded, MG_EVENT_NEXT_CHOICE) > 10, "too calm a run");
}

Test(property, flows_stay_with_two_choices, .fini = stop)
{
	struct random random = random_seeded("two choices");

	start(&random, true);
	model_run(&random, STEPS);
	cr_expect(eq(u64, loaded_event(loaded, MG_EVENT_PIN_EVICTED), 0), "the model allows none");
	cr_expect(eq(u64, loaded_event(loaded, MG_EVENT_PIN_FULL), 0), "the model allows none");
	cr_expect(loaded_event(loaded, MG_EVENT_PIN_INSERTED) > 1000, "too calm a run");
	cr_expect(model.seconds > 300, "%u took the second choice", model.seconds);
	model_calm();
}

Test(property, calm_leaves_no_pin, .fini = stop)
{
	struct random random = random_seeded("calm");
	uint64_t inserted;

	start(&random, false);
	model_run(&random, 500);
	model_calm();
	inserted = loaded_event(loaded, MG_EVENT_PIN_INSERTED);
	model_flood(&random, 20000);
	cr_expect(eq(u64, loaded_event(loaded, MG_EVENT_PIN_INSERTED), inserted),
		  "made by a flood");
	cr_expect(eq(u32, control_sweep(), 0));
}

/* Whatever the slots do, and wherever the client is: the site that the server ID names, and no pin;
 * if that is down, another one. */
Test(property, quic_clients_move, .fini = stop)
{
	struct random random = random_seeded("quic");
	unsigned int down = 0;

	start(&random, false);
	for (int i = 0; i < 20000; i++) {
		struct flow flow = { .service = { .port = 443, .proto = PROTO_UDP },
				     .sport = random_u64(&random) };
		uint16_t member = 1 + random_below(&random, MEMBERS), went;
		uint64_t pins = 0;

		if (i % 4 == 0)
			control_step(&random);
		address(&random, &flow);
		for (int e = MG_EVENT_PIN_INSERTED; e <= MG_EVENT_PIN_REPLACED; e++)
			pins += loaded_event(loaded, e);
		went = send_quic(&flow, member);
		if (usable(member)) {
			cr_assert(eq(u32, went, member));
			for (int e = MG_EVENT_PIN_INSERTED; e <= MG_EVENT_PIN_REPLACED; e++)
				pins -= loaded_event(loaded, e);
			cr_assert(eq(u64, pins, 0));
			continue;
		}
		down++;
		cr_assert(went == 0 || usable(went));
	}
	cr_expect(down > 500, "too calm a run");
}

/* Of one CPU: the buckets are. */
static void limit_pins(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	cr_assert(zero(int, sched_setaffinity(0, sizeof(one), &one)));
	settings->limit[MG_GUARD_PINS] = (struct mg_limit){ 1000000000, BURST * 1000000000ull };
}

/* Starts by the thousand while every slot moves: few pins, flows that have one keep their site, and
 * even those that got none stay where they began. */
Test(property, flood_makes_few_pins, .fini = stop)
{
	struct random random = random_seeded("flood");
	struct model_flow held[HELD] = { 0 };
	time_t began;
	uint64_t inserted, limited = 0;

	start(&random, false);
	for (uint32_t s = 0; s < SLOTS; s++)
		slot_store(&at.slot[s],
			   (struct mg_slot){ .now = 2, .prev = 1, .state = MG_SLOT_MOVING });
	for (int i = 0; i < HELD; i++) {
		flow_begin(&random, &held[i]);
		held[i].flow.start = true;
		held[i].flow.service.proto = PROTO_TCP;
		held[i].member = send(&held[i].flow);
		held[i].flow.start = false;
		cr_assert(eq(u32, held[i].member, 2));
	}
	limit_pins();
	inserted = loaded_event(loaded, MG_EVENT_PIN_INSERTED);
	began = time(NULL);
	for (int i = 0; i < FLOOD; i++) {
		struct model_flow f = { 0 };
		uint16_t went;

		flow_begin(&random, &f);
		went = send(&f.flow);
		f.flow.start = false;
		cr_assert(eq(u32, send(&f.flow), went), "flow %d", i);
		cr_assert(eq(u32, send(&held[i % HELD].flow), 2));
	}
	inserted = loaded_event(loaded, MG_EVENT_PIN_INSERTED) - inserted;
	limited = loaded_event(loaded, MG_EVENT_PIN_LIMITED);
	cr_expect(inserted <= BURST + 2 + (uint64_t)(time(NULL) - began), "%lu", inserted);
	cr_expect(inserted + limited >= FLOOD, "%lu", limited);
}
