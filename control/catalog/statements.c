/* SPDX-License-Identifier: BSD-2-Clause */
#include "statements.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A report without sample time is dated by its arrival. To compare it with one that has a sample
 * time, allow for the way that it, too, has come. */
#define TRANSIT_MS 2000

static int key_compare(const struct offer_key *a, const struct offer_key *b)
{
	int order = memcmp(a->egress.octet, b->egress.octet, sizeof(a->egress.octet));

	return order ? order : (a->site_id > b->site_id) - (a->site_id < b->site_id);
}

static bool source_equal(const struct offer_source *a, const struct offer_source *b)
{
	return a->neighbor == b->neighbor && a->path_id == b->path_id &&
	       !memcmp(a->rd.octet, b->rd.octet, sizeof(a->rd.octet));
}

static int64_t freshness(const struct offer *offer)
{
	return offer->sampled_ms - (offer->report.has & REPORT_SAMPLED ? 0 : TRANSIT_MS);
}

/* Two sources that pass on one report differ by their way only. The site's own clock tells that;
 * ours, read twice, would let them take turns. */
static bool same_sample(const struct offer *a, const struct offer *b)
{
	return a->report.has & b->report.has & REPORT_SAMPLED &&
	       a->report.sampled_ms == b->report.sampled_ms;
}

/* Does a win over b, which is of the same offer? The steps are numbered as in README.md. */
static bool offer_beats(const struct offer *a, const struct offer *b)
{
	if (a->has_report != b->has_report)
		return a->has_report; /* 1 */
	if (a->has_report && !same_sample(a, b) && freshness(a) != freshness(b))
		return freshness(a) > freshness(b); /* 2 */
	if (a->carrier != b->carrier && a->carrier && b->carrier)
		return a->carrier < b->carrier; /* 3: the lower bit is the richer carrier */
	if (a->source.neighbor != b->source.neighbor)
		return a->source.neighbor < b->source.neighbor; /* 4 */
	if (a->source.path_id != b->source.path_id)
		return a->source.path_id < b->source.path_id;                  /* 5 */
	return memcmp(&a->source.rd, &b->source.rd, sizeof(a->source.rd)) < 0; /* 6 */
}

/* Flows are carried there as before. */
static bool offer_same_way(const struct offer *a, const struct offer *b)
{
	return bgp_tunnel_equal(&a->tunnel, &b->tunnel) && a->local == b->local &&
	       a->labelled == b->labelled;
}

/* Says the same as before, whenever it was said. */
static bool offer_same_report(const struct offer *a, const struct offer *b)
{
	return source_equal(&a->source, &b->source) && a->carrier == b->carrier &&
	       a->has_report == b->has_report && a->sampled_ms == b->sampled_ms &&
	       (!a->has_report || report_equal_within(&a->report, &b->report, 0));
}

static enum catalog_change offer_change(const struct offer *before, const struct offer *after)
{
	if (!offer_same_way(before, after))
		return CATALOG_GONE;
	return offer_same_report(before, after) ? CATALOG_SAME : CATALOG_REPORT;
}

void statements_clear(struct statements *s)
{
	free(s->at);
	*s = (struct statements){ 0 };
}

static int statements_reserve(struct statements *s)
{
	size_t room = s->room ? s->room * 2 : 1;
	struct offer *grown;

	if (s->count < s->room)
		return 0;
	grown = reallocarray(s->at, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->at = grown;
	s->room = room;
	return 0;
}

/* Index of the source's statement, or count. */
static size_t statements_of(const struct statements *s, const struct offer_source *source)
{
	size_t i = 0;

	while (i < s->count && !source_equal(&s->at[i].source, source))
		i++;
	return i;
}

/* Index of the first winner whose key is not below this one. */
static size_t statements_place(const struct statements *s, const struct offer_key *key)
{
	size_t low = 0, high = s->winners;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (key_compare(&s->at[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct offer *statements_winner(struct statements *s, const struct offer_key *key)
{
	size_t i = statements_place(s, key);

	return i < s->winners && !key_compare(&s->at[i].key, key) ? &s->at[i] : NULL;
}

/* There is room for it, and no winner of its key. */
static void statements_crown(struct statements *s, const struct offer *offer)
{
	size_t i = statements_place(s, &offer->key);

	memmove(&s->at[i + 1], &s->at[i], (s->count - i) * sizeof(*s->at));
	s->at[i] = *offer;
	s->winners++;
	s->count++;
}

static void statements_cut(struct statements *s, size_t i)
{
	s->winners -= i < s->winners;
	s->count--;
	memmove(&s->at[i], &s->at[i + 1], (s->count - i) * sizeof(*s->at));
}

/* Makes the best of the other statements of this offer its winner. */
static void statements_promote(struct statements *s, const struct offer_key *key)
{
	size_t best = s->count;
	struct offer offer;

	for (size_t i = s->winners; i < s->count; i++)
		if (!key_compare(&s->at[i].key, key) &&
		    (best == s->count || offer_beats(&s->at[i], &s->at[best])))
			best = i;
	if (best == s->count)
		return;
	offer = s->at[best];
	statements_cut(s, best);
	statements_crown(s, &offer);
}

static void statements_remove(struct statements *s, size_t i)
{
	struct offer_key gone = s->at[i].key;
	bool won = i < s->winners;

	statements_cut(s, i);
	if (won)
		statements_promote(s, &gone);
}

int statements_take(struct statements *s, const struct offer_source *source)
{
	size_t i = statements_of(s, source);

	if (i == s->count)
		return -ENOENT;
	statements_remove(s, i);
	return 0;
}

/* The source has said nothing of this service, and there is room. */
static void statements_add(struct statements *s, const struct offer *offer)
{
	struct offer *winner = statements_winner(s, &offer->key);

	if (!winner) {
		statements_crown(s, offer);
	} else if (offer_beats(offer, winner)) {
		s->at[s->count++] = *winner;
		*winner = *offer;
	} else {
		s->at[s->count++] = *offer;
	}
}

/* A sample that is told again, by whomever, is no younger for it: else a report whose clock is
 * ahead would be fresh each time that its route comes back. */
static int64_t statements_first_dated(const struct statements *s, const struct offer *offer)
{
	int64_t first_ms = offer->sampled_ms;

	for (size_t i = 0; i < s->count; i++)
		if (!key_compare(&s->at[i].key, &offer->key) && same_sample(&s->at[i], offer) &&
		    s->at[i].sampled_ms < first_ms)
			first_ms = s->at[i].sampled_ms;
	return first_ms;
}

int statements_put(struct statements *s, const struct offer *offer, enum catalog_change *ret)
{
	const struct offer *winner;
	struct offer put = *offer, before = { 0 };
	bool offered, moved;
	size_t said;
	int r = statements_reserve(s);

	if (r < 0)
		return r;
	put.sampled_ms = statements_first_dated(s, &put);
	winner = statements_winner(s, &put.key);
	offered = winner;
	if (offered)
		before = *winner;
	put.announced_ms = offered ? before.announced_ms : put.received_ms;

	said = statements_of(s, &put.source);
	moved = said < s->winners && key_compare(&s->at[said].key, &put.key);
	if (said < s->count)
		statements_remove(s, said);
	statements_add(s, &put);
	*ret = moved      ? CATALOG_GONE
	       : !offered ? CATALOG_OFFER
			  : offer_change(&before, statements_winner(s, &put.key));
	return 0;
}
