// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random runs of the model beside the oracle. A seed decides the configuration,
 * the operations that the run leaves out, and every operation. After each
 * operation all that can be observed is compared, and the model checks its own
 * invariants.
 *
 *	random [--seed N] [--runs R] [--ops M] [--canary] [--verbose]
 *
 * does R runs of M operations with the seeds N, N + 1, ... A difference prints
 * the command that repeats it and the last operations. --canary plants a fault
 * in the oracle: the program then succeeds only if that is found.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../gicv5.h"
#include "oracle.h"

#define RAM_BASE	UINT64_C(0x40000000)
#define RAM_SIZE	(2u << 20)
#define HISTORY		24

#define BIT(n)		(UINT64_C(1) << (n))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* offsets of IRS registers */
enum {
	CR0 = 0x80, SYNCR = 0xc0, SYNC_STATUSR = 0xc4, SPI_VMR = 0x100, SPI_SELR = 0x108,
	SPI_RESAMPLER = 0x110, SPI_CFGR = 0x114, SPI_STATUSR = 0x118, PE_SELR = 0x140,
	PE_STATUSR = 0x144, IST_BASER = 0x180, IST_CFGR = 0x190, IST_STATUSR = 0x194,
	MAP_L2_ISTR = 0x1c0, VMT_BASER = 0x200, VMT_CFGR = 0x210, VMT_STATUSR = 0x214,
	VPE_SELR = 0x240, VPE_DBR = 0x248, VPE_HPPIR = 0x250, VPE_CR0 = 0x258,
	VPE_STATUSR = 0x25c, VM_STATUSR = 0x28c, VMAP_L2_VMTR = 0x2c0, VMAP_VMR = 0x2c8,
	VMAP_VISTR = 0x2d0, VMAP_L2_VISTR = 0x2d8, VMAP_VPER = 0x2e0, SAVE_VMR = 0x300,
	SAVE_VM_STATUSR = 0x308,
};

/* Where an IST is in memory, and its shape. */
struct shape {
	uint64_t base, l2_base;
	unsigned int id_bits, istsz, l2sz;
	bool two_level;
};

struct run {
	uint64_t seed, rng;
	unsigned long ops, done;
	uint64_t off;			/* operations that this run leaves out */
	struct gicv5_config cfg;
	struct gicv5 *g;
	struct oracle *o;
	uint8_t ram[RAM_SIZE];
	bool line[O_PES][GICV5_NR_LINES];
	bool canary;
	unsigned int check_every;
	struct shape lpi, vlpi[O_VMS], vspi[O_VMS];
	uint32_t vm_id[O_VMS];
	unsigned int vpe_bits[O_VMS];
	bool vmt_valid, vmt_two_level, l2_vmt[2];
	unsigned int vm_id_bits;
	char history[HISTORY][160];
	unsigned long histories;
	char why[256];
};

static struct run run;
static struct oracle oracle;

/* --- chance ---------------------------------------------------------------- */

static uint64_t rnd(struct run *r)
{
	uint64_t z = r->rng += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned int below(struct run *r, unsigned int n)
{
	return (unsigned int)(rnd(r) >> 32) % n;
}

static bool chance(struct run *r, unsigned int percent)
{
	return below(r, 100) < percent;
}

static unsigned int any_prio(struct run *r)
{
	static const unsigned int some[] = { 0, 1, 2, 8, 9, 16, 24, 30, 31 };

	return chance(r, 30) ? below(r, 32) : some[below(r, ARRAY_SIZE(some))];
}

/* Few ids are hot, at both ends and where L2 tables meet; @n is out of range. */
static unsigned int any_id(struct run *r, unsigned int n)
{
	const unsigned int hot[] = { 0, 1, 2, 3, n / 2 - 1, n / 2, n - 1 };

	if (chance(r, 3))
		return chance(r, 50) ? n : n + below(r, 1u << 20);
	return chance(r, 80) ? hot[below(r, ARRAY_SIZE(hot))] : below(r, n);
}

static unsigned int any_spi(struct run *r)
{
	if (chance(r, 3))
		return r->cfg.spi_base + r->cfg.nr_spis + below(r, 4);
	return r->cfg.spi_base + (chance(r, 70) ? below(r, 5) : below(r, r->cfg.nr_spis));
}

static unsigned int any_ppi(struct run *r)
{
	static const unsigned int some[] = { 3, 3, 27, 30, 26, 28, 23, 64, 127, 0 };

	return chance(r, 20) ? below(r, 128) : some[below(r, ARRAY_SIZE(some))];
}

static unsigned int any_pe(struct run *r)
{
	return below(r, r->cfg.nr_pes);
}

/* --- reporting ------------------------------------------------------------- */

__attribute__((format(printf, 2, 3)))
static void note(struct run *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->history[r->histories++ % HISTORY], sizeof(r->history[0]), fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3)))
static void wrong(struct run *r, const char *fmt, ...)
{
	va_list ap;

	if (*r->why)
		return;
	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
}

static void print_line(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "    %s\n", line);
}

static void report(struct run *r, const char *self)
{
	unsigned long n = r->histories < HISTORY ? r->histories : HISTORY;

	fprintf(stderr, "random: seed %" PRIu64 ", operation %lu: %s\n", r->seed, r->done, r->why);
	for (unsigned long i = r->histories - n; i < r->histories; i++)
		fprintf(stderr, "  %s\n", r->history[i % HISTORY]);
	gicv5_dump(r->g, print_line, NULL);
	fprintf(stderr, "random: again with: %s --seed %" PRIu64 " --ops %lu\n", self, r->seed,
		r->done);
}

/* --- the world ------------------------------------------------------------- */

static uint8_t *ram_at(struct run *r, uint64_t addr, size_t len)
{
	if (addr < RAM_BASE || addr + len > RAM_BASE + RAM_SIZE || addr % len) {
		wrong(r, "the model accesses memory at 0x%" PRIx64, addr);
		return NULL;
	}
	return r->ram + (addr - RAM_BASE);
}

static int mem_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	uint8_t *p = ram_at(opaque, addr, len);

	if (p)
		memcpy(buf, p, len);
	return !p;
}

static int mem_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	uint8_t *p = ram_at(opaque, addr, len);

	if (p)
		memcpy(p, buf, len);
	return !p;
}

static void set_line(void *opaque, unsigned int pe, enum gicv5_line line, bool level)
{
	struct run *r = opaque;

	r->line[pe][line] = level;
}

static uint64_t get64(struct run *r, uint64_t addr)
{
	uint64_t val;

	memcpy(&val, r->ram + (addr - RAM_BASE), 8);
	return val;
}

static void put64(struct run *r, uint64_t addr, uint64_t val)
{
	memcpy(r->ram + (addr - RAM_BASE), &val, 8);
}

static uint32_t get32(struct run *r, uint64_t addr)
{
	uint32_t val;

	memcpy(&val, r->ram + (addr - RAM_BASE), 4);
	return val;
}

static struct gicv5_cpu_ctx ctx_of(const struct run *r, unsigned int pe, bool guest, bool nmi)
{
	return (struct gicv5_cpu_ctx){
		.el = guest || !r->cfg.el2 ? 1 : 2, .el2_enabled = r->cfg.el2,
		.imo = r->cfg.el2, .nmi = nmi, .nv = r->o->pe[pe].nv,
	};
}

/* Registers by name; found once. */
#define NAMES(X) \
	X(ICC_HPPIR_EL1) X(ICC_ICSR_EL1) X(ICC_IAFFIDR_EL1) \
	X(ICC_PPI_ENABLER0_EL1) X(ICC_PPI_ENABLER1_EL1) \
	X(ICC_PPI_CACTIVER0_EL1) X(ICC_PPI_CACTIVER1_EL1) \
	X(ICC_PPI_SACTIVER0_EL1) X(ICC_PPI_SACTIVER1_EL1) \
	X(ICC_PPI_CPENDR0_EL1) X(ICC_PPI_CPENDR1_EL1) \
	X(ICC_PPI_SPENDR0_EL1) X(ICC_PPI_SPENDR1_EL1) \
	X(ICC_PPI_PRIORITYR0_EL1) X(ICC_PPI_PRIORITYR8_EL1) \
	X(ICC_APR_EL1) X(ICC_CR0_EL1) X(ICC_PCR_EL1) \
	X(GIC_CDEOI) X(GIC_CDPEND) X(GIC_CDRCFG) X(GICR_CDIA) X(GICR_CDNMIA) \
	X(ICH_APR_EL2) X(ICH_HPPIR_EL2) X(ICH_HFGRTR_EL2) X(ICH_HFGWTR_EL2) X(ICH_HFGITR_EL2) \
	X(ICH_PPI_DVIR0_EL2) X(ICH_PPI_DVIR1_EL2) \
	X(ICH_PPI_ENABLER0_EL2) X(ICH_PPI_ENABLER1_EL2) \
	X(ICH_PPI_PENDR0_EL2) X(ICH_PPI_PENDR1_EL2) \
	X(ICH_PPI_ACTIVER0_EL2) X(ICH_PPI_ACTIVER1_EL2) \
	X(ICH_VCTLR_EL2) X(ICH_CONTEXTR_EL2) X(ICH_VMCR_EL2) \
	X(ICH_PPI_PRIORITYR0_EL2) X(ICH_PPI_PRIORITYR8_EL2) X(GIC_VDPEND)

