// SPDX-License-Identifier: GPL-2.0-or-later
/* IRS frame: identification, handshakes, selections, configurations. */
#include <string.h>

#include "world.h"

#define T(name)	static void name(void **state)
#define W	struct world *w = *state

T(identification)
{
	W;
	assert_int_equal(rd32(w, IDR0), 1 | 2 << 2 | BIT(6) | BIT(9) | BIT(12));
	assert_int_equal(rd32(w, IDR1), WORLD_PES | 15 << 16 | 4 << 20);
	assert_int_equal(rd32(w, IDR2), 14 | BIT(5) | 8 << 6 | BIT(10) | 7 << 11);
	assert_int_equal(rd32(w, IDR3), 8 << 5 | BIT(10));
	assert_int_equal(rd32(w, IDR4), 6 | 3 << 6);
	assert_int_equal(rd32(w, IDR5), 32);
	assert_int_equal(rd32(w, IDR6), 32);
	assert_int_equal(rd32(w, IDR7), 0);
	assert_int_equal(rd32(w, IIDR), 0);
	assert_int_equal(rd32(w, AIDR), 0);
	assert_int_equal(rd32(w, DEVARCH), 0x47705a19);
	assert_int_equal(rd32(w, CIDR0), 0x0d);
	assert_int_equal(rd32(w, CIDR0 + 4), 0xf0);
	assert_int_equal(rd32(w, CIDR0 + 8), 0x05);
	assert_int_equal(rd32(w, CIDR0 + 12), 0xb1);
}

T(identification_of_another_configuration)
{
	struct gicv5_config cfg;
	struct world *w;

	(void)state;
	world_config(&cfg);
	cfg.pa_bits = 48;
	cfg.setlpi = cfg.swe = cfg.vmt_levels = cfg.ist_levels = false;
	cfg.istmd = cfg.vmd = true;
	cfg.istmd_sz = 11;
	cfg.vmd_sz = 9;
	cfg.nr_spis = 10;
	cfg.spi_base = 100;
	cfg.pri_bits = 2;
	cfg.iaffid_bits = 3;
	w = world_new(&cfg);
	assert_int_equal(rd32(w, IDR0), 1 | 5 << 2 | BIT(6));
	assert_int_equal(rd32(w, IDR1), WORLD_PES | 2 << 16 | 1 << 20);
	assert_int_equal(rd32(w, IDR2), 14 | BIT(5) | 8 << 6 | 7 << 11 | BIT(14) | 11 << 15);
	assert_int_equal(rd32(w, IDR3), 1 | 9 << 1 | 8 << 5);
	assert_int_equal(rd32(w, IDR5), 110);
	assert_int_equal(rd32(w, IDR7), 100);
	wr64(w, SWERR_STATUSR, ~0ull);
	assert_int_equal(rd64(w, SWERR_STATUSR), 0);
	gicv5_irs_write(w->g, GICV5_FRAME_SETLPI, 0, 4, 0);
	wr32(w, SPI_SELR, 99);
	assert_int_equal(rd32(w, SPI_STATUSR), STATUSR_IDLE);
	wr32(w, SPI_SELR, 109);
	assert_int_equal(rd32(w, SPI_STATUSR), STATUSR_IDLE | STATUSR_V);
	world_free(w);
}

T(without_virt_the_virtualization_registers_are_raz_wi)
{
	struct gicv5_config cfg;
	struct world *w;

	(void)state;
	world_config(&cfg);
	cfg.virt = false;
	w = world_new(&cfg);
	host_start(w);
	for (unsigned int off = VMT_BASER; off < MEC_IDR; off += 4) {
		wr32(w, off, ~0u);
		assert_int_equal(rd32(w, off), 0);
	}
	assert_int_equal(rd32(w, IDR3), 0);
	assert_int_equal(rd32(w, IDR4), 0);
	assert_int_equal(rd64(w, SPI_VMR), 0);
	msr(w, 0, HOST, "ICH_CONTEXTR_EL2", contextr(0, 0));
	assert_true(mrs(w, 0, HOST, "ICH_CONTEXTR_EL2") & CONTEXTR_F);
	msr(w, 0, HOST, "GIC_VDPEND", LPI(0) | BIT(63));
	world_free(w);
}

T(cr0_and_cr1)
{
	W;
	wr32(w, CR0, ~0u);
	assert_int_equal(rd32(w, CR0), 3);
	wr32(w, CR0, 0);
	assert_int_equal(rd32(w, CR0), 2);
	wr32(w, CR1, 0xabcd1234);
	assert_int_equal(rd32(w, CR1), 0x1234);
	wr64(w, IST_BASER, ram_alloc(w, 4096) | 1);
	wr32(w, CR1, 0);
	assert_int_equal(rd32(w, CR1), 0x1234);
	wr64(w, IST_BASER, 0);
	wr32(w, CR1, 0);
	assert_int_equal(rd32(w, CR1), 0);
}

