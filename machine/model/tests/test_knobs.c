// SPDX-License-Identifier: GPL-2.0-or-later
/* Knobs for tests: hostile cache, strict mode, full index, log, dump, checker. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../internal.h"
#include "world.h"

#define T(name)	static void name(void **state)
#define W	struct world *w = *state

static int setup_hostile(void **state)
{
	struct gicv5_config cfg;

	world_config(&cfg);
	cfg.hostile_cache = true;
	*state = world_new(&cfg);
	host_start(*state);
	vm_start(*state, 1);
	return 0;
}

static int setup_strict(void **state)
{
	struct gicv5_config cfg;

	world_config(&cfg);
	cfg.strict = GICV5_STRICT_REPORT;
	*state = world_new(&cfg);
	host_start(*state);
	vm_start(*state, 1);
	return 0;
}

static int setup_small(void **state)
{
	struct gicv5_config cfg;

	world_config(&cfg);
	cfg.max_vcandidates = 4;
	*state = world_new(&cfg);
	host_start(*state);
	vm_start(*state, 1);
	return 0;
}

/* --- hostile cache ---------------------------------------------------------- */

T(hostile_cache_keeps_memory_stale_until_save)
{
	W;
	vdpend(w, 1, LPI(5), true);
	assert_int_equal(ram32(w, w->lpi_ist + 20), 0);
	wr64(w, SAVE_VMR, 1 | SAVE_S);
	assert_int_equal(ram32(w, w->lpi_ist + 20), 1);
}

T(hostile_cache_writes_back_at_invalidation)
{
	W;
	vdpend(w, 1, LPI(5), true);
	vdpend(w, 1, SPI(6), true);
	wr64(w, VMAP_VISTR, 2ull << 29 | 1ull << 32 | BIT(63) | BIT(62));
	assert_int_equal(ram32(w, w->lpi_ist + 20), 1);
	assert_int_equal(ram32(w, w->spi_ist + 24), 0);
	wr64(w, VMAP_VMR, 1 | BIT(63) | BIT(62));
	assert_int_equal(ram32(w, w->spi_ist + 24), 1);
	route(w, LPI(9), 0, 8);
	assert_int_equal(ram32(w, w->ist + 36), 0);
	wr64(w, IST_BASER, 0);
	assert_int_equal(ram32(w, w->ist + 36), 8 << 11 | 8);
}

T(hostile_cache_works_beyond_its_size)
{
	W;
	for (unsigned int i = 0; i < 200; i++) {
		route(w, LPI(i), 0, i % 32);
		pend(w, LPI(i));
	}
	for (unsigned int i = 0; i < 200; i++) {
		uint64_t intid = ack(w, 0, HOST);

		assert_true(intid & VALID);
		eoi(w, 0, HOST, intid);
	}
	assert_int_equal(ack(w, 0, HOST), 0);
}

T(hostile_cache_is_dropped_by_reset)
{
	W;
	vdpend(w, 1, LPI(5), true);
	gicv5_reset(w->g);
	assert_int_equal(ram32(w, w->lpi_ist + 20), 0);
}

T(hostile_cache_that_cannot_write_back_loses_the_interrupt)
{
	W;
	route(w, LPI(5), 0, 8);
	pend(w, LPI(5));
	assert_true(w->line[0][GICV5_LINE_IRQ]);
	w->no_check = true;
	w->fail_addr = w->ist + 20;
	for (unsigned int i = 10; i < 200; i++)
		route(w, LPI(i), 0, 8);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	assert_int_equal(ack(w, 0, HOST), 0);
}

/* --- candidate index without room --------------------------------------------- */

T(full_index_still_finds_the_best)
{
	W;
	struct gicv5_stats stats;

	vcpu_load(w, 0, 1, 0);
	for (unsigned int i = 0; i < 12; i++)
		vroute(w, 0, LPI(10 + i), 0, 20 - i);
	for (unsigned int i = 0; i < 12; i++) {
		vdpend(w, 1, LPI(10 + i), true);
		assert_int_equal(mrs(w, 0, GUEST, "ICC_HPPIR_EL1"), VALID | LPI(10 + i));
	}
	for (unsigned int i = 12; i--; ) {
		assert_int_equal(ack(w, 0, GUEST), VALID | LPI(10 + i));
		eoi(w, 0, GUEST, LPI(10 + i));
	}
	assert_int_equal(ack(w, 0, GUEST), 0);
	gicv5_get_stats(w->g, &stats);
	assert_true(stats.rescans > 0);
}

T(full_index_rings_doorbells)
{
	W;
	vcpu_load(w, 0, 1, 0);
	for (unsigned int i = 0; i < 6; i++)
		vroute(w, 0, LPI(10 + i), 0, 20);
	vroute(w, 0, LPI(20), 1, 2);
	for (unsigned int i = 0; i < 6; i++)
		vdpend(w, 1, LPI(10 + i), true);
	vcpu_load(w, 1, 1, 1);
	vcpu_put(w, 1, true, 5);
	vdpend(w, 1, LPI(20), true);
	assert_true(rcfg(w, LPI(DB_LPI + 1)) & ICSR_PENDING);
}

