/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/dispatcher.h"

#include "base/log.h"
#include "base/util.h"
#include "tables/bpflog.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <xdp/libxdp.h>
#include <xdp/prog_dispatcher.h>

#include <edge.skel.h>
#include <egress.skel.h>
#include <ingress.skel.h>

#define DISPATCHER_FILE "xdp-dispatcher.o" /* of libxdp, in a directory it knows */
#define PROGRAMS_MAX    MAX_DISPATCHER_ACTIONS

static const char *program_name(enum port_role role)
{
	switch (role) {
	case PORT_ACCESS:
		return "mg_ingress";
	case PORT_EDGE:
		return "mg_edge";
	default:
		return "mg_egress";
	}
}

static bool name_is_ours(const char *name)
{
	return !strcmp(name, program_name(PORT_ACCESS)) || !strcmp(name, program_name(PORT_CORE)) ||
	       !strcmp(name, program_name(PORT_EDGE));
}

/* libxdp's constructors return an error as a pointer. */
static void programp(struct xdp_program **program)
{
	if (*program && !libxdp_get_error(*program))
		xdp_program__close(*program);
}

static void multiprogp(struct xdp_multiprog **programs)
{
	if (*programs && !libxdp_get_error(*programs))
		xdp_multiprog__close(*programs);
}

static void objectp(struct bpf_object **object)
{
	bpf_object__close(*object);
}

/* --- what is on an interface ------------------------------------------------------------------ */
struct view {
	uint32_t ours[PROGRAMS_MAX]; /* program ids */
	size_t ours_count, others;
	enum xdp_attach_mode mode; /* UNSPEC: there is no program */
	bool legacy;               /* a program that is in no dispatcher */
};

static int view_of(uint32_t ifindex, struct view *ret)
{
	_cleanup_(multiprogp) struct xdp_multiprog *programs =
		xdp_multiprog__get_from_ifindex((int)ifindex);
	long r = libxdp_get_error(programs);
	struct xdp_program *program = NULL;

	*ret = (struct view){ .mode = XDP_MODE_UNSPEC };
	if (r)
		return r == -ENOENT ? 0 : (int)r;
	ret->mode = xdp_multiprog__attach_mode(programs);
	ret->legacy = xdp_multiprog__is_legacy(programs);
	while (!ret->legacy && (program = xdp_multiprog__next_prog(program, programs))) {
		if (!name_is_ours(xdp_program__name(program)))
			ret->others++;
		else if (ret->ours_count < PROGRAMS_MAX)
			ret->ours[ret->ours_count++] = xdp_program__id(program);
	}
	return 0;
}

size_t dispatcher_others(const char *interface)
{
	struct view view;

	return view_of(if_nametoindex(interface), &view) < 0 ? 0 : view.others;
}

/* --- our program ------------------------------------------------------------------------------ */
static const struct bpf_object *role_object(const struct maps *m, enum port_role role)
{
	switch (role) {
	case PORT_ACCESS:
		return m->ingress->obj;
	case PORT_EDGE:
		return m->edge->obj;
	default:
		return m->egress->obj;
	}
}

static const void *role_elf(enum port_role role, size_t *ret_len)
{
	switch (role) {
	case PORT_ACCESS:
		return ingress__elf_bytes(ret_len);
	case PORT_EDGE:
		return edge__elf_bytes(ret_len);
	default:
		return egress__elf_bytes(ret_len);
	}
}

/* A program for the dispatcher is loaded as an extension of that, so it is another one than that
 * of the links; the maps are the same, those of the object's own data among them. */
static int object_open(const struct maps *m, enum port_role role, struct bpf_object **ret)
{
	const struct bpf_object *loaded = role_object(m, role);
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = program_name(role) + strlen("mg_"));
	_cleanup_(objectp) struct bpf_object *object = NULL;
	struct bpf_map *map;
	const void *elf;
	size_t len;

	elf = role_elf(role, &len);
	object = bpf_object__open_mem(elf, len, &opts);
	if (!object)
		return -errno;
	bpf_object__for_each_map(map, object)
	{
		int r = bpf_map__reuse_fd(
			map, bpf_object__find_map_fd_by_name(loaded, bpf_map__name(map)));

		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(object);
	return 0;
}

