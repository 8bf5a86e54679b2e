/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: session_step() is the only place where the state machine moves: it feeds an event to fsm.c
 * and does what comes out. Every callback of the transport, the timer and the owner ends there.
 */
#include "bgp/session.h"
#include "base/log.h"
#include "base/util.h"
#include "bgp/message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define PORT_BGP     179
#define WORDS_STRLEN 240

struct session {
	struct session_config config;
	struct fsm fsm;
	struct transport *transport;
	struct transport *parked; /* accepted during the hold-off */
	uv_timer_t timer;
	uint64_t armed_ms;
	struct bgp_open ours, theirs;
	struct bgp_codec codec;
	/* Of the connection that is, or was last, for those who watch. */
	uint16_t local_port, remote_port;
	struct bgp_bytes open_sent, open_received, notification;
	enum bgp_ending_kind ending;
};

static void session_step(struct session *s, enum fsm_event event,
			 const struct notification *notification);

static uint64_t now_ms(const struct session *s)
{
	return uv_now(s->config.loop);
}

static void session_words(struct session *s, const char *what, const char *why)
{
	char words[WORDS_STRLEN];

	snprintf(words, sizeof(words), "%s: %s", what, why);
	s->config.ops->failed(s->config.user, words);
}

/* Whoever gets a segment with a wrong signature drops it without a word. */
static void no_answer_words(struct session *s)
{
	static const char *const why[] = {
		[TCP_AUTH_NONE] = "no answer",
		[TCP_AUTH_MD5] = "no answer: is its password (TCP MD5) the same as ours?",
		[TCP_AUTH_AO] = "no answer: are its keys (TCP-AO) the same as ours?",
	};

	session_words(s, "connect", why[s->config.neighbor->socket.auth.kind]);
}

static void on_timer(uv_timer_t *timer)
{
	struct session *s = timer->data;
	enum fsm_event event;

	s->armed_ms = FSM_NEVER;
	while (fsm_expired(&s->fsm, now_ms(s), &event)) {
		if (event == FSM_EVENT_RETRY_EXPIRED && s->fsm.state == FSM_CONNECT)
			no_answer_words(s);
		session_step(s, event, NULL);
	}
}

static void timer_arm(struct session *s)
{
	uint64_t next = fsm_next_ms(&s->fsm), now = now_ms(s);

	if (next == s->armed_ms)
		return;
	s->armed_ms = next;
	if (next == FSM_NEVER)
		uv_timer_stop(&s->timer);
	else
		uv_timer_start(&s->timer, on_timer, next > now ? next - now : 0, 0);
}

void session_send(struct session *s, uint8_t **octets, size_t len)
{
	bool waited;

	if (!s->transport) {
		freep(octets);
		return;
	}
	waited = transport_waiting(s->transport);
	if (transport_send(s->transport, octets, len) < 0)
		return; /* the reading side reports it */
	if (!waited && transport_waiting(s->transport))
		fsm_sending(&s->fsm, true, now_ms(s));
	timer_arm(s);
}

static void message_send(struct session *s, const struct writer *w)
{
	_cleanup_(freep) uint8_t *octets = malloc(writer_len(w));

	if (!octets)
		return; /* as if it were lost: the hold timer of either side ends this */
	memcpy(octets, w->start, writer_len(w));
	session_send(s, &octets, writer_len(w));
}

/* A copy in place of what was there; lack of memory leaves it empty. */
static void octets_keep(struct bgp_bytes *kept, const void *octets, size_t len)
{
	free(kept->at);
	*kept = (struct bgp_bytes){ .at = malloc(len) };
	if (!kept->at)
		return;
	memcpy(kept->at, octets, len);
	kept->len = len;
}

/* The message around a body that has just been read off the stream. */
static void message_keep(struct bgp_bytes *kept, const struct cursor *body)
{
	octets_keep(kept, body->at - MESSAGE_HEADER_LEN, cursor_left(body) + MESSAGE_HEADER_LEN);
}

static void octets_drop(struct bgp_bytes *kept)
{
	free(kept->at);
	*kept = (struct bgp_bytes){ 0 };
}

