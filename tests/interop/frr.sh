#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Our speakers around a stock FRR as route reflector with Add-Path: what passes, and how fast.
set -u
# shellcheck source=tests/interop/common
. "$(dirname "${BASH_SOURCE[0]}")/common"

frr=/usr/lib/frr
run=

neighbors() { # FORMAT: one line a neighbour
	local n

	for n in 1 2 3; do
		# shellcheck disable=SC2059
		printf "$1\n" "10.99.$n.2"
	done
}

# zebra tells bgpd which next hops can be reached: without it nothing is passed on.
frr_config() {
	cat <<END
hostname rr
router bgp 65000
 bgp router-id 10.99.0.1
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
$(neighbors ' neighbor %s remote-as 65000')
 address-family ipv4 unicast
$(neighbors '  neighbor %s activate')
$(neighbors '  neighbor %s route-reflector-client')
$(neighbors '  neighbor %s addpath-tx-all-paths')
 exit-address-family
 address-family ipv6 unicast
$(neighbors '  neighbor %s activate')
$(neighbors '  neighbor %s route-reflector-client')
$(neighbors '  neighbor %s addpath-tx-all-paths')
 exit-address-family
END
}

frr_daemon() { # NAME WORD...
	local name=$1

	shift
	spawn rr "$work/frr.log" "$frr/$name" -f "$run/$name.conf" -i "$run/$name.pid" \
		-z "$run/zserv" --vty_socket "$run" -u frr -g frr -P 0 "$@"
}

frr_start() {
	run=$work/frr # root would not do: Debian's build wants a user of its group frrvty
	mkdir "$run"
	echo 'hostname rr' >"$run/zebra.conf"
	frr_config >"$run/bgpd.conf"
	chown -R frr:frr "$run"
	frr_daemon zebra || return
	for _ in {1..50}; do
		[[ -S $run/zserv ]] && break
		sleep 0.1
	done
	frr_daemon bgpd -l 0.0.0.0
}

main() {
	((EUID == 0)) || skip_all "needs root for namespaces"
	[[ -x $frr/bgpd && -x $frr/zebra ]] || skip_all "FRR is not installed: apt-get install frr"
	work=$(mktemp -d) && chmod 755 "$work"
	trap cleanup EXIT
	speaker_find && network_up || exit 1
	frr_start
	for name in east west ingress; do
		speaker_start "$name"
	done
	say "# $("$frr/bgpd" --version | head -n 1)"
	check_reflection
	check_site_death
	((failed)) && tail -n 20 "$work"/*.out "$work/frr.log"
	finish
}

main
