/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The service that a site offers, over TCP. The server speaks first, so that a client knows its
 * site whatever comes later; then a line "work MICROSECONDS" is answered by "done WAIT SERVICE"
 * (microseconds), or "busy" where the queue is full. "work 0" takes no slot. A connection serves
 * until the client closes it.
 */
#pragma once
#include "site.h"

/* 0 or -errno, logged. listener is the loop's, also after a failure, until that is closed. */
int service_listen(struct site *site, uv_tcp_t *listener, const char *address, unsigned short port);

/* For site_init(). */
void service_done(void *user, struct job *job);
