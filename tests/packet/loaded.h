/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real objects, loaded, with the fixture's tables: one set of maps under both programs, as
 * control/tables has them. Needs root; one test process at a time owns one of these.
 */
#pragma once
#include <abi.h>
#include <stddef.h>
#include <stdint.h>

#include "vectors.h"

struct loaded;

/* 0, or -errno: -EPERM and -EACCES mean that the test has to be skipped. */
int loaded_new(struct loaded **ret);
void loaded_free(struct loaded **loaded);

/* Runs a program once on a frame, with 0xff in the octets in front of it. *len is the length of the
 * frame, then that of the result, which is in bytes again (size octets). 0, or -errno where the
 * kernel refuses to run it. */
int loaded_run(struct loaded *loaded, enum vector_program program, uint8_t *bytes, size_t *len,
	       size_t size, uint32_t *ret_action);

/* Average nanoseconds of a run over `repeat` runs. The kernel feeds a run's result to the next:
 * only frames that are left as they are show the price of one packet. */
int loaded_time(struct loaded *loaded, enum vector_program program, const uint8_t *bytes,
		size_t len, uint32_t repeat, uint32_t *ret_ns);

/* Counters, summed over the CPUs. */
struct mg_counter loaded_verdict(const struct loaded *loaded, enum mg_verdict verdict);
struct mg_counter loaded_service(const struct loaded *loaded, uint32_t service);
struct mg_counter loaded_member(const struct loaded *loaded, uint32_t member);
uint64_t loaded_event(const struct loaded *loaded, enum mg_event event);

/* The descriptor of a program. */
int loaded_program(const struct loaded *loaded, enum vector_program program);

/* Enters one more service, at that place of mg_services. 0 or -errno. */
int loaded_service_put(const struct loaded *loaded, const struct mg_service *service,
		       uint32_t place);

/* The one verdict whose counter moved since `before`, by one packet of len octets; -1: none,
 * several, or more. before is brought up to date. */
int loaded_moved(const struct loaded *loaded, struct mg_counter before[MG_VERDICT_COUNT],
		 size_t len);

/* The descriptor of a map, by name; -ENOENT. */
int loaded_map(const struct loaded *loaded, const char *name);
int loaded_pin(struct loaded *loaded, const char *dir); /* every map, as dir/NAME */
int loaded_unpin(struct loaded *loaded, const char *dir);
