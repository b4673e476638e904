// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static int fault(struct world *w, uint64_t addr, size_t len, unsigned int *countdown)
{
	if (*countdown && !--*countdown)
		return -1;
	if (w->fail_addr && addr <= w->fail_addr && w->fail_addr < addr + len)
		return -1;
	assert_int_equal(addr % len, 0);
	return addr < RAM_BASE || addr + len > RAM_BASE + RAM_SIZE ? -1 : 0;
}

static int mem_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct world *w = opaque;

	if (fault(w, addr, len, &w->fail_reads))
		return -1;
	memcpy(buf, w->ram + (addr - RAM_BASE), len);
	return 0;
}

static int mem_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	struct world *w = opaque;

	if (fault(w, addr, len, &w->fail_writes))
		return -1;
	memcpy(w->ram + (addr - RAM_BASE), buf, len);
	return 0;
}

static void set_line(void *opaque, unsigned int pe, enum gicv5_line line, bool level)
{
	struct world *w = opaque;

	w->line[pe][line] = level;
	assert_false(w->line[pe][GICV5_LINE_IRQ] && w->line[pe][GICV5_LINE_NMI]);
	assert_false(w->line[pe][GICV5_LINE_VIRQ] && w->line[pe][GICV5_LINE_VINMI]);
	w->edges[pe][line]++;
}

static void log_line(void *opaque, enum gicv5_log what, const char *text)
{
	struct world *w = opaque;

	w->logs++;
	assert_true(strlen(text) > 0);
	if (what != GICV5_LOG_STRICT)
		return;
	w->reports++;
	snprintf(w->report, sizeof(w->report), "%s", text);
}

void world_config(struct gicv5_config *cfg)
{
	gicv5_config_init(cfg);
	cfg->nr_pes = WORLD_PES;
	cfg->id_bits = 14;
	cfg->vm_id_bits = 8;
	cfg->vpe_id_bits = 3;
	cfg->max_vcandidates = 64;
	cfg->ops.mem_read = mem_read;
	cfg->ops.mem_write = mem_write;
	cfg->ops.set_line = set_line;
	cfg->ops.log = log_line;
}

struct world *world_new(const struct gicv5_config *cfg)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->ram = calloc(1, RAM_SIZE);
	assert_non_null(w->ram);
	w->brk = RAM_BASE + 0x10000;
	w->cfg = *cfg;
	w->cfg.opaque = w;
	assert_null(gicv5_config_error(&w->cfg));
	w->g = gicv5_create(&w->cfg);
	assert_non_null(w->g);
	return w;
}

void world_free(struct world *w)
{
	gicv5_destroy(w->g);
	free(w->ram);
	free(w);
}

int setup(void **state)
{
	struct gicv5_config cfg;

	world_config(&cfg);
	*state = world_new(&cfg);
	return 0;
}

int setup_host(void **state)
{
	setup(state);
	host_start(*state);
	return 0;
}

int setup_vm(void **state)
{
	setup_host(state);
	vm_start(*state, 1);
	return 0;
}

int teardown(void **state)
{
	world_free(*state);
	return 0;
}

/* --- RAM ----------------------------------------------------------------- */

/* Zeroed memory, aligned to the next power of two of its size, at least 4 KB. */
uint64_t ram_alloc(struct world *w, uint64_t size)
{
	uint64_t align = 4096, addr;

	while (align < size)
		align *= 2;
	addr = (w->brk + align - 1) & ~(align - 1);
	w->brk = addr + align;
	assert_true(w->brk <= RAM_BASE + RAM_SIZE);
	return addr;
}

uint32_t ram32(struct world *w, uint64_t addr)
{
	uint32_t val;

	memcpy(&val, w->ram + (addr - RAM_BASE), sizeof(val));
	return val;
}

uint64_t ram64(struct world *w, uint64_t addr)
{
	uint64_t val;

	memcpy(&val, w->ram + (addr - RAM_BASE), sizeof(val));
	return val;
}

void ram_set32(struct world *w, uint64_t addr, uint32_t val)
{
	memcpy(w->ram + (addr - RAM_BASE), &val, sizeof(val));
}

void ram_set64(struct world *w, uint64_t addr, uint64_t val)
{
	memcpy(w->ram + (addr - RAM_BASE), &val, sizeof(val));
}

/* --- the model's border -------------------------------------------------- */

void check(struct world *w)
{
	const char *text = w->no_check ? NULL : gicv5_check(w->g, true);

	if (text)
		fail_msg("invariant: %s", text);
}

uint32_t enc(const char *name)
{
	size_t n;
	const struct gicv5_sysreg *r = gicv5_sysreg_list(&n);

	for (; n; n--, r++)
		if (!strcmp(r->name, name))
			return GICV5_ENC(r->op0, r->op1, r->crn, r->crm, r->op2);
	fail_msg("no register %s", name);
	return 0;
}

