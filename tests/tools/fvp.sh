# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Tests of machine/fvp with tests/tools/fake-fvp in place of the model; sourced by
# run.sh. They show what run.sh does with what the model says, and nothing about the
# model.

: "${top:?}" "${work:?}" "${project:?}"
unset FVP FVP_IMAGE FVP_PARAMS BOOT_WRAPPER TFA

# fvp_begin: a project with a kernel and an initramfs, a TF-A, a model that has all
# parameters that we use, and a console of a boot that went well.
fvp_begin() {
	local image
	make_project
	mkdir -p "$project/machine" "$project/build/kernel/host" "$work/tfa"
	cp -a "$top/machine/fvp" "$project/machine/"
	image=$project/build/kernel/host/Image
	# The head of an Image: 32 MB of memory at offset 16, the magic number at 56.
	head -c 64 /dev/zero >"$image"
	printf '\0\0\0\2' | dd of="$image" bs=1 seek=16 conv=notrunc status=none
	printf 'ARMd' | dd of="$image" bs=1 seek=56 conv=notrunc status=none
	head -c 4096 /dev/zero >"$project/build/initramfs-guest.cpio"
	echo bl1 >"$work/tfa/bl1.bin"
	echo fip >"$work/tfa/fip.bin"
	export FVP=$top/tests/tools/fake-fvp
	export FAKE_PARAMS=$work/names FAKE_ARGS=$work/args FAKE_CONSOLE=$work/console
	unset FAKE_STATUS FAKE_LIST_STATUS
	rm -f "$FAKE_ARGS"
	(
		# shellcheck source=machine/fvp/params
		. "$project/machine/fvp/params"
		board_params 2; gicv5_params; wrapper_params; tfa_params d
	) | sed 's/=.*//' >"$FAKE_PARAMS"
	cat >"$FAKE_CONSOLE" <<-END
		[    0.000000] Linux version 7.3.4
		[    1.000000] run: KTAP version 1
		[    1.000000] run: 1..2
		[    1.000000] run: ok 1 a # time=1.0s
		[    1.000000] run: ok 2 b # SKIP not here
		[    2.000000] run: end 0
		[    2.000000] reboot: Power down
	END
}

# Before the fake ends by itself the boot counts as a hang.
fvp() { "$project/machine/fvp/run.sh" --stall 20 "$@"; }
tfa() { TFA=$work/tfa fvp "$@"; }

# What is missing is said before anything is done.
fvp_missing() {
	fvp_begin
	FVP='' fails "FVP is not set" tfa
	FVP=$work/nowhere fails "no such file: $work/nowhere (FVP)" tfa
	FVP=no-such-fvp fails "no such command: no-such-fvp" tfa
	FVP=$FAKE_PARAMS fails "not an executable: $FAKE_PARAMS" tfa
	FVP=$work fails "not an executable: $work" tfa
	fails "no firmware: set BOOT_WRAPPER, TFA or FVP_IMAGE" fvp
	FVP_IMAGE=$FAKE_PARAMS fails "only one of" tfa
	TFA=$work fails "no bl1.bin in $work" fvp
	BOOT_WRAPPER=$work fails "no sources of boot-wrapper" fvp
	FVP_IMAGE=$work/nowhere fails "no such file: $work/nowhere (FVP_IMAGE)" fvp
	FVP_IMAGE=$FAKE_PARAMS fails "the command line is inside" fvp --append x
	FVP_PARAMS=$work/nowhere fails "no such file: $work/nowhere (FVP_PARAMS)" tfa
	fails "unknown option --fast" tfa --fast
	fails "--cpus needs a value" tfa --cpus
	for cpus in 0 9 10 two; do
		fails "1 to 8 CPUs, not $cpus" tfa --dry-run --cpus "$cpus"
	done
	fails "in the kernel command line" tfa --dry-run --append 'a="b"'
	rm "$project/build/initramfs-guest.cpio"
	fails "run scripts/guest.sh" tfa
	rm "$project/build/kernel/host/Image"
	fails 'run "make kernel"' tfa
	[ ! -e "$FAKE_ARGS" ]
}

fvp_no_dtc() {
	local path
	fvp_begin
	path=$(without dtc)
	rm "$path/id"
	printf '#!/bin/sh\necho 1000\n' >"$path/id"
	chmod +x "$path/id"
	PATH=$path fails "run as root: apt-get install device-tree-compiler" tfa --dry-run
}

