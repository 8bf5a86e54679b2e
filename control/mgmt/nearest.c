/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/nearest.h"

#include "base/util.h"

#include <stdbool.h>
#include <string.h>

#define WORD_MAX 32 /* longer words are not compared: no name of ours is */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits that lead from a to b: insert, delete, replace, swap neighbours (optimal string alignment).
 */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_len; i++) {
		for (size_t j = 0; j <= b_len; j++) {
			if (!i || !j) {
				row[i][j] = i + j;
				continue;
			}
			row[i][j] = least(least(row[i - 1][j], row[i][j - 1]) + 1,
					  row[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[i][j] = least(row[i][j], row[i - 2][j - 2] + 1);
		}
	}
	return row[a_len][b_len];
}

void nearest_offer(struct nearest *nearest, const char *word)
{
	size_t wrong_len = strlen(nearest->wrong), len = strlen(word), distance;

	if (!wrong_len || wrong_len > WORD_MAX || len > WORD_MAX)
		return;
	distance = edit_distance(nearest->wrong, wrong_len, word, len);
	/* A word cut short, or with something added, is near however much it is. */
	if (wrong_len >= 3 && strncmp(nearest->wrong, word, least(wrong_len, len)) == 0)
		distance = least(distance, 2);
	if (distance > least(2, len / 2) || (nearest->best && distance >= nearest->distance))
		return;
	nearest->best = word;
	nearest->distance = distance;
}
