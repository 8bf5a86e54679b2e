/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/pressure.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 4096 /* the longest, cpu.stat, has some 300 octets */

struct out {
	pressure_sample_fn sample;
	void *user;
	char *reason;
	const char *file; /* being read */
};

static int refuse(const struct out *out, int r, const char *what)
{
	snprintf(out->reason, 160, "%.100s: %s", out->file, what);
	return r;
}

static struct exposition_label label_of(const char *name, const char *value)
{
	return (struct exposition_label){ name, value, strlen(name), strlen(value) };
}

static int put(const struct out *out, const char *name, const char *resource, const char *kind,
	       double value)
{
	struct exposition_label label[2] = { label_of("resource", resource),
					     label_of("kind", kind) };
	struct exposition_sample sample = { .name = name,
					    .name_len = strlen(name),
					    .label = label,
					    .label_count = *resource ? 2 : 0,
					    .value = value };
	const char *fault = out->sample(out->user, &sample);

	return fault ? refuse(out, -EBADMSG, fault) : 0;
}

/* A text with a closing 0. 0 or -errno, of which nothing is said. */
static int file_text(const char *path, char ret[FILE_MAX])
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, FILE_MAX - 1);

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

/* "some avg10=1.50 avg60=0.00 avg300=0.00 total=12345"; total is in microseconds. */
static int psi_line(const struct out *out, const char *resource, const char *line)
{
	double avg10, avg60, avg300, total;
	char kind[5];
	int r;

	if (sscanf(line, "%4s avg10=%lf avg60=%lf avg300=%lf total=%lf", kind, &avg10, &avg60,
		   &avg300, &total) != 5)
		return refuse(out, -EBADMSG, "is not what the kernel writes there");
	r = put(out, "psi_avg10", resource, kind, avg10 / 100);
	r = r < 0 ? r : put(out, "psi_avg60", resource, kind, avg60 / 100);
	r = r < 0 ? r : put(out, "psi_avg300", resource, kind, avg300 / 100);
	return r < 0 ? r : put(out, "psi_seconds_total", resource, kind, total / 1e6);
}

static int psi_file(struct out *out, const char *dir, const char *resource)
{
	char path[300], text[FILE_MAX], *rest = text, *line;
	int r;

	snprintf(path, sizeof(path), "%s/%s", dir, resource);
	out->file = path;
	r = file_text(path, text);
	if (r < 0)
		return refuse(out, r, strerror(-r));
	while (r == 0 && (line = strsep(&rest, "\n")))
		r = *line ? psi_line(out, resource, line) : 0;
	return r;
}

/* cpu.stat: a name and a number a line. */
static int cpu_stat(const struct out *out, char *text)
{
	char *rest = text, *line;
	int r = 0;

	while (r == 0 && (line = strsep(&rest, "\n"))) {
		char name[32];
		double value;

		if (sscanf(line, "%31s %lf", name, &value) != 2)
			continue;
		if (!strcmp(name, "usage_usec"))
			r = put(out, "cgroup_cpu_usage_seconds_total", "", "", value / 1e6);
		else if (!strcmp(name, "throttled_usec"))
			r = put(out, "cgroup_cpu_throttled_seconds_total", "", "", value / 1e6);
	}
	return r;
}

/* "max 100000" or "QUOTA PERIOD" in microseconds. The root group has no such file. */
static int cpu_max(const struct out *out, char *text)
{
	double quota, period, cores = (double)sysconf(_SC_NPROCESSORS_ONLN);

	if (sscanf(text, "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0)
		cores = quota / period;
	else if (strncmp(text, "max", 3) && *text)
		return refuse(out, -EBADMSG, "is not what the kernel writes there");
	return put(out, "cgroup_cpu_limit_cores", "", "", cores);
}

static int one_number(const struct out *out, const char *name, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (!strncmp(text, "max", 3))
		return 0;
	if (end == text)
		return refuse(out, -EBADMSG, "is not what the kernel writes there");
	return put(out, name, "", "", value);
}

static int memory_now(const struct out *out, char *text)
{
	return one_number(out, "cgroup_memory_bytes", text);
}

static int memory_max(const struct out *out, char *text)
{
	return one_number(out, "cgroup_memory_limit_bytes", text);
}

static int pids_now(const struct out *out, char *text)
{
	return one_number(out, "cgroup_pids", text);
}

static const struct {
	const char *name;
	bool needed; /* a controller that is off has no files */
	int (*read)(const struct out *out, char *text);
} cgroup_files[] = {
	{ "cpu.stat", true, cpu_stat },          { "cpu.max", false, cpu_max },
	{ "memory.current", false, memory_now }, { "memory.max", false, memory_max },
	{ "pids.current", false, pids_now },
};

static int cgroup_read(struct out *out, const char *dir)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cgroup_files) && r == 0; i++) {
		char path[300], text[FILE_MAX] = "";

		snprintf(path, sizeof(path), "%s/%s", dir, cgroup_files[i].name);
		out->file = path;
		r = file_text(path, text);
		if (r == -ENOENT && !cgroup_files[i].needed) {
			/* Without a limit of its own a group has all CPUs. */
			r = cgroup_files[i].read == cpu_max ? cpu_max(out, text) : 0;
			continue;
		}
		r = r < 0 ? refuse(out, r, strerror(-r)) : cgroup_files[i].read(out, text);
	}
	return r;
}

int pressure_read(const struct pressure_config *config, pressure_sample_fn sample, void *user,
		  char reason[160])
{
	static const char *const resources[] = { "cpu", "memory", "io" };
	struct out out = { .sample = sample, .user = user, .reason = reason };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(resources) && r == 0 && config->psi_dir[0]; i++)
		r = psi_file(&out, config->psi_dir, resources[i]);
	return r < 0 || !config->cgroup_dir[0] ? r : cgroup_read(&out, config->cgroup_dir);
}
