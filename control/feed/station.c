/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/station.h"

#include "base/grow.h"
#include "base/log.h"
#include "base/util.h"
#include "bgp/fsm.h"
#include "bgp/transport.h"

#include <stdio.h>
#include <string.h>

enum station_state { STATION_WAITING, STATION_CONNECTING, STATION_CONNECTED };

struct station {
	struct feed_station_config config;
	const struct station_ops *ops;
	void *user;
	uv_loop_t *loop;
	uv_timer_t retry;
	struct transport *transport;
	enum station_state state;
	bool overflowed;
	uint8_t *queue; /* whole messages */
	size_t len, size;
	uint32_t hold_off_ms;
	uint64_t since_ms, connections, messages, octets, overflows;
	char last_error[120];
};

static void state_set(struct station *s, enum station_state state)
{
	s->state = state;
	s->since_ms = uv_now(s->loop);
}

static void queue_drop(struct station *s)
{
	freep(&s->queue);
	s->len = s->size = 0;
	s->overflowed = false;
}

static void station_dial(uv_timer_t *timer);

/* Ends the connection, or the attempt, and tries again later: 1 s, doubled up to 60 s. */
static void station_end(struct station *s, const char *why)
{
	bool was = s->state == STATION_CONNECTED;
	uint64_t connected_ms = was ? uv_now(s->loop) - s->since_ms : 0;

	snprintf(s->last_error, sizeof(s->last_error), "%s", why);
	if (was)
		log_warn(0, "bmp station %s: %s", s->config.name, why);
	else
		log_debug("bmp station %s: %s", s->config.name, why);
	transport_close(&s->transport);
	queue_drop(s);
	state_set(s, STATION_WAITING);
	s->hold_off_ms = fsm_hold_off_ms(s->hold_off_ms, connected_ms);
	uv_timer_start(&s->retry, station_dial, s->hold_off_ms, 0);
	if (was)
		s->ops->ended(s->user);
}

static void on_connected(void *user, int status)
{
	struct station *s = user;

	if (status == 0)
		status = transport_read(s->transport);
	if (status < 0) {
		station_end(s, uv_strerror(status));
		return;
	}
	state_set(s, STATION_CONNECTED);
	s->connections++;
	log_info("bmp station %s: connected", s->config.name);
	s->ops->connected(s->user);
}

/* RFC 7854 section 3.2: a station never sends anything. */
static size_t on_received(void *user, const uint8_t *octets, size_t len)
{
	return len;
}

static void on_ended(void *user, int status)
{
	station_end(user, status == UV_EOF ? "closed by the station" : uv_strerror(status));
}

/* What waits goes out by the next station_flush(). */
static void on_drained(void *user)
{
}

static const struct transport_ops transport_ops = {
	.connected = on_connected,
	.received = on_received,
	.ended = on_ended,
	.drained = on_drained,
};

static void station_dial(uv_timer_t *timer)
{
	struct station *s = timer->data;
	const struct socket_options options = { 0 };
	struct transport_peer peer = { .local = &s->config.local,
				       .remote = &s->config.address,
				       .port = s->config.port,
				       .options = &options };
	int r = transport_dial(s->loop, &peer, &s->transport);

	if (r < 0) {
		station_end(s, uv_strerror(r));
		return;
	}
	state_set(s, STATION_CONNECTING);
	transport_attach(s->transport, &transport_ops, s);
}

struct station *station_new(uv_loop_t *loop, const struct feed_station_config *config,
			    const struct station_ops *ops, void *user)
{
	_cleanup_(freep) struct station *s = calloc(1, sizeof(*s));

	if (!s || uv_timer_init(loop, &s->retry) < 0)
		return NULL;
	s->config = *config;
	s->ops = ops;
	s->user = user;
	s->loop = loop;
	s->retry.data = s;
	state_set(s, STATION_WAITING);
	uv_timer_start(&s->retry, station_dial, 0, 0);
	return TAKE_PTR(s);
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void station_free(struct station **station)
{
	struct station *s = TAKE_PTR(*station);

	if (!s)
		return;
	station_flush(s);
	transport_close(&s->transport);
	queue_drop(s);
	uv_close((uv_handle_t *)&s->retry, on_timer_closed);
}

bool station_connected(const struct station *s)
{
	return s->state == STATION_CONNECTED && !s->overflowed;
}

size_t station_waiting(const struct station *s)
{
	return s->len + (s->transport ? transport_waiting(s->transport) : 0);
}

struct writer station_room(struct station *s, size_t len)
{
	struct writer none = { .bad = true };

	if (!station_connected(s))
		return none;
	if (station_waiting(s) + len > s->config.buffer ||
	    grow_octets(&s->queue, &s->size, s->len + len) < 0) {
		s->overflowed = true;
		return none;
	}
	return writer_of(s->queue + s->len, len);
}

void station_commit(struct station *s, const struct writer *message)
{
	if (message->bad)
		return;
	s->len += writer_len(message);
	s->octets += writer_len(message);
	s->messages++;
}

void station_flush(struct station *s)
{
	size_t len = s->len;

	if (s->overflowed) {
		s->overflows++;
		station_end(s, "it does not read: more than 'buffer' waits for it");
		return;
	}
	if (s->state != STATION_CONNECTED || !len || transport_waiting(s->transport))
		return;
	s->len = s->size = 0;
	transport_send(s->transport, &s->queue, len); /* the reading side reports what fails */
	s->queue = NULL;
}

const struct feed_station_config *station_config(const struct station *s)
{
	return &s->config;
}

void station_view(const struct station *s, struct feed_station_view *ret)
{
	static const char *const states[] = { [STATION_WAITING] = "waiting",
					      [STATION_CONNECTING] = "connecting",
					      [STATION_CONNECTED] = "connected" };

	*ret = (struct feed_station_view){ .config = &s->config,
					   .state = states[s->state],
					   .last_error = s->last_error,
					   .since_ms = s->since_ms,
					   .waiting = station_waiting(s),
					   .connections = s->connections,
					   .messages = s->messages,
					   .octets = s->octets,
					   .overflows = s->overflows };
}
