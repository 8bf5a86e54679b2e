/* SPDX-License-Identifier: BSD-2-Clause */
/* From routes to slots: sites that are withdrawn, drain or lose their way, and restarts. */
#include "ingress_lab.h"

/* --- withdrawal ------------------------------------------------------------------------------- */
Test(ingress, leaves_withdrawn_sites_at_once, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	uint16_t gone, back;

	configure_web();
	sites_up(3);
	gone = site_view(2).member;
	withdraw(2); /* and the loop does not turn */
	cr_expect(eq(sz, slots_of(gone), 0));
	cr_expect(eq(u16, site_view(2).member, MG_MEMBER_NONE), "given back");
	cr_expect(eq(sz, slots_of(MG_MEMBER_NONE), 0));
	cr_expect(eq(u32, owned(1) + owned(3), SLOTS));
	cr_expect(epsilon_eq(dbl, shares(), 1, 1e-9));
	withdraw(1);
	withdraw(3);
	cr_expect(eq(sz, slots_of(MG_MEMBER_NONE), SLOTS), "a lost session");
	cr_expect(eq(dbl, shares(), 0));
	sites_up(3);
	back = site_view(2).member;
	cr_expect(eq(u16, back, gone), "it keeps its number");
}

/* What is withdrawn in one read is all left before the first of it is decided. */
Test(ingress, leaves_all_services_first, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	enum { COUNT = 40 };
	struct ingress_service_config services[COUNT];
	struct addr egress = egress_of(1), other = egress_of(2);
	struct bgp_path path = path_of(&egress, 8), spare = path_of(&other, 8);
	char text[ADDR_STRLEN];

	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", 80 + i);
		services[i] = service(text, 80);
	}
	configure(services, COUNT);
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", 80 + i);
		say_by(1, text, 32, &path);
		say_by(2, text, 32, &spare);
	}
	ingress_settled(lab.ingress);
	await(owns_some, 1);
	loop_until(&lab.loop, never, NULL, 300);
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", 80 + i);
		say_by(1, text, 32, NULL);
	}
	ingress_settled(lab.ingress);
	for (size_t i = 0; i < COUNT; i++) {
		struct ingress_service_view view;
		struct mg_counter counter;
		struct mg_member member;
		uint32_t slots;

		cr_assert(ingress_service(lab.ingress, i, &view));
		cr_assert(tables_member(view.table, 1, &member, &counter, &slots));
		cr_expect(ne(int, member.state, MG_UP), "service %zu", i);
	}
	loop_until(&lab.loop, never, NULL, 300);
	cr_expect(eq(u32, owned(2), SLOTS));
}

static struct ingress_service_view service_view(size_t index)
{
	struct ingress_service_view view = { 0 };

	cr_assert(ingress_service(lab.ingress, index, &view));
	return view;
}

static void tell_of(size_t service, int site, const struct bgp_path *path)
{
	char text[ADDR_STRLEN];

	snprintf(text, sizeof(text), "192.0.2.%zu", 80 + service);
	say_by((uint32_t)site, text, 32, path);
}

/* When each service has decided for the first time since it had decided so often before. */
static void decisions_await(size_t count, const uint64_t before[], double ret_s[])
{
	size_t decided = 0;

	for (size_t i = 0; i < count; i++)
		ret_s[i] = 0;
	while (decided < count) {
		uv_run(&lab.loop, UV_RUN_NOWAIT);
		for (size_t i = 0; i < count; i++) {
			const struct ingress_service_view view = service_view(i);

			if (ret_s[i] || view.decisions == before[i])
				continue;
			ret_s[i] = view.decision->time_s;
			decided++;
		}
	}
}

/* All have news to decide on, and then one loses a site: it decides first, though it came last. */
Test(ingress, decides_on_withdrawals_before_metrics, .init = lab_up, .fini = lab_down,
     .timeout = 30)
{
	enum { COUNT = 40, LAST = COUNT - 1 };
	struct ingress_service_config services[COUNT];
	struct addr egress = egress_of(1), other = egress_of(2);
	struct bgp_path path = path_of(&egress, 8), spare = path_of(&other, 8);
	uint64_t before[COUNT] = { 0 };
	double decided_s[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		char text[ADDR_STRLEN];

		snprintf(text, sizeof(text), "192.0.2.%zu", 80 + i);
		services[i] = service(text, 80);
	}
	configure(services, COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		tell_of(i, 1, &path);
		tell_of(i, 2, &spare);
	}
	ingress_settled(lab.ingress);
	decisions_await(COUNT, before, decided_s);

	for (size_t i = 0; i < COUNT; i++)
		before[i] = service_view(i).decisions;
	path.report.capacity = 9;
	for (size_t i = 0; i < COUNT; i++)
		tell_of(i, 1, &path);
	tell_of(LAST, 2, NULL);
	ingress_settled(lab.ingress);
	decisions_await(COUNT, before, decided_s);
	for (size_t i = 0; i < LAST; i++)
		cr_expect(lt(dbl, decided_s[LAST], decided_s[i]), "service %zu", i);
}

