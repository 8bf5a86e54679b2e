/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/mrt.h"

#include "base/log.h"
#include "base/util.h"
#include "feed/mrt_dir.h"
#include "feed/mrt_record.h"
#include "feed/mrt_table.h"
#include "feed/retell.h"
#include "feed/spool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOG_ROOM     (4 * 1024 * 1024) /* octets that may wait for the disk */
#define LOG_AGAIN_MS 5000              /* after a file of the log has failed */
#define RECORD_ROOM  (UINT16_MAX + 256)

struct mrt {
	uv_loop_t *loop;
	struct bgp *bgp;
	const struct bgp_config *router;
	struct feed_mrt_config config;       /* directory "": off */
	uv_timer_t *table_timer, *log_timer; /* their own blocks: closed by the loop */
	struct mrt_table *table;             /* NULL: none is being written */
	char table_path[320];                /* the last one */
	uint64_t tables, failures, dropped, logged;
	char last_error[512];
	struct spool *log; /* NULL: off, or the file has failed */
	int log_error;     /* since which none was written; 0: all is well */
	uint64_t log_again_ms;
	time_t log_begun;
	char log_path[320];
	uint8_t octets[RECORD_ROOM];
};

static void mrt_fault(struct mrt *m, int error, const char *path)
{
	snprintf(m->last_error, sizeof(m->last_error), "%s: %s", path, strerror(-error));
	log_err(error, "mrt: %s", path);
}

/* --- tables ----------------------------------------------------------------------------------- */
static void on_table_done(void *user, int status)
{
	struct mrt *m = user;

	m->table = NULL;
	if (status < 0) {
		m->failures++;
		mrt_fault(m, status, m->table_path);
		return;
	}
	m->tables++;
	mrt_dir_prune(m->config.directory, "rib", m->config.tables_kept);
}

int mrt_dump(struct mrt *m, const char *name, const char **ret_path)
{
	char stamped[MRT_STAMPED_STRLEN];
	struct mrt_table_config config = { .loop = m->loop,
					   .bgp = m->bgp,
					   .router = m->router,
					   .path = m->table_path,
					   .done = on_table_done,
					   .user = m };
	int r;

	if (!*m->config.directory)
		return -EOPNOTSUPP;
	if (name && !mrt_dir_name_fits(name))
		return -EINVAL;
	if (m->table)
		return -EBUSY;
	snprintf(m->table_path, sizeof(m->table_path), "%s/%s", m->config.directory,
		 name ? name : mrt_dir_stamped("rib", time(NULL), stamped));
	r = mrt_table_new(&config, &m->table);
	if (r < 0) {
		m->failures++;
		mrt_fault(m, r, m->table_path);
		return r;
	}
	*ret_path = m->table_path;
	return 0;
}

static void on_table_timer(uv_timer_t *timer)
{
	const char *path;

	mrt_dump(timer->data, NULL, &path);
}

/* --- the log ---------------------------------------------------------------------------------- */

/* Tried again after a while: a disk that is full does not stay so. The file that has the records
 * from before is kept; what comes meanwhile is dropped, and counted. */
static void log_fail(struct mrt *m, int error)
{
	if (m->log_error)
		spool_abandon(&m->log);
	else
		spool_leave(&m->log);
	if (m->log_error != error)
		mrt_fault(m, error, m->log_path);
	m->log_error = error;
	m->log_again_ms = uv_now(m->loop) + LOG_AGAIN_MS;
}

static void on_log_drained(void *user)
{
	struct mrt *m = user;
	int error = spool_error(m->log);

	if (error)
		log_fail(m, error);
	else
		m->log_error = 0;
}

/* Logs are left to finish by themselves. */
static void on_log_done(void *user, int status)
{
}

static const struct spool_ops log_ops = { on_log_drained, on_log_done };

/* No two files have one name, though both were begun in one second. */
static void log_open(struct mrt *m)
{
	char stamped[MRT_STAMPED_STRLEN];
	time_t now = time(NULL);
	int r;

	m->log_begun = now > m->log_begun ? now : m->log_begun + 1;
	snprintf(m->log_path, sizeof(m->log_path), "%s/%s", m->config.directory,
		 mrt_dir_stamped("updates", m->log_begun, stamped));
	r = spool_open(m->loop, m->log_path, LOG_ROOM, &log_ops, m, &m->log);
	if (r < 0)
		log_fail(m, r);
}

/* A log without a record goes on: it tells nothing yet. So does one that has just begun, whatever
 * it has grown to, as names tell seconds. */
