/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading a reflector: one client sends all routes, another one gets them; the time is from the
 * first octet sent until the second client has all of them, each as it was sent. The routers take
 * turns, and ratios are of one turn.
 */
#pragma once
#include "bench.h"
#include "figure.h"

/* 0, or negative errno, logged: something was not as it has to be, and no figure counts. */
int measure_load(const struct bench *bench, struct figures *figures);
