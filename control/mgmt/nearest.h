/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Did you mean ...?": the word that was most likely meant by a misspelt one. Pure.
 */
#pragma once
#include <stddef.h>

/* Finds the nearest of the words offered to it one by one; start from { .wrong = word }. */
struct nearest {
	const char *wrong;
	const char *best; /* NULL: none is near enough to be worth saying */
	size_t distance;
};

void nearest_offer(struct nearest *nearest, const char *word);
