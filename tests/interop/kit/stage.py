# SPDX-License-Identifier: BSD-2-Clause
"""What every run of a scene has around it: namespaces, a directory, logs where something failed."""

import os
import signal
import tempfile

from . import checks, lan, margay


def _on_term(number, frame):
    raise KeyboardInterrupt


def run(name, play):
    """Calls play(net, check), whose namespaces and pins are named by `name`; the exit status."""
    if os.geteuid():
        print("skipped: needs root for namespaces\n0 passed, 0 failed, 1 skipped")
        return 0
    check = checks.Check()
    signal.signal(signal.SIGTERM, _on_term)
    with tempfile.TemporaryDirectory(prefix="margay-" + name) as work:
        os.chmod(work, 0o755)
        net = lan.Lan(work)
        try:
            net.up()
            play(net, check)
        except (lan.Failed, KeyError, IndexError) as fault:
            check.ok(False, repr(fault))
        finally:
            if check.failed:
                for log in sorted(path.stem for path in net.work.glob("*.log")):
                    print(f"# {log}:\n{net.tail(log, 30)}")
            net.down()
            margay.forget_pins()
    return check.finish()


def installed(check, classes):
    """Those of the daemons' classes that are there; the others are skipped."""
    for cls in classes:
        why = cls.missing()
        if why:
            check.skip(f"{cls.title}: {why}")
    return [cls for cls in classes if not cls.missing()]