static int program_open(struct bpf_object *object, const struct dispatcher_spec *spec,
			struct xdp_program **ret)
{
	const char *name = program_name(spec->role);
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .obj = object, .prog_name = name);
	_cleanup_(programp) struct xdp_program *program = xdp_program__create(&opts);
	const char *section;
	long r = libxdp_get_error(program);

	if (!r)
		r = xdp_program__set_run_prio(program, spec->priority);
	section = bpf_program__section_name(bpf_object__find_program_by_name(object, name));
	/* libbpf knows that section, but only for programs of type XDP */
	if (!r && !strcmp(section, "xdp.frags"))
		r = xdp_program__set_xdp_frags_support(program, true);
	if (!r)
		*ret = TAKE_PTR(program);
	return (int)r;
}

/* --- whether it can be ------------------------------------------------------------------------ */
static int attach_failed(const struct dispatcher_spec *spec, int r)
{
	const char *name = spec->interface;

	bpflog_print();
	switch (r) {
	case -EBUSY:
		return log_err(
			r,
			"%s: an XDP program holds it that is not in a dispatcher: find it by "
			"`bpftool net`, remove it by `ip link set dev %s xdp off`, and load "
			"it again by `xdp-loader`",
			name, name);
	case -E2BIG:
		return log_err(r,
			       "%s: its dispatcher has no place left: see `xdp-loader status %s`",
			       name, name);
	case -EOPNOTSUPP:
		return log_err(
			r,
			"%s: there is no native XDP for the dispatcher here: allow generic XDP "
			"(slower) with `allow-generic: true` at this interface, or set "
			"`attach: link`",
			name);
	case -ENOENT:
		return log_err(r,
			       "%s: " DISPATCHER_FILE
			       " of libxdp is not where it should be: install "
			       "libxdp1 anew, or set `attach: link`",
			       name);
	case -EPERM:
	case -EACCES:
		return log_err(
			r,
			"%s: `attach: dispatcher` needs CAP_SYS_ADMIN: libxdp finds programs "
			"by their numbers",
			name);
	default:
		return log_err(r, "%s: the dispatcher of libxdp cannot take the program", name);
	}
}

/* libxdp's dispatcher with places for two, for without programs the verifier takes the places out.
 */
static int stub_load(struct bpf_object *stub)
{
	const struct xdp_dispatcher_config config = {
		.magic = XDP_DISPATCHER_MAGIC,
		.dispatcher_version = XDP_DISPATCHER_VERSION,
		.num_progs_enabled = 2,
	};
	struct bpf_map *map = bpf_object__next_map(stub, NULL);
	int r = map ? bpf_map__set_initial_value(map, &config, sizeof(config)) : -ENOENT;

	return r < 0 ? r : bpf_object__load(stub);
}

/* As libxdp will: our program in the first place of its dispatcher. */
static int extension_load(struct bpf_object *object, enum port_role role)
{
	_cleanup_(programp) struct xdp_program *file =
		xdp_program__find_file(DISPATCHER_FILE, NULL, NULL);
	struct bpf_program *program = bpf_object__find_program_by_name(object, program_name(role));
	const struct bpf_program *dispatcher;
	long r = libxdp_get_error(file);
	struct bpf_object *stub;

	if (r)
		return (int)r;
	stub = xdp_program__bpf_obj(file);
	dispatcher = bpf_object__find_program_by_name(stub, "xdp_dispatcher");
	r = dispatcher ? stub_load(stub) : -ENOENT;
	if (r >= 0)
		r = bpf_program__set_attach_target(program, bpf_program__fd(dispatcher), "prog0");
	if (r >= 0)
		r = bpf_program__set_type(program, BPF_PROG_TYPE_EXT);
	if (r >= 0)
		r = bpf_program__set_expected_attach_type(program, 0);
	return (int)(r < 0 ? r : bpf_object__load(object));
}

int dispatcher_check(const struct maps *maps, const char *interface, enum port_role role)
{
	const struct dispatcher_spec spec = { .interface = interface, .role = role };
	_cleanup_(objectp) struct bpf_object *object = NULL;
	int r;

	if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_EXT, NULL) != 1)
		return log_err(
			-EOPNOTSUPP,
			"%s: `attach: dispatcher` needs BPF programs of type `ext`, which this "
			"kernel does not have: set `attach: link` at this interface, or use a "
			"kernel that has them, as Debian's do",
			interface);
	r = object_open(maps, role, &object);
	if (r >= 0)
		r = extension_load(object, role);
	if (r == -EINVAL && bpflog_kept("changes packet data"))
		return log_err(
			-EOPNOTSUPP,
			"%s: `attach: dispatcher` does not go with this kernel and this "
			"libxdp, whose dispatcher may not hold programs that change packets: "
			"set `attach: link` at this interface, or use a newer libxdp",
			interface);
	return r < 0 ? attach_failed(&spec, r) : 0;
}

