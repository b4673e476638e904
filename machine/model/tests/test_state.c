// SPDX-License-Identifier: GPL-2.0-or-later
/* State machine of SPIs, LPIs and PPIs: events, handling modes, instructions. */
#include "world.h"

#define T(name)	static void name(void **state)
#define W	struct world *w = *state

/* An SPI routed to PE 0, of a trigger mode. */
static void spi_start(struct world *w, uint32_t spi, bool level)
{
	spi_trigger(w, spi, level);
	route(w, SPI(spi), 0, 8);
}

T(edge_spi_rising_wire_sets_pending)
{
	W;
	spi_start(w, 3, false);
	spi_wire(w, 3, true);
	assert_int_equal(rcfg(w, SPI(3)), 8 << 11 | ICSR_PENDING | ICSR_ENABLED);
	assert_true(w->line[0][GICV5_LINE_IRQ]);
}

T(edge_spi_falling_wire_makes_no_event)
{
	W;
	spi_start(w, 3, false);
	spi_wire(w, 3, true);
	spi_wire(w, 3, false);
	assert_true(rcfg(w, SPI(3)) & ICSR_PENDING);
}

T(edge_acknowledge_clears_pending)
{
	W;
	spi_start(w, 3, false);
	spi_wire(w, 3, true);
	assert_int_equal(ack(w, 0, HOST), VALID | SPI(3));
	assert_int_equal(rcfg(w, SPI(3)), 8 << 11 | ICSR_ACTIVE | ICSR_ENABLED);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
}

T(level_spi_follows_wire)
{
	W;
	spi_start(w, 3, true);
	spi_wire(w, 3, true);
	assert_int_equal(rcfg(w, SPI(3)), 8 << 11 | ICSR_PENDING | ICSR_HM | ICSR_ENABLED);
	spi_wire(w, 3, false);
	assert_false(rcfg(w, SPI(3)) & ICSR_PENDING);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
}

T(level_acknowledge_keeps_pending)
{
	W;
	spi_start(w, 3, true);
	spi_wire(w, 3, true);
	assert_int_equal(ack(w, 0, HOST), VALID | SPI(3));
	assert_int_equal(rcfg(w, SPI(3)) & (ICSR_PENDING | ICSR_ACTIVE),
			 ICSR_PENDING | ICSR_ACTIVE);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
}

T(level_still_high_after_deactivate_is_candidate_again)
{
	W;
	spi_start(w, 3, true);
	spi_wire(w, 3, true);
	eoi(w, 0, HOST, ack(w, 0, HOST));
	assert_true(w->line[0][GICV5_LINE_IRQ]);
	assert_int_equal(ack(w, 0, HOST), VALID | SPI(3));
	spi_wire(w, 3, false);
	eoi(w, 0, HOST, SPI(3));
	assert_false(w->line[0][GICV5_LINE_IRQ]);
}

T(set_edge_makes_level_interrupt_edge)
{
	W;
	route(w, LPI(7), 0, 8);
	msr(w, 0, HOST, "GIC_CDHM", LPI(7) | CDHM_HM);
	assert_true(rcfg(w, LPI(7)) & ICSR_HM);
	gicv5_irs_write(w->g, GICV5_FRAME_SETLPI, 0, 4, 7);
	assert_int_equal(rcfg(w, LPI(7)) & (ICSR_HM | ICSR_PENDING), ICSR_PENDING);
}

T(set_level_makes_edge_interrupt_level)
{
	W;
	spi_start(w, 3, true);
	msr(w, 0, HOST, "GIC_CDHM", SPI(3));
	assert_false(rcfg(w, SPI(3)) & ICSR_HM);
	spi_wire(w, 3, true);
	assert_true(rcfg(w, SPI(3)) & ICSR_HM);
}

T(clear_event_leaves_edge_pending)
{
	W;
	spi_start(w, 3, true);
	spi_wire(w, 3, true);
	msr(w, 0, HOST, "GIC_CDHM", SPI(3));
	spi_wire(w, 3, false);
	assert_true(rcfg(w, SPI(3)) & ICSR_PENDING);
}

