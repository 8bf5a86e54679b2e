/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * margay trace and margay capture themselves, on the pinned maps of the loaded programs and without
 * margayd: what they print, what they write, how they end.
 */
#include "base/util.h"
#include "fixture.h"
#include "hex.h"
#include "loaded.h"
#include "netns.h"

#include <bpf/bpf.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <trace.h>

#define PIN_DIR "/sys/fs/bpf/margay"

static struct loaded *loaded;
static char dir[] = "/tmp/trace_cli_test.XXXXXX";

static void load(void)
{
	int r;

	kernel_private();
	r = loaded_new(&loaded);
	if (r == -EPERM || r == -EACCES)
		cr_skip("loading BPF programs needs root");
	cr_assert(eq(int, r, 0));
	cr_assert(mkdir(PIN_DIR, 0700) == 0);
	cr_assert(eq(int, loaded_pin(loaded, PIN_DIR "/" MG_ABI_VERSION), 0));
	cr_assert(mkdtemp(dir) != NULL);
}

static void unload(void)
{
	loaded_free(&loaded);
	sh("rm -rf %s", dir);
}

static void run(enum vector_program program, enum mg_verdict verdict)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		uint8_t bytes[2048];
		size_t len;
		_cleanup_(freep) uint8_t *in = NULL;
		uint32_t action;

		if (vectors[i].program != program || vectors[i].verdict != verdict)
			continue;
		in = unhex(vectors[i].in, &len);
		memcpy(bytes, in, len);
		cr_assert(eq(int, loaded_run(loaded, program, bytes, &len, sizeof(bytes), &action),
			     0));
		return;
	}
	cr_assert(false, "no such vector");
}

static struct mg_trace_filter current(void)
{
	struct mg_trace_filter filter = { 0 };
	uint32_t zero = 0;

	cr_assert(eq(int,
		     bpf_map_lookup_elem(loaded_map(loaded, "mg_trace_filter"), &zero, &filter),
		     0));
	return filter;
}

static uint32_t filter_on(void)
{
	return current().on;
}