T(full_index_follows_changes)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vcpu_load(w, 1, 1, 1);
	for (unsigned int i = 0; i < 5; i++) {
		vroute(w, 0, LPI(10 + i), 0, 20 - i);
		vdpend(w, 1, LPI(10 + i), true);
	}
	/* LPI 14 has no room; move it, change it, take it away */
	msr(w, 0, HOST, "GIC_VDAFF", LPI(14) | 1ull << 32);
	assert_true(w->line[1][GICV5_LINE_VIRQ]);
	assert_int_equal(mrs(w, 0, GUEST, "ICC_HPPIR_EL1"), VALID | LPI(13));
	msr(w, 0, HOST, "GIC_VDPRI", LPI(14));
	assert_true(w->line[1][GICV5_LINE_VINMI]);
	vdpend(w, 1, LPI(14), false);
	assert_false(w->line[1][GICV5_LINE_VINMI]);
	wr64(w, VMAP_VMR, 1 | BIT(63) | BIT(62));
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
}

/* A candidate without a node leaves its VPE just when there is a node again. */
T(full_index_lets_go_of_what_moves_to_another_vpe)
{
	W;
	vcpu_load(w, 0, 1, 0);
	for (unsigned int i = 0; i < 4; i++) {
		vroute(w, 0, LPI(i), 1, 9);
		vdpend(w, 1, LPI(i), true);
	}
	vroute(w, 0, LPI(8), 0, 3);
	vdpend(w, 1, LPI(8), true);
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
	vdpend(w, 1, LPI(0), false);
	msr(w, 0, HOST, "GIC_VDAFF", LPI(8) | 1ull << 32);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
}

static uint64_t reads(struct world *w)
{
	struct gicv5_stats stats;

	gicv5_get_stats(w->g, &stats);
	return stats.mem_reads;
}

T(full_index_does_not_walk_for_each_look)
{
	W;
	uint64_t before;

	w->no_check = true;	/* it reads memory as well */
	vcpu_load(w, 0, 1, 0);
	vcpu_load(w, 1, 1, 1);
	for (unsigned int i = 0; i < 60; i++) {
		vroute(w, 0, LPI(i), 0, 7);
		vdpend(w, 1, LPI(i), true);
	}
	/* four are in the index, and as good as any other; VPE 1 has none at all */
	before = reads(w);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(mrs(w, 0, HOST, "ICH_HPPIR_EL2"), VALID | LPI(0));
		assert_int_equal(mrs(w, 1, HOST, "ICH_HPPIR_EL2"), 0);
		msr(w, 1, HOST, "ICH_VMCR_EL2", 31u << 27 | 1);
	}
	assert_int_equal(reads(w), before);
	/* those in the index go last: the others come one after the other */
	for (unsigned int i = 0; i < 4; i++)
		msr(w, 0, HOST, "GIC_VDPRI", LPI(i) | 9ull << 35);
	before = reads(w);
	for (unsigned int i = 4; i < 60; i++)
		eoi(w, 0, GUEST, ack(w, 0, GUEST));
	assert_true(reads(w) - before < 56 * 12);
	assert_int_equal(mrs(w, 0, HOST, "ICH_HPPIR_EL2"), VALID | LPI(0));
	w->no_check = false;
	check(w);
}

/* --- failing residency, looking at a VPE -------------------------------------- */

T(residency_fails_as_often_as_asked)
{
	W;
	struct gicv5_stats stats;

	gicv5_fail_residency(w->g, 2);
	for (unsigned int i = 0; i < 2; i++) {
		msr(w, i, HOST, "ICH_CONTEXTR_EL2", contextr(1, i));
		assert_int_equal(mrs(w, i, HOST, "ICH_CONTEXTR_EL2"), contextr(1, i) | CONTEXTR_F);
	}
	vcpu_load(w, 0, 1, 0);
	gicv5_fail_residency(w->g, 7);
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(1, 0));	/* resident already */
	assert_int_equal(mrs(w, 0, HOST, "ICH_CONTEXTR_EL2"), contextr(1, 0));
	gicv5_fail_residency(w->g, 0);
	vcpu_load(w, 1, 1, 1);
	gicv5_get_stats(w->g, &stats);
	assert_int_equal(stats.residency_faults, 2);
	assert_int_equal(stats.residencies, 2);
	assert_int_equal(stats.strict, 0);
}

