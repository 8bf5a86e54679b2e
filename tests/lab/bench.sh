#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# tools/bench/lab: figures for each router in JSON, what is refused, and that nothing is left behind
# Alone: it measures CPU time, and looks at what it leaves on the machine
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

. tests/lab/checks
needs_root
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# What the chain consists of, as the machine sees it from outside; without what other tests name.
traces() {
	find /run/netns /sys/fs/bpf -maxdepth 1 2>/dev/null | grep -vE '/(mg[^/]*-|margay-)' | sort
	ls /sys/class/net
	cat /proc/[0-9]*/comm 2>/dev/null | grep -E '^napi/[mfk]a[0-9]+-'
}

# A row is right if each router has a figure, the floor the best one and the kernel the least.
rows_right() {
	python3 - "$out" <<-'PYTHON'
		import json, sys
		told = json.load(open(sys.argv[1]))
		rows = told["results"]
		for row in rows:
		    rate = {who: row[who]["packets-per-cpu-second"] for who in ("floor", "margay", "kernel")}
		    assert rate["floor"] > rate["margay"] > rate["kernel"] > 1000, rate
		    assert row["ratio-min"] <= row["ratio"] <= row["ratio-max"], row
		assert {row["inner"] for row in rows} == {"ipv4", "ipv6"}, rows
		assert told["runs"] == 7 and not told["bounds"], told
	PYTHON
}

before=$(traces)
tools/bench/lab --runs 7 --seconds 0.1 --flows 1K --json >"$out"
ok $? "measures, and every packet is right"
rows_right
ok $? "JSON has a figure for each router, in the order that must be"
[[ $(traces) == "$before" ]]
ok $? "nothing is left behind"

# Real time of its own ends with the process, so that the kill gets through.
tools/bench/lab --flows 1K --seconds 5 >"$out" 2>&1 &
bench=$!
sleep 4
kill -9 $bench
wait $bench 2>/dev/null
for _ in {1..50}; do
	[[ $(traces) == "$before" ]] && break
	sleep 0.2
done
[[ $(traces) == "$before" ]]
ok $? "nor when it is killed"

tools/bench/lab --runs 3 >"$out" 2>&1
[[ $? == 2 ]] && grep -q 'not a number from 7' "$out"
ok $? "too few runs are refused"
tools/bench/lab --services 1,2 >"$out" 2>&1
[[ $? == 2 ]] && grep -q 'one number only' "$out"
ok $? "several numbers of services are refused"

finish
