// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <string.h>

#include "oracle.h"

#define NONE	256	/* a priority below every other one */

/* --- reset ---------------------------------------------------------------- */

static void ist_clear(struct o_ist *ist)
{
	ist->valid = false;
	for (unsigned int i = 0; i < ist->max; i++)
		ist->irq[i].reach = false;
}

void o_reset_pe(struct oracle *o, unsigned int pe)
{
	struct o_pe *p = &o->pe[pe];
	bool wire[O_PPIS];

	memcpy(wire, p->wire, sizeof(wire));
	if (p->vm >= 0)
		o_context(o, pe, false, 0, 0, false, false, 0);
	memset(p, 0, sizeof(*p));
	memcpy(p->wire, wire, sizeof(wire));
	p->vm = -1;
}

void o_reset(struct oracle *o)
{
	for (unsigned int i = 0; i < o->nr_spis; i++) {
		bool wire = o->spi[i].wire;

		memset(&o->spi[i], 0, sizeof(o->spi[i]));
		o->spi[i].wire = wire;
		o->spi[i].irq.reach = true;
	}
	ist_clear(&o->lpi);
	for (int vm = 0; vm < O_VMS; vm++) {
		o->vm[vm].valid = false;
		ist_clear(&o->vm[vm].lpi);
		ist_clear(&o->vm[vm].spi);
	}
	for (unsigned int pe = 0; pe < o->nr_pes; pe++) {
		o->pe[pe].vm = -1;
		o_reset_pe(o, pe);
	}
	o->irsen = o->spi_v = o->vpe_v = o->save_q = o->save_q_either = false;
}

void o_init(struct oracle *o)
{
	o->lpi.irq = o->lpi_irq;
	o->lpi.max = O_LPIS;
	for (int vm = 0; vm < O_VMS; vm++) {
		o->vm[vm].lpi.irq = o->vm[vm].lpi_irq;
		o->vm[vm].spi.irq = o->vm[vm].spi_irq;
		o->vm[vm].lpi.max = o->vm[vm].spi.max = O_VIRQS;
	}
	o_reset(o);
}

/* --- the state of one interrupt ------------------------------------------- */

uint32_t o_word(const struct o_irq *irq)
{
	return (uint32_t)irq->pend | (uint32_t)irq->act << 1 | (uint32_t)irq->hm << 2 |
	       (uint32_t)irq->en << 3 | irq->prio << 11 | irq->aff << 16;
}

uint64_t o_icsr(const struct o_irq *irq)
{
	return (uint64_t)irq->aff << 32 | irq->prio << 11 | (uint64_t)irq->hm << 5 |
	       (uint64_t)irq->act << 4 | (uint64_t)irq->pend << 2 | (uint64_t)irq->en << 1;
}

void o_load(struct o_irq *irq, uint32_t word)
{
	irq->pend = word & 1;
	irq->act = word >> 1 & 1;
	irq->hm = word >> 2 & 1;
	irq->en = word >> 3 & 1;
	irq->prio = word >> 11 & 31;
	irq->aff = word >> 16;
}

struct o_ist *o_vist(struct oracle *o, int vm, unsigned int type)
{
	if (vm < 0 || !o->vm[vm].valid)
		return NULL;
	return type == O_LPI ? &o->vm[vm].lpi : type == O_SPI ? &o->vm[vm].spi : NULL;
}

static struct o_irq *ist_irq(struct o_ist *ist, unsigned int id)
{
	if (!ist || !ist->valid || id >= ist->n || !ist->irq[id].reach)
		return NULL;
	return &ist->irq[id];
}

static struct o_spi *spi_of(struct oracle *o, unsigned int id)
{
	return id >= o->spi_base && id < o->spi_base + o->nr_spis ? &o->spi[id - o->spi_base] : NULL;
}

/* An interrupt that instructions and events can reach, or NULL. */
static struct o_irq *phys_irq(struct oracle *o, unsigned int type, unsigned int id)
{
	struct o_spi *spi;

	if (type == O_LPI)
		return ist_irq(&o->lpi, id);
	spi = type == O_SPI ? spi_of(o, id) : NULL;
	return spi && !spi->virt ? &spi->irq : NULL;
}

