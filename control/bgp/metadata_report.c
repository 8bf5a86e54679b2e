/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/metadata_report.h"

#include "base/util.h"
#include "bgp/wire_float.h"

#include <stddef.h>

#define VERSION      1
#define FLAG_DRAIN   0x80
#define SCORE_ABSENT 0xff
#define SCORE_MAX    10
#define SAMPLED_MAX  ((UINT64_C(1) << 48) - 1) /* milliseconds: the year 10889 */

static const struct {
	enum report_field bit;
	bool zero_allowed;
	size_t at;
} numbers[] = {
	{ REPORT_CAPACITY, false, offsetof(struct report, capacity) },
	{ REPORT_SERVICE_TIME, false, offsetof(struct report, service_time_s) },
	{ REPORT_ARRIVAL_RATE, true, offsetof(struct report, arrival_rate) },
	{ REPORT_IN_FLIGHT, true, offsetof(struct report, in_flight) },
	{ REPORT_UTILISATION, true, offsetof(struct report, utilisation) },
	{ REPORT_WINDOW, false, offsetof(struct report, window_s) },
};

static void decode_score(uint8_t score, struct report *r, uint32_t *ignored)
{
	if (score == SCORE_ABSENT)
		return;
	if (score > SCORE_MAX) {
		(*ignored)++;
		return;
	}
	r->score = score;
	r->has |= REPORT_SCORE;
}

static void decode_numbers(struct cursor *c, struct report *r, uint32_t *ignored)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		double *value = (double *)((char *)r + numbers[i].at);
		enum wire_float found =
			wire_float_read(cursor_u32(c), numbers[i].zero_allowed, value);

		*ignored += found == WIRE_FLOAT_BAD;
		r->has |= found == WIRE_FLOAT_GOOD ? numbers[i].bit : 0;
	}
}

static void decode_sampled(uint64_t ms, struct report *r, uint32_t *ignored)
{
	if (!ms)
		return;
	if (ms > SAMPLED_MAX) {
		(*ignored)++;
		return;
	}
	r->sampled_ms = (int64_t)ms;
	r->has |= REPORT_SAMPLED;
}

bool metadata_report_decode(struct cursor *value, struct report *ret, uint32_t *ignored)
{
	struct report r = { 0 };

	if (cursor_left(value) < METADATA_REPORT_LEN || cursor_u8(value) != VERSION)
		return false;
	r.drain = cursor_u8(value) & FLAG_DRAIN;
	decode_score(cursor_u8(value), &r, ignored);
	cursor_u8(value); /* reserved */
	decode_numbers(value, &r, ignored);
	decode_sampled(cursor_uint(value, 8), &r, ignored);
	*ret = r;
	return true; /* what follows is of a later version */
}

void metadata_report_encode(const struct report *r, struct writer *w)
{
	bool sampled = r->has & REPORT_SAMPLED && r->sampled_ms > 0;
	uint64_t ms = sampled ? (uint64_t)r->sampled_ms : 0;

	writer_u8(w, VERSION);
	writer_u8(w, r->drain ? FLAG_DRAIN : 0);
	writer_u8(w, !(r->has & REPORT_SCORE) ? SCORE_ABSENT
		     : r->score > SCORE_MAX   ? SCORE_MAX
					      : r->score);
	writer_u8(w, 0);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		double value = *(const double *)((const char *)r + numbers[i].at);

		writer_u32(w, r->has & numbers[i].bit ? wire_float_of(value) : WIRE_FLOAT_ABSENT);
	}
	writer_uint(w, ms <= SAMPLED_MAX ? ms : 0, 8);
}
