/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/annotated.h"

#include "agent/objects.h"
#include "base/util.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PREFIX     "margay.io/"
#define SEPARATORS " ,\t\n"
#define NUMBER_MAX 1e9

struct annotated_list {
	struct announce_policy policy;
	struct annotated *at; /* sorted */
	size_t count, refused;
	bool more; /* some had no room: when room is made, a new list is wanted */
	uint64_t refusals;
	char version[OBJECTS_VERSION_MAX];
};

struct annotated_list *annotated_new(const struct announce_policy *policy)
{
	struct annotated_list *l = calloc(1, sizeof(*l));

	if (l)
		l->policy = *policy;
	return l;
}

void annotated_free(struct annotated_list **list)
{
	if (*list)
		free((*list)->at);
	freep(list);
}

const char *annotated_name(const struct annotated *a, char ret[ANNOTATED_NAME_MAX])
{
	snprintf(ret, ANNOTATED_NAME_MAX, "%s/%s", a->namespace, a->name);
	return ret;
}

/* The first reason stays. */
static void __attribute__((format(printf, 2, 3)))
refuse(struct annotated *a, const char *format, ...)
{
	va_list args;

	if (a->refused[0])
		return;
	va_start(args, format);
	vsnprintf(a->refused, sizeof(a->refused), format, args);
	va_end(args);
}

static const json_t *annotations_of(const json_t *object)
{
	return json_object_get(json_object_get(object, "metadata"), "annotations");
}

static void address_add(struct annotated *a, const char *text)
{
	struct addr addr;

	if (addr_parse(text, &addr) < 0) {
		refuse(a, "'%.48s' is no IP address", text);
		return;
	}
	for (size_t i = 0; i < a->address_count; i++)
		if (addr_equal(&a->address[i], &addr))
			return;
	if (a->address_count == ANNOTATED_ADDRESSES_MAX)
		refuse(a, "it has more than %d addresses", ANNOTATED_ADDRESSES_MAX);
	else
		a->address[a->address_count++] = addr;
}

static void addresses_annotated(struct annotated *a, const char *text)
{
	char one[ADDR_STRLEN + 8];

	text += strspn(text, SEPARATORS);
	while (*text && !a->refused[0]) {
		size_t len = strcspn(text, SEPARATORS);

		snprintf(one, sizeof(one), "%.*s", (int)len, text);
		address_add(a, one);
		text += len;
		text += strspn(text, SEPARATORS);
	}
}

/* Texts of a list, or of one key of its members. */
static void addresses_listed(struct annotated *a, const json_t *list, const char *key)
{
	for (size_t i = 0; i < json_array_size(list) && !a->refused[0]; i++) {
		const json_t *item = json_array_get(list, i);
		const char *text = json_string_value(key ? json_object_get(item, key) : item);

		if (text)
			address_add(a, text);
	}
}

static void addresses_of(const json_t *object, struct annotated *a)
{
	const json_t *balancer = json_object_get(json_object_get(object, "status"), "loadBalancer");
	const json_t *external = json_object_get(json_object_get(object, "spec"), "externalIPs");

	addresses_annotated(a, objects_text(annotations_of(object), PREFIX "address"));
	if (!a->address_count)
		addresses_listed(a, json_object_get(balancer, "ingress"), "ip");
	if (!a->address_count)
		addresses_listed(a, external, NULL);
	if (!a->address_count)
		refuse(a, "it has no address; annotate " PREFIX "address");
}

static uint8_t protocol_of(const char *text)
{
	if (!*text || !strcmp(text, "TCP"))
		return IPPROTO_TCP;
	return strcmp(text, "UDP") ? 0 : IPPROTO_UDP;
}

static bool port_is_wanted(const char *wanted, const struct annotated_port *port)
{
	char number[8];

	snprintf(number, sizeof(number), "%u", port->port);
	return !*wanted || !strcmp(wanted, number) || !strcmp(wanted, port->name);
}

static void port_add(struct annotated *a, const struct annotated_port *port)
{
	for (size_t i = 0; i < a->port_count; i++)
		if (a->port[i].port == port->port && a->port[i].protocol == port->protocol)
			return;
	if (a->port_count == ANNOTATED_PORTS_MAX)
		refuse(a, "it has more than %d ports; annotate " PREFIX "port",
		       ANNOTATED_PORTS_MAX);
	else
		a->port[a->port_count++] = *port;
}

static void ports_of(const json_t *object, struct annotated *a)
{
	const json_t *list = json_object_get(json_object_get(object, "spec"), "ports");
	const char *wanted = objects_text(annotations_of(object), PREFIX "port");

	for (size_t i = 0; i < json_array_size(list) && !a->refused[0]; i++) {
		const json_t *item = json_array_get(list, i);
		json_int_t number = json_integer_value(json_object_get(item, "port"));
		const char *name = objects_text(item, "name");
		struct annotated_port port = { .protocol = protocol_of(
						       objects_text(item, "protocol")) };

		if (number < 1 || number > UINT16_MAX || strlen(name) >= sizeof(port.name)) {
			refuse(a, "a port of it is none");
			return;
		}
		port.port = (uint16_t)number;
		memcpy(port.name, name, strlen(name) + 1);
		if (port.protocol && port_is_wanted(wanted, &port))
			port_add(a, &port);
	}
	if (!a->port_count && *wanted)
		refuse(a, "it has no port '%.32s' of TCP or UDP, which " PREFIX "port names",
		       wanted);
	if (!a->port_count)
		refuse(a, "it has no port of TCP or UDP");
}

