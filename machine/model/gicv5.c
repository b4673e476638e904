// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The model as a whole: configuration, life, log, and what ends each call.
 *
 * The way of an interrupt, with the function for each step:
 *
 *   1. A wire, SETLPIR or a GIC instruction names an interrupt: struct irq, a
 *      space (physical LPIs, physical SPIs, LPIs or SPIs of a VM) and an ID.
 *      irq_event() computes the new state from the old one.
 *   2. irq_load() and irq_store() read and write the state where it is kept: an
 *      ISTE in guest memory, or a word of struct spi. irq_store() tells the
 *      candidate index: cand_set().
 *   3. The index keeps candidates per target (PE or VPE) by priority. A target
 *      that gained or lost one is marked: pe_dirty() or doorbell_dirty().
 *   4. At the end of the call settle() rings the doorbells that are due (each a
 *      SET_EDGE event of a physical LPI: steps 1 to 3 again, once) and computes
 *      the lines of the marked PEs.
 *   5. The PE acknowledges: cpuif_acknowledge() takes the best of its PPIs and
 *      of the index, and irq_ack() stores Active.
 *
 * Nothing here recurses: work that follows from work is marked and done by
 * settle(), whose loops are bounded by the number of PEs and of marked VPEs.
 *
 * Left out: other domains, several IRSs, ITS, IWB, FEAT_GCIE_LEGACY, 1ofN. The
 * place for a domain is a further set of { frame, IST, cpu_domain }; the place
 * for an ITS is a caller of irq_event().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

void gicv5_config_init(struct gicv5_config *cfg)
{
	*cfg = (struct gicv5_config){
		.nr_pes = 1,
		.el2 = true,
		.virt = true,
		.pa_bits = 40,
		.pri_bits = 5,
		.icc_pri_bits = 5,
		.icc_id_bits = 24,
		.iaffid_bits = 16,
		/* 31-26, 24-19 and 3: those of §1.1 that a machine like this has */
		.ppi = { 0xfdf80008 },
		.nr_spis = 32,
		.setlpi = true,
		.swe = true,
		.id_bits = 16,
		.min_lpi_id_bits = 8,
		.ist_levels = true,
		.ist_l2sz = 7,
		.istmd_sz = 12,
		.vm_id_bits = 8,
		.vmt_levels = true,
		.vmd_sz = 8,
		.vped_sz = 6,
		.vpe_id_bits = 9,
	};
}

