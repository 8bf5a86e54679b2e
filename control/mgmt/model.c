/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: libyang could read the file as JSON, but it would stop at the first fault and know no lines
 * of YAML. So the tree is built node by node beside the YAML tree: each refusal has a place, and
 * the walk goes on. The order is
 *   1. names, types, keys, what is mandatory (build_*), as many faults as there are;
 *   2. only if 1 found none: defaults and libyang's own validation, which stops at a fault;
 *   3. only if 2 refused: each `must` on its own, again all of them; if they hold, what libyang
 *      said, of what this file forgot.
 */
#include "mgmt/model.h"

#include "base/util.h"
#include "mgmt/expected.h"
#include "mgmt/nearest.h"
#include "mgmt/schema.h"

#include <errno.h>
#include <string.h>
#include <uthash.h>

struct placed {
	const struct lyd_node *node; /* key */
	struct mark mark;
	UT_hash_handle hh;
};

struct model {
	struct ly_ctx *ctx;
	const struct lys_module *module;
	struct lyd_node *tree;
	struct placed *places;
	struct fault_list *faults; /* while it is built */
};

/* Values of one list or leaf-list that were there already. */
struct seen {
	char *value; /* key */
	struct mark mark;
	UT_hash_handle hh;
};

static void seen_clear(struct seen **seen)
{
	struct seen *at, *next;

	HASH_ITER(hh, *seen, at, next)
	{
		HASH_DEL(*seen, at);
		free(at->value);
		free(at);
	}
}

/* Remembers the value. Where it was before: its first place; else, and without memory, line 0. */
static struct mark seen_add(struct seen **seen, const char *value, struct mark mark)
{
	struct seen *entry;

	HASH_FIND_STR(*seen, value, entry);
	if (entry)
		return entry->mark;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return (struct mark){ 0 };
	*entry = (struct seen){ .value = strdup(value), .mark = mark };
	if (entry->value)
		HASH_ADD_KEYPTR(hh, *seen, entry->value, strlen(entry->value), entry);
	else
		free(entry);
	return (struct mark){ 0 };
}

static void place(struct model *model, const struct lyd_node *node, struct mark mark)
{
	struct placed *entry = calloc(1, sizeof(*entry));

	if (!entry) {
		model->faults->more = true;
		return;
	}
	entry->node = node;
	entry->mark = mark;
	HASH_ADD_PTR(model->places, node, entry);
}

struct mark model_mark(const struct model *model, const struct lyd_node *node)
{
	for (; node; node = lyd_parent(node)) {
		struct placed *entry;

		HASH_FIND_PTR(model->places, &node, entry);
		if (entry)
			return entry->mark;
	}
	return (struct mark){ 1, 1 };
}

char *model_path(const struct lyd_node *node)
{
	return node ? lyd_path(node, LYD_PATH_STD, NULL, 0) : strdup("");
}

static void keep(struct model *model, struct lyd_node *parent, struct lyd_node *node,
		 struct mark mark)
{
	if (!parent)
		lyd_insert_sibling(model->tree, node, &model->tree);
	place(model, node, mark);
}

static void drop(struct model *model, struct lyd_node *node)
{
	struct placed *entry;

	HASH_FIND_PTR(model->places, &node, entry);
	if (entry)
		HASH_DEL(model->places, entry);
	free(entry);
	lyd_free_tree(node);
}

static void wrong_kind(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
		       const struct lysc_node *schema, const char *want, const char *hint)
{
	fault_list_add(m->faults, yaml->mark, "wrong-kind", model_path(parent), hint,
		       "'%s' must be %s", schema->name, want);
}