static void open_send(struct session *s)
{
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	graceful_say(s->config.self, s->config.neighbor, &s->ours);
	open_encode(&s->ours, &w);
	octets_keep(&s->open_sent, octets, writer_len(&w));
	message_send(s, &w);
}

static void keepalive_send(struct session *s)
{
	uint8_t octets[MESSAGE_HEADER_LEN];
	struct writer w = writer_of(octets, sizeof(octets));

	keepalive_encode(&w);
	message_send(s, &w);
}

/* Goes out at once or not at all: behind a full queue nobody reads it anyway. */
static void notification_send(struct session *s, const struct fsm_result *result,
			      const struct notification *event)
{
	struct notification n = { .code = result->code, .subcode = result->subcode };
	bool told = s->transport && !transport_waiting(s->transport);
	char text[NOTIFICATION_STRLEN];
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	if (!n.code && event)
		n = *event;
	notification_encode(&n, &w);
	s->ending = told ? BGP_ENDED_BY_US : BGP_ENDED_BY_US_SILENTLY;
	if (told) {
		octets_keep(&s->notification, octets, writer_len(&w));
		message_send(s, &w);
	}
	s->config.ops->notified(s->config.user, s, true, told, &n);
	session_words(s, told ? "sent" : "the neighbor does not read",
		      notification_format(&n, text));
}

static const struct transport_ops transport_ops;

static void session_dial(struct session *s)
{
	const struct bgp_neighbor_config *n = s->config.neighbor;
	struct transport_peer peer = { .local = &n->local,
				       .remote = &n->remote,
				       .port = n->port ? n->port : PORT_BGP,
				       .options = &n->socket };
	int r = transport_dial(s->config.loop, &peer, &s->transport);

	if (r < 0) {
		session_words(s, "connect", uv_strerror(r));
		session_step(s, FSM_EVENT_TCP_DOWN, NULL);
		return;
	}
	transport_attach(s->transport, &transport_ops, s);
}

/* A connection is there, dialled or accepted. */
static void session_connected(struct session *s)
{
	int r;

	s->codec = (struct bgp_codec){ 0 }; /* that of another connection */
	transport_attach(s->transport, &transport_ops, s);
	s->local_port = transport_local_port(s->transport);
	s->remote_port = transport_remote_port(s->transport);
	s->ending = BGP_ENDED_BY_THEM_SILENTLY;
	octets_drop(&s->notification);
	r = transport_read(s->transport);
	if (r < 0)
		session_words(s, "read", uv_strerror(r));
	session_step(s, r < 0 ? FSM_EVENT_TCP_DOWN : FSM_EVENT_TCP_UP, NULL);
}

static void session_unpark(struct session *s)
{
	if (s->fsm.state != FSM_ACTIVE || !s->parked || s->transport)
		return;
	s->transport = TAKE_PTR(s->parked);
	session_connected(s);
}

static void session_step(struct session *s, enum fsm_event event,
			 const struct notification *notification)
{
	const struct session_ops *ops = s->config.ops;
	enum fsm_state before = s->fsm.state;
	uint64_t since_ms = s->fsm.since_ms;
	struct fsm_result result = fsm_step(&s->fsm, event, now_ms(s));
	enum fsm_state after = s->fsm.state; /* what follows may step again */

	if (result.actions & FSM_NOTIFY)
		notification_send(s, &result, notification);
	if (result.actions & FSM_CLOSE)
		transport_close(&s->transport);
	if (result.actions & FSM_DIAL)
		session_dial(s);
	if (result.actions & FSM_SEND_OPEN)
		open_send(s);
	if (result.actions & FSM_SEND_KEEPALIVE)
		keepalive_send(s);
	if (result.actions & FSM_UP)
		ops->up(s->config.user, s);
	if (before != FSM_IDLE && after == FSM_IDLE)
		ops->down(s->config.user, s, result.actions & FSM_DOWN ? now_ms(s) - since_ms : 0);
	if (event == FSM_EVENT_START)
		session_unpark(s);
	timer_arm(s);
}

