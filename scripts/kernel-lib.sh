# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Shared by the scripts that build from the kernel tree: the environment of a
# reproducible arm64 build with a compiler cache that hits across checkouts, and
# the name of a tree's content. Sourced after lib.sh.

: "${build:?source lib.sh first}" "${cache:?}"

# kernel_env: the build's environment. CCACHE_BASEDIR makes paths relative, so
# that the position of the checkout does not enter the compiler cache's key.
kernel_env() {
	need aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu flex:flex bison:bison bc:bc \
		ccache:ccache perl:perl git:git make:make gcc:gcc \
		/usr/aarch64-linux-gnu/include/stdio.h:libc6-dev-arm64-cross
	export ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-
	export CCACHE_DIR=$cache/ccache CCACHE_BASEDIR=$build CCACHE_NOHASHDIR=1
	export KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC'
	export KBUILD_BUILD_USER=gicv5 KBUILD_BUILD_HOST=gicv5 KBUILD_BUILD_VERSION=1 LOCALVERSION=
	# shellcheck disable=SC2034 # for the caller: part of what a result depends on
	compiler=$(aarch64-linux-gnu-gcc --version | head -n 1)
}

# tree_hash SRC: the git tree of SRC's files as they are now, committed or not.
tree_hash() (
	index=$(mktemp)
	trap 'rm -f "$index"' EXIT
	cp "$(git -C "$1" rev-parse --path-format=absolute --git-path index)" "$index" &&
		export GIT_INDEX_FILE=$index &&
		git -C "$1" add -A &&
		git -C "$1" write-tree
)

# base_tree SRC: the git tree of the base that SRC's commits stand on.
base_tree() { git -C "$1" rev-parse "$(git -C "$1" rev-list --max-parents=0 HEAD)^{tree}"; }

# unpack_base SRC: the base's files in build/base/linux, once; what is built of them
# goes to build/base/obj. For a stage: a failed command inside does not stop the
# function by itself, hence the chain.
unpack_base() {
	local tree
	tree=$(base_tree "$1") || return
	[ "$(cat "$build/base/tree" 2>/dev/null)" != "$tree" ] || return 0
	rm -rf "$build/base/linux" "$build/base/tree" &&
		mkdir -p "$build/base/linux" &&
		git -C "$1" archive "$tree" | tar -x -C "$build/base/linux" &&
		printf '%s\n' "$tree" >"$build/base/tree"
}

# key TEXT...: a short name for what a build depends on.
key() { printf '%s\n' "$@" | sha256sum | cut -c -20; }
