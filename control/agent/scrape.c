/* SPDX-License-Identifier: BSD-2-Clause */
/* A page of metrics, or a page whose headers bring a load report. */
#include "agent/asker.h"
#include "agent/orca.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ACCEPT "Accept: text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5"

struct scrape {
	struct asker asker;
	struct fetch *fetch;
	bool openmetrics, began;
	bool reported; /* ORCA: the header was there */
	char reason[160];
	struct exposition text;
};

static bool on_wanted(void *user, const char *name, size_t len)
{
	return reading_wanted(user, name, len);
}

static const char *on_sample(void *user, const struct exposition_sample *sample)
{
	return reading_sample(user, sample);
}

static const char *orca_header(struct scrape *s, const char *name, const char *value)
{
	bool json = strcmp(name, "endpoint-load-metrics-json") == 0;

	if (!json && strcmp(name, "endpoint-load-metrics") != 0)
		return NULL;
	if (s->reported)
		return "load report: more than one; see who adds the second header";
	s->reported = true;
	return orca_read(value, json, on_sample, s->asker.reading, s->reason) < 0 ? s->reason
										  : NULL;
}

static const char *scrape_header(void *user, const char *name, const char *value)
{
	struct scrape *s = user;

	if (s->asker.config->kind == GATHER_ORCA)
		return orca_header(s, name, value);
	if (strcmp(name, "content-type") != 0)
		return NULL;
	if (!strncasecmp(value, "text/html", 9))
		return "it is a page of HTML, not of metrics; see the path of the url";
	s->openmetrics = !strncasecmp(value, "application/openmetrics-text", 28);
	return NULL;
}

static void text_begin(struct scrape *s)
{
	static const struct exposition_ops ops = { .wanted = on_wanted, .sample = on_sample };

	if (!s->began)
		exposition_start(&s->text, s->openmetrics, &ops, s->asker.reading);
	s->began = true;
}

static const char *text_fault(struct scrape *s, const char *fault)
{
	if (!fault)
		return NULL;
	snprintf(s->reason, sizeof(s->reason), "malformed: line %llu: %s",
		 (unsigned long long)s->text.line, fault);
	return s->reason;
}

/* Nobody wants the page that a load report comes with. */
static const char *scrape_body(void *user, const void *bytes, size_t len)
{
	struct scrape *s = user;

	if (s->asker.config->kind == GATHER_ORCA)
		return NULL;
	text_begin(s);
	return text_fault(s, exposition_feed(&s->text, bytes, len));
}

static void scrape_done(void *user)
{
	struct scrape *s = user;
	const struct fetch_result *result = fetch_result(s->fetch);
	const char *fault = result->fault[0] ? result->fault : NULL;

	*s->asker.bytes += result->bytes;
	if (!fault && s->asker.config->kind == GATHER_ORCA && !s->reported)
		fault = "no load report came: no header 'endpoint-load-metrics'; see whether the "
			"server gives one for this url";
	if (!fault && s->asker.config->kind == GATHER_PROMETHEUS) {
		text_begin(s);
		fault = text_fault(s, exposition_end(&s->text));
	}
	s->asker.told(s->asker.user, fault);
}

static void scrape_ask(struct asker *a)
{
	struct scrape *s = (struct scrape *)a;
	const struct gather_config *config = a->config;
	const char *format = config->orca_json ? "endpoint-load-metrics-format: JSON"
					       : "endpoint-load-metrics-format: TEXT";
	struct fetch_request request = { .url = config->target.url,
					 .header = config->kind == GATHER_ORCA ? format : ACCEPT,
					 .timeout_ms = config->timeout_ms,
					 .body_max = config->body_max };

	if (fetch_busy(s->fetch))
		return; /* its own timeout will end it */
	reading_begin(a->reading);
	s->began = s->openmetrics = s->reported = false;
	if (fetch_start(s->fetch, &request) < 0)
		a->told(a->user, fetch_result(s->fetch)->fault);
}

static void scrape_free(struct asker *a)
{
	struct scrape *s = (struct scrape *)a;

	fetch_free(&s->fetch);
	free(s);
}

struct asker *scrape_new(struct web *web, const struct fetch_target *target)
{
	static const struct asker_kind kind = { scrape_ask, scrape_free };
	static const struct fetch_ops ops = { .header = scrape_header,
					      .body = scrape_body,
					      .done = scrape_done };
	struct scrape *s = calloc(1, sizeof(*s));

	if (!s || fetch_new(web, target, &ops, s, &s->fetch) < 0) {
		free(s);
		return NULL;
	}
	s->asker.kind = &kind;
	return &s->asker;
}
