// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GICv5 on the virt board: what -M virt,gic-version=5 creates, how it is wired,
 * and how the device tree describes it.
 *
 * One IRS with all PEs, the IAFFID of a PE is its number. SPI n of the board is
 * SPI n of the IRS. No ITS, hence no MSIs: PCI devices use their INTx lines.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "hw/arm/virt.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/sysbus.h"
#include "system/device_tree.h"
#include "cpu.h"
#include "target/arm/gtimer.h"
#include "gicv5_test.h"
#include <libfdt.h>

#define NR_SPIS 256

void virt_check_gicv5(VirtMachineState *vms)
{
	if (vms->secure) {
		error_report("gic-version=5 has no Secure state: use secure=off");
		exit(1);
	}
	if (vms->acpi == ON_OFF_AUTO_ON) {
		error_report("gic-version=5 has no ACPI tables: use acpi=off");
		exit(1);
	}
	vms->acpi = ON_OFF_AUTO_OFF;
}

static uint32_t cpu_phandle(void *fdt, unsigned int n)
{
	g_autofree char *name = g_strdup_printf("/cpus/cpu@%u", n);
	uint32_t phandle = fdt_get_phandle(fdt, fdt_path_offset(fdt, name));

	if (!phandle) {
		phandle = qemu_fdt_alloc_phandle(fdt);
		qemu_fdt_setprop_cell(fdt, name, "phandle", phandle);
	}
	return phandle;
}

static void add_irs_node(VirtMachineState *vms, const char *parent)
{
	static const char reg_names[] = "ns-config\0ns-setlpi";
	unsigned int nr_pes = MACHINE(vms)->smp.cpus;
	const MemMapEntry *config = &vms->memmap[VIRT_GICV5_IRS];
	const MemMapEntry *setlpi = &vms->memmap[VIRT_GICV5_SETLPI];
	g_autofree char *name = g_strdup_printf("%s/irs@%" PRIx64, parent, config->base);
	g_autofree uint32_t *cpus = g_new(uint32_t, nr_pes);
	g_autofree uint16_t *iaffids = g_new(uint16_t, nr_pes);
	void *fdt = MACHINE(vms)->fdt;

	qemu_fdt_add_subnode(fdt, name);
	qemu_fdt_setprop_string(fdt, name, "compatible", "arm,gic-v5-irs");
	if (object_property_get_bool(OBJECT(vms->gic), "setlpi", &error_abort)) {
		qemu_fdt_setprop_sized_cells(fdt, name, "reg",
					     2, config->base, 2, config->size,
					     2, setlpi->base, 2, setlpi->size);
		qemu_fdt_setprop(fdt, name, "reg-names", reg_names, sizeof(reg_names));
	} else {
		qemu_fdt_setprop_sized_cells(fdt, name, "reg",
					     2, config->base, 2, config->size);
		qemu_fdt_setprop_string(fdt, name, "reg-names", reg_names);
	}
	for (unsigned int n = 0; n < nr_pes; n++) {
		cpus[n] = cpu_to_be32(cpu_phandle(fdt, n));
		iaffids[n] = cpu_to_be16(n);
	}
	qemu_fdt_setprop(fdt, name, "cpus", cpus, nr_pes * sizeof(*cpus));
	qemu_fdt_setprop(fdt, name, "arm,iaffids", iaffids, nr_pes * sizeof(*iaffids));
}

static void add_gic_node(VirtMachineState *vms)
{
	static const char name[] = "/intc";	/* the platform bus looks for it */
	void *fdt = MACHINE(vms)->fdt;

	vms->gic_phandle = qemu_fdt_alloc_phandle(fdt);
	qemu_fdt_setprop_cell(fdt, "/", "interrupt-parent", vms->gic_phandle);

	qemu_fdt_add_subnode(fdt, name);
	qemu_fdt_setprop_string(fdt, name, "compatible", "arm,gic-v5");
	qemu_fdt_setprop(fdt, name, "interrupt-controller", NULL, 0);
	qemu_fdt_setprop_cell(fdt, name, "#interrupt-cells", 3);
	qemu_fdt_setprop_cell(fdt, name, "#address-cells", 2);
	qemu_fdt_setprop_cell(fdt, name, "#size-cells", 2);
	qemu_fdt_setprop(fdt, name, "ranges", NULL, 0);
	qemu_fdt_setprop_cell(fdt, name, "phandle", vms->gic_phandle);
	/*
	 * The maintenance interrupt exists only with FEAT_GCIE_LEGACY, which is
	 * not here. Linux 7.3 uses its presence to tell that there is an EL2 for
	 * KVM; dt-maintenance=off is for kernels that do not need to be told.
	 */
	if (vms->virt &&
	    object_property_get_bool(OBJECT(vms->gic), "dt-maintenance", &error_abort)) {
		qemu_fdt_setprop_cells(fdt, name, "interrupts", ARM_GICV5_INTID_TYPE_PPI,
				       ARCH_GIC_MAINT_IRQ, GIC_FDT_IRQ_FLAGS_LEVEL_HI);
	}
	add_irs_node(vms, name);
}

