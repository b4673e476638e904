// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupt state tables: shapes, entry sizes, clamps, faults. */
#include "world.h"

#define T(name)	static void name(void **state)
#define W	struct world *w = *state

/* Open PE 0 and the IRS, without an IST. */
static void open_pe(struct world *w)
{
	wr32(w, CR0, 1);
	msr(w, 0, HOST, "ICC_CR0_EL1", 1);
	msr(w, 0, HOST, "ICC_PCR_EL1", 31);
}

static struct world *world_with(void (*change)(struct gicv5_config *cfg))
{
	struct gicv5_config cfg;
	struct world *w;

	world_config(&cfg);
	if (change)
		change(&cfg);
	w = world_new(&cfg);
	open_pe(w);
	return w;
}

/* Take LPI @id through its life; its ISTE must be at @addr. */
static void lpi_works_at(struct world *w, uint32_t id, uint64_t addr)
{
	route(w, LPI(id), 0, 6);
	assert_int_equal(ram32(w, addr), 6 << 11 | 8);
	pend(w, LPI(id));
	assert_int_equal(ram32(w, addr), 6 << 11 | 8 | 1);
	assert_int_equal(ack(w, 0, HOST), VALID | LPI(id));
	assert_int_equal(ram32(w, addr), 6 << 11 | 8 | 2);
	eoi(w, 0, HOST, LPI(id));
	assert_int_equal(ram32(w, addr), 6 << 11 | 8);
	msr(w, 0, HOST, "GIC_CDDIS", LPI(id));
}

T(without_an_ist_lpis_are_unreachable)
{
	W;
	open_pe(w);
	assert_int_equal(rcfg(w, LPI(0)), ICSR_F);
	pend(w, LPI(0));
	assert_int_equal(ack(w, 0, HOST), 0);
}

T(linear_ist_of_each_entry_size)
{
	(void)state;
	for (unsigned int istsz = 0; istsz < 3; istsz++) {
		struct world *w = world_with(NULL);
		uint64_t ist = ram_alloc(w, 4096u << (2 + istsz));

		wr32(w, IST_CFGR, 12 | istsz << 7);
		wr64(w, IST_BASER, ist | 1);
		lpi_works_at(w, 0, ist);
		lpi_works_at(w, 1, ist + (4u << istsz));
		lpi_works_at(w, 4095, ist + (4095ull << (2 + istsz)));
		assert_int_equal(rcfg(w, LPI(4096)), ICSR_F);
		world_free(w);
	}
}

T(two_level_ist_of_each_shape)
{
	(void)state;
	for (unsigned int shape = 0; shape < 9; shape++) {
		unsigned int istsz = shape % 3, l2sz = shape / 3;
		unsigned int l2bits = 10 - istsz + 2 * l2sz;
		struct world *w = world_with(NULL);
		uint64_t l1 = ram_alloc(w, 8u << (14 - 8)), l2;
		uint32_t id = l2bits < 14 ? 1u << l2bits : 0;

		l2 = ram_alloc(w, 4096u << 2 * l2sz);
		wr32(w, IST_CFGR, 14 | l2sz << 5 | istsz << 7 | 1 << 16);
		ram_set64(w, l1 + 8 * (id >> l2bits), l2);
		wr64(w, IST_BASER, l1 | 1);
		assert_int_equal(rcfg(w, LPI(id)), ICSR_F);
		wr32(w, MAP_L2_ISTR, id + 5);
		assert_int_equal(ram64(w, l1 + 8 * (id >> l2bits)), l2 | 1);
		lpi_works_at(w, id, l2);
		lpi_works_at(w, id + 3, l2 + (12u << istsz));
		if (l2bits < 14)
			assert_int_equal(rcfg(w, LPI(0)), ICSR_F);
		world_free(w);
	}
}

T(map_l2_istr_is_ignored_where_it_makes_no_sense)
{
	W;
	uint64_t l1 = ram_alloc(w, 128), l2 = ram_alloc(w, 4096);

	wr32(w, MAP_L2_ISTR, 0);		/* no IST */
	wr32(w, IST_CFGR, 12);
	wr64(w, IST_BASER, l1 | 1);
	wr32(w, MAP_L2_ISTR, 0);		/* linear */
	assert_int_equal(ram64(w, l1), 0);
	wr64(w, IST_BASER, 0);
	wr32(w, IST_CFGR, 12 | 1 << 16);
	ram_set64(w, l1 + 8, l2 | 1);
	wr64(w, IST_BASER, l1 | 1);
	wr32(w, MAP_L2_ISTR, 1024);		/* valid already: valid it stays */
	assert_int_equal(ram64(w, l1 + 8), l2 | 1);
	wr32(w, MAP_L2_ISTR, 4096);		/* out of range */
	open_pe(w);
	lpi_works_at(w, 1024, l2);
}

