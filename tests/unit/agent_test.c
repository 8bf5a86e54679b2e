/* SPDX-License-Identifier: BSD-2-Clause */
/* Agents with real commands and real files on a real loop. */
#include "agent/agent.h"
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

#define PATIENCE_MS 8000 /* for what must happen; a busy machine is slow */
#define QUIET_MS    150  /* for what must not */

struct bench {
	uv_loop_t loop;
	uv_timer_t tick;
	struct agent *agent;
	char dir[32], path[64];
	unsigned int reports, ups, downs;
	bool up, stop_on_report, stop_on_state;
	char service[64], reason[160];
	struct report last;
};

static struct bench b; /* one a test: Criterion gives each a process of its own */

static void on_report(void *user, const char *service, const struct report *report,
		      const struct value_set *values)
{
	b.reports++;
	b.last = *report;
	snprintf(b.service, sizeof(b.service), "%s", service);
	if (b.stop_on_report)
		agent_stop(&b.agent);
}

static void on_state(void *user, bool up, const char *reason)
{
	b.up = up;
	b.ups += up;
	b.downs += !up;
	snprintf(b.reason, sizeof(b.reason), "%s", reason);
	if (b.stop_on_state)
		agent_stop(&b.agent);
}

static const struct agent_ops ops = { .report = on_report, .state = on_state };

/* Wakes the loop, so that conditions are looked at although nothing happens. */
static void on_tick(uv_timer_t *timer)
{
}

static uint64_t ms_since(uint64_t begun_ns)
{
	return (uv_hrtime() - begun_ns) / 1000000;
}

/* Runs the loop until the condition holds; false: it does not within ms. */
static bool run_until(bool (*condition)(void), uint64_t ms)
{
	uint64_t begun = uv_hrtime();

	while (!condition() && ms_since(begun) < ms)
		uv_run(&b.loop, UV_RUN_ONCE);
	return condition();
}

static bool never(void)
{
	return false;
}

static bool reported(void)
{
	return b.reports > 0;
}

static bool is_down(void)
{
	return b.downs && !b.up;
}

static bool is_up(void)
{
	return b.up;
}

static bool in_flight_is_7(void)
{
	return b.reports && b.last.in_flight == 7;
}

static void set_up(void)
{
	strcpy(b.dir, "/tmp/agent_test.XXXXXX");
	cr_assert(mkdtemp(b.dir) != NULL);
	snprintf(b.path, sizeof(b.path), "%s/load", b.dir);
	uv_loop_init(&b.loop);
	uv_timer_init(&b.loop, &b.tick);
	uv_timer_start(&b.tick, on_tick, 5, 5);
}

/* Nothing may be left on the loop, and no memory: the leak checker looks after this. */
static void tear_down(void)
{
	char command[96];

	agent_stop(&b.agent);
	uv_close((uv_handle_t *)&b.tick, NULL);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	cr_expect(eq(int, uv_loop_close(&b.loop), 0));
	snprintf(command, sizeof(command), "rm -rf %s %s.moved", b.dir, b.dir);
	cr_expect(eq(int, system(command), 0));
}

TestSuite(agent, .init = set_up, .fini = tear_down, .timeout = 60);

static void start(enum agent_kind kind, const char *path, uint32_t timeout_ms)
{
	struct agent_config config = { .kind = kind, .timeout_ms = timeout_ms };

	snprintf(config.path, sizeof(config.path), "%s", path);
	cr_assert(eq(int, agent_start(&b.loop, &config, &ops, NULL, &b.agent), 0));
	cr_assert(eq(u32, b.downs + b.ups + b.reports, 0), "no callback before the loop runs");
}

static void write_file(const char *path, const char *text, int flags)
{
	_cleanup_(closep) int fd = open(path, O_WRONLY | O_CREAT | flags, 0644);

	cr_assert(eq(i64, write(fd, text, strlen(text)), (int64_t)strlen(text)), "%s", path);
}

