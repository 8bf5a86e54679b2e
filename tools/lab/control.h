/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket of a site server, and its side of sitectl. One word a line: "report" (then
 * lines of JSON come until either ends), "show" (one line), "slots N", "speed X" (both answer as
 * show does). A wrong line is answered by "error ...".
 */
#pragma once
#include "site.h"

/* The socket appears in one step, ready to answer. 0 or -errno, logged. */
int control_listen(struct site *site, const char *path);
