# SPDX-License-Identifier: BSD-2-Clause
"""The generators of both clients, and what became of each request."""

import time
from dataclasses import dataclass

from . import plan, procs

TIMEOUT_MS = 3000
LARGEST = 40  # times the smallest work: at half speed the largest still ends in half the timeout
LEAD_SECONDS = 1.5  # from starting the programs to their first request


@dataclass(frozen=True)
class Request:
    at: float  # planned start, seconds since the start of the load
    family: int
    outcome: str
    site: str  # "": not known
    latency_ms: float
    read: float  # when we read of it
    site_ms: float = None  # of that, what the site says: its queue and the work
    late_ms: float = 0  # of that, the generator's: how late it began

    @property
    def failed(self):
        return self.outcome != "done"

    @property
    def cost_ms(self):
        """Who failed waited at least as long as who gave up: a lost request is no fast one."""
        return TIMEOUT_MS if self.failed else self.latency_ms


def quantile(values, q):
    """The smallest value that q of all do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[min(int(q * len(ordered)), len(ordered) - 1)] if ordered else None


@dataclass(frozen=True)
class Flows:
    """What the requests are like, and where they go."""

    work_ms: float = plan.SERVICE_TIME_MS
    largest: float = LARGEST
    timeout_ms: float = TIMEOUT_MS
    to: tuple = (plan.SERVICE_V4, plan.SERVICE_V6)
    oracle: bool = False  # straight to the server where it is over first, and not to `to`
    realtime: bool = False

    @property
    def program(self):
        return (plan.program("flowgen"),)

    def words(self):
        words = ["--work-ms", self.work_ms, "--ratio", self.largest,
                 "--timeout", self.timeout_ms / 1000]
        if not self.oracle:
            return words + [word for address in self.to for word in ("--to", address)]
        for site in plan.SITES:
            # Each request has two round trips: to connect, and to ask.
            words += ["--to", plan.direct_addresses(site)[0],
                      "--oracle", f"{plan.site_board(site)},{2 * site.rtt_ms}"]
        return words


class Load:
    """Requests of both clients by one schedule [(seconds, requests a second)...]."""

    def __init__(self, schedule, seed, flows=Flows()):
        self.flows = flows
        self.requests = []
        self._logs = []
        self._keys = []
        self.start = time.monotonic() + LEAD_SECONDS
        self.seconds = sum(seconds for seconds, _ in schedule)
        for number, client in enumerate(plan.CLIENTS):
            self._start_client(client, schedule, seed + number)

    def _start_client(self, client, schedule, seed):
        where = plan.directory(client.name)
        where.mkdir(parents=True, exist_ok=True)
        share = len(plan.CLIENTS)
        (where / "schedule").write_text("".join(f"{s} {r / share}\n" for s, r in schedule))
        log = where / "requests.csv"
        log.write_text("")
        words = [*procs.realtime(self.flows.realtime), *self.flows.program,
                 "--port", plan.SERVICE_PORT, "--schedule", where / "schedule", "--seed", seed,
                 "--start", f"{self.start:.6f}", "--log", log, *self.flows.words()]
        for source in client.sources:
            words += ["--from", source]
        key = f"flowgen-{client.name}"
        procs.start(key, client.name, *words)
        self._keys.append(key)
        self._logs.append([open(log, encoding="ascii"), ""])

    @property
    def now(self):
        return time.monotonic() - self.start

    @property
    def running(self):
        return any(procs.pid_of(key) for key in self._keys)

    def read(self):
        """The requests that ended since the last call."""
        new = []
        for log in self._logs:
            text = log[1] + log[0].read()
            whole, _, log[1] = text.rpartition("\n")
            for line in whole.splitlines():
                if not line.startswith("planned"):
                    new.append(self._parse(line))
        self.requests += new
        return new

    def _parse(self, line):
        at, _, family, outcome, site, latency, wait, work, late = line.split(",")
        here = (int(wait) + int(work)) / 1000 if wait else None
        return Request(float(at), int(family), outcome, site, float(latency), self.now, here,
                       int(late) / 1000)

    def stop(self):
        for key in self._keys:
            procs.stop(key)
        self.read()
        for log in self._logs:
            log[0].close()
