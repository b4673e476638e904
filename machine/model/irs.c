// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The IRS config frame and the SETLPI frame, as rows: offset, size, what is
 * stored, read, write.
 *
 * Handshakes: an operation is done within the write that starts it, so IDLE
 * could always read 1. The busy_polls knob makes it read 0 for a while, per
 * group of registers.
 *
 * A 32-bit write to half of a 64-bit register is merged into what the register
 * holds, and the whole is then acted on.
 */
#include <stddef.h>
#include <string.h>

#include "internal.h"

struct irs_reg {
	const char *name;
	uint16_t offset;
	uint8_t size;
	bool virt;		/* RAZ/WI without IDR0.VIRT */
	bool swe;		/* RAZ/WI without IDR0.SWE */
	uint8_t group;		/* of which it starts an operation, or NO_GROUP */
	uint16_t store;		/* offset in struct irs, or NO_STORE */
	uint64_t keep;		/* bits that are stored by a write */
	uint64_t (*read)(struct gicv5 *g);
	void (*write)(struct gicv5 *g, uint64_t val);
};

#define NO_GROUP	0xff
#define NO_STORE	0xffff

/* --- handshakes ---------------------------------------------------------- */

static void start(struct gicv5 *g, unsigned int group)
{
	if (g->irs.busy_skip[group]) {
		--g->irs.busy_skip[group];
		g->irs.busy[group] = 0;
	} else {
		g->irs.busy[group] = g->irs.busy_polls[group];
	}
	g->irs.unseen[group] = true;
}

/* A read of the IDLE bit of a group. */
static bool poll(struct gicv5 *g, unsigned int group)
{
	uint32_t *busy = &g->irs.busy[group];

	if (!*busy) {
		g->irs.unseen[group] = false;
		return true;
	}
	if (*busy != GICV5_BUSY_FOREVER)
		--*busy;
	return false;
}

static uint64_t statusr(struct gicv5 *g, unsigned int group, uint64_t flags)
{
	return flags | (poll(g, group) ? STATUSR_IDLE : 0);
}

/* --- identification ------------------------------------------------------ */

static uint64_t rd_idr0(struct gicv5 *g)
{
	static const uint8_t ranges[57] = {
		[32] = 0, [36] = 1, [40] = 2, [42] = 3, [44] = 4, [48] = 5, [52] = 6, [56] = 7,
	};

	return FIELD_PREP(IDR0_INT_DOM, 1) |
	       FIELD_PREP(IDR0_PA_RANGE, ranges[g->cfg.pa_bits]) |
	       (g->cfg.virt ? IDR0_VIRT : 0) |
	       (g->cfg.setlpi ? IDR0_SETLPI : 0) |
	       (g->cfg.swe ? IDR0_SWE : 0);
}

static uint64_t rd_idr1(struct gicv5 *g)
{
	return FIELD_PREP(IDR1_PE_CNT, g->cfg.nr_pes) |
	       FIELD_PREP(IDR1_IAFFID_BITS, g->cfg.iaffid_bits - 1) |
	       FIELD_PREP(IDR1_PRI_BITS, g->cfg.pri_bits - 1);
}

static uint64_t rd_idr2(struct gicv5 *g)
{
	return FIELD_PREP(IDR2_ID_BITS, g->cfg.id_bits) | IDR2_LPI |
	       FIELD_PREP(IDR2_MIN_LPI_ID_BITS, g->cfg.min_lpi_id_bits) |
	       (g->cfg.ist_levels ? IDR2_IST_LEVELS : 0) |
	       FIELD_PREP(IDR2_IST_L2SZ, g->cfg.ist_l2sz) |
	       (g->cfg.istmd ? IDR2_ISTMD : 0) |
	       FIELD_PREP(IDR2_ISTMD_SZ, g->cfg.istmd ? g->cfg.istmd_sz : 0);
}

static uint64_t rd_idr3(struct gicv5 *g)
{
	return (g->cfg.vmd ? IDR3_VMD | FIELD_PREP(IDR3_VMD_SZ, g->cfg.vmd_sz) : 0) |
	       FIELD_PREP(IDR3_VM_ID_BITS, g->cfg.vm_id_bits) |
	       (g->cfg.vmt_levels ? IDR3_VMT_LEVELS : 0);
}

static uint64_t rd_idr4(struct gicv5 *g)
{
	return FIELD_PREP(IDR4_VPED_SZ, g->cfg.vped_sz) |
	       FIELD_PREP(IDR4_VPE_ID_BITS, g->cfg.vpe_id_bits);
}

