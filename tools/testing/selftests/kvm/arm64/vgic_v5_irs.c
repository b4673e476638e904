// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_v5_irs.c - The IRS that a GICv5 guest sees
 *
 * Each register: what it reads after reset, and what is left of a write of all
 * ones; then what belongs together: the selections of SPIs and PEs, and the
 * life of the LPI table, with values that make no sense among those that do.
 * Nothing that a guest writes may do more than be ignored.
 */

#include <linux/kernel.h>

#include <asm/kvm.h>

#include "arch_timer.h"
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "vgic_v5.h"

#define NR_VCPUS	2
#define NR_SPIS		64

/*
 * @reset: value after reset
 * @check: which bits of it are known
 * @writable: bits that a write changes
 * @known: which bits of that are known
 */
struct reg {
	u32 offset;
	u8 width;
	u64 reset;
	u64 check;
	u64 writable;
	u64 known;
	const char *name;
};

#define RO(name, reset)		__RO(name, reset, ~0U)
#define __RO(_name, _reset, _check)						\
	{ .offset = GICV5_IRS_ ## _name, .width = 4, .reset = _reset,		\
	  .check = _check, .known = ~0U, .name = #_name }
#define RAZ(name)		RO(name, 0)
#define RAZQ(_name)								\
	{ .offset = GICV5_IRS_ ## _name, .width = 8, .check = ~0ULL,		\
	  .known = ~0ULL, .name = #_name }
#define RW(_name, _reset, _check, _writable, _known)				\
	{ .offset = GICV5_IRS_ ## _name, .width = 4, .reset = _reset,		\
	  .check = _check, .writable = _writable, .known = _known, .name = #_name }
#define HOLE(_offset)								\
	{ .offset = _offset, .width = 4, .check = ~0U, .known = ~0U, .name = "reserved" }
#define HOLEQ(_offset)								\
	{ .offset = _offset, .width = 8, .check = ~0ULL, .known = ~0ULL, .name = "reserved" }

static const struct reg regs[] = {
	/* One IRS, Non-secure, nothing optional */
	__RO(IDR0,		GICV5_IRS_IDR0_INT_DOM_NS, ~(u32)GICV5_IRS_IDR0_PA_RANGE),
	__RO(IDR1,		NR_VCPUS, ~(u32)GICV5_IRS_IDR1_PRI_BITS),
	__RO(IDR2,		GICV5_IRS_IDR2_LPI,
	     ~(u32)(GICV5_IRS_IDR2_ID_BITS | GICV5_IRS_IDR2_MIN_LPI_ID_BITS)),
	RAZ(IDR3),
	RAZ(IDR4),
	RO(IDR5,		NR_SPIS),
	RO(IDR6,		NR_SPIS),
	RAZ(IDR7),
	RO(IIDR,		0x04b0043b),
	RO(AIDR,		0),

	RW(CR0,			GICV5_IRS_CR0_IDLE, ~0U, GICV5_IRS_CR0_IRSEN, ~0U),
	/* SH, OC, IC, IST_RA, IST_WA, VMT_RA, VPET_RA */
	RW(CR1,			0, ~0U, 0x5ff, ~0U),
	RAZ(SYNCR),
	RO(SYNC_STATUSR,	GICV5_IRS_STATUSR_IDLE),

	RAZQ(SPI_VMR),
	RW(SPI_SELR,		0xffffff, 0xffffff, 0xffffff, 0xffffff),
	RAZ(SPI_RESAMPLER),
	RW(PE_SELR,		0xffff, 0xffff, 0xffff, 0xffff),

	RO(IST_STATUSR,		GICV5_IRS_STATUSR_IDLE),
	RAZ(MAP_L2_ISTR),

	RAZQ(VMT_BASER),
	RAZ(VMT_CFGR),
	RAZ(VMT_STATUSR),
	RAZQ(VPE_SELR),
	RAZQ(VPE_DBR),
	RAZQ(VPE_HPPIR),
	RAZ(VPE_CR0),
	RAZ(VPE_STATUSR),
	RAZQ(VM_DBR),
	RAZ(VM_SELR),
	RAZ(VM_STATUSR),
	RAZQ(VMAP_L2_VMTR),
	RAZQ(VMAP_VMR),
	RAZQ(VMAP_VISTR),
	RAZQ(VMAP_L2_VISTR),
	RAZQ(VMAP_VPER),
	RAZQ(SAVE_VMR),
	RAZ(SAVE_VM_STATUSR),
	RAZ(MEC_IDR),
	RAZ(MEC_MECID_R),
	RAZ(MPAM_IDR),
	RAZ(MPAM_PARTID_R),
	RAZQ(SWERR_STATUSR),
	RAZQ(SWERR_SYNDROMER0),
	RAZQ(SWERR_SYNDROMER1),

	RO(DEVARCH,		0x47705a19),
	__RO(PIDR4,		0, 0),
	RO(CIDR0,		0x0d),
	{ GICV5_IRS_CIDR0 + 4, 4, 0xf0, ~0U, 0, ~0U, "CIDR1" },
	{ GICV5_IRS_CIDR0 + 8, 4, 0x05, ~0U, 0, ~0U, "CIDR2" },
	{ GICV5_IRS_CIDR0 + 12, 4, 0xb1, ~0U, 0, ~0U, "CIDR3" },

	/* The SETLPI frame */
	RAZ(SETLPIR),
	HOLE(0x10004),
	HOLEQ(0x10008),
	HOLE(0x1fffc),

	HOLE(0x20),
	HOLE(0x48),
	HOLE(0x88),
	HOLE(0xc8),
	HOLE(0x11c),
	HOLE(0x14c),
	HOLE(0x198),
	HOLE(0x400),
	HOLEQ(0x800),
	HOLE(0x1000),
	HOLEQ(0xf000),
	HOLE(0xff00),
};

static u64 read_reg(const struct reg *reg)
{
	return reg->width == 8 ? gicv5_irs_readq(reg->offset) : gicv5_irs_readl(reg->offset);
}

static void write_reg(const struct reg *reg, u64 val)
{
	if (reg->width == 8)
		gicv5_irs_writeq(val, reg->offset);
	else
		gicv5_irs_writel(val, reg->offset);
}

/* What a write of @val leaves */
static void check_write(const struct reg *reg, u64 reset, u64 val)
{
	u64 want, got;

	write_reg(reg, val);
	got = read_reg(reg);
	want = (val & reg->writable) | (reset & ~reg->writable);

	__GUEST_ASSERT((got & reg->known) == (want & reg->known),
		       "%s (0x%x): wrote 0x%lx, reads 0x%lx, want 0x%lx, bits 0x%lx",
		       reg->name, reg->offset, val, got, want, reg->known);
}

static void guest_registers(void)
{
	const struct reg *reg;
	u64 reset;
	int i;

	/* All resets before the first write */
	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		reg = &regs[i];
		reset = read_reg(reg);
		__GUEST_ASSERT((reset & reg->check) == (reg->reset & reg->check),
			       "%s (0x%x) reads 0x%lx, want 0x%lx, bits 0x%lx",
			       reg->name, reg->offset, reset, reg->reset, reg->check);
	}

	GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_IST_CFGR), 0);
	GUEST_ASSERT_EQ(gicv5_irs_readq(GICV5_IRS_IST_BASER), 0);

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		reg = &regs[i];
		reset = read_reg(reg);
		check_write(reg, reset, ~0ULL);
		check_write(reg, reset, 0x5a5a5a5a5a5a5a5aULL);
		check_write(reg, reset, 0);
	}

	/* Writing one has changed no other. */
	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		reg = &regs[i];
		reset = read_reg(reg);
		__GUEST_ASSERT((reset & reg->check & ~reg->writable) ==
			       (reg->reset & reg->check & ~reg->writable),
			       "%s (0x%x) reads 0x%lx in the end", reg->name, reg->offset,
			       reset);
	}
}

