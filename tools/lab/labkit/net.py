# SPDX-License-Identifier: BSD-2-Clause
"""Namespaces, links, addresses and routes of the lab: what `ip` and `ethtool` do."""

import os
import subprocess

from . import plan

FORWARDERS = [r.name for r in plan.ROUTERS]


class Failed(Exception):
    """A command failed; the text says which and why."""


def run(*words, text=None, check=True):
    result = subprocess.run(
        [str(w) for w in words], input=text, capture_output=True, text=True, check=False
    )
    if check and result.returncode:
        fault = (result.stderr or result.stdout).strip()
        raise Failed(f"{' '.join(str(w) for w in words)}: {fault}")
    return result.stdout


def inside(name, *words):
    """The command line in a namespace; not `ip netns exec`, which would hide bpffs."""
    return ["nsenter", f"--net={plan.NETNS / plan.netns(name)}", *[str(w) for w in words]]


def _batch(name, lines):
    """Many `ip` commands in one namespace at once."""
    run("ip", "-n", plan.netns(name), "-batch", "-", text="\n".join(lines) + "\n")


def _ports(link):
    """(namespace, interface, peer's namespace, peer's interface) of each veth pair of a link."""
    if not link.delay_ms:
        return [(link.a, link.a_port, link.b, link.b_port)]
    near, far = delay_ports(link)
    return [(link.a, link.a_port, plan.DELAY, near), (plan.DELAY, far, link.b, link.b_port)]


def delay_ports(link):
    return f"{link.b}-a", f"{link.b}-b"


def _add_namespace(name):
    run("ip", "netns", "add", plan.netns(name))
    settings = ["net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0",
                "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
                "net.ipv4.tcp_tw_reuse=1", "net.ipv4.ip_local_port_range=1025 65535"]
    if name in FORWARDERS:
        settings += ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]
    run(*inside(name, "sysctl", "-q", "-w", *settings))
    _batch(name, ["link set lo up"])


def _add_veth(pair, mtu):
    a, a_port, b, b_port = pair
    run("ip", "link", "add", a_port, "netns", plan.netns(a), "mtu", mtu, "type", "veth",
        "peer", "name", b_port, "netns", plan.netns(b), "mtu", mtu)
    # GRO on both ends first: what a veth can do with redirected frames is fixed as it goes up.
    for name, port in ((a, a_port), (b, b_port)):
        _prepare_port(name, port)
    for name, port in ((a, a_port), (b, b_port)):
        _batch(name, [f"link set {port} up"])


def _prepare_port(name, port):
    """Frames as on a wire. XDP and AF_PACKET would else see packets with unfinished checksums and
    64 kB in one; a veth takes redirected frames only where its peer has GRO or a program."""
    gro = "off" if name == plan.DELAY else "on"
    run(*inside(name, "ethtool", "-K", port, "tx", "off", "tso", "off", "gso", "off", "gro", gro),
        check=False)


def _add_addresses():
    for router in plan.ROUTERS + (plan.REFLECTOR,):
        _batch(router.name, [f"addr add {router.v4}/32 dev lo", f"addr add {router.v6}/128 dev lo"])
    for site in plan.SITES:
        length = 128 if ":" in site.endpoint else 32
        _batch(site.name, [f"addr add {site.endpoint}/{length} dev lo"])
        _batch(plan.server_of(site), [f"addr add {plan.SERVICE_V4}/32 dev lo",
                                      f"addr add {plan.SERVICE_V6}/128 dev lo"])
    for client in plan.CLIENTS:
        _batch(client.name, [f"addr add {a}/{128 if ':' in a else 32} dev lo"
                             for a in client.sources])
    for link in plan.LINKS:
        for end, name, port in ((1, link.a, link.a_port), (2, link.b, link.b_port)):
            _batch(name, [f"addr add {link.v4(end)}/30 dev {port}",
                          f"addr add {link.v6(end)}/64 dev {port} nodad"])


def _route(name, prefix, neighbor):
    link, end = plan.link_between(name, neighbor)
    via = link.v6(3 - end) if ":" in prefix else link.v4(3 - end)
    return f"route add {prefix} via {via}"


def _default(name, neighbor, v4=None, v6=None):
    """The sources are on lo: the core knows no way back to a link's own addresses."""
    _batch(name, [_route(name, "0.0.0.0/0", neighbor) + (f" src {v4}" if v4 else ""),
                  _route(name, "::/0", neighbor) + (f" src {v6}" if v6 else "")])


def _add_routes():
    """Static: the core alone knows ways, everybody else has a default."""
    core = []
    for router in plan.INGRESSES + plan.SITES + (plan.REFLECTOR,):
        core += [_route("core", f"{router.v4}/32", router.name),
                 _route("core", f"{router.v6}/128", router.name)]
        _default(router.name, "core", router.v4, router.v6)
    for site in plan.SITES:
        length = 128 if ":" in site.endpoint else 32
        core.append(_route("core", f"{site.endpoint}/{length}", site.name))
        core += [_route("core", prefix, site.name)
                 for prefix in plan.link_between(site.name, plan.server_of(site))[0].prefixes]
        _default(plan.server_of(site), site.name)
    for client in plan.CLIENTS:
        for prefix in plan.CLIENT_PREFIXES[client.name]:
            core.append(_route("core", prefix, client.ingress))
            _batch(client.ingress, [_route(client.ingress, prefix, client.name)])
        v4, v6 = (next(a for a in client.sources if (":" in a) == six) for six in (False, True))
        _default(client.name, client.ingress, v4, v6)
    _batch("core", core)


def up():
    for name in plan.namespaces():
        _add_namespace(name)
    for link in plan.LINKS:
        for pair in _ports(link):
            _add_veth(pair, link.mtu)
    _add_addresses()
    _add_routes()


def down():
    for path in sorted(plan.NETNS.glob(plan.PREFIX + "*")):
        run("ip", "netns", "del", path.name, check=False)


def mount_bpffs():
    if not os.path.ismount("/sys/fs/bpf"):
        run("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
