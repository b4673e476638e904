// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The GICv5 of the guest, which is KVM's: only its life and its inputs are here.
 *
 * The order of calls (Documentation/virt/kvm/devices/arm-vgic-v5.rst):
 *
 *	gic_create()	KVM_CREATE_DEVICE, before the first vCPU. It is allowed
 *			later too, but KVM_CAP_MAX_VCPU_ID tells the limit of
 *			this GIC only once it exists.
 *	vcpus_create()	all of them: none can be added after INIT.
 *	gic_init()	ADDR, NR_IRQS, and last CTRL_INIT. There is no lazy
 *			INIT as with a GICv2: without it KVM_RUN fails.
 *	then		what needs an initialised GIC: PMU, irqfds, KVM_IRQ_LINE
 */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm.h"

/**
 * gic_create() - give the VM a GICv5
 * @vm: a VM without vCPUs
 */
void gic_create(struct vm *vm)
{
	struct kvm_create_device dev = {
		.type = KVM_DEV_TYPE_ARM_VGIC_V5,
		.flags = KVM_CREATE_DEVICE_TEST,
	};

	/* There is no KVM_CAP for it: this is how to ask. */
	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &dev))
		die(END_HOST, "this host has no GICv5 for guests (%s): needed are "
		    "a GICv5 whose IRS supports virtualization, and a kernel that uses it",
		    strerror(errno));

	dev.flags = 0;
	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &dev))
		die(END_ERROR, "cannot create the GICv5: %s", strerror(errno));
	vm->gic = (int)dev.fd;
}

static void set_attr(struct vm *vm, uint32_t group, uint64_t attr, void *value, const char *what)
{
	struct kvm_device_attr a = {
		.group = group,
		.attr = attr,
		.addr = (uintptr_t)value,
	};

	if (ioctl(vm->gic, KVM_SET_DEVICE_ATTR, &a))
		die(END_ERROR, "GICv5: cannot %s: %s", what, strerror(errno));
}

/**
 * gic_init() - configure and initialise it
 * @vm: a VM with all its vCPUs
 *
 * INIT allocates a VM id, the tables of the IRS and a doorbell per vCPU on the
 * host. ENOSPC (no VM id, no LPI left), ENOMEM and ETIMEDOUT leave the VM as it
 * was, so a VMM may try again; this one gives up.
 */
void gic_init(struct vm *vm)
{
	uint64_t base = IRS_BASE;
	uint32_t nr_spis = NR_SPIS;

	/* Config frame and SETLPI frame: KVM_VGIC_V5_IRS_SIZE from here. */
	set_attr(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V5_ADDR_TYPE_IRS, &base,
		 "place the IRS");

	/* SPIs alone: what GICv3 calls NR_IRQS includes 32 more. */
	set_attr(vm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr_spis, "set the number of SPIs");

	set_attr(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL,
		 "initialise it");
}

/**
 * gic_set_spi() - drive an SPI's line
 * @vm: an initialised VM
 * @spi: its number, from 0
 * @level: of the line
 *
 * Whether the SPI is level-sensitive or edge-triggered is for the guest to
 * choose, by what the device tree says. For a level-sensitive one KVM keeps
 * nothing but the last level it was told: the caller has to see to it that two
 * threads don't tell it two levels in the wrong order.
 */
void gic_set_spi(struct vm *vm, unsigned int spi, bool level)
{
	struct kvm_irq_level irq = {
		.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT |
		       spi << KVM_ARM_IRQ_NUM_SHIFT,
		.level = level,
	};

	if (ioctl(vm->fd, KVM_IRQ_LINE, &irq))
		die(END_ERROR, "KVM_IRQ_LINE of SPI %u: %s", spi, strerror(errno));
}

/**
 * gic_irqfd() - let an eventfd drive an SPI, without a call by this process
 * @vm: an initialised VM: before INIT KVM answers EAGAIN
 * @spi: its number, which is the GSI in the routing that INIT has set up
 * @fd: each write raises the interrupt
 * @resample_fd: -1 for an edge-triggered SPI. Else the SPI is level-sensitive:
 *	a write to @fd raises the line, and when the guest deactivates the
 *	interrupt KVM lowers it and signals @resample_fd. Whoever still has a
 *	reason must then write to @fd again.
 */
void gic_irqfd(struct vm *vm, unsigned int spi, int fd, int resample_fd)
{
	struct kvm_irqfd irqfd = {
		.fd = (uint32_t)fd,
		.gsi = spi,
	};

	if (resample_fd >= 0) {
		irqfd.flags = KVM_IRQFD_FLAG_RESAMPLE;
		irqfd.resamplefd = (uint32_t)resample_fd;
	}
	if (ioctl(vm->fd, KVM_IRQFD, &irqfd))
		die(END_ERROR, "KVM_IRQFD of SPI %u: %s", spi, strerror(errno));
}
