/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Collectors that go and ask: each asks one source at its interval, maps what comes to values of a
 * report, and backs off while the source fails. All of them together are one object, owned by the
 * event loop; none waits for another. Services name them, see blend.h.
 */
#pragma once
#include "agent/fetch.h"
#include "agent/mapping.h"
#include "agent/pressure.h"
#include "metric/report.h"

#include <uv.h>

enum gather_kind { GATHER_PROMETHEUS, GATHER_ORCA, GATHER_LOCAL, GATHER_KUBERNETES };
const char *gather_kind_text(enum gather_kind kind);

struct gather_config {
	char name[32];
	enum gather_kind kind;
	uint32_t interval_ms; /* between two questions */
	uint32_t timeout_ms;  /* for a whole answer */
	uint32_t max_age_ms;  /* for so long a value counts that is not renewed */
	uint64_t body_max;    /* octets of an answer */
	struct mapping *mapping;
	struct fetch_target target;      /* not of LOCAL */
	bool orca_json;                  /* ORCA: ask for JSON, not TEXT */
	struct pressure_config pressure; /* LOCAL */
	struct {
		char namespace[64], service[64];
	} kubernetes; /* KUBERNETES: whose EndpointSlices */
};

struct gatherers;

int gatherers_new(uv_loop_t *loop, struct gatherers **ret); /* 0 or -ENOMEM */
void gatherers_free(struct gatherers **gatherers);          /* after all who listen */

/* By which HTTP is spoken; made when it is first asked for. Valid until gatherers_free(). 0 or
 * -ENOMEM.
 */
int gatherers_web(struct gatherers *gatherers, struct web **ret);

/* Makes the running ones those of the list; who is in it as before goes on undisturbed. The
 * mappings are referenced. 0 or -ENOMEM: then those are missing that the log names. */
int gatherers_configure(struct gatherers *gatherers, const struct gather_config *configs,
			size_t count);

/* Told of each news of any gatherer, from the loop. The struct is the listener's, from listen to
 * unlisten; both may be called at any time but from within news. */
struct gather_listener {
	void (*news)(void *user, const char *name);
	void *user;
	struct gather_listener *next;
};
void gatherers_listen(struct gatherers *gatherers, struct gather_listener *listener);
void gatherers_unlisten(struct gatherers *gatherers, struct gather_listener *listener);

enum gather_state {
	GATHER_NEW,     /* no answer yet */
	GATHER_GOOD,    /* the last answer was good */
	GATHER_FAILING, /* the last one was not, but what is known still counts */
	GATHER_DOWN,    /* nothing good for max_age */
};
const char *gather_state_text(enum gather_state state);

struct gather_view {
	const struct gather_config *config;
	enum gather_state state;
	struct report report;                /* has == 0 unless GOOD or FAILING */
	uint64_t asked, good, failed, bytes; /* questions, answers, octets */
	uint64_t last_good_ms;               /* uv_now(); 0: never */
	uint64_t took_ms;                    /* the last answer, or the wait for it */
	const char *last_error;              /* ""; stays after it is over */
	const struct reading *reading;       /* its values and counters */
};
bool gatherers_view(const struct gatherers *gatherers, size_t index, struct gather_view *ret);
/* The i-th value of the one that the view is of, as reading_value(). */
struct reading_value;
bool gatherers_value(const struct gatherers *gatherers, const struct gather_view *view, size_t i,
		     struct reading_value *ret);
bool gatherers_find(const struct gatherers *gatherers, const char *name, struct gather_view *ret);
