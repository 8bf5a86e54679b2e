/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What margay.yang wants of a value, in words for people. All texts are to be freed; NULL: none, or
 * no memory.
 */
#pragma once
#include <libyang/libyang.h>

/* "must be a number from 0 to 65535". said: libyang's own words, which are right where margay.yang
 * has an error-message. */
char *expected_value(const struct lysc_node *leaf, const char *said);
/* "did you mean 'tcp'?", for a value out of a few words. */
char *expected_hint(const struct lysc_node *leaf, const char *wrong);
/* "name, as, router-id". parent NULL: the top level. */
char *expected_children(const struct lysc_node *parent, const struct lys_module *module);
