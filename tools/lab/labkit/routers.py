# SPDX-License-Identifier: BSD-2-Clause
"""margayd on the lab's routers: configuration, start, and questions to its control socket."""

import json
import subprocess
from dataclasses import dataclass

from . import net, plan, procs, service


@dataclass(frozen=True)
class Settings:
    """What a story or a test may vary."""

    policy: str = "compute-aware"
    idle_timeout: int = 30
    slots: int = 4096
    update_min: float = 1
    update_max: float = 5
    hold_time: int = 9
    probe: bool = False  # round-trip times are measured, not configured
    extra: str = ""  # further lines of an ingress' configuration
    service: object = service.WEB


def _head(router):
    where = plan.directory(router.name)
    return f"""\
router:
  name: {router.name}
  router-id: {router.v4}
  as: {plan.AS_NUMBER}
  control-socket: {where}/margayd.sock
  state-directory: {where}/state
  pin-directory: {plan.pins(router.name)}
tables:
  slots: 65536
  members: 1024
  pin-sets: 8192
"""


def _reflector_neighbor(settings):
    return f"""\
bgp:
  neighbors:
    - address: {plan.REFLECTOR.v4}
      local-address: LOCAL
      description: route reflector
      as: {plan.AS_NUMBER}
      hold-time: {settings.hold_time}
      connect-retry: 1
      families: [ipv4-unicast, ipv6-unicast]
      add-path: both
"""


def _service():
    return f"""\
services:
  - name: {plan.SERVICE}
    addresses: [{plan.SERVICE_V4}, "{plan.SERVICE_V6}"]
    protocol: tcp
    port: {plan.SERVICE_PORT}
"""


def ingress_config(router, settings):
    sites = "".join(
        f"""\
  - name: {site.name}
    id: {site.site_id}
    egress: [{site.v4}, "{site.v6}"]
    rtt-ms: {0 if settings.probe else site.rtt_ms}
    tier: {settings.service.tier(site)}
    class: {"cloud" if site.name == "cloud" else "edge"}
    cost: {3 if site.name == "cloud" else 1}
    capacity: {settings.service.capacity(site)}
    service-time-ms: {settings.service.time_ms}
"""
        for site in plan.SITES
    )
    return (
        _head(router)
        + f"""\
interfaces:
  - name: acc0
    role: access
  - name: core0
    role: core
tunnel:
  source-v4: {router.v4}
  source-v6: "{router.v6}"
"""
        + _reflector_neighbor(settings).replace("LOCAL", router.v4)
        + ("probe:\n  sender: {interval-ms: 200, max-age: 3}\n" if settings.probe else "")
        + "sites:\n"
        + sites
        + _service()
        + f"""\
    steer:
      policy: {settings.policy}
      slots: {settings.slots}
      idle-timeout: {settings.idle_timeout}
      report-period: {settings.update_max}
{settings.extra}"""
    )


def egress_config(site, settings):
    link, end = plan.link_between(site.name, plan.server_of(site))
    return (
        _head(site)
        + """\
interfaces:
  - name: core0
    role: core
  - name: site0
    role: site
"""
        + _reflector_neighbor(settings).replace("LOCAL", site.v4)
        + ("probe:\n  reflector: {}\n" if settings.probe else "")
        + f"""\
site:
  name: {site.name}
  id: {site.site_id}
  encapsulation: {site.encapsulation}
  endpoint: "{site.endpoint}"
  next-hop-v4: {site.v4}
  next-hop-v6: "{site.v6}"
"""
        + _service()
        + f"""\
    announce:
      instances: [{link.v4(3 - end)}, "{link.v6(3 - end)}"]
      idle-timeout: {settings.idle_timeout}
      announce-without-report: false
      update-min: {settings.update_min}
      update-max: {settings.update_max}
"""
        + settings.service.collector(site)
        + settings.service.sources(site)
    )


def reflector_config(settings):
    head = _head(plan.REFLECTOR).replace("tables:", "tables:")
    neighbors = "".join(
        f"""\
    - address: {router.v4}
      description: {router.name}
      as: {plan.AS_NUMBER}
      client: true
      passive: true
      hold-time: {settings.hold_time}
      add-path: both
"""
        for router in plan.MARGAYS
    )
    return head + f"bgp:\n  cluster-id: {plan.REFLECTOR.v4}\n  neighbors:\n" + neighbors


def config_of(router, settings):
    if router is plan.REFLECTOR:
        return reflector_config(settings)
    if isinstance(router, plan.Site):
        return egress_config(router, settings)
    return ingress_config(router, settings)


def config_path(router):
    return plan.directory(router.name) / "margay.yaml"


def write_config(router, settings):
    path = config_path(router)
    (path.parent / "state").mkdir(parents=True, exist_ok=True)
    path.write_text("# SPDX-License-Identifier: BSD-2-Clause\n" + config_of(router, settings))
    return path


def start(router):
    return procs.start(router.name, router.name, plan.program("margayd"), "-c", config_path(router))


def reload(router):
    return ask(router.name, "reload")


def ask(name, *words):
    """One question to a margayd, answered in JSON; raises net.Failed with its words."""
    result = subprocess.run(
        [plan.program("margay"), "-s", plan.control_socket(name), "-j", *words],
        capture_output=True, text=True, check=False, timeout=10,
    )
    try:
        answer = json.loads(result.stdout)
    except ValueError as fault:
        raise net.Failed(f"margay {' '.join(words)} at {name}: {result.stderr.strip()}") from fault
    if result.returncode:
        raise net.Failed(f"margay {' '.join(words)} at {name}: {answer}")
    return answer


def sites_seen(name):
    """{address: {site: state}} of the service at an ingress; empty while it does not answer."""
    try:
        services = ask(name, "show", "services")["services"]
    except (net.Failed, KeyError, subprocess.TimeoutExpired):
        return {}
    return {s["address"]: {t["name"]: t.get("state") for t in s["sites"]} for s in services}
