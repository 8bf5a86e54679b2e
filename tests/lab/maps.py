# SPDX-License-Identifier: BSD-2-Clause
"""bpftool prints names and values for every map; no line of it is a raw dump. All but mg_trace: a
ring has no entries to print."""

import json
import re
import subprocess

from common import run_load
from labkit import plan

# Fields that must be named wherever a map has an entry; a hash may be empty.
FIELDS = {
    "mg_counters_event": {"count"},
    "mg_counters_member": {"packets", "bytes", "starts"},
    "mg_counters_service": {"packets", "bytes", "starts"},
    "mg_counters_verdict": {"packets", "bytes"},
    "mg_endpoints": set(),
    "mg_loads": {"in_flight", "starts", "ends", "handshakes", "handshake_us", "timed", "flow_us"},
    "mg_members": {"site", "weight", "state"},
    "mg_nexthops": {"ifindex", "dst_mac", "src_mac"},
    "mg_pin_marks": {"set"},
    "mg_pins": {"slot", "fingerprint", "member", "tick"},
    "mg_ports": {"ifindex"},
    "mg_recent": {"fingerprint", "member", "state", "time"},
    "mg_server_ids": set(),
    "mg_service_sets": {"tag", "place"},
    "mg_services": {"slot_base", "slot_mask", "affinity", "vrf"},
    "mg_settings": {"hash_seed"},
    "mg_sites": {"encap", "outer_src", "outer_dst", "mtu"},
    "mg_slots": {"now", "prev", "next", "state"},
    "mg_trace_filter": {"on", "until_ns"},
    "mg_trace_scratch": {"verdict", "packet"},
}


def _dump(path, *options):
    shown = subprocess.run(["bpftool", *options, "map", "dump", "pinned", path], check=False,
                           capture_output=True, text=True)
    return shown.stdout


def _is_named(text):
    """With BTF, bpftool prints objects of names and values (bit fields in hex, so that it is not
    quite JSON); without it, lines of "key: 00 01" octets."""
    raw = re.search(r"^\s*(key|value): *([0-9a-f]{2} ?)*$", text, re.M)
    return text.startswith("[") and not raw


def test(check):
    check.up()
    run_load([(2, 50)])
    for name in ("pe1", "east"):
        maps = [p for p in sorted(plan.pins(name).rglob("mg_*")) if p.is_file() and p.name != "mg_trace"]
        check.ok(len(maps) >= 10, f"{name}: {len(maps)} maps are pinned")
        for path in maps:
            text = _dump(path)
            names = set(re.findall(r'"(\w+)":', text)) - {"key", "value", "values", "cpu"}
            check.ok(_is_named(text) and FIELDS.get(path.name, set()) <= names,
                     f"{name}: {path.name} names {len(names)} fields")
    service = json.loads(_dump(plan.pins("pe1") / "v2" / "mg_services", "-j"))
    keys = [entry["formatted"]["value"]["key"] for entry in service]
    check.ok(any(k["port"] == plan.SERVICE_PORT for k in keys),
             "mg_services names the service's port")
