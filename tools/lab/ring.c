/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"

#include "base/log.h"
#include "base/util.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define FRAME_SIZE  4096u /* headers of the ring and a frame of MTU 3900 */
#define FRAME_COUNT 4096u /* at 15 ms, 270 thousand frames a second */
#define BLOCK_SIZE  (FRAME_SIZE * 16)

#define NS_PER_S 1000000000ull

static struct tpacket2_hdr *ring_frame(const struct ring *ring)
{
	return ring->map + (size_t)ring->head * FRAME_SIZE;
}

static int ring_options(int fd)
{
	struct tpacket_req req = { .tp_block_size = BLOCK_SIZE,
				   .tp_block_nr = FRAME_COUNT / (BLOCK_SIZE / FRAME_SIZE),
				   .tp_frame_size = FRAME_SIZE,
				   .tp_frame_nr = FRAME_COUNT };
	int version = TPACKET_V2, on = 1;

	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		return -errno;
	return 0;
}

static int ring_bind(int fd, const char *interface)
{
	struct packet_mreq promiscuous = { .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	address.sll_ifindex = (int)if_nametoindex(interface);
	if (!address.sll_ifindex)
		return -errno;
	promiscuous.mr_ifindex = address.sll_ifindex;
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) <
		    0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}

int ring_open(const char *interface, struct ring *ret)
{
	_cleanup_(closep) int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	size_t len = (size_t)FRAME_SIZE * FRAME_COUNT;
	void *map;
	int r;

	if (fd < 0)
		return log_err(-errno, "%s: no packet socket (root is needed)", interface);
	r = ring_options(fd);
	if (r < 0)
		return log_err(r, "%s: no receive ring", interface);
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return log_err(-errno, "%s: cannot map the receive ring", interface);
	r = ring_bind(fd, interface); /* last: nothing is received before */
	if (r < 0) {
		munmap(map, len);
		return log_err(r, "%s: cannot listen on the interface", interface);
	}
	*ret = (struct ring){ .fd = fd, .map = map, .map_len = len };
	fd = -1;
	return 0;
}

void ring_close(struct ring *ring)
{
	if (ring->map)
		munmap(ring->map, ring->map_len);
	closep(&ring->fd);
	ring->map = NULL;
}

bool ring_peek(const struct ring *ring, struct frame *ret)
{
	const struct tpacket2_hdr *hdr = ring_frame(ring);

	/* The kernel writes the status last; what it guards is read after it. */
	if (!(__atomic_load_n(&hdr->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	*ret = (struct frame){ .bytes = (const void *)hdr + hdr->tp_mac,
			       .len = hdr->tp_snaplen,
			       .arrived_ns = hdr->tp_sec * NS_PER_S + hdr->tp_nsec };
	return true;
}

void ring_next(struct ring *ring)
{
	__atomic_store_n(&ring_frame(ring)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	ring->head = (ring->head + 1) % FRAME_COUNT;
}

int ring_send(const struct ring *ring, const struct frame *frame)
{
	return send(ring->fd, frame->bytes, frame->len, 0) < 0 ? -errno : 0;
}

uint32_t ring_drops(const struct ring *ring)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	if (getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) < 0)
		return 0;
	return stats.tp_drops;
}
