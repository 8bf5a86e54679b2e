# SPDX-License-Identifier: BSD-2-Clause
"""margay trace and margay capture on live routers: names, filters, what was sent and where it went, by
both ends of the tunnels; and no trace of them when they have ended."""

import json
import shutil
import signal
import subprocess
import tempfile

from common import run_load
from labkit import net, plan, routers

COUNT = 200
SITES = {s.name for s in plan.SITES}


class Margay:
    """Started where a router's interfaces have their names. Its output goes to files: a pipe that
    nobody reads meanwhile would hold it up."""

    def __init__(self, router, *words, socket=None):
        self._out, self._err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        command = net.inside(router, plan.program("margay"), "-s",
                             socket or plan.control_socket(router), *words)
        self._process = subprocess.Popen(command, stdout=self._out, stderr=self._err)

    def interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def end(self):
        """Its exit status, and what it wrote."""
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        texts = []
        for file in (self._out, self._err):
            file.seek(0)
            texts.append(file.read())
            file.close()
        return self._process.returncode, *texts


def _packets(text):
    lines = [json.loads(line) for line in text.splitlines()]
    return [p for p in lines if "summary" not in p], [p for p in lines if "summary" in p]


def _sent(router):
    counters = routers.ask(router, "show", "counters")["verdicts"]
    return sum(c["packets"] for c in counters if c["name"] == "forward")


def _check_ingress(check):
    trace = Margay("pe1", "-j", "trace", "service", plan.SERVICE, "verdict", "forward", "--count",
                   COUNT)
    run_load([(4, 100)])
    status, out, err = trace.end()
    packets, summary = _packets(out)
    check.ok(status == 0 and len(packets) == COUNT and summary == [
        {"summary": {"seen": COUNT, "lost": 0}}], f"{len(packets)} packets of pe1, {summary} {err}")
    check.ok(all(p["service"] == plan.SERVICE and p["site"] in SITES and p["program"] == "ingress"
                 and p["port"] == plan.SERVICE_PORT for p in packets),
             "each has its service's and a site's name")
    check.ok(any("start" in p["flags"] for p in packets), "flow starts are among them")
    check.ok(all(p["out-interface"].isidentifier() for p in packets), "interfaces have names")


def _check_both_ends(check):
    """What pe1 says it sent to a site, that site's router says it delivered."""
    site = plan.SITES[0].name
    ends = [Margay("pe1", "-j", "trace", "verdict", "forward"),
            Margay(site, "-j", "trace", "verdict", "delivered")]
    run_load([(3, 100)])
    for end in ends:
        end.interrupt()
    (first, out, _), (second, delivered, _) = [end.end() for end in ends]
    sent = {(p["client"], p["client-port"]) for p in _packets(out)[0] if p.get("site") == site}
    got = {(p["client"], p["client-port"]) for p in _packets(delivered)[0]}
    check.ok(first == 0 and second == 0, "Ctrl-C ends both")
    check.ok(sent and sent <= got, f"{len(sent)} flows from pe1 came out at {site}, which saw "
             f"{len(got)}; missing {len(sent - got)}")


def _check_capture(check):
    file = plan.RUN / "capture.pcapng"
    capture = Margay("pe1", "capture", "-w", file, "protocol", "tcp", "--count", 50)
    run_load([(3, 100)])
    status, _, err = capture.end()
    check.ok(status == 0 and "50 packets seen, 0 lost" in err, f"50 packets captured: {err}")
    if not shutil.which("tshark"):
        check.note("tshark is not installed: the file was not looked at")
        return
    read = subprocess.run(["tshark", "-r", file, "-T", "fields", "-e", "frame.comment"], check=False,
                          capture_output=True, text=True)
    comments = read.stdout.splitlines()
    check.ok(read.returncode == 0 and len(comments) == 50, f"tshark reads {len(comments)} packets")
    check.ok(any(c.startswith(f"FORWARD: sent to a site; service {plan.SERVICE}, site ")
                 for c in comments), f"with their reasons: {comments[:1]}")


def _check_without_daemon(check):
    """Nobody is asked but the tables."""
    trace = Margay("pe1", "-j", "trace", "pin-directory", plan.pins("pe1"), "--count", 5,
                   socket="/nonexistent")
    run_load([(2, 50)])
    status, out, err = trace.end()
    packets = _packets(out)[0]
    check.ok(status == 0 and len(packets) == 5 and "margayd does not answer" in err
             and all("site" not in p for p in packets), "without margayd there are numbers")


def test(check):
    check.up()
    before = _sent("pe1")
    _check_ingress(check)
    check.ok(_sent("pe1") - before >= COUNT, "counters agree")
    _check_both_ends(check)
    _check_capture(check)
    _check_without_daemon(check)
    dump = net.run("bpftool", "map", "dump", "pinned", plan.pins("pe1") /
                   routers.ask("pe1", "version")["abi"] / "mg_trace_filter")
    check.ok('"on":0' in dump.replace(" ", ""), "the filter is off at the end")
    maps = {m["name"]: m for m in routers.ask("pe1", "show", "maps")["maps"]}
    check.ok(maps["mg_slots"]["used"] > 0 and maps["mg_trace"]["used"] == 0
             and all(m.get("memory") for m in maps.values()), f"{len(maps)} maps are shown")
    sites = routers.ask("pe1", "show", "sites")["sites"]
    check.ok(all(s["packets"] == sum(v["packets"] for v in s["services"]) for s in sites)
             and sum(s["packets"] for s in sites) > 0, "sites are counted over their services")
