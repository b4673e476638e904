// SPDX-License-Identifier: GPL-2.0-or-later
/* CPU interface: priorities, acknowledge, NMI, access rules and traps. */
#include <string.h>

#include "world.h"

#define T(name)	static void name(void **state)
#define W	struct world *w = *state

T(priority_equal_to_mask_passes)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	msr(w, 0, HOST, "ICC_PCR_EL1", 8);
	assert_true(w->line[0][GICV5_LINE_IRQ]);
	assert_int_equal(mrs(w, 0, HOST, "ICC_HPPIR_EL1"), VALID | LPI(7));
}

T(priority_below_mask_is_held_back)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	msr(w, 0, HOST, "ICC_PCR_EL1", 7);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	assert_int_equal(mrs(w, 0, HOST, "ICC_HPPIR_EL1"), 0);
	assert_int_equal(ack(w, 0, HOST), 0);
	assert_true(rcfg(w, LPI(7)) & ICSR_PENDING);
}

T(higher_priority_preempts)
{
	W;
	route(w, LPI(7), 0, 8);
	route(w, LPI(8), 0, 7);
	pend(w, LPI(7));
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(7));
	pend(w, LPI(8));
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(8));
	assert_int_equal(mrs(w, 0, HOST, "ICC_APR_EL1"), BIT(7) | BIT(8));
}

T(equal_to_running_priority_does_not_preempt)
{
	W;
	route(w, LPI(7), 0, 8);
	route(w, LPI(8), 0, 8);
	pend(w, LPI(7));
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(7));
	pend(w, LPI(8));
	assert_int_equal(ack(w, 0, HOST), 0);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	msr(w, 0, HOST, "GIC_CDEOI", 0);
	assert_true(w->line[0][GICV5_LINE_IRQ]);
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(8));
}

T(cdeoi_takes_no_intid)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	ack(w, 0, HOST);
	msr(w, 0, HOST, "GIC_CDEOI", LPI(99));
	assert_int_equal(mrs(w, 0, HOST, "ICC_APR_EL1"), 0);
	assert_true(rcfg(w, LPI(7)) & ICSR_ACTIVE);
}

T(cdeoi_clears_the_highest_active_priority)
{
	W;
	msr(w, 0, HOST, "ICC_APR_EL1", BIT(3) | BIT(9));
	msr(w, 0, HOST, "GIC_CDEOI", 0);
	assert_int_equal(mrs(w, 0, HOST, "ICC_APR_EL1"), BIT(9));
	msr(w, 0, HOST, "GIC_CDEOI", 0);
	msr(w, 0, HOST, "GIC_CDEOI", 0);
	assert_int_equal(mrs(w, 0, HOST, "ICC_APR_EL1"), 0);
}

T(apr_written_masks_lower_priorities)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	msr(w, 0, HOST, "ICC_APR_EL1", BIT(8));
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	msr(w, 0, HOST, "ICC_APR_EL1", BIT(9));
	assert_true(w->line[0][GICV5_LINE_IRQ]);
}

T(highest_priority_wins)
{
	W;
	for (unsigned int i = 0; i < 20; i++) {
		route(w, LPI(10 + i), 0, 31 - i);
		pend(w, LPI(10 + i));
	}
	for (unsigned int i = 20; i--; ) {
		assert_int_equal(ack(w, 0, HOST), VALID | LPI(10 + i));
		msr(w, 0, HOST, "GIC_CDEOI", 0);
	}
	assert_int_equal(ack(w, 0, HOST), 0);
}

/* Not architected (choices.h), but nobody starves. */
T(oldest_candidate_wins_a_tie_in_the_irs)
{
	W;
	static const unsigned int order[] = { 9, 7, 8, 5 };

	for (unsigned int i = 0; i < 4; i++) {
		route(w, LPI(order[i]), 0, 8);
		pend(w, LPI(order[i]));
	}
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(ack(w, 0, HOST), VALID | LPI(order[i]));
		eoi(w, 0, HOST, LPI(order[i]));
	}
}

