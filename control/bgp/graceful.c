/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/graceful.h"
#include "base/util.h"

#define STALE_DEFAULT_S 300

void graceful_say(const struct graceful_self *self, const struct bgp_neighbor_config *config,
		  struct bgp_open *ret)
{
	bool whole = config->graceful == BGP_GRACEFUL_ENABLED;
	uint32_t families = whole ? ret->families : 0;

	if (config->graceful == BGP_GRACEFUL_DISABLED)
		return;
	ret->graceful = true;
	ret->graceful_notification = true;
	ret->restarted = whole && self->restarting;
	ret->restart_s = whole ? config->restart_s : 0;
	ret->graceful_families = families;
	ret->forwarding = self->forwarding ? families : 0;
	if (!config->long_lived_s)
		return;
	ret->long_lived = true;
	ret->long_lived_families = families;
	ret->long_lived_forwarding = ret->forwarding;
	for (int family = 0; family < BGP_FAMILY_COUNT; family++)
		ret->long_lived_s[family] = config->long_lived_s;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void agree(struct graceful *g, const struct bgp_neighbor_config *config,
		  const struct bgp_open *ours, const struct bgp_open *theirs, uint32_t families)
{
	uint32_t stale_s = config->stale_s ? config->stale_s : STALE_DEFAULT_S;
	bool both = ours->graceful && theirs->graceful;
	/* RFC 9494 section 4.1: only with the capability of RFC 4724, and with a time. */
	bool both_long = both && ours->long_lived && theirs->long_lived;

	g->families = both ? families & theirs->graceful_families : 0;
	g->mutual = both && ours->graceful_families;
	g->notification = both && ours->graceful_notification && theirs->graceful_notification;
	g->restarted = theirs->restarted;
	g->stale_ms = stale_s * 1000u;
	g->restart_ms = smaller(theirs->restart_s, stale_s) * 1000u;
	for (int family = 0; family < BGP_FAMILY_COUNT; family++) {
		bool is = both_long && theirs->long_lived_families & families & BIT(family);
		uint32_t s = smaller(theirs->long_lived_s[family], config->long_lived_s);

		g->long_ms[family] = is ? s * 1000u : 0;
		g->families |= g->long_ms[family] ? BIT(family) : 0;
	}
}

static void unstale(struct graceful *g, uint32_t families)
{
	g->stale &= ~families;
	g->long_lived &= ~families;
}

uint32_t graceful_up(struct graceful *g, const struct bgp_neighbor_config *config,
		     const struct bgp_open *ours, const struct bgp_open *theirs, uint32_t families,
		     uint64_t now_ms)
{
	uint32_t kept = theirs->graceful_families & theirs->forwarding;
	uint32_t gone;

	kept |= theirs->long_lived_families & theirs->long_lived_forwarding & g->long_lived;
	gone = g->stale & ~(kept & families);
	agree(g, config, ours, theirs, families);
	unstale(g, gone);
	g->back = true;
	for (int family = 0; family < BGP_FAMILY_COUNT; family++)
		g->due_ms[family] = now_ms + g->stale_ms;
	return gone;
}

uint32_t graceful_down(struct graceful *g, bool hard, uint64_t now_ms)
{
	g->back = false;
	g->stale = hard ? 0 : g->families;
	g->long_lived = 0;
	for (int family = 0; family < BGP_FAMILY_COUNT; family++)
		g->due_ms[family] = now_ms + g->restart_ms;
	return g->stale;
}

void graceful_refreshed(struct graceful *g, enum bgp_family family, uint64_t now_ms)
{
	g->stale |= BIT(family);
	g->due_ms[family] = now_ms + g->stale_ms;
}

bool graceful_told(struct graceful *g, enum bgp_family family)
{
	bool was = g->stale & BIT(family);

	unstale(g, BIT(family));
	return was;
}

void graceful_expire(struct graceful *g, uint64_t now_ms, uint32_t *ret_gone, uint32_t *ret_long)
{
	*ret_gone = *ret_long = 0;
	for (int family = 0; family < BGP_FAMILY_COUNT; family++) {
		uint32_t bit = BIT(family);

		if (!(g->stale & bit) || g->due_ms[family] > now_ms)
			continue;
		if (g->back || g->long_lived & bit || !g->long_ms[family]) {
			*ret_gone |= bit;
			continue;
		}
		*ret_long |= bit;
		g->long_lived |= bit;
		g->due_ms[family] = now_ms + g->long_ms[family];
	}
	unstale(g, *ret_gone);
}

uint64_t graceful_next_ms(const struct graceful *g)
{
	uint64_t next = GRACEFUL_NEVER;

	for (int family = 0; family < BGP_FAMILY_COUNT; family++)
		if (g->stale & BIT(family) && g->due_ms[family] < next)
			next = g->due_ms[family];
	return next;
}

bool graceful_is_hard(uint8_t cease)
{
	return cease == CEASE_MAX_PREFIXES || cease == CEASE_SHUTDOWN ||
	       cease == CEASE_DECONFIGURED || cease == CEASE_RESOURCES;
}
