/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/listener.h"
#include "base/log.h"
#include "base/util.h"

#include <errno.h>

#define BACKLOG 128
/* Connections taken in one turn of the loop; more of them wait in the backlog, which the kernel
 * bounds, so that a flood costs neighbours no time and no more memory than this. */
#define TURN_MAX 64

struct listener {
	uv_tcp_t tcp;
	uv_check_t turn;      /* a new turn of the loop has begun */
	unsigned int handles; /* of the two above, those that libuv still knows */
	unsigned int taken;   /* in this turn */
	bool waits;           /* libuv holds one that was left for the next turn */
	listener_accept *accept;
	void *user;
};

static void listener_take(struct listener *l)
{
	_cleanup_(transport_close) struct transport *transport = NULL;

	l->taken++;
	if (transport_accept((uv_stream_t *)&l->tcp, &transport) < 0 || !l->accept)
		return;
	l->accept(l->user, &transport);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct listener *l = stream->data;

	if (status < 0)
		return;
	l->waits = l->taken >= TURN_MAX;
	if (!l->waits)
		listener_take(l);
}

static void on_turn(uv_check_t *turn)
{
	struct listener *l = turn->data;

	l->taken = 0;
	if (!l->waits)
		return;
	l->waits = false;
	listener_take(l);
}

static void on_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	if (!--l->handles)
		free(l);
}

void listener_free(struct listener **listener)
{
	struct listener *l = TAKE_PTR(*listener);

	if (!l)
		return;
	l->accept = NULL;
	uv_close((uv_handle_t *)&l->tcp, on_closed);
	uv_close((uv_handle_t *)&l->turn, on_closed);
}

static int listener_fd(const struct listener *l)
{
	uv_os_fd_t fd = -1;

	uv_fileno((const uv_handle_t *)&l->tcp, &fd);
	return fd;
}

static int listener_open(struct listener *l, const struct addr *addr, uint16_t port)
{
	struct sockaddr_storage sa;
	int r;

	/* libuv sets SO_REUSEADDR, and clears IPV6_V6ONLY: `::` takes both families. */
	addr_to_sockaddr(addr, port, &sa);
	r = uv_tcp_bind(&l->tcp, (const struct sockaddr *)&sa, 0);
	r = r < 0 ? r : socket_options_listen(listener_fd(l));
	r = r < 0 ? r : uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
	if (r < 0)
		return r;
	uv_check_start(&l->turn, on_turn);
	uv_unref((uv_handle_t *)&l->turn);
	return 0;
}

static const char *listen_hint(int error)
{
	switch (error) {
	case -EADDRINUSE:
		return " (is another BGP speaker here? `ss -ltnp` names it; else set 'listen' or "
		       "'port' of 'bgp')";
	case -EADDRNOTAVAIL:
		return " (no interface has this address: set 'listen' of 'bgp')";
	case -EACCES:
		return " (it takes CAP_NET_BIND_SERVICE)";
	}
	return "";
}

int listener_new(uv_loop_t *loop, const struct addr *addr, uint16_t port, struct listener **ret)
{
	_cleanup_(freep) struct listener *fresh = calloc(1, sizeof(*fresh));
	_cleanup_(listener_free) struct listener *l = NULL;
	char text[ADDR_STRLEN];
	int r;

	if (!fresh)
		return -ENOMEM;
	r = uv_tcp_init(loop, &fresh->tcp);
	if (r < 0)
		return log_err(r, "bgp: no socket to listen on");
	uv_check_init(loop, &fresh->turn); /* cannot fail */
	l = TAKE_PTR(fresh);
	l->handles = 2;
	l->tcp.data = l->turn.data = l;
	r = listener_open(l, addr, port);
	if (r < 0)
		return log_err(r, "bgp: cannot listen on %s, port %u%s", addr_format(addr, text),
			       port, listen_hint(r));
	*ret = TAKE_PTR(l);
	return 0;
}

void listener_start(struct listener *listener, listener_accept *accept, void *user)
{
	listener->accept = accept;
	listener->user = user;
}

int listener_rekey(struct listener *listener, const struct tcp_auth *from,
		   const struct tcp_auth *to, const struct prefix *peer)
{
	return listener ? socket_auth_change(listener_fd(listener), from, to, peer) : 0;
}
