# SPDX-License-Identifier: BSD-2-Clause
"""Shares follow load: demand beyond the nearest site, a site that slows down, a drained site."""

from common import PES, Script, between, failures, run_load, services, share, wanted
from labkit import lab, routers


def test(check):
    looks = {"busy": [], "slow": [], "drained": []}

    def look(key):
        looks[key].append({site: sum(wanted(pe, site) for pe in PES) / len(PES)
                           for site in ("east", "west", "cloud")})

    def slow_down():
        lab.tell_server(lab.site_named("east"), "speed", "0.25")

    def drain():
        for pe in PES:
            routers.ask(pe, "drain", "west")

    check.up()
    # What is wanted moves with each report: it is looked at for as long as what is got.
    busy_looks = {13.5 + second: lambda: look("busy") for second in range(5)}
    load = run_load([(8, 60), (34, 320)], during=Script({
        **busy_looks, 18: slow_down,
        26: lambda: look("slow"), 27: drain, 40: lambda: look("drained")}))
    seen = {key: {site: sum(of[site] for of in many) / len(many) for site in many[0]}
            for key, many in looks.items()}
    check.ok(not any(r.failed for r in load.requests), failures(load.requests))
    calm = between(load, 2, 8)
    check.ok(share(calm, "east") > 2 * share(calm, "cloud"),
             f"calm: the near site is preferred ({share(calm, 'east'):.0%}) to the far one "
             f"({share(calm, 'cloud'):.0%})")
    busy = between(load, 13, 18)
    check.ok(share(busy, "east") * 320 < 150,
             f"overload: the nearest site gets less than it can do ({share(busy, 'east'):.0%})")
    check.ok(all(share(busy, s) > 0.02 for s in ("east", "west", "cloud")),
             "overload: every site takes a part")
    off = max(abs(share(busy, s) - seen["busy"][s]) for s in seen["busy"])
    check.ok(off < 0.15, f"what is wanted is what is got, within {off:.0%}")
    check.ok(seen["slow"]["east"] < 0.7 * max(seen["busy"]["east"], 0.05),
             f"a site at a quarter of its speed is left: {seen['busy']['east']:.0%} to "
             f"{seen['slow']['east']:.0%}")
    check.ok(seen["drained"]["west"] == 0, "a drained site is wanted no more, 13 s later")
    check.ok(share(between(load, 39, 42), "west") == 0, "and gets no new flow")
    check.ok(all(s.get("reason") for pe in PES for v in services(pe) for s in v["sites"]),
             "every share has its reason")
    answer = routers.ask("pe1", "explain", "web", "from", "198.51.100.129:1234")
    check.ok(bool(answer), "explain answers for one flow")
