/* SPDX-License-Identifier: BSD-2-Clause */
/* A neighbour that tells as much as it can, and what that costs the others. */
#include "raw_neighbor.h"

#define FLOOD_OCTETS (4 << 20)
#define TURN_OCTETS  (4 * MESSAGE_MAX) /* control/bgp/transport.c reads so much at a time */

/* One prefix with another metric each time; the length of a message is the same. */
static size_t flood_fill(uint8_t *octets, size_t size, size_t *ret_message_len)
{
	struct bgp_codec codec = { .local_as = AS_OURS,
				   .remote_as = AS_OURS,
				   .ibgp = true,
				   .as4 = true,
				   .inside = true,
				   .families = BIT(BGP_IPV4_UNICAST),
				   .carriers_send = BGP_CARRIER_COMMUNITY };
	struct writer w = writer_of(octets, size);
	struct prefix prefix = prefix_text("198.51.100.1");
	struct bgp_nlri nlri = { .dst = bgp_dst_of(&prefix) };
	size_t count = 0, len = 0;

	do {
		struct bgp_path path = path_of("192.0.2.1");

		len = writer_len(&w);
		path.has = BGP_HAS_REPORT | BGP_HAS_LOCAL_PREF;
		path.report = (struct report){ .has = REPORT_SAMPLED | REPORT_CAPACITY,
					       .capacity = 8,
					       .sampled_ms = 1000 + (int64_t)++count };
		if (!update_encode(&codec, &path, &nlri, 1, &w))
			break;
		*ret_message_len = writer_len(&w) - len;
	} while (true);
	return len;
}

/* Writes what the socket takes; false: all of it is written. */
static bool flood_pour(struct raw *raw, const uint8_t *octets, size_t len, size_t *at)
{
	ssize_t n = *at < len ? send(raw->fd, octets + *at, len - *at, MSG_NOSIGNAL) : 0;

	cr_assert(n >= 0 || errno == EAGAIN);
	*at += n > 0 ? (size_t)n : 0;
	return *at < len;
}

static void neighbor_wait_for(struct speaker_seen *a, int number)
{
	struct bgp_neighbor_config config = neighbor_of(a, number);

	config.passive = true;
	config.carriers_accept = BGP_CARRIER_COMMUNITY;
	neighbor_put(a, &config);
}

/* While one floods, another one's withdrawal is through when the first has been heard for the two
 * turns of the loop at most that it takes to come to it. */
Test(flood, delays_no_withdrawal, .timeout = 60)
{
	_cleanup_(freep) uint8_t *octets = malloc(FLOOD_OCTETS);
	_cleanup_(raw_close) struct raw loud = { .fd = -1 }, quiet = { .fd = -1 };
	struct bgp_open loud_open = raw_says(2), quiet_open = raw_says(3);
	size_t len, message_len = 1, at = 0;
	unsigned int before, heard;
	struct prefix prefix = prefix_text("198.51.100.2");
	struct bgp_nlri nlri = { .dst = bgp_dst_of(&prefix) };
	struct bgp_codec codec = { .local_as = AS_OURS,
				   .remote_as = AS_OURS,
				   .ibgp = true,
				   .as4 = true,
				   .families = BIT(BGP_IPV4_UNICAST) };
	struct bgp_path path = path_of("192.0.2.2");
	uint8_t message[MESSAGE_MAX];
	struct writer w = writer_of(message, sizeof(message));
	struct speakers all;
	struct speaker_seen *a;

	cr_assert(octets != NULL);
	len = flood_fill(octets, FLOOD_OCTETS, &message_len);
	speakers_open(&all);
	a = speaker_add(&all, 0);
	neighbor_wait_for(a, 2);
	neighbor_wait_for(a, 3);
	loop_for(&all, 5);
	raw_open(&loud, &all, 2, 0);
	raw_establish(&loud, &loud_open);
	raw_open(&quiet, &all, 3, 0);
	raw_establish(&quiet, &quiet_open);
	path.has = BGP_HAS_LOCAL_PREF;
	cr_assert(update_encode(&codec, &path, &nlri, 1, &w));
	raw_send(&quiet, &w);
	LOOP_UNTIL(&all, a->announced == 1);

	while (flood_pour(&loud, octets, len, &at) && errno != EAGAIN)
		;
	cr_assert(at > 8 * TURN_OCTETS, "the socket takes too little to tell: %zu", at);
	w = writer_of(message, sizeof(message));
	cr_assert(update_encode_withdraw(&codec, &nlri, 1, &w));
	raw_send(&quiet, &w);
	before = a->announced;
	LOOP_UNTIL(&all, a->withdrawn == 1);
	heard = a->announced - before;
	cr_expect(le(uint, heard, 2 * TURN_OCTETS / (unsigned int)message_len),
		  "%u changes were heard first", heard);

	/* And it does go on: all of it is heard in the end. */
	LOOP_UNTIL(&all, !flood_pour(&loud, octets, len, &at) &&
				 a->announced - before == len / message_len);
	speakers_close(&all);
}
