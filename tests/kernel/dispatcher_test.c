/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our program and somebody else's on one interface, by libxdp's dispatcher; packets tell which of
 * them are at work. Suite `works` is for kernels where it does, `refused` for those whose verifier
 * does not take a program that changes packets in this libxdp's dispatcher.
 */
#include "tables/state.h"

#include "../packet/netns.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/new/assert.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <xdp/libxdp.h>

#include <other.skel.h>

#define PIN_DIR     "/sys/fs/bpf/margay"
#define OURS        "mg_ingress"
#define OTHER       "other_count"
#define BEFORE_US   10
#define BEHIND_US   90
#define SWAP_FRAMES 100 /* at a time */

static const struct tables_config config = {
	.pin_dir = PIN_DIR,
	.services = 8,
	.slots = 64,
	.pin_sets = 64,
	.members = 64,
	.sites = 8,
};

static struct lab {
	uv_loop_t loop;
	struct tables *tables;
	struct other *other;
	struct xdp_program *program; /* the other's, while it is attached */
} lab;

static void lab_open(void)
{
	cr_assert(eq(int, tables_open(&lab.loop, &config, &lab.tables), 0));
}

static void lab_up(void)
{
	kernel_private();
	netns_new();
	sh("ip link add acc0 type veth peer name peer0");
	for (int i = 0; i < 2; i++)
		sh("sysctl -qw net.ipv6.conf.%s.disable_ipv6=1 && ip link set %s up",
		   i ? "peer0" : "acc0", i ? "peer0" : "acc0");
	cr_assert(eq(int, uv_loop_init(&lab.loop), 0));
	lab_open();
}

static void lab_down(void)
{
	xdp_program__close(lab.program);
	other__destroy(lab.other);
	tables_close(&lab.tables);
	loop_end(&lab.loop);
	sh("ip link del acc0");
	libxdp_clean_references(0);
}

static int acc0(void)
{
	return (int)if_nametoindex("acc0");
}

static int attach(enum port_attach way, uint16_t priority)
{
	const struct port_spec spec = { .role = PORT_ACCESS, .attach = way, .priority = priority };
	enum port_mode mode = PORT_GENERIC;
	int r = tables_port_attach(lab.tables, "acc0", &spec, &mode);

	cr_expect(r < 0 || mode == PORT_NATIVE);
	return r;
}

static void other_attach(unsigned int priority)
{
	lab.other = other__open();
	cr_assert(lab.other != NULL);
	lab.program = xdp_program__from_bpf_obj(lab.other->obj, "xdp");
	cr_assert(not(libxdp_get_error(lab.program)));
	cr_assert(eq(int, xdp_program__set_run_prio(lab.program, priority), 0));
	cr_assert(eq(int, xdp_program__attach(lab.program, acc0(), XDP_MODE_NATIVE, 0), 0));
}

/* How many programs of that name are in the dispatcher; without a name, of all. */
static int programs(const char *name)
{
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex(acc0());
	struct xdp_program *program = NULL;
	int count = 0;

	if (libxdp_get_error(all))
		return 0;
	cr_expect(not(xdp_multiprog__is_legacy(all)));
	while ((program = xdp_multiprog__next_prog(program, all)))
		count += !name || !strcmp(xdp_program__name(program), name);
	xdp_multiprog__close(all);
	return count;
}

/* Of no service: ours leaves them to the next program, and to the kernel. */
static void frames_send(unsigned int count, unsigned int pause_us)
{
	uint8_t frame[60] = { 0x02, [12] = 0x88, [13] = 0xb5 }; /* a local experimental ethertype */
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	to.sll_ifindex = (int)if_nametoindex("peer0");
	while (count--) {
		cr_assert(eq(int,
			     (int)sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to,
					 sizeof(to)),
			     (int)sizeof(frame)));
		usleep(pause_us);
	}
	close(fd);
}

static uint64_t ours_seen(void)
{
	struct mg_counter all[MG_VERDICT_COUNT];
	uint64_t sum = 0;

	tables_verdicts(lab.tables, all);
	for (int i = 0; i < MG_VERDICT_COUNT; i++)
		sum += all[i].packets;
	return sum;
}

