#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A Margay reflector with 200 clients and 100 K routes: every client gets every route, no session of 9 s hold
# time drops, and margayd keeps within its memory: 3 KB a route, however many clients there are.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

passed=0 failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

ok() { # STATUS WORDS
	if (($1 == 0)); then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $2"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $2"
	fi
}

if ((EUID != 0)); then
	echo "skipped: needs root"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi

clients=${MARGAY_BUILD:-build}/tools/bench/routing/clients
[[ -x $clients ]]
ok $? "$clients is built"

"$clients" --clients 200 --routes 100K --hold 9 --seconds 20 --memory 300 >"$out" 2>&1
ok $? "200 clients have 100 K routes and keep their sessions while routes change; at most 300 MB"
sed 's/^/# /' "$out"

"$clients" --clients 20 --routes 10K --hold 3 --seconds 5 --memory 1 >"$out" 2>&1
[[ $? == 1 ]] && grep -q 'more than 1 MB' "$out"
ok $? "more memory than allowed is told"

echo "$passed passed, $failed failed"
((failed == 0))