T(cdpend_leaves_hm_alone)
{
	W;
	route(w, LPI(7), 0, 8);
	msr(w, 0, HOST, "GIC_CDHM", LPI(7) | CDHM_HM);
	pend(w, LPI(7));
	assert_int_equal(rcfg(w, LPI(7)) & (ICSR_HM | ICSR_PENDING), ICSR_HM | ICSR_PENDING);
	msr(w, 0, HOST, "GIC_CDPEND", LPI(7));
	assert_int_equal(rcfg(w, LPI(7)) & (ICSR_HM | ICSR_PENDING), ICSR_HM);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
}

T(cdpend_merges_while_pending)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	pend(w, LPI(7));
	eoi(w, 0, HOST, ack(w, 0, HOST));
	assert_int_equal(ack(w, 0, HOST), 0);
}

T(pend_while_active_waits_for_deactivate)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(7));
	pend(w, LPI(7));
	msr(w, 0, HOST, "GIC_CDEOI", 0);
	assert_int_equal(ack(w, 0, HOST), 0);
	msr(w, 0, HOST, "GIC_CDDI", LPI(7));
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(7));
}

T(disabled_interrupt_is_no_candidate)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	assert_true(w->line[0][GICV5_LINE_IRQ]);
	msr(w, 0, HOST, "GIC_CDDIS", LPI(7));
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	assert_true(rcfg(w, LPI(7)) & ICSR_PENDING);
	msr(w, 0, HOST, "GIC_CDEN", LPI(7));
	assert_true(w->line[0][GICV5_LINE_IRQ]);
}

T(affinity_moves_a_pending_interrupt)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	msr(w, 0, HOST, "GIC_CDAFF", LPI(7) | 2ull << 32);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	assert_true(w->line[2][GICV5_LINE_IRQ]);
	assert_int_equal(FIELD_GET(ICSR_IAFFID, rcfg(w, LPI(7))), 2);
}

T(affinity_to_nobody_waits)
{
	W;
	route(w, LPI(7), 77, 8);
	pend(w, LPI(7));
	for (unsigned int pe = 0; pe < WORLD_PES; pe++)
		assert_false(w->line[pe][GICV5_LINE_IRQ]);
	assert_int_equal(FIELD_GET(ICSR_IAFFID, rcfg(w, LPI(7))), 77);
	msr(w, 0, HOST, "GIC_CDAFF", LPI(7) | 3ull << 32);
	assert_int_equal(ack(w, 3, HOST), VALID | LPI(7));
}

T(irm_is_res0_without_1ofn)
{
	W;
	route(w, LPI(7), 0, 8);
	msr(w, 0, HOST, "GIC_CDAFF", LPI(7) | CDAFF_IRM | 1ull << 32);
	assert_false(rcfg(w, LPI(7)) & ICSR_IRM);
	pend(w, LPI(7));
	assert_true(w->line[1][GICV5_LINE_IRQ]);
}

T(irs_without_low_priority_bits)
{
	struct gicv5_config cfg;
	struct world *w;

	(void)state;
	world_config(&cfg);
	cfg.pri_bits = 3;
	w = world_new(&cfg);
	host_start(w);
	route(w, LPI(7), 0, 0x1f);
	assert_int_equal(FIELD_GET(ICSR_PRIORITY, rcfg(w, LPI(7))), 0x1c);
	world_free(w);
}

T(any_pe_deactivates_an_lpi)
{
	W;
	route(w, LPI(7), 0, 8);
	pend(w, LPI(7));
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(7));
	msr(w, 3, HOST, "GIC_CDDI", LPI(7));
	assert_false(rcfg(w, LPI(7)) & ICSR_ACTIVE);
}

T(rcfg_of_unreachable_sets_f)
{
	W;
	const uint64_t bad[] = { LPI(256), LPI(0xffffff), SPI(32), PPI(3), 0, 7ull << 29 };

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rcfg(w, bad[i]), ICSR_F);
}

