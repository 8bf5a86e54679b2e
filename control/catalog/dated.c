/* SPDX-License-Identifier: BSD-2-Clause */
#include "catalog/dated.h"

#include "base/util.h"

/* Unix times beyond, some 30,000 years, are no times of samples. */
#define UNIX_MS_MAX 1000000000000000

static int64_t clamp_unix(int64_t ms)
{
	return ms < 0 ? 0 : ms > UNIX_MS_MAX ? UNIX_MS_MAX : ms;
}

struct dated dated_of(const struct report *report, int64_t received_ms, int64_t received_unix_ms)
{
	struct dated dated = { .sampled_ms = received_ms, .by = DATED_ARRIVAL };

	if (!(report->has & REPORT_SAMPLED))
		return dated;
	dated.lag_ms = clamp_unix(received_unix_ms) - clamp_unix(report->sampled_ms);
	dated.by = dated.lag_ms < 0 ? DATED_AHEAD : DATED_SAMPLE;
	if (dated.lag_ms > 0)
		dated.sampled_ms = received_ms - dated.lag_ms;
	return dated;
}

const char *dated_text(enum dated_by by)
{
	static const char *const texts[] = {
		[DATED_ARRIVAL] = "arrival",
		[DATED_SAMPLE] = "sample",
		[DATED_AHEAD] = "arrival, its clock is ahead",
	};

	return by < ARRAY_SIZE(texts) ? texts[by] : "?";
}
