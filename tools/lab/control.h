/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket of a site server, and its side of sitectl. One word a line: "report" (then
 * lines of JSON come until either ends), "show" (one line), "slots N", "speed X" (both answer as
 * show does). A wrong line is answered by "error ...".
 */
#pragma once
#include "site.h"

struct control;

/* The socket appears in one step, ready to answer. 0 or -errno, logged. *ret is to be freed once
 * the loop is closed, also after a failure (NULL: there was no memory). */
int control_listen(struct site *site, const char *path, struct control **ret);