static void guest_id_values(void)
{
	u32 idr0 = gicv5_irs_readl(GICV5_IRS_IDR0);
	u32 idr1 = gicv5_irs_readl(GICV5_IRS_IDR1);
	u32 idr2 = gicv5_irs_readl(GICV5_IRS_IDR2);
	u32 pri_bits, id_bits, min_bits, prio;
	u64 icc, icsr;

	GUEST_ASSERT_EQ(FIELD_GET(GICV5_IRS_IDR0_PA_RANGE, idr0),
			FIELD_GET(ID_AA64MMFR0_EL1_PARANGE_MASK,
				  read_sysreg(id_aa64mmfr0_el1)));

	/* Ids 0 and 1: one bit. */
	GUEST_ASSERT_EQ(FIELD_GET(GICV5_IRS_IDR1_IAFFID_BITS, idr1), 0);

	pri_bits = FIELD_GET(GICV5_IRS_IDR1_PRI_BITS, idr1) + 1;
	GUEST_ASSERT(pri_bits >= 1 && pri_bits <= 5);

	/* These are the bits that an interrupt keeps of its priority. */
	for (prio = 0; prio < 32; prio++) {
		gicv5_irq_set_priority(GICV5_SPI(5), prio);
		icsr = gicv5_irq_get_config(GICV5_SPI(5));
		GUEST_ASSERT(!FIELD_GET(GICV5_ICSR_F, icsr));
		GUEST_ASSERT_EQ(FIELD_GET(GICV5_ICSR_PRIORITY, icsr),
				prio & ~((1 << (5 - pri_bits)) - 1));
	}

	id_bits = FIELD_GET(GICV5_IRS_IDR2_ID_BITS, idr2);
	min_bits = FIELD_GET(GICV5_IRS_IDR2_MIN_LPI_ID_BITS, idr2);
	GUEST_ASSERT(id_bits <= 16);
	GUEST_ASSERT(min_bits <= id_bits);

	icc = read_sysreg_s(SYS_ICC_IDR0_EL1);
	GUEST_ASSERT_EQ(FIELD_GET(ICC_IDR0_EL1_ID_BITS, icc), ICC_IDR0_EL1_ID_BITS_16BITS);
	GUEST_ASSERT_EQ(FIELD_GET(ICC_IDR0_EL1_PRI_BITS, icc), ICC_IDR0_EL1_PRI_BITS_5BITS);
	GUEST_ASSERT_EQ(FIELD_GET(ICC_IDR0_EL1_GCIE_LEGACY, icc), 0);
	GUEST_ASSERT_EQ(gicv5_cpu_iaffid(), guest_get_vcpuid());
}

