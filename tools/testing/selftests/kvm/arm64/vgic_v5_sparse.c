// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_v5_sparse.c - GICv5 guests whose vCPU ids are not 0 to n - 1
 *
 * The id of a vCPU is its IAFFID, and its VPE id in the hardware. Its index, the
 * order in which vCPUs were created, must not show anywhere. Nor must the order
 * in which they run for the first time.
 */

#include <linux/bitops.h>
#include <linux/kernel.h>

#include "delay.h"
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "vgic_v5.h"

/* Those that sleep, and one that does not */
#define NR_SLEEPERS	2
#define NR_VCPUS	(NR_SLEEPERS + 1)
#define NR_SPIS		32
#define SPI		11
#define LPI		(300 + 7)
#define IST_ADDR	0x40000000ULL
#define PRIO		GICV5_IRQ_DEFAULT_PRI

/* In the order of creation */
static u32 vcpu_ids[NR_VCPUS];

/* How often a vCPU was about to sleep */
static u32 sleeping[NR_SLEEPERS];
static u32 quit;

static u32 guest_index(void)
{
	u32 i;

	for (i = 0; i < NR_VCPUS; i++)
		if (vcpu_ids[i] == guest_get_vcpuid())
			return i;

	GUEST_FAIL("vCPU %u?", guest_get_vcpuid());
	return 0;
}

/* vCPU of index 0: what the IRS says about PEs */
static void guest_check_irs(void)
{
	u32 idr1 = gicv5_irs_readl(GICV5_IRS_IDR1);
	u32 bits = FIELD_GET(GICV5_IRS_IDR1_IAFFID_BITS, idr1) + 1;
	u32 pe, i, highest = 0, want;

	GUEST_ASSERT_EQ(FIELD_GET(GICV5_IRS_IDR1_PE_CNT, idr1), NR_VCPUS);

	for (i = 0; i < NR_VCPUS; i++)
		highest = vcpu_ids[i] > highest ? vcpu_ids[i] : highest;
	GUEST_ASSERT(highest < 1U << bits);
	GUEST_ASSERT(bits == 1 || highest >= 1U << (bits - 1));

	for (pe = 0; pe < 2 << bits; pe++) {
		want = GICV5_IRS_STATUSR_IDLE;
		for (i = 0; i < NR_VCPUS; i++)
			if (vcpu_ids[i] == pe)
				want |= GICV5_IRS_STATUSR_V | GICV5_IRS_PE_STATUSR_ONLINE;
		GUEST_ASSERT_EQ(gicv5_irs_select_pe(pe), want);
	}
}

static void guest_code(void)
{
	struct gicv5_log *log = gicv5_this_log();
	u32 me = guest_index(), seen = 0, max_bits;

	local_irq_disable();
	gicv5_cpu_enable_interrupts();

	GUEST_ASSERT_EQ(gicv5_cpu_iaffid(), guest_get_vcpuid());

	if (!me) {
		guest_check_irs();
		max_bits = FIELD_GET(GICV5_IRS_IDR2_ID_BITS,
				     gicv5_irs_readl(GICV5_IRS_IDR2));
		GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, max_bits));
		gicv5_irs_set_enable(true);
	}

	write_sysreg_s(BIT_ULL(GICV5_ARCH_PPI_SW_PPI), SYS_ICC_PPI_ENABLER0_EL1);
	isb();

	while (!READ_ONCE(quit)) {
		WRITE_ONCE(sleeping[me], sleeping[me] + 1);
		while (READ_ONCE(log->total) == seen && !READ_ONCE(quit)) {
			wfi();
			local_irq_enable();
			isb();
			local_irq_disable();
		}
		seen = READ_ONCE(log->total);
	}

	GUEST_DONE();
}

/* What the host asks of the vCPU that does not sleep */
enum {
	CMD_NONE,
	CMD_ROUTE_SPI,
	CMD_SEND_LPI,
};

static u32 command, command_arg;

static void guest_commander(void)
{
	u32 cmd;

	gicv5_cpu_enable_interrupts();

	for (;;) {
		cmd = READ_ONCE(command);
		if (!cmd) {
			cpu_relax();
			continue;
		}

		switch (cmd) {
		case CMD_ROUTE_SPI:
			gicv5_irq_disable(GICV5_SPI(SPI));
			gicv5_irq_clear_pending(GICV5_SPI(SPI));
			gicv5_irq_setup(GICV5_SPI(SPI), PRIO, command_arg);
			break;
		case CMD_SEND_LPI:
			/* The last one may still wait for somebody. */
			gicv5_irq_clear_pending(GICV5_LPI(LPI));
			gicv5_irq_setup(GICV5_LPI(LPI), PRIO, command_arg);
			gicv5_irq_set_pending(GICV5_LPI(LPI));
			gsb_sys();
			break;
		}
		WRITE_ONCE(command, CMD_NONE);
	}
}

