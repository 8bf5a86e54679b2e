#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A Margay reflector with 200 clients and 100 K routes: every client gets every route, no session of 9 s hold
# time drops, and margayd keeps within its memory: 3 KB a route, however many clients there are.
# Alone: it measures sessions with a hold time of 9 s under load
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

. tests/lab/checks
needs_root
out=$(mktemp)
trap 'rm -f "$out"' EXIT

clients=${MARGAY_BUILD:-build}/tools/bench/routing/clients
[[ -x $clients ]]
ok $? "$clients is built"

"$clients" --clients 200 --routes 100K --hold 9 --seconds 20 --memory 300 >"$out" 2>&1
ok $? "200 clients have 100 K routes and keep their sessions while routes change; at most 300 MB"
sed 's/^/# /' "$out"

"$clients" --clients 20 --routes 10K --hold 3 --seconds 5 --memory 1 >"$out" 2>&1
[[ $? == 1 ]] && grep -q 'more than 1 MB' "$out"
ok $? "more memory than allowed is told"

finish
