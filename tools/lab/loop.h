/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop of a program of the lab, from its start to a clean end. Storage is the caller's.
 */
#pragma once
#include <stddef.h>
#include <uv.h>

/* Raises the limit of descriptors as far as we may, one a connection; ends the loop on SIGTERM and
 * SIGINT. No loop to be had: the process ends. */
struct program_loop {
	uv_loop_t loop;
	uv_signal_t stop[2];
};
void loop_open(struct program_loop *program);

/* Closes whatever is open in it; streams get their closed(). Then nothing calls back any more. */
void loop_close(struct program_loop *program);