T(change_of_priority_reorders_pending)
{
	W;
	route(w, LPI(7), 0, 8);
	route(w, LPI(8), 0, 9);
	pend(w, LPI(7));
	pend(w, LPI(8));
	msr(w, 0, HOST, "GIC_CDPRI", LPI(8) | 2ull << 35);
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(8));
}

T(ppi_wins_a_tie_against_the_irs)
{
	W;
	msr(w, 0, HOST, "ICC_PPI_ENABLER0_EL1", BIT(27));
	msr(w, 0, HOST, "ICC_PPI_PRIORITYR3_EL1", 8ull << 24);
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	ppi_wire(w, 0, 27, true);
	assert_int_equal(mrs(w, 0, HOST, "ICC_HPPIR_EL1"), VALID | PPI(27));
	msr(w, 0, HOST, "GIC_CDPRI", LPI(7) | 7ull << 35);
	assert_int_equal(mrs(w, 0, HOST, "ICC_HPPIR_EL1"), VALID | LPI(7));
}

T(lowest_ppi_wins_a_tie_among_ppis)
{
	W;
	msr(w, 0, HOST, "ICC_PPI_ENABLER0_EL1", BIT(27) | BIT(26));
	msr(w, 0, HOST, "ICC_PPI_PRIORITYR3_EL1", 8ull << 24 | 8ull << 16);
	ppi_wire(w, 0, 27, true);
	ppi_wire(w, 0, 26, true);
	assert_int_equal(ack(w, 0, HOST), VALID | PPI(26));
}

T(disabled_cpu_interface_has_no_hppi)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	msr(w, 0, HOST, "ICC_CR0_EL1", 0);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	assert_int_equal(ack(w, 0, HOST), 0);
	msr(w, 0, HOST, "ICC_CR0_EL1", 1);
	assert_true(w->line[0][GICV5_LINE_IRQ]);
}

T(irsen_0_retracts_what_was_forwarded)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	wr32(w, CR0, 0);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	assert_int_equal(ack(w, 0, HOST), 0);
	msr(w, 0, HOST, "ICC_PPI_ENABLER0_EL1", BIT(27));
	ppi_wire(w, 0, 27, true);
	assert_int_equal(ack(w, 0, HOST), VALID | PPI(27));
	eoi(w, 0, HOST, PPI(27));
	ppi_wire(w, 0, 27, false);
	wr32(w, CR0, 1);
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(7));
}

T(cr0_is_always_linked)
{
	W;
	msr(w, 0, HOST, "ICC_CR0_EL1", 0);
	assert_int_equal(mrs(w, 0, HOST, "ICC_CR0_EL1"), ICC_CR0_LINK | ICC_CR0_LINK_IDLE);
}

T(acknowledge_without_candidate_has_no_side_effect)
{
	W;
	assert_int_equal(ack(w, 0, HOST), 0);
	assert_int_equal(mrs(w, 0, HOST, "GICR_CDNMIA"), 0);
	assert_int_equal(mrs(w, 0, HOST, "ICC_APR_EL1"), 0);
}

T(priority_0_raises_the_nmi_line)
{
	W;
	route(w, LPI(7), 0, 0);
	pend(w, LPI(7));
	assert_true(w->line[0][GICV5_LINE_NMI]);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	msr(w, 0, HOST, "ICC_PCR_EL1", 0);
	assert_true(w->line[0][GICV5_LINE_NMI]);
}

/* world.c looks at each change of a line */
T(nmi_falls_before_irq_rises)
{
	W;
	route(w, LPI(7), 1, 0);
	pend(w, LPI(7));
	assert_true(w->line[1][GICV5_LINE_NMI]);
	msr(w, 0, HOST, "GIC_CDPRI", LPI(7) | 5ull << 35);
	assert_true(w->line[1][GICV5_LINE_IRQ]);
	msr(w, 0, HOST, "GIC_CDPRI", LPI(7));
	assert_true(w->line[1][GICV5_LINE_NMI]);
}