static struct o_irq *virt_irq(struct oracle *o, int vm, unsigned int type, unsigned int id)
{
	return ist_irq(o_vist(o, vm, type), id);
}

/* SAVE_VMR asks whether something changed. */
static void wrote(struct oracle *o, int vm, struct o_irq *irq, struct o_irq before)
{
	if (vm < 0)
		return;
	o->vm[vm].touched = true;
	if (o_word(irq) != o_word(&before))
		o->vm[vm].changed = true;
}

enum event { SET_EDGE, SET_LEVEL, CLEAR };

static void event(struct oracle *o, int vm, struct o_irq *irq, enum event what)
{
	struct o_irq before;

	if (!irq)
		return;
	before = *irq;
	if (what == SET_EDGE) {
		irq->pend = true;
		irq->hm = false;
	} else if (what == SET_LEVEL) {
		irq->pend = true;
		irq->hm = true;
	} else if (irq->hm) {
		irq->pend = false;
	}
	wrote(o, vm, irq, before);
}

/* --- SPIs ------------------------------------------------------------------ */

static struct o_irq *spi_target(struct oracle *o, struct o_spi *spi, int *vm)
{
	unsigned int id = o->spi_base + (unsigned int)(spi - o->spi);

	*vm = spi->virt ? spi->vm : -1;
	if (spi->virt && spi->vm < 0)
		return NULL;
	return spi->virt ? virt_irq(o, spi->vm, O_SPI, id) : &spi->irq;
}

static void spi_event(struct oracle *o, struct o_spi *spi, enum event what)
{
	int vm;
	struct o_irq *irq = spi_target(o, spi, &vm);

	event(o, vm, irq, what);
}

/* The wire has just changed to its present state. */
static void spi_sample(struct oracle *o, struct o_spi *spi)
{
	if (spi->wire)
		spi_event(o, spi, spi->tm ? SET_LEVEL : SET_EDGE);
	else if (spi->tm)
		spi_event(o, spi, CLEAR);
}

void o_spi_wire(struct oracle *o, unsigned int id, bool level)
{
	struct o_spi *spi = spi_of(o, id);

	if (!spi || spi->wire == level)
		return;
	spi->wire = level;
	spi_sample(o, spi);
}

void o_spi_resample(struct oracle *o, unsigned int id)
{
	struct o_spi *spi = spi_of(o, id);

	if (spi)
		spi_sample(o, spi);
}

void o_spi_select(struct oracle *o, unsigned int id)
{
	o->spi_v = spi_of(o, id);
	o->spi_sel = id;
}

void o_spi_cfgr(struct oracle *o, bool level)
{
	struct o_spi *spi = o->spi_v ? spi_of(o, o->spi_sel) : NULL;
	struct o_irq *irq, before;
	int vm;

	if (!spi || spi->tm == level)
		return;
	spi->tm = level;
	irq = spi_target(o, spi, &vm);
	if (!irq)
		return;
	before = *irq;
	if (level && spi->wire) {
		irq->pend = true;
		irq->hm = true;
	} else if (level || spi->wire) {
		irq->pend = false;
	}
	wrote(o, vm, irq, before);
}

/* No pending state is carried over; a level wire is sampled in its new place. */
void o_spi_vmr(struct oracle *o, bool virt, int vm)
{
	struct o_spi *spi = o->spi_v ? spi_of(o, o->spi_sel) : NULL;

	if (!spi || (spi->virt == virt && (!virt || spi->vm == vm)))
		return;
	spi->virt = virt;
	spi->vm = vm;
	if (spi->tm)
		spi_sample(o, spi);
}

void o_setlpi(struct oracle *o, unsigned int id)
{
	event(o, -1, ist_irq(&o->lpi, id), SET_EDGE);
}

/* --- PPIs ------------------------------------------------------------------ */

bool o_ppi_edge(unsigned int ppi)
{
	return ppi == 3;
}

