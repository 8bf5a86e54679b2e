/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of `probe`: how round-trip times are measured. Private to config.c. */
#pragma once
#include "mgmt/config.h"
#include "mgmt/model.h"

void probe_values(const struct model *model, struct config *config);
/* The keys, from their files; see secrets_read(). */
void probe_secrets(const struct model *model, struct config *config, struct fault_list *faults);