T(doorbells_are_lost_as_often_as_asked)
{
	W;
	struct gicv5_stats stats;
	struct gicv5_vpe_state s;

	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 8);
	vdpend(w, 1, LPI(5), true);
	gicv5_lose_doorbells(w->g, 1);
	vcpu_put(w, 0, true, 31);
	assert_false(rcfg(w, LPI(DB_LPI)) & ICSR_PENDING);
	gicv5_get_vpe(w->g, 1, 0, &s);
	assert_false(s.req);			/* used up */
	assert_true(s.pending);			/* and the work still waits */
	gicv5_get_stats(w->g, &stats);
	assert_int_equal(stats.doorbells_lost, 1);
	assert_int_equal(stats.doorbells, 0);

	vcpu_load(w, 0, 1, 0);
	vcpu_put(w, 0, true, 31);
	assert_true(rcfg(w, LPI(DB_LPI)) & ICSR_PENDING);
	gicv5_get_stats(w->g, &stats);
	assert_int_equal(stats.doorbells_lost, 1);
	assert_int_equal(stats.doorbells, 1);
}

T(a_vpe_can_be_looked_at)
{
	W;
	struct gicv5_vpe_state s;
	struct gicv5_stats stats;

	gicv5_get_vpe(w->g, 1, 2, &s);
	assert_true(s.vm_valid && s.lpi_ist && s.spi_ist && s.valid && s.dbv);
	assert_false(s.resident || s.req || s.pending);
	assert_int_equal(s.db_lpi, DB_LPI + 2);
	vcpu_load(w, 3, 1, 2);
	vroute(w, 3, LPI(5), 2, 9);
	vdpend(w, 1, LPI(5), true);
	gicv5_get_vpe(w->g, 1, 2, &s);
	assert_true(s.resident && s.pending);
	assert_int_equal(s.pe, 3);
	vcpu_put(w, 3, true, 8);
	gicv5_get_vpe(w->g, 1, 2, &s);
	assert_true(s.req && !s.resident && s.pending);
	assert_int_equal(s.dbpm, 8);
	gicv5_get_vpe(w->g, 1, 4, &s);
	assert_true(s.vm_valid && !s.valid);
	gicv5_get_vpe(w->g, ~0u, ~0u, &s);
	assert_false(s.vm_valid);
	gicv5_get_stats(w->g, &stats);
	assert_int_equal(stats.vms, 1);
	assert_int_equal(stats.vpes, 4);
	wr64(w, VMAP_VMR, 1 | BIT(63) | BIT(62));
	gicv5_get_vpe(w->g, 1, 2, &s);
	assert_false(s.vm_valid || s.valid || s.lpi_ist);
	gicv5_get_stats(w->g, &stats);
	assert_int_equal(stats.vms + stats.vpes, 0);
}

T(somebody_else_pends_a_virtual_interrupt)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 9);
	gicv5_pend_virtual(w->g, LPI(5) | 1ull << 32 | BIT(63));
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
	gicv5_pend_virtual(w->g, LPI(5) | 1ull << 32);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	vcpu_put(w, 0, true, 31);
	gicv5_pend_virtual(w->g, LPI(5) | 1ull << 32 | BIT(63));
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(DB_LPI));
	gicv5_pend_virtual(w->g, LPI(5) | 9ull << 32 | BIT(63));
}

/* --- strict mode ------------------------------------------------------------------ */

/* The last thing done must have been reported as @rule. */
static void reported(struct world *w, unsigned int rule)
{
	char want[16];

	snprintf(want, sizeof(want), "rule %u:", rule);
	if (w->reports == 0)
		fail_msg("rule %u: no report", rule);
	if (strncmp(w->report, want, strlen(want)))
		fail_msg("rule %u: reported as %s", rule, w->report);
	w->reports = 0;
	w->report[0] = 0;
}

T(strict_is_silent_about_good_software)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vdpend(w, 1, LPI(5), true);
	eoi(w, 0, GUEST, ack(w, 0, GUEST));
	vcpu_put(w, 0, true, 31);
	wr64(w, SAVE_VMR, 1 | SAVE_S);
	wr64(w, VMAP_VMR, 1 | BIT(63) | BIT(62));
	assert_int_equal(w->reports, 0);
}

T(strict_reports_table_errors)
{
	W;
	uint64_t l1 = ram_alloc(w, 128), l2 = ram_alloc(w, 4096);

	vm_prepare(w, 2);
	ram_set64(w, w->vmte, 1);
	wr64(w, VMAP_VMR, 2 | BIT(63));
	reported(w, 1);
	ram_set64(w, w->vmte, 0);
	ram_set32(w, w->lpi_ist + 8, 1);
	wr64(w, VMAP_VMR, 2 | BIT(63));
	wr64(w, VMAP_VISTR, 2ull << 29 | 2ull << 32 | BIT(63));
	reported(w, 5);
	wr64(w, VMAP_VISTR, 2ull << 29 | 2ull << 32 | BIT(63));
	reported(w, 17);
	ram_set64(w, (ram64(w, w->vpet) & ~7ull) + 16, 1);
	wr64(w, VMAP_VPER, 0 | 2ull << 32 | BIT(63));
	reported(w, 6);
	wr64(w, VMAP_VPER, 0 | 2ull << 32 | BIT(63));
	reported(w, 17);
	wr64(w, VMAP_VPER, 1 | 2ull << 32);
	reported(w, 18);
	wr64(w, IST_BASER, 0);
	wr32(w, IST_CFGR, 12 | 1 << 16);
	ram_set64(w, l1 + 8, l2 | 1);
	ram_set32(w, l2 + 4, 1 << 9);
	wr64(w, IST_BASER, l1 | 1);
	reported(w, 5);
	wr32(w, MAP_L2_ISTR, 1024);
	reported(w, 1);
	w->fail_reads = 1;
	pend(w, LPI(1024));
	assert_true(w->reports > 0);
}