void session_fail(struct session *s, const struct notification *notification)
{
	session_step(s, FSM_EVENT_MESSAGE_BAD, notification);
}

static void open_fault(struct session *s, uint8_t subcode)
{
	session_fail(s, &(struct notification){ .code = NOTIFICATION_OPEN, .subcode = subcode });
}

static bool as_is_expected(const struct bgp_neighbor_config *n, uint32_t as)
{
	uint32_t max = n->remote_as_max ? n->remote_as_max : n->remote_as;

	return as >= n->remote_as && as <= max;
}

/* RFC 4271 section 6.2, RFC 6286 section 2.2, RFC 5492 section 3. 0: nothing against it. */
static uint8_t open_check(const struct session *s, const struct bgp_open *theirs)
{
	if (!as_is_expected(s->config.neighbor, theirs->as))
		return OPEN_BAD_PEER_AS;
	if (theirs->as == s->ours.as && !memcmp(theirs->id, s->ours.id, sizeof(theirs->id)))
		return OPEN_BAD_IDENTIFIER;
	if (!(theirs->families & s->ours.families))
		return OPEN_UNSUPPORTED_CAPABILITY;
	return 0;
}

bool session_inside(const struct bgp_neighbor_config *n, bool ibgp)
{
	return n->domain == BGP_DOMAIN_BY_AS ? ibgp : n->domain == BGP_DOMAIN_INSIDE;
}

static void receive_open(struct session *s, struct cursor *body)
{
	struct notification fault;
	struct bgp_open theirs;
	uint8_t subcode;

	if (s->fsm.state != FSM_OPEN_SENT) {
		session_step(s, FSM_EVENT_OPEN, NULL);
		return;
	}
	message_keep(&s->open_received, body);
	if (open_decode(body, s->ours.edge_metadata_code, &theirs, &fault) < 0) {
		session_fail(s, &fault);
		return;
	}
	subcode = open_check(s, &theirs);
	if (subcode) {
		open_fault(s, subcode);
		return;
	}
	s->theirs = theirs;
	s->codec = open_negotiate(&s->ours, &theirs);
	s->codec.metadata = s->config.bgp->metadata;
	s->codec.inside = session_inside(s->config.neighbor, s->codec.ibgp);
	if (s->codec.inside) {
		s->codec.carriers_send = s->config.neighbor->carriers_send;
		s->codec.carriers_accept = s->config.neighbor->carriers_accept;
	}
	fsm_negotiate_hold(&s->fsm, s->ours.hold_s, theirs.hold_s);
	session_step(
		s, s->config.ops->opened(s->config.user, s) ? FSM_EVENT_OPEN : FSM_EVENT_COLLISION,
		NULL);
}

static void receive_update(struct session *s, struct cursor *body)
{
	session_step(s, FSM_EVENT_UPDATE, NULL);
	if (s->fsm.state == FSM_ESTABLISHED)
		s->config.ops->update(s->config.user, s, *body);
}

static void receive_notification(struct session *s, struct cursor *body)
{
	char text[NOTIFICATION_STRLEN];
	struct notification n;

	s->ending = BGP_ENDED_BY_THEM;
	message_keep(&s->notification, body);
	if (notification_decode(body, &n) == 0) {
		s->config.ops->notified(s->config.user, s, false, true, &n);
		session_words(s, "received", notification_format(&n, text));
	}
	session_step(s, FSM_EVENT_NOTIFICATION, NULL);
}

static void receive_keepalive(struct session *s, struct cursor *body)
{
	session_step(s, FSM_EVENT_KEEPALIVE, NULL);
}

/* RFC 2918 section 4: a family that was not agreed on is ignored. */
static void receive_refresh(struct session *s, struct cursor *body)
{
	struct route_refresh refresh;
	struct notification fault;
	int r;

	session_step(s, FSM_EVENT_UPDATE, NULL);
	if (s->fsm.state != FSM_ESTABLISHED)
		return;
	r = route_refresh_decode(body, &refresh, &fault);
	if (r == -EBADMSG)
		session_fail(s, &fault);
	else if (r == 0 && s->codec.families & BIT(refresh.family) &&
		 (refresh.kind == ROUTE_REFRESH_REQUEST || s->codec.enhanced_refresh))
		s->config.ops->refresh(s->config.user, s, &refresh);
}

