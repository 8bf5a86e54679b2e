# SPDX-License-Identifier: BSD-2-Clause
"""What the lab consists of: names, addresses, paths. Nothing here touches the system.

Addresses are of the documentation ranges (RFC 5737, RFC 3849), so that a leak is seen at once.
"""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# A lab with a name of its own stands beside others.
LAB = os.environ.get("MARGAY_LAB", "")
RUN = Path(f"/run/margay-lab_{LAB}" if LAB else "/run/margay-lab")
PINS = Path("/sys/fs/bpf") / RUN.name
NETNS = Path("/run/netns")
PREFIX = f"mgl_{LAB}-" if LAB else "mgl-"

AS_NUMBER = 65000
SERVICE = "web"
SERVICE_PORT = 80
SERVICE_V4 = "198.51.100.80"
SERVICE_V6 = "2001:db8:100::80"

# The core carries an IPv6 outer header more than clients may fill; XDP on veth takes up to 3,500.
MTU_ACCESS = 1500
MTU_CORE = 2000


@dataclass(frozen=True)
class Router:
    name: str
    number: int  # of its loopbacks

    @property
    def v4(self):
        return f"192.0.2.{self.number}"

    @property
    def v6(self):
        return f"2001:db8:ff::{self.number}"


@dataclass(frozen=True)
class Site(Router):
    """A compute site: its egress router, and the server behind it."""

    site_id: int
    slots: int
    delay_ms: float  # one way, from the core
    encapsulation: str
    endpoint: str

    @property
    def rtt_ms(self):
        return 2 * self.delay_ms


@dataclass(frozen=True)
class Client:
    name: str
    ingress: str
    sources: tuple


@dataclass(frozen=True)
class Link:
    """A veth pair; with a delay, two pairs with a delay line between them."""

    number: int
    a: str
    a_port: str
    b: str
    b_port: str
    mtu: int
    delay_ms: float = 0

    def v4(self, end):
        return f"203.0.113.{4 * self.number + end}"

    def v6(self, end):
        return f"2001:db8:f:{self.number:x}::{end}"

    @property
    def prefixes(self):
        return f"{self.v4(0)}/30", f"2001:db8:f:{self.number:x}::/64"


SERVICE_TIME_MS = 50

SITES = (
    Site("east", 11, 1, 8, 2, "srv6", "2001:db8:5:1::46"),
    Site("west", 12, 2, 8, 5, "ipip", "192.0.2.112"),
    Site("cloud", 13, 3, 32, 15, "ipip", "2001:db8:5:3::4"),
)
INGRESSES = (Router("pe1", 1), Router("pe2", 2))
CORE = Router("core", 254)
REFLECTOR = Router("rr", 100)
DELAY = "delay"


def _sources(v4_first, v6_net, count=6):
    return tuple(f"198.51.100.{v4_first + i}" for i in range(count)) + tuple(
        f"2001:db8:{v6_net}::{i + 1:x}" for i in range(count)
    )


CLIENTS = (
    Client("c1", "pe1", _sources(129, "c1")),
    Client("c2", "pe2", _sources(161, "c2")),
)
CLIENT_PREFIXES = {
    "c1": ("198.51.100.128/27", "2001:db8:c1::/64"),
    "c2": ("198.51.100.160/27", "2001:db8:c2::/64"),
}


def server_of(site):
    return f"{site.name}-srv"


def _links():
    links = []

    def add(a, a_port, b, b_port, mtu, delay_ms=0):
        links.append(Link(len(links), a, a_port, b, b_port, mtu, delay_ms))

    for client in CLIENTS:
        add(client.ingress, "acc0", client.name, "up0", MTU_ACCESS)
    for router in INGRESSES + (REFLECTOR,):
        add("core", router.name, router.name, "core0", MTU_CORE)
    for site in SITES:
        add("core", site.name, site.name, "core0", MTU_CORE, site.delay_ms)
        add(site.name, "site0", server_of(site), "up0", MTU_ACCESS)
    return tuple(links)


LINKS = _links()
ROUTERS = INGRESSES + SITES + (CORE,)
MARGAYS = INGRESSES + SITES


def namespaces():
    names = [r.name for r in ROUTERS] + [REFLECTOR.name, DELAY]
    return names + [c.name for c in CLIENTS] + [server_of(s) for s in SITES]


def link_between(a, b):
    """The link, and which end (1 or 2) is a's."""
    for link in LINKS:
        if (link.a, link.b) == (a, b):
            return link, 1
        if (link.b, link.a) == (a, b):
            return link, 2
    raise KeyError(f"no link between {a} and {b}")


def netns(name):
    return PREFIX + name


def directory(name):
    return RUN / name


def control_socket(name):
    return directory(name) / "margayd.sock"


def site_socket(site):
    return directory(server_of(site)) / "server.sock"


def site_board(site):
    return directory(server_of(site)) / "board"


def direct_addresses(site):
    """The server's own addresses, which no router steers."""
    link, end = link_between(site.name, server_of(site))
    return link.v4(3 - end), link.v6(3 - end)


def pins(name):
    return PINS / name


def build_directory():
    return Path(os.environ.get("MARGAY_BUILD", ROOT / "build"))


def program(name):
    places = {"margayd": "control", "margay": "tools/margay"}
    return build_directory() / places.get(name, "tools/lab") / name
