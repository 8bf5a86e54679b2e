/* SPDX-License-Identifier: BSD-2-Clause */
/* Round-trip times to egresses: who says them, and which ones are wanted. */
#include "ingress/rtts.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct addr addr_of(const char *text)
{
	struct addr addr;

	cr_assert(eq(int, addr_parse(text, &addr), 0));
	return addr;
}

/* measured_s < 0: not yet. */
static const struct {
	const char *name;
	bool measures;
	double measured_s, configured_s, want_s;
	enum ingress_rtt_source source;
} rules[] = {
	{ "measured before configured", true, 0.01, 0.02, 0.01, INGRESS_RTT_MEASURED },
	{ "measured, and next to it", true, 0, 0.02, 0, INGRESS_RTT_MEASURED },
	{ "not measured yet", true, -1, 0.02, 0.02, INGRESS_RTT_CONFIGURED },
	{ "neither", true, -1, 0, -1, INGRESS_RTT_UNKNOWN },
	{ "nobody measures", false, 0.01, 0.02, 0.02, INGRESS_RTT_CONFIGURED },
	{ "nobody measures or tells: near", false, 0.01, 0, 0, INGRESS_RTT_CONFIGURED },
};

Test(rtts, who_says_it)
{
	const struct addr egress = addr_of("192.0.2.1");

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		_cleanup_(rtts_clear) struct rtts rtts;
		struct ingress_rtt rtt;

		rtts_init(&rtts);
		rtts_ask(&rtts, &egress, 1);
		rtts_set(&rtts, &egress, rules[i].measured_s);
		rtt = rtts_known(rules[i].measures ? &rtts : NULL, &egress, rules[i].configured_s);
		cr_expect(eq(dbl, rtt.rtt_s, rules[i].want_s), "%s", rules[i].name);
		cr_expect(eq(int, rtt.source, rules[i].source), "%s", rules[i].name);
	}
}

/* Only what is asked for is wanted, and not for ever; a look asks for nothing. */
Test(rtts, wants_what_is_asked_for)
{
	const struct addr one = addr_of("192.0.2.1"), other = addr_of("2001:db8::1");
	_cleanup_(rtts_clear) struct rtts rtts;
	struct addr *list = NULL;
	size_t count = 9;

	rtts_init(&rtts);
	rtts_set(&rtts, &one, 0.01);
	cr_expect(eq(int, rtts_known(&rtts, &one, 0).source, INGRESS_RTT_UNKNOWN));
	cr_expect(eq(int, rtts_wanted(&rtts, 0, &list, &count), 0));
	rtts_ask(&rtts, &one, 0);
	rtts_ask(&rtts, &other, RTTS_UNUSED_MS);
	cr_assert(eq(int, rtts_wanted(&rtts, RTTS_UNUSED_MS, &list, &count), 1));
	cr_expect(eq(sz, count, 2));
	freep(&list);
	cr_expect(eq(int, rtts_wanted(&rtts, RTTS_UNUSED_MS, &list, &count), 0), "the same");
	cr_assert(eq(int, rtts_wanted(&rtts, RTTS_UNUSED_MS + 1, &list, &count), 1));
	cr_assert(eq(sz, count, 1));
	cr_expect(eq(int, memcmp(list, &other, sizeof(other)), 0));
	freep(&list);
}