# A model that is too old, that has other names, that does not answer.
fvp_other_model() {
	fvp_begin
	cp "$FAKE_PARAMS" "$work/all"
	grep -v gicv5 "$work/all" >"$FAKE_PARAMS"
	fails "has no GICv5: none of its parameters is named *gicv5*" tfa --dry-run
	sed 's/has_gicv5/HAS-GICv5/' "$work/all" >"$FAKE_PARAMS"
	fails "has no parameter cluster0.has_gicv5: correct machine/fvp/params" tfa --dry-run
	grep -x "    cluster1.HAS-GICv5" "$work/out"
	sed 's/pl011_uart0.out_file/board.uart.out_file/' "$work/all" >"$FAKE_PARAMS"
	fails "has no parameter bp.pl011_uart0.out_file" tfa --dry-run
	grep -x "    bp.board.uart.out_file" "$work/out"
	: >"$FAKE_PARAMS"
	fails "names no parameter" tfa --dry-run
	cp "$work/all" "$FAKE_PARAMS"
	FAKE_LIST_STATUS=3 fails "list-params failed" tfa --dry-run
	[ ! -e "$FAKE_ARGS" ]
	# The same model, after the correction of one place.
	sed 's/has_gicv5/HAS-GICv5/' "$work/all" >"$FAKE_PARAMS"
	sed 's/has_gicv5/HAS-GICv5/' "$project/machine/fvp/params" >"$work/params"
	FVP_PARAMS=$work/params tfa --dry-run
}

# get NODE PROPERTY: of the compiled tree, as numbers in hexadecimal.
get() { fdtget -t x "$project/build/fvp/fvp.dtb" "$@"; }

# The device tree, for each number of CPUs that there is.
fvp_tree() {
	local n dtb=$project/build/fvp/fvp.dtb irs=/interrupt-controller/irs@2f1a0000
	local mpidrs=(0 100 200 300 10000 10100 10200 10300) phandles
	fvp_begin
	for n in 1 2 3 4 5 6 7 8; do
		tfa --dry-run --cpus $n --append "some=thing gicv5.run=gicv5"
		phandles=$(for mpidr in "${mpidrs[@]:0:n}"; do get "/cpus/cpu@$mpidr" phandle; done)
		[ "$(get $irs cpus)" = "${phandles//$'\n'/ }" ]
		[ "$(fdtget -l "$dtb" /cpus | wc -l)" = $n ]
		[ "$(fdtget -t hx "$dtb" $irs arm,iaffids)" = "$(seq -s ' ' 0 $((n - 1)))" ]
	done
	for n in "${mpidrs[@]}"; do [ "$(get "/cpus/cpu@$n" reg)" = "$n" ]; done
	[ "$(get $irs reg)" = "0 2f1a0000 0 10000" ]
	[ "$(fdtget "$dtb" $irs reg-names)" = ns-config ]
	[ "$(get /interrupt-controller phandle)" = "$(get / interrupt-parent)" ]
	[ "$(get /serial@1c090000 interrupts)" = "3 5 4" ]
	[ "$(get /timer interrupts)" = "1 1d 4 1 1e 4 1 1b 4 1 1a 4 1 1c 4" ]
	# The initramfs is where the model is told to put it, and ends with its file.
	[ "$(get /chosen linux,initrd-start)" = "0 90000000" ]
	[ "$(get /chosen linux,initrd-end)" = "0 90001000" ]
	fdtget "$dtb" /chosen bootargs | grep " some=thing gicv5.run=gicv5$"
	tfa --dry-run
	fdtget "$dtb" /chosen bootargs | grep "^console=ttyAMA0 .* gicv5.slow=10 kvm-arm.wfi_trap_policy=trap gicv5.run=quick-v5$"

	sed 's/^irs_setlpi=.*/irs_setlpi=0x2f1b0000/' "$project/machine/fvp/params" >"$work/params"
	FVP_PARAMS=$work/params tfa --dry-run
	[ "$(get $irs reg)" = "0 2f1a0000 0 10000 0 2f1b0000 0 10000" ]
	[ "$(fdtget "$dtb" $irs reg-names)" = "ns-config ns-setlpi" ]
}

# Parameters with mistakes do not get as far as the model.
fvp_bad_params() {
	local params=$project/machine/fvp/params
	fvp_begin
	cp "$params" "$work/params"
	export FVP_PARAMS=$work/params
	sed 's/^uart_base=.*/uart_base=0x01c090000/' "$params" >"$work/params"
	fails "dtc warns: " tfa
	sed 's/^irs_config=.*/irs_config=0x1c090000/' "$params" >"$work/params"
	sed -i 's/^cpu_iaffid.*/cpu_iaffid() { echo "none"; }/' "$work/params"
	fails "dtc: " tfa
	sed 's/^dtb_address=.*/dtb_address=0x82000000/' "$params" >"$work/params"
	fails "the kernel reaches to 0x82200000" tfa
	sed 's/^initrd_address=.*/initrd_address=0xfbfff800/' "$params" >"$work/params"
	fails "the initramfs does not fit" tfa
	cp "$params" "$work/params"
	echo "no kernel" >"$project/build/kernel/host/Image"
	fails "not an arm64 Image" tfa
	[ ! -e "$FAKE_ARGS" ]
}

