// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_v5_faults.c - Interrupts at exact moments, and an IRS that fails
 *
 * Two things that the other tests can only hope to meet: an interrupt that
 * arrives precisely between the moment at which KVM has looked for one and the
 * moment at which the vCPU sleeps, and hardware that does not answer. Both need
 * a machine that does so on request: an emulator with a frame of registers for
 * that purpose (compatible "gicv5-test" in the device tree). Everywhere else the
 * test is skipped.
 */

#include <sys/mman.h>

#include <linux/kernel.h>

#include "delay.h"
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "vgic_v5.h"

/* The frame */
#define FRAME_ID		0x000
#define FRAME_BUSY		0x008
#define FRAME_FAIL_RESIDENCY	0x018
#define FRAME_BUSY_SKIP		0x020
#define FRAME_TRIG_IRQ		0x040
#define FRAME_TRIG_CONTROL	0x048
#define FRAME_TRIG_DELAY	0x050
#define FRAME_TRIG_FIRED	0x058
#define FRAME_PUTS		0x090
#define FRAME_PUTS_DB		0x098
#define FRAME_VMS		0x158
#define FRAME_VPES		0x160

#define FRAME_ID_VALUE		0x7473657435636967ULL
#define FRAME_SIZE		0x1000

#define BUSY_GROUP(n)		(1ULL << (32 + (n)))
#define BUSY_VMT		BUSY_GROUP(5)
#define BUSY_VPE		BUSY_GROUP(6)
#define BUSY_FOR_EVER		0xffffffffULL

#define TRIG_BEFORE		1
#define TRIG_AFTER		2
#define TRIG_DELAYED		3
#define TRIG_ONLY_DB		BIT_ULL(9)
#define TRIG_OWN_VM		BIT_ULL(10)
#define TRIG_PENDING		BIT_ULL(63)

#define SPI			21
#define LPI			9
#define IST_ADDR		0x40000000ULL
#define PRIO			GICV5_IRQ_DEFAULT_PRI

static u64 *frame;

static u64 frame_read(u32 offset)
{
	return READ_ONCE(frame[offset / 8]);
}

static void frame_write(u64 val, u32 offset)
{
	WRITE_ONCE(frame[offset / 8], val);
}

static void map_frame(void)
{
	char path[64], reg[16] = "";
	u64 addr = 0;
	int fd, i;

	/* The address is 0x8030000; the node says whether it is there. */
	snprintf(path, sizeof(path), "/proc/device-tree/gicv5-test@8030000/reg");
	fd = open(path, O_RDONLY);
	__TEST_REQUIRE(fd >= 0, "The machine has no frame to make its GICv5 fail");
	TEST_ASSERT(read(fd, reg, sizeof(reg)) == sizeof(reg), "Could not read %s", path);
	close(fd);
	for (i = 0; i < 8; i++)
		addr = addr << 8 | (u8)reg[i];

	fd = open("/dev/mem", O_RDWR | O_SYNC);
	__TEST_REQUIRE(fd >= 0, "No /dev/mem");
	frame = mmap(NULL, FRAME_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, addr);
	__TEST_REQUIRE(frame != MAP_FAILED, "/dev/mem can't be mapped");
	close(fd);
	TEST_ASSERT_EQ(frame_read(FRAME_ID), FRAME_ID_VALUE);
}

/* The IRS gets stuck in @group, after @skip operations that end. */
static void break_irs(u64 group, u64 skip)
{
	frame_write(skip, FRAME_BUSY_SKIP);
	frame_write(group | BUSY_FOR_EVER, FRAME_BUSY);
}

static void repair_irs(void)
{
	frame_write(0, FRAME_BUSY_SKIP);
	frame_write((u64)~0U << 32, FRAME_BUSY);
}

/* In whatever way the test ends, the machine is to be sound. */
static void repair_machine(void)
{
	if (!frame)
		return;

	frame_write(0, FRAME_TRIG_CONTROL);
	frame_write(0, FRAME_FAIL_RESIDENCY);
	repair_irs();
}

