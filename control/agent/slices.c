/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/slices.h"

#include "base/fnv.h"
#include "base/util.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_OCTETS 253 /* of an object, RFC 1123 subdomain */

struct endpoint {
	uint64_t address; /* hash */
	bool ready, serving, terminating;
};

struct slice {
	char name[NAME_MAX_OCTETS + 1];
	struct endpoint *endpoint;
	size_t count;
};

struct slices {
	struct slice slice[SLICES_MAX];
	size_t count, endpoints;
	char version[SLICES_VERSION_MAX];
};

struct slices *slices_new(void)
{
	return calloc(1, sizeof(struct slices));
}

static void slices_clear(struct slices *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->slice[i].endpoint);
	s->count = s->endpoints = 0;
}

void slices_free(struct slices **slices)
{
	if (*slices)
		slices_clear(*slices);
	freep(slices);
}

static int refuse(char reason[160], int r, const char *what)
{
	snprintf(reason, 160, "Kubernetes: %s", what);
	return r;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
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
	ret->address = fnv_add(FNV_START, address, strlen(address));
	ret->ready = condition(conditions, "ready", true);
	ret->serving = condition(conditions, "serving", ret->ready);
	ret->terminating = condition(conditions, "terminating", false);
	return 0;
}

static bool version_is_good(const char *version)
{
	size_t len = strspn(version, "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-");

	return len && len < SLICES_VERSION_MAX && !version[len];
}

/* The object as a slice, whose endpoints are the caller's to free. */
static int slice_of(const json_t *object, struct slice *ret, char reason[160])
{
	const json_t *list = json_object_get(object, "endpoints");
	const char *name = text_of(json_object_get(object, "metadata"), "name");
	struct slice slice = { 0 };

	if (!*name || strlen(name) > NAME_MAX_OCTETS)
		return refuse(reason, -EBADMSG, "an EndpointSlice has no name");
	if (list && !json_is_array(list) && !json_is_null(list))
		return refuse(reason, -EBADMSG, "the endpoints of an EndpointSlice are no list");
	if (json_array_size(list) > SLICES_ENDPOINTS_MAX)
		return refuse(reason, -E2BIG, "an EndpointSlice has more than 4096 endpoints");
	memcpy(slice.name, name, strlen(name) + 1);
	slice.endpoint = calloc(json_array_size(list) + 1, sizeof(*slice.endpoint));
	if (!slice.endpoint)
		return refuse(reason, -ENOMEM, "no memory");
	for (; slice.count < json_array_size(list); slice.count++) {
		if (endpoint_of(json_array_get(list, slice.count), &slice.endpoint[slice.count]) ==
		    0)
			continue;
		free(slice.endpoint);
		return refuse(reason, -EBADMSG, "an endpoint has no address");
	}
	*ret = slice;
	return 0;
}

static size_t slice_find(const struct slices *s, const char *name)
{
	size_t i = 0;

	while (i < s->count && strcmp(s->slice[i].name, name) != 0)
		i++;
	return i;
}

/* Takes the slice's endpoints over, also where it fails. */
static int slice_put(struct slices *s, struct slice *slice, char reason[160])
{
	size_t i = slice_find(s, slice->name), former = i < s->count ? s->slice[i].count : 0;

	if (i == SLICES_MAX || s->endpoints - former + slice->count > SLICES_ENDPOINTS_MAX) {
		free(slice->endpoint);
		return refuse(reason, -E2BIG,
			      "more than 256 EndpointSlices or 4096 endpoints; name one service");
	}
	if (i < s->count)
		free(s->slice[i].endpoint);
	else
		s->count++;
	s->slice[i] = *slice;
	s->endpoints += slice->count - former;
	return 0;
}

static void slice_drop(struct slices *s, const char *name)
{
	size_t i = slice_find(s, name);

	if (i == s->count)
		return;
	s->endpoints -= s->slice[i].count;
	free(s->slice[i].endpoint);
	s->slice[i] = s->slice[--s->count];
}

static void json_putp(json_t **json)
{
	json_decref(*json);
}

static json_t *object_of(const char *text, size_t len, char reason[160])
{
	json_error_t error;
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (json_is_object(object))
		return object;
	snprintf(reason, 160, "Kubernetes: no JSON object: %.100s", object ? "" : error.text);
	json_decref(object);
	return NULL;
}

