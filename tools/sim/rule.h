/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules by which an ingress places flows: those of the daemon, and others to compare with. */
#pragma once
#include "select/weights.h"

#include <stdbool.h>

enum rule_shares {
	SHARES_SELECT,   /* by control/select, with a policy of it */
	SHARES_UNIFORM,  /* the same for all sites: ECMP */
	SHARES_HEADROOM, /* c/s (1 - u) as reported */
	SHARES_RATE,     /* c/s as reported: weighted round robin by flows / utilisation */
	SHARES_ABSOLUTE, /* load interpretation: total demand and backlog, without the own past */
	SHARES_OPTIMUM,  /* the joint optimum of what is true now */
	SHARES_TRUTH,    /* no shares: each flow where it is over first, by true counts */
};

struct rule {
	const char *name, *text;
	enum rule_shares shares;
	enum policy policy;
	bool slots;      /* real slot tables: else by shares */
	bool two_choice; /* by own flows in flight, of two draws */
	bool aged;       /* depends on reports, hence on D */
};

#define RULES_MAX 16
extern const struct rule rules[]; /* the last has no name */

const struct rule *rule_find(const char *name); /* NULL: no such rule */
