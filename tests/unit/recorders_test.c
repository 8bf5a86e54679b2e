/* SPDX-License-Identifier: BSD-2-Clause */
/* Recorders at the control socket: what they get, what they lose, and that they are bounded. */
#include "router_fake.h"

#include "base/util.h"
#include "record/line.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#define SITES 64 /* so that few decisions fill a queue */
#define MANY  450

/* A service that decides when it is told to. */
struct service {
	struct weights *weights;
	struct weights_site site[SITES];
	char name[SITES][ADDR_STRLEN];
	double now_s;
	uint64_t configured_ns;
	uint64_t id;
	struct ingress_service_config config;
};

static void service_open(struct service *s)
{
	*s = (struct service){ .weights = weights_new(&web_config.weights),
			       .now_s = 100,
			       .id = 7,
			       .config = web_config,
			       .configured_ns = 1 };
	for (size_t i = 0; i < SITES; i++) {
		snprintf(s->name[i], sizeof(s->name[i]), "site %zu", i);
		s->site[i] = (struct weights_site){
			.id = i + 1,
			.up = true,
			.rtt_s = 0.01 * (double)(i + 1),
			.capacity = 8,
			.service_time_s = 1.0 / 3,
			.has_report = true,
			.sampled_s = 99.5,
			.report = { .has = REPORT_CAPACITY | REPORT_ARRIVAL_RATE,
				    .capacity = 8,
				    .arrival_rate = 10 },
		};
	}
}

static void decide(struct router *r, struct service *s)
{
	struct ingress_decision d = { .config = &s->config,
				      .service = s->id,
				      .configured_ns = s->configured_ns,
				      .weights = s->weights,
				      .now_s = s->now_s += 1,
				      .own_rate = 20,
				      .site = s->site,
				      .name = (const char(*)[ADDR_STRLEN])s->name,
				      .count = SITES };

	if (r->ingress.decides)
		r->ingress.decides(r->ingress.decides_user, &d);
	cr_assert(eq(int,
		     weights_update(s->weights, d.now_s, d.own_rate, d.site, SITES, &d.decision),
		     0));
	if (r->ingress.decides)
		r->ingress.decides(r->ingress.decides_user, &d);
}

static json_t *ask(struct router *r, const char *line)
{
	struct request request = { .context = &r->context,
				   .durable = r->durable,
				   .recorders = r->recorders };

	return request_answer(&request, false, line, strlen(line));
}

#define START "{\"verb\":\"record\"}"
#define MORE  "{\"verb\":\"record\",\"recorder\":1}"
#define ONE   "{\"verb\":\"record\",\"recorder\":1,\"most\":1}"
#define END   "{\"verb\":\"record\",\"recorder\":1,\"end\":true}"

/* The kinds of the lines as letters; each must be one that can be read. */
static void kinds_of(json_t *answer, char ret[64])
{
	const json_t *lines = json_object_get(answer, "lines"), *line;
	char fault[FORM_FAULT_LEN] = "";
	size_t i, n = 0;

	json_array_foreach(lines, i, line)
	{
		_cleanup_(record_line_clear) struct record_line read = { 0 };
		const char *text = json_string_value(line);
		int e = record_line_read(text, strlen(text), &read, fault);

		cr_expect(eq(int, e, 0), "%s: %.100s", fault, text);
		if (n < 63)
			ret[n++] = "bsdle"[read.kind];
	}
	ret[n] = '\0';
	json_decref(answer);
}

static void expect_kinds(struct router *r, const char *request, const char *want, const char *when)
{
	char kinds[64];

	kinds_of(ask(r, request), kinds);
	cr_expect(eq(str, kinds, (char *)want), "%s", when);
}

static bool fails(struct router *r, const char *line, const char *code)
{
	json_t *answer = ask(r, line);
	const json_t *error = json_object_get(answer, "error");
	const char *is = json_string_value(json_object_get(error, "code"));
	bool same = is && strcmp(is, code) == 0;

	json_decref(answer);
	return same;
}

Test(recorders, give_a_service_then_its_decisions)
{
	struct service s;
	struct router r;

	router_open(&r);
	service_open(&s);
	decide(&r, &s);
	expect_kinds(&r, START, "b", "at the start");
	decide(&r, &s);
	decide(&r, &s);
	expect_kinds(&r, MORE, "sdd", "memory once");
	decide(&r, &s);
	expect_kinds(&r, MORE, "d", "then decisions alone");
	s.configured_ns++;
	decide(&r, &s);
	expect_kinds(&r, MORE, "sd", "configured anew");
	decide(&r, &s);
	expect_kinds(&r, END, "d", "the last ones");
	cr_expect(r.ingress.decides == NULL, "nobody records any more");
	cr_expect(fails(&r, MORE, "not-found"));
	weights_free(&s.weights);
	router_close(&r);
}