T(nmi_is_taken_by_cdnmia_only)
{
	W;
	w->nmi = true;
	route(w, LPI(7), 0, 0);
	pend(w, LPI(7));
	assert_int_equal(ack(w, 0, HOST), 0);
	assert_int_equal(mrs(w, 0, HOST, "GICR_CDNMIA"), VALID | LPI(7));
}

T(cdnmia_takes_nothing_else)
{
	W;
	w->nmi = true;
	route(w, LPI(7), 0, 1);
	pend(w, LPI(7));
	assert_int_equal(mrs(w, 0, HOST, "GICR_CDNMIA"), 0);
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(7));
}

T(without_sctlr_nmi_priority_0_is_an_irq)
{
	W;
	route(w, LPI(7), 0, 0);
	pend(w, LPI(7));
	assert_int_equal(mrs(w, 0, HOST, "GICR_CDNMIA"), 0);
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(7));
	assert_int_equal(mrs(w, 0, HOST, "ICC_APR_EL1"), 1);
}

T(four_priority_bits)
{
	struct gicv5_config cfg;
	struct world *w;

	(void)state;
	world_config(&cfg);
	cfg.icc_pri_bits = 4;
	cfg.icc_id_bits = 16;
	w = world_new(&cfg);
	host_start(w);
	assert_int_equal(mrs(w, 0, HOST, "ICC_IDR0_EL1"), 3 << 4);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PCR_EL1"), 30);
	msr(w, 0, HOST, "ICC_APR_EL1", ~0ull);
	assert_int_equal(mrs(w, 0, HOST, "ICC_APR_EL1"), 0x55555555);
	msr(w, 0, HOST, "ICC_APR_EL1", 0);
	route(w, LPI(7), 0, 9);
	pend(w, LPI(7));
	msr(w, 0, HOST, "ICC_PCR_EL1", 9);
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(7));
	assert_int_equal(mrs(w, 0, HOST, "ICC_APR_EL1"), BIT(8));
	world_free(w);
}

T(identification_registers)
{
	W;
	assert_int_equal(mrs(w, 2, HOST, "ICC_IDR0_EL1"), 4 << 4 | 1);
	assert_int_equal(mrs(w, 2, HOST, "ICC_IAFFIDR_EL1"), 2);
	assert_int_equal(mrs(w, 2, HOST, "ICC_SRE_EL1"), 7);
	msr(w, 2, HOST, "ICC_SRE_EL1", 0);
	msr(w, 2, HOST, "ICC_SRE_EL2", 0);
	assert_int_equal(mrs(w, 2, HOST, "ICC_SRE_EL1"), 7);
	assert_int_equal(mrs(w, 2, HOST, "ICC_SRE_EL2"), 0xf);
}

T(icsr_keeps_its_fields)
{
	W;
	msr(w, 0, HOST, "ICC_ICSR_EL1", ~0ull);
	assert_int_equal(mrs(w, 0, HOST, "ICC_ICSR_EL1"), 0xffff0000f83full);
}

T(reset_pe_reports_every_line)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	memset(w->edges, 0, sizeof(w->edges));
	gicv5_reset_pe(w->g, 0);
	check(w);
	for (unsigned int i = 0; i < GICV5_NR_LINES; i++)
		assert_int_equal(w->edges[0][i], 1);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	assert_int_equal(mrs(w, 0, HOST, "ICC_CR0_EL1") & 1, 0);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PCR_EL1"), 0);
	gicv5_reset_pe(w->g, 99);
}

T(reset_keeps_wires_and_forgets_the_rest)
{
	W;
	spi_wire(w, 3, true);
	ppi_wire(w, 0, 27, true);
	pend(w, LPI(7));
	gicv5_reset(w->g);
	check(w);
	assert_int_equal(rd64(w, IST_BASER), 0);
	assert_int_equal(rcfg(w, LPI(7)), ICSR_F);
	assert_int_equal(rcfg(w, SPI(3)), 0);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SPENDR0_EL1"), BIT(27));
	wr32(w, SPI_RESAMPLER, 3);
	assert_int_equal(rcfg(w, SPI(3)), ICSR_PENDING);
}

