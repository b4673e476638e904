// SPDX-License-Identifier: GPL-2.0-only
/*
 * GICv5 virtualization: the IRS that a guest sees
 *
 * Most of what a guest does with its SPIs and LPIs never comes here: the GIC
 * instructions and the CPU interface act on the host IRS, which knows the VM.
 * What is left for MMIO is to identify the IRS, to enable it, to set the trigger
 * mode of SPIs, and to announce the interrupt state table (IST) of the LPIs.
 * Two frames of 64kB:
 *
 *	0x00000		config frame
 *	0x10000		SETLPI frame, RAZ/WI
 *
 * What the architecture leaves open is decided as follows:
 *
 * - There is one IRS. All vCPUs and all SPIs are its own, the IAFFID of a vCPU is
 *   its vcpu_id, and the SPIs start at 0.
 *
 * - Nothing optional is there: no virtualization, hence no nesting, no 1ofN, no
 *   SETLPI, MEC, MPAM nor software errors. The registers of all that are RAZ/WI.
 *
 * - A write has taken effect when the vCPU goes on, so whatever has an IDLE bit is
 *   idle.
 *
 * - The IST is linear, with entries of 4 bytes. It is for the guest to find the
 *   memory, yet that memory is neither read nor written: an IRS doesn't translate
 *   addresses by stage 2, so KVM gives it memory of the host instead. The guest's
 *   address is only remembered.
 *
 * - A guest that announces an IST which can't be had, because it isn't linear or
 *   there is no memory, finds IRS_IST_BASER.VALID still clear. There is no other
 *   way to tell it, and nothing that the host has to know.
 *
 * A register may be accessed in the size it has, and a 64-bit one also in halves:
 * a half is merged into the register, and then the whole is acted on. Any other
 * access is RAZ/WI.
 *
 * The state is vgic_v5_vm.virs, vgic_dist.enabled and the config of the SPIs'
 * vgic_irq, all protected by kvm->arch.config_lock. It is taken around each access
 * to the frames, so every handler runs with it held.
 */

#include <linux/bitfield.h>
#include <linux/kvm.h>
#include <linux/kvm_host.h>
#include <linux/sizes.h>

#include <kvm/arm_vgic.h>
#include <kvm/iodev.h>

#include "vgic.h"
#include "vgic-mmio.h"
#include "vgic-v5-tables.h"

/* Of an LPI, when the host has them. Goes with what vgic_v5_reset() chooses. */
#define VIRS_MAX_ID_BITS	16

/* How to access tables in memory: kept for the guest to read, not used */
#define VIRS_CR1_MASK		(GICV5_IRS_CR1_SH | GICV5_IRS_CR1_OC |		\
				 GICV5_IRS_CR1_IC | GICV5_IRS_CR1_IST_RA |	\
				 GICV5_IRS_CR1_IST_WA | GICV5_IRS_CR1_VMT_RA |	\
				 GICV5_IRS_CR1_VPET_RA)

#define VIRS_IST_CFGR_MASK	(GICV5_IRS_IST_CFGR_STRUCTURE |			\
				 GICV5_IRS_IST_CFGR_ISTSZ |			\
				 GICV5_IRS_IST_CFGR_L2SZ |			\
				 GICV5_IRS_IST_CFGR_LPI_ID_BITS)

#define VIRS_IST_BASER_MASK	(GICV5_IRS_IST_BASER_ADDR_MASK |		\
				 GICV5_IRS_IST_BASER_VALID)

/* Architect Arm (JEP106 4, 0x3b), present, GICv5 IRS */
#define VIRS_DEVARCH		(0x23b << 21 | BIT(20) | 0x5a19)

/*
 * The CoreSight registers that identify the frame, in the order of their offsets
 * from PIDR4: made by Arm, the part is the product of IRS_IIDR.
 */
static const u8 virs_coresight_ids[] = {
	0x04, 0x00, 0x00, 0x00,				/* PIDR4-7 */
	PRODUCT_ID_KVM, 0xb0, 0x0b, 0x00,		/* PIDR0-3 */
	0x0d, 0xf0, 0x05, 0xb1,				/* CIDR0-3 */
};

