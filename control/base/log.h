/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: one line each on standard error, with the <N> level prefixes of sd-daemon(3) where the
 * journal reads them. A fault is logged once, where its words are known; log_err() returns its
 * first argument, so that `return log_err(r, "what, which object");` is one statement.
 */
#pragma once
#include <stdnoreturn.h>

enum log_level { LOG_LEVEL_ERR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

void log_level_set(enum log_level level); /* what is less urgent is not printed; default INFO */

/* err: negative errno, whose text is appended; 0: nothing is. Returns err. */
int log_err(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));
int log_warn(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Our own bug, or no memory at start: prints and ends the process with status 70 (EX_SOFTWARE). */
noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