T(ist_cfgr_is_frozen_while_valid)
{
	W;
	uint64_t ist = ram_alloc(w, 4096);

	wr32(w, IST_CFGR, 10);
	wr64(w, IST_BASER, ist | 1);
	wr32(w, IST_CFGR, 8);
	assert_int_equal(rd32(w, IST_CFGR), 10);
	wr64(w, IST_BASER, 0x12345000 | 1);
	assert_int_equal(rd64(w, IST_BASER), ist | 1);
	wr64(w, IST_BASER, 0x12345000);
	assert_int_equal(rd64(w, IST_BASER), ist);
	wr32(w, IST_CFGR, ~0u);
	assert_int_equal(rd32(w, IST_CFGR), 0x101ff);
}

T(ist_base_is_aligned_down)
{
	W;
	uint64_t ist = ram_alloc(w, 4096);

	open_pe(w);
	wr32(w, IST_CFGR, 10);
	wr64(w, IST_BASER, (ist + 0x40) | 1);
	lpi_works_at(w, 1, ist + 4);
}

T(half_writes_of_ist_baser)
{
	W;
	uint64_t ist = ram_alloc(w, 4096);

	open_pe(w);
	wr32(w, IST_CFGR, 10);
	wr32(w, IST_BASER + 4, ist >> 32);
	wr32(w, IST_BASER, (ist & 0xffffffff) | 1);
	assert_int_equal(rd32(w, IST_BASER), (ist & 0xffffffff) | 1);
	lpi_works_at(w, 1, ist + 4);
}

T(id_bits_are_clamped)
{
	W;
	uint64_t ist = ram_alloc(w, 4u << 14);

	wr32(w, IST_CFGR, 24);
	wr64(w, IST_BASER, ist | 1);
	assert_int_equal(rcfg(w, LPI(16383)), 0);
	assert_int_equal(rcfg(w, LPI(16384)), ICSR_F);
	wr64(w, IST_BASER, 0);
	wr32(w, IST_CFGR, 0);
	wr64(w, IST_BASER, ist | 1);
	assert_int_equal(rcfg(w, LPI(255)), 0);
	assert_int_equal(rcfg(w, LPI(256)), ICSR_F);
}

static void with_metadata(struct gicv5_config *cfg)
{
	cfg->istmd = true;
	cfg->istmd_sz = 12;
}

T(metadata_needs_larger_entries)
{
	struct world *w = world_with(with_metadata);
	uint64_t ist = ram_alloc(w, 4096 * 16);

	(void)state;
	wr32(w, IST_CFGR, 11);			/* < 12 bits: 8 bytes at least */
	wr64(w, IST_BASER, ist | 1);
	lpi_works_at(w, 3, ist + 24);
	wr64(w, IST_BASER, 0);
	wr32(w, IST_CFGR, 12 | 1 << 7);		/* 12 bits: 16 bytes */
	wr64(w, IST_BASER, ist | 1);
	lpi_works_at(w, 4, ist + 64);
	world_free(w);
}

T(reserved_istsz_and_l2sz)
{
	W;
	uint64_t l1 = ram_alloc(w, 128), l2 = ram_alloc(w, 4096);

	open_pe(w);
	wr32(w, IST_CFGR, 12 | 3 << 5 | 3 << 7 | 1 << 16);
	ram_set64(w, l1 + 8, l2);
	wr64(w, IST_BASER, l1 | 1);
	wr32(w, MAP_L2_ISTR, 1024);
	lpi_works_at(w, 1025, l2 + 4);
}

static void without_levels(struct gicv5_config *cfg)
{
	cfg->ist_levels = false;
}

T(structure_is_ignored_without_levels)
{
	struct world *w = world_with(without_levels);
	uint64_t ist = ram_alloc(w, 4096);

	(void)state;
	wr32(w, IST_CFGR, 10 | 1 << 16);
	wr64(w, IST_BASER, ist | 1);
	lpi_works_at(w, 9, ist + 36);
	world_free(w);
}

T(active_enable_and_routing_survive_validation)
{
	W;
	uint64_t ist = ram_alloc(w, 4096);

	open_pe(w);
	ram_set32(w, ist + 20, 3u << 16 | 7 << 11 | 0x1e);	/* IAFFID 3, IRM too */
	wr32(w, IST_CFGR, 10);
	wr64(w, IST_BASER, ist | 1);
	assert_int_equal(rcfg(w, LPI(5)), 3ull << 32 | 7 << 11 | ICSR_HM | ICSR_ACTIVE |
			 ICSR_ENABLED);
	assert_int_equal(ack(w, 0, HOST), 0);
}

T(invalid_ist_takes_its_candidates_along)
{
	W;
	uint64_t ist = ram_alloc(w, 4096);

	open_pe(w);
	wr32(w, IST_CFGR, 10);
	wr64(w, IST_BASER, ist | 1);
	route(w, LPI(5), 0, 7);
	route(w, LPI(6), 0, 7);
	pend(w, LPI(5));
	pend(w, LPI(6));
	assert_true(w->line[0][GICV5_LINE_IRQ]);
	wr64(w, IST_BASER, 0);
	assert_false(w->line[0][GICV5_LINE_IRQ]);
	assert_int_equal(ram32(w, ist + 20), 7 << 11 | 9);
	assert_int_equal(rd32(w, IST_STATUSR), STATUSR_IDLE);
	wr64(w, IST_BASER, 0);
}

