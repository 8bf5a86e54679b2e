/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of `scores`: how raw metrics become one. Private to config.c. */
#pragma once
#include "mgmt/config.h"
#include "mgmt/model.h"

/* Faults are of metrics that nothing is known of beforehand, and that say too little. */
void scores_values(const struct model *model, struct config *config, struct fault_list *faults);