T(lines_change_only_when_they_change)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	pend(w, LPI(7));
	msr(w, 0, HOST, "GIC_CDPRI", LPI(7) | 9ull << 35);
	assert_int_equal(w->edges[0][GICV5_LINE_IRQ], 1);
	assert_int_equal(w->edges[1][GICV5_LINE_IRQ], 0);
}

/* --- access rules --------------------------------------------------------- */

static enum gicv5_access access(struct world *w, unsigned int el, bool el2, bool nv,
				const char *name, bool write)
{
	const struct gicv5_cpu_ctx ctx = {
		.el = el, .el2_enabled = el2, .imo = el2, .nv = nv,
	};

	return gicv5_sysreg_access(w->g, 0, &ctx, enc(name), write);
}

/* Every row, both directions: at EL0, EL1 and EL2. */
T(direction_and_exception_level_decide)
{
	W;
	size_t n;
	const struct gicv5_sysreg *r = gicv5_sysreg_list(&n);

	for (; n; n--, r++) {
		for (unsigned int write = 0; write < 2; write++) {
			bool dir = r->flags & (write ? GICV5_SR_W : GICV5_SR_R);
			bool el2 = r->flags & GICV5_SR_EL2;

			assert_int_equal(access(w, 0, true, false, r->name, write),
					 GICV5_ACCESS_UNDEFINED);
			assert_int_equal(access(w, 1, true, false, r->name, write),
					 dir && !el2 ? GICV5_ACCESS_OK : GICV5_ACCESS_UNDEFINED);
			assert_int_equal(access(w, 2, true, false, r->name, write),
					 dir ? GICV5_ACCESS_OK : GICV5_ACCESS_UNDEFINED);
			assert_int_equal(access(w, 1, true, true, r->name, write),
					 !dir ? GICV5_ACCESS_UNDEFINED :
					 el2 ? GICV5_ACCESS_TRAP_EL2 : GICV5_ACCESS_OK);
		}
	}
}

T(unknown_encodings_are_undefined)
{
	W;
	const struct gicv5_cpu_ctx ctx = { .el = 2, .el2_enabled = true };
	const uint32_t bad[] = {
		GICV5_ENC(3, 0, 12, 11, 7), GICV5_ENC(3, 4, 12, 8, 6), GICV5_ENC(3, 0, 11, 10, 0),
		GICV5_ENC(2, 0, 12, 10, 0), GICV5_ENC(0, 0, 12, 1, 0), GICV5_ENC(1, 0, 12, 1, 6),
		GICV5_ENC(1, 4, 12, 1, 7), ~0u,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(gicv5_sysreg_find(bad[i]));
		assert_int_equal(gicv5_sysreg_access(w->g, 0, &ctx, bad[i], true),
				 GICV5_ACCESS_UNDEFINED);
		assert_int_equal(gicv5_sysreg_read(w->g, 0, &ctx, bad[i]), 0);
		gicv5_sysreg_write(w->g, 0, &ctx, bad[i], ~0ull);
	}
	assert_int_equal(gicv5_sysreg_access(w->g, 99, &ctx, enc("ICC_PCR_EL1"), true),
			 GICV5_ACCESS_UNDEFINED);
	assert_string_equal(gicv5_sysreg_find(enc("ICC_PCR_EL1"))->name, "ICC_PCR_EL1");
}