static void unknown_key(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
			const struct lysc_node *schema)
{
	struct nearest nearest = { .wrong = yaml->key };
	const struct lysc_node *known = NULL;
	_cleanup_(freep) char *hint = NULL, *names = NULL;

	while ((known = lys_getnext(known, schema, m->module->compiled, 0)))
		nearest_offer(&nearest, known->name);
	if (nearest.best) {
		if (asprintf(&hint, "did you mean '%s'?", nearest.best) < 0)
			hint = NULL;
	} else {
		names = expected_children(schema, m->module);
		if (asprintf(&hint, "known here: %s", names ? names : "") < 0)
			hint = NULL;
	}
	fault_list_add(m->faults, yaml->key_mark, "unknown-key", model_path(parent), hint,
		       "unknown key '%.60s' in %s", yaml->key, schema ? schema->name : "the file");
}

static void bad_value(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
		      const struct lysc_node *schema)
{
	_cleanup_(freep) char *want = expected_value(schema, ly_errmsg(m->ctx));
	_cleanup_(freep) char *hint = expected_hint(schema, yaml->text);

	fault_list_add(m->faults, yaml->mark, "bad-value", model_path(parent), hint,
		       "%s '%.80s' %s", schema->name, yaml->text, want ? want : "is not right");
}

static void twice(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
		  const struct lysc_node *schema, struct mark first)
{
	fault_list_add(m->faults, yaml->mark, "duplicate", model_path(parent), "remove one of them",
		       "%s '%.80s' stands here twice, first in line %u", schema->name, yaml->text,
		       first.line);
}

static struct lyd_node *build_term(struct model *m, const struct yaml_tree *yaml,
				   struct lyd_node *parent, const struct lysc_node *schema)
{
	struct lyd_node *node = NULL;

	if (yaml->kind != YAML_TREE_SCALAR || yaml_tree_is_empty(yaml)) {
		wrong_kind(m, yaml, parent, schema, "one value",
			   "write the value after the colon, or remove the line");
		return NULL;
	}
	if (lyd_new_term(parent, m->module, schema->name, yaml->text, 0, &node) != LY_SUCCESS) {
		bad_value(m, yaml, parent, schema);
		return NULL;
	}
	keep(m, parent, node, yaml->mark);
	return node;
}

static bool too_many(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
		     const struct lysc_node *schema, uint32_t max)
{
	if (yaml->count <= max)
		return false;
	fault_list_add(m->faults, yaml->mark, "too-many", model_path(parent), NULL,
		       "'%s' has %zu values, and at most %u are taken", schema->name, yaml->count,
		       max);
	return true;
}

static void build_leaf_list(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
			    const struct lysc_node *schema)
{
	const struct lysc_node_leaflist *list = (const struct lysc_node_leaflist *)schema;
	_cleanup_(seen_clear) struct seen *seen = NULL;

	if (yaml->kind == YAML_TREE_SCALAR && !yaml_tree_is_empty(yaml)) {
		build_term(m, yaml, parent, schema); /* a list of one */
		return;
	}
	if (yaml->kind != YAML_TREE_LIST) {
		wrong_kind(m, yaml, parent, schema, "a list", "write it as [value, value]");
		return;
	}
	if (yaml->count < list->min)
		wrong_kind(m, yaml, parent, schema, "a list with a value in it", NULL);
	if (too_many(m, yaml, parent, schema, list->max))
		return;
	for (size_t i = 0; i < yaml->count && !m->faults->more; i++) {
		struct lyd_node *node = build_term(m, &yaml->child[i], parent, schema);
		struct mark first;

		if (!node)
			continue;
		first = seen_add(&seen, lyd_get_value(node), yaml->child[i].mark);
		if (first.line) {
			twice(m, &yaml->child[i], parent, schema, first);
			drop(m, node);
		}
	}
}

static void build_map(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
		      const struct lysc_node *schema);

