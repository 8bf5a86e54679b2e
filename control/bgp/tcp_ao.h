/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Linux takes and gives for TCP-AO (RFC 5925), where the kernel headers of the build are older
 * than Linux 6.7: numbers and layouts of include/uapi/linux/tcp.h of Linux 6.7, unchanged since.
 * For socket_auth.c only, because <linux/tcp.h> and <netinet/tcp.h> cannot be included together.
 */
#pragma once
#include <linux/socket.h>
#include <linux/tcp.h>

#ifndef TCP_AO_ADD_KEY
#define TCP_AO_ADD_KEY 38
#define TCP_AO_DEL_KEY 39
#define TCP_AO_INFO    40

#define TCP_AO_MAXKEYLEN 80

struct tcp_ao_add {
	struct __kernel_sockaddr_storage addr; /* of the peer */
	char alg_name[64];
	__s32 ifindex;
	__u32 set_current : 1, set_rnext : 1, reserved : 30;
	__u16 reserved2;
	__u8 prefix; /* of addr, in bits */
	__u8 sndid, rcvid;
	__u8 maclen; /* octets; 0: 12 */
	__u8 keyflags;
	__u8 keylen;
	__u8 key[TCP_AO_MAXKEYLEN];
} __attribute__((aligned(8)));

struct tcp_ao_del {
	struct __kernel_sockaddr_storage addr;
	__s32 ifindex;
	__u32 set_current : 1, set_rnext : 1, del_async : 1, reserved : 29;
	__u16 reserved2;
	__u8 prefix;
	__u8 sndid, rcvid;
	__u8 current_key, rnext; /* what they are to be after it */
	__u8 keyflags;
} __attribute__((aligned(8)));

struct tcp_ao_info_opt {
	__u32 set_current : 1, set_rnext : 1, ao_required : 1, set_counters : 1, accept_icmps : 1,
		reserved : 27;
	__u16 reserved2;
	__u8 current_key; /* the SendID of the key that we sign with */
	__u8 rnext;       /* the RecvID of the key that the peer is asked to sign with */
	__u64 pkt_good, pkt_bad, pkt_key_not_found, pkt_ao_required, pkt_dropped_icmp;
} __attribute__((aligned(8)));

_Static_assert(sizeof(struct tcp_ao_add) == 288, "the kernel's layout");
_Static_assert(sizeof(struct tcp_ao_del) == 144, "the kernel's layout");
_Static_assert(sizeof(struct tcp_ao_info_opt) == 48, "the kernel's layout");
#endif
