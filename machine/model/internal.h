/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the model: who owns which state.
 *
 *   gicv5.c     the whole: configuration, life, and settle(), which ends each call
 *   mem.c       guest memory, software error record
 *   spi.c       wires and configuration of SPIs
 *   ist.c       ISTs: geometry, walks, ISTE words, hostile cache
 *   tables.c    VM table, VMs, VPEs: validity
 *   state.c     the state of one interrupt, wherever it is kept
 *   cand.c      candidates, indexed per target by priority
 *   doorbell.c  doorbells
 *   virt.c      residency, save
 *   cpuif.c     CPU interface of a PE: PPIs, HPPI, acknowledge, lines
 *   insn.c      GIC instructions
 *   sysreg.c    the table of system registers and instructions, traps
 *   irs.c       the tables of IRS registers, handshakes
 *   debug.c     dump and invariants
 */
#ifndef GICV5_INTERNAL_H
#define GICV5_INTERNAL_H

#include "choices.h"
#include "gicv5.h"
#include "gicv5-regs.h"

#define NR_PPIS		128
#define NR_PRIOS	32
#define PRIO_NONE	0xffu	/* below every priority */
#define MAX_PES		512
#define NONE		UINT32_MAX

/*
 * A space is what one INTID.ID is an index of: LPIs or SPIs, physical or of one
 * VM. Even spaces are LPIs, odd ones SPIs.
 */
enum { SPACE_LPI, SPACE_SPI, SPACE_VIRT };

struct irq {
	uint32_t space;
	uint32_t id;
};

/* How the state word of an interrupt is kept is ist.c's and spi.c's business. */
struct spi {
	uint32_t word;		/* as the first word of an L2_ISTE */
	bool line;
	bool tm;		/* 1: Level */
	bool virt;		/* SPI_VMR.VIRT */
	uint16_t vm;		/* SPI_VMR.VM_ID */
};

/* Geometry of a valid IST, decoded when it became valid. */
struct ist {
	uint64_t base;
	bool valid;
	bool two_level;
	bool unindexed;		/* cand.c: some candidates are not in the index */
	uint8_t id_bits;
	uint8_t istsz;		/* entries of 4 << istsz bytes */
	uint8_t l2sz;
	uint32_t cands;		/* first node of this space in the index */
};

struct vpe {
	uint64_t vped;
	uint32_t db_lpi;	/* VPE_DBR.INTID */
	uint32_t dirty_next;	/* list of VPEs whose doorbell is to be checked */
	uint16_t pe;		/* 1 + PE where resident, or 0 */
	uint8_t dbpm;
	bool valid;
	bool dps;
	bool dbv;
	bool req;
	bool dirty;
};

struct vm {
	uint64_t vpet;
	uint64_t vmd;
	uint64_t dbr;		/* VM_DBR */
	uint64_t vmte[2];	/* words 0 and 1, as they were read */
	uint8_t vpe_id_bits;
	bool valid;
	bool saved;		/* nothing changed since SAVE_VMR.S */
};

/* A candidate: Enabled, Pending, not Active, routed to a target that exists. */
struct node {
	struct irq irq;
	uint32_t target;
	uint32_t hash_next;
	uint32_t next, prev;		/* ring of the same target and priority */
	uint32_t space_next, space_prev; /* list of the same space */
	uint8_t prio;
};

/* Candidates of a PE or VPE: rings per priority, oldest first. */
struct target {
	uint32_t prios;			/* bit p: head[p] is not empty */
	uint32_t head[NR_PRIOS];
	/* of a VPE: no candidate without a node has a priority above NR_PRIOS - rest */
	uint8_t rest;			/* 0: there is none */
	struct irq rest_irq;		/* which was that one; where a walk begins */
};

/* One interrupt domain of a CPU interface, physical (ICC) or virtual (ICV/ICH). */
enum { DOM_PHYS, DOM_VIRT, NR_DOMS };

