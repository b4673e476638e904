/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The behaviour of GICv5 once more, for obviousness only: flat arrays, one plain
 * field per fact, linear scans, no index and no cache. It shares no code and no
 * constants with the model that it judges. random.c runs both side by side.
 *
 * Operations are those of the architecture, not of the model's interface. Where
 * the architecture leaves a choice among interrupts of one priority, the oracle
 * takes what the model says, after having checked that it may say so.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#define O_PES		4
#define O_SPIS		32
#define O_LPIS		2048	/* of the physical IST */
#define O_VIRQS		512	/* of a virtual IST */
#define O_VMS		4	/* slots; the caller knows their VM ids */
#define O_VPES		4
#define O_PPIS		128

enum { O_PHYS, O_VIRT };		/* domains */
enum { O_PPI = 1, O_LPI, O_SPI };	/* INTID.TYPE */

struct o_irq {
	bool reach;		/* its ISTE can be reached */
	bool pend, act, hm, en;
	unsigned int prio, aff;
};

struct o_ist {
	bool valid, two_level;
	unsigned int n;			/* entries */
	unsigned int per_l2;		/* entries of one L2 table */
	unsigned int max;		/* length of irq[] */
	struct o_irq *irq;		/* O_LPIS or O_VIRQS */
};

struct o_spi {
	struct o_irq irq;
	bool wire, tm, virt;
	int vm;				/* slot, or -1: a VM that is never valid */
};

struct o_vpe {
	bool valid, dbv, req, dps;
	int pe;				/* where it is resident, or -1 */
	unsigned int lpi, dbpm;
};

struct o_vm {
	bool valid;
	unsigned int nr_vpes;		/* entries of its VPE table */
	bool changed;			/* state changed since SAVE_VMR.S */
	bool touched;			/* written since then, changed or not */
	struct o_vpe vpe[O_VPES];
	struct o_ist lpi, spi;
	struct o_irq lpi_irq[O_VIRQS], spi_irq[O_VIRQS];
};

struct o_domain {			/* CPU interface of one PE, one domain */
	bool en;
	unsigned int pcr;
	bool apr[32];
	bool ppi_en[O_PPIS], ppi_act[O_PPIS], ppi_pend[O_PPIS];
	unsigned int ppi_prio[O_PPIS];
};

struct o_pe {
	struct o_domain dom[2];
	bool wire[O_PPIS], dvi[O_PPIS];
	bool nv;			/* effective HCR_EL2.{NV,NV1} is {1,0} */
	bool vctlr_en, ignore_irs, fault, asked;	/* CONTEXTR: F, V */
	int vm, vpe;			/* resident, as the IRS knows; vm -1: none */
	uint64_t icsr;
};

struct oracle {
	unsigned int nr_pes, nr_spis, spi_base;
	unsigned int irs_prio_mask, icc_prio_mask;
	bool ppi[O_PPIS];		/* implemented */
	bool irsen;
	struct o_ist lpi;
	struct o_irq lpi_irq[O_LPIS];
	struct o_spi spi[O_SPIS];
	bool spi_v;			/* selections */
	unsigned int spi_sel;
	bool vpe_v;
	int sel_vm;
	unsigned int sel_vpe;
	bool save_q, save_q_either;
	struct o_vm vm[O_VMS];
	struct o_pe pe[O_PES];
	unsigned long acks, vacks, doorbells;
	bool canary;			/* forget that an equal priority passes PCR */
};

void o_init(struct oracle *o);		/* after nr_pes ... ppi[] are set */
void o_reset(struct oracle *o);
void o_reset_pe(struct oracle *o, unsigned int pe);

/* Does every rule that stands by itself: doorbells. Last part of every operation. */
void o_settle(struct oracle *o);

/* wires and messages */
void o_spi_wire(struct oracle *o, unsigned int id, bool level);
void o_ppi_wire(struct oracle *o, unsigned int pe, unsigned int ppi, bool level);
void o_setlpi(struct oracle *o, unsigned int id);

/* SPI registers */
void o_spi_select(struct oracle *o, unsigned int id);
void o_spi_cfgr(struct oracle *o, bool level);
void o_spi_vmr(struct oracle *o, bool virt, int vm);
void o_spi_resample(struct oracle *o, unsigned int id);

/*
 * Instructions; @vm is the slot for VDPEND. @virt: of a guest, or VD*. The value
 * is that of the operand.
 */
enum o_insn { O_EN, O_DIS, O_PRI, O_AFF, O_PEND, O_RCFG, O_DI, O_HM };
void o_insn(struct oracle *o, unsigned int pe, bool virt, enum o_insn insn,
	    unsigned int type, unsigned int id, unsigned int value);
void o_vdpend(struct oracle *o, int vm, unsigned int type, unsigned int id, bool pend);
void o_eoi(struct oracle *o, unsigned int pe, unsigned int dom);

/* May the model say @got? NULL, or why not. The second one also acknowledges. */
const char *o_judge_hppi(struct oracle *o, unsigned int pe, unsigned int dom, uint64_t got);
const char *o_judge_vpe_hppi(struct oracle *o, uint64_t got);
const char *o_judge_ack(struct oracle *o, unsigned int pe, unsigned int dom, bool cdnmia,
			bool sctlr_nmi, uint64_t got);

/* What must be seen. */
bool o_line(struct oracle *o, unsigned int pe, unsigned int dom, bool superpriority);
bool o_ppi_pending(const struct oracle *o, unsigned int pe, unsigned int dom, unsigned int ppi);
bool o_ppi_edge(unsigned int ppi);
uint32_t o_word(const struct o_irq *irq);
uint64_t o_icsr(const struct o_irq *irq);
struct o_ist *o_vist(struct oracle *o, int vm, unsigned int type);

/* the PPI registers of a guest or the host, one bit at a time */
void o_ppi_set_pending(struct oracle *o, unsigned int pe, unsigned int dom, unsigned int ppi,
		       bool pend);

/* residency and doorbells */
void o_context(struct oracle *o, unsigned int pe, bool v, int vm, unsigned int vpe, bool disable,
	       bool db, unsigned int dbpm);
void o_vpe_select(struct oracle *o, int vm, unsigned int vpe);
void o_vpe_dbr(struct oracle *o, unsigned int lpi, unsigned int dbpm, bool req, bool dbv);
void o_vpe_cr0(struct oracle *o, bool dps);
void o_save(struct oracle *o, int vm, bool s, bool q);

/*
 * Tables. The caller has put words into irq[] (o_load()) as it has into memory.
 * o_ist_on(): a table becomes valid; @mapped: its L2 tables too.
 */
void o_load(struct o_irq *irq, uint32_t word);
void o_ist_on(struct o_ist *ist, unsigned int n, bool two_level, unsigned int per_l2, bool mapped);
void o_ist_map(struct o_ist *ist, unsigned int id);
void o_ist_off(struct o_ist *ist);
void o_vm_on(struct oracle *o, int vm, unsigned int nr_vpes);
void o_vm_off(struct oracle *o, int vm);
void o_vpe_on(struct oracle *o, int vm, unsigned int vpe);

#endif
