/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A neighbour of the speaker under test, in the fuzzer's hand: up to two connections with it, what
 * was said on them, and a check of every message that comes back. Traps where one is wrong.
 */
#pragma once
#include "base/util.h"
#include "bgp/message.h"
#include "bgp/open.h"
#include "bgp/update.h"
#include "impossible.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define END_BUFFER (1 << 17)

struct line {
	int fd; /* -1: none */
	struct bgp_open said, heard;
	bool said_open, heard_open;
	bool strange; /* octets went out of which nobody knows what they agree on */
	size_t len;
	uint8_t in[END_BUFFER];
};

enum { LINE_DIALLED, LINE_ACCEPTED, LINES };

struct end {
	struct addr addr;
	int listener;
	struct line line[LINES];
	uint64_t said_ms, heard_ms; /* when the last octets went and came */
};

static inline int end_socket(const struct addr *addr, uint16_t port)
{
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(addr, port, &sa);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, len) < 0)
		return -1;
	return fd;
}

static inline void line_open(struct line *line, int fd)
{
	const struct linger at_once = { .l_onoff = 1 }; /* keeps no port in TIME_WAIT */
	const int on = 1;                               /* what is said is to be there at once */

	line->fd = fd;
	line->said_open = line->heard_open = line->strange = false;
	line->len = 0;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

static inline void line_close(struct line *line)
{
	closep(&line->fd);
	line->fd = -1;
}

static inline void end_dial(struct end *end, const struct addr *remote, uint16_t port)
{
	struct line *line = &end->line[LINE_DIALLED];
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(remote, port, &sa);
	int fd;

	line_close(line);
	fd = end_socket(&end->addr, 0);
	if (fd < 0)
		return;
	if (connect(fd, (struct sockaddr *)&sa, len) < 0)
		close(fd);
	else
		line_open(line, fd);
}

static inline void end_accept(struct end *end)
{
	struct line *line = &end->line[LINE_ACCEPTED];
	int fd = accept4(end->listener, NULL, NULL, SOCK_NONBLOCK);

	if (fd < 0)
		return;
	line_close(line);
	line_open(line, fd);
}

static inline void end_say(struct end *end, struct line *line, const struct writer *w,
			   uint64_t now_ms)
{
	if (line->fd < 0 || w->bad)
		return;
	send(line->fd, w->start, writer_len(w), MSG_NOSIGNAL);
	end->said_ms = now_ms;
}

static inline void end_say_open(struct end *end, struct line *line, const struct bgp_open *open,
				uint64_t now_ms)
{
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	open_encode(open, &w);
	line->strange |= line->said_open;
	line->said = *open;
	line->said_open = true;
	end_say(end, line, &w, now_ms);
}

/* What a speaker passes on has to be good for whom it is passed on to. */
static inline void check_passed_on(const struct line *line, struct cursor body)
{
	static struct bgp_update update;
	struct bgp_codec codec;
	struct update_item item;

	if (!line->said_open || line->strange)
		return;
	codec = open_negotiate(&line->said, &line->heard);
	if (update_decode(&codec, body, &update) > FAULT_DISCARD)
		impossible("an UPDATE of the speaker is malformed");
	while (update_next(&update, &item))
		;
}

static inline void check_message(struct line *line, struct message *m)
{
	struct notification n;

	if (!line->heard_open && m->type != MESSAGE_OPEN && m->type != MESSAGE_NOTIFICATION)
		impossible("something went before OPEN"); /* RFC 4271 section 8.2.2 */
	if (m->type == MESSAGE_OPEN) {
		if (line->heard_open ||
		    open_decode(&m->body, OPEN_EDGE_METADATA, &line->heard, &n) < 0)
			impossible("an OPEN of the speaker is malformed, or its second");
		line->heard_open = true;
	} else if (m->type == MESSAGE_UPDATE) {
		check_passed_on(line, m->body);
	} else if (m->type == MESSAGE_NOTIFICATION && notification_decode(&m->body, &n) < 0) {
		impossible("a NOTIFICATION of the speaker is malformed");
	}
}

/* Reads what has come, to the end of its last whole message. */
static inline void line_listen(struct end *end, struct line *line, uint64_t now_ms)
{
	struct notification fault;
	struct message message;
	struct cursor c;
	ssize_t n;
	int r;

	if (line->fd < 0)
		return;
	while ((n = recv(line->fd, line->in + line->len, sizeof(line->in) - line->len, 0)) > 0) {
		end->heard_ms = now_ms;
		line->len += (size_t)n;
		c = cursor_of(line->in, line->len);
		while ((r = message_read(&c, &message, &fault)) == 1)
			check_message(line, &message);
		if (r < 0)
			impossible("a frame of the speaker is malformed");
		line->len = cursor_left(&c);
		memmove(line->in, c.at, line->len);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN))
		line_close(line);
}

static inline void end_listen(struct end *end, uint64_t now_ms)
{
	for (int i = 0; i < LINES; i++)
		line_listen(end, &end->line[i], now_ms);
}

/* The listener stays for the next run. */
static inline void end_hang_up(struct end *end)
{
	end_accept(end);
	for (int i = 0; i < LINES; i++)
		line_close(&end->line[i]);
}
