/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/slices.h"

#include "agent/objects.h"
#include "base/fnv.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct endpoint {
	uint64_t address; /* hash: it may be a name */
	struct addr addr; /* zero: it is none */
	bool ready, serving, terminating;
};

struct port {
	char name[SLICES_LABEL_MAX]; /* "": none */
	uint16_t port;               /* 0: any */
	uint8_t protocol;
};

struct slice {
	char name[OBJECTS_NAME_MAX + 1], namespace[SLICES_LABEL_MAX], service[SLICES_LABEL_MAX];
	struct port port[SLICES_PORTS_MAX];
	struct endpoint *endpoint;
	size_t count, port_count; /* no ports: any */
};

struct slices {
	struct slice *slice;
	size_t count, endpoints;
	char version[SLICES_VERSION_MAX];
};

_Static_assert(SLICES_VERSION_MAX == OBJECTS_VERSION_MAX, "a version is one thing");

struct slices *slices_new(void)
{
	return calloc(1, sizeof(struct slices));
}

static void slices_clear(struct slices *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->slice[i].endpoint);
	freep(&s->slice);
	s->count = s->endpoints = 0;
}

void slices_free(struct slices **slices)
{
	if (*slices)
		slices_clear(*slices);
	freep(slices);
}

/* A condition that is not there, or null, has a meaning of its own. */
static bool condition(const json_t *conditions, const char *name, bool missing)
{
	const json_t *value = json_object_get(conditions, name);

	return json_is_boolean(value) ? json_is_true(value) : missing;
}

static int endpoint_of(const json_t *object, struct endpoint *ret)
{
	const json_t *conditions = json_object_get(object, "conditions");
	const char *address =
		json_string_value(json_array_get(json_object_get(object, "addresses"), 0));

	if (!address)
		return -EBADMSG;
	*ret = (struct endpoint){ .address = fnv_add(FNV_START, address, strlen(address)) };
	addr_parse(address, &ret->addr);
	ret->ready = condition(conditions, "ready", true);
	ret->serving = condition(conditions, "serving", ret->ready);
	ret->terminating = condition(conditions, "terminating", false);
	return 0;
}

/* What is too long for a label is no label. */
static void label_copy(char ret[SLICES_LABEL_MAX], const char *text)
{
	if (strlen(text) < SLICES_LABEL_MAX)
		memcpy(ret, text, strlen(text) + 1);
}

static void port_of(const json_t *object, struct port *ret)
{
	const char *protocol = objects_text(object, "protocol");
	json_int_t port = json_integer_value(json_object_get(object, "port"));

	*ret = (struct port){ .protocol = !*protocol || !strcmp(protocol, "TCP") ? IPPROTO_TCP
					  : !strcmp(protocol, "UDP")             ? IPPROTO_UDP
										 : 0,
			      .port = (uint16_t)(port > 0 && port <= UINT16_MAX ? port : 0) };
	label_copy(ret->name, objects_text(object, "name"));
}

static int slice_head(const json_t *object, struct slice *ret, char reason[160])
{
	const json_t *list = json_object_get(object, "endpoints");
	const json_t *ports = json_object_get(object, "ports");
	const json_t *labels = json_object_get(json_object_get(object, "metadata"), "labels");
	const char *name = objects_meta(object, "name");

	if (!*name || strlen(name) > OBJECTS_NAME_MAX)
		return objects_refuse(reason, -EBADMSG, "an EndpointSlice has no name");
	if (list && !json_is_array(list) && !json_is_null(list))
		return objects_refuse(reason, -EBADMSG,
				      "the endpoints of an EndpointSlice are no list");
	if (json_array_size(list) > SLICES_ENDPOINTS_MAX)
		return objects_refuse(reason, -E2BIG,
				      "an EndpointSlice has more than 4096 endpoints");
	memcpy(ret->name, name, strlen(name) + 1);
	label_copy(ret->namespace, objects_meta(object, "namespace"));
	label_copy(ret->service, objects_text(labels, "kubernetes.io/service-name"));
	for (; ret->port_count < json_array_size(ports) && ret->port_count < SLICES_PORTS_MAX;
	     ret->port_count++)
		port_of(json_array_get(ports, ret->port_count), &ret->port[ret->port_count]);
	return 0;
}

/* The object as a slice, whose endpoints are the caller's to free. */
static int slice_of(const json_t *object, struct slice *ret, char reason[160])
{
	const json_t *list = json_object_get(object, "endpoints");
	struct slice slice = { 0 };
	int r = slice_head(object, &slice, reason);

	if (r < 0)
		return r;
	slice.endpoint = calloc(json_array_size(list) + 1, sizeof(*slice.endpoint));
	if (!slice.endpoint)
		return objects_refuse(reason, -ENOMEM, "no memory");
	for (; slice.count < json_array_size(list); slice.count++) {
		if (endpoint_of(json_array_get(list, slice.count), &slice.endpoint[slice.count]) ==
		    0)
			continue;
		free(slice.endpoint);
		return objects_refuse(reason, -EBADMSG, "an endpoint has no address");
	}
	*ret = slice;
	return 0;
}

static size_t slice_find(const struct slices *s, const char *namespace, const char *name)
{
	size_t i = 0;

	while (i < s->count && (strcmp(s->slice[i].name, name) != 0 ||
				strcmp(s->slice[i].namespace, namespace) != 0))
		i++;
	return i;
}

