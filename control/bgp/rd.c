/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/rd.h"
#include "base/cursor.h"
#include "base/writer.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RT_SUBTYPE 0x02 /* RFC 4360 section 4 */
#define VALUE_LEN  6
#define WORDS_MAX  3

/* The assigning authority and what it assigned, by type. */
enum number_type { NUMBER_AS2, NUMBER_IPV4, NUMBER_AS4, NUMBER_TYPES };

static const struct {
	uint8_t administrator, assigned; /* octets */
} layout[NUMBER_TYPES] = {
	[NUMBER_AS2] = { 2, 4 },
	[NUMBER_IPV4] = { 4, 2 },
	[NUMBER_AS4] = { 4, 2 },
};

static int number_parse(const char *text, uint8_t octets, uint32_t *ret)
{
	char *end;
	unsigned long long value;

	if (!isdigit((unsigned char)*text) || strlen(text) > 10)
		return -EINVAL;
	value = strtoull(text, &end, 10);
	if (*end || value >> 8 * octets)
		return -EINVAL;
	*ret = (uint32_t)value;
	return 0;
}

static int administrator_parse(const char *text, enum number_type type, uint32_t *ret)
{
	struct in_addr v4;

	if (type != NUMBER_IPV4)
		return number_parse(text, layout[type].administrator, ret);
	if (inet_pton(AF_INET, text, &v4) != 1)
		return -EINVAL;
	*ret = ntohl(v4.s_addr);
	return 0;
}

/* Without a word for the type: the first one that the administrator can be. */
static int type_find(const char *administrator, enum number_type *ret)
{
	uint32_t unused;

	for (enum number_type type = NUMBER_AS2; type < NUMBER_TYPES; type++) {
		if (administrator_parse(administrator, type, &unused) < 0)
			continue;
		*ret = type;
		return 0;
	}
	return -EINVAL;
}

/* Splits at the colons; 0 if there are too many. */
static size_t words_split(char *text, char *ret[WORDS_MAX])
{
	size_t count = 0;
	char *word;

	while ((word = strsep(&text, ":"))) {
		if (count == WORDS_MAX)
			return 0;
		ret[count++] = word;
	}
	return count;
}

static int id_parse(const char *text, enum number_type *ret_type, uint8_t ret[VALUE_LEN])
{
	char copy[RD_STRLEN], *word[WORDS_MAX];
	struct writer w = writer_of(ret, VALUE_LEN);
	uint32_t type_number, administrator, assigned;
	enum number_type type;
	size_t count;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	count = words_split(strcpy(copy, text), word);
	if (count == 3 &&
	    (number_parse(word[0], 1, &type_number) < 0 || type_number >= NUMBER_TYPES))
		return -EINVAL;
	if (count == 3)
		type = (enum number_type)type_number;
	else if (count != 2 || type_find(word[0], &type) < 0)
		return -EINVAL;
	if (administrator_parse(word[count - 2], type, &administrator) < 0 ||
	    number_parse(word[count - 1], layout[type].assigned, &assigned) < 0)
		return -EINVAL;
	writer_uint(&w, administrator, layout[type].administrator);
	writer_uint(&w, assigned, layout[type].assigned);
	*ret_type = type;
	return 0;
}

static void id_format(unsigned int type, const uint8_t value[VALUE_LEN], char ret[RD_STRLEN])
{
	struct cursor c = cursor_of(value, VALUE_LEN);
	uint32_t administrator, assigned;
	size_t len;

	if (type >= NUMBER_TYPES) {
		snprintf(ret, RD_STRLEN, "%x:%012llx", type,
			 (unsigned long long)cursor_uint(&c, VALUE_LEN));
		return;
	}
	administrator = (uint32_t)cursor_uint(&c, layout[type].administrator);
	assigned = (uint32_t)cursor_uint(&c, layout[type].assigned);
	if (type == NUMBER_IPV4)
		len = (size_t)snprintf(ret, RD_STRLEN, "%u.%u.%u.%u", value[0], value[1], value[2],
				       value[3]);
	else if (type == NUMBER_AS4 && administrator <= UINT16_MAX)
		len = (size_t)snprintf(ret, RD_STRLEN, "2:%u", administrator);
	else
		len = (size_t)snprintf(ret, RD_STRLEN, "%u", administrator);
	snprintf(ret + len, RD_STRLEN - len, ":%u", assigned);
}

int bgp_rd_parse(const char *text, struct bgp_rd *ret)
{
	struct bgp_rd rd = { { 0 } };
	enum number_type type;

	if (id_parse(text, &type, rd.octet + 2) < 0)
		return -EINVAL;
	rd.octet[1] = (uint8_t)type;
	*ret = rd;
	return 0;
}

int bgp_rt_parse(const char *text, struct bgp_rt *ret)
{
	struct bgp_rt rt = { { 0, RT_SUBTYPE } };
	enum number_type type;

	if (id_parse(text, &type, rt.octet + 2) < 0)
		return -EINVAL;
	rt.octet[0] = (uint8_t)type;
	*ret = rt;
	return 0;
}

const char *bgp_rd_format(const struct bgp_rd *rd, char ret[RD_STRLEN])
{
	id_format((unsigned int)rd->octet[0] << 8 | rd->octet[1], rd->octet + 2, ret);
	return ret;
}

const char *bgp_rt_format(const struct bgp_rt *rt, char ret[RD_STRLEN])
{
	id_format(rt->octet[0], rt->octet + 2, ret);
	return ret;
}

bool bgp_rt_at(const uint8_t *communities, size_t len, size_t index, struct bgp_rt *ret)
{
	for (size_t at = 0; at + sizeof(ret->octet) <= len; at += sizeof(ret->octet)) {
		const uint8_t *community = communities + at;

		if (community[0] >= NUMBER_TYPES || community[1] != RT_SUBTYPE || index--)
			continue;
		memcpy(ret->octet, community, sizeof(ret->octet));
		return true;
	}
	return false;
}