enum {
#define X(name) name,
	NAMES(X)
#undef X
	NR_NAMES
};

static const char *const names[] = {
#define X(name) #name,
	NAMES(X)
#undef X
};

static uint32_t encs[NR_NAMES];

static int find_registers(void)
{
	size_t count;
	const struct gicv5_sysreg *list = gicv5_sysreg_list(&count);

	for (unsigned int n = 0; n < NR_NAMES; n++) {
		for (size_t i = 0; i < count; i++)
			if (!strcmp(list[i].name, names[n]))
				encs[n] = GICV5_ENC(list[i].op0, list[i].op1, list[i].crn,
						    list[i].crm, list[i].op2);
		if (encs[n])
			continue;
		fprintf(stderr, "random: the model has no %s\n", names[n]);
		return -1;
	}
	return 0;
}

static uint64_t sys_read(struct run *r, unsigned int pe, bool guest, uint32_t enc, bool nmi)
{
	struct gicv5_cpu_ctx ctx = ctx_of(r, pe, guest, nmi);

	if (gicv5_sysreg_access(r->g, pe, &ctx, enc, false) != GICV5_ACCESS_OK)
		wrong(r, "a read of 0x%x is not allowed", enc);
	return gicv5_sysreg_read(r->g, pe, &ctx, enc);
}

static void sys_write(struct run *r, unsigned int pe, bool guest, uint32_t enc, uint64_t val)
{
	struct gicv5_cpu_ctx ctx = ctx_of(r, pe, guest, false);

	if (gicv5_sysreg_access(r->g, pe, &ctx, enc, true) != GICV5_ACCESS_OK)
		wrong(r, "a write of 0x%x is not allowed", enc);
	gicv5_sysreg_write(r->g, pe, &ctx, enc, val);
}

static uint64_t mrs(struct run *r, unsigned int pe, bool guest, unsigned int name)
{
	return sys_read(r, pe, guest, encs[name], false);
}

static void msr(struct run *r, unsigned int pe, bool guest, unsigned int name, uint64_t val)
{
	sys_write(r, pe, guest, encs[name], val);
}

static uint64_t rd(struct run *r, unsigned int off, unsigned int size)
{
	return gicv5_irs_read(r->g, GICV5_FRAME_CONFIG, off, size);
}

/* The register with the IDLE bit of a register's group, or 0. */
static unsigned int status_of(unsigned int off)
{
	static const struct { unsigned int first, last, status; } groups[] = {
		{ CR0, CR0, CR0 }, { SYNCR, SYNCR, SYNC_STATUSR }, { SPI_VMR, SPI_CFGR, SPI_STATUSR },
		{ PE_SELR, PE_SELR, PE_STATUSR }, { IST_BASER, IST_BASER, IST_STATUSR },
		{ MAP_L2_ISTR, MAP_L2_ISTR, IST_STATUSR }, { VMT_BASER, VMT_BASER, VMT_STATUSR },
		{ VPE_SELR, VPE_CR0, VPE_STATUSR }, { VMAP_L2_VMTR, VMAP_VPER, VMT_STATUSR },
		{ SAVE_VMR, SAVE_VMR, SAVE_VM_STATUSR },
	};

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (off >= groups[i].first && off <= groups[i].last)
			return groups[i].status;
	return 0;
}

/* Write, and wait for IDLE exactly as long as the configuration says. */
static void wr(struct run *r, unsigned int off, unsigned int size, uint64_t val)
{
	unsigned int status = status_of(off), polls = 0;
	uint64_t idle = status == CR0 ? 2 : 1;

	gicv5_irs_write(r->g, GICV5_FRAME_CONFIG, off, size, val);
	if (!status)
		return;
	while (!(rd(r, status, 4) & idle) && polls <= r->cfg.busy_polls)
		polls++;
	if (polls != r->cfg.busy_polls)
		wrong(r, "IDLE at 0x%x after %u polls", status, polls);
}

/* --- tables in memory ------------------------------------------------------ */

static unsigned int per_l2(const struct shape *s)
{
	return 1u << (10 - s->istsz + 2 * s->l2sz);
}

static uint64_t l2_table(const struct shape *s, unsigned int l1)
{
	return s->l2_base + ((uint64_t)l1 << (12 + 2 * s->l2sz));
}

static uint64_t iste(const struct shape *s, unsigned int id)
{
	if (!s->two_level)
		return s->base + ((uint64_t)id << (2 + s->istsz));
	return l2_table(s, id / per_l2(s)) + ((uint64_t)(id % per_l2(s)) << (2 + s->istsz));
}

/* Linear or two-level, entries of all sizes; at most @max_bits of ID. */
static struct shape any_shape(struct run *r, uint64_t base, uint64_t l2_base, unsigned int bits)
{
	struct shape s = { .base = RAM_BASE + base, .l2_base = RAM_BASE + l2_base };

	s.id_bits = bits;
	if (r->cfg.istmd)
		s.istsz = s.id_bits < r->cfg.istmd_sz ? 1 : 2;
	else
		s.istsz = below(r, 3);
	s.two_level = r->cfg.ist_levels && chance(r, 60);
	s.l2sz = s.two_level && r->cfg.ist_l2sz & 2 && chance(r, 25) ? 1 : 0;
	return s;
}

/* Fill the memory of an IST; what may be set at validation is set at random. */
static void prepare_ist(struct run *r, const struct shape *s, struct o_ist *ist, unsigned int targets)
{
	unsigned int n = 1u << s->id_bits;

	for (unsigned int id = 0; id < n; id++) {
		uint64_t addr = iste(s, id);
		uint32_t word = 0;

		memset(r->ram + (addr - RAM_BASE), 0, (size_t)4 << s->istsz);
		if (chance(r, id % 32 < 4 ? 70 : 10)) {
			word = (below(r, 2) << 2) | 8 | (below(r, targets) << 16) |
			       (any_prio(r) & r->o->irs_prio_mask) << 11;
			word |= chance(r, 5) ? 2 : 0;
			memcpy(r->ram + (addr - RAM_BASE), &word, 4);
		}
		o_load(&ist->irq[id], word);
	}
	for (unsigned int l1 = 0; s->two_level && l1 * per_l2(s) < n; l1++)
		put64(r, s->base + 8 * l1, l2_table(s, l1));
}

/* L1_ISTEs may be valid already under an IST that is not: some are. */
static void preset_l1(struct run *r, const struct shape *s, uint64_t *preset)
{
	unsigned int n = 1u << s->id_bits;

	*preset = 0;
	for (unsigned int l1 = 0; s->two_level && l1 * per_l2(s) < n; l1++) {
		if (!chance(r, 50))
			continue;
		*preset |= BIT(l1);
		put64(r, s->base + 8 * l1, l2_table(s, l1) | 1);
	}
}

static void ist_on(struct o_ist *ist, const struct shape *s, uint64_t preset)
{
	o_ist_on(ist, 1u << s->id_bits, s->two_level, per_l2(s), false);
	for (unsigned int l1 = 0; preset; l1++, preset >>= 1)
		if (preset & 1)
			o_ist_map(ist, l1 * per_l2(s));
}

/* Memory against the oracle. HWU is the IRS's own. */
static void compare_ist(struct run *r, const struct o_ist *ist, const struct shape *s,
			const char *name, bool words)
{
	for (unsigned int id = 0; ist->valid && id < ist->n; id++) {
		uint32_t is, should;

		if (s->two_level && id % per_l2(s) == 0 &&
		    (get64(r, s->base + 8 * (id / per_l2(s))) & 1) != ist->irq[id].reach)
			wrong(r, "%s: VALID of the L1_ISTE of %u", name, id);
		if (!words)
			continue;
		is = get32(r, iste(s, id)) & ~0x600u;
		should = o_word(&ist->irq[id]);
		if (is != should) {
			wrong(r, "%s %u: ISTE is 0x%08x, should be 0x%08x", name, id, is, should);
			return;
		}
	}
}

