/* SPDX-License-Identifier: BSD-2-Clause */
#include "sink.h"

#include "base/log.h"
#include "base/util.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sink.skel.h>

struct sink {
	struct chain_sink *programs;
};

/* Native XDP, which also makes the device take frames that were redirected to it. */
static int attach_frame(const struct bpf_program *program, const char *device)
{
	int r = bpf_xdp_attach((int)if_nametoindex(device), bpf_program__fd(program),
			       XDP_FLAGS_DRV_MODE, NULL);

	return r < 0 ? log_err(r, "%s: cannot attach the sink's XDP program", device) : 0;
}

static int attach_buffer(const struct sink *sink, const char *device)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(device),
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts,
		    .prog_fd = bpf_program__fd(sink->programs->progs.sink_buffer));
	int r = bpf_tc_hook_create(&hook);

	if (r == 0)
		r = bpf_tc_attach(&hook, &opts);
	return r < 0 ? log_err(r, "%s: cannot attach the sink's program", device) : 0;
}

int sink_new(const struct topology *topology, struct sink **ret)
{
	_cleanup_(sink_free) struct sink *sink = calloc(1, sizeof(*sink));
	int r;

	if (!sink)
		return -ENOMEM;
	sink->programs = chain_sink__open_and_load();
	if (!sink->programs)
		return log_err(-errno, "cannot load the sink's programs");
	r = attach_frame(sink->programs->progs.sink_plain, topology->sink[ROUTER_FLOOR]);
	if (r == 0)
		r = attach_frame(sink->programs->progs.sink_frame, topology->sink[ROUTER_MARGAY]);
	if (r == 0)
		r = attach_buffer(sink, topology->sink[ROUTER_KERNEL]);
	if (r == 0)
		*ret = TAKE_PTR(sink);
	return r;
}

void sink_free(struct sink **sink)
{
	if (!*sink)
		return;
	chain_sink__destroy((*sink)->programs);
	freep(sink);
}

void sink_expect(struct sink *sink, bool v6)
{
	sink->programs->bss->sink_v6 = v6;
}

const uint8_t *sink_wrong(const struct sink *sink)
{
	return sink->programs->bss->sink_wrong;
}

int sink_read(const struct sink *sink, struct tally *ret)
{
	int cpus = libbpf_num_possible_cpus(), r;
	_cleanup_(freep) struct tally *each = cpus > 0 ? calloc(cpus, sizeof(*each)) : NULL;
	struct tally sum = { 0 };
	uint32_t zero = 0;

	if (!each)
		return -ENOMEM;
	r = bpf_map_lookup_elem(bpf_map__fd(sink->programs->maps.sink_tally), &zero, each);
	if (r < 0)
		return log_err(r, "cannot read the sink's counters");
	for (int i = 0; i < cpus; i++) {
		for (int site = 0; site < CHAIN_SITES; site++)
			sum.right[site] += each[i].right[site];
		sum.wrong += each[i].wrong;
		sum.other += each[i].other;
	}
	*ret = sum;
	return 0;
}
