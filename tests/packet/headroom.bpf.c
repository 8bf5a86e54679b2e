/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Comes before a program under test and fills the headroom with 0xff: test runs zero it, drivers do
 * not, and an octet of a new header that nobody writes shall be seen.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define ROOM 192 /* octets; the kernel keeps some of the 256 for itself */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 4);
} under_test SEC(".maps");

__u32 which; /* of them */

SEC("xdp.frags") /* as those under test: a tail call takes no others */
int fill_headroom(struct xdp_md *ctx)
{
	__u64 *room;

	if (bpf_xdp_adjust_head(ctx, -ROOM))
		return XDP_ABORTED;
	room = (void *)(long)ctx->data;
	if ((void *)room + ROOM > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	for (int i = 0; i < ROOM / 8; i++)
		room[i] = ~0ull;
	if (bpf_xdp_adjust_head(ctx, ROOM))
		return XDP_ABORTED;
	bpf_tail_call(ctx, &under_test, which);
	return XDP_ABORTED;
}

char _license[] SEC("license") = "Dual BSD/GPL";
