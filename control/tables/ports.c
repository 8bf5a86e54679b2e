/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: A port's program is held by a bpf_link that is pinned as PIN_DIR/links/NAME. The pin
 * outlives us; the next run finds it, makes sure that it is still that interface's, and swaps the
 * program. An interface that is made anew under its name gets its program again as soon as the
 * kernel tells. A port with `attach: dispatcher` has no link: libxdp keeps its program, and the pin
 * PIN_DIR/dispatched/NAME of the program only says that we once put one there.
 */
#include "tables/state.h"

#include "base/log.h"
#include "base/util.h"
#include "tables/dispatcher.h"
#include "tables/pin.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>

#define LINKS      "links"
#define DISPATCHED "dispatched"

static const char *role_name(enum port_role role)
{
	switch (role) {
	case PORT_ACCESS:
		return "access";
	case PORT_CORE:
		return "core";
	case PORT_EDGE:
		return "edge";
	default:
		return "site";
	}
}

static struct port *port_find(const struct tables *t, const char *name)
{
	for (size_t i = 0; i < t->port_count; i++)
		if (!strcmp(t->port[i].state.name, name))
			return &t->port[i];
	return NULL;
}

/* --- the link that a former run pinned -------------------------------------------------------- */
static void link_remove(struct tables *t, const char *name)
{
	_cleanup_(closep) int fd = -1;

	if (pin_get(t->pin_dir, LINKS, name, &fd) >= 0)
		bpf_link_detach(fd); /* at once; an unlinked pin is detached some time later */
	pin_remove(t->pin_dir, LINKS, name);
}

/* An index alone may be another interface's by now, so the program must be the link's, too. */
static bool link_is_of(int fd, uint32_t ifindex, enum port_mode *ret_mode)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0 || info.type != BPF_LINK_TYPE_XDP ||
	    info.xdp.ifindex != ifindex || bpf_xdp_query((int)ifindex, 0, &query) < 0 ||
	    query.prog_id != info.prog_id)
		return false;
	*ret_mode = query.attach_mode == XDP_ATTACHED_SKB ? PORT_GENERIC : PORT_NATIVE;
	return true;
}

/* false: there is nothing to take over, and no pin is left. */
static bool link_adopt(struct tables *t, struct port *port, int program)
{
	_cleanup_(closep) int fd = -1;
	enum port_mode mode;

	if (pin_get(t->pin_dir, LINKS, port->state.name, &fd) < 0)
		return false;
	if (link_is_of(fd, port->state.ifindex, &mode) &&
	    (mode == PORT_NATIVE || port->state.spec.generic_allowed) &&
	    bpf_link_update(fd, program, NULL) >= 0) {
		port->state.mode = mode;
		port->state.adopted = true;
		return true;
	}
	log_info("%s: the pinned link of a former run does not fit any more: attaching anew",
		 port->state.name);
	link_remove(t, port->state.name);
	return false;
}

/* --- a new link ------------------------------------------------------------------------------- */
static int link_create(uint32_t ifindex, int program, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(program, (int)ifindex, BPF_XDP, &opts);

	return fd < 0 ? -errno : fd;
}

static int link_create_failed(const struct port *port, int r)
{
	const char *name = port->state.name;

	switch (r) {
	case -EBUSY:
	case -EEXIST:
		return log_err(r,
			       "%s: another XDP program holds it: find it by `bpftool net`, remove "
			       "it by `ip link set dev %s xdp off`, or share the interface with it "
			       "by `attach: dispatcher`",
			       name, name);
	case -EOPNOTSUPP:
		return log_err(r,
			       "%s: its driver has no native XDP: allow generic XDP (slower) with "
			       "`allow-generic: true` at this interface, or use another",
			       name);
	case -EPERM:
	case -EACCES:
		return log_err(r, "%s: attaching XDP needs CAP_NET_ADMIN and CAP_BPF", name);
	case -ERANGE:
	case -EINVAL:
		return log_err(r,
			       "%s: its driver refuses native XDP now; often the MTU (%u) is too "
			       "large for it, or large receive offload is on",
			       name, port->state.mtu);
	default:
		return log_err(r, "%s: XDP cannot be attached", name);
	}
}

static int link_attach(struct tables *t, struct port *port, int program)
{
	_cleanup_(closep) int fd = link_create(port->state.ifindex, program, XDP_FLAGS_DRV_MODE);
	int r;

	port->state.mode = PORT_NATIVE;
	port->state.adopted = false;
	if (port->state.spec.generic_allowed &&
	    (fd == -EOPNOTSUPP || fd == -ERANGE || fd == -EINVAL)) {
		fd = link_create(port->state.ifindex, program, XDP_FLAGS_SKB_MODE);
		port->state.mode = PORT_GENERIC;
	}
	if (fd < 0)
		return link_create_failed(port, fd);
	r = pin_put(t->pin_dir, LINKS, port->state.name, fd);
	return r < 0 ? log_err(r, "%s/" LINKS "/%s: cannot be pinned", t->pin_dir, port->state.name)
		     : 0;
}

