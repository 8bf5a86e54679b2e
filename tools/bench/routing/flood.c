/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: flood: one neighbour tells 15 sites' metrics, 200,000 a second in bursts of 2,000, from a
 * process of its own, and another one withdraws the sixteenth site from one service after the
 * other. Measured from the call that sends the withdrawal until the site's member takes no more
 * packets, and until all of its slots have other owners. The flood is twice what margayd has to
 * sustain (rate.c); a burst is milliseconds of its work.
 */
#include "base/log.h"
#include "base/util.h"
#include "clock.h"
#include "sample.h"
#include "slots.h"
#include "steering.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVICES  1000
#define PERIOD_S  20
#define GONE      (FLEET_SITES - 1) /* the site of the quiet neighbour */
#define LAPS      2                 /* of the stream: each offer differs from its last one */
#define BURST     2000              /* updates, */
#define BURST_NS  UINT64_C(10000000)
#define PROBES    500 /* a run */
#define PAUSE_NS  UINT64_C(5000000)
#define SLOT_NS   UINT64_C(5000000000)
#define LOAD_NS   UINT64_C(60000000000)
#define SETTLE_NS UINT64_C(1000000000)

enum { LOUD, QUIET };

struct floods {
	double left_median[BENCH_RUNS_MAX], left_p99[BENCH_RUNS_MAX], left_most[BENCH_RUNS_MAX];
	double slots_p99[BENCH_RUNS_MAX], rate[BENCH_RUNS_MAX];
};

struct flooding {
	struct fleet *fleet;
	struct slots *slots;
	pid_t pid;
	uint64_t *told; /* shared: updates sent of the flood */
	size_t octets_each;
	double left_us[PROBES], slots_us[PROBES];
};

static size_t burst_send(const struct fleet_session *s, size_t at, size_t len)
{
	while (len) {
		size_t most = s->len - at < len ? s->len - at : len;
		ssize_t n = send(s->peer.fd, s->stream + at, most, MSG_NOSIGNAL);

		if (n < 0)
			_exit(1);
		at = (at + (size_t)n) % s->len;
		len -= (size_t)n;
	}
	return at;
}

/* The stream, again and again, until the session or the bench ends. */
static void pour(const struct flooding *f)
{
	const struct fleet_session *s = &f->fleet->session[LOUD];
	uint64_t next = clock_ns();
	size_t at = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fcntl(s->peer.fd, F_SETFL, 0);
	for (;;) {
		at = burst_send(s, at, BURST * f->octets_each);
		__atomic_fetch_add(f->told, BURST, __ATOMIC_RELAXED);
		next += BURST_NS;
		if (clock_ns() > next)
			next = clock_ns(); /* margayd did not take it in time */
		fleet_wait_until(next);
	}
}

static int flood_make(struct flooding *f)
{
	int r = 0;

	for (uint32_t lap = 0; lap < LAPS; lap++)
		for (uint32_t i = 0; i < SERVICES * GONE && r == 0; i++) {
			struct fleet_report report = { .arrival_rate = 60 + 20 * lap + i % 13,
						       .in_flight = i % 8 };

			r = fleet_announce(f->fleet, LOUD, i % SERVICES, i / SERVICES, &report);
		}
	f->octets_each = f->fleet->session[LOUD].len / (LAPS * SERVICES * GONE);
	return r;
}

