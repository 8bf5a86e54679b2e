# SPDX-License-Identifier: BSD-2-Clause
"""Other speakers, each configured as its own manual says: how to start one as route reflector for
its neighbours, with a route of its own in each family, and how to ask what it holds."""

import json
import os
import shutil
import subprocess

from . import lan, margay

FAMILIES = ("ipv4 unicast", "ipv6 unicast")
# Of eight worker slots: the carrier link-bandwidth says 125000 octets a second for each.
BANDWIDTH_MBIT, BANDWIDTH_FLOAT = 8, 0x49742400


def own_v4(number):
    return f"203.0.113.{number}/32"


def own_v6(number):
    return f"2001:db8:203::{number}/128"


class Peer:
    """One daemon. `clients` are the numbers of its neighbours."""

    title = key = program = package = None
    reflects = True
    tells = None  # by which carrier its own routes have a report, as its manual lets one write it
    refuses = None  # encapsulation at whose attribute it ends the session

    def __init__(self, net, number, clients):
        self.net, self.number, self.clients = net, number, clients
        self.where = net.directory(self.key)

    @classmethod
    def missing(cls):
        if shutil.which(cls.program):
            return None
        return f"{cls.program} is not installed: apt-get install {cls.package}"

    def write(self, name, text):
        path = self.where / name
        path.write_text(text)
        return path

    def inside(self, *words):
        """What a command in the daemon's namespace says; nothing where it fails."""
        result = subprocess.run(lan.inside(self.key, *words), capture_output=True, text=True,
                                check=False, timeout=20)
        return result.stdout

    def silent(self):
        """Why it has no routes of its own; None: it has some."""

    def ready(self):
        """After its sessions are up: what takes a running daemon."""

    def paths(self, prefix):
        """Next hops of the paths it holds for a prefix."""
        raise NotImplementedError

    def _json(self, *words):
        try:
            return json.loads(self.inside(*words))
        except ValueError:
            return {}


class Frr(Peer):
    """zebra tells bgpd which next hops can be reached: without it nothing is passed on."""

    title, key, program, package = "FRR", "frr", "/usr/lib/frr/bgpd", "frr"
    tells = "link-bandwidth"

    def version(self):
        return self.inside(self.program, "--version").split("\n")[0].split()[-1]

    def _config(self):
        lines = [f"router bgp {margay.AS}", f" bgp router-id {lan.v4(self.number)}",
                 " no bgp default ipv4-unicast", " no bgp network import-check"]
        lines += [f" neighbor {lan.v4(n)} remote-as {margay.AS}" for n in self.clients]
        for family, own in zip(FAMILIES, (own_v4(self.number), own_v6(self.number))):
            lines += [f" address-family {family}", f"  network {own} route-map slots"]
            for n in self.clients:
                lines += [f"  neighbor {lan.v4(n)} activate",
                          f"  neighbor {lan.v4(n)} route-reflector-client",
                          f"  neighbor {lan.v4(n)} addpath-tx-all-paths"]
            lines.append(" exit-address-family")
        lines += ["route-map slots permit 10", f" set extcommunity bandwidth {BANDWIDTH_MBIT}"]
        return "\n".join(lines) + "\n"

    def _daemon(self, name, *words):
        self.net.start(self.key, f"/usr/lib/frr/{name}", "-f", self.where / f"{name}.conf",
                       "-i", self.where / f"{name}.pid", "-z", self.where / "zserv",
                       "--vty_socket", self.where, "-u", "frr", "-g", "frr", "-P", "0", *words,
                       key=f"frr-{name}")

    def start(self):
        self.write("zebra.conf", "hostname rr\n")
        self.write("bgpd.conf", self._config())
        # root would not do: Debian's build wants a user of its group frrvty
        for path in (self.where, *self.where.iterdir()):
            shutil.chown(path, "frr", "frr")
        self._daemon("zebra")
        lan.wait_for((self.where / "zserv").is_socket, 10)
        self._daemon("bgpd", "-l", "0.0.0.0")

    def paths(self, prefix):
        family = FAMILIES[":" in prefix]
        words = f"show bgp {family} {prefix} json"
        answer = self._json("vtysh", "--vty_socket", self.where, "-c", words)
        return [p["nexthops"][0]["ip"] for p in answer.get("paths", [])]


