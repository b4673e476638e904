// SPDX-License-Identifier: GPL-2.0-or-later
/* VPE doorbells: each condition of R_CWZMW, one-shot, re-arming, both ways in. */
#include "world.h"

#define T(name)	static void name(void **state)
#define W	struct world *w = *state

/* Did the doorbell of a VPE ring since the last call? Takes the LPI. */
static bool rang(struct world *w, unsigned int vpe)
{
	uint64_t config = rcfg(w, LPI(DB_LPI + vpe));

	msr(w, 0, HOST, "GIC_CDPEND", LPI(DB_LPI + vpe));
	assert_false(config & ICSR_F);
	return config & ICSR_PENDING;
}

/* VPE 0 not resident, LPI 5 for it with priority 8 and not pending. */
static void sleeping(struct world *w, bool db, unsigned int dbpm)
{
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 8);
	vcpu_put(w, 0, db, dbpm);
}

T(rings_for_an_interrupt_that_arrives)
{
	W;
	sleeping(w, true, 31);
	assert_false(rang(w, 0));
	vdpend(w, 1, LPI(5), true);
	assert_true(w->line[0][GICV5_LINE_IRQ]);
	assert_int_equal(mrs(w, 0, HOST, "ICC_HPPIR_EL1"), VALID | LPI(DB_LPI));
	assert_true(rang(w, 0));
}

T(rings_for_work_already_pending)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 8);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
	vcpu_put(w, 0, true, 31);
	assert_true(rang(w, 0));
}

T(is_one_shot)
{
	W;
	sleeping(w, true, 31);
	vdpend(w, 1, LPI(5), true);
	assert_true(rang(w, 0));
	vdpend(w, 1, LPI(5), false);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
	select_vpe(w, 1, 0);
	assert_false(rd64(w, VPE_DBR) & VPE_DBR_REQ_DB);
}

T(rearmed_by_the_next_non_residency)
{
	W;
	sleeping(w, true, 31);
	vdpend(w, 1, LPI(5), true);
	assert_true(rang(w, 0));
	vcpu_load(w, 1, 1, 0);
	vcpu_put(w, 1, true, 31);
	assert_true(rang(w, 0));
}

T(rearmed_by_vpe_dbr)
{
	W;
	sleeping(w, false, 0);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
	select_vpe(w, 1, 0);
	wr64(w, VPE_DBR, DB_LPI | VPE_DBR_DBV | VPE_DBR_REQ_DB | 31ull << 32);
	assert_true(rang(w, 0));
	assert_false(rd64(w, VPE_DBR) & VPE_DBR_REQ_DB);
}

T(request_without_db_is_silent)
{
	W;
	sleeping(w, false, 31);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
}

T(priority_equal_to_dbpm_rings)
{
	W;
	sleeping(w, true, 8);
	vdpend(w, 1, LPI(5), true);
	assert_true(rang(w, 0));
}

T(priority_below_dbpm_does_not_ring)
{
	W;
	sleeping(w, true, 7);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
}

T(a_later_more_important_interrupt_rings)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 8);
	vroute(w, 0, LPI(6), 0, 7);
	vcpu_put(w, 0, true, 7);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
	vdpend(w, 1, LPI(6), true);
	assert_true(rang(w, 0));
}

T(dbpm_0_rings_for_priority_0_only)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 1);
	vroute(w, 0, LPI(6), 0, 0);
	vcpu_put(w, 0, true, 0);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
	vdpend(w, 1, LPI(6), true);
	assert_true(rang(w, 0));
}

T(does_not_ring_while_resident)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 8);
	select_vpe(w, 1, 0);
	wr64(w, VPE_DBR, DB_LPI | VPE_DBR_DBV | VPE_DBR_REQ_DB | 31ull << 32);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
}

T(residency_clears_the_request)
{
	W;
	sleeping(w, true, 31);
	select_vpe(w, 1, 0);
	assert_true(rd64(w, VPE_DBR) & VPE_DBR_REQ_DB);
	assert_int_equal(FIELD_GET(VPE_DBR_DBPM, rd64(w, VPE_DBR)), 31);
	vcpu_load(w, 0, 1, 0);
	select_vpe(w, 1, 0);
	assert_false(rd64(w, VPE_DBR) & VPE_DBR_REQ_DB);
	vcpu_put(w, 0, false, 0);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
}

T(non_residency_without_db_clears_an_older_request)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 8);
	select_vpe(w, 1, 0);
	wr64(w, VPE_DBR, DB_LPI | VPE_DBR_DBV | VPE_DBR_REQ_DB | 31ull << 32);
	vcpu_put(w, 0, false, 0);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
}