static uint64_t rd_idr5(struct gicv5 *g)
{
	return g->cfg.spi_range ? g->cfg.spi_range : g->cfg.spi_base + g->cfg.nr_spis;
}

static uint64_t rd_idr6(struct gicv5 *g)
{
	return g->cfg.nr_spis;
}

static uint64_t rd_idr7(struct gicv5 *g)
{
	return g->cfg.spi_base;
}

static uint64_t rd_iidr(struct gicv5 *g)
{
	(void)g;
	return CHOICE_IIDR;
}

static uint64_t rd_aidr(struct gicv5 *g)
{
	(void)g;
	return CHOICE_AIDR;
}

/* CoreSight identification */
static uint64_t rd_devarch(struct gicv5 *g)
{
	(void)g;
	return UINT64_C(0x23b) << 21 | 1 << 20 | 0x5a19;
}

#define CIDR(n, val)					\
	static uint64_t rd_cidr##n(struct gicv5 *g)	\
	{						\
		(void)g;				\
		return val;				\
	}
CIDR(0, 0x0d)
CIDR(1, 0xf0)
CIDR(2, 0x05)
CIDR(3, 0xb1)

/* --- control and sync ---------------------------------------------------- */

static uint64_t rd_cr0(struct gicv5 *g)
{
	return g->irs.cr0 | (poll(g, GICV5_GROUP_CR0) ? CR0_IDLE : 0);
}

/* IRSEN = 0 recalls what was forwarded: all lines are computed again. */
static void wr_cr0(struct gicv5 *g, uint64_t val)
{
	g->irs.cr0 = val & CR0_IRSEN;
	for (unsigned int pe = 0; pe < g->cfg.nr_pes; pe++)
		pe_dirty(g, pe);
}

static void wr_cr1(struct gicv5 *g, uint64_t val)
{
	if (g->ists[SPACE_LPI].valid || g->vmt.valid)
		strict(g, 19, "CR1 written while a structure is valid");
	else
		g->irs.cr1 = val & CR1_BITS;
}

static uint64_t rd_sync_statusr(struct gicv5 *g)
{
	return statusr(g, GICV5_GROUP_SYNC, 0);
}

/* --- SPIs ---------------------------------------------------------------- */

/* The selected SPI, or NULL if the selection is not valid. */
static struct spi *selected_spi(struct gicv5 *g, uint32_t *id)
{
	*id = (uint32_t)g->irs.spi_selr;
	return g->irs.spi_v ? spi_get(g, *id) : NULL;
}

static struct spi *selected_spi_for_write(struct gicv5 *g, uint32_t *id)
{
	struct spi *spi = selected_spi(g, id);

	if (!spi)
		strict(g, 20, "SPI register written without a valid selection (%u)", *id);
	return spi;
}

static void wr_spi_selr(struct gicv5 *g, uint64_t val)
{
	g->irs.spi_v = spi_get(g, (uint32_t)FIELD_GET(INTID_ID, val));
	if (!g->irs.spi_v)
		strict(g, 16, "SPI_SELR selects SPI %u, which is not here",
		       (uint32_t)FIELD_GET(INTID_ID, val));
}

static uint64_t rd_spi_statusr(struct gicv5 *g)
{
	return statusr(g, GICV5_GROUP_SPI, g->irs.spi_v ? STATUSR_V : 0);
}

static uint64_t rd_spi_cfgr(struct gicv5 *g)
{
	uint32_t id;
	const struct spi *spi = selected_spi(g, &id);

	return spi && spi->tm ? SPI_CFGR_TM : 0;
}

static void wr_spi_cfgr(struct gicv5 *g, uint64_t val)
{
	uint32_t id;

	if (selected_spi_for_write(g, &id))
		spi_set_tm(g, id, val & SPI_CFGR_TM);
}

static uint64_t rd_spi_vmr(struct gicv5 *g)
{
	uint32_t id;
	const struct spi *spi = selected_spi(g, &id);

	if (!spi)
		return 0;
	return FIELD_PREP(SPI_VMR_VM_ID, spi->vm) | (spi->virt ? SPI_VMR_VIRT : 0);
}

static void wr_spi_vmr(struct gicv5 *g, uint64_t val)
{
	uint32_t id;

	if (selected_spi_for_write(g, &id))
		spi_set_vm(g, id, val & SPI_VMR_VIRT,
			   (uint32_t)FIELD_GET(SPI_VMR_VM_ID, val));
}

