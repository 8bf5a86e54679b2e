/* SPDX-License-Identifier: BSD-2-Clause */
#include "ground.h"

#include "base/log.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char links[] = "ip link set lo up\n"
			    "ip link add core type veth peer name far\nip link set far up\n"
			    "ip link set core up\n"
			    "ip address add 10.99.0.1/16 dev core\n"
			    "ip address add 10.98.0.1/16 dev core\n"
			    "ip address add 2001:db8:98::1/64 dev core nodad\n"
			    "i=2; while [ $i -le 251 ]; do echo address add 10.99.0.$i/32 dev "
			    "core; i=$((i + 1)); done |"
			    " ip -batch -\n"
			    "sysctl -qw net.ipv4.tcp_rmem='4096 1048576 6291456' "
			    "net.ipv4.tcp_wmem='4096 1048576 4194304'";

int ground_run(const char *words)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execlp("sh", "sh", "-ec", words, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return log_err(-errno, "cannot run a shell");
	return status == 0 ? 0 : log_err(-EIO, "%s", words);
}

static pid_t worker;

static void on_stop(int number)
{
	kill(worker, SIGKILL); /* what it has started goes with it */
}

/* Goes on in a child; waits for it, however it ends, to leave nothing behind. */
static int ground_split(const char *dir)
{
	int status = 0;

	worker = fork();
	if (worker < 0)
		return log_err(-errno, "cannot fork");
	if (worker == 0)
		return prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, on_stop);
	signal(SIGTERM, on_stop);
	signal(SIGHUP, on_stop);
	while (waitpid(worker, &status, 0) < 0 && errno == EINTR)
		;
	ground_leave(dir);
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
}

int ground_enter(char ret_dir[64])
{
	int r;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return log_err(-errno, "cannot make namespaces (is this root?)");
	if (mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) < 0)
		return log_err(-errno, "/sys/fs/bpf: cannot mount a file system of our own");
	strcpy(ret_dir, "/tmp/margay-bench-XXXXXX");
	if (!mkdtemp(ret_dir))
		return log_err(-errno, "/tmp: cannot make a directory");
	r = ground_split(ret_dir);
	return r < 0 ? r : ground_run(links);
}

void ground_leave(const char *dir)
{
	char words[100];

	snprintf(words, sizeof(words), "rm -rf %s", dir);
	ground_run(words);
}

struct addr ground_peer(unsigned int number)
{
	struct addr addr = { 0 };

	addr_parse(GROUND_PEER, &addr);
	addr.octet[15] = (uint8_t)(addr.octet[15] + number);
	return addr;
}

struct addr ground_router(void)
{
	struct addr addr = { 0 };

	addr_parse(GROUND_ROUTER, &addr);
	return addr;
}
