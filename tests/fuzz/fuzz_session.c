/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole speaker, whose neighbour sends the input over a real connection. The first octet says how
 * far the session is brought before: bit 0 OPEN, bit 1 KEEPALIVE; bit 2 with Add-Path, bit 3 iBGP.
 */
#include "base/log.h"
#include "base/util.h"
#include "bgp/bgp.h"
#include "bgp/message.h"
#include "bgp/open.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define FAMILIES (BIT(BGP_FAMILY_COUNT) - 1)
#define AS_OURS  65000
#define TURNS    40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_route(void *user, const struct bgp_route *route)
{
	char text[PREFIX_STRLEN];

	prefix_format(&route->dst.prefix, text);
}

static void on_settled(void *user)
{
}

static const struct bgp_ops ops = { on_route, on_route, on_settled };

static void speaker_open(uv_loop_t *loop, uint8_t how, uint16_t port, struct bgp **ret)
{
	struct bgp_config config = { .as = AS_OURS, .router_id = { 127, 0, 0, 1 }, .port = port };
	struct bgp_neighbor_config neighbor = { .remote_as = how & 8 ? AS_OURS : AS_OURS + 1,
						.passive = true,
						.client = true,
						.hold_s = 90,
						.retry_s = 1,
						.families = FAMILIES,
						.add_path_receive = how & 4,
						.carriers_accept = 3,
						.prefix_max = 100 };
	struct bgp_dst dst = { 0 };

	config.listen = addr_of_v4(config.router_id);
	neighbor.remote = addr_of_v4((uint8_t[]){ 127, 0, 0, 2 });
	dst.prefix = prefix_of_host(&config.listen);
	if (bgp_new(loop, &config, &ops, NULL, ret) < 0 ||
	    bgp_originate(*ret, &dst, &(struct bgp_path){ 0 }) < 0 ||
	    bgp_neighbor_add(*ret, &neighbor) < 0)
		die("no speaker");
}

static int dial(uint16_t port)
{
	struct addr local = addr_of_v4((uint8_t[]){ 127, 0, 0, 2 }),
		    remote = addr_of_v4((uint8_t[]){ 127, 0, 0, 1 });
	const struct linger at_once = { .l_onoff = 1 }; /* keeps no port in TIME_WAIT */
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(&local, 0, &sa);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, len) < 0)
		die("no socket");
	len = addr_to_sockaddr(&remote, port, &sa);
	if (connect(fd, (struct sockaddr *)&sa, len) < 0)
		die("no connection");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void say_hello(int fd, uint8_t how)
{
	struct bgp_open open = { .as = how & 8 ? AS_OURS : AS_OURS + 1,
				 .hold_s = 90,
				 .id = { 127, 0, 0, 2 },
				 .families = FAMILIES,
				 .add_path_send = how & 4 ? FAMILIES : 0,
				 .extended_next_hop = true,
				 .route_refresh = true,
				 .as4 = true };
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	if (how & 1)
		open_encode(&open, &w);
	if (how & 2)
		keepalive_encode(&w);
	send(fd, octets, writer_len(&w), MSG_NOSIGNAL);
}

static void turn(uv_loop_t *loop, int fd, int turns)
{
	uint8_t octets[MESSAGE_MAX];

	for (int i = 0; i < turns; i++) {
		uv_run(loop, UV_RUN_NOWAIT);
		while (recv(fd, octets, sizeof(octets), 0) > 0)
			;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint16_t port = (uint16_t)(20000 + getpid() % 20000);
	_cleanup_(closep) int fd = -1;
	_cleanup_(bgp_free) struct bgp *bgp = NULL;
	uv_loop_t loop;

	if (!size)
		return 0;
	log_level_set(LOG_LEVEL_ERR);
	uv_loop_init(&loop);
	speaker_open(&loop, data[0], port, &bgp);
	turn(&loop, fd, 2);
	fd = dial(port);
	turn(&loop, fd, 3);
	say_hello(fd, data[0]);
	turn(&loop, fd, 3);
	send(fd, data + 1, size - 1, MSG_NOSIGNAL);
	turn(&loop, fd, TURNS);
	bgp_free(&bgp);
	uv_run(&loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop) < 0)
		abort(); /* a handle was left open */
	return 0;
}
