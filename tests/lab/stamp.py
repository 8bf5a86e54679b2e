# SPDX-License-Identifier: BSD-2-Clause
"""STAMP: measured round-trip times are those of the delay lines and are what steering uses; they
follow a path that grows longer; tshark reads the packets; an egress that does not answer falls back.
And what operators wish beside distance: classes and cost."""

import shutil
import subprocess
from dataclasses import replace

from common import PES, services, wait_for
from labkit import lab, net, plan, procs, routers

FAR_MS = 25  # one way to the cloud, after it has moved


def _probes(router):
    return {p["egress"]: p for p in routers.ask(router, "show", "probes")["probes"]}


def _egresses():
    return {address: site for site in plan.SITES for address in (site.v4, site.v6)}


def _measured(router):
    probes = _probes(router)
    return all(probes.get(e, {}).get("answered", 0) >= 15 for e in _egresses())


def _near(measured, line):
    return measured is not None and abs(measured - line) <= 0.05 * line + 0.2


def _check_times(check):
    for pe in PES:
        took = wait_for(lambda router=pe: _measured(router), 30)
        check.ok(took is not None, f"{pe} has measured every egress, in both families")
        probes = _probes(pe)
        for egress, site in _egresses().items():
            ms = probes.get(egress, {}).get("median-ms")
            check.ok(_near(ms, site.rtt_ms),
                     f"{pe} to {site.name} by {egress}: {ms} ms of {site.rtt_ms} ms")
        check.ok(all(p["loss"] == 0 and p["refused"] == 0 for p in probes.values()),
                 f"{pe}: nothing lost, nothing refused")
    used = [s for pe in PES for v in services(pe) for s in v["sites"]]
    check.ok(all(s["rtt-source"] == "measured" and _near(s["rtt-ms"], lab.site_named(s["name"]).rtt_ms)
                 for s in used), "and steering uses what was measured")
    east = routers.ask("east", "show", "probes")["reflector"]
    check.ok(east["reflected"] > 0 and east["malformed"] == east["refused"] == east["unsent"] == 0,
             f"the reflector of east: {east}")


def _check_packets(check):
    if not shutil.which("tshark"):
        check.note("tshark is not installed: the packets were not looked at")
        return
    read = subprocess.run(
        net.inside("east", "tshark", "-i", "core0", "-c", "40", "-a", "duration:15",
                   "-f", "udp port 862", "-d", "udp.port==862,twamp.test", "-T", "fields",
                   "-e", "udp.srcport", "-e", "twamp.test.seq_number",
                   "-e", "twamp.test.sender_seq_number", "-e", "_ws.malformed"),
        check=False, capture_output=True, text=True)
    rows = [line.split("\t") for line in read.stdout.splitlines()]
    sent = {row[1] for row in rows if row[0] != "862"}
    back = {(row[1], row[2]) for row in rows if row[0] == "862"}
    check.ok(len(rows) == 40 and not any(row[3] for row in rows),
             f"tshark reads {len(rows)} packets, none malformed")
    check.ok(back and all(seq == sender for seq, sender in back) and {s for s, _ in back} & sent,
             f"{len(back)} answers, each to a probe's number")


def _check_longer_path(check):
    link, _ = plan.link_between("core", "cloud")
    procs.stop("delay-cloud")
    procs.start("delay-cloud", plan.DELAY, plan.program("delayline"), "--delay-ms", FAR_MS,
                *net.delay_ports(link))
    took = wait_for(lambda: _near(_probes("pe1")[plan.SITES[2].v4].get("rtt-ms"), 2 * FAR_MS), 15)
    check.ok(took is not None, f"a path that grew to {2 * FAR_MS} ms is seen, after {took} s")


def _west():
    found = [s for v in services("pe1") for s in v["sites"] if s["name"] == "west"]
    assert found
    return found


def _check_silence(check):
    """The session is held by somebody else's address: only the reflector goes."""
    site = lab.site_named("west")
    config = routers.config_path(site)
    text = config.read_text()
    config.write_text(text.replace("probe:\n  reflector: {}\n", ""))
    routers.ask("west", "reload")
    took = wait_for(lambda: not any("rtt-ms" in _probes("pe1")[e] for e in (site.v4, site.v6)), 15)
    check.ok(took is not None, f"without answers there is no time after {took} s")
    took = wait_for(lambda: all(s["rtt-source"] == "unknown" for s in _west()), 15)
    check.ok(took is not None and all(s["state"] == "up" for s in _west()),
             "the site stays, its distance is not known: "
             f"{[(s['state'], s['rtt-source'], s.get('rtt-ms')) for s in _west()]}")
    took = wait_for(lambda: "no answer" in _probes("pe1")[site.v4].get("fault", ""), 15)
    check.ok(took is not None and _probes("pe1")[site.v4]["loss"] > 0, "and the reason is said")
    config.write_text(text)
    routers.ask("west", "reload")
    took = wait_for(lambda: _near(_probes("pe1")[site.v4].get("rtt-ms"), site.rtt_ms), 15)
    check.ok(took is not None, f"and is measured again {took} s after the reflector is back")


def _steer(settings, *lines):
    """pe1 with these lines more in its service. Returns what asks for the IPv4 service's sites, by name."""
    router = next(r for r in plan.INGRESSES if r.name == "pe1")
    routers.write_config(router, replace(settings, extra="".join(f"      {x}\n" for x in lines)))
    routers.reload(router)

    def sites():
        explained = routers.ask("pe1", "explain", plan.SERVICE_V4)["explained"][0]
        return {c["name"]: c for c in explained["candidates"]}
    return sites


def _check_wishes(check, settings):
    sites = _steer(settings, "excluded-classes: cloud", "minimum-share: 0.2")
    wait_for(lambda: "class" in sites()["cloud"].get("reason", ""), 15)
    cloud = sites()["cloud"]
    check.ok(cloud["reason"] == "excluded: class cloud not allowed" and cloud["share"] == 0,
             f"a class that is excluded gets nothing: {cloud['reason']}")
    sites = _steer(settings, "tiers: [cloud, edge]", "cost-weight-ms: 100")
    took = wait_for(lambda: sites()["cloud"].get("share") == 1, 15)
    check.ok(took is not None and [sites()[n]["tier"] for n in ("cloud", "east")] == [0, 1],
             "a service orders classes by itself: the cloud is its first tier")
    check.ok([round(sites()[n]["cost-ms"]) for n in ("cloud", "east")] == [300, 100]
             and round(sites()["east"]["tier-ms"]) == 1000,
             "and explain says what tier and cost count")
    sites = _steer(settings, "maximum-share: 0.4", "minimum-share: 0.2")
    took = wait_for(lambda: all(0 < s.get("share", 0) <= 0.4 + 1e-9 for s in sites().values()), 15)
    check.ok(took is not None, "without these wishes all are used again")


def test(check):
    settings = routers.Settings(probe=True)
    check.up(settings)
    _check_times(check)
    _check_packets(check)
    _check_longer_path(check)
    _check_silence(check)
    _check_wishes(check, settings)
