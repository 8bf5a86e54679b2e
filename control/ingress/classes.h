/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which sites a service may use, and in what order, by the classes that the operator gave them. A
 * set of classes is a bit for each, by its place in the configuration's list of names. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define CLASSES_MAX       64 /* of one configuration */
#define CLASSES_TIERS_MAX 8  /* of one service */

/* Of one service. All zero: no site is told from another. */
struct class_rules {
	uint64_t allowed;                 /* 0: all, also sites without class */
	uint64_t excluded;                /* before what is allowed */
	uint64_t tier[CLASSES_TIERS_MAX]; /* by order */
	uint8_t tier_count;               /* 0: by the number of each site */
};

/* May the service use a site of these classes? */
bool classes_allow(const struct class_rules *rules, uint64_t classes);

/* Where it may not: those of its classes that are in the way; 0: it lacks one that is allowed. */
uint64_t classes_culprits(const struct class_rules *rules, uint64_t classes);

/* The first tier that names one of its classes; the one after all where none does. number: of the
 * site, where the service orders no classes. */
uint8_t classes_tier(const struct class_rules *rules, uint64_t classes, uint8_t number);
