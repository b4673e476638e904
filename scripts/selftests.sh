#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# selftests.sh [host|base]: build the tree's KVM selftests, static, for arm64; "base"
# are those of the unmodified base. They are collected, stripped, in one directory, a
# file per test; its path is printed. Kept in the cache folder under the content they
# are built from. LINUX_SRC=<git tree> builds that tree's tests instead of
# build/linux's.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/kernel-lib.sh
. "$(dirname "$0")/kernel-lib.sh"

kernel_env
need rsync:rsync # make headers_install
src=${LINUX_SRC:-$build/linux}
[ -n "${LINUX_SRC:-}" ] || "$top/scripts/tree.sh" >&2

name=${1:-host} from=$src obj=$build/obj/selftests dest=$build/selftests
case $name in
host) tree=$(tree_hash "$src") ;;
base)
	tree=$(base_tree "$src")
	from=$build/base/linux obj=$build/base/obj/selftests dest=$build/base/selftests ;;
*) die "no such selftests: $name (host or base)" ;;
esac
parts=()
for dir in tools include arch/arm64/include arch/arm64/tools scripts; do
	parts+=("$(git -C "$src" rev-parse "$tree:$dir")")
done
id=$(key "${parts[@]}" "$compiler" "$(cat "$0")")
kept=$cache/selftests/$id

# A failed command inside does not stop the function by itself (stage asks for
# its status), hence the chain.
build_selftests() {
	{ [ "$name" != base ] || unpack_base "$src"; } &&
		rm -rf "$kept.tmp" &&
		mkdir -p "$obj/out" "$obj/tools" "$kept.tmp" &&
		make -s -C "$from" O="$obj/headers" INSTALL_HDR_PATH="$obj/usr" headers_install &&
		LDFLAGS=-static make -s -C "$from/tools/testing/selftests/kvm" -j "$jobs" \
			OUTPUT="$obj/out" abs_objdir="$obj" CC="ccache ${CROSS_COMPILE}gcc" \
			KHDR_INCLUDES="-isystem $obj/usr/include" &&
		find "$obj/out" -type f -perm -u+x ! -name '*.sh' ! -name '*.py' \
			-exec "${CROSS_COMPILE}strip" {} + &&
		find "$obj/out" -type f -perm -u+x -exec cp -t "$kept.tmp" {} + &&
		[ -e "$kept.tmp/vgic_init" ] &&
		publish "$kept.tmp" "$kept"
}

mkdir -p "$cache/selftests"
exec 9>"$cache/selftests/.lock-$id"
flock 9
[ -e "$kept/vgic_init" ] || stage "selftests-$name" build_selftests
mkdir -p "$(dirname "$dest")"
ln -sfn "$kept" "$dest"
printf '%s\n' "$dest"
