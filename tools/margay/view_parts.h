/* SPDX-License-Identifier: BSD-2-Clause */
/* What the views are put together of, for the files that print answers alone. */
#pragma once
#include "table.h"

#include <jansson.h>

static inline const json_t *get(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

static inline const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(get(object, key));

	return value ? value : "";
}

/* "label value  " where the member is there. */
void print_member(const json_t *object, const char *label, const char *key,
		  enum cell_format format);
/* A service's name, address, protocol, port, VRF; the line goes on. */
void print_heading(const json_t *service);
/* Of a service's flows: how they are placed, and what is seen of them. */
void print_flows(const json_t *object);
