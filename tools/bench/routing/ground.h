/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the routers under test run: namespaces of our own for the network and for pins, with one
 * link that has the router's address, ours, and the egresses' networks. It all goes with the
 * process.
 */
#pragma once
#include "base/addr.h"

#define GROUND_ROUTER "10.99.0.1"
#define GROUND_PEER   "10.99.0.2" /* the first of ours; more follow */
#define GROUND_PEERS  250
#define GROUND_PINS   "/sys/fs/bpf/margay"

/* Fills in a directory for files, of the caller's to remove by ground_leave(). 0, or negative
 * errno, logged. */
int ground_enter(char ret_dir[64]);
void ground_leave(const char *dir);

int ground_run(const char *words); /* of a shell; 0, or -EIO, logged */
struct addr ground_peer(unsigned int number);
struct addr ground_router(void);
