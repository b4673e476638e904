// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System registers and instructions as rows: encoding, direction, trap bit,
 * read, write. Three things are kept apart: permission (gicv5_sysreg_access()),
 * value (read functions; only GICR CDIA and CDNMIA have side effects) and effect
 * (write functions, which make the value legal).
 *
 * One function serves ICC_x_EL1, ICV_x_EL1 and ICH_x_EL2: they name the same
 * register of the physical or virtual domain (access.dom).
 */
#include "internal.h"

struct access {
	struct gicv5 *g;
	struct pe *pe;
	const struct gicv5_cpu_ctx *ctx;
	unsigned int dom;
	unsigned int index;	/* of registers that come in numbers */
};

typedef uint64_t read_fn(const struct access *a);
typedef void write_fn(const struct access *a, uint64_t val);

static struct cpu_domain *domain(const struct access *a)
{
	return &a->pe->dom[a->dom];
}

static uint64_t ppi_mask(const struct access *a)
{
	return a->g->cfg.ppi[a->index];
}

static void changed(const struct access *a)
{
	pe_dirty(a->g, a->pe->id);
}

/* Priority bits that the CPU interface has, as a mask. */
static unsigned int prio_mask(const struct gicv5 *g)
{
	return g->cfg.icc_pri_bits == 4 ? 0x1e : 0x1f;
}

/* --- identification ------------------------------------------------------ */

static uint64_t rd_idr0(const struct access *a)
{
	return FIELD_PREP(ICC_IDR0_ID_BITS, a->g->cfg.icc_id_bits == 24) |
	       FIELD_PREP(ICC_IDR0_PRI_BITS, a->g->cfg.icc_pri_bits - 1);
}

static uint64_t rd_iaffidr(const struct access *a)
{
	return a->pe->id;
}

/* ICC_SRE_ELx: all bits RAO/WI [R_SLVXV, R_MCTMX]. */
static uint64_t rd_sre(const struct access *a)
{
	return a->index == 2 ? 0xf : 0x7;
}

/* --- control and priority ------------------------------------------------ */

static uint64_t rd_cr0(const struct access *a)
{
	return CHOICE_LINK | (domain(a)->en ? ICC_CR0_EN : 0);
}

static void wr_cr0(const struct access *a, uint64_t val)
{
	domain(a)->en = val & ICC_CR0_EN;
	changed(a);
}

static uint64_t rd_pcr(const struct access *a)
{
	return domain(a)->pcr;
}

static void wr_pcr(const struct access *a, uint64_t val)
{
	domain(a)->pcr = val & ICC_PCR_PRIORITY & prio_mask(a->g);
	changed(a);
}

static uint64_t rd_apr(const struct access *a)
{
	return domain(a)->apr;
}

static void wr_apr(const struct access *a, uint64_t val)
{
	domain(a)->apr = (uint32_t)val & (a->g->cfg.icc_pri_bits == 4 ? 0x55555555 : ~0u);
	changed(a);
}

static uint64_t rd_hppir(const struct access *a)
{
	struct hppi hppi = cpuif_hppi(a->g, a->pe, a->dom);

	return hppi.valid ? HPPIR_HPPIV | hppi.intid : 0;
}

/* Not banked: host and guest share it. */
static uint64_t rd_icsr(const struct access *a)
{
	return a->pe->icsr;
}

static void wr_icsr(const struct access *a, uint64_t val)
{
	a->pe->icsr = val & (ICSR_F | ICSR_ENABLED | ICSR_PENDING | ICSR_IRM | ICSR_ACTIVE |
			     ICSR_HM | ICSR_PRIORITY | ICSR_IAFFID);
}

/* --- PPIs ---------------------------------------------------------------- */

static uint64_t rd_hmr(const struct access *a)
{
	return ppi_level_mask(a->index) & ppi_mask(a);
}

