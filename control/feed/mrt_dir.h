/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names in the directory of MRT files: KIND.YYYYMMDD.HHMMSS.mrt (UTC) are ours. Private to
 * control/feed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define MRT_STAMPED_STRLEN 64

/* Writes the name that a file of this kind has that is begun now; returns ret. */
const char *mrt_dir_stamped(const char *kind, time_t now, char ret[MRT_STAMPED_STRLEN]);
/* A plain word that somebody may name a file by: no path, nothing hidden, no file of ours. */
bool mrt_dir_name_fits(const char *name);
/* Removes all but the newest `keep` files of this kind. */
void mrt_dir_prune(const char *directory, const char *kind, size_t keep);
/* What a run that was killed left: a log gets its name, a table that is not whole goes. */
void mrt_dir_mend(const char *directory);
