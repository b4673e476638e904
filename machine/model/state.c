// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state of one interrupt: one view over SPIs, LPIs, virtual LPIs and
 * virtual SPIs. The state is a word in the form of the L2_ISTE.
 */
#include <stdio.h>

#include "internal.h"

const char *irq_name(struct irq irq, char buf[32])
{
	const char *type = irq_type(irq) == TYPE_SPI ? "SPI" : "LPI";

	if (irq_is_virtual(irq))
		snprintf(buf, 32, "VM %u v%s %u", irq_vm(irq), type, irq.id);
	else
		snprintf(buf, 32, "%s %u", type, irq.id);
	return buf;
}

/*
 * Bits the IRS does not have read as 0: IRM without 1ofN, low bits of the
 * priority, HWU.
 */
static uint32_t word_legal(const struct gicv5 *g, uint32_t word)
{
	uint32_t low = (1u << (5 - g->cfg.pri_bits)) - 1;

	word &= (uint32_t)(ISTE_PENDING | ISTE_ACTIVE | ISTE_HM | ISTE_ENABLE |
			   ISTE_PRIORITY | ISTE_IAFFID);
	return word & ~(uint32_t)FIELD_PREP(ISTE_PRIORITY, low);
}

/* False: the interrupt is unreachable; nothing must change. */
bool irq_load(struct gicv5 *g, struct irq irq, uint32_t *word)
{
	if (irq.space == SPACE_SPI) {
		const struct spi *spi = spi_get(g, irq.id);

		if (!spi || spi->virt)
			return false;
		*word = spi->word;
	} else if (!ist_load(g, irq, word)) {
		return false;
	}
	*word = word_legal(g, *word);
	return true;
}

static void log_change(struct gicv5 *g, struct irq irq, uint32_t old, uint32_t word)
{
	char name[32], flags[2][5];
	const uint32_t words[2] = { old, word };

	if (!(g->cfg.log_mask & 1u << GICV5_LOG_STATE))
		return;
	for (unsigned int i = 0; i < 2; i++)
		snprintf(flags[i], sizeof(flags[i]), "%c%c%c%c",
			 words[i] & ISTE_PENDING ? 'P' : '-',
			 words[i] & ISTE_ACTIVE ? 'A' : '-',
			 words[i] & ISTE_ENABLE ? 'E' : '-',
			 words[i] & ISTE_HM ? 'L' : '-');
	gic_log(g, GICV5_LOG_STATE, "%s: %s -> %s, priority %u, IAFFID %u",
		irq_name(irq, name), flags[0], flags[1],
		(unsigned int)FIELD_GET(ISTE_PRIORITY, word),
		(unsigned int)FIELD_GET(ISTE_IAFFID, word));
}

/*
 * Store a new state after irq_load() gave the old one, and let the candidate
 * index know. False: memory failed; the interrupt is no candidate any more.
 */
bool irq_store(struct gicv5 *g, struct irq irq, uint32_t old, uint32_t word)
{
	word = word_legal(g, word);
	if (word != old) {
		log_change(g, irq, old, word);
		if (irq.space == SPACE_SPI) {
			spi_get(g, irq.id)->word = word;
		} else if (!ist_store(g, irq, word)) {
			cand_set(g, irq, NONE, 0);
			return false;
		}
		if (irq_is_virtual(irq))
			g->vms[irq_vm(irq)].saved = false;
	}
	irq_refresh(g, irq, word);
	return true;
}

/* Where a state word routes an interrupt to, or NONE. */
uint32_t irq_target(const struct gicv5 *g, struct irq irq, uint32_t word)
{
	uint32_t id = (uint32_t)FIELD_GET(ISTE_IAFFID, word);

	if (!irq_is_virtual(irq))
		return id < g->cfg.nr_pes ? id : NONE;
	if (id >> g->vpe_bits)
		return NONE;
	return g->cfg.nr_pes + vpe_index(g, irq_vm(irq), id);
}

/* Bring the index in line with a state word. */
void irq_refresh(struct gicv5 *g, struct irq irq, uint32_t word)
{
	bool cand = word_is_candidate(word);

	if (irq.space == SPACE_SPI && spi_get(g, irq.id)->virt)
		cand = false;
	cand_set(g, irq, cand ? irq_target(g, irq, word) : NONE,
		 (unsigned int)FIELD_GET(ISTE_PRIORITY, word));
}

/* The three events of §1.2 [R_HHKMN, R_QBXXV]. */
static uint32_t word_after_event(uint32_t word, enum irq_event event)
{
	switch (event) {
	case SET_EDGE:
		return (uint32_t)((word | ISTE_PENDING) & ~ISTE_HM);
	case SET_LEVEL:
		return (uint32_t)(word | ISTE_PENDING | ISTE_HM);
	case CLEAR:
	default:
		return word & ISTE_HM ? (uint32_t)(word & ~ISTE_PENDING) : word;
	}
}

/* For strict mode: could the interrupt be loaded? No effect, no report. */
bool irq_reachable(struct gicv5 *g, struct irq irq)
{
	uint32_t word;
	bool was = g->looking, ok;

	g->looking = true;
	ok = irq_load(g, irq, &word);
	g->looking = was;
	return ok;
}

/* False: the event is lost, the interrupt is unreachable. */
bool irq_event(struct gicv5 *g, struct irq irq, enum irq_event event)
{
	static const char *const names[] = { "SET_EDGE", "SET_LEVEL", "CLEAR" };
	uint32_t word;
	char name[32];

	g->stats.events++;
	if (!irq_load(g, irq, &word)) {
		LOG(g, WIRE, "%s: %s lost, unreachable", irq_name(irq, name), names[event]);
		return false;
	}
	LOG(g, WIRE, "%s: %s", irq_name(irq, name), names[event]);
	irq_store(g, irq, word, word_after_event(word, event));
	return true;
}

/*
 * Acknowledge: Active = 1; Pending = 0 if Edge, unchanged if Level. False when
 * memory no longer says that the interrupt is a candidate, or fails.
 */
bool irq_ack(struct gicv5 *g, struct irq irq)
{
	uint32_t old, word;

	if (!irq_load(g, irq, &old)) {
		cand_set(g, irq, NONE, 0);
		return false;
	}
	if (!word_is_candidate(old)) {
		irq_refresh(g, irq, old);
		return false;
	}
	word = old | (uint32_t)ISTE_ACTIVE;
	if (!(old & ISTE_HM))
		word &= ~(uint32_t)ISTE_PENDING;
	return irq_store(g, irq, old, word);
}
