/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: A run: the generator starts, the chain fills, then what happens between two points of time
 * is counted. All of the router's work is in the kernel thread that handles the packets of its
 * access device; the sink is in that thread as well, as the softirq that its packets raise. The
 * kernel tells how long the thread ran: so a run gives packets for a second of the router's time.
 *
 * On one CPU the thread comes before the generator: it takes each batch as soon as that is made,
 * and no packet changes its cache. On two, the generator makes more packets than the router takes.
 */
#include "race.h"

#include "base/log.h"
#include "base/util.h"
#include "generator.h"
#include "sink.h"
#include "steering.h"
#include "thread.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define FILL_NS     200000000u
#define DRAIN_NS    20000000u
#define REPEATS_MAX 2u

struct course {
	const struct race *race;
	struct steering *steering;
	struct generator *generator;
	struct sink *sink;
	pid_t thread[ROUTER_COUNT]; /* that does the router's work */
};

/* What has happened so far. */
struct moment {
	double at_ns;
	uint64_t made;
	struct thread_time router, generator;
	struct tally tally;
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static void rest(double ns)
{
	struct timespec time = { .tv_sec = (time_t)(ns / 1e9) };

	time.tv_nsec = (long)(ns - time.tv_sec * 1e9);
	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

static int look(const struct course *course, enum router router, struct moment *ret)
{
	int r = thread_time(generator_pid(course->generator), &ret->generator);

	if (r == 0)
		r = thread_time(course->thread[router], &ret->router);
	if (r == 0)
		r = sink_read(course->sink, &ret->tally);
	ret->made = generator_made(course->generator);
	ret->at_ns = now_ns();
	return r;
}

static struct tally difference(const struct tally *a, const struct tally *b, double *ret_right)
{
	struct tally ret = { .wrong = b->wrong - a->wrong, .other = b->other - a->other };

	*ret_right = 0;
	for (int i = 0; i < CHAIN_SITES; i++) {
		ret.right[i] = b->right[i] - a->right[i];
		*ret_right += (double)ret.right[i];
	}
	return ret;
}

static double share(uint64_t a, uint64_t b, double ns)
{
	return (double)(b - a) / ns;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

/* On one CPU the generator waits while the router works, and the router has nothing to do while the
 * next packets are made; on two, what the router does not take is lost. */
static struct run between(const struct race *race, const struct moment *a, const struct moment *b)
{
	double ns = b->at_ns - a->at_ns, made = (double)(b->made - a->made), right;
	double ran = share(a->router.run_ns, b->router.run_ns, ns);
	double waited = share(a->router.wait_ns, b->router.wait_ns, ns);
	struct run run = { .tally = difference(&a->tally, &b->tally, &right), .waited = waited };

	run.packets_s = right * 1e9 / (ns * ran);
	run.arrived_s = right * 1e9 / ns;
	if (race_apart(race)) {
		run.waited = larger(waited, share(a->generator.wait_ns, b->generator.wait_ns, ns));
		run.rested = larger(1 - ran - waited, 0);
	} else {
		run.lost = larger(1 - right / made, 0);
	}
	return run;
}

/* Packets that are wrong before or after the time that is measured are wrong as well. */
static int run_once(const struct course *course, enum router router, const struct traffic *traffic,
		    struct run *ret)
{
	struct moment a, b;
	struct tally before, after;
	int r = sink_read(course->sink, &before);

	if (r == 0)
		r = generator_start(course->generator, traffic, router,
				    course->race->generator_cpu);
	if (r < 0)
		return r;
	rest(FILL_NS);
	r = look(course, router, &a);
	rest(course->race->seconds * 1e9);
	if (r == 0)
		r = look(course, router, &b);
	generator_stop(course->generator);
	rest(DRAIN_NS);
	if (r == 0)
		r = sink_read(course->sink, &after);
	if (r < 0)
		return r;
	*ret = between(course->race, &a, &b);
	ret->tally.wrong = after.wrong - before.wrong;
	return 0;
}

static void tell_wrong(const struct course *course)
{
	const uint8_t *octet = sink_wrong(course->sink);

	fprintf(stderr, "lab: the last wrong packet:");
	for (int i = 0; i < CHAIN_SAMPLE; i++)
		fprintf(stderr, "%s%02x", i % 4 ? "" : " ", octet[i]);
	fputc('\n', stderr);
}

static int run_checked(const struct course *course, enum router router,
		       const struct traffic *traffic, struct outcome *outcome, struct run *ret)
{
	char words[OUTCOME_WORDS];

	for (uint32_t tries = 0;; tries++) {
		int r = run_once(course, router, traffic, ret);

		if (r < 0)
			return r;
		if (run_fault(ret, router, traffic->flows, words)) {
			log_err(0, "%s, IPv%d, %u flows: %s", router_name(router),
				traffic->v6 ? 6 : 4, traffic->flows, words);
			if (ret->tally.wrong)
				tell_wrong(course);
			return -EBADMSG;
		}
		if (!run_spoilt(ret))
			return 0;
		if (tries == REPEATS_MAX) {
			outcome->kept++;
			return 0;
		}
		outcome->repeated++;
	}
}

static void tell(const struct traffic *traffic, uint32_t pair, uint32_t pairs,
		 const struct run run[ROUTER_COUNT])
{
	fprintf(stderr,
		"lab: IPv%d, %u services, %u flows: round %u of %u: margay %.2f M/s, kernel %.2f "
		"M/s, %.2f times\n",
		traffic->v6 ? 6 : 4, traffic->services, traffic->flows, pair, pairs,
		run[ROUTER_MARGAY].packets_s / 1e6, run[ROUTER_KERNEL].packets_s / 1e6,
		run[ROUTER_MARGAY].packets_s / run[ROUTER_KERNEL].packets_s);
}

/* Who is first changes from pair to pair, so that a machine which gets slower favours nobody. */
static int race_row(const struct course *course, const struct traffic *traffic, struct outcome *ret)
{
	uint32_t rounds = course->race->plan->rounds;
	_cleanup_(freep) struct run(*pairs)[ROUTER_COUNT] = calloc(rounds, sizeof(*pairs));
	struct outcome outcome = { .v6 = traffic->v6, .flows = traffic->flows };
	int r = pairs ? 0 : -ENOMEM;

	sink_expect(course->sink, traffic->v6);
	for (uint32_t i = 0; r == 0 && i < rounds; i++) {
		for (uint32_t turn = 0; r == 0 && turn < ROUTER_COUNT; turn++) {
			enum router router = (turn + i) % ROUTER_COUNT;

			r = run_checked(course, router, traffic, &outcome, &pairs[i][router]);
		}
		if (r == 0)
			tell(traffic, i + 1, rounds, pairs[i]);
	}
	if (r == 0)
		r = outcome_sum(pairs, rounds, &outcome);
	if (r == 0)
		*ret = outcome;
	return r;
}

/* A thread for the access device, on its CPU. The kernel's router has no XDP program; so it is GRO
 * that makes its device take frames in that thread, which was as fast as XDP_PASS. */
static int prepare_router(struct course *course, const struct topology *topology,
			  enum router router)
{
	const char *device = topology->access[router], *name = router_name(router);
	int r = 0;

	if (router == ROUTER_KERNEL)
		r = topology_run(name, "ethtool -K %s gro on", device);
	if (r == 0)
		r = topology_run(name, "echo 1 >/sys/class/net/%s/threaded", device);
	if (r == 0)
		r = thread_of_device(device, &course->thread[router]);
	return r < 0 ? r
		     : thread_place(course->thread[router], PRIORITY_ROUTER,
				    course->race->router_cpu);
}

static int prepare(struct course *course)
{
	uint32_t services = course->race->plan->services.value[0];
	struct topology topology;
	int r = topology_new(services, &topology);

	if (r == 0)
		r = topology_enter("sink");
	if (r == 0)
		r = sink_new(&topology, &course->sink);
	if (r == 0)
		r = topology_enter("generator");
	if (r == 0)
		r = generator_new(&topology, &course->generator);
	if (r == 0)
		r = topology_enter("floor");
	if (r == 0)
		r = generator_floor(course->generator, &topology);
	if (r == 0)
		r = topology_enter("margay");
	if (r == 0)
		r = steering_new(&topology, services, &course->steering);
	for (enum router router = 0; r == 0 && router < ROUTER_COUNT; router++)
		r = prepare_router(course, &topology, router);
	return r < 0 ? r : thread_place(0, PRIORITY_WATCH, -1);
}

static void course_clear(struct course *course)
{
	generator_free(&course->generator);
	sink_free(&course->sink);
	steering_free(&course->steering);
}

int race(const struct race *race, struct outcome *ret)
{
	_cleanup_(course_clear) struct course course = { .race = race };
	const struct plan *plan = race->plan;
	struct traffic traffic = { .seed = plan->seed, .services = plan->services.value[0] };
	int r = prepare(&course);

	for (size_t family = 0; r == 0 && family < plan->v6.count; family++) {
		traffic.v6 = plan->v6.value[family];
		for (size_t i = 0; r == 0 && i < plan->flows.count; i++) {
			traffic.flows = plan->flows.value[i];
			r = race_row(&course, &traffic, ret++);
		}
	}
	return r;
}
