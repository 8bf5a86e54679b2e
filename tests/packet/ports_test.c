/* SPDX-License-Identifier: BSD-2-Clause */
/* XDP links on real interfaces: attached, taken over, found stale, refused. */
#include "tables/state.h"

#include "netns.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <linux/if_link.h>
#include <signal.h>

#define PIN_DIR "/sys/fs/bpf/margay"

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
} lab;

static void lab_open(void)
{
	cr_assert(eq(int, tables_open(&lab.loop, &config, &lab.tables), 0));
}

static void veth_add(void)
{
	sh("ip link add acc0 type veth peer name peer0 && ip link set acc0 up && "
	   "ip link set peer0 up");
}

static void lab_up(void)
{
	kernel_private();
	netns_new();
	veth_add();
	cr_assert(eq(int, uv_loop_init(&lab.loop), 0));
	lab_open();
}

static void lab_down(void)
{
	tables_close(&lab.tables);
	loop_end(&lab.loop);
}

static struct bpf_xdp_query_opts xdp_of(const char *name)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	cr_assert(eq(int, bpf_xdp_query((int)if_nametoindex(name), 0, &query), 0));
	return query;
}

static char *program_of(const char *name)
{
	static struct bpf_prog_info info;
	_cleanup_(closep) int fd = bpf_prog_get_fd_by_id(xdp_of(name).prog_id);
	uint32_t len = sizeof(info);

	info = (struct bpf_prog_info){ 0 };
	cr_assert(eq(int, bpf_obj_get_info_by_fd(fd, &info, &len), 0));
	return info.name;
}

static bool entered(uint32_t ifindex)
{
	for (uint32_t i = 0; i < MG_PORT_PROBES; i++) {
		uint32_t place = MG_PORT_PLACE(ifindex, i);
		struct mg_port port;

		if (bpf_map_lookup_elem(lab.tables->maps.fd[MAP_PORTS], &place, &port) == 0 &&
		    port.ifindex == ifindex)
			return true;
	}
	return false;
}

static int attach(const char *name, enum port_role role, bool generic, enum port_mode *ret)
{
	const struct port_spec spec = { .role = role, .generic_allowed = generic };

	return tables_port_attach(lab.tables, name, &spec, ret);
}

Test(ports, attaches_and_detaches, .init = lab_up, .fini = lab_down)
{
	uint32_t ifindex = if_nametoindex("acc0");
	struct port_state state;
	enum port_mode mode = PORT_GENERIC;

	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0));
	cr_expect(eq(int, (int)mode, PORT_NATIVE));
	cr_expect(eq(u8, xdp_of("acc0").attach_mode, XDP_ATTACHED_DRV));
	cr_expect(entered(ifindex));
	cr_assert(tables_port(lab.tables, 0, &state));
	cr_expect(eq(str, state.name, (char *)"acc0"));
	cr_expect(eq(u32, state.mtu, 1500));
	cr_expect(not(state.adopted));
	cr_expect(not(tables_port(lab.tables, 1, &state)));

	cr_expect(eq(int, tables_port_detach(lab.tables, "acc0"), 0));
	cr_expect(eq(u8, xdp_of("acc0").attach_mode, XDP_ATTACHED_NONE));
	cr_expect(not(entered(ifindex)));
	cr_expect(eq(int, tables_port_detach(lab.tables, "acc0"), -ENOENT));
	sh("test -z \"$(ls " PIN_DIR "/links)\"");
}

static uint32_t vrf_of(uint32_t ifindex)
{
	for (uint32_t i = 0; i < MG_PORT_PROBES; i++) {
		uint32_t place = MG_PORT_PLACE(ifindex, i);
		struct mg_port port;

		if (bpf_map_lookup_elem(lab.tables->maps.fd[MAP_PORTS], &place, &port) == 0 &&
		    port.ifindex == ifindex)
			return port.vrf;
	}
	return UINT32_MAX;
}

