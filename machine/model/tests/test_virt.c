// SPDX-License-Identifier: GPL-2.0-or-later
/* VM tables, residency, the virtual CPU interface, direct injection, save. */
#include "world.h"

#define T(name)	static void name(void **state)
#define W	struct world *w = *state

#define MAP	BIT(63)
#define UNMAP	(BIT(63) | BIT(62))

/* --- tables ---------------------------------------------------------------- */

T(map_operations_set_valid_in_memory)
{
	W;
	assert_int_equal(ram64(w, w->vmte) & 1, 1);
	assert_int_equal(ram64(w, w->vmte + 16) & 1, 1);
	assert_int_equal(ram64(w, w->vmte + 24) & 1, 1);
	assert_int_equal(ram64(w, w->vpet) & 1, 1);
	assert_int_equal(rd32(w, VMT_STATUSR), STATUSR_IDLE);
}

T(unmap_vm_clears_valid_and_drops_everything)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vdpend(w, 1, LPI(5), true);
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
	wr64(w, VMAP_VMR, 1 | UNMAP);
	assert_int_equal(ram64(w, w->vmte) & 1, 0);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	/* the residency is gone, but CONTEXTR keeps what was asked for */
	assert_int_equal(mrs(w, 0, HOST, "ICH_CONTEXTR_EL2"), contextr(1, 0));
	select_vpe(w, 1, 0);
	assert_int_equal(rd32(w, VPE_STATUSR), STATUSR_IDLE);
	wr64(w, VMAP_VMR, 1 | UNMAP);
}

T(vm_can_be_made_valid_again)
{
	W;
	wr64(w, VMAP_VMR, 1 | UNMAP);
	for (unsigned int i = 0; i < 2; i++)
		ram_set64(w, w->vmte + 16 + 8 * i, ram64(w, w->vmte + 16 + 8 * i) & ~1ull);
	for (unsigned int i = 0; i < 4; i++)
		ram_set64(w, w->vpet + 8 * i, ram64(w, w->vpet + 8 * i) & ~1ull);
	wr64(w, VMAP_VMR, 1 | MAP);
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(1, 0));
	assert_true(mrs(w, 0, HOST, "ICH_CONTEXTR_EL2") & CONTEXTR_F);
	wr64(w, VMAP_VPER, 0 | 1ull << 32 | MAP);
	vcpu_load(w, 0, 1, 0);
}

T(vm_takes_ists_and_vpes_that_software_made_valid)
{
	W;
	wr64(w, VMAP_VMR, 1 | UNMAP);
	ram_set64(w, w->vpet + 24, ram64(w, w->vpet + 24) & ~1ull);
	wr64(w, VMAP_VMR, 1 | MAP);
	vcpu_load(w, 0, 1, 2);
	vroute(w, 0, SPI(5), 2, 3);
	vdpend(w, 1, SPI(5), true);
	assert_int_equal(ack(w, 0, GUEST), VALID | SPI(5));
	msr(w, 1, HOST, "ICH_CONTEXTR_EL2", contextr(1, 3));
	assert_true(mrs(w, 1, HOST, "ICH_CONTEXTR_EL2") & CONTEXTR_F);
}

T(valid_set_by_hand_is_not_valid)
{
	W;
	vm_prepare(w, 2);
	ram_set64(w, w->vmte, 1);
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(2, 0));
	assert_true(mrs(w, 0, HOST, "ICH_CONTEXTR_EL2") & CONTEXTR_F);
	wr64(w, VMAP_VMR, 2 | MAP);
	wr32(w, VM_SELR, 2);
	assert_int_equal(rd32(w, VM_STATUSR), STATUSR_IDLE);
	/* entries of a valid VM */
	ram_set64(w, w->vmte, 0);
	wr64(w, VMAP_VMR, 2 | MAP);
	wr32(w, VM_SELR, 2);
	assert_int_equal(rd32(w, VM_STATUSR), STATUSR_IDLE | STATUSR_V);
	ram_set64(w, w->vpet, ram64(w, w->vpet) | 1);
	wr64(w, VMAP_VPER, 0 | 2ull << 32 | MAP);
	select_vpe(w, 2, 0);
	assert_int_equal(rd32(w, VPE_STATUSR), STATUSR_IDLE);
	ram_set64(w, w->vmte + 16, ram64(w, w->vmte + 16) | 1);
	wr64(w, VMAP_VISTR, 2ull << 29 | 2ull << 32 | MAP);
	vdpend(w, 2, LPI(1), true);
	assert_int_equal(ram32(w, w->lpi_ist + 4), 0);
}

T(map_with_m_0_has_no_effect)
{
	W;
	wr64(w, VMAP_VMR, 1 | BIT(62));
	wr64(w, VMAP_VMR, 1);
	wr64(w, VMAP_VISTR, 2ull << 29 | 1ull << 32 | BIT(62));
	wr64(w, VMAP_VPER, 1ull << 32);
	wr64(w, VMAP_L2_VMTR, 1);
	wr64(w, VMAP_L2_VISTR, 2ull << 29 | 1ull << 32);
	wr32(w, VM_SELR, 1);
	assert_int_equal(rd32(w, VM_STATUSR), STATUSR_IDLE | STATUSR_V);
}

