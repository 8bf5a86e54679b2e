/* SPDX-License-Identifier: BSD-2-Clause */
/* Against a real server on loopback that plays every hostile role: hostile_server.py. */
#include "agent/blend.h"
#include "agent/gather.h"
#include "agent/reading.h"
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SERVER  SOURCE_ROOT "/tests/unit/hostile_server.py"
#define WAIT_MS 20000

static struct {
	uv_loop_t loop;
	struct gatherers *gatherers;
	struct mapping *mapping;
	FILE *server;
	pid_t pid;
	int input, port;
	char dir[64];
} b;

/* Starts the server; its port comes first. */
static void serve(char *const *arguments)
{
	int in[2], out[2];

	cr_assert(pipe(in) == 0 && pipe(out) == 0);
	b.pid = fork();
	if (!b.pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		closep(&in[1]);
		closep(&out[0]);
		execvp("python3", arguments);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	b.input = in[1];
	b.server = fdopen(out[0], "r");
	cr_assert(eq(int, fscanf(b.server, "%d", &b.port), 1), "hostile_server.py did not start");
}

static void setup(void)
{
	struct mapping_value *v;

	signal(SIGPIPE, SIG_IGN);
	strcpy(b.dir, "/tmp/gather_test.XXXXXX");
	cr_assert(ne(ptr, mkdtemp(b.dir), NULL));
	uv_loop_init(&b.loop);
	cr_assert(eq(int, gatherers_new(&b.loop, &b.gatherers), 0));
	b.mapping = mapping_new("test");
	v = &b.mapping->value[b.mapping->value_count++];
	strcpy(v->name, "in-flight");
	strcpy(v->of[0].metric[0], "in_flight");
	strcpy(v->of[0].metric[1], "application_utilization");
	v->of[0].metric_count = 2;
	v->of_count = 1;
	v->scale = 1;
}

static void teardown(void)
{
	gatherers_free(&b.gatherers);
	mapping_unref(&b.mapping);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	cr_expect(eq(int, uv_loop_close(&b.loop), 0), "handles are left");
	if (b.pid) {
		closep(&b.input);
		fclose(b.server);
		waitpid(b.pid, NULL, 0);
	}
}

TestSuite(gather, .init = setup, .fini = teardown, .timeout = 120);

static struct gather_config config_of(const char *name, const char *play)
{
	struct gather_config config = { .kind = GATHER_PROMETHEUS,
					.interval_ms = 100,
					.timeout_ms = 5000,
					.max_age_ms = 60000,
					.body_max = 100000,
					.mapping = b.mapping };

	snprintf(config.name, sizeof(config.name), "%s", name);
	snprintf(config.target.url, sizeof(config.target.url), "http://127.0.0.1:%d/%s", b.port,
		 play);
	return config;
}

static struct gather_view view(const char *name)
{
	struct gather_view v;

	cr_assert(gatherers_find(b.gatherers, name, &v));
	return v;
}

static void on_tick(uv_timer_t *timer)
{
}

/* Runs the loop until the gatherer has had so many answers, good ones and others. */
static struct gather_view answers(const char *name, uint64_t good, uint64_t failed)
{
	uv_timer_t tick;
	uint64_t until;

	uv_timer_init(&b.loop, &tick);
	uv_timer_start(&tick, on_tick, 10, 10);
	uv_update_time(&b.loop);
	until = uv_now(&b.loop) + WAIT_MS;
	while ((view(name).good < good || view(name).failed < failed) && uv_now(&b.loop) < until)
		uv_run(&b.loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	uv_run(&b.loop, UV_RUN_NOWAIT);
	return view(name);
}

static void start(const struct gather_config *config)
{
	cr_assert(eq(int, gatherers_configure(b.gatherers, config, 1), 0));
}

static void serve_plain(void)
{
	serve((char *[]){ "python3", SERVER, NULL });
}

static const struct {
	const char *play, *error;
	uint32_t timeout_ms;
} plays[] = {
	{ "slow", "no whole answer within the timeout of 300 ms; see why it is slow", 300 },
	{ "hang", "no whole answer within the timeout of 300 ms; see why it is slow", 300 },
	{ "endless_line", "malformed: line 1: a line is longer than 16384 octets", 5000 },
	{ "huge", "the body is longer than 'size-limit'; ask for less", 5000 },
	{ "flood", "the body is longer than 'size-limit'; ask for less", 5000 },
	{ "cut", "cut off: transfer closed with 88 bytes remaining to read; see", 5000 },
	{ "chunk_cut", "cut off: transfer closed", 5000 },
	{ "redirect", "answers with HTTP status 302; redirects are not followed", 5000 },
	{ "missing", "answers with HTTP status 404; see the path of the url", 5000 },
	{ "page", "it is a page of HTML, not of metrics; see the path", 5000 },
	{ "bomb", "the body comes packed though nobody asked for it", 5000 },
	{ "headers_without_end", "its headers are longer than 65536 octets", 5000 },
	{ "no_http", "failed: ", 5000 },
	{ "negative", "in-flight: must be at least 0", 5000 },
	{ "nan", "none of the metrics of mapping test is there", 5000 },
	{ "twice", "malformed: line 2: a sample is there twice", 5000 },
	{ "word", "malformed: line 1: the value is no number", 5000 },
	{ "empty", "none of the metrics of mapping test is there", 5000 },
	{ "openmetrics_cut", "malformed: line 2: the text has no '# EOF'", 5000 },
	{ "metrics_of_token", "answers with HTTP status 401; see 'token-file'", 5000 },
};

/* All at once: none may stall another, and a good one among them is asked on and on. */
Test(gather, hostile_sources_say_nothing_and_stall_nobody)
{
	struct gather_config configs[ARRAY_SIZE(plays) + 1];

	serve_plain();
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++) {
		configs[i] = config_of(plays[i].play, plays[i].play);
		configs[i].timeout_ms = plays[i].timeout_ms;
		configs[i].interval_ms = 1000;
	}
	configs[ARRAY_SIZE(plays)] = config_of("good", "good");
	cr_assert(eq(int, gatherers_configure(b.gatherers, configs, ARRAY_SIZE(configs)), 0));
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++) {
		struct gather_view v = answers(plays[i].play, 0, 1);

		cr_expect(eq(u64, v.good, 0), "%s", plays[i].play);
		cr_expect(ge(u64, v.failed, 1), "%s", plays[i].play);
		cr_expect(eq(u32, v.report.has, 0), "%s", plays[i].play);
		cr_expect(ne(str, (char *)v.last_error, ""), "%s", plays[i].play);
		cr_expect(eq(int, strncmp(v.last_error, plays[i].error, strlen(plays[i].error)), 0),
			  "%s: %s", plays[i].play, v.last_error);
	}
	cr_expect(eq(dbl, answers("good", 3, 0).report.in_flight, 7));
	cr_expect(eq(u64, view("good").failed, 0));
}

