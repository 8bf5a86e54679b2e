/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: the `community` carrier
 *
 * Speakers on the way sort extended communities and drop repeated ones, so each of ours says by its
 * sub-type what it holds, and a report has none twice. A field that is not there is all ones; a
 * field that cannot be believed is left out and counted, and the route stays.
 */
#include "bgp/report_community.h"
#include "base/util.h"
#include "bgp/wire_float.h"

#include <math.h>

#define COMMUNITY_LEN 8
#define ABSENT_U16    0xffff
#define ABSENT_U8     0xff

#define FLAG_DRAIN 0x01

#define WINDOW_PER_S      10
#define UTILISATION_PER_1 1000
#define SCORE_MAX         10
#define PERCENT_MAX       100
#define SAMPLED_OCTETS    6
#define SAMPLED_MAX       ((INT64_C(1) << 8 * SAMPLED_OCTETS) - 1)

/* What one sub-type's decoder writes to. */
struct reading {
	struct report report;
	uint16_t site_id;
	uint32_t ignored;
};

/* True: *ret is a number that can be believed. */
static bool float_decode(struct cursor *c, bool zero_allowed, struct reading *r, double *ret)
{
	enum wire_float found = wire_float_read(cursor_u32(c), zero_allowed, ret);

	r->ignored += found == WIRE_FLOAT_BAD;
	return found == WIRE_FLOAT_GOOD;
}

/* True: present and at most max. */
static bool octet_decode(struct cursor *c, uint8_t max, struct reading *r, uint8_t *ret)
{
	uint8_t v = cursor_u8(c);

	if (v == ABSENT_U8)
		return false;
	if (v > max) {
		r->ignored++;
		return false;
	}
	*ret = v;
	return true;
}

static void decode_capacity(struct cursor *c, struct reading *r)
{
	if (float_decode(c, false, r, &r->report.capacity))
		r->report.has |= REPORT_CAPACITY;
	r->report.drain = cursor_u8(c) & FLAG_DRAIN;
	if (octet_decode(c, SCORE_MAX, r, &r->report.score))
		r->report.has |= REPORT_SCORE;
}

static void decode_service_time(struct cursor *c, struct reading *r)
{
	if (float_decode(c, false, r, &r->report.service_time_s))
		r->report.has |= REPORT_SERVICE_TIME;
	r->site_id = cursor_u16(c);
}

static void decode_arrival(struct cursor *c, struct reading *r)
{
	uint16_t window;

	if (float_decode(c, true, r, &r->report.arrival_rate))
		r->report.has |= REPORT_ARRIVAL_RATE;
	window = cursor_u16(c);
	if (window == ABSENT_U16)
		return;
	if (!window) {
		r->ignored++;
		return;
	}
	r->report.window_s = (double)window / WINDOW_PER_S;
	r->report.has |= REPORT_WINDOW;
}

static void decode_in_flight(struct cursor *c, struct reading *r)
{
	uint16_t utilisation;

	if (float_decode(c, true, r, &r->report.in_flight))
		r->report.has |= REPORT_IN_FLIGHT;
	utilisation = cursor_u16(c);
	if (utilisation == ABSENT_U16)
		return;
	r->report.utilisation = (double)utilisation / UTILISATION_PER_1;
	r->report.has |= REPORT_UTILISATION;
}

static void decode_sampled(struct cursor *c, struct reading *r)
{
	int64_t ms = (int64_t)cursor_uint(c, SAMPLED_OCTETS);

	if (!ms) {
		r->ignored++;
		return;
	}
	r->report.sampled_ms = ms;
	r->report.has |= REPORT_SAMPLED;
}

static void decode_index(struct cursor *c, struct reading *r)
{
	uint8_t availability = 0;

	r->report.preference = cursor_u32(c);
	if (r->report.preference) /* 0 is reserved, as in attribute 42 */
		r->report.has |= REPORT_PREFERENCE;
	if (octet_decode(c, PERCENT_MAX, r, &availability))
		r->report.has |= REPORT_AVAILABILITY;
	r->report.availability = availability;
	if (octet_decode(c, PERCENT_MAX, r, &r->report.delay_index))
		r->report.has |= REPORT_DELAY;
}

static void float_encode(bool present, double value, struct writer *w)
{
	writer_u32(w, present ? wire_float_of(value) : WIRE_FLOAT_ABSENT);
}

/* In steps of 1 / scale, within min and one less than what means absent. */
static void u16_encode(bool present, double value, double scale, uint16_t min, struct writer *w)
{
	double steps = round(value * scale);

	if (!present)
		writer_u16(w, ABSENT_U16);
	else
		writer_u16(w, steps < min              ? min
			      : steps > ABSENT_U16 - 1 ? ABSENT_U16 - 1
						       : (uint16_t)steps);
}

static void octet_encode(bool present, unsigned int value, uint8_t max, struct writer *w)
{
	writer_u8(w, !present ? ABSENT_U8 : value > max ? max : (uint8_t)value);
}

