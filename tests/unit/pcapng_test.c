/* SPDX-License-Identifier: BSD-2-Clause */
/* Capture files, octet by octet, as draft-ietf-opsawg-pcapng lays them out. */
#include "pcapng.h"

#include "base/util.h"
#include "hex.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define SECTION                                                  \
	"0a0d0d0a 28000000 4d3c2b1a 0100 0000 ffffffffffffffff " \
	"0400 0200 6d670000 " /* shb_userappl: "mg" */           \
	"0000 0000 28000000 "
#define INTERFACE_ETH0                                \
	"01000000 28000000 0100 0000 60000000 "       \
	"0200 0400 65746830 " /* if_name: "eth0" */   \
	"0900 0100 09000000 " /* if_tsresol: 10^-9 */ \
	"0000 0000 28000000 "
#define INTERFACE_B                             \
	"01000000 28000000 0100 0000 60000000 " \
	"0200 0100 62000000 0900 0100 09000000 0000 0000 28000000 "

static const uint8_t octets[] = { 0xaa, 0xbb, 0xcc, 0xdd, 0xee };

static const struct {
	const char *name;
	struct pcapng_packet packet[2]; /* the second is there where it has an interface */
	const char *hex;
} vectors[] = {
	{ "nothing but a section", { { 0 } }, SECTION },
	{ "a packet with a comment",
	  { { 7, "eth0", 0x1122334455667788, 60, 5, octets, "hi!" } },
	  SECTION INTERFACE_ETH0 "06000000 34000000 00000000 44332211 88776655 05000000 3c000000 "
				 "aabbccddee000000 0100 0300 68692100 0000 0000 34000000" },
	{ "without a comment, and no octet of it",
	  { { 7, "eth0", 1, 60, 0, octets, NULL } },
	  SECTION INTERFACE_ETH0
	  "06000000 20000000 00000000 00000000 01000000 00000000 3c000000 20000000" },
	{ "an interface is told of once",
	  { { 7, "eth0", 1, 4, 4, octets, "" }, { 7, "eth0", 2, 4, 4, octets, "" } },
	  SECTION INTERFACE_ETH0
	  "06000000 24000000 00000000 00000000 01000000 04000000 04000000 aabbccdd 24000000 "
	  "06000000 24000000 00000000 00000000 02000000 04000000 04000000 aabbccdd 24000000" },
	{ "and a second one before its first packet",
	  { { 7, "eth0", 1, 4, 4, octets, "" }, { 9, "b", 2, 4, 4, octets, "" } },
	  SECTION INTERFACE_ETH0
	  "06000000 24000000 00000000 00000000 01000000 04000000 04000000 aabbccdd "
	  "24000000 " INTERFACE_B
	  "06000000 24000000 01000000 00000000 02000000 04000000 04000000 aabbccdd 24000000" },
};

Test(pcapng, writes_blocks)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		_cleanup_(freep) char *text = NULL;
		size_t len = 0, want_len;
		_cleanup_(freep) uint8_t *want = unhex(vectors[i].hex, &want_len);
		FILE *out = open_memstream(&text, &len);
		struct pcapng pcapng;
		char hex[1024];

		cr_assert(out != NULL);
		pcapng_start(&pcapng, out, 96, "mg");
		for (size_t k = 0; k < 2 && vectors[i].packet[k].interface; k++)
			cr_expect(eq(int, pcapng_write(&pcapng, &vectors[i].packet[k]), 0));
		pcapng_end(&pcapng);
		fclose(out);
		cr_expect(len == want_len && memcmp(text, want, len) == 0, "%s: %s",
			  vectors[i].name, hexdump((uint8_t *)text, len, hex, sizeof(hex)));
	}
}

/* An option's length has 16 bits; each block says its own length at both ends. */
Test(pcapng, cuts_what_does_not_fit)
{
	_cleanup_(freep) char *long_text = malloc(70001), *text = NULL;
	const struct pcapng_packet packet = { 1, "lo", 0, 0, 0, NULL, long_text };
	struct pcapng pcapng;
	uint32_t first, last;
	size_t len = 0, at;
	FILE *out = open_memstream(&text, &len);

	memset(long_text, 'x', 70000);
	long_text[70000] = '\0';
	pcapng_start(&pcapng, out, 96, NULL);
	fflush(out);
	at = len;
	cr_expect(eq(sz, at, 32));
	cr_expect(eq(int, pcapng_write(&pcapng, &packet), 0));
	pcapng_end(&pcapng);
	fclose(out);
	at += 40; /* the interface's block */
	memcpy(&first, text + at + 4, 4);
	memcpy(&last, text + len - 4, 4);
	cr_expect(eq(u32, first, 32 + 4 + 65536 + 4));
	cr_expect(eq(u32, last, first));
	cr_expect(eq(sz, len, at + first));
}
