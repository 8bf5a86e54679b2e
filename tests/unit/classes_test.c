/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress/classes.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { EDGE = 1, METRO = 2, CLOUD = 4, GPU = 8 };

static const struct {
	const char *name;
	struct class_rules rules;
	uint64_t classes;
	bool allowed;
	uint64_t culprits;
} rows[] = {
	{ "no rules, no class", { 0 }, 0, true, 0 },
	{ "no rules", { 0 }, EDGE, true, EDGE },
	{ "allowed", { .allowed = EDGE | METRO }, METRO, true, METRO },
	{ "not allowed", { .allowed = EDGE | METRO }, CLOUD, false, CLOUD },
	{ "without class where some are allowed", { .allowed = EDGE }, 0, false, 0 },
	{ "without class where some are excluded", { .excluded = EDGE }, 0, true, 0 },
	{ "one of two is allowed", { .allowed = GPU }, CLOUD | GPU, true, CLOUD | GPU },
	{ "excluded", { .excluded = CLOUD }, CLOUD | GPU, false, CLOUD },
	{ "excluded before allowed",
	  { .allowed = GPU, .excluded = CLOUD },
	  CLOUD | GPU,
	  false,
	  CLOUD },
};

Test(classes, allow)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_expect(eq(int, classes_allow(&rows[i].rules, rows[i].classes), rows[i].allowed),
			  "%s", rows[i].name);
		cr_expect(eq(u64, classes_culprits(&rows[i].rules, rows[i].classes),
			     rows[i].culprits),
			  "%s", rows[i].name);
	}
}

Test(classes, order_tiers)
{
	const struct class_rules none = { 0 };
	const struct class_rules rules = { .tier = { GPU, EDGE, METRO }, .tier_count = 3 };

	cr_expect(eq(u8, classes_tier(&none, EDGE, 5), 5), "the site's own number");
	cr_expect(eq(u8, classes_tier(&rules, GPU, 5), 0));
	cr_expect(eq(u8, classes_tier(&rules, EDGE, 5), 1));
	cr_expect(eq(u8, classes_tier(&rules, METRO, 0), 2));
	cr_expect(eq(u8, classes_tier(&rules, METRO | GPU, 0), 0), "the first that names it");
	cr_expect(eq(u8, classes_tier(&rules, CLOUD, 0), 3), "after all");
	cr_expect(eq(u8, classes_tier(&rules, 0, 0), 3), "after all");
}
