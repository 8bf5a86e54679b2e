/* SPDX-License-Identifier: BSD-2-Clause */
/* How many routes a neighbour may tell of, and how many paths of a prefix are taken. */
#include "bgp/limits.h"
#include "speakers.h"

static const struct {
	const char *name;
	struct bgp_limits limits;
	size_t all, of_family;
	enum limits_verdict want;
} verdicts[] = {
	{ "no limit", { .warning_pct = 1 }, 1000000, 1000000, LIMITS_GOOD },
	{ "below the warning", { .total = 100, .warning_pct = 75 }, 74, 0, LIMITS_GOOD },
	{ "at the warning", { .total = 100, .warning_pct = 75 }, 75, 0, LIMITS_NEAR },
	{ "at the limit", { .total = 100, .warning_pct = 75 }, 100, 0, LIMITS_NEAR },
	{ "over it", { .total = 100, .warning_pct = 75 }, 101, 0, LIMITS_OVER },
	{ "warning at the limit", { .total = 3, .warning_pct = 100 }, 2, 0, LIMITS_GOOD },
	{ "the family's",
	  { .family[BGP_IPV6_UNICAST] = 2, .warning_pct = 100 },
	  9,
	  3,
	  LIMITS_OVER },
	{ "another family's",
	  { .family[BGP_IPV4_UNICAST] = 2, .warning_pct = 1 },
	  9,
	  3,
	  LIMITS_GOOD },
	{ "the first of both",
	  { .total = 9, .family[BGP_IPV6_UNICAST] = 2, .warning_pct = 100 },
	  9,
	  1,
	  LIMITS_NEAR },
	{ "as many as can be counted",
	  { .total = UINT32_MAX, .warning_pct = 100 },
	  UINT32_MAX,
	  0,
	  LIMITS_NEAR },
};

Test(prefix_limits, verdicts)
{
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		struct rib_source source = { .route_count = verdicts[i].all };

		source.family_count[BGP_IPV6_UNICAST] = verdicts[i].of_family;
		cr_expect(eq(int, limits_check(&verdicts[i].limits, &source, BGP_IPV6_UNICAST),
			     verdicts[i].want),
			  "%s", verdicts[i].name);
	}
}

/* Each counts for its family, and what is withdrawn no more. */
Test(prefix_limits, of_a_family_ends_the_session_for_a_time, .timeout = 30)
{
	struct bgp_path path = path_of("192.0.2.1"), path6 = path_of("2001:db8::1");
	struct bgp_neighbor_config ab, ba;
	struct speaker_seen *a, *b;
	struct speakers all;
	uint64_t ended;

	speakers_open(&all);
	a = speaker_add(&all, 0);
	b = speaker_add(&all, 1);
	ab = neighbor_of(a, 1);
	ba = neighbor_of(b, 0);
	ab.limits = (struct bgp_limits){ .family[BGP_IPV4_UNICAST] = 2,
					 .warning_pct = 100,
					 .restart_s = 2 };
	neighbor_put(a, &ab);
	neighbor_put(b, &ba);
	originate(b, "198.51.100.1", &path);
	for (int i = 1; i < 6; i++)
		originate(b,
			  ((const char *[]){ "", "2001:db8::1", "2001:db8::2", "2001:db8::3",
					     "2001:db8::4", "2001:db8::5" })[i],
			  &path6);
	LOOP_UNTIL(&all, a->announced == 6);
	cr_expect(eq(int, state_of(a, 0).limit_near, false));
	originate(b, "198.51.100.2", &path);
	LOOP_UNTIL(&all, state_of(a, 0).limit_near);
	withdraw(b, "198.51.100.2");
	LOOP_UNTIL(&all, a->withdrawn == 1);
	originate(b, "198.51.100.3", &path);
	LOOP_UNTIL(&all, a->announced == 8);
	cr_expect(is_up(a, 0), "two of them");
	originate(b, "198.51.100.4", &path);
	LOOP_UNTIL(&all, !is_up(a, 0));
	ended = uv_now(&all.loop);
	cr_expect(eq(u64, state_of(a, 0).limited, 1));
	cr_expect(strstr(state_of(b, 0).last_error, "Maximum Number of Prefixes") != NULL ||
		  strstr(state_of(a, 0).last_error, "Maximum Number of Prefixes") != NULL);
	withdraw(b, "198.51.100.4");
	LOOP_UNTIL(&all, is_up(a, 0));
	cr_expect(uv_now(&all.loop) - ended >= 1400,
		  "not before its time, of which a quarter is jitter");
	speakers_close(&all);
}

