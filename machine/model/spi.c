// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SPIs: wires, trigger mode, assignment to a VM.
 *
 * A wire makes events; where they go depends on SPI_VMR: to the physical SPI,
 * or to the SPI of the same ID in a VM, and then the physical one is
 * unreachable (irq_load() fails).
 */
#include "internal.h"

struct spi *spi_get(struct gicv5 *g, uint32_t id)
{
	if (id < g->cfg.spi_base || id - g->cfg.spi_base >= g->cfg.nr_spis)
		return NULL;
	return &g->spis[id - g->cfg.spi_base];
}

static void spi_event(struct gicv5 *g, uint32_t id, enum irq_event event)
{
	const struct spi *spi = spi_get(g, id);

	if (!spi->virt) {
		irq_event(g, irq_make(TYPE_SPI, id), event);
		return;
	}
	if (!vm_get(g, spi->vm)) {
		strict(g, 24, "event of SPI %u for VM %u, which is not valid", id, spi->vm);
		return;
	}
	if (!irq_event(g, irq_make_virtual(spi->vm, TYPE_SPI, id), event))
		strict(g, 24, "event of SPI %u for VM %u, which has no IST for it", id, spi->vm);
}

/* As if the wire had just changed to its present state [R_DMTFM]. */
void spi_sample(struct gicv5 *g, uint32_t id)
{
	const struct spi *spi = spi_get(g, id);

	if (!spi)
		return;
	if (spi->line)
		spi_event(g, id, spi->tm ? SET_LEVEL : SET_EDGE);
	else if (spi->tm)
		spi_event(g, id, CLEAR);
}

void gicv5_set_spi(struct gicv5 *g, uint32_t id, bool level)
{
	struct spi *spi = spi_get(g, id);

	if (!spi || spi->line == level)
		return;
	LOG(g, WIRE, "SPI %u wire %s", id, level ? "high" : "low");
	spi->line = level;
	spi_sample(g, id);
	settle(g);
}

/* Pending of the SPI, or of the VM's, becomes 0 whatever HM is. */
static void spi_clear_pending(struct gicv5 *g, uint32_t id)
{
	const struct spi *spi = spi_get(g, id);
	struct irq irq = irq_make(TYPE_SPI, id);
	uint32_t word;

	if (spi->virt) {
		if (!vm_get(g, spi->vm))
			return;
		irq = irq_make_virtual(spi->vm, TYPE_SPI, id);
	}
	if (irq_load(g, irq, &word))
		irq_store(g, irq, word, word & ~(uint32_t)ISTE_PENDING);
}

/* A change of TM [R_KBPXL]: only Level with the line high leaves it Pending. */
void spi_set_tm(struct gicv5 *g, uint32_t id, bool level)
{
	struct spi *spi = spi_get(g, id);

	if (spi->tm == level)
		return;
	spi->tm = level;
	if (level && spi->line)
		spi_event(g, id, SET_LEVEL);
	else if (level || spi->line)
		spi_clear_pending(g, id);
}

void spi_set_vm(struct gicv5 *g, uint32_t id, bool virt, uint32_t vm)
{
	struct spi *spi = spi_get(g, id);

	if (spi->virt == virt && (!virt || spi->vm == vm))
		return;
	LOG(g, VIRT, "SPI %u given to %s %u", id, virt ? "VM" : "physical domain, was VM",
	    virt ? vm : spi->vm);
	spi->virt = virt;
	spi->vm = (uint16_t)vm;
	irq_refresh(g, irq_make(TYPE_SPI, id), spi->word);
	if (CHOICE_SPI_VMR_RESAMPLES && spi->tm)
		spi_sample(g, id);
}
