/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#include "base/log.h"
#include "base/util.h"
#include "lines.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define BACKLOG   16
#define PERIOD_MS 1000

struct control {
	struct site *site;
	uv_pipe_t listener;
	uv_timer_t timer;
	TAILQ_HEAD(, peer) reported; /* those that asked for reports */
};

struct peer {
	struct lines lines; /* first: the callbacks' argument */
	struct control *control;
	bool reported;
	TAILQ_ENTRY(peer) entry;
};

static void control_tell(void *user)
{
	struct control *control = user;
	_cleanup_(freep) char *text = NULL;
	struct peer *peer, *next;

	if (TAILQ_EMPTY(&control->reported))
		return;
	text = site_report(control->site);
	for (peer = TAILQ_FIRST(&control->reported); text && peer; peer = next) {
		next = TAILQ_NEXT(peer, entry); /* a peer that cannot be told leaves the list */
		lines_send(&peer->lines, text);
	}
}

static void on_period(uv_timer_t *timer)
{
	control_tell(timer->data);
}

static void peer_show(struct peer *peer)
{
	_cleanup_(freep) char *text = site_report(peer->control->site);

	lines_send(&peer->lines, text ? text : "error out of memory\n");
}

static void peer_report(struct peer *peer)
{
	if (peer->reported)
		return;
	peer->reported = true;
	TAILQ_INSERT_TAIL(&peer->control->reported, peer, entry);
	peer_show(peer);
}

static void peer_line(struct lines *lines, const char *text)
{
	struct peer *peer = (struct peer *)lines;
	unsigned int slots;
	double speed;

	if (strcmp(text, "report") == 0) {
		peer_report(peer);
		return;
	}
	if (sscanf(text, "slots %u", &slots) == 1 && slots >= 1 && slots <= 65535) {
		site_slots_set(peer->control->site, slots);
	} else if (sscanf(text, "speed %lf", &speed) == 1 && speed >= 0.001 && speed <= 1000) {
		site_speed_set(peer->control->site, speed);
	} else if (strcmp(text, "show") != 0) {
		lines_send(lines, "error: report, show, slots 1..65535 or speed 0.001..1000\n");
		return;
	}
	peer_show(peer);
}

static void peer_ended(struct lines *lines, int status)
{
	struct peer *peer = (struct peer *)lines;

	if (peer->reported)
		TAILQ_REMOVE(&peer->control->reported, peer, entry);
	peer->reported = false;
	lines_close(lines);
}

static void peer_closed(struct lines *lines)
{
	free(lines);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct control *control = listener->data;
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return;
	peer->control = control;
	peer->lines.line = peer_line;
	peer->lines.ended = peer_ended;
	peer->lines.closed = peer_closed;
	uv_pipe_init(control->site->loop, &peer->lines.pipe, 0);
	if (status < 0 || uv_accept(listener, &peer->lines.stream) < 0 ||
	    lines_start(&peer->lines) < 0)
		lines_close(&peer->lines);
}

/* Renamed into place when it listens: who waits for the file can connect at once. */
static int control_bind(struct control *control, const char *path)
{
	char hidden[108];
	int r;

	if ((size_t)snprintf(hidden, sizeof(hidden), "%s.new", path) >= sizeof(hidden))
		return -ENAMETOOLONG;
	unlink(hidden);
	r = uv_pipe_bind(&control->listener, hidden);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&control->listener, BACKLOG, on_connection);
	if (r == 0 && rename(hidden, path) < 0)
		r = -errno;
	return r;
}

int control_listen(struct site *site, const char *path, struct control **ret)
{
	struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return log_err(-ENOMEM, "%s", path);
	*ret = control;
	control->site = site;
	TAILQ_INIT(&control->reported);
	uv_pipe_init(site->loop, &control->listener, 0);
	control->listener.data = control;
	r = control_bind(control, path);
	if (r < 0)
		return log_err(r, "cannot listen at %s", path);
	uv_timer_init(site->loop, &control->timer);
	control->timer.data = control;
	uv_timer_start(&control->timer, on_period, PERIOD_MS, PERIOD_MS);
	site->news = control_tell;
	site->news_user = control;
	return 0;
}
