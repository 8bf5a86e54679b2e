/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/objects.h"

#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int objects_refuse(char reason[OBJECTS_REASON_MAX], int r, const char *what)
{
	snprintf(reason, OBJECTS_REASON_MAX, "Kubernetes: %s", what);
	return r;
}

const char *objects_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

const char *objects_meta(const json_t *object, const char *key)
{
	return objects_text(json_object_get(object, "metadata"), key);
}

/* It goes into a URL as it is. */
static bool version_is_good(const char *version)
{
	size_t len = strspn(version, "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-");

	return len && len < OBJECTS_VERSION_MAX && !version[len];
}

static void json_putp(json_t **json)
{
	json_decref(*json);
}

static json_t *object_of(const char *text, size_t len, char reason[OBJECTS_REASON_MAX])
{
	json_error_t error;
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (json_is_object(object))
		return object;
	snprintf(reason, OBJECTS_REASON_MAX, "Kubernetes: no JSON object: %.100s",
		 object ? "" : error.text);
	json_decref(object);
	return NULL;
}

int objects_list(const struct objects_kind *kind, void *store, const char *json, size_t len,
		 char version[OBJECTS_VERSION_MAX], char reason[OBJECTS_REASON_MAX])
{
	_cleanup_(json_putp) json_t *list = object_of(json, len, reason);
	const json_t *items = json_object_get(list, "items");
	const char *told = objects_meta(list, "resourceVersion");

	if (!list)
		return -EBADMSG;
	if (!json_is_array(items) || !version_is_good(told)) {
		snprintf(reason, OBJECTS_REASON_MAX, "Kubernetes: no list of %s; see the url",
			 kind->plural);
		return -EBADMSG;
	}
	if (*objects_meta(list, "continue"))
		return objects_refuse(reason, -E2BIG, "the list comes in parts; ask for less");
	for (size_t i = 0; i < json_array_size(items); i++) {
		int r = kind->put(store, json_array_get(items, i), reason);

		if (r < 0)
			return r;
	}
	memcpy(version, told, strlen(told) + 1);
	return 0;
}

/* {"type":"ERROR","object":{"kind":"Status","code":410,...}} */
static int event_error(const json_t *status, char reason[OBJECTS_REASON_MAX])
{
	json_int_t code = json_integer_value(json_object_get(status, "code"));

	snprintf(reason, OBJECTS_REASON_MAX, "Kubernetes: the watch ends with status %lld: %.100s",
		 (long long)code, objects_text(status, "message"));
	return code == 410 ? -ESTALE : -EBADMSG;
}

int objects_event(const struct objects_kind *kind, void *store, const char *json, size_t len,
		  char version[OBJECTS_VERSION_MAX], int *ret_changed,
		  char reason[OBJECTS_REASON_MAX])
{
	_cleanup_(json_putp) json_t *event = object_of(json, len, reason);
	const json_t *object = json_object_get(event, "object");
	const char *type = objects_text(event, "type"), *told;
	bool gone = !strcmp(type, "DELETED");
	bool there = !strcmp(type, "ADDED") || !strcmp(type, "MODIFIED");
	int r = 0;

	if (!event)
		return -EBADMSG;
	if (!strcmp(type, "ERROR"))
		return event_error(object, reason);
	if (!gone && !there && strcmp(type, "BOOKMARK") != 0)
		return 0; /* kinds of events that come later are none of ours */
	told = objects_meta(object, "resourceVersion");
	if (!version_is_good(told))
		return objects_refuse(reason, -EBADMSG, "an event has no resourceVersion");
	if (there || gone)
		r = there ? kind->put(store, object, reason) : kind->drop(store, object, reason);
	if (r < 0)
		return r;
	memcpy(version, told, strlen(told) + 1);
	*ret_changed |= there || gone;
	return 0;
}
