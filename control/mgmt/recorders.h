/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients that record decisions (`margay record`): each has a queue of lines that it fetches by one
 * request after another. A queue is bounded, what does not fit is counted, and who does not ask for
 * a while is forgotten: recording cannot eat the daemon's memory. Owned by mgmt; event loop only.
 */
#pragma once
#include "mgmt/request.h"

struct recorders *recorders_new(void);             /* NULL: out of memory */
void recorders_free(struct recorders **recorders); /* the ingress must still be there */
