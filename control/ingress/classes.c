/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress/classes.h"

bool classes_allow(const struct class_rules *rules, uint64_t classes)
{
	if (classes & rules->excluded)
		return false;
	return !rules->allowed || classes & rules->allowed;
}

uint64_t classes_culprits(const struct class_rules *rules, uint64_t classes)
{
	uint64_t excluded = classes & rules->excluded;

	return excluded ? excluded : classes;
}

uint8_t classes_tier(const struct class_rules *rules, uint64_t classes, uint8_t number)
{
	uint8_t tier = 0;

	if (!rules->tier_count)
		return number;
	while (tier < rules->tier_count && !(rules->tier[tier] & classes))
		tier++;
	return tier;
}
