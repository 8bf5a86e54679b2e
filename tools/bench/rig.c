/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include "base/log.h"
#include "base/util.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <driver.skel.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#define FRAME_MAX 512 /* a packet of ours and any outer header */

struct rig {
	struct driver *driver;
	int program; /* that is in the driver's table; -1: none yet */
};

static int rig_put(struct rig *rig, int program)
{
	uint32_t zero = 0;
	int r;

	if (program == rig->program)
		return 0;
	r = bpf_map_update_elem(bpf_map__fd(rig->driver->maps.bench_program), &zero, &program,
				BPF_ANY);
	if (r == 0)
		rig->program = program;
	return r;
}

/* The kernel compares two things that it does not tell of a program: whether it takes frames of
 * several fragments, and the type it says it will be attached as. So try. */
static int rig_load(struct rig *rig, int program, uint32_t flags, enum bpf_attach_type type)
{
	struct bpf_program *each;
	int r;

	driver__destroy(rig->driver);
	rig->program = -1;
	rig->driver = driver__open();
	if (!rig->driver)
		return -errno;
	bpf_object__for_each_program(each, rig->driver->obj)
	{
		bpf_program__set_flags(each, flags);
		bpf_program__set_expected_attach_type(each, type);
	}
	r = driver__load(rig->driver);
	if (r < 0)
		return r;
	/* The table is its first user's: let that be the driver's like, which tells the rest. */
	r = rig_put(rig, bpf_program__fd(rig->driver->progs.bench_floor));
	return r < 0 ? r : rig_put(rig, program);
}

int rig_new(int program, struct rig **ret)
{
	static const struct {
		uint32_t flags;
		enum bpf_attach_type type;
	} kinds[] = {
		{ 0, BPF_XDP },
		{ BPF_F_XDP_HAS_FRAGS, BPF_XDP },
		{ 0, 0 },
		{ BPF_F_XDP_HAS_FRAGS, 0 },
	};
	_cleanup_(rig_free) struct rig *rig = calloc(1, sizeof(*rig));
	int r = -EINVAL;

	if (!rig)
		return -ENOMEM;
	for (size_t i = 0; r < 0 && i < ARRAY_SIZE(kinds); i++)
		r = rig_load(rig, program, kinds[i].flags, kinds[i].type);
	if (r < 0)
		return log_err(r, "the driver cannot be put before this program");
	*ret = TAKE_PTR(rig);
	return 0;
}

void rig_free(struct rig **rig)
{
	if (!*rig)
		return;
	driver__destroy((*rig)->driver);
	freep(rig);
}

struct expect rig_floor_expect(const struct traffic *traffic)
{
	return (struct expect){
		.len = traffic->v6 ? TRAFFIC_LEN_V6 : TRAFFIC_LEN_V4,
		.version = traffic->v6 ? 6 : 4,
		.at = traffic->v6 ? TRAFFIC_DST_V6 : TRAFFIC_DST_V4,
		.base = TRAFFIC_SERVICE,
		.mask = ~0u,
		.group = ~0u, /* the service's own number */
	};
}

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/* The driver sees a result when the next packet comes; nobody but us sees the last one. */
static bool last_right(const struct bench *bench, const uint8_t *frame, uint32_t len)
{
	const struct expect *want = &bench->expect;
	uint32_t word;

	if (len != want->len || want->at + sizeof(word) > len)
		return false;
	if (want->version && frame[14] >> 4 != want->version)
		return false;
	memcpy(&word, frame + want->at, sizeof(word));
	return !((be32toh(word) ^ traffic_word(want, bench->service)) & want->mask);
}

/* In CPU time of this thread: the kernel's own figure is whole nanoseconds. */
static int run(struct rig *rig, uint32_t packets, struct rig_result *ret, uint32_t *ret_len)
{
	struct bench *bench = &rig->driver->bss->bench;
	uint8_t in[TRAFFIC_LEN_V6] = { 0 }, out[FRAME_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = sizeof(in),
		    .data_out = out, .data_size_out = sizeof(out), .repeat = packets);
	double start;
	int r;

	bench->state = bench->traffic.seed;
	bench->next = bench->pending = 0;
	bench->right = bench->wrong = bench->lost = 0;
	start = cpu_ns();
	r = bpf_prog_test_run_opts(bpf_program__fd(rig->driver->progs.bench_driver), &opts);
	ret->ns = (cpu_ns() - start) / packets;
	if (r < 0)
		return log_err(r, "the kernel does not run the driver");
	if (bench->lost || bench->right + bench->wrong + 1 != packets)
		return log_err(-EIO, "%llu of %u packets did not reach the program",
			       (unsigned long long)bench->lost, packets);
	ret->action = opts.retval;
	ret->wrong = bench->wrong + !last_right(bench, out, opts.data_size_out);
	*ret_len = opts.data_size_out;
	return 0;
}

int rig_run(struct rig *rig, int program, const struct traffic *traffic,
	    const struct expect *expect, uint32_t packets, struct rig_result *ret)
{
	struct bench *bench = &rig->driver->bss->bench;
	int fd = program < 0 ? bpf_program__fd(rig->driver->progs.bench_floor) : program;
	int r = rig_put(rig, fd);
	uint32_t len;

	if (r < 0)
		return log_err(r, "the program cannot be put behind the driver");
	bench->traffic = *traffic;
	bench->expect = *expect;
	return run(rig, packets, ret, &len);
}

int rig_probe(struct rig *rig, int program, const struct traffic *traffic, uint32_t *ret_len,
	      uint32_t *ret_action)
{
	struct bench *bench = &rig->driver->bss->bench;
	struct rig_result result;
	int r = rig_put(rig, program);

	if (r < 0)
		return log_err(r, "the program cannot be put behind the driver");
	bench->traffic = *traffic;
	bench->expect = (struct expect){ .len = 0 };
	r = run(rig, 1, &result, ret_len);
	if (r == 0)
		*ret_action = result.action;
	return r;
}