Test(gather, reads_good_answers_of_every_make)
{
	static const char *const good[] = { "good", "octet_by_octet", "openmetrics" };

	serve_plain();
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct gather_config config = config_of(good[i], good[i]);
		struct gather_view v;

		start(&config);
		v = answers(good[i], 2, 0);
		cr_expect(ge(u64, v.good, 2), "%s", good[i]);
		cr_expect(eq(str, (char *)v.last_error, ""), "%s", good[i]);
		cr_expect(eq(dbl, v.report.in_flight, 7), "%s", good[i]);
		cr_expect(eq(int, v.state, GATHER_GOOD), "%s", good[i]);
	}
}

Test(gather, reads_load_reports)
{
	struct gather_config config;

	serve_plain();
	for (int json = 0; json <= 1; json++) {
		config = config_of("orca", "orca");
		config.kind = GATHER_ORCA;
		config.orca_json = json;
		start(&config);
		cr_expect(eq(u64, view("orca").good, 0), "it begins anew");
		cr_expect(eq(dbl, answers("orca", 1, 0).report.in_flight, 0.5), "%d", json);
	}
	config = config_of("orca_bad", "orca_bad");
	config.kind = GATHER_ORCA;
	start(&config);
	cr_expect(eq(str, (char *)answers("orca_bad", 0, 1).last_error,
		     "load report: no number: application_utilization"));
	config = config_of("none", "good");
	config.kind = GATHER_ORCA;
	start(&config);
	cr_expect(eq(int, strncmp(answers("none", 0, 1).last_error, "no load report came", 19), 0));
}