static qemu_irq ppi(VirtMachineState *vms, unsigned int pe, unsigned int id)
{
	return qdev_get_gpio_in_named(vms->gic, ARM_GICV5_PPI_IN, pe * ARM_GICV5_NR_PPIS + id);
}

static void wire_pe(VirtMachineState *vms, unsigned int pe)
{
	static const int timer_ppi[] = {
		[GTIMER_PHYS] = ARCH_TIMER_NS_EL1_IRQ,
		[GTIMER_VIRT] = ARCH_TIMER_VIRT_IRQ,
		[GTIMER_HYP] = ARCH_TIMER_NS_EL2_IRQ,
		[GTIMER_SEC] = ARCH_TIMER_S_EL1_IRQ,
		[GTIMER_HYPVIRT] = ARCH_TIMER_NS_EL2_VIRT_IRQ,
		[GTIMER_S_EL2_PHYS] = ARCH_TIMER_S_EL2_IRQ,
		[GTIMER_S_EL2_VIRT] = ARCH_TIMER_S_EL2_VIRT_IRQ,
	};
	/* in the order of the device's outputs, see arm_gicv5.h */
	static const int input[] = {
		ARM_CPU_IRQ, ARM_CPU_FIQ, ARM_CPU_VIRQ, ARM_CPU_VFIQ, ARM_CPU_NMI, ARM_CPU_VINMI,
	};
	DeviceState *cpu = DEVICE(qemu_get_cpu(pe));
	unsigned int nr_pes = MACHINE(vms)->smp.cpus;

	for (unsigned int i = 0; i < ARRAY_SIZE(timer_ppi); i++) {
		qdev_connect_gpio_out(cpu, i, ppi(vms, pe, timer_ppi[i]));
	}
	qdev_connect_gpio_out_named(cpu, "pmu-interrupt", 0, ppi(vms, pe, VIRTUAL_PMU_IRQ));
	for (unsigned int i = 0; i < ARRAY_SIZE(input); i++) {
		sysbus_connect_irq(SYS_BUS_DEVICE(vms->gic), i * nr_pes + pe,
				   qdev_get_gpio_in(cpu, input[i]));
	}
}

/* The test frame follows the SETLPI frame; Linux has no driver for its node. */
static void map_test_frame(VirtMachineState *vms)
{
	const MemMapEntry *setlpi = &vms->memmap[VIRT_GICV5_SETLPI];
	hwaddr base = setlpi->base + setlpi->size;
	g_autofree char *name = g_strdup_printf("/gicv5-test@%" PRIx64, base);
	void *fdt = MACHINE(vms)->fdt;

	sysbus_mmio_map(SYS_BUS_DEVICE(vms->gic), 2, base);
	qemu_fdt_add_subnode(fdt, name);
	qemu_fdt_setprop_string(fdt, name, "compatible", "gicv5-test");
	qemu_fdt_setprop_sized_cells(fdt, name, "reg", 2, base, 2, (hwaddr)GICV5_TEST_SIZE);
}

void virt_create_gicv5(VirtMachineState *vms, MemoryRegion *mem)
{
	unsigned int nr_pes = MACHINE(vms)->smp.cpus;
	SysBusDevice *sbd;

	vms->gic = qdev_new(TYPE_ARM_GICV5);
	object_property_add_child(OBJECT(vms), "gic", OBJECT(vms->gic));
	object_property_set_link(OBJECT(vms->gic), "memory", OBJECT(mem), &error_fatal);
	qdev_prop_set_uint32(vms->gic, "num-cpus", nr_pes);
	qdev_prop_set_uint32(vms->gic, "num-spi", NR_SPIS);
	sbd = SYS_BUS_DEVICE(vms->gic);
	sysbus_realize_and_unref(sbd, &error_fatal);
	sysbus_mmio_map(sbd, 0, vms->memmap[VIRT_GICV5_IRS].base);
	sysbus_mmio_map(sbd, 1, vms->memmap[VIRT_GICV5_SETLPI].base);
	for (unsigned int pe = 0; pe < nr_pes; pe++) {
		wire_pe(vms, pe);
	}
	add_gic_node(vms);
	if (object_property_get_bool(OBJECT(vms->gic), "test-frame", &error_abort)) {
		map_test_frame(vms);
	}
}