bool o_ppi_pending(const struct oracle *o, unsigned int pe, unsigned int dom, unsigned int ppi)
{
	const struct o_pe *p = &o->pe[pe];

	unsigned int from = ppi;

	if (!o->ppi[ppi])
		return false;
	if (dom == O_VIRT && p->nv) {
		/* The EL1 timers of the machine are the EL2 timers of the guest. */
		if (ppi == 30 || ppi == 27)
			return p->dom[O_VIRT].ppi_pend[ppi];
		if (ppi == 26)
			from = 30;
		if (ppi == 28)
			from = 27;
	}
	if (dom == O_VIRT && !p->dvi[from])
		return p->dom[O_VIRT].ppi_pend[ppi];
	return o_ppi_edge(from) ? p->dom[O_PHYS].ppi_pend[from] : p->wire[from];
}

/* By C/SPENDR and by an acknowledge: Edge only; an injected one is the physical one. */
void o_ppi_set_pending(struct oracle *o, unsigned int pe, unsigned int dom, unsigned int ppi,
		       bool pend)
{
	struct o_pe *p = &o->pe[pe];

	if (!o->ppi[ppi] || !o_ppi_edge(ppi))
		return;
	if (dom == O_VIRT && p->dvi[ppi])
		dom = O_PHYS;
	p->dom[dom].ppi_pend[ppi] = pend;
}

void o_ppi_wire(struct oracle *o, unsigned int pe, unsigned int ppi, bool level)
{
	struct o_pe *p = &o->pe[pe];

	if (!o->ppi[ppi] || p->wire[ppi] == level)
		return;
	p->wire[ppi] = level;
	if (level && o_ppi_edge(ppi))
		p->dom[O_PHYS].ppi_pend[ppi] = true;
}

/* --- choice of the HPPI ---------------------------------------------------- */

static unsigned int candidate_prio(const struct o_irq *irq, unsigned int target)
{
	return irq->reach && irq->en && irq->pend && !irq->act && irq->aff == target ?
	       irq->prio : NONE;
}

static unsigned int best_of(const struct o_ist *ist, unsigned int target)
{
	unsigned int best = NONE;

	for (unsigned int id = 0; ist->valid && id < ist->n; id++)
		if (candidate_prio(&ist->irq[id], target) < best)
			best = ist->irq[id].prio;
	return best;
}

/* Best priority among the SPIs and LPIs for a PE. */
static unsigned int best_phys(const struct oracle *o, unsigned int pe)
{
	unsigned int best = best_of(&o->lpi, pe), prio;

	for (unsigned int i = 0; i < o->nr_spis; i++) {
		prio = o->spi[i].virt ? NONE : candidate_prio(&o->spi[i].irq, pe);
		if (prio < best)
			best = prio;
	}
	return best;
}

static unsigned int best_virt(const struct oracle *o, int vm, unsigned int vpe)
{
	unsigned int lpi = best_of(&o->vm[vm].lpi, vpe), spi = best_of(&o->vm[vm].spi, vpe);

	return lpi < spi ? lpi : spi;
}

static unsigned int running(const struct o_domain *d)
{
	for (unsigned int i = 0; i < 32; i++)
		if (d->apr[i])
			return i;
	return NONE - 1;
}

struct hppi {
	bool valid;
	unsigned int prio;		/* as the CPU interface sees it */
	unsigned int irs_prio;		/* as the IRS does */
	int ppi;			/* or -1: any candidate of the IRS of that priority */
};

static struct hppi choose(const struct oracle *o, unsigned int pe, unsigned int dom)
{
	const struct o_pe *p = &o->pe[pe];
	const struct o_domain *d = &p->dom[dom];
	struct hppi h = { .prio = NONE, .irs_prio = NONE, .ppi = -1 };
	unsigned int prio;

