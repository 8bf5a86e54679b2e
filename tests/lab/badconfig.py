# SPDX-License-Identifier: BSD-2-Clause
"""A broken configuration changes nothing and names its line."""

import re
import signal
import subprocess
import time

from common import Script, failures, run_load, services
from labkit import plan, procs, routers

ROUTER = plan.INGRESSES[0]

# What is wrong: (words, text to replace, replacement).
BREAKAGES = (
    ("not YAML", "services:", "services: [\n"),
    ("an unknown key", "      policy:", "      polocy:"),
    ("a wrong value", "idle-timeout: 30", "idle-timeout: soon"),
    ("a value out of range", "idle-timeout: 30", "idle-timeout: 100000"),
    ("a wrong address", f"source-v4: {ROUTER.v4}", "source-v4: 300.1.2.3"),
    ("a reference broken", "slots: 4096", "slots: 1000"),
)


def _facts():
    """What a configuration decides, without what time changes."""
    return [(s["name"], s["address"], s["policy"], s["slots"],
             sorted(t["name"] for t in s["sites"])) for s in services(ROUTER.name)]


def _margay(*words):
    return subprocess.run([plan.program("margay"), "-s", plan.control_socket(ROUTER.name), *words],
                          capture_output=True, text=True, check=False)


def _broken(check, words, text):
    good = _facts()
    path = routers.config_path(ROUTER)
    path.write_text(text)
    offline = subprocess.run([plan.program("margayd"), "--check", path], capture_output=True,
                             text=True, check=False)
    said = offline.stderr + offline.stdout
    check.ok(offline.returncode == 5, f"{words}: --check leaves with 5 ({offline.returncode})")
    check.ok(re.search(rf"{path.name}:\d+|line \d+", said),
             f"{words}: names the line: {said.strip().splitlines()[:1]}")
    check.ok(_margay("reload").returncode != 0, f"{words}: reload is refused")
    procs.send(ROUTER.name, signal.SIGHUP)
    time.sleep(0.5)
    check.ok(procs.pid_of(ROUTER.name) and _facts() == good, f"{words}: nothing has changed")


def test(check):
    check.up()
    path = routers.config_path(ROUTER)
    good = path.read_text()
    pending = list(BREAKAGES)

    def next_one():
        words, old, new = pending.pop(0)
        text = good.replace(old, new, 1)
        check.ok(text != good, f"{words}: the configuration is broken")
        _broken(check, words, text)
        path.write_text(good)

    load = run_load([(3 * len(BREAKAGES) + 2, 100)],
                    during=Script({1 + 3 * i: next_one for i in range(len(BREAKAGES))}))
    check.ok(not any(r.failed for r in load.requests), failures(load.requests))
    check.ok(_margay("reload").returncode == 0, "the good one is taken again")
