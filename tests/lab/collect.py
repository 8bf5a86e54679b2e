# SPDX-License-Identifier: BSD-2-Clause
"""A site whose load a Prometheus exporter tells: shares follow it. The exporter hangs, dies and lies: no share
moves, the log names each fault once, it is asked later and later, and another collector is asked on. A Service of a
Kubernetes cluster that announces itself gets its route, and its clients their answers, until it goes."""

import os
import shutil
import signal
import subprocess
import time

from common import PES, wait_for, wanted
from labkit import net, plan, procs, routers, service

EAST = plan.SITES[0]
SERVER = plan.server_of(EAST)
LINK, END = plan.link_between(EAST.name, SERVER)
ADDRESS = LINK.v4(3 - END)
PROGRAM = shutil.which("prometheus-node-exporter")
STAND_IN = os.path.join(os.path.dirname(os.path.realpath(__file__)), "exporter.py")
JOBS, MACHINE, API, CHESS = 9100, 9101, 6443, 8090  # ports
API_SERVER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../unit/api_server.py")
CHESS_V4 = "198.51.100.90"

CLUSTER = f"""\
clusters:
  - name: kube
    url: "http://{ADDRESS}:{API}"
    namespaces: [games, web]
    prefixes: [{CHESS_V4}/32]
    endpoints: [{ADDRESS}/32]
    max-services: 2
"""
STEER = f"""\
  - name: chess
    addresses: [{CHESS_V4}]
    protocol: tcp
    port: {CHESS}
    steer:
      slots: 64
"""

COLLECTORS = f"""\
      collectors: [jobs, machine]
collectors:
  - name: jobs
    mapping: jobs
    interval: 0.5
    timeout: 1
    max-age: 60
    prometheus: {{url: "http://{ADDRESS}:{JOBS}/metrics"}}
  - name: machine
    mapping: machine
    interval: 0.5
    timeout: 1
    max-age: 60
    prometheus: {{url: "http://{ADDRESS}:{MACHINE}/metrics"}}
mappings:
  - name: jobs
    values:
      - name: in-flight
        of:
          - name: jobs
            metrics: [lab_jobs]
            labels: [{{name: state, is: "*ing"}}]
      - name: capacity
        of:
          - name: slots
            metrics: [lab_slots]
      - name: service-time
        of:
          - name: milliseconds
            metrics: [lab_job_milliseconds]
        scale: 0.001
  - name: machine
    values:
      - name: machine-load
        of:
          - name: load
            metrics: [node_load1]
"""


class Exported(service.Web):
    """The lab's service; the load of one site is told by an exporter."""

    def collector(self, site):
        return COLLECTORS if site is EAST else super().collector(site)

    def sources(self, site):
        return CLUSTER if site is EAST else super().sources(site)

    def start(self, site):
        super().start(site)
        if site is EAST:
            _cluster()
            _write(_page(2))
            _export_jobs()
            _export_machine()


def _directory():
    path = plan.RUN / "exporter"
    path.mkdir(parents=True, exist_ok=True)
    return path


def _page(running, queued=0):
    return (f'lab_jobs{{state="running"}} {running}\nlab_jobs{{state="waiting"}} {queued}\n'
            f'lab_jobs{{state="ended"}} 1e6\nlab_slots {EAST.slots}\nlab_job_milliseconds 50\n')


def _write(text, name="jobs.prom"):
    """In one step: an exporter never reads half a page."""
    fresh = _directory() / (name + ".new")
    fresh.write_bytes(text if isinstance(text, bytes) else text.encode())
    fresh.rename(_directory() / name)


def _export_jobs():
    if PROGRAM:
        procs.start("exporter", SERVER, PROGRAM, "--collector.disable-defaults",
                    "--collector.textfile", f"--collector.textfile.directory={_directory()}",
                    f"--web.listen-address={ADDRESS}:{JOBS}")
    else:
        procs.start("exporter", SERVER, STAND_IN, ADDRESS, JOBS, _directory() / "jobs.prom")


def _export_machine():
    if PROGRAM:
        procs.start("exporter-machine", SERVER, PROGRAM, "--collector.disable-defaults",
                    "--collector.loadavg", f"--web.listen-address={ADDRESS}:{MACHINE}")
    else:
        _write("node_load1 1\n", "machine")
        procs.start("exporter-machine", SERVER, STAND_IN, ADDRESS, MACHINE,
                    _directory() / "machine")


def _lie():
    _write(b'lab_jobs{state="running"} -\xff\x00 9e999\nlab_slots NaN\n', "lies")
    procs.start("exporter", SERVER, STAND_IN, ADDRESS, JOBS, _directory() / "lies")


def _collectors():
    shown = routers.ask(EAST.name, "show", "collectors")["collectors"]
    return {c["name"]: c for c in shown}


def _shares():
    return [wanted(pe, EAST.name) for pe in PES]


def _below(share):
    return all(s < share for s in _shares())


def _above(share):
    return all(s > share for s in _shares())


def _named(words):
    log = (plan.RUN / f"{EAST.name}.log").read_text(errors="replace")
    return sum("collector jobs (" in line and words in line for line in log.splitlines())


def _steady():
    """Shares that have come to rest: more than two report periods in which none moves."""
    before = _shares()
    time.sleep(2.5)
    return max(abs(a - b) for a, b in zip(_shares(), before)) < 0.005