static uint64_t other_seen(void)
{
	uint64_t seen = 0;
	uint32_t zero = 0;

	cr_assert(eq(int, bpf_map_lookup_elem(bpf_map__fd(lab.other->maps.bss), &zero, &seen), 0));
	return seen;
}

/* Sends some and expects that each is at work, or not. */
static void expect_at_work(bool ours, bool other)
{
	uint64_t before = ours_seen(), other_before = lab.other ? other_seen() : 0;

	frames_send(20, 1000);
	usleep(50000);
	cr_expect(eq(u64, ours_seen() - before, ours ? 20 : 0), "ours");
	if (lab.other)
		cr_expect(eq(u64, other_seen() - other_before, other ? 20 : 0), "the other's");
}

Test(works, shares_an_interface, .init = lab_up, .fini = lab_down)
{
	struct port_state state;

	other_attach(BEFORE_US);
	cr_assert(eq(int, attach(PORT_DISPATCHER, 50), 0));
	cr_expect(eq(int, programs(OURS), 1));
	cr_expect(eq(int, programs(OTHER), 1));
	expect_at_work(true, true);
	cr_assert(tables_port(lab.tables, 0, &state));
	cr_expect(eq(int, (int)state.spec.attach, PORT_DISPATCHER));
	cr_expect(not(state.adopted));

	cr_expect(eq(int, tables_port_detach(lab.tables, "acc0"), 0));
	cr_expect(eq(int, programs(OURS), 0));
	cr_expect(eq(int, programs(OTHER), 1));
	expect_at_work(false, true);
	sh("test -z \"$(ls " PIN_DIR "/dispatched)\"");
}

Test(works, lets_another_join_and_leave, .init = lab_up, .fini = lab_down)
{
	cr_assert(eq(int, attach(PORT_DISPATCHER, 50), 0));
	cr_expect(eq(int, programs(NULL), 1));
	expect_at_work(true, false);
	other_attach(BEHIND_US);
	cr_expect(eq(int, programs(OURS), 1));
	expect_at_work(true, true);
	cr_assert(eq(int, xdp_program__detach(lab.program, acc0(), XDP_MODE_NATIVE, 0), 0));
	expect_at_work(true, false);
	cr_expect(eq(int, tables_port_detach(lab.tables, "acc0"), 0));
	cr_expect(eq(int, programs(NULL), 0));
	sh("! ip link show acc0 | grep -q xdp");
}

/* Sends from before the swap until behind it, however long an emulated machine takes for that. */
struct sender {
	atomic_bool swapped;
	atomic_uint sent; /* frames */
};

static void *sender_run(void *user)
{
	struct sender *sender = user;
	bool last = false;

	while (!last) {
		last = sender->swapped;
		frames_send(SWAP_FRAMES, 2000);
		sender->sent += SWAP_FRAMES;
	}
	return NULL;
}

/* While frames arrive, the next run takes over: none of them is without our program. */
Test(works, takes_over_without_a_gap, .init = lab_up, .fini = lab_down)
{
	struct port_state state;
	struct sender sender = { 0 };
	pthread_t thread;
	uint64_t before;

	other_attach(BEFORE_US);
	cr_assert(eq(int, attach(PORT_DISPATCHER, 50), 0));
	before = ours_seen();
	cr_assert(eq(int, pthread_create(&thread, NULL, sender_run, &sender), 0));
	while (!sender.sent)
		usleep(1000);
	tables_close(&lab.tables);
	lab_open();
	cr_assert(eq(int, attach(PORT_DISPATCHER, 50), 0));
	sender.swapped = true;
	cr_assert(tables_port(lab.tables, 0, &state));
	cr_expect(state.adopted);
	cr_assert(eq(int, pthread_join(thread, NULL), 0));
	usleep(50000);
	cr_expect(ge(uint, sender.sent, 2 * SWAP_FRAMES));
	cr_expect(ge(u64, ours_seen() - before, sender.sent));
	cr_expect(ge(u64, other_seen(), sender.sent));
	cr_expect(eq(int, programs(OURS), 1));
	cr_expect(eq(int, programs(OTHER), 1));
	expect_at_work(true, true);
}