/* 0 where it is not annotated. */
static double number_of(const json_t *object, const char *key, struct annotated *a)
{
	const char *text = objects_text(annotations_of(object), key);
	double value;
	char *end;

	if (!json_object_get(annotations_of(object), key))
		return 0;
	value = strtod(text, &end);
	if (end == text || *end || !isfinite(value) || value <= 0 || value > NUMBER_MAX) {
		refuse(a, "%s: '%.32s' is no number above 0", key, text);
		return 0;
	}
	return value;
}

/* RFC 1123 label: it goes into a URL and to the command line as it is. */
static bool label_is_good(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len && len < ANNOTATED_LABEL_MAX && !text[len];
}

static int names_of(const json_t *object, struct annotated *a, char reason[160])
{
	const char *name = objects_meta(object, "name");
	const char *namespace = objects_meta(object, "namespace");

	if (!label_is_good(name) || !label_is_good(namespace))
		return objects_refuse(reason, -EBADMSG, "a Service has no name or no namespace");
	memcpy(a->name, name, strlen(name) + 1);
	memcpy(a->namespace, namespace, strlen(namespace) + 1);
	snprintf(a->created, sizeof(a->created), "%s", objects_meta(object, "creationTimestamp"));
	return 0;
}

static bool asks(const json_t *object, struct annotated *a)
{
	const json_t *word = json_object_get(annotations_of(object), PREFIX "announce");
	const char *text = json_string_value(word);

	if (!word || (text && !strcmp(text, "false")))
		return false;
	if (!text || strcmp(text, "true") != 0)
		refuse(a, PREFIX "announce is neither \"true\" nor \"false\"");
	return true;
}

static bool covered(const struct prefix *prefix, size_t count, const struct addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_covers(&prefix[i], addr))
			return true;
	return false;
}

bool policy_allows_endpoint(const struct announce_policy *policy, const struct addr *endpoint)
{
	return covered(policy->endpoint, policy->endpoint_count, endpoint);
}

static void policy_check(const struct announce_policy *policy, struct annotated *a)
{
	char text[ADDR_STRLEN];
	size_t i = 0;

	while (i < policy->namespace_count && strcmp(policy->namespace[i], a -> namespace) != 0)
		i++;
	if (i == policy->namespace_count)
		refuse(a, "its namespace is not among 'namespaces'");
	for (i = 0; i < a->address_count; i++)
		if (!covered(policy->prefix, policy->prefix_count, &a->address[i]))
			refuse(a, "%s is not within 'prefixes'", addr_format(&a->address[i], text));
}

/* 1: it does not ask to be announced. Else 0, or -EBADMSG: it is no Service at all. */
static int annotated_of(const struct announce_policy *policy, const json_t *object,
			struct annotated *ret, char reason[160])
{
	struct annotated a = { 0 };
	int r = names_of(object, &a, reason);

	if (r < 0)
		return r;
	if (asks(object, &a)) {
		addresses_of(object, &a);
		ports_of(object, &a);
		a.capacity = number_of(object, PREFIX "capacity", &a);
		a.service_time_s = number_of(object, PREFIX "service-time-ms", &a) / 1000;
		policy_check(policy, &a);
	} else {
		r = 1;
	}
	*ret = a;
	return r;
}

static int order(const struct annotated *a, const struct annotated *b)
{
	int r = strcmp(a->created, b->created);

	r = r ? r : strcmp(a->namespace, b->namespace);
	return r ? r : strcmp(a->name, b->name);
}

static size_t find(const struct annotated_list *l, const char *namespace, const char *name)
{
	size_t i = 0;

	while (i < l->count &&
	       (strcmp(l->at[i].name, name) != 0 || strcmp(l->at[i].namespace, namespace) != 0))
		i++;
	return i;
}

/* Neither wrong nor outside of the policy: it is announced when its turn comes. */
static bool is_good(const struct annotated *a)
{
	return !a->refused[0] || a->ranked_out;
}

static void take_out(struct annotated_list *l, size_t i)
{
	l->refused -= !is_good(&l->at[i]);
	l->count--;
	memmove(l->at + i, l->at + i + 1, (l->count - i) * sizeof(*l->at));
}

/* Only the oldest may be announced. */
static void rank(struct annotated_list *l)
{
	uint32_t n = 0;

	for (size_t i = 0; i < l->count; i++) {
		struct annotated *a = &l->at[i];

		if (!is_good(a))
			continue;
		if (n++ < l->policy.services_max) {
			a->ranked_out = false;
			a->refused[0] = '\0';
		} else if (!a->ranked_out) {
			a->ranked_out = true;
			l->refusals++;
			refuse(a, "more than 'max-services', %u, ask; older ones come first",
			       l->policy.services_max);
		}
	}
}

