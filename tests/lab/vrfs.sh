#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two VRFs, one service address: clients on two access ports reach each their own server, by one ingress and one egress.
# Routes are of VPNs (RFC 4364), go through a reflector (Margay, and GoBGP where it is installed) and lead to a SID a VRF.
set -u

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. tests/lab/checks
build=${MARGAY_BUILD:-$PWD/build/release}
pins=/sys/fs/bpf/margay-vrfs
spaces=(mgvrf-in mgvrf-out mgvrf-rr mgvrf-lan mgvrf-red mgvrf-blue mgvrf-redsrv mgvrf-bluesrv)
children=()

stop() {
	((${#children[@]} == 0)) || kill "${children[@]}" 2>/dev/null
	wait
	children=()
}

clean() {
	local name

	stop
	for name in "${spaces[@]}"; do
		ip netns del "$name" 2>/dev/null
	done
	rm -rf "$pins-in" "$pins-out" "$pins-rr" "$dir"
}

inside() { nsenter --net="/run/netns/mgvrf-$1" "${@:2}"; }

start() { # SPACE LOG COMMAND...: not by a function, so that the number is the command's own
	nsenter --net="/run/netns/mgvrf-$1" "${@:3}" >"$dir/$2.log" 2>&1 &
	children+=($!)
}

plain() { inside "$1" ethtool -K "$2" tx off tso off gso off >/dev/null 2>&1; }

# What XDP sends into a veth arrives only where its peer has a program, too.
waker() { # SPACE PORT
	ip -n "mgvrf-$1" link set dev "$2" xdp obj "$dir/pass.o" sec xdp
}

cable() { # SPACE PORT SPACE PORT
	ip link add "$2" netns "mgvrf-$1" type veth peer name "$4" netns "mgvrf-$3"
	plain "$1" "$2" && plain "$3" "$4"
	ip -n "mgvrf-$1" link set "$2" up && ip -n "mgvrf-$3" link set "$4" up
}

core() { # SPACE NUMBER
	cable "$1" core0 lan "lan$2"
	ip -n mgvrf-lan link set "lan$2" master br0
	ip -n "mgvrf-$1" addr add "10.60.0.$2/24" dev core0
	ip -n "mgvrf-$1" -6 addr add "2001:db8:60::$2/64" dev core0 nodad
	waker lan "lan$2"
}

# The servers answer by the kernels' routes; so the clients' addresses differ, while what they ask for is the same.
vrf() { # NAME NUMBER
	cable "$1" client0 in "$1" && cable "$1srv" server0 out "$1"
	ip -n "mgvrf-$1" addr add "10.$2.0.9/24" dev client0
	ip -n mgvrf-in addr add "10.$2.0.1/24" dev "$1"
	ip -n "mgvrf-$1" route add default via "10.$2.0.1"
	ip -n "mgvrf-$1srv" addr add "10.$2.1.9/24" dev server0
	ip -n "mgvrf-$1srv" addr add 198.51.100.80/32 dev lo
	ip -n mgvrf-out addr add "10.$2.1.1/24" dev "$1"
	ip -n "mgvrf-$1srv" route add default via "10.$2.1.1"
	ip -n mgvrf-out route add "10.$2.0.0/24" via 10.60.0.1
	waker "$1srv" server0
}

network() {
	local name

	cat >"$dir/pass.c" <<'END'
#include <linux/bpf.h>
__attribute__((section("xdp"), used)) int pass(struct xdp_md *ctx) { return XDP_PASS; }
END
	clang -O2 -target bpf "-I/usr/include/$(gcc -print-multiarch)" -c "$dir/pass.c" -o "$dir/pass.o" || return 1
	for name in "${spaces[@]}"; do
		ip netns add "$name" && ip -n "$name" link set lo up
		nsenter --net="/run/netns/$name" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.conf.default.rp_filter=0
	done
	ip -n mgvrf-lan link add br0 type bridge && ip -n mgvrf-lan link set br0 up
	core in 1 && core out 2 && core rr 3
	ip -n mgvrf-in -6 route add 2001:db8:5::/48 via 2001:db8:60::2
	vrf red 61 && vrf blue 62
}

head_of() { # SPACE NUMBER: what all configurations begin with
	echo "router: {name: $1, router-id: 10.255.0.$2, as: 65000, control-socket: $dir/$1.sock, state-directory: $dir/$1, pin-directory: $pins-$1}"
	echo "tunnel: {source-v6: '2001:db8:60::$2'}"
}

neighbors() { # ADDRESS[, WORDS]...
	local words

	echo "bgp:"
	echo "  neighbors:"
	for words in "$@"; do
		echo "    - {address: $words, as: 65000, families: [ipv4-vpn, ipv6-vpn], connect-retry: 1}"
	done
}

configure() {
	mkdir -p "$dir/in" "$dir/out" "$dir/rr"
	{
		head_of in 1 && neighbors 10.60.0.3
		cat <<'END'
vrfs:
  - {name: red, id: 3, rd: "10.255.0.1:61", import: ["65000:61"]}
  - {name: blue, id: 9, rd: "10.255.0.1:62", import: ["65000:62", "65000:99"]}
interfaces:
  - {name: red, role: access, vrf: red}
  - {name: blue, role: access, vrf: blue}
  - {name: core0, role: core}
services:
  - {name: red-web, vrf: red, addresses: [198.51.100.80], protocol: tcp, port: 80, steer: {}}
  - {name: blue-web, vrf: blue, addresses: [198.51.100.80], protocol: tcp, port: 80, steer: {}}
END
	} >"$dir/in.yaml"
	{
		head_of out 2 && neighbors 10.60.0.3
		cat <<'END'
site: {name: here, encapsulation: srv6, endpoint: "2001:db8:5::46", next-hop-v4: 10.60.0.2}
vrfs:
  - {name: red, id: 1, rd: "10.255.0.2:61", export: ["65000:61"], endpoint: "2001:db8:5::61"}
  - {name: blue, id: 2, rd: "10.255.0.2:62", export: ["65000:62"], endpoint: "2001:db8:5::62"}
interfaces:
  - {name: core0, role: core}
  - {name: red, role: site}
  - {name: blue, role: site}
services:
  - {name: red-web, vrf: red, addresses: [198.51.100.80], announce: {instances: [10.61.1.9], capacity: 4}}
  - {name: blue-web, vrf: blue, addresses: [198.51.100.80], announce: {instances: [10.62.1.9], capacity: 4}}
END
	} >"$dir/out.yaml"
	{
		head_of rr 3 && neighbors "10.60.0.1, client: true" "10.60.0.2, client: true"
	} >"$dir/rr.yaml"
	cat >"$dir/gobgpd.conf" <<'END'
[global.config]
  as = 65000
  router-id = "10.255.0.3"
END
	local last
	for last in 1 2; do
		cat >>"$dir/gobgpd.conf" <<END
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.60.0.$last"
    peer-as = 65000
  [neighbors.timers.config]
    connect-retry = 1
  [neighbors.route-reflector.config]
    route-reflector-client = true
    route-reflector-cluster-id = "10.255.0.3"
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "l3vpn-ipv4-unicast"
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "l3vpn-ipv6-unicast"
END
	done
}

router() { # SPACE
	start "$1" "$1" "$build/control/margayd" --config "$dir/$1.yaml"
}

server() { # VRF
	start "$1srv" server python3 -c '
import socket, sys
s = socket.create_server(("", 80))
while True:
    connection, address = s.accept()
    connection.sendall((sys.argv[1] + " for " + address[0]).encode())
    connection.close()' "$1"
}

ask() { # VRF NUMBER [SERVER [COUNT]]: connections, one by default; the server says whose it is, and whom it saw
	inside "$1" python3 -c '
import socket, sys
for _ in range(int(sys.argv[2])):
    with socket.create_connection(("198.51.100.80", 80), timeout=3) as s:
        if s.recv(64) != sys.argv[1].encode():
            sys.exit(1)' "${3:-$1} for 10.$2.0.9" "${4:-1}" 2>/dev/null
}

reached() { within 60 ask "$@"; } # VRF NUMBER [SERVER]: neighbours have to be found first

all_of() { # VRF NUMBER COUNT
	ask "$1" "$2" "$1" "$3"
}

shown() { # SPACE EXPRESSION COMMAND...: a look at a JSON answer
	"$build/tools/margay/margay" --socket "$dir/$1.sock" -j "${@:3}" | python3 -c '
import json, sys
answer = json.load(sys.stdin)
try:
    sys.exit(not eval(sys.argv[1]))
except LookupError: # it is not there yet
    sys.exit(1)' "$2"
}

dumped() { # SPACE MAP WORDS
	bpftool map dump pinned "$pins-$1/v2/$2" | grep -q "$3"
}

reload() { # SPACE SED-SCRIPT: its configuration from now on
	sed -i "$2" "$dir/$1.yaml"
	"$build/tools/margay/margay" --socket "$dir/$1.sock" reload "$dir/$1.yaml" >/dev/null
}

until_shown() { within 30 shown "$@"; } # SPACE EXPRESSION COMMAND...

# What a VRF is may be changed while packets flow, and no session ends for it.
by_reload() {
	holds "reload: red imports what blue exports" reload in 's/"65000:61"/"65000:62"/'
	holds "reload: so its clients are served by blue" reached red 61 blue
	holds "reload: and blue's as before" all_of blue 62 5
	holds "reload: red imports its own again" reload in '/name: red,/s/"65000:62"/"65000:61"/'
	holds "reload: so its clients are served by red" reached red 61
	holds "reload: the egress calls red's routes otherwise, and has another SID for it" reload out \
		's/10.255.0.2:61/10.255.0.2:63/; s/2001:db8:5::61/2001:db8:5::63/'
	holds "reload: the ingress hears of it" until_shown in \
		'sorted((s["vrf"], s["sites"][0]["endpoint"], s["sites"][0]["state"]) for s in answer["services"]) == [("blue", "2001:db8:5::62", "up"), ("red", "2001:db8:5::63", "up")]' \
		show services
	holds "reload: and knows the routes by their new name only" shown in \
		'sorted(r["rd"] for r in answer["routes"]) == ["10.255.0.2:62", "10.255.0.2:63"]' \
		show bgp routes
	holds "reload: red is served there" reached red 61
	holds "reload: the old SID leads nowhere" shown out \
		'sorted((e["endpoint"], e.get("vrf")) for e in answer["endpoints"]) == [("2001:db8:5::46", None), ("2001:db8:5::62", "blue"), ("2001:db8:5::63", "red")]' \
		show endpoints
	holds "reload: blue goes from the egress" reload out '/name: blue\(-web\)\?,/d'
	holds "reload: its route goes" until_shown in '[r["rd"] for r in answer["routes"]] == ["10.255.0.2:63"]' \
		show bgp routes
	holds "reload: blue goes from the ingress" reload in '/name: blue\(-web\)\?,/d'
	holds "reload: red is the only one" shown in \
		'[s["vrf"] for s in answer["services"]] == ["red"]' show services
	holds "reload: and served" all_of red 61 5
	holds "reload: no session has ended" shown in \
		'[n["established"] for n in answer["neighbors"]] == [1]' show bgp neighbors
}

by_reflector() { # NAME
	configure
	server red
	server blue
	if [[ $1 == gobgp ]]; then
		start rr gobgpd gobgpd -f "$dir/gobgpd.conf"
	else
		router rr
	fi
	router out
	router in
	holds "$1: a client of red is served by red" reached red 61
	holds "$1: and every one after it" all_of red 61 20
	holds "$1: a client of blue is served by blue" reached blue 62
	holds "$1: and every one after it" all_of blue 62 20
	holds "$1: both at a time" all_of red 61 5
	holds "$1: what is shown names the VRFs" shown in \
		'sorted((s["vrf"], s["sites"][0]["endpoint"], s["sites"][0]["state"]) for s in answer["services"]) == [("blue", "2001:db8:5::62", "up"), ("red", "2001:db8:5::61", "up")]' \
		show services
	holds "$1: and the routes their distinguishers, labels and targets" shown in \
		'sorted((r["rd"], r["label"], r["route-targets"], r["imported"]) for r in answer["routes"]) == [("10.255.0.2:61", 3, ["65000:61"], ["red"]), ("10.255.0.2:62", 3, ["65000:62"], ["blue"])]' \
		show bgp routes
	holds "$1: explain names the VRF" shown in 'answer["explained"][0]["vrf"] == "red"' explain red-web
	holds "$1: so do the ports" shown in \
		'[i.get("vrf") for i in answer["interfaces"]] == ["red", "blue", None]' show interfaces
	holds "$1: and the egress's endpoints" shown out \
		'sorted((e["endpoint"], e.get("vrf")) for e in answer["endpoints"]) == [("2001:db8:5::46", None), ("2001:db8:5::61", "red"), ("2001:db8:5::62", "blue")]' \
		show endpoints
	holds "$1: nothing was for no service" shown out \
		'{c["name"]: c["packets"] for c in answer["verdicts"]}["no-service"] == 0' show counters
	holds "$1: bpftool shows it in the services" dumped in mg_services '"vrf": 0x9'
	holds "$1: and in the ports" dumped in mg_ports '"vrf": 3'
	[[ $1 != margay ]] || by_reload
	((failed == 0)) || tail -n 30 "$dir"/*.log | sed 's/^/# /'
	stop
	rm -rf "$pins-in" "$pins-out" "$pins-rr"
}

main() {
	needs_root
	dir=$(mktemp -d)
	trap clean EXIT
	holds "the network is there" network
	by_reflector margay
	if command -v gobgpd >/dev/null; then
		by_reflector gobgp
	else
		echo "# gobgpd is not installed: by Margay's reflector only"
	fi
	finish
}

main