/* Strict mode: with direct injection a PPI belongs to the guest alone. */
static void check_injection(const struct access *a)
{
	uint64_t both = a->pe->dom[DOM_PHYS].enable[a->index] & a->pe->dvir[a->index];

	if (both)
		strict(a->g, 39, "PE %u: PPIs %u+%016llx enabled and injected directly", a->pe->id,
		       64 * a->index, (unsigned long long)both);
}

static uint64_t rd_enabler(const struct access *a)
{
	return domain(a)->enable[a->index];
}

static void wr_enabler(const struct access *a, uint64_t val)
{
	domain(a)->enable[a->index] = val & ppi_mask(a);
	check_injection(a);
	changed(a);
}

static uint64_t rd_active(const struct access *a)
{
	return domain(a)->active[a->index];
}

static void wr_active(const struct access *a, uint64_t val)
{
	domain(a)->active[a->index] = val & ppi_mask(a);
	changed(a);
}

static void wr_sactiver(const struct access *a, uint64_t val)
{
	wr_active(a, rd_active(a) | val);
}

static void wr_cactiver(const struct access *a, uint64_t val)
{
	wr_active(a, rd_active(a) & ~val);
}

static uint64_t rd_pend(const struct access *a)
{
	return ppi_pending(a->g, a->pe, a->dom, a->index);
}

static void wr_spendr(const struct access *a, uint64_t val)
{
	ppi_set_latch(a->g, a->pe, a->dom, a->index, val, true);
}

static void wr_cpendr(const struct access *a, uint64_t val)
{
	ppi_set_latch(a->g, a->pe, a->dom, a->index, val, false);
}

/* ICH_PPI_PENDR: the plain bits, whatever HM and DVIR say. */
static uint64_t rd_pendr(const struct access *a)
{
	return domain(a)->pend[a->index];
}

static void wr_pendr(const struct access *a, uint64_t val)
{
	if (val & a->pe->dvir[a->index])
		strict(a->g, 40, "PE %u: ICH_PPI_PENDR set for PPIs with direct injection",
		       a->pe->id);
	domain(a)->pend[a->index] = val & ppi_mask(a);
	changed(a);
}

static uint64_t rd_priorityr(const struct access *a)
{
	uint64_t val = 0;

	for (unsigned int i = 0; i < 8; i++)
		val |= (uint64_t)domain(a)->prio[8 * a->index + i] << 8 * i;
	return val;
}

static void wr_priorityr(const struct access *a, uint64_t val)
{
	for (unsigned int i = 0; i < 8; i++) {
		unsigned int ppi = 8 * a->index + i;

		if (a->g->cfg.ppi[ppi / 64] & BIT(ppi % 64))
			domain(a)->prio[ppi] = val >> 8 * i & prio_mask(a->g);
	}
	changed(a);
}

/* --- EL2 ----------------------------------------------------------------- */

static uint64_t rd_hfgrtr(const struct access *a)
{
	return a->pe->hfgrtr | ICH_HFGRTR_RES1;
}

static void wr_hfgrtr(const struct access *a, uint64_t val)
{
	a->pe->hfgrtr = val & ICH_HFGRTR_BITS;
}

static uint64_t rd_hfgwtr(const struct access *a)
{
	return a->pe->hfgwtr;
}

static void wr_hfgwtr(const struct access *a, uint64_t val)
{
	a->pe->hfgwtr = val & ICH_HFGWTR_BITS;
}

static uint64_t rd_hfgitr(const struct access *a)
{
	return a->pe->hfgitr;
}

static void wr_hfgitr(const struct access *a, uint64_t val)
{
	a->pe->hfgitr = val & ICH_HFGITR_BITS;
}

static uint64_t rd_dvir(const struct access *a)
{
	return a->pe->dvir[a->index];
}

static void wr_dvir(const struct access *a, uint64_t val)
{
	a->pe->dvir[a->index] = val & ppi_mask(a);
	check_injection(a);
	changed(a);
}

/* V3 is RES0 without FEAT_GCIE_LEGACY. */
static uint64_t rd_vctlr(const struct access *a)
{
	return a->pe->vctlr;
}

