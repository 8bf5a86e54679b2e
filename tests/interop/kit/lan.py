# SPDX-License-Identifier: BSD-2-Clause
"""One LAN of namespaces, and programs in them: 10.98.0.N and 2001:db8:98::N on `lan0` of each."""

import pathlib
import signal
import subprocess
import sys
import time

# What is the machine's is named by the script: others run at the same time.
SCRIPT = pathlib.Path(sys.argv[0]).stem
PREFIX = f"mg-{SCRIPT}-"
BRIDGE = "lan"
NO_DAD = ["net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"]


class Failed(Exception):
    """A command failed; the text says which and why."""


def v4(number):
    return f"10.98.0.{number}"


def v6(number):
    return f"2001:db8:98::{number}"


def inside(name, *words):
    """The command line in a namespace; not `ip netns exec`, which would hide bpffs."""
    return ["nsenter", f"--net=/run/netns/{PREFIX}{name}", *[str(w) for w in words]]


def run(*words, text=None, check=True):
    result = subprocess.run([str(w) for w in words], input=text, capture_output=True, text=True,
                            check=False, timeout=30)
    if check and result.returncode:
        fault = (result.stderr or result.stdout).strip()
        raise Failed(f"{' '.join(str(w) for w in words)}: {fault}")
    return result.stdout


def wait_for(condition, seconds):
    """The condition's value once it is true, or what it was at last."""
    until = time.monotonic() + seconds
    value = condition()
    while not value and time.monotonic() < until:
        time.sleep(0.1)
        value = condition()
    return value


class Lan:
    """Owns the namespaces and every process started in them; `work` is a directory for files."""

    def __init__(self, work):
        self.work = pathlib.Path(work)
        self._names = []
        self._processes = {}

    def up(self):
        self.down()
        self.add(BRIDGE)
        run("ip", "-n", PREFIX + BRIDGE, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", PREFIX + BRIDGE, "link", "set", "br0", "up")

    def add(self, name):
        run("ip", "netns", "add", PREFIX + name)
        self._names.append(name)
        run(*inside(name, "sysctl", "-q", "-w", *NO_DAD))
        run("ip", "-n", PREFIX + name, "link", "set", "lo", "up")

    def join(self, name, number):
        self.add(name)
        run("ip", "link", "add", f"p{number}", "netns", PREFIX + BRIDGE, "type", "veth",
            "peer", "name", "lan0", "netns", PREFIX + name)
        run("ip", "-n", PREFIX + BRIDGE, "link", "set", f"p{number}", "master", "br0", "up")
        run("ip", "-n", PREFIX + name, "-batch", "-", text=f"""\
addr add {v4(number)}/24 dev lan0
addr add {v6(number)}/64 dev lan0 nodad
link set lan0 up
""")

    def directory(self, name):
        path = self.work / name
        path.mkdir(exist_ok=True)
        return path

    def log(self, name):
        return self.work / f"{name}.log"

    def start(self, name, *words, env=None, key=None):
        """Runs words in a namespace; output to its log."""
        with open(self.log(name), "ab") as log:
            self._processes[key or name] = subprocess.Popen(
                inside(name, *words), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                start_new_session=True)

    def runs(self, key):
        process = self._processes.get(key)
        return process is not None and process.poll() is None

    def stop(self, key, number):
        """By a signal; what does not end within ten seconds is a fault."""
        process = self._processes.pop(key)
        process.send_signal(number)
        process.wait(10)

    def kill(self, key):
        """At once, without a chance to say goodbye."""
        self.stop(key, signal.SIGKILL)

    def tail(self, name, lines=12):
        try:
            text = self.log(name).read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(f"#   {line}" for line in text.splitlines()[-lines:])

    def down(self):
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        for path in pathlib.Path("/run/netns").glob(PREFIX + "*"):
            run("ip", "netns", "del", path.name, check=False)
        self._names.clear()
