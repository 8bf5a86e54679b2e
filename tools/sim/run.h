/* SPDX-License-Identifier: BSD-2-Clause */
/* One run: the event loop. Its own memory, so that several can go in threads. */
#pragma once
#include "setup.h"
#include "tally.h"

int run_do(const struct setup *setup, struct figures *ret); /* 0 or -ENOMEM */
