/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/pressure.h"
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char dir[64], said[4096], reason[160];

static void setup(void)
{
	strcpy(dir, "/tmp/pressure_test.XXXXXX");
	cr_assert(ne(ptr, mkdtemp(dir), NULL));
}

TestSuite(pressure, .init = setup);

static const char *sample(void *user, const struct exposition_sample *s)
{
	size_t n = strlen(said);

	n += (size_t)snprintf(said + n, sizeof(said) - n, "%.*s", (int)s->name_len, s->name);
	for (size_t i = 0; i < s->label_count; i++)
		n += (size_t)snprintf(said + n, sizeof(said) - n, " %s", s->label[i].value);
	snprintf(said + n, sizeof(said) - n, " %g;", s->value);
	return NULL;
}

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static int look(bool psi, bool cgroup)
{
	struct pressure_config config = { 0 };

	if (psi)
		strcpy(config.psi_dir, dir);
	if (cgroup)
		strcpy(config.cgroup_dir, dir);
	said[0] = reason[0] = '\0';
	return pressure_read(&config, sample, NULL, reason);
}

#define PSI "some avg10=12.50 avg60=1.00 avg300=0.10 total=2500000\n"

Test(pressure, reads_stalls)
{
	put("cpu", PSI);
	put("memory", "");
	put("io", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
		  "full avg10=100.00 avg60=0.00 avg300=0.00 total=1\n");
	cr_expect(eq(int, look(true, false), 0), "%s", reason);
	cr_expect(eq(str, said,
		     "psi_avg10 cpu some 0.125;psi_avg60 cpu some 0.01;psi_avg300 cpu some 0.001;"
		     "psi_seconds_total cpu some 2.5;psi_avg10 io some 0;psi_avg60 io some 0;"
		     "psi_avg300 io some 0;psi_seconds_total io some 0;psi_avg10 io full 1;"
		     "psi_avg60 io full 0;psi_avg300 io full 0;psi_seconds_total io full 1e-06;"));
}

Test(pressure, says_which_file_is_wrong)
{
	char want[160];

	cr_expect(eq(int, look(true, false), -ENOENT));
	snprintf(want, sizeof(want), "%s/cpu: No such file or directory", dir);
	cr_expect(eq(str, reason, want));
	put("cpu", "some avg10=12.50 avg60=1.00\n");
	cr_expect(eq(int, look(true, false), -EBADMSG));
	snprintf(want, sizeof(want), "%s/cpu: is not what the kernel writes there", dir);
	cr_expect(eq(str, reason, want));
	cr_expect(eq(int, look(false, true), -ENOENT), "cpu.stat is always there");
}

static const struct {
	const char *name, *file, *text, *said;
	int want;
} groups[] = {
	{ "quota", "cpu.max", "150000 100000\n", "cgroup_cpu_limit_cores 1.5;", 0 },
	{ "no memory limit", "memory.max", "max\n", "", 0 },
	{ "memory limit", "memory.max", "4096\n", "cgroup_memory_limit_bytes 4096;", 0 },
	{ "memory", "memory.current", "1024\n", "cgroup_memory_bytes 1024;", 0 },
	{ "pids", "pids.current", "3\n", "cgroup_pids 3;", 0 },
	{ "quota is a word", "cpu.max", "many\n", "", -EBADMSG },
	{ "memory is a word", "memory.current", "much\n", "", -EBADMSG },
	{ "empty", "memory.current", "", "", -EBADMSG },
};

Test(pressure, reads_control_groups)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		char path[128];

		put("cpu.stat", "usage_usec 3500000\nuser_usec 1\nthrottled_usec 500000\n");
		put("cpu.max", "50000 100000\n");
		put(groups[i].file, groups[i].text);
		cr_expect(eq(int, look(false, true), groups[i].want), "%s: %s", groups[i].name,
			  reason);
		cr_expect(ne(ptr,
			     strstr(said, "cgroup_cpu_usage_seconds_total 3.5;"
					  "cgroup_cpu_throttled_seconds_total 0.5;"),
			     NULL));
		cr_expect(ne(ptr, strstr(said, groups[i].said), NULL), "%s: %s", groups[i].name,
			  said);
		snprintf(path, sizeof(path), "%s/%s", dir, groups[i].file);
		remove(path);
	}
}

Test(pressure, a_group_without_a_quota_has_all_cpus)
{
	char want[64];

	snprintf(want, sizeof(want), "cgroup_cpu_limit_cores %ld;", sysconf(_SC_NPROCESSORS_ONLN));
	put("cpu.stat", "usage_usec 1\n");
	cr_expect(eq(int, look(false, true), 0));
	cr_expect(ne(ptr, strstr(said, want), NULL), "%s", said);
	put("cpu.max", "max 100000\n");
	cr_expect(eq(int, look(false, true), 0));
	cr_expect(ne(ptr, strstr(said, want), NULL), "%s", said);
}