T(map_of_bad_ids_has_no_effect)
{
	W;
	wr64(w, VMAP_VMR, 128 | MAP);
	wr64(w, VMAP_VMR, 0xffff | MAP);
	wr64(w, VMAP_VMR, 0xffff | UNMAP);
	wr64(w, VMAP_VPER, 4 | 1ull << 32 | MAP);
	wr64(w, VMAP_VPER, 0 | 9ull << 32 | MAP);
	wr64(w, VMAP_VISTR, 1ull << 29 | 1ull << 32 | MAP);
	wr64(w, VMAP_VISTR, 2ull << 29 | 9ull << 32 | MAP);
	wr64(w, VMAP_L2_VISTR, 1ull << 29 | 1ull << 32 | MAP);
	wr64(w, VMAP_L2_VISTR, 2ull << 29 | 1ull << 32 | MAP);
	wr64(w, VMAP_L2_VMTR, 1 | MAP);
	select_vpe(w, 1, 4);
	assert_int_equal(rd32(w, VPE_STATUSR), STATUSR_IDLE);
}

T(unmap_vist_clears_valid)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vdpend(w, 1, LPI(5), true);
	wr64(w, VMAP_VISTR, 2ull << 29 | 1ull << 32 | UNMAP);
	assert_int_equal(ram64(w, w->vmte + 16) & 1, 0);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	msr(w, 0, HOST, "GIC_VDRCFG", LPI(5));
	assert_int_equal(mrs(w, 0, HOST, "ICC_ICSR_EL1"), ICSR_F);
	wr64(w, VMAP_VISTR, 2ull << 29 | 1ull << 32 | UNMAP);
	msr(w, 0, HOST, "GIC_VDRCFG", SPI(5));
	assert_int_equal(mrs(w, 0, HOST, "ICC_ICSR_EL1"), 0);
}

T(vmt_invalid_drops_all_vms)
{
	W;
	vcpu_load(w, 2, 1, 0);
	wr64(w, VMT_BASER, w->vmt | 1);		/* 1 -> 1: ignored */
	wr32(w, VMT_CFGR, 3);			/* ignored while valid */
	assert_int_equal(rd32(w, VMT_CFGR), 7);
	wr64(w, VMT_BASER, 0);
	assert_int_equal(rd64(w, VMT_BASER), w->vmt);
	wr32(w, VM_SELR, 1);
	assert_int_equal(rd32(w, VM_STATUSR), STATUSR_IDLE);
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(1, 1));
	assert_true(mrs(w, 0, HOST, "ICH_CONTEXTR_EL2") & CONTEXTR_F);
	wr64(w, VMAP_VMR, 1 | MAP);
	wr32(w, VM_SELR, 1);
	assert_int_equal(rd32(w, VM_STATUSR), STATUSR_IDLE);
}

T(two_level_vmt)
{
	W;
	uint64_t l1 = ram_alloc(w, 16), l2 = ram_alloc(w, 4096);

	wr32(w, VMT_CFGR, 8 | 1 << 16);
	wr64(w, VMT_BASER, l1 | 1);
	ram_set64(w, l1 + 8, l2);
	w->vmt = l2 - 32 * 128;
	vm_prepare(w, 130);
	wr64(w, VMAP_VMR, 130 | MAP);
	wr32(w, VM_SELR, 130);
	assert_int_equal(rd32(w, VM_STATUSR), STATUSR_IDLE);
	wr64(w, VMAP_L2_VMTR, 130 | MAP);
	assert_int_equal(ram64(w, l1 + 8), l2 | 1);
	wr64(w, VMAP_L2_VMTR, 130 | MAP);
	wr64(w, VMAP_L2_VMTR, 256 | MAP);
	wr64(w, VMAP_VMR, 130 | MAP);
	wr32(w, VM_SELR, 130);
	assert_int_equal(rd32(w, VM_STATUSR), STATUSR_IDLE | STATUSR_V);
	assert_int_equal(ram64(w, w->vmte) & 1, 1);
	wr64(w, VMAP_VMR, 130 | UNMAP);
	assert_int_equal(ram64(w, w->vmte) & 1, 0);
}

T(two_level_virtual_ist)
{
	W;
	uint64_t l1 = ram_alloc(w, 16 * 8), l2 = ram_alloc(w, 4096);

	vmt_start(w);
	vm_prepare(w, 1);
	/* 12 ID bits, 4 KB L2 tables: 4 L1 entries */
	ram_set64(w, w->vmte + 16, l1 | 1ull << 58 | 12ull << 59);
	ram_set64(w, l1 + 8, l2);
	wr64(w, VMAP_VMR, 1 | MAP);
	wr64(w, VMAP_VISTR, 2ull << 29 | 1ull << 32 | MAP);
	vpe_start(w, 1, 0);
	vcpu_load(w, 0, 1, 0);
	vdpend(w, 1, LPI(1024 + 3), true);
	assert_int_equal(ram32(w, l2 + 12), 0);
	wr64(w, VMAP_L2_VISTR, LPI(1024) | 1ull << 32 | MAP);
	assert_int_equal(ram64(w, l1 + 8), l2 | 1);
	wr64(w, VMAP_L2_VISTR, LPI(1024) | 1ull << 32 | MAP);
	wr64(w, VMAP_L2_VISTR, LPI(4096) | 1ull << 32 | MAP);
	vroute(w, 0, LPI(1024 + 3), 0, 6);
	vdpend(w, 1, LPI(1024 + 3), true);
	assert_int_equal(ram32(w, l2 + 12), 6 << 11 | 8 | 1);
	assert_int_equal(ack(w, 0, GUEST), VALID | LPI(1024 + 3));
}

