/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interactive prompt: line editing, history, completion by TAB, words cut short.
 */
#pragma once
#include "connection.h"

/* Runs one line's words; what it returns, an exit status, is not used further. */
typedef int prompt_run(const struct daemon_address *daemon, char *const *words, size_t count);

/* Until end of file, "exit" or "quit". The exit status. */
int prompt_loop(const struct daemon_address *daemon, prompt_run *run);
