/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readiness by a Kubernetes API server: list, then watch from the list's version; when the server
 * has ended the watch, watch again from the last version; when it has forgotten that one (410),
 * list again. While a watch is open its word holds. Events are told when they come.
 *
 *   endpoints {condition="any|expected|ready|serving|terminating"}
 *   endpoints_available_ratio   ready of expected; 0 where none is expected
 *   endpoints_draining          1: none is ready, and some serve what they have
 */
#include "agent/asker.h"
#include "agent/slices.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WATCH_S 60 /* after so long the server ends a watch; a dead connection is found then */

struct watch {
	struct asker asker;
	struct fetch *fetch;
	struct slices *slices;
	bool watching; /* the request under way is a watch; else it is a list */
	bool open;     /* and the server has agreed */
	bool stale;    /* it has forgotten our version */
	char *text;    /* the list, or a line of the watch that is not whole yet */
	size_t len;
	char reason[160];
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

/* Room for what has come, within the limit for an answer. */
static const char *keep(struct watch *w, const void *bytes, size_t len)
{
	char *grown;

	if (w->len + len > w->asker.config->body_max)
		return "an answer or an event is longer than 'size-limit'; raise it";
	grown = realloc(w->text, w->len + len + 1);
	if (!grown)
		return "no memory; it is tried again";
	w->text = grown;
	memcpy(grown + w->len, bytes, len);
	w->len += len;
	return NULL;
}

static const char *line_end(struct watch *w, int *changed)
{
	int r = w->len ? slices_event(w->slices, w->text, w->len, changed, w->reason) : 0;

	w->len = 0;
	w->stale |= r == -ESTALE;
	return r < 0 ? w->reason : NULL;
}

static const char *watch_lines(struct watch *w, const char *at, size_t left)
{
	const char *fault = NULL;
	int changed = 0;

	while (!fault && left) {
		const char *newline = memchr(at, '\n', left);
		size_t n = newline ? (size_t)(newline - at) : left;

		fault = keep(w, at, n);
		if (!fault && newline)
			fault = line_end(w, &changed);
		n += !!newline;
		at += n;
		left -= n;
	}
	if (changed && !fault)
		watch_tell(w);
	return fault;
}

static const char *watch_body(void *user, const void *bytes, size_t len)
{
	struct watch *w = user;

	return w->watching ? watch_lines(w, bytes, len) : keep(w, bytes, len);
}

/* The first header of a good answer to a watch: from now on the server tells of changes. */
static const char *watch_header(void *user, const char *name, const char *value)
{
	struct watch *w = user;

	if (!w->watching || w->open)
		return NULL;
	w->open = true;
	watch_tell(w);
	return NULL;
}

static void watch_start(struct watch *w, bool watching)
{
	const struct gather_config *config = w->asker.config;
	char url[2 * FETCH_URL_MAX + 256];
	struct fetch_request request = { .url = url, .header = "Accept: application/json" };
	int n = snprintf(url, sizeof(url),
			 "%s/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices"
			 "?labelSelector=kubernetes.io%%2Fservice-name%%3D%s",
			 config->target.url, config->kubernetes.namespace,
			 config->kubernetes.service);

	if (watching)
		snprintf(url + n, sizeof(url) - (size_t)n,
			 "&watch=1&allowWatchBookmarks=true&timeoutSeconds=%d&resourceVersion=%s",
			 WATCH_S, slices_version(w->slices));
	request.timeout_ms = watching ? WATCH_S * 1000 + config->timeout_ms : config->timeout_ms;
	request.body_max = watching ? UINT64_MAX : config->body_max;
	w->watching = watching;
	w->open = w->stale = false;
	w->len = 0;
	if (fetch_start(w->fetch, &request) < 0)
		w->asker.told(w->asker.user, fetch_result(w->fetch)->fault);
}

static void list_done(struct watch *w)
{
	if (slices_list(w->slices, w->text, w->len, w->reason) < 0) {
		w->asker.told(w->asker.user, w->reason);
		return;
	}
	watch_tell(w);
	watch_start(w, true);
}

static void watch_done(void *user)
{
	struct watch *w = user;
	const struct fetch_result *result = fetch_result(w->fetch);

	*w->asker.bytes += result->bytes;
	/* A version that is no longer known is no fault: the next question is for a list. */
	if (w->watching && (w->stale || result->status == 410)) {
		slices_forget_version(w->slices);
		return;
	}
	/* Whoever answers next may be another server, or one whose versions began anew. */
	if (result->fault[0])
		slices_forget_version(w->slices);
	if (result->fault[0])
		w->asker.told(w->asker.user, result->fault);
	else if (!w->watching)
		list_done(w);
	/* Else the server has ended a watch that was long enough: the next question opens another.
	 */
}

static void watch_ask(struct asker *a)
{
	struct watch *w = (struct watch *)a;

	if (fetch_busy(w->fetch) && w->open) {
		watch_tell(w);
		return;
	}
	if (fetch_busy(w->fetch)) {
		fetch_stop(w->fetch);
		a->told(a->user,
			"no answer to the watch within the timeout; see the server's load");
		return;
	}
	watch_start(w, *slices_version(w->slices));
}

static void watch_free(struct asker *a)
{
	struct watch *w = (struct watch *)a;

	fetch_free(&w->fetch);
	slices_free(&w->slices);
	free(w->text);
	free(w);
}

struct asker *watch_new(struct web *web, const struct fetch_target *target)
{
	static const struct asker_kind kind = { watch_ask, watch_free };
	static const struct fetch_ops ops = { .header = watch_header,
					      .body = watch_body,
					      .done = watch_done };
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->asker.kind = &kind;
	w->slices = slices_new();
	if (!w->slices || fetch_new(web, target, &ops, w, &w->fetch) < 0) {
		slices_free(&w->slices);
		free(w);
		return NULL;
	}
	return &w->asker;
}
