/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One service of this site: its instances in the tables, its newest report, and when that is due to
 * be told. Private to control/egress; owned by struct egress.
 */
#pragma once
#include "egress/egress.h"

struct collector;

struct hosted_instance {
	struct addr addr;
	uint16_t member; /* MG_MEMBER_NONE: the tables refused it */
	uint32_t table_site;
};

struct hosted {
	struct egress_service_config config;
	struct egress *egress;
	struct tables *tables;
	struct table_service *table; /* NULL: see fault */
	struct hosted_instance *instance;
	size_t instance_count;
	struct collector *collector; /* NULL: none configured, or it could not be started */
	struct report report;        /* the newest; has == 0: none yet */
	struct value_set values;     /* what its collector gave besides, with the same report */
	struct report sent;          /* what was announced last */
	int64_t reported_ms;         /* uv_now() */
	struct discipline_state told;
	uint64_t updates_sent;
	bool withdrawn, drained, from_cli; /* by an operator */
	char origin[32];                   /* "": by the configuration or an operator */
	bool announced;
	bool tells; /* its report is that of the route */
	bool kept;  /* egress_configure()'s own */
	const char *fault;
	uv_timer_t *due; /* to tell `report`; its own block: closed asynchronously by the loop */
	void (*on_due)(struct hosted *hosted);
};

/* on_due is called when a report that was held back is to be told. NULL: out
 * of memory. Instances that the tables refuse are left out and named in the log. */
struct hosted *hosted_new(struct egress *egress, struct tables *tables, uv_loop_t *loop,
			  const struct egress_service_config *config,
			  void (*on_due)(struct hosted *hosted));
void hosted_free(struct hosted **hosted);   /* the tables keep what was written */
void hosted_remove(struct hosted **hosted); /* and takes the service out of the tables */

/* Takes over settings of the same key. Instances that stay keep their flows; the collector is left
 * to the owner. */
void hosted_reconfigure(struct hosted *hosted, const struct egress_service_config *config);

/* Should its route be announced now? If not, hosted->fault says why. */
bool hosted_announceable(struct hosted *hosted);

/* What is to be told: the newest report over what is configured. */
struct report hosted_report(const struct hosted *hosted);

/* The same as neighbours are told it, without digits that mean nothing. */
struct report hosted_told(const struct hosted *hosted);

/* Takes a report over, with the values that are no fields of it (NULL: none; copied) and, if it is
 * the one that the route tells, sets the timer: at once or soon for bad news, after a while for
 * good ones, at the latest after max_s. */
void hosted_reported(struct hosted *hosted, const struct report *report,
		     const struct value_set *values, int64_t now_ms);
/* What was reported is over. */
void hosted_forget(struct hosted *hosted);
void hosted_sent(struct hosted *hosted, const struct report *report, int64_t now_ms);
