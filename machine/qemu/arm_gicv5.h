/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm GICv5: the device
 *
 * sysbus MMIO region 0: IRS config frame, 64K
 * sysbus MMIO region 1: SETLPI frame, 64K
 * sysbus MMIO region 2: test frame (gicv5_test.h), if there is one
 * unnamed GPIO input n: the wire of SPI n
 * GPIO input ARM_GICV5_PPI_IN, pe * ARM_GICV5_NR_PPIS + n: PPI n of a PE
 * sysbus IRQ line * num-cpus + pe, with lines in the order of the CPU's inputs
 *	IRQ, FIQ, VIRQ, VFIQ, NMI, VINMI
 */
#ifndef HW_INTC_GICV5_ARM_GICV5_H
#define HW_INTC_GICV5_ARM_GICV5_H

#define TYPE_ARM_GICV5 "arm-gicv5"

#define ARM_GICV5_PPI_IN "ppi"
#define ARM_GICV5_NR_PPIS 128

/* What the virt board offers; the model itself can do more */
#define ARM_GICV5_MAX_PES 64

/* INTID.TYPE, which is also the first cell of an interrupt specifier */
#define ARM_GICV5_INTID_TYPE_PPI 1
#define ARM_GICV5_INTID_TYPE_SPI 3

#endif