static uint64_t vmte(struct run *r, int slot)
{
	if (!r->vmt_two_level)
		return RAM_BASE + 0x40000 + 32 * r->vm_id[slot];
	return RAM_BASE + 0x44000 + 0x1000 * (r->vm_id[slot] >> 7) + 32 * (r->vm_id[slot] & 127);
}

static bool vm_reachable(struct run *r, int slot)
{
	return r->vmt_valid && (!r->vmt_two_level || r->l2_vmt[r->vm_id[slot] >> 7]);
}

static uint64_t vm_area(int slot)
{
	return RAM_BASE + 0x80000 + 0x40000 * (uint64_t)slot;
}

static uint64_t vist_word(const struct shape *s, bool valid)
{
	return (uint64_t)valid | (uint64_t)s->l2sz << 1 | s->base | (uint64_t)s->istsz << 56 |
	       (uint64_t)s->two_level << 58 | (uint64_t)s->id_bits << 59;
}

static struct shape *vshape(struct run *r, int slot, unsigned int type)
{
	return type == O_LPI ? &r->vlpi[slot] : &r->vspi[slot];
}

static uint64_t vist_addr(struct run *r, int slot, unsigned int type)
{
	return vmte(r, slot) + (type == O_LPI ? 16 : 24);
}

static void new_vshape(struct run *r, int slot, unsigned int type)
{
	uint64_t area = vm_area(slot) - RAM_BASE;

	if (type == O_LPI)
		r->vlpi[slot] = any_shape(r, area + 0x8000, area + 0x10000, 5 + below(r, 5));
	else
		r->vspi[slot] = any_shape(r, area + 0x20000, area + 0x28000, 5 + below(r, 4));
}

/* --- operations ------------------------------------------------------------ */

typedef void op_fn(struct run *r);

static int any_vm(struct run *r)
{
	return (int)below(r, O_VMS);
}

/* A VM id that is never valid, or the one of the slot. */
static uint32_t id_of(struct run *r, int *slot)
{
	if (!chance(r, 3))
		return r->vm_id[*slot];
	*slot = -1;
	return (1u << r->vm_id_bits) + below(r, 8);
}

static bool any_side(struct run *r)
{
	return r->cfg.el2 && chance(r, 50);
}

/* CD* of the host or a guest, VD* of the host. */
static void op_insn(struct run *r)
{
	static const struct { enum o_insn insn; unsigned int crm, op2; const char *name; } all[] = {
		{ O_EN, 1, 1, "EN" }, { O_EN, 1, 1, "EN" }, { O_DIS, 1, 0, "DIS" },
		{ O_PRI, 1, 2, "PRI" }, { O_AFF, 1, 3, "AFF" }, { O_RCFG, 1, 5, "RCFG" },
		{ O_DI, 2, 0, "DI" }, { O_DI, 2, 0, "DI" }, { O_HM, 2, 1, "HM" },
		{ O_PEND, 1, 4, "PEND" }, { O_PEND, 1, 4, "PEND" }, { O_PEND, 1, 4, "PEND" },
	};
	unsigned int n = below(r, ARRAY_SIZE(all)), pe = any_pe(r), type, id, value = 0;
	bool virt = any_side(r), guest = virt && chance(r, 60);
	bool vd = virt && !guest;
	uint64_t xt;

	if (vd && all[n].insn == O_PEND)
		return;
	type = chance(r, 3) ? below(r, 8) : chance(r, 60) ? O_LPI : O_SPI;
	if (type == O_PPI && all[n].insn == O_DI)
		id = any_ppi(r);
	else if (type == O_SPI)
		id = any_spi(r);
	else
		id = any_id(r, virt ? 64 : 1u << r->lpi.id_bits);
	xt = (uint64_t)type << 29 | id;
	switch (all[n].insn) {
	case O_PRI:
		value = any_prio(r);
		xt |= (uint64_t)value << 35;
		break;
	case O_AFF:
		value = chance(r, 95) ? below(r, virt ? 2 : r->cfg.nr_pes) : below(r, 1u << 16);
		xt |= (uint64_t)value << 32;
		if (chance(r, 2))
			xt |= BIT(28);		/* IRM is RES0 without 1ofN */
		break;
	case O_PEND:
		value = chance(r, 80);
		xt |= (uint64_t)value << 32;
		break;
	case O_HM:
		value = below(r, 2);
		xt |= (uint64_t)value << 32;
		break;
	default:
		break;
	}
	note(r, "PE %u %s %s%s type %u id %u value %u", pe, guest ? "guest" : "host",
	     vd ? "VD" : "CD", all[n].name, type, id, value);
	sys_write(r, pe, guest, GICV5_ENC(1, vd ? 4 : 0, 12, all[n].crm, all[n].op2), xt);
	if (!(vd && type == O_PPI && all[n].insn == O_DI))	/* CDDI takes a PPI */
		o_insn(r->o, pe, virt, all[n].insn, type, id, value);
}

static void insn(struct run *r, unsigned int pe, bool virt, enum o_insn what, unsigned int type,
		 unsigned int id, unsigned int value)
{
	static const struct { unsigned int crm, op2, shift; } enc[] = {
		[O_EN] = { 1, 1, 0 }, [O_PRI] = { 1, 2, 35 }, [O_AFF] = { 1, 3, 32 },
		[O_DI] = { 2, 0, 0 },
	};
	uint64_t xt = (uint64_t)value << enc[what].shift | (uint64_t)type << 29 | id;

	sys_write(r, pe, false, GICV5_ENC(1, virt ? 4 : 0, 12, enc[what].crm, enc[what].op2), xt);
	o_insn(r->o, pe, virt, what, type, id, value);
	o_settle(r->o);
}

/* Make an interrupt one that can be taken: random instructions seldom do. */
static void op_route(struct run *r)
{
	unsigned int pe = any_pe(r), type = chance(r, 60) ? O_LPI : O_SPI, prio = any_prio(r);
	bool virt = any_side(r);
	unsigned int id = type == O_SPI ? any_spi(r) : any_id(r, virt ? 64 : 1u << r->lpi.id_bits);
	unsigned int to = below(r, virt ? 2 : r->cfg.nr_pes);

	note(r, "PE %u %s: type %u id %u to %u with priority %u, enabled, not active", pe,
	     virt ? "VD*" : "CD*", type, id, to, prio);
	insn(r, pe, virt, O_PRI, type, id, prio);
	insn(r, pe, virt, O_AFF, type, id, to);
	insn(r, pe, virt, O_DI, type, id, 0);
	insn(r, pe, virt, O_EN, type, id, 0);
}

static void op_vdpend(struct run *r)
{
	unsigned int pe = any_pe(r), type = chance(r, 60) ? O_LPI : O_SPI;
	unsigned int id = type == O_LPI ? any_id(r, 64) : any_spi(r);
	bool pend = chance(r, 80);
	int slot = any_vm(r);
	uint32_t vm = id_of(r, &slot);

	note(r, "PE %u VDPEND VM %u type %u id %u pend %u", pe, vm, type, id, pend);
	msr(r, pe, false, GIC_VDPEND,
	    (uint64_t)pend << 63 | (uint64_t)vm << 32 | (uint64_t)type << 29 | id);
	o_vdpend(r->o, slot, type, id, pend);
}

static void op_ack(struct run *r)
{
	unsigned int pe = any_pe(r);
	bool guest = any_side(r), nmi = chance(r, 25), cdnmia = chance(r, 15);
	uint64_t got = sys_read(r, pe, guest, encs[cdnmia ? GICR_CDNMIA : GICR_CDIA], nmi);
	const char *why;

	note(r, "PE %u %s %s (SCTLR.NMI %u): 0x%" PRIx64, pe, guest ? "guest" : "host",
	     cdnmia ? "CDNMIA" : "CDIA", nmi, got);
	why = o_judge_ack(r->o, pe, guest, cdnmia, nmi, got);
	if (why)
		wrong(r, "acknowledge: %s", why);
	o_settle(r->o);
	/* Mostly what follows an acknowledge follows. */
	if (got && chance(r, 85)) {
		msr(r, pe, guest, GIC_CDEOI, 0);
		o_eoi(r->o, pe, guest);
	}
	if (got && chance(r, 85)) {
		sys_write(r, pe, guest, GICV5_ENC(1, 0, 12, 2, 0), got & 0xffffffff);
		o_insn(r->o, pe, guest, O_DI, got >> 29 & 7, got & 0xffffff, 0);
	}
}