Test(works, takes_back_what_nobody_claims, .init = lab_up, .fini = lab_down)
{
	other_attach(BEFORE_US);
	cr_assert(eq(int, attach(PORT_DISPATCHER, 50), 0));
	tables_close(&lab.tables);
	lab_open();
	cr_expect(eq(int, programs(OURS), 1));
	tables_claim_end(lab.tables);
	cr_expect(eq(int, programs(OURS), 0));
	cr_expect(eq(int, programs(OTHER), 1));
	expect_at_work(false, true);
}

Test(works, changes_its_way, .init = lab_up, .fini = lab_down)
{
	cr_assert(eq(int, attach(PORT_LINK, 50), 0));
	expect_at_work(true, false);
	cr_assert(eq(int, attach(PORT_DISPATCHER, 50), 0));
	sh("test -z \"$(ls " PIN_DIR "/links)\"");
	other_attach(BEFORE_US);
	cr_assert(eq(int, attach(PORT_DISPATCHER, 5), 0), "before the other now");
	cr_expect(eq(int, programs(NULL), 2));

	cr_expect(eq(int, attach(PORT_LINK, 50), -EBUSY), "the other would lose its place");
	expect_at_work(true, true);
	cr_assert(eq(int, xdp_program__detach(lab.program, acc0(), XDP_MODE_NATIVE, 0), 0));
	cr_assert(eq(int, attach(PORT_LINK, 50), 0));
	sh("test -z \"$(ls " PIN_DIR "/dispatched)\"");
	expect_at_work(true, false);
}

Test(works, leaves_alone_who_is_in_none, .init = lab_up, .fini = lab_down)
{
	const struct bpf_insn pass[] = { { .code = 0xb7, .imm = XDP_PASS }, { .code = 0x95 } };
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct port_state state;
	int program = bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "BSD", pass, 2, NULL);

	cr_assert(ge(int, program, 0));
	cr_assert(eq(int, bpf_xdp_attach(acc0(), program, XDP_FLAGS_DRV_MODE, NULL), 0));
	cr_assert(eq(int, bpf_xdp_query(acc0(), 0, &query), 0));
	cr_expect(eq(int, attach(PORT_DISPATCHER, 50), -EBUSY));
	cr_expect(not(tables_port(lab.tables, 0, &state)));
	close(program);
	program = (int)query.prog_id;
	cr_assert(eq(int, bpf_xdp_query(acc0(), 0, &query), 0));
	cr_expect(eq(int, (int)query.prog_id, program), "still there");
}

Test(works, follows_its_interface, .init = lab_up, .fini = lab_down)
{
	cr_assert(eq(int, attach(PORT_DISPATCHER, 50), 0));
	sh("ip link del acc0 && ip link add acc0 type veth peer name peer0 && ip link set acc0 up "
	   "&& "
	   "ip link set peer0 up");
	for (int i = 0; i < 50 && programs(OURS) != 1; i++)
		loop_until(&lab.loop, never, NULL, 100);
	cr_expect(eq(int, programs(OURS), 1));
}

/* Somebody else's, which changes nothing, has its dispatcher there. */
Test(refused, leaves_all_as_it_is, .init = lab_up, .fini = lab_down)
{
	struct port_state state;

	cr_assert(eq(int, attach(PORT_LINK, 50), 0));
	cr_expect(eq(int, attach(PORT_DISPATCHER, 50), -EOPNOTSUPP));
	cr_assert(tables_port(lab.tables, 0, &state));
	cr_expect(eq(int, (int)state.spec.attach, PORT_LINK));
	expect_at_work(true, false);
	cr_assert(eq(int, tables_port_detach(lab.tables, "acc0"), 0));

	other_attach(BEFORE_US);
	cr_expect(eq(int, attach(PORT_DISPATCHER, 50), -EOPNOTSUPP));
	cr_expect(not(tables_port(lab.tables, 0, &state)));
	cr_expect(eq(int, programs(OTHER), 1));
	expect_at_work(false, true);
}
