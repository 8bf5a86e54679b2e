#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Our speakers around a stock GoBGP as route reflector with Add-Path: what passes, and how fast.
set -u
# shellcheck source=tests/interop/common
. "$(dirname "${BASH_SOURCE[0]}")/common"

gobgp_config() {
	local n family

	cat <<END
[global.config]
  as = 65000
  router-id = "10.99.0.1"
END
	for n in 1 2 3; do
		cat <<END
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.99.$n.2"
    peer-as = 65000
  [neighbors.route-reflector.config]
    route-reflector-client = true
    route-reflector-cluster-id = "10.99.0.1"
END
		for family in ipv4-unicast ipv6-unicast; do
			cat <<END
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "$family"
    [neighbors.afi-safis.add-paths.config]
      send-max = 8
END
		done
	done
}

main() {
	((EUID == 0)) || skip_all "needs root for namespaces"
	gobgpd=$(command -v gobgpd) || skip_all "GoBGP is not installed: apt-get install gobgpd"
	work=$(mktemp -d) && chmod 755 "$work"
	trap cleanup EXIT
	speaker_find && network_up || exit 1
	gobgp_config >"$work/gobgpd.conf"
	spawn rr "$work/gobgpd.log" "$gobgpd" -f "$work/gobgpd.conf" --api-hosts 127.0.0.1:50051 --pprof-disable
	for name in east west ingress; do
		speaker_start "$name"
	done
	say "# gobgpd $("$gobgpd" --version 2>&1 | head -n 1)"
	check_reflection
	check_site_death
	((failed)) && tail -n 20 "$work"/*.out "$work/gobgpd.log"
	finish
}

main