/* From the start of the frame; frames are aligned to their size */
static unsigned int virs_offset(gpa_t addr)
{
	return addr & (SZ_64K - 1);
}

static struct vgic_v5_virs *to_virs(struct kvm *kvm)
{
	lockdep_assert_held(&kvm->arch.config_lock);

	return &kvm->arch.vgic.gicv5_vm.virs;
}

/* --- Identification --- */

static u32 virs_idr0(struct kvm *kvm)
{
	return FIELD_PREP(GICV5_IRS_IDR0_PA_RANGE,
			  get_idreg_field_enum(kvm, ID_AA64MMFR0_EL1, PARANGE)) |
	       FIELD_PREP(GICV5_IRS_IDR0_INT_DOM, GICV5_INT_DOM_NS);
}

static u32 virs_idr1(struct kvm *kvm)
{
	unsigned int max_iaffid = 1;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	/* There is at least one bit, as the field can't say otherwise. */
	kvm_for_each_vcpu(i, vcpu, kvm)
		max_iaffid = max_t(unsigned int, max_iaffid, vcpu->vcpu_id);

	return FIELD_PREP(GICV5_IRS_IDR1_PRIORITY_BITS,
			  vgic_v5_host_irs_caps()->pri_bits - 1) |
	       FIELD_PREP(GICV5_IRS_IDR1_IAFFID_BITS, fls(max_iaffid) - 1) |
	       FIELD_PREP(GICV5_IRS_IDR1_PE_CNT, atomic_read(&kvm->online_vcpus));
}

static unsigned int virs_min_id_bits(void)
{
	return vgic_v5_host_irs_caps()->min_lpi_id_bits;
}

static unsigned int virs_max_id_bits(void)
{
	return min(VIRS_MAX_ID_BITS, vgic_v5_host_irs_caps()->id_bits);
}

static u32 virs_idr2(void)
{
	return GICV5_IRS_IDR2_LPI |
	       FIELD_PREP(GICV5_IRS_IDR2_MIN_LPI_ID_BITS, virs_min_id_bits()) |
	       FIELD_PREP(GICV5_IRS_IDR2_ID_BITS, virs_max_id_bits());
}

static unsigned long virs_read_id(struct kvm_vcpu *vcpu, gpa_t addr,
				  unsigned int len)
{
	struct kvm *kvm = vcpu->kvm;

	switch (virs_offset(addr)) {
	case GICV5_IRS_IDR0:
		return virs_idr0(kvm);
	case GICV5_IRS_IDR1:
		return virs_idr1(kvm);
	case GICV5_IRS_IDR2:
		return virs_idr2();
	case GICV5_IRS_IDR5:
		return FIELD_PREP(GICV5_IRS_IDR5_SPI_RANGE, kvm->arch.vgic.nr_spis);
	case GICV5_IRS_IDR6:
		return FIELD_PREP(GICV5_IRS_IDR6_SPI_IRS_RANGE, kvm->arch.vgic.nr_spis);
	case GICV5_IRS_IIDR:
		return FIELD_PREP(GICV5_IRS_IIDR_PRODUCT_ID, PRODUCT_ID_KVM) |
		       FIELD_PREP(GICV5_IRS_IIDR_IMPLEMENTER, IMPLEMENTER_ARM);
	case GICV5_IRS_AIDR:
		return FIELD_PREP(GICV5_IRS_AIDR_COMPONENT, GICV5_IRS_AIDR_COMPONENT_IRS) |
		       FIELD_PREP(GICV5_IRS_AIDR_ARCH_MAJOR, GICV5_IRS_AIDR_ARCH_MAJOR_V5);
	case GICV5_IRS_DEVARCH:
		return VIRS_DEVARCH;
	default:
		return 0;
	}
}

static unsigned long virs_read_coresight_id(struct kvm_vcpu *vcpu, gpa_t addr,
					    unsigned int len)
{
	return virs_coresight_ids[(virs_offset(addr) - GICV5_IRS_PIDR4) / sizeof(u32)];
}