static void wr_vctlr(const struct access *a, uint64_t val)
{
	a->pe->vctlr = val & ICH_VCTLR_EN;
	changed(a);
}

static uint64_t rd_contextr(const struct access *a)
{
	return a->pe->contextr;
}

static void wr_contextr(const struct access *a, uint64_t val)
{
	context_write(a->g, a->pe, val);
}

/* The same bits as ICV_CR0_EL1.EN and ICV_PCR_EL1. */
static uint64_t rd_vmcr(const struct access *a)
{
	return FIELD_PREP(ICH_VMCR_VPMR, domain(a)->pcr) |
	       (domain(a)->en ? ICH_VMCR_EN : 0);
}

static void wr_vmcr(const struct access *a, uint64_t val)
{
	domain(a)->pcr = FIELD_GET(ICH_VMCR_VPMR, val) & prio_mask(a->g);
	domain(a)->en = val & ICH_VMCR_EN;
	changed(a);
}

/* --- instructions -------------------------------------------------------- */

static uint64_t rd_cdia(const struct access *a)
{
	return cpuif_acknowledge(a->g, a->pe, a->dom, false, a->ctx->nmi);
}

static uint64_t rd_cdnmia(const struct access *a)
{
	return cpuif_acknowledge(a->g, a->pe, a->dom, true, a->ctx->nmi);
}

#define WRITE_INSN(name)							\
	static void wr_##name(const struct access *a, uint64_t val)	\
	{								\
		insn_##name(a->g, a->pe, a->dom, val);			\
	}
WRITE_INSN(enable)
WRITE_INSN(disable)
WRITE_INSN(priority)
WRITE_INSN(affinity)
WRITE_INSN(cdpend)
WRITE_INSN(vdpend)
WRITE_INSN(rcfg)
WRITE_INSN(deactivate)
WRITE_INSN(vddi)
WRITE_INSN(hm)
WRITE_INSN(eoi)

/* --- the table ----------------------------------------------------------- */

#define R	GICV5_SR_R
#define W	GICV5_SR_W
#define RW	(GICV5_SR_R | GICV5_SR_W)
#define H	(GICV5_SR_EL2 | GICV5_SR_NEEDS_EL2)
#define IW	(GICV5_SR_INSN | GICV5_SR_W)
#define IR	(GICV5_SR_INSN | GICV5_SR_R)
#define NOFGT	255

/* Read and write functions of a row without one. */
#define rd_none	NULL
#define wr_none	NULL

