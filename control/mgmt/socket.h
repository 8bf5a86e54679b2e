/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unix stream sockets for the control socket: made so that two daemons cannot take it from each
 * other, and that who asks is known.
 */
#pragma once
#include <stdbool.h>

/* A listening socket at path with mode 0660; its directory is made where it is missing. A socket
 * that nobody answers at is replaced. The descriptor, or negative errno, logged: -EADDRINUSE where
 * another daemon answers, -EEXIST where something else has that name. */
int socket_listen(const char *path);

/* Whether the peer of a connection may change things: root, the daemon's own user, or a member of
 * the group that owns the socket at path. */
bool socket_peer_may_write(int fd, const char *path);
