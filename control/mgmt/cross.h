/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks between services, sites and tables that margay.yang cannot say, or not in words that help.
 */
#pragma once
#include "mgmt/config.h"
#include "mgmt/model.h"

/* Adds to *faults whatever is found. config holds the values of the model. */
void cross_check(const struct model *model, const struct config *config, struct fault_list *faults);
