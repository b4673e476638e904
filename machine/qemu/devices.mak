# SPDX-License-Identifier: GPL-2.0-or-later
#
# What QEMU is built with: the virt board with what it cannot do without, and
# virtio devices on PCI and MMIO. Nothing else keeps the build to minutes.

CONFIG_ARM_VIRT=y
CONFIG_PCI_DEVICES=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_SERIAL=y
