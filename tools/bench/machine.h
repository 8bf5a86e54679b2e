/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a figure was measured. "unknown" where the machine does not say. */
#pragma once
#include <sys/utsname.h>

#define MACHINE_CPU_MAX 128

struct machine {
	char cpu[MACHINE_CPU_MAX];
	struct utsname names;
};

void machine_ask(struct machine *ret);