# The command line of a dry run is that of the boot, and is what we mean.
fvp_command() {
	local build=$project/build dry
	fvp_begin
	dry=$(tfa --dry-run --cpus 5 -- -C "a b=c")
	[ ! -e "$FAKE_ARGS" ]
	tfa --cpus 5 -- -C "a b=c" || true
	eval "printf '%s\n' $dry" | diff - "$FAKE_ARGS"
	tr '\n' ' ' <"$FAKE_ARGS" >"$work/line"
	for part in "-C cluster0.NUM_CORES=4 -C cluster1.NUM_CORES=1 " "-C cluster1.has_gicv5=1 " \
		"-C bp.pl011_uart0.out_file=- " "-C bp.flashloader0.fname=$work/tfa/fip.bin " \
		"--data cluster0.cpu0=$build/kernel/host/Image@0x80200000 " \
		"--data cluster0.cpu0=$build/fvp/fvp.dtb@0x8fe00000 " \
		"--data cluster0.cpu0=$build/initramfs-guest.cpio@0x90000000 -C a b=c "; do
		grep -F -e "$part" "$work/line"
	done
	! grep -e " -a " "$work/line" || return 1
	rm "$build/kernel/host/Image"
	dry=$(FVP_IMAGE=$FAKE_PARAMS fvp --dry-run)
	[[ $dry == *" -a $FAKE_PARAMS" && $dry != *--data* && $dry == *pctl.startup=0.* ]]
}

# A boot ends in the table of every other boot.
fvp_boot() {
	fvp_begin
	tfa >"$work/table"
	cat "$work/table"
	[ "$(tail -n 1 "$work/table")" = "2 passed, 0 failed, 1 skipped" ]
	diff "$project/build/results/boot/fvp.ktap" - <<-END
		KTAP version 1
		1..3
		ok 1 fvp.a
		ok 2 fvp.b # SKIP not here
		ok 3 fvp.boot
	END
	grep "Power down" "$project/build/logs/fvp.log"
	FAKE_STATUS=0 tfa --name other
	grep "ok 3 other.boot" "$project/build/results/boot/other.ktap"
}

fvp_bad_boot() {
	fvp_begin
	fails "KUnit printed no results" tfa --kunit
	cp "$FAKE_CONSOLE" "$work/good"
	sed 's/ok 1 a.*/not ok 1 a # status 1/' "$work/good" >"$FAKE_CONSOLE"
	fails "FAILED  fvp: fvp.a" tfa
	sed '3i [    1.0] Unable to handle kernel paging request' "$work/good" >"$FAKE_CONSOLE"
	fails "1 passed, 1 failed, 1 skipped" tfa
	sed '/Power down/d' "$work/good" >"$FAKE_CONSOLE"
	fails "hang: no line for 0.5 s" tfa --stall 0.5
	fails "stopped after the limit of 1.0 s" tfa --timeout 1
	echo "cannot get a licence" >"$FAKE_CONSOLE"
	FAKE_STATUS=1 fails "cannot get a licence" tfa
	grep "no kernel has started" "$work/out"
}

# boot-wrapper is built in a copy, with our arguments, and what comes out is started.
fvp_wrapper() {
	local source=$work/wrapper out=$project/build/fvp
	fvp_begin
	mkdir -p "$source"
	touch "$source/configure.ac"
	cat >"$source/configure" <<-'END'
		#!/bin/sh
		printf '%s\n' "$@" >arguments
		echo configured >config.status
		printf 'all:\n\tcp %s linux-system.axf\n' arguments >Makefile
	END
	chmod +x "$source/configure"
	export BOOT_WRAPPER=$source
	fvp --dry-run | tee "$work/dry"
	[ "$(wc -l <"$work/dry")" = 2 ] && [ ! -e "$out/boot-wrapper" ]
	fvp
	grep -xF -e "$out/boot-wrapper/linux-system.axf" "$FAKE_ARGS"
	grep -x "pctl.startup=0.\*.\*.\*" "$FAKE_ARGS"
	grep -x -e "--with-dtb=$out/fvp.dtb" "$out/boot-wrapper/linux-system.axf"
	grep -x -e "--with-cmdline=console=ttyAMA0 .* gicv5.run=quick-v5" \
		"$out/boot-wrapper/linux-system.axf"
	cmp "$out/kernel/arch/arm64/boot/Image" "$project/build/kernel/host/Image"
	[ "$(ls "$source")" = $'configure\nconfigure.ac' ]

	rm "$FAKE_ARGS"
	touch "$source/config.status"
	fails "make distclean" fvp
	rm "$source/config.status"
	echo 'echo "configure: WARNING: unrecognized options: --enable-gicv5"' >>"$source/configure"
	fails "correct wrapper_configure in machine/fvp/params" fvp
	sed -i '$d; s/linux-system.axf/other.axf/' "$source/configure"
	fails "make left no linux-system.axf" fvp
	sed -i 's/cp %s/false %s/' "$source/configure"
	fails "boot-wrapper" fvp
	[ ! -e "$FAKE_ARGS" ]
}
