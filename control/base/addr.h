/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP addresses and prefixes as values of one size. An IPv4 address is held as ::ffff:a.b.c.d
 * (RFC 4291 section 2.5.5.2), as in the data plane's tables.
 */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDR_STRLEN   46 /* INET6_ADDRSTRLEN */
#define PREFIX_STRLEN 50

struct addr {
	uint8_t octet[16];
};

struct prefix {
	struct addr addr; /* bits past len are zero */
	uint8_t len;      /* in bits of the address's own family: 0..32 or 0..128 */
};

bool addr_is_v4(const struct addr *addr);
bool addr_is_zero(const struct addr *addr); /* :: or 0.0.0.0 */
bool addr_equal(const struct addr *a, const struct addr *b);
struct addr addr_of_v4(const uint8_t octets[4]);
/* For tables of addresses that peers choose: the key is random, so that they cannot be chosen to
 * collide. */
unsigned int addr_hash(const struct addr *addr, const uint64_t key[2]);

/* Reads "192.0.2.1" or "2001:db8::1". 0, or -EINVAL and *ret is untouched. */
int addr_parse(const char *text, struct addr *ret);
const char *addr_format(const struct addr *addr, char ret[ADDR_STRLEN]); /* returns ret */

/* 0, or -EAFNOSUPPORT. An IPv4-mapped IPv6 address becomes plain IPv4. */
int addr_of_sockaddr(const struct sockaddr *sa, struct addr *ret);
socklen_t addr_to_sockaddr(const struct addr *addr, uint16_t port, struct sockaddr_storage *ret);

/* Clears the bits past len. A len longer than the family allows is cut to it. */
struct prefix prefix_of(const struct addr *addr, uint8_t len);
struct prefix prefix_of_host(const struct addr *addr);
bool prefix_equal(const struct prefix *a, const struct prefix *b);
bool prefix_covers(const struct prefix *prefix, const struct addr *addr);
const char *prefix_format(const struct prefix *prefix, char ret[PREFIX_STRLEN]);