static void op_eoi(struct run *r)
{
	unsigned int pe = any_pe(r);
	bool guest = any_side(r);

	note(r, "PE %u %s CDEOI", pe, guest ? "guest" : "host");
	msr(r, pe, guest, GIC_CDEOI, chance(r, 10) ? rnd(r) : 0);
	o_eoi(r->o, pe, guest);
}

static void op_spi_wire(struct run *r)
{
	unsigned int id = any_spi(r);
	bool level = below(r, 2);

	note(r, "SPI %u wire %u", id, level);
	gicv5_set_spi(r->g, id, level);
	o_spi_wire(r->o, id, level);
}

static void op_ppi_wire(struct run *r)
{
	unsigned int pe = any_pe(r), ppi = any_ppi(r);
	bool level = below(r, 2);

	note(r, "PE %u PPI %u wire %u", pe, ppi, level);
	gicv5_set_ppi(r->g, pe, ppi, level);
	o_ppi_wire(r->o, pe, ppi, level);
}

static void op_setlpi(struct run *r)
{
	unsigned int id = any_id(r, 1u << r->lpi.id_bits);

	note(r, "SETLPIR %u", id);
	gicv5_irs_write(r->g, GICV5_FRAME_SETLPI, 0, 4, id);
	if (r->cfg.setlpi)
		o_setlpi(r->o, id);
}

static void op_spi_select(struct run *r)
{
	unsigned int id = any_spi(r);

	note(r, "SPI_SELR %u", id);
	wr(r, SPI_SELR, 4, id);
	o_spi_select(r->o, id);
}

static void op_spi_cfgr(struct run *r)
{
	bool level = below(r, 2);

	op_spi_select(r);
	note(r, "SPI_CFGR TM %u", level);
	wr(r, SPI_CFGR, 4, level);
	o_spi_cfgr(r->o, level);
}

static void op_spi_vmr(struct run *r)
{
	bool virt = chance(r, 40);
	int slot = any_vm(r);
	uint32_t vm = id_of(r, &slot);

	op_spi_select(r);
	note(r, "SPI_VMR virt %u VM %u", virt, vm);
	wr(r, SPI_VMR, 8, (uint64_t)virt << 63 | vm);
	o_spi_vmr(r->o, virt, slot);
}

static void op_spi_resample(struct run *r)
{
	unsigned int id = any_spi(r);

	note(r, "SPI_RESAMPLER %u", id);
	wr(r, SPI_RESAMPLER, 4, id);
	o_spi_resample(r->o, id);
}

static void op_irsen(struct run *r)
{
	bool on = chance(r, 90);

	note(r, "IRS_CR0.IRSEN %u", on);
	wr(r, CR0, 4, on);
	r->o->irsen = on;
}

static void op_sync(struct run *r)
{
	note(r, "SYNCR");
	wr(r, SYNCR, 4, BIT(31));
}

/* --- CPU interface --- */

static void op_cr0(struct run *r)
{
	unsigned int pe = any_pe(r);
	bool guest = any_side(r), en = chance(r, 90);

	note(r, "PE %u %s ICC_CR0.EN %u", pe, guest ? "guest" : "host", en);
	msr(r, pe, guest, ICC_CR0_EL1, en);
	r->o->pe[pe].dom[guest].en = en;
}

static void op_pcr(struct run *r)
{
	unsigned int pe = any_pe(r), prio = chance(r, 60) ? 31 : any_prio(r);
	bool guest = any_side(r);

	note(r, "PE %u %s ICC_PCR %u", pe, guest ? "guest" : "host", prio);
	msr(r, pe, guest, ICC_PCR_EL1, prio);
	r->o->pe[pe].dom[guest].pcr = prio & r->o->icc_prio_mask;
}

static void set_apr(struct run *r, unsigned int pe, unsigned int dom, uint64_t val)
{
	for (unsigned int i = 0; i < 32; i++)
		r->o->pe[pe].dom[dom].apr[i] = val >> i & 1;
}

static void op_apr(struct run *r)
{
	unsigned int pe = any_pe(r);
	bool guest = any_side(r);
	uint64_t val = 0;

	if (chance(r, 30))
		val = BIT(any_prio(r) & r->o->icc_prio_mask);
	note(r, "PE %u %s APR 0x%" PRIx64, pe, guest ? "virtual" : "physical", val);
	if (guest && chance(r, 50))
		msr(r, pe, false, ICH_APR_EL2, val);
	else
		msr(r, pe, guest, ICC_APR_EL1, val);
	set_apr(r, pe, guest, val);
}

static void op_vmcr(struct run *r)
{
	unsigned int pe = any_pe(r), prio = chance(r, 70) ? 31 : any_prio(r);
	bool en = chance(r, 90);

	note(r, "PE %u ICH_VMCR EN %u VPMR %u", pe, en, prio);
	msr(r, pe, false, ICH_VMCR_EL2, (uint64_t)prio << 27 | en);
	r->o->pe[pe].dom[O_VIRT].en = en;
	r->o->pe[pe].dom[O_VIRT].pcr = prio & r->o->icc_prio_mask;
}

static void op_vctlr(struct run *r)
{
	unsigned int pe = any_pe(r);
	bool en = chance(r, 90);

	note(r, "PE %u ICH_VCTLR EN %u", pe, en);
	msr(r, pe, false, ICH_VCTLR_EL2, en);
	r->o->pe[pe].vctlr_en = en;
}

static uint64_t some_ppis(struct run *r, unsigned int word)
{
	uint64_t bits = 0;

	for (unsigned int n = below(r, 4); n; n--) {
		unsigned int ppi = any_ppi(r);

		if (ppi / 64 == word)
			bits |= BIT(ppi % 64);
	}
	return bits;
}

/* One of the bitmap registers of PPIs, by a host, a guest, or for a guest. */
static void op_ppi_bits(struct run *r)
{
	static const struct {
		unsigned int name;
		char what;
	} icc[] = {
		{ ICC_PPI_ENABLER0_EL1, 'e' }, { ICC_PPI_CACTIVER0_EL1, 'a' },
		{ ICC_PPI_SACTIVER0_EL1, 'A' }, { ICC_PPI_CPENDR0_EL1, 'p' },
		{ ICC_PPI_SPENDR0_EL1, 'P' },
	}, ich[] = {
		{ ICH_PPI_ENABLER0_EL2, 'e' }, { ICH_PPI_PENDR0_EL2, 'w' },
		{ ICH_PPI_ACTIVER0_EL2, 'x' }, { ICH_PPI_DVIR0_EL2, 'd' },
	};
	unsigned int pe = any_pe(r), word = below(r, 2), n, name;
	bool virt = any_side(r), by_el2 = virt && chance(r, 50);
	struct o_pe *p = &r->o->pe[pe];
	struct o_domain *d = &p->dom[virt];
	uint64_t val = some_ppis(r, word);
	char what;

	n = below(r, by_el2 ? ARRAY_SIZE(ich) : ARRAY_SIZE(icc));
	what = by_el2 ? ich[n].what : icc[n].what;
	name = (by_el2 ? ich[n].name : icc[n].name) + word;
	if (what == 'e' && chance(r, 50))
		val = ~UINT64_C(0);
	if (what == 'x' && chance(r, 60))
		val = 0;
	note(r, "PE %u %s %s 0x%" PRIx64, pe, virt && !by_el2 ? "guest" : "host", names[name], val);
	msr(r, pe, virt && !by_el2, name, val);
	for (unsigned int i = 0; i < 64; i++) {
		unsigned int ppi = 64 * word + i;
		bool bit = val >> i & 1;

		if (!r->o->ppi[ppi])
			continue;
		if (what == 'e')
			d->ppi_en[ppi] = bit;
		else if (what == 'x')
			d->ppi_act[ppi] = bit;
		else if (what == 'w')
			d->ppi_pend[ppi] = bit;
		else if (what == 'd')
			p->dvi[ppi] = bit;
		else if (bit && (what == 'a' || what == 'A'))
			d->ppi_act[ppi] = what == 'A';
		else if (bit)
			o_ppi_set_pending(r->o, pe, virt, ppi, what == 'P');
	}
}

