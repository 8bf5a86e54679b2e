/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 10,000 services at 16 sites, no I/O: shares and owners anew for all metrics changed, and for one.
 */
#pragma once
#include "bench.h"
#include "figure.h"

/* 0, or negative errno, logged: then no figure counts. */
int measure_select(const struct bench *bench, struct figures *figures);
