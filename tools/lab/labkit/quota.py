# SPDX-License-Identifier: BSD-2-Clause
"""CPU quotas by control groups: version 2 where that has the CPU controller here, else version 1."""

import os
import signal
from pathlib import Path

from . import net, plan

GROUP = plan.RUN.name
PERIOD_US = 50000
MOUNTS = Path("/proc/mounts")


class Quotas:
    """Groups below one of the lab's own; each holds its processes to a part of one CPU."""

    def __init__(self, version, root):
        self.version = version
        self.group = root / GROUP
        self.words = f"control groups version {version}, below {self.group}"

    def _write(self, path, text):
        try:
            path.write_text(text)
        except OSError as fault:
            raise net.Failed(f"{path}: no CPU quota can be set: {fault.strerror}") from fault

    def _make(self, path):
        try:
            path.mkdir(exist_ok=True)
        except OSError as fault:
            raise net.Failed(f"{path}: no control group can be made: {fault.strerror}") from fault

    def enable(self):
        """The controller for groups below the root. A group that is not the machine's root, as a
        container's is not, may then hold no process itself."""
        root = self.group.parent
        if "cpu" in (root / "cgroup.subtree_control").read_text().split():
            return
        if (root / "cgroup.type").exists() and (root / "cgroup.procs").read_text():
            raise net.Failed(
                f"{root}: no CPU quota can be set while processes are in this group itself: "
                f"mkdir {root}/rest; for p in $(cat {root}/cgroup.procs); do "
                f"echo $p >{root}/rest/cgroup.procs; done")
        self._write(root / "cgroup.subtree_control", "+cpu")

    def _open(self):
        """The lab's own group, which comes before the rest of the machine: a quota is a promise."""
        if self.version == 2:
            self.enable()
        self._make(self.group)
        if self.version == 2:
            self._write(self.group / "cgroup.subtree_control", "+cpu")
            self._write(self.group / "cpu.weight", "10000")
        else:
            self._write(self.group / "cpu.shares", "102400")

    def add(self, name, cpus):
        """The directory of a new group of so many CPUs."""
        if not self.group.is_dir():
            self._open()
        path = self.group / name
        quota_us = round(cpus * PERIOD_US)
        self._make(path)
        if self.version == 2:
            self._write(path / "cpu.max", f"{quota_us} {PERIOD_US}")
        else:
            self._write(path / "cpu.cfs_period_us", str(PERIOD_US))
            self._write(path / "cpu.cfs_quota_us", str(quota_us))
        return path

    def remove(self):
        """With all that still runs in it."""
        if not self.group.is_dir():
            return
        for path in [p for p in self.group.iterdir() if p.is_dir()]:
            _end(path)
        _end(self.group)


def _end(path):
    """An empty group can be removed once its last process is gone, which takes a moment."""
    for _ in range(100):
        for pid in (path / "cgroup.procs").read_text().split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            path.rmdir()
            return
        except OSError:
            net.run("sleep", "0.02")


def _roots():
    """(version, directory) of what is mounted and has the CPU controller; version 2 first."""
    found = []
    for line in MOUNTS.read_text(encoding="utf-8").splitlines():
        _, where, kind, options = line.split()[:4]
        where = Path(where)
        if kind == "cgroup2" and "cpu" in (where / "cgroup.controllers").read_text().split():
            found.append((2, where))
        elif kind == "cgroup" and "cpu" in options.split(","):
            found.append((1, where))
    return sorted(found, key=lambda f: -f[0])


def find():
    """What this machine has; raises net.Failed with what is missing."""
    roots = _roots()
    if not roots:
        raise net.Failed("no control group with the CPU controller is mounted here: without it "
                         "there are no CPU quotas (mount -t cgroup2 none /sys/fs/cgroup)")
    return Quotas(*roots[0])


def remove():
    """What a lab has left, if anything."""
    for version, root in _roots():
        Quotas(version, root).remove()
