#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# TCP-AO (RFC 5925) for real: the unit tests of signed sessions on a kernel that has it, in QEMU. MARGAY_AO_KERNEL: its
# bzImage, as ao-kernel builds it; without one this is skipped. MARGAY_BUILD: the build directory.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${MARGAY_BUILD:-$root/build/release}
kernel=${MARGAY_AO_KERNEL:-$root/build/kernels/ao/bzImage}
tests=(security dynamic)
work=

skip_all() { # WHY
	printf 'skipped: %s\n0 passed, 0 failed, 1 skipped\n' "$1"
	exit 0
}

fail_all() { # WHY
	printf 'failed: %s\n0 passed, 1 failed\n' "$1"
	exit 1
}

copy() { # FILE: with its libraries
	local library

	install -D -m 755 "$1" "$work/tree/tests/${1##*/}" || return
	while read -r library; do
		[[ -e $work/tree/$library ]] || install -D "$(realpath "$library")" "$work/tree/$library" || return
	done < <(ldd "$1" | grep -oE '/[^ ]+')
}

image() {
	local name

	mkdir -p "$work"/tree/{bin,dev,proc,sys,tmp,lib}
	ln -s . "$work/tree/usr" && ln -s lib "$work/tree/lib64"
	install -m 755 "$(command -v busybox)" "$work/tree/bin/busybox" || return
	for name in sh mount ip mkdir poweroff; do
		ln -s busybox "$work/tree/bin/$name"
	done
	for name in "${tests[@]}"; do
		copy "$build/tests/unit/${name}_test" || return
	done
	cat >"$work/tree/init" <<-END
		#!/bin/sh
		mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devtmpfs /dev; mount -t tmpfs tmpfs /tmp
		mkdir -p /dev/shm; mount -t tmpfs tmpfs /dev/shm
		ip link set lo up
		for name in ${tests[*]}; do
			/tests/\${name}_test --verbose --color=never --jobs 1 2>&1 </dev/null
		done
		poweroff -f
	END
	chmod 755 "$work/tree/init"
	(cd "$work/tree" && find . -print0 | cpio --null --quiet -o -H newc -R 0:0) >"$work/image"
}

main() {
	local passed skips

	for tool in qemu-system-x86_64 busybox cpio; do
		command -v "$tool" >/dev/null || skip_all "there is no $tool: apt-get install qemu-system-x86 busybox-static cpio"
	done
	[[ -f $kernel ]] || skip_all "no kernel with TCP-AO, as none of Debian's has it: tests/kernel/ao-kernel builds one"
	work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
	image || fail_all "the image cannot be made from $build"
	timeout --kill-after=5 800 qemu-system-x86_64 -accel tcg,thread=single -cpu Nehalem,-cx16 -m 1024 -machine q35 -nodefaults \
		-no-user-config -display none -no-reboot -kernel "$kernel" -initrd "$work/image" -serial "file:$work/console" \
		-append "console=ttyS0,115200 loglevel=4 panic=-1 no_timer_check random.trust_cpu=on" </dev/null
	tr -d '\r' <"$work/console" >"$work/log"
	passed=$(grep -c '^\[PASS\]' "$work/log")
	# One test is about kernels without TCP-AO; no other one may be left out.
	skips=$(grep '^\[SKIP\]' "$work/log" | grep -vc 'this kernel has TCP-AO')
	if (($(grep -c '^\[====\] Synthesis:.*Failing: 0 | Crashing: 0' "$work/log") != ${#tests[@]} || skips)); then
		cat "$work/log"
		fail_all "$passed tests passed, and not all"
	fi
	grep -E '^\[PASS\].*(ao|AO)' "$work/log"
	printf '%s passed, 0 failed\n' "$passed"
}

main