/* op0, op1, CRm, op2, name, flags, VNCR offset, trap bit, index, read, write */
#define ROWS(X)									\
	X(3, 0, 10, 0, "ICC_PPI_HMR0_EL1", R, 0, 16, 0, rd_hmr, wr_none)		\
	X(3, 0, 10, 1, "ICC_PPI_HMR1_EL1", R, 0, 16, 1, rd_hmr, wr_none)		\
	X(3, 0, 10, 2, "ICC_IDR0_EL1", R, 0, 1, 0, rd_idr0, wr_none)			\
	X(3, 0, 10, 3, "ICC_HPPIR_EL1", R, 0, 4, 0, rd_hppir, wr_none)			\
	X(3, 0, 10, 4, "ICC_ICSR_EL1", RW, 0, 6, 0, rd_icsr, wr_icsr)			\
	X(3, 0, 10, 5, "ICC_IAFFIDR_EL1", R, 0, 7, 0, rd_iaffidr, wr_none)		\
	X(3, 0, 10, 6, "ICC_PPI_ENABLER0_EL1", RW, 0, 17, 0, rd_enabler, wr_enabler)	\
	X(3, 0, 10, 7, "ICC_PPI_ENABLER1_EL1", RW, 0, 17, 1, rd_enabler, wr_enabler)	\
	X(3, 0, 12, 5, "ICC_SRE_EL1", RW | GICV5_SR_NEEDS_EL2, 0, NOFGT, 1, rd_sre, wr_none) \
	X(3, 0, 13, 0, "ICC_PPI_CACTIVER0_EL1", RW, 0, 20, 0, rd_active, wr_cactiver)	\
	X(3, 0, 13, 1, "ICC_PPI_CACTIVER1_EL1", RW, 0, 20, 1, rd_active, wr_cactiver)	\
	X(3, 0, 13, 2, "ICC_PPI_SACTIVER0_EL1", RW, 0, 20, 0, rd_active, wr_sactiver)	\
	X(3, 0, 13, 3, "ICC_PPI_SACTIVER1_EL1", RW, 0, 20, 1, rd_active, wr_sactiver)	\
	X(3, 0, 13, 4, "ICC_PPI_CPENDR0_EL1", RW, 0, 18, 0, rd_pend, wr_cpendr)		\
	X(3, 0, 13, 5, "ICC_PPI_CPENDR1_EL1", RW, 0, 18, 1, rd_pend, wr_cpendr)		\
	X(3, 0, 13, 6, "ICC_PPI_SPENDR0_EL1", RW, 0, 18, 0, rd_pend, wr_spendr)		\
	X(3, 0, 13, 7, "ICC_PPI_SPENDR1_EL1", RW, 0, 18, 1, rd_pend, wr_spendr)		\
	ICC_PRIORITYR_ROWS(X)								\
	X(3, 1, 0, 0, "ICC_APR_EL1", RW, 0, 0, 0, rd_apr, wr_apr)			\
	X(3, 1, 0, 1, "ICC_CR0_EL1", RW, 0, 2, 0, rd_cr0, wr_cr0)			\
	X(3, 1, 0, 2, "ICC_PCR_EL1", RW, 0, 5, 0, rd_pcr, wr_pcr)			\
	X(3, 4, 8, 4, "ICH_APR_EL2", RW | H, 0xb00, NOFGT, 0, rd_apr, wr_apr)		\
	X(3, 4, 8, 5, "ICH_HPPIR_EL2", R | H, 0, NOFGT, 0, rd_hppir, wr_none)		\
	X(3, 4, 9, 4, "ICH_HFGRTR_EL2", RW | H, 0xb18, NOFGT, 0, rd_hfgrtr, wr_hfgrtr)	\
	X(3, 4, 9, 5, "ICC_SRE_EL2", RW | H, 0, NOFGT, 2, rd_sre, wr_none)		\
	X(3, 4, 9, 6, "ICH_HFGWTR_EL2", RW | H, 0xb20, NOFGT, 0, rd_hfgwtr, wr_hfgwtr)	\
	X(3, 4, 9, 7, "ICH_HFGITR_EL2", RW | H, 0xb10, NOFGT, 0, rd_hfgitr, wr_hfgitr)	\
	X(3, 4, 10, 0, "ICH_PPI_DVIR0_EL2", RW | H, 0xb40, NOFGT, 0, rd_dvir, wr_dvir)	\
	X(3, 4, 10, 1, "ICH_PPI_DVIR1_EL2", RW | H, 0xb48, NOFGT, 1, rd_dvir, wr_dvir)	\
	X(3, 4, 10, 2, "ICH_PPI_ENABLER0_EL2", RW | H, 0xb50, NOFGT, 0, rd_enabler, wr_enabler) \
	X(3, 4, 10, 3, "ICH_PPI_ENABLER1_EL2", RW | H, 0xb58, NOFGT, 1, rd_enabler, wr_enabler) \
	X(3, 4, 10, 4, "ICH_PPI_PENDR0_EL2", RW | H, 0xb60, NOFGT, 0, rd_pendr, wr_pendr) \
	X(3, 4, 10, 5, "ICH_PPI_PENDR1_EL2", RW | H, 0xb68, NOFGT, 1, rd_pendr, wr_pendr) \
	X(3, 4, 10, 6, "ICH_PPI_ACTIVER0_EL2", RW | H, 0xb30, NOFGT, 0, rd_active, wr_active) \
	X(3, 4, 10, 7, "ICH_PPI_ACTIVER1_EL2", RW | H, 0xb38, NOFGT, 1, rd_active, wr_active) \
	X(3, 4, 11, 4, "ICH_VCTLR_EL2", RW | H, 0xb28, NOFGT, 0, rd_vctlr, wr_vctlr)	\
	X(3, 4, 11, 6, "ICH_CONTEXTR_EL2", RW | H, 0xb08, NOFGT, 0, rd_contextr, wr_contextr) \
	X(3, 4, 11, 7, "ICH_VMCR_EL2", RW | H, 0x4c8, NOFGT, 0, rd_vmcr, wr_vmcr)	\
	ICH_PRIORITYR_ROWS(X)								\
	X(1, 0, 0, 0, "GSB_SYS", IW | GICV5_SR_NOP, 0, NOFGT, 0, rd_none, wr_none)	\
	X(1, 0, 0, 1, "GSB_ACK", IW | GICV5_SR_NOP, 0, NOFGT, 0, rd_none, wr_none)	\
	X(1, 0, 1, 0, "GIC_CDDIS", IW, 0, 1, 0, rd_none, wr_disable)			\
	X(1, 0, 1, 1, "GIC_CDEN", IW, 0, 0, 0, rd_none, wr_enable)			\
	X(1, 0, 1, 2, "GIC_CDPRI", IW, 0, 2, 0, rd_none, wr_priority)			\
	X(1, 0, 1, 3, "GIC_CDAFF", IW, 0, 3, 0, rd_none, wr_affinity)			\
	X(1, 0, 1, 4, "GIC_CDPEND", IW, 0, 4, 0, rd_none, wr_cdpend)			\
	X(1, 0, 1, 5, "GIC_CDRCFG", IW, 0, 5, 0, rd_none, wr_rcfg)			\
	X(1, 0, 1, 7, "GIC_CDEOI", IW, 0, 7, 0, rd_none, wr_eoi)			\
	X(1, 0, 2, 0, "GIC_CDDI", IW, 0, 8, 0, rd_none, wr_deactivate)			\
	X(1, 0, 2, 1, "GIC_CDHM", IW, 0, 6, 0, rd_none, wr_hm)				\
	X(1, 0, 3, 0, "GICR_CDIA", IR, 0, 9, 0, rd_cdia, wr_none)			\
	X(1, 0, 3, 1, "GICR_CDNMIA", IR, 0, 10, 0, rd_cdnmia, wr_none)			\
	X(1, 4, 1, 0, "GIC_VDDIS", IW | H, 0, NOFGT, 0, rd_none, wr_disable)		\
	X(1, 4, 1, 1, "GIC_VDEN", IW | H, 0, NOFGT, 0, rd_none, wr_enable)		\
	X(1, 4, 1, 2, "GIC_VDPRI", IW | H, 0, NOFGT, 0, rd_none, wr_priority)		\
	X(1, 4, 1, 3, "GIC_VDAFF", IW | H, 0, NOFGT, 0, rd_none, wr_affinity)		\
	X(1, 4, 1, 4, "GIC_VDPEND", IW | H, 0, NOFGT, 0, rd_none, wr_vdpend)		\
	X(1, 4, 1, 5, "GIC_VDRCFG", IW | H, 0, NOFGT, 0, rd_none, wr_rcfg)		\
	X(1, 4, 2, 0, "GIC_VDDI", IW | H, 0, NOFGT, 0, rd_none, wr_vddi)		\
	X(1, 4, 2, 1, "GIC_VDHM", IW | H, 0, NOFGT, 0, rd_none, wr_hm)