/* --- Control --- */

static unsigned long virs_read_cr0(struct kvm_vcpu *vcpu, gpa_t addr,
				   unsigned int len)
{
	lockdep_assert_held(&vcpu->kvm->arch.config_lock);

	return GICV5_IRS_CR0_IDLE |
	       FIELD_PREP(GICV5_IRS_CR0_IRSEN, vcpu->kvm->arch.vgic.enabled);
}

static void virs_write_cr0(struct kvm_vcpu *vcpu, gpa_t addr, unsigned int len,
			   unsigned long val)
{
	vgic_v5_set_irs_enable(vcpu->kvm, FIELD_GET(GICV5_IRS_CR0_IRSEN, val));
}

static unsigned long virs_read_cr1(struct kvm_vcpu *vcpu, gpa_t addr,
				   unsigned int len)
{
	return to_virs(vcpu->kvm)->cr1;
}

static void virs_write_cr1(struct kvm_vcpu *vcpu, gpa_t addr, unsigned int len,
			   unsigned long val)
{
	to_virs(vcpu->kvm)->cr1 = val & VIRS_CR1_MASK;
}

/* IRS_SYNC_STATUSR, IRS_IST_STATUSR: IDLE is the only bit, and the same in both */
static unsigned long virs_read_idle(struct kvm_vcpu *vcpu, gpa_t addr,
				    unsigned int len)
{
	BUILD_BUG_ON(GICV5_IRS_SYNC_STATUSR_IDLE != GICV5_IRS_IST_STATUSR_IDLE);

	return GICV5_IRS_SYNC_STATUSR_IDLE;
}

/* --- SPIs: one is selected, the other registers are about it --- */

static u32 virs_selected_spi(struct kvm *kvm)
{
	return FIELD_GET(GICV5_IRS_SPI_SELR_ID, to_virs(kvm)->spi_selr);
}

static unsigned long virs_read_spi_selr(struct kvm_vcpu *vcpu, gpa_t addr,
					unsigned int len)
{
	return to_virs(vcpu->kvm)->spi_selr;
}

static void virs_write_spi_selr(struct kvm_vcpu *vcpu, gpa_t addr,
				unsigned int len, unsigned long val)
{
	to_virs(vcpu->kvm)->spi_selr = val;
}

static unsigned long virs_read_spi_domainr(struct kvm_vcpu *vcpu, gpa_t addr,
					   unsigned int len)
{
	return FIELD_PREP(GICV5_IRS_SPI_DOMAINR_DOMAIN, GICV5_INT_DOM_NS);
}

static unsigned long virs_read_spi_cfgr(struct kvm_vcpu *vcpu, gpa_t addr,
					unsigned int len)
{
	struct kvm *kvm = vcpu->kvm;
	struct vgic_irq *irq;
	bool level;

	irq = vgic_get_irq(kvm, vgic_v5_make_spi(virs_selected_spi(kvm)));
	if (!irq)
		return 0;

	level = irq->config == VGIC_CONFIG_LEVEL;
	vgic_put_irq(kvm, irq);

	return FIELD_PREP(GICV5_IRS_SPI_CFGR_TM, level);
}

static void virs_write_spi_cfgr(struct kvm_vcpu *vcpu, gpa_t addr,
				unsigned int len, unsigned long val)
{
	u32 spi = virs_selected_spi(vcpu->kvm);

	if (!vgic_valid_spi(vcpu->kvm, vgic_v5_make_spi(spi)))
		return;

	vgic_v5_set_spi_level(vcpu, spi, FIELD_GET(GICV5_IRS_SPI_CFGR_TM, val));
}

static unsigned long virs_read_spi_statusr(struct kvm_vcpu *vcpu, gpa_t addr,
					   unsigned int len)
{
	u32 intid = vgic_v5_make_spi(virs_selected_spi(vcpu->kvm));

	return GICV5_IRS_SPI_STATUSR_IDLE |
	       FIELD_PREP(GICV5_IRS_SPI_STATUSR_V, vgic_valid_spi(vcpu->kvm, intid));
}

