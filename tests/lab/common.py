# SPDX-License-Identifier: BSD-2-Clause
"""What several lab tests ask: shares, failures, maps."""

import os
import time

from labkit import plan, routers
from labkit.load import Flows, Load

QUICK = bool(os.environ.get("MARGAY_LAB_QUICK"))
PES = [r.name for r in plan.INGRESSES]


def run_load(schedule, seed=1, during=None, flows=Flows()):
    """A whole load; during(load) is called four times a second. Returns it, ended."""
    load = Load(schedule, seed, flows)
    try:
        while load.running:
            time.sleep(0.25)
            load.read()
            if during:
                during(load)
    finally:
        load.stop()
    return load


class Script:
    """Things to do at times of a load: {second: function}, each once."""

    def __init__(self, events):
        self._events = sorted(events.items())

    def __call__(self, load):
        while self._events and load.now >= self._events[0][0]:
            self._events.pop(0)[1]()


def between(load, start, end):
    return [r for r in load.requests if start <= r.at < end]


def share(requests, site):
    done = [r for r in requests if not r.failed]
    return sum(r.site == site for r in done) / len(done) if done else 0.0


def failures(requests):
    """What failed, in words."""
    failed = [r for r in requests if r.failed]
    shown = ", ".join(f"{r.outcome} at {r.at:.2f} s ({r.site or 'site unknown'})"
                      for r in failed[:5])
    return f"{len(failed)} of {len(requests)} failed" + (f": {shown}" if failed else "")


def services(name):
    return routers.ask(name, "show", "services")["services"]


def wanted(name, site):
    """Mean share that an ingress wants for a site, over both families."""
    shares = [s.get("share", 0) if s["state"] == "up" else 0
              for service in services(name) for s in service["sites"] if s["name"] == site]
    return sum(shares) / len(shares) if shares else 0.0


def pins(name):
    return routers.ask(name, "show", "pins")["count"]


def wait_for(condition, seconds, step=0.1):
    """Seconds until the condition holds, or None."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if condition():
            return time.monotonic() - start
        time.sleep(step)
    return None
