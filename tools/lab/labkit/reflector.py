# SPDX-License-Identifier: BSD-2-Clause
"""The route reflector: Debian's FRR as it is, or our own daemon."""

import os
import shutil

from . import net, plan, procs, routers

FRR = "/usr/lib/frr"
FAMILIES = ("ipv4 unicast", "ipv6 unicast")

# All ways of the reflector are its default route, which FRR by itself does not take for next hops.
ZEBRA_CONFIG = "ip nht resolve-via-default\nipv6 nht resolve-via-default\n"


def frr_missing():
    """What is missing for FRR, or None."""
    for daemon in ("zebra", "bgpd"):
        if not os.access(f"{FRR}/{daemon}", os.X_OK):
            return f"{FRR}/{daemon}"
    return None


def _frr_config(settings):
    clients = [r.v4 for r in plan.MARGAYS]
    lines = ["frr defaults traditional", f"router bgp {plan.AS_NUMBER}",
             f" bgp router-id {plan.REFLECTOR.v4}", f" bgp cluster-id {plan.REFLECTOR.v4}",
             " no bgp default ipv4-unicast"]
    for address in clients:
        lines += [f" neighbor {address} remote-as {plan.AS_NUMBER}",
                  f" neighbor {address} update-source {plan.REFLECTOR.v4}",
                  f" neighbor {address} advertisement-interval 0",
                  f" neighbor {address} timers 3 {settings.hold_time}",
                  f" neighbor {address} timers connect 1",
                  f" neighbor {address} capability extended-nexthop"]
    for family in FAMILIES:
        lines.append(f" address-family {family}")
        for address in clients:
            lines += [f"  neighbor {address} activate",
                      f"  neighbor {address} route-reflector-client",
                      f"  neighbor {address} addpath-tx-all-paths"]
        lines.append(" exit-address-family")
    return "\n".join(lines) + "\n"


def _frr_start(settings):
    """zebra runs too: without it bgpd takes every next hop for unreachable."""
    where = plan.directory(plan.REFLECTOR.name)
    where.mkdir(parents=True, exist_ok=True)
    (where / "bgpd.conf").write_text(_frr_config(settings))
    (where / "zebra.conf").write_text(ZEBRA_CONFIG)
    for path in (where, where / "bgpd.conf", where / "zebra.conf"):
        shutil.chown(path, "frr", "frr")  # both daemons leave root behind
    common = ["-z", where / "zserv.api", "--vty_socket", where, "-P", "0"]
    procs.start("rr-zebra", plan.REFLECTOR.name, f"{FRR}/zebra", "-f", where / "zebra.conf",
                "-i", where / "zebra.pid", *common)
    procs.start("rr-bgpd", plan.REFLECTOR.name, f"{FRR}/bgpd", "-f", where / "bgpd.conf",
                "-i", where / "bgpd.pid", "-l", plan.REFLECTOR.v4, *common)


def start(kind, settings):
    if kind == "margay":
        routers.write_config(plan.REFLECTOR, settings)
        routers.start(plan.REFLECTOR)
        return
    missing = frr_missing()
    if missing:
        raise net.Failed(f"{missing} is missing: apt install frr, or use --rr margay")
    _frr_start(settings)


def vtysh(*commands):
    words = ["vtysh", "--vty_socket", plan.directory(plan.REFLECTOR.name)]
    for command in commands:
        words += ["-c", command]
    return net.run(*net.inside(plan.REFLECTOR.name, *words))
