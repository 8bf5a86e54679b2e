/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the selector over a record of decisions, line by line: what it decides now beside what was
 * decided then. Pure: no file, no clock. What the sites report follows what was done, not what is
 * decided here: so own shares of the past are those of the record, whatever the policy is now, and
 * each decision answers what it would have done at that moment.
 */
#pragma once
#include "record/line.h"

struct replay;

/* What is to be otherwise than recorded. */
struct replay_changes {
	bool policy_set;
	enum policy policy;
	/* NAN: as recorded. */
	double queue_factor, hysteresis, share_min, share_max, move_max, distrust, cost_weight_s;
};

struct replay_site {
	char name[RECORD_NAME_LEN];
	uint64_t id;
	double last[2];   /* shares of the last decision: recorded, replayed */
	double seconds;   /* that it has been there */
	double summed[2]; /* shares, times the seconds that they were in force */
	bool there;       /* in the decision at hand */
};

struct replay_service {
	char name[RECORD_LABEL_LEN];
	enum policy policy[2];
	struct weights *weights;
	struct scores scores; /* as recorded; the weights look at it */
	uint64_t decisions, differ, changes[2];
	double began_s, last_s;                        /* times of the first and last decision */
	double moved[2];                               /* total variation between decisions */
	double apart_summed, apart_most, apart_most_s; /* total variation between the two */
	double apart;
	struct replay_site *site; /* all that there ever were */
	size_t site_count;
};

/* A decision, both ways. Borrowed until the next line. */
struct replay_outcome {
	const struct replay_service *service;
	const struct record_decision *then;
	const struct weights_decision *now;
	bool same;    /* every value that was recorded came out again */
	double apart; /* total variation between the two */
};

struct replay *replay_new(const struct replay_changes *changes); /* copied; NULL: no memory */
void replay_free(struct replay **replay);

/* 1: *ret is a decision; 0: nothing to show. -EBADMSG and ret_fault says what is wrong: lines in an
 * order that cannot be. -ENOMEM. */
int replay_line(struct replay *replay, const struct record_line *line, struct replay_outcome *ret,
		char ret_fault[FORM_FAULT_LEN]);

/* Monotonic time of the record's begin. */
double replay_began_s(const struct replay *replay);
uint64_t replay_lost(const struct replay *replay); /* decisions that are missing in it */
bool replay_ended(const struct replay *replay);    /* its last line was there */
/* In the order in which they came; NULL: no more. */
const struct replay_service *replay_service(const struct replay *replay, size_t index);
