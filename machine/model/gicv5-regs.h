/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of registers, operands and tables, by the names of the architecture.
 * Encodings of system registers are in sysreg.c, offsets of IRS registers in
 * irs.c: each is written once, in the table that uses it.
 */
#ifndef GICV5_REGS_H
#define GICV5_REGS_H

#include <stdint.h>

#define BIT(n)		(UINT64_C(1) << (n))
#define MASK(hi, lo)	((~UINT64_C(0) << (lo)) & (~UINT64_C(0) >> (63 - (hi))))

/* Value of a field; a field with a value. @mask must be a constant, not 0. */
#define FIELD_GET(mask, reg)	(((uint64_t)(reg) & (mask)) / ((mask) & -(mask)))
#define FIELD_PREP(mask, val)	(((uint64_t)(val) * ((mask) & -(mask))) & (mask))

/* INTID */
#define INTID_TYPE		MASK(31, 29)
#define INTID_ID		MASK(23, 0)
#define TYPE_PPI		1
#define TYPE_LPI		2
#define TYPE_SPI		3

/* L2_ISTE, first word; the model keeps the state of SPIs in the same form */
#define ISTE_PENDING		BIT(0)
#define ISTE_ACTIVE		BIT(1)
#define ISTE_HM			BIT(2)
#define ISTE_ENABLE		BIT(3)
#define ISTE_IRM		BIT(4)
#define ISTE_HWU		MASK(10, 9)
#define ISTE_PRIORITY		MASK(15, 11)
#define ISTE_IAFFID		MASK(31, 16)

/* L1_ISTE and L1_VMTE */
#define L1E_VALID		BIT(0)
#define L1E_L2_ADDR		MASK(55, 12)

/* L2_VMTE */
#define VMTE_SIZE		32
#define VMTE0_VALID		BIT(0)
#define VMTE0_VMD_ADDR		MASK(55, 3)
#define VMTE1_VPET_ADDR		MASK(55, 3)
#define VMTE1_VPE_ID_BITS	MASK(63, 59)
#define VMTE_IST_VALID		BIT(0)
#define VMTE_IST_L2SZ		MASK(2, 1)
#define VMTE_IST_ADDR		MASK(55, 6)
#define VMTE_IST_ISTSZ		MASK(57, 56)
#define VMTE_IST_STRUCTURE	BIT(58)
#define VMTE_IST_ID_BITS	MASK(63, 59)
#define L2_VMT_BITS		7	/* 128 entries, 4 KB [D_LSPBK] */

/* VPETE */
#define VPETE_VALID		BIT(0)
#define VPETE_VPED_ADDR		MASK(55, 3)

/* CPU interface at EL1 */
#define ICC_CR0_EN		BIT(0)
#define ICC_CR0_LINK		BIT(1)
#define ICC_CR0_LINK_IDLE	BIT(2)
#define ICC_PCR_PRIORITY	MASK(4, 0)
#define ICC_IDR0_ID_BITS	MASK(3, 0)
#define ICC_IDR0_PRI_BITS	MASK(7, 4)
#define ICSR_F			BIT(0)
#define ICSR_ENABLED		BIT(1)
#define ICSR_PENDING		BIT(2)
#define ICSR_IRM		BIT(3)
#define ICSR_ACTIVE		BIT(4)
#define ICSR_HM			BIT(5)
#define ICSR_PRIORITY		MASK(15, 11)
#define ICSR_IAFFID		MASK(47, 32)
#define HPPIR_HPPIV		BIT(32)

/* operands and result of GIC instructions */
#define CDPRI_PRIORITY		MASK(39, 35)
#define CDAFF_IAFFID		MASK(47, 32)
#define CDAFF_IRM		BIT(28)
#define CDPEND_PENDING		BIT(32)
#define VDPEND_PENDING		BIT(63)
#define VDPEND_VM		MASK(47, 32)
#define CDHM_HM			BIT(32)
#define CDIA_VALID		BIT(32)

/* CPU interface at EL2 */
#define ICH_HFGRTR_BITS		(MASK(20, 16) | MASK(7, 0))
#define ICH_HFGRTR_RES1		BIT(3)
#define ICH_HFGWTR_BITS		(MASK(20, 17) | BIT(6) | BIT(5) | BIT(2) | BIT(0))
#define ICH_HFGITR_BITS		MASK(10, 0)
#define ICH_VCTLR_EN		BIT(0)
#define ICH_VMCR_EN		BIT(0)
#define ICH_VMCR_VPMR		MASK(31, 27)
#define CONTEXTR_V		BIT(63)
#define CONTEXTR_F		BIT(62)
#define CONTEXTR_IRICHPPIDIS	BIT(61)
#define CONTEXTR_DB		BIT(60)
#define CONTEXTR_DBPM		MASK(59, 55)
#define CONTEXTR_VPE		MASK(47, 32)
#define CONTEXTR_VM		MASK(15, 0)

