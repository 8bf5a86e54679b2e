#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# margayd's MRT files, read by bgpdump: the table has the routes of `show bgp routes`, the log what
# was said; with path ids (RFC 8050) and without. mrt_read, of the standard alone, is the second reader.
set -u
# shellcheck source=tests/interop/common
. "$(dirname "${BASH_SOURCE[0]}")/common"
# shellcheck source=tests/interop/daemon
. "$(dirname "${BASH_SOURCE[0]}")/daemon"

feeds_config() {
	cat <<END
feeds:
  mrt: {directory: $work/mrt, updates-interval: 1, updates-kept: 1000}
END
}

# What margay shows and what the file has, in one form: prefix, neighbour, next hop, path id.
shown_routes() {
	ask -j show bgp routes |
		jq -r '.routes[] | [.prefix, .neighbor, ."next-hop", ."path-id" // 0] | join(" ")' | sort
}

file_routes() { # FILE
	"$here/mrt_read" "$1" | sort
}

dumped_routes() { # FILE
	bgpdump -m "$1" 2>"$work/bgpdump.err" | awk -F'|' '
		/_AP\|/ { print $6, $4, $10, $7; next }
		{ print $6, $4, $9, 0 }' | sort
}

dump() { # NAME
	local i

	ask mrt dump "$1" >/dev/null || return
	for ((i = 0; i < 50; i++)); do
		[[ -s $work/mrt/$1 ]] && return 0
		sleep 0.1
	done
	return 1
}

sites_up() { # WORDS
	local name n

	for name in east west; do
		speaker_start "$name" "$1"
	done
	for name in east west; do
		n=${number[$name]}
		await_up "$name" || return
		tell "$name" "announce $V4 10.99.$n.2 ${n}0 100.5"
		tell "$name" "announce $V6 2001:db8:99:$n::2 ${n}0 100.5"
	done
}

await_routes() { # COUNT
	local i

	for ((i = 0; i < 50; i++)); do
		(($(shown_routes | wc -l) == $1)) && return 0
		sleep 0.1
	done
	return 1
}

sites_down() {
	local name

	for name in east west; do
		kill -KILL "${speaker_pid[$name]}" && wait "${speaker_pid[$name]}" 2>/dev/null
		rm -f "$work/$name.in"
	done
	await_routes 0
}

check_plain() {
	sites_up "" && await_routes 4
	result $? "plain: four routes are there"
	dump plain
	result $? "plain: margay mrt dump writes a file"
	[[ $(dumped_routes "$work/mrt/plain") == "$(shown_routes)" ]]
	result $? "plain: bgpdump reads the routes that margay shows"
	[[ $(file_routes "$work/mrt/plain") == "$(shown_routes)" ]]
	result $? "plain: mrt_read agrees"
	bgpdump -m "$work/mrt/plain" 2>/dev/null | grep -q "|$V4||10.99.1.2|100|" ||
		bgpdump -m "$work/mrt/plain" 2>/dev/null | grep -q "|$V4||IGP|10.99.1.2|100|"
	result $? "plain: bgpdump sees ORIGIN, next hop and LOCAL_PREF"
}

check_add_path() {
	sites_up ",all" && await_routes 4 && shown_routes | grep -q '[1-9]$'
	result $? "add-path: four routes with path ids are there"
	dump paths && [[ $(file_routes "$work/mrt/paths") == "$(shown_routes)" ]]
	result $? "add-path: mrt_read reads the routes and path ids that margay shows"
	[[ $(dumped_routes "$work/mrt/paths") == "$(shown_routes)" ]]
	result $? "add-path: bgpdump reads the same, path ids as well"
}

check_log() {
	local log

	tell east "withdraw $V4"
	sleep 2.5
	log=$(for file in "$work"/mrt/updates.*.mrt; do bgpdump -m "$file" 2>/dev/null; done)
	grep -q "|STATE|10.99.1.2|65000|5|6" <<<"$log"
	result $? "log: bgpdump sees a neighbour come up"
	grep -qE "\|A\|10.99.1.2\|65000\|$V4\|" <<<"$log"
	result $? "log: bgpdump sees an announcement"
	grep -qE "\|W\|10.99.1.2\|65000\|$V4" <<<"$log"
	result $? "log: bgpdump sees a withdrawal"
	ask -j show mrt | jq -e '.dropped == 0 and .failures == 0 and .logged > 6' >/dev/null
	result $? "margay show mrt: nothing was dropped"
}

check_names() {
	local name

	for name in ../up /etc/x .hidden rib.20261125.000000.mrt; do
		ask mrt dump "$name" >/dev/null 2>&1
		(($? == 2)) && [[ ! -e $work/up ]]
		result $? "a name that is no plain word is refused: $name"
	done
}

main() {
	((EUID == 0)) || skip_all "needs root for namespaces"
	command -v bgpdump >/dev/null || skip_all "bgpdump is not installed: apt-get install bgpdump"
	work=$(mktemp -d) && chmod 755 "$work"
	trap 'daemon_stop; cleanup' EXIT
	daemon_find
	speaker_find && network_up || exit 1
	mkdir "$work/mrt"
	feeds_config >"$work/feeds.yaml"
	daemon_start
	check_plain
	check_log
	sites_down
	check_add_path
	check_names
	((failed)) && tail -n 20 "$work"/*.log
	finish
}

main