/* CRm and op2 of the PRIORITYR of 8 PPIs */
static uint32_t priorityr(unsigned int op1, unsigned int n)
{
	return GICV5_ENC(3, op1, 12, 14 + n / 8, n % 8);
}

static void op_ppi_prio(struct run *r)
{
	unsigned int pe = any_pe(r), n = any_ppi(r) / 8;
	bool virt = any_side(r), by_el2 = virt && chance(r, 50);
	uint64_t val = rnd(r);

	if (chance(r, 50))
		val &= UINT64_C(0x0303030303030303);
	note(r, "PE %u %s PRIORITYR%u 0x%" PRIx64, pe, virt ? "virtual" : "physical", n, val);
	sys_write(r, pe, virt && !by_el2, priorityr(by_el2 ? 4 : 0, n), val);
	for (unsigned int k = 0; k < 8; k++)
		if (r->o->ppi[8 * n + k])
			r->o->pe[pe].dom[virt].ppi_prio[8 * n + k] =
				val >> 8 * k & r->o->icc_prio_mask;
}

/* --- virtualization --- */

/* A VPE that is valid, if there is one: from slot @slot on. */
static int usual_vpe(struct run *r, int slot, unsigned int *vpe)
{
	for (int i = 0; i < O_VMS; i++) {
		int s = (slot + i) % O_VMS;

		for (unsigned int v = 0; r->o->vm[s].valid && v < r->o->vm[s].nr_vpes; v++) {
			if (!r->o->vm[s].vpe[v].valid || chance(r, 30))
				continue;
			*vpe = v;
			return s;
		}
	}
	return slot;
}

static void op_context(struct run *r)
{
	unsigned int pe = any_pe(r), dbpm = any_prio(r), vpe;
	bool v = chance(r, 65), disable = chance(r, 10), db = chance(r, 60);
	int slot = any_vm(r);
	uint32_t vm = id_of(r, &slot);

	vpe = chance(r, 95) ? below(r, 2) : below(r, 1u << 16);
	if (slot >= 0 && chance(r, 80)) {
		slot = usual_vpe(r, slot, &vpe);
		vm = r->vm_id[slot];
	}
	note(r, "PE %u CONTEXTR V %u VM %u VPE %u dis %u DB %u DBPM %u", pe, v, vm, vpe, disable,
	     db, dbpm);
	msr(r, pe, false, ICH_CONTEXTR_EL2,
	    (uint64_t)v << 63 | (uint64_t)disable << 61 | (uint64_t)db << 60 |
	    (uint64_t)dbpm << 55 | (uint64_t)vpe << 32 | vm);
	o_context(r->o, pe, v, slot, vpe, disable, db, dbpm);
}

static void op_vpe_select(struct run *r)
{
	int slot = any_vm(r);
	uint32_t vm = id_of(r, &slot);
	unsigned int vpe = chance(r, 95) ? below(r, O_VPES) : 1u << 15;

	if (slot >= 0 && chance(r, 60)) {
		slot = usual_vpe(r, slot, &vpe);
		vm = r->vm_id[slot];
	}
	note(r, "VPE_SELR VM %u VPE %u", vm, vpe);
	wr(r, VPE_SELR, 8, BIT(63) | (uint64_t)vpe << 32 | vm);
	o_vpe_select(r->o, slot, vpe);
}

static void op_vpe_dbr(struct run *r)
{
	unsigned int lpi = any_id(r, 1u << r->lpi.id_bits), dbpm = any_prio(r);
	bool req = chance(r, 50), dbv = chance(r, 85);

	if (chance(r, 80))
		op_vpe_select(r);
	note(r, "VPE_DBR LPI %u DBPM %u REQ_DB %u DBV %u", lpi, dbpm, req, dbv);
	wr(r, VPE_DBR, 8, (uint64_t)dbv << 63 | (uint64_t)req << 62 | (uint64_t)dbpm << 32 | lpi);
	o_vpe_dbr(r->o, lpi, dbpm, req, dbv);
}

static void op_vpe_cr0(struct run *r)
{
	bool dps = below(r, 2);

	if (chance(r, 80))
		op_vpe_select(r);
	note(r, "VPE_CR0 DPS %u", dps);
	wr(r, VPE_CR0, 4, dps);
	o_vpe_cr0(r->o, dps);
}

static void op_save(struct run *r)
{
	int slot = any_vm(r);
	uint32_t vm = id_of(r, &slot);
	bool s = chance(r, 55), q = s ? chance(r, 5) : true;

	note(r, "SAVE_VMR VM %u S %u Q %u", vm, s, q);
	wr(r, SAVE_VMR, 8, (uint64_t)s << 63 | (uint64_t)q << 62 | vm);
	if (s && slot >= 0 && r->o->vm[slot].valid) {
		compare_ist(r, &r->o->vm[slot].lpi, &r->vlpi[slot], "saved LPI", true);
		compare_ist(r, &r->o->vm[slot].spi, &r->vspi[slot], "saved SPI", true);
	}
	o_save(r->o, slot, s, q);
	/* Unchanged but written: both answers are right, and the next one follows. */
	if (r->o->save_q_either)
		r->o->save_q = rd(r, SAVE_VM_STATUSR, 4) >> 1 & 1;
}

static void op_ist(struct run *r)
{
	struct shape *s = &r->lpi;
	uint64_t preset;

	if (r->o->lpi.valid) {
		note(r, "IST_BASER invalid");
		if (chance(r, 10))
			wr(r, IST_BASER, 8, s->base | 1);		/* ignored */
		wr(r, IST_CFGR, 4, 0);				/* ignored */
		wr(r, IST_BASER, 8, 0);
		compare_ist(r, &r->o->lpi, s, "invalidated LPI", true);
		o_ist_off(&r->o->lpi);
		return;
	}
	*s = any_shape(r, 0, 0x10000, 6 + below(r, 6));
	prepare_ist(r, s, &r->o->lpi, r->cfg.nr_pes);
	preset_l1(r, s, &preset);
	note(r, "IST_BASER: ID_BITS %u ISTSZ %u L2SZ %u %s, L1 %" PRIx64, s->id_bits, s->istsz,
	     s->l2sz, s->two_level ? "two-level" : "linear", preset);
	wr(r, IST_CFGR, 4, s->id_bits | s->l2sz << 5 | s->istsz << 7 | (unsigned int)s->two_level << 16);
	wr(r, IST_BASER, 8, s->base | 1);
	ist_on(&r->o->lpi, s, preset);
}

static void op_map_l2(struct run *r)
{
	unsigned int id = any_id(r, 1u << r->lpi.id_bits);

	if (!r->o->lpi.valid && chance(r, 50)) {
		op_ist(r);		/* not for long without LPIs */
		return;
	}
	note(r, "MAP_L2_ISTR %u", id);
	wr(r, MAP_L2_ISTR, 4, id);
	o_ist_map(&r->o->lpi, id);
}

static void op_vmt(struct run *r)
{
	if (r->vmt_valid) {
		note(r, "VMT_BASER invalid");
		wr(r, VMT_BASER, 8, 0);
		for (int slot = 0; slot < O_VMS; slot++) {
			if (r->o->vm[slot].valid) {
				compare_ist(r, &r->o->vm[slot].lpi, &r->vlpi[slot], "LPI", true);
				compare_ist(r, &r->o->vm[slot].spi, &r->vspi[slot], "SPI", true);
			}
			o_vm_off(r->o, slot);
		}
		r->vmt_valid = r->l2_vmt[0] = r->l2_vmt[1] = false;
		return;
	}
	memset(r->ram + 0x40000, 0, 0x8000);
	for (unsigned int l1 = 0; r->vmt_two_level && l1 < 2; l1++) {
		r->l2_vmt[l1] = chance(r, 30);
		put64(r, RAM_BASE + 0x40000 + 8 * l1,
		      (RAM_BASE + 0x44000 + 0x1000 * l1) | r->l2_vmt[l1]);
	}
	note(r, "VMT_BASER valid, L1 %u %u", r->l2_vmt[0], r->l2_vmt[1]);
	wr(r, VMT_CFGR, 4, r->vm_id_bits | (unsigned int)r->vmt_two_level << 16);
	wr(r, VMT_BASER, 8, (RAM_BASE + 0x40000) | 1);
	r->vmt_valid = true;
}

static void op_l2_vmt(struct run *r)
{
	int slot = any_vm(r);
	uint32_t vm = id_of(r, &slot);

	note(r, "VMAP_L2_VMTR %u", vm);
	wr(r, VMAP_L2_VMTR, 8, BIT(63) | vm);
	if (slot >= 0 && r->vmt_valid && r->vmt_two_level)
		r->l2_vmt[vm >> 7] = true;
}