#define ICC_P(X, crm, op2, n)							\
	X(3, 0, crm, op2, "ICC_PPI_PRIORITYR" #n "_EL1", RW, 0, 19, n,		\
	  rd_priorityr, wr_priorityr)
#define ICC_PRIORITYR_ROWS(X)							\
	ICC_P(X, 14, 0, 0) ICC_P(X, 14, 1, 1) ICC_P(X, 14, 2, 2) ICC_P(X, 14, 3, 3) \
	ICC_P(X, 14, 4, 4) ICC_P(X, 14, 5, 5) ICC_P(X, 14, 6, 6) ICC_P(X, 14, 7, 7) \
	ICC_P(X, 15, 0, 8) ICC_P(X, 15, 1, 9) ICC_P(X, 15, 2, 10) ICC_P(X, 15, 3, 11) \
	ICC_P(X, 15, 4, 12) ICC_P(X, 15, 5, 13) ICC_P(X, 15, 6, 14) ICC_P(X, 15, 7, 15)
#define ICH_P(X, crm, op2, n)							\
	X(3, 4, crm, op2, "ICH_PPI_PRIORITYR" #n "_EL2", RW | H, 0xb80 + 8 * (n), \
	  NOFGT, n, rd_priorityr, wr_priorityr)
#define ICH_PRIORITYR_ROWS(X)							\
	ICH_P(X, 14, 0, 0) ICH_P(X, 14, 1, 1) ICH_P(X, 14, 2, 2) ICH_P(X, 14, 3, 3) \
	ICH_P(X, 14, 4, 4) ICH_P(X, 14, 5, 5) ICH_P(X, 14, 6, 6) ICH_P(X, 14, 7, 7) \
	ICH_P(X, 15, 0, 8) ICH_P(X, 15, 1, 9) ICH_P(X, 15, 2, 10) ICH_P(X, 15, 3, 11) \
	ICH_P(X, 15, 4, 12) ICH_P(X, 15, 5, 13) ICH_P(X, 15, 6, 14) ICH_P(X, 15, 7, 15)