static bool encode_capacity(const struct bgp_path *path, struct writer *w)
{
	const struct report *r = &path->report;

	float_encode(r->has & REPORT_CAPACITY, r->capacity, w);
	writer_u8(w, r->drain ? FLAG_DRAIN : 0);
	octet_encode(r->has & REPORT_SCORE, r->score, SCORE_MAX, w);
	return r->has & (REPORT_CAPACITY | REPORT_SCORE) || r->drain;
}

static bool encode_service_time(const struct bgp_path *path, struct writer *w)
{
	const struct report *r = &path->report;
	uint16_t site_id = path->has & BGP_HAS_SITE_ID ? path->site_id : 0;

	float_encode(r->has & REPORT_SERVICE_TIME, r->service_time_s, w);
	writer_u16(w, site_id);
	return r->has & REPORT_SERVICE_TIME || site_id;
}

static bool encode_arrival(const struct bgp_path *path, struct writer *w)
{
	const struct report *r = &path->report;

	float_encode(r->has & REPORT_ARRIVAL_RATE, r->arrival_rate, w);
	u16_encode(r->has & REPORT_WINDOW, r->window_s, WINDOW_PER_S, 1, w);
	return r->has & (REPORT_ARRIVAL_RATE | REPORT_WINDOW);
}

static bool encode_in_flight(const struct bgp_path *path, struct writer *w)
{
	const struct report *r = &path->report;

	float_encode(r->has & REPORT_IN_FLIGHT, r->in_flight, w);
	u16_encode(r->has & REPORT_UTILISATION, r->utilisation, UTILISATION_PER_1, 0, w);
	return r->has & (REPORT_IN_FLIGHT | REPORT_UTILISATION);
}

static bool encode_sampled(const struct bgp_path *path, struct writer *w)
{
	const struct report *r = &path->report;

	writer_uint(w, (uint64_t)r->sampled_ms, SAMPLED_OCTETS);
	return r->has & REPORT_SAMPLED && r->sampled_ms > 0 && r->sampled_ms <= SAMPLED_MAX;
}

static bool encode_index(const struct bgp_path *path, struct writer *w)
{
	const struct report *r = &path->report;

	writer_u32(w, r->has & REPORT_PREFERENCE ? r->preference : 0);
	octet_encode(r->has & REPORT_AVAILABILITY, r->availability, PERCENT_MAX, w);
	octet_encode(r->has & REPORT_DELAY, r->delay_index, PERCENT_MAX, w);
	return r->has & (REPORT_PREFERENCE | REPORT_AVAILABILITY | REPORT_DELAY);
}

/* A decoder reads the six octets of a value. An encoder writes them, and says whether to. */
static const struct {
	void (*decode)(struct cursor *c, struct reading *r);
	bool (*encode)(const struct bgp_path *path, struct writer *w);
} kinds[] = {
	[REPORT_COMMUNITY_CAPACITY] = { decode_capacity, encode_capacity },
	[REPORT_COMMUNITY_SERVICE_TIME] = { decode_service_time, encode_service_time },
	[REPORT_COMMUNITY_ARRIVAL] = { decode_arrival, encode_arrival },
	[REPORT_COMMUNITY_IN_FLIGHT] = { decode_in_flight, encode_in_flight },
	[REPORT_COMMUNITY_SAMPLED] = { decode_sampled, encode_sampled },
	[REPORT_COMMUNITY_INDEX] = { decode_index, encode_index },
};

/* Sub-types that are not known come from a later version of ours, and mean nothing here. */
static void reading_add(struct cursor word, uint32_t *seen, struct reading *r)
{
	uint8_t type = cursor_u8(&word), kind = cursor_u8(&word);

	if (type != REPORT_COMMUNITY_TYPE || kind >= ARRAY_SIZE(kinds) || !kinds[kind].decode)
		return;
	if (*seen & BIT(kind)) {
		r->ignored++; /* two of a kind: somebody added one; the first is believed */
		return;
	}
	*seen |= BIT(kind);
	kinds[kind].decode(&word, r);
}

uint32_t report_community_decode(struct cursor *c, struct bgp_path *path)
{
	struct reading r = { 0 };
	uint32_t seen = 0;

	while (cursor_left(c))
		reading_add(cursor_sub(c, COMMUNITY_LEN), &seen, &r);
	if (!seen || c->bad)
		return r.ignored;
	path->report = r.report;
	path->has |= BGP_HAS_REPORT;
	path->carrier = BGP_CARRIER_COMMUNITY;
	if (r.site_id) {
		path->site_id = r.site_id;
		path->has |= BGP_HAS_SITE_ID;
	}
	return r.ignored;
}

void report_community_encode(const struct bgp_path *path, struct writer *w)
{
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		struct writer before = *w;

		if (!kinds[kind].encode)
			continue;
		writer_u8(w, REPORT_COMMUNITY_TYPE);
		writer_u8(w, (uint8_t)kind);
		if (!kinds[kind].encode(path, w))
			*w = before;
	}
}
