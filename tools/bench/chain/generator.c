/* SPDX-License-Identifier: BSD-2-Clause */
#include "generator.h"

#include "base/log.h"
#include "base/util.h"
#include "thread.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <signal.h>
#include <source.skel.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define BATCH 128 /* frames a time: half of a veth queue, so that none is lost on one CPU */

struct generator {
	struct chain_source *programs;
	uint32_t ifindex[ROUTER_COUNT];
	pid_t pid;
};

int generator_new(const struct topology *topology, struct generator **ret)
{
	_cleanup_(generator_free) struct generator *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	for (enum router router = 0; router < ROUTER_COUNT; router++) {
		g->ifindex[router] = if_nametoindex(topology->source[router]);
		if (!g->ifindex[router])
			return log_err(-errno, "%s: no such device", topology->source[router]);
	}
	g->programs = chain_source__open_and_load();
	if (!g->programs)
		return log_err(-errno, "cannot load the generator's program");
	*ret = TAKE_PTR(g);
	return 0;
}

void generator_free(struct generator **generator)
{
	if (!*generator)
		return;
	generator_stop(*generator);
	chain_source__destroy((*generator)->programs);
	freep(generator);
}

int generator_floor(const struct generator *generator, const struct topology *topology)
{
	int program = bpf_program__fd(generator->programs->progs.chain_floor);
	const char *access = topology->access[ROUTER_FLOOR];
	int r = bpf_xdp_attach((int)if_nametoindex(access), program, XDP_FLAGS_DRV_MODE, NULL);

	generator->programs->bss->floor_ifindex = if_nametoindex(topology->core[ROUTER_FLOOR]);
	return r < 0 ? log_err(r, "%s: cannot attach the floor's program", access) : 0;
}

/* The kernel looks for signals between the batches, so that this ends by one. */
static int send_on(const struct generator *g, const struct traffic *traffic)
{
	uint8_t frame[TRAFFIC_LEN_V6] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = traffic->v6 ? TRAFFIC_LEN_V6 : TRAFFIC_LEN_V4,
		    .repeat = INT_MAX, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);
	int r;

	do {
		r = bpf_prog_test_run_opts(bpf_program__fd(g->programs->progs.chain_source), &opts);
	} while (r == 0);
	return log_err(r, "the generator: the kernel runs no live frames (Linux 5.18)");
}

int generator_start(struct generator *generator, const struct traffic *traffic, enum router router,
		    int cpu)
{
	struct source *source = &generator->programs->bss->source;
	pid_t parent = getpid();

	*source = (struct source){ .traffic = *traffic,
				   .state = traffic->seed,
				   .ifindex = generator->ifindex[router] };
	generator->pid = fork();
	if (generator->pid < 0) {
		generator->pid = 0;
		return log_err(-errno, "cannot start the generator");
	}
	if (generator->pid)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || topology_enter("generator") < 0 ||
	    thread_place(0, PRIORITY_GENERATOR, cpu) < 0)
		_exit(1);
	send_on(generator, traffic);
	_exit(1);
}

void generator_stop(struct generator *generator)
{
	if (!generator->pid)
		return;
	kill(generator->pid, SIGKILL);
	waitpid(generator->pid, NULL, 0);
	generator->pid = 0;
}

pid_t generator_pid(const struct generator *generator)
{
	return generator->pid;
}

uint64_t generator_made(const struct generator *generator)
{
	return generator->programs->bss->source.made;
}
