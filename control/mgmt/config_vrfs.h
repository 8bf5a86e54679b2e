/* SPDX-License-Identifier: BSD-2-Clause */
/* The VRFs of a configuration. Private to control/mgmt. */
#pragma once
#include "mgmt/config.h"
#include "mgmt/fault_list.h"
#include "mgmt/model.h"

/* What cannot be read is left zero: vrfs_check() names it. */
void vrfs_values(const struct model *model, struct config *config, bool *failed);
/* Its number in the tables; 0: "", or a name that no VRF has. */
uint8_t vrf_id(const struct config *config, const char *name);
void vrfs_check(const struct model *model, struct fault_list *faults);