T(reserved_offsets_and_wrong_sizes_are_raz_wi)
{
	W;
	static const unsigned int odd[] = { 1, 2, 3, 6 };

	for (uint64_t off = 0; off < GICV5_FRAME_SIZE; off += 0x3c)
		gicv5_irs_write(w->g, GICV5_FRAME_CONFIG, off, 1, 0xff);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(gicv5_irs_read(w->g, GICV5_FRAME_CONFIG, IDR1, odd[i]), 0);
	assert_int_equal(rd64(w, IDR0), 0);
	assert_int_equal(rd32(w, 0x20), 0);
	assert_int_equal(rd32(w, 0xff00), 0);
	assert_int_equal(rd32(w, 2), 0);
	assert_int_equal(rd32(w, GICV5_FRAME_SIZE + IDR1), 0);
	assert_int_equal(gicv5_irs_read(w->g, GICV5_FRAME_CONFIG, 0, 0), 0);
	wr64(w, CR0, 1);
	assert_int_equal(rd32(w, CR0), 2);
	gicv5_irs_write(w->g, GICV5_FRAME_CONFIG, GICV5_FRAME_SIZE + CR0, 4, 1);
	assert_int_equal(rd32(w, CR0), 2);
	assert_int_equal(rd32(w, SPI_DOMAINR), 0);
	assert_int_equal(rd32(w, MEC_IDR), 0);
	assert_int_equal(rd32(w, MPAM_IDR), 0);
	check(w);
}

T(pe_selection)
{
	W;
	wr32(w, PE_SELR, WORLD_PES - 1);
	assert_int_equal(rd32(w, PE_STATUSR), STATUSR_IDLE | STATUSR_V | PE_STATUSR_ONLINE);
	wr32(w, PE_CR0, 1);
	assert_int_equal(rd32(w, PE_CR0), 0);
	wr32(w, PE_SELR, WORLD_PES);
	assert_int_equal(rd32(w, PE_STATUSR), STATUSR_IDLE);
}

T(spi_writes_without_a_selection_have_no_effect)
{
	W;
	wr32(w, SPI_CFGR, 1);
	wr32(w, SPI_SELR, 5);
	wr32(w, SPI_SELR, 32);
	assert_int_equal(rd32(w, SPI_STATUSR), STATUSR_IDLE);
	wr32(w, SPI_CFGR, 1);
	wr64(w, SPI_VMR, BIT(63));
	wr32(w, SPI_RESAMPLER, 32);
	assert_int_equal(rd32(w, SPI_CFGR), 0);
	assert_int_equal(rd64(w, SPI_VMR), 0);
	wr32(w, SPI_SELR, 5);
	assert_int_equal(rd32(w, SPI_CFGR), 0);
}

/* Register that starts an operation, value, status register. */
static const struct {
	unsigned int group, start, size;
	uint64_t value;
	unsigned int status, idle;
} groups[] = {
	{ GICV5_GROUP_CR0, CR0, 4, 1, CR0, 2 },
	{ GICV5_GROUP_SYNC, SYNCR, 4, BIT(31), SYNC_STATUSR, 1 },
	{ GICV5_GROUP_SPI, SPI_SELR, 4, 1, SPI_STATUSR, 1 },
	{ GICV5_GROUP_PE, PE_SELR, 4, 1, PE_STATUSR, 1 },
	{ GICV5_GROUP_IST, IST_BASER, 8, 0, IST_STATUSR, 1 },
	{ GICV5_GROUP_VMT, VMT_BASER, 8, 0, VMT_STATUSR, 1 },
	{ GICV5_GROUP_VMT, VMAP_VMR, 8, BIT(63), VMT_STATUSR, 1 },
	{ GICV5_GROUP_VPE, VPE_SELR, 8, BIT(63), VPE_STATUSR, 1 },
	{ GICV5_GROUP_VM, VM_SELR, 4, 1, VM_STATUSR, 1 },
	{ GICV5_GROUP_SAVE, SAVE_VMR, 8, BIT(63), SAVE_VM_STATUSR, 1 },
};

static void start(struct world *w, unsigned int i)
{
	gicv5_irs_write(w->g, GICV5_FRAME_CONFIG, groups[i].start, groups[i].size,
			groups[i].value);
}

T(idle_reads_1_at_once_by_default)
{
	W;
	for (unsigned int i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		start(w, i);
		assert_true(rd32(w, groups[i].status) & groups[i].idle);
	}
}

T(busy_polls_delay_idle_in_each_group)
{
	W;
	gicv5_set_busy_polls(w->g, ~0u, 0, 3);
	for (unsigned int i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		start(w, i);
		for (unsigned int polls = 0; polls < 3; polls++)
			assert_false(rd32(w, groups[i].status) & groups[i].idle);
		assert_true(rd32(w, groups[i].status) & groups[i].idle);
		assert_true(rd32(w, groups[i].status) & groups[i].idle);
	}
}