static int attach_vrf(const char *name, uint8_t vrf)
{
	const struct port_spec spec = { .role = PORT_ACCESS, .vrf = vrf };
	enum port_mode mode;

	return tables_port_attach(lab.tables, name, &spec, &mode);
}

/* The data plane asks for a port's VRF only while some port is in one. */
Test(ports, are_in_vrfs, .init = lab_up, .fini = lab_down)
{
	const struct mg_settings *settings = lab.tables->maps.memory[MAP_SETTINGS];
	uint32_t ifindex = if_nametoindex("acc0"), program;

	cr_assert(eq(int, attach_vrf("acc0", 0), 0));
	program = xdp_of("acc0").prog_id;
	cr_expect(eq(u32, vrf_of(ifindex), 0));
	cr_expect(eq(u32, settings->vrf_ports, 0));
	cr_assert(eq(int, attach_vrf("acc0", 5), 0), "in place");
	cr_expect(eq(u32, vrf_of(ifindex), 5));
	cr_expect(eq(u32, settings->vrf_ports, 1));
	cr_expect(eq(u32, xdp_of("acc0").prog_id, program));

	/* What a former run left counts before its ports are attached anew. */
	tables_close(&lab.tables);
	lab_open();
	settings = lab.tables->maps.memory[MAP_SETTINGS];
	cr_expect(eq(u32, settings->vrf_ports, 1));
	cr_expect(eq(u32, vrf_of(ifindex), 5));
	cr_assert(eq(int, attach_vrf("acc0", 7), 0));
	cr_expect(eq(u32, vrf_of(ifindex), 7));
	cr_assert(eq(int, tables_port_detach(lab.tables, "acc0"), 0));
	cr_expect(eq(u32, settings->vrf_ports, 0));
}

/* Another interface's number in the i-th of the places that acc0 may have. */
static void occupy(uint32_t i)
{
	uint32_t place = MG_PORT_PLACE(if_nametoindex("acc0"), i);
	struct mg_port other = { .ifindex = 100000 + i };

	cr_assert(eq(int,
		     bpf_map_update_elem(lab.tables->maps.fd[MAP_PORTS], &place, &other, BPF_ANY),
		     0));
}

Test(ports, shares_places, .init = lab_up, .fini = lab_down)
{
	uint32_t ifindex = if_nametoindex("acc0");
	enum port_mode mode;

	for (uint32_t i = 0; i < MG_PORT_PROBES - 1; i++)
		occupy(i);
	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0));
	cr_expect(entered(ifindex), "in the last place");
	cr_assert(eq(int, tables_port_detach(lab.tables, "acc0"), 0));
	cr_expect(not(entered(ifindex)));

	occupy(MG_PORT_PROBES - 1);
	cr_expect(eq(int, attach("acc0", PORT_ACCESS, false, &mode), -ENOSPC));
	cr_expect(eq(u8, xdp_of("acc0").attach_mode, XDP_ATTACHED_NONE));
	tables_claim_end(lab.tables);
	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0),
		  "what no port of ours has is free after the claims");
}

Test(ports, takes_over, .init = lab_up, .fini = lab_down)
{
	struct port_state state;
	enum port_mode mode = PORT_GENERIC;
	uint32_t before, after;

	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0));
	before = xdp_of("acc0").prog_id;
	tables_close(&lab.tables);
	cr_expect(eq(u32, xdp_of("acc0").prog_id, before), "still at work without us");
	lab_open();
	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0));
	after = xdp_of("acc0").prog_id;
	cr_expect(ne(u32, after, 0));
	cr_expect(ne(u32, after, before), "the new run's program");
	cr_expect(eq(int, (int)mode, PORT_NATIVE));
	cr_assert(tables_port(lab.tables, 0, &state));
	cr_expect(state.adopted);

	cr_assert(eq(int, attach("acc0", PORT_CORE, false, &mode), 0));
	cr_expect(ne(u32, xdp_of("acc0").prog_id, after), "the other role's program");
	before = xdp_of("acc0").prog_id;
	cr_assert(eq(int, attach("acc0", PORT_EDGE, false, &mode), 0));
	cr_expect(ne(u32, xdp_of("acc0").prog_id, after), "neither the one side's program");
	cr_expect(ne(u32, xdp_of("acc0").prog_id, before), "nor the other's");
	cr_expect(eq(str, program_of("acc0"), (char *)"mg_edge"));
	cr_assert(eq(int, attach("acc0", PORT_SITE, false, &mode), 0));
	cr_expect(eq(u32, xdp_of("acc0").prog_id, 0), "this role has none");
	cr_expect(entered(if_nametoindex("acc0")));
}

