/* SPDX-License-Identifier: BSD-2-Clause */
/* show igp. */
#include "mgmt/request.h"

#include <linux/rtnetlink.h>

/* As ip(8) names those that are common; others by number. */
static void put_protocol(json_t *object, uint8_t protocol)
{
	static const char *const names[] = {
		[RTPROT_KERNEL] = "kernel", [RTPROT_BOOT] = "boot",   [RTPROT_STATIC] = "static",
		[RTPROT_RA] = "ra",         [RTPROT_ZEBRA] = "zebra", [RTPROT_BIRD] = "bird",
		[RTPROT_ISIS] = "isis",     [RTPROT_OSPF] = "ospf"
	};
	const char *name = protocol < sizeof(names) / sizeof(*names) ? names[protocol] : NULL;

	if (name)
		answer_text(object, "protocol", name);
	else if (protocol)
		answer_count(object, "protocol-number", protocol);
}

static void put_next_hop(json_t *object, const struct addr *addr, const struct igp_route *route)
{
	char text[ADDR_STRLEN];

	answer_text(object, "address", addr_format(addr, text));
	answer_flag(object, "reachable", route->reachable);
	if (route->reachable) {
		answer_count(object, "metric", route->metric);
		answer_count(object, "prefix-length", route->len);
		put_protocol(object, route->protocol);
	}
	answer_text(object, "fault", route->fault);
}

json_t *show_igp(const struct request *request)
{
	json_t *answer = json_object(), *next_hops = answer_array(answer, "next-hops");
	const struct igp *igp = request->context->igp;
	struct igp_route route;
	struct addr addr;

	answer_flag(answer, "on", igp);
	for (size_t i = 0; igp && igp_next_hop(igp, i, &addr, &route); i++)
		put_next_hop(answer_append(next_hops), &addr, &route);
	return answer;
}
