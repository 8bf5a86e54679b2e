/* SPDX-License-Identifier: BSD-2-Clause */
#include "catalog/catalog.h"

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

static struct addr addr_of(uint32_t n)
{
	return addr_of_v4((uint8_t[]){ 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n });
}

/* What neighbour n says of service 1 at an egress, sampled then. */
static struct offer offer_of(uint32_t neighbor, uint32_t egress, int64_t sampled_ms)
{
	return (struct offer){
		.key = { .service = addr_of(1), .egress = addr_of(egress) },
		.source = { .neighbor = neighbor },
		.carrier = BGP_CARRIER_COMMUNITY,
		.has_report = true,
		.report = { .has = REPORT_UTILISATION | REPORT_SAMPLED,
			    .utilisation = 0.5,
			    .sampled_ms = 1000000 + sampled_ms },
		.sampled_ms = sampled_ms,
		.received_ms = sampled_ms + 50,
	};
}

static enum catalog_change announce(struct catalog *catalog, const struct offer *offer)
{
	enum catalog_change change = CATALOG_SAME;

	cr_assert(eq(int, catalog_announce(catalog, offer, &change), 0));
	return change;
}

static int withdraw(struct catalog *catalog, uint32_t neighbor, uint32_t path_id)
{
	struct offer_source source = { .neighbor = neighbor, .path_id = path_id };
	struct addr service = addr_of(1);

	return catalog_withdraw(catalog, &service, &source);
}

static const struct offer *offers(const struct catalog *catalog, size_t *ret_count)
{
	struct addr service = addr_of(1);

	return catalog_offers(catalog, &service, ret_count);
}

/* The one offer that there is. */
static const struct offer *only(const struct catalog *catalog)
{
	size_t count;
	const struct offer *offer = offers(catalog, &count);

	cr_assert(eq(sz, count, 1));
	return offer;
}

/* Two neighbours tell of one offer: who wins? Both orders of telling are tried. */
static void by_report(struct offer *a, struct offer *b)
{
	a->has_report = false;
}

static void by_freshness(struct offer *a, struct offer *b)
{
	b->sampled_ms += 1;
	b->report.sampled_ms += 1;
}

static void by_arrival(struct offer *a, struct offer *b)
{
	a->report.has = b->report.has = REPORT_UTILISATION;
	b->sampled_ms += 1;
}

static void by_transit(struct offer *a, struct offer *b)
{
	a->report.has = REPORT_UTILISATION; /* dated by its arrival, which is later */
	a->sampled_ms += 1500;
}

static void by_carrier(struct offer *a, struct offer *b)
{
	a->carrier = BGP_CARRIER_EDGE_METADATA;
}

static void by_neighbor(struct offer *a, struct offer *b)
{
	a->source.neighbor = 3;
}

static void by_path(struct offer *a, struct offer *b)
{
	a->source.neighbor = b->source.neighbor;
	a->source.path_id = 7;
	b->source.path_id = 6;
}

static void by_neighbor_though_later(struct offer *a, struct offer *b)
{
	a->source.neighbor = 3;
	a->sampled_ms += 9; /* the same sample by the site's clock, on another way */
}

static void without_reports(struct offer *a, struct offer *b)
{
	a->has_report = b->has_report = false;
	a->sampled_ms += 9999;
	a->source.neighbor = 3;
}

static const struct {
	const char *name;
	void (*arrange)(struct offer *a, struct offer *b); /* so that b wins */
} contests[] = {
	{ "1 a report against none", by_report },
	{ "2 the fresher", by_freshness },
	{ "2 the fresher by arrival", by_arrival },
	{ "2 an arrival is not a sample", by_transit },
	{ "3 the richer carrier", by_carrier },
	{ "4 the lower neighbour", by_neighbor },
	{ "4 though it came sooner", by_neighbor_though_later },
	{ "4 without any report", without_reports },
	{ "5 the lower path id", by_path },
};

