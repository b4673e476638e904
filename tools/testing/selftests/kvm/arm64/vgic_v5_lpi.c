// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_v5_lpi.c - LPIs of a GICv5 guest
 *
 * There is no ITS, so LPIs are what the guest itself makes pending: IPIs. They
 * live in a table that the guest sets up and takes down, and that decides which
 * LPIs there are.
 */

#include <linux/kernel.h>

#include "delay.h"
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "vgic_v5.h"

#define NR_VCPUS	4
#define PRIO		GICV5_IRQ_DEFAULT_PRI

/* Where the guest says that its table is; nothing is ever written there. */
#define IST_ADDR	0x40000000ULL

static u32 min_bits, max_bits;

/* vCPUs besides the first do as this says. */
static u32 hammering;
static u32 hammered[NR_VCPUS];

static u32 level_runs;

static void guest_handler(struct ex_regs *regs)
{
	u32 intid = gicv5_irq_ack();

	gicv5_log_irq(intid);
	if (!intid)
		return;

	/* Only an LPI of which the guest has made a level comes back. */
	if (level_runs && !--level_runs)
		gicv5_irq_clear_pending(intid);

	gicv5_irq_deactivate(intid);
	gicv5_irq_drop_priority();
}

static void stage(const char *name)
{
	GUEST_SYNC1((u64)name);
}

static void print_stage(struct kvm_vcpu *vcpu, struct ucall *uc)
{
	pr_info("  %s\n", (char *)addr_gva2hva(vcpu->vm, uc->args[0]));
}

static void expect(u32 vcpu, u32 intid, u32 count)
{
	gicv5_log_expect(NR_VCPUS, vcpu, intid, count);
}

static void expect_nothing(void)
{
	expect(0, 0, 0);
}

static bool lpi_exists(u32 lpi)
{
	return !FIELD_GET(GICV5_ICSR_F, gicv5_irq_get_config(GICV5_LPI(lpi)));
}

/* All that can be done to an LPI that is not there */
static void abuse_lpi(u32 lpi)
{
	u32 intid = GICV5_LPI(lpi);

	GUEST_ASSERT(!lpi_exists(lpi));
	gicv5_irq_setup(intid, PRIO, 0);
	gicv5_irq_set_hm(intid, false);
	gicv5_irq_set_pending(intid);
	gicv5_irq_clear_pending(intid);
	gicv5_irq_set_pending(intid);
	gicv5_irq_deactivate(intid);
	gicv5_irq_disable(intid);
	gicv5_irq_enable(intid);
	gsb_sys();
	GUEST_ASSERT(!lpi_exists(lpi));
}

static void guest_no_ist(void)
{
	stage("LPIs without a table are lost");
	abuse_lpi(0);
	abuse_lpi(5);
	abuse_lpi(0xffff);
	abuse_lpi(0xffffff);
	expect_nothing();

	/* What was lost does not appear with the table. */
	GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, max_bits));
	GUEST_ASSERT_EQ(gicv5_irq_get_config(GICV5_LPI(0)), 0);
	GUEST_ASSERT_EQ(gicv5_irq_get_config(GICV5_LPI(5)), 0);
	expect_nothing();
	gicv5_irs_disable_ist();
}

static void guest_id_bits(void)
{
	u32 bits, top;

	stage("every size of the table");
	for (bits = min_bits; bits <= max_bits; bits++) {
		const u32 lpis[] = { 0, 1, 1 << (bits - 1), (1 << bits) - 1 };
		int i;

		GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, bits));
		for (i = 0; i < ARRAY_SIZE(lpis); i++) {
			GUEST_ASSERT_EQ(gicv5_irq_get_config(GICV5_LPI(lpis[i])), 0);
			gicv5_irq_setup(GICV5_LPI(lpis[i]), PRIO, 0);
			gicv5_irq_set_pending(GICV5_LPI(lpis[i]));
			expect(0, GICV5_LPI(lpis[i]), 1);
		}

		top = 1 << bits;
		abuse_lpi(top);
		abuse_lpi(top + 1);
		abuse_lpi(0xffffff);
		expect_nothing();
		gicv5_irs_disable_ist();
	}
}

