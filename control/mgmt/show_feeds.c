/* SPDX-License-Identifier: BSD-2-Clause */
/* show bmp. */
#include "mgmt/request.h"

static void put_policies(json_t *object, uint32_t monitor)
{
	json_t *array = answer_array(object, "monitor");

	if (monitor & FEED_PRE_POLICY)
		json_array_append_new(array, json_string("pre-policy"));
	if (monitor & FEED_POST_POLICY)
		json_array_append_new(array, json_string("post-policy"));
}

static void put_station(const struct request *request, json_t *object,
			const struct feed_station_view *view)
{
	char address[ADDR_STRLEN];

	answer_text(object, "name", view->config->name);
	answer_text(object, "address", addr_format(&view->config->address, address));
	answer_count(object, "port", view->config->port);
	answer_text(object, "state", view->state);
	answer_number(object, "since", (double)(request->now_ms - (int64_t)view->since_ms) / 1000);
	put_policies(object, view->config->monitor);
	answer_flag(object, "mirror-malformed", view->config->mirror);
	answer_count(object, "peers", view->peers);
	answer_count(object, "routes-due", view->routes_due);
	answer_count(object, "waiting", view->waiting);
	answer_count(object, "buffer", view->config->buffer);
	answer_count(object, "connections", view->connections);
	answer_count(object, "messages", view->messages);
	answer_count(object, "octets", view->octets);
	answer_count(object, "overflows", view->overflows);
	answer_count(object, "untold", view->untold);
	answer_text(object, "last-error", view->last_error);
}

json_t *show_bmp(const struct request *request)
{
	json_t *answer = json_object(), *stations = answer_array(answer, "stations");
	const struct feed *feed = request->context->feed;
	struct feed_station_view view;

	for (size_t i = 0; feed && feed_station(feed, i, &view); i++)
		put_station(request, answer_append(stations), &view);
	return answer;
}