T(the_last_mask_counts)
{
	W;
	sleeping(w, true, 31);
	select_vpe(w, 1, 0);
	wr64(w, VPE_DBR, DB_LPI | VPE_DBR_DBV | VPE_DBR_REQ_DB | 7ull << 32);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
}

T(needs_dbv)
{
	W;
	select_vpe(w, 1, 0);
	wr64(w, VPE_DBR, DB_LPI);
	sleeping(w, true, 31);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
	/* the request is kept: settings that become valid make it ring */
	select_vpe(w, 1, 0);
	assert_true(rd64(w, VPE_DBR) & VPE_DBR_REQ_DB);
	wr64(w, VPE_DBR, DB_LPI | VPE_DBR_DBV | VPE_DBR_REQ_DB | 31ull << 32);
	assert_true(rang(w, 0));
}

T(settings_are_gone_with_the_vm)
{
	W;
	wr64(w, VMAP_VMR, 1 | BIT(63) | BIT(62));
	wr64(w, VMAP_VMR, 1 | BIT(63));	/* VPETEs are VALID: the VPEs come with it */
	select_vpe(w, 1, 0);
	assert_int_equal(rd32(w, VPE_STATUSR), STATUSR_IDLE | STATUSR_V);
	assert_int_equal(rd64(w, VPE_DBR), 0);
	sleeping(w, true, 31);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
}

T(disabled_active_or_foreign_interrupts_do_not_ring)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 8);
	vroute(w, 0, LPI(6), 1, 8);	/* for VPE 1 */
	vroute(w, 0, LPI(7), 0, 8);
	msr(w, 0, HOST, "GIC_VDDIS", LPI(7));
	vdpend(w, 1, LPI(5), true);
	assert_int_equal(ack(w, 0, GUEST), VALID | LPI(5));
	vdpend(w, 1, LPI(5), true);	/* pending and active */
	vcpu_put(w, 0, true, 31);
	vdpend(w, 1, LPI(6), true);
	vdpend(w, 1, LPI(7), true);
	assert_false(rang(w, 0));
}

T(every_change_is_looked_at)
{
	W;
	/* enable */
	vcpu_load(w, 1, 1, 1);
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 8);
	msr(w, 0, HOST, "GIC_VDDIS", LPI(5));
	vdpend(w, 1, LPI(5), true);
	vcpu_put(w, 0, true, 31);
	assert_false(rang(w, 0));
	msr(w, 1, HOST, "GIC_VDEN", LPI(5));
	assert_true(rang(w, 0));
	/* priority */
	vcpu_load(w, 0, 1, 0);
	vcpu_put(w, 0, true, 4);
	assert_false(rang(w, 0));
	msr(w, 1, HOST, "GIC_VDPRI", LPI(5) | 4ull << 35);
	assert_true(rang(w, 0));
	/* affinity */
	msr(w, 1, HOST, "GIC_VDAFF", LPI(5) | 3ull << 32);
	vcpu_load(w, 0, 1, 0);
	vcpu_put(w, 0, true, 31);
	assert_false(rang(w, 0));
	msr(w, 1, HOST, "GIC_VDAFF", LPI(5) | 0ull << 32);
	assert_true(rang(w, 0));
	/* deactivate */
	vcpu_load(w, 0, 1, 0);
	assert_int_equal(ack(w, 0, GUEST), VALID | LPI(5));
	vdpend(w, 1, LPI(5), true);
	vcpu_put(w, 0, true, 31);
	assert_false(rang(w, 0));
	msr(w, 1, HOST, "GIC_VDDI", LPI(5));
	assert_true(rang(w, 0));
}

T(virtual_spis_ring_too)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, SPI(9), 0, 8);
	vcpu_put(w, 0, true, 31);
	wr32(w, SPI_SELR, 9);
	wr64(w, SPI_VMR, 1 | BIT(63));
	spi_wire(w, 9, true);
	assert_true(rang(w, 0));
}

T(ppis_never_ring)
{
	W;
	vcpu_load(w, 0, 1, 0);
	msr(w, 0, HOST, "ICH_PPI_ENABLER0_EL2", BIT(27));
	vcpu_put(w, 0, true, 31);
	msr(w, 0, HOST, "ICH_PPI_PENDR0_EL2", BIT(27));
	assert_false(rang(w, 0));
}

T(each_vpe_has_its_own)
{
	W;
	for (unsigned int vpe = 0; vpe < 4; vpe++) {
		vcpu_load(w, vpe, 1, vpe);
		vroute(w, vpe, LPI(10 + vpe), vpe, 8);
	}
	for (unsigned int vpe = 0; vpe < 4; vpe++)
		vcpu_put(w, vpe, true, 31);
	vdpend(w, 1, LPI(12), true);
	for (unsigned int vpe = 0; vpe < 4; vpe++)
		assert_int_equal(rang(w, vpe), vpe == 2);
}