enum {
	RAISE_SPI,		/* by the host, KVM_IRQ_LINE */
	RAISE_PPI,		/* by the host, KVM_IRQ_LINE */
	RAISE_LPI,		/* by the guest */
	NR_RAISE,
};

static void command_run(struct kvm_vm *vm, u32 cmd, u32 arg)
{
	WRITE_ONCE(*vm_global(vm, command_arg), arg);
	smp_wmb();	/* the guest looks at the command first */
	WRITE_ONCE(*vm_global(vm, command), cmd);
	TEST_ASSERT(host_wait_for(!READ_ONCE(*vm_global(vm, command)), VGIC_V5_WAIT_MSEC),
		    "The guest does not execute command %u", cmd);
}

static u32 raised_intid(u32 how)
{
	switch (how) {
	case RAISE_SPI:
		return GICV5_SPI(SPI);
	case RAISE_PPI:
		return GICV5_PPI(GICV5_ARCH_PPI_SW_PPI);
	default:
		return GICV5_LPI(LPI);
	}
}

static void raise_irq(struct kvm_vm *vm, u32 how, u32 iaffid)
{
	switch (how) {
	case RAISE_SPI:
		command_run(vm, CMD_ROUTE_SPI, iaffid);
		vgic_v5_pulse_spi(vm, SPI);
		break;
	case RAISE_PPI:
		TEST_ASSERT(!__vgic_v5_irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, iaffid,
						GICV5_ARCH_PPI_SW_PPI, 1),
			    "PPI of vCPU %u: errno %d", iaffid, errno);
		__vgic_v5_irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, iaffid, GICV5_ARCH_PPI_SW_PPI, 0);
		break;
	default:
		command_run(vm, CMD_SEND_LPI, iaffid);
		break;
	}
}

static u32 totals(struct kvm_vm *vm, const u32 *ids)
{
	u32 i, total = 0;

	for (i = 0; i < NR_VCPUS; i++) {
		struct gicv5_log *log = vgic_v5_get_log(vm, ids[i]);

		TEST_ASSERT(!READ_ONCE(log->spurious), "vCPU %u: nothing to acknowledge",
			    ids[i]);
		total += READ_ONCE(log->total);
	}

	return total;
}

