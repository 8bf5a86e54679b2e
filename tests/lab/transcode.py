# SPDX-License-Identifier: BSD-2-Clause
"""Real ffmpeg jobs at sites with CPU quotas: the edge is used first, the cloud for what it cannot
take; a drained edge site gets no new job and loses none."""

import subprocess

from common import PES, Script, between, failures, run_load
from labkit import farm, lab, plan, procs, routers, transcode

CALM = 6  # seconds; then demand grows to what the edge cannot take
DRAIN, GONE, END = 6.5, 17.5, 20  # a drain takes its capacity away within 10 s


def metrics(site):
    """The page of a site's server, as its egress router sees it."""
    url = f"http://{plan.direct_addresses(site)[0]}:{transcode.METRICS_PORT}/metrics"
    program = f"import urllib.request as u; print(u.urlopen('{url}', timeout=5).read().decode())"
    return subprocess.run(["nsenter", f"--net=/run/netns/{plan.netns(site.name)}", "python3", "-c",
                           program], capture_output=True, text=True, check=True).stdout


def counter(site, name):
    return next(float(line.split()[1]) for line in metrics(site).splitlines()
                if line.split()[0] == f"transcode_{name}")


def drain():
    for pe in PES:
        routers.ask(pe, "drain", "east")


def test(check):
    lacking = transcode.missing()
    if lacking:
        return lacking
    job, quotas = farm.prepare()
    check.note(f"CPU quotas by {quotas.words}; a job takes {job.seconds * 1000:.0f} ms")
    check.ok(transcode.is_wanted(job.stream), f"ffprobe finds what was wanted: {job.stream}")
    lab.up(farm.settings(transcode.Transcoding(job, quotas)), check.rr)
    edge = transcode.capacity(job, 0)
    load = run_load([(CALM, 0.4 * edge), (END - CALM, 1.2 * edge)],
                    during=Script({DRAIN: drain}), flows=transcode.Uploads(job))
    check.ok(len(load.requests) > 20 and not any(r.failed for r in load.requests),
             f"every job came back, with the right octets: {failures(load.requests)}")
    calm = farm.share(between(load, 0, CALM), ["cloud"])
    full = farm.share(between(load, CALM + 2, END), ["cloud"])
    check.ok(calm <= 0.1, f"while the edge suffices the cloud gets {calm:.0%}")
    check.ok(full >= 0.15, f"while it is full the cloud gets {full:.0%}")
    late = between(load, GONE, END)
    check.ok(late and farm.share(late, ["east"]) == 0,
             f"a drained site gets none of {len(late)} new jobs")
    done = sum(counter(site, "service_seconds_count") for site in plan.SITES)
    check.ok(done == len(load.requests), f"sites say that they did {done:.0f} jobs, clients "
             f"that they had {len(load.requests)}")
    busy = sum(counter(site, "cpu_seconds_total") for site in plan.SITES)
    seconds = sum(counter(site, "service_seconds_sum") for site in plan.SITES)
    check.ok(busy < 1.3 * transcode.CPUS_PER_WORKER * seconds,
             f"jobs kept to {busy / seconds:.3f} CPU, of a quota of "
             f"{transcode.CPUS_PER_WORKER:g}")
    check.ok(all(procs.pid_of(plan.server_of(s)) for s in plan.SITES), "no server ended")
    return None
