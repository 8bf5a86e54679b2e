/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* mg_ingress without its counters, to measure what they cost. The bench makes sure that this build
 * does not count: these names must be those that bpf/ingress.h uses. */
#include "target.h"

#define count_one(map, index, bytes, start) ((void)(bytes))
#define count_soon(way)                     ((void)(way))
#define count_sent(flow, way, bytes)        ((void)(bytes))

#include "ingress.bpf.c"
