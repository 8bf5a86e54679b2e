/* SPDX-License-Identifier: BSD-2-Clause */
/* The order in which an ingress decides: bad news before metrics, whoever came first. */
#include "ingress/agenda.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define SERVICES 6

static struct steering service[SERVICES];

static void expect_order(struct agenda *agenda, const char *order)
{
	struct steering *s;
	size_t i = 0;

	for (; (s = agenda_take(agenda, URGENCY_ROUTINE)); i++)
		cr_assert(eq(chr, (char)('0' + (s - service)), order[i]), "place %zu of %s", i,
			  order);
	cr_expect(eq(sz, i, strlen(order)), "%s", order);
	cr_expect(agenda_is_empty(agenda));
}

Test(agenda, puts_what_is_gone_before_all_news)
{
	struct agenda agenda = { 0 };

	cr_expect(agenda_is_empty(&agenda));
	agenda_add(&agenda, &service[0], URGENCY_ROUTINE);
	agenda_add(&agenda, &service[1], URGENCY_NEWS);
	agenda_add(&agenda, &service[2], URGENCY_NEWS);
	agenda_add(&agenda, &service[3], URGENCY_DECLINED);
	agenda_add(&agenda, &service[4], URGENCY_GONE);
	agenda_add(&agenda, &service[5], URGENCY_GONE);
	cr_expect(not(agenda_is_empty(&agenda)));
	expect_order(&agenda, "453120");
}

Test(agenda, has_each_once)
{
	struct agenda agenda = { 0 };

	for (int i = 0; i < 3; i++) {
		agenda_add(&agenda, &service[0], URGENCY_NEWS);
		agenda_add(&agenda, &service[1], URGENCY_NEWS);
	}
	agenda_add(&agenda, &service[1], URGENCY_ROUTINE);
	expect_order(&agenda, "01");
	agenda_add(&agenda, &service[1], URGENCY_NEWS);
	expect_order(&agenda, "1");
}

/* One that waits among the metrics loses a site. */
Test(agenda, moves_what_becomes_urgent)
{
	struct agenda agenda = { 0 };

	agenda_add(&agenda, &service[0], URGENCY_GONE);
	for (int i = 1; i < SERVICES; i++)
		agenda_add(&agenda, &service[i], URGENCY_NEWS);
	agenda_add(&agenda, &service[3], URGENCY_GONE);
	agenda_add(&agenda, &service[5], URGENCY_DECLINED);
	agenda_add(&agenda, &service[3], URGENCY_DECLINED);
	expect_order(&agenda, "035124");
}

Test(agenda, keeps_what_is_less_urgent_than_asked_for)
{
	struct agenda agenda = { 0 };

	agenda_add(&agenda, &service[0], URGENCY_ROUTINE);
	agenda_add(&agenda, &service[1], URGENCY_NEWS);
	cr_expect(eq(ptr, agenda_take(&agenda, URGENCY_GONE), NULL));
	cr_expect(eq(ptr, agenda_take(&agenda, URGENCY_NEWS), &service[1]));
	cr_expect(eq(ptr, agenda_take(&agenda, URGENCY_NEWS), NULL));
	cr_expect(not(agenda_is_empty(&agenda)));
	expect_order(&agenda, "0");
}
