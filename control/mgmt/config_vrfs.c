/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config_vrfs.h"
#include "mgmt/config_words.h"

#include "base/util.h"

#include <string.h>

static size_t target_values(const struct model *model, const struct lyd_node *node,
			    const char *name, struct bgp_rt ret[VRF_TARGETS_MAX])
{
	const struct lyd_node *leaf = model_child(model, node, name);
	size_t count = 0;

	for (; leaf && count < VRF_TARGETS_MAX; leaf = model_next(leaf))
		count += bgp_rt_parse(lyd_get_value(leaf), &ret[count]) == 0;
	return count;
}

void vrfs_values(const struct model *model, struct config *config, bool *failed)
{
	const struct lyd_node *node = model_child(model, NULL, "vrfs");
	size_t count = model_count(model, NULL, "vrfs");

	config->vrf = count ? calloc(count, sizeof(*config->vrf)) : NULL;
	*failed |= count && !config->vrf;
	for (; node && !*failed; node = model_next(node)) {
		struct vrf *vrf = &config->vrf[config->vrf_count++];

		text_copy(vrf->name, sizeof(vrf->name), model_text(node, "name"));
		vrf->id = (uint8_t)model_uint(node, "id");
		bgp_rd_parse(model_text(node, "rd"), &vrf->rd);
		vrf->import_count = target_values(model, node, "import", vrf->import);
		vrf->export_count = target_values(model, node, "export", vrf->export);
		vrf->endpoint = model_addr(node, "endpoint");
		vrf->vni = (uint32_t)model_uint(node, "vni");
	}
}

uint8_t vrf_id(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->vrf_count; i++)
		if (!strcmp(config->vrf[i].name, name))
			return config->vrf[i].id;
	return 0;
}

static void number_check(const struct model *model, const struct lyd_node *leaf,
			 struct fault_list *faults)
{
	const char *text = leaf ? lyd_get_value(leaf) : "";
	struct bgp_rd rd;

	if (!leaf || bgp_rd_parse(text, &rd) == 0)
		return;
	fault_list_add(faults, model_mark(model, leaf), "bad-value", model_path(leaf),
		       "AS:NUMBER or IPV4:NUMBER, as 65000:1 or 192.0.2.1:1",
		       "%s: '%s' is no such number", LYD_NAME(leaf), text);
}

/* Numbers may be written in two ways. */
static bool same_value(const struct lyd_node *a, const struct lyd_node *b)
{
	struct bgp_rd x, y;

	if (!strcmp(lyd_get_value(a), lyd_get_value(b)))
		return true;
	return bgp_rd_parse(lyd_get_value(a), &x) == 0 && bgp_rd_parse(lyd_get_value(b), &y) == 0 &&
	       !memcmp(x.octet, y.octet, sizeof(x.octet));
}

/* Two VRFs must not share what tells them apart: in the tables, in BGP, at the end of a tunnel. */
static void unique_check(const struct model *model, const struct lyd_node *node, const char *name,
			 struct fault_list *faults)
{
	const struct lyd_node *leaf = model_child(model, node, name), *other;

	for (other = leaf ? model_next(node) : NULL; other; other = model_next(other)) {
		const struct lyd_node *same = model_child(model, other, name);

		if (!same || !same_value(same, leaf))
			continue;
		fault_list_add(faults, model_mark(model, same), "duplicate", model_path(same),
			       "give each VRF its own",
			       "%s %s of vrf '%s' belongs to vrf '%s' (line %u)", name,
			       lyd_get_value(same), model_text(other, "name"),
			       model_text(node, "name"), model_mark(model, leaf).line);
		return;
	}
}

/* Nor may it share with the site: packets out of the same tunnel would be taken for those of no
 * VRF.
 */
static void site_check(const struct model *model, const struct lyd_node *node, const char *name,
		       struct fault_list *faults)
{
	const struct lyd_node *leaf = model_child(model, node, name);
	const struct lyd_node *site = model_child(model, NULL, "site");
	const struct lyd_node *own = model_child(model, site, name);

	if (!leaf || !own || strcmp(lyd_get_value(leaf), lyd_get_value(own)))
		return;
	fault_list_add(faults, model_mark(model, leaf), "duplicate", model_path(leaf),
		       "give the VRF one of its own", "%s %s of vrf '%s' is that of site (line %u)",
		       name, lyd_get_value(leaf), model_text(node, "name"),
		       model_mark(model, own).line);
}

void vrfs_check(const struct model *model, struct fault_list *faults)
{
	static const char *const lists[] = { "import", "export" };
	static const char *const unique[] = { "id", "rd", "endpoint", "vni" };
	const struct lyd_node *node = model_child(model, NULL, "vrfs"), *leaf;

	for (; node; node = model_next(node)) {
		number_check(model, model_child(model, node, "rd"), faults);
		for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
			leaf = model_child(model, node, lists[i]);
			for (; leaf; leaf = model_next(leaf))
				number_check(model, leaf, faults);
		}
		site_check(model, node, "endpoint", faults);
		site_check(model, node, "vni", faults);
		for (size_t i = 0; i < ARRAY_SIZE(unique); i++)
			unique_check(model, node, unique[i], faults);
	}
}
