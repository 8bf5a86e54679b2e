/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe/reflector.h"

#include "base/log.h"
#include "base/util.h"
#include "probe/port.h"

#include <errno.h>

struct reflector {
	struct reflector_config config;
	struct port *port[2]; /* IPv4, IPv6 */
	struct reflector_counts counts;
	uint64_t next_ns; /* the time of the next token; it may lie a second ahead */
};

static bool reflector_allows(struct reflector *reflector)
{
	uint64_t now = uv_hrtime(), clock = 1000000000 / reflector->config.rate_max;
	uint64_t next = reflector->next_ns > now ? reflector->next_ns : now;

	if (next + clock > now + 1000000000)
		return false;
	reflector->next_ns = next + clock;
	return true;
}

static struct port *reflector_port(const struct reflector *reflector, const struct addr *to)
{
	return reflector->port[!addr_is_v4(to)];
}

static void reflector_answer(struct reflector *reflector, struct port_packet *packet,
			     const struct stamp_request *request)
{
	struct stamp_reply reply = {
		.seq = request->seq, /* stateless: RFC 8762 section 4.3 */
		.received = stamp_time(&packet->received),
		.error = STAMP_ERROR_OURS,
		.ssid = request->ssid,
		.request = *request,
		.ttl = packet->ttl,
	};
	struct timespec now;
	int r;

	clock_gettime(CLOCK_REALTIME, &now);
	reply.sent = stamp_time(&now);
	stamp_reflect(packet->octets, packet->len, &reflector->config.key, &reply);
	r = port_send(reflector_port(reflector, &packet->from), &packet->to, &packet->from,
		      packet->from_port, packet->octets, packet->len, NULL);
	if (r < 0)
		reflector->counts.unsent++;
	else
		reflector->counts.reflected++;
}

static void on_received(void *user, struct port_packet *packet)
{
	struct reflector *reflector = user;
	struct stamp_request request;
	int r = stamp_request_decode(packet->octets, packet->len, &reflector->config.key, &request);

	if (r == -EACCES)
		reflector->counts.refused++;
	else if (r < 0)
		reflector->counts.malformed++;
	else if (!reflector_allows(reflector))
		reflector->counts.limited++;
	else
		reflector_answer(reflector, packet, &request);
}

static const struct port_ops port_ops = { .received = on_received };

int reflector_new(uv_loop_t *loop, const struct reflector_config *config, struct reflector **ret)
{
	static const uint8_t any_v4[4];
	struct port_config port[2] = { { .local = addr_of_v4(any_v4), .port = config->port },
				       { .port = config->port } };
	struct reflector *reflector = calloc(1, sizeof(*reflector));

	if (!reflector)
		return log_err(-ENOMEM, "STAMP reflector");
	reflector->config = *config;
	for (size_t i = 0; i < ARRAY_SIZE(port); i++) {
		int r = port_open(loop, &port[i], &port_ops, reflector, &reflector->port[i]);

		if (r == -EAFNOSUPPORT && i) /* a host without IPv6 */
			continue;
		if (r < 0) {
			reflector_free(&reflector);
			return log_err(r,
				       "STAMP reflector: UDP port %u; is another reflector at "
				       "work? `probe: reflector: port:` names another port",
				       config->port);
		}
	}
	*ret = reflector;
	return 0;
}

void reflector_free(struct reflector **reflector)
{
	if (!*reflector)
		return;
	port_close(&(*reflector)->port[0]);
	port_close(&(*reflector)->port[1]);
	freep(reflector);
}

void reflector_counts(const struct reflector *reflector, struct reflector_counts *ret)
{
	*ret = reflector->counts;
}
