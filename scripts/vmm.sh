#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vmm.sh: build machine/vmm, static, for arm64: build/vmm/vmm, and build/vmm/load for
# its guests. The headers of KVM and libfdt are those of the patched kernel's tree.
# Kept in the cache folder under the content they are built from; the path of the
# directory is printed. LINUX_SRC=<git tree> takes that tree instead of build/linux.

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
for path in include arch/arm64/include arch/arm64/tools scripts; do
	parts+=("$(git -C "$src" rev-parse "$tree:$path")")
done
id=$(key "${parts[@]}" "$compiler" "$(cat "$0" "$top"/machine/vmm/{Makefile,*.[ch]})")
kept=$cache/vmm/$id
obj=$build/obj/vmm

# A failed command inside does not stop the function by itself, hence the chain.
build_vmm() {
	rm -rf "$kept.tmp" "$obj/out" &&
		mkdir -p "$obj/out" "$kept.tmp" &&
		make -s -C "$src" O="$obj/headers" INSTALL_HDR_PATH="$obj/usr" headers_install &&
		make -s -C "$top/machine/vmm" -j "$jobs" O="$obj/out" CC="ccache ${CROSS_COMPILE}gcc" \
			HEADERS="$obj/usr/include" LIBFDT="$src/scripts/dtc/libfdt" &&
		cp "$obj/out/vmm" "$obj/out/load" "$kept.tmp/" &&
		"${CROSS_COMPILE}strip" "$kept.tmp/vmm" "$kept.tmp/load" &&
		publish "$kept.tmp" "$kept"
}

mkdir -p "$cache/vmm"
exec 9>"$cache/vmm/.lock-$id"
flock 9
[ -e "$kept/vmm" ] || stage vmm build_vmm
ln -sfn "$kept" "$build/vmm"
printf '%s\n' "$build/vmm"
