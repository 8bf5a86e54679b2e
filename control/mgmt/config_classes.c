/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config_classes.h"

#include "base/util.h"
#include "mgmt/config_words.h"
#include "mgmt/nearest.h"

#include <stdio.h>
#include <string.h>

/* Its place in the list; class_count: it is not there. */
static size_t class_place(const struct config *config, const char *name)
{
	size_t i = 0;

	while (i < config->class_count && strcmp(config->class_name[i], name))
		i++;
	return i;
}

void classes_values(const struct model *model, struct config *config)
{
	const struct lyd_node *site = model_child(model, NULL, "sites"), *leaf;

	for (; site; site = model_next(site)) {
		leaf = model_child(model, site, "class");
		for (; leaf; leaf = model_next(leaf)) {
			const char *name = lyd_get_value(leaf);

			if (config->class_count == CLASSES_MAX ||
			    class_place(config, name) < config->class_count)
				continue;
			text_copy(config->class_name[config->class_count++],
				  sizeof(*config->class_name), name);
		}
	}
}

static uint64_t class_bit(const struct config *config, const struct lyd_node *leaf)
{
	size_t place = class_place(config, lyd_get_value(leaf));

	return place < config->class_count ? 1ull << place : 0;
}

uint64_t classes_of(const struct model *model, const struct lyd_node *parent, const char *name,
		    const struct config *config)
{
	const struct lyd_node *leaf = model_child(model, parent, name);
	uint64_t classes = 0;

	for (; leaf; leaf = model_next(leaf))
		classes |= class_bit(config, leaf);
	return classes;
}

struct class_rules class_rules_values(const struct model *model, const struct lyd_node *steer,
				      const struct config *config)
{
	const struct lyd_node *leaf = model_child(model, steer, "tiers");
	struct class_rules rules = {
		.allowed = classes_of(model, steer, "allowed-classes", config),
		.excluded = classes_of(model, steer, "excluded-classes", config),
	};

	for (; leaf && rules.tier_count < CLASSES_TIERS_MAX; leaf = model_next(leaf))
		rules.tier[rules.tier_count++] = class_bit(config, leaf);
	return rules;
}

/* No site bears it: then either word is wrong, and a service would be without sites for it. */
static void name_check(const struct model *model, const struct config *config,
		       const struct lyd_node *leaf, struct fault_list *faults)
{
	struct nearest nearest = { .wrong = lyd_get_value(leaf) };
	char hint[64] = "give it to a site, by 'class' in 'sites'";

	if (class_bit(config, leaf))
		return;
	for (size_t i = 0; i < config->class_count; i++)
		nearest_offer(&nearest, config->class_name[i]);
	if (nearest.best)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest.best);
	fault_list_add(faults, model_mark(model, leaf), "bad-value", model_path(leaf), hint,
		       "%s: no site is of class '%s'", LYD_NAME(leaf), nearest.wrong);
}

static void steer_check(const struct model *model, const struct config *config,
			const struct lyd_node *steer, struct fault_list *faults)
{
	static const char *const lists[] = { "allowed-classes", "excluded-classes", "tiers" };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct lyd_node *leaf = model_child(model, steer, lists[i]);

		for (; leaf; leaf = model_next(leaf))
			name_check(model, config, leaf, faults);
	}
}

/* True: one that had no place in the list has been named. */
static bool room_check(const struct model *model, const struct config *config,
		       const struct lyd_node *site, struct fault_list *faults)
{
	const struct lyd_node *leaf = model_child(model, site, "class");

	for (; leaf; leaf = model_next(leaf)) {
		if (class_bit(config, leaf))
			continue;
		fault_list_add(faults, model_mark(model, leaf), "too-many", model_path(leaf),
			       "let sites share classes",
			       "class '%s' is one more than the %d different ones there may be",
			       lyd_get_value(leaf), CLASSES_MAX);
		return true;
	}
	return false;
}

void classes_check(const struct model *model, const struct config *config,
		   struct fault_list *faults)
{
	const struct lyd_node *node = model_child(model, NULL, "sites");

	for (; node; node = model_next(node))
		if (room_check(model, config, node, faults))
			return;
	node = model_child(model, NULL, "services");
	for (; node; node = model_next(node))
		if (model_child(model, node, "steer"))
			steer_check(model, config, model_child(model, node, "steer"), faults);
}
