/* SPDX-License-Identifier: BSD-2-Clause */
#include "subject.h"

#include "base/log.h"
#include "base/util.h"

#include <abi.h>
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <ingress.skel.h>
#include <net/if.h>
#include <service.h>
#include <slot.h>
#include <string.h>
#include <sys/mman.h>
#include <uncounted.skel.h>
#include <untraced.skel.h>

#define MEMBERS      8u /* of a service: 1 to 4 have its slots, 5 to 8 take over what moves */
#define SETTLED      4u
#define GROUPS       4u          /* services share sites by their number, modulo */
#define OUTER        0x0aff0000u /* last word of the outer destination; the site is added */
#define OUTER_OWN    0x0afe0001u
#define PIN_PLACES   2u         /* a set of eight for so many flows: one in 5,000 finds it full */
#define PIN_SETS     (1u << 16) /* at least, and at most as many as the configuration allows: */
#define PIN_SETS_MAX (1u << 22)
#define PORTS        16u
#define PINNED_PCT   20u /* of the flows of services with two choices */

struct area { /* a mapped array */
	void *at;
	size_t len;
};

struct subject {
	struct bpf_object *build[BUILD_COUNT]; /* the first one has the maps */
	struct area slots, pins, marks, sets, entries;
	uint32_t service_sets, services;
	uint32_t slot_count; /* all services together */
};

static uint32_t pin_sets(uint32_t flows)
{
	uint32_t sets = PIN_SETS;

	while (sets < PIN_SETS_MAX && sets * PIN_PLACES < flows)
		sets *= 2;
	return sets;
}

/* As control/tables has it: half of the words in use. */
static uint32_t service_sets(uint32_t services)
{
	uint32_t sets = 2;

	while (sets * MG_SERVICES_PER_SET / 2 < services)
		sets *= 2;
	return sets;
}

static int map_fd(const struct subject *subject, const char *name)
{
	return bpf_object__find_map_fd_by_name(subject->build[BUILD_WHOLE], name);
}

static int size_map(struct bpf_object *object, const char *name, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	return map ? bpf_map__set_max_entries(map, entries) : -ENOENT;
}

static int size_maps(struct bpf_object *object, const struct plan *plan, uint32_t services)
{
	const struct {
		const char *name;
		uint32_t entries;
	} sizes[] = {
		{ "mg_services", services + 1 },
		{ "mg_service_sets", service_sets(services) },
		{ "mg_slots", services * plan_slots(plan, services) },
		{ "mg_members", services * MEMBERS + 1 },
		{ "mg_loads", services * MEMBERS + 1 },
		{ "mg_counters_service", services + 1 },
		{ "mg_counters_member", (services * MEMBERS + 1) * libbpf_num_possible_cpus() },
		{ "mg_pins", pin_sets(plan_flows_max(plan)) },
		{ "mg_pin_marks", pin_sets(plan_flows_max(plan)) / MG_MARKS_PER_WORD },
	};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		r = size_map(object, sizes[i].name, sizes[i].entries);
		if (r < 0)
			return log_err(r, "%s: cannot set the size of the map", sizes[i].name);
	}
	return 0;
}

static int load_whole(const struct plan *plan, uint32_t services, struct bpf_object **ret)
{
	size_t len;
	const void *bytes = ingress__elf_bytes(&len);
	struct bpf_object *object = bpf_object__open_mem(bytes, len, NULL);
	int r;

	if (!object)
		return log_err(-errno, "mg_ingress: cannot open the object");
	*ret = object;
	r = size_maps(object, plan, services);
	if (r < 0)
		return r;
	r = bpf_object__load(object);
	return r < 0 ? log_err(r, "mg_ingress: cannot load (is this root?)") : 0;
}

static const void *part_bytes(enum bench_build build, size_t *ret_len)
{
	return build == BUILD_UNCOUNTED ? uncounted__elf_bytes(ret_len)
					: untraced__elf_bytes(ret_len);
}

/* The other builds work on the first one's maps. */
static int load_part(struct subject *subject, enum bench_build build)
{
	size_t len;
	const void *bytes = part_bytes(build, &len);
	struct bpf_object *object = bpf_object__open_mem(bytes, len, NULL);
	struct bpf_map *map;
	int r = 0;

	if (!object)
		return log_err(-errno, "mg_ingress, %s: cannot open the object", build_name(build));
	subject->build[build] = object;
	bpf_object__for_each_map(map, object)
	{
		int fd = map_fd(subject, bpf_map__name(map));

		if (fd >= 0 && r == 0)
			r = bpf_map__reuse_fd(map, fd);
	}
	if (r == 0)
		r = bpf_object__load(object);
	return r < 0 ? log_err(r, "mg_ingress, %s: cannot load", build_name(build)) : 0;
}

static int map_area(const struct subject *subject, const char *name, size_t len, struct area *ret)
{
	size_t page = sysconf(_SC_PAGESIZE), whole = (len + page - 1) / page * page;
	void *at = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd(subject, name), 0);

	if (at == MAP_FAILED)
		return log_err(-errno, "%s: cannot map it", name);
	*ret = (struct area){ .at = at, .len = whole };
	return 0;
}

