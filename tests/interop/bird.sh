#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Our speakers around a stock BIRD as route reflector with Add-Path: what passes, and how fast.
set -u
# shellcheck source=tests/interop/common
. "$(dirname "${BASH_SOURCE[0]}")/common"

# The direct protocol tells which next hops can be reached.
bird_config() {
	local n

	say 'router id 10.99.0.1;'
	say 'protocol device {}'
	say 'protocol direct { ipv4; ipv6; }'
	for n in 1 2 3; do
		cat <<END
protocol bgp {
	local 10.99.$n.1 as 65000;
	neighbor 10.99.$n.2 as 65000;
	rr client;
	ipv4 { import all; export where source = RTS_BGP; add paths tx; };
	ipv6 { import all; export where source = RTS_BGP; add paths tx; };
}
END
	done
}

main() {
	((EUID == 0)) || skip_all "needs root for namespaces"
	bird=$(command -v bird) || skip_all "BIRD is not installed: apt-get install bird2"
	work=$(mktemp -d) && chmod 755 "$work"
	trap cleanup EXIT
	speaker_find && network_up || exit 1
	bird_config >"$work/bird.conf"
	spawn rr "$work/bird.log" "$bird" -f -c "$work/bird.conf" -s "$work/bird.ctl" -P "$work/bird.pid"
	for name in east west ingress; do
		speaker_start "$name"
	done
	say "# $("$bird" --version 2>&1 | head -n 1)"
	check_reflection
	check_site_death
	((failed)) && tail -n 20 "$work"/*.out "$work/bird.log"
	finish
}

main