T(vm_fields_beyond_the_idrs_are_clamped)
{
	W;
	vmt_start(w);
	vm_prepare(w, 1);
	ram_set64(w, w->vmte + 8, w->vpet | 31ull << 59);
	wr64(w, VMAP_VMR, 1 | MAP);
	wr64(w, VMAP_VPER, 16 | 1ull << 32 | MAP);	/* vpe_id_bits 3: at most 16 VPEs */
	select_vpe(w, 1, 16);
	assert_int_equal(rd32(w, VPE_STATUSR), STATUSR_IDLE);
	wr64(w, VMT_BASER, 0);
	wr32(w, VMT_CFGR, 31);
	wr64(w, VMT_BASER, w->vmt | 1);
	wr64(w, VMAP_VMR, 256 | MAP);
	wr32(w, VM_SELR, 256);
	assert_int_equal(rd32(w, VM_STATUSR), STATUSR_IDLE);
}

/* --- residency -------------------------------------------------------------- */

T(residency_of_a_valid_vpe)
{
	W;
	vcpu_load(w, 2, 1, 3);
	vcpu_put(w, 2, false, 0);
	assert_int_equal(mrs(w, 2, HOST, "ICH_CONTEXTR_EL2") >> 62, 0);
}

T(residency_fails_for_what_is_not_valid)
{
	W;
	const uint64_t bad[] = {
		contextr(2, 0), contextr(1, 4), contextr(1, 0xffff), contextr(0xffff, 0),
		contextr(128, 0),
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		msr(w, 0, HOST, "ICH_CONTEXTR_EL2", bad[i]);
		assert_int_equal(mrs(w, 0, HOST, "ICH_CONTEXTR_EL2"), bad[i] | CONTEXTR_F);
	}
	vcpu_load(w, 0, 1, 0);
}

T(residency_fails_without_a_vmt)
{
	W;
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(0, 0));
	assert_true(mrs(w, 0, HOST, "ICH_CONTEXTR_EL2") & CONTEXTR_F);
}

T(residency_fails_while_resident_elsewhere)
{
	W;
	vcpu_load(w, 0, 1, 0);
	msr(w, 1, HOST, "ICH_CONTEXTR_EL2", contextr(1, 0));
	assert_true(mrs(w, 1, HOST, "ICH_CONTEXTR_EL2") & CONTEXTR_F);
	vcpu_put(w, 0, false, 0);
	msr(w, 1, HOST, "ICH_CONTEXTR_EL2", contextr(1, 0));
	assert_false(mrs(w, 1, HOST, "ICH_CONTEXTR_EL2") & CONTEXTR_F);
}

T(residency_moves_from_one_vpe_to_another)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vroute(w, 0, LPI(6), 1, 3);
	vdpend(w, 1, LPI(5), true);
	vdpend(w, 1, LPI(6), true);
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(1, 1));
	assert_int_equal(mrs(w, 0, HOST, "ICH_HPPIR_EL2"), VALID | LPI(6));
	/* a failed move loses the old residency */
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(9, 9));
	assert_int_equal(mrs(w, 0, HOST, "ICH_HPPIR_EL2"), 0);
	msr(w, 1, HOST, "ICH_CONTEXTR_EL2", contextr(1, 1));
	assert_false(mrs(w, 1, HOST, "ICH_CONTEXTR_EL2") & CONTEXTR_F);
}

T(irichppidis_hides_the_irs_but_not_ppis)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vdpend(w, 1, LPI(5), true);
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(1, 0) | CONTEXTR_IRICHPPIDIS);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	msr(w, 0, HOST, "ICH_PPI_ENABLER0_EL2", BIT(27));
	msr(w, 0, HOST, "ICH_PPI_PRIORITYR3_EL2", 9ull << 24);
	msr(w, 0, HOST, "ICH_PPI_PENDR0_EL2", BIT(27));
	assert_int_equal(mrs(w, 0, GUEST, "ICC_HPPIR_EL1"), VALID | PPI(27));
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(1, 0));
	assert_int_equal(mrs(w, 0, GUEST, "ICC_HPPIR_EL1"), VALID | LPI(5));
}

T(vddi_leaves_ppis_alone)
{
	W;
	vcpu_load(w, 0, 1, 0);
	msr(w, 0, HOST, "ICH_PPI_ACTIVER0_EL2", BIT(27) | BIT(26));
	msr(w, 0, HOST, "GIC_VDDI", PPI(27));
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_ACTIVER0_EL2"), BIT(27) | BIT(26));
	msr(w, 0, GUEST, "GIC_CDDI", PPI(27));
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_ACTIVER0_EL2"), BIT(26));
}

T(retracted_on_non_residency_and_active_stays)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vroute(w, 0, LPI(6), 0, 2);
	vdpend(w, 1, LPI(5), true);
	assert_int_equal(ack(w, 0, GUEST), VALID | LPI(5));
	vdpend(w, 1, LPI(6), true);
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
	vcpu_put(w, 0, false, 0);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	vcpu_load(w, 3, 1, 0);
	msr(w, 3, HOST, "GIC_VDRCFG", LPI(5));
	assert_true(mrs(w, 3, HOST, "ICC_ICSR_EL1") & ICSR_ACTIVE);
	assert_int_equal(ack(w, 3, GUEST), VALID | LPI(6));
}

T(reset_of_a_pe_ends_residency_silently)
{
	W;
	uint64_t db;

	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vdpend(w, 1, LPI(5), true);
	gicv5_reset_pe(w->g, 0);
	check(w);
	db = rcfg(w, LPI(DB_LPI));
	assert_false(db & ICSR_PENDING);
	msr(w, 1, HOST, "ICH_CONTEXTR_EL2", contextr(1, 0));
	assert_false(mrs(w, 1, HOST, "ICH_CONTEXTR_EL2") & CONTEXTR_F);
}

