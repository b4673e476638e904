// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The CPU interface of a PE: PPIs, choice of the HPPI, acknowledge, lines.
 *
 * Physical and virtual interrupts go through the same functions; DOM_PHYS and
 * DOM_VIRT differ in where PPIs get Pending from, in whose candidate the IRS
 * sends, and in ICH_VCTLR_EL2.EN.
 */
#include "internal.h"

#define PPI_SW		3	/* the only Edge PPI [R_CFSKX] */

uint64_t ppi_level_mask(unsigned int word)
{
	return word ? ~UINT64_C(0) : ~BIT(PPI_SW);
}

bool ppi_is_level(unsigned int ppi)
{
	return ppi_level_mask(ppi / 64) & BIT(ppi % 64);
}

/* Pending of the physical PPIs: the wire if Level, the latch if Edge. */
static uint64_t physical_pending(const struct gicv5 *g, const struct pe *pe, unsigned int word)
{
	uint64_t level = ppi_level_mask(word);

	return ((pe->wire[word] & level) | (pe->dom[DOM_PHYS].pend[word] & ~level)) &
	       g->cfg.ppi[word];
}

/*
 * Direct injection: the virtual PPIs whose Pending comes from elsewhere, and
 * what comes. Under HCR_EL2.{NV,NV1} = {1,0} the EL1 timers (30, 27) go to the
 * EL2 timers (26, 28) of the guest hypervisor [R_GYGNW].
 */
static uint64_t injected(const struct gicv5 *g, const struct pe *pe, unsigned int word,
			 uint64_t *pending)
{
	static const struct { unsigned int from, to; } timers[] = { { 30, 26 }, { 27, 28 } };
	uint64_t phys = physical_pending(g, pe, word), dvi = pe->dvir[word];

	*pending = phys & dvi;
	if (word || !pe->nv)
		return dvi;
	for (unsigned int i = 0; i < 2; i++)
		dvi &= ~BIT(timers[i].to);
	*pending = phys & dvi;
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t from = BIT(timers[i].from), to = BIT(timers[i].to);

		if (!(dvi & from))
			continue;
		dvi = (dvi & ~from) | to;
		*pending = (*pending & ~from) | (phys & from ? to : 0);
	}
	return dvi;
}

uint64_t ppi_pending(const struct gicv5 *g, const struct pe *pe, unsigned int dom,
		     unsigned int word)
{
	uint64_t dvi, pending;

	if (dom == DOM_PHYS)
		return physical_pending(g, pe, word);
	dvi = injected(g, pe, word, &pending);
	return ((pe->dom[DOM_VIRT].pend[word] & ~dvi) | pending) & g->cfg.ppi[word];
}

/*
 * Set or clear Pending of Edge PPIs; @bits of Level ones are ignored. With
 * direct injection the bit of the guest is an alias of the physical one
 * [D_QNZMN].
 */
void ppi_set_latch(struct gicv5 *g, struct pe *pe, unsigned int dom, unsigned int word,
		   uint64_t bits, bool set)
{
	bits &= ~ppi_level_mask(word) & g->cfg.ppi[word];
	for (; bits; bits &= bits - 1) {
		uint64_t bit = bits & -bits;
		bool alias = dom == DOM_VIRT && pe->dvir[word] & bit;
		uint64_t *pend = &pe->dom[alias ? DOM_PHYS : dom].pend[word];

		*pend = set ? *pend | bit : *pend & ~bit;
	}
	pe_dirty(g, pe->id);
}

void gicv5_set_ppi(struct gicv5 *g, unsigned int pe_id, unsigned int ppi, bool level)
{
	unsigned int word = ppi / 64;
	uint64_t bit = BIT(ppi % 64);
	struct pe *pe;

	if (pe_id >= g->cfg.nr_pes || ppi >= NR_PPIS || !(g->cfg.ppi[word] & bit))
		return;
	pe = &g->pes[pe_id];
	if (!!(pe->wire[word] & bit) == level)
		return;
	LOG(g, WIRE, "PE %u PPI %u wire %s", pe_id, ppi, level ? "high" : "low");
	pe->wire[word] ^= bit;
	if (level)
		ppi_set_latch(g, pe, DOM_PHYS, word, bit, true);
	pe_dirty(g, pe_id);
	settle(g);
}

/* --- priorities ---------------------------------------------------------- */

/* Priority bits that the CPU interface does not have are ignored. */
static unsigned int icc_prio(const struct gicv5 *g, unsigned int prio)
{
	return g->cfg.icc_pri_bits == 4 ? prio & ~1u : prio;
}

/* Lowest set bit of APR; idle is below every priority [D_XMBQZ]. */
unsigned int running_priority(const struct cpu_domain *d)
{
	return d->apr ? (unsigned int)__builtin_ctz(d->apr) : PRIO_NONE;
}

/* Equal to the mask passes, equal to the running priority does not [D_MSQKF]. */
static bool sufficient(const struct cpu_domain *d, unsigned int prio)
{
	return prio != PRIO_NONE && prio <= d->pcr && prio < running_priority(d);
}

/* --- HPPI ---------------------------------------------------------------- */

static struct hppi best_ppi(const struct gicv5 *g, const struct pe *pe, unsigned int dom)
{
	const struct cpu_domain *d = &pe->dom[dom];
	struct hppi best = { .prio = PRIO_NONE };

	for (unsigned int word = 0; word < 2; word++) {
		uint64_t bits = d->enable[word] & ~d->active[word];

		if (bits)
			bits &= ppi_pending(g, pe, dom, word);
		for (; bits; bits &= bits - 1) {
			unsigned int ppi = 64 * word + (unsigned int)__builtin_ctzll(bits);

			if (d->prio[ppi] >= best.prio)
				continue;
			best.prio = d->prio[ppi];
			best.intid = (uint32_t)(FIELD_PREP(INTID_TYPE, TYPE_PPI) | ppi);
		}
	}
	return best;
}

