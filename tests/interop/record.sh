#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# margay record and margay replay: a running margayd and two sites whose load changes; its decisions are recorded
# from the midst of its life, come out again bit for bit, and come out otherwise from what is changed.
#   in (margayd) -- east, west (our speakers); links 10.97.N.0/24, in is .1
set -u
# shellcheck source=tests/interop/common
. "$(dirname "${BASH_SOURCE[0]}")/common"
# shellcheck source=tests/interop/daemon
. "$(dirname "${BASH_SOURCE[0]}")/daemon"

declare -A place=([east]=2 [west]=3)

record_cleanup() {
	local name pid

	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	for name in in "${!place[@]}"; do
		ip netns delete "$spaces$name" 2>/dev/null
	done
	[[ -n $work ]] && rm -rf "$work"
}

record_network() {
	local name n

	for name in in east west; do
		ip netns delete "$spaces$name" 2>/dev/null
		ip netns add "$spaces$name" || return
		ip -n "$spaces$name" link set lo up
	done
	for name in east west; do
		n=${place[$name]}
		ip -n "${spaces}in" link add "$name" type veth peer name core netns "$spaces$name" || return
		ip -n "${spaces}in" addr add "10.97.$n.1/24" dev "$name"
		ip -n "$spaces$name" addr add "10.97.$n.2/24" dev core
		ip -n "${spaces}in" link set "$name" up
		ip -n "$spaces$name" link set core up
	done
}

ingress_config() { # POLICY
	cat <<END
router: {name: in, router-id: 10.97.2.1, as: 65000, control-socket: $work/socket, pin-directory: $pins}
tables: {services: 16, slots: 1024, pin-sets: 64, members: 64, sites: 16}
tunnel: {source-v4: 10.97.2.1}
bgp:
  neighbors:
    - {address: 10.97.2.2, as: 65000, connect-retry: 1}
    - {address: 10.97.3.2, as: 65000, connect-retry: 1}
sites:
  - {name: east, egress: 10.97.2.2, rtt-ms: 5}
  - {name: west, egress: 10.97.3.2, rtt-ms: 9}
services:
  - {name: web, addresses: [198.51.100.80], steer: {slots: 64, policy: $1}}
END
}

ingress_start() {
	ingress_config compute-aware >"$work/margay.yaml"
	nsenter --net="/run/netns/${spaces}in" "$margayd" -c "$work/margay.yaml" >>"$work/margayd.log" 2>&1 &
	daemon_pid=$!
}

site_start() { # NAME
	local n=${place[$1]} fd

	mkfifo "$work/$1.in"
	# shellcheck disable=SC2034
	exec {fd}<>"$work/$1.in"
	ip netns exec "$spaces$1" "$speaker" 65000 "10.97.$n.2" "10.97.$n.1" \
		<"$work/$1.in" >>"$work/$1.out" 2>&1 &
	pids+=("$!")
	tell "$1" "announce $V4 10.97.$n.2 10 50"
}

# Until jq's expression holds of what margay answers; at most SECONDS.
until_shown() { # SECONDS EXPRESSION WORD...
	local end=$((SECONDS + $1)) expression=$2

	shift 2
	while ((SECONDS <= end)); do
		ask -j "$@" 2>/dev/null | jq -e "$expression" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	return 1
}

# New load at both sites, several times; east is away for a while.
load_changes() {
	local rate

	for rate in 120 20 180 90; do
		tell east "announce $V4 10.97.2.2 10 $rate"
		tell west "announce $V4 10.97.3.2 10 $((200 - rate))"
		sleep 0.7
	done
	tell east "withdraw $V4"
	sleep 0.5
	tell east "announce $V4 10.97.2.2 10 40"
	sleep 0.5
	ingress_config greedy >"$work/margay.yaml"
	kill -HUP "$daemon_pid" # another policy, in the midst of it
	sleep 1.2
}

replay() { # FILE WORD...
	"$margay" replay "$@"
}

summary() ( # FILE WORD...: as JSON, with the status of replay
	set -o pipefail
	replay "$@" -j --summary | jq -c .summary
)