/* Only whole registers can be accessed, or halves of those with 64 bits. */
static void guest_widths(void)
{
	void *base = GICV5_IRS_BASE_GVA;
	u32 cr1 = 0x5ff;

	GUEST_ASSERT_EQ(READ_ONCE(*(u8 *)(base + GICV5_IRS_IDR5)), 0);
	GUEST_ASSERT_EQ(READ_ONCE(*(u16 *)(base + GICV5_IRS_IDR5)), 0);
	GUEST_ASSERT_EQ(READ_ONCE(*(u8 *)(base + GICV5_IRS_IST_STATUSR)), 0);

	gicv5_irs_writel(cr1, GICV5_IRS_CR1);
	WRITE_ONCE(*(u8 *)(base + GICV5_IRS_CR1), 0);
	WRITE_ONCE(*(u16 *)(base + GICV5_IRS_CR1), 0);
	WRITE_ONCE(*(u8 *)(base + GICV5_IRS_CR1 + 1), 0);
	GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_CR1), cr1);

	/* CR0 and CR1 are two registers. */
	gicv5_irs_writeq(0, GICV5_IRS_CR0);
	GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_CR1), cr1);
	GUEST_ASSERT_EQ(gicv5_irs_readq(GICV5_IRS_IDR4), 0);

	gicv5_irs_writel(0, GICV5_IRS_CR1);
}

static void guest_irsen(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		gicv5_irs_set_enable(true);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_CR0),
				GICV5_IRS_CR0_IDLE | GICV5_IRS_CR0_IRSEN);
		gicv5_irs_writel(GICV5_IRS_CR0_IRSEN, GICV5_IRS_CR0);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_CR0),
				GICV5_IRS_CR0_IDLE | GICV5_IRS_CR0_IRSEN);
		gicv5_irs_set_enable(false);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_CR0), GICV5_IRS_CR0_IDLE);
	}
}

