/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

bool addr_is_v4(const struct addr *addr)
{
	return !memcmp(addr->octet, v4_mapped, sizeof(v4_mapped));
}

bool addr_is_zero(const struct addr *addr)
{
	static const uint8_t zero[16];

	return !memcmp(addr->octet + 12, zero, 4) &&
	       (addr_is_v4(addr) || !memcmp(addr->octet, zero, 12));
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return !memcmp(a->octet, b->octet, sizeof(a->octet));
}

struct addr addr_of_v4(const uint8_t octets[4])
{
	struct addr addr;

	memcpy(addr.octet, v4_mapped, sizeof(v4_mapped));
	memcpy(addr.octet + 12, octets, 4);
	return addr;
}

unsigned int addr_hash(const struct addr *addr, const uint64_t key[2])
{
	uint64_t half[2];
	unsigned __int128 product;

	memcpy(half, addr->octet, sizeof(half));
	product = (unsigned __int128)(half[0] ^ key[0]) * (half[1] ^ key[1]);
	return (unsigned int)((uint64_t)product ^ (uint64_t)(product >> 64));
}

int addr_parse(const char *text, struct addr *ret)
{
	uint8_t octets[16];

	if (inet_pton(AF_INET, text, octets) == 1)
		*ret = addr_of_v4(octets);
	else if (inet_pton(AF_INET6, text, octets) == 1)
		memcpy(ret->octet, octets, sizeof(octets));
	else
		return -EINVAL;
	return 0;
}

const char *addr_format(const struct addr *addr, char ret[ADDR_STRLEN])
{
	if (addr_is_v4(addr))
		inet_ntop(AF_INET, addr->octet + 12, ret, ADDR_STRLEN);
	else
		inet_ntop(AF_INET6, addr->octet, ret, ADDR_STRLEN);
	return ret;
}

int addr_of_sockaddr(const struct sockaddr *sa, struct addr *ret)
{
	switch (sa->sa_family) {
	case AF_INET:
		*ret = addr_of_v4(
			(const uint8_t *)&((const struct sockaddr_in *)sa)->sin_addr.s_addr);
		return 0;
	case AF_INET6:
		memcpy(ret->octet, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

socklen_t addr_to_sockaddr(const struct addr *addr, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (addr_is_v4(addr)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, addr->octet + 12, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, addr->octet, 16);
	return sizeof(*v6);
}

/* Where the family's own bits begin in the 128. */
static unsigned int prefix_offset(const struct addr *addr)
{
	return addr_is_v4(addr) ? 96 : 0;
}

struct prefix prefix_of(const struct addr *addr, uint8_t len)
{
	unsigned int bits = prefix_offset(addr) + len;
	struct prefix prefix = { .addr = *addr };

	if (bits > 128)
		bits = 128;
	prefix.len = (uint8_t)(bits - prefix_offset(addr));
	for (unsigned int i = bits; i < 128; i++)
		prefix.addr.octet[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return prefix;
}

struct prefix prefix_of_host(const struct addr *addr)
{
	return prefix_of(addr, 128);
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && addr_equal(&a->addr, &b->addr);
}

bool prefix_covers(const struct prefix *prefix, const struct addr *addr)
{
	struct prefix cut = prefix_of(addr, prefix->len);

	return addr_is_v4(addr) == addr_is_v4(&prefix->addr) && prefix_equal(prefix, &cut);
}

const char *prefix_format(const struct prefix *prefix, char ret[PREFIX_STRLEN])
{
	char text[ADDR_STRLEN];

	snprintf(ret, PREFIX_STRLEN, "%s/%u", addr_format(&prefix->addr, text), prefix->len);
	return ret;
}