T(an_unreachable_lpi_uses_the_request_up)
{
	W;
	select_vpe(w, 1, 0);
	wr64(w, VPE_DBR, 0xffffff | VPE_DBR_DBV);
	sleeping(w, true, 31);
	vdpend(w, 1, LPI(5), true);
	select_vpe(w, 1, 0);
	assert_int_equal(rd64(w, VPE_DBR), 0xffffff | VPE_DBR_DBV | 31ull << 32);
}

T(the_lpi_becomes_edge)
{
	W;
	msr(w, 0, HOST, "GIC_CDHM", LPI(DB_LPI) | CDHM_HM);
	sleeping(w, true, 31);
	vdpend(w, 1, LPI(5), true);
	assert_int_equal(rcfg(w, LPI(DB_LPI)) & (ICSR_HM | ICSR_PENDING), ICSR_PENDING);
}

T(two_vpes_may_share_an_lpi)
{
	W;
	struct gicv5_stats stats;

	select_vpe(w, 1, 1);
	wr64(w, VPE_DBR, DB_LPI | VPE_DBR_DBV | VPE_DBR_REQ_DB | 31ull << 32);
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 8);
	vroute(w, 0, LPI(6), 1, 8);
	vcpu_put(w, 0, true, 31);
	vdpend(w, 1, LPI(5), true);
	vdpend(w, 1, LPI(6), true);
	gicv5_get_stats(w->g, &stats);
	assert_int_equal(stats.doorbells, 2);
	assert_true(rang(w, 0));
	assert_false(rang(w, 1));
}

T(db_with_v_1_is_ignored)
{
	W;
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(1, 0) | CONTEXTR_DB | 31ull << 55);
	vroute(w, 0, LPI(5), 0, 8);
	vdpend(w, 1, LPI(5), true);
	assert_false(rang(w, 0));
	select_vpe(w, 1, 0);
	assert_false(rd64(w, VPE_DBR) & VPE_DBR_REQ_DB);
}

T(v_0_without_residency_requests_nothing)
{
	W;
	sleeping(w, false, 0);
	vdpend(w, 1, LPI(5), true);
	vcpu_put(w, 0, true, 31);
	assert_false(rang(w, 0));
}

T(work_that_waits_for_a_vpe_rings_when_it_is_valid)
{
	W;
	vm_prepare(w, 2);
	wr64(w, VMAP_VMR, 2 | BIT(63));
	wr64(w, VMAP_VISTR, 2ull << 29 | 2ull << 32 | BIT(63));
	ram_set32(w, w->lpi_ist + 20, 8 << 11 | 8);	/* enabled, priority 8, VPE 0 */
	vdpend(w, 2, LPI(5), true);
	vpe_start(w, 2, 0);
	select_vpe(w, 2, 0);
	wr64(w, VPE_DBR, DB_LPI | VPE_DBR_DBV | VPE_DBR_REQ_DB | 31ull << 32);
	assert_true(rang(w, 0));
}

#define V(name)	cmocka_unit_test_setup_teardown(name, setup_vm, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		V(rings_for_an_interrupt_that_arrives),
		V(rings_for_work_already_pending),
		V(is_one_shot),
		V(rearmed_by_the_next_non_residency),
		V(rearmed_by_vpe_dbr),
		V(request_without_db_is_silent),
		V(priority_equal_to_dbpm_rings),
		V(priority_below_dbpm_does_not_ring),
		V(a_later_more_important_interrupt_rings),
		V(dbpm_0_rings_for_priority_0_only),
		V(does_not_ring_while_resident),
		V(residency_clears_the_request),
		V(non_residency_without_db_clears_an_older_request),
		V(the_last_mask_counts),
		V(needs_dbv),
		V(settings_are_gone_with_the_vm),
		V(disabled_active_or_foreign_interrupts_do_not_ring),
		V(every_change_is_looked_at),
		V(virtual_spis_ring_too),
		V(ppis_never_ring),
		V(each_vpe_has_its_own),
		V(an_unreachable_lpi_uses_the_request_up),
		V(the_lpi_becomes_edge),
		V(two_vpes_may_share_an_lpi),
		V(db_with_v_1_is_ignored),
		V(v_0_without_residency_requests_nothing),
		V(work_that_waits_for_a_vpe_rings_when_it_is_valid),
	};

	return cmocka_run_group_tests_name("doorbell", tests, NULL, NULL);
}
