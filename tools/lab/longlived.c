/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: connections that stay. Each says "work 0" once an interval; it counts as broken when it ends
 * or does not answer, and as moved when another site answers than at its start. A broken one is not
 * made anew.
 */
#include "base/log.h"
#include "base/util.h"
#include "generator.h"

#include <errno.h>
#include <string.h>

#define MS_PER_S 1000
#define GRACE_MS 2000 /* after the last word, for the last answers */

struct connection {
	struct lines lines; /* first: the callbacks' argument */
	uv_connect_t connect;
	uv_timer_t timer;
	struct longlived *longlived;
	char site[SITE_NAME_MAX];
	bool started, waits; /* for an answer */
};

struct longlived {
	struct generator *generator;
	struct longlived_config config;
	void (*done)(struct generator *generator);
	struct connection *connection;
	struct draw draw;
	uv_timer_t end;
	uint64_t open, asked, answered, moved, silent, broken[OUTCOME_COUNT];
	bool ending;
};

static void connection_stop(struct connection *connection)
{
	uv_timer_stop(&connection->timer);
	lines_close(&connection->lines);
}

static void connection_break(struct connection *connection, enum outcome outcome)
{
	struct longlived *longlived = connection->longlived;

	longlived->broken[outcome]++;
	longlived->open -= connection->started;
	log_info("%.3f s: a connection to %s broke: %s",
		 (double)(int64_t)(uv_hrtime() - longlived->generator->start_ns) / 1e9,
		 *connection->site ? connection->site : "an unknown site", outcome_text(outcome));
	connection_stop(connection);
}

static void connection_line(struct lines *lines, const char *text)
{
	struct connection *connection = (struct connection *)lines;
	struct longlived *longlived = connection->longlived;
	char site[SITE_NAME_MAX];

	if (sscanf(text, "site %31s", site) == 1) {
		longlived->moved += *connection->site && strcmp(connection->site, site) != 0;
		memcpy(connection->site, site, sizeof(site));
		return;
	}
	connection->waits = false;
	longlived->answered++;
	tally_add(longlived->generator->tally, connection->site, OUTCOME_DONE, 0);
}

static void connection_ended(struct lines *lines, int status)
{
	connection_break((struct connection *)lines, dial_outcome(status));
}

static void connection_closed(struct lines *lines)
{
	struct connection *connection = (struct connection *)lines;

	connection->lines.closing = true; /* the block is longlived's */
}

static void on_turn(uv_timer_t *timer)
{
	struct connection *connection = timer->data;
	struct longlived *longlived = connection->longlived;

	longlived->silent += connection->waits;
	connection->waits = true;
	longlived->asked++;
	lines_send(&connection->lines, "work 0\n");
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct connection *connection = connect->data;
	struct longlived *longlived = connection->longlived;
	uint64_t interval_ms = (uint64_t)(longlived->config.interval_s * MS_PER_S);

	if (connection->lines.closing)
		return;
	if (status == 0)
		status = lines_start(&connection->lines);
	if (status < 0) {
		connection_break(connection, dial_outcome(status));
		return;
	}
	connection->started = true;
	longlived->open++;
	uv_timer_start(&connection->timer, on_turn, 0, interval_ms ? interval_ms : 1);
}

static void on_begin(uv_timer_t *timer)
{
	struct connection *connection = timer->data;
	struct longlived *longlived = connection->longlived;
	struct generator *generator = longlived->generator;
	struct route route = endpoints_draw(&generator->endpoints, &longlived->draw);

	if (dial(generator->loop, &connection->lines, &connection->connect, &route, on_connected) <
	    0)
		connection_break(connection, OUTCOME_LOCAL);
}

static void connection_init(struct longlived *longlived, struct connection *connection)
{
	double at_s = draw_unit(&longlived->draw) * longlived->config.ramp_s;

	connection->longlived = longlived;
	connection->lines.line = connection_line;
	connection->lines.ended = connection_ended;
	connection->lines.closed = connection_closed;
	connection->connect.data = connection;
	uv_timer_init(longlived->generator->loop, &connection->timer);
	connection->timer.data = connection;
	uv_timer_start(&connection->timer, on_begin, (uint64_t)(at_s * MS_PER_S), 0);
}

/* First silence for the last answers, then the end. */
static void on_end(uv_timer_t *timer)
{
	struct longlived *longlived = timer->data;

	for (size_t i = 0; i < longlived->config.count; i++)
		if (!longlived->ending)
			uv_timer_stop(&longlived->connection[i].timer);
		else if (longlived->connection[i].started)
			connection_stop(&longlived->connection[i]);
	if (longlived->ending)
		longlived->done(longlived->generator);
	longlived->ending = true;
	uv_timer_start(timer, on_end, GRACE_MS, 0);
}

int longlived_start(struct generator *generator, const struct longlived_config *config,
		    void (*done)(struct generator *generator), struct longlived **ret)
{
	_cleanup_(longlived_free) struct longlived *longlived = calloc(1, sizeof(*longlived));

	if (longlived)
		longlived->connection = calloc(config->count, sizeof(*longlived->connection));
	if (!longlived || !longlived->connection)
		return log_err(-ENOMEM, "flowgen: %zu connections", config->count);
	longlived->generator = generator;
	longlived->config = *config;
	longlived->done = done;
	longlived->draw = draw_of(generator->seed, 3);
	for (size_t i = 0; i < config->count; i++)
		connection_init(longlived, &longlived->connection[i]);
	uv_timer_init(generator->loop, &longlived->end);
	longlived->end.data = longlived;
	uv_timer_start(&longlived->end, on_end, (uint64_t)(config->seconds * MS_PER_S), 0);
	*ret = TAKE_PTR(longlived);
	return 0;
}

void longlived_free(struct longlived **longlived)
{
	if (!*longlived)
		return;
	free((*longlived)->connection);
	free(*longlived);
	*longlived = NULL;
}

void longlived_describe(const struct longlived *longlived, json_t *object)
{
	json_t *broken = json_object();

	for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
		if (longlived->broken[o])
			json_object_set_new(broken, outcome_text(o),
					    json_integer((json_int_t)longlived->broken[o]));
	json_object_set_new(object, "open", json_integer((json_int_t)longlived->open));
	json_object_set_new(object, "asked", json_integer((json_int_t)longlived->asked));
	json_object_set_new(object, "answered", json_integer((json_int_t)longlived->answered));
	json_object_set_new(object, "moved", json_integer((json_int_t)longlived->moved));
	json_object_set_new(object, "silent", json_integer((json_int_t)longlived->silent));
	json_object_set_new(object, "broken", broken);
}
