/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/listing.h"

#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct listing {
	const struct fetch_target *target;
	const struct listing_ops *ops;
	void *user;
	struct fetch *fetch;
	bool watching; /* the request under way is a watch; else it is a list */
	bool open;     /* and the server has agreed */
	bool stale;    /* it has forgotten our version */
	char *path, *url;
	uint32_t timeout_ms;
	uint64_t body_max, *bytes;
	char *text; /* the list, or a line of the watch that is not whole yet */
	size_t len;
	char reason[160];
};

/* Room for what has come, within the limit for an answer. */
static const char *keep(struct listing *l, const void *bytes, size_t len)
{
	char *grown;

	if (l->len + len > l->body_max)
		return "an answer or an event is longer than 'size-limit'; raise it";
	grown = realloc(l->text, l->len + len + 1);
	if (!grown)
		return "no memory; it is tried again";
	l->text = grown;
	memcpy(grown + l->len, bytes, len);
	l->len += len;
	return NULL;
}

static const char *line_end(struct listing *l, int *changed)
{
	int r = l->len ? l->ops->event(l->user, l->text, l->len, changed, l->reason) : 0;

	l->len = 0;
	l->stale |= r == -ESTALE;
	return r < 0 ? l->reason : NULL;
}

static const char *watch_lines(struct listing *l, const char *at, size_t left)
{
	const char *fault = NULL;
	int changed = 0;

	while (!fault && left) {
		const char *newline = memchr(at, '\n', left);
		size_t n = newline ? (size_t)(newline - at) : left;

		fault = keep(l, at, n);
		if (!fault && newline)
			fault = line_end(l, &changed);
		n += !!newline;
		at += n;
		left -= n;
	}
	if (changed && !fault)
		l->ops->told(l->user, NULL);
	return fault;
}

static const char *on_body(void *user, const void *bytes, size_t len)
{
	struct listing *l = user;

	return l->watching ? watch_lines(l, bytes, len) : keep(l, bytes, len);
}

/* The first header of a good answer to a watch: from now on the server tells of changes. */
static const char *on_header(void *user, const char *name, const char *value)
{
	struct listing *l = user;

	if (!l->watching || l->open)
		return NULL;
	l->open = true;
	l->ops->told(l->user, NULL);
	return NULL;
}

static int url_make(struct listing *l)
{
	const char *mark = strchr(l->path, '?') ? "&" : "?";

	freep(&l->url);
	if (asprintf(&l->url, "%s%s", l->target->url, l->path) < 0) {
		l->url = NULL;
		return -ENOMEM;
	}
	if (l->watching) {
		_cleanup_(freep) char *list = TAKE_PTR(l->url);

		if (asprintf(&l->url,
			     "%s%swatch=1&allowWatchBookmarks=true&timeoutSeconds=%d"
			     "&resourceVersion=%s",
			     list, mark, LISTING_WATCH_S, l->ops->version(l->user)) < 0) {
			l->url = NULL;
			return -ENOMEM;
		}
	}
	return 0;
}

static void listing_start(struct listing *l, bool watching)
{
	struct fetch_request request = { .header = "Accept: application/json" };

	l->watching = watching;
	l->open = l->stale = false;
	l->len = 0;
	if (url_make(l) < 0) {
		l->ops->told(l->user, "no memory; it is tried again");
		return;
	}
	request.url = l->url;
	request.timeout_ms = watching ? LISTING_WATCH_S * 1000 + l->timeout_ms : l->timeout_ms;
	request.body_max = watching ? UINT64_MAX : l->body_max;
	if (fetch_start(l->fetch, &request) < 0)
		l->ops->told(l->user, fetch_result(l->fetch)->fault);
}

static void list_done(struct listing *l)
{
	if (l->ops->list(l->user, l->text, l->len, l->reason) < 0) {
		l->ops->told(l->user, l->reason);
		return;
	}
	listing_start(l, true);
}

static void on_done(void *user)
{
	struct listing *l = user;
	const struct fetch_result *result = fetch_result(l->fetch);

	*l->bytes += result->bytes;
	/* A version that is no longer known is no fault: the next question is for a list. */
	if (l->watching && (l->stale || result->status == 410)) {
		l->ops->forget(l->user);
		return;
	}
	/* Whoever answers next may be another server, or one whose versions began anew. */
	if (result->fault[0])
		l->ops->forget(l->user);
	if (result->fault[0])
		l->ops->told(l->user, result->fault);
	else if (!l->watching)
		list_done(l);
	/* Else the server has ended a watch that was long enough: the next question opens another.
	 */
}

int listing_ask(struct listing *l, const struct listing_what *what)
{
	if (fetch_busy(l->fetch) && l->open) {
		l->ops->told(l->user, NULL);
		return 0;
	}
	if (fetch_busy(l->fetch)) {
		fetch_stop(l->fetch);
		l->ops->told(l->user,
			     "no answer to the watch within the timeout; see the server's load");
		return 0;
	}
	freep(&l->path);
	l->path = strdup(what->path);
	if (!l->path)
		return -ENOMEM;
	l->timeout_ms = what->timeout_ms;
	l->body_max = what->body_max;
	l->bytes = what->bytes;
	listing_start(l, *l->ops->version(l->user));
	return 0;
}

void listing_stop(struct listing *l)
{
	fetch_stop(l->fetch);
	l->open = false;
}

bool listing_open(const struct listing *l)
{
	return l->open && fetch_busy(l->fetch);
}

void listing_free(struct listing **listing)
{
	struct listing *l = TAKE_PTR(*listing);

	if (!l)
		return;
	fetch_free(&l->fetch);
	free(l->path);
	free(l->url);
	free(l->text);
	free(l);
}

int listing_new(struct web *web, const struct fetch_target *target, const struct listing_ops *ops,
		void *user, struct listing **ret)
{
	static const struct fetch_ops fetch_ops = { .header = on_header,
						    .body = on_body,
						    .done = on_done };
	_cleanup_(listing_free) struct listing *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->target = target;
	l->ops = ops;
	l->user = user;
	r = fetch_new(web, target, &fetch_ops, l, &l->fetch);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(l);
	return 0;
}
