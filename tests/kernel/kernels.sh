#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Boots Debian's kernels in emulated machines, side by side, and runs our tests on each. "N passed, N failed" at the end;
# what cannot be had is skipped with its reason. MARGAY_BUILD: the build directory. MARGAY_KERNELS: "6.1 6.12" or one;
# MARGAY_TESTS: "vectors,ports" and the like, tests of the packet suite and of this directory.
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${MARGAY_BUILD:-$root/build/release}
logs=$root/build/test-logs
guest_seconds=800 # idle cores need 120; others may be at work
passed=0 failed=0 skipped=0
declare -A suites=([6.1]=bookworm [6.12]=bookworm-backports) pids=()
# Whether libxdp's dispatcher of Debian 12 holds a program that changes packets.
declare -A dispatcher=([6.1]=works [6.12]=refused)

say() { printf '%s\n' "$*"; }

count() { # RESULT NUMBER TEXT
	case $1 in
	passed) passed=$((passed + $2)) ;;
	failed) failed=$((failed + $2)) ;;
	skipped) skipped=$((skipped + $2)) ;;
	esac
	say "$1: $3"
}

# The kernel is there, or it has been skipped.
kernel() { # VERSION
	local dir=$root/build/kernels/$1 log=$logs/kernel-$1-fetch.log

	timeout 180 "$here/fetch" "${suites[$1]}" "$dir" 2>"$log" && return 0
	count skipped 1 "kernel $1: $(tail -n 1 "$log"; [[ -s $log ]] || echo "it was not there after 180 s")"
	return 1
}

# Without cmpxchg16b: what QEMU 7.2 leaves of the flags behind it makes 6.12 crash.
cpu=Nehalem,-cx16

# Two pairs of network cards with a wire between: eth0 and eth1, eth2 and eth3. They are taken as they are enumerated.
start() { # VERSION
	local name=kernel-$1 tests=vectors,differ,ports,wire,dispatcher/${dispatcher[$1]},quotas nets=() i

	if PATH=$PATH:/usr/sbin command -v xdp-filter >/dev/null; then
		tests+=,daemon/${dispatcher[$1]}
	else
		count skipped 1 "kernel $1: daemon: there is no xdp-filter: apt-get install xdp-tools"
	fi
	tests=${MARGAY_TESTS-$tests}
	for i in 0 1 2 3; do
		nets+=(-netdev "hubport,id=n$i,hubid=$((i / 2))" -device "virtio-net-pci,netdev=n$i,romfile=,mac=02:00:00:00:00:0$i")
	done
	timeout --kill-after=5 "$guest_seconds" qemu-system-x86_64 -accel tcg,thread=single -cpu "$cpu" -smp 2 -m 1024 -machine q35 \
		-nodefaults -no-user-config -display none -no-reboot "${nets[@]}" -kernel "$root/build/kernels/$1/vmlinuz" \
		-initrd "$root/build/kernels/$1/image" -serial "file:$logs/$name-console.log" -serial "file:$logs/$name-results.log" \
		-append "console=ttyS0,115200 loglevel=5 panic=-1 no_timer_check net.ifnames=0 mitigations=off random.trust_cpu=on MARGAY_TESTS=$tests" \
		>"$logs/$name-qemu.log" 2>&1 </dev/null &
	pids[$1]=$!
}

finish() { # VERSION
	local name=kernel-$1 status=0 word number text

	wait "${pids[$1]}" || status=$?
	say "== kernel $1 (console: build/test-logs/$name-console.log)"
	while read -r word number text; do
		case $word in
		passed | failed) count "$word" "$number" "kernel $1: $text ($number)" ;;
		note) say "  $1: $number $text" ;;
		esac
	done < <(tr -d '\r' <"$logs/$name-results.log")
	if ((status == 124 || status == 137)); then
		count failed 1 "kernel $1: the guest was still running after $guest_seconds s"
	elif ! grep -q '^end' "$logs/$name-results.log" || ((status != 0)); then
		count failed 1 "kernel $1: the guest ended early, status $status"
	else
		return 0
	fi
	tail -n 20 "$logs/$name-console.log" "$logs/$name-qemu.log"
}

cleanup() {
	((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null
}

main() {
	local version versions

	read -ra versions <<<"${MARGAY_KERNELS:-6.1 6.12}"
	mkdir -p "$logs"
	if ! command -v qemu-system-x86_64 >/dev/null; then
		say "skipped: there is no qemu-system-x86_64: apt-get install qemu-system-x86"
		say "0 passed, 0 failed, 1 skipped"
		return 0
	fi
	trap cleanup EXIT
	trap 'exit 130' INT TERM
	for version in "${versions[@]}"; do
		rm -f "$logs/kernel-$version"-*.log
		kernel "$version" || continue
		if "$here/image" "$root/build/kernels/$version" "$build" "$root/build/kernels/$version/image"; then
			start "$version"
		else
			count failed 1 "kernel $version: its image cannot be made"
		fi
	done
	for version in "${!pids[@]}"; do
		finish "$version"
	done
	pids=()
	say "$passed passed, $failed failed$( ((skipped)) && echo ", $skipped skipped")"
	((failed == 0))
}

main