T(gicv5_reset_forgets_vms)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vdpend(w, 1, LPI(5), true);
	gicv5_reset(w->g);
	check(w);
	assert_int_equal(ram64(w, w->vmte) & 1, 1);
	assert_int_equal(rd64(w, VMT_BASER), 0);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
}

/* --- virtual CPU interface ---------------------------------------------------- */

T(guest_registers_are_the_ich_registers)
{
	W;
	msr(w, 0, GUEST, "ICC_PCR_EL1", 17);
	msr(w, 0, GUEST, "ICC_CR0_EL1", 1);
	msr(w, 0, GUEST, "ICC_APR_EL1", 0x80);
	msr(w, 0, GUEST, "ICC_PPI_ENABLER0_EL1", BIT(27));
	msr(w, 0, GUEST, "ICC_PPI_PRIORITYR3_EL1", 5ull << 24);
	msr(w, 0, GUEST, "ICC_PPI_SACTIVER0_EL1", BIT(27));
	msr(w, 0, GUEST, "ICC_PPI_SPENDR0_EL1", BIT(27) | BIT(3));
	assert_int_equal(mrs(w, 0, HOST, "ICH_VMCR_EL2"), 17ull << 27 | 1);
	assert_int_equal(mrs(w, 0, HOST, "ICH_APR_EL2"), 0x80);
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_ENABLER0_EL2"), BIT(27));
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_PRIORITYR3_EL2"), 5ull << 24);
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_ACTIVER0_EL2"), BIT(27));
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_PENDR0_EL2"), BIT(3));
	/* and the physical ones did not move */
	assert_int_equal(mrs(w, 0, HOST, "ICC_PCR_EL1"), 31);
	assert_int_equal(mrs(w, 0, HOST, "ICC_APR_EL1"), 0);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_ENABLER0_EL1"), 0);
	/* no ICV form: identification is physical */
	assert_int_equal(mrs(w, 2, GUEST, "ICC_IAFFIDR_EL1"), 2);
	assert_int_equal(mrs(w, 0, GUEST, "ICC_CR0_EL1"), 7);
}

T(icsr_is_shared_by_host_and_guest)
{
	W;
	msr(w, 0, HOST, "ICC_ICSR_EL1", ICSR_F);
	assert_int_equal(mrs(w, 0, GUEST, "ICC_ICSR_EL1"), ICSR_F);
}

T(virtual_ppis_need_no_residency)
{
	W;
	msr(w, 0, HOST, "ICH_VMCR_EL2", 31u << 27 | 1);
	msr(w, 0, HOST, "ICH_PPI_ENABLER0_EL2", BIT(27));
	msr(w, 0, HOST, "ICH_PPI_PRIORITYR3_EL2", 5ull << 24);
	msr(w, 0, HOST, "ICH_PPI_PENDR0_EL2", BIT(27));
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
	assert_int_equal(ack(w, 0, GUEST), VALID | PPI(27));
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_ACTIVER0_EL2"), BIT(27));
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_PENDR0_EL2"), BIT(27));
	assert_int_equal(mrs(w, 0, HOST, "ICH_APR_EL2"), BIT(5));
	eoi(w, 0, GUEST, PPI(27));
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_ACTIVER0_EL2"), 0);
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
}

T(vctlr_en_0_has_no_virtual_hppi)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vdpend(w, 1, LPI(5), true);
	msr(w, 0, HOST, "ICH_VCTLR_EL2", 0);
	assert_int_equal(mrs(w, 0, HOST, "ICH_VCTLR_EL2"), 0);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	msr(w, 0, HOST, "ICH_VCTLR_EL2", 3);
	assert_int_equal(mrs(w, 0, HOST, "ICH_VCTLR_EL2"), 1);
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
}

T(guest_mask_and_enable_gate_the_virtual_hppi)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 8);
	vdpend(w, 1, LPI(5), true);
	msr(w, 0, GUEST, "ICC_PCR_EL1", 7);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	msr(w, 0, GUEST, "ICC_PCR_EL1", 8);
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
	msr(w, 0, GUEST, "ICC_CR0_EL1", 0);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
}

T(irsen_0_retracts_virtual_interrupts)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 8);
	vdpend(w, 1, LPI(5), true);
	wr32(w, CR0, 0);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	wr32(w, CR0, 1);
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
}

T(virtual_priority_0_raises_vinmi)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 0);
	vdpend(w, 1, LPI(5), true);
	assert_true(w->line[0][GICV5_LINE_VINMI]);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	w->nmi = true;
	assert_int_equal(ack(w, 0, GUEST), 0);
	assert_int_equal(mrs(w, 0, GUEST, "GICR_CDNMIA"), VALID | LPI(5));
}

