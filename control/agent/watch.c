/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readiness by a Kubernetes API server: the EndpointSlices of one Service, as samples. Events are
 * told when they come.
 *
 *   endpoints {condition="any|expected|ready|serving|terminating"}
 *   endpoints_available_ratio   ready of expected; 0 where none is expected
 *   endpoints_draining          1: none is ready, and some serve what they have
 */
#include "agent/asker.h"
#include "agent/listing.h"
#include "agent/slices.h"
#include "base/util.h"

#include <stdio.h>
#include <string.h>

struct watch {
	struct asker asker;
	struct listing *listing;
	struct slices *slices;
};

static const char *put(struct watch *w, const char *name, const char *condition, double value)
{
	struct exposition_label label = { "condition", condition, 9, strlen(condition) };
	struct exposition_sample sample = { .name = name,
					    .name_len = strlen(name),
					    .label = &label,
					    .label_count = *condition ? 1 : 0,
					    .value = value };

	return reading_sample(w->asker.reading, &sample);
}

/* What is known, as it was just said. */
static void watch_tell(struct watch *w)
{
	struct slices_count n;
	bool draining;

	slices_count(w->slices, &n);
	draining = !n.ready && n.serving && n.terminating;
	reading_begin(w->asker.reading);
	put(w, "endpoints", "any", (double)n.any);
	put(w, "endpoints", "expected", (double)n.expected);
	put(w, "endpoints", "ready", (double)n.ready);
	put(w, "endpoints", "serving", (double)n.serving);
	put(w, "endpoints", "terminating", (double)n.terminating);
	put(w, "endpoints_available_ratio", "",
	    n.expected ? (double)(n.ready < n.expected ? n.ready : n.expected) / (double)n.expected
		       : 0);
	put(w, "endpoints_draining", "", draining);
	w->asker.told(w->asker.user, NULL);
}

static int on_list(void *user, const char *json, size_t len, char reason[160])
{
	struct watch *w = user;

	return slices_list(w->slices, json, len, reason);
}

static int on_event(void *user, const char *json, size_t len, int *ret_changed, char reason[160])
{
	struct watch *w = user;

	return slices_event(w->slices, json, len, ret_changed, reason);
}

static const char *on_version(void *user)
{
	struct watch *w = user;

	return slices_version(w->slices);
}

static void on_forget(void *user)
{
	struct watch *w = user;

	slices_forget_version(w->slices);
}

static void on_told(void *user, const char *fault)
{
	struct watch *w = user;

	if (fault)
		w->asker.told(w->asker.user, fault);
	else
		watch_tell(w);
}

static void watch_ask(struct asker *a)
{
	const struct gather_config *config = a->config;
	struct watch *w = (struct watch *)a;
	char path[256];
	struct listing_what what = { .path = path,
				     .timeout_ms = config->timeout_ms,
				     .body_max = config->body_max,
				     .bytes = a->bytes };

	snprintf(path, sizeof(path),
		 "/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices"
		 "?labelSelector=kubernetes.io%%2Fservice-name%%3D%s",
		 config->kubernetes.namespace, config->kubernetes.service);
	if (listing_ask(w->listing, &what) < 0)
		a->told(a->user, "no memory; it is tried again");
}

static void watch_free(struct asker *a)
{
	struct watch *w = (struct watch *)a;

	listing_free(&w->listing);
	slices_free(&w->slices);
	free(w);
}

struct asker *watch_new(struct web *web, const struct fetch_target *target)
{
	static const struct asker_kind kind = { watch_ask, watch_free };
	static const struct listing_ops ops = { on_list, on_event, on_version, on_forget, on_told };
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->asker.kind = &kind;
	w->slices = slices_new();
	if (!w->slices || listing_new(web, target, &ops, w, &w->listing) < 0) {
		slices_free(&w->slices);
		free(w);
		return NULL;
	}
	return &w->asker;
}