/* --- attach and detach ------------------------------------------------------------------------ */
/* Native first, as with a link; a dispatcher that is there already keeps its mode. */
static int program_attach(struct xdp_program *program, const struct dispatcher_spec *spec,
			  const struct view *before, enum xdp_attach_mode *ret)
{
	enum xdp_attach_mode mode =
		before->mode == XDP_MODE_UNSPEC ? XDP_MODE_NATIVE : before->mode;
	int ifindex = (int)spec->ifindex, r;

	if (before->legacy)
		return -EBUSY;
	if (mode == XDP_MODE_SKB && !spec->generic_allowed)
		return -EOPNOTSUPP;
	r = xdp_program__attach(program, ifindex, mode, 0);
	if (r < 0 && before->mode == XDP_MODE_UNSPEC && spec->generic_allowed) {
		mode = XDP_MODE_SKB;
		r = xdp_program__attach(program, ifindex, mode, 0);
	}
	if (r >= 0)
		*ret = mode;
	return r;
}

static int ours_detach(uint32_t ifindex, const struct view *view)
{
	int first = 0;

	for (size_t i = 0; i < view->ours_count; i++) {
		_cleanup_(programp) struct xdp_program *program =
			xdp_program__from_id(view->ours[i]);
		long r = libxdp_get_error(program);

		if (!r)
			r = xdp_program__detach(program, (int)ifindex, view->mode, 0);
		if (r < 0 && !first)
			first = (int)r;
	}
	return first;
}

/* Where it cannot make a dispatcher libxdp attaches the program alone, and then nobody could join
 * it: that is no dispatcher. */
static int place_check(struct xdp_program *program, uint32_t ifindex, enum xdp_attach_mode mode)
{
	struct view view;
	int r = view_of(ifindex, &view);

	if (r < 0 || !view.legacy)
		return r;
	xdp_program__detach(program, (int)ifindex, mode, 0);
	return -EOPNOTSUPP;
}

int dispatcher_attach(const struct maps *maps, const struct dispatcher_spec *spec,
		      struct dispatcher_place *ret)
{
	_cleanup_(objectp) struct bpf_object *object = NULL;
	_cleanup_(programp) struct xdp_program *program = NULL;
	enum xdp_attach_mode mode = XDP_MODE_UNSPEC;
	struct view before;
	int fd, r;

	libxdp_clean_references((int)spec->ifindex); /* pins of an interface that had its number */
	r = view_of(spec->ifindex, &before);
	if (r >= 0)
		r = object_open(maps, spec->role, &object);
	if (r >= 0)
		r = program_open(object, spec, &program);
	if (r >= 0)
		r = program_attach(program, spec, &before, &mode);
	if (r >= 0)
		r = place_check(program, spec->ifindex, mode);
	if (r < 0)
		return attach_failed(spec, r);
	r = ours_detach(spec->ifindex, &before);
	if (r < 0)
		log_warn(r, "%s: our former program stays in the dispatcher, behind the new one",
			 spec->interface);
	fd = fcntl(xdp_program__fd(program), F_DUPFD_CLOEXEC, 3);
	*ret = (struct dispatcher_place){
		.fd = fd,
		.mode = mode == XDP_MODE_SKB ? PORT_GENERIC : PORT_NATIVE,
		.adopted = before.ours_count > 0,
	};
	return 0;
}

void dispatcher_detach(const char *interface)
{
	uint32_t ifindex = if_nametoindex(interface);
	struct view view;
	int r = ifindex ? view_of(ifindex, &view) : 0;

	if (ifindex && r >= 0)
		r = ours_detach(ifindex, &view);
	libxdp_clean_references((int)ifindex); /* 0: of all interfaces that are gone */
	if (r >= 0)
		return;
	bpflog_print();
	log_err(r, "%s: our program cannot be taken out of the dispatcher: see `xdp-loader status`",
		interface);
}
