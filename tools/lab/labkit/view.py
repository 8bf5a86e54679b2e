# SPDX-License-Identifier: BSD-2-Clause
"""One second of the story: what the routers say, what the sites say, what the clients saw."""

import subprocess
from dataclasses import dataclass, field

from . import lab, net, plan, routers
from .load import quantile


@dataclass
class SiteSecond:
    utilisation: float = None  # as the site itself says, now
    in_flight: int = None
    wanted: float = None  # share that the ingresses want, mean of routers and families
    measured: float = 0.0  # share of the requests that ended
    age: float = None  # of the oldest report in use
    p99_ms: float = None
    failed: int = 0


@dataclass
class Second:
    at: float
    phase: str
    done: int
    failed: int
    p50_ms: float
    p99_ms: float
    sites: dict = field(default_factory=dict)
    unknown_failed: int = 0


def mean(values):
    values = [v for v in values if v is not None]
    return sum(values) / len(values) if values else None


def router_views():
    """Every site entry of the service at every ingress, by site."""
    views = {site.name: [] for site in plan.SITES}
    for ingress in plan.INGRESSES:
        try:
            services = routers.ask(ingress.name, "show", "services")["services"]
        except (net.Failed, KeyError, subprocess.TimeoutExpired):
            continue
        for service in services:
            for entry in service["sites"]:
                views.setdefault(entry["name"], []).append(entry)
    return views


def _server_view(site):
    try:
        return lab.tell_server(site, "show")
    except (net.Failed, ValueError):
        return {}


def second(at, phase, ended):
    done = [r for r in ended if not r.failed]
    result = Second(at, phase, len(done), len(ended) - len(done),
                    quantile([r.latency_ms for r in done], 0.5),
                    quantile([r.latency_ms for r in done], 0.99))
    views = router_views()
    for site in plan.SITES:
        here = [r for r in ended if r.site == site.name]
        entries = views.get(site.name, [])
        server = _server_view(site)
        ages = [e["age"] for e in entries if e.get("age") is not None]
        result.sites[site.name] = SiteSecond(
            utilisation=server.get("utilisation"),
            in_flight=server.get("in-flight"),
            wanted=mean([e.get("share", 0) if e.get("state") == "up" else 0 for e in entries]),
            measured=sum(not r.failed for r in here) / len(done) if done else 0,
            age=max(ages) if ages else None,
            p99_ms=quantile([r.latency_ms for r in here if not r.failed], 0.99),
            failed=sum(r.failed for r in here),
        )
    result.unknown_failed = sum(r.failed and not r.site for r in ended)
    return result
