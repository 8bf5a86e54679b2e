/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* mg_ingress without the hooks of margay trace, to measure what they cost while nobody traces:
 * these names must be those that bpf/ingress.bpf.c uses. */
#include "target.h"

#define trace_begin(ctx)               0
#define trace_end(ctx, flow, way, ...) ((void)tracing)

#include "ingress.bpf.c"
