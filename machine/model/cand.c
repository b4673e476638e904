// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The candidate index: who could be signalled to a target, by priority.
 *
 * A candidate is Enabled, Pending, not Active, and routed to a PE of this model
 * or to a VPE id that the tables can hold. It has a node. The nodes of one
 * target and priority form a ring, oldest first, and a target has a bit per
 * priority that has a ring, so the best candidate is found in O(1) and a node
 * enters and leaves in O(1). A hash leads from the interrupt to its node; a list
 * per space finds all nodes of a table that becomes invalid.
 *
 * Memory: the configuration bounds it, never the guest. Each physical interrupt
 * can have a node at the same time. Virtual ones share max_vcandidates nodes. If
 * those run out the IST is marked "unindexed", and a VPE remembers the best of its
 * candidates without a node (rest). When that one goes its successor is found by
 * walking the VM's ISTs, slower but with the same result, until half of the nodes
 * are free and cand_rescan() can make the index whole again. A walk looks at each
 * ISTE of the VM once at most; walks go on from where the last one found something,
 * so a VPE that takes one interrupt after the other does not start over each time.
 *
 * An IST has no candidate when it becomes valid (Pending must be 0), so nothing
 * has to be searched for then.
 */
#include "internal.h"

static uint32_t *bucket(const struct gicv5 *g, struct irq irq)
{
	uint64_t key = ((uint64_t)irq.space << 24 | irq.id) * UINT64_C(0x9e3779b97f4a7c15);

	return &g->hash[key >> (64 - g->hash_bits)];
}

/* The node of an interrupt, or 0. */
uint32_t cand_find(const struct gicv5 *g, struct irq irq)
{
	uint32_t n;

	for (n = *bucket(g, irq); n; n = g->nodes[n].hash_next)
		if (g->nodes[n].irq.id == irq.id && g->nodes[n].irq.space == irq.space)
			break;
	return n;
}

static void target_link(struct gicv5 *g, uint32_t n, uint32_t target, unsigned int prio)
{
	struct node *node = &g->nodes[n];
	struct target *t = &g->targets[target];
	uint32_t head = t->head[prio];

	node->target = target;
	node->prio = (uint8_t)prio;
	if (!head) {
		node->next = node->prev = n;
		t->head[prio] = n;
		t->prios |= 1u << prio;
		return;
	}
	node->next = head;
	node->prev = g->nodes[head].prev;
	g->nodes[node->prev].next = n;
	g->nodes[head].prev = n;
}

static void target_unlink(struct gicv5 *g, uint32_t n)
{
	struct node *node = &g->nodes[n];
	struct target *t = &g->targets[node->target];

	if (node->next == n) {
		t->head[node->prio] = 0;
		t->prios &= ~(1u << node->prio);
		return;
	}
	g->nodes[node->next].prev = node->prev;
	g->nodes[node->prev].next = node->next;
	if (t->head[node->prio] == n)
		t->head[node->prio] = node->next;
}

static void target_changed(struct gicv5 *g, uint32_t target)
{
	if (target < g->cfg.nr_pes)
		pe_dirty(g, target);
	else
		doorbell_dirty(g, target - g->cfg.nr_pes);
}

/* A node for an interrupt, in the hash and in the list of its space; 0: full. */
static uint32_t node_new(struct gicv5 *g, struct irq irq)
{
	uint32_t n = g->free, *head = bucket(g, irq), *first = &g->ists[irq.space].cands;
	struct node *node;

	if (irq_is_virtual(irq)) {
		if (g->nr_vcands == g->cfg.max_vcandidates)
			return 0;
		g->nr_vcands++;
	}
	if (n)
		g->free = g->nodes[n].next;
	else
		n = g->fresh++;
	node = &g->nodes[n];
	*node = (struct node){ .irq = irq, .hash_next = *head, .space_next = *first };
	*head = n;
	if (*first)
		g->nodes[*first].space_prev = n;
	*first = n;
	return n;
}

static void node_free(struct gicv5 *g, uint32_t n)
{
	struct node *node = &g->nodes[n];
	uint32_t *link = bucket(g, node->irq);

	while (*link != n)
		link = &g->nodes[*link].hash_next;
	*link = node->hash_next;
	if (node->space_next)
		g->nodes[node->space_next].space_prev = node->space_prev;
	if (node->space_prev)
		g->nodes[node->space_prev].space_next = node->space_next;
	else
		g->ists[node->irq.space].cands = node->space_next;
	if (irq_is_virtual(node->irq))
		g->nr_vcands--;
	*node = (struct node){ .next = g->free };
	g->free = n;
}

static void node_remove(struct gicv5 *g, uint32_t n)
{
	uint32_t target = g->nodes[n].target;

	target_unlink(g, n);
	node_free(g, n);
	target_changed(g, target);
}

/* A candidate without a node came, changed or went: anybody's best may be it. */
static void unindexed_changed(struct gicv5 *g, uint32_t space, bool mark)
{
	if (mark && !g->ists[space].unindexed) {
		g->ists[space].unindexed = true;
		g->nr_unindexed++;
	}
	if (g->ists[space].unindexed)
		for (unsigned int pe = 0; pe < g->cfg.nr_pes; pe++)
			pe_dirty(g, pe);
}

/* No candidate without a node is better than this; NR_PRIOS: there is none. */
static unsigned int rest_prio(const struct target *t)
{
	return NR_PRIOS - (unsigned int)t->rest;
}