static void guest_spis(void)
{
	static const u32 bad[] = {
		NR_SPIS, NR_SPIS + 1, 127, 128, 1023, 1024, 0xffff, 0xffffff, 0x80000000,
		0xffffffff,
	};
	u64 icsr;
	u32 spi;
	int i;

	for (spi = 0; spi < NR_SPIS; spi++) {
		GUEST_ASSERT(gicv5_irs_select_spi(spi));
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_SPI_SELR), spi);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_SPI_STATUSR),
				GICV5_IRS_STATUSR_IDLE | GICV5_IRS_STATUSR_V);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_SPI_CFGR), 0);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_SPI_DOMAINR),
				GICV5_IRS_IDR0_INT_DOM_NS);
		GUEST_ASSERT_EQ(gicv5_irs_readq(GICV5_IRS_SPI_VMR), 0);

		/* A pattern, to be seen below */
		gicv5_irs_writel(spi % 3 ? 0xffffffff : 0, GICV5_IRS_SPI_CFGR);
		gicv5_irs_writel(2, GICV5_IRS_SPI_DOMAINR);
		gicv5_irs_writel(spi, GICV5_IRS_SPI_RESAMPLER);
		gicv5_irs_writeq(~0ULL, GICV5_IRS_SPI_VMR);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_SPI_STATUSR),
				GICV5_IRS_STATUSR_IDLE | GICV5_IRS_STATUSR_V);
	}

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		/* Above bit 23 there is nothing to select with. */
		if (bad[i] & ~GENMASK(23, 0)) {
			gicv5_irs_writel(bad[i], GICV5_IRS_SPI_SELR);
		} else {
			GUEST_ASSERT(!gicv5_irs_select_spi(bad[i]));
			GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_SPI_STATUSR),
					GICV5_IRS_STATUSR_IDLE);
			GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_SPI_CFGR), 0);
		}
		gicv5_irs_writel(1, GICV5_IRS_SPI_CFGR);
		gicv5_irs_writel(bad[i], GICV5_IRS_SPI_RESAMPLER);
	}

	for (spi = 0; spi < NR_SPIS; spi++) {
		/* 0x80000000 may have selected SPI 0. */
		if (!spi)
			continue;
		GUEST_ASSERT(gicv5_irs_select_spi(spi));
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_SPI_CFGR), !!(spi % 3));
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_SPI_DOMAINR),
				GICV5_IRS_IDR0_INT_DOM_NS);

		/* The trigger mode is what the handling mode follows. */
		GUEST_ASSERT_EQ(FIELD_GET(GICV5_ICSR_HM,
					  gicv5_irq_get_config(GICV5_SPI(spi))),
				!!(spi % 3));
	}

	for (spi = 0; spi < NR_SPIS; spi++) {
		gicv5_irs_set_spi_level(spi, false);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_SPI_CFGR), 0);
		GUEST_ASSERT_EQ(FIELD_GET(GICV5_ICSR_HM,
					  gicv5_irq_get_config(GICV5_SPI(spi))), 0);
	}

	/* An IRS may want a larger table than there are SPIs, but not that large. */
	icsr = gicv5_irq_get_config(GICV5_SPI(1 << 14));
	GUEST_ASSERT(FIELD_GET(GICV5_ICSR_F, icsr));
	icsr = gicv5_irq_get_config(GICV5_SPI(0xffffff));
	GUEST_ASSERT(FIELD_GET(GICV5_ICSR_F, icsr));
}

static void guest_pes(void)
{
	static const u32 bad[] = { NR_VCPUS, NR_VCPUS + 1, 511, 512, 0x8000, 0xffff };
	u32 pe;
	int i;

	for (pe = 0; pe < NR_VCPUS; pe++) {
		GUEST_ASSERT_EQ(gicv5_irs_select_pe(pe),
				GICV5_IRS_STATUSR_IDLE | GICV5_IRS_STATUSR_V |
				GICV5_IRS_PE_STATUSR_ONLINE);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_PE_SELR), pe);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_PE_CR0), GICV5_IRS_PE_CR0_DPS);
		gicv5_irs_writel(0, GICV5_IRS_PE_CR0);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_PE_CR0), GICV5_IRS_PE_CR0_DPS);
		gicv5_irs_writel(~0U, GICV5_IRS_PE_CR0);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_PE_CR0), GICV5_IRS_PE_CR0_DPS);
	}

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		GUEST_ASSERT_EQ(gicv5_irs_select_pe(bad[i]), GICV5_IRS_STATUSR_IDLE);
		gicv5_irs_writel(0, GICV5_IRS_PE_CR0);
	}
}