T(instructions_on_unreachable_have_no_effect)
{
	W;
	const uint64_t bad[] = { LPI(256), SPI(32), PPI(19), 0 };

	for (unsigned int i = 0; i < 4; i++) {
		route(w, bad[i], 0, 1);
		pend(w, bad[i]);
		msr(w, 0, HOST, "GIC_CDHM", bad[i] | CDHM_HM);
		msr(w, 0, HOST, "GIC_CDDI", bad[i]);
	}
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_ENABLER0_EL1"), 0);
}

/* --- trigger mode [R_KBPXL, R_DMTFM] -------------------------------------- */

T(tm_to_level_with_line_high_pends_as_level)
{
	W;
	spi_wire(w, 3, true);
	pend(w, SPI(3));
	msr(w, 0, HOST, "GIC_CDPEND", SPI(3));
	spi_trigger(w, 3, true);
	assert_int_equal(rcfg(w, SPI(3)), ICSR_PENDING | ICSR_HM);
}

T(tm_to_level_with_line_low_clears_pending)
{
	W;
	pend(w, SPI(3));
	spi_trigger(w, 3, true);
	assert_int_equal(rcfg(w, SPI(3)), 0);
}

T(tm_to_edge_with_line_high_clears_pending)
{
	W;
	spi_trigger(w, 3, true);
	spi_wire(w, 3, true);
	spi_trigger(w, 3, false);
	assert_false(rcfg(w, SPI(3)) & ICSR_PENDING);
}

T(tm_to_edge_with_line_low_keeps_pending)
{
	W;
	spi_trigger(w, 3, true);
	pend(w, SPI(3));
	spi_trigger(w, 3, false);
	assert_true(rcfg(w, SPI(3)) & ICSR_PENDING);
}

T(tm_reads_back)
{
	W;
	spi_trigger(w, 3, true);
	assert_int_equal(rd32(w, SPI_CFGR), 1);
	spi_trigger(w, 4, false);
	assert_int_equal(rd32(w, SPI_CFGR), 0);
}

T(resample_high_edge_sets_pending)
{
	W;
	spi_wire(w, 3, true);
	msr(w, 0, HOST, "GIC_CDPEND", SPI(3));
	wr32(w, SPI_RESAMPLER, 3);
	assert_int_equal(rcfg(w, SPI(3)), ICSR_PENDING);
}

T(resample_low_edge_does_nothing)
{
	W;
	pend(w, SPI(3));
	wr32(w, SPI_RESAMPLER, 3);
	assert_true(rcfg(w, SPI(3)) & ICSR_PENDING);
}

T(resample_level_follows_wire)
{
	W;
	spi_trigger(w, 3, true);
	spi_wire(w, 3, true);
	msr(w, 0, HOST, "GIC_CDPEND", SPI(3));
	assert_false(rcfg(w, SPI(3)) & ICSR_PENDING);
	wr32(w, SPI_RESAMPLER, 3);
	assert_true(rcfg(w, SPI(3)) & ICSR_PENDING);
	spi_wire(w, 3, false);
	pend(w, SPI(3));
	wr32(w, SPI_RESAMPLER, 3);
	assert_false(rcfg(w, SPI(3)) & ICSR_PENDING);
}

T(setlpi_sets_pending_and_ignores_bad_ids)
{
	W;
	route(w, LPI(9), 1, 8);
	gicv5_irs_write(w->g, GICV5_FRAME_SETLPI, 0, 4, 9);
	gicv5_irs_write(w->g, GICV5_FRAME_SETLPI, 0, 4, 256);
	gicv5_irs_write(w->g, GICV5_FRAME_SETLPI, 4, 4, 10);
	gicv5_irs_write(w->g, GICV5_FRAME_SETLPI, 0, 8, 10);
	check(w);
	assert_int_equal(gicv5_irs_read(w->g, GICV5_FRAME_SETLPI, 0, 4), 0);
	assert_int_equal(ack(w, 1, HOST), VALID | LPI(9));
	assert_int_equal(ack(w, 1, HOST), 0);
	assert_int_equal(rcfg(w, LPI(10)), 0);
}