static int list_items(const json_t *list, struct slices *fresh, char reason[160])
{
	const json_t *items = json_object_get(list, "items");
	const json_t *metadata = json_object_get(list, "metadata");
	const char *version = text_of(metadata, "resourceVersion");

	if (!json_is_array(items) || !version_is_good(version))
		return refuse(reason, -EBADMSG, "no list of EndpointSlices; see the url");
	if (*text_of(metadata, "continue"))
		return refuse(reason, -E2BIG, "the list comes in parts; name one service");
	for (size_t i = 0; i < json_array_size(items); i++) {
		struct slice slice;
		int r = slice_of(json_array_get(items, i), &slice, reason);

		if (r == 0)
			r = slice_put(fresh, &slice, reason);
		if (r < 0)
			return r;
	}
	memcpy(fresh->version, version, strlen(version) + 1);
	return 0;
}

int slices_list(struct slices *s, const char *json, size_t len, char reason[160])
{
	_cleanup_(json_putp) json_t *list = object_of(json, len, reason);
	_cleanup_(slices_free) struct slices *fresh = NULL;
	int r;

	if (!list)
		return -EBADMSG;
	fresh = slices_new();
	r = fresh ? list_items(list, fresh, reason) : refuse(reason, -ENOMEM, "no memory");
	if (r < 0)
		return r;
	slices_clear(s);
	*s = *fresh;
	fresh->count = 0;
	return 0;
}

/* {"type":"ERROR","object":{"kind":"Status","code":410,...}} */
static int event_error(const json_t *status, char reason[160])
{
	json_int_t code = json_integer_value(json_object_get(status, "code"));

	snprintf(reason, 160, "Kubernetes: the watch ends with status %lld: %.100s",
		 (long long)code, text_of(status, "message"));
	return code == 410 ? -ESTALE : -EBADMSG;
}

static int event_object(struct slices *s, const char *type, const json_t *object, char reason[160])
{
	struct slice slice;
	int r;

	if (!strcmp(type, "DELETED")) {
		slice_drop(s, text_of(json_object_get(object, "metadata"), "name"));
		return 0;
	}
	r = slice_of(object, &slice, reason);
	return r < 0 ? r : slice_put(s, &slice, reason);
}

int slices_event(struct slices *s, const char *json, size_t len, int *ret_changed, char reason[160])
{
	_cleanup_(json_putp) json_t *event = object_of(json, len, reason);
	const json_t *object = json_object_get(event, "object");
	const char *type = text_of(event, "type"), *version;
	bool endpoints =
		!strcmp(type, "ADDED") || !strcmp(type, "MODIFIED") || !strcmp(type, "DELETED");
	int r = 0;

	if (!event)
		return -EBADMSG;
	if (!strcmp(type, "ERROR"))
		return event_error(object, reason);
	if (!endpoints && strcmp(type, "BOOKMARK") != 0)
		return 0; /* kinds of events that come later are none of ours */
	version = text_of(json_object_get(object, "metadata"), "resourceVersion");
	if (!version_is_good(version))
		return refuse(reason, -EBADMSG, "an event has no resourceVersion");
	if (endpoints)
		r = event_object(s, type, object, reason);
	if (r < 0)
		return r;
	memcpy(s->version, version, strlen(version) + 1);
	*ret_changed |= endpoints;
	return 0;
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

/* All endpoints by address; while slices are rearranged, one may stand in two of them. */
static size_t endpoints_sorted(const struct slices *s, struct endpoint *all)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		memcpy(all + n, s->slice[i].endpoint, s->slice[i].count * sizeof(*all));
		n += s->slice[i].count;
	}
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

void slices_count(const struct slices *s, struct slices_count *ret)
{
	struct endpoint all[SLICES_ENDPOINTS_MAX];
	struct slices_count count = { .any = endpoints_sorted(s, all) };

	for (size_t i = 0; i < count.any; i++) {
		count.expected += !all[i].terminating;
		count.ready += all[i].ready;
		count.serving += all[i].serving;
		count.terminating += all[i].terminating;
	}
	*ret = count;
}