	if (!d->en || (dom == O_VIRT && !p->vctlr_en))
		return h;
	if (!o->irsen)
		prio = NONE;
	else if (dom == O_PHYS)
		prio = best_phys(o, pe);
	else
		prio = p->vm < 0 || p->ignore_irs ? NONE : best_virt(o, p->vm, (unsigned int)p->vpe);
	if (prio != NONE) {
		h.irs_prio = prio;
		h.prio = prio & o->icc_prio_mask;
	}
	/* A PPI wins a tie, and among PPIs the lowest one does. */
	for (int ppi = O_PPIS - 1; ppi >= 0; ppi--) {
		unsigned int n = (unsigned int)ppi;

		if (!d->ppi_en[n] || d->ppi_act[n] || d->ppi_prio[n] > h.prio ||
		    !o_ppi_pending(o, pe, dom, n))
			continue;
		h.prio = d->ppi_prio[n];
		h.ppi = ppi;
	}
	h.valid = h.prio <= d->pcr && h.prio < running(d);
	if (o->canary && h.prio == d->pcr)
		h.valid = false;
	return h;
}

bool o_line(struct oracle *o, unsigned int pe, unsigned int dom, bool superpriority)
{
	struct hppi h = choose(o, pe, dom);

	return h.valid && (h.prio == 0) == superpriority;
}

static struct o_irq *named(struct oracle *o, bool virt, int vm, uint64_t intid)
{
	unsigned int type = (unsigned int)(intid >> 29 & 7), id = (unsigned int)(intid & 0xffffff);

	if (type != O_LPI && type != O_SPI)
		return NULL;
	return virt ? virt_irq(o, vm, type, id) : phys_irq(o, type, id);
}

static const char *judge(struct oracle *o, unsigned int pe, unsigned int dom, struct hppi h,
			 uint64_t got)
{
	const struct o_pe *p = &o->pe[pe];
	const struct o_irq *irq;
	unsigned int target = dom == O_PHYS ? pe : (unsigned int)p->vpe;

	if (!h.valid)
		return got ? "there is no HPPI of sufficient priority" : NULL;
	if (!(got >> 32 & 1))
		return "there is an HPPI of sufficient priority";
	if (got >> 33)
		return "the HPPI has bits above VALID";
	if (h.ppi >= 0)
		return (got & 0xffffffff) == (1u << 29 | (unsigned int)h.ppi) ? NULL :
		       "the HPPI is another PPI";
	irq = named(o, dom == O_VIRT, p->vm, got & 0xffffffff);
	if (!irq || candidate_prio(irq, target) == NONE)
		return "what the model says is no candidate";
	return irq->prio == h.irs_prio ? NULL : "there is a candidate of higher priority";
}

const char *o_judge_hppi(struct oracle *o, unsigned int pe, unsigned int dom, uint64_t got)
{
	return judge(o, pe, dom, choose(o, pe, dom), got);
}

const char *o_judge_ack(struct oracle *o, unsigned int pe, unsigned int dom, bool cdnmia,
			bool sctlr_nmi, uint64_t got)
{
	struct o_pe *p = &o->pe[pe];
	struct o_domain *d = &p->dom[dom];
	struct hppi h = choose(o, pe, dom);
	struct o_irq *irq, before;
	bool is_nmi = h.valid && h.prio == 0 && sctlr_nmi;
	const char *wrong;

	if (is_nmi != cdnmia)
		h.valid = false;
	wrong = judge(o, pe, dom, h, got);
	if (wrong || !h.valid)
		return wrong;
	d->apr[h.prio] = true;
	if (dom == O_PHYS)
		o->acks++;
	else
		o->vacks++;
	if (h.ppi >= 0) {
		d->ppi_act[h.ppi] = true;
		o_ppi_set_pending(o, pe, dom, (unsigned int)h.ppi, false);
		return NULL;
	}
	irq = named(o, dom == O_VIRT, p->vm, got);
	before = *irq;
	irq->act = true;
	if (!irq->hm)
		irq->pend = false;
	wrote(o, dom == O_VIRT ? p->vm : -1, irq, before);
	return NULL;
}

const char *o_judge_vpe_hppi(struct oracle *o, uint64_t got)
{
	const struct o_irq *irq;
	unsigned int best = NONE;

	if (o->vpe_v && o->sel_vm >= 0 && o->vm[o->sel_vm].valid &&
	    o->vm[o->sel_vm].vpe[o->sel_vpe].valid)
		best = best_virt(o, o->sel_vm, o->sel_vpe);
	if (best == NONE)
		return got ? "VPE_HPPIR should be 0" : NULL;
	if (got >> 32 != 1)
		return "VPE_HPPIR should have HPPIV";
	irq = named(o, true, o->sel_vm, got);
	if (!irq || candidate_prio(irq, o->sel_vpe) != best)
		return "VPE_HPPIR does not name a best candidate";
	return NULL;
}

