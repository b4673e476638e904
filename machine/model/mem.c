// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest memory, and the record of software errors.
 *
 * An access that fails, or that lies outside IDR0.PA_RANGE, raises no abort on
 * any PE: the function returns false and the operation has no effect.
 */
#include "internal.h"

static bool access_begin(struct gicv5 *g, uint64_t addr)
{
	if (addr >> g->cfg.pa_bits) {
		g->stats.mem_errors++;
		strict(g, 9, "table at 0x%llx, beyond IDR0.PA_RANGE", (unsigned long long)addr);
		return false;
	}
	g->in_mem = true;
	return true;
}

static bool access_end(struct gicv5 *g, uint64_t addr, int error)
{
	g->in_mem = false;
	if (error) {
		g->stats.mem_errors++;
		strict(g, 9, "table at 0x%llx: memory does not answer",
		       (unsigned long long)addr);
	}
	return !error;
}

static bool mem_read(struct gicv5 *g, uint64_t addr, uint8_t *buf, size_t len)
{
	if (!access_begin(g, addr))
		return false;
	g->stats.mem_reads++;
	return access_end(g, addr, g->cfg.ops.mem_read(g->cfg.opaque, addr, buf, len));
}

static bool mem_write(struct gicv5 *g, uint64_t addr, uint64_t val, size_t len)
{
	uint8_t buf[8];

	for (unsigned int i = 0; i < len; i++)
		buf[i] = (uint8_t)(val >> 8 * i);
	if (!access_begin(g, addr))
		return false;
	g->stats.mem_writes++;
	return access_end(g, addr, g->cfg.ops.mem_write(g->cfg.opaque, addr, buf, len));
}

static uint64_t from_le(const uint8_t *buf, unsigned int len)
{
	uint64_t val = 0;

	while (len--)
		val = val << 8 | buf[len];
	return val;
}

bool mem_read64(struct gicv5 *g, uint64_t addr, uint64_t *val)
{
	uint8_t buf[8];

	if (!mem_read(g, addr, buf, sizeof(buf)))
		return false;
	*val = from_le(buf, sizeof(buf));
	return true;
}

bool mem_read32(struct gicv5 *g, uint64_t addr, uint32_t *val)
{
	uint8_t buf[4];

	if (!mem_read(g, addr, buf, sizeof(buf)))
		return false;
	*val = (uint32_t)from_le(buf, sizeof(buf));
	return true;
}

bool mem_write64(struct gicv5 *g, uint64_t addr, uint64_t val)
{
	return mem_write(g, addr, val, 8);
}

bool mem_write32(struct gicv5 *g, uint64_t addr, uint32_t val)
{
	return mem_write(g, addr, val, 4);
}

/* IRS_SWERR_*: the first error is kept, a later one only sets OF. */
void swerr(struct gicv5 *g, unsigned int ec, struct irq irq, uint64_t addr)
{
	struct irs *irs = &g->irs;

	if (!g->cfg.swe || g->looking)
		return;
	if (irs->swerr_statusr & SWERR_V) {
		irs->swerr_statusr |= SWERR_OF;
		return;
	}
	irs->swerr_statusr = SWERR_V | SWERR_S0V | SWERR_S1V | FIELD_PREP(SWERR_EC, ec);
	irs->swerr_syndromer0 = FIELD_PREP(SWERR0_ID, irq.id) |
				FIELD_PREP(SWERR0_TYPE, irq_type(irq));
	if (irq_is_virtual(irq))
		irs->swerr_syndromer0 |= SWERR0_VIRTUAL |
					 FIELD_PREP(SWERR0_VM_ID, irq_vm(irq));
	irs->swerr_syndromer1 = addr & SWERR1_ADDR;
}
