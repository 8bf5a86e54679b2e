# SPDX-License-Identifier: BSD-2-Clause
"""One run of a placement on the lab: the same arrivals and sizes for each, and what became of them."""

import os
import tempfile
import time
from dataclasses import dataclass

from . import lab, net, plan, routers, service
from .load import Flows, Load, quantile

# What an ingress is told: the policy, and how flows are placed by its shares.
PLACEMENTS = {
    "two-choice": ("compute-aware", "      placement: two-choice\n"),
    "slot": ("compute-aware", ""),
    "static": ("static", ""),
    "greedy": ("greedy", ""),
    "nearest": ("nearest", ""),
    "oracle": ("compute-aware", ""),  # the generator goes past it
}
LATE_MS = 5  # p99 of the generator's own lateness, from which on a run is not believed
BLOCKED_MS = 25  # the same of all that neither a site nor a delay line accounts for


@dataclass(frozen=True)
class Setting:
    """What is common to all runs of a comparison."""

    load: float = 0.9  # of the capacity of all sites
    work_ms: float = 100
    largest: float = 100  # times the smallest work
    timeout_ms: float = 10000
    period: float = 5  # between two reports of a site
    warm: float = 10  # seconds that do not count
    seconds: float = 30  # that do
    rr: str = "margay"

    @property
    def rate(self):
        return self.load * sum(site.slots for site in plan.SITES) * 1000 / self.work_ms

    def router_settings(self, placement):
        policy, extra = PLACEMENTS[placement]
        return routers.Settings(policy=policy, extra=extra, update_min=self.period,
                                update_max=self.period,
                                service=service.Web(time_ms=self.work_ms, realtime=True))

    def flows(self, placement):
        return Flows(work_ms=self.work_ms, largest=self.largest, timeout_ms=self.timeout_ms,
                     to=(plan.SERVICE_V4,), oracle=placement == "oracle", realtime=True)


def _blocked(request):
    """Of a request's latency, what is no work, no queue and no distance."""
    site = next(s for s in plan.SITES if s.name == request.site)
    return request.latency_ms - request.site_ms - 2 * site.rtt_ms


def figures(requests, timeout_ms):
    """One run in figures; who failed counts as one who waited to the end."""
    done = [r for r in requests if not r.failed]
    cost = [timeout_ms if r.failed else r.latency_ms for r in requests]
    return {
        "requests": len(requests),
        "failed": len(requests) - len(done),
        "p50-ms": quantile(cost, 0.5),
        "p99-ms": quantile(cost, 0.99),
        "mean-ms": sum(cost) / len(cost) if cost else None,
        "served-p99-ms": quantile([r.latency_ms for r in done], 0.99),
        "late-p99-ms": quantile([r.late_ms for r in requests], 0.99),
        "blocked-p99-ms": quantile([_blocked(r) for r in done], 0.99),
        "share": {site.name: sum(r.site == site.name for r in done) / len(done)
                  for site in plan.SITES} if done else {},
    }


def course(requests, step=5):
    """Mean latency of those served, for each so many seconds from the start."""
    parts = {}
    for request in (r for r in requests if not r.failed):
        parts.setdefault(int(request.at // step), []).append(request.latency_ms)
    return [round(sum(parts.get(i, [0])) / len(parts.get(i, [0])), 1)
            for i in range(max(parts, default=-1) + 1)]


def fault(result):
    """Why a run is not to be believed; None: it is."""
    if not result["requests"] or not result["share"]:
        return "no request was served"
    if result.get("second-choices") == 0:
        return f"no flow took its second choice: {result['note']}"
    if result["late-p99-ms"] > LATE_MS:
        return f"the generator was late: p99 {result['late-p99-ms']:.1f} ms"
    if result["blocked-p99-ms"] > BLOCKED_MS:
        return (f"the machine held packets or programs up: p99 {result['blocked-p99-ms']:.1f} ms "
                f"that are neither work, queue nor distance")
    return None


def steered():
    """Flows that the ingresses have placed."""
    return sum(told["starts"] for ingress in plan.INGRESSES
               for told in routers.ask(ingress.name, "show", "services")["services"])


def second_choices():
    """How many of them took their second choice, and what the routers say of it now."""
    told = [told for ingress in plan.INGRESSES
            for told in routers.ask(ingress.name, "show", "members")["services"]
            if any(member.get("starts") for member in told["members"])]
    notes = sorted({service_["note"] for service_ in told if service_.get("note")})
    return (sum(member.get("second-choices", 0) for service_ in told
                for member in service_["members"]), "; ".join(notes))


def run(placement, seed, setting):
    """Builds the lab for one placement, loads it, and takes the figures."""
    lab.up(setting.router_settings(placement), setting.rr)
    busy = os.getloadavg()[0]
    load = Load([(setting.warm + setting.seconds, setting.rate)], seed, setting.flows(placement))
    try:
        while load.running:
            time.sleep(0.5)
            load.read()
    finally:
        load.stop()
    until = setting.warm + setting.seconds
    counted = [r for r in load.requests if setting.warm <= r.at < until]
    result = figures(counted, setting.timeout_ms)
    result.update({"placement": placement, "seed": seed, "load-average": busy,
                   "flows-steered": steered(), "course-ms": course(load.requests)})
    if placement == "two-choice":
        result["second-choices"], result["note"] = second_choices()
    return result


def known(placement):
    """Whether the margayd that is built takes the configuration of a placement; None, or its words."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(routers.config_of(plan.INGRESSES[0], Setting().router_settings(placement)))
        file.flush()
        try:
            net.run(plan.program("margayd"), "--check", file.name)
        except net.Failed as refused:
            return str(refused)
    return None