T(guest_instructions_act_on_its_own_interrupts)
{
	W;
	vcpu_load(w, 0, 1, 0);
	msr(w, 0, GUEST, "GIC_CDPRI", LPI(5) | 4ull << 35);
	msr(w, 0, GUEST, "GIC_CDAFF", LPI(5) | 0ull << 32);
	msr(w, 0, GUEST, "GIC_CDEN", LPI(5));
	msr(w, 0, GUEST, "GIC_CDHM", LPI(5) | CDHM_HM);
	msr(w, 0, GUEST, "GIC_CDPEND", LPI(5) | BIT(32));
	assert_int_equal(ram32(w, w->lpi_ist + 20), 4 << 11 | 0xd);
	assert_int_equal(ram32(w, w->ist + 20), 0);
	assert_int_equal(ack(w, 0, GUEST), VALID | LPI(5));
	assert_int_equal(ram32(w, w->lpi_ist + 20), 4 << 11 | 0xf);
	eoi(w, 0, GUEST, LPI(5));
	msr(w, 0, GUEST, "GIC_CDDIS", LPI(5));
	assert_int_equal(ram32(w, w->lpi_ist + 20), 4 << 11 | 0x5);
	msr(w, 0, GUEST, "GIC_CDRCFG", LPI(5));
	assert_int_equal(mrs(w, 0, GUEST, "ICC_ICSR_EL1"), 4 << 11 | ICSR_HM | ICSR_PENDING);
	assert_int_equal(rcfg(w, LPI(5)), 0);
}

T(guest_ipi_reaches_another_vcpu)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vcpu_load(w, 1, 1, 1);
	vroute(w, 0, LPI(9), 1, 4);
	msr(w, 0, GUEST, "GIC_CDPEND", LPI(9) | BIT(32));
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	assert_true(w->line[1][GICV5_LINE_VIRQ]);
	assert_int_equal(ack(w, 1, GUEST), VALID | LPI(9));
}

T(without_resident_vpe_instructions_are_nops)
{
	W;
	msr(w, 0, GUEST, "GIC_CDPEND", LPI(5) | BIT(32));
	msr(w, 0, HOST, "GIC_VDEN", LPI(5));
	msr(w, 0, HOST, "GIC_VDDI", LPI(5));
	assert_int_equal(ram32(w, w->lpi_ist + 20), 0);
	msr(w, 0, GUEST, "GIC_CDRCFG", LPI(5));
	assert_int_equal(mrs(w, 0, GUEST, "ICC_ICSR_EL1"), ICSR_F);
	msr(w, 0, HOST, "GIC_VDRCFG", LPI(5));
	assert_int_equal(mrs(w, 0, HOST, "ICC_ICSR_EL1"), ICSR_F);
}

T(vdpend_reaches_a_vm_that_is_not_resident)
{
	W;
	vdpend(w, 1, LPI(5), true);
	assert_int_equal(ram32(w, w->lpi_ist + 20), 1);
	vdpend(w, 1, LPI(5), false);
	assert_int_equal(ram32(w, w->lpi_ist + 20), 0);
	vdpend(w, 1, SPI(6), true);
	assert_int_equal(ram32(w, w->spi_ist + 24), 1);
}

T(vdpend_leaves_hm_alone)
{
	W;
	vcpu_load(w, 0, 1, 0);
	msr(w, 0, HOST, "GIC_VDHM", SPI(6) | CDHM_HM);
	vdpend(w, 1, SPI(6), true);
	assert_int_equal(ram32(w, w->spi_ist + 24), 5);
}

T(vdpend_to_nowhere_is_ignored)
{
	W;
	vdpend(w, 2, LPI(5), true);
	vdpend(w, 0xffff, LPI(5), true);
	vdpend(w, 1, PPI(5), true);
	vdpend(w, 1, LPI(64), true);
	assert_int_equal(ram32(w, w->lpi_ist + 20), 0);
}

T(vd_instructions_take_the_vm_of_the_resident_vpe)
{
	W;
	uint64_t ist1 = w->lpi_ist;

	vm_start(w, 2);
	vcpu_load(w, 0, 1, 0);
	vcpu_load(w, 1, 2, 0);
	msr(w, 1, HOST, "GIC_VDEN", LPI(5));
	assert_int_equal(ram32(w, ist1 + 20), 0);
	assert_int_equal(ram32(w, w->lpi_ist + 20), 8);
	msr(w, 1, HOST, "GIC_VDDIS", LPI(5));
	assert_int_equal(ram32(w, w->lpi_ist + 20), 0);
}

T(virtual_affinity_to_an_absent_vpe_waits_for_it)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0x1234, 3);
	vdpend(w, 1, LPI(5), true);
	assert_int_equal(ram32(w, w->lpi_ist + 20) >> 16, 0x1234);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	msr(w, 0, HOST, "GIC_VDAFF", LPI(5));
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
}

T(vpe_hppir_shows_the_irs_candidate)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 2, 9);
	vroute(w, 0, SPI(6), 2, 8);
	select_vpe(w, 1, 2);
	assert_int_equal(rd64(w, VPE_HPPIR), 0);
	vdpend(w, 1, LPI(5), true);
	assert_int_equal(rd64(w, VPE_HPPIR), VALID | LPI(5));
	vdpend(w, 1, SPI(6), true);
	assert_int_equal(rd64(w, VPE_HPPIR), VALID | SPI(6));
	wr64(w, VMAP_VMR, 1 | UNMAP);
	assert_int_equal(rd64(w, VPE_HPPIR), 0);
}

/* --- SPIs of a VM ------------------------------------------------------------- */

static void spi_to_vm(struct world *w, uint32_t spi, unsigned int vm, bool virt)
{
	wr32(w, SPI_SELR, spi);
	wr64(w, SPI_VMR, vm | (virt ? BIT(63) : 0));
}

T(spi_vmr_sends_events_to_the_vm)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, SPI(4), 0, 3);
	spi_to_vm(w, 4, 1, true);
	assert_int_equal(rd64(w, SPI_VMR), 1 | BIT(63));
	spi_wire(w, 4, true);
	assert_int_equal(ack(w, 0, GUEST), VALID | SPI(4));
	assert_int_equal(rcfg(w, SPI(4)), ICSR_F);
}