class Bird(Peer):
    """The direct protocol tells which next hops can be reached."""

    title, key, program, package = "BIRD", "bird", "bird", "bird2"
    tells = "link-bandwidth"

    def version(self):
        words = [self.program, "--version"]
        return subprocess.run(words, capture_output=True, text=True, check=False).stderr.split()[-1]

    def _config(self):
        text = f"""\
router id {lan.v4(self.number)};
protocol device {{}}
protocol direct {{ ipv4; ipv6; }}
protocol static {{ ipv4; route {own_v4(self.number)} blackhole; }}
protocol static {{ ipv6; route {own_v6(self.number)} blackhole; }}
filter told {{
	if source = RTS_BGP then accept;
	if source != RTS_STATIC then reject;
	bgp_ext_community.add((generic, {0x40040000 + margay.AS:#x}, {BANDWIDTH_FLOAT:#x}));
	accept;
}}
"""
        for n in self.clients:
            channel = "import all; export filter told; add paths on;"
            text += f"""\
protocol bgp {{
	local {lan.v4(self.number)} as {margay.AS};
	neighbor {lan.v4(n)} as {margay.AS};
	rr client;
	ipv4 {{ {channel} }};
	ipv6 {{ {channel} }};
}}
"""
        return text

    def start(self):
        self.net.start(self.key, self.program, "-f", "-c", self.write("bird.conf", self._config()),
                       "-s", self.where / "ctl", "-P", self.where / "pid")

    def paths(self, prefix):
        lines = self.inside("birdc", "-r", "-s", self.where / "ctl", "show", "route", prefix, "all")
        return [line.split()[1] for line in lines.split("\n") if "BGP.next_hop:" in line]


class Gobgp(Peer):
    """Its command line has a word for link bandwidth, but refuses every number behind it."""

    title, key, program, package = "GoBGP", "gobgp", "gobgpd", "gobgpd"
    families = ("ipv4-unicast", "ipv6-unicast")

    def version(self):
        return self.inside(self.program, "--version").split()[-1]

    def _config(self):
        text = f"""\
[global.config]
  as = {margay.AS}
  router-id = "{lan.v4(self.number)}"
"""
        for n in self.clients:
            text += f"""\
[[neighbors]]
  [neighbors.config]
    neighbor-address = "{lan.v4(n)}"
    peer-as = {margay.AS}
  [neighbors.route-reflector.config]
    route-reflector-client = true
    route-reflector-cluster-id = "{lan.v4(self.number)}"
"""
            for family in self.families:
                text += f"""\
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "{family}"
    [neighbors.afi-safis.add-paths.config]
      receive = true
      send-max = 8
"""
        return text

    def start(self):
        self.net.start(self.key, self.program, "-f", self.write("gobgpd.conf", self._config()),
                       "--api-hosts", "127.0.0.1:50051", "--pprof-disable")

    def ready(self):
        self.inside("gobgp", "global", "rib", "add", "-a", "ipv4", own_v4(self.number),
                    "nexthop", lan.v4(self.number))
        self.inside("gobgp", "global", "rib", "add", "-a", "ipv6", own_v6(self.number),
                    "nexthop", lan.v6(self.number))

    def paths(self, prefix):
        family = "ipv6" if ":" in prefix else "ipv4"
        answer = self._json("gobgp", "global", "rib", "-a", family, prefix, "-j")
        found = []
        for path in answer if isinstance(answer, list) else next(iter(answer.values()), []):
            found += [a["nexthop"] for a in path["attrs"] if a["type"] in (3, 14)]
        return found


