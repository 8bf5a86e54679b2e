# SPDX-License-Identifier: BSD-2-Clause
"""Runts, truncated and contradictory frames from a client get a verdict with a counter, and the
router works on. The frames are random within their kind; the seed is printed."""

import os
import random
import socket
import struct

from common import failures, run_load
from labkit import net, plan, procs, routers

SEED = int(os.environ.get("MARGAY_SEED", "1"))
EACH = 200
SERVICE4 = socket.inet_pton(socket.AF_INET, plan.SERVICE_V4)
SERVICE6 = socket.inet_pton(socket.AF_INET6, plan.SERVICE_V6)
SOURCE4 = socket.inet_pton(socket.AF_INET, plan.CLIENTS[0].sources[0])
SOURCE6 = socket.inet_pton(socket.AF_INET6, plan.CLIENTS[0].sources[-1])
TCP, FRAGMENT, ROUTING = 6, 44, 43


def _ipv4(payload, ihl=5, length=None, ttl=64, fragment=0, protocol=TCP):
    total = length if length is not None else 20 + len(payload)
    return struct.pack(">BBHHHBBH4s4s", 0x40 | ihl, 0, total, 0, fragment, ttl, protocol, 0,
                       SOURCE4, SERVICE4) + payload


def _ipv6(payload, following=TCP, length=None, hops=64):
    size = len(payload) if length is None else length
    return struct.pack(">IHBB16s16s", 6 << 28, size, following, hops, SOURCE6, SERVICE6) + payload


def _tcp(draw, offset=5):
    return struct.pack(">HHIIBBHHH", draw.randrange(1024, 65535), plan.SERVICE_PORT,
                       draw.getrandbits(32), 0, offset << 4, 0x02, 1024, 0, 0)


def _chain(draw, depth):
    """IPv6 extension headers, each a routing header of eight octets."""
    packet = _tcp(draw)
    following = TCP
    for _ in range(depth):
        packet = bytes([following, 0, 0, 0, 0, 0, 0, 0]) + packet
        following = ROUTING
    return _ipv6(packet, following)


# kind: (ethertype, maker of a packet, verdicts of which one must count it)
KINDS = {
    "runt IPv4": (0x0800, lambda d: _ipv4(_tcp(d))[:d.randrange(0, 20)],
                  ("truncated", "malformed", "not-ours")),
    "runt IPv6": (0x86DD, lambda d: _ipv6(_tcp(d))[:d.randrange(0, 40)],
                  ("truncated", "malformed", "not-ours")),
    "IPv4 cut in TCP": (0x0800, lambda d: _ipv4(_tcp(d))[:20 + d.randrange(0, 4)],
                        ("truncated", "malformed")),
    "IPv6 cut in TCP": (0x86DD, lambda d: _ipv6(_tcp(d))[:40 + d.randrange(0, 4)],
                        ("truncated", "malformed")),
    "IPv4 header too short": (0x0800, lambda d: _ipv4(_tcp(d), ihl=d.randrange(0, 5)),
                              ("malformed", "truncated")),
    "IPv4 options past the end": (0x0800, lambda d: _ipv4(_tcp(d)[:4], ihl=15, length=60),
                                  ("truncated", "malformed")),
    "IPv4 length past the end": (0x0800, lambda d: _ipv4(_tcp(d), length=1400),
                                 ("truncated", "malformed")),
    "IPv6 length past the end": (0x86DD, lambda d: _ipv6(_tcp(d), length=1400),
                                 ("truncated", "malformed")),
    "IPv4 fragment": (0x0800, lambda d: _ipv4(_tcp(d), fragment=d.randrange(1, 8191)),
                      ("fragment", "not-ours")),
    "IPv6 fragment": (0x86DD, lambda d: _ipv6(struct.pack(">BBHI", TCP, 0, 8, d.getrandbits(32))
                                              + _tcp(d), FRAGMENT), ("fragment", "not-ours")),
    "TTL 1": (0x0800, lambda d: _ipv4(_tcp(d), ttl=1), ("ttl-expired", "not-ours")),
    "hop limit 1": (0x86DD, lambda d: _ipv6(_tcp(d), hops=1), ("ttl-expired", "not-ours")),
    "extension headers without end": (0x86DD, lambda d: _chain(d, 12),
                                      ("malformed", "truncated", "not-ours")),
    "noise": (0x0800, lambda d: bytes([0x45]) + d.randbytes(d.randrange(19, 120)), ()),
    "IPv6 noise": (0x86DD, lambda d: bytes([0x60]) + d.randbytes(d.randrange(39, 120)), ()),
}


def _verdicts():
    answer = routers.ask("pe1", "show", "counters")
    return {v["name"]: v["packets"] for v in answer["verdicts"]}


def _mac():
    text = net.run("ip", "-n", plan.netns("pe1"), "-o", "link", "show", "acc0")
    return bytes.fromhex(text.split("link/ether ")[1].split()[0].replace(":", ""))


def _send(frames):
    """From the client's namespace: a child of ours enters it, so that we stay where we are."""
    child = os.fork()
    if child == 0:
        with open(plan.NETNS / plan.netns("c1"), encoding="ascii") as netns:
            _setns(netns.fileno())
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("up0", 0))
        for frame in frames:
            raw.send(frame)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _setns(descriptor):
    import ctypes
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0x40000000):
        os._exit(1)


def test(check):
    check.note(f"seed {SEED}")
    draw = random.Random(SEED)
    check.up()
    mac = _mac()
    for words, (ethertype, make, allowed) in KINDS.items():
        frames = [mac + b"\x02\0\0\0\0\1" + ethertype.to_bytes(2, "big") + make(draw)
                  for _ in range(EACH)]
        before = _verdicts()
        sent = _send(frames)
        after = _verdicts()
        moved = {name: after[name] - before[name] for name in after if after[name] > before[name]}
        counted = sum(moved.values())
        check.ok(sent and counted >= EACH, f"{words}: {counted} of {EACH} counted: {moved}")
        if allowed:
            good = sum(n for name, n in moved.items() if name in allowed)
            check.ok(good >= EACH, f"{words}: as {' or '.join(allowed)}")
    check.ok(all(procs.pid_of(r.name) for r in plan.MARGAYS), "every margayd is alive")
    load = run_load([(3, 100)])
    check.ok(load.requests and not any(r.failed for r in load.requests), failures(load.requests))
