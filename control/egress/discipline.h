/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a site tells its load, and how exactly: bad news at once, good news when they last, all else
 * now and then; and no more digits than mean something. Pure: time and chance are arguments.
 */
#pragma once
#include "metric/report.h"

/* Settings of one service. Times in seconds. */
struct discipline {
	double min_s, max_s; /* least and largest time between two UPDATEs */
	double good_s;       /* good news must last for so long */
	double jitter;       /* 0..1: the part of a wait that chance may take away */
	double threshold;    /* 0..1: what counts as news, see report_change() */
	double quantum;      /* 0..1: of a value's order of magnitude; 0: as measured */
};

/* What was told last, and what has come since. The owner zeroes it. */
struct discipline_state {
	int64_t sent_ms;
	int64_t good_ms; /* since when there are good news; 0: there are none */
	double chance;   /* 0..1, drawn at the last UPDATE */
};

bool discipline_equal(const struct discipline *a, const struct discipline *b);

/* Numbers that are measured are rounded; capacity, indices and times of samples stay. */
struct report discipline_quantise(const struct discipline *discipline, const struct report *report);

/* When the report is to be told, not before now_ms. */
int64_t discipline_due(const struct discipline *discipline, struct discipline_state *state,
		       enum report_change change, int64_t now_ms);

/* It was told. chance: 0..1. */
void discipline_sent(struct discipline_state *state, int64_t now_ms, double chance);
