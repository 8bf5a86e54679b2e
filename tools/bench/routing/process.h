/* SPDX-License-Identifier: BSD-2-Clause */
/* A daemon under test: started, measured from outside by /proc, stopped. Owned by the caller. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid; /* 0: none */
	const char *name;
	char log[128];
};

/* argv ends in NULL; standard output and error go to DIR/NAME.log. 0, or negative errno, logged. */
int process_start(struct process *process, const char *dir, const char *name, char *const argv[]);
/* By SIGTERM, and SIGKILL after 10 s. Nothing if there is none. */
void process_stop(struct process *process);

struct process_state {
	uint64_t cpu_ns; /* of all its threads that live */
	uint64_t rss_kb, rss_peak_kb;
};
/* -ESRCH, logged with the end of its log: it has ended. */
int process_state(const struct process *process, struct process_state *ret);