/* --- the dispatcher --------------------------------------------------------------------------- */
static bool dispatched(const struct tables *t, const char *name)
{
	_cleanup_(closep) int fd = -1;

	return pin_get(t->pin_dir, DISPATCHED, name, &fd) >= 0;
}

static void dispatched_remove(struct tables *t, const char *name)
{
	if (!dispatched(t, name))
		return;
	dispatcher_detach(name);
	pin_remove(t->pin_dir, DISPATCHED, name);
}

static int dispatched_attach(struct tables *t, struct port *port)
{
	const char *name = port->state.name;
	const struct dispatcher_spec spec = {
		.interface = name,
		.ifindex = port->state.ifindex,
		.role = port->state.spec.role,
		.priority = port->state.spec.priority,
		.generic_allowed = port->state.spec.generic_allowed,
	};
	struct dispatcher_place place;
	int r = dispatcher_attach(&t->maps, &spec, &place);

	if (r < 0)
		return r;
	port->state.mode = place.mode;
	port->state.adopted = place.adopted;
	pin_remove(t->pin_dir, DISPATCHED, name);
	r = pin_put(t->pin_dir, DISPATCHED, name, place.fd);
	closep(&place.fd);
	return r < 0 ? log_err(r, "%s/" DISPATCHED "/%s: cannot be pinned", t->pin_dir, name) : 0;
}

/* --- ports ------------------------------------------------------------------------------------ */
/* The place that holds `what` (0: a free one) of those that are the interface's; false: there is
 * none. */
static bool port_place(const struct tables *t, uint32_t ifindex, uint32_t what, uint32_t *ret)
{
	for (uint32_t i = 0; i < MG_PORT_PROBES; i++) {
		uint32_t place = MG_PORT_PLACE(ifindex, i);
		struct mg_port entry;

		if (bpf_map_lookup_elem(t->maps.fd[MAP_PORTS], &place, &entry) == 0 &&
		    entry.ifindex == what) {
			*ret = place;
			return true;
		}
	}
	return false;
}

/* While no port is in a VRF the data plane need not look there. */
static void ports_ask(struct tables *t)
{
	struct mg_settings *settings = t->maps.memory[MAP_SETTINGS];
	uint32_t count = 0;

	for (uint32_t place = 0; place < MG_PORTS; place++) {
		struct mg_port entry;

		count += bpf_map_lookup_elem(t->maps.fd[MAP_PORTS], &place, &entry) == 0 &&
			 entry.vrf;
	}
	__atomic_store_n(&settings->vrf_ports, count, __ATOMIC_RELAXED);
}

static int port_enter(struct tables *t, const struct port *port)
{
	const struct mg_port entry = { .ifindex = port->state.ifindex,
				       .vrf = port->state.spec.vrf };
	uint32_t place;

	if (!port_place(t, entry.ifindex, entry.ifindex, &place) &&
	    !port_place(t, entry.ifindex, 0, &place))
		return log_err(-ENOSPC,
			       "%s: all places in mg_ports for interface %u are taken: make the "
			       "interface anew, so that it gets another number",
			       port->state.name, entry.ifindex);
	if (bpf_map_update_elem(t->maps.fd[MAP_PORTS], &place, &entry, BPF_ANY) < 0)
		return log_err(-errno, "mg_ports: interface %u cannot be entered", entry.ifindex);
	ports_ask(t);
	return 0;
}

static void place_empty(struct tables *t, uint32_t place)
{
	const struct mg_port none = { 0 };

	bpf_map_update_elem(t->maps.fd[MAP_PORTS], &place, &none, BPF_ANY);
	ports_ask(t);
}

static void port_leave(struct tables *t, uint32_t ifindex)
{
	uint32_t place;

	if (ifindex && port_place(t, ifindex, ifindex, &place))
		place_empty(t, place);
}

/* What is there in another way than is wanted now goes first: it may have been so before. */
static int program_start(struct tables *t, struct port *port, int program)
{
	const char *name = port->state.name;
	bool wants_link = program >= 0 && port->state.spec.attach == PORT_LINK;

	if (!wants_link)
		link_remove(t, name);
	if (program < 0 || wants_link)
		dispatched_remove(t, name);
	if (program < 0)
		return 0;
	if (!wants_link)
		return dispatched_attach(t, port);
	return link_adopt(t, port, program) ? 0 : link_attach(t, port, program);
}

static int port_start(struct tables *t, struct port *port)
{
	const struct port_spec *spec = &port->state.spec;
	int program = maps_program(&t->maps, spec->role);
	int r = port_enter(t, port);

	if (r < 0)
		return r;
	r = program_start(t, port, program);
	if (r < 0) {
		port_leave(t, port->state.ifindex);
		return r;
	}
	log_info("%s: role %s%s%s%s", port->state.name, role_name(spec->role),
		 program < 0                       ? ""
		 : port->state.mode == PORT_NATIVE ? ", native XDP"
						   : ", generic XDP (slower)",
		 program >= 0 && spec->attach == PORT_DISPATCHER ? ", by the dispatcher" : "",
		 port->state.adopted ? ", taken over" : "");
	return 0;
}

