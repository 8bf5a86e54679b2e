/* SPDX-License-Identifier: BSD-2-Clause */
/* What must never be, in words: libFuzzer keeps the input that led to it. */
#pragma once
#include <stdio.h>

static inline void impossible(const char *what)
{
	fprintf(stderr, "%s\n", what);
	__builtin_trap();
}