/* Two clients with a path each of one prefix, and a reflector. */
static struct speaker_seen *reflector_open(struct speakers *all)
{
	struct bgp_path first = path_of("192.0.2.1"), second = path_of("192.0.2.2");
	struct bgp_neighbor_config config;
	struct speaker_seen *rr, *tells;

	speakers_open(all);
	rr = speaker_add(all, 0);
	for (int i = 0; i < 2; i++) {
		tells = speaker_add(all, 1 + i);
		originate(tells, "198.51.100.1", i ? &second : &first);
		config = neighbor_of(tells, 0);
		neighbor_put(tells, &config);
		config = neighbor_of(rr, 1 + i);
		config.client = true;
		neighbor_put(rr, &config);
		LOOP_UNTIL(all, rr->announced == (unsigned int)i + 1);
	}
	return rr;
}

static void reflect(uint16_t paths_in, unsigned int want, uint64_t refused)
{
	struct bgp_neighbor_config config;
	struct speaker_seen *rr, *hears;
	struct speakers all;

	rr = reflector_open(&all);
	hears = speaker_add(&all, 3);
	config = neighbor_of(hears, 0);
	config.limits.paths_in = paths_in;
	neighbor_put(hears, &config);
	config = neighbor_of(rr, 3);
	config.client = true;
	neighbor_put(rr, &config);
	LOOP_UNTIL(&all, is_up(hears, 0) && state_of(hears, 0).end_of_rib);
	loop_for(&all, 50);
	cr_expect(eq(uint, hears->announced, want));
	cr_expect(eq(u64, state_of(hears, 0).prefixes_in, want));
	cr_expect(eq(u64, state_of(hears, 0).paths_refused, refused));
	speakers_close(&all);
}

Test(prefix_limits, paths_taken, .timeout = 30)
{
	reflect(1, 1, 1);
	reflect(2, 2, 0);
	reflect(0, 2, 0);
}

/* The reflector's limit for who hears, named or out of a range, and another one meanwhile. */
static void limit_sent(bool ranged)
{
	struct prefix loopback = prefix_text("127.0.0.4");
	struct bgp_range_config range = { .prefix = loopback, .limit = 1, .hold_down_s = 60 };
	struct bgp_neighbor_config config;
	struct speaker_seen *rr, *hears;
	struct addr remote = speaker_addr(3);
	struct speakers all;

	rr = reflector_open(&all);
	config = neighbor_of(rr, 3);
	config.client = true;
	config.limits.paths_out = 1;
	range.neighbor = config;
	if (ranged)
		cr_assert(bgp_range_add(rr->bgp, &range) == 0);
	else
		neighbor_put(rr, &config);
	hears = speaker_add(&all, 3);
	config = neighbor_of(hears, 0);
	neighbor_put(hears, &config);
	LOOP_UNTIL(&all, is_up(hears, 0) && state_of(hears, 0).end_of_rib);
	cr_expect(eq(u64, state_of(hears, 0).prefixes_in, 1));
	cr_expect(eq(u64, state_of(rr, 2).prefixes_out, 1));
	cr_expect(eq(sz, state_of(rr, 2).group, 1), "the two others have no limit");
	cr_expect(eq(sz, state_of(rr, 1).group, 2));

	for (uint8_t max = 2; max > 0; max--) {
		if (ranged)
			cr_assert(bgp_range_send_limit(rr->bgp, &loopback, max) == 0);
		else
			cr_assert(bgp_neighbor_send_limit(rr->bgp, &remote, max) == 0);
		LOOP_UNTIL(&all, state_of(hears, 0).prefixes_in == max);
		cr_expect(eq(u8, state_of(rr, 2).config.limits.paths_out, max));
	}
	cr_expect(eq(u64, state_of(hears, 0).established, 1), "the session went on");
	cr_expect(
		eq(int, bgp_neighbor_send_limit(rr->bgp, &loopback.addr, 1), ranged ? -ENOENT : 0));
	speakers_close(&all);
}

