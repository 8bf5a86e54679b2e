/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments that the kernel dropped before a session saw them, by reason: of all TCP connections in
 * this network namespace, since it began. The kernel does not tell whose they were.
 */
#pragma once
#include <stdint.h>

/* The kernel's name in /proc/net/netstat, ours, and text for people. */
#define TCP_COUNTERS(X)                                                                      \
	X(TCPMD5NotFound, MD5_MISSING, "without the TCP MD5 signature that its peer needs")  \
	X(TCPMD5Unexpected, MD5_UNEXPECTED, "with a TCP MD5 signature, and no password set") \
	X(TCPMD5Failure, MD5_WRONG, "signed with another TCP MD5 password")                  \
	X(TCPAORequired, AO_MISSING, "without the TCP-AO signature that its peer needs")     \
	X(TCPAOKeyNotFound, AO_UNKNOWN_KEY, "signed with a TCP-AO KeyID that is not known")  \
	X(TCPAOBad, AO_WRONG, "signed with another TCP-AO key")                              \
	X(TCPMinTTLDrop, TTL, "from farther away than ttl-security-hops")

#define TCP_COUNTER_ENUM(kernel, name, text) TCP_COUNTER_##name,
enum tcp_counter { TCP_COUNTERS(TCP_COUNTER_ENUM) TCP_COUNTER_COUNT };

/* One that this kernel does not count, or that cannot be read, is 0. */
void tcp_counters_read(uint64_t ret[TCP_COUNTER_COUNT]);

/* The same of a text such as /proc/net/netstat: a line of names, and one of numbers. */
void tcp_counters_parse(const char *names, const char *numbers, uint64_t ret[TCP_COUNTER_COUNT]);
