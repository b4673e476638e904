#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-config.sh SRC OUT host|debug: write OUT/.config for the kernel tree SRC:
# allnoconfig, then machine/host/host.config, for "debug" also debug.config, and
# kunit.config as far as the tree has its symbols. A symbol that does not get the
# value that a fragment asks for is an error: a silent "no" turns a test off
# unseen.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/kernel-lib.sh
. "$(dirname "$0")/kernel-lib.sh"

[ $# = 3 ] || die "usage: kernel-config.sh SRC OUT host|debug"
src=$1 out=$2 name=$3
host=$top/machine/host

fragments=("$host/host.config")
case $name in
host) ;;
debug) fragments+=("$host/debug.config") ;;
*) die "no such configuration: $name (host or debug)" ;;
esac

kernel_env
mkdir -p "$out"

# The suites of the series: an unmodified tree does not have them.
while IFS="=" read -r symbol value; do
	if grep -qrsx --include='Kconfig*' "config ${symbol#CONFIG_}" "$src/arch/arm64/kvm"; then
		printf '%s=%s\n' "$symbol" "$value"
	fi
done < <(grep '^CONFIG_' "$host/kunit.config") >"$out/kunit.config"
fragments+=("$out/kunit.config")

(cd "$src" && scripts/kconfig/merge_config.sh -m -Q -O "$out" "${fragments[@]}")
mv "$out/.config" "$out/merged.config"
make -s -C "$src" O="$out" KCONFIG_ALLCONFIG="$out/merged.config" allnoconfig

lost=$(awk '
	function name(line) { return substr(line, 1, index(line, "=") - 1) }
	function value(line) { return substr(line, index(line, "=") + 1) }
	!/^CONFIG_/ { next }
	FILENAME == ARGV[1] { have[name($0)] = value($0); next }
	{ want[name($0)] = value($0) }
	END {
		for (s in want) {
			got = (s in have) ? have[s] : "n"
			if (got != want[s])
				print "  " s ": wanted " want[s] ", got " got
		}
	}' "$out/.config" "$out/merged.config")
[ -z "$lost" ] ||
	die "symbols without the value they were given (a dependency, or a new name?):
$lost"
