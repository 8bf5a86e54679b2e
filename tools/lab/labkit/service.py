# SPDX-License-Identifier: BSD-2-Clause
"""What the sites offer: how its servers are started, what routers are told of them."""

from dataclasses import dataclass

from . import plan, procs


@dataclass(frozen=True)
class Web:
    """The siteserver: worker slots that are held for a time, not burnt."""

    time_ms: float = plan.SERVICE_TIME_MS
    realtime: bool = False

    programs = ("siteserver", "sitectl", "flowgen")

    def capacity(self, site):
        return site.slots

    def tier(self, site):
        return 0

    def collector(self, site):
        """Lines of a site's `announce`."""
        command = f"{plan.program('sitectl')} --wait {plan.site_socket(site)} report"
        return f"      collector:\n        exec: {command}\n        timeout: 3\n"

    def sources(self, site):
        """Lines beside `services`."""
        return ""

    def start(self, site):
        server = plan.server_of(site)
        plan.directory(server).mkdir(parents=True, exist_ok=True)
        procs.start(server, server, *procs.realtime(self.realtime), plan.program("siteserver"),
                    "--name", site.name, "--service", plan.SERVICE, "--port", plan.SERVICE_PORT,
                    "--slots", site.slots, "--service-time-ms", self.time_ms,
                    "--control", plan.site_socket(site), "--board", plan.site_board(site),
                    plan.SERVICE_V4, plan.SERVICE_V6, *plan.direct_addresses(site))


WEB = Web()
