/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an API server of Kubernetes says of one kind of objects: a list, then events of a watch
 * (kubernetes.io/docs/reference/using-api/api-concepts). This is the wrapping, which is the same
 * for all kinds; what is in it goes to a store of the caller's. Pure.
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define OBJECTS_VERSION_MAX 64  /* with the closing 0 */
#define OBJECTS_NAME_MAX    253 /* of an object: RFC 1123 subdomain */
#define OBJECTS_REASON_MAX  160

struct objects_kind {
	const char *plural; /* for people */
	/* Takes the object in, or in place of the one of that name. 0, or -errno with a reason and
	 * the store as it was. */
	int (*put)(void *store, const json_t *object, char reason[OBJECTS_REASON_MAX]);
	/* It is gone, if it was there. 0; or -ESTALE, with a reason: only a new list tells what is
	 * there now. */
	int (*drop)(void *store, const json_t *object, char reason[OBJECTS_REASON_MAX]);
};

/* A whole list, into a store that is empty; on failure it is to be thrown away. 0, and `version` is
 * where a watch goes on; or -EBADMSG, -E2BIG, -ENOMEM, with a reason. */
int objects_list(const struct objects_kind *kind, void *store, const char *json, size_t len,
		 char version[OBJECTS_VERSION_MAX], char reason[OBJECTS_REASON_MAX]);

/* One event. As objects_list(), but after failure store and version are as they were; -ESTALE: the
 * server has forgotten the version (410 Gone), or drop() says so. *ret_changed is set where an
 * object came, changed or went. */
int objects_event(const struct objects_kind *kind, void *store, const char *json, size_t len,
		  char version[OBJECTS_VERSION_MAX], int *ret_changed,
		  char reason[OBJECTS_REASON_MAX]);

/* Writes the reason, and returns r. */
int objects_refuse(char reason[OBJECTS_REASON_MAX], int r, const char *what);
/* "" where there is no text of that key. */
const char *objects_text(const json_t *object, const char *key);
const char *objects_meta(const json_t *object, const char *key); /* of its metadata */
