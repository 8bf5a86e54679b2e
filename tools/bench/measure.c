/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: A round runs every case of a group once, first the floor, then the program, with the same
 * packets; a group is what can share tables. So whatever the machine does to one case it does to
 * all. Runs of a case that moves slots are preceded by one pass over all its flows, which pins
 * them, and every other run by a short one, which brings the tables into the caches.
 */
#include "measure.h"

#include "base/log.h"
#include "base/util.h"
#include "rig.h"
#include "subject.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>

#define WARM_PACKETS 65536

/* A run counts if the floor was near its best before and after it; so the machine is judged, and
 * not the result. After so many tries the run counts as it is, and the row will be called noisy. */
#define FLOOR_QUIET 1.15
#define TRIES       3

/* A group under way. Exactly one of subject and pinned_fd is there. */
struct group {
	const struct plan *plan;
	struct subject *subject;
	struct rig *rig;
	double *floor, *gross; /* by case and round */
	double floor_best;     /* of this group, so far; 0: none */
	int pinned_fd;
	struct expect pinned_expect;
	uint32_t pinned_action;
};

static void group_clear(struct group *group)
{
	rig_free(&group->rig);
	subject_free(&group->subject);
	closep(&group->pinned_fd);
	freep(&group->floor);
	freep(&group->gross);
}

static struct traffic traffic_of(const struct plan *plan, const struct bench_case *c, bool in_order)
{
	return (struct traffic){ .seed = (plan->seed + 1) * 0x9e3779b97f4a7c15ull | 1,
				 .flows = c->flows,
				 .services = c->busy ? c->busy : c->services,
				 .v6 = c->v6,
				 .in_order = in_order };
}

static int open_pinned(struct group *group, const char *path)
{
	group->pinned_fd = bpf_obj_get(path);
	if (group->pinned_fd < 0)
		return log_err(-errno, "%s: no pinned program there", path);
	return rig_new(group->pinned_fd, &group->rig);
}

/* Nobody told us what such a program makes of a packet: it has to make the same of all. */
static int learn_pinned(struct group *group, const struct bench_case *like)
{
	struct traffic traffic = traffic_of(group->plan, like, false);
	int r;

	group->pinned_expect = (struct expect){ .mask = 0 };
	r = rig_probe(group->rig, group->pinned_fd, &traffic, &group->pinned_expect.len,
		      &group->pinned_action);
	if (r < 0)
		return r;
	log_info("%s: %u octets come out as %u, with action %u", like->v6 ? "IPv6" : "IPv4",
		 rig_floor_expect(&traffic).len, group->pinned_expect.len, group->pinned_action);
	return 0;
}

static int group_open(struct group *group, const struct bench_case *like, size_t count,
		      const char *pinned)
{
	int r;

	group->floor = calloc(count * group->plan->rounds, sizeof(double));
	group->gross = calloc(count * group->plan->rounds, sizeof(double));
	if (!group->floor || !group->gross)
		return -ENOMEM;
	if (pinned) {
		r = open_pinned(group, pinned);
		return r < 0 ? r : learn_pinned(group, like);
	}
	r = subject_new(group->plan, like, &group->subject);
	return r < 0 ? r : rig_new(subject_program(group->subject, true), &group->rig);
}

static int check(const char *what, const struct rig_result *result, uint32_t packets,
		 uint32_t action)
{
	if (result->wrong)
		return log_err(-EBADMSG, "%s: %llu of %u packets came out wrong", what,
			       (unsigned long long)result->wrong, packets);
	if (result->action != action)
		return log_err(-EBADMSG, "%s: ended with action %u and not %u", what,
			       result->action, action);
	return 0;
}

static int run_floor(struct group *group, const struct bench_case *c, double *ret)
{
	struct traffic traffic = traffic_of(group->plan, c, false);
	struct expect expect = rig_floor_expect(&traffic);
	struct rig_result result;
	int r = rig_run(group->rig, -1, &traffic, &expect, WARM_PACKETS, &result);

	if (r == 0)
		r = rig_run(group->rig, -1, &traffic, &expect, group->plan->packets, &result);
	if (r == 0)
		r = check("floor", &result, group->plan->packets, XDP_TX);
	*ret = result.ns;
	return r;
}

