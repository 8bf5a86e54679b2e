#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""In a guest, the CPU quotas of the transcoding farm by control groups of version 2: "ok" and "not ok" lines."""

import os
import subprocess
import sys
import time
from pathlib import Path

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../tools/lab")]
sys.dont_write_bytecode = True

from labkit import net, quota  # noqa: E402

CPUS = 0.1
SECONDS = 3


def ok(good, words):
    print(f"{'ok' if good else 'not ok'} {words}", flush=True)


def refusal(attempt):
    """What is said of what cannot be had."""
    try:
        return f"{attempt()} was to be had"
    except net.Failed as fault:
        return str(fault)


def container():
    """Quotas in a group with a process in it, as a container sees its own; and that process."""
    quota.find().enable()
    inner = Path("/sys/fs/cgroup/inner")
    inner.mkdir()
    return quota.Quotas(2, inner), spin(inner)


def stat(group):
    return dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())


def spin(group):
    """Something that never rests, in a group."""
    return subprocess.Popen(["sh", "-c", 'echo 0 >"$0/cgroup.procs" && while :; do :; done',
                             str(group)])


def used(groups):
    """How much of a CPU each group got, over some seconds."""
    begun, before = time.monotonic(), [int(stat(g)["usage_usec"]) for g in groups]
    time.sleep(SECONDS)
    passed = time.monotonic() - begun
    return [(int(stat(g)["usage_usec"]) - b) / 1e6 / passed for g, b in zip(groups, before)]


def main():
    ok("mount -t cgroup2" in refusal(quota.find), "without control groups the remedy is named")
    net.run("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup")
    quotas = quota.find()
    ok(quotas.version == 2 and str(quotas.group) == "/sys/fs/cgroup/margay-lab", quotas.words)
    groups = [quotas.add("tenth", CPUS), quotas.add("half", 5 * CPUS)]
    spinning = [spin(group) for group in groups]
    time.sleep(0.5)
    tenth, half = used(groups)
    ok(0.5 * CPUS < tenth < 1.3 * CPUS, f"a tenth of a CPU is {tenth:.3f}")
    ok(2 * tenth < half < 6.5 * CPUS, f"half of one is {half:.3f}")
    ok(int(stat(groups[0])["nr_throttled"]) > 0, "it was held back")
    quota.remove()
    ok(not quotas.group.exists() and all(p.wait(10) for p in spinning),
       "the groups are removed with what still ran in them")
    again = quotas.add("again", CPUS)
    ok(again.is_dir(), "and can be made anew")
    quotas.remove()
    inner, process = container()
    time.sleep(0.5)
    words = refusal(lambda: inner.add("tenth", CPUS))
    ok("/inner/rest" in words, "where processes are in the way the remedy is named")
    subprocess.run(["sh", "-c", words[words.index("mkdir"):]], check=False)
    ok(inner.add("tenth", CPUS).is_dir(), "which helps")
    process.kill()


if __name__ == "__main__":
    try:
        main()
    except (net.Failed, OSError) as fault:
        ok(False, f"the test ended early: {fault}")