static void wr_spi_resampler(struct gicv5 *g, uint64_t val)
{
	uint32_t id = (uint32_t)FIELD_GET(INTID_ID, val);

	if (!spi_get(g, id))
		strict(g, 25, "SPI_RESAMPLER names SPI %u, which is not here", id);
	spi_sample(g, id);
}

/* --- PEs ----------------------------------------------------------------- */

static void wr_pe_selr(struct gicv5 *g, uint64_t val)
{
	g->irs.pe_v = (val & UINT16_MAX) < g->cfg.nr_pes;
	if (!g->irs.pe_v)
		strict(g, 16, "PE_SELR selects IAFFID %u, which is not here",
		       (unsigned int)(val & UINT16_MAX));
}

static uint64_t rd_pe_statusr(struct gicv5 *g)
{
	return statusr(g, GICV5_GROUP_PE,
		       g->irs.pe_v ? STATUSR_V | PE_STATUSR_ONLINE : 0);
}

/* --- LPIs ---------------------------------------------------------------- */

static uint64_t rd_ist_statusr(struct gicv5 *g)
{
	return statusr(g, GICV5_GROUP_IST, 0);
}

static void wr_ist_cfgr(struct gicv5 *g, uint64_t val)
{
	if (g->irs.ist_baser & IST_BASER_VALID)
		strict(g, 19, "IST_CFGR written while IST_BASER.VALID is 1");
	else
		g->irs.ist_cfgr = val & (IST_CFGR_LPI_ID_BITS | IST_CFGR_L2SZ |
					 IST_CFGR_ISTSZ | IST_CFGR_STRUCTURE);
}

static void wr_ist_baser(struct gicv5 *g, uint64_t val)
{
	bool was = g->irs.ist_baser & IST_BASER_VALID, is = val & IST_BASER_VALID;
	const uint64_t cfgr = g->irs.ist_cfgr;
	const struct ist request = {
		.base = val & IST_BASER_ADDR,
		.id_bits = (uint8_t)FIELD_GET(IST_CFGR_LPI_ID_BITS, cfgr),
		.istsz = (uint8_t)FIELD_GET(IST_CFGR_ISTSZ, cfgr),
		.l2sz = (uint8_t)FIELD_GET(IST_CFGR_L2SZ, cfgr),
		.two_level = cfgr & IST_CFGR_STRUCTURE,
	};
	struct ist ist;

	if (was && is) {
		strict(g, 19, "IST_BASER written while VALID is 1");
		return;
	}
	if (was) {
		g->irs.ist_baser &= ~IST_BASER_VALID;	/* the address is kept */
		ist_disable(g, SPACE_LPI);
		return;
	}
	g->irs.ist_baser = val & (IST_BASER_VALID | IST_BASER_ADDR);
	if (!is)
		return;
	ist_decode(g, &ist, false, &request);
	ist_enable(g, SPACE_LPI, &ist);
}

static void wr_map_l2_istr(struct gicv5 *g, uint64_t val)
{
	ist_map_l2(g, irq_make(TYPE_LPI, (uint32_t)FIELD_GET(INTID_ID, val)));
}

/* --- virtualization ------------------------------------------------------ */

static uint64_t rd_vmt_statusr(struct gicv5 *g)
{
	return statusr(g, GICV5_GROUP_VMT, 0);
}

static void wr_vmt_cfgr(struct gicv5 *g, uint64_t val)
{
	if (g->vmt.valid)
		strict(g, 19, "VMT_CFGR written while VMT_BASER.VALID is 1");
	else
		g->irs.vmt_cfgr = val & (VMT_CFGR_VM_ID_BITS | VMT_CFGR_STRUCTURE);
}

static void wr_vmt_baser(struct gicv5 *g, uint64_t val)
{
	bool is = val & VMT_BASER_VALID;

	if (g->vmt.valid && is) {
		strict(g, 19, "VMT_BASER written while VALID is 1");
		return;
	}
	if (g->vmt.valid) {
		g->irs.vmt_baser &= ~VMT_BASER_VALID;	/* the address is kept */
		vmt_disable(g);
		return;
	}
	g->irs.vmt_baser = val & (VMT_BASER_VALID | VMT_BASER_ADDR);
	if (is)
		vmt_enable(g);
}

static bool map_bit(struct gicv5 *g, uint64_t val, const char *name)
{
	if (!(val & VMAP_M))
		strict(g, 18, "%s written with M = 0", name);
	return val & VMAP_M;
}

static void wr_vmap_l2_vmtr(struct gicv5 *g, uint64_t val)
{
	if (map_bit(g, val, "VMAP_L2_VMTR"))
		vmt_map_l2(g, (uint32_t)FIELD_GET(VMAP_VM_ID_LO, val));
}