static void append(const char *text)
{
	write_file(b.path, text, O_APPEND);
}

static struct agent_stats stats(void)
{
	struct agent_stats s;

	agent_stats(b.agent, &s);
	return s;
}

static const struct agent_config unusable[] = {
	{ .kind = AGENT_NONE, .path = "true", .timeout_ms = 1000 },
	{ .kind = AGENT_EXEC, .path = "", .timeout_ms = 1000 },
	{ .kind = AGENT_FILE, .path = "/tmp/x", .timeout_ms = 0 },
};

Test(agent, refuses_what_cannot_work)
{
	for (size_t i = 0; i < ARRAY_SIZE(unusable); i++) {
		cr_expect(
			eq(int, agent_start(&b.loop, &unusable[i], &ops, NULL, &b.agent), -EINVAL));
		cr_expect(eq(ptr, b.agent, NULL));
	}
}

Test(agent, stops_before_it_began)
{
	start(AGENT_EXEC, "echo '{}'; sleep 60", 1000);
	agent_stop(&b.agent);
	cr_expect(eq(ptr, b.agent, NULL));
	agent_stop(&b.agent);
	run_until(never, QUIET_MS);
	cr_expect(eq(u32, b.ups + b.downs + b.reports, 0));
}

Test(agent, reports_what_a_command_says)
{
	struct timespec now;

	start(AGENT_EXEC,
	      "printf '{\"service\":\"web\",'; sleep 0.1; echo '\"in-flight\":7}'; sleep 60", 5000);
	cr_assert(run_until(reported, PATIENCE_MS));
	clock_gettime(CLOCK_REALTIME, &now);
	cr_expect(eq(str, b.service, "web"));
	cr_expect(eq(dbl, b.last.in_flight, 7));
	cr_expect(eq(u32, b.ups, 1));
	cr_expect(eq(u32, b.downs, 0));
	cr_expect(le(i64, b.last.sampled_ms, now.tv_sec * INT64_C(1000) + 1000));
	cr_expect(ge(i64, b.last.sampled_ms, (now.tv_sec - 10) * INT64_C(1000)));
}

Test(agent, counts_bad_lines_and_reports_nothing_of_them)
{
	start(AGENT_EXEC,
	      "echo '{\"capacity\":0}'; echo; echo nonsense; head -c 100000 /dev/zero; echo;"
	      "echo '{\"in-flight\":7}'; sleep 60",
	      5000);
	cr_assert(run_until(reported, PATIENCE_MS));
	cr_expect(eq(u32, b.reports, 1));
	cr_expect(eq(dbl, b.last.in_flight, 7));
	cr_expect(eq(u64, stats().bad_lines, 3));
	cr_expect(eq(u64, stats().lines, 4));
	cr_expect(eq(str, stats().last_error, "longer than 4096 bytes"));
}

static const struct {
	const char *command, *reason;
} ends[] = {
	{ "echo '{}'; exit 3", "the command ended with status 3" },
	{ "echo '{}'; kill -9 $$", "the command was ended by signal 9 (Killed)" },
	{ "/nonexistent/collector", "the command ended with status 127" },
	{ "echo '{}'; sleep 60 & exit 4", "the command ended with status 4" },
};

Test(agent, tells_how_a_command_ended)
{
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		b.downs = 0;
		start(AGENT_EXEC, ends[i].command, 5000);
		cr_expect(run_until(is_down, PATIENCE_MS), "%s", ends[i].command);
		cr_expect(eq(str, b.reason, (char *)ends[i].reason), "%s", ends[i].command);
		agent_stop(&b.agent);
		b.ups = b.downs = b.reports = 0;
	}
}

