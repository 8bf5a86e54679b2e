# SPDX-License-Identifier: BSD-2-Clause
"""Was compute-aware steering better where it should be? Each criterion says yes or why not."""

from . import story

AWARE, NEAREST = "compute-aware", "nearest"
RETURN_SHARE = 0.1
NOT_WORSE = 1.25  # two runs of the same differ by less
NOT_WORSE_MS = 50


def _phase(result, name):
    return next(p for p in result["phases"] if p["name"] == name)


def _criterion(name, ok, words):
    return {"name": name, "ok": bool(ok), "words": words}


def _no_failures(result):
    per_phase = {p["name"]: p["failed-on-living-sites"] for p in result["phases"]}
    lost = {name: n for name, n in per_phase.items() if n}
    words = "no request failed on a site that is alive"
    if lost:
        words = "failed on living sites: " + ", ".join(f"{n} in {name}" for name, n in lost.items())
    return _criterion("no-failures", not lost, words)


def _native(result):
    odd = [f"{router} {port}: {mode}" for router, ports in result["interfaces"].items()
           for port, mode in ports.items() if mode not in ("native", None)]
    return _criterion("native-xdp", not odd and any(result["interfaces"].values()),
                      "; ".join(odd) or "XDP runs in native mode on every router")


def _left_and_back(result):
    dead = _phase(result, "dead")["share-late"].get(story.SITE, 0)
    back = _phase(result, "back")["share-late"].get(story.SITE, 0)
    return _criterion("site-left-and-returned", dead == 0 and back >= RETURN_SHARE,
                      f"{story.SITE} serves {dead:.0%} while it is dead and {back:.0%} after it "
                      f"returned")


def _overload(aware, nearest):
    ours, theirs = _phase(aware, "demand")["p99-ms"], _phase(nearest, "demand")["p99-ms"]
    return _criterion("overload-p99", ours is not None and theirs and ours <= theirs / 2,
                      f"p99 in overload: {ours:.0f} ms, with nearest {theirs:.0f} ms")


def _never_worse(aware, nearest):
    worse = []
    for ours, theirs in zip(aware["phases"], nearest["phases"]):
        if ours["p99-ms"] > theirs["p99-ms"] * NOT_WORSE + NOT_WORSE_MS:
            worse.append(f"{ours['name']} {ours['p99-ms']:.0f} > {theirs['p99-ms']:.0f} ms")
    return _criterion("never-worse", not worse,
                      "p99 worse in " + ", ".join(worse) if worse else "p99 is worse in no phase")


def _fewer_failures(aware, nearest):
    ours, theirs = (sum(p["failed"] for p in r["phases"]) for r in (aware, nearest))
    return _criterion("fewer-failures", ours <= theirs,
                      f"failed in all: {ours}, with nearest {theirs}")


def judge(policies):
    """The criteria that the policies run so far allow to decide."""
    criteria = []
    aware, nearest = policies.get(AWARE), policies.get(NEAREST)
    if aware:
        criteria += [_no_failures(aware), _native(aware), _left_and_back(aware)]
    if aware and nearest:
        criteria += [_overload(aware, nearest), _never_worse(aware, nearest),
                     _fewer_failures(aware, nearest)]
    return criteria