class Openbgpd(Peer):
    """It passes nothing on but what a filter rule allows. It wants the home of its user, which
    systemd would make; empty it may stay."""

    title, key, program, package = "OpenBGPD", "openbgpd", "/usr/sbin/bgpd", "openbgpd"
    families = ("IPv4 unicast", "IPv6 unicast")

    def version(self):
        words = [self.program, "-V"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).split()[-1]

    def _networks(self):
        return f"network {own_v4(self.number)}\nnetwork {own_v6(self.number)}\n"

    def _config(self):
        announce = "".join(f"\t\tannounce {family}\n" for family in self.families)
        neighbors = "".join(f"""\
	neighbor {lan.v4(n)} {{
		remote-as {margay.AS}
		route-reflector
{announce}		announce add-path recv yes
		announce add-path send all
	}}
""" for n in self.clients)
        return f"""\
AS {margay.AS}
router-id {lan.v4(self.number)}
listen on {lan.v4(self.number)}
fib-update no
socket "{self.where}/ctl"
{self._networks()}group "clients" {{
{neighbors}}}
allow from ibgp
allow to ibgp
"""

    def start(self):
        path = self.write("bgpd.conf", self._config())
        path.chmod(0o600)
        os.makedirs("/run/openbgpd", mode=0o755, exist_ok=True)
        self.net.start(self.key, self.program, "-d", "-f", path)

    def paths(self, prefix):
        answer = self._json("bgpctl", "-s", self.where / "ctl", "-j", "show", "rib", prefix)
        return [r["exit_nexthop"] for r in answer.get("rib", [])]


class Exabgp(Peer):
    """No router: it says what it is told to and writes down what it hears. Its own routes carry
    the communities of a report, as an operator's script would make them. Release 4.2 cannot read
    an SRv6 service in attribute 40, and ends the session with an Attribute Length Error."""

    title, key, program, package = "ExaBGP", "exabgp", "exabgp", "exabgp"
    reflects, tells, refuses = False, "community", "srv6"
    CAPACITY = "0x8301410000000000"  # carrier `community`: 8 worker slots, flags 0, score 0
    families = ("ipv4 unicast", "ipv6 unicast")

    def version(self):
        return self.inside(self.program, "--version").split("\n")[0].split()[-1]

    def _route(self, own, hop):
        return (f"route {own(self.number)} path-information 1 next-hop {hop(self.number)} "
                f"extended-community [ {self.CAPACITY} ];")

    def _config(self):
        families = " ".join(f"{family};" for family in self.families)
        text = f"""\
process heard {{
	run {self.where}/listen;
	encoder json;
}}
"""
        for n in self.clients:
            text += f"""\
neighbor {lan.v4(n)} {{
	router-id {lan.v4(self.number)};
	local-address {lan.v4(self.number)};
	local-as {margay.AS};
	peer-as {margay.AS};
	capability {{ add-path send/receive; }}
	family {{ {families} }}
	add-path {{ {families} }}
	api {{
		processes [ heard ];
		receive {{ parsed; update; }}
	}}
	static {{
		{self._route(own_v4, lan.v4)}
		{self._route(own_v6, lan.v6)}
	}}
}}
"""
        return text

    def start(self):
        script = self.write("listen", f"#!/bin/sh\ncat >>{self.where}/heard\n")
        script.chmod(0o755)
        heard = self.write("heard", "")
        heard.chmod(0o666)  # it leaves root behind
        env = os.environ | {"exabgp.api.cli": "false", "exabgp.log.level": "INFO"}
        self.net.start(self.key, self.program, self.write("exabgp.conf", self._config()), env=env)

    def paths(self, prefix):
        found = set()
        try:
            lines = (self.where / "heard").read_text().split("\n")
        except OSError:
            lines = []
        for line in lines:
            if prefix in line:
                update = json.loads(line)["neighbor"]["message"].get("update", {})
                for family in update.get("announce", {}).values():
                    found |= {hop for hop, routes in family.items()
                              if any(r.get("nlri") == prefix for r in routes)}
        return sorted(found)


ALL = (Frr, Bird, Gobgp, Openbgpd, Exabgp)
