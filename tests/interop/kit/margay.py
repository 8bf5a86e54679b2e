# SPDX-License-Identifier: BSD-2-Clause
"""margayd as egress, ingress and reflector: configuration, start, and questions to it."""

import json
import os
import pathlib
import shutil
import subprocess
import time

from . import lan

AS = 65000
V4 = "198.51.100.80/32"
V6 = "2001:db8:80::1/128"
BUILD = pathlib.Path(os.environ.get("MARGAY_BUILD", "build/san"))
MARGAYD = BUILD / "control/margayd"
CLI = BUILD / "tools/margay/margay"
PINS = f"/sys/fs/bpf/margay-{lan.SCRIPT}"

TARGET = "65000:100"  # of the VRF that VPN routes are for
VPN = ", families: [ipv4-vpn, ipv6-vpn]"

# Each value differs from every other, so that a mix-up shows.
LOAD = {"capacity": 8, "service-time": 0.05, "arrival-rate": 120.5, "in-flight": 6,
        "utilisation": 0.75, "window": 2, "score": 7, "preference": 100, "availability": 90,
        "delay-index": 20}
# Where `margay show` has another name, and by how much its value is greater.
SHOWN = {"service-time": ("service-time-ms", 1000), "time": ("sampled-ms", 1000)}


def _head(where, name, number):
    return f"""\
router:
  name: {name}
  router-id: {lan.v4(number)}
  as: {AS}
  control-socket: {where}/margayd.sock
  state-directory: {where}
  pin-directory: {PINS}/{name}
tables: {{services: 16, slots: 4096, members: 256, sites: 64, pin-sets: 64}}
"""


def neighbor(number, words="", remote_as=AS):
    return f"    - {{address: {lan.v4(number)}, as: {remote_as}, connect-retry: 1{words}}}\n"


def _vrf(number, words):
    """The VRF of the site or ingress of a number."""
    return f"""\
vrfs:
  - {{name: red, id: 1, rd: "{lan.v4(number)}:1", import: ["{TARGET}"]{words}}}
"""


def _service(vrf=False):
    line = "    vrf: red\n" if vrf else ""
    return f"""\
services:
  - name: web
{line}    addresses: [{V4.partition("/")[0]}, "{V6.partition("/")[0]}"]
    protocol: tcp
    port: 80
"""


class Router:
    """One margayd. `body` is its configuration below the part that every one has."""

    def __init__(self, net, name, number, body):
        self.net, self.name, self.number = net, name, number
        self.where = net.directory(name)
        self.config = self.where / "margay.yaml"
        self.config.write_text(_head(self.where, name, number) + body)

    def start(self):
        self.net.start(self.name, MARGAYD, "-c", self.config)

    def ask(self, *words):
        """One question, answered in JSON; {} while it does not answer."""
        result = subprocess.run([CLI, "-s", self.where / "margayd.sock", "-j", *words],
                                capture_output=True, text=True, check=False, timeout=20)
        try:
            return json.loads(result.stdout)
        except ValueError:
            return {}

    def neighbors(self):
        return {n["address"]: n for n in self.ask("show", "bgp", "neighbors").get("neighbors", [])}

    def routes(self):
        return self.ask("show", "bgp", "routes").get("routes", [])


# What the site of a carrier is reached by. Of `direct` communities alone can tell; srv6 is in
# attribute 40, GRE in attribute 23.
TUNNELS = {"community": "direct", "edge-metadata": "srv6", "link-bandwidth": "gre"}
# In a VRF there has to be one.
VPN_TUNNELS = TUNNELS | {"community": "ipip"}


class Site(Router):
    """An egress that tells of its load by one carrier only; `load` is what its collector reads. With
    `vpn` the service is in a VRF, and its routes are VPN routes."""

    def __init__(self, net, name, number, carrier, others, vpn=False):
        self.carrier, self.told = carrier, {}
        self.load = net.directory(name) / "load"
        self.tunnel = (VPN_TUNNELS if vpn else TUNNELS)[carrier]
        self.load.write_text("")
        words = f", carriers-send: [{carrier}]" + (VPN if vpn else "")
        vrf = f', export: ["{TARGET}"], endpoint: "2001:db8:5:{number}::100"'
        super().__init__(net, name, number, f"""\
{_vrf(number, vrf) if vpn else ""}bgp:
  neighbors:
{"".join(neighbor(n, words) for n in others)}
site:
  name: {name}
  id: {number}
  encapsulation: {self.tunnel}
  endpoint: "2001:db8:5:{number}::46"
  next-hop-v4: {lan.v4(number)}
  next-hop-v6: "{lan.v6(number)}"
{_service(vpn)}
    announce:
      instances: [{lan.v4(254)}]
      announce-without-report: false
      update-min: 0.1
      collector: {{file: {self.load}, timeout: 600}}
""")

    def report(self, **changes):
        """A line of the collector; `told` is what should arrive of it by every carrier: the name
        and value that `margay show` has, by words for people."""
        line = LOAD | {"time": round(time.time(), 3)} | changes
        with open(self.load, "a", encoding="utf-8") as load:
            print(json.dumps(line), file=load)
        self.told = {key: (SHOWN.get(key, (key, 1))[0], line[key] * SHOWN.get(key, (key, 1))[1])
                     for key in line if key not in changes}
        if self.carrier == "link-bandwidth":
            slots = line["capacity"] * line["availability"] / 100
            self.told = {"capacity × availability": ("capacity", slots)}


def ingress(net, name, number, others, carriers, vpn=False):
    words = f", carriers-accept: [{', '.join(carriers)}]" + (VPN if vpn else "")
    return Router(net, name, number, f"""\
{_vrf(number, "") if vpn else ""}tunnel: {{source-v4: {lan.v4(number)}, source-v6: "{lan.v6(number)}"}}
bgp:
  neighbors:
{"".join(neighbor(n, words) for n in others)}
{_service(vpn)}
    steer: {{slots: 256}}
""")


def reflector(net, name, number, others, vpn=False):
    """It asks for every carrier's capability; what it sends is not its own."""
    words = ", client: true, carriers-send: [community, edge-metadata]" + (VPN if vpn else "")
    return Router(net, name, number, f"""\
bgp:
  neighbors:
{"".join(neighbor(n, words) for n in others)}
""")


def has_carrier(net, carrier):
    """Whether this build knows the carrier: what its configuration says."""
    path = net.directory("carrier") / f"{carrier}.yaml"
    path.write_text(_head(path.parent, "carrier", 250) + f"""\
bgp:
  neighbors:
{neighbor(251, f", carriers-send: [{carrier}]")}
""")
    return subprocess.run([MARGAYD, "--check", path], capture_output=True,
                          check=False).returncode == 0


def forget_pins():
    shutil.rmtree(PINS, ignore_errors=True)
