/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer.h"

#include "base/log.h"
#include "base/util.h"
#include "bgp/message.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define IN_SIZE 65536

void peer_close(struct peer *peer)
{
	closep(&peer->fd);
	freep(&peer->in);
}

static const char *peer_name(const struct peer *peer, char ret[ADDR_STRLEN])
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct addr addr = { 0 };

	if (getsockname(peer->fd, (struct sockaddr *)&sa, &len) == 0)
		addr_of_sockaddr((const struct sockaddr *)&sa, &addr);
	return addr_format(&addr, ret);
}

bool peer_early(int error)
{
	return error == -ECONNREFUSED || error == -ECONNRESET || error == -EPIPE;
}

/* Nothing is said of a router that is still starting. */
static int peer_failed(const struct peer *peer, int error, const char *words)
{
	char name[ADDR_STRLEN];

	if (!peer->codec.local_as && peer_early(error))
		return error;
	return log_err(error, "session of %s: %s", peer_name(peer, name), words);
}

static int peer_connect(struct peer *peer, const struct peer_config *config)
{
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(&config->local, 0, &sa);
	int one = 1;

	peer->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (peer->fd < 0 || bind(peer->fd, (struct sockaddr *)&sa, len) < 0)
		return log_err(-errno, "cannot make a session's socket");
	len = addr_to_sockaddr(&config->remote, config->port, &sa);
	if (connect(peer->fd, (struct sockaddr *)&sa, len) < 0)
		return peer_failed(peer, -errno, "cannot connect");
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(peer->fd, F_SETFL, O_NONBLOCK);
	return 0;
}

/* Small messages; what does not go at once is a router that does not read. */
static int message_write(struct peer *peer, const struct writer *w)
{
	ssize_t n = send(peer->fd, w->start, writer_len(w), MSG_NOSIGNAL);

	return n == (ssize_t)writer_len(w) ? 0 : peer_failed(peer, -EPIPE, "cannot send");
}

static int keepalive_write(struct peer *peer)
{
	uint8_t octets[MESSAGE_HEADER_LEN];
	struct writer w = writer_of(octets, sizeof(octets));

	keepalive_encode(&w);
	peer->keepalive_ns = clock_ns() + peer->hold_s * UINT64_C(1000000000) / 3;
	return message_write(peer, &w);
}

static int open_write(struct peer *peer, const struct bgp_open *ours)
{
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	open_encode(ours, &w);
	return message_write(peer, &w);
}

/* More octets behind what is there. 1: some, 0: none now, or negative. */
static int peer_read(struct peer *peer)
{
	uint64_t now = clock_ns();
	ssize_t n;

	memmove(peer->in, peer->in + peer->in_at, peer->in_len);
	peer->in_at = 0;
	n = recv(peer->fd, peer->in + peer->in_len, IN_SIZE - peer->in_len, 0);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return peer_failed(peer, -errno, "cannot receive");
	if (n == 0)
		return peer_failed(peer, -ECONNRESET, "closed by the router");
	if (now - peer->heard_ns > peer->silent_ns)
		peer->silent_ns = now - peer->heard_ns;
	peer->heard_ns = now;
	peer->in_len += (size_t)n;
	peer->received += (size_t)n;
	return 1;
}

static int notified(struct peer *peer, struct cursor body)
{
	char text[NOTIFICATION_STRLEN] = "NOTIFICATION";
	struct notification n;

	if (notification_decode(&body, &n) == 0)
		notification_format(&n, text);
	return peer_failed(peer, -ECONNABORTED, text);
}

/* 1: *ret is the next message, borrowed until the next read; 0: none has come whole. */
static int peer_message(struct peer *peer, struct message *ret)
{
	struct cursor stream = cursor_of(peer->in + peer->in_at, peer->in_len);
	struct notification fault;
	int r = message_read(&stream, ret, &fault);

	if (r < 0)
		return peer_failed(peer, r, "what came is no message");
	peer->in_at += peer->in_len - cursor_left(&stream);
	peer->in_len = cursor_left(&stream);
	return r > 0 && ret->type == MESSAGE_NOTIFICATION ? notified(peer, ret->body) : r;
}