/* What was good counts until it is too old, and then no more. */
Test(gather, garbage_changes_nothing_until_the_values_are_too_old)
{
	struct gather_config config;
	struct gather_view v;
	uv_timer_t tick;

	serve_plain();
	config = config_of("once", "once_good");
	config.max_age_ms = 1500;
	start(&config);
	v = answers("once", 1, 2);
	cr_expect(eq(int, v.state, GATHER_FAILING));
	cr_expect(eq(dbl, v.report.in_flight, 7));
	uv_timer_init(&b.loop, &tick);
	uv_timer_start(&tick, on_tick, 10, 10);
	while (view("once").state != GATHER_DOWN)
		uv_run(&b.loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	uv_run(&b.loop, UV_RUN_NOWAIT);
	cr_expect(eq(u32, view("once").report.has, 0));
}

Test(gather, comes_back)
{
	struct gather_config config;
	struct gather_view v;

	serve_plain();
	config = config_of("recovers", "recovers");
	start(&config);
	v = answers("recovers", 2, 2);
	cr_expect(eq(int, v.state, GATHER_GOOD));
	cr_expect(eq(u64, v.failed, 2));
	cr_expect(eq(dbl, v.report.in_flight, 7));
}

/* The log goes into a file meanwhile. */
static void log_begin(FILE **ret_file, int *ret_former)
{
	*ret_file = tmpfile();
	*ret_former = dup(2);
	cr_assert(dup2(fileno(*ret_file), 2) == 2);
}

static void log_end(FILE *file, int former, char *ret, size_t size)
{
	size_t len;

	dup2(former, 2);
	closep(&former);
	rewind(file);
	len = fread(ret, 1, size - 1, file);
	ret[len] = '\0';
	fclose(file);
}

Test(gather, says_for_how_long_it_failed)
{
	struct gather_config config;
	unsigned int seconds = WAIT_MS;
	char log[2048];
	const char *again;
	FILE *file;
	int former;

	serve_plain();
	config = config_of("stumbles", "stumbles");
	log_begin(&file, &former);
	start(&config);
	answers("stumbles", 1, 1);
	log_end(file, former, log, sizeof(log));
	again = strstr(log, "collector stumbles: good again, after 1 failures in ");
	cr_assert(again && sscanf(strstr(again, "in "), "in %u s", &seconds) == 1, "%s", log);
	cr_expect(seconds <= WAIT_MS / 1000, "%u", seconds);
}

Test(gather, nobody_listens)
{
	struct gather_config config;

	b.port = 1;
	config = config_of("nobody", "");
	start(&config);
	cr_expect(
		ne(ptr,
		   strstr(answers("nobody", 0, 1).last_error, "see whether anybody listens there"),
		   NULL));
}

static void write_file(const char *name, const char *text, mode_t mode, char ret[FETCH_PATH_MAX])
{
	FILE *f;

	snprintf(ret, FETCH_PATH_MAX, "%s/%s", b.dir, name);
	f = fopen(ret, "w");
	fputs(text, f);
	fclose(f);
	chmod(ret, mode);
}

Test(gather, a_token_is_a_secret_and_read_anew)
{
	struct gather_config config;
	char path[FETCH_PATH_MAX];

	serve_plain();
	config = config_of("token", "metrics_of_token");
	write_file("token", "opensesame\n", 0644, config.target.token_file);
	start(&config);
	cr_expect(ne(ptr,
		     strstr(answers("token", 0, 1).last_error,
			    "token is open to group or others; chmod 600 it"),
		     NULL));
	cr_expect(eq(ptr, strstr(view("token").last_error, "opensesame"), NULL));
	chmod(config.target.token_file, 0600);
	cr_expect(eq(dbl, answers("token", 1, 0).report.in_flight, 7));
	write_file("token", "another\n", 0600, path);
	cr_expect(ne(ptr, strstr(answers("token", 0, view("token").failed + 1).last_error, "401"),
		     NULL));
}

#define OPENSSL_NEW "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "

/* Two certificates that sign themselves: the server's, whose CA we give, and ours. */
static void certificates(void)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "cd %s && umask 077 && " OPENSSL_NEW
		 "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout sk -out sc "
		 "2>/dev/null && " OPENSSL_NEW "-subj /CN=us -keyout ck -out cc 2>/dev/null",
		 b.dir);
	cr_assert(eq(int, system(command), 0));
}

