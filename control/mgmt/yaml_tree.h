/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A YAML document as a tree of values that know where they stand in the file. Only the plain part
 * of YAML is taken: one document of maps, lists and scalars; no aliases (a few of them can stand
 * for gigabytes), no tags. The tree owns all of it.
 */
#pragma once
#include "mgmt/fault_list.h"

#define YAML_TREE_BYTES_MAX (1 << 20)
#define YAML_TREE_DEPTH_MAX 12 /* margay.yang needs 6 */

enum yaml_tree_kind { YAML_TREE_SCALAR, YAML_TREE_LIST, YAML_TREE_MAP };

struct yaml_tree {
	enum yaml_tree_kind kind;
	struct mark mark;
	char *key; /* in a map; else NULL */
	struct mark key_mark;
	char *text;  /* of a scalar */
	bool quoted; /* so that "" differs from nothing at all */
	struct yaml_tree *child;
	size_t count;
};

/* Reads one document of len bytes. NULL: *faults says why. */
struct yaml_tree *yaml_tree_parse(const char *text, size_t len, struct fault_list *faults);
void yaml_tree_free(struct yaml_tree **tree);
/* The map's value under key, or NULL. */
const struct yaml_tree *yaml_tree_find(const struct yaml_tree *map, const char *key);
/* Nothing was written: "key:" and the end of the line. */
bool yaml_tree_is_empty(const struct yaml_tree *tree);
