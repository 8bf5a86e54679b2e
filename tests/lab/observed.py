# SPDX-License-Identifier: BSD-2-Clause
"""East tells nothing at all; what the ingresses see of their own flows is all there is. It gets half as fast, and
its share follows within 10 s; what is configured of it stays as it was."""

from dataclasses import dataclass, replace

from common import PES, Script, failures, run_load, services
from labkit import lab, plan, routers, service

SLOW_AT, LOOK_AFTER = 15, 10


@dataclass(frozen=True)
class Silent(service.Web):
    """East has no collector, and its router says nothing of it but that it is there."""

    def collector(self, site):
        return "" if site.name == "east" else super().collector(site)


def east_of(name):
    return [s for v in services(name) for s in v["sites"] if s["name"] == "east"]


def share(name):
    found = east_of(name)
    return sum(s["share"] for s in found) / len(found)


def starts(name):
    """Flow starts: to east, and to all."""
    sites = [s for v in services(name) for s in v["sites"]]
    return (sum(s["starts"] for s in sites if s["name"] == "east"),
            sum(s["starts"] for s in sites))


def measured(before, after):
    return (after[0] - before[0]) / max(1, after[1] - before[1])


def values_of(name):
    """East's raw metrics by (source, type), as explain has them, of the IPv4 service."""
    explained = routers.ask(name, "explain", plan.SERVICE_V4)["explained"][0]
    east = next(c for c in explained["candidates"] if c["name"] == "east")
    return east, {(v["source"], v["type"]): v["value"] for v in east["values"]}


def test(check):
    settings = routers.Settings(update_max=2, service=Silent())
    watching = replace(settings, extra="      observe: true\n")
    seen, begun, followed = {}, {}, {}

    def look(key):
        seen[key] = {pe: (share(pe), starts(pe)) for pe in PES}
        seen[key]["east"] = values_of("pe1")

    def slow_down():
        look("fast")
        lab.tell_server(lab.site_named("east"), "speed", "0.5")

    def begin():
        begun.update({pe: starts(pe) for pe in PES})

    script = Script({SLOW_AT - 5: begin, SLOW_AT: slow_down,
                     SLOW_AT + LOOK_AFTER - 3: lambda: look("half"),
                     SLOW_AT + LOOK_AFTER: lambda: look("slow")})

    def during(load):
        script(load)
        for pe in PES:
            if "fast" in seen and pe not in followed and share(pe) < 0.7 * seen["fast"][pe][0]:
                followed[pe] = load.now - SLOW_AT

    check.up(settings)
    for router in plan.INGRESSES:
        routers.write_config(router, watching)
        routers.reload(router)
    load = run_load([(3, 60), (SLOW_AT + LOOK_AFTER - 2, 120)], during=during)
    fast, slow = seen["fast"], seen["slow"]
    east, values = fast["east"]
    told = [t for source, t in values if source == "agent"]
    check.ok(not told, f"east tells nothing {' '.join(told)}")
    check.ok(east["load-by"] == "observed", f"its load is {east['load-by']}")
    check.ok(not any(r.failed for r in load.requests), failures(load.requests))
    check.ok(east["service-time-by"] == "observed",
             f"its service time is {east['service-time-by']}: {east['service-time-ms']:.0f} ms")
    check.ok(20 < values.get(("observed", "flow-time"), 0) * 1e3 < 200,
             f"its flows take {values.get(('observed', 'flow-time'), 0) * 1e3:.0f} ms")
    check.ok(4 <= values.get(("observed", "handshake-time"), 0) * 1e3 < 15,
             f"their handshakes {values.get(('observed', 'handshake-time'), 0) * 1e3:.1f} ms, "
             "over 4 ms of way")
    for pe in PES:
        check.ok(followed.get(pe, LOOK_AFTER) < LOOK_AFTER,
                 f"{pe}: half as fast, and three tenths of its share are gone after "
                 f"{followed.get(pe, LOOK_AFTER):.1f} s")
        check.ok(slow[pe][0] < 0.75 * fast[pe][0],
                 f"{pe}: {fast[pe][0]:.0%} became {slow[pe][0]:.0%}")
        before = measured(begun[pe], fast[pe][1])
        after = measured(seen["half"][pe][1], slow[pe][1])
        check.ok(after < 0.8 * before, f"{pe}: of the flows {before:.0%} became {after:.0%}")
