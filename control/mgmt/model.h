/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration as a data tree of margay.yang: the only file pair that knows libyang (its API
 * differs between major versions). Every node that the file held knows its place there. The model
 * owns the tree; nodes are borrowed.
 */
#pragma once
#include "base/addr.h"
#include "mgmt/yaml_tree.h"

#include <libyang/libyang.h>

struct model;

/* Builds and checks: names, types, keys; if those hold, defaults are filled in and what must hold
 * between values is tested. NULL: *faults says why. */
struct model *model_new(const struct yaml_tree *yaml, struct fault_list *faults);
void model_free(struct model **model);

/* Where the node, or else the nearest one around it, stands. */
struct mark model_mark(const struct model *model, const struct lyd_node *node);
char *model_path(const struct lyd_node *node); /* to be freed; NULL: no memory */

/* The first child of that name, or NULL; parent NULL: of the top level. */
const struct lyd_node *model_child(const struct model *model, const struct lyd_node *parent,
				   const char *name);
/* The next one of the same name (of a list or leaf-list), or NULL. */
const struct lyd_node *model_next(const struct lyd_node *node);
size_t model_count(const struct model *model, const struct lyd_node *parent, const char *name);

/* Values of a leaf below parent; absent: "", 0, false, zero address. */
const char *model_text(const struct lyd_node *parent, const char *name);
uint64_t model_uint(const struct lyd_node *parent, const char *name);
double model_double(const struct lyd_node *parent, const char *name);
bool model_bool(const struct lyd_node *parent, const char *name);
struct addr model_addr(const struct lyd_node *parent, const char *name);
struct prefix model_prefix(const struct lyd_node *parent, const char *name); /* absent: ::/0 */
struct addr model_addr_of(const struct lyd_node *leaf);
struct prefix model_prefix_of(const struct lyd_node *leaf);