static void (*const receivers[])(struct session *s, struct cursor *body) = {
	[MESSAGE_OPEN] = receive_open,
	[MESSAGE_UPDATE] = receive_update,
	[MESSAGE_NOTIFICATION] = receive_notification,
	[MESSAGE_KEEPALIVE] = receive_keepalive,
	[MESSAGE_ROUTE_REFRESH] = receive_refresh,
};

static size_t on_received(void *user, const uint8_t *octets, size_t len)
{
	struct session *s = user;
	const struct transport *transport = s->transport;
	struct cursor stream = cursor_of(octets, len);
	struct notification fault;
	struct message message;
	int r = 1;

	/* A step may have closed this connection, and even have dialled another one. */
	while (r > 0 && s->transport == transport) {
		r = s->codec.extended_message ? message_read_extended(&stream, &message, &fault)
					      : message_read(&stream, &message, &fault);
		if (r > 0)
			receivers[message.type](s, &message.body);
		else if (r < 0)
			session_fail(s, &fault);
	}
	s->config.ops->settled(s->config.user);
	return len - cursor_left(&stream);
}

static void on_connected(void *user, int status)
{
	struct session *s = user;

	if (status == 0) {
		session_connected(s);
		return;
	}
	session_words(s, "connect", uv_strerror(status));
	session_step(s, FSM_EVENT_TCP_DOWN, NULL);
}

static void on_ended(void *user, int status)
{
	struct session *s = user;

	session_words(s, "connection lost",
		      status == UV_EOF ? "closed by the neighbor" : uv_strerror(status));
	session_step(s, FSM_EVENT_TCP_DOWN, NULL);
	s->config.ops->settled(s->config.user);
}

/* What was kept back goes out before the loop waits again, by neighbor_flush(). */
static void on_drained(void *user)
{
	struct session *s = user;

	fsm_sending(&s->fsm, false, now_ms(s));
	timer_arm(s);
}

static const struct transport_ops transport_ops = {
	.connected = on_connected,
	.received = on_received,
	.ended = on_ended,
	.drained = on_drained,
};

static struct bgp_open session_open(const struct session_config *config)
{
	const struct bgp_neighbor_config *n = config->neighbor;
	bool inside = session_inside(n, as_is_expected(n, config->bgp->as));
	bool metadata =
		inside && (n->carriers_send | n->carriers_accept) & BGP_CARRIER_EDGE_METADATA;
	struct bgp_open open = {
		.as = config->bgp->as,
		.hold_s = n->hold_s,
		.families = n->families,
		.add_path_send = n->add_path_send ? n->families : 0,
		.add_path_receive = n->add_path_receive ? n->families : 0,
		.edge_metadata = metadata ? n->families : 0,
		.edge_metadata_code = metadata ? OPEN_EDGE_METADATA : 0,
		.extended_next_hop = n->families & OPEN_EXTENDED_NEXT_HOP,
		.route_refresh = true,
		.enhanced_refresh = true,
		.extended_message = n->extended_messages,
		.as4 = true,
	};

	memcpy(open.id, config->bgp->router_id, sizeof(open.id));
	return open;
}

struct session *session_new(const struct session_config *config)
{
	_cleanup_(freep) struct session *s = calloc(1, sizeof(*s));
	uint64_t seed = 0;