struct cpu_domain {
	bool en;
	uint8_t pcr;
	uint32_t apr;
	uint64_t enable[2];
	uint64_t pend[2];	/* physical: latch of Edge PPIs; virtual: PENDR */
	uint64_t active[2];
	uint8_t prio[NR_PPIS];
};

struct pe {
	struct cpu_domain dom[NR_DOMS];
	uint64_t wire[2];	/* level of the PPI wires */
	uint64_t icsr;
	uint64_t hfgrtr, hfgwtr, hfgitr;
	uint64_t vctlr, contextr;
	uint64_t dvir[2];
	uint32_t vm, vpe;	/* the resident VPE, if any */
	uint16_t id;
	bool resident;
	bool nv;		/* HCR_EL2.{NV,NV1} = {1,0} when last seen */
	bool f_reported;	/* strict mode: a guest with CONTEXTR.F = 1 */
	bool line[GICV5_NR_LINES];
};

/* Registers of the IRS config frame; STATUSR.V of the selections. */
struct irs {
	uint64_t cr0, cr1;
	uint64_t spi_selr, pe_selr;
	uint64_t ist_baser, ist_cfgr, map_l2_istr;
	uint64_t vmt_baser, vmt_cfgr;
	uint64_t vpe_selr, vpe_dbr, vpe_cr0;
	uint64_t vm_selr;
	uint64_t vmap_l2_vmtr, vmap_vmr, vmap_vistr, vmap_l2_vistr, vmap_vper;
	uint64_t save_vmr;
	uint64_t swerr_statusr, swerr_syndromer0, swerr_syndromer1;
	bool spi_v, pe_v, vpe_v, vm_v;	/* STATUSR.V */
	uint32_t sel_vm, sel_vpe;	/* selected by VPE_SELR.S */
	bool save_q;
	uint32_t busy[GICV5_NR_GROUPS];	/* reads of IDLE = 0 still to come */
	bool unseen[GICV5_NR_GROUPS];	/* IDLE = 1 was not read since the last operation */
	uint32_t busy_polls[GICV5_NR_GROUPS];
	uint32_t busy_skip[GICV5_NR_GROUPS];	/* operations that end at once, first */
};

/* The VM table, decoded when it became valid. */
struct vmt {
	uint64_t base;
	bool valid;
	bool two_level;
	uint8_t vm_id_bits;
};

/* The hostile cache: ISTE words that memory does not have yet. */
#define CACHE_LINES	64
struct cache_line {
	struct irq irq;
	uint32_t word;
	uint32_t mem;		/* strict mode: what memory says as long as nobody else writes */
	bool dirty;
};

struct gicv5 {
	struct gicv5_config cfg;
	struct gicv5_stats stats;
	struct pe *pes;
	struct spi *spis;

	uint32_t nr_vms;		/* 0 without VIRT */
	unsigned int vpe_bits;		/* vpes: [vm << vpe_bits | vpe] */
	uint32_t nr_spaces;
	struct ist *ists;		/* [space]; SPACE_SPI has no IST, only cands */
	struct vm *vms;
	struct vpe *vpes;
	struct vmt vmt;
	struct irs irs;

	struct target *targets;		/* PEs, then VPEs as in vpes */
	struct node *nodes;		/* [0] is not used: 0 ends a list */
	uint32_t nr_nodes;		/* size of nodes */
	uint32_t fresh;			/* nodes from here on were never used */
	uint32_t free;			/* list of those used and free again */
	uint32_t *hash;
	unsigned int hash_bits;
	uint32_t nr_vcands;
	uint32_t nr_unindexed;		/* ISTs with .unindexed */

	struct cache_line cache[CACHE_LINES];

	uint32_t fail_residency;	/* requests that are still to fail */
	uint32_t lose_doorbells;	/* doorbells that are still to be lost */
	uint64_t dirty[MAX_PES / 64];	/* PEs whose lines are to be computed */
	uint32_t dirty_vpes;		/* list, index + 1 */
	bool in_mem;			/* a memory callback is running */
	bool looking;			/* dump or check: report no errors */
	char check_text[160];
};

