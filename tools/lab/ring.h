/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet socket on one interface whose receive ring is also the delay queue: a frame stays in the
 * ring until it has been sent on, so the kernel bounds the queue and counts what does not fit.
 * Storage is the caller's; the loop's thread owns it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	int fd;
	void *map;
	size_t map_len;
	uint32_t head; /* the oldest frame that was not taken */
};

#define RING_NONE        \
	{                \
		.fd = -1 \
	}

/* 0 or -errno, logged; *ret is then untouched. */
int ring_open(const char *interface, struct ring *ret);
void ring_close(struct ring *ring);

struct frame {
	const void *bytes;
	size_t len;
	uint64_t arrived_ns; /* CLOCK_REALTIME, by the kernel */
};

/* The oldest frame; false: the ring is empty. It is lent until ring_next(). */
bool ring_peek(const struct ring *ring, struct frame *ret);
void ring_next(struct ring *ring);

/* 0 or -errno: -ENOBUFS, -EMSGSIZE, -ENETDOWN... */
int ring_send(const struct ring *ring, const struct frame *frame);

/* Frames that found the ring full since the last call. */
uint32_t ring_drops(const struct ring *ring);
