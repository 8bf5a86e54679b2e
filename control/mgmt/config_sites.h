/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of `tunnel`, `sites` and `site`: where packets are carried, and how. Private to config.c.
 */
#pragma once
#include "mgmt/config.h"
#include "mgmt/model.h"

void tunnel_values(const struct model *model, struct config *config);
/* After tunnel_values(). *failed is set where memory runs out. */
void sites_values(const struct model *model, struct config *config, bool *failed);
void egress_values(const struct model *model, struct config *config);