/* Trap bit, register, read or write: the table of §4.1, written out again. */
static const struct {
	const char *reg, *name;
	unsigned int bit;
	bool write;
} traps[] = {
	{ "ICH_HFGRTR_EL2", "ICC_APR_EL1", 0, false },
	{ "ICH_HFGRTR_EL2", "ICC_IDR0_EL1", 1, false },
	{ "ICH_HFGRTR_EL2", "ICC_CR0_EL1", 2, false },
	{ "ICH_HFGRTR_EL2", "ICC_HPPIR_EL1", 4, false },
	{ "ICH_HFGRTR_EL2", "ICC_PCR_EL1", 5, false },
	{ "ICH_HFGRTR_EL2", "ICC_ICSR_EL1", 6, false },
	{ "ICH_HFGRTR_EL2", "ICC_IAFFIDR_EL1", 7, false },
	{ "ICH_HFGRTR_EL2", "ICC_PPI_HMR1_EL1", 16, false },
	{ "ICH_HFGRTR_EL2", "ICC_PPI_ENABLER0_EL1", 17, false },
	{ "ICH_HFGRTR_EL2", "ICC_PPI_CPENDR1_EL1", 18, false },
	{ "ICH_HFGRTR_EL2", "ICC_PPI_SPENDR0_EL1", 18, false },
	{ "ICH_HFGRTR_EL2", "ICC_PPI_PRIORITYR15_EL1", 19, false },
	{ "ICH_HFGRTR_EL2", "ICC_PPI_SACTIVER0_EL1", 20, false },
	{ "ICH_HFGRTR_EL2", "ICC_PPI_CACTIVER1_EL1", 20, false },
	{ "ICH_HFGWTR_EL2", "ICC_APR_EL1", 0, true },
	{ "ICH_HFGWTR_EL2", "ICC_CR0_EL1", 2, true },
	{ "ICH_HFGWTR_EL2", "ICC_PCR_EL1", 5, true },
	{ "ICH_HFGWTR_EL2", "ICC_ICSR_EL1", 6, true },
	{ "ICH_HFGWTR_EL2", "ICC_PPI_ENABLER1_EL1", 17, true },
	{ "ICH_HFGWTR_EL2", "ICC_PPI_CPENDR0_EL1", 18, true },
	{ "ICH_HFGWTR_EL2", "ICC_PPI_SPENDR1_EL1", 18, true },
	{ "ICH_HFGWTR_EL2", "ICC_PPI_PRIORITYR0_EL1", 19, true },
	{ "ICH_HFGWTR_EL2", "ICC_PPI_CACTIVER0_EL1", 20, true },
	{ "ICH_HFGWTR_EL2", "ICC_PPI_SACTIVER1_EL1", 20, true },
	{ "ICH_HFGITR_EL2", "GIC_CDEN", 0, true },
	{ "ICH_HFGITR_EL2", "GIC_CDDIS", 1, true },
	{ "ICH_HFGITR_EL2", "GIC_CDPRI", 2, true },
	{ "ICH_HFGITR_EL2", "GIC_CDAFF", 3, true },
	{ "ICH_HFGITR_EL2", "GIC_CDPEND", 4, true },
	{ "ICH_HFGITR_EL2", "GIC_CDRCFG", 5, true },
	{ "ICH_HFGITR_EL2", "GIC_CDHM", 6, true },
	{ "ICH_HFGITR_EL2", "GIC_CDEOI", 7, true },
	{ "ICH_HFGITR_EL2", "GIC_CDDI", 8, true },
	{ "ICH_HFGITR_EL2", "GICR_CDIA", 9, false },
	{ "ICH_HFGITR_EL2", "GICR_CDNMIA", 10, false },
};

T(fine_grained_trap_bits)
{
	W;
	for (unsigned int i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
		const char *name = traps[i].name;
		bool write = traps[i].write;

		msr(w, 0, HOST, traps[i].reg, ~BIT(traps[i].bit));
		assert_int_equal(access(w, 1, true, false, name, write), GICV5_ACCESS_TRAP_EL2);
		assert_int_equal(access(w, 2, true, false, name, write), GICV5_ACCESS_OK);
		assert_int_equal(access(w, 1, false, false, name, write), GICV5_ACCESS_OK);
		msr(w, 0, HOST, traps[i].reg, BIT(traps[i].bit));
		assert_int_equal(access(w, 1, true, false, name, write), GICV5_ACCESS_OK);
		msr(w, 0, HOST, traps[i].reg, ~0ull);
	}
}

