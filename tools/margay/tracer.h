/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads packet records from the pinned maps, without margayd: sets the filter, keeps it alive,
 * takes the records, turns it off. One reader at a time per pin directory. For programs with one
 * thread.
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <trace.h>

struct tracer;

/* packet: record->captured octets. False: no more, please. */
typedef bool tracer_take(void *user, const struct mg_trace_record *record, const uint8_t *packet);

/* Starts the trace. pin_dir: as in margayd's configuration, e.g. /sys/fs/bpf/margay. The filter's
 * until_ns is the tracer's. 0; or -1 and *ret_error is an answer that says what is wrong and what
 * helps (not pinned there, not allowed, another reader is at work). */
int tracer_open(const char *pin_dir, const struct mg_trace_filter *filter, tracer_take *take,
		void *user, struct tracer **ret, json_t **ret_error);

/* Waits so long at most, hands over what has come, and keeps the filter alive: to be called at
 * least every second, or packets are missed. True: go on. False: take() wants no more. */
bool tracer_poll(struct tracer *tracer, int timeout_ms);

/* Records that the data plane could not write since tracer_open(), because the ring was full. */
uint64_t tracer_lost(const struct tracer *tracer);

void tracer_close(struct tracer **tracer); /* turns the filter off; *tracer may be NULL */