T(spi_vmr_makes_the_physical_spi_unreachable)
{
	W;
	route(w, SPI(4), 0, 3);
	pend(w, SPI(4));
	assert_true(w->line[0][GICV5_LINE_IRQ]);
	spi_to_vm(w, 4, 1, true);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	spi_to_vm(w, 4, 1, false);
	assert_true(w->line[0][GICV5_LINE_IRQ]);
}

T(level_spi_of_a_vm_follows_the_wire)
{
	W;
	spi_trigger(w, 4, true);
	spi_wire(w, 4, true);
	spi_to_vm(w, 4, 1, true);
	assert_int_equal(ram32(w, w->spi_ist + 16), 5);
	spi_wire(w, 4, false);
	assert_int_equal(ram32(w, w->spi_ist + 16), 4);
	spi_wire(w, 4, true);
	spi_trigger(w, 4, false);
	assert_int_equal(ram32(w, w->spi_ist + 16) & 1, 0);
	spi_to_vm(w, 4, 1, false);
	spi_trigger(w, 4, true);
	assert_true(rcfg(w, SPI(4)) & ICSR_PENDING);
}

T(spi_events_for_an_invalid_vm_are_lost)
{
	W;
	spi_to_vm(w, 4, 9, true);
	spi_wire(w, 4, true);
	spi_trigger(w, 4, true);
	spi_trigger(w, 4, false);
	spi_to_vm(w, 4, 0, false);
	assert_int_equal(rcfg(w, SPI(4)), 0);
}

/* --- direct injection ----------------------------------------------------------- */

static void guest_ppi(struct world *w, unsigned int ppi, unsigned int prio)
{
	msr(w, 0, HOST, "ICH_VMCR_EL2", 31u << 27 | 1);
	msr(w, 0, GUEST, "ICC_PPI_ENABLER0_EL1",
	    mrs(w, 0, GUEST, "ICC_PPI_ENABLER0_EL1") | BIT(ppi));
	msr(w, 0, GUEST, ppi < 8 ? "ICC_PPI_PRIORITYR0_EL1" : "ICC_PPI_PRIORITYR3_EL1",
	    (uint64_t)prio << 8 * (ppi % 8));
}

T(dvi_pending_is_the_physical_pending)
{
	W;
	guest_ppi(w, 27, 4);
	msr(w, 0, HOST, "ICH_PPI_DVIR0_EL2", BIT(27));
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_DVIR0_EL2"), BIT(27));
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	ppi_wire(w, 0, 27, true);
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
	assert_int_equal(mrs(w, 0, GUEST, "ICC_PPI_SPENDR0_EL1"), BIT(27));
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_PENDR0_EL2"), 0);
	assert_int_equal(ack(w, 0, GUEST), VALID | PPI(27));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SACTIVER0_EL1"), 0);
	ppi_wire(w, 0, 27, false);
	eoi(w, 0, GUEST, PPI(27));
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
}

T(dvi_ignores_pendr)
{
	W;
	guest_ppi(w, 27, 4);
	msr(w, 0, HOST, "ICH_PPI_PENDR0_EL2", BIT(27));
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
	msr(w, 0, HOST, "ICH_PPI_DVIR0_EL2", BIT(27));
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_PENDR0_EL2"), BIT(27));
}

T(dvi_of_an_edge_ppi_is_an_alias)
{
	W;
	guest_ppi(w, 3, 4);
	msr(w, 0, HOST, "ICH_PPI_DVIR0_EL2", BIT(3));
	msr(w, 0, GUEST, "ICC_PPI_SPENDR0_EL1", BIT(3));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SPENDR0_EL1"), BIT(3));
	msr(w, 0, GUEST, "ICC_PPI_CPENDR0_EL1", BIT(3));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SPENDR0_EL1"), 0);
	msr(w, 0, HOST, "ICC_PPI_SPENDR0_EL1", BIT(3));
	assert_int_equal(ack(w, 0, GUEST), VALID | PPI(3));
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SPENDR0_EL1"), 0);
	assert_int_equal(mrs(w, 0, HOST, "ICC_PPI_SACTIVER0_EL1"), 0);
}

T(dvi_under_nv_goes_to_the_el2_timers)
{
	W;
	struct gicv5_cpu_ctx nv = { .el = 1, .el2_enabled = true, .imo = true, .nv = true };

	guest_ppi(w, 28, 4);
	msr(w, 0, HOST, "ICH_PPI_DVIR0_EL2", BIT(27) | BIT(26));
	ppi_wire(w, 0, 27, true);
	assert_int_equal(mrs(w, 0, GUEST, "ICC_PPI_SPENDR0_EL1"), BIT(27));
	gicv5_pe_context_changed(w->g, 0, &nv);
	gicv5_pe_context_changed(w->g, 0, &nv);
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
	ppi_wire(w, 0, 26, true);
	assert_int_equal(gicv5_sysreg_read(w->g, 0, &nv, enc("ICC_PPI_SPENDR0_EL1")), BIT(28));
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_DVIR0_EL2"), BIT(27) | BIT(26));
	nv.nv1 = true;
	assert_int_equal(gicv5_sysreg_read(w->g, 0, &nv, enc("ICC_PPI_SPENDR0_EL1")),
			 BIT(27) | BIT(26));
}

