#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel.sh [host|debug|base]: build the arm64 host kernel. "host" and "debug"
# are the patched tree with the configuration of that name, "base" is the
# unmodified base commit with the host configuration. The result is
# build/kernel/NAME/ with Image, vmlinux, System.map and config; its path is
# printed. Results are kept in the cache folder under the content they come
# from, so an unchanged tree costs nothing, in this checkout or another.
# LINUX_SRC=<git tree> builds that tree instead of build/linux.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/kernel-lib.sh
. "$(dirname "$0")/kernel-lib.sh"

name=${1:-host}
case $name in
host | base) config=host ;;
debug) config=debug ;;
*) die "no such kernel: $name (host, debug or base)" ;;
esac

kernel_env
src=${LINUX_SRC:-$build/linux}
[ -n "${LINUX_SRC:-}" ] || "$top/scripts/tree.sh" >&2
git -C "$src" rev-parse HEAD >/dev/null 2>&1 || die "$src is not a git tree: run make tree"

from=$src
obj=$build/obj/$config
if [ "$name" = base ]; then
	tree=$(base_tree "$src")
	from=$build/base/linux
	obj=$build/base/obj/$config
else
	tree=$(tree_hash "$src")
fi

# build_kernel: configure and compile into $obj, then publish what others use.
# (A failed command inside does not stop the function by itself, hence the chain.)
build_kernel() {
	{ [ "$name" != base ] || unpack_base "$src"; } &&
		"$top/scripts/kernel-config.sh" "$from" "$obj" "$config" &&
		make -s -C "$from" O="$obj" -j "$jobs" CC="ccache ${CROSS_COMPILE}gcc" Image &&
		rm -rf "$kept.tmp" &&
		mkdir -p "$kept.tmp" &&
		cp "$obj/arch/arm64/boot/Image" "$obj/vmlinux" "$obj/System.map" "$kept.tmp" &&
		cp "$obj/.config" "$kept.tmp/config" &&
		publish "$kept.tmp" "$kept"
}

fragments=$(cat "$top"/machine/host/*.config "$top/scripts/kernel-config.sh")
id=$(key "$tree" "$config" "$fragments" "$compiler" "$(declare -f build_kernel unpack_base)")
kept=$cache/kernel/$id
dest=$build/kernel/$name

mkdir -p "$cache/kernel" "$build/kernel"
exec 9>"$cache/kernel/.lock-$id"
flock 9
if [ ! -e "$kept/Image" ]; then
	need_space "$build" 3000
	stage "kernel-$name" build_kernel
fi
touch "$kept"
ln -sfn "$kept" "$dest"

# Old results: of those that nobody has used for half a day (another checkout may
# be booting one) keep the last eight.
find "$cache/kernel" -mindepth 1 -maxdepth 1 -type d -mmin +720 -printf '%T@ %p\n' | sort -rn |
	tail -n +9 | cut -d ' ' -f 2- | xargs -r rm -rf
printf '%s\n' "$dest"