T(strict_reports_shapes_that_are_not_offered)
{
	struct gicv5_config cfg;
	struct world *w;

	(void)state;
	world_config(&cfg);
	cfg.strict = GICV5_STRICT_REPORT;
	cfg.ist_levels = cfg.vmt_levels = false;
	w = world_new(&cfg);
	vmt_start(w);
	vm_prepare(w, 1);
	ram_set64(w, w->vmte + 8, (w->vpet + 8) | 2ull << 59);
	wr64(w, VMAP_VMR, 1 | BIT(63));
	reported(w, 8);
	ram_set64(w, w->vmte + 16, ram64(w, w->vmte + 16) | 1ull << 58);
	wr64(w, VMAP_VISTR, 2ull << 29 | 1ull << 32 | BIT(63));
	reported(w, 14);
	vm_prepare(w, 2);
	ram_set64(w, w->vmte + 8, w->vpet | 5ull << 59);
	wr64(w, VMAP_VMR, 2 | BIT(63));
	reported(w, 14);
	wr64(w, VMT_BASER, 0);
	wr32(w, VMT_CFGR, 7 | 1 << 16);
	wr64(w, VMT_BASER, w->vmt | 1);
	reported(w, 14);
	wr64(w, VMT_BASER, 0);
	wr32(w, VMT_CFGR, 7);
	wr64(w, VMT_BASER, (w->vmt + 64) | 1);
	reported(w, 8);
	world_free(w);

	cfg.ist_levels = true;
	cfg.ist_l2sz = 1;
	w = world_new(&cfg);
	wr32(w, IST_CFGR, 14 | 1 << 5 | 1 << 16);
	wr64(w, IST_BASER, ram_alloc(w, 4096) | 1);
	reported(w, 11);
	world_free(w);
}

T(strict_reports_register_errors)
{
	W;
	wr64(w, IST_BASER, 1);
	reported(w, 19);
	wr32(w, IST_CFGR, 0);
	reported(w, 19);
	wr32(w, CR1, 0);
	reported(w, 19);
	wr64(w, IST_BASER, 0);
	wr32(w, IST_CFGR, 24);
	wr64(w, IST_BASER, ram_alloc(w, 4u << 14) | 1);
	reported(w, 13);
	wr64(w, IST_BASER, 0);
	wr32(w, IST_CFGR, 10 | 3 << 7);
	wr64(w, IST_BASER, ram_alloc(w, 4096) | 1);
	reported(w, 12);
	wr64(w, IST_BASER, 0);
	wr32(w, IST_CFGR, 10);
	wr64(w, IST_BASER, (ram_alloc(w, 4096) + 64) | 1);
	reported(w, 8);
	select_vpe(w, 1, 9);
	reported(w, 16);
	wr64(w, VPE_DBR, BIT(63));
	reported(w, 20);
	select_vpe(w, 1, 0);
	wr64(w, VPE_DBR, BIT(63) | 0xffff);
	reported(w, 21);
	wr64(w, VPE_DBR, BIT(62));
	reported(w, 21);
	wr32(w, SPI_SELR, 99);
	reported(w, 16);
	wr32(w, SPI_CFGR, 1);
	reported(w, 20);
	wr32(w, SPI_RESAMPLER, 99);
	reported(w, 25);
	gicv5_irs_write(w->g, GICV5_FRAME_SETLPI, 0, 4, 0xffff);
	reported(w, 25);
	rd32(w, 0x20);
	reported(w, 26);
	gicv5_set_busy_polls(w->g, ~0u, 0, 1);
	wr32(w, PE_SELR, 0);
	wr32(w, PE_SELR, 0);
	reported(w, 15);
}

