// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking inside: a dump for people, and the invariants for tests.
 */
#include <stdio.h>

#include "internal.h"

void gicv5_get_vpe(struct gicv5 *g, uint32_t vm, uint32_t vpe, struct gicv5_vpe_state *state)
{
	const struct vpe *p = vpe_get(g, vm, vpe);

	*state = (struct gicv5_vpe_state){ 0 };
	if (!vm_get(g, vm))
		return;
	state->vm_valid = true;
	state->lpi_ist = g->ists[SPACE_VIRT + 2 * vm].valid;
	state->spi_ist = g->ists[SPACE_VIRT + 2 * vm + 1].valid;
	if (!p)
		return;
	state->valid = true;
	state->resident = p->pe;
	state->pe = p->pe ? p->pe - 1u : 0;
	state->dbv = p->dbv;
	state->req = p->req;
	state->dbpm = p->dbpm;
	state->db_lpi = p->db_lpi;
	g->looking = true;
	state->pending = cand_best_vpe(g, vm, vpe).prio != PRIO_NONE;
	g->looking = false;
}

/* --- dump ---------------------------------------------------------------- */

#define DUMP_CANDS	64

struct dump {
	struct gicv5 *g;
	gicv5_print_fn print;
	void *arg;
};

__attribute__((format(printf, 2, 3)))
static void out(const struct dump *d, const char *fmt, ...)
{
	char line[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	d->print(d->arg, line);
}

static void dump_cands(const struct dump *d, uint32_t target)
{
	const struct target *t = &d->g->targets[target];
	unsigned int left = DUMP_CANDS;
	char name[32];

	for (uint32_t prios = t->prios; prios; prios &= prios - 1) {
		unsigned int prio = (unsigned int)__builtin_ctz(prios);
		uint32_t n = t->head[prio];

		do {
			if (!left--) {
				out(d, "    ...");
				return;
			}
			out(d, "    priority %2u: %s", prio,
			    irq_name(d->g->nodes[n].irq, name));
			n = d->g->nodes[n].next;
		} while (n != t->head[prio]);
	}
}

static void dump_domain(const struct dump *d, const struct pe *pe, unsigned int dom)
{
	const struct cpu_domain *c = &pe->dom[dom];

	out(d, "  %s: EN=%u PCR=%u APR=0x%08x", dom == DOM_PHYS ? "physical" : "virtual",
	    c->en, c->pcr, c->apr);
	for (unsigned int w = 0; w < 2; w++)
		out(d, "    PPI %3u-%3u: enabled %016llx pending %016llx active %016llx",
		    64 * w, 64 * w + 63, (unsigned long long)c->enable[w],
		    (unsigned long long)ppi_pending(d->g, pe, dom, w),
		    (unsigned long long)c->active[w]);
}

static void dump_pe(const struct dump *d, const struct pe *pe)
{
	out(d, "PE %u: IRQ=%u NMI=%u VIRQ=%u VINMI=%u CONTEXTR=%016llx", pe->id,
	    pe->line[GICV5_LINE_IRQ], pe->line[GICV5_LINE_NMI], pe->line[GICV5_LINE_VIRQ],
	    pe->line[GICV5_LINE_VINMI], (unsigned long long)pe->contextr);
	dump_domain(d, pe, DOM_PHYS);
	dump_cands(d, pe->id);
	if (!d->g->cfg.el2)
		return;
	dump_domain(d, pe, DOM_VIRT);
	out(d, "  VCTLR.EN=%u DVIR %016llx %016llx", (unsigned int)(pe->vctlr & ICH_VCTLR_EN),
	    (unsigned long long)pe->dvir[0], (unsigned long long)pe->dvir[1]);
	if (pe->resident)
		out(d, "  resident: VM %u VPE %u", pe->vm, pe->vpe);
}

static void dump_ist(const struct dump *d, const char *what, uint32_t space)
{
	const struct ist *ist = &d->g->ists[space];

	if (ist->valid)
		out(d, "  %s IST: 0x%llx, %u ID bits, entries of %u bytes, %s%s", what,
		    (unsigned long long)ist->base, ist->id_bits, 4u << ist->istsz,
		    ist->two_level ? "two-level" : "linear",
		    ist->unindexed ? ", not completely indexed" : "");
}

static void dump_vm(const struct dump *d, uint32_t vm)
{
	const struct vm *v = &d->g->vms[vm];

	out(d, "VM %u: VPET 0x%llx, %u VPE ID bits", vm, (unsigned long long)v->vpet,
	    v->vpe_id_bits);
	dump_ist(d, "LPI", SPACE_VIRT + 2 * vm);
	dump_ist(d, "SPI", SPACE_VIRT + 2 * vm + 1);
	for (uint32_t vpe = 0; vpe < 1u << v->vpe_id_bits; vpe++) {
		const struct vpe *p = &d->g->vpes[vpe_index(d->g, vm, vpe)];

		if (!p->valid)
			continue;
		out(d, "  VPE %u: %s %d, doorbell LPI %u DBV=%u REQ=%u DBPM=%u", vpe,
		    p->pe ? "resident on PE" : "not resident", p->pe ? p->pe - 1 : -1,
		    p->db_lpi, p->dbv, p->req, p->dbpm);
		dump_cands(d, d->g->cfg.nr_pes + vpe_index(d->g, vm, vpe));
	}
}

void gicv5_dump(struct gicv5 *g, gicv5_print_fn print, void *arg)
{
	const struct dump d = { g, print, arg };

	for (unsigned int i = 0; i < g->cfg.nr_pes; i++)
		dump_pe(&d, &g->pes[i]);
	out(&d, "IRS: IRSEN=%u", (unsigned int)(g->irs.cr0 & CR0_IRSEN));
	dump_ist(&d, "LPI", SPACE_LPI);
	for (uint32_t i = 0; i < g->cfg.nr_spis; i++) {
		const struct spi *spi = &g->spis[i];

		if (spi->line || spi->virt || spi->word & (ISTE_PENDING | ISTE_ACTIVE))
			out(&d, "  SPI %u: word 0x%08x wire %u TM=%u%s%u", g->cfg.spi_base + i,
			    spi->word, spi->line, spi->tm, spi->virt ? " VM " : " VIRT=",
			    spi->virt ? spi->vm : 0u);
	}
	if (g->vmt.valid)
		out(&d, "VMT: 0x%llx, %u VM ID bits, %s", (unsigned long long)g->vmt.base,
		    g->vmt.vm_id_bits, g->vmt.two_level ? "two-level" : "linear");
	for (uint32_t vm = 0; vm < g->nr_vms; vm++)
		if (g->vms[vm].valid)
			dump_vm(&d, vm);
}

/* --- invariants ---------------------------------------------------------- */

__attribute__((format(printf, 2, 3)))
static bool violated(struct gicv5 *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(g->check_text, sizeof(g->check_text), fmt, ap);
	va_end(ap);
	return false;
}

/* A ring: linked both ways, of one target and priority. Counts its nodes. */
static bool check_ring(struct gicv5 *g, uint32_t target, unsigned int prio, uint32_t *count)
{
	const struct target *t = &g->targets[target];
	uint32_t n = t->head[prio];

	if (!n != !(t->prios & 1u << prio))
		return violated(g, "target %u: bit and ring of priority %u differ", target, prio);
	if (!n)
		return true;
	do {
		const struct node *node = &g->nodes[n];

		if (++*count > g->nr_nodes)
			return violated(g, "target %u: ring of priority %u has no end", target, prio);
		if (node->target != target || node->prio != prio ||
		    g->nodes[node->next].prev != n)
			return violated(g, "target %u: node %u is in the wrong ring", target, n);
		if (cand_find(g, node->irq) != n)
			return violated(g, "node %u is not in the hash", n);
		n = node->next;
	} while (n != t->head[prio]);
	return true;
}

static bool check_index(struct gicv5 *g)
{
	uint32_t targets = g->cfg.nr_pes + (g->nr_vms << g->vpe_bits);
	uint32_t in_rings = 0, in_spaces = 0, virtual = 0, unindexed = 0;

	for (uint32_t t = 0; t < targets; t++) {
		if (!g->targets[t].prios)
			continue;
		for (unsigned int prio = 0; prio < NR_PRIOS; prio++)
			if (!check_ring(g, t, prio, &in_rings))
				return false;
	}
	for (uint32_t space = 0; space < g->nr_spaces; space++) {
		unindexed += g->ists[space].unindexed;
		for (uint32_t n = g->ists[space].cands; n; n = g->nodes[n].space_next) {
			if (g->nodes[n].irq.space != space || ++in_spaces > g->nr_nodes)
				return violated(g, "list of space %u is broken", space);
			virtual += space >= SPACE_VIRT;
		}
	}
	if (in_rings != in_spaces)
		return violated(g, "%u nodes in rings, %u in lists", in_rings, in_spaces);
	if (virtual != g->nr_vcands || unindexed != g->nr_unindexed)
		return violated(g, "counters: %u virtual, %u unindexed", virtual, unindexed);
	return true;
}

/* The index says of an interrupt what its state says. */
static bool check_irq(struct gicv5 *g, struct irq irq)
{
	uint32_t n = cand_find(g, irq), word, want = NONE;
	char name[32];

	if (irq_load(g, irq, &word) && word_is_candidate(word))
		want = irq_target(g, irq, word);
	if (!n && want != NONE && g->ists[irq.space].unindexed)
		return true;
	if (!n != (want == NONE))
		return violated(g, "%s: %s the index", irq_name(irq, name),
				n ? "should not be in" : "is missing in");
	if (n && (g->nodes[n].target != want ||
		  g->nodes[n].prio != FIELD_GET(ISTE_PRIORITY, word)))
		return violated(g, "%s: wrong target or priority in the index",
				irq_name(irq, name));
	return true;
}

static bool check_states(struct gicv5 *g, bool memory)
{
	for (uint32_t i = 0; i < g->cfg.nr_spis; i++)
		if (!check_irq(g, irq_make(TYPE_SPI, g->cfg.spi_base + i)))
			return false;
	for (uint32_t space = 0; space < g->nr_spaces; space++) {
		uint32_t size = ist_size(g, space);

		if (space == SPACE_SPI)
			continue;
		if (!size && g->ists[space].cands)
			return violated(g, "space %u is invalid and has candidates", space);
		if (!memory)
			continue;
		for (uint32_t id = 0; id < size; id++)
			if (!check_irq(g, (struct irq){ space, id }))
				return false;
	}
	return true;
}

static bool check_pe(struct gicv5 *g, struct pe *pe)
{
	bool line[GICV5_NR_LINES];
	const struct vpe *p;

	cpuif_lines(g, pe, line);
	for (unsigned int i = 0; i < GICV5_NR_LINES; i++)
		if (line[i] != pe->line[i])
			return violated(g, "PE %u: line %u is %u", pe->id, i, pe->line[i]);
	if (!pe->resident)
		return true;
	p = vpe_get(g, pe->vm, pe->vpe);
	if (!p || p->pe != pe->id + 1)
		return violated(g, "PE %u: VM %u VPE %u is not resident here", pe->id, pe->vm,
				pe->vpe);
	if (!(pe->contextr & CONTEXTR_V) || pe->contextr & CONTEXTR_F)
		return violated(g, "PE %u: resident, but CONTEXTR is %016llx", pe->id,
				(unsigned long long)pe->contextr);
	return true;
}

static bool check_vm(struct gicv5 *g, uint32_t vm, struct gicv5_stats *found)
{
	const struct vm *v = &g->vms[vm];

	if (!v->valid)
		return g->ists[SPACE_VIRT + 2 * vm].valid ||
		       g->ists[SPACE_VIRT + 2 * vm + 1].valid ?
		       violated(g, "VM %u is invalid and has an IST", vm) : true;
	found->vms++;
	for (uint32_t vpe = 0; vpe < 1u << v->vpe_id_bits; vpe++) {
		uint32_t index = vpe_index(g, vm, vpe);
		const struct vpe *p = &g->vpes[index];
		const struct pe *pe = p->pe ? &g->pes[p->pe - 1] : NULL;

		found->vpes += p->valid;
		if (pe && (!p->valid || !pe->resident || pe->vm != vm || pe->vpe != vpe))
			return violated(g, "VM %u VPE %u: residency is one-sided", vm, vpe);
		if (p->dirty)
			return violated(g, "VM %u VPE %u: not settled", vm, vpe);
		if (doorbell_due(g, index))
			return violated(g, "VM %u VPE %u: doorbell did not ring", vm, vpe);
	}
	return true;
}

const char *gicv5_check(struct gicv5 *g, bool memory)
{
	struct gicv5_stats stats = g->stats, found = { 0 };
	bool ok;

	g->looking = true;
	ok = check_index(g) && check_states(g, memory);

	for (unsigned int i = 0; ok && i < g->cfg.nr_pes; i++)
		ok = check_pe(g, &g->pes[i]);
	for (uint32_t vm = 0; ok && vm < g->nr_vms; vm++)
		ok = check_vm(g, vm, &found);
	if (ok && (found.vms != stats.vms || found.vpes != stats.vpes))
		ok = violated(g, "counters: %u VMs, %u VPEs are valid", (unsigned int)found.vms,
			      (unsigned int)found.vpes);
	g->looking = false;
	g->stats = stats;
	return ok ? NULL : g->check_text;
}
