/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: A block is its type, its length, a body, its length again (section 3.1); options are a code,
 * a length and a value, filled up to 32 bits (section 3.5). Sections are those of
 * draft-ietf-opsawg-pcapng.
 */
#include "pcapng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum block { BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, BLOCK_SECTION = 0x0a0d0d0a };
enum option {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_IF_NAME = 2,
	OPTION_USER = 4,
	OPTION_RESOLUTION = 9
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define LINK_ETHERNET    1
#define NANOSECONDS      9 /* if_tsresol: 10^-9 s */
#define TEXT_MAX         65535

static void put16(FILE *out, uint16_t value)
{
	fputc(value & 0xff, out);
	fputc(value >> 8, out);
}

static void put32(FILE *out, uint32_t value)
{
	put16(out, value & 0xffff);
	put16(out, (uint16_t)(value >> 16));
}

static uint32_t padded(size_t len)
{
	return (uint32_t)((len + 3) / 4 * 4);
}

static void put_padded(FILE *out, const void *octets, size_t len)
{
	if (len)
		fwrite(octets, 1, len, out);
	for (size_t i = len; i < padded(len); i++)
		fputc(0, out);
}

static size_t text_len(const char *text)
{
	return text ? strnlen(text, TEXT_MAX) : 0;
}

/* Octets of a text option; an empty text is none. */
static uint32_t text_room(const char *text)
{
	return text_len(text) ? 4 + padded(text_len(text)) : 0;
}

static void put_text(FILE *out, enum option code, const char *text)
{
	size_t len = text_len(text);

	if (!len)
		return;
	put16(out, (uint16_t)code);
	put16(out, (uint16_t)len);
	put_padded(out, text, len);
}

static void put_options_end(FILE *out)
{
	put16(out, OPTION_END);
	put16(out, 0);
}

/* Section 4.1. */
void pcapng_start(struct pcapng *p, FILE *out, uint32_t snaplen, const char *program)
{
	uint32_t len = 28 + text_room(program) + 4;

	*p = (struct pcapng){ .out = out, .snaplen = snaplen };
	put32(out, BLOCK_SECTION);
	put32(out, len);
	put32(out, BYTE_ORDER_MAGIC);
	put16(out, 1); /* version 1.0 */
	put16(out, 0);
	put32(out, UINT32_MAX); /* the section's length is not known: 64 bits of ones */
	put32(out, UINT32_MAX);
	put_text(out, OPTION_USER, program);
	put_options_end(out);
	put32(out, len);
}

/* Section 4.2. */
static void put_interface(struct pcapng *p, const char *name)
{
	const uint8_t resolution = NANOSECONDS;
	uint32_t len = 20 + text_room(name) + 8 + 4;

	put32(p->out, BLOCK_INTERFACE);
	put32(p->out, len);
	put16(p->out, LINK_ETHERNET);
	put16(p->out, 0);
	put32(p->out, p->snaplen);
	put_text(p->out, OPTION_IF_NAME, name);
	put16(p->out, OPTION_RESOLUTION);
	put16(p->out, 1);
	put_padded(p->out, &resolution, 1);
	put_options_end(p->out);
	put32(p->out, len);
}

/* The interface's number in the file; it is written where it is new. */
static int interface_of(struct pcapng *p, const struct pcapng_packet *packet, uint32_t *ret)
{
	uint32_t *grown;

	for (size_t i = 0; i < p->interface_count; i++) {
		if (p->interface[i] != packet->ifindex)
			continue;
		*ret = (uint32_t)i;
		return 0;
	}
	grown = reallocarray(p->interface, p->interface_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	p->interface = grown;
	grown[p->interface_count] = packet->ifindex;
	*ret = (uint32_t)p->interface_count++;
	put_interface(p, packet->interface);
	return 0;
}

/* Section 4.3. */
int pcapng_write(struct pcapng *p, const struct pcapng_packet *packet)
{
	uint32_t options = packet->comment && *packet->comment ? text_room(packet->comment) + 4 : 0;
	uint32_t len = 32 + padded(packet->captured) + options, interface;
	int r = interface_of(p, packet, &interface);

	if (r < 0)
		return r;
	put32(p->out, BLOCK_PACKET);
	put32(p->out, len);
	put32(p->out, interface);
	put32(p->out, (uint32_t)(packet->time_ns >> 32));
	put32(p->out, (uint32_t)packet->time_ns);
	put32(p->out, packet->captured);
	put32(p->out, packet->len);
	put_padded(p->out, packet->octets, packet->captured);
	if (options) {
		put_text(p->out, OPTION_COMMENT, packet->comment);
		put_options_end(p->out);
	}
	put32(p->out, len);
	return 0;
}

void pcapng_end(struct pcapng *p)
{
	free(p->interface);
	*p = (struct pcapng){ 0 };
}