static u32 asleep, quit;

static void guest_sleeper(void)
{
	struct gicv5_log *log = gicv5_this_log();
	u32 idr2 = gicv5_irs_readl(GICV5_IRS_IDR2), seen = 0;

	local_irq_disable();
	gicv5_cpu_enable_interrupts();
	GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, FIELD_GET(GICV5_IRS_IDR2_ID_BITS, idr2)));
	gicv5_irs_set_enable(true);
	gicv5_irq_setup(GICV5_SPI(SPI), PRIO, guest_get_vcpuid());
	gicv5_irq_setup(GICV5_LPI(LPI), PRIO, guest_get_vcpuid());

	while (!READ_ONCE(quit)) {
		WRITE_ONCE(asleep, asleep + 1);
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

static void wait_for_irq(struct vcpu_thread *t, u32 intid, u32 count, const char *when)
{
	struct gicv5_log *log = vgic_v5_get_log(t->vcpu->vm, t->vcpu->id);

	if (!host_wait_for(READ_ONCE(log->total) >= count, VGIC_V5_WAIT_MSEC)) {
		vcpu_thread_report(t);
		TEST_FAIL("Lost wake-up, 0x%x %s", intid, when);
	}
	TEST_ASSERT(log->total == count && log->last == intid && !log->spurious,
		    "%u interrupts, last 0x%x; want %u, 0x%x", log->total, log->last, count,
		    intid);
}

/*
 * The vCPU is woken by an SPI, handles it and goes to sleep again. The write
 * with which it asks for its doorbell makes the next interrupt pending.
 */
static void one_arrival(struct vcpu_thread *t, u32 when, u64 delay_ns, u32 *count)
{
	u32 intid = *count & 2 ? GICV5_LPI(LPI) : GICV5_SPI(SPI);
	struct kvm_vm *vm = t->vcpu->vm;
	u64 fired;
	char how[64];

	vcpu_thread_wait_blocked(t);

	fired = frame_read(FRAME_TRIG_FIRED);
	frame_write(TRIG_PENDING | intid, FRAME_TRIG_IRQ);
	frame_write(delay_ns, FRAME_TRIG_DELAY);
	frame_write(when | TRIG_ONLY_DB | TRIG_OWN_VM, FRAME_TRIG_CONTROL);

	snprintf(how, sizeof(how), "%s %lu ns",
		 when == TRIG_BEFORE ? "before" : "after", delay_ns);

	/* Two interrupts come of it: this one and the one that meets the sleep. */
	*count += 2;
	vgic_v5_pulse_spi(vm, SPI);
	wait_for_irq(t, intid, *count, how);
	TEST_ASSERT_EQ(frame_read(FRAME_TRIG_FIRED), fired + 1);
}

static void test_arrival(u32 steps)
{
	struct kvm_vcpu *vcpu;
	struct vcpu_thread t;
	u32 i, count = 0;
	struct kvm_vm *vm;

	if (!kvm_wfi_always_traps()) {
		pr_info("  (needs kvm-arm.wfi_trap_policy=trap)\n");
		return;
	}

	vm = vgic_v5_create_vm(1, NULL, 32, guest_sleeper, &vcpu);
	vcpu_thread_start(&t, vcpu, NULL);
	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, asleep)), VGIC_V5_WAIT_MSEC),
		    "The guest does not start");

	for (i = 0; i < 10; i++)
		one_arrival(&t, TRIG_BEFORE, 0, &count);
	for (i = 0; i < 10; i++)
		one_arrival(&t, TRIG_AFTER, 0, &count);

	/*
	 * From the write over the last look at what is pending into the sleep,
	 * in ever larger steps: the first ones take no time, the last ones all
	 * that an emulator may need.
	 */
	for (i = 0; i < steps; i++)
		one_arrival(&t, TRIG_DELAYED, i * i * 10, &count);

	WRITE_ONCE(*vm_global(vm, quit), 1);
	vgic_v5_pulse_spi(vm, SPI);
	vcpu_thread_join(&t);
	kvm_vm_free(vm);
}

