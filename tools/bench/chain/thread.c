/* SPDX-License-Identifier: BSD-2-Clause */
#include "thread.h"

#include "base/log.h"
#include "base/util.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* Real time: `nice` counts only among the processes of one session or control group. The kernel
 * leaves a twentieth of each CPU to the others. */
int thread_place(pid_t pid, enum priority priority, int cpu)
{
	const struct sched_param param = { .sched_priority = priority };
	cpu_set_t set;

	CPU_ZERO(&set);
	if (cpu >= 0)
		CPU_SET(cpu, &set);
	if ((cpu >= 0 && sched_setaffinity(pid, sizeof(set), &set) < 0) ||
	    sched_setscheduler(pid, SCHED_FIFO, &param) < 0)
		return log_err(-errno, "thread %d: cannot give it its CPU and priority", pid);
	return 0;
}

int thread_time(pid_t pid, struct thread_time *ret)
{
	struct thread_time time;
	char path[64];
	FILE *file;
	int fields;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "re");
	if (!file)
		return log_err(-errno, "%s: cannot read it (CONFIG_SCHED_INFO)", path);
	fields = fscanf(file, "%" SCNu64 " %" SCNu64, &time.run_ns, &time.wait_ns);
	fclose(file);
	if (fields != 2)
		return log_err(-EBADMSG, "%s: not two numbers", path);
	*ret = time;
	return 0;
}

/* A process's name, as the kernel tells it; "" where it has gone. */
static void name_of(const char *pid, char *ret, size_t size)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	*ret = '\0';
	if (!file)
		return;
	if (!fgets(ret, (int)size, file))
		*ret = '\0';
	fclose(file);
}

int thread_of_device(const char *device, pid_t *ret)
{
	char want[40], name[64];
	struct dirent *entry;
	pid_t pid = 0;
	DIR *dir = opendir("/proc");

	if (!dir)
		return log_err(-errno, "/proc: cannot read it");
	snprintf(want, sizeof(want), "napi/%s-", device);
	while (!pid && (entry = readdir(dir))) {
		if (*entry->d_name < '0' || *entry->d_name > '9')
			continue;
		name_of(entry->d_name, name, sizeof(name));
		if (!strncmp(name, want, strlen(want)))
			pid = atoi(entry->d_name);
	}
	closedir(dir);
	if (!pid)
		return log_err(-ESRCH,
			       "%s: no thread of the kernel handles its packets (threaded NAPI, "
			       "Linux 5.12; not to be seen from a container)",
			       device);
	*ret = pid;
	return 0;
}