static void wr_vmap_vmr(struct gicv5 *g, uint64_t val)
{
	uint32_t vm = (uint32_t)FIELD_GET(VMAP_VM_ID_LO, val);

	if (!map_bit(g, val, "VMAP_VMR"))
		return;
	if (val & VMAP_U)
		vm_disable(g, vm);
	else
		vm_enable(g, vm);
}

static void wr_vmap_vistr(struct gicv5 *g, uint64_t val)
{
	uint32_t vm = (uint32_t)FIELD_GET(VMAP_VM_ID, val);
	unsigned int type = (unsigned int)FIELD_GET(INTID_TYPE, val);

	if (!map_bit(g, val, "VMAP_VISTR"))
		return;
	if (val & VMAP_U)
		vist_disable(g, vm, type);
	else
		vist_enable(g, vm, type);
}

static void wr_vmap_l2_vistr(struct gicv5 *g, uint64_t val)
{
	uint32_t vm = (uint32_t)FIELD_GET(VMAP_VM_ID, val);
	unsigned int type = (unsigned int)FIELD_GET(INTID_TYPE, val);

	if (!map_bit(g, val, "VMAP_L2_VISTR"))
		return;
	if (!vm_get(g, vm) || (type != TYPE_LPI && type != TYPE_SPI)) {
		strict(g, 17, "VMAP_L2_VISTR for VM %u, TYPE %u: no such VM or TYPE", vm, type);
		return;
	}
	ist_map_l2(g, irq_make_virtual(vm, type, (uint32_t)FIELD_GET(INTID_ID, val)));
}

static void wr_vmap_vper(struct gicv5 *g, uint64_t val)
{
	if (map_bit(g, val, "VMAP_VPER"))
		vpe_enable(g, (uint32_t)FIELD_GET(VMAP_VM_ID, val),
			   (uint32_t)FIELD_GET(VMAP_VPE_ID, val));
}

/* --- the selected VPE ---------------------------------------------------- */

static struct vpe *selected_vpe(struct gicv5 *g)
{
	return vpe_get(g, g->irs.sel_vm, g->irs.sel_vpe);
}

/* For a write; a VPE that became invalid in between sets V = 0. */
static struct vpe *selected_vpe_for_write(struct gicv5 *g)
{
	struct vpe *p = g->irs.vpe_v ? selected_vpe(g) : NULL;

	if (!p)
		strict(g, 20, "VPE register written without a valid selection");
	g->irs.vpe_v = p;
	return p;
}

/* Settings of the selected VPE, as VPE_DBR and VPE_CR0 show them from now on. */
static void sample_vpe(struct gicv5 *g, const struct vpe *p)
{
	g->irs.vpe_dbr = 0;
	g->irs.vpe_cr0 = 0;
	if (!p)
		return;
	g->irs.vpe_dbr = FIELD_PREP(VPE_DBR_INTID, p->db_lpi) |
			 FIELD_PREP(VPE_DBR_DBPM, p->dbpm) |
			 (p->req ? VPE_DBR_REQ_DB : 0) | (p->dbv ? VPE_DBR_DBV : 0);
	g->irs.vpe_cr0 = p->dps ? VPE_CR0_DPS : 0;
}

static void wr_vpe_selr(struct gicv5 *g, uint64_t val)
{
	struct vpe *p;

	if (!(val & VPE_SELR_S))
		return;
	g->irs.sel_vm = (uint32_t)FIELD_GET(VPE_SELR_VM_ID, val);
	g->irs.sel_vpe = (uint32_t)FIELD_GET(VPE_SELR_VPE_ID, val);
	p = selected_vpe(g);
	g->irs.vpe_v = p;
	sample_vpe(g, p);
	if (!p)
		strict(g, 16, "VPE_SELR selects VM %u VPE %u, which is not valid",
		       g->irs.sel_vm, g->irs.sel_vpe);
}

static uint64_t rd_vpe_statusr(struct gicv5 *g)
{
	return statusr(g, GICV5_GROUP_VPE, g->irs.vpe_v ? STATUSR_V : 0);
}

static uint64_t rd_vpe_dbr(struct gicv5 *g)
{
	return g->irs.vpe_v ? g->irs.vpe_dbr : 0;
}

