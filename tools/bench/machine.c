/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <stdio.h>

static void ask_cpu(char ret[MACHINE_CPU_MAX])
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[MACHINE_CPU_MAX + 32];

	snprintf(ret, MACHINE_CPU_MAX, "unknown");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "model name : %127[^\n]", ret) == 1)
			break;
	}
	fclose(file);
}

void machine_ask(struct machine *ret)
{
	ask_cpu(ret->cpu);
	if (uname(&ret->names) < 0)
		snprintf(ret->names.release, sizeof(ret->names.release), "unknown");
}
