/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of `mappings`, `collectors` and `clusters`. Private to config.c. */
#pragma once
#include "mgmt/config.h"
#include "mgmt/model.h"

/* Also reads the mapping files that collectors name; what is wrong with them is a fault of the
 * collector. */
void collect_values(const struct model *model, struct config *config, struct fault_list *faults);
/* Values of `clusters`. */
void clusters_values(const struct model *model, struct config *config, struct fault_list *faults);
/* What services and clusters have in common: when load is told. */
struct discipline discipline_values(const struct lyd_node *node);
/* Where a source is, and with which secrets. */
void target_values(const struct lyd_node *node, struct fetch_target *ret);
/* The names of a service's collectors. */
void collectors_of(const struct model *model, const struct lyd_node *announce,
		   struct agent_config *ret);
void collect_forget(struct config *config);