static void vm_off(struct run *r, int slot)
{
	note(r, "VMAP_VMR U VM %u", r->vm_id[slot]);
	wr(r, VMAP_VMR, 8, BIT(63) | BIT(62) | r->vm_id[slot]);
	compare_ist(r, &r->o->vm[slot].lpi, &r->vlpi[slot], "dropped LPI", true);
	compare_ist(r, &r->o->vm[slot].spi, &r->vspi[slot], "dropped SPI", true);
	o_vm_off(r->o, slot);
}

static void op_vm(struct run *r)
{
	int slot = any_vm(r);
	struct o_vm *v = &r->o->vm[slot];
	uint64_t entry = vmte(r, slot), vpet = vm_area(slot), preset[2] = { 0 };
	bool ist[2] = { chance(r, 70), chance(r, 70) };
	unsigned int vpes = below(r, 1u << O_VPES) | below(r, 4);

	if (!r->vmt_valid && chance(r, 50)) {
		op_vmt(r);		/* not for long without VMs */
		return;
	}
	if (v->valid && chance(r, 30)) {
		vm_off(r, slot);
		return;
	}
	if (v->valid) {
		note(r, "VMAP_VMR M VM %u, valid already", r->vm_id[slot]);
		wr(r, VMAP_VMR, 8, BIT(63) | r->vm_id[slot]);
		return;
	}
	r->vpe_bits[slot] = 1 + below(r, 2);
	memset(r->ram + (vpet - RAM_BASE), 0, 0x8000);
	put64(r, entry, r->cfg.vmd ? vpet + 0x1000 : 0);
	put64(r, entry + 8, vpet | (uint64_t)r->vpe_bits[slot] << 59);
	for (unsigned int type = O_LPI; type <= O_SPI; type++) {
		struct o_ist *o_ist = type == O_LPI ? &v->lpi : &v->spi;

		new_vshape(r, slot, type);
		prepare_ist(r, vshape(r, slot, type), o_ist, O_VPES);
		if (ist[type - O_LPI])
			preset_l1(r, vshape(r, slot, type), &preset[type - O_LPI]);
		put64(r, vist_addr(r, slot, type), vist_word(vshape(r, slot, type), ist[type - O_LPI]));
	}
	for (unsigned int vpe = 0; vpe < 1u << r->vpe_bits[slot]; vpe++)
		put64(r, vpet + 8 * vpe, (vpet + 0x2000 + 0x1000 * vpe) | (vpes >> vpe & 1));
	note(r, "VMAP_VMR M VM %u: %u VPEs (mask 0x%x), ISTs %u %u", r->vm_id[slot],
	     1u << r->vpe_bits[slot], vpes, ist[0], ist[1]);
	wr(r, VMAP_VMR, 8, BIT(63) | r->vm_id[slot]);
	if (!vm_reachable(r, slot)) {
		put64(r, entry, 0);
		return;
	}
	o_vm_on(r->o, slot, 1u << r->vpe_bits[slot]);
	if (ist[0])
		ist_on(&v->lpi, &r->vlpi[slot], preset[0]);
	if (ist[1])
		ist_on(&v->spi, &r->vspi[slot], preset[1]);
	for (unsigned int vpe = 0; vpe < 1u << r->vpe_bits[slot]; vpe++)
		if (vpes >> vpe & 1)
			o_vpe_on(r->o, slot, vpe);
}

static void op_vist(struct run *r)
{
	int slot = any_vm(r);
	unsigned int type = chance(r, 50) ? O_LPI : O_SPI;
	struct o_ist *ist = o_vist(r->o, slot, type);
	uint64_t val = BIT(63) | (uint64_t)r->vm_id[slot] << 32 | (uint64_t)type << 29;
	bool off = ist && ist->valid && chance(r, 80);

	note(r, "VMAP_VISTR VM %u type %u %s", r->vm_id[slot], type, off ? "U" : "M");
	if (off) {
		wr(r, VMAP_VISTR, 8, val | BIT(62));
		compare_ist(r, ist, vshape(r, slot, type), "dropped virtual", true);
		if (get64(r, vist_addr(r, slot, type)) & 1)
			wrong(r, "IST_VALID is still 1");
		o_ist_off(ist);
		r->o->vm[slot].touched = true;
		return;
	}
	if (!ist || ist->valid) {
		wr(r, VMAP_VISTR, 8, val);
		return;
	}
	new_vshape(r, slot, type);
	prepare_ist(r, vshape(r, slot, type), ist, O_VPES);
	put64(r, vist_addr(r, slot, type), vist_word(vshape(r, slot, type), false));
	wr(r, VMAP_VISTR, 8, val);
	if (!(get64(r, vist_addr(r, slot, type)) & 1))
		wrong(r, "IST_VALID is not 1");
	ist_on(ist, vshape(r, slot, type), 0);
	r->o->vm[slot].touched = true;
}

static void op_l2_vist(struct run *r)
{
	int slot = any_vm(r);
	unsigned int type = chance(r, 50) ? O_LPI : O_SPI;
	struct o_ist *ist = o_vist(r->o, slot, type);
	unsigned int id = any_id(r, 1u << vshape(r, slot, type)->id_bits);

	note(r, "VMAP_L2_VISTR VM %u type %u id %u", r->vm_id[slot], type, id);
	wr(r, VMAP_L2_VISTR, 8, BIT(63) | (uint64_t)r->vm_id[slot] << 32 | (uint64_t)type << 29 | id);
	o_ist_map(ist, id);
	r->o->vm[slot].touched = true;
}

static void op_vpe(struct run *r)
{
	int slot = any_vm(r);
	struct o_vm *v = &r->o->vm[slot];
	unsigned int vpe = below(r, O_VPES);

	note(r, "VMAP_VPER VM %u VPE %u", r->vm_id[slot], vpe);
	wr(r, VMAP_VPER, 8, BIT(63) | (uint64_t)r->vm_id[slot] << 32 | vpe);
	o_vpe_on(r->o, slot, vpe);
	if (v->valid && vpe < v->nr_vpes && !(get64(r, vm_area(slot) + 8 * vpe) & 1))
		wrong(r, "VALID of the VPETE is not 1");
}

/* HCR_EL2.NV = 1, NV1 = 0: injected timers go to those of the guest hypervisor. */
static void op_nested(struct run *r)
{
	unsigned int pe = any_pe(r);
	struct gicv5_cpu_ctx ctx;

	r->o->pe[pe].nv = chance(r, 40);
	note(r, "PE %u HCR_EL2.NV %u", pe, r->o->pe[pe].nv);
	ctx = ctx_of(r, pe, false, false);
	gicv5_pe_context_changed(r->g, pe, &ctx);
}

static void open_pe(struct run *r, unsigned int pe)
{
	msr(r, pe, false, ICC_CR0_EL1, 1);
	msr(r, pe, false, ICC_PCR_EL1, 31);
	r->o->pe[pe].dom[O_PHYS].en = true;
	r->o->pe[pe].dom[O_PHYS].pcr = 31 & r->o->icc_prio_mask;
	if (!r->cfg.el2)
		return;
	msr(r, pe, false, ICH_HFGRTR_EL2, ~UINT64_C(0));
	msr(r, pe, false, ICH_HFGWTR_EL2, ~UINT64_C(0));
	msr(r, pe, false, ICH_HFGITR_EL2, ~UINT64_C(0));
	msr(r, pe, false, ICH_VCTLR_EL2, 1);
	msr(r, pe, false, ICH_VMCR_EL2, UINT64_C(31) << 27 | 1);
	r->o->pe[pe].vctlr_en = true;
	r->o->pe[pe].dom[O_VIRT].en = true;
	r->o->pe[pe].dom[O_VIRT].pcr = 31 & r->o->icc_prio_mask;
}

static void op_reset_pe(struct run *r)
{
	unsigned int pe = any_pe(r);

	if (!chance(r, 10))
		return;
	note(r, "PE %u reset", pe);
	gicv5_reset_pe(r->g, pe);
	o_reset_pe(r->o, pe);
	open_pe(r, pe);
}

static void boot(struct run *r)
{
	for (unsigned int pe = 0; pe < r->cfg.nr_pes; pe++)
		open_pe(r, pe);
	wr(r, CR0, 4, 1);
	r->o->irsen = true;
	op_ist(r);
	if (!r->cfg.virt)
		return;
	op_vmt(r);
	for (unsigned int i = 0; i < O_VMS; i++) {
		op_l2_vmt(r);
		op_vm(r);
	}
}