/* What is written is what is read. */
static void guest_config(void)
{
	u32 intid = GICV5_LPI(100);
	u64 icsr;

	stage("configuration");
	GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, max_bits));

	gicv5_irq_set_priority(intid, 8);
	gicv5_irq_set_affinity(intid, 3);
	icsr = FIELD_PREP(GICV5_ICSR_IAFFID, 3) | FIELD_PREP(GICV5_ICSR_PRIORITY, 8);
	GUEST_ASSERT_EQ(gicv5_irq_get_config(intid), icsr);

	gicv5_irq_set_pending(intid);
	GUEST_ASSERT_EQ(gicv5_irq_get_config(intid), icsr | GICV5_ICSR_PENDING);
	gicv5_irq_clear_pending(intid);

	gicv5_irq_set_hm(intid, true);
	GUEST_ASSERT_EQ(gicv5_irq_get_config(intid), icsr | GICV5_ICSR_HM);
	gicv5_irq_set_hm(intid, false);

	gicv5_irq_enable(intid);
	GUEST_ASSERT_EQ(gicv5_irq_get_config(intid), icsr | GICV5_ICSR_ENABLED);
	gicv5_irq_disable(intid);
	GUEST_ASSERT_EQ(gicv5_irq_get_config(intid), icsr);

	/* Neighbours have had nothing of this. */
	GUEST_ASSERT_EQ(gicv5_irq_get_config(GICV5_LPI(99)), 0);
	GUEST_ASSERT_EQ(gicv5_irq_get_config(GICV5_LPI(101)), 0);
	GUEST_ASSERT_EQ(FIELD_GET(GICV5_ICSR_PENDING, gicv5_irq_get_config(GICV5_SPI(3))), 0);
	expect_nothing();
	gicv5_irs_disable_ist();
}

static void guest_self(void)
{
	u32 intid = GICV5_LPI(33);

	stage("pending, by the vCPU itself");
	GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, max_bits));
	gicv5_irq_setup(intid, PRIO, 0);

	gicv5_irq_set_pending(intid);
	expect(0, intid, 1);

	gicv5_irq_disable(intid);
	gicv5_irq_set_pending(intid);
	expect_nothing();
	gicv5_irq_enable(intid);
	expect(0, intid, 1);

	gicv5_irq_disable(intid);
	gicv5_irq_set_pending(intid);
	gicv5_irq_clear_pending(intid);
	gicv5_irq_enable(intid);
	expect_nothing();

	/* They merge. */
	local_irq_disable();
	gicv5_irq_set_pending(intid);
	gicv5_irq_set_pending(intid);
	gsb_sys();
	gicv5_irq_set_pending(intid);
	local_irq_enable();
	expect(0, intid, 1);

	stage("masked, equal and above");
	gicv5_cpu_set_priority_mask(PRIO - 1);
	gicv5_irq_set_pending(intid);
	expect_nothing();
	gicv5_cpu_set_priority_mask(PRIO);
	expect(0, intid, 1);

	stage("a level is there until it is cleared");
	gicv5_irq_set_hm(intid, true);
	WRITE_ONCE(level_runs, 5);
	gicv5_irq_set_pending(intid);
	expect(0, intid, 5);
	gicv5_irq_set_hm(intid, false);

	gicv5_irs_disable_ist();
}

static void guest_ipis(void)
{
	u32 src, dst;
	int i;

	/* Senders are named by the LPI; here all of them are vCPU 0. */
	stage("IPIs from vCPU 0");
	GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, max_bits));
	for (src = 0; src < NR_VCPUS; src++)
		for (dst = 0; dst < NR_VCPUS; dst++)
			gicv5_irq_setup(GICV5_LPI(src * NR_VCPUS + dst), PRIO, dst);

	for (i = 0; i < 3; i++) {
		for (dst = 0; dst < NR_VCPUS; dst++) {
			gicv5_irq_set_pending(GICV5_LPI(dst));
			expect(dst, GICV5_LPI(dst), 1);
		}
	}

	/* vCPU n sends to all, among them itself, on request of an IPI. */
	stage("IPIs from everybody");
	for (src = 0; src < NR_VCPUS; src++) {
		for (i = 1; i <= 20; i++) {
			WRITE_ONCE(hammering, src << 16 | i);
			if (!src) {
				for (dst = 0; dst < NR_VCPUS; dst++)
					gicv5_irq_set_pending(GICV5_LPI(dst));
			}
			for (dst = 0; dst < NR_VCPUS; dst++) {
				u32 *count = &gicv5_log_of(dst)->lpi[src * NR_VCPUS + dst];

				__GUEST_ASSERT(guest_wait_for(READ_ONCE(*count) == i,
							      GICV5_WAIT_USEC),
					       "IPI %u of vCPU %u to %u got lost", i, src, dst);
			}
		}
		udelay(GICV5_SETTLE_USEC);
		for (dst = 0; dst < NR_VCPUS; dst++) {
			GUEST_ASSERT_EQ(gicv5_log_of(dst)->total, 20);
			GUEST_ASSERT_EQ(gicv5_log_of(dst)->lpi[src * NR_VCPUS + dst], 20);
			GUEST_ASSERT_EQ(gicv5_log_of(dst)->spurious, 0);
			gicv5_log_reset(gicv5_log_of(dst));
		}
	}
	WRITE_ONCE(hammering, 0);
	expect_nothing();
	gicv5_irs_disable_ist();
}

