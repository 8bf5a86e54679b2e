/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/reason.h"
#include "hex.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const struct {
	const char *name, *hex; /* of the body of a NOTIFICATION */
	const char *words;
} vectors[] = {
	{ "words", "06 02 03 627965", "bye" },
	{ "with a reset", "06 04 03 627965", "bye" },
	{ "in a Hard Reset", "06 09 06 02 03 627965", "bye" },
	{ "two octets a character", "06 02 02 c3a9", "\u00e9" },
	{ "three", "06 02 03 e282ac", "\u20ac" },
	{ "four", "06 02 04 f09f9982", "\U0001f642" },
	{ "octets behind the words", "06 02 01 61 6262", "a" },
	{ "length 0", "06 02 00", "" },
	{ "no length", "06 02", "" },
	{ "a subcode without words", "06 03 03 627965", "" },
	{ "another code", "03 02 03 627965", "" },
	{ "a Hard Reset of nothing", "06 09", "" },
	{ "a Hard Reset of one octet", "06 09 06", "" },
	{ "a Hard Reset of a Hard Reset", "06 09 06 09 06 02 01 61", "" },
	{ "longer than what came", "06 02 04 627965", "(4 octets of words announced, 3 came)" },
	{ "no words at all", "06 02 01", "(1 octets of words announced, 0 came)" },
	{ "escape sequence", "06 02 05 1b5b324a61", ".[2Ja" },
	{ "C1 control", "06 02 02 c29b", "." },
	{ "DEL", "06 02 01 7f", "." },
	{ "text turned around", "06 02 04 e280ae61", ".a" },
	{ "isolate", "06 02 03 e281a6", "." },
	{ "lone continuation", "06 02 01 80", "(1 octets that are no UTF-8)" },
	{ "cut character", "06 02 01 c3", "(1 octets that are no UTF-8)" },
	{ "wrong continuation", "06 02 02 c341", "(2 octets that are no UTF-8)" },
	{ "not the shortest form, 2", "06 02 02 c0af", "(2 octets that are no UTF-8)" },
	{ "not the shortest form, 3", "06 02 03 e080af", "(3 octets that are no UTF-8)" },
	{ "not the shortest form, 4", "06 02 04 f08080af", "(4 octets that are no UTF-8)" },
	{ "surrogate", "06 02 03 eda080", "(3 octets that are no UTF-8)" },
	{ "beyond Unicode", "06 02 04 f4908080", "(4 octets that are no UTF-8)" },
	{ "five octets a character", "06 02 05 f888808080", "(5 octets that are no UTF-8)" },
	{ "last before the surrogates", "06 02 03 ed9fbf", "\ud7ff" },
	{ "last of all", "06 02 04 f48fbfbf", "\U0010ffff" },
};

Test(reason, decodes)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &len);
		struct cursor c = cursor_of(bytes, len);
		char words[REASON_STRLEN];
		struct notification n;

		cr_assert(notification_decode(&c, &n) == 0);
		reason_decode(&n, words);
		cr_expect(eq(str, words, (char *)vectors[i].words), "%s", vectors[i].name);
	}
}

/* Every length, right or wrong, in a block of just that size. */
Test(reason, stays_within_what_came)
{
	for (size_t told = 0; told <= UINT8_MAX; told++) {
		for (size_t came = 0; came <= UINT8_MAX + 1; came += 1 + came / 8) {
			_cleanup_(freep) uint8_t *bytes = malloc(1 + came);
			struct notification n = { NOTIFICATION_CEASE, CEASE_SHUTDOWN, bytes,
						  1 + came };
			char words[REASON_STRLEN];

			memset(bytes, 'x', 1 + came);
			bytes[0] = (uint8_t)told;
			reason_decode(&n, words);
			if (told <= came)
				cr_expect(eq(sz, strlen(words), told));
			else
				cr_expect(words[0] == '(');
		}
	}
}

Test(reason, encodes_what_fits)
{
	uint8_t octets[1 + REASON_MAX];
	char words[400];

	cr_expect(eq(sz, reason_encode("", octets), 0));
	cr_expect(eq(sz, reason_encode("bye", octets), 4));
	cr_expect(octets[0] == 3 && !memcmp(octets + 1, "bye", 3));
	cr_expect(eq(sz, reason_encode("\xff", octets), 0), "no UTF-8 is sent");

	memset(words, 'x', sizeof(words));
	words[255] = '\0';
	cr_expect(eq(sz, reason_encode(words, octets), 256));
	words[255] = 'x';
	words[sizeof(words) - 1] = '\0';
	cr_expect(eq(sz, reason_encode(words, octets), 256));
	memcpy(words + 254, "\u00e9", 2); /* the limit is within it */
	cr_expect(eq(sz, reason_encode(words, octets), 255));
	cr_expect(eq(u8, octets[0], 254));
}

Test(reason, hard_resets_carry_what_they_are_for)
{
	uint8_t octets[NOTIFICATION_HARD_MAX], long_data[400] = { 0 };
	struct notification why = { NOTIFICATION_CEASE, CEASE_SHUTDOWN, (const uint8_t *)"\3bye",
				    4 };
	struct notification hard, inner;
	char text[NOTIFICATION_STRLEN];

	notification_harden(&why, octets, &hard);
	cr_expect(hard.code == NOTIFICATION_CEASE && hard.subcode == CEASE_HARD_RESET);
	cr_assert(notification_hard_inner(&hard, &inner));
	cr_expect(inner.code == why.code && inner.subcode == why.subcode && inner.len == 4);
	cr_expect(eq(str, (char *)notification_format(&hard, text),
		     (char *)"Cease: Hard Reset, Cease: Administrative Shutdown"));
	cr_expect(not(notification_hard_inner(&why, &inner)));
	why.data = long_data;
	why.len = sizeof(long_data);
	notification_harden(&why, octets, &hard);
	cr_expect(eq(sz, hard.len, NOTIFICATION_HARD_MAX));
}