Test(ports, survives_a_kill, .init = lab_up, .fini = lab_down)
{
	enum port_mode mode;
	pid_t child;
	int status;

	tables_close(&lab.tables);
	child = fork();
	if (!child) {
		lab_open();
		attach("acc0", PORT_ACCESS, false, &mode);
		raise(SIGKILL);
	}
	waitpid(child, &status, 0);
	cr_expect(ne(u32, xdp_of("acc0").prog_id, 0));
	lab_open();
	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0));
	cr_expect(lab.tables->port[0].state.adopted);
}

/* The interface's index is told anew by the kernel; the pinned link belongs to one that is gone. */
Test(ports, leaves_a_stale_link, .init = lab_up, .fini = lab_down)
{
	enum port_mode mode;

	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0));
	tables_close(&lab.tables);
	sh("ip link del acc0");
	veth_add();
	lab_open();
	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0));
	cr_expect(ne(u32, xdp_of("acc0").prog_id, 0));
	cr_expect(not(lab.tables->port[0].state.adopted));
	tables_claim_end(lab.tables);
	cr_expect(ne(u32, xdp_of("acc0").prog_id, 0));
}

static bool has_ifindex(void *ifindex)
{
	return lab.tables->port[0].state.ifindex == *(uint32_t *)ifindex;
}

Test(ports, follows_an_interface, .init = lab_up, .fini = lab_down)
{
	uint32_t old = if_nametoindex("acc0"), none = 0, new;
	enum port_mode mode;

	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0));
	sh("ip link del acc0");
	cr_assert(loop_until(&lab.loop, has_ifindex, &none, 1000));
	cr_expect(not(entered(old)));
	veth_add();
	new = if_nametoindex("acc0");
	cr_expect(ne(u32, new, old));
	cr_assert(loop_until(&lab.loop, has_ifindex, &new, 1000));
	cr_expect(entered(new));
	cr_expect(ne(u32, xdp_of("acc0").prog_id, 0));

	sh("ip link del acc0");
	veth_add(); /* gone and back before we look */
	new = if_nametoindex("acc0");
	cr_assert(loop_until(&lab.loop, has_ifindex, &new, 1000));
	cr_expect(ne(u32, xdp_of("acc0").prog_id, 0));
}

Test(ports, detaches_what_nobody_claims, .init = lab_up, .fini = lab_down)
{
	enum port_mode mode;

	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0));
	cr_assert(eq(int, attach("peer0", PORT_CORE, false, &mode), 0));
	tables_close(&lab.tables);
	lab_open();
	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0));
	tables_claim_end(lab.tables);
	cr_expect(ne(u32, xdp_of("acc0").prog_id, 0));
	cr_expect(eq(u32, xdp_of("peer0").prog_id, 0));
	cr_expect(not(entered(if_nametoindex("peer0"))));
}