/* --- instructions ---------------------------------------------------------- */

static void modify(struct oracle *o, struct o_irq *irq, enum o_insn insn, unsigned int value)
{
	switch (insn) {
	case O_EN:
		irq->en = true;
		break;
	case O_DIS:
		irq->en = false;
		break;
	case O_PRI:
		irq->prio = value & o->irs_prio_mask;
		break;
	case O_AFF:
		irq->aff = value & 0xffff;
		break;
	case O_PEND:
		irq->pend = value;
		break;
	case O_DI:
		irq->act = false;
		break;
	case O_HM:
		irq->hm = value;
		break;
	case O_RCFG:
		break;
	}
}

void o_insn(struct oracle *o, unsigned int pe, bool virt, enum o_insn insn,
	    unsigned int type, unsigned int id, unsigned int value)
{
	struct o_pe *p = &o->pe[pe];
	struct o_irq *irq, before;

	if (type == O_PPI && insn == O_DI) {
		if (id < O_PPIS)
			p->dom[virt ? O_VIRT : O_PHYS].ppi_act[id] = false;
		return;
	}
	irq = NULL;
	if (type == O_LPI || type == O_SPI)
		irq = virt ? virt_irq(o, p->vm, type, id) : phys_irq(o, type, id);
	if (insn == O_RCFG) {
		p->icsr = irq ? o_icsr(irq) : 1;
		return;
	}
	if (!irq)
		return;
	before = *irq;
	modify(o, irq, insn, value);
	wrote(o, virt ? p->vm : -1, irq, before);
}

void o_vdpend(struct oracle *o, int vm, unsigned int type, unsigned int id, bool pend)
{
	struct o_irq *irq = virt_irq(o, vm, type, id), before;

	if (!irq)
		return;
	before = *irq;
	irq->pend = pend;
	wrote(o, vm, irq, before);
}

void o_eoi(struct oracle *o, unsigned int pe, unsigned int dom)
{
	unsigned int prio = running(&o->pe[pe].dom[dom]);

	if (prio < 32)
		o->pe[pe].dom[dom].apr[prio] = false;
}

/* --- residency and doorbells ----------------------------------------------- */

static void leave(struct oracle *o, struct o_pe *p, bool db, unsigned int dbpm)
{
	struct o_vpe *v;

	if (p->vm < 0)
		return;
	v = &o->vm[p->vm].vpe[p->vpe];
	v->pe = -1;
	v->req = db;
	if (db)
		v->dbpm = dbpm;
	p->vm = -1;
}

void o_context(struct oracle *o, unsigned int pe, bool v, int vm, unsigned int vpe, bool disable,
	       bool db, unsigned int dbpm)
{
	struct o_pe *p = &o->pe[pe];
	struct o_vpe *target;

	p->ignore_irs = disable;
	p->asked = v;
	p->fault = false;
	if (!v) {
		leave(o, p, db, dbpm);
		return;
	}
	if (p->vm >= 0 && p->vm == vm && p->vpe == (int)vpe)
		return;
	leave(o, p, false, 0);
	target = vm >= 0 && o->vm[vm].valid && vpe < o->vm[vm].nr_vpes ? &o->vm[vm].vpe[vpe] : NULL;
	if (!target || !target->valid || target->pe >= 0) {
		p->fault = true;
		return;
	}
	target->pe = (int)pe;
	target->req = false;
	p->vm = vm;
	p->vpe = (int)vpe;
}

