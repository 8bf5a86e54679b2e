/* SPDX-License-Identifier: BSD-2-Clause */
/* From an offer's tunnel, and what is configured of its site, to a site of the tables. Private to
 * control/ingress. */
#pragma once
#include "ingress/ingress.h"

/* known: NULL where the site is not configured. False, and *ret_fault has the reason: it cannot be
 * reached from here, and *ret is untouched. */
bool carriage_of(const struct ingress_config *config, const struct ingress_site_config *known,
		 const struct offer *offer, struct site_spec *ret, const char **ret_fault);