/* One entry of a list, which is named by its key. */
static void build_entry(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
			const struct lysc_node *schema, struct seen **seen)
{
	const struct lysc_node *key_schema = lysc_node_child(schema); /* keys come first */
	const struct yaml_tree *key = yaml_tree_find(yaml, key_schema->name);
	struct lyd_node *node = NULL;
	struct mark first;

	if (yaml->kind != YAML_TREE_MAP) {
		wrong_kind(m, yaml, parent, schema, "a list of entries with keys and values",
			   "write each entry as '- key: value'");
		return;
	}
	if (!key || key->kind != YAML_TREE_SCALAR || yaml_tree_is_empty(key)) {
		fault_list_add(m->faults, yaml->mark, "missing-key", model_path(parent), NULL,
			       "this entry of '%s' has no '%s'", schema->name, key_schema->name);
		return;
	}
	if (lyd_new_list(parent, m->module, schema->name, 0, &node, key->text) != LY_SUCCESS) {
		bad_value(m, key, parent, key_schema);
		return;
	}
	keep(m, parent, node, yaml->mark);
	place(m, lyd_child(node), key->mark);
	first = seen_add(seen, lyd_get_value(lyd_child(node)), key->mark);
	if (first.line) /* kept all the same: its other faults are told too */
		twice(m, key, parent, key_schema, first);
	build_map(m, yaml, node, schema);
}

static void build_list(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
		       const struct lysc_node *schema)
{
	_cleanup_(seen_clear) struct seen *seen = NULL;

	if (yaml_tree_is_empty(yaml))
		return;
	if (yaml->kind != YAML_TREE_LIST) {
		wrong_kind(m, yaml, parent, schema, "a list", "write each entry as '- key: value'");
		return;
	}
	if (too_many(m, yaml, parent, schema, ((const struct lysc_node_list *)schema)->max))
		return;
	for (size_t i = 0; i < yaml->count && !m->faults->more; i++)
		build_entry(m, &yaml->child[i], parent, schema, &seen);
}

static void build_container(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
			    const struct lysc_node *schema)
{
	struct lyd_node *node = NULL;

	if (yaml->kind != YAML_TREE_MAP && !yaml_tree_is_empty(yaml)) {
		wrong_kind(m, yaml, parent, schema, "a group of keys and values", NULL);
		return;
	}
	if (lyd_new_inner(parent, m->module, schema->name, 0, &node) != LY_SUCCESS) {
		m->faults->more = true; /* no memory: a container has nothing to refuse */
		return;
	}
	keep(m, parent, node, yaml->key_mark);
	build_map(m, yaml, node, schema);
}

static void build_child(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
			const struct lysc_node *schema)
{
	if (schema->nodetype == LYS_CONTAINER)
		build_container(m, yaml, parent, schema);
	else if (schema->nodetype == LYS_LIST)
		build_list(m, yaml, parent, schema);
	else if (schema->nodetype == LYS_LEAFLIST)
		build_leaf_list(m, yaml, parent, schema);
	else if (!lysc_is_key(schema)) /* a key came with its list entry */
		build_term(m, yaml, parent, schema);
}

static void missing(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
		    const struct lysc_node *schema)
{
	const struct lysc_node *child = NULL;

	while ((child = lys_getnext(child, schema, m->module->compiled, 0)))
		if (child->flags & LYS_MAND_TRUE && !lysc_is_key(child) &&
		    child->nodetype & (LYS_LEAF | LYS_LEAFLIST) &&
		    !yaml_tree_find(yaml, child->name))
			fault_list_add(m->faults, yaml->mark, "missing-key", model_path(parent),
				       NULL, "'%s' is missing in %s", child->name, schema->name);
}