static void run_ids(u32 first, u32 second)
{
	const u32 ids[NR_VCPUS] = { first, second, first ^ second ^ 0x1e };
	struct vcpu_thread threads[NR_VCPUS];
	struct kvm_vcpu *vcpus[NR_VCPUS];
	u32 *asleep, before, count, intid, nr = 0;
	struct gicv5_log *log;
	struct kvm_vm *vm;
	int i, how, n;

	pr_info("vCPU ids %u, %u and %u\n", ids[0], ids[1], ids[2]);

	vm = vgic_v5_create_vm(NR_VCPUS, ids, NR_SPIS, guest_code, vcpus);
	vcpu_arch_set_entry_point(vcpus[NR_SLEEPERS], guest_commander);
	memcpy(*vm_global(vm, vcpu_ids), ids, sizeof(vcpu_ids));
	asleep = *vm_global(vm, sleeping);

	for (i = 0; i < NR_SLEEPERS; i++)
		vcpu_thread_start(&threads[i], vcpus[i], NULL);
	for (i = 0; i < NR_SLEEPERS; i++)
		TEST_ASSERT(host_wait_for(READ_ONCE(asleep[i]), VGIC_V5_WAIT_MSEC),
			    "vCPU %u does not start", ids[i]);
	vcpu_thread_start(&threads[i], vcpus[i], NULL);

	for (how = 0; how < NR_RAISE; how++) {
		for (n = 0; n < 3 * NR_SLEEPERS; n++) {
			i = n % NR_SLEEPERS;
			log = vgic_v5_get_log(vm, ids[i]);
			intid = raised_intid(how);
			before = READ_ONCE(asleep[i]);
			count = gicv5_log_count(log, intid);

			vcpu_thread_wait_blocked(&threads[i]);
			raise_irq(vm, how, ids[i]);
			TEST_ASSERT(host_wait_for(READ_ONCE(asleep[i]) == before + 1,
						  VGIC_V5_WAIT_MSEC),
				    "vCPU %u sleeps, 0x%x is pending", ids[i], intid);
			usleep(VGIC_V5_SETTLE_MSEC * 1000);

			/* This one, once, there; and no other anywhere. */
			TEST_ASSERT(gicv5_log_count(log, intid) == count + 1,
				    "vCPU %u got 0x%x, not 0x%x", ids[i], log->last, intid);
			TEST_ASSERT_EQ(totals(vm, ids), ++nr);
			TEST_ASSERT_EQ(READ_ONCE(asleep[i]), before + 1);
		}
	}

	/* Neither an index nor an id that is not there names a vCPU. */
	for (i = 0; i < 6; i++) {
		u32 iaffid = i < 4 ? i : i == 4 ? ids[0] + 1 : ids[1] ^ 0x100;

		if (iaffid == ids[0] || iaffid == ids[1] || iaffid == ids[2])
			continue;
		raise_irq(vm, RAISE_SPI, iaffid);
		raise_irq(vm, RAISE_LPI, iaffid);
		TEST_ASSERT(__vgic_v5_irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, iaffid,
					       GICV5_ARCH_PPI_SW_PPI, 1) && errno == EINVAL,
			    "There is a vCPU %u", iaffid);
		usleep(VGIC_V5_SETTLE_MSEC * 1000);
		TEST_ASSERT(totals(vm, ids) == nr, "IAFFID %u is somebody", iaffid);
	}

	WRITE_ONCE(*vm_global(vm, quit), 1);
	for (i = 0; i < NR_SLEEPERS; i++) {
		raise_irq(vm, RAISE_PPI, ids[i]);
		vcpu_thread_join(&threads[i]);
	}
	vcpu_thread_stop(&threads[NR_SLEEPERS]);
	kvm_vm_free(vm);
}

#define PPI_CNTV	0x1b
#define PPI_CNTP	0x1e
#define TIMER_PPIS	(BIT_ULL(PPI_CNTV) | BIT_ULL(PPI_CNTP))

/* KVM drops the enables of PPIs that the guest doesn't have. */
static void guest_check_timer_ppis(void)
{
	write_sysreg_s(~0ULL, SYS_ICC_PPI_ENABLER0_EL1);
	isb();
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_ICC_PPI_ENABLER0_EL1) & TIMER_PPIS, TIMER_PPIS);

	GUEST_DONE();
}

static void run_first(u32 first)
{
	struct kvm_vcpu *vcpus[NR_VCPUS];
	struct kvm_vm *vm;
	struct ucall uc;
	u32 i, n;

	pr_info("vCPU %u runs first\n", first);

	vm = vgic_v5_create_vm(NR_VCPUS, NULL, NR_SPIS, guest_check_timer_ppis, vcpus);

	for (i = 0; i < NR_VCPUS; i++) {
		n = (first + i) % NR_VCPUS;
		vcpu_run(vcpus[n]);
		switch (get_ucall(vcpus[n], &uc)) {
		case UCALL_DONE:
			break;
		case UCALL_ABORT:
			REPORT_GUEST_ASSERT(uc);
			break;
		default:
			TEST_FAIL("Unexpected exit of vCPU %u", n);
		}
	}

	kvm_vm_free(vm);
}

/* The hardware may have fewer VPE ids than KVM has vCPU ids. */
static bool vcpu_id_fits(u32 id)
{
	struct kvm_vm *vm = vm_create_barebones();
	int gic_fd, vcpu_fd;

	gic_fd = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	vcpu_fd = __vm_ioctl(vm, KVM_CREATE_VCPU, (void *)(unsigned long)id);
	if (vcpu_fd >= 0)
		close(vcpu_fd);
	close(gic_fd);
	kvm_vm_free(vm);

	return vcpu_fd >= 0;
}

int main(int argc, char **argv)
{
	u32 i;

	test_disable_default_vgic();
	__TEST_REQUIRE(kvm_supports_vgic_v5(), "No GICv5 for guests");
	__TEST_REQUIRE(vcpu_id_fits(31), "The hardware has no VPE ids up to 31");

	run_ids(17, 3);
	run_ids(0, 5);
	run_ids(1, 0);

	for (i = 0; i < NR_VCPUS; i++)
		run_first(i);

	if (vcpu_id_fits(511))
		run_ids(511, 64);
	else
		pr_info("(not on this host: vCPU id 511)\n");

	return 0;
}
