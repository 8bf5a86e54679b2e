/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

static const struct {
	const char *text, *formatted;
	int want;
	bool v4;
} addresses[] = {
	{ "192.0.2.1", "192.0.2.1", 0, true },        { "2001:DB8::1", "2001:db8::1", 0, false },
	{ "::ffff:192.0.2.1", "192.0.2.1", 0, true }, { "192.0.2", "", -EINVAL, false },
	{ "192.0.2.1/24", "", -EINVAL, false },       { "", "", -EINVAL, false },
};

Test(addr, parses_and_formats)
{
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct addr addr = { 0 };
		char text[ADDR_STRLEN];
		int r = addr_parse(addresses[i].text, &addr);

		cr_expect(eq(int, r, addresses[i].want), "%s", addresses[i].text);
		if (r < 0)
			continue;
		cr_expect(
			eq(str, (char *)addr_format(&addr, text), (char *)addresses[i].formatted));
		cr_expect(eq(int, addr_is_v4(&addr), addresses[i].v4), "%s", addresses[i].text);
	}
}

static const struct {
	const char *addr, *formatted, *inside, *outside;
	uint8_t len;
} prefixes[] = {
	{ "192.0.2.129", "192.0.2.128/25", "192.0.2.255", "192.0.2.127", 25 },
	{ "192.0.2.1", "192.0.2.1/32", "192.0.2.1", "192.0.2.2", 128 },
	{ "192.0.2.1", "0.0.0.0/0", "255.0.0.1", "2001:db8::1", 0 },
	{ "2001:db8:ffff::1", "2001:db8:8000::/33", "2001:db8:8000::", "2001:db8::", 33 },
	{ "2001:db8::1", "::/0", "::1", "192.0.2.1", 0 },
};

Test(prefix, cuts_and_covers)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		struct addr addr, inside, outside;
		struct prefix prefix;
		char text[PREFIX_STRLEN];

		cr_assert(eq(int, addr_parse(prefixes[i].addr, &addr), 0));
		cr_assert(eq(int, addr_parse(prefixes[i].inside, &inside), 0));
		cr_assert(eq(int, addr_parse(prefixes[i].outside, &outside), 0));
		prefix = prefix_of(&addr, prefixes[i].len);
		cr_expect(eq(str, (char *)prefix_format(&prefix, text),
			     (char *)prefixes[i].formatted));
		cr_expect(prefix_covers(&prefix, &inside), "%s", prefixes[i].formatted);
		cr_expect(not(prefix_covers(&prefix, &outside)), "%s", prefixes[i].formatted);
	}
}
