/* SPDX-License-Identifier: BSD-2-Clause */
#include "site.h"

#include "base/util.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#define NS_PER_S   1e9
#define NEWS_GAP_S 0.2

static double site_seconds(void)
{
	return (double)uv_hrtime() / NS_PER_S;
}

static struct load_sample site_sample(struct site *site, double now_s)
{
	const struct workers *w = &site->workers;

	return (struct load_sample){ .service_time_s = load_service_time(&site->load, now_s),
				     .backlog_per_slot =
					     w->slots ? (double)w->waiting_count / w->slots
						      : w->waiting_count,
				     .slots = w->slots };
}

static void board_tell(struct site *site)
{
	if (!site->board)
		return;
	site->board->slots = site->workers.slots;
	site->board->speed_milli = (uint32_t)lround(site->workers.speed * 1000);
}

void site_ended(struct site *site)
{
	if (site->board)
		site->board->ended++;
}

/* After each change: the slots' next end, and whether somebody should hear of it now. */
static void site_changed(struct site *site)
{
	double now_s = site_seconds();
	struct load_sample sample;

	board_tell(site);
	alarm_set(&site->alarm, workers_next(&site->workers));
	if (now_s - site->told_s < NEWS_GAP_S)
		return;
	sample = site_sample(site, now_s);
	if (site->news && load_is_news(&site->told, &sample))
		site->news(site->news_user);
}

static void site_advance(struct site *site)
{
	const struct workers *w = &site->workers;

	load_busy(&site->load, w->busy, w->slots, site_seconds());
	workers_run(&site->workers, uv_hrtime());
}

static void on_alarm(void *user)
{
	struct site *site = user;

	site_advance(site);
	site_changed(site);
}

int site_init(struct site *site, uv_loop_t *loop, const struct site_config *config,
	      void (*done)(void *user, struct job *job))
{
	int r;

	*site = (struct site){ .loop = loop, .name = config->name, .service = config->service };
	workers_init(&site->workers, config->slots, config->waiting_max, done, site);
	load_init(&site->load, config->service_time_s, config->window_s, site_seconds());
	if (config->board) {
		r = board_make(config->board, &site->board);
		if (r < 0)
			return r;
		board_tell(site);
	}
	return alarm_init(loop, &site->alarm, on_alarm, site);
}

void site_clear(struct site *site)
{
	board_close(&site->board);
}

int site_take(struct site *site, struct job *job)
{
	int r;

	site_advance(site);
	load_arrival(&site->load, site_seconds());
	r = workers_add(&site->workers, job, uv_hrtime());
	if (r < 0) {
		site->refused++;
		site_ended(site);
	}
	site_changed(site);
	return r;
}

bool site_give_up(struct site *site, struct job *job)
{
	bool waited = workers_remove(&site->workers, job);

	site->left++;
	if (waited)
		site_ended(site);
	return waited;
}

void site_slots_set(struct site *site, unsigned int slots)
{
	site_advance(site);
	workers_slots_set(&site->workers, slots, uv_hrtime());
	site_changed(site);
}

void site_speed_set(struct site *site, double speed)
{
	site_advance(site);
	workers_speed_set(&site->workers, speed, uv_hrtime());
	site_changed(site);
}

static double unix_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NS_PER_S;
}

char *site_report(struct site *site)
{
	const struct workers *w = &site->workers;
	_cleanup_(freep) char *text = NULL;
	double now_s = site_seconds();
	char *line = NULL;
	json_t *report;

	site_advance(site);
	load_busy(&site->load, w->busy, w->slots, now_s);
	site->told = site_sample(site, now_s);
	site->told_s = now_s;
	report = json_pack("{s:s, s:i, s:f, s:f, s:i, s:f, s:f, s:f}", "service", site->service,
			   "capacity", (int)w->slots, "service-time", site->told.service_time_s,
			   "arrival-rate", load_rate(&site->load, now_s), "in-flight",
			   (int)(w->busy + w->waiting_count), "utilisation", site->load.utilisation,
			   "window", site->load.window_s, "time", unix_seconds());
	text = report ? json_dumps(report, JSON_COMPACT | JSON_REAL_PRECISION(16)) : NULL;
	json_decref(report);
	if (!text || asprintf(&line, "%s\n", text) < 0)
		return NULL;
	return line;
}