static bool lpi_exists(u32 lpi)
{
	return !FIELD_GET(GICV5_ICSR_F, gicv5_irq_get_config(GICV5_LPI(lpi)));
}

/* Only as many LPIs as there are, and none without a table */
static void check_lpis(unsigned int id_bits)
{
	GUEST_ASSERT_EQ(lpi_exists(0), id_bits > 0);
	GUEST_ASSERT_EQ(lpi_exists((1U << id_bits) - 1), id_bits > 0);
	GUEST_ASSERT(!lpi_exists(1U << id_bits));
	GUEST_ASSERT(!lpi_exists(0xffffff));
}

#define ADDR		0x40000000ULL
#define VALID		GICV5_IRS_IST_BASER_VALID
#define ID_BITS(n)	FIELD_PREP(GICV5_IRS_IST_CFGR_LPI_ID_BITS, n)

static void guest_ist(void)
{
	static const u64 addrs[] = {
		0, 64, ADDR, ADDR + 64, 0x0000ffffffffffc0ULL, 0x00ffffffffffffc0ULL,
		0xffffffffffffffffULL,
	};
	u32 idr2 = gicv5_irs_readl(GICV5_IRS_IDR2);
	u32 max_bits = FIELD_GET(GICV5_IRS_IDR2_ID_BITS, idr2);
	u32 min_bits = FIELD_GET(GICV5_IRS_IDR2_MIN_LPI_ID_BITS, idr2);
	u32 bits, cfgr, bad[40];
	int i, nr = 0;

	check_lpis(0);

	/* Every size there is, and away again */
	for (bits = min_bits; bits <= max_bits; bits++) {
		GUEST_ASSERT(gicv5_irs_enable_ist(ADDR, bits));
		GUEST_ASSERT_EQ(gicv5_irs_readq(GICV5_IRS_IST_BASER), ADDR | VALID);
		check_lpis(bits);
		gicv5_irs_disable_ist();
		check_lpis(0);
	}

	/* What a linear table with entries of 4 bytes must not be */
	for (bits = 0; bits < 32; bits++)
		if (bits < min_bits || bits > max_bits)
			bad[nr++] = ID_BITS(bits);
	for (i = 1; i <= 3; i++)
		bad[nr++] = ID_BITS(max_bits) | FIELD_PREP(GICV5_IRS_IST_CFGR_ISTSZ, i);
	bad[nr++] = ID_BITS(max_bits) | GICV5_IRS_IST_CFGR_STRUCTURE;
	bad[nr++] = ~0U;
	GUEST_ASSERT(nr <= ARRAY_SIZE(bad));

	for (i = 0; i < nr; i++) {
		gicv5_irs_writel(bad[i], GICV5_IRS_IST_CFGR);
		gicv5_irs_writeq(ADDR | VALID, GICV5_IRS_IST_BASER);
		__GUEST_ASSERT(!(gicv5_irs_readq(GICV5_IRS_IST_BASER) & VALID),
			       "IST_CFGR 0x%x was accepted", bad[i]);
		GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_IST_STATUSR),
				GICV5_IRS_STATUSR_IDLE);
		GUEST_ASSERT(!lpi_exists(0));
	}

	/* The guest's memory is not used, so any address will do. */
	for (i = 0; i < ARRAY_SIZE(addrs); i++) {
		gicv5_irs_writel(ID_BITS(min_bits), GICV5_IRS_IST_CFGR);
		gicv5_irs_writeq(addrs[i] | VALID, GICV5_IRS_IST_BASER);
		GUEST_ASSERT_EQ(gicv5_irs_readq(GICV5_IRS_IST_BASER),
				(addrs[i] & GICV5_IRS_IST_BASER_ADDR) | VALID);
		check_lpis(min_bits);
		gicv5_irs_disable_ist();
	}

	/* IST_CFGR keeps its fields, until the table is valid. */
	cfgr = ID_BITS(min_bits);
	gicv5_irs_writel(cfgr, GICV5_IRS_IST_CFGR);
	GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_IST_CFGR), cfgr);
	gicv5_irs_writeq(ADDR | VALID, GICV5_IRS_IST_BASER);
	gicv5_irs_writel(ID_BITS(max_bits), GICV5_IRS_IST_CFGR);
	GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_IST_CFGR), cfgr);
	gicv5_irs_writel(0, GICV5_IRS_IST_CFGR);
	GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_IST_CFGR), cfgr);

	/* Valid to valid: nothing. Its LPIs keep what they have. */
	gicv5_irq_set_priority(GICV5_LPI(7), 0x18);
	gicv5_irs_writeq((ADDR << 1) | VALID, GICV5_IRS_IST_BASER);
	GUEST_ASSERT_EQ(gicv5_irs_readq(GICV5_IRS_IST_BASER), ADDR | VALID);
	gicv5_irs_writel(0, GICV5_IRS_IST_BASER + 4);
	gicv5_irs_writel(0xffffffff, GICV5_IRS_IST_BASER + 4);
	GUEST_ASSERT_EQ(gicv5_irs_readq(GICV5_IRS_IST_BASER), ADDR | VALID);
	GUEST_ASSERT_EQ(FIELD_GET(GICV5_ICSR_PRIORITY,
				  gicv5_irq_get_config(GICV5_LPI(7))), 0x18);

	/* Invalid is one bit, and the next table is a new one. */
	gicv5_irs_writel(0, GICV5_IRS_IST_BASER);
	GUEST_ASSERT(!(gicv5_irs_readq(GICV5_IRS_IST_BASER) & VALID));
	check_lpis(0);
	GUEST_ASSERT(gicv5_irs_enable_ist(ADDR, min_bits));
	GUEST_ASSERT_EQ(gicv5_irq_get_config(GICV5_LPI(7)), 0);
	gicv5_irs_disable_ist();
	gicv5_irs_disable_ist();

	/* In halves: that with VALID acts. */
	gicv5_irs_writel(ID_BITS(max_bits), GICV5_IRS_IST_CFGR);
	gicv5_irs_writel(0x12, GICV5_IRS_IST_BASER + 4);
	GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_IST_BASER + 4), 0x12);
	check_lpis(0);
	gicv5_irs_writel(0x80000000 | VALID, GICV5_IRS_IST_BASER);
	GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_IST_BASER), 0x80000000 | VALID);
	GUEST_ASSERT_EQ(gicv5_irs_readl(GICV5_IRS_IST_BASER + 4), 0x12);
	GUEST_ASSERT_EQ(gicv5_irs_readq(GICV5_IRS_IST_BASER), 0x1280000000ULL | VALID);
	check_lpis(max_bits);
	gicv5_irs_writel(0, GICV5_IRS_IST_BASER);
	check_lpis(0);

	/* Nothing piles up. */
	for (i = 0; i < 50; i++) {
		GUEST_ASSERT(gicv5_irs_enable_ist(ADDR, max_bits));
		gicv5_irs_disable_ist();
	}
}

