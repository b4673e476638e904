// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupt state tables: geometry, walks, the state words in them.
 *
 * What is kept of a table is its geometry (struct ist). L1 entries are read at
 * each walk and ISTEs at each access, so memory is the only copy of an
 * interrupt's state; only the hostile cache, a knob, holds words back.
 */
#include "internal.h"

/* log2 of the number of entries of an L2 table */
static unsigned int l2_bits(const struct ist *ist)
{
	return 10u - ist->istsz + 2u * ist->l2sz;
}

static unsigned int l1_bits(const struct ist *ist)
{
	return ist->id_bits > l2_bits(ist) ? ist->id_bits - l2_bits(ist) : 0;
}

/* The smallest legal ISTSZ for a table of 2^id_bits entries. */
static unsigned int min_istsz(const struct gicv5 *g, unsigned int id_bits)
{
	if (!g->cfg.istmd)
		return 0;
	return id_bits < g->cfg.istmd_sz ? 1 : 2;
}

/* Strict mode: report what was asked for and could not be had. */
static void check_request(struct gicv5 *g, const struct ist *ist, const struct ist *request)
{
	if (request->id_bits != ist->id_bits)
		strict(g, 13, "IST with %u ID bits is out of range, %u taken",
		       request->id_bits, ist->id_bits);
	if (request->istsz != ist->istsz)
		strict(g, 12, "ISTSZ %u is not legal, %u taken", request->istsz, ist->istsz);
	if (request->two_level != ist->two_level)
		strict(g, 14, "two-level IST, but IDR2.IST_LEVELS is 0");
	else if (ist->two_level && !(g->cfg.ist_l2sz & 1u << request->l2sz))
		strict(g, 11, "L2SZ %u is not offered", request->l2sz);
	if (request->base != ist->base)
		strict(g, 8, "IST base 0x%llx is not aligned", (unsigned long long)request->base);
}

/*
 * Take the fields of IST_CFGR and IST_BASER, or of word 2 or 3 of an L2_VMTE,
 * through the same clamps. Of @request base, id_bits, istsz, l2sz and two_level
 * count, as software wrote them.
 */
void ist_decode(struct gicv5 *g, struct ist *ist, bool virtual, const struct ist *request)
{
	unsigned int min = g->cfg.min_lpi_id_bits, align;
	unsigned int id_bits = request->id_bits, istsz = request->istsz, l2sz = request->l2sz;

	if (virtual && !CHOICE_MIN_BINDS_VIRTUAL)
		min = 0;
	if (id_bits < min)
		id_bits = min;
	if (id_bits > g->cfg.id_bits)
		id_bits = g->cfg.id_bits;
	if (istsz == 3 || istsz < min_istsz(g, id_bits))
		istsz = min_istsz(g, id_bits);
	if (l2sz == 3)
		l2sz = CHOICE_L2SZ_RESERVED;

	*ist = (struct ist){
		.two_level = request->two_level && g->cfg.ist_levels,
		.id_bits = (uint8_t)id_bits,
		.istsz = (uint8_t)istsz,
		.l2sz = (uint8_t)l2sz,
	};
	/* base bits [n:0] are 0: n = max(5, ...), an alignment of 2^(n+1) */
	align = ist->two_level ? l1_bits(ist) + 3 : id_bits + istsz + 2;
	if (align < 6)
		align = 6;
	ist->base = request->base & ~(BIT(align) - 1);
	check_request(g, ist, request);
}

/* Strict mode: Pending and HWU must be 0 in a table that becomes valid. */
static void ist_check_contents(struct gicv5 *g, uint32_t space, uint64_t table,
			       uint32_t entries)
{
	const struct ist *ist = &g->ists[space];
	uint32_t word;

	if (g->cfg.strict == GICV5_STRICT_OFF)
		return;
	for (uint32_t i = 0; i < entries; i++) {
		if (!mem_read32(g, table + ((uint64_t)i << (2 + ist->istsz)), &word))
			return;
		if (word & (ISTE_PENDING | ISTE_HWU)) {
			strict(g, 5, "IST of space %u made valid with Pending or HWU set in entry %u",
			       space, i);
			return;
		}
	}
}

static bool l1_entry(struct gicv5 *g, struct irq irq, uint64_t *addr, uint64_t *entry,
		     unsigned int ec)
{
	const struct ist *ist = &g->ists[irq.space];

	*addr = ist->base + 8 * (uint64_t)(irq.id >> l2_bits(ist));
	if (mem_read64(g, *addr, entry))
		return true;
	swerr(g, ec, irq, *addr);
	return false;
}

static uint64_t l2_table(const struct ist *ist, uint64_t entry)
{
	return entry & L1E_L2_ADDR & ~(BIT(12 + 2 * ist->l2sz) - 1);
}

void ist_enable(struct gicv5 *g, uint32_t space, const struct ist *geometry)
{
	struct ist *ist = &g->ists[space];
	uint64_t entry;

	*ist = *geometry;
	ist->valid = true;
	LOG(g, TABLE, "IST of space %u valid: base 0x%llx, %u ID bits, ISTSZ %u, L2SZ %u, %s",
	    space, (unsigned long long)ist->base, ist->id_bits, ist->istsz, ist->l2sz,
	    ist->two_level ? "two-level" : "linear");
	if (g->cfg.strict == GICV5_STRICT_OFF)
		return;
	if (!ist->two_level) {
		ist_check_contents(g, space, ist->base, 1u << ist->id_bits);
		return;
	}
	for (uint32_t i = 0; i < 1u << l1_bits(ist); i++)
		if (mem_read64(g, ist->base + 8 * i, &entry) && entry & L1E_VALID)
			ist_check_contents(g, space, l2_table(ist, entry), 1u << l2_bits(ist));
}

