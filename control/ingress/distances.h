/* SPDX-License-Identifier: BSD-2-Clause */
/* How far the sites of one service are, where nobody has measured it or told. Private to
 * control/ingress. */
#pragma once
#include "ingress/steering.h"

/* in: of each site, with rtt_s as site[].rtt has it, NAN where it is not known. Fills in what
 * handshakes tell, and what stands in for the rest. 0, or -ENOMEM and nothing is changed. */
int distances_complete(struct steering *steering, double now_s, struct weights_site *in);
