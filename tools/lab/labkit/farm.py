# SPDX-License-Identifier: BSD-2-Clause
"""The story of a transcoding farm: two edge sites first, the cloud for what they cannot take."""

import time
from dataclasses import asdict, dataclass

from . import lab, plan, quota, routers, transcode, view
from .load import Load, quantile

SITE = "east"
DETECTION_SECONDS = 5  # from a site's death until no job is lost to it: 3 of them `max-age`
LATE = 0.6  # part of a phase after which things have settled
EDGE_FIRST = 0.9  # share of the edge while it suffices; a burst may fill it for a moment
OVERFLOW = 0.15  # least share of the cloud while it does not
RETURNED = 0.15  # least share of a site after its return


@dataclass(frozen=True)
class Phase:
    name: str
    demand: float  # of what the whole edge can do
    words: str
    happens: str = ""
    length: float = 1  # times the seconds of a phase


PHASES = (
    Phase("calm", 0.4, "demand is 0.4 of what the edge can do"),
    Phase("full", 1.6, "demand is 1.6 times what the edge can do"),
    Phase("failed", 0.9, f"{SITE} dies; demand is 0.9 of the edge as it was", "kill"),
    # A collector asks a source that is gone later and later: it may see the return as late as that
    # the site has been away.
    Phase("back", 0.9, f"{SITE} is there again", "return", 2),
)


def settings(service, extra=""):
    return routers.Settings(service=service, update_max=2, extra=transcode.STEER + extra)


def prepare():
    """(the job, the quotas), measured on this machine."""
    quotas = quota.find()
    plan.RUN.mkdir(parents=True, exist_ok=True)
    return transcode.prepare(quotas), quotas


def wanted():
    """{site: share that the ingresses want}"""
    return {name: view.mean([e.get("share", 0) if e.get("state") == "up" else 0
                             for e in entries]) or 0
            for name, entries in view.router_views().items()}


class Telling:
    """One run of the story."""

    def __init__(self, rr, seed, phase_seconds, say):
        self.rr, self.seed, self.phase_seconds, self.say = rr, seed, phase_seconds, say
        self.killed_at = None
        self._phase = 0

    def run(self):
        job, quotas = prepare()
        self.job, self.quotas = job, quotas
        edge = transcode.capacity(job, 0)
        self.say(f"CPU quotas by {quotas.words}\n"
                 f"a job takes {job.seconds * 1000:.0f} ms at a worker of "
                 f"{transcode.CPUS_PER_WORKER:g} CPU: the edge can do {edge:.1f} jobs/s, the cloud "
                 f"{transcode.capacity(job, 1):.1f}\nwhat comes back is {job.looks}\n"
                 f"{len(PHASES)} phases, {sum(p.length for p in PHASES) * self.phase_seconds:g} s; "
                 f"first the network is built\n"
                 f"Every 2 s: jobs that came back, by the site that did them, and the share that "
                 f"the routers want for it.")
        self.service = transcode.Transcoding(job, quotas)
        lab.up(settings(self.service), self.rr)
        self.load = Load([(p.length * self.phase_seconds, p.demand * edge) for p in PHASES], self.seed,
                         transcode.Uploads(job))
        self.say(f"\n{PHASES[0].name}: {PHASES[0].words}")
        tick = self.load.start + 2
        while self.load.running:
            time.sleep(max(tick - time.monotonic(), 0))
            self._events()
            self._tell()
            tick += 2
        self.load.stop()
        return self.result()

    def _begins(self, index):
        return self.phase_seconds * sum(p.length for p in PHASES[:index])

    def _events(self):
        while self._phase + 1 < len(PHASES) and \
                self.load.now >= self._begins(self._phase + 1):
            self._phase += 1
            phase = PHASES[self._phase]
            self.say(f"\n{phase.name}: {phase.words}")
            if phase.happens == "kill":
                self.killed_at = self.load.now
                lab.kill_server(lab.site_named(SITE))
            elif phase.happens == "return":
                self.service.start(lab.site_named(SITE))

    def _tell(self):
        ended = self.load.read()
        shares = wanted()
        words = ", ".join(f"{s.name} {sum(r.site == s.name and not r.failed for r in ended)} "
                          f"(wanted {shares.get(s.name, 0):.0%})" for s in plan.SITES)
        failed = sum(r.failed for r in ended)
        self.say(f"  {self.load.now:4.0f} s  jobs back: {words}"
                 + (f", failed {failed}" if failed else ""))

    def _excused(self, request):
        """Nobody could help: under way at the site that died, or sent before that could be known."""
        if self.killed_at is None or request.outcome in ("wrong", "busy"):
            return False
        return -transcode.TIMEOUT_MS / 1000 < request.at - self.killed_at < DETECTION_SECONDS \
            and request.site in ("", SITE)

    def result(self):
        return {"job-ms": self.job.seconds * 1000, "quotas": self.quotas.words,
                "killed-at": self.killed_at,
                "phases": [self._phase_result(i) for i in range(len(PHASES))]}

    def _phase_result(self, index):
        start, end = self._begins(index), self._begins(index + 1)
        mine = [r for r in self.load.requests if start <= r.at < end]
        done = [r for r in mine if not r.failed]
        failed = [r for r in mine if r.failed]
        late = [r for r in done if r.at >= start + LATE * (end - start)]
        return {
            **asdict(PHASES[index]),
            "jobs": len(mine),
            "failures": {k: sum(r.outcome == k for r in failed)
                         for k in sorted({r.outcome for r in failed})},
            "not-excused": sum(not self._excused(r) for r in failed),
            "tiers": {name: tier_result(done, number)
                      for number, name in enumerate(transcode.TIER_NAMES)},
            "share-late": {s.name: share(late, [s.name]) for s in plan.SITES},
        }


