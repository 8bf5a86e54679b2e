/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress/agenda.h"

#include <utlist.h>

void agenda_add(struct agenda *agenda, struct steering *s, enum urgency urgency)
{
	if (s->listed && s->urgency >= urgency)
		return;
	if (s->listed)
		DL_DELETE2(agenda->list[s->urgency], s, before, behind);
	s->listed = true;
	s->urgency = urgency;
	DL_APPEND2(agenda->list[urgency], s, before, behind);
}

struct steering *agenda_take(struct agenda *agenda, enum urgency least)
{
	for (int i = URGENCY_COUNT - 1; i >= (int)least; i--) {
		struct steering *s = agenda->list[i];

		if (!s)
			continue;
		DL_DELETE2(agenda->list[i], s, before, behind);
		s->listed = false;
		return s;
	}
	return NULL;
}

bool agenda_is_empty(const struct agenda *agenda)
{
	for (int i = 0; i < URGENCY_COUNT; i++)
		if (agenda->list[i])
			return false;
	return true;
}
