# SPDX-License-Identifier: BSD-2-Clause
"""The story: five phases of one day in the life of a service, told once with each policy."""

import time
from dataclasses import dataclass

from . import lab, net, plan, routers, view
from .load import Load, quantile

SITE = "east"  # the nearest one, to which all of it happens
CALM, BUSY = 100, 300  # requests a second, of all clients; east can do 160
RAMP_STEPS = 4
DETECTION_SECONDS = 1.0
SHOWN_MAX = 20  # failed requests that are listed one by one


@dataclass(frozen=True)
class Phase:
    name: str
    words: str
    happens: str = ""


PHASES = (
    Phase("calm", f"{CALM} requests/s: the nearest site has room"),
    Phase("demand", f"demand grows to {BUSY}/s: more than the nearest site can do"),
    Phase("half", f"{SITE} loses half its capacity", "half"),
    Phase("dead", f"the server at {SITE} is killed", "kill"),
    Phase("back", f"{SITE} returns, whole", "return"),
)


def schedule(phase_seconds):
    """Demand grows within the first 40 % of the second phase, in steps."""
    ramp = 0.4 * phase_seconds
    steps = [(ramp / RAMP_STEPS, CALM + (BUSY - CALM) * (i + 0.5) / RAMP_STEPS)
             for i in range(RAMP_STEPS)]
    return [(phase_seconds, CALM)] + steps + [(4 * phase_seconds - ramp, BUSY)]


def happen(what):
    site = lab.site_named(SITE)
    if what == "half":
        lab.tell_server(site, "speed", "0.5")
    elif what == "kill":
        lab.kill_server(site)
    elif what == "return":
        lab.start_server(site)


class Telling:
    """One run of the story with one policy."""

    def __init__(self, policy, seed, phase_seconds, rr, screen):
        self.policy = policy
        self.seed = seed
        self.phase_seconds = phase_seconds
        self.rr = rr
        self.screen = screen
        self.seconds = []
        self.killed_at = None
        self._phase = 0

    def run(self):
        self.screen.begin(f"policy {self.policy}, reflector {self.rr}: building the network")
        lab.up(routers.Settings(policy=self.policy), self.rr)
        self.modes = interface_modes()
        self.load = Load(schedule(self.phase_seconds), self.seed)
        self.screen.begin(f"policy: {self.policy}")
        self.screen.columns()
        self._enter()
        tick = self.load.start + 1
        while self.load.running:
            time.sleep(max(tick - time.monotonic(), 0))
            self._events(self.load.now)
            self._second()
            tick += 1
        self.load.stop()
        self.screen.end()
        return self.result()

    def _enter(self):
        self.screen.note(PHASES[self._phase].words)

    def _events(self, now):
        while self._phase + 1 < len(PHASES) and now >= (self._phase + 1) * self.phase_seconds:
            self._phase += 1
            self._enter()
            if PHASES[self._phase].happens == "kill":
                self.killed_at = self.load.now
            happen(PHASES[self._phase].happens)

    def _second(self):
        ended = self.load.read()
        second = view.second(self.load.now, PHASES[self._phase].name, ended)
        self.seconds.append(second)
        self.screen.show(second)

    def excused(self, request):
        """Failed where nobody could have helped: at the server that was killed, with the request
        under way or sent before the death could be known."""
        if self.killed_at is None or request.site not in ("", SITE):
            return False
        since = request.at - self.killed_at
        return -3 < since < DETECTION_SECONDS

    def result(self):
        return {
            "policy": self.policy,
            "killed-at": self.killed_at,
            "interfaces": self.modes,
            "phases": [self._phase_result(i) for i in range(len(PHASES))],
            "seconds": [_second_json(s) for s in self.seconds],
        }

    def _phase_result(self, index):
        start = index * self.phase_seconds
        mine = [r for r in self.load.requests if start <= r.at < start + self.phase_seconds]
        done = [r for r in mine if not r.failed]
        failed = [r for r in mine if r.failed]
        late = [r for r in done if r.at >= start + self.phase_seconds / 2]
        kinds = {kind: sum(r.outcome == kind for r in failed)
                 for kind in sorted({r.outcome for r in failed})}
        return {
            "name": PHASES[index].name,
            "start": start,
            "requests": len(mine),
            "failed": len(failed),
            "failures": kinds,
            "failed-on-living-sites": sum(not self.excused(r) for r in failed),
            "not-excused": [_failure_json(r) for r in failed if not self.excused(r)][:SHOWN_MAX],
            "p50-ms": quantile([r.cost_ms for r in mine], 0.5),
            "p99-ms": quantile([r.cost_ms for r in mine], 0.99),
            "share": _shares(done),
            "share-late": _shares(late),
        }


def _shares(requests):
    return {site.name: round(sum(r.site == site.name for r in requests) / len(requests), 4)
            for site in plan.SITES} if requests else {}


def _failure_json(request):
    return {"at": request.at, "family": request.family, "outcome": request.outcome,
            "site": request.site, "latency-ms": request.latency_ms}


def _second_json(second):
    sites = {name: {"utilisation": s.utilisation, "in-flight": s.in_flight, "wanted": s.wanted,
                    "measured": s.measured, "age": s.age, "p99-ms": s.p99_ms, "failed": s.failed}
             for name, s in second.sites.items()}
    return {"at": round(second.at, 3), "phase": second.phase, "done": second.done,
            "failed": second.failed, "p50-ms": second.p50_ms, "p99-ms": second.p99_ms,
            "sites": sites}


def interface_modes():
    """{router: {interface: how XDP is attached}}."""
    modes = {}
    for router in plan.MARGAYS:
        try:
            answer = routers.ask(router.name, "show", "interfaces")
        except net.Failed:
            answer = {}
        modes[router.name] = {i["name"]: i.get("mode") for i in answer.get("interfaces", [])}
    return modes