/* Takes the slice's endpoints over, also where it fails. */
static int slice_put(struct slices *s, struct slice *slice, char reason[160])
{
	size_t i = slice_find(s, slice->namespace, slice->name),
	       former = i < s->count ? s->slice[i].count : 0;
	struct slice *grown = s->slice;
	int r = 0;

	if (i == SLICES_MAX || s->endpoints - former + slice->count > SLICES_ENDPOINTS_MAX)
		r = objects_refuse(reason, -E2BIG,
				   "more than 256 EndpointSlices or 4096 endpoints; name one "
				   "service");
	else if (i == s->count)
		grown = reallocarray(s->slice, s->count + 1, sizeof(*grown));
	if (r == 0 && !grown)
		r = objects_refuse(reason, -ENOMEM, "no memory");
	if (r < 0) {
		free(slice->endpoint);
		return r;
	}
	s->slice = grown;
	if (i < s->count)
		free(s->slice[i].endpoint);
	else
		s->count++;
	s->slice[i] = *slice;
	s->endpoints += slice->count - former;
	return 0;
}

static int put(void *store, const json_t *object, char reason[160])
{
	struct slice slice;
	int r = slice_of(object, &slice, reason);

	return r < 0 ? r : slice_put(store, &slice, reason);
}

static int drop(void *store, const json_t *object, char reason[160])
{
	struct slices *s = store;
	char namespace[SLICES_LABEL_MAX] = "";
	size_t i;

	label_copy(namespace, objects_meta(object, "namespace"));
	i = slice_find(s, namespace, objects_meta(object, "name"));
	if (i == s->count)
		return 0;
	s->endpoints -= s->slice[i].count;
	free(s->slice[i].endpoint);
	s->slice[i] = s->slice[--s->count];
	return 0;
}

static const struct objects_kind kind = { "EndpointSlices", put, drop };

int slices_list(struct slices *s, const char *json, size_t len, char reason[160])
{
	_cleanup_(slices_free) struct slices *fresh = slices_new();
	struct slices former = *s;
	int r;

	if (!fresh)
		return objects_refuse(reason, -ENOMEM, "no memory");
	r = objects_list(&kind, fresh, json, len, fresh->version, reason);
	if (r < 0)
		return r;
	*s = *fresh;
	*fresh = former;
	return 0;
}

int slices_event(struct slices *s, const char *json, size_t len, int *ret_changed, char reason[160])
{
	return objects_event(&kind, s, json, len, s->version, ret_changed, reason);
}

const char *slices_version(const struct slices *s)
{
	return s->version;
}

void slices_forget_version(struct slices *s)
{
	s->version[0] = '\0';
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = ((const struct endpoint *)a)->address,
		 y = ((const struct endpoint *)b)->address;

	return (x > y) - (x < y);
}

/* Sorts by address; while slices are rearranged, an endpoint may stand in two of them. Returns how
 * many are left. */
static size_t endpoints_merge(struct endpoint *all, size_t n)
{
	size_t kept = 0;

	qsort(all, n, sizeof(*all), by_address);
	for (size_t i = 0; i < n; i++) {
		if (!kept || all[kept - 1].address != all[i].address) {
			all[kept++] = all[i];
			continue;
		}
		all[kept - 1].ready |= all[i].ready;
		all[kept - 1].serving |= all[i].serving;
		all[kept - 1].terminating &= all[i].terminating;
	}
	return kept;
}

static struct slices_count endpoints_count(const struct endpoint *all, size_t n)
{
	struct slices_count count = { .any = n };

	for (size_t i = 0; i < n; i++) {
		count.expected += !all[i].terminating;
		count.ready += all[i].ready;
		count.serving += all[i].serving;
		count.terminating += all[i].terminating;
	}
	return count;
}

void slices_count(const struct slices *s, struct slices_count *ret)
{
	struct endpoint all[SLICES_ENDPOINTS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++) {
		memcpy(all + n, s->slice[i].endpoint, s->slice[i].count * sizeof(*all));
		n += s->slice[i].count;
	}
	*ret = endpoints_count(all, endpoints_merge(all, n));
}

/* Where the slice's endpoints listen for that port; 0: nowhere that is told. */
static uint16_t slice_port(const struct slice *slice, const struct slices_of *of)
{
	if (!slice->port_count || of->any_port)
		return of->port;
	for (size_t i = 0; i < slice->port_count; i++) {
		const struct port *port = &slice->port[i];

		if (port->protocol == of->protocol && !strcmp(port->name, of->port_name))
			return port->port ? port->port : of->port;
	}
	return 0;
}

static bool slice_is_of(const struct slice *slice, const struct slices_of *of)
{
	return !strcmp(slice->namespace, of->namespace) && !strcmp(slice->service, of->service);
}

static int by_octets(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr));
}

int slices_servers(const struct slices *s, const struct slices_of *of, struct addr *addr,
		   size_t addr_max, struct slices_servers *ret)
{
	_cleanup_(freep) struct endpoint *all = calloc(s->endpoints + 1, sizeof(*all));
	struct slices_servers found = { .addr = addr };
	size_t n = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++) {
		const struct slice *slice = &s->slice[i];
		uint16_t port = slice_port(slice, of);

		if (!slice_is_of(slice, of))
			continue;
		if (port != of->port) {
			found.other_port = port ? port : found.other_port;
			continue;
		}
		for (size_t j = 0; j < slice->count; j++)
			if (!addr_is_zero(&slice->endpoint[j].addr))
				all[n++] = slice->endpoint[j];
	}
	n = endpoints_merge(all, n);
	found.count = endpoints_count(all, n);
	for (size_t i = 0; i < n && found.addr_count < addr_max; i++)
		if (found.count.ready ? all[i].ready : all[i].serving)
			addr[found.addr_count++] = all[i].addr;
	qsort(addr, found.addr_count, sizeof(*addr), by_octets);
	*ret = found;
	return 0;
}