static struct gicv5_cpu_ctx context(const struct world *w, enum who who)
{
	return (struct gicv5_cpu_ctx){
		.el = who == HOST ? 2 : 1,
		.el2_enabled = w->cfg.el2,
		.imo = w->cfg.el2,
		.nmi = w->nmi,
	};
}

uint64_t mrs(struct world *w, unsigned int pe, enum who who, const char *name)
{
	struct gicv5_cpu_ctx ctx = context(w, who);
	uint64_t val = gicv5_sysreg_read(w->g, pe, &ctx, enc(name));

	check(w);
	return val;
}

void msr(struct world *w, unsigned int pe, enum who who, const char *name, uint64_t val)
{
	struct gicv5_cpu_ctx ctx = context(w, who);

	gicv5_sysreg_write(w->g, pe, &ctx, enc(name), val);
	check(w);
}

uint64_t rd32(struct world *w, uint64_t off)
{
	return gicv5_irs_read(w->g, GICV5_FRAME_CONFIG, off, 4);
}

uint64_t rd64(struct world *w, uint64_t off)
{
	return gicv5_irs_read(w->g, GICV5_FRAME_CONFIG, off, 8);
}

/* Good software waits for IDLE after each write; strict mode wants to see it. */
static void wait_idle(struct world *w)
{
	static const uint16_t status[] = {
		CR0, SYNC_STATUSR, SPI_STATUSR, PE_STATUSR, IST_STATUSR,
		VMT_STATUSR, VPE_STATUSR, VM_STATUSR, SAVE_VM_STATUSR,
	};

	if (w->cfg.strict == GICV5_STRICT_OFF)
		return;
	for (unsigned int i = 0; i < (w->cfg.virt ? 9 : 5); i++)
		rd32(w, status[i]);
}

void wr32(struct world *w, uint64_t off, uint64_t val)
{
	gicv5_irs_write(w->g, GICV5_FRAME_CONFIG, off, 4, val);
	check(w);
	wait_idle(w);
}

void wr64(struct world *w, uint64_t off, uint64_t val)
{
	gicv5_irs_write(w->g, GICV5_FRAME_CONFIG, off, 8, val);
	check(w);
	wait_idle(w);
}

void spi_wire(struct world *w, uint32_t spi, bool level)
{
	gicv5_set_spi(w->g, spi, level);
	check(w);
}

void ppi_wire(struct world *w, unsigned int pe, unsigned int ppi, bool level)
{
	gicv5_set_ppi(w->g, pe, ppi, level);
	check(w);
}

/* --- the host ------------------------------------------------------------ */

/* Linear IST of 2^8 LPIs, IRS on, all CPU interfaces open; what EL2 must set. */
void host_start(struct world *w)
{
	unsigned int istsz = w->cfg.istmd ? (8 < w->cfg.istmd_sz ? 1 : 2) : 0;

	w->ist = ram_alloc(w, 256u << (2 + istsz));
	wr32(w, IST_CFGR, 8 | istsz << 7);
	wr64(w, IST_BASER, w->ist | 1);
	wr32(w, CR0, 1);
	for (unsigned int pe = 0; pe < w->cfg.nr_pes; pe++) {
		msr(w, pe, HOST, "ICC_CR0_EL1", 1);
		msr(w, pe, HOST, "ICC_PCR_EL1", 31);
		if (!w->cfg.el2)
			continue;
		msr(w, pe, HOST, "ICH_HFGRTR_EL2", ~0ull);
		msr(w, pe, HOST, "ICH_HFGWTR_EL2", ~0ull);
		msr(w, pe, HOST, "ICH_HFGITR_EL2", ~0ull);
		msr(w, pe, HOST, "ICH_VCTLR_EL2", 1);
	}
}

/* Trigger mode of an SPI. */
void spi_trigger(struct world *w, uint32_t spi, bool level)
{
	wr32(w, SPI_SELR, spi);
	assert_true(rd32(w, SPI_STATUSR) & STATUSR_V);
	wr32(w, SPI_CFGR, level);
}

/* Priority, target, enable. */
void route(struct world *w, uint64_t intid, unsigned int pe, unsigned int prio)
{
	msr(w, 0, HOST, "GIC_CDPRI", intid | (uint64_t)prio << 35);
	msr(w, 0, HOST, "GIC_CDAFF", intid | (uint64_t)pe << 32);
	msr(w, 0, HOST, "GIC_CDEN", intid);
}

void pend(struct world *w, uint64_t intid)
{
	msr(w, 0, HOST, "GIC_CDPEND", intid | BIT(32));
}

uint64_t ack(struct world *w, unsigned int pe, enum who who)
{
	return mrs(w, pe, who, "GICR_CDIA");
}

/* Priority drop and deactivate. */
void eoi(struct world *w, unsigned int pe, enum who who, uint64_t intid)
{
	msr(w, pe, who, "GIC_CDEOI", 0);
	msr(w, pe, who, "GIC_CDDI", intid & 0xffffffff);
}

