/* SPDX-License-Identifier: BSD-2-Clause */
/* DOC: One function a word, in a table; each sets its fields or says what is wrong with its value.
 */
#include "trace_filter.h"

#include "base/addr.h"
#include "base/util.h"
#include "mgmt/answer.h"
#include "mgmt/nearest.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* NULL: the value is good. */
typedef json_t *filter_word(const json_t *value, const struct names *names,
			    struct mg_trace_filter *ret);

static json_t *bad_word(const char *word, const char *hint, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text)
		return answer_error(ANSWER_USAGE, word, hint, "'%.60s' is no value for %s", text,
				    word);
	return answer_error(ANSWER_USAGE, word, hint, "%g is no value for %s",
			    json_number_value(value), word);
}

static bool whole_number(const json_t *value, json_int_t least, json_int_t most)
{
	return json_is_integer(value) && json_integer_value(value) >= least &&
	       json_integer_value(value) <= most;
}

/* --- addresses -------------------------------------------------------------------------------- */
static void mask_of(uint8_t ret[16], unsigned int bits)
{
	for (unsigned int i = 0; i < 16; i++, bits -= bits < 8 ? bits : 8)
		ret[i] = bits < 8 ? (uint8_t) ~(0xff >> bits) : 0xff;
}

/* "192.0.2.0/24", "2001:db8::1": the address with its bits behind the length zeroed. */
static int prefix_parse(const char *text, uint8_t ret_addr[16], uint8_t ret_mask[16])
{
	const char *slash = strchr(text, '/');
	char host[ADDR_STRLEN], *end = NULL;
	unsigned long len = 128, most;
	struct prefix prefix;
	struct addr addr;

	if (slash && (slash - text >= ADDR_STRLEN || slash[1] < '0' || slash[1] > '9'))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", slash ? (int)(slash - text) : ADDR_STRLEN, text);
	if (addr_parse(host, &addr) < 0)
		return -EINVAL;
	most = addr_is_v4(&addr) ? 32 : 128;
	len = slash ? strtoul(slash + 1, &end, 10) : most;
	if (len > most || (end && *end))
		return -EINVAL;
	prefix = prefix_of(&addr, (uint8_t)len);
	memcpy(ret_addr, prefix.addr.octet, 16);
	mask_of(ret_mask, (unsigned int)(len + 128 - most));
	return 0;
}

#define PREFIX_HINT "an address or prefix: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32"

static json_t *filter_client(const json_t *value, const struct names *names,
			     struct mg_trace_filter *ret)
{
	if (prefix_parse(json_string_value(value), ret->client, ret->client_mask) < 0)
		return bad_word("client", PREFIX_HINT, value);
	ret->fields |= MG_TRACE_BY_CLIENT;
	return NULL;
}

static json_t *filter_to(const json_t *value, const struct names *names,
			 struct mg_trace_filter *ret)
{
	if (prefix_parse(json_string_value(value), ret->destination, ret->destination_mask) < 0)
		return bad_word("to", PREFIX_HINT, value);
	ret->fields |= MG_TRACE_BY_DESTINATION;
	return NULL;
}

static json_t *filter_service(const json_t *value, const struct names *names,
			      struct mg_trace_filter *ret)
{
	const char *text = json_string_value(value);
	size_t n = names_find(names, text, ret->service, MG_TRACE_SERVICES);
	struct addr addr;

	if (n > MG_TRACE_SERVICES)
		return answer_error(ANSWER_REFUSED, "service",
				    "name one of its addresses instead: service ADDRESS",
				    "%s has %zu addresses, a filter takes %d", text, n,
				    MG_TRACE_SERVICES);
	if (n) {
		ret->fields |= MG_TRACE_BY_SERVICE;
		return NULL;
	}
	if (addr_parse(text, &addr) < 0)
		return answer_error(
			ANSWER_NOT_FOUND, "service",
			"margay show services lists all; where margayd does not answer, "
			"name an address: service ADDRESS port PORT protocol PROTOCOL",
			"no service '%.60s' is known", text);
	if (ret->fields & MG_TRACE_BY_DESTINATION)
		return answer_error(ANSWER_USAGE, "service", "leave one of them out",
				    "a service's address and 'to' are the same");
	return filter_to(value, names, ret);
}

/* --- numbers ---------------------------------------------------------------------------------- */
static json_t *filter_port(const json_t *value, const struct names *names,
			   struct mg_trace_filter *ret)
{
	if (!whole_number(value, 0, UINT16_MAX))
		return bad_word("port", "0 to 65535", value);
	ret->port = (uint16_t)json_integer_value(value);
	ret->fields |= MG_TRACE_BY_PORT;
	return NULL;
}

static json_t *filter_client_port(const json_t *value, const struct names *names,
				  struct mg_trace_filter *ret)
{
	if (!whole_number(value, 0, UINT16_MAX))
		return bad_word("client-port", "0 to 65535", value);
	ret->sport = (uint16_t)json_integer_value(value);
	ret->fields |= MG_TRACE_BY_SPORT;
	return NULL;
}

static json_t *filter_protocol(const json_t *value, const struct names *names,
			       struct mg_trace_filter *ret)
{
	int number = protocol_parse(json_string_value(value));

