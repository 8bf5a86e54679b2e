/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/tcp_counters.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const struct {
	const char *name, *names, *numbers;
	uint64_t wrong, ttl;
} vectors[] = {
	{ "as Linux writes it", "TcpExt: SyncookiesSent TCPMD5Failure TCPMinTTLDrop\n",
	  "TcpExt: 1 7 9\n", 7, 9 },
	{ "another order", "TcpExt: TCPMinTTLDrop X TCPMD5Failure", "TcpExt: 9 1 7", 7, 9 },
	{ "an older kernel", "TcpExt: TCPMD5Failure\n", "TcpExt: 7\n", 7, 0 },
	{ "a name that begins with ours", "TcpExt: TCPMD5FailureX TCPMD5Failur\n", "TcpExt: 1 2\n",
	  0, 0 },
	{ "fewer numbers", "TcpExt: TCPMD5Failure TCPMinTTLDrop\n", "TcpExt: 7\n", 7, 0 },
	{ "fewer names", "TcpExt: TCPMD5Failure\n", "TcpExt: 7 9 11\n", 7, 0 },
	{ "no number", "TcpExt: TCPMD5Failure\n", "TcpExt: seven\n", 0, 0 },
	{ "nothing", "", "", 0, 0 },
};

Test(tcp_counters, go_by_their_names)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		_cleanup_(freep) char *names = strdup(vectors[i].names);
		_cleanup_(freep) char *numbers = strdup(vectors[i].numbers);
		uint64_t counter[TCP_COUNTER_COUNT] = { 0 };

		tcp_counters_parse(names, numbers, counter);
		cr_expect(eq(u64, counter[TCP_COUNTER_MD5_WRONG], vectors[i].wrong), "%s",
			  vectors[i].name);
		cr_expect(eq(u64, counter[TCP_COUNTER_TTL], vectors[i].ttl), "%s", vectors[i].name);
	}
}
