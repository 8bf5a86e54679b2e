/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of one service at one site as raw metrics (level 0), whoever says it: the site's
 * report, the own flows there, STAMP, the configuration. For `explain`.
 */
#pragma once
#include "ingress/ingress.h"
#include "metric/value.h"

#include <jansson.h>

/* Into *ret, which is empty before; now_ms as uv_now(). What there is no memory for is left out. */
void site_values(const struct ingress_site_view *site, int64_t now_ms, struct value_set *ret);

/* The site's score, as told, or by the functions from these values; nothing where none is known. */
void site_score_put(json_t *object, const struct scores *scores,
		    const struct ingress_site_view *site, const struct value_set *set);

/* Each as an object of the array, with its age. */
void values_put(json_t *array, const struct value_set *set);
