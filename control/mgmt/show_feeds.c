/* SPDX-License-Identifier: BSD-2-Clause */
/* show bmp, show mrt, mrt dump. */
#include "mgmt/request.h"

#include <errno.h>

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

json_t *show_mrt(const struct request *request)
{
	json_t *answer = json_object();
	struct feed_mrt_view view;

	answer_flag(answer, "on", false);
	if (!request->context->feed)
		return answer;
	feed_mrt_view(request->context->feed, &view);
	answer_flag(answer, "on", *view.config->directory);
	answer_text(answer, "directory", view.config->directory);
	answer_flag(answer, "writing", view.writing);
	answer_text(answer, "table", view.table);
	answer_count(answer, "tables", view.tables);
	answer_count(answer, "failures", view.failures);
	answer_text(answer, "log", view.log);
	answer_count(answer, "log-octets", view.log_octets);
	answer_count(answer, "logged", view.logged);
	answer_count(answer, "dropped", view.dropped);
	answer_text(answer, "last-error", view.last_error);
	return answer;
}

json_t *change_mrt_dump(const struct request *request)
{
	const char *name = request_text(request, "name"), *path = NULL;
	struct feed *feed = request->context->feed;
	int r = feed ? feed_mrt_dump(feed, name, &path) : -EOPNOTSUPP;
	json_t *answer;

	if (r == -EOPNOTSUPP)
		return answer_error(ANSWER_NOT_CONFIGURED, NULL,
				    "give 'feeds' an 'mrt' group with its directory",
				    "this router writes no MRT files");
	if (r == -EINVAL)
		return answer_error(ANSWER_BAD_ARGUMENT, "name",
				    "1 to 64 letters, digits, '.', '_' and '-', not first a '.'; "
				    "the directory is configured",
				    "'%.60s' is no name for a file", name);
	if (r == -EBUSY)
		return answer_error(ANSWER_REFUSED, NULL, "margay show mrt tells when it is whole",
				    "a table is being written already");
	if (r < 0)
		return answer_errno(r, "MRT file");
	answer = json_object();
	answer_text(answer, "file", path);
	return answer;
}
