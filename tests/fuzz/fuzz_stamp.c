/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A STAMP packet: the first octet says whether there is a key. What is taken as a request must
 * reflect into a reply of the same length that can be read and gives the request back.
 */
#include "base/util.h"
#include "probe/stamp.h"

#include <stdint.h>
#include <string.h>

static void check(uint8_t *octets, size_t len, const struct stamp_key *key)
{
	struct stamp_reply reply = {
		.sent = 3, .received = 2, .error = STAMP_ERROR_OURS, .ttl = 9
	};
	struct stamp_reply got;

	if (stamp_request_decode(octets, len, key, &reply.request) < 0)
		return;
	reply.seq = reply.request.seq;
	stamp_reflect(octets, len, key, &reply);
	if (stamp_reply_decode(octets, len, key, &got) < 0 || got.request.seq != got.seq ||
	    got.request.sent != reply.request.sent || got.received != 2 || got.ttl != 9)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct stamp_key key = { .octet = "key", .len = len && data[0] & 1 ? 3 : 0 };
	_cleanup_(freep) uint8_t *octets = len > 1 ? malloc(len - 1) : NULL;
	struct stamp_reply reply;

	if (!octets)
		return 0;
	memcpy(octets, data + 1, len - 1);
	stamp_reply_decode(octets, len - 1, &key, &reply);
	check(octets, len - 1, &key);
	return 0;
}