static int put(const struct subject *subject, const char *name, const void *key, const void *value)
{
	int r = bpf_map_update_elem(map_fd(subject, name), key, value, BPF_ANY);

	return r < 0 ? log_err(r, "%s: cannot write an entry", name) : 0;
}

/* IPv4 as ::ffff:a.b.c.d. */
static void address(uint8_t ret[16], bool v6, uint32_t last)
{
	uint32_t words[4] = { v6 ? htonl(TRAFFIC_PREFIX) : 0, 0, v6 ? 0 : htonl(0xffff),
			      htonl(last) };

	memcpy(ret, words, sizeof(words));
}

static int enter_service(const struct subject *subject, const struct mg_service *service,
			 uint32_t place)
{
	struct service_name name = service_name(&service->key);

	if (!service_enter(subject->sets.at, subject->service_sets - 1, &name, place))
		return log_err(-ENOSPC, "mg_service_sets: full");
	return put(subject, "mg_services", &place, service);
}

static int put_service(const struct subject *subject, const struct bench_case *c, uint32_t i,
		       uint32_t slots)
{
	struct mg_service service = { .key = { .port = TRAFFIC_PORT, .proto = IPPROTO_TCP },
				      .index = i + 1,
				      .slot_base = i * slots,
				      .slot_mask = slots - 1,
				      .member_base = i * MEMBERS,
				      .member_count = MEMBERS };
	int r;

	address(service.key.addr, c->v6, TRAFFIC_SERVICE + i);
	r = enter_service(subject, &service, i + 1);
	for (uint32_t m = 0; r == 0 && m < MEMBERS; m++) {
		struct mg_member member = { .site = i % GROUPS * MEMBERS + m, .state = MG_UP };
		uint32_t index = service.member_base + 1 + m;

		r = put(subject, "mg_members", &index, &member);
	}
	return r;
}

static int put_sites(const struct subject *subject, const struct bench_case *c)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < GROUPS * MEMBERS; i++) {
		struct mg_site site = { .encap = c->ipip ? MG_ENCAP_IPIP : MG_ENCAP_SRV6,
					.state = MG_UP,
					.mtu = 9000,
					.nexthop_count = 1,
					.nexthop = { i % PORTS } };

		address(site.outer_src, !c->ipip, OUTER_OWN);
		address(site.outer_dst, !c->ipip, OUTER + i);
		r = put(subject, "mg_sites", &i, &site);
	}
	return r;
}

/* A test run's packets come by the loopback device; leaving by it again is XDP_TX. */
static int put_nexthops(const struct subject *subject)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < PORTS; i++) {
		struct mg_nexthop nexthop = { .ifindex = if_nametoindex("lo"),
					      .dst_mac = { 2, 0, 0, 1, 0, i },
					      .src_mac = { 2, 0, 0, 0, 0, 1 } };

		r = put(subject, "mg_nexthops", &i, &nexthop);
	}
	return r;
}

static int put_tables(const struct subject *subject, const struct plan *plan,
		      const struct bench_case *c)
{
	uint32_t slots = plan_slots(plan, c->services);
	int r = put_sites(subject, c);

	if (r == 0)
		r = put_nexthops(subject);
	for (uint32_t i = 0; r == 0 && i < c->services; i++)
		r = put_service(subject, c, i, slots);
	return r;
}

int subject_new(const struct plan *plan, const struct bench_case *like, struct subject **ret)
{
	_cleanup_(subject_free) struct subject *subject = calloc(1, sizeof(*subject));
	int r;

	if (!subject)
		return -ENOMEM;
	subject->slot_count = like->services * plan_slots(plan, like->services);
	r = load_whole(plan, like->services, &subject->build[BUILD_WHOLE]);
	for (enum bench_build build = BUILD_WHOLE + 1; r == 0 && build < BUILD_COUNT; build++)
		r = load_part(subject, build);
	if (r == 0)
		r = map_area(subject, "mg_slots", subject->slot_count * sizeof(struct mg_slot),
			     &subject->slots);
	if (r == 0)
		r = map_area(subject, "mg_pins",
			     pin_sets(plan_flows_max(plan)) * sizeof(struct mg_pin_set),
			     &subject->pins);
	if (r == 0)
		r = map_area(subject, "mg_pin_marks", pin_sets(plan_flows_max(plan)),
			     &subject->marks);
	subject->services = like->services;
	if (r == 0)
		r = map_area(subject, "mg_services",
			     (like->services + 1) * sizeof(struct mg_service), &subject->entries);
	subject->service_sets = service_sets(like->services);
	if (r == 0)
		r = map_area(subject, "mg_service_sets",
			     subject->service_sets * sizeof(struct mg_service_set), &subject->sets);
	if (r == 0)
		r = put_tables(subject, plan, like);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(subject);
	return 0;
}

