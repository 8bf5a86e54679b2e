# SPDX-License-Identifier: BSD-2-Clause
"""Programs of the lab: started in a namespace, written down, and ended again by what was written.

A process is known by its id and its start time, so that a record left by a crash can never end a
stranger that has the same id by now.
"""

import json
import os
import signal
import subprocess
import time

from . import net, plan

RECORDS = plan.RUN / "processes"
TERM_SECONDS = 3


def _start_time(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _record(key):
    return RECORDS / f"{key}.json"


def start(key, namespace, *words, env=None):
    """Runs words in a namespace, output to RUN/KEY.log. Returns its id."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    with open(plan.RUN / f"{key}.log", "ab") as log:
        # nsenter replaces itself by the program: the id stays.
        process = subprocess.Popen(
            net.inside(namespace, *words), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, env=env,
        )
    adopt(key, process.pid)
    return process.pid


def realtime(wanted):
    """Words before a program that is to come before all that is not of the lab."""
    return ("chrt", "--fifo", "1") if wanted else ()


def adopt(key, pid):
    """Writes down a process that another way has started."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    _record(key).write_text(json.dumps({"pid": pid, "start": _start_time(pid)}))


def pid_of(key):
    """The id, or None: it does not run."""
    try:
        record = json.loads(_record(key).read_text())
    except (OSError, ValueError):
        return None
    alive = record["start"] is not None and _start_time(record["pid"]) == record["start"]
    return record["pid"] if alive else None


def keys():
    return sorted(path.stem for path in RECORDS.glob("*.json"))


def _reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def send(key, number):
    pid = pid_of(key)
    if pid:
        os.kill(pid, number)
    return pid


def await_end(key, seconds):
    until = time.monotonic() + seconds
    while pid_of(key):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def kill(key):
    """At once, without a chance to say goodbye: what a crash looks like."""
    pid = send(key, signal.SIGKILL)
    await_end(key, TERM_SECONDS)
    if pid:
        _reap(pid)


def stop(key):
    pid = send(key, signal.SIGTERM)
    if not await_end(key, TERM_SECONDS):
        kill(key)
    if pid:
        _reap(pid)
    _record(key).unlink(missing_ok=True)


def stop_all():
    for key in keys():
        send(key, signal.SIGTERM)
    for key in keys():
        stop(key)


def log_tail(key, lines=8):
    try:
        text = (plan.RUN / f"{key}.log").read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