T(wires_of_absent_spis_and_ppis_are_ignored)
{
	W;
	spi_wire(w, 32, true);
	ppi_wire(w, 0, 4, true);
	ppi_wire(w, 0, 200, true);
	ppi_wire(w, 99, 27, true);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SPENDR0_EL1"), 0);
}

/* --- PPIs ----------------------------------------------------------------- */

static void ppi_enable(struct world *w, unsigned int pe, unsigned int ppi)
{
	msr(w, pe, HOST, "ICC_PPI_ENABLER0_EL1", BIT(ppi));
}

T(level_ppi_pending_is_the_wire)
{
	W;
	ppi_enable(w, 1, 27);
	ppi_wire(w, 1, 27, true);
	assert_true(w->line[1][GICV5_LINE_NMI] || w->line[1][GICV5_LINE_IRQ]);
	msr(w, 1, HOST, "ICC_PPI_CPENDR0_EL1", BIT(27));
	assert_int_equal(mrs(w, 1, HOST, "ICC_PPI_CPENDR0_EL1"), BIT(27));
	ppi_wire(w, 1, 27, false);
	msr(w, 1, HOST, "ICC_PPI_SPENDR0_EL1", BIT(27));
	assert_int_equal(mrs(w, 1, HOST, "ICC_PPI_SPENDR0_EL1"), 0);
}

T(edge_ppi_is_set_and_cleared_by_software)
{
	W;
	msr(w, 0, HOST, "ICC_PPI_SPENDR0_EL1", BIT(3));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_CPENDR0_EL1"), BIT(3));
	msr(w, 0, HOST, "ICC_PPI_CPENDR0_EL1", BIT(3));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SPENDR0_EL1"), 0);
	ppi_wire(w, 0, 3, true);
	ppi_wire(w, 0, 3, false);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SPENDR0_EL1"), BIT(3));
}

T(edge_ppi_acknowledge_clears_pending)
{
	W;
	ppi_enable(w, 0, 3);
	msr(w, 0, HOST, "ICC_PPI_SPENDR0_EL1", BIT(3));
	assert_int_equal(ack(w, 0, HOST), VALID | PPI(3));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SPENDR0_EL1"), 0);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SACTIVER0_EL1"), BIT(3));
	eoi(w, 0, HOST, PPI(3));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_CACTIVER0_EL1"), 0);
}

T(level_ppi_acknowledge_keeps_pending)
{
	W;
	ppi_enable(w, 0, 27);
	ppi_wire(w, 0, 27, true);
	assert_int_equal(ack(w, 0, HOST), VALID | PPI(27));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SPENDR0_EL1"), BIT(27));
	assert_int_equal(ack(w, 0, HOST), 0);
	eoi(w, 0, HOST, PPI(27));
	assert_int_equal(ack(w, 0, HOST), VALID | PPI(27));
}

T(ppi_active_is_set_and_cleared_by_software)
{
	W;
	ppi_enable(w, 0, 27);
	ppi_wire(w, 0, 27, true);
	msr(w, 0, HOST, "ICC_PPI_SACTIVER0_EL1", BIT(27));
	assert_int_equal(ack(w, 0, HOST), 0);
	msr(w, 0, HOST, "ICC_PPI_CACTIVER0_EL1", BIT(27));
	assert_int_equal(ack(w, 0, HOST), VALID | PPI(27));
}

T(ppi_enabler_keeps_what_is_written)
{
	W;
	msr(w, 0, HOST, "ICC_PPI_ENABLER0_EL1", ~0ull);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_ENABLER0_EL1"), w->cfg.ppi[0]);
	msr(w, 0, HOST, "ICC_PPI_ENABLER0_EL1", BIT(27));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_ENABLER0_EL1"), BIT(27));
	msr(w, 0, HOST, "ICC_PPI_ENABLER1_EL1", ~0ull);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_ENABLER1_EL1"), 0);
}

