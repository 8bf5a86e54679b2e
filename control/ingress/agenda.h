/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which services are to decide, and in what order: the more urgent ones first, and of equally
 * urgent ones who came first. Each stands in it once, however often it is added. Services hold
 * their links (steering.h). A value; zeroed it is empty. Pure.
 */
#pragma once
#include "ingress/steering.h"

struct agenda {
	struct steering *list[URGENCY_COUNT];
};

/* One that is in it and less urgent becomes as urgent as that, behind those that are. */
void agenda_add(struct agenda *agenda, struct steering *steering, enum urgency urgency);

/* Takes out the first one that is at least so urgent; NULL: there is none. */
struct steering *agenda_take(struct agenda *agenda, enum urgency least);

bool agenda_is_empty(const struct agenda *agenda);
