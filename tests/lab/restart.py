# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 of an ingress' margayd under load costs no request; the next start adopts what stands."""

import json
import subprocess

from common import PES, Script, between, failures, run_load, services
from labkit import lab, plan, procs, routers

KILL, START, END = 5, 10, 20


def _identities(name):
    """Kernel ids of every pinned map and link of a router."""
    found = {}
    for path in sorted(plan.pins(name).rglob("*")):
        for kind in ("map", "link"):
            shown = subprocess.run(["bpftool", "-j", kind, "show", "pinned", path], check=False,
                                   capture_output=True, text=True)
            if shown.returncode == 0 and path.is_file():
                found[str(path)] = (kind, json.loads(shown.stdout)["id"])
    return found


def _moved():
    return sum(s["slots-moved"] for pe in PES for s in services(pe))


def test(check):
    check.up()
    before = {pe: _identities(pe) for pe in PES}
    check.ok(all(any(k == "link" for k, _ in ids.values()) for ids in before.values()),
             "links are pinned")

    def start():
        for router in plan.INGRESSES:
            routers.start(router)

    load = run_load([(END, 200)], during=Script({
        KILL: lambda: [procs.kill(pe) for pe in PES], START: start}))
    without, after = between(load, KILL, START), between(load, START, END)
    check.ok(not any(r.failed for r in between(load, 0, KILL)),
             f"before: {failures(between(load, 0, KILL))}")
    check.ok(len(without) > 500 and not any(r.failed for r in without),
             f"no margayd at both ingresses: {failures(without)}")
    check.ok(not any(r.failed for r in after), f"started again: {failures(after)}")
    lab.await_ready()
    check.ok(True, "the ingresses are whole again")
    check.ok({pe: _identities(pe) for pe in PES} == before, "maps and links are the same ones")
    check.note(f"{_moved()} slots moved since the start")
