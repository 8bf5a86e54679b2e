/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Announcements made by the command line that are to outlive the daemon: a JSON file in the state
 * directory, replaced as a whole (RFC 8259 text, one object). Owned by mgmt.
 */
#pragma once
#include <jansson.h>

struct durable;

/* Reads DIR/announcements.json; a file that is not there is an empty one. dir "": nothing is kept.
 * A file that cannot be read or understood is logged, set aside as announcements.json.bad, and
 * counts as empty. 0 or -ENOMEM. */
int durable_open(const char *dir, struct durable **ret);
void durable_free(struct durable **durable);

/* Bodies of `announce` requests, in the order in which they came. Borrowed. */
const json_t *durable_list(const struct durable *durable);

/* Keeps, or forgets, and writes the file. 0 or negative errno, and all is as it was; -ENOENT: there
 * is none of this name; -EOPNOTSUPP: nothing is kept. */
int durable_keep(struct durable *durable, const json_t *announce);
int durable_forget(struct durable *durable, const char *name);