/* gicv5.c */
void gic_log(struct gicv5 *g, enum gicv5_log what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void strict(struct gicv5 *g, unsigned int rule, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define LOG(g, what, ...) do {						\
	if ((g)->cfg.log_mask & (1u << (GICV5_LOG_##what)))		\
		gic_log(g, GICV5_LOG_##what, __VA_ARGS__);		\
} while (0)

void settle(struct gicv5 *g);

static inline void pe_dirty(struct gicv5 *g, unsigned int pe)
{
	g->dirty[pe / 64] |= BIT(pe % 64);
}

/* mem.c */
bool mem_read64(struct gicv5 *g, uint64_t addr, uint64_t *val);
bool mem_write64(struct gicv5 *g, uint64_t addr, uint64_t val);
bool mem_read32(struct gicv5 *g, uint64_t addr, uint32_t *val);
bool mem_write32(struct gicv5 *g, uint64_t addr, uint32_t val);
void swerr(struct gicv5 *g, unsigned int ec, struct irq irq, uint64_t addr);

/* ist.c */
void ist_decode(struct gicv5 *g, struct ist *ist, bool virtual, const struct ist *request);
void ist_enable(struct gicv5 *g, uint32_t space, const struct ist *ist);
void ist_disable(struct gicv5 *g, uint32_t space);
void ist_map_l2(struct gicv5 *g, struct irq irq);
bool ist_load(struct gicv5 *g, struct irq irq, uint32_t *word);
bool ist_store(struct gicv5 *g, struct irq irq, uint32_t word);
void ist_flush(struct gicv5 *g, uint32_t space);
uint32_t ist_size(const struct gicv5 *g, uint32_t space);

/* spi.c */
struct spi *spi_get(struct gicv5 *g, uint32_t id);
void spi_sample(struct gicv5 *g, uint32_t id);
void spi_set_tm(struct gicv5 *g, uint32_t id, bool level);
void spi_set_vm(struct gicv5 *g, uint32_t id, bool virt, uint32_t vm);

/* state.c */
enum irq_event { SET_EDGE, SET_LEVEL, CLEAR };

static inline bool irq_is_virtual(struct irq irq)
{
	return irq.space >= SPACE_VIRT;
}

static inline uint32_t irq_vm(struct irq irq)
{
	return (irq.space - SPACE_VIRT) / 2;
}

static inline unsigned int irq_type(struct irq irq)
{
	return irq.space & 1 ? TYPE_SPI : TYPE_LPI;
}

static inline uint32_t irq_intid(struct irq irq)
{
	return (uint32_t)(FIELD_PREP(INTID_TYPE, irq_type(irq)) | irq.id);
}

static inline struct irq irq_make(unsigned int type, uint32_t id)
{
	return (struct irq){ type == TYPE_SPI ? SPACE_SPI : SPACE_LPI, id };
}

static inline struct irq irq_make_virtual(uint32_t vm, unsigned int type, uint32_t id)
{
	return (struct irq){ SPACE_VIRT + 2 * vm + (type == TYPE_SPI), id };
}

static inline bool word_is_candidate(uint32_t word)
{
	return (word & (ISTE_ENABLE | ISTE_PENDING | ISTE_ACTIVE)) ==
	       (ISTE_ENABLE | ISTE_PENDING);
}

const char *irq_name(struct irq irq, char buf[32]);
bool irq_load(struct gicv5 *g, struct irq irq, uint32_t *word);
bool irq_store(struct gicv5 *g, struct irq irq, uint32_t old, uint32_t word);
void irq_refresh(struct gicv5 *g, struct irq irq, uint32_t word);
bool irq_event(struct gicv5 *g, struct irq irq, enum irq_event event);
bool irq_reachable(struct gicv5 *g, struct irq irq);
bool irq_ack(struct gicv5 *g, struct irq irq);
uint32_t irq_target(const struct gicv5 *g, struct irq irq, uint32_t word);

/* cand.c */
struct cand {
	struct irq irq;
	unsigned int prio;	/* PRIO_NONE: there is none */
};

void cand_set(struct gicv5 *g, struct irq irq, uint32_t target, unsigned int prio);
void cand_drop_space(struct gicv5 *g, uint32_t space);
struct cand cand_best(const struct gicv5 *g, uint32_t target);
struct cand cand_best_vpe(struct gicv5 *g, uint32_t vm, uint32_t vpe);
uint32_t cand_find(const struct gicv5 *g, struct irq irq);
void cand_rescan(struct gicv5 *g);

/* tables.c */
static inline uint32_t vpe_index(const struct gicv5 *g, uint32_t vm, uint32_t vpe)
{
	return vm << g->vpe_bits | vpe;
}

struct vm *vm_get(struct gicv5 *g, uint32_t vm);
struct vpe *vpe_get(struct gicv5 *g, uint32_t vm, uint32_t vpe);
void vmt_enable(struct gicv5 *g);
void vmt_disable(struct gicv5 *g);
void vmt_map_l2(struct gicv5 *g, uint32_t vm);
void vm_enable(struct gicv5 *g, uint32_t vm);
void vm_disable(struct gicv5 *g, uint32_t vm);
void vm_drop(struct gicv5 *g, uint32_t vm, bool flush);
void vist_enable(struct gicv5 *g, uint32_t vm, unsigned int type);
void vist_disable(struct gicv5 *g, uint32_t vm, unsigned int type);
void vpe_enable(struct gicv5 *g, uint32_t vm, uint32_t vpe);
void strict_check_vpe(struct gicv5 *g, uint32_t vm, uint32_t vpe);

/* virt.c */
void context_write(struct gicv5 *g, struct pe *pe, uint64_t value);
void residency_end(struct gicv5 *g, struct pe *pe, bool request, unsigned int dbpm);
void vm_save(struct gicv5 *g, uint32_t vm, bool save, bool query);

/* doorbell.c */
void doorbell_request(struct gicv5 *g, uint32_t index, bool req, unsigned int dbpm);
void doorbell_dirty(struct gicv5 *g, uint32_t index);
bool doorbell_due(struct gicv5 *g, uint32_t index);
void doorbell_settle(struct gicv5 *g);

/* cpuif.c */
struct hppi {
	struct irq irq;		/* unless it is a PPI */
	uint32_t intid;
	unsigned int prio;
	bool valid;		/* there is one, and of sufficient priority */
};

bool ppi_is_level(unsigned int ppi);
uint64_t ppi_level_mask(unsigned int word);
uint64_t ppi_pending(const struct gicv5 *g, const struct pe *pe, unsigned int dom,
		     unsigned int word);
void ppi_set_latch(struct gicv5 *g, struct pe *pe, unsigned int dom,
		   unsigned int word, uint64_t bits, bool set);
unsigned int running_priority(const struct cpu_domain *d);
struct hppi cpuif_hppi(struct gicv5 *g, struct pe *pe, unsigned int dom);
uint64_t cpuif_acknowledge(struct gicv5 *g, struct pe *pe, unsigned int dom,
			   bool nmi, bool sctlr_nmi);
void cpuif_drop_priority(struct gicv5 *g, struct pe *pe, unsigned int dom);
void cpuif_lines(struct gicv5 *g, struct pe *pe, bool line[GICV5_NR_LINES]);
void cpuif_update(struct gicv5 *g, struct pe *pe, bool report_all);

/* insn.c: the operand Xt of a GIC instruction in domain dom of a PE */
void insn_enable(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt);
void insn_disable(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt);
void insn_priority(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt);
void insn_affinity(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt);
void insn_cdpend(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt);
void insn_vdpend(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt);
void insn_rcfg(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt);
void insn_deactivate(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt);
void insn_vddi(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt);
void insn_hm(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt);
void insn_eoi(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt);

/* irs.c */
void irs_reset(struct gicv5 *g);

#endif