/* The SETLPI frame is not there. */
static void guest_setlpi(void)
{
	u32 bits = FIELD_GET(GICV5_IRS_IDR2_ID_BITS, gicv5_irs_readl(GICV5_IRS_IDR2));

	GUEST_ASSERT(gicv5_irs_enable_ist(ADDR, bits));
	gicv5_irs_writel(9, GICV5_IRS_SETLPIR);
	GUEST_ASSERT_EQ(gicv5_irq_get_config(GICV5_LPI(9)), 0);
	gicv5_irs_disable_ist();
}

static void guest_code(void)
{
	guest_id_values();
	GUEST_SYNC(1);
	guest_registers();
	GUEST_SYNC(2);
	guest_widths();
	guest_irsen();
	GUEST_SYNC(3);
	guest_spis();
	guest_pes();
	GUEST_SYNC(4);
	guest_ist();
	guest_setlpi();
	GUEST_DONE();
}

/*
 * Two vCPUs write what comes to their mind. There is only one right outcome:
 * that all goes on, and the kernel has no complaint.
 */
static u32 fuzz_seed;
static u32 fuzz_writes;

static u32 guest_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8 | *state << 24;
}

static void guest_fuzz(void)
{
	static const u32 hot[] = {
		GICV5_IRS_CR0, GICV5_IRS_CR1, GICV5_IRS_SPI_SELR, GICV5_IRS_SPI_CFGR,
		GICV5_IRS_PE_SELR, GICV5_IRS_IST_CFGR, GICV5_IRS_IST_BASER,
		GICV5_IRS_IST_BASER + 4, GICV5_IRS_IST_BASER,
	};
	u32 state = fuzz_seed + guest_get_vcpuid();
	u32 i, offset, val;

	for (i = 0; i < fuzz_writes; i++) {
		val = guest_random(&state);
		if (val & 0x300)
			offset = hot[guest_random(&state) % ARRAY_SIZE(hot)];
		else
			offset = guest_random(&state) % KVM_VGIC_V5_IRS_SIZE & ~3;

		if (val & 0x400)
			val = guest_random(&state);
		else
			val = guest_random(&state) % 0x40;

		switch (guest_random(&state) % 8) {
		case 0:
			gicv5_irs_readl(offset);
			break;
		case 1:
			gicv5_irs_readq(offset & ~7);
			break;
		case 2:
		case 3:
			gicv5_irs_writeq((u64)guest_random(&state) << 32 | val, offset & ~7);
			break;
		case 4:
			gic_insn((u64)guest_random(&state) << 32 | val << 29 | val % 70,
				 CDPEND);
			break;
		default:
			gicv5_irs_writel(val, offset);
			break;
		}
	}

	GUEST_DONE();
}

