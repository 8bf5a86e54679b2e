# SPDX-License-Identifier: BSD-2-Clause
"""What the viewer sees once a second: a table that is redrawn on a terminal, a line on a pipe."""

import sys

from . import plan

BAR = 24
HOME, CLEAR_BELOW, CLEAR_LINE = "\x1b[H", "\x1b[J", "\x1b[K"
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"


def _number(value, form="{:.0f}", scale=1.0):
    return "-" if value is None else form.format(value * scale)


def _bar(share):
    return ("#" * round((share or 0) * BAR)).ljust(BAR, ".")


class Line:
    """For pipes and logs: one line a second, the same columns always."""

    def __init__(self, introduction):
        print(f"{introduction}\n", flush=True)

    def begin(self, title):
        print(f"# {title}", flush=True)

    def columns(self):
        print("# A line a second: requests served and failed, latency of those served; for each site "
              "the share that\n# the routers want > the share it got, its load (util), requests "
              "there (n), age of its report in s.", flush=True)

    def note(self, text):
        print(f"# {text}", flush=True)

    def show(self, second):
        sites = "  ".join(self._site(name, site) for name, site in second.sites.items())
        print(f"{second.at:5.1f}s {second.phase:<7} ok {second.done:>3} fail {second.failed:>2} "
              f"p50 {_number(second.p50_ms):>4} p99 {_number(second.p99_ms):>4} ms | {sites}",
              flush=True)

    def end(self):
        pass

    @staticmethod
    def _site(name, site):
        return (f"{name} {_number(site.wanted, scale=100):>3}%>"
                f"{_number(site.measured, scale=100):>3}%"
                f" util {_number(site.utilisation, scale=100):>3}%"
                f" n {_number(site.in_flight):>3} age {_number(site.age, '{:.1f}'):>4}")


class Table:
    """For a terminal."""

    def __init__(self, introduction):
        self._introduction = introduction.splitlines()
        self._title = ""
        self._note = ""

    def begin(self, title):
        self._title = title
        sys.stdout.write("\n".join([HOME + CLEAR_BELOW, *self._introduction, "",
                                    f"{BOLD}{title}{PLAIN}\n"]))
        sys.stdout.flush()

    def columns(self):
        pass  # its own head names them

    def note(self, text):
        self._note = text

    def show(self, second):
        lines = ["", *self._introduction, "", f"{BOLD}{self._title}{PLAIN}", "",
                 f"{second.at:5.1f} s   phase: {BOLD}{second.phase}{PLAIN}   {self._note}", "",
                 f"  {'site':<7}{'load':>6}{'in flight':>11}{'wanted':>8}{'got':>6}  "
                 f"{'share of the requests':<{BAR}}{'age':>7}{'p99':>9}{'failed':>8}"]
        for name, site in second.sites.items():
            lines.append(
                f"  {name:<7}{_number(site.utilisation, '{:.0f}%', 100):>6}"
                f"{_number(site.in_flight):>11}{_number(site.wanted, '{:.0f}%', 100):>8}"
                f"{_number(site.measured, '{:.0f}%', 100):>6}  {_bar(site.measured)}"
                f"{_number(site.age, '{:.1f} s'):>7}{_number(site.p99_ms, '{:.0f} ms'):>9}"
                f"{site.failed:>8}")
        lines += ["", f"  all: {second.done} served, {second.failed} failed, "
                      f"p50 {_number(second.p50_ms)} ms, p99 {_number(second.p99_ms)} ms", "",
                  "  load and in flight: as the site says; wanted: by the routers; age: of its "
                  "report in use"]
        sys.stdout.write(HOME + "".join(f"{line}{CLEAR_LINE}\n" for line in lines) + CLEAR_BELOW)
        sys.stdout.flush()

    def end(self):
        print()


def screen(introduction):
    """The viewer's; introduction: lines that tell what is to be seen."""
    return (Table if sys.stdout.isatty() else Line)(introduction)


def _share(phase, name):
    return f"{phase['share'].get(name, 0) * 100:.0f}"


def summary(policies):
    """The table of all policies by phase: text."""
    names = [site.name for site in plan.SITES]
    lines = [f"{'phase':<9}{'policy':<15}{'requests':>9}{'p50 ms':>8}{'p99 ms':>8}{'failed':>8}"
             f"   share of {' / '.join(names)} %"]
    for index, phase in enumerate(next(iter(policies.values()))["phases"]):
        for policy, result in policies.items():
            p = result["phases"][index]
            shares = " / ".join(_share(p, n) for n in names)
            lines.append(f"{phase['name']:<9}{policy:<15}{p['requests']:>9}"
                         f"{_number(p['p50-ms']):>8}{_number(p['p99-ms']):>8}{p['failed']:>8}"
                         f"   {shares}")
    return "\n".join(lines)
