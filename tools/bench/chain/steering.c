/* SPDX-License-Identifier: BSD-2-Clause */
#include "steering.h"

#include "base/log.h"
#include "base/util.h"
#include "select/owners.h"
#include "tables/tables.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define SLOTS      4096u /* of a service: the default of margay.conf */
#define SLOTS_MANY 256u  /* where there are many: all of them have to fit */
#define MANY       256u
#define PIN_SETS   65536u
#define SITES_MAX  16u
#define MEMBERS    16u /* that a new service has room for */
#define IDLE_S     300u
#define RESOLVE_MS 5000u

_Static_assert(sizeof(struct owner) == 2 * sizeof(uint16_t), "tables_slots_apply() reads pairs");

struct steering {
	uv_loop_t loop;
	bool loop_open;
	struct tables *tables;
	uint32_t site[CHAIN_SITES], slots;
};

static int open_tables(struct steering *s, const struct topology *topology, uint32_t services)
{
	const struct tables_config config = {
		.pin_dir = "/sys/fs/bpf/margay",
		.services = 2 * services,
		.slots = 2 * services * s->slots,
		.pin_sets = PIN_SETS,
		.members = 2 * services * MEMBERS + 1,
		.sites = SITES_MAX,
		.hash_seed = 1,
	};
	const struct port_spec access = { .role = PORT_ACCESS }, core = { .role = PORT_CORE };
	enum port_mode mode;
	int r = tables_open(&s->loop, &config, &s->tables);

	if (r == 0)
		r = tables_port_attach(s->tables, topology->access[ROUTER_MARGAY], &access, &mode);
	if (r == 0)
		r = tables_port_attach(s->tables, topology->core[ROUTER_MARGAY], &core, &mode);
	return r;
}

static struct addr address(uint32_t second, uint32_t third, uint32_t last)
{
	uint32_t words[4] = { htonl(TRAFFIC_PREFIX), htonl(second), htonl(third), htonl(last) };
	struct addr addr;

	memcpy(addr.octet, words, sizeof(words));
	return addr;
}

static int get_sites(struct steering *s)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < CHAIN_SITES; i++) {
		const struct site_spec spec = {
			.encap = MG_ENCAP_SRV6,
			.outer_src = address(CHAIN_SOURCE, 0, CHAIN_SOURCE3),
			.outer_dst = address(CHAIN_SID + 1 + i, 0, 0),
		};

		r = tables_site_get(s->tables, &spec, &s->site[i]);
	}
	return r;
}

static int await_sites(struct steering *s)
{
	uint64_t end = uv_hrtime() + RESOLVE_MS * 1000000ull;
	bool reached = false;

	while (!reached && uv_hrtime() < end) {
		uv_run(&s->loop, UV_RUN_NOWAIT);
		reached = true;
		for (uint32_t i = 0; i < CHAIN_SITES; i++)
			reached &= tables_site_reached(s->tables, s->site[i]);
	}
	return reached ? 0 : log_err(-EHOSTUNREACH, "a site of the lab has no next hop");
}

static int fill_service(struct steering *s, struct table_service *service, uint64_t id)
{
	_cleanup_(freep) struct owner *owner = calloc(s->slots, sizeof(*owner));
	struct owner_site owner_site[CHAIN_SITES];
	int r = owner ? 0 : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < CHAIN_SITES; i++) {
		double share = (1 + i) / (double)CHAIN_SHARES;

		owner_site[i] = (struct owner_site){ .id = 1 + i, .share = share, .spare = true };
		r = tables_member_add(service, s->site[i], &owner_site[i].member);
		if (r == 0)
			tables_member_state(service, owner_site[i].member, MG_UP,
					    (uint32_t)(share * 65536));
	}
	if (r < 0)
		return r;
	owners_assign(id, owner_site, CHAIN_SITES, owner, s->slots);
	tables_slots_apply(service, &owner->now, uv_hrtime());
	return 0;
}

static int add_service(struct steering *s, bool v6, uint32_t number)
{
	struct service_spec spec = { .key = { .port = TRAFFIC_PORT, .proto = IPPROTO_TCP },
				     .slots = s->slots,
				     .idle_s = IDLE_S };
	uint32_t v4 = htonl(TRAFFIC_SERVICE + number);
	struct addr server =
		v6 ? address(0, 0, TRAFFIC_SERVICE + number) : addr_of_v4((const uint8_t *)&v4);
	struct table_service *service;
	int r;

	memcpy(spec.key.addr, server.octet, sizeof(spec.key.addr));
	r = tables_service_add(s->tables, &spec, &service);
	return r < 0 ? r : fill_service(s, service, 2 * number + v6);
}

int steering_new(const struct topology *topology, uint32_t services, struct steering **ret)
{
	_cleanup_(steering_free) struct steering *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->slots = services < MANY ? SLOTS : SLOTS_MANY;
	r = uv_loop_init(&s->loop);
	s->loop_open = r == 0;
	if (r == 0)
		r = open_tables(s, topology, services);
	if (r == 0)
		r = get_sites(s);
	if (r == 0)
		r = await_sites(s);
	for (uint32_t i = 0; r == 0 && i < 2 * services; i++)
		r = add_service(s, i & 1, i / 2);
	if (r < 0)
		return log_err(r, "Margay cannot be set up");
	tables_claim_end(s->tables);
	*ret = TAKE_PTR(s);
	return 0;
}

void steering_free(struct steering **steering)
{
	struct steering *s = *steering;

	if (!s)
		return;
	if (s->tables)
		tables_close(&s->tables);
	while (s->loop_open && uv_loop_close(&s->loop) == UV_EBUSY)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	freep(steering);
}