/* Whether there is room for one more of its sort. */
static bool has_room(const struct annotated_list *l, const struct annotated *a)
{
	return is_good(a) ? l->count - l->refused < ANNOTATED_MAX
			  : l->refused < ANNOTATED_REFUSED_MAX;
}

static int insert(struct annotated_list *l, const struct annotated *a)
{
	struct annotated *grown = reallocarray(l->at, l->count + 1, sizeof(*grown));
	size_t i = 0;

	if (!grown)
		return -ENOMEM;
	l->at = grown;
	while (i < l->count && order(&grown[i], a) < 0)
		i++;
	memmove(grown + i + 1, grown + i, (l->count - i) * sizeof(*grown));
	grown[i] = *a;
	l->count++;
	l->refused += !is_good(a);
	return 0;
}

static bool is_news(const struct annotated *former, const struct annotated *a)
{
	return a->refused[0] && (!former || strcmp(former->refused, a->refused) != 0);
}

/* It takes the place of `former`, which may be NULL. What was said of that one holds on. */
static void succeed(struct annotated_list *l, const struct annotated *former, struct annotated *a)
{
	if (former && former->ranked_out && !a->refused[0]) {
		a->ranked_out = true;
		memcpy(a->refused, former->refused, sizeof(a->refused));
	}
	if (former)
		a->use = former->use;
	l->refusals += is_news(former, a);
}

static int put(void *store, const json_t *object, char reason[160])
{
	struct annotated_list *l = store;
	struct annotated a, former;
	bool was, room = false;
	size_t i;
	int r = annotated_of(&l->policy, object, &a, reason);

	if (r < 0)
		return r;
	i = find(l, a.namespace, a.name);
	was = i < l->count;
	if (was) {
		former = l->at[i];
		take_out(l, i);
	}
	if (r == 0) {
		succeed(l, was ? &former : NULL, &a);
		room = has_room(l, &a);
		if (room && insert(l, &a) < 0)
			return objects_refuse(reason, -ENOMEM, "no memory");
		if (!room && is_good(&a)) {
			l->more = true;
			l->refusals++;
		}
	}
	rank(l);
	if (was && is_good(&former) && l->more && (r == 1 || !is_good(&a)))
		return objects_refuse(reason, -ESTALE, "there is room for more Services");
	return 0;
}

static int drop(void *store, const json_t *object, char reason[160])
{
	struct annotated_list *l = store;
	size_t i = find(l, objects_meta(object, "namespace"), objects_meta(object, "name"));
	bool good;

	if (i == l->count)
		return 0;
	good = is_good(&l->at[i]);
	take_out(l, i);
	rank(l);
	return good && l->more ? objects_refuse(reason, -ESTALE, "there is room for more Services")
			       : 0;
}

static const struct objects_kind kind = { "Services", put, drop };

/* What was refused before for the same reason is no news. */
static void formers_keep(const struct annotated_list *former, struct annotated_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		size_t j = find(former, l->at[i].namespace, l->at[i].name);
		const struct annotated *was = j < former->count ? &former->at[j] : NULL;

		if (was)
			l->at[i].use = was->use;
		l->refusals -= l->at[i].refused[0] && !is_news(was, &l->at[i]);
	}
	l->refusals += former->refusals;
}

int annotated_list(struct annotated_list *l, const char *json, size_t len, char reason[160])
{
	_cleanup_(annotated_free) struct annotated_list *fresh = annotated_new(&l->policy);
	struct annotated_list former = *l;
	int r;

	if (!fresh)
		return objects_refuse(reason, -ENOMEM, "no memory");
	r = objects_list(&kind, fresh, json, len, fresh->version, reason);
	if (r == -ESTALE)
		r = objects_refuse(reason, -EBADMSG, "a list has a Service twice");
	if (r < 0)
		return r;
	formers_keep(l, fresh);
	*l = *fresh;
	*fresh = former;
	return 0;
}

int annotated_event(struct annotated_list *l, const char *json, size_t len, int *ret_changed,
		    char reason[160])
{
	return objects_event(&kind, l, json, len, l->version, ret_changed, reason);
}

const char *annotated_version(const struct annotated_list *l)
{
	return l->version;
}

void annotated_forget_version(struct annotated_list *l)
{
	l->version[0] = '\0';
}

void annotated_policy_set(struct annotated_list *l, const struct announce_policy *policy)
{
	l->policy = *policy;
	for (size_t i = 0; i < l->count; i++) {
		struct annotated *a = &l->at[i];

		if (!is_good(a))
			continue;
		a->refused[0] = '\0';
		a->ranked_out = false;
		policy_check(policy, a);
		l->refusals += !is_good(a);
		l->refused += !is_good(a);
	}
	rank(l);
}

struct annotated *annotated_at(struct annotated_list *l, size_t index)
{
	return index < l->count ? &l->at[index] : NULL;
}

uint64_t annotated_refusals(const struct annotated_list *l)
{
	return l->refusals;
}
