/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP requests on the event loop, by libcurl's multi interface: a web is the loop's side of it, a
 * fetch one place that is asked again and again over the same connection. Nothing here waits, and
 * nothing follows a redirect, takes a proxy from the environment or unpacks a body.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define FETCH_URL_MAX   512
#define FETCH_PATH_MAX  256
#define FETCH_FAULT_MAX 256

struct web;
struct fetch;

int web_new(uv_loop_t *loop, struct web **ret); /* 0 or -ENOMEM */
void web_free(struct web **web);                /* after all its fetches; closes by the loop */

struct fetch_target {
	char url[FETCH_URL_MAX]; /* http:// or https:// */
	/* Each "" where there is none. Secrets: see base/secret.h; read anew for every request. */
	char token_file[FETCH_PATH_MAX];       /* goes as "Authorization: Bearer ..." */
	char ca_file[FETCH_PATH_MAX];          /* PEM; "": the system's */
	char certificate_file[FETCH_PATH_MAX]; /* PEM, of ours */
	char key_file[FETCH_PATH_MAX];         /* PEM, a secret */
};

struct fetch_request {
	const char *url;     /* borrowed for the call */
	const char *header;  /* one more header line, or NULL */
	uint32_t timeout_ms; /* for all of it; 0: for ever, but see idle_s */
	uint32_t idle_s;   /* a connection that is silent for so long is dead; 0: see timeout_ms */
	uint64_t body_max; /* octets; UINT64_MAX: a stream without end */
};

/* Both may end the transfer by returning static words: what is wrong. They must not start, stop or
 * free a fetch. Header names come in lower case. The body is that of an answer of status 200. */
struct fetch_ops {
	const char *(*header)(void *user, const char *name, const char *value);
	const char *(*body)(void *user, const void *bytes, size_t len);
	void (*done)(void *user); /* fetch_result() tells how; anything may be called */
};

struct fetch_result {
	long status;                 /* of HTTP; 0: none came */
	uint64_t bytes;              /* of the body */
	char fault[FETCH_FAULT_MAX]; /* what, and what to do; "": all went well */
};

int fetch_new(struct web *web, const struct fetch_target *target, const struct fetch_ops *ops,
	      void *user, struct fetch **ret); /* 0 or -ENOMEM */
void fetch_free(struct fetch **fetch);

/* One request at a time. 0, and done comes from the loop; or -errno, and result.fault says why. */
int fetch_start(struct fetch *f, const struct fetch_request *request);
void fetch_stop(struct fetch *f); /* no callback of it comes any more */
bool fetch_busy(const struct fetch *f);
const struct fetch_result *fetch_result(const struct fetch *f);