Test(catalog, winner)
{
	for (size_t i = 0; i < ARRAY_SIZE(contests) * 2; i++) {
		_cleanup_(catalog_free) struct catalog *catalog = catalog_new();
		struct offer a = offer_of(1, 1, 100), b = offer_of(2, 1, 100);
		const char *name = contests[i / 2].name;

		contests[i / 2].arrange(&a, &b);
		announce(catalog, i % 2 ? &a : &b);
		announce(catalog, i % 2 ? &b : &a);
		cr_expect(eq(u32, only(catalog)->source.neighbor, b.source.neighbor), "%s", name);
		cr_expect(eq(u32, only(catalog)->source.path_id, b.source.path_id), "%s", name);
		cr_expect(eq(int, withdraw(catalog, b.source.neighbor, b.source.path_id), 0));
		cr_expect(eq(u32, only(catalog)->source.neighbor, a.source.neighbor), "%s", name);
	}
}

Test(catalog, says_what_of_the_winner_changed)
{
	_cleanup_(catalog_free) struct catalog *catalog = catalog_new();
	struct offer a = offer_of(1, 1, 100), b = offer_of(2, 1, 90);

	cr_expect(eq(int, announce(catalog, &a), CATALOG_OFFER));
	a.received_ms += 1000;
	cr_expect(eq(int, announce(catalog, &a), CATALOG_SAME));
	cr_expect(eq(int, announce(catalog, &b), CATALOG_SAME));
	a.report.drain = true;
	cr_expect(eq(int, announce(catalog, &a), CATALOG_REPORT));
	a.tunnel.kind = BGP_TUNNEL_IPIP;
	cr_expect(eq(int, announce(catalog, &a), CATALOG_GONE));
	a.carrier = BGP_CARRIER_EDGE_METADATA;
	cr_expect(eq(int, announce(catalog, &a), CATALOG_REPORT));
	a.report.utilisation = 0.7;
	cr_expect(eq(int, announce(catalog, &a), CATALOG_REPORT));
	b.sampled_ms = 200;
	b.report.sampled_ms += 110;
	cr_expect(eq(int, announce(catalog, &b), CATALOG_GONE), "by another tunnel");
	b.labelled = true;
	cr_expect(eq(int, announce(catalog, &b), CATALOG_GONE));
	b.key.site_id++;
	cr_expect(eq(int, announce(catalog, &b), CATALOG_GONE), "it offered another site");
	b.source.path_id = 9;
	b.key.site_id++;
	cr_expect(eq(int, announce(catalog, &b), CATALOG_OFFER));
}

/* BGP is ordered: a source that says something older than it did has only that to say now. */
Test(catalog, same_source_replaces)
{
	_cleanup_(catalog_free) struct catalog *catalog = catalog_new();
	struct offer old = offer_of(1, 1, 50), new = offer_of(1, 1, 100),
		     other = offer_of(2, 1, 80);

	announce(catalog, &new);
	announce(catalog, &other);
	cr_expect(eq(int, announce(catalog, &old), CATALOG_REPORT));
	cr_expect(eq(u32, only(catalog)->source.neighbor, 2));
	cr_expect(eq(int, withdraw(catalog, 2, 0), 0));
	cr_expect(eq(i64, only(catalog)->sampled_ms, 50));
}

/* Its clock is an hour ahead, so each time that its route comes back the sample is dated by that.
 */
Test(catalog, a_sample_told_again_is_no_younger)
{
	_cleanup_(catalog_free) struct catalog *catalog = catalog_new();
	struct offer a = offer_of(1, 1, 100), b = offer_of(2, 1, 100);

	announce(catalog, &a);
	b.sampled_ms = 5000;
	announce(catalog, &b);
	cr_expect(eq(i64, only(catalog)->sampled_ms, 100), "by another way");
	cr_expect(eq(int, withdraw(catalog, 1, 0), 0));
	cr_expect(eq(i64, only(catalog)->sampled_ms, 100), "though who told it first is gone");
	b.sampled_ms = 9000;
	b.report.drain = true;
	announce(catalog, &b);
	cr_expect(eq(i64, only(catalog)->sampled_ms, 100), "by the same way");
	b.report.sampled_ms++;
	announce(catalog, &b);
	cr_expect(eq(i64, only(catalog)->sampled_ms, 9000), "another sample");
	b.report.sampled_ms -= 5000;
	b.sampled_ms = 9500;
	announce(catalog, &b);
	cr_expect(eq(i64, only(catalog)->sampled_ms, 9500), "its clock was set back");
}

