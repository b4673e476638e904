#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# FVP=<binary> run.sh [options] [-- FVP options]: boot the host on Arm's FVP, Base
# RevC with GICv5, as scripts/boot.sh does in QEMU, and report. docs/fvp.md says what
# to get, and what of this has never been tried.
#
# One of these says which firmware starts Linux:
#   BOOT_WRAPPER=<dir>  sources of boot-wrapper-aarch64; built in build/fvp
#   TFA=<dir>           bl1.bin and fip.bin of a TF-A that starts a kernel in memory
#   FVP_IMAGE=<elf>     boot-wrapper, kernel, initramfs and device tree in one file
#
#   --cpus N            (2)
#   --kernel IMAGE      (build/kernel/host/Image)
#   --initrd CPIO       (build/initramfs-guest.cpio)
#   --append TEXT       more for the kernel command line; without gicv5.run= in it
#                       the tests are those of make run (quick-v5)
#   --name NAME         name of this boot (fvp): log, results, prefix of the tests
#   --timeout S         limit for the whole (7200); --stall S: without a line (900)
#   --kunit             the kernel's KUnit must print results
#   --dry-run           do all but build the firmware and boot: check everything,
#                       make the device tree, print the command lines
#
# build/fvp/fvp.dts and fvp.dtb are the device tree. The status is 0 only if every
# test passed, the kernel log shows no defect, and the end was reached.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
params=${FVP_PARAMS:-$top/machine/fvp/params}
[ -f "$params" ] || die "no such file: $params (FVP_PARAMS)"
# shellcheck source=machine/fvp/params
. "$params"

cpus=2 kernel=$build/kernel/host/Image initrd=$build/initramfs-guest.cpio append='' name=fvp
timeout=7200 stall=900 kunit='' dry=''
while [ $# -gt 0 ]; do
	case $1 in
	--dry-run) dry=1; shift ;;
	--kunit) kunit=1; shift ;;
	--) shift; break ;;
	--cpus | --kernel | --initrd | --append | --name | --timeout | --stall)
		[ $# -ge 2 ] || die "$1 needs a value"
		declare "${1#--}=$2"
		shift 2 ;;
	*) die "unknown option $1 (see the head of machine/fvp/run.sh)" ;;
	esac
done
more=("$@")
out=$build/fvp
dtb=$out/fvp.dtb

# firmware: which of the three is given.
firmware() {
	local given=()
	[ -z "${BOOT_WRAPPER:-}" ] || given+=(wrapper)
	[ -z "${TFA:-}" ] || given+=(tfa)
	[ -z "${FVP_IMAGE:-}" ] || given+=(image)
	[ ${#given[@]} -gt 0 ] ||
		die "no firmware: set BOOT_WRAPPER, TFA or FVP_IMAGE (docs/fvp.md)"
	[ ${#given[@]} = 1 ] || die "only one of BOOT_WRAPPER, TFA and FVP_IMAGE can be used"
	printf '%s\n' "${given[0]}"
}

check_fvp() {
	[ -n "${FVP:-}" ] || die "FVP is not set: FVP=<binary of Arm's FVP> (docs/fvp.md)"
	case $FVP in
	*/*) [ -e "$FVP" ] || die "no such file: $FVP (FVP)" ;;
	*)
		command -v "$FVP" >/dev/null || die "no such command: $FVP (FVP)"
		FVP=$(command -v "$FVP") ;;
	esac
	if [ ! -f "$FVP" ] || [ ! -x "$FVP" ]; then die "not an executable: $FVP (FVP)"; fi
}

check_firmware() {
	case $firmware in
	wrapper)
		[ -f "$BOOT_WRAPPER/configure.ac" ] ||
			die "no sources of boot-wrapper-aarch64 in $BOOT_WRAPPER (BOOT_WRAPPER)"
		[ ! -e "$BOOT_WRAPPER/config.status" ] ||
			die "$BOOT_WRAPPER has build output: run \"make distclean\" there" ;;
	tfa)
		for file in bl1.bin fip.bin; do
			[ -s "$TFA/$file" ] || die "no $file in $TFA (TFA)"
		done ;;
	image)
		[ -s "$FVP_IMAGE" ] || die "no such file: $FVP_IMAGE (FVP_IMAGE)"
		[ -z "$append" ] || die "--append: the command line is inside FVP_IMAGE"
		return ;;
	esac
	[ -s "$kernel" ] || die "no kernel: $kernel (run \"make kernel\")"
	[ -s "$initrd" ] || die "no initramfs: $initrd (run scripts/guest.sh)"
}

# list_params: names and default values of the model's parameters.
list_params() {
	local list=$out/list-params
	timeout 120 "$FVP" --list-params >"$list" 2>&1 </dev/null ||
		die "$FVP --list-params failed: $(tail -n 3 "$list")"
	names=$(sed -n 's/^ *\([A-Za-z_][A-Za-z0-9_.-]*\)=.*/\1/p' "$list")
	[ -n "$names" ] || die "$FVP --list-params names no parameter: see ${list#"$top"/}"
	gicv5_names=$(grep -i -e "$gicv5_word" <<<"$names" || true)
	[ -n "$gicv5_names" ] ||
		die "$FVP has no GICv5: none of its parameters is named *$gicv5_word*"
}

# check_param NAME=VALUE: stop if the model has no such parameter.
check_param() {
	local name=${1%%=*}
	! grep -qxF -e "$name" <<<"$names" || return 0
	say "Parameters of this model that have to do with GICv5:"
	say "$(awk '{ print "    " $0 }' <<<"$gicv5_names")"
	say "and those that end in the same word:"
	say "$(grep -F -e ".${name##*.}" <<<"$names" | awk '{ print "    " $0 }')"
	die "this FVP has no parameter $name: correct ${params#"$top"/}"
}

# model: the command line, into the array command.
model() {
	local param list
	command=("$FVP")
	list=$(board_params "$cpus" && gicv5_params)
	case $firmware in
	wrapper | image) list+=$'\n'$(wrapper_params) ;;
	tfa) list+=$'\n'$(tfa_params "$TFA") ;;
	esac
	while read -r param; do
		check_param "$param"
		command+=(-C "$param")
	done <<<"$list"
	case $firmware in
	wrapper) command+=(-a "$out/boot-wrapper/$wrapper_result") ;;
	image) command+=(-a "$FVP_IMAGE") ;;
	tfa)
		command+=(--data "$data_cpu=$kernel@$kernel_address"
			--data "$data_cpu=$dtb@$dtb_address"
			--data "$data_cpu=$initrd@$initrd_address") ;;
	esac
	command+=("${more[@]}")
}