/* --- PEs: likewise --- */

static bool virs_selected_pe_valid(struct kvm *kvm)
{
	u32 iaffid = FIELD_GET(GICV5_IRS_PE_SELR_IAFFID, to_virs(kvm)->pe_selr);

	return kvm_get_vcpu_by_id(kvm, iaffid);
}

static unsigned long virs_read_pe_selr(struct kvm_vcpu *vcpu, gpa_t addr,
				       unsigned int len)
{
	return to_virs(vcpu->kvm)->pe_selr;
}

static void virs_write_pe_selr(struct kvm_vcpu *vcpu, gpa_t addr,
			       unsigned int len, unsigned long val)
{
	to_virs(vcpu->kvm)->pe_selr = val;
}

/* To the IRS, a PE that has been powered down is still connected. */
static unsigned long virs_read_pe_statusr(struct kvm_vcpu *vcpu, gpa_t addr,
					  unsigned int len)
{
	if (!virs_selected_pe_valid(vcpu->kvm))
		return GICV5_IRS_PE_STATUSR_IDLE;

	return GICV5_IRS_PE_STATUSR_IDLE | GICV5_IRS_PE_STATUSR_V |
	       GICV5_IRS_PE_STATUSR_ONLINE;
}

/* Without 1ofN no PE takes part in it. */
static unsigned long virs_read_pe_cr0(struct kvm_vcpu *vcpu, gpa_t addr,
				      unsigned int len)
{
	return FIELD_PREP(GICV5_IRS_PE_CR0_DPS, virs_selected_pe_valid(vcpu->kvm));
}

/* --- The IST of the LPIs --- */

static unsigned long virs_read_ist_cfgr(struct kvm_vcpu *vcpu, gpa_t addr,
					unsigned int len)
{
	return to_virs(vcpu->kvm)->ist_cfgr;
}

static void virs_write_ist_cfgr(struct kvm_vcpu *vcpu, gpa_t addr,
				unsigned int len, unsigned long val)
{
	struct vgic_v5_virs *virs = to_virs(vcpu->kvm);

	/* It describes the IST, it can't change under it. */
	if (!(virs->ist_baser & GICV5_IRS_IST_BASER_VALID))
		virs->ist_cfgr = val & VIRS_IST_CFGR_MASK;
}

/* Is IRS_IST_CFGR something that IRS_IDR2 allows? */
static bool virs_ist_cfgr_legal(u32 cfgr)
{
	u32 id_bits = FIELD_GET(GICV5_IRS_IST_CFGR_LPI_ID_BITS, cfgr);

	return FIELD_GET(GICV5_IRS_IST_CFGR_STRUCTURE, cfgr) ==
			GICV5_IRS_IST_CFGR_STRUCTURE_LINEAR &&
	       FIELD_GET(GICV5_IRS_IST_CFGR_ISTSZ, cfgr) ==
			GICV5_IRS_IST_CFGR_ISTSZ_4 &&
	       id_bits >= virs_min_id_bits() && id_bits <= virs_max_id_bits();
}

static bool virs_enable_lpis(struct kvm *kvm)
{
	u32 cfgr = to_virs(kvm)->ist_cfgr;
	u32 id_bits = FIELD_GET(GICV5_IRS_IST_CFGR_LPI_ID_BITS, cfgr);

	return virs_ist_cfgr_legal(cfgr) && !vgic_v5_lpi_ist_create(kvm, id_bits);
}

static unsigned long virs_read_ist_baser(struct kvm_vcpu *vcpu, gpa_t addr,
					 unsigned int len)
{
	return extract_bytes(to_virs(vcpu->kvm)->ist_baser, addr & 7, len);
}

/*
 * While VALID is set, only clearing it has an effect, and what else is written
 * then is ignored. If the IRS doesn't give the IST back the VM is dead, so that
 * nobody gets to see that VALID remains set.
 */
