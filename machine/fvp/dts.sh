#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dts.sh CPUS BOOTARGS [INITRD_START INITRD_END]: print the device tree of Arm's FVP,
# Base RevC, with a GICv5 and so many CPUs. Only what the tests need is in it.
# Addresses and numbers of SPIs come from the file params; the PPIs are those that
# the architecture fixes.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
# shellcheck source=machine/fvp/params
. "${FVP_PARAMS:-$(dirname "$0")/params}"

[ $# = 2 ] || [ $# = 4 ] || die "usage: dts.sh CPUS BOOTARGS [INITRD_START INITRD_END]"
cpus=$1 bootargs=$2 initrd_start=${3:-} initrd_end=${4:-}
max=$((clusters * cluster_cpus))
if [[ ! $cpus =~ ^[1-9][0-9]?$ ]] || [ "$cpus" -gt "$max" ]; then
	die "the FVP has 1 to $max CPUs, not $cpus"
fi
[[ $bootargs != *[\"\\]* ]] || die "no \" or \\ in the kernel command line: $bootargs"

# cells NUMBER: as two cells.
cells() { printf '0x%x 0x%x' $(($1 >> 32)) $(($1 & 0xffffffff)); }

# unit NUMBER: as the unit address of a node.
unit() { printf '%s' "${1#0x}"; }

# spi N, ppi N: an interrupt that is high while its device asks for service.
spi() { printf '<3 %d 4>' "$1"; }
ppi() { printf '<1 %d 4>' "$1"; }

cpu_nodes() {
	local n mpidr
	for ((n = 0; n < cpus; n++)); do
		mpidr=$(cpu_mpidr "$n")
		cat <<END

		cpu$n: cpu@$(unit "$mpidr") {
			device_type = "cpu";
			compatible = "arm,armv8";
			reg = <$mpidr>;
			enable-method = "psci";
		};
END
	done
}

# each COMMAND: what it prints for each CPU, in one line.
each() {
	local n list=()
	for ((n = 0; n < cpus; n++)); do list+=("$("$@" "$n")"); done
	printf '%s' "${list[*]}"
}
cpu_label() { printf '&cpu%d' "$1"; }

irs_reg="<$(cells "$irs_config") 0x0 0x10000>" irs_names='"ns-config"'
if [ -n "$irs_setlpi" ]; then
	irs_reg+=", <$(cells "$irs_setlpi") 0x0 0x10000>" irs_names+=', "ns-setlpi"'
fi

cat <<END
// SPDX-License-Identifier: GPL-2.0-or-later
/dts-v1/;

/memreserve/ $firmware_base $firmware_size;

/ {
	model = "FVP Base RevC with GICv5";
	compatible = "arm,fvp-base-revc", "arm,vexpress";
	interrupt-parent = <&gic>;
	#address-cells = <2>;
	#size-cells = <2>;

	aliases {
		serial0 = &uart0;
	};

	chosen {
		stdout-path = "serial0:115200n8";
		bootargs = "$bootargs";${initrd_start:+
		linux,initrd-start = <$(cells "$initrd_start")>;
		linux,initrd-end = <$(cells "$initrd_end")>;}
	};

	memory@$(unit "$memory_base") {
		device_type = "memory";
		reg = <$(cells "$memory_base") $(cells "$memory_size")>;
	};

	psci {
		compatible = "arm,psci-1.0", "arm,psci-0.2";
		method = "$psci_method";
	};

	cpus {
		#address-cells = <1>;
		#size-cells = <0>;
$(cpu_nodes)
	};

	/*
	 * The maintenance interrupt exists only with FEAT_GCIE_LEGACY, but without
	 * it in the tree an unmodified Linux 7.3 does not tell KVM about the GICv5.
	 */
	gic: interrupt-controller {
		compatible = "arm,gic-v5";
		interrupt-controller;
		#interrupt-cells = <3>;
		#address-cells = <2>;
		#size-cells = <2>;
		ranges;
		interrupts = $(ppi 25);

		irs@$(unit "$irs_config") {
			compatible = "arm,gic-v5-irs";
			reg = $irs_reg;
			reg-names = $irs_names;
			cpus = <$(each cpu_label)>;
			arm,iaffids = /bits/ 16 <$(each cpu_iaffid)>;
		};
	};

	timer {
		compatible = "arm,armv8-timer";
		interrupts = $(ppi 29), $(ppi 30), $(ppi 27), $(ppi 26), $(ppi 28);
		interrupt-names = "sec-phys", "phys", "virt", "hyp-phys", "hyp-virt";
	};

	pmu {
		compatible = "arm,armv8-pmuv3";
		interrupts = $(ppi 23);
	};

	clk: clock {
		compatible = "fixed-clock";
		#clock-cells = <0>;
		clock-frequency = <$uart_clock>;
	};

	uart0: serial@$(unit "$uart_base") {
		compatible = "arm,pl011", "arm,primecell";
		reg = <$(cells "$uart_base") 0x0 0x1000>;
		interrupts = $(spi "$uart_spi");
		clocks = <&clk>, <&clk>;
		clock-names = "uartclk", "apb_pclk";
	};

	virtio@$(unit "$virtio_base") {
		compatible = "virtio,mmio";
		reg = <$(cells "$virtio_base") 0x0 0x200>;
		interrupts = $(spi "$virtio_spi");
	};
};
END