static int peer_await(struct peer *peer, enum message_type type, uint64_t until_ns,
		      struct message *ret)
{
	for (;;) {
		struct pollfd ready = { .fd = peer->fd, .events = POLLIN };
		int r = peer_message(peer, ret);

		if (r > 0 && ret->type == type)
			return 0;
		if (r == 0) {
			poll(&ready, 1, 10);
			r = peer_read(peer);
		}
		if (r < 0)
			return r;
		if (clock_ns() > until_ns)
			return peer_failed(peer, -ETIMEDOUT, "no answer to our OPEN");
	}
}

static int peer_negotiate(struct peer *peer, const struct bgp_open *ours, uint64_t until_ns)
{
	struct notification fault;
	struct bgp_open theirs;
	struct message message;
	int r = open_write(peer, ours);

	if (r == 0)
		r = peer_await(peer, MESSAGE_OPEN, until_ns, &message);
	if (r == 0 && open_decode(&message.body, ours->edge_metadata_code, &theirs, &fault) < 0)
		r = peer_failed(peer, -EBADMSG, "the router's OPEN is at fault");
	if (r < 0)
		return r;
	peer->codec = open_negotiate(ours, &theirs);
	peer->codec.carriers_send = peer->codec.carriers_accept = BGP_CARRIER_COMMUNITY;
	peer->codec.inside = true;
	peer->hold_s = ours->hold_s < theirs.hold_s ? ours->hold_s : theirs.hold_s;
	r = keepalive_write(peer);
	return r < 0 ? r : peer_await(peer, MESSAGE_KEEPALIVE, until_ns, &message);
}

int peer_open(struct peer *peer, const struct peer_config *config, int timeout_ms)
{
	uint64_t until_ns = clock_ns() + (uint64_t)timeout_ms * 1000000;
	struct peer opened = { .fd = -1, .update = peer->update, .user = peer->user };
	int r = peer_connect(&opened, config);

	opened.in = malloc(IN_SIZE);
	opened.heard_ns = clock_ns();
	if (r == 0)
		r = opened.in ? peer_negotiate(&opened, &config->open, until_ns) : -ENOMEM;
	if (r < 0)
		peer_close(&opened);
	else
		*peer = opened;
	return r;
}

void peer_send(struct peer *peer, const void *octets, size_t len)
{
	peer->send = octets;
	peer->send_len = len;
}

bool peer_sent(const struct peer *peer)
{
	return !peer->send_len;
}

short peer_events(const struct peer *peer)
{
	return (short)(POLLIN | (peer->send_len ? POLLOUT : 0));
}

static int peer_flush(struct peer *peer)
{
	ssize_t n = send(peer->fd, peer->send, peer->send_len, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN ? 0 : peer_failed(peer, -errno, "cannot send");
	peer->send += n;
	peer->send_len -= (size_t)n;
	return 0;
}

static int peer_messages(struct peer *peer)
{
	struct message message;
	int r;

	while ((r = peer_message(peer, &message)) > 0) {
		if (message.type == MESSAGE_UPDATE)
			r = peer->update(peer->user, peer, message.body);
		if (r < 0)
			break;
	}
	return r;
}

/* Between two messages: while one is under way, what is sent keeps the session. */
bool peer_is_due(const struct peer *peer)
{
	return peer->hold_s && !peer->send_len && clock_ns() >= peer->keepalive_ns;
}

int peer_pump(struct peer *peer)
{
	int r = 0;

	if (peer_is_due(peer))
		r = keepalive_write(peer);
	if (r == 0 && peer->send_len)
		r = peer_flush(peer);
	if (r < 0)
		return r;
	r = peer_read(peer);
	return r > 0 ? peer_messages(peer) : r;
}