static void guest_teardown(void)
{
	u32 sizes[] = { max_bits, min_bits, max_bits, (min_bits + max_bits) / 2 };
	u32 intid = GICV5_LPI(7);
	int i;

	stage("down with pending and enabled LPIs, up with another size");
	for (i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		u32 bits = sizes[i % ARRAY_SIZE(sizes)];
		u64 addr = IST_ADDR << (i % 3);

		GUEST_ASSERT(gicv5_irs_enable_ist(addr, bits));
		GUEST_ASSERT_EQ(gicv5_irq_get_config(intid), 0);
		GUEST_ASSERT_EQ(lpi_exists((1 << bits) - 1), true);
		GUEST_ASSERT_EQ(lpi_exists(1 << bits), false);

		gicv5_irq_setup(intid, PRIO, 0);
		gicv5_irq_set_pending(intid);
		expect(0, intid, 1);

		/* Pending, enabled, and a candidate but for the mask */
		gicv5_cpu_set_priority_mask(0);
		gicv5_irq_set_pending(intid);
		gsb_sys();
		gicv5_irs_disable_ist();
		gicv5_cpu_set_priority_mask(PRIO);
		GUEST_ASSERT(!lpi_exists(7));
		expect_nothing();
	}

	stage("down while the others use it");
	for (i = 0; i < 20; i++) {
		u32 v, bits = sizes[i % ARRAY_SIZE(sizes)];

		GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, bits));
		for (v = 1; v < NR_VCPUS; v++)
			gicv5_irq_setup(GICV5_LPI(v), PRIO, v % (NR_VCPUS - 1) + 1);
		WRITE_ONCE(hammering, ~0U);
		for (v = 1; v < NR_VCPUS; v++) {
			u32 before = READ_ONCE(hammered[v]);

			GUEST_ASSERT(guest_wait_for(READ_ONCE(hammered[v]) != before,
						    GICV5_WAIT_USEC));
		}
		gicv5_irs_disable_ist();
	}
	WRITE_ONCE(hammering, 0);
	udelay(10 * GICV5_SETTLE_USEC);

	/* vCPUs 1 to n - 1 have had their share, the numbers are chance. */
	for (i = 1; i < NR_VCPUS; i++) {
		GUEST_ASSERT(gicv5_log_of(i)->total > 0);
		gicv5_log_reset(gicv5_log_of(i));
	}
	expect_nothing();

	stage("and it still works");
	GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, max_bits));
	for (i = 0; i < NR_VCPUS; i++) {
		GUEST_ASSERT_EQ(gicv5_irq_get_config(GICV5_LPI(i)), 0);
		gicv5_irq_setup(GICV5_LPI(i), PRIO, i);
		gicv5_irq_set_pending(GICV5_LPI(i));
		expect(i, GICV5_LPI(i), 1);
	}
}

/* What vCPU 0 asks the others for: IPIs to all, or LPIs without end */
static void guest_others(u32 me)
{
	u32 want, done = 0, dst;

	for (;;) {
		want = READ_ONCE(hammering);
		if (want == ~0U) {
			gicv5_irq_set_pending(GICV5_LPI(me));
			gicv5_irq_get_config(GICV5_LPI(me));
			WRITE_ONCE(hammered[me], hammered[me] + 1);
		} else if (want >> 16 == me && want != done) {
			for (dst = 0; dst < NR_VCPUS; dst++)
				gicv5_irq_set_pending(GICV5_LPI(me * NR_VCPUS + dst));
			done = want;
		}
		cpu_relax();
	}
}

static void guest_code(void)
{
	u32 me = guest_get_vcpuid(), idr2;

	local_irq_disable();
	gicv5_cpu_enable_interrupts();
	gicv5_cpu_set_priority_mask(PRIO);
	local_irq_enable();

	if (me)
		guest_others(me);

	idr2 = gicv5_irs_readl(GICV5_IRS_IDR2);
	min_bits = FIELD_GET(GICV5_IRS_IDR2_MIN_LPI_ID_BITS, idr2);
	max_bits = FIELD_GET(GICV5_IRS_IDR2_ID_BITS, idr2);
	GUEST_ASSERT(max_bits >= 8);
	gicv5_irs_set_enable(true);

	guest_no_ist();
	guest_id_bits();
	guest_config();
	guest_self();
	guest_ipis();
	guest_teardown();
	GUEST_DONE();
}

int main(int argc, char **argv)
{
	struct vcpu_thread threads[NR_VCPUS];
	struct kvm_vcpu *vcpus[NR_VCPUS];
	struct kvm_vm *vm;
	int i;

	test_disable_default_vgic();
	__TEST_REQUIRE(kvm_supports_vgic_v5(), "No GICv5 for guests");

	vm = vgic_v5_create_vm(NR_VCPUS, NULL, 32, guest_code, vcpus);
	vm_install_exception_handler(vm, VECTOR_IRQ_CURRENT, guest_handler);

	for (i = NR_VCPUS - 1; i >= 0; i--)
		vcpu_thread_start(&threads[i], vcpus[i], print_stage);

	vcpu_thread_join(&threads[0]);
	for (i = 1; i < NR_VCPUS; i++)
		vcpu_thread_stop(&threads[i]);

	/* The table is still there when the VM goes. */
	kvm_vm_free(vm);

	return 0;
}