/* Starts margay with these words; its output goes to files out and err. */
static pid_t margay(const char *words)
{
	char command[512];
	pid_t pid;

	snprintf(command, sizeof(command), "exec >%s/out 2>%s/err; %s" MARGAY " -s %s/none %s", dir,
		 dir, strchr(words, '|') ? "" : "exec ", dir, words);
	pid = fork();
	cr_assert(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none behind */
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	return pid;
}

/* And waits until it is at work. */
static pid_t margay_tracing(const char *words)
{
	pid_t pid = margay(words);

	bool begun = false;

	for (int i = 0; i < 500 && !begun; i++) {
		struct mg_trace_filter filter = current();

		begun = filter.on && filter.until_ns > uv_hrtime();
		usleep(begun ? 0 : 10000);
	}
	cr_assert(begun, "%s: it does not begin", words);
	return pid;
}

static int ended(pid_t pid)
{
	int status;

	cr_assert(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static char *file_text(const char *name)
{
	char path[64], *text = calloc(1, 65536);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	cr_assert(file && text, "%s", path);
	text[fread(text, 1, 65535, file)] = '\0';
	fclose(file);
	return text;
}

static bool file_has(const char *name, const char *words)
{
	_cleanup_(freep) char *text = file_text(name);

	if (strstr(text, words))
		return true;
	fprintf(stderr, "%s: no '%s' in:\n%s\n", name, words, text);
	return false;
}

static size_t file_lines(const char *name)
{
	_cleanup_(freep) char *text = file_text(name);
	size_t n = 0;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

Test(trace_cli, prints_lines_up_to_a_count, .init = load, .fini = unload, .timeout = 30)
{
	pid_t pid = margay_tracing("trace --count 2 port 8001");

	run(VECTOR_INGRESS, MG_NOT_OURS);
	run(VECTOR_INGRESS, MG_FORWARD);
	run(VECTOR_INGRESS, MG_FORWARD);
	cr_expect(eq(int, ended(pid), 0));
	cr_expect(file_has("out", "192.0.2.1:32769 > 198.51.100.80:8001"));
	cr_expect(eq(sz, file_lines("out"), 3), "a heading, two packets");
	cr_expect(file_has("err", "2 packets seen, 0 lost"));
	cr_expect(file_has("err", "margayd does not answer"));
	cr_expect(eq(u32, filter_on(), 0));
}

Test(trace_cli, prints_json_until_it_is_interrupted, .init = load, .fini = unload, .timeout = 30)
{
	pid_t pid = margay_tracing("-j trace --drops");

	run(VECTOR_INGRESS, MG_FORWARD);
	run(VECTOR_INGRESS, MG_NO_MEMBER);
	usleep(300000);
	kill(pid, SIGINT);
	cr_expect(eq(int, ended(pid), 0));
	cr_expect(file_has("out", "\"verdict\":\"no-member\""));
	cr_expect(file_has("out", "{\"summary\":{\"seen\":1,\"lost\":0}}"));
	cr_expect(eq(sz, file_lines("out"), 2));
	cr_expect(eq(u32, filter_on(), 0));
}

/* Nobody reads its lines any more, as in `margay trace | head -1`. */
Test(trace_cli, ends_with_its_reader, .init = load, .fini = unload, .timeout = 30)
{
	pid_t pid = margay_tracing("trace | true; echo ended");

	for (int i = 0; i < 300 && filter_on(); i++) {
		run(VECTOR_INGRESS, MG_FORWARD);
		usleep(10000);
	}
	cr_expect(eq(u32, filter_on(), 0));
	kill(pid, SIGTERM);
	ended(pid);
}

Test(trace_cli, leaves_nothing_when_killed, .init = load, .fini = unload, .timeout = 30)
{
	pid_t pid = margay_tracing("trace");
	uint64_t lost = loaded_event(loaded, MG_EVENT_TRACE_LOST);

	kill(pid, SIGKILL);
	cr_expect(eq(int, ended(pid), -SIGKILL));
	cr_expect(filter_on() != 0, "nobody was left to turn it off");
	usleep(3200000);
	for (size_t i = 0; i < (4 << 20) / 88 + 10; i++)
		run(VECTOR_INGRESS, MG_FORWARD);
	cr_expect(eq(u64, loaded_event(loaded, MG_EVENT_TRACE_LOST), lost), "records are written");
	pid = margay_tracing("trace --count 1"); /* the lock went with it */
	run(VECTOR_INGRESS, MG_FORWARD);
	cr_expect(eq(int, ended(pid), 0));
}

Test(trace_cli, says_why_it_cannot, .init = load, .fini = unload, .timeout = 30)
{
	static const struct {
		const char *words, *err;
		int status;
	} rows[] = {
		{ "trace pin-directory /nowhere", "start margayd", 4 },
		{ "trace port 70000", "0 to 65535", 2 },
		{ "trace --count 0", "1 or more", 2 },
		{ "trace --nope", "'--nope' is not known", 2 },
		{ "trace --count=x", "no value for count", 2 },
		{ "capture", "write is missing", 2 },
		{ "capture -w /nowhere/file", "/nowhere/file: cannot be written", 1 },
	};
	pid_t first;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_expect(eq(int, ended(margay(rows[i].words)), rows[i].status), "%s",
			  rows[i].words);
		cr_expect(file_has("err", rows[i].err), "%s", rows[i].words);
	}
	cr_expect(eq(u32, filter_on(), 0));
	first = margay_tracing("trace");
	cr_expect(eq(int, ended(margay("trace")), 1));
	cr_expect(file_has("err", "somebody traces already"));
	kill(first, SIGINT);
	cr_expect(eq(int, ended(first), 0));
}

/* In margayd's place: service 1 has no name at first. */
static void answer_names(void)
{
	static const char *const answers[] = {
		"{\"services\":[]}\n",
		"{\"services\":[{\"index\":1,\"name\":\"web\",\"members\":[{\"index\":1,"
		"\"name\":\"east\"}]}]}\n",
	};
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/none", dir);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 5) < 0)
		_exit(1);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		int fd = accept(listener, NULL, NULL);
		char line[256];

		if (read(fd, line, sizeof(line)) <= 0 ||
		    write(fd, answers[i], strlen(answers[i])) <= 0)
			_exit(1);
		close(fd);
	}
	_exit(0);
}

Test(trace_cli, learns_new_names, .init = load, .fini = unload, .timeout = 30)
{
	_cleanup_(freep) char *err = NULL;
	pid_t daemon = fork(), pid;

	if (!daemon) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		answer_names();
	}
	usleep(300000);
	pid = margay_tracing("trace --count 2");
	run(VECTOR_INGRESS, MG_FORWARD);
	usleep(5500000);
	run(VECTOR_INGRESS, MG_FORWARD);
	cr_expect(eq(int, ended(pid), 0));
	cr_expect(eq(int, ended(daemon), 0), "it was asked twice");
	cr_expect(file_has("out", "#1        #1 "));
	cr_expect(file_has("out", "web       east "));
	err = file_text("err");
	cr_expect(eq(str, err, "margay: 2 packets seen, 0 lost\n"), "it did answer");
}

/* What tshark makes of a command's output, field by field. */
static char *tshark(const char *arguments)
{
	char command[512], *text = calloc(1, 65536);
	FILE *out;

	snprintf(command, sizeof(command), "cd %s && tshark %s 2>tshark.err", dir, arguments);
	out = popen(command, "r");
	cr_assert(out && text);
	text[fread(text, 1, 65535, out)] = '\0';
	cr_expect(pclose(out) == 0, "%s", command);
	return text;
}

static void need_tshark(void)
{
	if (system("tshark --version >/dev/null 2>&1"))
		cr_skip("tshark is not installed");
}

Test(trace_cli, captures_for_tshark, .init = load, .fini = unload, .timeout = 30)
{
	_cleanup_(freep) char *text = NULL;
	char words[128];
	pid_t pid;

	need_tshark();
	snprintf(words, sizeof(words), "capture -w %s/a.pcapng --count=2", dir);
	pid = margay_tracing(words);
	run(VECTOR_INGRESS, MG_FORWARD);
	run(VECTOR_INGRESS, MG_NO_MEMBER);
	cr_expect(eq(int, ended(pid), 0));
	text = tshark("-r a.pcapng -T fields -E separator='|' -e frame.interface_name -e frame.len "
		      "-e ip.src -e tcp.dstport -e frame.comment");
	cr_expect(eq(str, text,
		     "lo|54|192.0.2.1|8001|FORWARD: sent to a site; service #1, site #1\n"
		     "lo|54|192.0.2.1|8006|NO_MEMBER: the service has no usable site or instance; "
		     "service #6\n"));
}

Test(trace_cli, captures_through_a_pipe, .init = load, .fini = unload, .timeout = 30)
{
	_cleanup_(freep) char *text = NULL;
	pid_t pid;

	need_tshark();
	pid = margay_tracing("capture --sent --count 1 --snaplen 64 -w -");
	run(VECTOR_INGRESS, MG_FORWARD);
	cr_expect(eq(int, ended(pid), 0));
	text = tshark("-r - -T fields -E separator='|' -e frame.cap_len -e frame.len -e ip.dst "
		      "-e frame.time_epoch <out");
	cr_expect(strncmp(text, "64|74|10.255.0.11,198.51.100.80|", 32) == 0, "%s", text);
	cr_expect(labs(strtol(text + 32, NULL, 10) - (long)time(NULL)) < 5, "%s: its time", text);
	cr_expect(file_has("err", "1 packet seen, 0 lost"));
}
