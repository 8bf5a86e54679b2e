/* SPDX-License-Identifier: BSD-2-Clause */
/* A neighbour at the other end of a socket that sends what it is told to, right or wrong. */
#pragma once
#include "speakers.h"

#include <fcntl.h>

struct raw {
	struct speakers *all;
	int fd;
	uint8_t in[1 << 16], body[MESSAGE_MAX];
	size_t len;
	bool ended; /* the other side has closed */
};

/* Connects to speaker `to` from the address of speaker `from`, which is not there. */
static inline void raw_open(struct raw *raw, struct speakers *all, int from, int to)
{
	struct addr local = speaker_addr(from), remote = speaker_addr(to);
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(&local, 0, &sa);

	*raw = (struct raw){ .all = all, .fd = socket(AF_INET, SOCK_STREAM, 0) };
	cr_assert(bind(raw->fd, (struct sockaddr *)&sa, len) == 0);
	len = addr_to_sockaddr(&remote, all->port, &sa);
	cr_assert(connect(raw->fd, (struct sockaddr *)&sa, len) == 0);
	cr_assert(fcntl(raw->fd, F_SETFL, O_NONBLOCK) == 0);
}

static inline void raw_send(struct raw *raw, const struct writer *w)
{
	cr_assert(w->bad == false);
	cr_assert(send(raw->fd, w->start, writer_len(w), MSG_NOSIGNAL) == (ssize_t)writer_len(w));
}

static inline void raw_send_open(struct raw *raw, const struct bgp_open *open)
{
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	open_encode(open, &w);
	raw_send(raw, &w);
}

static inline void raw_send_keepalive(struct raw *raw)
{
	uint8_t octets[MESSAGE_HEADER_LEN];
	struct writer w = writer_of(octets, sizeof(octets));

	keepalive_encode(&w);
	raw_send(raw, &w);
}

/* Takes one message, if there is one; its body is copied out of the stream. */
static inline bool raw_read(struct raw *raw, struct message *ret)
{
	ssize_t n = recv(raw->fd, raw->in + raw->len, sizeof(raw->in) - raw->len, 0);
	struct notification fault;
	struct cursor c;
	size_t body, left;

	raw->ended |= n == 0 || (n < 0 && errno == ECONNRESET);
	raw->len += n > 0 ? (size_t)n : 0;
	c = cursor_of(raw->in, raw->len);
	if (message_read(&c, ret, &fault) <= 0)
		return false;
	body = cursor_left(&ret->body);
	memcpy(raw->body, ret->body.at, body);
	ret->body = cursor_of(raw->body, body);
	left = cursor_left(&c);
	memmove(raw->in, raw->in + raw->len - left, left);
	raw->len = left;
	return true;
}

/* Skips what is of another type. */
static inline struct message raw_expect(struct raw *raw, enum message_type type)
{
	struct message message = { 0 };

	LOOP_UNTIL(raw->all, raw_read(raw, &message) && message.type == type);
	return message;
}

static inline void raw_expect_notification(struct raw *raw, uint8_t code, uint8_t subcode)
{
	struct message message = raw_expect(raw, MESSAGE_NOTIFICATION);
	struct notification n = { 0 };

	cr_assert(notification_decode(&message.body, &n) == 0);
	cr_expect(eq(u8, n.code, code));
	cr_expect(eq(u8, n.subcode, subcode));
}

/* What a neighbour that does everything says; a test changes what it is about. */
static inline struct bgp_open raw_says(int number)
{
	return (struct bgp_open){ .as = AS_OURS,
				  .hold_s = 90,
				  .id = { 127, 0, 0, (uint8_t)(number + 1) },
				  .families = BIT(BGP_IPV4_UNICAST) | BIT(BGP_IPV6_UNICAST),
				  .add_path_receive = BIT(BGP_IPV4_UNICAST) | BIT(BGP_IPV6_UNICAST),
				  .route_refresh = true,
				  .as4 = true };
}

/* Up to Established. */
static inline void raw_establish(struct raw *raw, const struct bgp_open *open)
{
	raw_send_open(raw, open);
	raw_expect(raw, MESSAGE_OPEN);
	raw_send_keepalive(raw);
	raw_expect(raw, MESSAGE_KEEPALIVE);
}

static inline void raw_close(struct raw *raw)
{
	closep(&raw->fd);
}
