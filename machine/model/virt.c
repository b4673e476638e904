// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Residency of VPEs (ICH_CONTEXTR_EL2), and SAVE_VMR.
 *
 * The IRS has on record which VPE is resident on a PE (struct pe: resident, vm,
 * vpe) and the reverse (struct vpe: pe). CONTEXTR is only what was asked for: it
 * keeps V = 1 when the IRS drops a residency because the VM became invalid.
 */
#include "internal.h"

/* The VPE on @pe is no longer resident; @request: CONTEXTR.DB. */
void residency_end(struct gicv5 *g, struct pe *pe, bool request, unsigned int dbpm)
{
	uint32_t index = vpe_index(g, pe->vm, pe->vpe);

	LOG(g, VIRT, "PE %u: VM %u VPE %u not resident", pe->id, pe->vm, pe->vpe);
	pe->resident = false;
	g->vpes[index].pe = 0;
	pe_dirty(g, pe->id);
	doorbell_request(g, index, request, dbpm);
}

/* V = 1: false sets CONTEXTR.F. */
static bool residency_begin(struct gicv5 *g, struct pe *pe, uint32_t vm, uint32_t vpe)
{
	struct vpe *p = vpe_get(g, vm, vpe);

	if (g->fail_residency) {
		g->fail_residency--;
		LOG(g, VIRT, "PE %u: VM %u VPE %u refused, as asked for", pe->id, vm, vpe);
		return false;
	}
	if (!p) {
		strict(g, 35, "PE %u: CONTEXTR names VM %u VPE %u, which is not valid",
		       pe->id, vm, vpe);
		return false;
	}
	if (p->pe && CHOICE_RESIDENT_TWICE_FAILS) {
		strict(g, 35, "PE %u: VM %u VPE %u is resident on PE %u", pe->id, vm, vpe,
		       p->pe - 1u);
		return false;
	}
	strict_check_vpe(g, vm, vpe);
	p->pe = (uint16_t)(pe->id + 1);
	if (CHOICE_RESIDENCY_CLEARS_REQ)
		p->req = false;
	pe->resident = true;
	pe->vm = vm;
	pe->vpe = vpe;
	LOG(g, VIRT, "PE %u: VM %u VPE %u resident", pe->id, vm, vpe);
	return true;
}

/* A write of ICH_CONTEXTR_EL2. */
void context_write(struct gicv5 *g, struct pe *pe, uint64_t value)
{
	uint32_t vm = (uint32_t)FIELD_GET(CONTEXTR_VM, value);
	uint32_t vpe = (uint32_t)FIELD_GET(CONTEXTR_VPE, value);
	bool db = value & CONTEXTR_DB;

	pe->contextr = value & (CONTEXTR_V | CONTEXTR_IRICHPPIDIS | CONTEXTR_DB |
				CONTEXTR_DBPM | CONTEXTR_VPE | CONTEXTR_VM);
	pe->f_reported = false;
	pe_dirty(g, pe->id);
	if (!(value & CONTEXTR_V)) {
		if (!pe->resident)
			return;
		if (db && !g->vpes[vpe_index(g, pe->vm, pe->vpe)].dbv)
			strict(g, 37, "PE %u: doorbell requested for VM %u VPE %u without DBV",
			       pe->id, pe->vm, pe->vpe);
		residency_end(g, pe, db, (unsigned int)FIELD_GET(CONTEXTR_DBPM, value));
		return;
	}
	if (db)
		strict(g, 36, "PE %u: CONTEXTR with V = 1 and DB = 1", pe->id);
	if (pe->resident) {
		if (pe->vm == vm && pe->vpe == vpe)
			return;
		strict(g, 36, "PE %u: CONTEXTR goes from one VPE to another", pe->id);
		residency_end(g, pe, false, 0);
	}
	if (residency_begin(g, pe, vm, vpe)) {
		g->stats.residencies++;
		return;
	}
	g->stats.residency_faults++;
	pe->contextr |= CONTEXTR_F;
}

/*
 * SAVE_VMR. S: memory gets the state of the VM's ISTs. Q: has anything changed
 * since? Both at once, or a VM that is not valid: Q = 0.
 */
void vm_save(struct gicv5 *g, uint32_t vm, bool save, bool query)
{
	struct vm *v = vm_get(g, vm);

	g->irs.save_q = false;
	if (!v) {
		strict(g, 16, "SAVE_VMR for VM %u, which is not valid", vm);
		return;
	}
	if (save) {
		ist_flush(g, SPACE_VIRT + 2 * vm);
		ist_flush(g, SPACE_VIRT + 2 * vm + 1);
		v->saved = true;
		LOG(g, VIRT, "VM %u saved", vm);
	}
	if (query && !save)
		g->irs.save_q = v->saved;
}
