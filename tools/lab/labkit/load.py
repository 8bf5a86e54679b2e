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


class Load:
    """Requests of both clients by one schedule [(seconds, requests a second)...]."""

    def __init__(self, schedule, seed, work_ms=plan.SERVICE_TIME_MS):
        self.requests = []
        self._logs = []
        self._keys = []
        self.start = time.monotonic() + LEAD_SECONDS
        self.seconds = sum(seconds for seconds, _ in schedule)
        for number, client in enumerate(plan.CLIENTS):
            self._start_client(client, schedule, seed + number, work_ms)

    def _start_client(self, client, schedule, seed, work_ms):
        where = plan.directory(client.name)
        where.mkdir(parents=True, exist_ok=True)
        share = len(plan.CLIENTS)
        (where / "schedule").write_text("".join(f"{s} {r / share}\n" for s, r in schedule))
        log = where / "requests.csv"
        log.write_text("")
        words = [plan.program("flowgen"), "--port", plan.SERVICE_PORT, "--to", plan.SERVICE_V4,
                 "--to", plan.SERVICE_V6, "--schedule", where / "schedule", "--seed", seed,
                 "--start", f"{self.start:.6f}", "--work-ms", work_ms, "--ratio", LARGEST,
                 "--log", log, "--timeout", TIMEOUT_MS / 1000]
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
        at, _, family, outcome, site, latency = line.split(",")[:6]
        return Request(float(at), int(family), outcome, site, float(latency), self.now)

    def stop(self):
        for key in self._keys:
            procs.stop(key)
        self.read()
        for log in self._logs:
            log[0].close()
