/* SPDX-License-Identifier: BSD-2-Clause */
#include "told.h"

#include "base/log.h"
#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_S 60

json_t *told_services(const struct fleet *fleet, const char *service)
{
	json_t *request =
		json_pack("{ss ss ss*}", "verb", "show", "object", "services", "service", service);
	struct daemon_address daemon = { .timeout_s = ANSWER_S };
	json_t *answer;
	char path[100];

	snprintf(path, sizeof(path), "%s/" FLEET_SOCKET, fleet->dir);
	daemon.socket = path;
	answer = request ? connection_ask(&daemon, request) : NULL;
	json_decref(request);
	if (answer && json_is_array(json_object_get(answer, "services")))
		return answer;
	json_decref(answer);
	log_err(-EBADMSG, "margayd does not answer by its control socket");
	return NULL;
}

uint32_t told_site(const json_t *site)
{
	json_int_t id = json_integer_value(json_object_get(site, "site-id"));
	const char *egress = json_string_value(json_object_get(site, "egress"));
	struct addr addr;

	if (!egress || addr_parse(egress, &addr) < 0)
		return FLEET_SITES;
	for (uint32_t i = 0; i < FLEET_SITES; i++) {
		struct addr ours = fleet_site_addr(i);

		if (id == fleet_site_id(i) && addr_equal(&addr, &ours))
			return i;
	}
	return FLEET_SITES;
}