T(implemented_virtual_ppis_can_be_found)
{
	W;
	msr(w, 0, HOST, "ICH_PPI_ENABLER0_EL2", ~0ull);
	msr(w, 0, HOST, "ICH_PPI_ENABLER1_EL2", ~0ull);
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_ENABLER0_EL2"), w->cfg.ppi[0]);
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_ENABLER1_EL2"), 0);
	msr(w, 0, HOST, "ICH_PPI_ACTIVER0_EL2", ~0ull);
	msr(w, 0, HOST, "ICH_PPI_DVIR1_EL2", ~0ull);
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_ACTIVER0_EL2"), w->cfg.ppi[0]);
	assert_int_equal(mrs(w, 0, HOST, "ICH_PPI_DVIR1_EL2"), 0);
}

/* --- save, VM selection --------------------------------------------------------- */

static uint64_t save(struct world *w, uint64_t vm, uint64_t bits)
{
	wr64(w, SAVE_VMR, vm | bits);
	return rd32(w, SAVE_VM_STATUSR);
}

T(save_then_query_tells_if_anything_changed)
{
	W;
	assert_int_equal(save(w, 1, SAVE_Q), STATUSR_IDLE);
	assert_int_equal(save(w, 1, SAVE_S), STATUSR_IDLE);
	assert_int_equal(save(w, 1, SAVE_Q), STATUSR_IDLE | SAVE_STATUSR_Q);
	vdpend(w, 1, LPI(5), true);
	assert_int_equal(save(w, 1, SAVE_Q), STATUSR_IDLE);
	assert_int_equal(save(w, 1, SAVE_S), STATUSR_IDLE);
	vdpend(w, 1, LPI(5), true);	/* pending already: nothing changes */
	assert_int_equal(save(w, 1, SAVE_Q), STATUSR_IDLE | SAVE_STATUSR_Q);
}

T(save_of_bad_requests_is_not_quiescent)
{
	W;
	save(w, 1, SAVE_S);
	assert_int_equal(save(w, 1, SAVE_S | SAVE_Q), STATUSR_IDLE);
	assert_int_equal(save(w, 2, SAVE_Q), STATUSR_IDLE);
	assert_int_equal(save(w, 1, 0), STATUSR_IDLE);
}

T(vm_dbr_belongs_to_the_selected_vm)
{
	W;
	wr32(w, VM_SELR, 1);
	wr64(w, VM_DBR, BIT(63) | 2);
	assert_int_equal(rd64(w, VM_DBR), BIT(63) | 2);
	wr32(w, VM_SELR, 5);
	assert_int_equal(rd64(w, VM_DBR), 0);
	wr64(w, VM_DBR, BIT(63) | 3);
	wr32(w, VM_SELR, 1);
	assert_int_equal(rd64(w, VM_DBR), BIT(63) | 2);
}

T(half_writes_select_with_the_half_that_triggers)
{
	W;
	wr32(w, VPE_SELR, 1);			/* S = 0: nothing is selected yet */
	assert_int_equal(rd32(w, VPE_STATUSR) & STATUSR_V, STATUSR_V);
	wr32(w, VPE_SELR + 4, 3 | BIT(31));
	assert_int_equal(rd32(w, VPE_STATUSR), STATUSR_IDLE | STATUSR_V);
	assert_int_equal(rd64(w, VPE_DBR), (DB_LPI + 3) | BIT(63));
	wr32(w, VPE_DBR, 77);
	assert_int_equal(rd64(w, VPE_DBR), 77 | BIT(63));
	wr32(w, VPE_DBR + 4, 0);
	assert_int_equal(rd64(w, VPE_DBR), 77);
	assert_int_equal(rd32(w, VPE_DBR), 77);
	wr32(w, VMAP_VMR, 1);
	wr32(w, VMAP_VMR + 4, BIT(31) | BIT(30));
	assert_int_equal(ram64(w, w->vmte) & 1, 0);
}

T(vpe_writes_after_the_vpe_became_invalid_clear_v)
{
	W;
	select_vpe(w, 1, 0);
	wr64(w, VMAP_VMR, 1 | UNMAP);
	assert_int_equal(rd32(w, VPE_STATUSR), STATUSR_IDLE | STATUSR_V);
	wr64(w, VPE_DBR, BIT(63) | 9);
	assert_int_equal(rd32(w, VPE_STATUSR), STATUSR_IDLE);
	wr32(w, VPE_CR0, 1);
	assert_int_equal(rd32(w, VPE_CR0), 0);
}

T(vpe_cr0_is_kept_until_the_vpe_becomes_valid_again)
{
	W;
	select_vpe(w, 1, 0);
	assert_int_equal(rd32(w, VPE_CR0), 1);
	wr32(w, VPE_CR0, 0);
	select_vpe(w, 1, 1);
	assert_int_equal(rd32(w, VPE_CR0), 1);
	select_vpe(w, 1, 0);
	assert_int_equal(rd32(w, VPE_CR0), 0);
}

