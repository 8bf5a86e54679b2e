/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the words of `margay trace` and `margay capture` to the filter that the data plane matches.
 */
#pragma once
#include "names.h"

/* request: as the grammar makes it. All but `until_ns`, and of `on` only what is to be captured. 0;
 * or -1, and *ret_error is an answer that says which word is wrong and what helps. */
int trace_filter_of(const json_t *request, const struct names *names, struct mg_trace_filter *ret,
		    json_t **ret_error);