#define CRN		12
#define NAMED(op0, op1, crm, op2, name, flags, vncr, fgt, index, rd, wr)	\
	{ name, op0, op1, CRN, crm, op2, flags, vncr },
#define HIDDEN(op0, op1, crm, op2, name, flags, vncr, fgt, index, rd, wr)	\
	{ rd, wr, fgt, index },
#define ROW_ID(op0, op1, crm, op2)	row_##op0##_##op1##_##crm##_##op2
#define ENUM(op0, op1, crm, op2, name, flags, vncr, fgt, index, rd, wr)	\
	ROW_ID(op0, op1, crm, op2),
/* Everything is in CRn = 12, and op0 is 1 or 3: 11 bits tell rows apart. */
#define KEY(op0, op1, crm, op2)	((op0) / 2 << 10 | (op1) << 7 | (crm) << 3 | (op2))
#define FOUND(op0, op1, crm, op2, name, flags, vncr, fgt, index, rd, wr)	\
	[KEY(op0, op1, crm, op2)] = ROW_ID(op0, op1, crm, op2) + 1,

enum { ROWS(ENUM) NR_ROWS };

static const struct gicv5_sysreg names[] = { ROWS(NAMED) };

static const struct {
	read_fn *read;
	write_fn *write;
	uint8_t fgt;		/* bit in ICH_HFGRTR, HFGWTR and HFGITR */
	uint8_t index;
} rows[] = { ROWS(HIDDEN) };

/* 1 + row of a key; the compiler refuses two rows of one encoding. */
static const uint8_t row_of_key[KEY(3, 7, 15, 7) + 1] = { ROWS(FOUND) };

static int find_row(uint32_t enc)
{
	unsigned int op0 = enc >> 14, op1 = enc >> 11 & 7, crm = enc >> 3 & 15;

	if ((op0 != 1 && op0 != 3) || (enc >> 7 & 15) != CRN)
		return -1;
	return row_of_key[KEY(op0, op1, crm, enc & 7)] - 1;
}

const struct gicv5_sysreg *gicv5_sysreg_list(size_t *count)
{
	*count = NR_ROWS;
	return names;
}

const struct gicv5_sysreg *gicv5_sysreg_find(uint32_t enc)
{
	int row = find_row(enc);

	return row < 0 ? NULL : &names[row];
}

/* --- permission ---------------------------------------------------------- */

