// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device tree: what the guest is told of its machine, in the bindings'
 * order of things (Documentation/devicetree/bindings in Linux).
 *
 * The tree is written from front to back into the guest's memory.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>

#include <libfdt.h>

#include "vmm.h"

/* First cell of an interrupt: the type in its INTID. LPIs are never in a tree. */
#define IRQ_PPI		1
#define IRQ_SPI		3
/* Third cell */
#define IRQ_EDGE	1
#define IRQ_LEVEL	4

#define PHANDLE_GIC	1
#define PHANDLE_CLOCK	2
#define PHANDLE_CPU(n)	(0x1000 + (n))

static void check(int err, int line)
{
	if (err)
		die(END_ERROR, "fdt.c:%d: %s", line, fdt_strerror(err));
}

/* Every call may run out of room. */
#define CHECK(call)	check(call, __LINE__)

static void cells(void *fdt, const char *name, const uint32_t *values, unsigned int n)
{
	uint32_t *to;
	void *place;
	unsigned int i;

	CHECK(fdt_property_placeholder(fdt, name, (int)(n * sizeof(*to)), &place));
	to = place;
	for (i = 0; i < n; i++)
		to[i] = cpu_to_fdt32(values[i]);
}

#define CELLS(fdt, name, ...) \
	cells(fdt, name, (const uint32_t[]){ __VA_ARGS__ }, \
	      sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* All cells of addresses and sizes are two. */
static void reg(void *fdt, uint64_t base, uint64_t size)
{
	CELLS(fdt, "reg", base >> 32, (uint32_t)base, size >> 32, (uint32_t)size);
}

static void begin(void *fdt, const char *name, uint64_t address)
{
	char node[64];

	snprintf(node, sizeof(node), "%s@%llx", name, (unsigned long long)address);
	CHECK(fdt_begin_node(fdt, node));
}

/* A property that is a list of strings, each with its terminating zero. */
#define STRINGS(fdt, name, list)	CHECK(fdt_property(fdt, name, list, sizeof(list)))

static void chosen(struct vm *vm, void *fdt)
{
	char uart[64];

	CHECK(fdt_begin_node(fdt, "chosen"));
	CHECK(fdt_property_string(fdt, "bootargs", vm->opt->append));
	snprintf(uart, sizeof(uart), "/serial@%llx", UART_BASE);
	CHECK(fdt_property_string(fdt, "stdout-path", uart));
	if (vm->initrd_size) {
		CHECK(fdt_property_u64(fdt, "linux,initrd-start", vm->initrd_addr));
		CHECK(fdt_property_u64(fdt, "linux,initrd-end", vm->initrd_addr + vm->initrd_size));
	}
	CHECK(fdt_end_node(fdt));
}

static void memory(struct vm *vm, void *fdt)
{
	begin(fdt, "memory", RAM_BASE);
	CHECK(fdt_property_string(fdt, "device_type", "memory"));
	reg(fdt, RAM_BASE, vm->ram_size);
	CHECK(fdt_end_node(fdt));
}

/* "reg" of a CPU is its MPIDR, not its number: the two part ways at 16. */
static void cpus(struct vm *vm, void *fdt)
{
	unsigned int i;

	CHECK(fdt_begin_node(fdt, "cpus"));
	CELLS(fdt, "#address-cells", 2);
	CELLS(fdt, "#size-cells", 0);
	for (i = 0; i < vm->nr_vcpus; i++) {
		uint64_t mpidr = vm->vcpus[i].mpidr;

		begin(fdt, "cpu", mpidr);
		CHECK(fdt_property_string(fdt, "device_type", "cpu"));
		CHECK(fdt_property_string(fdt, "compatible", "arm,armv8"));
		CELLS(fdt, "reg", mpidr >> 32, (uint32_t)mpidr);
		CHECK(fdt_property_string(fdt, "enable-method", "psci"));
		CELLS(fdt, "phandle", PHANDLE_CPU(i));
		CHECK(fdt_end_node(fdt));
	}
	CHECK(fdt_end_node(fdt));

	CHECK(fdt_begin_node(fdt, "psci"));
	STRINGS(fdt, "compatible", "arm,psci-1.0\0arm,psci-0.2");
	CHECK(fdt_property_string(fdt, "method", "hvc"));
	CHECK(fdt_end_node(fdt));
}

/*
 * The IRS of the guest: its config frame alone, as KVM's IRS does not implement
 * SETLPI. "cpus" and "arm,iaffids" go together by position: the IAFFID by which
 * the GIC knows a CPU is the vCPU's id, whatever its MPIDR.
 */
static void irs(struct vm *vm, void *fdt)
{
	uint32_t *cpu;
	uint16_t *iaffid;
	unsigned int i;
	void *place;

	begin(fdt, "irs", IRS_BASE);
	CHECK(fdt_property_string(fdt, "compatible", "arm,gic-v5-irs"));
	reg(fdt, IRS_BASE, SZ_64K);
	CHECK(fdt_property_string(fdt, "reg-names", "ns-config"));

	CHECK(fdt_property_placeholder(fdt, "cpus", (int)(vm->nr_vcpus * sizeof(*cpu)), &place));
	for (cpu = place, i = 0; i < vm->nr_vcpus; i++)
		cpu[i] = cpu_to_fdt32(PHANDLE_CPU(i));

	/* 16 bits each, not cells. */
	CHECK(fdt_property_placeholder(fdt, "arm,iaffids", (int)(vm->nr_vcpus * sizeof(*iaffid)),
				       &place));
	for (iaffid = place, i = 0; i < vm->nr_vcpus; i++)
		iaffid[i] = cpu_to_fdt16((uint16_t)vm->vcpus[i].id);

	CHECK(fdt_end_node(fdt));
}

/* Without "interrupts": there is no maintenance interrupt, KVM has no EL2 for it. */
static void gic(struct vm *vm, void *fdt)
{
	CHECK(fdt_begin_node(fdt, "interrupt-controller"));
	CHECK(fdt_property_string(fdt, "compatible", "arm,gic-v5"));
	CHECK(fdt_property(fdt, "interrupt-controller", NULL, 0));
	CELLS(fdt, "#interrupt-cells", 3);
	CELLS(fdt, "#address-cells", 2);
	CELLS(fdt, "#size-cells", 2);
	CHECK(fdt_property(fdt, "ranges", NULL, 0));
	CELLS(fdt, "phandle", PHANDLE_GIC);
	irs(vm, fdt);
	CHECK(fdt_end_node(fdt));
}

static void timer_and_pmu(struct vm *vm, void *fdt)
{
	CHECK(fdt_begin_node(fdt, "timer"));
	CHECK(fdt_property_string(fdt, "compatible", "arm,armv8-timer"));
	CELLS(fdt, "interrupts",
	      IRQ_PPI, PPI_CNTPS, IRQ_LEVEL,
	      IRQ_PPI, PPI_CNTP, IRQ_LEVEL,
	      IRQ_PPI, PPI_CNTV, IRQ_LEVEL,
	      IRQ_PPI, PPI_CNTHP, IRQ_LEVEL);
	CHECK(fdt_property(fdt, "always-on", NULL, 0));
	CHECK(fdt_end_node(fdt));

	if (!vm->has_pmu)
		return;
	CHECK(fdt_begin_node(fdt, "pmu"));
	CHECK(fdt_property_string(fdt, "compatible", "arm,armv8-pmuv3"));
	CELLS(fdt, "interrupts", IRQ_PPI, PPI_PMU, IRQ_LEVEL);
	CHECK(fdt_end_node(fdt));
}

static void devices(struct vm *vm, void *fdt)
{
	unsigned int n;

	CHECK(fdt_begin_node(fdt, "clock"));
	CHECK(fdt_property_string(fdt, "compatible", "fixed-clock"));
	CELLS(fdt, "#clock-cells", 0);
	CELLS(fdt, "clock-frequency", 24000000);
	CELLS(fdt, "phandle", PHANDLE_CLOCK);
	CHECK(fdt_end_node(fdt));

	begin(fdt, "serial", UART_BASE);
	STRINGS(fdt, "compatible", "arm,pl011\0arm,primecell");
	reg(fdt, UART_BASE, UART_SIZE);
	CELLS(fdt, "interrupts", IRQ_SPI, UART_SPI, IRQ_LEVEL);
	CELLS(fdt, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
	STRINGS(fdt, "clock-names", "uartclk\0apb_pclk");
	CHECK(fdt_end_node(fdt));

	for (n = 0; n < vm->nr_blks; n++) {
		begin(fdt, "virtio", BLK_BASE(n));
		CHECK(fdt_property_string(fdt, "compatible", "virtio,mmio"));
		reg(fdt, BLK_BASE(n), BLK_SIZE);
		CELLS(fdt, "interrupts", IRQ_SPI, BLK_SPI(n),
		      blk_is_level(vm->blks[n]) ? IRQ_LEVEL : IRQ_EDGE);
		CHECK(fdt_property(fdt, "dma-coherent", NULL, 0));
		CHECK(fdt_end_node(fdt));
	}
}

static void dump(struct vm *vm, void *fdt)
{
	int fd = open(vm->opt->dtb, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	uint32_t size = fdt_totalsize(fdt);

	if (fd < 0 || write(fd, fdt, size) != (ssize_t)size || close(fd))
		die(END_USAGE, "%s: %s", vm->opt->dtb, strerror(errno));
}

/**
 * fdt_build() - write the device tree to where the guest will find it
 * @vm: complete: vCPUs, devices, initramfs
 */
void fdt_build(struct vm *vm)
{
	void *fdt = vm_memory(vm, vm->dtb_addr, SZ_2M);

	CHECK(fdt_create(fdt, SZ_2M));
	CHECK(fdt_finish_reservemap(fdt));
	CHECK(fdt_begin_node(fdt, ""));
	CHECK(fdt_property_string(fdt, "compatible", "linux,dummy-virt"));
	CHECK(fdt_property_string(fdt, "model", "vmm"));
	CELLS(fdt, "#address-cells", 2);
	CELLS(fdt, "#size-cells", 2);
	CELLS(fdt, "interrupt-parent", PHANDLE_GIC);
	chosen(vm, fdt);
	memory(vm, fdt);
	cpus(vm, fdt);
	gic(vm, fdt);
	timer_and_pmu(vm, fdt);
	devices(vm, fdt);
	CHECK(fdt_end_node(fdt));
	CHECK(fdt_finish(fdt));
	if (vm->opt->dtb)
		dump(vm, fdt);
}
