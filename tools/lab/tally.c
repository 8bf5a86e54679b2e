/* SPDX-License-Identifier: BSD-2-Clause */
#include "tally.h"

#include "base/util.h"

#include <string.h>

struct latencies {
	double *ms;
	size_t count, room;
};

struct site_tally {
	char name[SITE_NAME_MAX];
	uint64_t outcome[OUTCOME_COUNT];
	struct latencies latencies;
};

struct tally {
	struct site_tally total; /* of all sites */
	struct site_tally *site;
	size_t site_count;
};

const char *outcome_text(enum outcome outcome)
{
	static const char *const words[] = {
		[OUTCOME_DONE] = "done",       [OUTCOME_BUSY] = "busy",
		[OUTCOME_REFUSED] = "refused", [OUTCOME_RESET] = "reset",
		[OUTCOME_TIMEOUT] = "timeout", [OUTCOME_LOCAL] = "local",
	};

	return words[outcome];
}

struct tally *tally_new(void)
{
	return calloc(1, sizeof(struct tally));
}

void tally_free(struct tally **tally)
{
	if (!*tally)
		return;
	for (size_t i = 0; i < (*tally)->site_count; i++)
		free((*tally)->site[i].latencies.ms);
	free((*tally)->site);
	free((*tally)->total.latencies.ms);
	free(*tally);
	*tally = NULL;
}

static struct site_tally *tally_site(struct tally *tally, const char *name)
{
	struct site_tally *more;

	for (size_t i = 0; i < tally->site_count; i++)
		if (strcmp(tally->site[i].name, name) == 0)
			return &tally->site[i];
	more = reallocarray(tally->site, tally->site_count + 1, sizeof(*more));
	if (!more)
		return NULL;
	tally->site = more;
	more = &tally->site[tally->site_count++];
	*more = (struct site_tally){ 0 };
	memcpy(more->name, name, strnlen(name, SITE_NAME_MAX - 1));
	return more;
}

static void latencies_add(struct latencies *latencies, double ms)
{
	if (latencies->count == latencies->room) {
		size_t room = latencies->room ? latencies->room * 2 : 256;
		double *more = reallocarray(latencies->ms, room, sizeof(*more));

		if (!more)
			return;
		latencies->ms = more;
		latencies->room = room;
	}
	latencies->ms[latencies->count++] = ms;
}

static void site_add(struct site_tally *site, enum outcome outcome, double latency_ms)
{
	site->outcome[outcome]++;
	if (outcome == OUTCOME_DONE)
		latencies_add(&site->latencies, latency_ms);
}

void tally_add(struct tally *tally, const char *site, enum outcome outcome, double latency_ms)
{
	struct site_tally *one = tally_site(tally, site);

	site_add(&tally->total, outcome, latency_ms);
	if (one)
		site_add(one, outcome, latency_ms);
}

static int latency_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The smallest value that q of all do not exceed; sorted, not empty. */
static double latencies_quantile(const struct latencies *latencies, double q)
{
	size_t rank = (size_t)(q * (double)latencies->count);

	return latencies->ms[rank < latencies->count ? rank : latencies->count - 1];
}

static json_t *site_take(struct site_tally *site)
{
	json_t *object = json_object(), *failed = json_object();

	for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
		if (o != OUTCOME_DONE && site->outcome[o])
			json_object_set_new(failed, outcome_text(o),
					    json_integer((json_int_t)site->outcome[o]));
	json_object_set_new(object, "done", json_integer((json_int_t)site->outcome[OUTCOME_DONE]));
	json_object_set_new(object, "failed", failed);
	if (site->latencies.count) {
		qsort(site->latencies.ms, site->latencies.count, sizeof(double), latency_compare);
		json_object_set_new(object, "p50-ms",
				    json_real(latencies_quantile(&site->latencies, 0.5)));
		json_object_set_new(object, "p99-ms",
				    json_real(latencies_quantile(&site->latencies, 0.99)));
	}
	memset(site->outcome, 0, sizeof(site->outcome));
	site->latencies.count = 0;
	return object;
}

json_t *tally_take(struct tally *tally)
{
	json_t *object = site_take(&tally->total), *sites = json_object();

	for (size_t i = 0; i < tally->site_count; i++) {
		const char *name = *tally->site[i].name ? tally->site[i].name : "unknown";

		json_object_set_new(sites, name, site_take(&tally->site[i]));
	}
	json_object_set_new(object, "sites", sites);
	return object;
}
