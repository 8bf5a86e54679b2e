/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle: which site a request would best go to, by what every site has to do at this moment.
 * No router can know that; it is what a placement is compared with. Storage is the caller's.
 */
#pragma once
#include "board.h"

#include <stddef.h>

struct oracle_site {
	struct board *board;
	double distance_s; /* round trip */
};

struct oracle {
	struct oracle_site *site; /* in the order of the generator's targets */
	size_t count;
};

/* text: "FILE,MILLISECONDS", a board and how far it is. 0 or -errno, logged. */
int oracle_add(struct oracle *oracle, const char *text);
void oracle_clear(struct oracle *oracle);

/*
 * Index of the site with the least distance + service + expected wait, which is that of a queue
 * that all slots serve: nothing while one is free. mean_s: mean work of a request at speed 1. Equal
 * ones: the first.
 */
size_t oracle_choose(const struct oracle *oracle, double mean_s);