T(trap_registers_have_their_bits)
{
	W;
	assert_int_equal(mrs(w, 0, HOST, "ICH_HFGRTR_EL2"), 0x1f00ff);
	assert_int_equal(mrs(w, 0, HOST, "ICH_HFGWTR_EL2"), 0x1e0065);
	assert_int_equal(mrs(w, 0, HOST, "ICH_HFGITR_EL2"), 0x7ff);
	msr(w, 0, HOST, "ICH_HFGRTR_EL2", 0);
	assert_int_equal(mrs(w, 0, HOST, "ICH_HFGRTR_EL2"), BIT(3));
}

T(barriers_do_not_trap)
{
	W;
	msr(w, 0, HOST, "ICH_HFGITR_EL2", 0);
	assert_int_equal(access(w, 1, true, false, "GSB_SYS", true), GICV5_ACCESS_OK);
	assert_int_equal(access(w, 1, true, false, "GSB_ACK", true), GICV5_ACCESS_OK);
	msr(w, 0, HOST, "GSB_SYS", 0);
	msr(w, 0, HOST, "GSB_ACK", 0);
}

T(without_el2_there_is_no_virtual_interface)
{
	struct gicv5_config cfg;
	struct world *w;

	(void)state;
	world_config(&cfg);
	cfg.el2 = cfg.virt = false;
	w = world_new(&cfg);
	host_start(w);
	assert_int_equal(access(w, 2, false, false, "ICH_VMCR_EL2", true), GICV5_ACCESS_UNDEFINED);
	assert_int_equal(access(w, 1, false, false, "ICC_SRE_EL1", false), GICV5_ACCESS_UNDEFINED);
	assert_int_equal(access(w, 1, false, false, "ICC_PCR_EL1", true), GICV5_ACCESS_OK);
	route(w, LPI(7), 0, 8);
	msr(w, 0, GUEST, "GIC_CDPEND", LPI(7) | BIT(32));
	assert_int_equal(ack(w, 0, GUEST), VALID | LPI(7));
	world_free(w);
}

T(el1_with_imo_0_is_physical)
{
	W;
	const struct gicv5_cpu_ctx ctx = { .el = 1, .el2_enabled = true };

	gicv5_sysreg_write(w->g, 0, &ctx, enc("ICC_PCR_EL1"), 5);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PCR_EL1"), 5);
	assert_int_equal(mrs(w, 0, HOST, "ICH_VMCR_EL2"), 0);
}

#define U(name)	cmocka_unit_test_setup_teardown(name, setup_host, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		U(priority_equal_to_mask_passes),
		U(priority_below_mask_is_held_back),
		U(higher_priority_preempts),
		U(equal_to_running_priority_does_not_preempt),
		U(cdeoi_takes_no_intid),
		U(cdeoi_clears_the_highest_active_priority),
		U(apr_written_masks_lower_priorities),
		U(highest_priority_wins),
		U(oldest_candidate_wins_a_tie_in_the_irs),
		U(change_of_priority_reorders_pending),
		U(ppi_wins_a_tie_against_the_irs),
		U(lowest_ppi_wins_a_tie_among_ppis),
		U(disabled_cpu_interface_has_no_hppi),
		U(irsen_0_retracts_what_was_forwarded),
		U(cr0_is_always_linked),
		U(acknowledge_without_candidate_has_no_side_effect),
		U(priority_0_raises_the_nmi_line),
		U(nmi_falls_before_irq_rises),
		U(nmi_is_taken_by_cdnmia_only),
		U(cdnmia_takes_nothing_else),
		U(without_sctlr_nmi_priority_0_is_an_irq),
		cmocka_unit_test(four_priority_bits),
		U(identification_registers),
		U(icsr_keeps_its_fields),
		U(reset_pe_reports_every_line),
		U(reset_keeps_wires_and_forgets_the_rest),
		U(lines_change_only_when_they_change),
		U(direction_and_exception_level_decide),
		U(unknown_encodings_are_undefined),
		U(fine_grained_trap_bits),
		U(trap_registers_have_their_bits),
		U(barriers_do_not_trap),
		cmocka_unit_test(without_el2_there_is_no_virtual_interface),
		U(el1_with_imo_0_is_physical),
	};

	return cmocka_run_group_tests_name("cpuif", tests, NULL, NULL);
}