/* What can be known before anything is changed. */
static int port_check(const struct tables *t, const char *name, const struct port_spec *spec)
{
	if (maps_program(&t->maps, spec->role) < 0)
		return 0;
	if (spec->attach == PORT_DISPATCHER)
		return dispatcher_check(&t->maps, name, spec->role);
	if (dispatched(t, name) && dispatcher_others(name))
		return log_err(
			-EBUSY,
			"%s: `attach: link` wants the interface for itself, and other programs "
			"are in its dispatcher: see `xdp-loader status %s`, or leave it at "
			"`attach: dispatcher`",
			name, name);
	return 0;
}

static bool port_is_as(const struct port *port, uint32_t ifindex, const struct port_spec *spec)
{
	const struct port_spec *is = &port->state.spec;

	return port->state.ifindex == ifindex && is->role == spec->role &&
	       is->attach == spec->attach && is->priority == spec->priority &&
	       is->generic_allowed == spec->generic_allowed && is->vrf == spec->vrf;
}

static int port_make(struct tables *t, const char *name, struct port **ret)
{
	struct port *more = reallocarray(t->port, t->port_count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	t->port = more;
	*ret = &t->port[t->port_count++];
	**ret = (struct port){ 0 };
	strncpy((*ret)->state.name, name, sizeof((*ret)->state.name) - 1);
	return 0;
}

static void port_delete(struct tables *t, struct port *port)
{
	*port = t->port[--t->port_count];
}

int tables_port_attach(struct tables *t, const char *interface, const struct port_spec *spec,
		       enum port_mode *ret)
{
	struct port *port = port_find(t, interface);
	struct netlink_link link;
	int r;

	if (!adjacency_link(t->adjacency, interface, &link))
		return log_err(-ENODEV, "%s: no such interface: see `ip link`", interface);
	if (port && port_is_as(port, link.ifindex, spec)) {
		*ret = port->state.mode;
		return 0;
	}
	r = port_check(t, interface, spec);
	if (r >= 0 && !port)
		r = port_make(t, interface, &port);
	if (r < 0)
		return r;
	port->state.spec = *spec;
	port->state.ifindex = link.ifindex;
	port->state.mtu = link.mtu;
	r = port_start(t, port);
	if (r < 0) {
		port_leave(t, port->state.ifindex);
		port_delete(t, port);
		return r;
	}
	*ret = port->state.mode;
	return 0;
}

int tables_port_detach(struct tables *t, const char *interface)
{
	struct port *port = port_find(t, interface);

	if (!port)
		return -ENOENT;
	port_leave(t, port->state.ifindex);
	link_remove(t, interface);
	dispatched_remove(t, interface);
	port_delete(t, port);
	return 0;
}

bool tables_port(const struct tables *t, size_t index, struct port_state *ret)
{
	if (index >= t->port_count)
		return false;
	*ret = t->port[index].state;
	return true;
}

static void port_refresh(struct tables *t, struct port *port)
{
	struct netlink_link link = { 0 };

	adjacency_link(t->adjacency, port->state.name, &link);
	port->state.mtu = link.mtu;
	if (link.ifindex == port->state.ifindex)
		return;
	if (port->state.ifindex)
		port_leave(t, port->state.ifindex);
	port->state.ifindex = link.ifindex;
	if (link.ifindex) {
		port_start(t, port);
		return;
	}
	link_remove(t, port->state.name);
	dispatched_remove(t, port->state.name);
	log_warn(0, "%s: the interface is gone; it is taken up again when it returns",
		 port->state.name);
}

void ports_refresh(struct tables *t)
{
	for (size_t i = 0; i < t->port_count; i++)
		port_refresh(t, &t->port[i]);
}

static bool port_has(const struct tables *t, uint32_t ifindex)
{
	for (size_t i = 0; i < t->port_count; i++)
		if (t->port[i].state.ifindex == ifindex)
			return true;
	return false;
}

static void program_claim_end(void *user, const char *name)
{
	struct tables *t = user;

	if (port_find(t, name))
		return;
	log_info("%s: no port any more: its XDP program is detached", name);
	link_remove(t, name);
	dispatched_remove(t, name);
}

void ports_claim_end(struct tables *t)
{
	for (uint32_t place = 0; place < MG_PORTS; place++) {
		struct mg_port entry;

		if (bpf_map_lookup_elem(t->maps.fd[MAP_PORTS], &place, &entry) == 0 &&
		    entry.ifindex && !port_has(t, entry.ifindex))
			place_empty(t, place);
	}
	pin_list(t->pin_dir, LINKS, program_claim_end, t);
	pin_list(t->pin_dir, DISPATCHED, program_claim_end, t);
}