static void op_reset(struct run *r)
{
	if (!chance(r, 3))
		return;
	note(r, "reset");
	gicv5_reset(r->g);
	o_reset(r->o);
	r->vmt_valid = r->l2_vmt[0] = r->l2_vmt[1] = false;
	boot(r);
}

#define OP(f, w)	.fn = f, .weight = w

static const struct {
	op_fn *fn;
	unsigned int weight;
	bool el2, virt;
	bool never_off;
} ops[] = {
	{ OP(op_insn, 200), .never_off = true }, { OP(op_route, 120) }, { OP(op_ack, 220) }, { OP(op_eoi, 40), .never_off = true },
	{ OP(op_spi_wire, 60) }, { OP(op_ppi_wire, 40) }, { OP(op_setlpi, 40) }, { OP(op_spi_cfgr, 15) },
	{ OP(op_spi_vmr, 8), .virt = true }, { OP(op_spi_resample, 8) }, { OP(op_irsen, 6) }, { OP(op_sync, 1) }, { OP(op_cr0, 10) },
	{ OP(op_pcr, 15) }, { OP(op_apr, 15) }, { OP(op_ppi_bits, 50) }, { OP(op_ppi_prio, 15) }, { OP(op_ist, 2) },
	{ OP(op_map_l2, 15) }, { OP(op_vmcr, 15), .el2 = true }, { OP(op_vctlr, 6), .el2 = true },
	{ OP(op_nested, 8), .el2 = true },
	{ OP(op_context, 80), .el2 = true }, { OP(op_vdpend, 100), .el2 = true },
	{ OP(op_vpe_select, 10), .virt = true }, { OP(op_vpe_dbr, 60), .virt = true },
	{ OP(op_vpe_cr0, 5), .virt = true }, { OP(op_save, 10), .virt = true }, { OP(op_vmt, 1), .virt = true },
	{ OP(op_l2_vmt, 10), .virt = true }, { OP(op_vm, 12), .virt = true }, { OP(op_vist, 10), .virt = true },
	{ OP(op_l2_vist, 12), .virt = true }, { OP(op_vpe, 12), .virt = true }, { OP(op_reset_pe, 5) },
	{ OP(op_reset, 5) },
};

/* --- comparison ------------------------------------------------------------ */

static void expect(struct run *r, unsigned int pe, const char *what, uint64_t is, uint64_t should)
{
	if (is != should)
		wrong(r, "PE %u: %s is 0x%" PRIx64 ", should be 0x%" PRIx64, pe, what, is, should);
}

static uint64_t bits_of(const bool *set, unsigned int word)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < 64; i++)
		bits |= (uint64_t)set[64 * word + i] << i;
	return bits;
}

static uint64_t pending_bits(struct run *r, unsigned int pe, unsigned int dom, unsigned int word)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < 64; i++)
		bits |= (uint64_t)o_ppi_pending(r->o, pe, dom, 64 * word + i) << i;
	return bits;
}

static uint64_t apr_of(const struct o_domain *d)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < 32; i++)
		bits |= (uint64_t)d->apr[i] << i;
	return bits;
}

/* What one domain of a PE shows to the software in it. */
static void compare_domain(struct run *r, unsigned int pe, unsigned int dom)
{
	const struct o_domain *d = &r->o->pe[pe].dom[dom];
	uint64_t hppi = mrs(r, pe, dom, ICC_HPPIR_EL1);
	const char *why = o_judge_hppi(r->o, pe, dom, hppi);
	unsigned int n = below(r, 16), irq = dom ? GICV5_LINE_VIRQ : GICV5_LINE_IRQ;
	uint64_t prios = 0;

	if (why)
		wrong(r, "PE %u: %s HPPIR 0x%" PRIx64 ": %s", pe, dom ? "virtual" : "physical",
		      hppi, why);
	expect(r, pe, dom ? "line VIRQ" : "line IRQ", r->line[pe][irq], o_line(r->o, pe, dom, false));
	expect(r, pe, dom ? "line VINMI" : "line NMI", r->line[pe][irq + 1], o_line(r->o, pe, dom, true));
	expect(r, pe, "CR0.EN", mrs(r, pe, dom, ICC_CR0_EL1) & 1, d->en);
	expect(r, pe, "PCR", mrs(r, pe, dom, ICC_PCR_EL1), d->pcr);
	expect(r, pe, "APR", mrs(r, pe, dom, ICC_APR_EL1), apr_of(d));
	for (unsigned int w = 0; w < 2; w++) {
		expect(r, pe, "PPI_ENABLER", mrs(r, pe, dom, ICC_PPI_ENABLER0_EL1 + w),
		       bits_of(d->ppi_en, w));
		expect(r, pe, "PPI_SACTIVER", mrs(r, pe, dom, ICC_PPI_SACTIVER0_EL1 + w),
		       bits_of(d->ppi_act, w));
		expect(r, pe, "PPI_CPENDR", mrs(r, pe, dom, ICC_PPI_CPENDR0_EL1 + w),
		       pending_bits(r, pe, dom, w));
	}
	for (unsigned int k = 0; k < 8; k++)
		prios |= (uint64_t)d->ppi_prio[8 * n + k] << 8 * k;
	expect(r, pe, "PPI_PRIORITYR", sys_read(r, pe, dom, priorityr(0, n), false), prios);
}

static void compare_el2(struct run *r, unsigned int pe)
{
	const struct o_pe *p = &r->o->pe[pe];
	const struct o_domain *d = &p->dom[O_VIRT];
	uint64_t context = mrs(r, pe, false, ICH_CONTEXTR_EL2);
	uint64_t hppi = mrs(r, pe, false, ICH_HPPIR_EL2);
	const char *why = o_judge_hppi(r->o, pe, O_VIRT, hppi);

	if (why)
		wrong(r, "PE %u: ICH_HPPIR: %s", pe, why);
	expect(r, pe, "CONTEXTR.F", context >> 62 & 1, p->fault);
	if (!p->fault)
		expect(r, pe, "CONTEXTR.V", context >> 63, p->asked);
	expect(r, pe, "ICH_APR", mrs(r, pe, false, ICH_APR_EL2), apr_of(d));
	expect(r, pe, "ICH_VMCR", mrs(r, pe, false, ICH_VMCR_EL2),
	       (uint64_t)d->pcr << 27 | d->en);
	for (unsigned int w = 0; w < 2; w++) {
		expect(r, pe, "ICH_PPI_PENDR", mrs(r, pe, false, ICH_PPI_PENDR0_EL2 + w),
		       bits_of(d->ppi_pend, w));
		expect(r, pe, "ICH_PPI_DVIR", mrs(r, pe, false, ICH_PPI_DVIR0_EL2 + w),
		       bits_of(p->dvi, w));
	}
}

/* CDRCFG shows each SPI; ICSR is put back. */
static void compare_spis(struct run *r)
{
	for (unsigned int i = 0; i < r->cfg.nr_spis; i++) {
		const struct o_spi *spi = &r->o->spi[i];
		unsigned int id = r->cfg.spi_base + i;
		uint64_t is;

		msr(r, 0, false, GIC_CDRCFG, UINT64_C(3) << 29 | id);
		is = mrs(r, 0, false, ICC_ICSR_EL1);
		if (is != (spi->virt ? 1 : o_icsr(&spi->irq)))
			wrong(r, "SPI %u: ICSR 0x%" PRIx64 ", should be 0x%" PRIx64, id, is,
			      spi->virt ? 1 : o_icsr(&spi->irq));
	}
	msr(r, 0, false, ICC_ICSR_EL1, r->o->pe[0].icsr);
	if (r->o->spi_v)
		expect(r, 0, "SPI_CFGR", rd(r, SPI_CFGR, 4),
		       r->o->spi[r->o->spi_sel - r->cfg.spi_base].tm);
}