T(strict_reports_cpu_errors)
{
	W;
	pend(w, PPI(3));
	reported(w, 27);
	pend(w, LPI(0xffff));
	reported(w, 27);
	msr(w, 0, HOST, "GIC_VDEN", LPI(1));
	reported(w, 28);
	vdpend(w, 9, LPI(1), true);
	reported(w, 28);
	vdpend(w, 1, LPI(999), true);
	reported(w, 27);
	msr(w, 0, HOST, "GIC_CDAFF", LPI(1) | CDAFF_IRM);
	reported(w, 30);
	msr(w, 0, HOST, "GIC_CDEOI", 0);
	reported(w, 33);
	msr(w, 0, HOST, "GIC_CDDI", LPI(1));
	reported(w, 33);
	msr(w, 0, HOST, "ICC_APR_EL1", 1);
	msr(w, 0, HOST, "GIC_CDEOI", LPI(1));
	reported(w, 34);
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(9, 9));
	reported(w, 35);
	vcpu_load(w, 0, 1, 0);
	msr(w, 1, HOST, "ICH_CONTEXTR_EL2", contextr(1, 0));
	reported(w, 35);
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(1, 1));
	reported(w, 36);
	select_vpe(w, 1, 1);
	wr64(w, VPE_DBR, 0);
	vcpu_put(w, 0, true, 31);
	reported(w, 37);
	vcpu_load(w, 0, 1, 1);
	wr64(w, VMAP_VMR, 1 | BIT(63) | BIT(62));
	reported(w, 18);
	wr32(w, SPI_SELR, 3);
	wr64(w, SPI_VMR, BIT(63) | 1);
	spi_wire(w, 3, true);
	reported(w, 24);
}

T(strict_reports_registers_written_before_idle_was_seen)
{
	W;
	gicv5_irs_write(w->g, GICV5_FRAME_CONFIG, SPI_SELR, 4, 3);
	gicv5_irs_write(w->g, GICV5_FRAME_CONFIG, PE_SELR, 4, 0);	/* another group */
	assert_int_equal(w->reports, 0);
	gicv5_irs_write(w->g, GICV5_FRAME_CONFIG, SPI_CFGR, 4, 0);
	reported(w, 15);
	rd32(w, SPI_STATUSR);
	gicv5_irs_write(w->g, GICV5_FRAME_CONFIG, SPI_CFGR, 4, 0);
	assert_int_equal(w->reports, 0);
}

T(strict_reports_private_memory_that_is_written)
{
	W;
	const uint64_t vped = ram64(w, w->vpet + 8) & ~7ull;

	ram_set64(w, vped, 0);
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(1, 1));
	reported(w, 3);
	vcpu_put(w, 0, false, 0);
	wr64(w, VMAP_VMR, 1 | BIT(63) | BIT(62));
	reported(w, 3);
	/* not handed over again as zero: VPE 0 of four still has VALID, too */
	wr64(w, VMAP_VMR, 1 | BIT(63));
	reported(w, 6);
	/* two VPEs with one VPED */
	vm_prepare(w, 2);
	ram_set64(w, w->vpet + 8, ram64(w, w->vpet));
	wr64(w, VMAP_VMR, 2 | BIT(63));
	wr64(w, VMAP_VPER, 0 | 2ull << 32 | BIT(63));
	assert_int_equal(w->reports, 0);
	wr64(w, VMAP_VPER, 1 | 2ull << 32 | BIT(63));
	reported(w, 6);
}

T(strict_reports_entries_that_are_changed)
{
	W;
	const uint64_t vmte = w->vmte, vpet = w->vpet;

	ram_set64(w, vpet + 16, ram64(w, vpet + 16) ^ 1);
	vcpu_load(w, 0, 1, 1);
	vcpu_put(w, 0, false, 0);
	assert_int_equal(w->reports, 0);
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(1, 2));
	reported(w, 2);
	vcpu_put(w, 0, false, 0);
	ram_set64(w, vpet + 16, ram64(w, vpet + 16) ^ 1);
	ram_set64(w, vmte + 8, 0);
	wr64(w, VMAP_VMR, 1 | BIT(63) | BIT(62));
	reported(w, 2);
}

T(strict_notices_live_istes_with_the_hostile_cache)
{
	struct gicv5_config cfg;
	struct world *w;

	(void)state;
	world_config(&cfg);
	cfg.strict = GICV5_STRICT_REPORT;
	cfg.hostile_cache = cfg.vmd = true;
	w = world_new(&cfg);
	host_start(w);
	vm_start(w, 1);
	vdpend(w, 1, LPI(5), true);
	vdpend(w, 1, LPI(5), false);
	wr64(w, SAVE_VMR, 1 | SAVE_S);
	assert_int_equal(w->reports, 0);
	vdpend(w, 1, LPI(5), true);
	w->no_check = true;
	ram_set32(w, w->lpi_ist + 20, 8);
	wr64(w, SAVE_VMR, 1 | SAVE_S);
	reported(w, 3);
	ram_set64(w, ram64(w, w->vmte) & ~7ull, 5);
	wr64(w, VMAP_VMR, 1 | BIT(63) | BIT(62));
	reported(w, 3);
	world_free(w);
}

