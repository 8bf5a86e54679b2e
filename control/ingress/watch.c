/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions as they are made, for who records them. Costs nothing while nobody does. */
#include "base/util.h"
#include "ingress/state.h"

void ingress_watch(struct ingress *in,
		   void (*decides)(void *user, const struct ingress_decision *decision), void *user)
{
	in->decides = decides;
	in->decides_user = user;
}

void ingress_tell(const void *ingress, const struct steering *s, double now_s,
		  const struct weights_site *site, const struct weights_decision *decision)
{
	const struct ingress *in = ingress;
	_cleanup_(freep) char(*name)[ADDR_STRLEN] = calloc(s->site_count + 1, sizeof(*name));
	const struct ingress_decision told = { .config = &s->config,
					       .service = s->id,
					       .configured_ns = s->configured_ns,
					       .weights = s->weights,
					       .now_s = now_s,
					       .own_rate = s->own_rate,
					       .site = site,
					       .name = (const char(*)[ADDR_STRLEN])name,
					       .count = s->site_count,
					       .decision = decision };

	for (size_t i = 0; name && i < s->site_count; i++)
		known_site_name(&in->known, &s->site[i].egress, s->site[i].site_id, name[i]);
	if (name && in->decides) /* who watches may stop in the midst of it */
		in->decides(in->decides_user, &told);
}