/* The selected VPE as it is, after a selection of another one as everything is. */
static void compare_vpe(struct run *r)
{
	const struct o_vpe *v;
	const char *why = o_judge_vpe_hppi(r->o, rd(r, VPE_HPPIR, 8));

	if (why)
		wrong(r, "%s", why);
	if (r->done % 4)
		return;
	op_vpe_select(r);
	r->histories--;
	expect(r, 0, "VPE_STATUSR", rd(r, VPE_STATUSR, 4), 1u | (unsigned int)r->o->vpe_v << 1);
	why = o_judge_vpe_hppi(r->o, rd(r, VPE_HPPIR, 8));
	if (why)
		wrong(r, "%s", why);
	if (!r->o->vpe_v)
		return;
	v = &r->o->vm[r->o->sel_vm].vpe[r->o->sel_vpe];
	expect(r, 0, "VPE_DBR", rd(r, VPE_DBR, 8), (uint64_t)v->dbv << 63 | (uint64_t)v->req << 62 |
	       (uint64_t)v->dbpm << 32 | v->lpi);
	expect(r, 0, "VPE_CR0", rd(r, VPE_CR0, 4), v->dps);
}

static void compare(struct run *r)
{
	bool words = !r->cfg.hostile_cache;
	const struct oracle *o = r->o;
	struct gicv5_stats stats;
	const char *broken;

	for (unsigned int pe = 0; pe < r->cfg.nr_pes; pe++) {
		compare_domain(r, pe, O_PHYS);
		expect(r, pe, "ICSR", mrs(r, pe, false, ICC_ICSR_EL1), o->pe[pe].icsr);
		if (!r->cfg.el2)
			continue;
		compare_domain(r, pe, O_VIRT);
		compare_el2(r, pe);
	}
	compare_spis(r);
	compare_ist(r, &o->lpi, &r->lpi, "LPI", words);
	for (int slot = 0; r->cfg.virt && slot < O_VMS; slot++) {
		if (r->vmt_valid && (get64(r, vmte(r, slot)) & 1) != o->vm[slot].valid)
			wrong(r, "VALID of the VMTE of VM %u", r->vm_id[slot]);
		if (!o->vm[slot].valid)
			continue;
		compare_ist(r, &o->vm[slot].lpi, &r->vlpi[slot], "virtual LPI", words);
		compare_ist(r, &o->vm[slot].spi, &r->vspi[slot], "virtual SPI", words);
	}
	if (r->cfg.virt) {
		compare_vpe(r);
		expect(r, 0, "SAVE_VM_STATUSR.Q", rd(r, SAVE_VM_STATUSR, 4) >> 1 & 1, o->save_q);
	}
	gicv5_get_stats(r->g, &stats);
	expect(r, 0, "number of doorbells", stats.doorbells, o->doorbells);
	expect(r, 0, "number of acknowledges", stats.acks, o->acks);
	expect(r, 0, "number of virtual acknowledges", stats.vacks, o->vacks);
	broken = gicv5_check(r->g, r->done % r->check_every == 0);
	if (broken)
		wrong(r, "invariant: %s", broken);
}

/* --- runs ------------------------------------------------------------------ */

static void configure(struct run *r)
{
	struct gicv5_config *cfg = &r->cfg;

	gicv5_config_init(cfg);
	cfg->ops.mem_read = mem_read;
	cfg->ops.mem_write = mem_write;
	cfg->ops.set_line = set_line;
	cfg->opaque = r;
	cfg->nr_pes = 1 + below(r, O_PES);
	cfg->el2 = chance(r, 92);
	cfg->virt = cfg->el2 && chance(r, 94);
	cfg->pri_bits = chance(r, 60) ? 5 : 3 + below(r, 3);
	cfg->icc_pri_bits = chance(r, 70) ? 5 : 4;
	cfg->ppi[1] = chance(r, 50) ? BIT(0) | BIT(63) | BIT(9) : 0;
	cfg->nr_spis = 8 + below(r, O_SPIS - 7);
	cfg->spi_base = chance(r, 30) ? 40 : 0;
	cfg->setlpi = chance(r, 90);
	cfg->id_bits = 14;
	cfg->min_lpi_id_bits = 5;
	cfg->ist_levels = chance(r, 80);
	cfg->istmd = chance(r, 40);
	cfg->istmd_sz = 7 + below(r, 4);
	cfg->vmt_levels = true;
	cfg->vmd = chance(r, 50);
	cfg->vped_sz = 5 + below(r, 5);
	cfg->vpe_id_bits = 2;
	cfg->max_vcandidates = chance(r, 60) ? 2000 : 2 + below(r, 12);
	cfg->busy_polls = chance(r, 20) ? 1 + below(r, 3) : 0;
	cfg->hostile_cache = chance(r, 30);
	r->vmt_two_level = chance(r, 35);
	r->vm_id_bits = r->vmt_two_level ? 8 : 3;
	cfg->vm_id_bits = r->vm_id_bits;
	r->check_every = 8;
}

static void set_up(struct run *r)
{
	static const uint32_t linear[] = { 0, 1, 3, 6 }, two_level[] = { 0, 1, 128, 200 };
	struct oracle *o = r->o;

	memset(o, 0, sizeof(*o));
	o->nr_pes = r->cfg.nr_pes;
	o->nr_spis = r->cfg.nr_spis;
	o->spi_base = r->cfg.spi_base;
	o->irs_prio_mask = 0x1f & ~((1u << (5 - r->cfg.pri_bits)) - 1);
	o->icc_prio_mask = r->cfg.icc_pri_bits == 4 ? 0x1e : 0x1f;
	o->canary = r->canary;
	for (unsigned int ppi = 0; ppi < O_PPIS; ppi++)
		o->ppi[ppi] = r->cfg.ppi[ppi / 64] >> ppi % 64 & 1;
	o_init(o);
	for (int slot = 0; slot < O_VMS; slot++) {
		r->vm_id[slot] = (r->vmt_two_level ? two_level : linear)[slot];
		new_vshape(r, slot, O_LPI);
		new_vshape(r, slot, O_SPI);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (!ops[i].never_off && chance(r, 10))
			r->off |= BIT(i);
	boot(r);
}

static size_t any_op(struct run *r)
{
	for (;;) {
		unsigned int total = 0, pick;
		size_t i;

		for (i = 0; i < ARRAY_SIZE(ops); i++)
			total += ops[i].weight;
		pick = below(r, total);
		for (i = 0; pick >= ops[i].weight; i++)
			pick -= ops[i].weight;
		if (r->off & BIT(i) || (ops[i].el2 && !r->cfg.el2) || (ops[i].virt && !r->cfg.virt))
			continue;
		return i;
	}
}

/* One run; false if model and oracle differ. */
static bool run_one(struct run *r, uint64_t seed, unsigned long nr_ops, bool canary,
		    struct gicv5_stats *sum)
{
	struct gicv5_stats stats;

	memset(r, 0, sizeof(*r));
	r->o = &oracle;
	r->seed = r->rng = seed;
	r->canary = canary;
	configure(r);
	if (gicv5_config_error(&r->cfg)) {
		wrong(r, "configuration: %s", gicv5_config_error(&r->cfg));
		return false;
	}
	r->g = gicv5_create(&r->cfg);
	if (!r->g) {
		wrong(r, "no model");
		return false;
	}
	set_up(r);
	while (r->done < nr_ops && !*r->why) {
		ops[any_op(r)].fn(r);
		o_settle(r->o);
		r->done++;
		compare(r);
	}
	gicv5_get_stats(r->g, &stats);
	sum->acks += stats.acks;
	sum->vacks += stats.vacks;
	sum->events += stats.events;
	sum->doorbells += stats.doorbells;
	sum->residencies += stats.residencies;
	return !*r->why;
}

int main(int argc, char **argv)
{
	unsigned long runs = 1, nr_ops = 5000;
	struct gicv5_stats sum = { 0 };
	bool canary = false, found = false;
	uint64_t seed = 1;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--canary"))
			canary = true;
		else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--runs") && i + 1 < argc)
			runs = strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--ops") && i + 1 < argc)
			nr_ops = strtoul(argv[++i], NULL, 0);
		else {
			fprintf(stderr, "usage: %s [--seed N] [--runs R] [--ops M] [--canary]\n",
				argv[0]);
			return 2;
		}
	}
	if (find_registers())
		return 2;
	for (unsigned long i = 0; i < runs && !found; i++) {
		found = !run_one(&run, seed + i, nr_ops, canary, &sum);
		if (found && !canary)
			report(&run, argv[0]);
		gicv5_destroy(run.g);
	}
	if (canary)
		printf("canary %s: %s\n", found ? "found" : "MISSED", run.why);
	else if (!found)
		printf("%lu operations, seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " + %" PRIu64
		       " acknowledges, %" PRIu64 " residencies, %" PRIu64 " doorbells\n",
		       runs * nr_ops, seed, seed + runs - 1, sum.acks, sum.vacks,
		       sum.residencies, sum.doorbells);
	return found != canary;
}
