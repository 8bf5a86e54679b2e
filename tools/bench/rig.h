/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver program, loaded, with a program under test behind it: runs packets and looks at what
 * came out. Owned by the bench's one thread, which stays on one CPU.
 */
#pragma once
#include <linux/types.h>
#include <stdint.h>

#include "traffic.h"

struct rig;

/* program: a descriptor, which decides how the driver has to be loaded: the kernel lets a program
 * tail-call only its like. 0, or -errno, logged. */
int rig_new(int program, struct rig **ret);
void rig_free(struct rig **rig);

/* Of one run. */
struct rig_result {
	double ns;       /* of CPU time a packet, driver included */
	uint32_t action; /* of the last packet: XDP_TX, ... */
	uint64_t wrong;  /* results other than expected */
};

/* Runs so many packets through a program; every result is compared with *expect. -1 as program: the
 * floor. The first run after loading has no say in the time. 0, or -errno, logged. */
int rig_run(struct rig *rig, int program, const struct traffic *traffic,
	    const struct expect *expect, uint32_t packets, struct rig_result *ret);

/* Sends one packet and returns what it looks like afterwards: length, action. For programs whose
 * results are not known. */
int rig_probe(struct rig *rig, int program, const struct traffic *traffic, uint32_t *ret_len,
	      uint32_t *ret_action);

/* What comes out of the floor. */
struct expect rig_floor_expect(const struct traffic *traffic);