/* A candidate for which there is no node. */
static void rest_add(struct gicv5 *g, struct irq irq, uint32_t target, unsigned int prio)
{
	struct target *t = &g->targets[target];

	if (prio < rest_prio(t)) {
		t->rest = (uint8_t)(NR_PRIOS - prio);
		t->rest_irq = irq;
	}
}

/* The interrupt is a candidate for @target with priority @prio; NONE: for nobody. */
void cand_set(struct gicv5 *g, struct irq irq, uint32_t target, unsigned int prio)
{
	uint32_t n = cand_find(g, irq);

	if (target == NONE) {
		if (n)
			node_remove(g, n);
		else
			unindexed_changed(g, irq.space, false);
		return;
	}
	if (n && g->nodes[n].target == target && g->nodes[n].prio == prio)
		return;
	if (n) {
		target_changed(g, g->nodes[n].target);
		target_unlink(g, n);
	} else {
		/* it may have been a candidate of another target, without a node */
		n = node_new(g, irq);
		unindexed_changed(g, irq.space, !n);
	}
	if (n)
		target_link(g, n, target, prio);
	else
		rest_add(g, irq, target, prio);
	target_changed(g, target);
}

void cand_drop_space(struct gicv5 *g, uint32_t space)
{
	struct ist *ist = &g->ists[space];

	while (ist->cands)
		node_remove(g, ist->cands);
	unindexed_changed(g, space, false);
	if (ist->unindexed) {
		ist->unindexed = false;
		g->nr_unindexed--;
	}
}

struct cand cand_best(const struct gicv5 *g, uint32_t target)
{
	const struct target *t = &g->targets[target];
	unsigned int prio;

	if (!t->prios)
		return (struct cand){ .prio = PRIO_NONE };
	prio = (unsigned int)__builtin_ctz(t->prios);
	return (struct cand){ g->nodes[t->head[prio]].irq, prio };
}

/* Priority of an interrupt if it is a candidate of @target, else PRIO_NONE. */
static unsigned int prio_for(struct gicv5 *g, struct irq irq, uint32_t target)
{
	uint32_t word;

	if (!irq_load(g, irq, &word) || !word_is_candidate(word) ||
	    irq_target(g, irq, word) != target)
		return PRIO_NONE;
	return (unsigned int)FIELD_GET(ISTE_PRIORITY, word);
}

/*
 * The best candidate of a VPE in the ISTs of its VM that are not indexed. None is
 * better than what the VPE remembers, so the walk ends at the first that is as good.
 */
static struct cand walk_for_best(struct gicv5 *g, uint32_t vm, uint32_t target)
{
	const uint32_t lpis = SPACE_VIRT + 2 * vm, spis = lpis + 1;
	struct target *t = &g->targets[target];
	uint32_t nr_lpis = g->ists[lpis].unindexed ? ist_size(g, lpis) : 0;
	uint32_t nr = nr_lpis + (g->ists[spis].unindexed ? ist_size(g, spis) : 0);
	uint32_t at = t->rest_irq.id + (t->rest_irq.space == spis ? nr_lpis : 0);
	struct cand best = { .prio = PRIO_NONE };

	for (uint32_t i = 0; i < nr && best.prio > rest_prio(t); i++, at++) {
		struct irq irq;
		unsigned int prio;

		if (at >= nr)
			at = 0;
		irq = at < nr_lpis ? (struct irq){ lpis, at } : (struct irq){ spis, at - nr_lpis };
		prio = prio_for(g, irq, target);
		if (prio < best.prio)
			best = (struct cand){ irq, prio };
	}
	t->rest = (uint8_t)(best.prio == PRIO_NONE ? 0 : NR_PRIOS - best.prio);
	if (t->rest)
		t->rest_irq = best.irq;
	return best;
}

/* The candidate of a VPE, also while the index does not have all of them. */
struct cand cand_best_vpe(struct gicv5 *g, uint32_t vm, uint32_t vpe)
{
	uint32_t target = g->cfg.nr_pes + vpe_index(g, vm, vpe);
	const struct ist *ist = &g->ists[SPACE_VIRT + 2 * vm];
	const struct target *t = &g->targets[target];
	struct cand best = cand_best(g, target), rest;

	if (!t->rest || best.prio <= rest_prio(t) || (!ist[0].unindexed && !ist[1].unindexed))
		return best;
	rest = walk_for_best(g, vm, target);
	return rest.prio < best.prio ? rest : best;
}

/* Index what found no room before; false when there is still not enough. */
static bool rescan_space(struct gicv5 *g, uint32_t space)
{
	uint32_t size = ist_size(g, space), word;

	g->stats.rescans++;
	g->ists[space].unindexed = false;
	g->nr_unindexed--;
	for (uint32_t id = 0; id < size; id++) {
		struct irq irq = { space, id };

		if (irq_load(g, irq, &word))
			irq_refresh(g, irq, word);
		if (g->ists[space].unindexed)
			return false;
	}
	return true;
}

void cand_rescan(struct gicv5 *g)
{
	if (g->nr_vcands > g->cfg.max_vcandidates / 2)
		return;
	for (uint32_t space = SPACE_VIRT; space < g->nr_spaces && g->nr_unindexed; space++)
		if (g->ists[space].unindexed && !rescan_space(g, space))
			break;
}
