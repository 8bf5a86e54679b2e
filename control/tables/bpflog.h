/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libbpf says: at debug level as it comes; the last warnings are kept for the case of failure.
 */
#pragma once

void bpflog_start(void);
void bpflog_print(void); /* the kept warnings, as errors; none are kept then */