T(memory_errors_stop_each_step)
{
	W;
	vmt_start(w);
	for (unsigned int i = 1; i <= 4; i++) {
		vm_prepare(w, i);
		w->fail_reads = i;
		wr64(w, VMAP_VMR, i | MAP);
		wr32(w, VM_SELR, i);
		assert_int_equal(rd32(w, VM_STATUSR), STATUSR_IDLE);
	}
	vm_prepare(w, 5);
	w->fail_reads = 0;
	w->fail_writes = 1;
	wr64(w, VMAP_VMR, 5 | MAP);
	wr32(w, VM_SELR, 5);
	assert_int_equal(rd32(w, VM_STATUSR), STATUSR_IDLE);
	wr64(w, VMAP_VMR, 5 | MAP);
	w->fail_reads = 1;
	wr64(w, VMAP_VPER, 0 | 5ull << 32 | MAP);
	w->fail_writes = 1;
	wr64(w, VMAP_VPER, 0 | 5ull << 32 | MAP);
	select_vpe(w, 5, 0);
	assert_int_equal(rd32(w, VPE_STATUSR), STATUSR_IDLE);
	w->fail_reads = 1;
	wr64(w, VMAP_VISTR, 2ull << 29 | 5ull << 32 | MAP);
	w->fail_writes = 1;
	wr64(w, VMAP_VISTR, 2ull << 29 | 5ull << 32 | MAP);
	assert_int_equal(ram64(w, w->vmte + 16) & 1, 0);
	vdpend(w, 5, LPI(1), true);
	assert_int_equal(ram32(w, w->lpi_ist + 4), 0);
	wr64(w, VMAP_VISTR, 2ull << 29 | 5ull << 32 | MAP);
	vdpend(w, 5, LPI(1), true);
	assert_int_equal(ram32(w, w->lpi_ist + 4), 1);
}

T(acknowledge_with_a_memory_error_takes_nothing)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vdpend(w, 1, LPI(5), true);
	w->no_check = true;
	w->fail_writes = 1;
	assert_int_equal(ack(w, 0, GUEST), 0);
	assert_int_equal(mrs(w, 0, HOST, "ICH_APR_EL2"), 0);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
	vdpend(w, 1, LPI(5), true);
	assert_true(w->line[0][GICV5_LINE_VIRQ]);
	w->fail_reads = 1;
	assert_int_equal(ack(w, 0, GUEST), 0);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
}

T(acknowledge_believes_memory)
{
	W;
	vcpu_load(w, 0, 1, 0);
	vroute(w, 0, LPI(5), 0, 3);
	vdpend(w, 1, LPI(5), true);
	w->no_check = true;
	ram_set32(w, w->lpi_ist + 20, 0);
	assert_int_equal(ack(w, 0, GUEST), 0);
	assert_false(w->line[0][GICV5_LINE_VIRQ]);
}

#define V(name)	cmocka_unit_test_setup_teardown(name, setup_vm, teardown)
#define H(name)	cmocka_unit_test_setup_teardown(name, setup_host, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		V(map_operations_set_valid_in_memory),
		V(unmap_vm_clears_valid_and_drops_everything),
		V(vm_can_be_made_valid_again),
		V(vm_takes_ists_and_vpes_that_software_made_valid),
		V(valid_set_by_hand_is_not_valid),
		V(map_with_m_0_has_no_effect),
		V(map_of_bad_ids_has_no_effect),
		V(unmap_vist_clears_valid),
		V(vmt_invalid_drops_all_vms),
		H(two_level_vmt),
		H(two_level_virtual_ist),
		H(vm_fields_beyond_the_idrs_are_clamped),
		V(residency_of_a_valid_vpe),
		V(residency_fails_for_what_is_not_valid),
		H(residency_fails_without_a_vmt),
		V(residency_fails_while_resident_elsewhere),
		V(residency_moves_from_one_vpe_to_another),
		V(irichppidis_hides_the_irs_but_not_ppis),
		V(vddi_leaves_ppis_alone),
		V(retracted_on_non_residency_and_active_stays),
		V(reset_of_a_pe_ends_residency_silently),
		V(gicv5_reset_forgets_vms),
		H(guest_registers_are_the_ich_registers),
		H(icsr_is_shared_by_host_and_guest),
		H(virtual_ppis_need_no_residency),
		V(vctlr_en_0_has_no_virtual_hppi),
		V(guest_mask_and_enable_gate_the_virtual_hppi),
		V(irsen_0_retracts_virtual_interrupts),
		V(virtual_priority_0_raises_vinmi),
		V(guest_instructions_act_on_its_own_interrupts),
		V(guest_ipi_reaches_another_vcpu),
		V(without_resident_vpe_instructions_are_nops),
		V(vdpend_reaches_a_vm_that_is_not_resident),
		V(vdpend_leaves_hm_alone),
		V(vdpend_to_nowhere_is_ignored),
		V(vd_instructions_take_the_vm_of_the_resident_vpe),
		V(virtual_affinity_to_an_absent_vpe_waits_for_it),
		V(vpe_hppir_shows_the_irs_candidate),
		V(spi_vmr_sends_events_to_the_vm),
		V(spi_vmr_makes_the_physical_spi_unreachable),
		V(level_spi_of_a_vm_follows_the_wire),
		V(spi_events_for_an_invalid_vm_are_lost),
		H(dvi_pending_is_the_physical_pending),
		H(dvi_ignores_pendr),
		H(dvi_of_an_edge_ppi_is_an_alias),
		H(dvi_under_nv_goes_to_the_el2_timers),
		H(implemented_virtual_ppis_can_be_found),
		V(save_then_query_tells_if_anything_changed),
		V(save_of_bad_requests_is_not_quiescent),
		V(vm_dbr_belongs_to_the_selected_vm),
		V(half_writes_select_with_the_half_that_triggers),
		V(vpe_writes_after_the_vpe_became_invalid_clear_v),
		V(vpe_cr0_is_kept_until_the_vpe_becomes_valid_again),
		H(memory_errors_stop_each_step),
		V(acknowledge_with_a_memory_error_takes_nothing),
		V(acknowledge_believes_memory),
	};

	return cmocka_run_group_tests_name("virt", tests, NULL, NULL);
}