static void area_clear(struct area *area)
{
	if (area->at)
		munmap(area->at, area->len);
}

void subject_free(struct subject **subject)
{
	if (!*subject)
		return;
	area_clear(&(*subject)->slots);
	area_clear(&(*subject)->pins);
	area_clear(&(*subject)->marks);
	area_clear(&(*subject)->sets);
	area_clear(&(*subject)->entries);
	for (enum bench_build build = BUILD_WHOLE; build < BUILD_COUNT; build++)
		bpf_object__close((*subject)->build[build]);
	freep(subject);
}

int subject_program(const struct subject *subject, enum bench_build build)
{
	return bpf_program__fd(
		bpf_object__find_program_by_name(subject->build[build], "mg_ingress"));
}

/* The moving slots lie scattered, as rendezvous hashing has them. A running flow's member is one of
 * the settled ones in every state: a pin that is missed or not made shows as a wrong result. */
static struct mg_slot slot_of(uint32_t i, uint32_t moving_pct)
{
	uint16_t member = 1 + i % SETTLED;
	struct mg_slot slot = { .now = member, .next = 1 + (i + 1) % SETTLED };

	if (i * 0x9e3779b1u % 100 >= moving_pct)
		return slot;
	slot.prev = member;
	slot.now = member + SETTLED;
	slot.state = MG_SLOT_MOVING;
	return slot;
}

/* By memory: nobody sends. */
static void services_place(struct subject *subject, bool two_choice)
{
	struct mg_service *service = subject->entries.at;

	for (uint32_t i = 1; i <= subject->services; i++) {
		service[i].placement = two_choice ? MG_PLACEMENT_TWO_CHOICE : MG_PLACEMENT_SLOT;
		service[i].observe = two_choice;
	}
}

void subject_settle(struct subject *subject, const struct bench_case *c)
{
	struct mg_slot *slots = subject->slots.at;

	for (uint32_t i = 0; c->moving_pct == PLAN_TWO_CHOICE && i < subject->slot_count; i++) {
		struct mg_slot slot = slot_load(&slots[i]);

		slot.state = MG_SLOT_STABLE;
		slot.prev = MG_MEMBER_NONE;
		slot_store(&slots[i], slot);
	}
}

void subject_apply(struct subject *subject, const struct bench_case *c)
{
	bool two_choice = c->moving_pct == PLAN_TWO_CHOICE;
	uint32_t moving_pct = two_choice ? PINNED_PCT : c->moving_pct;
	/* A pin that finds no room would be a wrong result: twice the room of what may try again.
	 */
	uint32_t pinned = two_choice ? (uint64_t)c->flows * PINNED_PCT / 50 : c->flows;
	struct mg_settings settings = { .hash_seed = 0x5eed,
					.pin_set_mask = pin_sets(pinned) - 1,
					.service_set_mask = subject->service_sets - 1,
					.members = subject->services * MEMBERS + 1 };
	struct mg_slot *slots = subject->slots.at;
	uint32_t zero = 0;

	for (uint32_t i = 0; i < subject->slot_count; i++)
		slot_store(&slots[i], slot_of(i, moving_pct));
	services_place(subject, two_choice);
	memset(subject->pins.at, 0, subject->pins.len);
	memset(subject->marks.at, 0, subject->marks.len);
	put(subject, "mg_settings", &zero, &settings);
}

struct expect subject_expect(const struct bench_case *c)
{
	return (struct expect){
		.len = (c->v6 ? TRAFFIC_LEN_V6 : TRAFFIC_LEN_V4) + (c->ipip ? 20 : 40),
		.version = c->ipip ? 4 : 6,
		.at = c->ipip ? TRAFFIC_DST_V4 : TRAFFIC_DST_V6,
		.base = OUTER,
		.mask = ~(SETTLED - 1),
		.group = GROUPS - 1,
		.shift = 3, /* MEMBERS a group */
	};
}

/* The first word of a per-CPU entry, summed. */
static int sum(const struct subject *subject, const char *name, uint32_t index, size_t size,
	       uint64_t *ret)
{
	int cpus = libbpf_num_possible_cpus(), r;
	_cleanup_(freep) uint64_t *each = cpus > 0 ? calloc(cpus, size) : NULL;

	if (!each)
		return -ENOMEM;
	r = bpf_map_lookup_elem(map_fd(subject, name), &index, each);
	if (r < 0)
		return log_err(r, "%s: cannot read the counter", name);
	*ret = 0;
	for (int i = 0; i < cpus; i++)
		*ret += each[i * size / sizeof(*each)];
	return 0;
}

int subject_forwarded(const struct subject *subject, uint64_t *ret)
{
	return sum(subject, "mg_counters_verdict", MG_FORWARD, sizeof(struct mg_counter), ret);
}

int subject_evicted(const struct subject *subject, uint64_t *ret)
{
	return sum(subject, "mg_counters_event", MG_EVENT_PIN_EVICTED,
		   sizeof(struct mg_event_counter), ret);
}