Test(gather, knows_whom_it_asks_and_shows_who_it_is)
{
	char sc[128], sk[128], cc[128];
	struct gather_config config;

	certificates();
	snprintf(sc, sizeof(sc), "%s/sc", b.dir);
	snprintf(sk, sizeof(sk), "%s/sk", b.dir);
	snprintf(cc, sizeof(cc), "%s/cc", b.dir);
	serve((char *[]){ "python3", SERVER, sc, sk, cc, NULL });
	config = config_of("tls", "good");
	snprintf(config.target.url, sizeof(config.target.url), "https://127.0.0.1:%d/good", b.port);
	start(&config);
	cr_expect(ne(ptr, strstr(answers("tls", 0, 1).last_error, "'ca-file'"), NULL), "%s",
		  view("tls").last_error);
	strcpy(config.target.ca_file, sc);
	start(&config);
	cr_expect(eq(u64, answers("tls", 0, 1).good, 0), "without a certificate of ours");
	strcpy(config.target.certificate_file, cc);
	snprintf(config.target.key_file, sizeof(config.target.key_file), "%s/ck", b.dir);
	start(&config);
	cr_expect(eq(dbl, answers("tls", 1, 0).report.in_flight, 7), "%s", view("tls").last_error);
	chmod(config.target.key_file, 0640);
	cr_expect(ne(ptr, strstr(answers("tls", 0, 1).last_error, "key-file: "), NULL));
}

Test(gather, reconfigures_only_what_changed)
{
	struct gather_config configs[2];
	uint64_t good;

	serve_plain();
	configs[0] = config_of("one", "good");
	configs[1] = config_of("two", "good");
	cr_assert(eq(int, gatherers_configure(b.gatherers, configs, 2), 0));
	good = answers("one", 2, 0).good;
	configs[1].interval_ms = 200;
	cr_assert(eq(int, gatherers_configure(b.gatherers, configs, 2), 0));
	cr_expect(ge(u64, view("one").good, good));
	cr_expect(eq(u64, view("two").good, 0));
	cr_assert(eq(int, gatherers_configure(b.gatherers, configs + 1, 1), 0));
	cr_expect(eq(int, gatherers_find(b.gatherers, "one", &(struct gather_view){ 0 }), 0));
}

static struct {
	unsigned int reports, ups, downs;
	struct report report;
	double gpu; /* a value that is no field of a report */
	char reason[160];
} heard;

static void on_report(void *user, const char *service, const struct report *report,
		      const struct value_set *values)
{
	const struct value *gpu = value_set_find(values, "gpu-memory-utilisation");

	heard.gpu = gpu ? gpu->value : NAN;
	heard.reports++;
	heard.report = *report;
}

static void on_state(void *user, bool up, const char *reason)
{
	heard.ups += up;
	heard.downs += !up;
	snprintf(heard.reason, sizeof(heard.reason), "%s", reason);
}

Test(gather, services_hear_of_those_they_name)
{
	static const struct agent_ops ops = { .report = on_report, .state = on_state };
	struct blend *blend = NULL;
	struct gather_config configs[3];

	serve_plain();
	configs[0] = config_of("bad", "word");
	configs[1] = config_of("good", "good");
	configs[2] = config_of("other", "good");
	configs[0].max_age_ms = configs[1].max_age_ms = 2000;
	cr_assert(eq(int, gatherers_configure(b.gatherers, configs, 3), 0));
	cr_assert(eq(int, blend_start(&b.loop, b.gatherers, "bad good", &ops, NULL, &blend), 0));
	answers("good", 2, 0);
	cr_expect(ge(u32, heard.reports, 2));
	cr_expect(eq(dbl, heard.report.in_flight, 7));
	cr_expect(eq(u32, heard.ups, 1));
	cr_assert(eq(int, gatherers_configure(b.gatherers, configs, 1), 0));
	answers("bad", 0, 4);
	while (!heard.downs)
		uv_run(&b.loop, UV_RUN_ONCE);
	cr_expect(eq(str, heard.reason, "bad: malformed: line 1: the value is no number"));
	blend_stop(&blend);
}

