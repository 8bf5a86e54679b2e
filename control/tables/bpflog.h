/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libbpf and libxdp say: at debug level as it comes; the last warnings are kept for the case
 * of failure.
 */
#pragma once
#include <stdbool.h>

void bpflog_start(void);
bool bpflog_kept(const char *words); /* one of the kept warnings has them */
void bpflog_print(void);             /* the kept warnings, as errors; none are kept then */
