# SPDX-License-Identifier: BSD-2-Clause
"""A client behind an ingress, a server at a site, and UDP between them: old flows and new ones, a
packet every few milliseconds, each of which is to be answered."""

import json
import subprocess
import sys

from . import lan

SERVICE, PORT = "198.51.100.80", 80
CLIENT_NET = "10.97.0"

SERVER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("%s", %d))
while True:
    data, peer = s.recvfrom(2048)
    s.sendto(data, peer)
"""

# Says {"sent": N, "lost": [SECONDS, ...]}, when what was lost was sent, once its standard input ends. `old` flows last, one in ten packets
# begins a flow.
CLIENT = """
import json, select, socket, sys, time
to, limit = ("%s", %d), %d
def flow():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(to)
    return s
old = [flow() for _ in range(32)]
young = []
sent = 0
begun = time.monotonic()
times = []
answers = set()
def read(seconds):
    ready, _, _ = select.select(old + young + [sys.stdin], [], [], seconds)
    for s in ready:
        if s is not sys.stdin:
            try:
                answers.add(s.recv(2048))
            except OSError:
                pass
    return sys.stdin in ready
ended = False
while not ended and (not limit or sent < limit):
    if sent %% 10 == 9:
        young.append(flow())
        if len(young) > 64:
            young.pop(0).close()
    s = young[-1] if sent %% 10 == 9 else old[sent %% len(old)]
    times.append(time.monotonic())
    try:
        s.send(str(sent).encode())
    except OSError:
        pass
    sent += 1
    until = time.monotonic() + 0.004
    while not ended and time.monotonic() < until:
        ended = read(max(0, until - time.monotonic()))
until = time.monotonic() + 5
while len(answers) < sent and time.monotonic() < until:
    ready, _, _ = select.select(old + young, [], [], 0.1)
    for s in ready:
        try:
            answers.add(s.recv(2048))
        except OSError:
            pass
lost = [at - begun for n, at in enumerate(times) if str(n).encode() not in answers]
print(json.dumps({"sent": sent, "lost": [round(at, 2) for at in lost]}))
"""


class Traffic:
    """The server stands in the namespace of its site; the client has one of its own."""

    def __init__(self, net, ingress, site, site_number):
        self.net, self._process = net, None
        net.add("client")
        lan.run("ip", "link", "add", "eth0", "netns", lan.PREFIX + "client", "type", "veth",
                "peer", "name", "acc0", "netns", lan.PREFIX + ingress)
        for name, port, number in (("client", "eth0", 2), (ingress, "acc0", 1)):
            lan.run("ip", "-n", lan.PREFIX + name, "addr", "add", f"{CLIENT_NET}.{number}/24",
                    "dev", port)
            lan.run("ip", "-n", lan.PREFIX + name, "link", "set", port, "up")
        # XDP sees checksums as they are, and a veth takes its frames where the other end has GRO
        lan.run(*lan.inside("client", "ethtool", "-K", "eth0", "tx", "off"))
        lan.run(*lan.inside(lan.BRIDGE, "ethtool", "-K", "p1", "gro", "on"))
        lan.run("ip", "-n", lan.PREFIX + "client", "route", "add", "default", "via",
                f"{CLIENT_NET}.1")
        lan.run(*lan.inside(ingress, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1"))
        lan.run("ip", "-n", lan.PREFIX + site, "route", "add", f"{CLIENT_NET}.0/24", "via",
                lan.v4(1))
        lan.run("ip", "-n", lan.PREFIX + site, "addr", "add", f"{SERVICE}/32", "dev", "lo")
        net.start(site, sys.executable, "-c", SERVER % (SERVICE, PORT), key="server")

    def _client(self, limit):
        program = CLIENT % (SERVICE, PORT, limit)
        return subprocess.Popen(lan.inside("client", sys.executable, "-c", program),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _result(self, process):
        told, _ = process.communicate(timeout=30)
        result = json.loads(told)
        return result["sent"], result["lost"]

    def answered(self):
        """Whether some packets are all answered."""
        process = self._client(20)
        sent, lost = self._result_of_limited(process)
        return sent == 20 and not lost

    def _result_of_limited(self, process):
        told = process.stdout.read()
        process.stdin.close()
        process.wait(30)
        result = json.loads(told)
        return result["sent"], result["lost"]

    def begin(self):
        self._process = self._client(0)

    def end(self):
        """(packets sent, when those were sent that were not answered)."""
        return self._result(self._process)
