/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one service's weights remember between decisions, and the steps of a decision that stand in
 * files of their own. Private to control/select.
 */
#pragma once
#include "select/demand.h"
#include "select/estimate.h"
#include "select/timeline.h"
#include "select/waterfill.h"
#include "select/weights.h"

struct site {
	uint64_t id;
	double share, wanted;
	double start;           /* share before a move that is limited */
	struct timeline shares; /* own ones in force */
	bool known;             /* judged before */
	bool founder;           /* here since the beginning, when all are new */
	bool up, drains;
	bool silent;    /* excluded by the state of its report */
	bool remembers; /* `last` is a report of it, as came last */
	struct report last;
	double last_sampled_s;
	double drain_since_s;
	double ramp;                /* of its capacity, 0..1; 0: not to be used */
	double sampled_s, window_s; /* of the report that the next two belong to */
	double own_then, own_known; /* own share then, and how much of that is remembered */
	/* Operators' wishes and bounds, of the decision at hand. */
	bool unwanted, bad;           /* bad is remembered: the score has a hysteresis */
	enum weights_reason barred;   /* why it is not to be used; REASON_SHARE: it is */
	double rtt_s, tier_s, cost_s; /* how far it is: the sum */
	double least, base;           /* base: kept while it is filled */
	double weight;                /* where shares are by capacity */
	bool capped, closed;
	double sighted_s; /* service time by the own flows; NAN: not known, or not needed */
	bool doubted;     /* its load is not believed */
};

struct weights {
	struct weights_config config;
	struct site *site;
	struct estimate *estimate;
	struct waterfill_site *fill;
	size_t count;
	double began_s; /* when the first site was up; NAN: none has been */
	struct demand demand;
	double changed_s; /* when a site came or went; what was sampled before is of other days */
	struct timeline rates;
	double own_rate;           /* smoothed; NAN: not known */
	double time_per_flow_time; /* service time by flow time, where sites tell it; 0: not known
				      yet */
	double per_flow; /* requests that arrive at sites for each own flow there; 0: not known yet
			  */
	double surge;    /* flows/s beside Lambda: own rate now against that in the reports, and
			    foreseen */
	double foreseen; /* of that: of other ingresses, which nobody has told of */
	double flood;    /* own rate now against what all reports are sure to show */
	double level;
	bool last_resort;
	double most;   /* share of a site */
	double budget; /* share that may still be moved */
	bool limited;  /* and was too small */
	struct weights_decision decision;
};

/* Steps 1 to 3: what to reckon with at each site, now and when it reported, and in all. */
void weights_observe(struct weights *weights, double now_s, double own_rate,
		     const struct weights_site *in);

/* The service time that the own flows at a site speak of, beside what others tell of theirs. NAN:
 * not known. */
double weights_sighted_time(const struct weights *weights, const struct weights_site *in,
			    size_t index);
/* The same, as far as it can be held against what the site tells: with flows enough, and others to
 * compare with; else NAN. */
double weights_witness(const struct weights *weights, const struct weights_site *in, size_t index);

/* Where a site does not tell its load, but others do: the own flows there, times what arrives at
 * the others for each own flow, as far as that was learned. */
void weights_sight_load(struct weights *weights, const struct weights_site *in);
void weights_learn_times(struct weights *weights, const struct weights_site *in);
void weights_learn_others(struct weights *weights, const struct weights_site *in);

/* What operators wish: sites that are not to be used get ramp 0, and barred
 * tells why. */
void weights_bar(struct weights *weights, const struct weights_site *in);

/* Shares within the bounds. fill: sets fill[].share for that rate, to sum 1
 * over what is open. */
void weights_fill_bounded(struct weights *weights, double rate,
			  void (*fill)(struct weights *, double));

/* Sets surge and flood. */
void weights_measure_surge(struct weights *weights, double now_s, double own_rate);
/* Where the flood is more than all that is told of: adds what others may send, too. */
void weights_foresee(struct weights *weights);

/* Step 4: sets site[].wanted, which sum to 1, or are all 0 where no site can be used. */
void weights_want(struct weights *weights, const struct weights_site *in);

/* Lambda': what is to be shared out; NAN: not known. */
double weights_rate(const struct weights *weights);

/* Own share at the time of the site's report; 0 if it tells no load. */
double weights_own_then(const struct weights *weights, size_t index);

/* The site's report can be used, and tells how much arrives there. */
bool weights_told(const struct weights *weights, size_t index);