Test(catalog, announced_is_when_the_offer_appeared)
{
	_cleanup_(catalog_free) struct catalog *catalog = catalog_new();
	struct offer a = offer_of(1, 1, 100), b = offer_of(2, 1, 300);

	announce(catalog, &a);
	cr_expect(eq(i64, only(catalog)->announced_ms, 150));
	announce(catalog, &b);
	cr_expect(eq(i64, only(catalog)->announced_ms, 150));
	a.received_ms = 900;
	announce(catalog, &a);
	cr_expect(eq(int, withdraw(catalog, 2, 0), 0));
	cr_expect(eq(i64, only(catalog)->announced_ms, 150));
	cr_expect(eq(int, withdraw(catalog, 1, 0), 0));
	a.received_ms = 5000;
	announce(catalog, &a);
	cr_expect(eq(i64, only(catalog)->announced_ms, 5000));
}

Test(catalog, moving_a_source_withdraws_the_former)
{
	_cleanup_(catalog_free) struct catalog *catalog = catalog_new();
	struct offer here = offer_of(1, 1, 100), there = offer_of(1, 2, 200), site = there;

	announce(catalog, &here);
	cr_expect(eq(int, announce(catalog, &there), CATALOG_GONE));
	cr_expect(eq(u8, only(catalog)->key.egress.octet[15], 2));
	cr_expect(eq(i64, only(catalog)->announced_ms, 250));
	site.key.site_id = 9;
	site.received_ms = 400;
	cr_expect(eq(int, announce(catalog, &site), CATALOG_GONE));
	cr_expect(eq(u16, only(catalog)->key.site_id, 9));
	cr_expect(eq(i64, only(catalog)->announced_ms, 400));
}

/* Where it came from there was another source, and where it goes a better one. */
Test(catalog, moving_between_contested_offers)
{
	_cleanup_(catalog_free) struct catalog *catalog = catalog_new();
	struct offer mover = offer_of(1, 1, 100), stays = offer_of(2, 1, 90),
		     better = offer_of(3, 2, 300);
	const struct offer *offer;
	size_t count;

	announce(catalog, &mover);
	announce(catalog, &stays);
	announce(catalog, &better);
	mover.key.egress = addr_of(2);
	cr_expect(eq(int, announce(catalog, &mover), CATALOG_GONE));
	offer = offers(catalog, &count);
	cr_assert(eq(sz, count, 2));
	cr_expect(eq(u32, offer[0].source.neighbor, 2));
	cr_expect(eq(i64, offer[0].announced_ms, 150));
	cr_expect(eq(u32, offer[1].source.neighbor, 3));
}

static bool is_of(const void *user, const struct addr *service)
{
	return addr_equal(service, user);
}

Test(catalog, keeps_what_is_wanted)
{
	_cleanup_(catalog_free) struct catalog *catalog = catalog_new();
	struct addr gone = addr_of(1), wanted = addr_of(2), gone_too = addr_of(3);
	size_t count;

	for (uint32_t i = 1; i <= 3; i++) {
		struct offer offer = offer_of(1, 7, 0);

		offer.key.service = addr_of(i);
		announce(catalog, &offer);
	}
	catalog_keep(catalog, is_of, &wanted);
	cr_expect(catalog_offers(catalog, &gone, &count) == NULL);
	cr_expect(catalog_offers(catalog, &gone_too, &count) == NULL);
	cr_expect(catalog_offers(catalog, &wanted, &count) != NULL);
	cr_expect(eq(sz, count, 1));
	cr_expect(eq(int, withdraw(catalog, 1, 0), -ENOENT));
}

Test(catalog, withdraw_of_what_is_not_there)
{
	_cleanup_(catalog_free) struct catalog *catalog = catalog_new();
	struct offer a = offer_of(1, 1, 100);
	size_t count = 1;

	cr_expect(eq(int, withdraw(catalog, 1, 0), -ENOENT));
	announce(catalog, &a);
	cr_expect(eq(int, withdraw(catalog, 1, 1), -ENOENT));
	cr_expect(eq(int, withdraw(catalog, 2, 0), -ENOENT));
	cr_expect(eq(int, withdraw(catalog, 1, 0), 0));
	cr_expect(eq(int, withdraw(catalog, 1, 0), -ENOENT));
	offers(catalog, &count);
	cr_expect(eq(sz, count, 0));
}

/* --- against a model that is too simple to be wrong ------------------------------------------- */