uint64_t rcfg(struct world *w, uint64_t intid)
{
	msr(w, 0, HOST, "GIC_CDRCFG", intid);
	return mrs(w, 0, HOST, "ICC_ICSR_EL1");
}

/* --- VMs ----------------------------------------------------------------- */

#define VM_BITS		7
#define VIST_BITS	6

/* A linear VMT of 2^7 VMs. */
void vmt_start(struct world *w)
{
	w->vmt = ram_alloc(w, 32u << VM_BITS);
	wr32(w, VMT_CFGR, VM_BITS);
	wr64(w, VMT_BASER, w->vmt | 1);
}

static uint64_t vist_word(const struct world *w, uint64_t base)
{
	uint64_t istsz = w->cfg.istmd ? (VIST_BITS < w->cfg.istmd_sz ? 1 : 2) : 0;

	return base | istsz << 56 | (uint64_t)VIST_BITS << 59;
}

/* Fill in the VMTE of a VM with 4 VPEs and two linear ISTs, nothing valid. */
void vm_prepare(struct world *w, unsigned int vm)
{
	w->vmte = w->vmt + 32 * vm;
	w->vpet = ram_alloc(w, 4 * 8);
	w->lpi_ist = ram_alloc(w, 4u << (2 + VIST_BITS));
	w->spi_ist = ram_alloc(w, 4u << (2 + VIST_BITS));
	ram_set64(w, w->vmte, w->cfg.vmd ? ram_alloc(w, 1u << w->cfg.vmd_sz) : 0);
	ram_set64(w, w->vmte + 8, w->vpet | 2ull << 59);
	ram_set64(w, w->vmte + 16, vist_word(w, w->lpi_ist));
	ram_set64(w, w->vmte + 24, vist_word(w, w->spi_ist));
	for (unsigned int i = 0; i < 4; i++)
		ram_set64(w, w->vpet + 8 * i, ram_alloc(w, 1u << w->cfg.vped_sz));
}

/* All of the sequence of a VM; VPE n has the doorbell LPI DB_LPI + n. */
void vm_start(struct world *w, unsigned int vm)
{
	if (!w->vmt)
		vmt_start(w);
	vm_prepare(w, vm);
	wr64(w, VMAP_VMR, vm | BIT(63));
	wr64(w, VMAP_VISTR, 3ull << 29 | (uint64_t)vm << 32 | BIT(63));
	wr64(w, VMAP_VISTR, 2ull << 29 | (uint64_t)vm << 32 | BIT(63));
	for (unsigned int i = 0; i < 4; i++)
		vpe_start(w, vm, i);
}

void vpe_start(struct world *w, unsigned int vm, unsigned int vpe)
{
	wr64(w, VMAP_VPER, vpe | (uint64_t)vm << 32 | BIT(63));
	select_vpe(w, vm, vpe);
	assert_int_equal(rd32(w, VPE_STATUSR), STATUSR_IDLE | STATUSR_V);
	wr32(w, VPE_CR0, 1);
	wr64(w, VPE_DBR, (DB_LPI + vpe) | BIT(63));
	route(w, LPI(DB_LPI + vpe), 0, 5);
}

void select_vpe(struct world *w, unsigned int vm, unsigned int vpe)
{
	wr64(w, VPE_SELR, vm | (uint64_t)vpe << 32 | BIT(63));
}

uint64_t contextr(unsigned int vm, unsigned int vpe)
{
	return CONTEXTR_V | (uint64_t)vpe << 32 | vm;
}

/* Enter a guest whose CPU interface is open. */
void vcpu_load(struct world *w, unsigned int pe, unsigned int vm, unsigned int vpe)
{
	msr(w, pe, HOST, "ICH_VMCR_EL2", 31u << 27 | 1);
	msr(w, pe, HOST, "ICH_CONTEXTR_EL2", contextr(vm, vpe));
	assert_int_equal(mrs(w, pe, HOST, "ICH_CONTEXTR_EL2"), contextr(vm, vpe));
}

void vcpu_put(struct world *w, unsigned int pe, bool db, unsigned int dbpm)
{
	msr(w, pe, HOST, "ICH_CONTEXTR_EL2",
	    (db ? CONTEXTR_DB : 0) | FIELD_PREP(CONTEXTR_DBPM, dbpm));
}

void vdpend(struct world *w, unsigned int vm, uint64_t intid, bool pending)
{
	msr(w, 0, HOST, "GIC_VDPEND", intid | (uint64_t)vm << 32 | (pending ? BIT(63) : 0));
}

/* Configure an interrupt of the VM that is resident on @pe. */
void vroute(struct world *w, unsigned int pe, uint64_t intid, unsigned int vpe, unsigned int prio)
{
	msr(w, pe, HOST, "GIC_VDPRI", intid | (uint64_t)prio << 35);
	msr(w, pe, HOST, "GIC_VDAFF", intid | (uint64_t)vpe << 32);
	msr(w, pe, HOST, "GIC_VDEN", intid);
}
