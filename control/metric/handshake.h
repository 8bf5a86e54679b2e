/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long the handshakes of the own flows to one site take, and how sure that is. The data plane
 * counts them and sums their times, so how they scatter shows only from one second to the next.
 * Times are arguments. A value without owner; pure.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define HANDSHAKE_WINDOW_S 120.0 /* what is older than that counts for 1/e and less */

/* Sums over batches of a second or more, each with the weight of its age. */
struct handshake_sums {
	double count, time_s, square; /* square: count x mean^2 of each batch */
	double batches;
};

struct handshake {
	bool begun;
	uint64_t count, time_us; /* as read last */
	double at_s;             /* then */
	struct handshake_sums sums;
};

/* Takes the data plane's counters, which only grow; now_s does not go back. One that went back
 * (another member has the place) begins anew. */
void handshake_note(struct handshake *handshake, double now_s, uint64_t count, uint64_t time_us);

struct handshake_mean {
	double count;   /* that it is the mean of, each with the weight of its age */
	double mean_s;  /* meaningless where count is 0 */
	double error_s; /* standard error of that; INFINITY: there are too few to tell */
};
struct handshake_mean handshake_mean(const struct handshake *handshake, double now_s);
