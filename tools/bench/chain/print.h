/* SPDX-License-Identifier: BSD-2-Clause */
/* What was measured, for people and for programs; on standard output. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "outcome.h"
#include "plan.h"

struct print {
	const struct plan *plan;
	double seconds; /* of a run */
	const struct outcome *outcomes;
	size_t count;
	bool apart;  /* generator and router on two CPUs */
	bool bounds; /* they were asked for */
};

void print_table(const struct print *print);
int print_json(const struct print *print); /* 0, or -ENOMEM, -EIO */