static void virs_write_ist_baser(struct kvm_vcpu *vcpu, gpa_t addr,
				 unsigned int len, unsigned long val)
{
	struct vgic_v5_virs *virs = to_virs(vcpu->kvm);
	u64 baser;

	baser = update_64bit_reg(virs->ist_baser, addr & 7, len, val);
	baser &= VIRS_IST_BASER_MASK;

	if (virs->ist_baser & GICV5_IRS_IST_BASER_VALID) {
		if (!(baser & GICV5_IRS_IST_BASER_VALID) &&
		    !vgic_v5_lpi_ist_destroy(vcpu->kvm))
			virs->ist_baser &= ~GICV5_IRS_IST_BASER_VALID;
		return;
	}

	if ((baser & GICV5_IRS_IST_BASER_VALID) && !virs_enable_lpis(vcpu->kvm))
		baser &= ~GICV5_IRS_IST_BASER_VALID;

	virs->ist_baser = baser;
}

/* --- The frames --- */

#define IRS_REG32(reg, rd, wr)							\
	REGISTER_DESC_WITH_LENGTH(GICV5_IRS_##reg, rd, wr, 4, VGIC_ACCESS_32bit)

#define IRS_REG64(reg, rd, wr)							\
	REGISTER_DESC_WITH_LENGTH(GICV5_IRS_##reg, rd, wr, 8,			\
				  VGIC_ACCESS_64bit | VGIC_ACCESS_32bit)

#define IRS_RO32(reg, rd)	IRS_REG32(reg, rd, vgic_mmio_write_wi)
#define IRS_RAZWI32(reg)	IRS_REG32(reg, vgic_mmio_read_raz, vgic_mmio_write_wi)
#define IRS_RAZWI64(reg)	IRS_REG64(reg, vgic_mmio_read_raz, vgic_mmio_write_wi)

/* In the order of their offsets, which the lookup relies on */
static const struct vgic_register_region virs_registers[] = {
	IRS_RO32(IDR0,			virs_read_id),
	IRS_RO32(IDR1,			virs_read_id),
	IRS_RO32(IDR2,			virs_read_id),
	IRS_RAZWI32(IDR3),
	IRS_RAZWI32(IDR4),
	IRS_RO32(IDR5,			virs_read_id),
	IRS_RO32(IDR6,			virs_read_id),
	IRS_RAZWI32(IDR7),
	IRS_RO32(IIDR,			virs_read_id),
	IRS_RO32(AIDR,			virs_read_id),

	IRS_REG32(CR0,			virs_read_cr0, virs_write_cr0),
	IRS_REG32(CR1,			virs_read_cr1, virs_write_cr1),
	IRS_RAZWI32(SYNCR),
	IRS_RO32(SYNC_STATUSR,		virs_read_idle),

	IRS_RAZWI64(SPI_VMR),
	IRS_REG32(SPI_SELR,		virs_read_spi_selr, virs_write_spi_selr),
	IRS_RO32(SPI_DOMAINR,		virs_read_spi_domainr),
	IRS_RAZWI32(SPI_RESAMPLER),
	IRS_REG32(SPI_CFGR,		virs_read_spi_cfgr, virs_write_spi_cfgr),
	IRS_RO32(SPI_STATUSR,		virs_read_spi_statusr),

	IRS_REG32(PE_SELR,		virs_read_pe_selr, virs_write_pe_selr),
	IRS_RO32(PE_STATUSR,		virs_read_pe_statusr),
	IRS_RO32(PE_CR0,		virs_read_pe_cr0),

	IRS_REG64(IST_BASER,		virs_read_ist_baser, virs_write_ist_baser),
	IRS_REG32(IST_CFGR,		virs_read_ist_cfgr, virs_write_ist_cfgr),
	IRS_RO32(IST_STATUSR,		virs_read_idle),
	IRS_RAZWI32(MAP_L2_ISTR),

	IRS_RAZWI64(VMT_BASER),
	IRS_RAZWI32(VMT_CFGR),
	IRS_RAZWI32(VMT_STATUSR),
	IRS_RAZWI64(VPE_SELR),
	IRS_RAZWI64(VPE_DBR),
	IRS_RAZWI64(VPE_HPPIR),
	IRS_RAZWI32(VPE_CR0),
	IRS_RAZWI32(VPE_STATUSR),
	IRS_RAZWI64(VM_DBR),
	IRS_RAZWI32(VM_SELR),
	IRS_RAZWI32(VM_STATUSR),
	IRS_RAZWI64(VMAP_L2_VMTR),
	IRS_RAZWI64(VMAP_VMR),
	IRS_RAZWI64(VMAP_VISTR),
	IRS_RAZWI64(VMAP_L2_VISTR),
	IRS_RAZWI64(VMAP_VPER),
	IRS_RAZWI64(SAVE_VMR),
	IRS_RAZWI32(SAVE_VM_STATUSR),

	IRS_RAZWI32(MEC_IDR),
	IRS_RAZWI32(MEC_MECID_R),
	IRS_RAZWI32(MPAM_IDR),
	IRS_RAZWI32(MPAM_PARTID_R),
	IRS_RAZWI64(SWERR_STATUSR),
	IRS_RAZWI64(SWERR_SYNDROMER0),
	IRS_RAZWI64(SWERR_SYNDROMER1),

	IRS_RO32(DEVARCH,		virs_read_id),
	REGISTER_DESC_WITH_LENGTH(GICV5_IRS_PIDR4,
				  virs_read_coresight_id, vgic_mmio_write_wi,
				  sizeof(u32) * ARRAY_SIZE(virs_coresight_ids),
				  VGIC_ACCESS_32bit),

	/* The SETLPI frame */
	REGISTER_DESC_WITH_LENGTH(SZ_64K, vgic_mmio_read_raz, vgic_mmio_write_wi,
				  SZ_64K, VGIC_ACCESS_64bit | VGIC_ACCESS_32bit),
};

static int virs_mmio_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
			  gpa_t addr, int len, void *val)
{
	guard(mutex)(&vcpu->kvm->arch.config_lock);

	return kvm_io_gic_ops.read(vcpu, dev, addr, len, val);
}

