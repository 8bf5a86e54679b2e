/* SPDX-License-Identifier: BSD-2-Clause */
#include "process.h"

#include "base/log.h"
#include "base/util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define STOP_MS 10000

static void process_become(const char *log, char *const argv[])
{
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* it does not outlive the bench, however that ends */
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int process_start(struct process *process, const char *dir, const char *name, char *const argv[])
{
	struct process started = { .name = name };

	snprintf(started.log, sizeof(started.log), "%s/%s.log", dir, name);
	started.pid = fork();
	if (started.pid < 0)
		return log_err(-errno, "%s: cannot start it", name);
	if (!started.pid)
		process_become(started.log, argv);
	*process = started;
	return 0;
}

static int process_ended(const struct process *process)
{
	char last[512] = "";
	FILE *file = fopen(process->log, "re");

	while (file && fgets(last, sizeof(last), file))
		;
	if (file)
		fclose(file);
	return log_err(-ESRCH, "%s has ended: %s", process->name, last);
}

void process_stop(struct process *process)
{
	const struct timespec moment = { .tv_nsec = 10000000 };

	if (!process->pid)
		return;
	kill(process->pid, SIGTERM);
	for (int waited = 0; waitpid(process->pid, NULL, WNOHANG) == 0; waited += 10) {
		if (waited >= STOP_MS)
			kill(process->pid, SIGKILL);
		nanosleep(&moment, NULL);
	}
	process->pid = 0;
}

static uint64_t thread_cpu(pid_t pid, const char *thread)
{
	char path[300];
	uint64_t run = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, thread);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &run) != 1)
		run = 0;
	fclose(file);
	return run;
}

static uint64_t process_cpu(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	uint64_t sum = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			sum += thread_cpu(pid, entry->d_name);
	if (dir)
		closedir(dir);
	return sum;
}

int process_state(const struct process *process, struct process_state *ret)
{
	struct process_state state = { 0 };
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", process->pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "VmRSS: %" SCNu64, &state.rss_kb);
		sscanf(line, "VmHWM: %" SCNu64, &state.rss_peak_kb);
	}
	if (file)
		fclose(file);
	if (!state.rss_kb) /* gone, or a zombie */
		return process_ended(process);
	state.cpu_ns = process_cpu(process->pid);
	*ret = state;
	return 0;
}