/* --- faults and software errors ------------------------------------------------ */

T(a_failing_iste_has_no_effect_and_is_recorded)
{
	W;
	uint64_t ist = ram_alloc(w, 4096);

	open_pe(w);
	wr32(w, IST_CFGR, 10);
	wr64(w, IST_BASER, ist | 1);
	w->fail_reads = 1;
	pend(w, LPI(5));
	assert_int_equal(ram32(w, ist + 20), 0);
	assert_int_equal(rd64(w, SWERR_STATUSR), SWERR_V | SWERR_S0V | SWERR_S1V |
			 FIELD_PREP(SWERR_EC, SWERR_EC_L2_ISTE));
	assert_int_equal(rd64(w, SWERR_SYNDROMER0), 2ull << 60 | 5ull << 32);
	assert_int_equal(rd64(w, SWERR_SYNDROMER1), (ist + 20) & ~7ull);
	w->fail_writes = 1;
	pend(w, LPI(6));
	assert_true(rd64(w, SWERR_STATUSR) & SWERR_OF);
	assert_int_equal(rd64(w, SWERR_SYNDROMER0), 2ull << 60 | 5ull << 32);
	wr64(w, SWERR_STATUSR, SWERR_OF);
	assert_int_equal(rd64(w, SWERR_STATUSR) & 0xf, 7);
	wr64(w, SWERR_STATUSR, 0xf);
	assert_int_equal(rd64(w, SWERR_STATUSR), 0);
}

T(a_failing_l1_iste_is_recorded)
{
	W;
	uint64_t l1 = ram_alloc(w, 128);

	wr32(w, IST_CFGR, 12 | 1 << 16);
	wr64(w, IST_BASER, l1 | 1);
	w->fail_addr = l1 + 8;
	assert_int_equal(rcfg(w, LPI(1024)), ICSR_F);
	assert_int_equal(FIELD_GET(SWERR_EC, rd64(w, SWERR_STATUSR)), SWERR_EC_L1_ISTE);
	wr64(w, SWERR_STATUSR, 0xf);
	wr32(w, MAP_L2_ISTR, 1024);
	assert_int_equal(rd64(w, SWERR_STATUSR) & SWERR_V, SWERR_V);
	assert_int_equal(FIELD_GET(SWERR_EC, rd64(w, SWERR_STATUSR)), SWERR_EC_MAP_L1_ISTE);
	wr64(w, SWERR_STATUSR, 0xf);
	w->fail_addr = 0;
	w->fail_writes = 1;
	wr32(w, MAP_L2_ISTR, 1024);
	assert_int_equal(FIELD_GET(SWERR_EC, rd64(w, SWERR_STATUSR)), SWERR_EC_MAP_L1_ISTE);
	assert_int_equal(ram64(w, l1 + 8), 0);
}

T(virtual_errors_name_the_vm)
{
	W;
	vm_start(w, 1);
	w->fail_reads = 1;
	vdpend(w, 1, SPI(5), true);
	assert_int_equal(rd64(w, SWERR_SYNDROMER0), BIT(63) | 3ull << 60 | 5ull << 32 | 1);
}

T(memory_outside_the_pa_range_is_not_touched)
{
	W;
	struct gicv5_stats a, b;

	wr32(w, IST_CFGR, 10);
	wr64(w, IST_BASER, BIT(50) | 1);
	gicv5_get_stats(w->g, &a);
	assert_int_equal(rcfg(w, LPI(5)), ICSR_F);
	gicv5_get_stats(w->g, &b);
	assert_int_equal(a.mem_reads, b.mem_reads);
	assert_true(b.mem_errors > a.mem_errors);
}

#define N(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
#define H(name)	cmocka_unit_test_setup_teardown(name, setup_host, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		N(without_an_ist_lpis_are_unreachable),
		cmocka_unit_test(linear_ist_of_each_entry_size),
		cmocka_unit_test(two_level_ist_of_each_shape),
		N(map_l2_istr_is_ignored_where_it_makes_no_sense),
		N(ist_cfgr_is_frozen_while_valid),
		N(ist_base_is_aligned_down),
		N(half_writes_of_ist_baser),
		N(id_bits_are_clamped),
		cmocka_unit_test(metadata_needs_larger_entries),
		N(reserved_istsz_and_l2sz),
		cmocka_unit_test(structure_is_ignored_without_levels),
		N(active_enable_and_routing_survive_validation),
		N(invalid_ist_takes_its_candidates_along),
		N(a_failing_iste_has_no_effect_and_is_recorded),
		N(a_failing_l1_iste_is_recorded),
		H(virtual_errors_name_the_vm),
		N(memory_outside_the_pa_range_is_not_touched),
	};

	return cmocka_run_group_tests_name("ist", tests, NULL, NULL);
}