/* Strict mode */
static void check_vpe_dbr(struct gicv5 *g, const struct vpe *self, uint64_t val)
{
	uint32_t lpi = (uint32_t)FIELD_GET(VPE_DBR_INTID, val);

	if (g->cfg.strict == GICV5_STRICT_OFF)
		return;
	if (!(val & VPE_DBR_DBV)) {
		if (val & VPE_DBR_REQ_DB)
			strict(g, 21, "VPE_DBR with REQ_DB = 1 and DBV = 0");
		return;
	}
	if (!irq_reachable(g, irq_make(TYPE_LPI, lpi)))
		strict(g, 21, "VPE_DBR names LPI %u, which is unreachable", lpi);
	for (uint32_t vm = 0; vm < g->nr_vms; vm++) {
		const struct vm *v = &g->vms[vm];

		for (uint32_t vpe = 0; v->valid && vpe < 1u << v->vpe_id_bits; vpe++) {
			const struct vpe *p = &g->vpes[vpe_index(g, vm, vpe)];

			if (p != self && p->valid && p->dbv && p->db_lpi == lpi)
				strict(g, 23, "VPE_DBR names LPI %u, the doorbell of VM %u VPE %u",
				       lpi, vm, vpe);
		}
	}
}

/* What the doorbell made of the request is seen by the next VPE_SELR. */
static void wr_vpe_dbr(struct gicv5 *g, uint64_t val)
{
	struct vpe *p = selected_vpe_for_write(g);
	uint32_t index;

	if (!p)
		return;
	check_vpe_dbr(g, p, val);
	index = (uint32_t)(p - g->vpes);
	p->dbv = val & VPE_DBR_DBV;
	p->db_lpi = (uint32_t)FIELD_GET(VPE_DBR_INTID, val);
	p->dbpm = (uint8_t)FIELD_GET(VPE_DBR_DBPM, val);
	doorbell_request(g, index, val & VPE_DBR_REQ_DB, p->dbpm);
	doorbell_settle(g);
	sample_vpe(g, p);
}

static uint64_t rd_vpe_hppir(struct gicv5 *g)
{
	struct vpe *p = g->irs.vpe_v ? selected_vpe(g) : NULL;
	struct cand best;

	if (!p)
		return 0;
	best = cand_best_vpe(g, g->irs.sel_vm, g->irs.sel_vpe);
	return best.prio == PRIO_NONE ? 0 : HPPIR_HPPIV | irq_intid(best.irq);
}

static uint64_t rd_vpe_cr0(struct gicv5 *g)
{
	return g->irs.vpe_v ? g->irs.vpe_cr0 : 0;
}

/* DPS is kept, and has no effect without 1ofN. */
static void wr_vpe_cr0(struct gicv5 *g, uint64_t val)
{
	struct vpe *p = selected_vpe_for_write(g);

	if (!p)
		return;
	p->dps = val & VPE_CR0_DPS;
	sample_vpe(g, p);
}

/* --- the selected VM, save ----------------------------------------------- */

static struct vm *selected_vm(struct gicv5 *g)
{
	return g->irs.vm_v ? vm_get(g, (uint32_t)g->irs.vm_selr) : NULL;
}

static void wr_vm_selr(struct gicv5 *g, uint64_t val)
{
	g->irs.vm_v = vm_get(g, (uint32_t)(val & UINT16_MAX));
	if (!g->irs.vm_v)
		strict(g, 16, "VM_SELR selects VM %u, which is not valid",
		       (unsigned int)(val & UINT16_MAX));
}

static uint64_t rd_vm_statusr(struct gicv5 *g)
{
	return statusr(g, GICV5_GROUP_VM, g->irs.vm_v ? STATUSR_V : 0);
}

/* Kept; the VM doorbell is for 1ofN only. */
static uint64_t rd_vm_dbr(struct gicv5 *g)
{
	const struct vm *v = selected_vm(g);

	return v ? v->dbr : 0;
}

static void wr_vm_dbr(struct gicv5 *g, uint64_t val)
{
	struct vm *v = selected_vm(g);

	if (v)
		v->dbr = val & (VM_DBR_VPE_ID | VM_DBR_EN);
	else
		g->irs.vm_v = false;
}

static void wr_save_vmr(struct gicv5 *g, uint64_t val)
{
	if (val & (SAVE_S | SAVE_Q))
		vm_save(g, (uint32_t)FIELD_GET(SAVE_VM_ID, val), val & SAVE_S, val & SAVE_Q);
}

static uint64_t rd_save_vm_statusr(struct gicv5 *g)
{
	return statusr(g, GICV5_GROUP_SAVE, g->irs.save_q ? SAVE_STATUSR_Q : 0);
}

/* --- software errors ----------------------------------------------------- */

