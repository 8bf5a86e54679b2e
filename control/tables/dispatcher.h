/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our program beside others on one interface, by libxdp's dispatcher: the kernel runs the
 * dispatcher, which calls its programs by priority, the lowest first, as long as they return
 * XDP_PASS. Private to control/tables. Nothing is kept here: libxdp pins the dispatcher and its
 * programs below /sys/fs/bpf/xdp, and ours are known there by their names.
 */
#pragma once
#include "tables/maps.h"

struct dispatcher_spec {
	const char *interface;
	uint32_t ifindex;
	enum port_role role;   /* one that has a program */
	unsigned int priority; /* of 0 and up */
	bool generic_allowed;
};

struct dispatcher_place {
	int fd; /* of the program as it was loaded for the dispatcher; the caller closes it */
	enum port_mode mode;
	bool adopted; /* it took the place of one of ours */
};

/* Whether it can be done here, and changes nothing: loads the role's program for libxdp's
 * dispatcher, and drops it. 0; or -EOPNOTSUPP, -ENOENT, -EPERM, and the log has the remedy. */
int dispatcher_check(const struct maps *maps, const char *interface, enum port_role role);

/* Loads the role's program anew, on the same maps, attaches it, and then detaches what is there of
 * ours: for a moment there are two, of which the first one's verdict counts. Where others are there
 * already, their mode is taken. On failure (-EBUSY, -EOPNOTSUPP, -EPERM and what libxdp says; a
 * remedy is in the log) *ret is untouched and the interface as it was. */
int dispatcher_attach(const struct maps *maps, const struct dispatcher_spec *spec,
		      struct dispatcher_place *ret);

/* Others stay in the dispatcher; it goes with its last program. Logs what fails. */
void dispatcher_detach(const char *interface);
size_t dispatcher_others(const char *interface); /* how many programs are not ours */
