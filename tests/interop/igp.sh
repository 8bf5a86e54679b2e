#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# An ingress and two egresses around a core, all with BIRD's OSPF and then with FRR's: when the link
# of one egress is cut, its site is left at once, long before BGP's hold time, and taken up again.
#   in (margayd) -- core -- east, west; loopbacks 10.98.255.N, links 10.98.N.0/24, core is .1
set -u
# shellcheck source=tests/interop/common
. "$(dirname "${BASH_SOURCE[0]}")/common"
# shellcheck source=tests/interop/daemon
. "$(dirname "${BASH_SOURCE[0]}")/daemon"

declare -A place=([in]=1 [east]=2 [west]=3) cost=([in]=10 [east]=10 [west]=15)

igp_cleanup() {
	local name pid

	daemon_stop
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	pids=()
	for name in core "${!place[@]}"; do
		ip netns delete "$spaces$name" 2>/dev/null
	done
	[[ -n $work ]] && rm -rf "$work"
}

igp_network() {
	local name n

	for name in core "${!place[@]}"; do
		ip netns delete "$spaces$name" 2>/dev/null
		ip netns add "$spaces$name" || return
		ip -n "$spaces$name" link set lo up
		ip netns exec "$spaces$name" sysctl -qw net.ipv4.ip_forward=1
	done
	for name in "${!place[@]}"; do
		n=${place[$name]}
		ip -n "${spaces}core" link add "to-$name" type veth peer name core netns "$spaces$name" || return
		ip -n "${spaces}core" addr add "10.98.$n.1/24" dev "to-$name"
		ip -n "${spaces}core" link set "to-$name" up
		ip -n "$spaces$name" addr add "10.98.$n.2/24" dev core
		ip -n "$spaces$name" addr add "10.98.255.$n/32" dev lo
		ip -n "$spaces$name" link set core up
	done
	ip -n "${spaces}in" route add default via 10.98.1.1 metric 5000 # leads nowhere: it must not count
}

bird_config() { # ID
	cat <<END
router id $1;
protocol device { scan time 1; }
protocol kernel {
  metric 0;
  ipv4 { export filter { if source !~ [ RTS_OSPF, RTS_OSPF_IA ] then reject; krt_metric = ospf_metric1; accept; }; };
}
protocol ospf v2 {
  ipv4 { import all; };
  area 0 {
    interface "lo" { stub; };
$(for name in "${!place[@]}"; do echo "    interface \"to-$name\" { type ptp; hello 1; dead 4; cost ${cost[$name]}; };"; done)
    interface "core" { type ptp; hello 1; dead 4; };
  };
}
END
}

bird_start() { # NAME ID
	bird_config "$2" >"$work/bird-$1.conf"
	ip netns exec "$spaces$1" bird -f -c "$work/bird-$1.conf" -s "$work/bird-$1.ctl" \
		>>"$work/bird.log" 2>&1 &
	pids+=("$!")
}

frr_interface() { # NAME [COST]
	cat <<END
interface $1
 ip ospf network point-to-point
 ip ospf hello-interval 1
 ip ospf dead-interval 4
${2:+ ip ospf cost $2}
exit
END
}

# Without its timers FRR waits 5 s from one change of a router to the next.
frr_config() { # ID
	local name

	frr_interface core
	for name in "${!place[@]}"; do
		frr_interface "to-$name" "${cost[$name]}"
	done
	cat <<END
interface lo
 ip ospf passive
exit
router ospf
 ospf router-id $1
 timers throttle lsa all 0
 timers lsa min-arrival 0
 timers throttle spf 0 50 200
 network 10.98.0.0/16 area 0
END
}

frr_run() { # NAME PROGRAM WORD...: root would not do, Debian's build wants a user of its group frrvty
	local where=$work/frr-$1

	ip netns exec "$spaces$1" "/usr/lib/frr/$2" -f "$where/$2.conf" -i "$where/$2.pid" -z "$where/zserv" \
		--vty_socket "$where" -u frr -g frr -P 0 "${@:3}" >>"$work/frr.log" 2>&1 &
	pids+=("$!")
}

frr_start() { # NAME ID
	local where=$work/frr-$1 i

	mkdir "$where"
	echo "hostname $1" >"$where/zebra.conf"
	frr_config "$2" >"$where/ospfd.conf"
	chown -R frr:frr "$where"
	frr_run "$1" zebra
	for ((i = 0; i < 100; i++)); do
		[[ -S $where/zserv ]] && break
		sleep 0.1
	done
	frr_run "$1" ospfd
}

ingress_config() {
	cat <<END
router: {name: in, router-id: 10.98.255.1, as: 65000, control-socket: $work/socket, pin-directory: $pins}
tables: {services: 16, slots: 1024, pin-sets: 64, members: 64, sites: 16}
tunnel: {source-v4: 10.98.255.1}
igp:
bgp:
  neighbors:
    - {address: 10.98.255.2, as: 65000, local-address: 10.98.255.1, hold-time: 90, connect-retry: 1}
    - {address: 10.98.255.3, as: 65000, local-address: 10.98.255.1, hold-time: 90, connect-retry: 1}
sites:
  - {name: east, egress: 10.98.255.2}
  - {name: west, egress: 10.98.255.3}
services:
  - {name: web, addresses: [198.51.100.80], steer: {slots: 64}}
END
}