Test(prefix_limits, paths_sent, .timeout = 30)
{
	limit_sent(false);
	limit_sent(true);
}

/* Of a neighbour with a name, or of a range. */
static void adjust(struct speaker_seen *a, bool ranged, const struct bgp_neighbor_config *config)
{
	struct bgp_range_config range = { .prefix = prefix_text("127.0.0.2"),
					  .limit = 1,
					  .hold_down_s = 60,
					  .neighbor = *config };

	cr_assert(
		eq(int,
		   ranged ? bgp_range_adjust(a->bgp, &range) : bgp_neighbor_adjust(a->bgp, config),
		   0));
}

static void change_in_place(bool ranged)
{
	struct bgp_range_config range = { .limit = 1, .hold_down_s = 60 };
	struct bgp_path path = path_of("192.0.2.1");
	struct bgp_neighbor_config ab, ba;
	struct speaker_seen *a, *b;
	struct speakers all;

	speakers_open(&all);
	a = speaker_add(&all, 0);
	b = speaker_add(&all, 1);
	ab = neighbor_of(a, 1);
	ba = neighbor_of(b, 0);
	ab.limits = (struct bgp_limits){ .total = 5, .warning_pct = 100, .paths_out = 3 };
	cr_expect(eq(int, bgp_neighbor_adjust(a->bgp, &ab), -ENOENT), "it is not there yet");
	range.prefix = prefix_text("127.0.0.2");
	range.neighbor = ab;
	if (ranged)
		cr_assert(bgp_range_add(a->bgp, &range) == 0);
	else
		neighbor_put(a, &ab);
	neighbor_put(b, &ba);
	for (int i = 0; i < 3; i++)
		originate(b,
			  ((const char *[]){ "198.51.100.1", "198.51.100.2", "198.51.100.3" })[i],
			  &path);
	LOOP_UNTIL(&all, a->announced == 3);
	strcpy(ab.description, "another one");
	strcpy(ab.reason, "other words");
	ab.limits = (struct bgp_limits){ .total = 3, .warning_pct = 50, .restart_s = 3600 };
	adjust(a, ranged, &ab);
	loop_for(&all, 50);
	cr_expect(is_up(a, 0), "within the new limit");
	cr_expect(eq(str, state_of(a, 0).config.description, "another one"));
	cr_expect(eq(str, state_of(a, 0).config.reason, "other words"));
	cr_expect(eq(u32, state_of(a, 0).config.limits.total, 3));
	cr_expect(eq(u8, state_of(a, 0).config.limits.paths_out, 3), "of another call");
	cr_expect(state_of(a, 0).limit_near, "warned anew");
	ab.limits.total = 2;
	adjust(a, ranged, &ab);
	LOOP_UNTIL(&all, !is_up(a, 0));
	cr_expect(eq(u64, state_of(a, 0).limited, 1));
	cr_expect(eq(uint, a->withdrawn, 3));
	/* An hour to wait, but somebody has mended it. */
	ab.limits.total = 0;
	adjust(a, ranged, &ab);
	loop_for(&all, 50);
	cr_expect(not(is_up(a, 0)));
	cr_assert(bgp_neighbor_reset(a->bgp, &ab.remote, NULL) == 0);
	cr_assert(bgp_neighbor_reset(b->bgp, &ba.remote, NULL) == 0);
	LOOP_UNTIL(&all, is_up(a, 0) && state_of(a, 0).prefixes_in == 3);
	cr_expect(eq(u64, state_of(a, 0).established, 2), "one session before, and one after");
	speakers_close(&all);
}

Test(prefix_limits, change_in_place, .timeout = 60)
{
	change_in_place(false);
	change_in_place(true);
}
