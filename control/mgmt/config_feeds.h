/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of `feeds`. Private to config.c. */
#pragma once
#include "mgmt/config.h"
#include "mgmt/model.h"

/* After the router's own values. */
void feeds_values(const struct model *model, struct config *config);