/* IRS identification */
#define IDR0_INT_DOM		MASK(1, 0)
#define IDR0_PA_RANGE		MASK(5, 2)
#define IDR0_VIRT		BIT(6)
#define IDR0_SETLPI		BIT(9)
#define IDR0_SWE		BIT(12)
#define IDR1_PE_CNT		MASK(15, 0)
#define IDR1_IAFFID_BITS	MASK(19, 16)
#define IDR1_PRI_BITS		MASK(22, 20)
#define IDR2_ID_BITS		MASK(4, 0)
#define IDR2_LPI		BIT(5)
#define IDR2_MIN_LPI_ID_BITS	MASK(9, 6)
#define IDR2_IST_LEVELS		BIT(10)
#define IDR2_IST_L2SZ		MASK(13, 11)
#define IDR2_ISTMD		BIT(14)
#define IDR2_ISTMD_SZ		MASK(19, 15)
#define IDR3_VMD		BIT(0)
#define IDR3_VMD_SZ		MASK(4, 1)
#define IDR3_VM_ID_BITS		MASK(9, 5)
#define IDR3_VMT_LEVELS		BIT(10)
#define IDR4_VPED_SZ		MASK(5, 0)
#define IDR4_VPE_ID_BITS	MASK(9, 6)

/* IRS control */
#define CR0_IRSEN		BIT(0)
#define CR0_IDLE		BIT(1)
#define CR1_BITS		MASK(15, 0)
#define SYNCR_SYNC		BIT(31)
#define STATUSR_IDLE		BIT(0)
#define STATUSR_V		BIT(1)
#define PE_STATUSR_ONLINE	BIT(2)
#define SAVE_STATUSR_Q		BIT(1)
#define SPI_VMR_VM_ID		MASK(15, 0)
#define SPI_VMR_VIRT		BIT(63)
#define SPI_CFGR_TM		BIT(0)

#define IST_BASER_VALID		BIT(0)
#define IST_BASER_ADDR		MASK(55, 6)
#define IST_CFGR_LPI_ID_BITS	MASK(4, 0)
#define IST_CFGR_L2SZ		MASK(6, 5)
#define IST_CFGR_ISTSZ		MASK(8, 7)
#define IST_CFGR_STRUCTURE	BIT(16)

#define VMT_BASER_VALID		BIT(0)
#define VMT_BASER_ADDR		MASK(55, 3)
#define VMT_CFGR_VM_ID_BITS	MASK(4, 0)
#define VMT_CFGR_STRUCTURE	BIT(16)

#define VPE_SELR_VM_ID		MASK(15, 0)
#define VPE_SELR_VPE_ID		MASK(47, 32)
#define VPE_SELR_S		BIT(63)
#define VPE_DBR_INTID		MASK(23, 0)
#define VPE_DBR_DBPM		MASK(36, 32)
#define VPE_DBR_REQ_DB		BIT(62)
#define VPE_DBR_DBV		BIT(63)
#define VPE_CR0_DPS		BIT(0)
#define VM_DBR_VPE_ID		MASK(15, 0)
#define VM_DBR_EN		BIT(63)

/* VMAP_*R: ID or VM/VPE in the low half, VM_ID where there is another id */
#define VMAP_VM_ID_LO		MASK(15, 0)	/* VMAP_L2_VMTR, VMAP_VMR */
#define VMAP_VM_ID		MASK(47, 32)	/* the others */
#define VMAP_VPE_ID		MASK(15, 0)
#define VMAP_U			BIT(62)
#define VMAP_M			BIT(63)
#define SAVE_VM_ID		MASK(15, 0)
#define SAVE_Q			BIT(62)
#define SAVE_S			BIT(63)

#define SWERR_V			BIT(0)
#define SWERR_S0V		BIT(1)
#define SWERR_S1V		BIT(2)
#define SWERR_OF		BIT(3)
#define SWERR_EC		MASK(23, 16)
#define SWERR0_VM_ID		MASK(15, 0)
#define SWERR0_ID		MASK(55, 32)
#define SWERR0_TYPE		MASK(62, 60)
#define SWERR0_VIRTUAL		BIT(63)
#define SWERR1_ADDR		MASK(55, 3)

/* software error codes */
#define SWERR_EC_MAP_L1_ISTE	0x00	/* L1_ISTE access for a map register */
#define SWERR_EC_L1_ISTE	0x01	/* L1_ISTE look-up */
#define SWERR_EC_L2_ISTE	0x02	/* L2_ISTE read or write */

#endif
