/* SPDX-License-Identifier: BSD-2-Clause */
/* How a service is set to steer, and what its sites are in its eyes, as JSON members. */
#pragma once
#include "mgmt/config.h"

#include <jansson.h>

void settings_put(json_t *object, const struct config *config,
		  const struct ingress_service_config *service);

/* Class, tier and cost of a site, as far as there is something to tell. */
void standing_put(json_t *object, const struct config *config,
		  const struct ingress_site_view *site);

/* Why the site has its share. It has a verdict. */
void reason_put(json_t *object, const struct config *config,
		const struct ingress_service_config *service, const struct ingress_site_view *site);

/* What the marginal cost is made of. */
void parts_put(json_t *object, const struct weights_verdict *verdict);