	if (number < 0)
		return bad_word("protocol", "tcp, udp, icmp, icmpv6, or a number up to 255", value);
	ret->proto = (uint8_t)number;
	ret->fields |= MG_TRACE_BY_PROTOCOL;
	return NULL;
}

static json_t *filter_interface(const json_t *value, const struct names *names,
				struct mg_trace_filter *ret)
{
	const char *text = json_string_value(value);
	unsigned long number;
	char *end;

	ret->ifindex = if_nametoindex(text);
	if (!ret->ifindex) {
		number = strtoul(text, &end, 10);
		if (*end || !number || number > INT32_MAX || *text < '0' || *text > '9')
			return answer_error(
				ANSWER_NOT_FOUND, "interface",
				"margay show interfaces lists those of Margay; an index "
				"will do as well",
				"there is no interface '%.60s' here", text);
		ret->ifindex = (uint32_t)number;
	}
	ret->fields |= MG_TRACE_BY_INTERFACE;
	return NULL;
}

static json_t *filter_sample(const json_t *value, const struct names *names,
			     struct mg_trace_filter *ret)
{
	if (!whole_number(value, 1, UINT32_MAX))
		return bad_word("sample", "1 in so many packets: 1 or more", value);
	ret->one_in = (uint32_t)json_integer_value(value);
	return NULL;
}

static json_t *filter_snaplen(const json_t *value, const struct names *names,
			      struct mg_trace_filter *ret)
{
	if (!whole_number(value, 1, MG_TRACE_SNAP_MAX))
		return bad_word("snaplen", "octets, 1 to 9216", value);
	ret->snaplen = (uint32_t)json_integer_value(value);
	return NULL;
}

/* --- verdicts --------------------------------------------------------------------------------- */
static json_t *unknown_verdict(const char *text)
{
	struct nearest nearest = { .wrong = text };
	char hint[96] = "margay show counters lists all verdicts";
	char name[MG_VERDICT_COUNT][NAME_LEN];

	for (size_t i = 0; i < MG_VERDICT_COUNT; i++)
		nearest_offer(&nearest, verdict_name((enum mg_verdict)i, name[i]));
	if (nearest.best)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest.best);
	return answer_error(ANSWER_USAGE, "verdict", hint, "there is no verdict '%.60s'", text);
}

static json_t *filter_verdict(const json_t *value, const struct names *names,
			      struct mg_trace_filter *ret)
{
	uint64_t wanted = 0;
	const json_t *item;
	size_t i;

	json_array_foreach(value, i, item)
	{
		const char *text = json_string_value(item);
		char name[NAME_LEN];
		size_t v = 0;

		while (v < MG_VERDICT_COUNT &&
		       strcmp(verdict_name((enum mg_verdict)v, name), text) != 0)
			v++;
		if (v == MG_VERDICT_COUNT)
			return unknown_verdict(text);
		wanted |= 1ull << v;
	}
	for (size_t p = 0; p < MG_TRACE_PROGRAM_COUNT; p++)
		ret->verdicts[p] &= wanted;
	return NULL;
}

static json_t *filter_drops(const json_t *value, const struct names *names,
			    struct mg_trace_filter *ret)
{
	for (size_t p = 0; p < MG_TRACE_PROGRAM_COUNT; p++)
		for (size_t v = 0; v < MG_VERDICT_COUNT; v++)
			if (!trace_drops((enum mg_trace_program)p, (enum mg_verdict)v))
				ret->verdicts[p] &= ~(1ull << v);
	return NULL;
}

static json_t *filter_sent(const json_t *value, const struct names *names,
			   struct mg_trace_filter *ret)
{
	ret->on = MG_TRACE_LEFT;
	return NULL;
}

static const struct {
	const char *name;
	filter_word *take;
} words[] = {
	{ "verdict", filter_verdict },
	{ "drops", filter_drops },
	{ "client", filter_client },
	{ "client-port", filter_client_port },
	{ "to", filter_to },
	{ "service", filter_service }, /* after "to", which it looks at */
	{ "port", filter_port },
	{ "protocol", filter_protocol },
	{ "interface", filter_interface },
	{ "sample", filter_sample },
	{ "snaplen", filter_snaplen },
	{ "sent", filter_sent },
};

static bool matches_nothing(const struct mg_trace_filter *filter)
{
	for (size_t p = 0; p < MG_TRACE_PROGRAM_COUNT; p++)
		if (filter->verdicts[p])
			return false;
	return true;
}

int trace_filter_of(const json_t *request, const struct names *names, struct mg_trace_filter *ret,
		    json_t **ret_error)
{
	struct mg_trace_filter filter = { .one_in = 1 };

	memset(filter.verdicts, 0xff, sizeof(filter.verdicts));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const json_t *value = json_object_get(request, words[i].name);

		*ret_error = value ? words[i].take(value, names, &filter) : NULL;
		if (*ret_error)
			return -1;
	}
	if (matches_nothing(&filter)) {
		*ret_error = answer_error(ANSWER_USAGE, "verdict", "leave --drops out",
					  "none of these verdicts is a drop");
		return -1;
	}
	*ret = filter;
	return 0;
}