/* What the IRS forwards to a PE for a domain. */
static struct cand irs_candidate(struct gicv5 *g, const struct pe *pe, unsigned int dom)
{
	const struct cand none = { .prio = PRIO_NONE };
	bool irsen = g->irs.cr0 & CR0_IRSEN;

	if (dom == DOM_PHYS)
		return irsen ? cand_best(g, pe->id) : none;
	if (!pe->resident || pe->contextr & CONTEXTR_IRICHPPIDIS)
		return none;
	if (!irsen && CHOICE_IRSEN_GATES_VIRTUAL)
		return none;
	return cand_best_vpe(g, pe->vm, pe->vpe);
}

struct hppi cpuif_hppi(struct gicv5 *g, struct pe *pe, unsigned int dom)
{
	const struct cpu_domain *d = &pe->dom[dom];
	struct hppi best;
	struct cand cand;
	unsigned int prio;

	if (!d->en || (dom == DOM_VIRT && !(pe->vctlr & ICH_VCTLR_EN)))
		return (struct hppi){ .prio = PRIO_NONE };
	best = best_ppi(g, pe, dom);
	cand = irs_candidate(g, pe, dom);
	prio = cand.prio == PRIO_NONE ? PRIO_NONE : icc_prio(g, cand.prio);
	if (prio < best.prio || (!CHOICE_PPI_FIRST && prio == best.prio && prio != PRIO_NONE)) {
		best.prio = prio;
		best.irq = cand.irq;
		best.intid = irq_intid(cand.irq);
	}
	best.valid = sufficient(d, best.prio);
	return best;
}

/* --- acknowledge and priority drop --------------------------------------- */

static void ppi_ack(struct gicv5 *g, struct pe *pe, unsigned int dom, unsigned int ppi)
{
	pe->dom[dom].active[ppi / 64] |= BIT(ppi % 64);
	ppi_set_latch(g, pe, dom, ppi / 64, BIT(ppi % 64), false);
}

/*
 * GICR CDIA, or GICR CDNMIA with @nmi. An HPPI with Superpriority is an NMI if
 * SCTLR_ELx.NMI is 1: then only CDNMIA takes it, and CDNMIA takes nothing else.
 */
uint64_t cpuif_acknowledge(struct gicv5 *g, struct pe *pe, unsigned int dom, bool nmi,
			   bool sctlr_nmi)
{
	struct hppi hppi = cpuif_hppi(g, pe, dom);
	bool is_nmi = hppi.prio == 0 && sctlr_nmi;

	if (!hppi.valid || is_nmi != nmi)
		return 0;
	if (FIELD_GET(INTID_TYPE, hppi.intid) == TYPE_PPI)
		ppi_ack(g, pe, dom, hppi.intid % NR_PPIS);
	else if (!irq_ack(g, hppi.irq))
		return 0;
	pe->dom[dom].apr |= 1u << hppi.prio;
	pe_dirty(g, pe->id);
	if (dom == DOM_PHYS)
		g->stats.acks++;
	else
		g->stats.vacks++;
	LOG(g, CPUIF, "PE %u: %s acknowledges 0x%08x, priority %u", pe->id,
	    dom == DOM_PHYS ? "host" : "guest", hppi.intid, hppi.prio);
	return CDIA_VALID | hppi.intid;
}

void cpuif_drop_priority(struct gicv5 *g, struct pe *pe, unsigned int dom)
{
	struct cpu_domain *d = &pe->dom[dom];

	if (!d->apr) {
		strict(g, 33, "PE %u: priority drop with no active priority", pe->id);
		return;
	}
	LOG(g, CPUIF, "PE %u: %s drops priority %u", pe->id,
	    dom == DOM_PHYS ? "host" : "guest", running_priority(d));
	d->apr &= d->apr - 1;
	pe_dirty(g, pe->id);
}

/* --- lines --------------------------------------------------------------- */

void cpuif_lines(struct gicv5 *g, struct pe *pe, bool line[GICV5_NR_LINES])
{
	struct hppi phys = cpuif_hppi(g, pe, DOM_PHYS);
	struct hppi virt = cpuif_hppi(g, pe, DOM_VIRT);

	line[GICV5_LINE_IRQ] = phys.valid && phys.prio;
	line[GICV5_LINE_NMI] = phys.valid && !phys.prio;
	line[GICV5_LINE_VIRQ] = virt.valid && virt.prio;
	line[GICV5_LINE_VINMI] = virt.valid && !virt.prio;
}

/*
 * Compute the lines of a PE and report those that changed, or all: first those that
 * are low, so that the world never sees IRQ and NMI at the same time.
 */
void cpuif_update(struct gicv5 *g, struct pe *pe, bool report_all)
{
	static const char *const names[] = { "IRQ", "NMI", "VIRQ", "VINMI" };
	bool line[GICV5_NR_LINES];

	cpuif_lines(g, pe, line);
	for (unsigned int n = 0; n < 2 * GICV5_NR_LINES; n++) {
		unsigned int i = n % GICV5_NR_LINES;
		bool high = n >= GICV5_NR_LINES;

		if (line[i] != high || (line[i] == pe->line[i] && !report_all))
			continue;
		LOG(g, LINE, "PE %u: %s %s", pe->id, names[i], high ? "high" : "low");
		pe->line[i] = high;
		g->cfg.ops.set_line(g->cfg.opaque, pe->id, (enum gicv5_line)i, high);
	}
}