def share(requests, sites):
    return sum(r.site in sites for r in requests) / len(requests) if requests else 0.0


def tier_sites(number):
    return [s.name for s in plan.SITES if transcode.TIERS[s.name] == number]


def tier_result(done, number):
    sites = tier_sites(number)
    latencies = [r.latency_ms for r in done if r.site in sites]
    return {"jobs": len(latencies), "share": share(done, sites),
            "sites": {name: sum(r.site == name for r in done) for name in sites},
            "p50-ms": quantile(latencies, 0.5), "p99-ms": quantile(latencies, 0.99)}


def table(result):
    lines = [f"{'phase':<8}{'demand':>7} {'tier':<6}{'jobs':>6}{'share':>8}{'median':>10}"
             f"{'p99':>10}  {'sites':<22}{'failed'}"]
    for phase in result["phases"]:
        failures = ", ".join(f"{n} {kind}" for kind, n in phase["failures"].items()) or "none"
        head = f"{phase['name']:<8}{phase['demand']:>7.0%} "
        for name, tier in phase["tiers"].items():
            times = "".join(f"{tier[k]:7.0f} ms" if tier[k] is not None else f"{'-':>10}"
                            for k in ("p50-ms", "p99-ms"))
            sites = ", ".join(f"{site} {n}" for site, n in tier["sites"].items())
            lines.append(f"{head}{name:<6}{tier['jobs']:6}{tier['share']:8.0%}{times}  "
                         f"{sites:<22}{failures}".rstrip())
            head, failures = " " * len(head), ""
    return "\n".join(lines)


def _criterion(name, ok, words):
    return {"name": name, "ok": bool(ok), "words": words}


def judge(result):
    phases = {p["name"]: p for p in result["phases"]}
    wrong = sum(p["failures"].get("wrong", 0) for p in result["phases"])
    jobs = sum(t["jobs"] for p in result["phases"] for t in p["tiers"].values())
    lost = {p["name"]: p["not-excused"] for p in result["phases"] if p["not-excused"]}
    edge, cloud = phases["calm"]["tiers"]["edge"], phases["full"]["tiers"]["cloud"]
    gone, back = (phases[n]["share-late"][SITE] for n in ("failed", "back"))
    return [
        _criterion("right", jobs and not wrong,
                   f"{jobs} jobs came back with the right octets, {wrong} with wrong ones"),
        _criterion("edge-first", edge["share"] >= EDGE_FIRST,
                   f"while the edge suffices it gets {edge['share']:.0%}"),
        _criterion("overflow", cloud["share"] >= OVERFLOW,
                   f"while it is full the cloud gets {cloud['share']:.0%}"),
        _criterion("none-lost", not lost,
                   f"lost without a site's death: {lost or 'none'}"),
        _criterion("site-left-and-returned", gone == 0 and back >= RETURNED,
                   f"{SITE} serves {gone:.0%} while it is dead, {back:.0%} after its return"),
    ]