/* R_CWZMW, for every VPE there is. */
void o_settle(struct oracle *o)
{
	for (int vm = 0; vm < O_VMS; vm++) {
		for (unsigned int vpe = 0; o->vm[vm].valid && vpe < o->vm[vm].nr_vpes; vpe++) {
			struct o_vpe *v = &o->vm[vm].vpe[vpe];

			if (!v->valid || v->pe >= 0 || !v->dbv || !v->req ||
			    best_virt(o, vm, vpe) > v->dbpm)
				continue;
			v->req = false;
			o->doorbells++;
			o_setlpi(o, v->lpi);
		}
	}
}

static struct o_vpe *selected(struct oracle *o)
{
	struct o_vm *vm;

	if (!o->vpe_v)
		return NULL;
	vm = o->sel_vm >= 0 ? &o->vm[o->sel_vm] : NULL;
	if (!vm || !vm->valid || o->sel_vpe >= vm->nr_vpes || !vm->vpe[o->sel_vpe].valid)
		return NULL;
	return &vm->vpe[o->sel_vpe];
}

void o_vpe_select(struct oracle *o, int vm, unsigned int vpe)
{
	o->sel_vm = vm;
	o->sel_vpe = vpe;
	o->vpe_v = true;
	o->vpe_v = selected(o);
}

void o_vpe_dbr(struct oracle *o, unsigned int lpi, unsigned int dbpm, bool req, bool dbv)
{
	struct o_vpe *v = selected(o);

	o->vpe_v = v;
	if (!v)
		return;
	v->lpi = lpi;
	v->dbpm = dbpm;
	v->req = req;
	v->dbv = dbv;
}

void o_vpe_cr0(struct oracle *o, bool dps)
{
	struct o_vpe *v = selected(o);

	o->vpe_v = v;
	if (v)
		v->dps = dps;
}

void o_save(struct oracle *o, int vm, bool s, bool q)
{
	struct o_vm *v = vm >= 0 && o->vm[vm].valid ? &o->vm[vm] : NULL;

	if (!s && !q)
		return;
	o->save_q = o->save_q_either = false;
	if (!v)
		return;
	if (s)
		v->changed = v->touched = false;
	else if (q) {
		o->save_q = !v->changed;
		o->save_q_either = v->touched && !v->changed;
	}
}

/* --- tables ---------------------------------------------------------------- */

void o_ist_on(struct o_ist *ist, unsigned int n, bool two_level, unsigned int per_l2, bool mapped)
{
	ist->valid = true;
	ist->n = n;
	ist->two_level = two_level;
	ist->per_l2 = per_l2;
	for (unsigned int id = 0; id < ist->max; id++)
		ist->irq[id].reach = id < n && (!two_level || mapped);
}

void o_ist_map(struct o_ist *ist, unsigned int id)
{
	if (!ist || !ist->valid || !ist->two_level || id >= ist->n)
		return;
	for (unsigned int i = 0; i < ist->n; i++)
		if (i / ist->per_l2 == id / ist->per_l2)
			ist->irq[i].reach = true;
}

void o_ist_off(struct o_ist *ist)
{
	ist_clear(ist);
}

void o_vm_on(struct oracle *o, int vm, unsigned int nr_vpes)
{
	struct o_vm *v = &o->vm[vm];

	v->valid = true;
	v->nr_vpes = nr_vpes;
	v->changed = v->touched = true;
	memset(v->vpe, 0, sizeof(v->vpe));
	for (unsigned int vpe = 0; vpe < O_VPES; vpe++)
		v->vpe[vpe].pe = -1;
}

void o_vpe_on(struct oracle *o, int vm, unsigned int vpe)
{
	struct o_vpe *v = &o->vm[vm].vpe[vpe];

	if (!o->vm[vm].valid || vpe >= o->vm[vm].nr_vpes || v->valid)
		return;
	memset(v, 0, sizeof(*v));
	v->valid = true;
	v->pe = -1;
}

/* Its residencies end; the PEs still read V = 1. */
void o_vm_off(struct oracle *o, int vm)
{
	for (unsigned int pe = 0; pe < o->nr_pes; pe++)
		if (o->pe[pe].vm == vm)
			leave(o, &o->pe[pe], false, 0);
	o->vm[vm].valid = false;
	ist_clear(&o->vm[vm].lpi);
	ist_clear(&o->vm[vm].spi);
}
