/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the Prometheus text format 0.0.4 and OpenMetrics 1.0, in pieces of any size. Samples whose
 * name somebody wants are handed out one by one; of all others only the name is looked at. What is
 * malformed ends the reading: the text is then bad as a whole. Pure; owned by its caller.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPOSITION_LINE_MAX   16384 /* octets of a line without its newline */
#define EXPOSITION_LABELS_MAX 64    /* of one sample */

struct exposition_label {
	const char *name, *value; /* without quotes and escapes; valid UTF-8 */
	size_t name_len, value_len;
};

struct exposition_sample {
	const char *name;
	size_t name_len;
	const struct exposition_label *label;
	size_t label_count;
	double value; /* NaN and infinities are let through */
	bool has_time;
	int64_t time_ms; /* Unix time that the sample itself names */
};

struct exposition_ops {
	bool (*wanted)(void *user, const char *name, size_t len);
	/* NULL, or what is wrong with it. All that the sample points at is gone afterwards. */
	const char *(*sample)(void *user, const struct exposition_sample *sample);
};

struct exposition {
	const struct exposition_ops *ops;
	void *user;
	bool openmetrics, ended; /* ended: "# EOF" was read */
	const char *fault;       /* NULL: none so far; else static words for people */
	uint64_t line;           /* the one being read, from 1; after a fault the line it is in */
	size_t len;              /* of the line that is not whole yet */
	char part[EXPOSITION_LINE_MAX];
};

/* openmetrics: what the content type said; there time stamps are seconds, not milliseconds, and
 * the text has an end of its own. */
void exposition_start(struct exposition *e, bool openmetrics, const struct exposition_ops *ops,
		      void *user);
/* NULL, or the fault; after one nothing is read any more. */
const char *exposition_feed(struct exposition *e, const void *bytes, size_t len);
/* No more comes. NULL: the text was whole and good. */
const char *exposition_end(struct exposition *e);
