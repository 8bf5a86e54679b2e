/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes packets as pcapng (draft-ietf-opsawg-pcapng): one section, little-endian, an interface
 * block before the first packet of each interface. The caller owns the stream and looks at its
 * error flag.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct pcapng {
	FILE *out;
	uint32_t snaplen;
	uint32_t *interface; /* their indexes at the kernel, by number in the file */
	size_t interface_count;
};

struct pcapng_packet {
	uint32_t ifindex;
	const char *interface; /* its name */
	uint64_t time_ns;      /* since 1970, UTC */
	uint32_t len;          /* of the packet, on the wire */
	uint32_t captured;     /* octets of it */
	const uint8_t *octets;
	const char *comment; /* UTF-8; NULL: none */
};

/* Writes the section's header. snaplen: octets of a packet at most, 0: no limit. program: who
 * writes; NULL: not said. */
void pcapng_start(struct pcapng *pcapng, FILE *out, uint32_t snaplen, const char *program);
/* 0 or -ENOMEM. */
int pcapng_write(struct pcapng *pcapng, const struct pcapng_packet *packet);
void pcapng_end(struct pcapng *pcapng); /* frees; the stream stays open */