Test(agent, takes_the_last_lines_of_a_command_that_has_ended)
{
	start(AGENT_EXEC,
	      "i=0; while [ $i -lt 500 ]; do echo '{\"in-flight\":1}'; i=$((i+1)); done;"
	      "echo '{\"in-flight\":7}'",
	      5000);
	cr_assert(run_until(is_down, PATIENCE_MS));
	cr_expect(eq(u32, b.reports, 501));
	cr_expect(eq(dbl, b.last.in_flight, 7));
}

static bool third_start(void)
{
	return stats().starts == 3;
}

Test(agent, starts_again_with_growing_waits)
{
	uint64_t begun = uv_hrtime();

	start(AGENT_EXEC, "echo '{}'", 5000);
	cr_assert(run_until(third_start, PATIENCE_MS));
	cr_expect(ge(u64, ms_since(begun), 2900), "1 s, then 2 s");
}

Test(agent, a_silent_command_is_down)
{
	start(AGENT_EXEC, "sleep 60", 100);
	cr_assert(run_until(is_down, PATIENCE_MS));
	cr_expect(eq(str, b.reason, "no good line for 100 ms"));
	run_until(never, QUIET_MS);
	cr_expect(eq(u32, b.downs, 1), "told once");
}

Test(agent, one_that_falls_silent_comes_up_again)
{
	start(AGENT_EXEC, "echo '{}'; sleep 0.5; echo '{}'; sleep 60", 200);
	cr_assert(run_until(is_up, PATIENCE_MS));
	cr_assert(run_until(is_down, PATIENCE_MS));
	cr_assert(run_until(is_up, PATIENCE_MS));
	cr_expect(eq(u64, stats().starts, 1));
}

static bool second_start(void)
{
	return stats().starts == 2;
}

Test(agent, one_that_hangs_is_started_anew)
{
	start(AGENT_EXEC, "sleep 60", 20);
	cr_assert(run_until(second_start, PATIENCE_MS));
}

Test(agent, a_flood_is_held_back)
{
	start(AGENT_EXEC, "yes nonsense", 5000);
	run_until(never, 300);
	cr_expect(stats().bad_lines > 456);
	/* A chunk of 4096 bytes holds 456 of these lines; one chunk each 10 ms. */
	cr_expect(le(u64, stats().bad_lines, 32 * 456));
}