/* Before and after: Margay must have counted what it was given; the other build, nothing. */
static int run_subject(struct group *group, const struct bench_case *c, bool in_order,
		       uint32_t packets, double *ret)
{
	struct traffic traffic = traffic_of(group->plan, c, in_order);
	struct expect expect = subject_expect(c);
	int program = subject_program(group->subject, c->build);
	struct rig_result result;
	uint64_t before, after;
	int r = subject_forwarded(group->subject, &before);

	if (r == 0)
		r = rig_run(group->rig, program, &traffic, &expect, packets, &result);
	if (r == 0)
		r = subject_forwarded(group->subject, &after);
	if (r == 0)
		r = check("mg_ingress", &result, packets, XDP_TX);
	if (r == 0 && after - before != (c->build == BUILD_UNCOUNTED ? 0 : packets))
		r = log_err(-EBADMSG, "mg_ingress: %u packets counted as %llu", packets,
			    (unsigned long long)(after - before));
	*ret = result.ns;
	return r;
}

static int run_margay(struct group *group, const struct bench_case *c, double *ret_ns,
		      uint64_t *ret_evicted)
{
	uint64_t before, after;
	double unused;
	int r;

	subject_apply(group->subject, c);
	r = subject_evicted(group->subject, &before);
	if (r == 0)
		r = run_subject(group, c, true, c->moving_pct ? c->flows : WARM_PACKETS, &unused);
	if (r == 0)
		r = subject_evicted(group->subject, &after);
	subject_settle(group->subject, c);
	if (r == 0)
		r = run_subject(group, c, false, WARM_PACKETS, &unused);
	if (r == 0)
		r = run_subject(group, c, false, group->plan->packets, ret_ns);
	if (r == 0)
		*ret_evicted = after - before;
	return r;
}

static int run_pinned(struct group *group, const struct bench_case *c, double *ret)
{
	struct traffic traffic = traffic_of(group->plan, c, false);
	struct rig_result result;
	int r = rig_run(group->rig, group->pinned_fd, &traffic, &group->pinned_expect, WARM_PACKETS,
			&result);

	if (r == 0)
		r = rig_run(group->rig, group->pinned_fd, &traffic, &group->pinned_expect,
			    group->plan->packets, &result);
	if (r == 0)
		r = check("pinned program", &result, group->plan->packets, group->pinned_action);
	*ret = result.ns;
	return r;
}

static int run_program(struct group *group, const struct bench_case *c, double *ret_ns,
		       struct result *result)
{
	if (group->subject)
		return run_margay(group, c, ret_ns, &result->evicted);
	return run_pinned(group, c, ret_ns);
}

static bool quiet(struct group *group, double before, double after)
{
	double low = before < after ? before : after, high = before < after ? after : before;

	if (group->floor_best <= 0 || low < group->floor_best)
		group->floor_best = low;
	return high <= group->floor_best * FLOOR_QUIET;
}

static int run_case(struct group *group, const struct bench_case *c, double *ret_floor,
		    double *ret_gross, struct result *result)
{
	double before = 0, after = 0;
	int r;

	for (int i = 0; i < TRIES; i++) {
		r = run_floor(group, c, &before);
		if (r == 0)
			r = run_program(group, c, ret_gross, result);
		if (r == 0)
			r = run_floor(group, c, &after);
		if (r < 0)
			return r;
		*ret_floor = (before + after) / 2;
		if (quiet(group, before, after))
			return 0;
		result->repeated += i + 1 < TRIES;
	}
	return 0;
}

static int group_round(struct group *group, const struct bench_case *cases, size_t count,
		       uint32_t round, struct result *results)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		size_t at = i * group->plan->rounds + round;

		r = run_case(group, &cases[i], &group->floor[at], &group->gross[at], &results[i]);
	}
	return r;
}

static int measure_group(const struct plan *plan, const struct bench_case *cases, size_t count,
			 const char *pinned, struct result *ret)
{
	_cleanup_(group_clear) struct group group = { .plan = plan, .pinned_fd = -1 };
	int r = group_open(&group, cases, count, pinned);

	for (uint32_t round = 0; r == 0 && round < plan->rounds; round++)
		r = group_round(&group, cases, count, round, ret);
	for (size_t i = 0; r == 0 && i < count; i++) {
		ret[i].what = cases[i];
		ret[i].floor = sample_summary(&group.floor[i * plan->rounds], plan->rounds);
		ret[i].gross = sample_summary(&group.gross[i * plan->rounds], plan->rounds);
	}
	return r;
}

int measure(const struct plan *plan, const struct bench_case *cases, size_t count,
	    const char *pinned, struct result *ret)
{
	size_t from = 0, to;
	int r = 0;

	for (; r == 0 && from < count; from = to) {
		for (to = from + 1; to < count && case_alike(&cases[from], &cases[to]);)
			to++;
		r = measure_group(plan, &cases[from], to - from, pinned, &ret[from]);
	}
	return r;
}