/* A name may stand for several addresses. */
Test(recorders, tell_services_of_one_name_apart)
{
	struct service s[3];
	struct router r;
	const char *want[3] = { "web@198.51.100.80", "web@198.51.100.81", "web@198.51.100.82" };
	json_t *answer, *lines;

	router_open(&r);
	json_decref(ask(&r, START));
	for (int i = 2; i >= 0; i--) { /* ids in no order */
		service_open(&s[i]);
		s[i].id = (uint64_t[]){ 9, 3, 5 }[i];
		s[i].now_s = 100 - 10 * i;
		s[i].config.key.addr[15] = (uint8_t)(80 + i);
		decide(&r, &s[i]);
	}
	answer = ask(&r, MORE);
	lines = json_object_get(answer, "lines");
	cr_assert(eq(sz, json_array_size(lines), 6));
	for (size_t i = 0; i < 6; i++) {
		_cleanup_(record_line_clear) struct record_line read = { 0 };
		const char *text = json_string_value(json_array_get(lines, i));
		char fault[FORM_FAULT_LEN];

		cr_assert(eq(int, record_line_read(text, strlen(text), &read, fault), 0));
		cr_expect(eq(str, read.service, (char *)want[2 - i / 2]));
		cr_expect(record_label_matches(read.service, "web"));
		cr_expect(record_label_matches(read.service, strchr(want[2 - i / 2], '@') + 1));
		cr_expect(record_label_matches(read.service, want[2 - i / 2]));
		cr_expect(not(record_label_matches(read.service, "we")));
		cr_expect(not(record_label_matches(read.service, "198.51.100.8")));
	}
	json_decref(answer);
	for (int i = 0; i < 3; i++)
		decide(&r, &s[i]);
	expect_kinds(&r, MORE, "ddd", "all are known");
	s[1].configured_ns++;
	for (int i = 0; i < 3; i++)
		decide(&r, &s[i]);
	expect_kinds(&r, MORE, "dsdd", "one was configured anew");
	for (int i = 0; i < 3; i++)
		weights_free(&s[i].weights);
	router_close(&r);
}

Test(recorders, give_as_many_as_are_wanted)
{
	struct service s;
	struct router r;

	router_open(&r);
	service_open(&s);
	expect_kinds(&r, START, "b", "at the start");
	for (int i = 0; i < 5; i++)
		decide(&r, &s);
	expect_kinds(&r, "{\"verb\":\"record\",\"recorder\":1,\"most\":3}", "sddd", "three");
	expect_kinds(&r, MORE, "dd", "the rest");
	weights_free(&s.weights);
	router_close(&r);
}

Test(recorders, want_one_service_or_all)
{
	struct service s;
	struct router r;

	router_open(&r);
	service_open(&s);
	cr_expect(fails(&r, "{\"verb\":\"record\",\"service\":\"x\"}", "not-found"));
	expect_kinds(&r, "{\"verb\":\"record\",\"service\":\"web\"}", "b", "at the start");
	decide(&r, &s);
	expect_kinds(&r, MORE, "sd", "its own");
	weights_free(&s.weights);
	router_close(&r);
}

Test(recorders, say_what_they_lost_and_begin_anew)
{
	struct service s;
	struct router r;
	json_t *answer;
	uint64_t decisions = 0, lost;
	char kinds[64];

	router_open(&r);
	service_open(&s);
	expect_kinds(&r, START, "b", "at the start");
	for (int i = 0; i < MANY; i++) {
		decide(&r, &s);
		if (i % 50) /* a sign of life, or it is forgotten */
			continue;
		answer = ask(&r, ONE);
		decisions += (uint64_t)json_integer_value(json_object_get(answer, "decisions"));
		json_decref(answer);
	}
	do {
		answer = ask(&r, MORE);
		decisions += (uint64_t)json_integer_value(json_object_get(answer, "decisions"));
		lost = (uint64_t)json_integer_value(json_object_get(answer, "lost"));
		if (!json_is_true(json_object_get(answer, "more")))
			break;
		json_decref(answer);
	} while (true);
	json_decref(answer);
	cr_expect(ne(u64, lost, 0), "they are more than fit");
	cr_expect(eq(u64, decisions + lost, MANY));
	decide(&r, &s);
	kinds_of(ask(&r, MORE), kinds);
	cr_expect(eq(str, kinds, (char *)"lsd"), "the gap, the memory, the decision");
	weights_free(&s.weights);
	router_close(&r);
}

Test(recorders, are_few)
{
	struct router r;

	router_open(&r);
	for (int i = 0; i < 4; i++)
		cr_expect(not(fails(&r, START, "refused")), "recorder %d", i);
	cr_expect(fails(&r, START, "refused"));
	expect_kinds(&r, END, "", "one ends");
	cr_expect(not(fails(&r, START, "refused")), "and leaves its place");
	router_close(&r);
}

Test(recorders, need_an_ingress)
{
	struct router r;

	router_open(&r);
	r.context.ingress = NULL;
	cr_expect(fails(&r, START, "not-configured"));
	router_close(&r);
}
