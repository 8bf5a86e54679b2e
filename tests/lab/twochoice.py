# SPDX-License-Identifier: BSD-2-Clause
"""Two choices: with shares that stand still, new flows leave a slow site by what each router sees of
its own; no flow changes its site, and what is in flight comes back to nothing."""

from common import PES, Script, between, failures, run_load, share, wait_for
from labkit import lab, routers

SLOW, SPEED = 9, "0.15"
END = 18
RATE = 250


def _members(pe):
    """The service's records, one for each family."""
    return routers.ask(pe, "show", "members")["services"]


def _sum(key, site=None):
    return sum(m.get(key, 0) for pe in PES for s in _members(pe) for m in s["members"]
               if site in (None, m["name"]))


def test(check):
    seen = {}

    def slow_down():
        seen["gates"] = [s["gate"] for pe in PES for s in _members(pe)]
        seen["before"] = _sum("second-choices")
        lab.tell_server(lab.site_named("east"), "speed", SPEED)

    check.up(routers.Settings(policy="static", extra="      placement: two-choice\n"))
    load = run_load([(END, RATE)], during=Script({SLOW: slow_down}))
    # A flow that changed its site would be reset. Long ones may not end in time where it is slow.
    check.ok(not any(r.failed and (r.outcome, r.site) != ("timeout", "east") for r in load.requests)
             and sum(r.failed for r in load.requests) < 20,
             f"every request is served where it began: {failures(load.requests)}")
    check.ok("open" in seen["gates"], f"gates before: {', '.join(seen['gates'])}")
    even, left = share(between(load, 3, SLOW), "east"), share(between(load, SLOW + 3, END), "east")
    check.ok(left < 0.75 * even,
             f"new flows leave a site that got slow: {even:.0%} to {left:.0%} of them")
    taken = _sum("second-choices")
    check.ok(taken > seen["before"], f"{taken} second choices, {seen['before']} of them before")
    check.ok(_sum("starts") >= 0.98 * len(load.requests), f"{_sum('starts')} starts were seen of "
             f"{len(load.requests)}")
    check.ok(_sum("ends") >= 0.99 * _sum("starts"), f"{_sum('ends')} ends")
    check.ok(_sum("handshakes") > 0, f"{_sum('handshakes')} handshakes were timed")
    check.ok(wait_for(lambda: _sum("in-flight") == 0, 20) is not None,
             f"all have ended: {_sum('in-flight'):.2f} in flight")
    record = routers.ask("pe1", "explain", "web")["explained"][0]
    check.ok(record["placement"]["placement"] == "two-choice" and record["placement"]["note"],
             f"explain: {record['placement'].get('note')}")