void ist_disable(struct gicv5 *g, uint32_t space)
{
	if (!g->ists[space].valid)
		return;
	ist_flush(g, space);
	cand_drop_space(g, space);
	g->ists[space] = (struct ist){ 0 };
	LOG(g, TABLE, "IST of space %u invalid", space);
}

/* MAP_L2_ISTR and VMAP_L2_VISTR: the IRS sets VALID in the L1_ISTE. */
void ist_map_l2(struct gicv5 *g, struct irq irq)
{
	const struct ist *ist = &g->ists[irq.space];
	uint64_t addr, entry;

	if (!ist->valid || !ist->two_level || irq.id >> ist->id_bits) {
		strict(g, 17, "L2 IST map of space %u, ID %u: no two-level IST for it",
		       irq.space, irq.id);
		return;
	}
	if (!l1_entry(g, irq, &addr, &entry, SWERR_EC_MAP_L1_ISTE))
		return;
	if (entry & L1E_VALID) {
		strict(g, 1, "L2 IST map of space %u, ID %u: VALID is 1 already",
		       irq.space, irq.id);
		return;
	}
	if (!mem_write64(g, addr, entry | L1E_VALID)) {
		swerr(g, SWERR_EC_MAP_L1_ISTE, irq, addr);
		return;
	}
	LOG(g, TABLE, "L2 IST of space %u, ID %u valid", irq.space, irq.id);
	ist_check_contents(g, irq.space, l2_table(ist, entry), 1u << l2_bits(ist));
}

/* Address of the ISTE of an interrupt; false if it is unreachable. */
static bool ist_walk(struct gicv5 *g, struct irq irq, uint64_t *addr)
{
	const struct ist *ist = &g->ists[irq.space];
	uint64_t l1_addr, entry, table;
	uint32_t index = irq.id;

	if (!ist->valid || irq.id >> ist->id_bits)
		return false;
	table = ist->base;
	if (ist->two_level) {
		if (!l1_entry(g, irq, &l1_addr, &entry, SWERR_EC_L1_ISTE))
			return false;
		if (!(entry & L1E_VALID))
			return false;
		table = l2_table(ist, entry);
		index &= (1u << l2_bits(ist)) - 1;
	}
	*addr = table + ((uint64_t)index << (2 + ist->istsz));
	return true;
}

static bool write_through(struct gicv5 *g, struct irq irq, uint32_t word)
{
	uint64_t addr;

	if (!ist_walk(g, irq, &addr))
		return false;
	if (mem_write32(g, addr, word))
		return true;
	swerr(g, SWERR_EC_L2_ISTE, irq, addr);
	return false;
}

/* --- hostile cache ------------------------------------------------------- */

static struct cache_line *cache_line(struct gicv5 *g, struct irq irq)
{
	return &g->cache[(irq.id ^ irq.space * 7) % CACHE_LINES];
}

static bool cache_holds(const struct cache_line *line, struct irq irq)
{
	return line->dirty && line->irq.space == irq.space && line->irq.id == irq.id;
}

/* A write-back that fails loses the state, and with it the candidate. */
static void cache_evict(struct gicv5 *g, struct cache_line *line)
{
	uint64_t addr;
	uint32_t mem;
	char name[32];

	if (!line->dirty)
		return;
	line->dirty = false;
	if (g->cfg.strict != GICV5_STRICT_OFF && ist_walk(g, line->irq, &addr) &&
	    mem_read32(g, addr, &mem) && mem != line->mem)
		strict(g, 3, "ISTE of %s was written while it was valid",
		       irq_name(line->irq, name));
	if (!write_through(g, line->irq, line->word))
		cand_set(g, line->irq, NONE, 0);
}

void ist_flush(struct gicv5 *g, uint32_t space)
{
	for (unsigned int i = 0; i < CACHE_LINES; i++)
		if (g->cache[i].dirty && g->cache[i].irq.space == space)
			cache_evict(g, &g->cache[i]);
}

/* --- words --------------------------------------------------------------- */

bool ist_load(struct gicv5 *g, struct irq irq, uint32_t *word)
{
	struct cache_line *line = cache_line(g, irq);
	uint64_t addr;

	if (!ist_walk(g, irq, &addr))
		return false;
	if (cache_holds(line, irq)) {
		*word = line->word;
		return true;
	}
	if (mem_read32(g, addr, word))
		return true;
	swerr(g, SWERR_EC_L2_ISTE, irq, addr);
	return false;
}

bool ist_store(struct gicv5 *g, struct irq irq, uint32_t word)
{
	struct cache_line *line = cache_line(g, irq);
	uint64_t addr;

	if (!g->cfg.hostile_cache)
		return write_through(g, irq, word);
	if (!cache_holds(line, irq)) {
		cache_evict(g, line);
		*line = (struct cache_line){ .irq = irq, .dirty = true };
		if (g->cfg.strict != GICV5_STRICT_OFF && ist_walk(g, irq, &addr))
			mem_read32(g, addr, &line->mem);
	}
	line->word = word;
	return true;
}

uint32_t ist_size(const struct gicv5 *g, uint32_t space)
{
	return g->ists[space].valid ? 1u << g->ists[space].id_bits : 0;
}
