/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shares of one service over its sites, and the reasons for them. Pure: no I/O, no clock; the state
 * is the own history that the formulas need (reference: README.md of this directory). One object
 * per service and ingress.
 */
#pragma once
#include "metric/report.h"
#include "metric/scores.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum policy {
	POLICY_COMPUTE_AWARE, /* staleness-aware water-filling (SAW) */
	POLICY_NEAREST,       /* all to the site with the least RTT: what BGP anycast does */
	POLICY_STATIC,        /* by configured capacity */
	POLICY_GREEDY,        /* all to the site that seems to be over first: for comparison */
};

/* What operators wish beside the policy. 0: no such wish. */
struct weights_limits {
	double share_min, share_max; /* of a site, 0..1; kept as far as they can be */
	double move_max;             /* share that may move in one report period, 0..1 */
	double rtt_max_s;            /* farther sites only where there is no nearer one */
	double score_min;            /* 0..10; worse sites only where there is no better one */
	double overflow_s;           /* marginal cost by which a tier comes before the next */
	double cost_weight_s;        /* marginal cost that a unit of a site's cost stands for */
	double distrust;             /* 0..1: a report that tells less than this part of what
				      * this ingress alone has sent is not believed */
};

/* What becomes of a site whose report is missing, stale or expired. */
enum weights_distrust {
	DISTRUST_DEGRADE, /* it counts by what is configured for it, or as the mean of the others; a
			     stale report gives way to that bit by bit */
	DISTRUST_HOLD,    /* the last report goes on to count, as long as there was one */
	DISTRUST_EXCLUDE, /* no new flows while another site can be used */
};

struct weights_config {
	enum policy policy;
	double queue_factor;       /* theta, > 0; default 10 */
	double hysteresis;         /* total variation below which the shares stay; default 0.005 */
	double report_period_s;    /* P: how often sites report when nothing happens; default 5 */
	double stale_s, expired_s; /* ages of a report; 0: 3 and 10 periods */
	enum weights_distrust on_missing, on_stale, on_expired;
	double slow_start_s; /* ramp of a site that comes later than the first; 0: none */
	struct weights_limits limits;
	const struct scores
		*scores; /* how a site's score was made; borrowed; NULL: scores_default */
};

struct weights_site {
	uint64_t id;        /* the same on every ingress */
	bool up;            /* offered and reachable */
	double unavailable; /* 0..1: part of the whole site that is not there, whatever the service
			     */
	bool drain;         /* by the site's report or by an operator here */
	bool excluded;      /* never to be used here */
	bool class_barred;  /* nor this one, for what class it is of */
	bool pinned;        /* if any is, only such ones, while one is up */
	uint8_t tier;       /* 0 is used first, the next ones where it overflows */
	double cost;        /* of a flow there, in the operator's unit; >= 0 */
	double rtt_s;       /* >= 0 */
	double up_since_s;  /* time at which it appeared; see slow_start_s */
	bool has_report;
	struct report report;
	double sampled_s; /* time of the report's values, on the clock of `now` */
	double capacity,
		service_time_s; /* configured stand-ins, used where the report lacks them */
	/* What this ingress sees of its own flows there; 0: not known. */
	double flow_time_s;     /* how long they last */
	double flow_count;      /* that this is the mean of: its evidence */
	double handshake_s;     /* their handshake, to the site and to the client */
	double flows_in_flight; /* has had so many all along */
	double seen_window_s;   /* > 0: the next two are known, and means over this */
	double flow_rate;       /* flow starts per second, 0 is a value */
	double seen_s;          /* when that was read, on the clock of `now` */
};

/* Where a quantity of a decision is from: README.md, "Stand-ins". */
enum weights_origin {
	ORIGIN_TOLD,
	ORIGIN_DEDUCED /* of other things that the report tells */,
	ORIGIN_UTILISATION,
	ORIGIN_IN_FLIGHT /* by Little's law */,
	ORIGIN_SCORE,
	ORIGIN_OBSERVED /* by the own flows there */,
	ORIGIN_CONFIGURED,
	ORIGIN_OTHERS /* the mean of the other sites */,
	ORIGIN_NONE /* nothing is known of any */,
	ORIGIN_COUNT
};
const char *weights_origin_text(enum weights_origin origin);

enum weights_freshness {
	FRESH_NONE, /* missing */
	FRESH_CURRENT,
	FRESH_LATE, /* stale */
	FRESH_EXPIRED,
	FRESH_LASTING, /* tells nothing that changes by itself: no load, no sample time */
};

enum weights_reason {
	REASON_SHARE, /* shares by the policy */
	REASON_DOWN,
	REASON_DRAIN,
	REASON_FARTHER /* nearest: another is nearer */,
	REASON_BUSIER /* greedy: another seems to be over first */,
	REASON_TOO_SLOW /* marginal cost above the level */,
	REASON_HELD /* hysteresis kept the former shares */,
	REASON_SILENT /* its report is missing, stale or expired */,
	REASON_LAST_RESORT /* it drains, but so do all that are up */,
	REASON_EXCLUDED,
	REASON_UNPINNED /* others are pinned */,
	REASON_FAR /* RTT above the most allowed */,
	REASON_BAD /* score below the least allowed */,
	REASON_TIER /* an earlier tier has a site */,
	REASON_MOST /* kept at the most a site may get */,
	REASON_LEAST /* kept at the least a site gets */,
	REASON_MOVING /* no more may move at once */,
	REASON_CLASS /* it is of a class that is not allowed */,
	REASON_DEAR /* but for its cost it would be used */,
	REASON_COUNT
};
const char *weights_reason_text(enum weights_reason reason);
const char *weights_freshness_text(enum weights_freshness freshness);

/* One site's part of a decision: every quantity that led to it. */
struct weights_verdict {
	uint64_t id;
	double share;  /* in force, 0..1 */
	double wanted; /* before hysteresis */
	enum weights_reason reason;
	enum weights_freshness freshness;
	double age_s;
	double capacity, service_time_s; /* as used, after expiry and stand-ins */
	enum weights_origin capacity_by, service_time_by, rate_by; /* rate: of what arrives there */
	double base;           /* flows/s at the site without this service's joint share */
	bool doubted;          /* its report is not believed: see distrust */
	double own_share_then; /* xo: own share as the report's window saw it */
	double utilisation;    /* predicted with the share in force */
	/* What a further flow costs at the share in force, and of that: the way, the tier, the
	 * money; the rest is work. */
	double marginal_s, rtt_s, tier_s, cost_s;
};

struct weights_decision {
	double time_s;
	double own_rate, total_rate; /* flows/s: a_m and Lambda'; negative: not known */
	double foreseen_rate;        /* part of the latter that nobody has told of: others' flows */
	double level_s;              /* nu; 0: the shares do not come from one */
	bool changed;                /* shares differ from those before the call */
	size_t count;
	struct weights_verdict
		*site; /* count of them, in the order of the input; owned by the weights */
};

struct weights;
struct weights *weights_new(const struct weights_config *config); /* NULL: out of memory */
void weights_free(struct weights **weights);
void weights_configure(struct weights *weights, const struct weights_config *config);

/* Decides anew. now_s is monotonic. own_rate: flow starts per second at this ingress since the last
 * call; negative: not known. *ret is borrowed until the next call. 0, or -ENOMEM and all is as it
 * was. */
int weights_update(struct weights *weights, double now_s, double own_rate,
		   const struct weights_site *sites, size_t count,
		   const struct weights_decision **ret);
