# SPDX-License-Identifier: BSD-2-Clause
"""The other speakers with VPN routes (SAFI 128) only: reflected, and of their own where their manual
has a way to make one without a kernel that forwards MPLS."""

import subprocess

from . import lan, margay, peers

LABEL = 16


def rd(number):
    return f"{margay.AS}:{number}"


class Frr(peers.Frr):
    """No VRF, so nothing is imported; `bgp retain route-target all` is the default."""

    tells = None

    def _config(self):
        # the route map before what uses it, or the routes are never made
        lines = ["route-map target permit 10", f" set extcommunity rt {margay.TARGET}", "exit",
                 f"router bgp {margay.AS}", f" bgp router-id {lan.v4(self.number)}",
                 " no bgp default ipv4-unicast", " no bgp network import-check"]
        lines += [f" neighbor {lan.v4(n)} remote-as {margay.AS}" for n in self.clients]
        for family, own in (("ipv4", peers.own_v4), ("ipv6", peers.own_v6)):
            lines += [f" address-family {family} vpn", f"  network {own(self.number)} "
                      f"rd {rd(self.number)} label {LABEL} route-map target"]
            for n in self.clients:
                lines += [f"  neighbor {lan.v4(n)} activate",
                          f"  neighbor {lan.v4(n)} route-reflector-client",
                          f"  neighbor {lan.v4(n)} addpath-tx-all-paths"]
            lines.append(" exit-address-family")
        return "\n".join(lines) + "\n"

    def paths(self, prefix):
        family = "ipv6" if ":" in prefix else "ipv4"
        answer = self._json("vtysh", "--vty_socket", self.where, "-c",
                            f"show bgp {family} vpn json")
        dsts = answer.get("routes", {}).get("routeDistinguishers", {}).values()
        return [p["nexthops"][0]["ip"] for dst in dsts for p in dst.get(prefix, [])]


class Bird(peers.Bird):
    tells = None

    def _config(self):
        target = margay.TARGET.replace(":", ", ")
        text = f"""\
router id {lan.v4(self.number)};
protocol device {{}}
protocol direct {{ ipv4; ipv6; }}
vpn4 table vpn4t;
vpn6 table vpn6t;
filter own {{ bgp_ext_community.add((rt, {target})); accept; }}
protocol static {{
	vpn4 {{ table vpn4t; import filter own; }};
	route {rd(self.number)} {peers.own_v4(self.number)} blackhole;
}}
protocol static {{
	vpn6 {{ table vpn6t; import filter own; }};
	route {rd(self.number)} {peers.own_v6(self.number)} blackhole;
}}
"""
        for n in self.clients:
            text += f"""\
protocol bgp {{
	local {lan.v4(self.number)} as {margay.AS};
	neighbor {lan.v4(n)} as {margay.AS};
	rr client;
	vpn4 mpls {{ table vpn4t; import all; export all; add paths on; }};
	vpn6 mpls {{ table vpn6t; import all; export all; add paths on; }};
}}
"""
        return text

    def paths(self, prefix):
        table = "vpn6t" if ":" in prefix else "vpn4t"
        lines = self.inside("birdc", "-r", "-s", self.where / "ctl", "show", "route", "table",
                            table, "all").split("\n")
        found, here = [], False
        for line in lines:
            words = line.split()
            if len(words) > 1 and not line.startswith(("\t", " ")):
                here = prefix in words[:2]
            if here and "BGP.next_hop:" in line:
                found.append(words[1])
        return found


class Gobgp(peers.Gobgp):
    families = ("l3vpn-ipv4-unicast", "l3vpn-ipv6-unicast")

    def ready(self):
        for family, own, hop in (("vpnv4", peers.own_v4, lan.v4), ("vpnv6", peers.own_v6, lan.v6)):
            self.inside("gobgp", "global", "rib", "add", "-a", family, own(self.number),
                        "label", LABEL, "rd", rd(self.number), "rt", margay.TARGET,
                        "nexthop", hop(self.number))

    def paths(self, prefix):
        family = "vpnv6" if ":" in prefix else "vpnv4"
        answer = self._json("gobgp", "global", "rib", "-a", family, "-j")
        found = []
        for dst, paths in answer.items():
            if dst.endswith(":" + prefix):
                found += [a["nexthop"] for p in paths for a in p["attrs"] if a["type"] == 14]
        return found


class Openbgpd(peers.Openbgpd):
    """Routes of its own would be those of a VRF, which wants an mpe(4) interface."""

    families = ("IPv4 vpn", "IPv6 vpn")
    _silent = None

    def _networks(self):
        return ""

    def silent(self):
        """What it says of a VRF when it is to start with one."""
        if self._silent is None:
            self._silent = self._try_vrf()
        return self._silent

    def _try_vrf(self):
        path = self.write("vrf.conf", f"""\
AS {margay.AS}
router-id {lan.v4(self.number)}
socket "{self.where}/vrf.ctl"
vpn "red" on mpe0 {{
	rd {rd(self.number)}
	import-target rt {margay.TARGET}
	export-target rt {margay.TARGET}
	network {peers.own_v4(self.number)}
}}
""")
        path.chmod(0o600)
        try:
            done = subprocess.run(lan.inside(self.key, self.program, "-d", "-f", path),
                                  capture_output=True, text=True, check=False, timeout=3)
        except subprocess.TimeoutExpired:
            return ""
        return done.stderr.split("\n")[0].split(": ", 1)[-1]

    def paths(self, prefix):
        answer = self._json("bgpctl", "-s", self.where / "ctl", "-j", "show", "rib", "detail")
        return [r["exit_nexthop"] for r in answer.get("rib", []) if prefix in r["prefix"]]


class Exabgp(peers.Exabgp):
    families = ("ipv4 mpls-vpn", "ipv6 mpls-vpn")

    def _route(self, own, hop):
        return (f"route {own(self.number)} rd {rd(self.number)} label {LABEL} next-hop "
                f"{hop(self.number)} extended-community "
                f"[ target:{margay.TARGET} {self.CAPACITY} ];")


ALL = (Frr, Bird, Gobgp, Openbgpd, Exabgp)