static void wr_swerr_statusr(struct gicv5 *g, uint64_t val)
{
	uint64_t clear = val & CHOICE_SWERR_W1C;

	if (clear & SWERR_V)
		clear |= SWERR_EC;
	g->irs.swerr_statusr &= ~clear;
}

/* --- the tables ---------------------------------------------------------- */

#define STORE(field)	.store = offsetof(struct irs, field)
#define NOSTORE		.store = NO_STORE
#define REG(off, sz, nm)	.name = nm, .offset = off, .size = sz
#define GROUP(x)	.group = GICV5_GROUP_##x
#define NOGROUP		.group = NO_GROUP
#define RO(fn)		NOGROUP, NOSTORE, .read = fn
#define VM_LO_MASK	MASK(15, 0)

static const struct irs_reg regs[] = {
	{ REG(0x000, 4, "IDR0"), RO(rd_idr0) },
	{ REG(0x004, 4, "IDR1"), RO(rd_idr1) },
	{ REG(0x008, 4, "IDR2"), RO(rd_idr2) },
	{ REG(0x00c, 4, "IDR3"), RO(rd_idr3), .virt = true },
	{ REG(0x010, 4, "IDR4"), RO(rd_idr4), .virt = true },
	{ REG(0x014, 4, "IDR5"), RO(rd_idr5) },
	{ REG(0x018, 4, "IDR6"), RO(rd_idr6) },
	{ REG(0x01c, 4, "IDR7"), RO(rd_idr7) },
	{ REG(0x040, 4, "IIDR"), RO(rd_iidr) },
	{ REG(0x044, 4, "AIDR"), RO(rd_aidr) },

	{ REG(0x080, 4, "CR0"), GROUP(CR0), NOSTORE, .read = rd_cr0, .write = wr_cr0 },
	{ REG(0x084, 4, "CR1"), NOGROUP, STORE(cr1), .write = wr_cr1 },
	{ REG(0x0c0, 4, "SYNCR"), GROUP(SYNC), NOSTORE },
	{ REG(0x0c4, 4, "SYNC_STATUSR"), RO(rd_sync_statusr) },

	{ REG(0x100, 8, "SPI_VMR"), GROUP(SPI), NOSTORE, .virt = true,
	  .read = rd_spi_vmr, .write = wr_spi_vmr },
	{ REG(0x108, 4, "SPI_SELR"), GROUP(SPI), STORE(spi_selr), .keep = INTID_ID,
	  .write = wr_spi_selr },
	{ REG(0x10c, 4, "SPI_DOMAINR"), NOGROUP, NOSTORE },	/* RAZ/WI: EL3 frame only */
	{ REG(0x110, 4, "SPI_RESAMPLER"), GROUP(SPI), NOSTORE, .write = wr_spi_resampler },
	{ REG(0x114, 4, "SPI_CFGR"), GROUP(SPI), NOSTORE,
	  .read = rd_spi_cfgr, .write = wr_spi_cfgr },
	{ REG(0x118, 4, "SPI_STATUSR"), RO(rd_spi_statusr) },

	{ REG(0x140, 4, "PE_SELR"), GROUP(PE), STORE(pe_selr), .keep = MASK(15, 0),
	  .write = wr_pe_selr },
	{ REG(0x144, 4, "PE_STATUSR"), RO(rd_pe_statusr) },
	{ REG(0x148, 4, "PE_CR0"), GROUP(PE), NOSTORE },	/* RAZ/WI: no 1ofN */

	{ REG(0x180, 8, "IST_BASER"), GROUP(IST), STORE(ist_baser), .write = wr_ist_baser },
	{ REG(0x190, 4, "IST_CFGR"), NOGROUP, STORE(ist_cfgr), .write = wr_ist_cfgr },
	{ REG(0x194, 4, "IST_STATUSR"), RO(rd_ist_statusr) },
	{ REG(0x1c0, 4, "MAP_L2_ISTR"), GROUP(IST), STORE(map_l2_istr), .keep = INTID_ID,
	  .write = wr_map_l2_istr },

	{ REG(0x200, 8, "VMT_BASER"), GROUP(VMT), STORE(vmt_baser), .virt = true,
	  .write = wr_vmt_baser },
	{ REG(0x210, 4, "VMT_CFGR"), NOGROUP, STORE(vmt_cfgr), .virt = true,
	  .write = wr_vmt_cfgr },
	{ REG(0x214, 4, "VMT_STATUSR"), RO(rd_vmt_statusr), .virt = true },

	{ REG(0x240, 8, "VPE_SELR"), GROUP(VPE), STORE(vpe_selr), .virt = true,
	  .keep = VPE_SELR_VM_ID | VPE_SELR_VPE_ID, .write = wr_vpe_selr },
	{ REG(0x248, 8, "VPE_DBR"), GROUP(VPE), NOSTORE, .virt = true,
	  .read = rd_vpe_dbr, .write = wr_vpe_dbr },
	{ REG(0x250, 8, "VPE_HPPIR"), RO(rd_vpe_hppir), .virt = true },
	{ REG(0x258, 4, "VPE_CR0"), GROUP(VPE), NOSTORE, .virt = true,
	  .read = rd_vpe_cr0, .write = wr_vpe_cr0 },
	{ REG(0x25c, 4, "VPE_STATUSR"), RO(rd_vpe_statusr), .virt = true },

	{ REG(0x280, 8, "VM_DBR"), GROUP(VM), NOSTORE, .virt = true,
	  .read = rd_vm_dbr, .write = wr_vm_dbr },
	{ REG(0x288, 4, "VM_SELR"), GROUP(VM), STORE(vm_selr), .virt = true,
	  .keep = VM_LO_MASK, .write = wr_vm_selr },
	{ REG(0x28c, 4, "VM_STATUSR"), RO(rd_vm_statusr), .virt = true },

	{ REG(0x2c0, 8, "VMAP_L2_VMTR"), GROUP(VMT), STORE(vmap_l2_vmtr), .virt = true,
	  .keep = VMAP_VM_ID_LO, .write = wr_vmap_l2_vmtr },
	{ REG(0x2c8, 8, "VMAP_VMR"), GROUP(VMT), STORE(vmap_vmr), .virt = true,
	  .keep = VMAP_VM_ID_LO, .write = wr_vmap_vmr },
	{ REG(0x2d0, 8, "VMAP_VISTR"), GROUP(VMT), STORE(vmap_vistr), .virt = true,
	  .keep = INTID_TYPE | VMAP_VM_ID, .write = wr_vmap_vistr },
	{ REG(0x2d8, 8, "VMAP_L2_VISTR"), GROUP(VMT), STORE(vmap_l2_vistr), .virt = true,
	  .keep = INTID_TYPE | INTID_ID | VMAP_VM_ID, .write = wr_vmap_l2_vistr },
	{ REG(0x2e0, 8, "VMAP_VPER"), GROUP(VMT), STORE(vmap_vper), .virt = true,
	  .keep = VMAP_VPE_ID | VMAP_VM_ID, .write = wr_vmap_vper },

	{ REG(0x300, 8, "SAVE_VMR"), GROUP(SAVE), STORE(save_vmr), .virt = true,
	  .keep = SAVE_VM_ID, .write = wr_save_vmr },
	{ REG(0x308, 4, "SAVE_VM_STATUSR"), RO(rd_save_vm_statusr), .virt = true },

	{ REG(0x340, 4, "MEC_IDR"), NOGROUP, NOSTORE },		/* RAZ/WI: no MEC */
	{ REG(0x344, 4, "MEC_MECID_R"), NOGROUP, NOSTORE },
	{ REG(0x380, 4, "MPAM_IDR"), NOGROUP, NOSTORE },	/* RAZ/WI: no MPAM */
	{ REG(0x384, 4, "MPAM_PARTID_R"), NOGROUP, NOSTORE },

	{ REG(0x3c0, 8, "SWERR_STATUSR"), NOGROUP, STORE(swerr_statusr), .swe = true,
	  .write = wr_swerr_statusr },
	{ REG(0x3c8, 8, "SWERR_SYNDROMER0"), NOGROUP, STORE(swerr_syndromer0), .swe = true },
	{ REG(0x3d0, 8, "SWERR_SYNDROMER1"), NOGROUP, STORE(swerr_syndromer1), .swe = true },
};

