#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench-program.sh: build tests/bench/vgic_bench.c, static, for arm64, with the
# library of the tree's KVM selftests, by their own Makefile. Prints the path:
# build/bench/vgic_bench.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/kernel-lib.sh
. "$(dirname "$0")/kernel-lib.sh"

kernel_env
need rsync:rsync # make headers_install
src=${LINUX_SRC:-$build/linux}
[ -n "${LINUX_SRC:-}" ] || "$top/scripts/tree.sh" >&2

tree=$(tree_hash "$src")
parts=()
for dir in tools include arch/arm64/include arch/arm64/tools scripts; do
	parts+=("$(git -C "$src" rev-parse "$tree:$dir")")
done
id=$(key "${parts[@]}" "$compiler" "$(cat "$0" "$top/tests/bench/vgic_bench.c")")
kept=$cache/selftests/bench-$id
obj=$build/obj/bench

# A failed command inside does not stop the function by itself (stage asks for
# its status), hence the chain.
build_program() {
	mkdir -p "$obj/out" "$obj/tools" "$kept.tmp" &&
		make -s -C "$src" O="$obj/headers" INSTALL_HDR_PATH="$obj/usr" headers_install &&
		LDFLAGS=-static make -s -C "$src/tools/testing/selftests/kvm" -j "$jobs" \
			OUTPUT="$obj/out" abs_objdir="$obj" CC="ccache ${CROSS_COMPILE}gcc" \
			KHDR_INCLUDES="-isystem $obj/usr/include" VPATH="$top/tests/bench" \
			TEST_GEN_PROGS_arm64=vgic_bench TEST_GEN_PROGS_EXTENDED_arm64= SPLIT_TESTS= \
			"$obj/out/vgic_bench" &&
		"${CROSS_COMPILE}strip" -o "$kept.tmp/vgic_bench" "$obj/out/vgic_bench" &&
		publish "$kept.tmp" "$kept"
}

mkdir -p "$cache/selftests"
exec 9>"$cache/selftests/.lock-bench-$id"
flock 9
[ -e "$kept/vgic_bench" ] || stage bench-program build_program
ln -sfn "$kept" "$build/bench"
printf '%s\n' "$build/bench/vgic_bench"