/* The process that the command has written its number of, or 0. */
static pid_t pid_in_file(void)
{
	FILE *file = fopen(b.path, "re");
	int pid = 0;

	if (file && fscanf(file, "%d", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	return pid;
}

/* Also where it has ended and nobody has asked for its status: not every init does. */
static bool process_gone(void)
{
	char path[64], state = 'Z';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid_in_file());
	file = fopen(path, "re");
	if (file && fscanf(file, "%*d %*s %c", &state) != 1)
		state = 'Z';
	if (file)
		fclose(file);
	return state == 'Z';
}

static void stop_and_expect_gone(const char *command, uint64_t at_least_ms, uint64_t at_most_ms)
{
	char line[256];
	uint64_t begun;

	snprintf(line, sizeof(line), command, b.path);
	start(AGENT_EXEC, line, 5000);
	cr_assert(run_until(reported, PATIENCE_MS));
	cr_assert(pid_in_file() > 0, "%d", pid_in_file());
	begun = uv_hrtime();
	agent_stop(&b.agent);
	cr_expect(le(u64, ms_since(begun), 100), "stopping waits for nobody");
	cr_expect(eq(int, process_gone() && at_least_ms, false));
	while (!process_gone() && ms_since(begun) < at_most_ms)
		run_until(process_gone, 50);
	cr_expect(process_gone());
	cr_expect(ge(u64, ms_since(begun), at_least_ms));
	cr_expect(eq(u32, b.downs, 0));
}

Test(agent, stopping_ends_the_whole_group)
{
	stop_and_expect_gone("sleep 60 & echo $! > %s; echo '{}'; wait", 0, 1500);
}

Test(agent, who_ignores_sigterm_is_killed)
{
	stop_and_expect_gone("trap '' TERM; echo $$ > %s; echo '{}'; while :; do sleep 60; done",
			     1900, PATIENCE_MS);
}

Test(agent, stopping_from_within_a_report)
{
	b.stop_on_report = true;
	start(AGENT_EXEC, "echo '{}'; echo '{}'; sleep 60", 5000);
	cr_assert(run_until(reported, PATIENCE_MS));
	run_until(never, QUIET_MS);
	cr_expect(eq(u32, b.reports, 1));
}

Test(agent, stopping_from_within_a_state)
{
	b.stop_on_state = true;
	start(AGENT_EXEC, "echo '{}'; sleep 60", 5000);
	cr_assert(run_until(is_up, PATIENCE_MS));
	run_until(never, QUIET_MS);
	cr_expect(eq(u32, b.reports, 0));
}

Test(agent, stopping_when_the_command_ends)
{
	b.stop_on_state = true;
	start(AGENT_EXEC, "exit 0", 5000);
	cr_assert(run_until(is_down, PATIENCE_MS));
}

Test(agent, follows_a_file_from_its_last_whole_line)
{
	append("{\"in-flight\":1}\n{\"in-flight\":2}\n{\"in-fli");
	start(AGENT_FILE, b.path, 5000);
	cr_assert(run_until(reported, PATIENCE_MS));
	cr_expect(eq(dbl, b.last.in_flight, 2));
	append("ght\":7}\n");
	cr_assert(run_until(in_flight_is_7, PATIENCE_MS));
	cr_expect(eq(u32, b.reports, 2));
	cr_expect(eq(u64, stats().bad_lines, 0));
}

Test(agent, passes_over_an_old_last_line)
{
	struct timeval old[2] = { { .tv_sec = time(NULL) - 60 }, { .tv_sec = time(NULL) - 60 } };

	append("{\"in-flight\":1}\n");
	cr_assert(eq(int, utimes(b.path, old), 0));
	start(AGENT_FILE, b.path, 5000);
	run_until(never, QUIET_MS);
	cr_expect(eq(u32, b.reports, 0));
	append("{\"in-flight\":7}\n");
	cr_expect(run_until(in_flight_is_7, PATIENCE_MS));
	cr_expect(eq(u32, b.reports, 1));
}

Test(agent, waits_for_a_file_that_is_not_there_yet)
{
	start(AGENT_FILE, b.path, 5000);
	cr_assert(run_until(is_down, PATIENCE_MS));
	cr_expect(eq(str, b.reason, "the file cannot be read: No such file or directory"));
	append("{\"service\":\"a\"}\n{\"in-flight\":7}\n");
	cr_assert(run_until(in_flight_is_7, PATIENCE_MS));
	cr_expect(eq(u32, b.reports, 2), "all lines of a new file count");
	cr_expect(is_up());
}

/* What is done to a file that held lines, so that its line says 7. */
static void do_truncate(void)
{
	write_file(b.path, "{\"in-flight\":7}\n", O_TRUNC);
}

static void do_rewrite_in_the_same_length(void)
{
	run_until(never, 20); /* so that the file's time moves on */
	write_file(b.path, "{\"in-flight\":0}\n{\"in-flight\":7}\n", O_TRUNC);
}

static void do_rewrite_longer(void)
{
	write_file(b.path, "{\"service\":\"a line beyond the old end\",\"in-flight\":7}\n",
		   O_TRUNC);
}

static void do_replace(void)
{
	char other[80];

	snprintf(other, sizeof(other), "%s.new", b.path);
	write_file(other, "{\"in-flight\":7}\n", O_TRUNC);
	cr_assert(eq(int, rename(other, b.path), 0));
}

static void do_remove_and_create(void)
{
	unlink(b.path);
	cr_assert(run_until(is_down, PATIENCE_MS));
	append("{\"in-flight\":7}\n");
}

static void do_remove_and_create_at_once(void)
{
	unlink(b.path);
	append("{\"in-flight\":7}\n");
}

static void do_rotate(void)
{
	char other[80];

	snprintf(other, sizeof(other), "%s.1", b.path);
	append("{\"in-flight\":5}\n"); /* not read yet when the file is moved */
	cr_assert(eq(int, rename(b.path, other), 0));
	append("{\"in-flight\":7}\n");
}

static void do_recreate_the_directory(void)
{
	char moved[64];

	snprintf(moved, sizeof(moved), "%s.moved", b.dir);
	cr_assert(eq(int, rename(b.dir, moved), 0));
	cr_assert(run_until(is_down, PATIENCE_MS));
	cr_assert(eq(int, mkdir(b.dir, 0755), 0));
	cr_expect(eq(str, b.reason, "the file's directory is gone"));
	append("{\"in-flight\":7}\n");
}

static const struct {
	const char *name;
	void (*act)(void);
	unsigned int reports; /* 0: any number */
} changes[] = {
	{ "truncated", do_truncate, 2 },
	{ "rewritten in the same length", do_rewrite_in_the_same_length, 0 },
	{ "rewritten longer", do_rewrite_longer, 2 },
	{ "replaced", do_replace, 2 },
	{ "removed and created", do_remove_and_create, 2 },
	{ "removed and created at once", do_remove_and_create_at_once, 2 },
	{ "rotated", do_rotate, 3 },
	{ "in a directory that is made again", do_recreate_the_directory, 2 },
};

Test(agent, follows_a_file_that_is)
{
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		unlink(b.path);
		append("{\"in-flight\":1}\n{\"in-flight\":2}\n");
		start(AGENT_FILE, b.path, 5000);
		cr_assert(run_until(reported, PATIENCE_MS), "%s", changes[i].name);
		changes[i].act();
		cr_expect(run_until(in_flight_is_7, PATIENCE_MS), "%s", changes[i].name);
		if (changes[i].reports)
			cr_expect(eq(u32, b.reports, changes[i].reports), "%s", changes[i].name);
		agent_stop(&b.agent);
		run_until(never, 1);
		b.ups = b.downs = b.reports = 0;
		b.up = false;
	}
}