static int virs_mmio_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
			   gpa_t addr, int len, const void *val)
{
	guard(mutex)(&vcpu->kvm->arch.config_lock);

	return kvm_io_gic_ops.write(vcpu, dev, addr, len, val);
}

static const struct kvm_io_device_ops virs_io_ops = {
	.read	= virs_mmio_read,
	.write	= virs_mmio_write,
};

/**
 * vgic_v5_init_irs_iodev() - Set up the device behind the frames of the IRS
 * @dev: the device; its address and type are the caller's to set
 *
 * Its accesses must come from a vCPU of a VM whose GICv5 is initialised, with
 * kvm->arch.config_lock not held.
 *
 * Context: any, @dev isn't registered yet.
 *
 * Return: how much of the IPA space it takes, in bytes.
 */
unsigned int vgic_v5_init_irs_iodev(struct vgic_io_device *dev)
{
	dev->regions = virs_registers;
	dev->nr_regions = ARRAY_SIZE(virs_registers);

	kvm_iodevice_init(&dev->dev, &virs_io_ops);

	return KVM_VGIC_V5_IRS_SIZE;
}

/**
 * vgic_v5_virs_reset() - Bring the IRS of a guest to its reset state
 * @kvm: the VM, which has never run and has no IST for LPIs
 *
 * It is disabled and selects neither an SPI nor a PE. To have all bits of a
 * selector set, reserved ones included, is part of the ABI; reserved bits keep
 * what is written and have no effect.
 *
 * Context: kvm->arch.config_lock held.
 */
void vgic_v5_virs_reset(struct kvm *kvm)
{
	*to_virs(kvm) = (struct vgic_v5_virs) {
		.spi_selr	= U32_MAX,
		.pe_selr	= U32_MAX,
	};

	kvm->arch.vgic.enabled = false;
}