T(strict_reports_doorbells_that_cannot_work)
{
	W;
	uint64_t l1 = ram_alloc(w, 128);

	/* VPE 2 gets the doorbell of VPE 1, and then gives it up */
	select_vpe(w, 1, 2);
	wr64(w, VPE_DBR, BIT(63) | (DB_LPI + 1));
	reported(w, 23);
	wr64(w, VPE_DBR, BIT(63) | (DB_LPI + 2));
	wr64(w, VPE_DBR, BIT(63) | (DB_LPI + 2));
	assert_int_equal(w->reports, 0);
	/* an LPI whose L2 IST is not there */
	wr64(w, IST_BASER, 0);
	wr32(w, IST_CFGR, 12 | 1 << 16);
	wr64(w, IST_BASER, l1 | 1);
	assert_int_equal(w->reports, 0);
	wr64(w, VPE_DBR, BIT(63) | (DB_LPI + 2));
	reported(w, 21);
	gicv5_irs_write(w->g, GICV5_FRAME_SETLPI, 0, 4, 5);
	reported(w, 25);
}

T(strict_reports_routes_ppis_and_entries_that_cannot_be_meant)
{
	W;
	msr(w, 0, HOST, "GIC_CDAFF", LPI(1) | (uint64_t)WORLD_PES << 32);
	reported(w, 29);
	vcpu_load(w, 0, 1, 0);
	msr(w, 0, GUEST, "GIC_CDAFF", LPI(1) | 3ull << 32);
	assert_int_equal(w->reports, 0);
	msr(w, 0, GUEST, "GIC_CDAFF", LPI(1) | 4ull << 32);
	reported(w, 29);
	/* direct injection */
	msr(w, 0, HOST, "ICC_PPI_ENABLER0_EL1", BIT(27));
	msr(w, 0, HOST, "ICH_PPI_DVIR0_EL2", BIT(26));
	msr(w, 0, HOST, "ICH_PPI_ENABLER0_EL2", BIT(26));
	msr(w, 0, HOST, "ICH_PPI_PENDR0_EL2", BIT(27));
	assert_int_equal(w->reports, 0);
	msr(w, 0, HOST, "ICH_PPI_DVIR0_EL2", BIT(26) | BIT(27));
	reported(w, 39);
	msr(w, 0, HOST, "ICC_PPI_ENABLER0_EL1", BIT(26));
	reported(w, 39);
	msr(w, 0, HOST, "ICH_PPI_PENDR0_EL2", BIT(27));
	reported(w, 40);
	msr(w, 0, HOST, "ICH_PPI_DVIR0_EL2", 0);
	/* a guest that runs although its VPE is not resident */
	msr(w, 1, GUEST, "ICC_PCR_EL1", 31);
	assert_int_equal(w->reports, 0);
	msr(w, 1, HOST, "ICH_CONTEXTR_EL2", contextr(1, 7));
	reported(w, 35);
	msr(w, 1, HOST, "ICC_PCR_EL1", 31);
	assert_int_equal(w->reports, 0);
	msr(w, 1, GUEST, "ICC_PCR_EL1", 31);
	reported(w, 38);
	msr(w, 1, GUEST, "ICC_PCR_EL1", 31);
	assert_int_equal(w->reports, 0);
	/* the wire of an SPI beyond the VM's IST */
	wr64(w, VMAP_VISTR, 3ull << 29 | 1ull << 32 | BIT(63) | BIT(62));
	wr32(w, SPI_SELR, 3);
	wr64(w, SPI_VMR, BIT(63) | 1);
	assert_int_equal(w->reports, 0);
	spi_wire(w, 3, true);
	reported(w, 24);
	/* a VM table that is not RAM */
	vcpu_put(w, 0, false, 0);
	wr64(w, VMT_BASER, 0);
	wr64(w, VMT_BASER, 0x1000000 | 1);
	assert_int_equal(w->reports, 0);
	wr64(w, VMAP_VMR, 2 | BIT(63));
	reported(w, 9);
}

/* --- looking inside ----------------------------------------------------------------- */

struct text {
	char buf[65536];
	size_t len;
	unsigned int lines;
};

static void collect(void *arg, const char *line)
{
	struct text *t = arg;

	assert_null(strchr(line, '\n'));
	t->len += (size_t)snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%s\n", line);
	t->lines++;
}

