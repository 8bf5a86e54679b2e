/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables with real maps: server IDs, and where echo requests go. */
#include "tables_lab.h"

/* --- server IDs
 * --------------------------------------------------------------------------------- */
static uint16_t server_member(const struct table_service *s, uint8_t first)
{
	struct mg_server_key key = { .service = s->entry.index, .id = { first } };
	struct mg_server server = { 0 };

	bpf_map_lookup_elem(lab.tables->maps.fd[MAP_SERVER_IDS], &key, &server);
	return (uint16_t)server.member;
}

Test(tables, leads_by_server_id, .init = lab_up, .fini = lab_down)
{
	const uint8_t one[MG_SERVER_ID_MAX] = { 1 }, two[MG_SERVER_ID_MAX] = { 2 };
	struct table_service *s = service(80, 64), gone;
	uint16_t a = member(s, 1), b = member(s, 2);

	apply_all(s, a, b);
	cr_assert(eq(int, tables_server_id_set(s, one, a), 0));
	cr_assert(eq(int, tables_server_id_set(s, two, a), 0));
	cr_expect(eq(u16, server_member(s, 1), a));
	cr_assert(eq(int, tables_server_id_set(s, two, b), 0));
	cr_expect(eq(u16, server_member(s, 2), b));
	tables_server_id_clear(s, two, a);
	cr_expect(eq(u16, server_member(s, 2), b), "another's by now");

	lab_reopen();
	s = service(80, 64);
	cr_expect(eq(u16, server_member(s, 1), a), "at work from the start");
	cr_assert(eq(int, tables_server_id_set(s, two, b), 0));
	tables_claim_end(lab.tables);
	cr_expect(eq(u16, server_member(s, 1), 0), "nobody has asked for it");
	cr_expect(eq(u16, server_member(s, 2), b));

	gone = *s;
	tables_service_remove(&s);
	cr_expect(eq(u16, server_member(&gone, 2), 0));
}

Test(tables, tells_when_server_ids_do_not_fit, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);
	uint8_t id[MG_SERVER_ID_MAX] = { 0 };
	int r = 0;

	for (unsigned int i = 0; i < 2 * config.members && !r; i++) {
		id[0] = (uint8_t)i;
		id[1] = (uint8_t)(i >> 8);
		r = tables_server_id_set(s, id, a);
	}
	cr_expect(eq(int, r, -ENOSPC));
	cr_expect(eq(sz, s->server_count, config.members));
}

/* --- the entry for echo requests -----------------------------------------------------------------
 */
static bool echo_of(enum mg_scope scope, struct mg_service *ret)
{
	const struct mg_service_key key = { .addr = { 192, 0, 2, 1 },
					    .proto =
						    IPPROTO_ICMPV6, /* the address is an IPv6 one */
					    .scope = scope };

	return entry_at(&key, ret);
}

Test(tables, takes_echo_requests, .init = lab_up, .fini = lab_down)
{
	struct table_service *web = service(443, 64), *plain;
	struct service_options options = { .mss_v4 = 1400, .last_resort = MG_LAST_KERNEL };
	struct mg_service echo, entry;
	uint16_t m;

	cr_expect(not(echo_of(MG_SCOPE_INGRESS, &echo)));
	tables_service_change(web, IDLE_S, &options);
	m = member(web, 1);
	apply_all(web, m, m);
	cr_assert(echo_of(MG_SCOPE_INGRESS, &echo));
	cr_expect(not(echo_of(MG_SCOPE_EGRESS, &entry)));
	cr_assert(entry_of(443, &entry));
	cr_expect(eq(u32, echo.slot_base, entry.slot_base));
	cr_expect(eq(u32, echo.member_base, entry.member_base));
	cr_expect(eq(int, echo.affinity, MG_AFFINITY_CLIENT));
	cr_expect(eq(int, echo.last_resort, MG_LAST_KERNEL));
	cr_expect(eq(u16, echo.mss_v4, 0));

	plain = service(80, 64); /* of less port: it takes over when it is at work */
	cr_assert(echo_of(MG_SCOPE_INGRESS, &echo));
	cr_expect(eq(u32, echo.slot_base, entry.slot_base));
	m = member(plain, 2);
	apply_all(plain, m, m);
	cr_assert(echo_of(MG_SCOPE_INGRESS, &echo));
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u32, echo.slot_base, entry.slot_base));

	lab_reopen(); /* both are taken over, and no entry is taken for a service */
	plain = service(80, 64);
	web = service(443, 64);
	tables_claim_end(lab.tables);
	cr_assert(entry_of(80, &entry) && entry_of(443, &entry));
	cr_assert(echo_of(MG_SCOPE_INGRESS, &echo));
	tables_service_remove(&plain);
	cr_assert(echo_of(MG_SCOPE_INGRESS, &echo));
	cr_assert(entry_of(443, &entry));
	cr_expect(eq(u32, echo.slot_base, entry.slot_base));

	lab_reopen(); /* the service is not configured any more */
	tables_claim_end(lab.tables);
	cr_expect(not(entry_of(443, &entry)));
	cr_expect(not(echo_of(MG_SCOPE_INGRESS, &echo)));
	sweep_rounds(2);
	cr_expect(eq(sz, lab.tables->places.count, 0));
}

Test(tables, takes_echo_requests_of_many, .init = lab_up, .fini = lab_down)
{
	for (uint8_t i = 0; i < config.services; i++) {
		struct service_spec spec = spec_of(80, 2);
		struct table_service *s;
		struct mg_service entry;
		uint16_t m;

		spec.key.addr[15] = i;
		cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
		m = member(s, 1);
		apply_all(s, m, m);
		tables_service_change(s, IDLE_S, &(struct service_options){ .mss_v4 = 1000 });
		spec.key.port = 0;
		spec.key.proto = IPPROTO_ICMPV6;
		cr_expect(entry_at(&spec.key, &entry), "%u", i);
	}
}