T(busy_for_ever_until_told_otherwise)
{
	W;
	gicv5_set_busy_polls(w->g, 1u << GICV5_GROUP_VMT, 0, GICV5_BUSY_FOREVER);
	wr64(w, VMAP_VMR, BIT(63));
	for (unsigned int i = 0; i < 1000; i++)
		assert_false(rd32(w, VMT_STATUSR) & STATUSR_IDLE);
	wr32(w, PE_SELR, 0);
	assert_true(rd32(w, PE_STATUSR) & STATUSR_IDLE);
	gicv5_set_busy_polls(w->g, 1u << GICV5_GROUP_VMT, 0, 0);
	assert_true(rd32(w, VMT_STATUSR) & STATUSR_IDLE);
}

T(busy_after_so_many_operations)
{
	W;
	gicv5_set_busy_polls(w->g, 1u << GICV5_GROUP_PE, 2, GICV5_BUSY_FOREVER);
	for (unsigned int i = 0; i < 2; i++) {
		wr32(w, PE_SELR, 0);
		assert_true(rd32(w, PE_STATUSR) & STATUSR_IDLE);
	}
	wr32(w, PE_SELR, 0);
	assert_false(rd32(w, PE_STATUSR) & STATUSR_IDLE);

	gicv5_set_busy_polls(w->g, 1u << GICV5_GROUP_PE, 2, 1);
	gicv5_reset(w->g);
	wr32(w, PE_SELR, 0);
	assert_false(rd32(w, PE_STATUSR) & STATUSR_IDLE);
	assert_true(rd32(w, PE_STATUSR) & STATUSR_IDLE);
}

T(busy_polls_survive_reset)
{
	struct gicv5_config cfg;
	struct world *w;

	(void)state;
	world_config(&cfg);
	cfg.busy_polls = 1;
	w = world_new(&cfg);
	gicv5_reset(w->g);
	wr32(w, SYNCR, BIT(31));
	assert_int_equal(rd32(w, SYNC_STATUSR), 0);
	assert_int_equal(rd32(w, SYNC_STATUSR), 1);
	world_free(w);
}

/* A change of one field makes the configuration bad, and the error names it. */
#define BAD(field, value, word) do {					\
	struct gicv5_config cfg_;					\
									\
	world_config(&cfg_);						\
	cfg_.field = value;						\
	assert_non_null(gicv5_config_error(&cfg_));			\
	assert_non_null(strstr(gicv5_config_error(&cfg_), word));	\
	assert_null(gicv5_create(&cfg_));				\
} while (0)

T(bad_configurations_are_refused)
{
	(void)state;
	BAD(ops.mem_read, NULL, "mem_read");
	BAD(ops.set_line, NULL, "set_line");
	BAD(nr_pes, 0, "nr_pes");
	BAD(nr_pes, 513, "nr_pes");
	BAD(iaffid_bits, 1, "iaffid_bits");
	BAD(iaffid_bits, 17, "iaffid_bits");
	BAD(pa_bits, 41, "pa_bits");
	BAD(pri_bits, 0, "pri_bits");
	BAD(pri_bits, 6, "pri_bits");
	BAD(icc_pri_bits, 3, "icc_pri_bits");
	BAD(icc_id_bits, 20, "icc_id_bits");
	BAD(nr_spis, (1u << 24) + 1, "spi");
	BAD(spi_base, 1u << 24, "spi_base");
	BAD(spi_range, 5, "spi_range");
	BAD(spi_range, (1u << 24) + 1, "spi_range");
	BAD(id_bits, 7, "id_bits");
	BAD(id_bits, 25, "id_bits");
	BAD(min_lpi_id_bits, 15, "min_lpi_id_bits");
	BAD(ist_l2sz, 0, "ist_l2sz");
	BAD(ist_l2sz, 8, "ist_l2sz");
	BAD(istmd_sz, 32, "istmd_sz");
	BAD(max_vcandidates, ~0u, "max_vcandidates");
	BAD(el2, false, "el2");
	BAD(vm_id_bits, 0, "vm_id_bits");
	BAD(vm_id_bits, 17, "vm_id_bits");
	BAD(vmd_sz, 13, "vmd_sz");
	BAD(vmd_sz, 2, "vmd_sz");
	BAD(vped_sz, 2, "vped_sz");
	BAD(vpe_id_bits, 16, "vpe_id_bits");
	BAD(vpe_id_bits, 15 + 0 * (cfg_.vm_id_bits = 16), "too many");
	gicv5_destroy(NULL);
}

#define N(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		N(identification),
		cmocka_unit_test(identification_of_another_configuration),
		cmocka_unit_test(without_virt_the_virtualization_registers_are_raz_wi),
		N(cr0_and_cr1),
		N(reserved_offsets_and_wrong_sizes_are_raz_wi),
		N(pe_selection),
		N(spi_writes_without_a_selection_have_no_effect),
		N(idle_reads_1_at_once_by_default),
		N(busy_polls_delay_idle_in_each_group),
		N(busy_for_ever_until_told_otherwise),
		N(busy_after_so_many_operations),
		N(busy_polls_survive_reset),
		cmocka_unit_test(bad_configurations_are_refused),
	};

	return cmocka_run_group_tests_name("irs", tests, NULL, NULL);
}