T(dump_names_what_there_is)
{
	W;
	struct text *t = calloc(1, sizeof(*t));

	vcpu_load(w, 2, 1, 3);
	vroute(w, 2, LPI(5), 1, 3);
	vdpend(w, 1, LPI(5), true);
	route(w, SPI(7), 0, 4);
	spi_wire(w, 7, true);
	wr32(w, SPI_SELR, 8);
	wr64(w, SPI_VMR, BIT(63) | 1);
	for (unsigned int i = 0; i < 100; i++) {
		route(w, LPI(i), 3, 9);
		pend(w, LPI(i));
	}
	gicv5_dump(w->g, collect, t);
	assert_non_null(strstr(t->buf, "resident: VM 1 VPE 3"));
	assert_non_null(strstr(t->buf, "priority  3: VM 1 vLPI 5"));
	assert_non_null(strstr(t->buf, "priority  4: SPI 7"));
	assert_non_null(strstr(t->buf, "    ..."));
	assert_non_null(strstr(t->buf, "SPI 8: word 0x00000000 wire 0 TM=0 VM 1"));
	assert_non_null(strstr(t->buf, "VPE 1: not resident -1, doorbell LPI 201 DBV=1"));
	check(w);
	free(t);
}

T(log_follows_an_interrupt)
{
	W;
	gicv5_set_log_mask(w->g, ~0u);
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	spi_trigger(w, 3, true);
	wr32(w, SPI_SELR, 3);
	wr64(w, SPI_VMR, BIT(63) | 1);
	wr64(w, SPI_VMR, 1);
	spi_wire(w, 3, true);
	ppi_wire(w, 0, 27, true);
	gicv5_irs_write(w->g, GICV5_FRAME_SETLPI, 0, 4, 9999);
	vcpu_put(w, 0, true, 31);
	vdpend(w, 1, LPI(5), true);
	eoi(w, 0, HOST, ack(w, 0, HOST));
	wr64(w, SAVE_VMR, 1 | SAVE_S);
	wr64(w, VMT_BASER, 0);
	wr64(w, IST_BASER, 0);
	assert_true(w->logs > 40);
	gicv5_set_log_mask(w->g, 0);
	w->logs = 0;
	pend(w, SPI(4));
	assert_int_equal(w->logs, 0);
}

T(stats_count)
{
	W;
	struct gicv5_stats s;

	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vdpend(w, 1, LPI(5), true);
	ack(w, 0, GUEST);
	msr(w, 1, HOST, "ICH_CONTEXTR_EL2", contextr(7, 7));
	route(w, LPI(1), 0, 3);
	pend(w, LPI(1));
	ack(w, 0, HOST);
	gicv5_get_stats(w->g, &s);
	assert_int_equal(s.acks, 1);
	assert_int_equal(s.vacks, 1);
	assert_int_equal(s.residencies, 1);
	assert_int_equal(s.residency_faults, 1);
	assert_true(s.mem_reads > 0 && s.mem_writes > 0);
}

/* A memory callback that ends up at the IRS: it must find nobody at home. */
static struct world *recursive;

static int read_of_the_frame(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct gicv5_cpu_ctx ctx = { .el = 2 };

	(void)opaque;
	(void)addr;
	memset(buf, 0, len);
	assert_int_equal(rd32(recursive, IDR1), 0);
	gicv5_irs_write(recursive->g, GICV5_FRAME_CONFIG, CR0, 4, 1);
	gicv5_irs_write(recursive->g, GICV5_FRAME_SETLPI, 0, 4, 1);
	assert_int_equal(gicv5_sysreg_read(recursive->g, 0, &ctx, enc("ICC_IDR0_EL1")), 0);
	gicv5_sysreg_write(recursive->g, 0, &ctx, enc("ICC_PCR_EL1"), 1);
	return 0;
}

T(a_table_that_points_at_the_frame_does_not_recurse)
{
	struct gicv5_config cfg;

	(void)state;
	world_config(&cfg);
	cfg.ops.mem_read = read_of_the_frame;
	recursive = world_new(&cfg);
	gicv5_irs_write(recursive->g, GICV5_FRAME_CONFIG, IST_CFGR, 4, 10);
	gicv5_irs_write(recursive->g, GICV5_FRAME_CONFIG, IST_BASER, 8, RAM_BASE | 1);
	gicv5_irs_write(recursive->g, GICV5_FRAME_SETLPI, 0, 4, 5);
	assert_int_equal(rd32(recursive, CR0), 2);
	world_free(recursive);
}

/* --- the checker is checked: each canary must be noticed ------------------------------- */

static void noticed(struct world *w, const char *what)
{
	const char *text = gicv5_check(w->g, true);

	if (!text || !strstr(text, what))
		fail_msg("canary \"%s\": %s", what, text ? text : "not noticed");
}

T(checker_notices_a_broken_index)
{
	W;
	struct target *t = &w->g->targets[0];
	struct node *node;
	uint32_t n;

	route(w, LPI(5), 0, 8);
	pend(w, LPI(5));
	n = cand_find(w->g, irq_make(TYPE_LPI, 5));
	node = &w->g->nodes[n];
	t->prios = 1u << 9;
	noticed(w, "bit and ring");
	t->prios = 1u << 8;
	node->prio = 9;
	noticed(w, "wrong ring");
	node->prio = 8;
	node->irq.id = 6;
	noticed(w, "not in the hash");
	node->irq.id = 5;
	w->g->nr_vcands++;
	noticed(w, "counters");
	w->g->nr_vcands--;
	w->g->ists[SPACE_LPI].cands = 0;
	noticed(w, "in rings");
	w->g->ists[SPACE_LPI].cands = n;
	check(w);
}

