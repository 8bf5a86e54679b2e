# SPDX-License-Identifier: BSD-2-Clause
"""A site's death is noticed by withdrawal and by the loss of its BGP session: new flows avoid it
within 100 ms of the message's arrival at the ingress."""

import time

from capture import Capture
from common import Script, between, failures, run_load
from labkit import lab, procs, routers

KILL, END = 6, 12
LIMIT_MS = 100


def _lags(site, starts, withdrawals, killed):
    """{family: ms from the withdrawal's arrival to the last new flow to the site}."""
    lags = {}
    known = {s.flow for s in starts if s.at < killed}
    for family in (4, 6):
        seen = [w.at for w in withdrawals if w.family == family and w.at > killed]
        # A SYN that is sent again belongs to an old flow.
        late = [s.at for s in starts if s.endpoint == site.endpoint and s.family == family
                and seen and s.at > seen[0] and s.flow not in known]
        lags[family] = (max(late) - seen[0]) * 1000 if late else 0.0 if seen else None
    return lags


def _run(check, words, death):
    """Load while a site dies; what the capture at pe1 shows."""
    site = lab.site_named("west")
    capture = Capture("pe1")
    killed = []

    def die():
        killed.append(time.time())
        death(site)

    load = run_load([(END, 300)], during=Script({KILL: die}))
    starts, withdrawals = capture.stop()
    before = sum(s.endpoint == site.endpoint and s.at < killed[0] for s in starts)
    check.ok(before > 20, f"{words}: {before} flows went to {site.name} before")
    for family, lag in _lags(site, starts, withdrawals, killed[0]).items():
        first = [w.at for w in withdrawals if w.family == family and w.at > killed[0]]
        check.ok(lag is not None and lag <= LIMIT_MS,
                 f"{words}: IPv{family}: last new flow {lag if lag is None else round(lag, 1)} ms "
                 f"after the withdrawal" + (f", which came {(first[0] - killed[0]) * 1000:.0f} ms "
                                            f"after the death" if first else ""))
    late = between(load, KILL + 1.25, END)
    check.ok(late and not any(r.failed for r in late), f"{words}: later {failures(late)}")
    check.ok(not any(r.site == site.name for r in late), f"{words}: later no flow at {site.name}")


def test(check):
    check.up()
    _run(check, "server killed", lab.kill_server)
    lab.start_server(lab.site_named("west"))
    lab.await_ready()
    _run(check, "session lost", lambda site: procs.kill(site.name))
    routers.start(lab.site_named("west"))
    lab.await_ready()
    check.ok(True, "the site returned")