/* The children of yaml, which is a map or nothing; parent and schema NULL: the top level. */
static void build_map(struct model *m, const struct yaml_tree *yaml, struct lyd_node *parent,
		      const struct lysc_node *schema)
{
	_cleanup_(seen_clear) struct seen *seen = NULL;

	for (size_t i = 0; i < yaml->count && !m->faults->more; i++) {
		const struct yaml_tree *child = &yaml->child[i];
		const struct lysc_node *known =
			lys_find_child(schema, m->module, child->key, 0, 0, 0);
		struct mark first;

		if (!known) {
			unknown_key(m, child, parent, schema);
			continue;
		}
		first = seen_add(&seen, child->key, child->key_mark);
		if (first.line)
			fault_list_add(m->faults, child->key_mark, "duplicate", model_path(parent),
				       "remove one of them",
				       "'%s' stands here twice, first in line %u", child->key,
				       first.line);
		else
			build_child(m, child, parent, known);
	}
	missing(m, yaml, parent, schema);
}

static void check_musts(struct model *m, const struct lyd_node *node)
{
	const struct lysc_must *musts = lysc_node_musts(node->schema);
	LY_ARRAY_COUNT_TYPE i;

	LY_ARRAY_FOR(musts, i)
	{
		ly_bool holds = 0;

		if (lyd_eval_xpath3(node, m->module, lyxp_get_expr(musts[i].cond),
				    LY_VALUE_SCHEMA_RESOLVED, musts[i].prefixes, NULL,
				    &holds) == LY_SUCCESS &&
		    holds)
			continue;
		fault_list_add(m->faults, model_mark(m, node), "must", model_path(node), NULL,
			       "%s: %s", node->schema->name, musts[i].emsg);
	}
}

static void check_each_must(struct model *m)
{
	struct lyd_node *top, *node;

	LY_LIST_FOR(m->tree, top)
	{
		LYD_TREE_DFS_BEGIN(top, node)
		{
			check_musts(m, node);
			LYD_TREE_DFS_END(top, node);
		}
	}
}

/* error: 'Data location "/margay:router/as", line number 1.' or the like. */
static const struct lyd_node *error_node(struct model *m, const struct ly_err_item *error)
{
	const char *start = error && error->path ? strchr(error->path, '"') : NULL;
	const char *end = start ? strchr(start + 1, '"') : NULL;
	_cleanup_(freep) char *path = end ? strndup(start + 1, (size_t)(end - start - 1)) : NULL;
	struct lyd_node *node = NULL;

	if (path)
		lyd_find_path(m->tree, path, 0, &node);
	return node;
}

/* Defaults are put in first: a `must` may ask for them. What libyang says is read before the next
 * question to it. */
static void check_relations(struct model *m)
{
	const struct ly_err_item *error;
	const struct lyd_node *node;
	_cleanup_(freep) char *text = NULL;

	if (lyd_new_implicit_module(&m->tree, m->module, 0, NULL) != LY_SUCCESS) {
		m->faults->more = true;
		return;
	}
	if (lyd_validate_module(&m->tree, m->module, 0, NULL) == LY_SUCCESS)
		return;
	error = ly_err_last(m->ctx);
	text = error && error->msg ? strdup(error->msg) : NULL;
	node = error_node(m, error);
	check_each_must(m);
	if (fault_list_empty(m->faults))
		fault_list_add(m->faults, model_mark(m, node), "invalid", model_path(node), NULL,
			       "%s", text ? text : "the file contradicts margay.yang");
}

static int model_open(struct model *m)
{
	struct lys_module *module = NULL;

	if (ly_ctx_new(NULL, LY_CTX_NO_YANGLIBRARY, &m->ctx) != LY_SUCCESS)
		return -ENOMEM;
	/* margay.yang is ours: if it does not parse, the build was wrong. */
	if (lys_parse_mem(m->ctx, margay_yang, LYS_IN_YANG, &module) != LY_SUCCESS)
		return -EINVAL;
	m->module = module;
	return 0;
}

static void model_build(struct model *m, const struct yaml_tree *yaml, struct fault_list *faults)
{
	m->faults = faults;
	if (yaml->kind == YAML_TREE_MAP)
		build_map(m, yaml, NULL, NULL);
	else
		fault_list_add(faults, yaml->mark, "wrong-kind", NULL,
			       "see docs/examples for files that are right",
			       "the file must be a group of keys and values");
	if (fault_list_empty(faults))
		check_relations(m);
	m->faults = NULL;
}