/* --- drains and ways -------------------------------------------------------------------------- */
/* A drain takes ten seconds: control/select/README.md. */
Test(ingress, drains, .init = lab_up, .fini = lab_down, .timeout = 60)
{
	struct addr egress = egress_of(2);
	struct bgp_path path = path_of(&egress, 8);

	configure_web();
	sites_up(3);
	cr_expect(eq(int, ingress_drain(lab.ingress, "nowhere", true), -ENOENT));
	cr_expect(eq(int, ingress_drain(lab.ingress, "nowhere", false), -ENOENT));
	cr_expect(eq(int, ingress_drain(lab.ingress, "10.255.0.77", true), -ENOENT));
	cr_expect(eq(int, ingress_drain(lab.ingress, "e", true), 0));
	cr_expect(site_view(1).drained);
	await(owns_none, 1);
	cr_expect(member_is_up(1), "flows that run stay there");
	cr_expect(eq(int, ingress_drain(lab.ingress, "10.255.0.1", false), 0));
	cr_expect(not(site_view(1).drained), "taken back by its other name");
	await(owns_some, 1);

	cr_expect(eq(int, ingress_drain(lab.ingress, "10.255.0.3", true), 0));
	await(owns_none, 3);
	withdraw(3);
	announce(3, 8);
	cr_expect(eq(u32, owned(3), 0), "a drain outlives a withdrawal");
	cr_expect(eq(int, ingress_drain(lab.ingress, "10.255.0.3", false), 0));
	await(owns_some, 3);

	path.report.drain = true;
	say(2, &path);
	await(owns_none, 2); /* the site itself asks */
	cr_expect(not(site_view(2).drained));
	announce(2, 8);
	await(owns_some, 2);
}

Test(ingress, waits_for_a_way, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct addr far = addr_of("10.254.0.9");
	struct bgp_path path = path_of(&far, 8);
	struct ingress_site_view view;

	configure_web();
	sites_up(1);
	say(9, &path);
	loop_until(&lab.loop, never, NULL, 300);
	cr_assert(find_of(0, &far, 0, &view));
	cr_expect(eq(u32, view.slots, 0));
	cr_expect(eq(u32, owned(1), SLOTS));
	sh("ip route add 10.254.0.0/24 via 10.0.0.2");
	loop_until(&lab.loop, never, NULL, 700);
	cr_assert(find_of(0, &far, 0, &view));
	cr_expect(ne(u32, view.slots, 0), "taken up when its way is there");
	sh("ip route del 10.254.0.0/24");
	await(owns_some, 1);
	loop_until(&lab.loop, never, NULL, 300);
	cr_expect(eq(u32, owned(1), SLOTS));
	sh("ip link set b0 down");
	await(owns_none, 1);
	cr_expect(member_is_up(1), "the site is down, not the member");
	sh("ip link set b0 up && ip route replace 10.255.0.0/24 via 10.0.0.2");
	sh("ip neigh replace 10.0.0.2 dev a0 lladdr 02:00:00:00:00:02");
	await(owns_some, 1);
}

/* --- restart ---------------------------------------------------------------------------------- */
static void lab_restart(void)
{
	lab_close();
	lab_open();
	configure_web();
}

Test(ingress, keeps_slots_over_a_restart, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	uint16_t before[SLOTS], after[SLOTS], member[4];

	configure_web();
	sites_up(3);
	for (int i = 1; i <= 3; i++)
		member[i] = site_view(i).member;
	slots_read(before);

	lab_restart();
	announce(2, 8);
	loop_until(&lab.loop, never, NULL, 1300); /* longer than any service waits for its turn */
	slots_read(after);
	cr_expect(eq(int, memcmp(before, after, sizeof(before)), 0), "one of three was heard of");
	announce(1, 8);
	announce(3, 8);
	ingress_converged(lab.ingress);
	tables_claim_end(lab.tables);
	slots_read(after);
	cr_expect(eq(int, memcmp(before, after, sizeof(before)), 0), "nothing has changed");
	for (int i = 1; i <= 3; i++)
		cr_expect(eq(u16, site_view(i).member, member[i]), "site %d", i);

	lab_restart();
	announce(1, 8);
	announce(3, 8);
	withdraw(3);
	cr_expect(eq(int, memcmp(before, after, sizeof(before)), 0));
	cr_expect(not(member_is_up(3)), "withdrawn is withdrawn, before all are back");
	announce(3, 8);
	cr_expect(member_is_up(3));
	ingress_converged(lab.ingress);
	tables_claim_end(lab.tables);
	slots_read(after);
	for (size_t i = 0; i < SLOTS; i++)
		cr_expect(before[i] == member[2] ? after[i] == member[1] || after[i] == member[3]
						 : after[i] == before[i],
			  "slot %zu: only those of the site that did not return may move", i);

	lab_restart();
	ingress_converged(lab.ingress);
	tables_claim_end(lab.tables);
	cr_expect(eq(sz, slots_of(MG_MEMBER_NONE), SLOTS), "nobody returned");
}