T(checker_notices_memory_that_disagrees)
{
	W;
	route(w, LPI(5), 0, 8);
	ram_set32(w, w->ist + 20, 8 << 11 | 9);
	noticed(w, "is missing");
	ram_set32(w, w->ist + 20, 8 << 11 | 8);
	pend(w, LPI(5));
	ram_set32(w, w->ist + 20, 0);
	noticed(w, "should not be");
	assert_null(gicv5_check(w->g, false));
	ram_set32(w, w->ist + 20, 7 << 11 | 9);
	noticed(w, "wrong target or priority");
	ram_set32(w, w->ist + 20, 8 << 11 | 9);
	check(w);
}

T(checker_notices_wrong_lines_and_residency)
{
	W;
	w->g->pes[1].line[GICV5_LINE_IRQ] = true;
	noticed(w, "line 0");
	w->g->pes[1].line[GICV5_LINE_IRQ] = false;
	vcpu_load(w, 0, 1, 0);
	w->g->pes[0].contextr = 0;
	noticed(w, "CONTEXTR");
	w->g->pes[0].contextr = contextr(1, 0);
	w->g->vpes[vpe_index(w->g, 1, 0)].pe = 0;
	noticed(w, "not resident here");
	w->g->vpes[vpe_index(w->g, 1, 0)].pe = 1;
	w->g->vpes[vpe_index(w->g, 1, 1)].pe = 1;
	noticed(w, "one-sided");
	w->g->vpes[vpe_index(w->g, 1, 1)].pe = 0;
	check(w);
}

T(checker_notices_a_lost_doorbell)
{
	W;
	struct vpe *p = &w->g->vpes[vpe_index(w->g, 1, 0)];

	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vcpu_put(w, 0, false, 0);
	vdpend(w, 1, LPI(5), true);
	p->req = true;
	p->dbpm = 31;
	noticed(w, "did not ring");
	p->req = false;
	p->dirty = true;
	noticed(w, "not settled");
	p->dirty = false;
	w->g->vms[3].valid = false;
	w->g->ists[SPACE_VIRT + 2 * 3].valid = true;
	noticed(w, "has an IST");
	w->g->ists[SPACE_VIRT + 2 * 3].valid = false;
	check(w);
}

#define F(name, s)	cmocka_unit_test_setup_teardown(name, s, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		F(hostile_cache_keeps_memory_stale_until_save, setup_hostile),
		F(hostile_cache_writes_back_at_invalidation, setup_hostile),
		F(hostile_cache_works_beyond_its_size, setup_hostile),
		F(hostile_cache_is_dropped_by_reset, setup_hostile),
		F(hostile_cache_that_cannot_write_back_loses_the_interrupt, setup_hostile),
		F(full_index_still_finds_the_best, setup_small),
		F(full_index_rings_doorbells, setup_small),
		F(full_index_follows_changes, setup_small),
		F(full_index_lets_go_of_what_moves_to_another_vpe, setup_small),
		F(full_index_does_not_walk_for_each_look, setup_small),
		F(residency_fails_as_often_as_asked, setup_strict),
		F(doorbells_are_lost_as_often_as_asked, setup_strict),
		F(a_vpe_can_be_looked_at, setup_vm),
		F(somebody_else_pends_a_virtual_interrupt, setup_vm),
		F(strict_is_silent_about_good_software, setup_strict),
		F(strict_reports_table_errors, setup_strict),
		cmocka_unit_test(strict_reports_shapes_that_are_not_offered),
		F(strict_reports_register_errors, setup_strict),
		F(strict_reports_cpu_errors, setup_strict),
		F(strict_reports_registers_written_before_idle_was_seen, setup_strict),
		F(strict_reports_private_memory_that_is_written, setup_strict),
		F(strict_reports_entries_that_are_changed, setup_strict),
		cmocka_unit_test(strict_notices_live_istes_with_the_hostile_cache),
		F(strict_reports_doorbells_that_cannot_work, setup_strict),
		F(strict_reports_routes_ppis_and_entries_that_cannot_be_meant, setup_strict),
		F(dump_names_what_there_is, setup_vm),
		F(log_follows_an_interrupt, setup_vm),
		F(stats_count, setup_vm),
		cmocka_unit_test(a_table_that_points_at_the_frame_does_not_recurse),
		F(checker_notices_a_broken_index, setup_host),
		F(checker_notices_memory_that_disagrees, setup_host),
		F(checker_notices_wrong_lines_and_residency, setup_vm),
		F(checker_notices_a_lost_doorbell, setup_vm),
	};

	return cmocka_run_group_tests_name("knobs", tests, NULL, NULL);
}