struct model *model_new(const struct yaml_tree *yaml, struct fault_list *faults)
{
	_cleanup_(model_free) struct model *m = calloc(1, sizeof(*m));
	uint32_t options;

	if (!m) {
		faults->more = true;
		return NULL;
	}
	options = ly_log_options(
		LY_LOSTORE_LAST); /* faults go into the list, not to standard error */
	if (model_open(m) < 0)
		fault_list_add(faults, (struct mark){ 0 }, "internal", NULL, NULL,
			       "margay.yang: %s", m->ctx ? ly_errmsg(m->ctx) : "no memory");
	else
		model_build(m, yaml, faults);
	ly_log_options(options);
	return fault_list_empty(faults) ? TAKE_PTR(m) : NULL;
}

void model_free(struct model **model)
{
	struct placed *at, *next;

	if (!*model)
		return;
	HASH_ITER(hh, (*model)->places, at, next)
	{
		HASH_DEL((*model)->places, at);
		free(at);
	}
	lyd_free_all((*model)->tree);
	ly_ctx_destroy((*model)->ctx);
	freep(model);
}

const struct lyd_node *model_child(const struct model *model, const struct lyd_node *parent,
				   const char *name)
{
	const struct lyd_node *node = parent ? lyd_child(parent) : model->tree;

	while (node && strcmp(node->schema->name, name) != 0)
		node = node->next;
	return node;
}

const struct lyd_node *model_next(const struct lyd_node *node)
{
	return node->next && node->next->schema == node->schema ? node->next : NULL;
}

size_t model_count(const struct model *model, const struct lyd_node *parent, const char *name)
{
	const struct lyd_node *node = model_child(model, parent, name);
	size_t n = 0;

	for (; node; node = model_next(node))
		n++;
	return n;
}

static const struct lyd_node *leaf_of(const struct lyd_node *parent, const char *name)
{
	return parent ? model_child(NULL, parent, name) : NULL;
}

const char *model_text(const struct lyd_node *parent, const char *name)
{
	const struct lyd_node *leaf = leaf_of(parent, name);

	return leaf ? lyd_get_value(leaf) : "";
}

uint64_t model_uint(const struct lyd_node *parent, const char *name)
{
	return strtoull(model_text(parent, name), NULL, 10);
}

double model_double(const struct lyd_node *parent, const char *name)
{
	return strtod(model_text(parent, name), NULL);
}

bool model_bool(const struct lyd_node *parent, const char *name)
{
	return strcmp(model_text(parent, name), "true") == 0;
}

struct addr model_addr_of(const struct lyd_node *leaf)
{
	struct addr addr = { 0 };

	addr_parse(lyd_get_value(leaf), &addr); /* margay.yang took nothing else */
	return addr;
}

struct addr model_addr(const struct lyd_node *parent, const char *name)
{
	const struct lyd_node *leaf = leaf_of(parent, name);

	return leaf ? model_addr_of(leaf) : (struct addr){ 0 };
}

static struct prefix prefix_of_text(const char *value)
{
	char text[PREFIX_STRLEN];
	struct addr addr = { 0 };
	char *slash;

	snprintf(text, sizeof(text), "%s", value);
	slash = strchr(text, '/');
	if (!slash)
		return (struct prefix){ 0 };
	*slash = '\0';
	addr_parse(text, &addr);
	return prefix_of(&addr, (uint8_t)strtoul(slash + 1, NULL, 10));
}

struct prefix model_prefix(const struct lyd_node *parent, const char *name)
{
	return prefix_of_text(model_text(parent, name));
}

struct prefix model_prefix_of(const struct lyd_node *leaf)
{
	return prefix_of_text(lyd_get_value(leaf));
}
