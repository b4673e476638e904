#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build.sh OUT [SOURCE]: compile a probe, probe.c by default, into the ELF file OUT.
set -euo pipefail
dir=$(cd "$(dirname "$0")" && pwd)
exec "${CROSS_COMPILE:-aarch64-linux-gnu-}gcc" -O1 -Wall -Wextra -ffreestanding -nostdlib -static \
	-mgeneral-regs-only -mstrict-align -fno-pic -no-pie -fno-stack-protector -Wl,--build-id=none \
	-Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,-Ttext-segment=0x40100000 -o "$1" \
	"$dir/start.S" "$dir/${2:-probe.c}"
