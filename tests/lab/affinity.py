# SPDX-License-Identifier: BSD-2-Clause
"""A running connection is never moved by a metric change: 2,000 of them while the metrics of every
site change once a second for a minute. MARGAY_LAB_QUICK=1: for a quarter of that."""

import json
import random
import time

from common import PES, QUICK, pins, services, wait_for
from labkit import lab, plan, procs, routers
from labkit.load import Load

COUNT = 1000  # for each of the two clients
SECONDS = 15 if QUICK else 60
IDLE_TIMEOUT = 10
SEED = 7
DEMAND = 200  # requests a second besides: without demand there is nothing to share


def _start(client, number):
    words = [plan.program("flowgen"), "--port", plan.SERVICE_PORT, "--to", plan.SERVICE_V4, "--to",
             plan.SERVICE_V6, "--long", COUNT, "--ramp", 5, "--interval", 1,
             "--seconds", SECONDS + 8, "--seed", SEED + number]
    for source in client.sources:
        words += ["--from", source]
    procs.start(f"long-{client.name}", client.name, *words)


def _last(client):
    lines = (plan.RUN / f"long-{client.name}.log").read_text().splitlines()
    return json.loads([line for line in lines if line.startswith("{")][-1])


def _change_metrics(draw):
    """Capacity is told at once: the sites' own reports carry it."""
    for site in plan.SITES:
        lab.tell_server(site, "slots", str(draw.choice((8, 16, 32, 64))))


def _changes():
    return sum(s["changes"] for pe in PES for s in services(pe))


def _stable():
    states = [s["state"] for pe in PES for s in services(pe)]
    return all(s["moving"] == 0 and s["pinned"] == 0 for s in states)


def test(check):
    draw = random.Random(SEED)
    check.note(f"seed {SEED}")
    check.up(routers.Settings(idle_timeout=IDLE_TIMEOUT))
    for number, client in enumerate(plan.CLIENTS):
        _start(client, number)
    load = Load([(SECONDS + 6, DEMAND)], SEED)
    time.sleep(6)
    before, most = _changes(), 0
    tick = time.monotonic()
    for _ in range(SECONDS):
        _change_metrics(draw)
        most = max(most, sum(pins(pe) for pe in PES))
        tick += 1
        time.sleep(max(tick - time.monotonic(), 0))
    changes = _changes() - before
    for client in plan.CLIENTS:
        procs.await_end(f"long-{client.name}", 15)
    load.stop()
    ends = [_last(client) for client in plan.CLIENTS]
    total = {key: sum(e[key] for e in ends) for key in ("open", "asked", "answered", "moved",
                                                       "silent")}
    broken = {kind: n for e in ends for kind, n in e["broken"].items()}
    check.ok(changes >= SECONDS / 2, f"shares changed {changes} times in {SECONDS} s")
    check.ok(most > 0, f"flows were pinned while their slots moved: at most {most} at a time")
    check.ok(total["open"] == 2 * COUNT, f"{total['open']} of {2 * COUNT} connections were kept")
    check.ok(not broken, f"none was reset: {broken or 'none'}")
    check.ok(total["moved"] == 0, "none has changed its site")
    check.ok(total["answered"] == total["asked"],
             f"{total['answered']} of {total['asked']} questions were answered")
    resets = sum(r.outcome in ("reset", "refused") for r in load.requests)
    check.ok(load.requests and not resets, f"none of {len(load.requests)} short ones either")
    took = wait_for(lambda: not sum(pins(pe) for pe in PES), 4 * IDLE_TIMEOUT, 0.5)
    check.ok(took is not None, "pins fall to zero after the idle timeout"
             + (f" ({took:.1f} s after the last connection)" if took is not None else ""))
    check.ok(wait_for(_stable, 2 * IDLE_TIMEOUT, 0.5) is not None, "and every slot is stable again")