/* Far above the others, so not part of the look-up by offset. */
static const struct irs_reg id_regs[] = {
	{ REG(0xffbc, 4, "DEVARCH"), RO(rd_devarch) },
	{ REG(0xfff0, 4, "CIDR0"), RO(rd_cidr0) },
	{ REG(0xfff4, 4, "CIDR1"), RO(rd_cidr1) },
	{ REG(0xfff8, 4, "CIDR2"), RO(rd_cidr2) },
	{ REG(0xfffc, 4, "CIDR3"), RO(rd_cidr3) },
};

/* The rows are sorted by offset: the row that covers one is found by bisection. */
static const struct irs_reg *find_reg(const struct gicv5 *g, uint64_t offset)
{
	const struct irs_reg *table = regs;
	size_t lo = 0, hi = sizeof(regs) / sizeof(regs[0]);

	if (offset >= id_regs[0].offset) {
		table = id_regs;
		hi = sizeof(id_regs) / sizeof(id_regs[0]);
	}
	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (table[mid].offset <= offset)
			lo = mid;
		else
			hi = mid;
	}
	table += lo;
	if (offset < table->offset || offset >= table->offset + table->size)
		return NULL;
	if ((table->virt && !g->cfg.virt) || (table->swe && !g->cfg.swe))
		return NULL;
	return table;
}

