#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# One port that is access, core and site at once (role edge): real TCP comes in by it and leaves by it again, as it is
# for the own site, and out of a VXLAN tunnel. A bridge stands for the segment that all are on.
set -u

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. tests/lab/checks
build=${MARGAY_BUILD:-$PWD/build/release}
pins=/sys/fs/bpf/margay-onearmed
spaces=(mgone-pe mgone-lan mgone-client mgone-server)
children=()

clean() {
	local name

	((${#children[@]} == 0)) || kill "${children[@]}" 2>/dev/null
	wait
	for name in "${spaces[@]}"; do
		ip netns del "$name" 2>/dev/null
	done
	rm -rf "$pins" "$dir"
}

inside() { nsenter --net="/run/netns/mgone-$1" "${@:2}"; }

cable() { # NAMESPACE PORT LAN-PORT
	ip link add "$2" netns "mgone-$1" type veth peer name "$3" netns mgone-lan
	inside "$1" ethtool -K "$2" tx off tso off gso off >/dev/null 2>&1
	ip -n mgone-lan link set "$3" master br0 up
	ip -n "mgone-$1" link set "$2" up
}

# The kernel wakes a veth for what its peer's program sends back (XDP_TX) only if it has a program itself.
waker() { # LAN-PORT
	cat >"$dir/pass.c" <<'END'
#include <linux/bpf.h>
__attribute__((section("xdp"), used)) int pass(struct xdp_md *ctx) { return XDP_PASS; }
END
	clang -O2 -target bpf "-I/usr/include/$(gcc -print-multiarch)" -c "$dir/pass.c" -o "$dir/pass.o" &&
		ip -n mgone-lan link set dev "$1" xdp obj "$dir/pass.o" sec xdp
}

network() {
	local name

	for name in "${spaces[@]}"; do
		ip netns add "$name" && ip -n "$name" link set lo up
	done
	ip -n mgone-lan link add br0 type bridge && ip -n mgone-lan link set br0 up
	cable pe port0 lan0 && cable client client0 lan1 && cable server server0 lan2
	waker lan0 || return 1
	ip -n mgone-pe addr add 10.99.0.2/24 dev port0
	ip -n mgone-client addr add 10.99.0.9/24 dev client0
	ip -n mgone-server addr add 10.99.0.1/24 dev server0
	ip -n mgone-server addr add 198.51.100.80/32 dev lo
	ip -n mgone-server addr add 198.51.100.81/32 dev lo
	# One address by the router, the other one through a tunnel to it, as another router would send it.
	ip -n mgone-client route add 198.51.100.80/32 via 10.99.0.2
	ip -n mgone-client link add vx0 address 02:00:00:00:00:09 type vxlan id 7001 remote 10.99.0.2 dstport 4789 dev client0
	ip -n mgone-client link set vx0 up
	ip -n mgone-client route add 198.51.100.81/32 dev vx0 src 10.99.0.9
	ip -n mgone-client neigh add 198.51.100.81 lladdr 02:00:00:00:00:01 dev vx0
}

router() {
	cat >"$dir/margay.yaml" <<END
router: {name: pe, router-id: 10.255.0.3, as: 65000, control-socket: $dir/sock, state-directory: $dir, pin-directory: $pins}
interfaces: [{name: port0, role: edge}]
tunnel: {source-v4: 10.99.0.2}
bgp: {listen: 127.0.0.1, port: 0, neighbors: [{address: 10.99.0.77, as: 65000}]}
site: {name: here, id: 4, encapsulation: vxlan, vni: 7001, inner-mac: "02:00:00:00:00:01", endpoint: 10.99.0.2, next-hop-v4: 10.99.0.2}
services:
  - {name: web, addresses: [198.51.100.80], protocol: tcp, port: 80, steer: {}, announce: {instances: [10.99.0.1], capacity: 4}}
  - {name: far, addresses: [198.51.100.81], protocol: tcp, port: 80, announce: {instances: [10.99.0.1], capacity: 4}}
END
	# Not by inside(): the shell of a function would be killed in place of what it started.
	nsenter --net=/run/netns/mgone-pe "$build/control/margayd" --config "$dir/margay.yaml" >"$dir/margayd.log" 2>&1 &
	children+=($!)
}

server() {
	nsenter --net=/run/netns/mgone-server python3 -c '
import socket
s = socket.create_server(("", 80))
while True:
    connection, address = s.accept()
    connection.sendall(("for " + address[0]).encode())
    connection.close()' &
	children+=($!)
}

ask() { # ADDRESS [COUNT]: connections, one by default, told by the server whom they were for
	inside client python3 -c '
import socket, sys
for _ in range(int(sys.argv[2])):
    with socket.create_connection((sys.argv[1], 80), timeout=3) as s:
        if s.recv(64) != b"for 10.99.0.9":
            sys.exit(1)' "$1" "${2:-1}" 2>/dev/null
}

reached() { within 60 ask "$@"; } # ADDRESS: neighbours have to be found first

all_of() { # ADDRESS COUNT
	ask "$1" "$2"
}

counted() { # VERDICT LEAST
	"$build/tools/margay/margay" --socket "$dir/sock" -j show counters | python3 -c '
import json, sys
counters = {c["name"]: c["packets"] for c in json.load(sys.stdin)["verdicts"]}
sys.exit(counters[sys.argv[1]] < int(sys.argv[2]))' "$1" "$2"
}

main() {
	needs_root
	dir=$(mktemp -d)
	trap clean EXIT
	holds "the network is there" network
	router
	server
	holds "a client of the own site is served" reached 198.51.100.80
	holds "and every one after it" all_of 198.51.100.80 20
	holds "a client behind a tunnel is served" reached 198.51.100.81
	holds "and every one after it" all_of 198.51.100.81 20
	holds "what came by clients is counted as sent" counted forward 80
	holds "what came by the tunnel is counted as delivered" counted delivered 80
	((failed == 0)) || sed 's/^/# /' "$dir/margayd.log"
	finish
}

main
