#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# tools/bench/placement: figures for an oracle and for Margay from the same requests, what is refused, nothing is left behind
# Alone: it measures times of requests
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

. tests/lab/checks
needs_root
out=$(mktemp)
trap 'rm -f "$out"' EXIT

refused() { # WORDS-EXPECTED OPTION...
	local want=$1 status

	tools/bench/placement "${@:2}" >"$out" 2>&1
	status=$?
	((status == 2)) && grep -q -- "$want" "$out"
	ok $? "refused: ${*:2}"
}

# At a load of a third the oracle hardly ever waits: no slot is busy where it sends to. It never sends to a site's router
# for Margay to place, and both are asked for the same.
runs_right() {
	python3 - "$out" <<-'PYTHON'
		import json, sys
		told = json.load(open(sys.argv[1]))
		runs = {run["placement"]: run for run in told["runs"]}
		slot, oracle = runs["slot"], runs["oracle"]
		assert slot["requests"] == oracle["requests"] > 300, (slot, oracle)
		assert oracle["failed"] == slot["failed"] == 0, (slot, oracle)
		assert 50 < oracle["mean-ms"] <= slot["mean-ms"] * 1.05, (slot, oracle)
		assert oracle["flows-steered"] == 0 and slot["flows-steered"] >= slot["requests"], (slot, oracle)
		assert 0 < oracle["share"]["cloud"] < 0.5 < oracle["share"]["east"] + oracle["share"]["west"], oracle
		rows = {row["placement"]: row for row in told["placements"]}
		assert rows["oracle"]["over-oracle"] == 1 and rows["slot"]["over-oracle"] > 0.5, rows
		assert not told["bounds"], told
	PYTHON
}

refused "invalid choice" --placement best
refused "must be from" --load 1
refused "needs the placements" --check --placement slot
MARGAY_BUILD=/nowhere refused "not built" --placement slot

tools/bench/placement --placement slot --placement oracle --rounds 1 --warm 2 --seconds 5 --load 0.33 -j >"$out"
ok $? "measures"
runs_right 2>>"$out"
ok $? "both have the same requests; the oracle goes past the routers, and is not the worse one"
# Behind its lock, for another lab may be waiting for its turn.
flock /run/lock/margay-lab find /run/netns /run /sys/fs/bpf -maxdepth 1 -name 'm*g*l*' >"$out" 2>/dev/null
! grep -E '/(mgl-.*|margay-lab)$' "$out" >/dev/null
ok $? "nothing is left behind"

finish