# place: where the initramfs is for TF-A, as two words. The image says at offset 16
# how much memory it takes.
place() {
	local end magic
	magic=$(od -An -t x4 -j 56 -N 4 --endian=little "$kernel" 2>/dev/null || true)
	[ "$magic" = " 644d5241" ] || die "not an arm64 Image: $kernel"
	end=$((kernel_address + $(od -An -t u8 -j 16 -N 8 --endian=little "$kernel")))
	[ "$end" -le $((dtb_address)) ] || die "the kernel reaches to $(printf '0x%x' "$end"): \
move dtb_address and initrd_address in ${params#"$top"/}"
	end=$((initrd_address + $(stat -L -c %s "$initrd")))
	[ "$end" -le $((memory_base + memory_size)) ] || die "the initramfs does not fit"
	printf '0x%x 0x%x\n' $((initrd_address)) "$end"
}

device_tree() {
	local at='' initrd_place
	[ "$firmware" != tfa ] || at=$(place)
	read -ra initrd_place <<<"$at"
	"$top/machine/fvp/dts.sh" "$cpus" "$append" "${initrd_place[@]}" >"$out/fvp.dts"
	dtc -I dts -O dtb -o "$dtb.tmp" "$out/fvp.dts" 2>"$out/dtc.log" ||
		die "dtc: $(head -n 5 "$out/dtc.log")"
	[ ! -s "$out/dtc.log" ] || die "dtc warns: $(head -n 5 "$out/dtc.log")"
	publish "$dtb.tmp" "$dtb"
}

# configuration: the arguments of boot-wrapper's configure, one a line.
configuration() { wrapper_configure "$out/kernel" "$dtb" "$initrd" "$append"; }

# build_wrapper: in a copy; it wants the image where a kernel's build tree has it.
# shellcheck disable=SC2317 # called through stage
build_wrapper() {
	local args
	rm -rf "$out/boot-wrapper" "$out/kernel"
	mkdir -p "$out/kernel/arch/arm64/boot"
	ln -s "$(realpath "$kernel")" "$out/kernel/arch/arm64/boot/Image"
	cp -r "$BOOT_WRAPPER" "$out/boot-wrapper"
	cd "$out/boot-wrapper"
	[ -x configure ] || autoreconf -i
	mapfile -t args < <(configuration)
	./configure "${args[@]}" 2>&1 | tee configure.out
	if grep -i 'unrecognized option' configure.out; then
		echo "correct wrapper_configure in ${params#"$top"/}"
		exit 1
	fi
	make
	[ -s "$wrapper_result" ] || { echo "make left no $wrapper_result"; exit 1; }
}

quoted() { local text; text=$(printf '%q ' "$@"); printf '%s\n' "${text% }"; }

check_fvp
firmware=$(firmware)
check_firmware
for dir in kernel initrd; do
	[ ! -e "${!dir}" ] || declare "$dir=$(realpath "${!dir}")"
done
case " $append " in
*" gicv5.run="*) ;;
*) append+=" kvm-arm.wfi_trap_policy=trap gicv5.run=quick-v5" ;;
esac
append="console=ttyAMA0 earlycon printk.devkmsg=on log_buf_len=4M watchdog_thresh=30 \
gicv5.slow=$slow ${append# }"
need dtc:device-tree-compiler python3:python3
mkdir -p "$out" "$results/boot"
list_params
device_tree
model

if [ -n "$dry" ]; then
	if [ "$firmware" = wrapper ]; then
		mapfile -t args < <(configuration)
		quoted ./configure "${args[@]}"
	fi
	quoted "${command[@]}"
	exit
fi

if [ "$firmware" = wrapper ]; then
	need aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu make:make perl:perl
	[ -x "$BOOT_WRAPPER/configure" ] || need autoreconf:autoconf aclocal:automake
	stage boot-wrapper build_wrapper
fi

# boot-wrapper's PSCI does not power off, so the boot ends where Linux asks for it.
ktap=$results/boot/$name.ktap
status=0
rm -f "$ktap"
python3 "$top/scripts/console.py" ${kunit:+--kunit} --name "$name" --timeout "$timeout" \
	--stall "$stall" --until "reboot: Power down" --log "$logs/$name.log" --ktap "$ktap" -- \
	"${command[@]}" || status=$?
"$top/scripts/report.py" "$ktap" || status=1
exit "$status"
