// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GIC instructions. CD* act in the current domain (dom), VD* on the VM of the
 * resident VPE (dom = DOM_VIRT), VDPEND on any valid VM.
 *
 * An operand that names nothing reachable has no effect.
 */
#include "internal.h"

/* The SPI or LPI that an operand names in a domain of a PE. */
static bool operand(struct gicv5 *g, const struct pe *pe, unsigned int dom, uint64_t xt,
		    struct irq *irq)
{
	unsigned int type = (unsigned int)FIELD_GET(INTID_TYPE, xt);
	uint32_t id = (uint32_t)FIELD_GET(INTID_ID, xt);

	if (type != TYPE_LPI && type != TYPE_SPI) {
		strict(g, 27, "PE %u: operand 0x%llx is neither SPI nor LPI", pe->id,
		       (unsigned long long)xt);
		return false;
	}
	if (dom == DOM_PHYS) {
		*irq = irq_make(type, id);
		return true;
	}
	if (!pe->resident) {
		strict(g, 28, "PE %u: instruction for a VM, but no VPE is resident", pe->id);
		return false;
	}
	*irq = irq_make_virtual(pe->vm, type, id);
	return true;
}

static bool load_operand(struct gicv5 *g, const struct pe *pe, unsigned int dom, uint64_t xt,
			 struct irq *irq, uint32_t *word)
{
	char name[32];

	if (!operand(g, pe, dom, xt, irq))
		return false;
	if (irq_load(g, *irq, word))
		return true;
	strict(g, 27, "PE %u: %s is unreachable", pe->id, irq_name(*irq, name));
	return false;
}

/* Replace the bits of @mask in the state of the operand. */
static void modify(struct gicv5 *g, const struct pe *pe, unsigned int dom, uint64_t xt,
		   uint64_t mask, uint64_t bits)
{
	struct irq irq;
	uint32_t old;

	if (load_operand(g, pe, dom, xt, &irq, &old))
		irq_store(g, irq, old, (uint32_t)((old & ~mask) | bits));
}

void insn_enable(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt)
{
	modify(g, pe, dom, xt, ISTE_ENABLE, ISTE_ENABLE);
}

void insn_disable(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt)
{
	modify(g, pe, dom, xt, ISTE_ENABLE, 0);
}

void insn_priority(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt)
{
	modify(g, pe, dom, xt, ISTE_PRIORITY,
	       FIELD_PREP(ISTE_PRIORITY, FIELD_GET(CDPRI_PRIORITY, xt)));
}

/* An IAFFID that no PE has is kept: the interrupt waits. */
void insn_affinity(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt)
{
	uint32_t target = (uint32_t)FIELD_GET(CDAFF_IAFFID, xt);

	if (xt & CDAFF_IRM)
		strict(g, 30, "PE %u: IRM = 1 without 1ofN", pe->id);
	if (dom == DOM_PHYS ? target >= g->cfg.nr_pes :
	    pe->resident && target >> g->vms[pe->vm].vpe_id_bits)
		strict(g, 29, "PE %u: route to IAFFID %u, which there cannot be", pe->id, target);
	modify(g, pe, dom, xt, ISTE_IAFFID,
	       FIELD_PREP(ISTE_IAFFID, FIELD_GET(CDAFF_IAFFID, xt)));
}

/* HM is left as it is, also for Level. */
void insn_cdpend(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt)
{
	g->stats.events++;
	modify(g, pe, dom, xt, ISTE_PENDING, xt & CDPEND_PENDING ? ISTE_PENDING : 0);
}

/* VDPEND names its VM, which need not be resident anywhere. */
static void vdpend(struct gicv5 *g, uint64_t operand)
{
	uint32_t vm = (uint32_t)FIELD_GET(VDPEND_VM, operand), old;
	unsigned int type = (unsigned int)FIELD_GET(INTID_TYPE, operand);
	struct irq irq;

	g->stats.events++;
	if ((type != TYPE_LPI && type != TYPE_SPI) || !vm_get(g, vm)) {
		strict(g, 28, "VDPEND to VM %u, TYPE %u: no such VM or TYPE", vm, type);
		return;
	}
	irq = irq_make_virtual(vm, type, (uint32_t)FIELD_GET(INTID_ID, operand));
	if (!irq_load(g, irq, &old)) {
		strict(g, 27, "VDPEND to VM %u: 0x%08x is unreachable", vm, irq_intid(irq));
		return;
	}
	irq_store(g, irq, old, (uint32_t)((old & ~ISTE_PENDING) |
					  (operand & VDPEND_PENDING ? ISTE_PENDING : 0)));
}

void insn_vdpend(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt)
{
	(void)pe;
	(void)dom;
	vdpend(g, xt);
}

void gicv5_pend_virtual(struct gicv5 *g, uint64_t operand)
{
	LOG(g, WIRE, "VDPEND 0x%llx from outside", (unsigned long long)operand);
	vdpend(g, operand);
	settle(g);
}

/* The configuration goes to ICC_ICSR_EL1, F = 1 if there is none. */
void insn_rcfg(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt)
{
	struct irq irq;
	uint32_t word;

	pe->icsr = ICSR_F;
	if (!load_operand(g, pe, dom, xt, &irq, &word))
		return;
	pe->icsr = FIELD_PREP(ICSR_IAFFID, FIELD_GET(ISTE_IAFFID, word)) |
		   FIELD_PREP(ICSR_PRIORITY, FIELD_GET(ISTE_PRIORITY, word)) |
		   (word & ISTE_HM ? ICSR_HM : 0) |
		   (word & ISTE_ACTIVE ? ICSR_ACTIVE : 0) |
		   (word & ISTE_PENDING ? ICSR_PENDING : 0) |
		   (word & ISTE_ENABLE ? ICSR_ENABLED : 0);
}

void insn_vddi(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt)
{
	struct irq irq;
	uint32_t old;

	LOG(g, CPUIF, "PE %u: %s deactivates 0x%08x", pe->id,
	    dom == DOM_PHYS ? "host" : "guest", (uint32_t)xt);
	if (!load_operand(g, pe, dom, xt, &irq, &old))
		return;
	if (!(old & ISTE_ACTIVE))
		strict(g, 33, "PE %u: 0x%08x deactivated but not Active", pe->id, (uint32_t)xt);
	irq_store(g, irq, old, old & ~(uint32_t)ISTE_ACTIVE);
}

/* CDDI is the only instruction that takes a PPI too, of its own PE. */
void insn_deactivate(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt)
{
	uint32_t id = (uint32_t)FIELD_GET(INTID_ID, xt);

	if (FIELD_GET(INTID_TYPE, xt) != TYPE_PPI) {
		insn_vddi(g, pe, dom, xt);
		return;
	}
	LOG(g, CPUIF, "PE %u: %s deactivates 0x%08x", pe->id,
	    dom == DOM_PHYS ? "host" : "guest", (uint32_t)xt);
	if (id < NR_PPIS)
		pe->dom[dom].active[id / 64] &= ~BIT(id % 64);
	pe_dirty(g, pe->id);
}

void insn_hm(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt)
{
	modify(g, pe, dom, xt, ISTE_HM, xt & CDHM_HM ? ISTE_HM : 0);
}

void insn_eoi(struct gicv5 *g, struct pe *pe, unsigned int dom, uint64_t xt)
{
	if (xt)
		strict(g, 34, "PE %u: CDEOI with an operand", pe->id);
	cpuif_drop_priority(g, pe, dom);
}
