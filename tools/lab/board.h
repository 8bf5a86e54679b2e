/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board: how many requests a site has, for whoever may look at any moment. A file that the site
 * makes and maps, and generators on the same machine map, too. Every field is written by one side.
 */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

struct board {
	uint64_t magic;
	_Atomic uint64_t asked; /* by generators, as they send: also what is still under way */
	_Atomic uint64_t ended; /* by the site: done, refused, or given up while waiting */
	_Atomic uint32_t slots, speed_milli; /* by the site: worker slots; 1000: speed 1 */
};

/* Makes the file anew; who had the old one keeps that. 0 or -errno, logged. */
int board_make(const char *path, struct board **ret);

/* 0 or -errno, logged: -EINVAL where it is no board. */
int board_open(const char *path, struct board **ret);
void board_close(struct board **board); /* *board may be NULL; NULL afterwards */
