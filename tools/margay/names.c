/* SPDX-License-Identifier: BSD-2-Clause */
#include "names.h"

#include "base/util.h"
#include "mgmt/answer.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

struct name {
	uint32_t index;
	char *text;
};

struct name_list {
	struct name *at; /* by index */
	size_t count;
};

struct names {
	struct name_list services, members;
	char *pin_directory;
};

static void list_add(struct name_list *list, const json_t *entry)
{
	const json_t *index = json_object_get(entry, "index");
	const char *name = json_string_value(json_object_get(entry, "name"));
	struct name *grown;

	if (!json_is_integer(index) || !name)
		return;
	grown = reallocarray(list->at, list->count + 1, sizeof(*grown));
	if (!grown)
		return;
	list->at = grown;
	grown[list->count] = (struct name){ (uint32_t)json_integer_value(index), strdup(name) };
	list->count += grown[list->count].text != NULL;
}

static int name_compare(const void *a, const void *b)
{
	uint32_t x = ((const struct name *)a)->index, y = ((const struct name *)b)->index;

	return x < y ? -1 : x > y;
}

static void list_sort(struct name_list *list)
{
	if (list->count)
		qsort(list->at, list->count, sizeof(*list->at), name_compare);
}

static const char *list_find(const struct name_list *list, uint32_t index)
{
	struct name key = { .index = index }, *found = NULL;

	if (list->count)
		found = bsearch(&key, list->at, list->count, sizeof(key), name_compare);
	return found ? found->text : NULL;
}

static void list_clear(struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->at[i].text);
	free(list->at);
}

struct names *names_new(const json_t *answer)
{
	struct names *names = calloc(1, sizeof(*names));
	const char *directory = json_string_value(json_object_get(answer, "pin-directory"));
	const json_t *service, *member;
	size_t i, k;

	if (!names)
		return NULL;
	names->pin_directory = directory ? strdup(directory) : NULL;
	json_array_foreach(json_object_get(answer, "services"), i, service)
	{
		list_add(&names->services, service);
		json_array_foreach(json_object_get(service, "members"), k, member)
			list_add(&names->members, member);
	}
	list_sort(&names->services);
	list_sort(&names->members);
	return names;
}

void names_free(struct names **names)
{
	struct names *n = TAKE_PTR(*names);

	if (!n)
		return;
	list_clear(&n->services);
	list_clear(&n->members);
	free(n->pin_directory);
	free(n);
}

const char *names_service(const struct names *names, uint32_t index)
{
	return list_find(&names->services, index);
}

const char *names_member(const struct names *names, uint32_t index)
{
	return list_find(&names->members, index);
}

const char *names_pin_directory(const struct names *names)
{
	return names->pin_directory;
}

size_t names_find(const struct names *names, const char *service, uint32_t *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < names->services.count; i++) {
		if (strcmp(names->services.at[i].text, service) != 0)
			continue;
		if (n < max)
			ret[n] = names->services.at[i].index;
		n++;
	}
	return n;
}

#define VERDICT_NAME(name, text) { #name, text },

static const struct {
	const char *name, *text;
} verdicts[] = { MG_VERDICTS(VERDICT_NAME) };

const char *verdict_name(enum mg_verdict verdict, char ret[NAME_LEN])
{
	if (verdict < ARRAY_SIZE(verdicts))
		return answer_name(verdicts[verdict].name, ret);
	snprintf(ret, NAME_LEN, "verdict %u", verdict);
	return ret;
}

const char *verdict_meaning(enum mg_verdict verdict)
{
	return verdict < ARRAY_SIZE(verdicts) ? verdicts[verdict].text : "";
}

const char *program_name(enum mg_trace_program program)
{
	static const char *const words[] = { [MG_TRACE_INGRESS] = "ingress",
					     [MG_TRACE_EGRESS] = "egress",
					     [MG_TRACE_EDGE] = "edge" };

	return program < ARRAY_SIZE(words) ? words[program] : "unknown";
}

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = { { "tcp", IPPROTO_TCP },       { "udp", IPPROTO_UDP },   { "icmp", IPPROTO_ICMP },
		  { "icmpv6", IPPROTO_ICMPV6 }, { "sctp", IPPROTO_SCTP }, { "gre", IPPROTO_GRE },
		  { "ipip", IPPROTO_IPIP },     { "ipv6", IPPROTO_IPV6 }, { "esp", IPPROTO_ESP } };

const char *protocol_name(uint8_t protocol, char ret[NAME_LEN])
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	snprintf(ret, NAME_LEN, "%u", protocol);
	return ret;
}

int protocol_parse(const char *text)
{
	unsigned long number;
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (strcmp(protocols[i].name, text) == 0)
			return protocols[i].number;
	number = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && number <= UINT8_MAX ? (int)number : -EINVAL;
}

const char *interface_name(uint32_t ifindex, char ret[NAME_LEN])
{
	_Static_assert(NAME_LEN >= IF_NAMESIZE, "if_indextoname() writes as much");

	if (!if_indextoname(ifindex, ret))
		snprintf(ret, NAME_LEN, "%u", ifindex);
	return ret;
}
