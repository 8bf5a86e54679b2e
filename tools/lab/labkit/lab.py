# SPDX-License-Identifier: BSD-2-Clause
"""The whole lab: up, down, status, and what can happen to a site."""

import contextlib
import fcntl
import json
import shutil
import sys
import time

from . import net, plan, procs, quota, reflector, routers, service

READY_SECONDS = 30
LOCK = "/run/lock/margay-lab"


@contextlib.contextmanager
def _locked(path, how):
    with open(path, "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another lab on this machine to end", file=sys.stderr)
            fcntl.flock(lock, how)
        yield


def alone():
    """The only lab on the machine: whoever builds or ends it waits for all others to finish."""
    return _locked(LOCK, fcntl.LOCK_EX)


@contextlib.contextmanager
def beside():
    """A lab with a name of its own (MARGAY_LAB): waits for its namesake and for one that is alone."""
    with _locked(LOCK, fcntl.LOCK_SH), _locked(f"{LOCK}_{plan.LAB}", fcntl.LOCK_EX):
        yield


def start_server(site, kind=service.WEB):
    kind.start(site)


def tell_server(site, *words):
    text = net.run(plan.program("sitectl"), plan.site_socket(site), *words)
    return json.loads(text)


def kill_server(site):
    procs.kill(plan.server_of(site))


def site_named(name):
    return next(site for site in plan.SITES if site.name == name)


def _start_delays():
    for link in plan.LINKS:
        if link.delay_ms:
            procs.start(f"delay-{link.b}", plan.DELAY, plan.program("delayline"), "--delay-ms",
                        link.delay_ms, *net.delay_ports(link))


def missing_programs(control=True, kind=service.WEB):
    names = ["delayline", *kind.programs]
    names += ["margayd", "margay"] if control else []
    return [str(plan.program(n)) for n in names if not plan.program(n).exists()]


def up(settings=None, rr="frr", control=True):
    """From whatever is there to a lab that runs. control False: without margayd and reflector."""
    settings = settings or routers.Settings()
    missing = missing_programs(control, settings.service)
    if missing:
        raise net.Failed(f"not built: {', '.join(missing)} (set MARGAY_BUILD, or build first)")
    down()
    plan.RUN.mkdir(parents=True, exist_ok=True)
    net.mount_bpffs()
    net.up()
    _start_delays()
    for site in plan.SITES:
        start_server(site, settings.service)
    (plan.RUN / "lab.json").write_text(json.dumps({"rr": rr}))
    if control:
        start_control(settings, rr)


def start_control(settings, rr="frr"):
    reflector.start(rr, settings)
    for router in plan.MARGAYS:
        routers.write_config(router, settings)
        routers.start(router)
    await_ready()


def stop_control():
    for key in [r.name for r in plan.MARGAYS] + ["rr", "rr-bgpd", "rr-zebra"]:
        procs.stop(key)


def _ready():
    want = {site.name for site in plan.SITES}
    addresses = {plan.SERVICE_V4, plan.SERVICE_V6}  # a test may have services of its own
    for ingress in plan.INGRESSES:
        seen = routers.sites_seen(ingress.name)
        if not addresses <= set(seen):
            return f"{ingress.name} knows no service"
        for address, sites in ((a, seen[a]) for a in sorted(addresses)):
            up_sites = {name for name, state in sites.items() if state == "up"}
            if up_sites != want:
                lacking = ", ".join(sorted(want - up_sites))
                return f"{ingress.name} has no way to {lacking} for {address}"
    return None


def await_ready(seconds=READY_SECONDS):
    until = time.monotonic() + seconds
    while True:
        fault = _ready()
        if not fault:
            return
        dead = [r.name for r in plan.MARGAYS if not procs.pid_of(r.name)]
        if dead:
            raise net.Failed(f"margayd ended at {dead[0]}:\n{procs.log_tail(dead[0])}")
        if time.monotonic() > until:
            raise net.Failed(f"not ready after {seconds} s: {fault}")
        time.sleep(0.2)


def down():
    procs.stop_all()
    quota.remove()
    net.down()
    shutil.rmtree(plan.PINS, ignore_errors=True)
    shutil.rmtree(plan.RUN, ignore_errors=True)


def status():
    """What runs, for people and scripts."""
    state = {"up": (plan.NETNS / plan.netns("core")).exists(), "directory": str(plan.RUN)}
    try:
        state.update(json.loads((plan.RUN / "lab.json").read_text()))
    except (OSError, ValueError):
        pass
    state["processes"] = {key: procs.pid_of(key) for key in procs.keys()}
    return state