#define SOURCES 6
#define KEYS    4

struct model {
	bool said[SOURCES];
	struct offer offer[SOURCES];
	int64_t since[KEYS]; /* of the offer; -1: absent */
};

static size_t key_index(const struct offer *offer)
{
	return (size_t)(offer->key.egress.octet[15] - 1) * 2 + offer->key.site_id;
}

static bool model_beats(const struct offer *a, const struct offer *b)
{
	if (a->has_report != b->has_report)
		return a->has_report;
	if (a->has_report && a->sampled_ms != b->sampled_ms)
		return a->sampled_ms > b->sampled_ms;
	return a->source.neighbor < b->source.neighbor;
}

static const struct offer *model_winner(const struct model *model, size_t key)
{
	const struct offer *best = NULL;

	for (size_t s = 0; s < SOURCES; s++)
		if (model->said[s] && key_index(&model->offer[s]) == key &&
		    (!best || model_beats(&model->offer[s], best)))
			best = &model->offer[s];
	return best;
}

static void model_age(struct model *model, int64_t now_ms)
{
	for (size_t k = 0; k < KEYS; k++)
		if (!model_winner(model, k))
			model->since[k] = -1;
		else if (model->since[k] < 0)
			model->since[k] = now_ms;
}

static void expect_as_model(const struct catalog *catalog, const struct model *model, int step)
{
	size_t count, at = 0;
	const struct offer *offer = offers(catalog, &count);

	for (size_t k = 0; k < KEYS; k++) {
		const struct offer *want = model_winner(model, k);

		if (!want)
			continue;
		cr_assert(at < count, "step %d", step);
		cr_assert(eq(sz, key_index(&offer[at]), k), "step %d", step);
		cr_assert(eq(u32, offer[at].source.neighbor, want->source.neighbor), "step %d",
			  step);
		cr_assert(eq(i64, offer[at].announced_ms, model->since[k]), "step %d", step);
		at++;
	}
	cr_assert(eq(sz, at, count), "step %d", step);
}

Test(catalog, does_as_the_model_does)
{
	struct random random = random_seeded("catalog");
	struct catalog *catalog = catalog_new();
	struct model model = { .since = { -1, -1, -1, -1 } };

	for (int step = 0; step < 50000; step++) {
		uint32_t source = (uint32_t)random_below(&random, SOURCES);
		struct offer offer = offer_of(source, 1 + (uint32_t)random_below(&random, 2),
					      (int64_t)random_below(&random, 1000));

		if (random_below(&random, 4) == 0) {
			cr_assert(eq(int, withdraw(catalog, source, 0),
				     model.said[source] ? 0 : -ENOENT));
			model.said[source] = false;
		} else {
			enum catalog_change change;

			offer.key.site_id = (uint16_t)random_below(&random, 2);
			offer.received_ms = step;
			offer.has_report = random_below(&random, 5);
			change = announce(catalog, &offer);
			model.said[source] = true;
			model.offer[source] = offer;
			if (model_winner(&model, key_index(&offer)) == &model.offer[source] &&
			    model.since[key_index(&offer)] < 0)
				cr_assert(ne(int, change, CATALOG_SAME), "step %d: a new offer",
					  step);
		}
		model_age(&model, step);
		expect_as_model(catalog, &model, step);
	}
	catalog_free(&catalog);
}

/* 10,000 services at 16 sites, each told by two neighbours: all of it in a few seconds. */
Test(catalog, scales)
{
	_cleanup_(catalog_free) struct catalog *catalog = catalog_new();
	struct timespec begin, end;
	struct offer offer;
	size_t count;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (uint32_t n = 0; n < 10000 * 16 * 2; n++) {
		offer = offer_of(n % 2, n / 2 % 16, 100 + n);
		offer.source.path_id = n / 2 % 16;
		offer.key.service = addr_of(n / 32);
		announce(catalog, &offer);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	fprintf(stderr, "catalog: %.0f ns an announcement\n",
		((double)(end.tv_sec - begin.tv_sec) * 1e9 +
		 (double)(end.tv_nsec - begin.tv_nsec)) /
			320000);
	for (uint32_t n = 0; n < 10000; n++) {
		struct addr service = addr_of(n);

		catalog_offers(catalog, &service, &count);
		cr_assert(eq(sz, count, 16));
	}
}
