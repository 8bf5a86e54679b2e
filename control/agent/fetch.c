/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libcurl says which sockets and which time it waits for, the loop waits, and tells libcurl. A
 * fetch ends in web_reap(), outside of libcurl's callbacks, where everything is allowed.
 */
#include "agent/fetch.h"

#include "base/log.h"
#include "base/secret.h"
#include "base/util.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_MAX   8192
#define PEM_MAX     32768
#define HEADERS_MAX 65536 /* octets of all headers of an answer */
#define CHUNK       16384L
#define CONNECT_MS  10000L

struct web {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;
};

/* A socket that libcurl has; its own block, as it closes by the loop. */
struct web_socket {
	uv_poll_t poll;
	struct web *web;
	curl_socket_t fd;
};

struct fetch {
	struct web *web;
	struct fetch_target target;
	const struct fetch_ops *ops;
	void *user;
	CURL *easy;
	struct curl_slist *headers;
	bool busy;
	const char *refused; /* what a callback found wrong */
	size_t header_bytes;
	struct fetch_request request;
	struct fetch_result result;
	char error[CURL_ERROR_SIZE];
};

static void fetch_ended(struct fetch *f, CURLcode code);

/* Hands out what has ended. A callback may free any fetch; libcurl's list takes that. */
static void web_reap(struct web *web)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(web->multi, &left))) {
		struct fetch *f = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&f);
		fetch_ended(f, code);
	}
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	const struct web_socket *s = poll->data;
	struct web *web = s->web;
	int flags = 0, running;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
	flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
	curl_multi_socket_action(web->multi, s->fd, flags, &running);
	web_reap(web);
}