static uint64_t *reg_store(struct gicv5 *g, const struct irs_reg *reg)
{
	return (uint64_t *)(void *)((char *)&g->irs + reg->store);
}

static uint64_t reg_read(struct gicv5 *g, const struct irs_reg *reg)
{
	if (reg->read)
		return reg->read(g);
	return reg->store == NO_STORE ? 0 : *reg_store(g, reg);
}

/* Is this an access that the register has? */
static bool access_ok(struct gicv5 *g, const struct irs_reg *reg, uint64_t offset,
		      unsigned int size)
{
	if (reg && offset % size == 0 && size <= reg->size && size >= 4)
		return true;
	strict(g, 26, "access to IRS offset 0x%llx, size %u: reserved, or wrong size",
	       (unsigned long long)offset, size);
	return false;
}

static uint64_t config_read(struct gicv5 *g, uint64_t offset, unsigned int size)
{
	const struct irs_reg *reg = find_reg(g, offset);
	uint64_t val;

	if (!access_ok(g, reg, offset, size))
		return 0;
	val = reg_read(g, reg) >> 8 * (offset - reg->offset);
	return size == 4 ? (uint32_t)val : val;
}

static void config_write(struct gicv5 *g, uint64_t offset, unsigned int size, uint64_t val)
{
	const struct irs_reg *reg = find_reg(g, offset);

	if (!access_ok(g, reg, offset, size))
		return;
	if (size == 4) {
		unsigned int shift = 8 * (unsigned int)(offset - reg->offset);
		uint64_t mask = (uint64_t)UINT32_MAX << shift;

		val = (val << shift & mask);
		if (reg->size == 8)
			val |= reg_read(g, reg) & ~mask;
	}
	LOG(g, MMIO, "IRS_%s <- 0x%llx", reg->name, (unsigned long long)val);
	if (reg->group != NO_GROUP) {
		if (g->irs.busy[reg->group] || g->irs.unseen[reg->group])
			strict(g, 15, "IRS_%s written before IDLE was seen", reg->name);
		start(g, reg->group);
	}
	if (reg->keep)
		*reg_store(g, reg) = val & reg->keep;
	if (reg->write)
		reg->write(g, val);
}

/* SETLPIR is all there is, write-only. */
static void setlpi_write(struct gicv5 *g, uint64_t offset, unsigned int size, uint64_t val)
{
	uint32_t id = (uint32_t)FIELD_GET(INTID_ID, val);

	if (offset || size != 4)
		return;
	LOG(g, WIRE, "SETLPIR <- %u", id);
	if (!irq_event(g, irq_make(TYPE_LPI, id), SET_EDGE))
		strict(g, 25, "SETLPIR names LPI %u, which is unreachable", id);
}

uint64_t gicv5_irs_read(struct gicv5 *g, enum gicv5_frame frame, uint64_t offset,
			unsigned int size)
{
	uint64_t val;

	if (frame != GICV5_FRAME_CONFIG || g->in_mem || offset >= GICV5_FRAME_SIZE || !size)
		return 0;
	val = config_read(g, offset, size);
	LOG(g, MMIO, "IRS 0x%llx -> 0x%llx", (unsigned long long)offset,
	    (unsigned long long)val);
	return val;
}

void gicv5_irs_write(struct gicv5 *g, enum gicv5_frame frame, uint64_t offset,
		     unsigned int size, uint64_t val)
{
	if (g->in_mem || offset >= GICV5_FRAME_SIZE || !size)
		return;
	if (frame == GICV5_FRAME_CONFIG)
		config_write(g, offset, size, val);
	else if (g->cfg.setlpi)
		setlpi_write(g, offset, size, val);
	settle(g);
}

void irs_reset(struct gicv5 *g)
{
	uint32_t polls[GICV5_NR_GROUPS];

	memcpy(polls, g->irs.busy_polls, sizeof(polls));
	g->irs = (struct irs){ 0 };
	memcpy(g->irs.busy_polls, polls, sizeof(polls));
}
