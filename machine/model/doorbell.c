// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Doorbells: a physical LPI that says that a VPE which is not resident has work.
 *
 * A doorbell is a standing condition [R_CWZMW], see doorbell_due(). Whatever may
 * make it true marks the VPE with doorbell_dirty(): residency ending, a write of
 * VPE_DBR, any change of a candidate of the VPE. settle() then looks once. So
 * work that is already pending when the doorbell is requested rings at once.
 *
 * A ring uses the request up. It is not renewed but by CONTEXTR.DB or
 * VPE_DBR.REQ_DB, two ways to the same state, of which the last one counts.
 *
 * Left out: the VM doorbell for 1ofN (IDR0.VIRT_ONE_N is 0).
 */
#include "internal.h"

/* REQ_DB and DBPM of a VPE, from CONTEXTR or VPE_DBR. */
void doorbell_request(struct gicv5 *g, uint32_t index, bool req, unsigned int dbpm)
{
	struct vpe *p = &g->vpes[index];

	p->req = req;
	if (req) {
		p->dbpm = (uint8_t)dbpm;
		LOG(g, VIRT, "VM %u VPE %u: doorbell requested, priority <= %u",
		    index >> g->vpe_bits, index & ((1u << g->vpe_bits) - 1), dbpm);
	}
	doorbell_dirty(g, index);
}

/* A candidate of this VPE came, went or changed: its PE or its doorbell cares. */
void doorbell_dirty(struct gicv5 *g, uint32_t index)
{
	struct vpe *p = &g->vpes[index];

	if (p->pe) {
		pe_dirty(g, p->pe - 1u);
		return;
	}
	if (p->dirty || !p->valid)
		return;
	p->dirty = true;
	p->dirty_next = g->dirty_vpes;
	g->dirty_vpes = index + 1;
}

/* The condition of R_CWZMW. */
bool doorbell_due(struct gicv5 *g, uint32_t index)
{
	const struct vpe *p = &g->vpes[index];
	struct cand best;

	if (!p->valid || p->pe || !p->dbv || !p->req)
		return false;
	best = cand_best_vpe(g, index >> g->vpe_bits, index & ((1u << g->vpe_bits) - 1));
	return best.prio <= p->dbpm;
}

/* Ring what is due. A ring makes a physical LPI pending and marks no VPE. */
void doorbell_settle(struct gicv5 *g)
{
	while (g->dirty_vpes) {
		uint32_t index = g->dirty_vpes - 1;
		struct vpe *p = &g->vpes[index];

		g->dirty_vpes = p->dirty_next;
		p->dirty = false;
		if (!doorbell_due(g, index))
			continue;
		p->req = false;
		if (g->lose_doorbells) {
			g->lose_doorbells--;
			g->stats.doorbells_lost++;
			LOG(g, VIRT, "VM %u VPE %u: doorbell lost, as asked for",
			    index >> g->vpe_bits, index & ((1u << g->vpe_bits) - 1));
			continue;
		}
		g->stats.doorbells++;
		LOG(g, VIRT, "VM %u VPE %u: doorbell rings, LPI %u", index >> g->vpe_bits,
		    index & ((1u << g->vpe_bits) - 1), p->db_lpi);
		irq_event(g, irq_make(TYPE_LPI, p->db_lpi), SET_EDGE);
	}
}