	if (!s || uv_timer_init(config->loop, &s->timer) < 0)
		return NULL;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = uv_hrtime();
	s->config = *config;
	s->timer.data = s;
	s->armed_ms = FSM_NEVER;
	s->ours = session_open(config);
	fsm_init(&s->fsm, config->passive, config->neighbor->retry_s, seed, now_ms(s));
	s->fsm.send_hold_ms = config->neighbor->send_hold_s * 1000u;
	return TAKE_PTR(s);
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void session_free(struct session **session)
{
	struct session *s = TAKE_PTR(*session);

	if (!s)
		return;
	transport_close(&s->transport);
	transport_close(&s->parked);
	octets_drop(&s->open_sent);
	octets_drop(&s->open_received);
	octets_drop(&s->notification);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

void session_start(struct session *s, uint64_t delay_ms)
{
	fsm_start_after(&s->fsm, delay_ms, now_ms(s));
	timer_arm(s);
}

void session_stop(struct session *s, const struct notification *notification)
{
	session_step(s, FSM_EVENT_STOP, notification);
	transport_close(&s->parked);
}

void session_lose(struct session *s, const char *why)
{
	session_words(s, "closed", why);
	session_step(s, FSM_EVENT_TCP_DOWN, NULL);
}

void session_collide(struct session *s)
{
	session_step(s, FSM_EVENT_COLLISION, NULL);
}

void session_accept(struct session *s, struct transport **transport)
{
	/* Who dials again has given up the connection it had, as far as nothing came of it. */
	if (s->fsm.state == FSM_OPEN_SENT || s->fsm.state == FSM_OPEN_CONFIRM)
		session_step(s, FSM_EVENT_TCP_DOWN, NULL);
	transport_close(&s->parked);
	if (s->fsm.state == FSM_ACTIVE || s->fsm.due_ms[FSM_TIMER_START] != FSM_NEVER)
		s->parked = TAKE_PTR(*transport);
	else
		transport_close(transport);
	session_unpark(s);
}

int session_rekey(struct session *s, const struct tcp_auth *auth)
{
	const struct bgp_neighbor_config *n = s->config.neighbor;
	/* The kernel gives an accepted connection its TCP MD5 key for its host, and its TCP-AO keys
	 * as the listener has them. */
	bool ranged = n->dynamic && auth->kind == TCP_AUTH_AO;
	struct prefix host = ranged ? n->range : prefix_of_host(&n->remote);
	struct transport *const connections[] = { s->transport, s->parked };
	int first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(connections); i++) {
		int r = connections[i]
				? transport_rekey(connections[i], &n->socket.auth, auth, &host)
				: 0;

		first = first < 0 ? first : r;
	}
	return first;
}

void session_signing(const struct session *s, struct tcp_auth_info *ret)
{
	*ret = (struct tcp_auth_info){ 0 };
	if (s->transport)
		transport_auth_info(s->transport, ret);
}

void session_refresh(struct session *s, enum bgp_family family)
{
	uint8_t octets[MESSAGE_HEADER_LEN + 4];
	struct writer w = writer_of(octets, sizeof(octets));

	route_refresh_encode(&(struct route_refresh){ .family = family }, &w);
	message_send(s, &w);
}

bool session_can_send(const struct session *s)
{
	return s->transport && !transport_waiting(s->transport);
}

const struct fsm *session_fsm(const struct session *s)
{
	return &s->fsm;
}

const struct bgp_codec *session_codec(const struct session *s)
{
	return &s->codec;
}

const struct bgp_open *session_ours(const struct session *s)
{
	return &s->ours;
}

const struct bgp_open *session_theirs(const struct session *s)
{
	return &s->theirs;
}

uint16_t session_hold_s(const struct session *s)
{
	return (uint16_t)(s->fsm.hold_ms / 1000);
}

struct addr session_local(const struct session *s)
{
	return s->transport ? transport_local(s->transport) : (struct addr){ 0 };
}

void session_peer(const struct session *s, struct bgp_peer *ret)
{
	ret->local_port = s->local_port;
	ret->remote_port = s->remote_port;
	ret->open_sent = cursor_of(s->open_sent.at, s->open_sent.len);
	ret->open_received = cursor_of(s->open_received.at, s->open_received.len);
	ret->since_ms = s->fsm.since_ms;
}

struct bgp_ending session_ending(const struct session *s)
{
	return (struct bgp_ending){ .kind = s->ending,
				    .notification =
					    cursor_of(s->notification.at, s->notification.len) };
}
