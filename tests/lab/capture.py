# SPDX-License-Identifier: BSD-2-Clause
"""What passed between the core and an ingress: BGP withdrawals on their way to it, and new flows in
tunnels on their way from it. One capture in the core's namespace, hence one clock."""

import struct
import time
from dataclasses import dataclass

from labkit import net, plan, procs

ETHERTYPE = {0x0800: 4, 0x86DD: 6}
SYN, ACK = 0x02, 0x10
UPDATE, MP_UNREACH = 2, 15


@dataclass(frozen=True)
class Start:
    """A TCP SYN in a tunnel."""

    at: float
    endpoint: str
    flow: bytes
    family: int


@dataclass(frozen=True)
class Withdrawal:
    at: float
    family: int


class Capture:
    """Of the link to one ingress. Frames that leave by XDP are seen here, where they arrive."""

    def __init__(self, ingress):
        self._key = f"capture-{ingress}"
        self._file = plan.RUN / f"{self._key}.pcap"
        procs.start(self._key, "core", "tcpdump", "-n", "-U", "-s", "600", "-i", ingress, "-w",
                    self._file)
        deadline = time.monotonic() + 5
        while not self._file.exists() or self._file.stat().st_size < 24:
            if time.monotonic() > deadline:
                raise net.Failed(f"tcpdump does not start: {procs.log_tail(self._key)}")
            time.sleep(0.05)

    def stop(self):
        """(starts, withdrawals), by time."""
        procs.stop(self._key)
        starts, withdrawals = [], []
        for at, frame in _frames(self._file.read_bytes()):
            family = ETHERTYPE.get(int.from_bytes(frame[12:14], "big"))
            if family:
                _packet(at, frame[14:], family, starts, withdrawals)
        return starts, withdrawals


def _frames(data):
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, length = struct.unpack_from("<III", data, at)
        yield seconds + fraction / 1e6, data[at + 16:at + 16 + length]
        at += 16 + length


def _network(packet, family):
    """(protocol, source, destination, payload)."""
    if family == 4:
        header = (packet[0] & 15) * 4
        return packet[9], packet[12:16], packet[16:20], packet[header:]
    return packet[6], packet[8:24], packet[24:40], packet[40:]


def _text(address):
    import ipaddress
    return str(ipaddress.ip_address(address))


def _packet(at, packet, family, starts, withdrawals):
    protocol, source, destination, payload = _network(packet, family)
    if protocol in (4, 41):
        inner_family = 4 if protocol == 4 else 6
        inner = _network(payload, inner_family)
        if inner[0] == 6 and inner[3][13] & (SYN | ACK) == SYN:
            flow = inner[1] + inner[3][0:4]
            starts.append(Start(at, _text(destination), flow, inner_family))
    elif protocol == 6 and payload[0:2] == b"\x00\xb3":
        for withdrawn in _withdrawn(payload[(payload[12] >> 4) * 4:]):
            withdrawals.append(Withdrawal(at, withdrawn))


def _withdrawn(stream):
    """Families that the UPDATEs of one TCP segment withdraw something of."""
    while len(stream) >= 19 and stream[:16] == b"\xff" * 16:
        length, kind = struct.unpack_from(">HB", stream, 16)
        body, stream = stream[19:length], stream[length:]
        if kind != UPDATE or len(body) < 4:
            continue
        routes = int.from_bytes(body[:2], "big")
        if routes:
            yield 4
        yield from _unreachable(body[4 + routes:])


def _unreachable(attributes):
    while len(attributes) >= 3:
        extended = attributes[0] & 0x10
        size = int.from_bytes(attributes[2:4], "big") if extended else attributes[2]
        value = attributes[4 if extended else 3:][:size]
        if attributes[1] == MP_UNREACH and len(value) > 3:
            yield 4 if value[:2] == b"\x00\x01" else 6
        attributes = attributes[(4 if extended else 3) + size:]