/* IDR0.PA_RANGE of an address width, or -1. */
static int pa_range(unsigned int bits)
{
	static const unsigned int widths[] = { 32, 36, 40, 42, 44, 48, 52, 56 };

	for (unsigned int i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		if (widths[i] == bits)
			return (int)i;
	return -1;
}

static const char *config_error_virt(const struct gicv5_config *cfg)
{
	if (!cfg->el2)
		return "virt needs el2";
	if (cfg->vm_id_bits < 1 || cfg->vm_id_bits > 16)
		return "vm_id_bits must be 1 to 16";
	if (cfg->vmd_sz < 3 || cfg->vmd_sz > 12)
		return "vmd_sz must be 3 to 12";
	if (cfg->vped_sz < 3 || cfg->vped_sz > 12)
		return "vped_sz must be 3 to 12";
	if (cfg->vpe_id_bits > 15)
		return "vpe_id_bits must be 0 to 15";
	if (cfg->vm_id_bits + CHOICE_VPE_ID_BITS(cfg->vpe_id_bits) > 24)
		return "vm_id_bits and vpe_id_bits make too many VPEs";
	return NULL;
}

const char *gicv5_config_error(const struct gicv5_config *cfg)
{
	unsigned int icc_bits = cfg->icc_id_bits;

	if (!cfg->ops.mem_read || !cfg->ops.mem_write || !cfg->ops.set_line)
		return "mem_read, mem_write and set_line are required";
	if (cfg->nr_pes < 1 || cfg->nr_pes > MAX_PES)
		return "nr_pes must be 1 to 512";
	if (cfg->iaffid_bits < 1 || cfg->iaffid_bits > 16 ||
	    cfg->nr_pes > 1u << cfg->iaffid_bits)
		return "iaffid_bits must be 1 to 16 and cover nr_pes";
	if (pa_range(cfg->pa_bits) < 0)
		return "pa_bits must be 32, 36, 40, 42, 44, 48, 52 or 56";
	if (cfg->pri_bits < 1 || cfg->pri_bits > 5)
		return "pri_bits must be 1 to 5";
	if (cfg->icc_pri_bits != 4 && cfg->icc_pri_bits != 5)
		return "icc_pri_bits must be 4 or 5";
	if (icc_bits != 16 && icc_bits != 24)
		return "icc_id_bits must be 16 or 24";
	if (cfg->nr_spis > 1u << icc_bits || cfg->spi_base > (1u << icc_bits) - cfg->nr_spis)
		return "spi_base + nr_spis must fit icc_id_bits";
	if (cfg->spi_range && cfg->spi_range < cfg->spi_base + cfg->nr_spis)
		return "spi_range must cover spi_base + nr_spis";
	if (cfg->spi_range > 1u << 24)
		return "spi_range must be at most 2^24";
	if (cfg->id_bits < 8 || cfg->id_bits > icc_bits)
		return "id_bits must be 8 to icc_id_bits";
	if (cfg->min_lpi_id_bits > 14 || cfg->min_lpi_id_bits > cfg->id_bits)
		return "min_lpi_id_bits must be at most 14 and id_bits";
	if (!(cfg->ist_l2sz & 7) || cfg->ist_l2sz & ~7u)
		return "ist_l2sz must be a mask of bits 0 to 2, not 0";
	if (cfg->istmd_sz > 31)
		return "istmd_sz must be 0 to 31";
	if (cfg->max_vcandidates > 1u << 26)
		return "max_vcandidates must be at most 2^26";
	return cfg->virt ? config_error_virt(cfg) : NULL;
}

/*
 * Everything is allocated here, once. calloc() of large arrays costs nothing
 * until they are used.
 */
static bool allocate(struct gicv5 *g)
{
	const struct gicv5_config *cfg = &g->cfg;
	size_t targets;

	if (cfg->virt) {
		g->nr_vms = 1u << cfg->vm_id_bits;
		g->vpe_bits = CHOICE_VPE_ID_BITS(cfg->vpe_id_bits);
		if (g->vpe_bits > 16)
			g->vpe_bits = 16;
	}
	if (!g->cfg.max_vcandidates)
		g->cfg.max_vcandidates = CHOICE_MAX_VCANDIDATES;
	g->nr_spaces = SPACE_VIRT + 2 * g->nr_vms;
	g->nr_nodes = 1 + cfg->nr_spis + (1u << cfg->id_bits) +
		      (cfg->virt ? g->cfg.max_vcandidates : 0);
	for (g->hash_bits = 4; 1u << g->hash_bits < g->nr_nodes; g->hash_bits++)
		;
	targets = cfg->nr_pes + ((size_t)g->nr_vms << g->vpe_bits);

	g->pes = calloc(cfg->nr_pes, sizeof(*g->pes));
	g->spis = calloc(cfg->nr_spis + 1, sizeof(*g->spis));
	g->ists = calloc(g->nr_spaces, sizeof(*g->ists));
	g->vms = calloc(g->nr_vms + 1, sizeof(*g->vms));
	g->vpes = calloc(((size_t)g->nr_vms << g->vpe_bits) + 1, sizeof(*g->vpes));
	g->targets = calloc(targets, sizeof(*g->targets));
	g->nodes = calloc(g->nr_nodes, sizeof(*g->nodes));
	g->hash = calloc((size_t)1 << g->hash_bits, sizeof(*g->hash));
	return g->pes && g->spis && g->ists && g->vms && g->vpes && g->targets &&
	       g->nodes && g->hash;
}

struct gicv5 *gicv5_create(const struct gicv5_config *cfg)
{
	struct gicv5 *g;

	if (gicv5_config_error(cfg))
		return NULL;
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->cfg = *cfg;
	if (!allocate(g)) {
		gicv5_destroy(g);
		return NULL;
	}
	g->fresh = 1;
	for (unsigned int i = 0; i < cfg->nr_pes; i++)
		g->pes[i].id = (uint16_t)i;
	for (unsigned int i = 0; i < GICV5_NR_GROUPS; i++)
		g->irs.busy_polls[i] = cfg->busy_polls;
	return g;
}

void gicv5_destroy(struct gicv5 *g)
{
	if (!g)
		return;
	free(g->pes);
	free(g->spis);
	free(g->ists);
	free(g->vms);
	free(g->vpes);
	free(g->targets);
	free(g->nodes);
	free(g->hash);
	free(g);
}

static void reset_pe(struct gicv5 *g, struct pe *pe)
{
	struct pe keep = *pe;

	if (pe->resident)
		residency_end(g, pe, false, 0);
	*pe = (struct pe){ .id = keep.id };
	memcpy(pe->wire, keep.wire, sizeof(pe->wire));
	memcpy(pe->line, keep.line, sizeof(pe->line));
}

void gicv5_reset_pe(struct gicv5 *g, unsigned int pe)
{
	if (pe >= g->cfg.nr_pes)
		return;
	reset_pe(g, &g->pes[pe]);
	cpuif_update(g, &g->pes[pe], true);
	settle(g);
}

void gicv5_reset(struct gicv5 *g)
{
	memset(g->cache, 0, sizeof(g->cache));	/* memory is not written */
	for (unsigned int i = 0; i < g->cfg.nr_pes; i++)
		reset_pe(g, &g->pes[i]);
	for (uint32_t vm = 0; vm < g->nr_vms; vm++)
		vm_drop(g, vm, false);
	cand_drop_space(g, SPACE_LPI);
	cand_drop_space(g, SPACE_SPI);
	g->ists[SPACE_LPI] = (struct ist){ 0 };
	g->vmt = (struct vmt){ 0 };
	for (uint32_t i = 0; i < g->cfg.nr_spis; i++)
		g->spis[i] = (struct spi){ .line = g->spis[i].line };
	irs_reset(g);
	settle(g);
	for (unsigned int i = 0; i < g->cfg.nr_pes; i++)
		cpuif_update(g, &g->pes[i], true);
}

/* End of every call that may have changed something. */
void settle(struct gicv5 *g)
{
	if (g->nr_unindexed)
		cand_rescan(g);
	doorbell_settle(g);
	for (unsigned int w = 0; w <= (g->cfg.nr_pes - 1) / 64; w++) {
		while (g->dirty[w]) {
			unsigned int bit = (unsigned int)__builtin_ctzll(g->dirty[w]);

			g->dirty[w] &= g->dirty[w] - 1;
			cpuif_update(g, &g->pes[64 * w + bit], false);
		}
	}
}

static void vlog(struct gicv5 *g, enum gicv5_log what, const char *fmt, va_list ap)
{
	char text[256];

	if (!g->cfg.ops.log)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	g->cfg.ops.log(g->cfg.opaque, what, text);
}

void gic_log(struct gicv5 *g, enum gicv5_log what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(g, what, fmt, ap);
	va_end(ap);
}

/*
 * Software did something that hardware may leave undetected: rule @rule of the
 * list in docs/machine.md. The caller goes on with a legal result.
 */
void strict(struct gicv5 *g, unsigned int rule, const char *fmt, ...)
{
	char full[200];
	va_list ap;

	if (g->cfg.strict == GICV5_STRICT_OFF || g->looking)
		return;
	g->stats.strict++;
	snprintf(full, sizeof(full), "rule %u: %s", rule, fmt);
	va_start(ap, fmt);
	vlog(g, GICV5_LOG_STRICT, full, ap);
	va_end(ap);
	if (g->cfg.strict == GICV5_STRICT_ABORT)
		abort();
}

void gicv5_pe_context_changed(struct gicv5 *g, unsigned int pe,
			      const struct gicv5_cpu_ctx *ctx)
{
	bool nv = ctx->el2_enabled && ctx->nv && !ctx->nv1;

	if (pe >= g->cfg.nr_pes || g->pes[pe].nv == nv)
		return;
	g->pes[pe].nv = nv;
	pe_dirty(g, pe);
	settle(g);
}

void gicv5_set_log_mask(struct gicv5 *g, uint32_t mask)
{
	g->cfg.log_mask = mask;
}

void gicv5_set_busy_polls(struct gicv5 *g, uint32_t groups, uint32_t skip,
			  uint32_t polls)
{
	for (unsigned int i = 0; i < GICV5_NR_GROUPS; i++) {
		if (!(groups & 1u << i))
			continue;
		g->irs.busy_polls[i] = polls;
		g->irs.busy_skip[i] = skip;
		if (!polls)
			g->irs.busy[i] = 0;
	}
}

void gicv5_fail_residency(struct gicv5 *g, uint32_t count)
{
	g->fail_residency = count;
}

void gicv5_lose_doorbells(struct gicv5 *g, uint32_t count)
{
	g->lose_doorbells = count;
}

void gicv5_get_stats(const struct gicv5 *g, struct gicv5_stats *stats)
{
	*stats = g->stats;
}
