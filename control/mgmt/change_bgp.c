/* SPDX-License-Identifier: BSD-2-Clause */
/* shutdown, enable, reset and refresh of a BGP neighbor, or of all of them. */
#include "mgmt/request.h"

#include "base/util.h"
#include "bgp/reason.h"

#include <errno.h>
#include <string.h>

typedef int neighbor_change(struct bgp *bgp, const struct addr *remote, const char *reason);

static int enable(struct bgp *bgp, const struct addr *remote, const char *reason)
{
	return bgp_neighbor_enable(bgp, remote);
}

static int refresh(struct bgp *bgp, const struct addr *remote, const char *reason)
{
	return bgp_neighbor_refresh(bgp, remote);
}

static json_t *reason_refused(const char *reason)
{
	if (strlen(reason) > REASON_MAX) /* jansson has seen to it that it is UTF-8 */
		return answer_error(ANSWER_BAD_ARGUMENT, "reason", NULL,
				    "'reason' must have at most %d octets (RFC 9003)", REASON_MAX);
	return NULL;
}

static json_t *outcome(int r, const char *name)
{
	if (r == -ENOENT)
		return answer_error(ANSWER_NOT_FOUND, "name", "margay show bgp lists them",
				    "there is no neighbor '%.60s'", name);
	if (r == -ENOTCONN)
		return answer_error(ANSWER_REFUSED, "name", NULL, "no session with '%.60s'", name);
	if (r == -EOPNOTSUPP)
		return answer_error(ANSWER_REFUSED, "name", "margay reset",
				    "'%.60s' cannot do that", name);
	if (r < 0)
		return answer_error(ANSWER_REFUSED, "name", NULL, "%.60s: %s", name, strerror(-r));
	return answer_done();
}

/* What can be done is done; told is the first that could not. */
static json_t *change_all(struct bgp *bgp, neighbor_change *change, const char *reason)
{
	struct bgp_neighbor_state state;
	char name[ADDR_STRLEN];
	int first = 0;

	for (size_t i = 0; bgp_neighbor_state(bgp, i, &state); i++) {
		int r = change(bgp, &state.config.remote, reason);

		if (r < 0 && !first)
			addr_format(&state.config.remote, name);
		first = first ? first : r;
	}
	return outcome(first, name);
}

static json_t *change(const struct request *request, neighbor_change *how)
{
	const char *name = request_text(request, "name"), *reason = request_text(request, "reason");
	struct bgp *bgp = request->context->bgp;
	json_t *refused = reason_refused(reason ? reason : "");
	struct addr remote;

	if (refused)
		return refused;
	if (!bgp)
		return answer_error(ANSWER_NOT_CONFIGURED, NULL, "set 'bgp' in the configuration",
				    "this router does not speak BGP");
	if (strcmp(name, "all") == 0)
		return change_all(bgp, how, reason);
	if (addr_parse(name, &remote) < 0)
		return outcome(-ENOENT, name);
	return outcome(how(bgp, &remote, reason), name);
}

json_t *change_shutdown(const struct request *request)
{
	return change(request, bgp_neighbor_shutdown);
}

json_t *change_enable(const struct request *request)
{
	return change(request, enable);
}

json_t *change_reset(const struct request *request)
{
	return change(request, bgp_neighbor_reset);
}

json_t *change_refresh(const struct request *request)
{
	return change(request, refresh);
}