check_recording() {
	local pid

	"$margay" -s "$work/socket" record -w "$work/whole" 2>"$work/record.err" &
	pid=$!
	load_changes
	kill -TERM "$pid"
	wait "$pid"
	result $? "record: ends by a signal, with status 0"
	tail -n 1 "$work/whole" | jq -e '.record == "end" and .why == "signal" and .lost == 0 and .decisions > 5' >/dev/null
	result $? "record: the last line says why, and how many"
	jq -e . "$work/whole" >/dev/null
	result $? "record: every line is JSON"
	[[ $(jq -r .record "$work/whole" | sed -n 1p) == begin && $(grep -c '"record":"service"' "$work/whole") == 2 ]]
	result $? "record: begins with what it is; the service's memory stands at its start and after the reload"
	ask record --count 2 --service web 2>/dev/null | jq -r .record | tr '\n' ' ' >"$work/two"
	[[ $(<"$work/two") == "begin service decision decision end " ]]
	result $? "record: --count 2 of one service, to standard output: $(<"$work/two")"
	ask record --time 1.5 -w "$work/timed" 2>/dev/null &&
		tail -n 1 "$work/timed" | jq -e '.why == "time" and .decisions >= 1' >/dev/null
	result $? "record: --time 1.5 ends by itself"
	ask record --service nobody -w "$work/none" 2>/dev/null
	[[ $? == 4 && ! -e $work/none ]]
	result $? "record: no such service is status 4, and no file"
}

check_replay() {
	local whole

	whole=$(summary "$work/whole" --check)
	result $? "replay: every decision as it was recorded: $(jq -c '{decisions, differ}' <<<"$whole")"
	jq -e '.differ == 0 and .decisions > 5 and .ended and .services[0].recorded.changes > 3' <<<"$whole" >/dev/null
	result $? "replay: and there were changes among them"
	replay "$work/whole" --policy nearest --check >"$work/nearest"
	[[ $? == 1 ]] && grep -q 'another site is nearer' "$work/nearest"
	result $? "replay: another policy decides otherwise, and says why"
	summary "$work/whole" --policy nearest | jq -e \
		'.differ > 0 and .services[0].replayed.policy == "nearest" and
		 (.services[0].sites[] | select(.name == "east") | ."replayed-share" > 0.5)' >/dev/null
	result $? "replay: by distance most goes to east"
	summary "$work/whole" --policy static | jq -e '.services[0].replayed."moved-per-minute" <
		.services[0].recorded."moved-per-minute"' >/dev/null
	result $? "replay: by capacity less is moved than was"
}

# Line NUMBER of the record is put through jq's EXPRESSION.
changed() { # NUMBER EXPRESSION
	awk -v n="$1" 'NR < n' "$work/whole"
	awk -v n="$1" 'NR == n' "$work/whole" | jq -c "$2"
	awk -v n="$1" 'NR > n' "$work/whole"
}

check_changed() {
	changed 3 '.sites[0].in.rtt = 0.2' >"$work/changed"
	summary "$work/changed" --check >"$work/changed.json"
	[[ $? == 1 ]] && jq -e '.differ > 0' "$work/changed.json" >/dev/null
	result $? "changed: another distance in one decision makes it another: $(jq -c .differ "$work/changed.json") differ"
	changed 2 '.memory.sites[0].shares = []' >"$work/changed"
	replay "$work/changed" --check --summary >/dev/null
	[[ $? == 1 ]]
	result $? "changed: what was remembered matters, too"
}

fails_at() { # LINE PATTERN NAME
	replay "$work/bad" --summary >/dev/null 2>"$work/bad.err"
	[[ $? == 1 ]] && grep -q "bad:$1: .*$2" "$work/bad.err"
	result $? "damaged: $3: $(<"$work/bad.err")"
}

check_damaged() {
	head -c -20 "$work/whole" >"$work/bad"
	fails_at "$(wc -l <"$work/whole")" 'cut short' "the last line is cut"
	changed 1 '.format = 99' >"$work/bad"
	fails_at 1 'format 99' "an unknown format"
	changed 3 '.sites[0].in.colour = "red"' >"$work/bad"
	fails_at 3 "'colour' is not known" "an unknown member"
	changed 3 '.sites[0].in.rtt = [1]' >"$work/bad"
	fails_at 3 "'rtt' must be" "a member of another type"
	changed 4 '.time = 1' >"$work/bad"
	fails_at 4 'backwards' "time goes backwards"
	sed 2d "$work/whole" >"$work/bad"
	fails_at 2 'remembers' "a decision without memory"
}

main() {
	((EUID == 0)) || skip_all "needs root for namespaces"
	work=$(mktemp -d) && chmod 755 "$work"
	trap 'daemon_stop; record_cleanup' EXIT
	daemon_find
	speaker_find && record_network || exit 1
	ingress_start
	site_start east
	site_start west
	until_shown 30 '[.services[].sites[] | select(.slots > 5)] | length == 2' show services web
	result $? "up: slots lead to both sites"
	check_recording
	check_replay
	check_changed
	check_damaged
	((failed)) && tail -n 20 "$work"/*.log "$work"/*.err && ask -j explain web && head -c 3000 "$work/whole"
	finish
}

main