ingress_start() {
	ingress_config >"$work/margay.yaml"
	nsenter --net="/run/netns/${spaces}in" "$margayd" -c "$work/margay.yaml" >>"$work/margayd.log" 2>&1 &
	daemon_pid=$!
}

site_start() { # NAME
	local n=${place[$1]} fd

	mkfifo "$work/$1.in"
	# shellcheck disable=SC2034
	exec {fd}<>"$work/$1.in"
	ip netns exec "$spaces$1" "$speaker" 65000 "10.98.255.$n" "10.98.255.1,local=10.98.255.$n,hold=90" \
		<"$work/$1.in" >>"$work/$1.out" 2>&1 &
	pids+=("$!")
	tell "$1" "announce $V4 10.98.255.$n 10 1"
}

# Until jq's expression holds of what margay answers; at most SECONDS.
until_shown() { # SECONDS EXPRESSION WORD...
	local end=$((SECONDS + $1)) expression=$2

	shift 2
	while ((SECONDS <= end)); do
		ask -j "$@" 2>/dev/null | jq -e "$expression" >/dev/null 2>&1 && return 0
		sleep 0.02
	done
	return 1
}

slots_of() { # SITE: how many lead there
	ask -j show services web | jq "[.services[].sites[] | select(.name == \"$1\").slots] | add // 0"
}

reaches() { # ADDRESS EXPRESSION
	until_shown "$3" ".\"next-hops\"[] | select(.address == \"$1\") | $2" show igp
}

now_ms() {
	date +%s%3N
}

# BIRD has 5 s between two versions of its router's LSA (RFC 2328 MinLSInterval, not to be set): a
# cut that follows another change sooner would be told late.
bird_settled() {
	local age i

	for ((i = 0; i < 200; i++)); do
		age=$(birdc -s "$work/bird-core.ctl" show ospf lsadb lsid 10.98.255.9 |
			awk '$2 == "10.98.255.9" { print $5 }')
		((${age:-0} > 5)) && return
		sleep 0.1
	done
}

frr_settled() {
	: # its timers are set
}

check_cut() {
	local began left

	ip -n "${spaces}core" link set to-east down
	began=$(now_ms)
	reaches 10.98.255.2 '.reachable == false' 8
	result $? "$igp: cut: the next hop of east is not reachable"
	left=$(now_ms)
	say "# $igp: link cut to site left, ms: $((left - began))"
	(($(slots_of east) == 0 && $(slots_of west) == 64))
	result $? "$igp: cut: no slot leads to east, all lead to west"
	until_shown 1 '.. | objects | select(.name? == "east") | .fault | test("next hop")' explain web
	result $? "$igp: cut: explain says why"
	until_shown 1 '[.neighbors[] | select(.state == "Established")] | length == 2' show bgp
	result $? "$igp: cut: both BGP sessions still stand"
	((left - began < 5000))
	result $? "$igp: cut: within 5 s, of a hold time of 90 s"
}

check_restored() {
	ip -n "${spaces}core" link set to-east up
	reaches 10.98.255.2 '.reachable and .metric > 0' 25
	result $? "$igp: restored: the next hop of east is reachable"
	for _ in {1..100}; do
		(($(slots_of east) > 0)) && break
		sleep 0.1
	done
	(($(slots_of east) > 0))
	result $? "$igp: restored: slots lead to east again ($(slots_of east) of 64)"
}

# A network of its own for each. Of FRR all routes in the kernel have metric 20.
by_igp() { # bird|frr PROTOCOL METRIC-OF-EAST METRIC-OF-WEST
	local igp=$1 name

	work=$(mktemp -d) && chmod 755 "$work"
	speaker_find && igp_network || exit 1
	"$igp"_start core 10.98.255.9
	for name in "${!place[@]}"; do
		"$igp"_start "$name" "10.98.255.${place[$name]}"
	done
	ingress_start
	site_start east
	site_start west
	reaches 10.98.255.2 ".reachable and .protocol == \"$2\" and .metric == $3" 25
	result $? "$igp: up: east is reachable, at the cost that OSPF says"
	reaches 10.98.255.3 ".reachable and .metric == $4" 10
	result $? "$igp: up: west is reachable, at its own cost"
	until_shown 20 '[.services[].sites[] | select(.slots > 10)] | length == 2' show services web
	result $? "$igp: up: slots lead to both sites"
	"$igp"_settled
	check_cut
	check_restored
	ask show igp
	((failed)) && tail -n 20 "$work"/*.log && ask -j explain web && ip -n "${spaces}in" route
	igp_cleanup
}

main() {
	((EUID == 0)) || skip_all "needs root for namespaces"
	trap igp_cleanup EXIT
	daemon_find
	if command -v bird >/dev/null; then
		by_igp bird bird 20 25
	else
		say "skipped: BIRD is not installed: apt-get install bird2"
	fi
	if [[ -x /usr/lib/frr/ospfd ]]; then
		by_igp frr ospf 20 20
	else
		say "skipped: FRR is not installed: apt-get install frr"
	fi
	((passed + failed)) || skip_all "neither BIRD nor FRR is installed"
	finish
}

main