/* Afterwards the IRS works as if nothing had been. */
static void guest_after_fuzz(void)
{
	u32 bits = FIELD_GET(GICV5_IRS_IDR2_ID_BITS, gicv5_irs_readl(GICV5_IRS_IDR2));

	gicv5_irs_set_enable(true);
	gicv5_irs_set_spi_level(3, false);
	gicv5_irs_disable_ist();
	GUEST_ASSERT(gicv5_irs_enable_ist(ADDR, bits));
	check_lpis(bits);
	GUEST_DONE();
}

static void run_one(struct kvm_vcpu *vcpu)
{
	struct vcpu_thread thread;

	vcpu_thread_start(&thread, vcpu, NULL);
	vcpu_thread_join(&thread);
}

static void test_registers(void)
{
	struct kvm_vcpu *vcpus[NR_VCPUS];
	struct kvm_vm *vm;

	vm = vgic_v5_create_vm(NR_VCPUS, NULL, NR_SPIS, guest_code, vcpus);
	run_one(vcpus[0]);
	kvm_vm_free(vm);
}

static void test_fuzz(u32 seed, u32 writes)
{
	struct vcpu_thread threads[NR_VCPUS];
	struct kvm_vcpu *vcpus[NR_VCPUS];
	struct kvm_vm *vm;
	int i;

	pr_info("Fuzzing, %u accesses per vCPU; to repeat: -s %u -i %u\n", writes, seed,
		writes);

	vm = vgic_v5_create_vm(NR_VCPUS, NULL, NR_SPIS, guest_fuzz, vcpus);
	write_guest_global(vm, fuzz_seed, seed);
	write_guest_global(vm, fuzz_writes, writes);

	for (i = 0; i < NR_VCPUS; i++)
		vcpu_thread_start(&threads[i], vcpus[i], NULL);
	for (i = 0; i < NR_VCPUS; i++)
		vcpu_thread_join(&threads[i]);

	vcpu_arch_set_entry_point(vcpus[1], guest_after_fuzz);
	run_one(vcpus[1]);
	kvm_vm_free(vm);
}

static void help(const char *name)
{
	pr_info("Usage: %s [-i accesses] [-s seed]\n", name);
	pr_info(" -i: random accesses per vCPU (default: 3000)\n");
	pr_info(" -s: seed of their choice (default: random)\n");
}

int main(int argc, char **argv)
{
	u32 writes = 3000, seed = 0;
	bool seeded = false;
	int opt;

	while ((opt = getopt(argc, argv, "hi:s:")) != -1) {
		switch (opt) {
		case 'i':
			writes = atoi_positive("Number of accesses", optarg);
			break;
		case 's':
			seed = strtoul(optarg, NULL, 0);
			seeded = true;
			break;
		case 'h':
		default:
			help(argv[0]);
			return opt == 'h' ? 0 : 1;
		}
	}

	test_disable_default_vgic();
	__TEST_REQUIRE(kvm_supports_vgic_v5(), "No GICv5 for guests");
	if (!seeded)
		seed = kvm_random_u32(&kvm_rng);

	test_registers();
	test_fuzz(seed, writes);

	return 0;
}