/* A name with a dot, as VLAN devices have, which the BPF file system does not take. */
Test(ports, takes_dotted_names, .init = lab_up, .fini = lab_down)
{
	enum port_mode mode;

	sh("ip link set acc0 down && ip link set acc0 name acc0.100 && ip link set acc0.100 up");
	tables_close(&lab.tables);
	lab_open();
	cr_assert(eq(int, attach("acc0.100", PORT_ACCESS, false, &mode), 0));
	tables_close(&lab.tables);
	lab_open();
	cr_assert(eq(int, attach("acc0.100", PORT_ACCESS, false, &mode), 0));
	cr_expect(lab.tables->port[0].state.adopted);
	tables_claim_end(lab.tables);
	cr_expect(ne(u32, xdp_of("acc0.100").prog_id, 0));
}

/* The log since the last call. */
static bool logged(const char *words)
{
	FILE *log = cr_get_redirected_stderr();
	char text[4096];
	size_t len = fread(text, 1, sizeof(text) - 1, log);

	text[len] = '\0';
	return strstr(text, words);
}

/* Where it can be done, tests/kernel/dispatcher_test.c has what happens. */
Test(ports, changes_nothing_where_there_is_no_dispatcher, .init = lab_up, .fini = lab_down)
{
	const struct port_spec spec = { .role = PORT_ACCESS, .attach = PORT_DISPATCHER };
	struct port_state state;
	enum port_mode mode;
	uint32_t before;
	bool can;
	int r;

	cr_assert(eq(int, attach("acc0", PORT_ACCESS, false, &mode), 0));
	before = xdp_of("acc0").prog_id;
	cr_redirect_stderr();
	r = tables_port_attach(lab.tables, "acc0", &spec, &mode);
	can = r == 0;
	cr_expect(eq(int, r, can ? 0 : -EOPNOTSUPP));
	cr_expect(r < 0 || libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_EXT, NULL) == 1);
	cr_expect(eq(int, logged("set `attach: link` at this interface"), !can));
	cr_assert(tables_port(lab.tables, 0, &state));
	cr_expect(eq(int, (int)state.spec.attach, can ? PORT_DISPATCHER : PORT_LINK));
	cr_expect(eq(int, xdp_of("acc0").prog_id == before, !can));

	cr_expect(eq(int, tables_port_attach(lab.tables, "peer0", &spec, &mode), r));
	cr_expect(eq(int, tables_port(lab.tables, 1, &state), can));
	cr_expect(eq(int, xdp_of("peer0").prog_id != 0, can));
	cr_expect(eq(int, tables_port_detach(lab.tables, "acc0"), 0));
	cr_expect(eq(u32, xdp_of("acc0").prog_id, 0));
}

Test(ports, says_what_is_wrong, .init = lab_up, .fini = lab_down)
{
	const struct bpf_insn pass[] = { { .code = 0xb7, .imm = XDP_PASS }, { .code = 0x95 } };
	enum port_mode mode = PORT_NATIVE;
	struct port_state state;
	int program;

	cr_expect(eq(int, attach("nowhere", PORT_ACCESS, true, &mode), -ENODEV));

	/* The loopback device has no native XDP. */
	cr_expect(eq(int, attach("lo", PORT_ACCESS, false, &mode), -EOPNOTSUPP));
	cr_assert(eq(int, attach("lo", PORT_ACCESS, true, &mode), 0));
	cr_expect(eq(int, (int)mode, PORT_GENERIC));
	cr_expect(eq(u8, xdp_of("lo").attach_mode, XDP_ATTACHED_SKB));
	cr_expect(eq(int, tables_port_detach(lab.tables, "lo"), 0));

	program = bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "BSD", pass, 2, NULL);
	cr_assert(ge(int, program, 0));
	cr_assert(eq(int,
		     bpf_xdp_attach((int)if_nametoindex("acc0"), program, XDP_FLAGS_DRV_MODE, NULL),
		     0));
	cr_expect(eq(int, attach("acc0", PORT_ACCESS, false, &mode), -EBUSY));
	cr_expect(not(tables_port(lab.tables, 0, &state)));
	sh("test -z \"$(ls " PIN_DIR "/links)\"");
	close(program);
}
