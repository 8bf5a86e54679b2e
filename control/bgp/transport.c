/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/transport.h"
#include "base/util.h"

#include <errno.h>
#include <string.h>

#define RECEIVE_SIZE (16 * 4096) /* the longest message fits in (RFC 8654) */
#define READ_SIZE    (4 * 4096)  /* what one turn of the loop takes from one neighbour at most */

struct transport {
	uv_tcp_t tcp;
	uv_connect_t connect;
	const struct transport_ops *ops; /* NULL: closed, or not attached */
	void *user;
	size_t received;
	bool has_read; /* in this turn of the loop */
	uint8_t octet[RECEIVE_SIZE];
};

struct send {
	uv_write_t write;
	uint8_t *octets;
};

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* libuv owns the handle until on_closed(). */
static int transport_new(uv_loop_t *loop, unsigned int family, struct transport **ret)
{
	_cleanup_(freep) struct transport *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	r = uv_tcp_init_ex(loop, &t->tcp, family);
	if (r < 0)
		return r;
	t->tcp.data = t;
	*ret = TAKE_PTR(t);
	return 0;
}

void transport_close(struct transport **transport)
{
	struct transport *t = TAKE_PTR(*transport);

	if (!t)
		return;
	t->ops = NULL;
	uv_close((uv_handle_t *)&t->tcp, on_closed);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct transport *t = handle->data;

	size_t room = sizeof(t->octet) - t->received;

	/* libuv would read on for as long as there is something. No room makes it leave this
	 * connection to the next turn, so that a flood of one neighbour delays nobody. */
	if (room > READ_SIZE)
		room = READ_SIZE;
	*ret = uv_buf_init((char *)t->octet + t->received, t->has_read ? 0 : (unsigned int)room);
	t->has_read = false;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct transport *t = stream->data;
	size_t used;

	if (!t->ops || !n || n == UV_ENOBUFS)
		return;
	if (n < 0) {
		t->ops->ended(t->user, (int)n);
		return;
	}
	t->has_read = (size_t)n == buf->len; /* else libuv asks no more */
	t->received += (size_t)n;
	used = t->ops->received(t->user, t->octet, t->received);
	if (!t->ops)
		return; /* the owner has closed; the memory is there until on_closed() */
	t->received -= used;
	memmove(t->octet, t->octet + used, t->received);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct transport *t = connect->handle->data;

	if (t->ops)
		t->ops->connected(t->user, status);
}

static int transport_fd(const struct transport *t)
{
	uv_os_fd_t fd = -1;

	uv_fileno((const uv_handle_t *)&t->tcp, &fd);
	return fd;
}

static int transport_connect(struct transport *t, const struct transport_peer *peer)
{
	struct prefix host = prefix_of_host(peer->remote);
	struct sockaddr_storage sa;
	int fd = transport_fd(t), r = socket_options_apply(fd, peer->options, peer->remote);

	if (r < 0)
		return r;
	r = socket_auth_change(fd, NULL, &peer->options->auth, &host);
	if (r < 0)
		return r;
	if (!addr_is_zero(peer->local)) {
		r = socket_options_sockaddr(peer->options, peer->local, 0, &sa);
		r = r < 0 ? r : uv_tcp_bind(&t->tcp, (const struct sockaddr *)&sa, 0);
		if (r < 0)
			return r;
	}
	r = socket_options_sockaddr(peer->options, peer->remote, peer->port, &sa);
	return r < 0 ? r
		     : uv_tcp_connect(&t->connect, &t->tcp, (const struct sockaddr *)&sa,
				      on_connected);
}

int transport_dial(uv_loop_t *loop, const struct transport_peer *peer, struct transport **ret)
{
	_cleanup_(transport_close) struct transport *t = NULL;
	int r = transport_new(loop, addr_is_v4(peer->remote) ? AF_INET : AF_INET6, &t);

	if (r < 0)
		return r;
	r = transport_connect(t, peer);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(t);
	return 0;
}

