/* SPDX-License-Identifier: BSD-2-Clause */
/* Classes of sites, and what services make of them. Private to control/mgmt. */
#pragma once
#include "mgmt/config.h"
#include "mgmt/fault_list.h"
#include "mgmt/model.h"

/* The list of names. Before the sites' and the services' values, which are sets of them. */
void classes_values(const struct model *model, struct config *config);
/* Those that a leaf-list names; what no site bears is left out: classes_check() names it. */
uint64_t classes_of(const struct model *model, const struct lyd_node *parent, const char *name,
		    const struct config *config);
struct class_rules class_rules_values(const struct model *model, const struct lyd_node *steer,
				      const struct config *config);
void classes_check(const struct model *model, const struct config *config,
		   struct fault_list *faults);
