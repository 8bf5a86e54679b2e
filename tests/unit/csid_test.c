/* SPDX-License-Identifier: BSD-2-Clause */
/* SIDs in, containers out: the layouts of RFC 9800 section 4.1 (NEXT-CSID). */
#include "ingress/csid.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#define MAX 6

static const struct {
	const char *name;
	struct csid_format format;
	const char *sid[MAX], *want[MAX];
} vectors[] = {
	{ "one SID stays", { 48, 16 }, { "2001:db8:b1:100::" }, { "2001:db8:b1:100::" } },
	{ "block of 48, CSIDs of 16: five fill a container",
	  { 48, 16 },
	  { "2001:db8:b1:1::", "2001:db8:b1:2::", "2001:db8:b1:3::", "2001:db8:b1:4::",
	    "2001:db8:b1:5::" },
	  { "2001:db8:b1:1:2:3:4:5" } },
	{ "the sixth begins another",
	  { 48, 16 },
	  { "2001:db8:b1:1::", "2001:db8:b1:2::", "2001:db8:b1:3::", "2001:db8:b1:4::",
	    "2001:db8:b1:5::", "2001:db8:b1:6::" },
	  { "2001:db8:b1:1:2:3:4:5", "2001:db8:b1:6::" } },
	{ "block of 32: six of 16 bits",
	  { 32, 16 },
	  { "fcbb:bb00:1::", "fcbb:bb00:2::", "fcbb:bb00:3::", "fcbb:bb00:4::", "fcbb:bb00:5::",
	    "fcbb:bb00:6::" },
	  { "fcbb:bb00:1:2:3:4:5:6" } },
	{ "service SID of node and function: two CSIDs",
	  { 32, 16 },
	  { "fcbb:bb00:100::", "fcbb:bb00:200::", "fcbb:bb00:300:f046::" },
	  { "fcbb:bb00:100:200:300:f046::" } },
	{ "function does not fit behind",
	  { 48, 16 },
	  { "2001:db8:b1:1::", "2001:db8:b1:2::", "2001:db8:b1:3::", "2001:db8:b1:4::",
	    "2001:db8:b1:5:46::" },
	  { "2001:db8:b1:1:2:3:4:0", "2001:db8:b1:5:46::" } },
	{ "CSIDs of 32 bits",
	  { 48, 32 },
	  { "2001:db8:b1:1:1::", "2001:db8:b1:2::", "2001:db8:b1:3:46::" },
	  { "2001:db8:b1:1:1:2::", "2001:db8:b1:3:46::" } },
	{ "another block between",
	  { 48, 16 },
	  { "2001:db8:b1:1::", "2001:db8:b2:2::", "2001:db8:b1:3::" },
	  { "2001:db8:b1:1::", "2001:db8:b2:2::", "2001:db8:b1:3::" } },
	{ "a full SID in between stays whole",
	  { 48, 16 },
	  { "2001:db8:b1:1::", "2001:db8:b1:2::1", "2001:db8:b1:3::" },
	  { "2001:db8:b1:1::", "2001:db8:b1:2::1", "2001:db8:b1:3::" } },
	{ "zero CSID inside a SID", /* 1:0:2 are three */
	  { 48, 16 },
	  { "2001:db8:b1:1:0:2::", "2001:db8:b1:3::" },
	  { "2001:db8:b1:1:0:2:3:0" } },
	{ "a SID that is its block alone takes a place",
	  { 48, 16 },
	  { "2001:db8:b1::", "2001:db8:b1:3::" },
	  { "2001:db8:b1:0:3::" } },
};

Test(csid, packs)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct addr sid[MAX], packed[MAX];
		size_t count = 0, want = 0, n;

		for (; count < MAX && vectors[i].sid[count]; count++)
			cr_assert(eq(int, addr_parse(vectors[i].sid[count], &sid[count]), 0));
		while (want < MAX && vectors[i].want[want])
			want++;
		n = csid_pack(&vectors[i].format, sid, count, packed);
		cr_expect(eq(sz, n, want), "%s", vectors[i].name);
		for (size_t k = 0; k < n && k < want; k++) {
			char text[ADDR_STRLEN];
			struct addr addr;

			cr_assert(eq(int, addr_parse(vectors[i].want[k], &addr), 0));
			cr_expect(addr_equal(&packed[k], &addr), "%s: %s", vectors[i].name,
				  addr_format(&packed[k], text));
		}
	}
}

/* A node of the NEXT-CSID flavour takes its CSID out and leaves zeros at the end (RFC 9800 section
 * 4.1.1); with none left it is an ordinary end, and the next address follows. Whatever is packed,
 * the walk meets the SIDs in their order. */
static struct addr shifted(const struct addr *from, size_t block, size_t len)
{
	struct addr to = { { 0 } };

	memcpy(to.octet, from->octet, block);
	memcpy(to.octet + block, from->octet + block + len, 16 - block - len);
	return to;
}

Test(csid, every_node_sees_its_own_sid)
{
	const struct csid_format format = { 48, 16 };
	struct addr sid[MAX], packed[MAX];

	for (unsigned int seed = 0; seed < 4096; seed++) {
		size_t n, at = 0;

		for (size_t i = 0; i < MAX; i++) {
			char text[64];
			unsigned int kind = seed >> 2 * i & 3;

			snprintf(text, sizeof(text), "2001:db8:b%u:%zx%s::", kind == 3 ? 2 : 1,
				 i + 1, kind == 2 ? ":46" : "");
			cr_assert(eq(int, addr_parse(text, &sid[i]), 0));
		}
		n = csid_pack(&format, sid, MAX, packed);
		for (size_t i = 0; i < MAX; i++) {
			size_t len = sid[i].octet[9] ? 4 : 2;
			static const uint8_t none[16];

			cr_assert(lt(sz, at, n));
			cr_assert(memcmp(packed[at].octet, sid[i].octet, 6 + len) == 0, "%u", seed);
			packed[at] = shifted(&packed[at], 6, len);
			at += !memcmp(packed[at].octet + 6, none, 10);
		}
		cr_assert(eq(sz, at, n));
	}
}
