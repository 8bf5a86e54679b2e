/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#include "maps.h"

SEC("xdp")
int mg_ingress(struct xdp_md *ctx)
{
	return ctx ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