/* A VM like any other */
static void check_machine_works(void)
{
	struct kvm_vcpu *vcpu;
	struct vcpu_thread t;
	struct kvm_vm *vm;

	vm = vgic_v5_create_vm(1, NULL, 32, guest_sleeper, &vcpu);
	vcpu_thread_start(&t, vcpu, NULL);
	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, asleep)), VGIC_V5_WAIT_MSEC),
		    "The guest does not start");
	vcpu_thread_wait_blocked(&t);
	vgic_v5_pulse_spi(vm, SPI);
	wait_for_irq(&t, GICV5_SPI(SPI), 1, "in a VM after a failure");
	WRITE_ONCE(*vm_global(vm, quit), 1);
	vgic_v5_pulse_spi(vm, SPI);
	vcpu_thread_join(&t);
	kvm_vm_free(vm);
}

static void guest_done(void)
{
	GUEST_DONE();
}

/*
 * Initialisation fails at the command of a group that comes after @skip others.
 * Trying again while the IRS is still busy costs nothing: neither time nor, on a
 * machine with 256 of them, all the VM ids. Returns false if there is no such
 * command.
 */
static bool test_busy_init(u64 group, u64 skip)
{
	struct kvm_vcpu *vcpu;
	int gic_fd, ret, tries, i;
	struct kvm_vm *vm;

	vm = __vm_create(VM_SHAPE_DEFAULT, 2, 128);
	vcpu = vm_vcpu_add(vm, 0, guest_done);
	vm_vcpu_add(vm, 1, guest_done);
	gic_fd = __vgic_v5_setup(vm, 32);

	break_irs(group, skip);
	ret = __vgic_v5_init(gic_fd);
	tries = skip ? 3 : 300;
	for (i = 0; ret && i < tries; i++) {
		TEST_ASSERT(errno == ETIMEDOUT, "Init with a busy IRS, try %d: errno %d",
			    i + 1, errno);
		TEST_ASSERT(__vgic_v5_init(gic_fd), "Init with a busy IRS succeeds");
	}

	/* It never runs in this state. */
	if (ret)
		TEST_ASSERT(__vcpu_run(vcpu) < 0, "A VM runs whose GICv5 is not initialised");

	repair_irs();
	close(gic_fd);
	kvm_vm_free(vm);
	check_machine_works();

	return ret;
}

/* What the IRS has not given back is asked for by and by, when VMs are made. */
static void wait_for_vms(u64 vms)
{
	int i;

	for (i = 0; frame_read(FRAME_VMS) != vms; i++) {
		TEST_ASSERT(i < 100, "The IRS knows %lu VMs, and not %lu as before",
			    frame_read(FRAME_VMS), vms);
		check_machine_works();
	}
}

/* The VM goes while the IRS is busy: there is nobody to tell, and a VM id less. */
static void test_busy_destroy(u64 group)
{
	struct kvm_vcpu *vcpu;
	struct vcpu_thread t;
	struct kvm_vm *vm;

	vm = vgic_v5_create_vm(1, NULL, 32, guest_sleeper, &vcpu);
	vcpu_thread_start(&t, vcpu, NULL);
	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, asleep)), VGIC_V5_WAIT_MSEC),
		    "The guest does not start");
	vcpu_thread_stop(&t);

	break_irs(group, 0);
	kvm_vm_free(vm);
	repair_irs();

	check_machine_works();
}

static u32 go;

