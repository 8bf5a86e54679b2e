/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress/site_states.h"

#include "base/util.h"

#include <stdlib.h>
#include <string.h>

void site_states_clear(struct site_states *s)
{
	free(s->at);
	*s = (struct site_states){ 0 };
}

/* Index of what the source says of the egress, or count. */
static size_t site_states_find(const struct site_states *s, const struct addr *egress,
			       const struct offer_source *source)
{
	size_t i = 0;

	while (i < s->count && (!addr_equal(&s->at[i].egress, egress) ||
				s->at[i].source.neighbor != source->neighbor ||
				s->at[i].source.path_id != source->path_id))
		i++;
	return i;
}

static void site_states_cut(struct site_states *s, size_t i)
{
	s->count--;
	memmove(&s->at[i], &s->at[i + 1], (s->count - i) * sizeof(*s->at));
}

bool site_states_put(struct site_states *s, const struct site_told *state)
{
	size_t i = site_states_find(s, &state->egress, &state->source);
	struct site_told *grown = s->at;
	bool changed = true;

	if (i < s->count) {
		changed = s->at[i].percent != state->percent || s->at[i].site_id != state->site_id;
		site_states_cut(s, i);
	} else {
		grown = s->count < SITE_STATES_MAX
				? reallocarray(s->at, s->count + 1, sizeof(*grown))
				: NULL;
	}
	if (!grown) {
		s->refused++;
		return false;
	}
	s->at = grown;
	s->at[s->count++] = *state;
	return changed;
}

bool site_states_take(struct site_states *s, const struct addr *egress,
		      const struct offer_source *source)
{
	size_t i = site_states_find(s, egress, source);

	if (i == s->count)
		return false;
	site_states_cut(s, i);
	return true;
}

const struct site_told *site_states_of(const struct site_states *s, const struct addr *egress,
				       uint16_t site_id)
{
	for (size_t i = s->count; i-- > 0;)
		if (addr_equal(&s->at[i].egress, egress) &&
		    (!s->at[i].site_id || s->at[i].site_id == site_id))
			return &s->at[i];
	return NULL;
}
