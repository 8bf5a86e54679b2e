/* SPDX-License-Identifier: BSD-2-Clause */
#include "routes_command.h"

#include "base/util.h"
#include "local.h"
#include "mgmt/answer.h"
#include "views.h"

#include <stdio.h>

#define FIRST 1000 /* without --all */

struct listing {
	const struct daemon_address *daemon;
	json_t *request; /* of the next page */
	json_t *routes;  /* for JSON; NULL: shown as they come */
	size_t count;
	bool more;
};

/* NULL, or an error. */
static json_t *page_take(struct listing *l)
{
	json_t *answer = connection_ask(l->daemon, l->request), *next, *routes;

	if (!answer || answer_status(answer))
		return answer ? answer : answer_error(ANSWER_NO_MEMORY, NULL, NULL, "no memory");
	routes = json_object_get(answer, "routes");
	l->count += json_array_size(routes);
	if (l->routes)
		json_array_extend(l->routes, routes);
	else
		view_routes(answer);
	next = json_object_get(answer, "next");
	l->more = json_integer_value(next) != 0;
	if (l->more)
		json_object_set(l->request, "at", next);
	json_decref(answer);
	return NULL;
}

static int listing_end(struct listing *l)
{
	json_t *answer;

	if (!l->routes) {
		if (l->more)
			printf("  the first %zu are shown; --all shows the others, a destination "
			       "or "
			       "neighbor fewer\n",
			       l->count);
		else if (!l->count)
			printf("no routes\n");
		return fflush(stdout) == EOF || ferror(stdout);
	}
	answer = json_pack("{s:O, s:b}", "routes", l->routes, "more", l->more);
	return local_print(answer, true, NULL);
}

static json_t *request_of(const json_t *words)
{
	json_t *request = json_copy((json_t *)words);

	json_object_del(request, "all");
	json_object_set_new(request, "verb", json_string("show"));
	json_object_set_new(request, "object", json_string("bgp-routes"));
	return request;
}

int local_routes(const struct daemon_address *daemon, const json_t *request, bool json)
{
	bool all = json_is_true(json_object_get(request, "all"));
	struct listing l = { .daemon = daemon,
			     .request = request_of(request),
			     .routes = json ? json_array() : NULL };
	json_t *error;
	int status;

	do
		error = page_take(&l);
	while (!error && l.more && (all || l.count < FIRST));
	status = error ? local_print(error, json, NULL) : listing_end(&l);
	json_decref(l.request);
	json_decref(l.routes);
	return status;
}
