/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: restore: margayd starts with empty tables and 10,000 services configured, one session tells
 * it all offers, and it is done when every slot of every service has the owner that it must have:
 * all sites tell the same, so their shares are equal, and the owners known beforehand.
 */
#include "base/log.h"
#include "base/util.h"
#include "clock.h"
#include "slots.h"
#include "steering.h"

#include <errno.h>

#define SERVICES 10000
#define LOAD_NS  UINT64_C(60000000000)

struct restores {
	double wall_s[BENCH_RUNS_MAX], told_s[BENCH_RUNS_MAX], cpu_s[BENCH_RUNS_MAX];
	double rss_mb[BENCH_RUNS_MAX];
};

static int restore_run(struct fleet *f, struct slots *s, struct restores *ret, unsigned int run)
{
	struct process_state after;
	uint64_t told;
	int r = fleet_announce_all(f, 0, 0, FLEET_SITES);

	if (r == 0)
		r = fleet_start(f);
	told = clock_ns();
	if (r == 0)
		r = fleet_send(f, 0, LOAD_NS);
	if (r == 0)
		r = slots_await_even(s, f, LOAD_NS);
	ret->wall_s[run] = (double)(clock_ns() - f->started_ns) / 1e9;
	ret->told_s[run] = (double)(clock_ns() - told) / 1e9;
	if (r == 0)
		r = process_state(&f->process, &after);
	if (r < 0)
		return r;
	ret->cpu_s[run] = (double)after.cpu_ns / 1e9;
	ret->rss_mb[run] = (double)after.rss_kb / 1024;
	return 0;
}

static int restore_anew(const struct bench *bench, struct restores *ret, unsigned int run)
{
	struct fleet fleet;
	struct slots slots;
	int r;

	fleet_init(&fleet, bench->dir, SERVICES, 1);
	r = slots_open(&fleet, &slots);
	if (r == 0)
		r = restore_run(&fleet, &slots, ret, run);
	slots_close(&slots);
	fleet_close(&fleet);
	return r;
}

int measure_restore(const struct bench *bench, struct figures *figures)
{
	_cleanup_(freep) struct restores *restores = calloc(1, sizeof(*restores));
	struct figure *figure;
	int r = restores ? 0 : -ENOMEM;

	for (unsigned int run = 0; run < bench->runs && r == 0; run++) {
		bench_progress(bench, "restore", run);
		r = restore_anew(bench, restores, run);
	}
	if (r < 0)
		return r;
	figure = figures_add(figures, "restore", "from start to all slots stored", "s",
			     restores->wall_s, bench->runs);
	figure->has_bound = true;
	figure->bound = 5;
	figures_add(figures, "restore", "from session to all slots stored", "s", restores->told_s,
		    bench->runs);
	figures_add(figures, "restore", "CPU time", "s", restores->cpu_s, bench->runs);
	figures_add(figures, "restore", "resident memory", "MB", restores->rss_mb, bench->runs);
	return 0;
}
