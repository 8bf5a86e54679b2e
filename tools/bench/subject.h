/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program under test and, where that is Margay's own, its tables: services of eight sites each,
 * of which a running flow must always get one of the first four. Owned by the bench's one thread.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "plan.h"
#include "traffic.h"

struct subject;

/* Loads mg_ingress, and a build of it without counters, over one set of tables that fit all cases
 * of this family, encapsulation and number of services. 0, or -errno, logged. */
int subject_new(const struct plan *plan, const struct bench_case *like, struct subject **ret);
void subject_free(struct subject **subject);

/* The descriptor of the program, borrowed. */
int subject_program(const struct subject *subject, enum bench_build build);

/* Puts the slots into the case's state; no pins are left. */
void subject_apply(struct subject *subject, const struct bench_case *c);
/* Once each flow was sent: with two choices a fifth of the slots has moved, and its flows are
 * pinned; these slots then stand still where they lead, and only pins know better. */
void subject_settle(struct subject *subject, const struct bench_case *c);

/* What must come out for this case's packets. */
struct expect subject_expect(const struct bench_case *c);

/* Packets counted as sent to a site, summed over the CPUs; and pins that found no room. */
int subject_forwarded(const struct subject *subject, uint64_t *ret);
int subject_evicted(const struct subject *subject, uint64_t *ret);
