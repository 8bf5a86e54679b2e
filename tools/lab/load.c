/* SPDX-License-Identifier: BSD-2-Clause */
#include "load.h"

#include <math.h>
#include <string.h>

#define LOAD_BASELINE   500
#define SAMPLES_MIN     20 /* fewer say nothing of a change */
#define STANDARD_ERRORS 4.5
#define NEWS_SERVICE    0.15 /* of the service time told last */
#define NEWS_BACKLOG    2    /* jobs per slot */
#define START_MIN_S     0.5  /* the rate of a shorter time is noise */

void load_init(struct load *load, double service_time_s, double window_s, double now_s)
{
	*load = (struct load){ .window_s = window_s,
			       .service_time_s = service_time_s,
			       .started_s = now_s,
			       .rate_s = now_s,
			       .busy_s = now_s,
			       .bucket_index = LOAD_BUCKETS };
}

void load_arrival(struct load *load, double now_s)
{
	load->rate *= exp((load->rate_s - now_s) / load->window_s);
	load->rate += 1 / load->window_s;
	load->rate_s = now_s;
}

/* Divided by the weight that the time since the start has in the average, lest it start low. */
double load_rate(const struct load *load, double now_s)
{
	double age_s = fmax(now_s - load->started_s, START_MIN_S);
	double rate = load->rate * exp((load->rate_s - now_s) / load->window_s);

	return rate / (1 - exp(-age_s / load->window_s));
}

void load_busy(struct load *load, unsigned int busy, unsigned int slots, double now_s)
{
	double keep = exp((load->busy_s - now_s) / load->window_s);
	double share = slots ? (double)busy / slots : 0;

	load->utilisation = load->utilisation * keep + fmin(share, 1) * (1 - keep);
	load->busy_s = now_s;
}

static void load_turn(struct load *load, double now_s)
{
	uint64_t index = LOAD_BUCKETS + (uint64_t)(now_s - load->started_s);

	if (index - load->bucket_index > LOAD_BUCKETS)
		load->bucket_index = index - LOAD_BUCKETS;
	while (load->bucket_index < index) {
		load->bucket_index++;
		memset(&load->bucket[load->bucket_index % LOAD_BUCKETS], 0,
		       sizeof(load->bucket[0]));
	}
}

static void logs_add(struct load_logs *logs, const struct load_logs *more)
{
	logs->n += more->n;
	logs->sum += more->sum;
	logs->squares += more->squares;
}

void load_served(struct load *load, double service_s, double now_s)
{
	double value = log(fmax(service_s, 1e-6));
	struct load_logs one = { 1, value, value * value };

	load_turn(load, now_s);
	logs_add(&load->bucket[load->bucket_index % LOAD_BUCKETS], &one);
	if (load->baseline.n < LOAD_BASELINE)
		logs_add(&load->baseline, &one);
}

static double logs_mean(const struct load_logs *logs)
{
	return logs->sum / logs->n;
}

static double logs_error(const struct load_logs *logs)
{
	double mean = logs_mean(logs);

	return fmax(logs->squares / logs->n - mean * mean, 0) / logs->n;
}

static bool logs_differ(const struct load_logs *a, const struct load_logs *b)
{
	if (a->n < SAMPLES_MIN || b->n < SAMPLES_MIN)
		return false;
	return fabs(logs_mean(a) - logs_mean(b)) >
	       STANDARD_ERRORS * sqrt(logs_error(a) + logs_error(b));
}

double load_service_time(struct load *load, double now_s)
{
	struct load_logs recent = { 0 }, rest = { 0 };

	load_turn(load, now_s);
	for (uint64_t age = 0; age < LOAD_BUCKETS; age++)
		logs_add(age < 2 ? &recent : &rest,
			 &load->bucket[(load->bucket_index - age) % LOAD_BUCKETS]);
	if (!logs_differ(&recent, &rest))
		logs_add(&recent, &rest);
	if (load->baseline.n < LOAD_BASELINE || recent.n < SAMPLES_MIN)
		return load->service_time_s;
	return load->service_time_s * exp(logs_mean(&recent) - logs_mean(&load->baseline));
}

bool load_is_news(const struct load_sample *told, const struct load_sample *now)
{
	return now->slots != told->slots ||
	       fabs(now->service_time_s - told->service_time_s) >
		       NEWS_SERVICE * told->service_time_s ||
	       fabs(now->backlog_per_slot - told->backlog_per_slot) > NEWS_BACKLOG;
}