int transport_accept(uv_stream_t *listener, struct transport **ret)
{
	_cleanup_(transport_close) struct transport *t = NULL;
	int r = transport_new(listener->loop, AF_UNSPEC, &t);

	if (r < 0)
		return r;
	r = uv_accept(listener, (uv_stream_t *)&t->tcp);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(t);
	return 0;
}

int transport_options(struct transport *transport, const struct socket_options *options)
{
	struct addr remote = transport_remote(transport);

	return socket_options_apply(transport_fd(transport), options, &remote);
}

int transport_rekey(struct transport *transport, const struct tcp_auth *from,
		    const struct tcp_auth *to, const struct prefix *peer)
{
	return socket_auth_change(transport_fd(transport), from, to, peer);
}

int transport_auth_info(const struct transport *transport, struct tcp_auth_info *ret)
{
	return socket_auth_info(transport_fd(transport), ret);
}

void transport_attach(struct transport *transport, const struct transport_ops *ops, void *user)
{
	transport->ops = ops;
	transport->user = user;
}

int transport_read(struct transport *transport)
{
	uv_tcp_nodelay(&transport->tcp, 1);
	return uv_read_start((uv_stream_t *)&transport->tcp, on_alloc, on_read);
}

static void send_free(struct send **send)
{
	if (!*send)
		return;
	free((*send)->octets);
	free(*send);
	*send = NULL;
}

static void on_written(uv_write_t *write, int status)
{
	struct transport *t = write->handle->data;
	struct send *send = write->data;

	send_free(&send);
	/* A failed write ends the reading side, too, which reports it once. */
	if (t->ops && status == 0 && !transport_waiting(t))
		t->ops->drained(t->user);
}

int transport_send(struct transport *transport, uint8_t **octets, size_t len)
{
	_cleanup_(send_free) struct send *send = calloc(1, sizeof(*send));
	uv_buf_t buf = uv_buf_init((char *)*octets, (unsigned int)len);
	int r;

	if (!send) {
		freep(octets);
		return -ENOMEM;
	}
	send->write.data = send;
	send->octets = TAKE_PTR(*octets);
	r = uv_write(&send->write, (uv_stream_t *)&transport->tcp, &buf, 1, on_written);
	if (r == 0)
		TAKE_PTR(send);
	return r;
}

size_t transport_waiting(const struct transport *transport)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&transport->tcp);
}

/* Zeros where there is no address. */
static struct sockaddr_storage address_of(const struct transport *t,
					  int (*get)(const uv_tcp_t *, struct sockaddr *, int *))
{
	struct sockaddr_storage sa = { 0 };
	int len = sizeof(sa);

	get(&t->tcp, (struct sockaddr *)&sa, &len);
	return sa;
}

static struct addr addr_of(struct sockaddr_storage sa)
{
	struct addr addr = { 0 };

	addr_of_sockaddr((const struct sockaddr *)&sa, &addr);
	return addr;
}

static uint16_t port_of(struct sockaddr_storage sa)
{
	return ntohs(sa.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&sa)->sin6_port
					      : ((struct sockaddr_in *)&sa)->sin_port);
}

struct addr transport_local(const struct transport *transport)
{
	return addr_of(address_of(transport, uv_tcp_getsockname));
}

struct addr transport_remote(const struct transport *transport)
{
	return addr_of(address_of(transport, uv_tcp_getpeername));
}

uint16_t transport_local_port(const struct transport *transport)
{
	return port_of(address_of(transport, uv_tcp_getsockname));
}

uint16_t transport_remote_port(const struct transport *transport)
{
	return port_of(address_of(transport, uv_tcp_getpeername));
}

uint32_t transport_scope(const struct transport *transport)
{
	struct sockaddr_in6 sa = { 0 };
	int len = sizeof(sa);

	if (uv_tcp_getpeername(&transport->tcp, (struct sockaddr *)&sa, &len) < 0 ||
	    sa.sin6_family != AF_INET6 || !IN6_IS_ADDR_LINKLOCAL(&sa.sin6_addr))
		return 0;
	return sa.sin6_scope_id;
}