T(unimplemented_ppis_are_raz_wi)
{
	W;
	msr(w, 0, HOST, "ICC_PPI_SACTIVER0_EL1", BIT(4));
	msr(w, 0, HOST, "ICC_PPI_SPENDR0_EL1", BIT(4));
	msr(w, 0, HOST, "ICC_PPI_PRIORITYR0_EL1", ~0ull);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SACTIVER0_EL1"), 0);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SPENDR0_EL1"), 0);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_PRIORITYR0_EL1"), 0x1f000000);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_HMR0_EL1"), w->cfg.ppi[0] & ~BIT(3));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_HMR1_EL1"), 0);
}

T(ppi_priority_fields)
{
	W;
	msr(w, 0, HOST, "ICC_PPI_PRIORITYR3_EL1", 0x0504030201ffffffull);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_PRIORITYR3_EL1"), 0x05040302011f001full);
}

T(ppis_are_banked_per_pe)
{
	W;
	ppi_enable(w, 0, 27);
	ppi_wire(w, 1, 27, true);
	assert_false(w->line[0][GICV5_LINE_IRQ] || w->line[0][GICV5_LINE_NMI]);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SPENDR0_EL1"), 0);
}

T(cddi_of_ppi_acts_on_own_pe_only)
{
	W;
	ppi_enable(w, 0, 27);
	ppi_wire(w, 0, 27, true);
	assert_int_equal(ack(w, 0, HOST), VALID | PPI(27));
	msr(w, 1, HOST, "GIC_CDDI", PPI(27));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SACTIVER0_EL1"), BIT(27));
	msr(w, 0, HOST, "GIC_CDDI", VALID | PPI(27));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SACTIVER0_EL1"), 0);
	msr(w, 0, HOST, "GIC_CDDI", PPI(500));
}

#define U(name)	cmocka_unit_test_setup_teardown(name, setup_host, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		U(edge_spi_rising_wire_sets_pending),
		U(edge_spi_falling_wire_makes_no_event),
		U(edge_acknowledge_clears_pending),
		U(level_spi_follows_wire),
		U(level_acknowledge_keeps_pending),
		U(level_still_high_after_deactivate_is_candidate_again),
		U(set_edge_makes_level_interrupt_edge),
		U(set_level_makes_edge_interrupt_level),
		U(clear_event_leaves_edge_pending),
		U(cdpend_leaves_hm_alone),
		U(cdpend_merges_while_pending),
		U(pend_while_active_waits_for_deactivate),
		U(disabled_interrupt_is_no_candidate),
		U(affinity_moves_a_pending_interrupt),
		U(affinity_to_nobody_waits),
		U(irm_is_res0_without_1ofn),
		cmocka_unit_test(irs_without_low_priority_bits),
		U(any_pe_deactivates_an_lpi),
		U(rcfg_of_unreachable_sets_f),
		U(instructions_on_unreachable_have_no_effect),
		U(tm_to_level_with_line_high_pends_as_level),
		U(tm_to_level_with_line_low_clears_pending),
		U(tm_to_edge_with_line_high_clears_pending),
		U(tm_to_edge_with_line_low_keeps_pending),
		U(tm_reads_back),
		U(resample_high_edge_sets_pending),
		U(resample_low_edge_does_nothing),
		U(resample_level_follows_wire),
		U(setlpi_sets_pending_and_ignores_bad_ids),
		U(wires_of_absent_spis_and_ppis_are_ignored),
		U(level_ppi_pending_is_the_wire),
		U(edge_ppi_is_set_and_cleared_by_software),
		U(edge_ppi_acknowledge_clears_pending),
		U(level_ppi_acknowledge_keeps_pending),
		U(ppi_active_is_set_and_cleared_by_software),
		U(ppi_enabler_keeps_what_is_written),
		U(unimplemented_ppis_are_raz_wi),
		U(ppi_priority_fields),
		U(ppis_are_banked_per_pe),
		U(cddi_of_ppi_acts_on_own_pe_only),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