Test(agent, a_file_that_falls_silent_is_down)
{
	append("{}\n");
	start(AGENT_FILE, b.path, 200);
	cr_assert(run_until(is_up, PATIENCE_MS));
	cr_assert(run_until(is_down, PATIENCE_MS));
	cr_expect(eq(str, b.reason, "no good line for 200 ms"));
	append("nonsense\n");
	run_until(never, QUIET_MS);
	cr_expect(not(is_up()), "a bad line is no sign of life");
	append("{}\n");
	cr_expect(run_until(is_up, PATIENCE_MS));
}

static bool all_1000(void)
{
	return b.reports == 1000;
}

Test(agent, a_burst_in_a_file_is_read_whole_but_not_at_once)
{
	_cleanup_(freep) char *text = calloc(1000, 20);
	uint64_t begun;

	for (size_t i = 0; i < 1000; i++)
		strcpy(text + strlen(text), "{\"in-flight\":7}\n");
	start(AGENT_FILE, b.path, 5000);
	cr_assert(run_until(is_down, PATIENCE_MS));
	append(text);
	begun = uv_hrtime();
	cr_assert(run_until(all_1000, PATIENCE_MS));
	cr_expect(ge(u64, ms_since(begun), 25), "four chunks, with a rest between them");
}

Test(agent, a_directory_or_a_fifo_is_no_file)
{
	start(AGENT_FILE, b.path, 5000);
	cr_assert(eq(int, mkfifo(b.path, 0644), 0));
	cr_assert(run_until(is_down, PATIENCE_MS));
	cr_expect(eq(str, b.reason, "the file cannot be read: Not a regular file"));
	unlink(b.path);
	append("{}\n");
	cr_expect(run_until(is_up, PATIENCE_MS));
}