/* Sets up and takes down its LPI table; the host makes one of it fail. */
static void guest_ist(void)
{
	u32 idr2 = gicv5_irs_readl(GICV5_IRS_IDR2);
	u32 bits = FIELD_GET(GICV5_IRS_IDR2_ID_BITS, idr2);

	GUEST_SYNC1(0);
	if (READ_ONCE(go) == 2)
		GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, bits));
	GUEST_SYNC1(1);
	if (READ_ONCE(go) == 2)
		gicv5_irs_disable_ist();
	else
		gicv5_irs_enable_ist(IST_ADDR, bits);
	GUEST_SYNC1(2);
	GUEST_DONE();
}

static void test_busy_ist(u32 which)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	struct ucall uc;
	int ret;

	vm = vgic_v5_create_vm(1, NULL, 32, guest_ist, &vcpu);
	write_guest_global(vm, go, which);

	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
	TEST_ASSERT_EQ(uc.args[0], 1);

	break_irs(BUSY_VMT, 0);
	ret = __vcpu_run(vcpu);
	TEST_ASSERT(ret < 0 && errno == EIO, "KVM_RUN: %d, errno %d; want EIO", ret, errno);
	ret = __vgic_v5_irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 0, 0, 1);
	TEST_ASSERT(ret < 0 && errno == EIO, "KVM_IRQ_LINE: %d, errno %d; want EIO", ret, errno);
	kvm_vm_free(vm);
	repair_irs();

	check_machine_works();
}

/* A VPE can't be made resident: that VM is over, the host is not. */
static void test_residency_fault(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	struct ucall uc;
	int ret;

	vm = vgic_v5_create_vm(1, NULL, 32, guest_ist, &vcpu);
	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);

	frame_write(1, FRAME_FAIL_RESIDENCY);
	ret = __vcpu_run(vcpu);
	frame_write(0, FRAME_FAIL_RESIDENCY);
	TEST_ASSERT(ret < 0 && errno == EIO, "KVM_RUN: %d, errno %d; want EIO", ret, errno);
	kvm_vm_free(vm);

	check_machine_works();
}

static void help(const char *name)
{
	pr_info("Usage: %s [-i steps]\n", name);
	pr_info(" -i: moments after the request for a doorbell to try (default: 150)\n");
}

int main(int argc, char **argv)
{
	u64 vms, vpes;
	u32 steps = 150;
	int opt, i;

	while ((opt = getopt(argc, argv, "hi:")) != -1) {
		switch (opt) {
		case 'i':
			steps = atoi_positive("Number of steps", optarg);
			break;
		case 'h':
		default:
			help(argv[0]);
			return opt == 'h' ? 0 : 1;
		}
	}

	test_disable_default_vgic();
	__TEST_REQUIRE(kvm_supports_vgic_v5(), "No GICv5 for guests");
	map_frame();
	atexit(repair_machine);

	vms = frame_read(FRAME_VMS);
	vpes = frame_read(FRAME_VPES);

	pr_info("An interrupt arrives while the vCPU goes to sleep\n");
	test_arrival(steps);
	TEST_ASSERT_EQ(frame_read(FRAME_VMS), vms);
	TEST_ASSERT_EQ(frame_read(FRAME_VPES), vpes);

	for (i = 0; test_busy_init(BUSY_VMT, i); i++)
		;
	pr_info("The IRS is busy for ever: initialisation, at each of %d commands of VMs\n", i);
	/* VM, SPIs and two VPEs */
	TEST_ASSERT(i >= 4, "Initialisation does without the IRS");
	for (i = 0; test_busy_init(BUSY_VPE, i); i++)
		;
	pr_info("The IRS is busy for ever: initialisation, at each of %d commands of VPEs\n", i);
	/* Each of the two is selected and gets its doorbell */
	TEST_ASSERT(i >= 4, "Initialisation does without the IRS");
	pr_info("The IRS is busy for ever: the guest's LPI table\n");
	test_busy_ist(1);
	test_busy_ist(2);
	pr_info("The IRS is busy for ever: the end of a VM\n");
	test_busy_destroy(BUSY_VMT);
	pr_info("Residency fails\n");
	test_residency_fault();
	wait_for_vms(vms);

	return 0;
}
