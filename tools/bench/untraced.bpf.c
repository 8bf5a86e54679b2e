/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* mg_ingress without the hooks of margay trace, to measure what they cost while nobody traces:
 * these names must be those that bpf/ingress.h uses. */
#include "target.h"

#define trace_fate_of(ctx, program)     ((struct trace_fate){ .len = frame_linear(ctx) })
#define trace_end(ctx, flow, way, fate) ((void)(fate))

#include "ingress.bpf.c"
