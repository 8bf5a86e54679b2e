#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# margayd's BMP feed to a real station, pmacct's pmbmpd, and to tshark's eyes: peers and routes of
# both families with Add-Path, live and to a station that comes late.
set -u
# shellcheck source=tests/interop/common
. "$(dirname "${BASH_SOURCE[0]}")/common"
# shellcheck source=tests/interop/daemon
. "$(dirname "${BASH_SOURCE[0]}")/daemon"

station_pid=
tshark_pid=

station_config() { # LOG
	cat <<END
daemonize: false
bmp_daemon_ip: 127.0.0.1
bmp_daemon_port: 1790
bmp_daemon_max_peers: 4
bmp_daemon_msglog_file: $1
END
}

station_start() { # LOG
	station_config "$1" >"$work/pmbmpd.conf"
	ip netns exec "${spaces}rr" pmbmpd -f "$work/pmbmpd.conf" >>"$work/pmbmpd.log" 2>&1 &
	station_pid=$!
}

# pmbmpd does not heed SIGTERM while it listens.
station_stop() {
	[[ -n $station_pid ]] && kill -KILL "$station_pid" && wait "$station_pid" 2>/dev/null
	station_pid=
}

feeds_config() {
	cat <<END
feeds:
  bmp:
    - name: pmacct
      address: 127.0.0.1
      statistics-interval: 1
END
}

# One line of the station's log has all of these; at most 5 s.
logged() { # LOG PATTERN...
	local log=$1 i lines pattern

	shift
	for ((i = 0; i < 50; i++)); do
		lines=$(cat "$log" 2>/dev/null)
		for pattern in "$@"; do
			lines=$(grep -E -- "$pattern" <<<"$lines")
		done
		[[ -n $lines ]] && return 0
		sleep 0.1
	done
	return 1
}

check_peers() { # LOG
	local n

	for n in 1 2 3; do
		logged "$1" '"bmp_msg_type": "peer_up"' "\"peer_ip\": \"10.99.$n.2\"" \
			'"peer_asn": "?65000' '"bgp_id": "10.99.'
		result $? "station: peer 10.99.$n.2 is up"
	done
}

route_logged() { # LOG POST SITE PREFIX NEXT-HOP
	logged "$1" '"bmp_msg_type": "route_monitor"' '"log_type": "update"' "\"is_post\": $2" \
		"\"peer_ip\": \"10.99.${number[$3]}.2\"" "\"ip_prefix\": \"$4\"" \
		"\"bgp_nexthop\": \"$5\"" '"as_path_id": [1-9]'
	result $? "station: $3, $4, post-policy $2, path id"
}

check_routes() { # LOG
	local post site n

	for post in 0 1; do
		for site in east west; do
			n=${number[$site]}
			route_logged "$1" $post $site "$V4" "10.99.$n.2"
			route_logged "$1" $post $site "$V6" "2001:db8:99:$n::2"
		done
	done
}

check_changes() { # LOG
	local post

	tell east "withdraw $V4"
	for post in 0 1; do
		logged "$1" '"log_type": "withdraw"' "\"is_post\": $post" '"peer_ip": "10.99.1.2"' \
			"\"ip_prefix\": \"$V4\""
		result $? "station: a withdrawal, post-policy $post"
	done
	logged "$1" '"bmp_msg_type": "stats"' '"peer_ip": "10.99.1.2"' '"counter_type": 7' \
		'"counter_value": 1'
	result $? "station: statistics count the route that is left"
	kill -KILL "${speaker_pid[west]}"
	wait "${speaker_pid[west]}" 2>/dev/null
	logged "$1" '"bmp_msg_type": "peer_down"' '"peer_ip": "10.99.2.2"' '"reason_type": 4'
	result $? "station: a peer that died is down, without a NOTIFICATION"
}

# The dissector finds nothing wrong in what went over the wire.
check_dissection() {
	local bad count

	command -v tshark >/dev/null || return 0
	sleep 1
	kill -INT "$tshark_pid" && wait "$tshark_pid" 2>/dev/null
	count=$(tshark -r "$work/bmp.pcapng" -d tcp.port==1790,bmp -Y bmp.type==0 2>/dev/null | wc -l)
	((count > 4))
	result $? "tshark: sees Route Monitoring ($count packets)"
	bad=$(tshark -r "$work/bmp.pcapng" -d tcp.port==1790,bmp \
		-Y 'bmp && (_ws.malformed || _ws.expert.severity >= 0x00600000)' 2>/dev/null)
	[[ -z $bad ]]
	result $? "tshark: nothing is malformed"
	[[ -n $bad ]] && say "$bad"
}

shown() { # JQ-EXPRESSION
	ask -j show bmp | jq -e "$1" >/dev/null
}

main() {
	((EUID == 0)) || skip_all "needs root for namespaces"
	command -v pmbmpd >/dev/null || skip_all "pmacct is not installed: apt-get install pmacct"
	work=$(mktemp -d) && chmod 755 "$work"
	trap 'station_stop; daemon_stop; cleanup' EXIT
	daemon_find
	speaker_find && network_up || exit 1
	if command -v tshark >/dev/null; then
		spawn rr "$work/tshark.log" tshark -q -i lo -w "$work/bmp.pcapng"
		tshark_pid=$!
		sleep 2
	fi
	station_start "$work/live.json"
	feeds_config >"$work/feeds.yaml"
	daemon_start
	for name in east west ingress; do
		speaker_start "$name" ",all"
	done
	for site in east west; do
		n=${number[$site]}
		await_up "$site"
		tell "$site" "announce $V4 10.99.$n.2 ${n}0 100.5"
		tell "$site" "announce $V6 2001:db8:99:$n::2 ${n}0 100.5"
	done
	check_peers "$work/live.json"
	check_routes "$work/live.json"
	shown '.stations[0] | .state == "connected" and .peers == 3 and .overflows == 0'
	result $? "margay show bmp: connected, three peers"

	station_stop
	station_start "$work/late.json"
	check_peers "$work/late.json"
	check_routes "$work/late.json"
	shown '.stations[0] | .connections == 2 and .untold == 0'
	result $? "margay show bmp: connected again, all was told"
	check_changes "$work/late.json"
	check_dissection
	((failed)) && tail -n 20 "$work"/*.log "$work/late.json"
	finish
}

main
