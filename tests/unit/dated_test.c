/* SPDX-License-Identifier: BSD-2-Clause */
#include "catalog/dated.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define UNIX_NOW 1790000000000
#define NOW      5000000

static const struct {
	const char *name;
	bool has;
	int64_t sampled_ms; /* Unix */
	int64_t want_ms, lag_ms;
	enum dated_by by;
} vectors[] = {
	{ "no sample time", false, 0, NOW, 0, DATED_ARRIVAL },
	{ "no sample time, though there is a value", false, 77, NOW, 0, DATED_ARRIVAL },
	{ "taken 3 s ago", true, UNIX_NOW - 3000, NOW - 3000, 3000, DATED_SAMPLE },
	{ "taken now", true, UNIX_NOW, NOW, 0, DATED_SAMPLE },
	{ "its clock is 1 ms ahead", true, UNIX_NOW + 1, NOW, -1, DATED_AHEAD },
	{ "its clock is an hour ahead", true, UNIX_NOW + 3600000, NOW, -3600000, DATED_AHEAD },
	{ "its clock is behind by an hour", true, UNIX_NOW - 3600000, NOW - 3600000, 3600000,
	  DATED_SAMPLE },
	{ "its clock began anew", true, 1, NOW - (UNIX_NOW - 1), UNIX_NOW - 1, DATED_SAMPLE },
	{ "no such time", true, INT64_MIN, NOW - UNIX_NOW, UNIX_NOW, DATED_SAMPLE },
	{ "the end of time", true, INT64_MAX, NOW, UNIX_NOW - 1000000000000000, DATED_AHEAD },
};

Test(dated, says_when_and_how_it_knows)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct report report = { .has = vectors[i].has ? REPORT_SAMPLED : 0,
					 .sampled_ms = vectors[i].sampled_ms };
		struct dated dated = dated_of(&report, NOW, UNIX_NOW);

		cr_expect(eq(i64, dated.sampled_ms, vectors[i].want_ms), "%s", vectors[i].name);
		cr_expect(eq(i64, dated.lag_ms, vectors[i].lag_ms), "%s", vectors[i].name);
		cr_expect(eq(int, dated.by, vectors[i].by), "%s", vectors[i].name);
		cr_expect(le(i64, dated.sampled_ms, NOW), "%s: from the future", vectors[i].name);
	}
}