def _fault(check, what, words, begin, end):
    """Lets a fault last for three questions: shares stay, it is named once; until it is over, questions are rare."""
    before, asked = _shares(), _collectors()
    begin()
    took = wait_for(lambda: _collectors()["jobs"]["failed"] >= asked["jobs"]["failed"] + 3, 20)
    now = _collectors()["jobs"]
    moved = max(abs(a - b) for a, b in zip(_shares(), before))
    check.ok(took is not None and now["state"] == "failing",
             f"{what}: {now['state']}, {now.get('last-error')}")
    check.ok(_named(words) == 1, f"{what}: named {_named(words)} times in the log")
    check.ok(moved <= 0.02, f"{what}: shares have moved by {moved:.3f}")
    end()
    took = wait_for(lambda: _collectors()["jobs"]["state"] == "good", 20)
    now = _collectors()
    jobs, machine = (now[c]["asked"] - asked[c]["asked"] for c in ("jobs", "machine"))
    check.ok(took is not None, f"{what}: good again after {took or 0:.1f} s")
    check.ok(jobs < machine and now["machine"]["failed"] == asked["machine"]["failed"],
             f"{what}: asked {jobs} times, the other one {machine} times and in vain never")


def _replace(begin):
    """Another process at the exporter's place."""
    procs.stop("exporter")
    begin()


def _cluster():
    """An API server, and a pod on the host's network that has the Service's address."""
    _commands().write_text("")
    procs.start("api", SERVER, "python3", API_SERVER, API, ADDRESS, _commands())
    net.run(*net.inside(SERVER, "ip", "addr", "add", f"{CHESS_V4}/32", "dev", "lo"))
    procs.start("chess", SERVER, "python3", "-m", "http.server", "--bind", CHESS_V4, CHESS,
                "--directory", _directory())


def _commands():
    return _directory() / "commands"


def _say(command):
    with open(_commands(), "a", encoding="utf-8") as file:
        file.write(command + "\n")


def _annotate(service, address):
    _say(f'service {service} {{"margay.io/announce": "true", "margay.io/capacity": "4", '
         f'"margay.io/address": "{address}", "spec": {{"ports": [{{"port": {CHESS}}}]}}}}')


def _routes():
    """At an ingress, to the Service."""
    shown = routers.ask(PES[0], "show", "bgp", "routes")["routes"]
    return [r for r in shown if r["prefix"] == f"{CHESS_V4}/32"]


def _answers():
    """One request of a client."""
    words = net.inside(plan.CLIENTS[0].name, "python3", "-c", "import urllib.request as u; "
                       f"u.urlopen('http://{CHESS_V4}:{CHESS}/jobs.prom', timeout=1)")
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def _announced():
    shown = routers.ask(EAST.name, "show", "services")["announced"]
    return {s["name"]: s for s in shown}.get("games/chess", {})


def _kubernetes(check):
    _annotate("games/chess", CHESS_V4)
    _annotate("web/greedy", plan.SERVICE_V4)
    _say(f"endpoints games/chess {CHESS} {ADDRESS}/y/y/n")
    took = wait_for(_routes, 30)
    check.ok(took is not None, f"an annotated Service has a route after {took or 0:.1f} s")
    check.ok(wait_for(_answers, 30) is not None, "and its pod answers a client")
    now = _announced()
    check.ok((now.get("origin"), now.get("cluster")) == ("cluster", "kube"), f"shown: {now}")
    shown = routers.ask(EAST.name, "show", "clusters")["clusters"][0]
    states = {s["service"]: s["state"] for s in shown["services"]}
    check.ok(states == {"games/chess": "announced", "web/greedy": "refused"}, f"{states}")
    _say(f"endpoints games/chess {CHESS} {ADDRESS}/n/n/n")
    check.ok(wait_for(lambda: not _routes(), 30) is not None, "no pod is ready: no route")
    _say(f"endpoints games/chess {CHESS} {ADDRESS}/y/y/n")
    check.ok(wait_for(_routes, 30) is not None, "it is ready again")
    _say("unservice games/chess")
    check.ok(wait_for(lambda: not _routes(), 30) is not None, "the Service goes, and its route")
    check.ok(wait_for(lambda: not _announced(), 10) is not None, "and it is shown no more")


def test(check):
    check.note(f"the exporter is {PROGRAM or STAND_IN}")
    # How old a report may be is another test's matter.
    check.up(routers.Settings(update_max=1, service=Exported(),
                              extra="      stale-age: 100\n      max-age: 200\n" + STEER))
    check.ok(wait_for(lambda: _above(0.1), 20) is not None, f"the site is used: {_shares()}")
    wait_for(_steady, 15)
    idle = _shares()
    _write(_page(EAST.slots, 40))
    check.ok(wait_for(lambda: _below(min(idle) / 2), 20) is not None,
             f"it is loaded: shares fall from {idle} to {_shares()}")
    _write(_page(2))
    check.ok(wait_for(lambda: _above(0.8 * min(idle)), 30) is not None,
             f"it is idle again: shares rise to {_shares()}")
    check.ok(wait_for(_steady, 20) is not None, "and come to rest")
    _fault(check, "hangs", "no whole answer within",
           lambda: procs.send("exporter", signal.SIGSTOP),
           lambda: procs.send("exporter", signal.SIGCONT))
    _fault(check, "is gone", "see whether anybody listens there",
           lambda: procs.stop("exporter"), _export_jobs)
    _fault(check, "lies", "malformed: line 1", lambda: _replace(_lie),
           lambda: _replace(_export_jobs))
    _kubernetes(check)  # last: `wanted` asks for the mean of all services
