/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Somebody else's XDP program: counts what it sees and lets it pass. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("xdp")
int other_count(struct xdp_md *ctx)
{
	(void)ctx; /* what it is does not matter */
	__sync_fetch_and_add(&seen, 1);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