/* A trap bit of 0 traps; at EL1 only, physical or virtual. */
static bool fine_grained_trap(const struct pe *pe, int row, bool write)
{
	uint64_t bits = write ? pe->hfgwtr : pe->hfgrtr;

	if (rows[row].fgt == NOFGT)
		return false;
	if (names[row].flags & GICV5_SR_INSN)
		bits = pe->hfgitr;
	return !(bits & BIT(rows[row].fgt));
}

enum gicv5_access gicv5_sysreg_access(const struct gicv5 *g, unsigned int pe,
				      const struct gicv5_cpu_ctx *ctx,
				      uint32_t enc, bool write)
{
	int row = find_row(enc);
	unsigned int flags;

	if (row < 0 || pe >= g->cfg.nr_pes || ctx->el == 0)
		return GICV5_ACCESS_UNDEFINED;
	flags = names[row].flags;
	if (!(flags & (write ? GICV5_SR_W : GICV5_SR_R)))
		return GICV5_ACCESS_UNDEFINED;
	if (flags & GICV5_SR_NEEDS_EL2 && !g->cfg.el2)
		return GICV5_ACCESS_UNDEFINED;
	if (ctx->el != 1)
		return GICV5_ACCESS_OK;
	if (flags & GICV5_SR_EL2)
		return ctx->el2_enabled && ctx->nv ? GICV5_ACCESS_TRAP_EL2
						   : GICV5_ACCESS_UNDEFINED;
	if (ctx->el2_enabled && fine_grained_trap(&g->pes[pe], row, write))
		return GICV5_ACCESS_TRAP_EL2;
	return GICV5_ACCESS_OK;
}

/* --- access -------------------------------------------------------------- */

/* The current interrupt domain [D_NSTKG]; names of EL2 always mean the virtual. */
static unsigned int current_domain(const struct gicv5_cpu_ctx *ctx, int row)
{
	if (names[row].flags & GICV5_SR_EL2)
		return DOM_VIRT;
	return ctx->el == 1 && ctx->el2_enabled && ctx->imo ? DOM_VIRT : DOM_PHYS;
}

static bool begin(struct gicv5 *g, unsigned int pe, const struct gicv5_cpu_ctx *ctx,
		  int row, struct access *a)
{
	bool nv = ctx->el2_enabled && ctx->nv && !ctx->nv1;

	if (row < 0 || pe >= g->cfg.nr_pes || g->in_mem)
		return false;
	*a = (struct access){ g, &g->pes[pe], ctx, current_domain(ctx, row), rows[row].index };
	if (a->pe->nv != nv) {
		a->pe->nv = nv;
		pe_dirty(g, pe);
	}
	if (a->pe->contextr & CONTEXTR_F && !a->pe->f_reported && ctx->el == 1 &&
	    a->dom == DOM_VIRT) {
		a->pe->f_reported = true;
		strict(g, 38, "PE %u: a guest runs with CONTEXTR.F = 1", pe);
	}
	return true;
}

uint64_t gicv5_sysreg_read(struct gicv5 *g, unsigned int pe,
			   const struct gicv5_cpu_ctx *ctx, uint32_t enc)
{
	int row = find_row(enc);
	struct access a;
	uint64_t val = 0;

	if (!begin(g, pe, ctx, row, &a))
		return 0;
	if (rows[row].read)
		val = rows[row].read(&a);
	LOG(g, SYSREG, "PE %u EL%u: %s -> 0x%llx", pe, ctx->el, names[row].name,
	    (unsigned long long)val);
	settle(g);
	return val;
}

void gicv5_sysreg_write(struct gicv5 *g, unsigned int pe,
			const struct gicv5_cpu_ctx *ctx, uint32_t enc, uint64_t val)
{
	int row = find_row(enc);
	struct access a;

	if (!begin(g, pe, ctx, row, &a))
		return;
	LOG(g, SYSREG, "PE %u EL%u: %s <- 0x%llx", pe, ctx->el, names[row].name,
	    (unsigned long long)val);
	if (rows[row].write)
		rows[row].write(&a, val);
	settle(g);
}