static void log_rotate(struct mrt *m)
{
	if (m->log && (!spool_size(m->log) || m->log_begun >= time(NULL)))
		return;
	spool_leave(&m->log);
	mrt_dir_prune(m->config.directory, "updates", m->config.updates_kept);
	log_open(m);
}

static void on_log_timer(uv_timer_t *timer)
{
	log_rotate(timer->data);
}

static void log_put(struct mrt *m, const struct writer *w)
{
	if (!m->log && uv_now(m->loop) >= m->log_again_ms)
		log_open(m);
	if (w->bad || !m->log || spool_put(m->log, w->start, writer_len(w)) < 0)
		m->dropped++;
	else
		m->logged++;
	if (m->log && spool_size(m->log) >= m->config.updates_size)
		log_rotate(m);
}

static uint64_t unix_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void mrt_update(struct mrt *m, const struct bgp_peer *peer, struct cursor message)
{
	struct writer w = writer_of(m->octets, sizeof(m->octets));

	if (!m->config.updates_s)
		return;
	mrt_message(peer, message, peer->codec->add_path_in & BIT(update_look(message).family),
		    unix_us(), &w);
	log_put(m, &w);
}

static void state_put(struct mrt *m, const struct bgp_peer *peer, enum mrt_state from,
		      enum mrt_state to)
{
	struct writer w = writer_of(m->octets, sizeof(m->octets));

	if (!m->config.updates_s)
		return;
	mrt_state(peer, from, to, unix_us(), &w);
	log_put(m, &w);
}

void mrt_up(struct mrt *m, const struct bgp_peer *peer)
{
	state_put(m, peer, MRT_OPEN_CONFIRM, MRT_ESTABLISHED);
}

void mrt_down(struct mrt *m, const struct bgp_peer *peer)
{
	state_put(m, peer, MRT_ESTABLISHED, MRT_IDLE);
}

/* --- configuration ---------------------------------------------------------------------------- */
static void timer_set(uv_timer_t *timer, uv_timer_cb on_time, uint32_t period_s)
{
	uv_timer_stop(timer);
	if (period_s)
		uv_timer_start(timer, on_time, period_s * UINT64_C(1000),
			       period_s * UINT64_C(1000));
}

void mrt_configure(struct mrt *m, const struct feed_mrt_config *config)
{
	bool moves = strcmp(m->config.directory, config->directory) != 0;
	bool equal = !memcmp(&m->config, config, sizeof(*config));

	if (equal)
		return;
	if (moves || !config->updates_s)
		spool_leave(&m->log);
	if (moves)
		mrt_table_free(&m->table);
	m->config = *config;
	if (moves && *config->directory)
		mrt_dir_mend(config->directory);
	if (config->updates_s && !m->log)
		log_open(m);
	timer_set(m->table_timer, on_table_timer, config->table_s);
	timer_set(m->log_timer, on_log_timer, config->updates_s);
}

void mrt_view(const struct mrt *m, struct feed_mrt_view *ret)
{
	*ret = (struct feed_mrt_view){ .config = &m->config,
				       .table = m->table_path,
				       .writing = m->table != NULL,
				       .tables = m->tables,
				       .failures = m->failures,
				       .log = m->log ? m->log_path : "",
				       .log_octets = m->log ? spool_size(m->log) : 0,
				       .logged = m->logged,
				       .dropped = m->dropped,
				       .last_error = m->last_error };
}

static uv_timer_t *timer_new(struct mrt *m)
{
	uv_timer_t *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return NULL;
	uv_timer_init(m->loop, timer);
	timer->data = m;
	return timer;
}

struct mrt *mrt_new(uv_loop_t *loop, struct bgp *bgp, const struct bgp_config *router)
{
	struct mrt *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->loop = loop;
	m->bgp = bgp;
	m->router = router;
	m->table_timer = timer_new(m);
	m->log_timer = timer_new(m);
	if (!m->table_timer || !m->log_timer)
		mrt_free(&m);
	return m;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
}

static void timer_close(uv_timer_t *timer)
{
	if (timer)
		uv_close((uv_handle_t *)timer, on_timer_closed);
}

void mrt_free(struct mrt **mrt)
{
	struct mrt *m = TAKE_PTR(*mrt);

	if (!m)
		return;
	mrt_table_free(&m->table);
	spool_leave(&m->log);
	timer_close(m->table_timer);
	timer_close(m->log_timer);
	free(m);
}