static int flood_begin(struct flooding *f)
{
	int r = flood_make(f);

	if (r < 0)
		return r;
	f->told = mmap(NULL, sizeof(*f->told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (f->told == MAP_FAILED)
		return log_err(-errno, "a page to share");
	f->pid = fork();
	if (f->pid == 0)
		pour(f);
	return f->pid < 0 ? log_err(-errno, "cannot fork") : 0;
}

static void flood_end(struct flooding *f)
{
	if (f->pid <= 0)
		return;
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
}

static double since_us(uint64_t begun)
{
	return (double)(clock_ns() - begun) / 1e3;
}

static bool slots_left(const struct slots *s, uint32_t service, uint16_t member)
{
	for (uint32_t i = 0; i < FLEET_SLOTS; i++)
		if (slots_word(s, service, i).now == member)
			return false;
	return true;
}

static int probe(struct flooding *f, uint32_t service, uint32_t i)
{
	uint16_t member = f->slots->service[service].member[GONE];
	int r = fleet_withdraw(f->fleet, QUIET, service, GONE);
	uint64_t begun = clock_ns();

	if (r == 0 && !slots_member_up(f->slots, service, member))
		r = log_err(-EBADMSG, "service s%u: the site is not there", service);
	if (r == 0)
		r = fleet_send(f->fleet, QUIET, SLOT_NS);
	while (r == 0 && slots_member_up(f->slots, service, member)) {
		fleet_blink();
		if (clock_ns() - begun > SLOT_NS)
			r = log_err(-ETIMEDOUT, "service s%u: a withdrawn site stays", service);
	}
	f->left_us[i] = since_us(begun);
	while (r == 0 && !slots_left(f->slots, service, member)) {
		fleet_blink();
		if (clock_ns() - begun > SLOT_NS)
			r = log_err(-ETIMEDOUT, "service s%u: a withdrawn site has slots", service);
	}
	f->slots_us[i] = since_us(begun);
	return r;
}

static int offer_again(struct flooding *f, uint32_t service)
{
	struct fleet_report report = fleet_report_even();
	int r = fleet_announce(f->fleet, QUIET, service, GONE, &report);

	return r < 0 ? r : fleet_send(f->fleet, QUIET, SLOT_NS);
}

static int flood_run(struct flooding *f, unsigned int run, struct floods *ret)
{
	uint64_t begun = clock_ns(), before = __atomic_load_n(f->told, __ATOMIC_RELAXED), next;
	double took_s;
	int r = 0;

	next = begun;
	for (uint32_t i = 0; i < PROBES && r == 0; i++) {
		uint32_t service = (run * PROBES + i) * 7 % SERVICES;

		fleet_wait_until(next += PAUSE_NS);
		slots_look_at(f->slots, service);
		r = probe(f, service, i);
		if (r == 0)
			r = offer_again(f, service);
		if (clock_ns() > next)
			next = clock_ns();
	}
	took_s = (double)(clock_ns() - begun) / 1e9;
	ret->rate[run] = (double)(__atomic_load_n(f->told, __ATOMIC_RELAXED) - before) / took_s;
	ret->left_median[run] = sample_quantile(f->left_us, PROBES, 0.5);
	ret->left_p99[run] = sample_quantile(f->left_us, PROBES, 0.99);
	ret->left_most[run] = sample_quantile(f->left_us, PROBES, 1);
	ret->slots_p99[run] = sample_quantile(f->slots_us, PROBES, 0.99);
	return r < 0 ? r : fleet_rest(f->fleet, QUIET, SETTLE_NS);
}

static int flood_runs(const struct bench *bench, struct flooding *f, struct floods *ret)
{
	int r = fleet_load(f->fleet, f->slots, LOAD_NS);

	if (r == 0)
		fleet_hurry(f->fleet);
	if (r == 0)
		r = flood_begin(f);
	for (unsigned int run = 0; run < bench->runs && r == 0; run++) {
		bench_progress(bench, "flood", run);
		r = flood_run(f, run, ret);
	}
	flood_end(f);
	return r;
}

static void flood_figures(struct figures *figures, struct floods *f, size_t runs)
{
	struct figure *figure;

	figures_add(figures, "flood", "withdrawal to member down, median", "us", f->left_median,
		    runs);
	figure = figures_add(figures, "flood", "withdrawal to member down, p99", "us", f->left_p99,
			     runs);
	figure->has_bound = true;
	figure->bound = 5000;
	figures_add(figures, "flood", "the longest", "us", f->left_most, runs);
	figure = figures_add(figures, "flood", "withdrawal to slots of others, p99", "us",
			     f->slots_p99, runs);
	figure->has_bound = true;
	figure->bound = 10000;
	figure = figures_add(figures, "flood", "metric updates of the other neighbour", "1/s",
			     f->rate, runs);
	figure->has_bound = figure->at_least = true;
	figure->bound = 100000; /* below that it is no flood */
}

int measure_flood(const struct bench *bench, struct figures *figures)
{
	_cleanup_(freep) struct floods *floods = calloc(1, sizeof(*floods));
	_cleanup_(freep) struct flooding *f = calloc(1, sizeof(*f));
	struct fleet fleet;
	struct slots slots;
	int r;

	if (!floods || !f)
		return -ENOMEM;
	fleet_init(&fleet, bench->dir, SERVICES, 2);
	fleet.period_s = PERIOD_S;
	f->fleet = &fleet;
	f->slots = &slots;
	r = slots_open(&fleet, &slots);
	if (r == 0)
		r = flood_runs(bench, f, floods);
	slots_close(&slots);
	fleet_close(&fleet);
	if (r == 0)
		flood_figures(figures, floods, bench->runs);
	return r;
}