/* Of a queue in one source and busy slots in another: what is in flight. */
Test(gather, raw_values_stand_in_for_fields)
{
	static const struct agent_ops ops = { .report = on_report, .state = on_state };
	struct mapping *busy = mapping_new("busy"), *queue = mapping_new("queue");
	struct gather_config configs[2];
	struct blend *blend = NULL;

	serve_plain();
	configs[0] = config_of("one", "good");
	configs[1] = config_of("two", "good");
	busy->value[0] = queue->value[0] = b.mapping->value[0];
	busy->value_count = queue->value_count = 1;
	strcpy(busy->value[0].name, "busy");
	strcpy(queue->value[0].name, "queue");
	queue->value[1] = queue->value[0];
	strcpy(queue->value[1].name, "gpu-memory-utilisation");
	queue->value[1].scale = 0.1;
	queue->value_count = 2;
	configs[0].mapping = busy;
	configs[1].mapping = queue;
	cr_assert(eq(int, gatherers_configure(b.gatherers, configs, 2), 0));
	cr_assert(eq(int, blend_start(&b.loop, b.gatherers, "one two", &ops, NULL, &blend), 0));
	answers("one", 1, 0);
	answers("two", 2, 0);
	cr_expect(eq(u32, heard.report.has, REPORT_SAMPLED | REPORT_IN_FLIGHT));
	cr_expect(eq(dbl, heard.report.in_flight, 14));
	cr_expect(epsilon_eq(dbl, heard.gpu, 0.7, 1e-9));
	blend_stop(&blend);
	mapping_unref(&busy);
	mapping_unref(&queue);
}

/* The second one's is the younger. */
Test(gather, of_two_raw_values_the_first_counts)
{
	static const struct agent_ops ops = { .report = on_report, .state = on_state };
	struct mapping *first = mapping_new("first"), *second = mapping_new("second");
	struct gather_config configs[2];
	struct blend *blend = NULL;

	serve_plain();
	configs[0] = config_of("one", "good");
	configs[1] = config_of("two", "good");
	configs[0].interval_ms = 50000;
	first->value[0] = second->value[0] = b.mapping->value[0];
	first->value_count = second->value_count = 1;
	strcpy(first->value[0].name, "busy");
	strcpy(second->value[0].name, "busy");
	second->value[0].scale = 3;
	configs[0].mapping = first;
	configs[1].mapping = second;
	cr_assert(eq(int, gatherers_configure(b.gatherers, configs, 2), 0));
	cr_assert(eq(int, blend_start(&b.loop, b.gatherers, "one two", &ops, NULL, &blend), 0));
	answers("one", 1, 0);
	answers("two", view("two").good + 2, 0);
	cr_expect(eq(dbl, heard.report.in_flight, 7));
	blend_stop(&blend);
	mapping_unref(&first);
	mapping_unref(&second);
}

Test(blend, takes_of_each_what_the_former_do_not_know)
{
	struct report sum = { .has = REPORT_SAMPLED | REPORT_CAPACITY,
			      .capacity = 4,
			      .sampled_ms = 2000 };
	struct report other = { .has = REPORT_SAMPLED | REPORT_CAPACITY | REPORT_AVAILABILITY |
				       REPORT_WINDOW,
				.capacity = 8,
				.availability = 50,
				.window_s = 3,
				.sampled_ms = 1000,
				.drain = true };

	blend_add(&sum, &other);
	cr_expect(eq(dbl, sum.capacity, 4));
	cr_expect(eq(u16, sum.availability, 50));
	cr_expect(eq(dbl, sum.window_s, 3));
	cr_expect(eq(i64, sum.sampled_ms, 1000));
	cr_expect(sum.drain);
	cr_expect(eq(u32, sum.has, other.has));
	other.window_s = 5;
	other.sampled_ms = 1500;
	blend_add(&sum, &other);
	cr_expect(eq(dbl, sum.window_s, 5), "the longest");
	cr_expect(eq(i64, sum.sampled_ms, 1000), "the oldest");
	other.window_s = 4;
	blend_add(&sum, &other);
	cr_expect(eq(dbl, sum.window_s, 5));
}
