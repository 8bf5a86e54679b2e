# SPDX-License-Identifier: BSD-2-Clause
"""The story as a picture: shares and p99 over time, one column for each policy."""

import math
from xml.sax.saxutils import escape

from . import plan, story

WIDTH, HEIGHT, GAP, LEFT, TOP = 460, 190, 60, 60, 70
COLOURS = {"east": "#4477aa", "west": "#ddaa33", "cloud": "#66aa55"}
P99_LOW, P99_HIGH = 30, 3000  # ms, logarithmic


class Panel:
    """One diagram: a box, an x axis of seconds, and what is drawn in it."""

    def __init__(self, x, y, seconds):
        self.x, self.y, self.seconds = x, y, seconds
        self.parts = [f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" fill="#fafafa" '
                      f'stroke="#999"/>']

    def px(self, at):
        return self.x + WIDTH * min(at / self.seconds, 1)

    def py(self, part):
        return self.y + HEIGHT * (1 - min(max(part, 0), 1))

    def text(self, x, y, words, anchor="middle", size=11, colour="#333"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
                          f'font-size="{size}" fill="{colour}">{escape(words)}</text>')

    def rule(self, part, words):
        y = self.py(part)
        self.parts.append(f'<line x1="{self.x}" y1="{y:.1f}" x2="{self.x + WIDTH}" y2="{y:.1f}" '
                          f'stroke="#ddd"/>')
        self.text(self.x - 6, y + 4, words, "end")

    def phases(self, phase_seconds):
        for index, phase in enumerate(story.PHASES):
            x = self.px(index * phase_seconds)
            self.parts.append(f'<line x1="{x:.1f}" y1="{self.y}" x2="{x:.1f}" '
                              f'y2="{self.y + HEIGHT}" stroke="#bbb" stroke-dasharray="3 3"/>')
            self.text(self.px((index + 0.5) * phase_seconds), self.y + HEIGHT + 15, phase.name)

    def area(self, upper, lower, colour):
        points = upper + lower[::-1]
        path = " ".join(f"{self.px(at):.1f},{self.py(part):.1f}" for at, part in points)
        self.parts.append(f'<polygon points="{path}" fill="{colour}" fill-opacity="0.85"/>')

    def line(self, points, colour):
        path = " ".join(f"{self.px(at):.1f},{self.py(part):.1f}" for at, part in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                          f'stroke-width="2"/>')


def _shares(panel, seconds):
    floor = [(s["at"], 0.0) for s in seconds]
    for site in plan.SITES:
        top = [(at, part + (s["sites"][site.name]["measured"] or 0))
               for (at, part), s in zip(floor, seconds)]
        panel.area(top, floor, COLOURS[site.name])
        floor = top
    for part in (0, 0.5, 1):
        panel.rule(part, f"{part:.0%}")


def _log_part(ms):
    return math.log(max(ms, P99_LOW) / P99_LOW) / math.log(P99_HIGH / P99_LOW)


def _p99(panel, seconds):
    for ms in (30, 100, 300, 1000, 3000):
        panel.rule(_log_part(ms), f"{ms} ms")
    panel.line([(s["at"], _log_part(s["p99-ms"])) for s in seconds if s["p99-ms"]], "#aa3355")
    for s in seconds:
        if s["failed"]:
            panel.text(panel.px(s["at"]), panel.y + 10, "x", size=9, colour="#cc0000")


def _legend(x):
    parts = []
    for i, site in enumerate(plan.SITES):
        at = x + 90 * i
        parts.append(f'<rect x="{at}" y="38" width="12" height="12" '
                     f'fill="{COLOURS[site.name]}"/><text x="{at + 17}" y="48" font-size="12">'
                     f'{site.name}</text>')
    parts.append(f'<text x="{x + 280}" y="48" font-size="12" fill="#cc0000">x: requests failed '
                 f'in that second</text>')
    return parts


def draw(policies, phase_seconds):
    total = phase_seconds * len(story.PHASES)
    width = LEFT + len(policies) * (WIDTH + LEFT) + 20
    height = TOP + 2 * (HEIGHT + GAP) + 10
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>',
             f'<text x="{LEFT}" y="25" font-size="16">Margay: share of requests by site, and p99 '
             f'of latency</text>'] + _legend(LEFT)
    for column, (policy, result) in enumerate(policies.items()):
        x = LEFT + column * (WIDTH + LEFT)
        for row, fill in enumerate((_shares, _p99)):
            panel = Panel(x, TOP + row * (HEIGHT + GAP), total)
            seconds = [s for s in result["seconds"] if s["at"] <= total]
            fill(panel, seconds)
            panel.phases(phase_seconds)
            title = "share of requests" if row == 0 else "p99, logarithmic"
            panel.text(x + WIDTH / 2, panel.y - 6, f"{policy}: {title}", size=13)
            parts += panel.parts
    return "\n".join(parts + ["</svg>\n"])