static void on_timer(uv_timer_t *timer)
{
	struct web *web = timer->data;
	int running;

	curl_multi_socket_action(web->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	web_reap(web);
}

static void socket_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static struct web_socket *web_socket_new(struct web *web, curl_socket_t fd)
{
	struct web_socket *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->web = web;
	s->fd = fd;
	if (uv_poll_init_socket(web->loop, &s->poll, fd) < 0) {
		free(s);
		return NULL;
	}
	s->poll.data = s;
	return s;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *of_socket)
{
	struct web *web = user;
	struct web_socket *s = of_socket;
	int events = 0;

	if (what == CURL_POLL_REMOVE) {
		if (s)
			uv_close((uv_handle_t *)&s->poll, socket_closed);
		curl_multi_assign(web->multi, fd, NULL);
		return 0;
	}
	if (!s)
		s = web_socket_new(web, fd);
	if (!s)
		return -1;
	curl_multi_assign(web->multi, fd, s);
	events |= what != CURL_POLL_IN ? UV_WRITABLE : 0;
	events |= what != CURL_POLL_OUT ? UV_READABLE : 0;
	uv_poll_start(&s->poll, events, on_ready);
	return 0;
}

static int on_timeout(CURLM *multi, long ms, void *user)
{
	struct web *web = user;

	if (ms < 0)
		uv_timer_stop(&web->timer);
	else
		uv_timer_start(&web->timer, on_timer, (uint64_t)ms, 0);
	return 0;
}

static void web_closed(uv_handle_t *timer)
{
	free(timer->data);
}

int web_new(uv_loop_t *loop, struct web **ret)
{
	struct web *web = calloc(1, sizeof(*web));

	if (!web || curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(web);
		return -ENOMEM;
	}
	web->loop = loop;
	web->multi = curl_multi_init();
	if (!web->multi) {
		curl_global_cleanup();
		free(web);
		return -ENOMEM;
	}
	uv_timer_init(loop, &web->timer);
	web->timer.data = web;
	curl_multi_setopt(web->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(web->multi, CURLMOPT_SOCKETDATA, web);
	curl_multi_setopt(web->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(web->multi, CURLMOPT_TIMERDATA, web);
	*ret = web;
	return 0;
}

void web_free(struct web **web)
{
	struct web *w = TAKE_PTR(*web);

	if (!w)
		return;
	curl_multi_cleanup(w->multi);
	curl_global_cleanup();
	uv_close((uv_handle_t *)&w->timer, web_closed);
}

static void fault_set(struct fetch *f, const char *what, const char *remedy)
{
	snprintf(f->result.fault, sizeof(f->result.fault), "%s; %s", what, remedy);
}

/* Status other than 200: what people can do about it. */
static const char *status_remedy(long status)
{
	if (status >= 300 && status < 400)
		return "redirects are not followed: give the url it leads to";
	if (status == 401 || status == 403)
		return "see 'token-file' or the certificate, and what they may read there";
	if (status == 404)
		return "see the path of the url";
	return "see the log of whoever answers there";
}

/* What libcurl calls its faults holds ports and times; the first word here is that of a kind. */
static const struct {
	CURLcode code;
	const char *kind, *remedy;
} code_words[] = {
	{ CURLE_COULDNT_CONNECT, "no connection", "see whether anybody listens there" },
	{ CURLE_COULDNT_RESOLVE_HOST, "no such name", "see the url, or give an address" },
	{ CURLE_PEER_FAILED_VERIFICATION, "not trusted",
	  "give the CA that signed its certificate as 'ca-file'" },
	{ CURLE_SSL_CACERT_BADFILE, "not trusted", "see 'ca-file'" },
	{ CURLE_SSL_CERTPROBLEM, "our certificate", "see 'certificate-file' and 'key-file'" },
	{ CURLE_PARTIAL_FILE, "cut off", "see the log of whoever answers there" },
	{ CURLE_GOT_NOTHING, "cut off", "see the log of whoever answers there" },
	{ CURLE_RECV_ERROR, "cut off", "see the log of whoever answers there" },
};

static void fault_of_code(struct fetch *f, CURLcode code)
{
	const char *kind = "failed", *remedy = "see the url and who answers there";
	char what[FETCH_FAULT_MAX / 2];

	if (f->refused) {
		snprintf(f->result.fault, sizeof(f->result.fault), "%s", f->refused);
		return;
	}
	if (code == CURLE_OPERATION_TIMEDOUT) {
		snprintf(what, sizeof(what), "no whole answer within the timeout of %u ms",
			 f->request.timeout_ms);
		fault_set(f, what, "see why it is slow, or give it a longer 'timeout'");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(code_words); i++) {
		if (code_words[i].code != code)
			continue;
		kind = code_words[i].kind;
		remedy = code_words[i].remedy;
		break;
	}
	snprintf(what, sizeof(what), "%s: %.100s", kind,
		 f->error[0] ? f->error : curl_easy_strerror(code));
	fault_set(f, what, remedy);
}

static void fetch_ended(struct fetch *f, CURLcode code)
{
	char what[48];

	curl_multi_remove_handle(f->web->multi, f->easy);
	f->busy = false;
	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &f->result.status);
	if (!f->refused && f->result.status && f->result.status != 200) {
		snprintf(what, sizeof(what), "answers with HTTP status %ld", f->result.status);
		fault_set(f, what, status_remedy(f->result.status));
	} else if (code != CURLE_OK) {
		fault_of_code(f, code);
	}
	f->ops->done(f->user);
}

static bool fetch_status_is_good(const struct fetch *f)
{
	long status = 0;

	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	return status == 200;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
	struct fetch *f = user;
	size_t len = size * count;

	if (!fetch_status_is_good(f))
		return 0; /* the status says enough */
	f->result.bytes += len;
	if (f->result.bytes > f->request.body_max)
		f->refused = "the body is longer than 'size-limit'; ask for less, or raise it";
	else
		f->refused = f->ops->body(f->user, bytes, len);
	return f->refused ? 0 : len;
}

/* "Name: value\r\n" as name and value. */
static const char *header_split(char *line)
{
	char *colon = strchr(line, ':'), *value;

	if (!colon)
		return NULL;
	*colon = '\0';
	for (char *c = line; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	value = colon + 1 + strspn(colon + 1, " \t");
	value[strcspn(value, "\r\n")] = '\0';
	return value;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *user)
{
	struct fetch *f = user;
	size_t len = size * count;
	_cleanup_(freep) char *line = NULL;
	const char *value;

	f->header_bytes += len;
	if (f->header_bytes > HEADERS_MAX) {
		f->refused = "its headers are longer than 65536 octets; that is no source of load";
		return 0;
	}
	line = fetch_status_is_good(f) ? strndup(bytes, len) : NULL;
	value = line ? header_split(line) : NULL;
	if (!value)
		return len;
	if (!strcmp(line, "content-encoding") && strcasecmp(value, "identity"))
		f->refused =
			"the body comes packed though nobody asked for it; turn that off there";
	else
		f->refused = f->ops->header(f->user, line, value);
	return f->refused ? 0 : len;
}

static void fetch_options(struct fetch *f)
{
	curl_easy_setopt(f->easy, CURLOPT_PRIVATE, f);
	curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(f->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(f->easy, CURLOPT_HEADERDATA, f);
	curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, f->error);
	curl_easy_setopt(f->easy, CURLOPT_NOSIGNAL, 1L);
	/* A name server that does not answer must not hold the loop when its fetch is ended. */
	curl_easy_setopt(f->easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(f->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(f->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(f->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(f->easy, CURLOPT_BUFFERSIZE, CHUNK);
	curl_easy_setopt(f->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(f->easy, CURLOPT_USERAGENT, "margayd");
	curl_easy_setopt(f->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	if (f->target.ca_file[0])
		curl_easy_setopt(f->easy, CURLOPT_CAINFO, f->target.ca_file);
	if (f->target.certificate_file[0])
		curl_easy_setopt(f->easy, CURLOPT_SSLCERT, f->target.certificate_file);
}

int fetch_new(struct web *web, const struct fetch_target *target, const struct fetch_ops *ops,
	      void *user, struct fetch **ret)
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->web = web;
	f->target = *target;
	f->ops = ops;
	f->user = user;
	f->easy = curl_easy_init();
	if (!f->easy) {
		free(f);
		return -ENOMEM;
	}
	fetch_options(f);
	*ret = f;
	return 0;
}

void fetch_stop(struct fetch *f)
{
	if (!f->busy)
		return;
	curl_multi_remove_handle(f->web->multi, f->easy);
	f->busy = false;
}

void fetch_free(struct fetch **fetch)
{
	struct fetch *f = TAKE_PTR(*fetch);

	if (!f)
		return;
	fetch_stop(f);
	curl_easy_cleanup(f->easy);
	curl_slist_free_all(f->headers);
	free(f);
}

static int secret_fails(struct fetch *f, const char *leaf, const char *path,
			enum secret_fault fault)
{
	snprintf(f->result.fault, sizeof(f->result.fault), "%s: %.100s %s; %s", leaf, path,
		 secret_text(fault), secret_remedy(fault));
	return -EACCES;
}

static int header_add(struct fetch *f, const char *line)
{
	struct curl_slist *grown = curl_slist_append(f->headers, line);

	if (!grown)
		return -ENOMEM;
	f->headers = grown;
	return 0;
}

static int token_add(struct fetch *f)
{
	static const char prefix[] = "Authorization: Bearer ";
	char line[sizeof(prefix) + TOKEN_MAX];
	size_t at = sizeof(prefix) - 1, len = 0;
	enum secret_fault fault;
	int r;

	if (!f->target.token_file[0])
		return 0;
	memcpy(line, prefix, at);
	fault = secret_read_line(f->target.token_file, (uint8_t *)line + at, TOKEN_MAX, &len);
	if (fault)
		return secret_fails(f, "token-file", f->target.token_file, fault);
	line[at + len] = '\0';
	r = header_add(f, line);
	explicit_bzero(line, sizeof(line));
	return r;
}

static int key_add(struct fetch *f)
{
	struct curl_blob blob = { .flags = CURL_BLOB_COPY };
	_cleanup_(freep) uint8_t *pem = NULL;
	enum secret_fault fault;
	CURLcode code;

	if (!f->target.key_file[0])
		return 0;
	pem = malloc(PEM_MAX);
	if (!pem)
		return -ENOMEM;
	fault = secret_read_file(f->target.key_file, pem, PEM_MAX, &blob.len);
	if (fault)
		return secret_fails(f, "key-file", f->target.key_file, fault);
	blob.data = pem;
	code = curl_easy_setopt(f->easy, CURLOPT_SSLKEY_BLOB, &blob);
	explicit_bzero(pem, PEM_MAX);
	return code ? -ENOMEM : 0;
}

int fetch_start(struct fetch *f, const struct fetch_request *request)
{
	int r;

	f->request = *request;
	f->result = (struct fetch_result){ 0 };
	f->refused = NULL;
	f->header_bytes = 0;
	f->error[0] = '\0';
	curl_slist_free_all(f->headers);
	f->headers = NULL;
	r = token_add(f);
	if (r == 0)
		r = key_add(f);
	if (r == 0 && request->header)
		r = header_add(f, request->header);
	if (r == -ENOMEM)
		fault_set(f, "no memory", "it is tried again");
	if (r < 0)
		return r;
	curl_easy_setopt(f->easy, CURLOPT_URL, request->url);
	curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->headers);
	curl_easy_setopt(f->easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	curl_easy_setopt(f->easy, CURLOPT_LOW_SPEED_LIMIT, request->idle_s ? 1L : 0L);
	curl_easy_setopt(f->easy, CURLOPT_LOW_SPEED_TIME, (long)request->idle_s);
	if (curl_multi_add_handle(f->web->multi, f->easy)) {
		fault_set(f, "libcurl takes no more requests", "it is tried again");
		return -EAGAIN;
	}
	f->busy = true;
	return 0;
}

bool fetch_busy(const struct fetch *f)
{
	return f->busy;
}

const struct fetch_result *fetch_result(const struct fetch *f)
{
	return &f->result;
}
