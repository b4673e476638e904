// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_v5_spi.c - SPIs of a GICv5 guest
 *
 * vCPU 0 asks user space for edges and levels (KVM_IRQ_LINE, irqfd), and checks
 * what comes of them: which interrupt, how often, on which vCPU, and that there
 * is no other. The other vCPUs do nothing but take interrupts.
 */

#include <linux/kernel.h>
#include <sys/eventfd.h>

#include "delay.h"
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "vgic_v5.h"

#define NR_VCPUS	4
#define NR_SPIS		96

/* Whatever is tested, it must not depend on the number. */
#define SPI_A		0
#define SPI_B		41
#define SPI_C		(NR_SPIS - 1)
#define SPI_RESAMPLE	77

#define PRIO		GICV5_IRQ_DEFAULT_PRI

/* What the guest asks for */
enum {
	CMD_STAGE,		/* say what comes next */
	CMD_EDGE,		/* an edge on an SPI, the way it is done at the moment */
	CMD_LEVEL,		/* set the level of an SPI */
	CMD_BAD_SPI,		/* try an SPI that is not there */
	CMD_DEVICE,		/* set the level of the device behind the resample irqfd */
};

/* How CMD_EDGE is done */
enum {
	BY_IRQ_LINE,
	BY_IRQFD,
	NR_METHODS,
};

static int method;
static int eventfds[NR_SPIS];

/* Guest and host share these. */
static u32 irqs_ready;
static u32 storm_seq;
static u32 storm_seen;
static u32 device_level;
static u32 device_resampled;

/* Called in the handler, with the interrupt active. */
static void (*in_handler)(u32 intid);
static u32 handler_depth;

/* The order in which interrupts came, for those who care */
static u32 order[8];
static u32 nr_order;

static void guest_handler(struct ex_regs *regs)
{
	u32 intid = gicv5_irq_ack();

	gicv5_log_irq(intid);
	if (!intid)
		return;

	if (guest_get_vcpuid() == 0) {
		handler_depth++;
		if (nr_order < ARRAY_SIZE(order))
			order[nr_order++] = intid;
		if (in_handler)
			in_handler(intid);
		handler_depth--;
	}

	gicv5_irq_deactivate(intid);
	gicv5_irq_drop_priority();
}

static void stage(const char *name)
{
	GUEST_SYNC2(CMD_STAGE, (u64)name);
}

static void edge(u32 spi)
{
	GUEST_SYNC2(CMD_EDGE, spi);
}

static void level(u32 spi, bool high)
{
	GUEST_SYNC3(CMD_LEVEL, spi, high);
}

static void expect(u32 vcpu, u32 intid, u32 count)
{
	gicv5_log_expect(NR_VCPUS, vcpu, intid, count);
	GUEST_ASSERT_EQ(handler_depth, 0);
	nr_order = 0;
}

static void expect_nothing(void)
{
	expect(0, 0, 0);
}

static void expect_state(u32 intid, bool pending, bool active)
{
	u64 icsr = gicv5_irq_get_config(intid);

	GUEST_ASSERT(!FIELD_GET(GICV5_ICSR_F, icsr));
	__GUEST_ASSERT(FIELD_GET(GICV5_ICSR_PENDING, icsr) == pending &&
		       FIELD_GET(GICV5_ICSR_ACTIVE, icsr) == active,
		       "0x%x: ICC_ICSR_EL1 0x%lx, want pending %u, active %u", intid, icsr,
		       pending, active);
}

static void guest_edge(u32 spi)
{
	u32 intid = GICV5_SPI(spi);
	int i;

	stage("edge");
	for (i = 1; i <= 3; i++) {
		edge(spi);
		expect(0, intid, 1);
		expect_state(intid, false, false);
	}

	stage("edge while disabled");
	gicv5_irq_disable(intid);
	edge(spi);
	expect_nothing();
	expect_state(intid, true, false);
	gicv5_irq_enable(intid);
	expect(0, intid, 1);

	stage("edge while disabled, cleared");
	gicv5_irq_disable(intid);
	edge(spi);
	gicv5_irq_clear_pending(intid);
	gicv5_irq_enable(intid);
	expect_nothing();

	stage("edges merge while pending");
	gicv5_cpu_set_priority_mask(0);
	for (i = 0; i < 3; i++)
		edge(spi);
	expect_nothing();
	gicv5_cpu_set_priority_mask(PRIO);
	expect(0, intid, 1);

	stage("made pending by the guest");
	gicv5_irq_set_pending(intid);
	expect(0, intid, 1);
}

static u32 active_spi;
static u32 active_runs;

/* The same again while it is active: it waits for its turn. */
static void edge_while_active(u32 intid)
{
	GUEST_ASSERT_EQ(handler_depth, 1);
	expect_state(intid, false, true);

	if (active_runs++)
		return;

	edge(active_spi);
	expect_state(intid, true, true);
	local_irq_enable();
	udelay(GICV5_SETTLE_USEC);
	local_irq_disable();
	expect_state(intid, true, true);
	GUEST_ASSERT_EQ(gicv5_this_log()->total, 1);
}

static void guest_active_pending(u32 spi)
{
	stage("edge while active");
	active_spi = spi;
	active_runs = 0;
	in_handler = edge_while_active;
	edge(spi);
	expect(0, GICV5_SPI(spi), 2);
	in_handler = NULL;
	expect_state(GICV5_SPI(spi), false, false);
}

/* The mask lets through what is as important as itself. */
static void guest_priority_mask(u32 spi)
{
	u32 bits = FIELD_GET(GICV5_IRS_IDR1_PRI_BITS, gicv5_irs_readl(GICV5_IRS_IDR1)) + 1;
	u32 step = 1 << (5 - bits), last = 32 - step;
	const u32 prios[] = { 0, step, 16 - step, 16, 16 + step, last };
	u32 intid = GICV5_SPI(spi);
	int i;

	stage("priority mask");
	for (i = 0; i < ARRAY_SIZE(prios); i++) {
		u32 prio = prios[i];

		gicv5_irq_set_priority(intid, prio);

		if (prio) {
			gicv5_cpu_set_priority_mask(prio - 1);
			edge(spi);
			expect_nothing();
			expect_state(intid, true, false);
			GUEST_ASSERT_EQ(read_sysreg_s(SYS_ICC_HPPIR_EL1), 0);

			gicv5_cpu_set_priority_mask(prio);
			expect(0, intid, 1);
		}

		gicv5_cpu_set_priority_mask(prio);
		edge(spi);
		expect(0, intid, 1);

		gicv5_cpu_set_priority_mask(31);
		edge(spi);
		expect(0, intid, 1);
	}

	gicv5_irq_set_priority(intid, PRIO);
	gicv5_cpu_set_priority_mask(PRIO);
}

static void raise_others(u32 intid)
{
	if (intid != GICV5_SPI(SPI_B))
		return;

	GUEST_ASSERT_EQ(handler_depth, 1);
	local_irq_enable();
	edge(SPI_A);			/* higher: now */
	GUEST_ASSERT(guest_wait_for(READ_ONCE(gicv5_this_log()->spi[SPI_A]) == 1,
				    GICV5_WAIT_USEC));
	edge(SPI_C);			/* equal: later */
	udelay(GICV5_SETTLE_USEC);
	local_irq_disable();
	GUEST_ASSERT_EQ(gicv5_this_log()->total, 2);
	expect_state(GICV5_SPI(SPI_C), true, false);
}

static void check_three(u32 first, u32 second, u32 third)
{
	struct gicv5_log *log = gicv5_this_log();

	GUEST_ASSERT(guest_wait_for(READ_ONCE(log->total) == 3, GICV5_WAIT_USEC));
	GUEST_ASSERT_EQ(order[0], GICV5_SPI(first));
	GUEST_ASSERT_EQ(order[1], GICV5_SPI(second));
	GUEST_ASSERT_EQ(order[2], GICV5_SPI(third));
	GUEST_ASSERT_EQ(log->spi[first], 1);
	GUEST_ASSERT_EQ(log->spi[second], 1);
	GUEST_ASSERT_EQ(log->spi[third], 1);
	gicv5_log_reset(log);
	nr_order = 0;
}

static void guest_priorities(void)
{
	stage("preemption");
	gicv5_irq_set_priority(GICV5_SPI(SPI_A), PRIO - 8);
	in_handler = raise_others;
	edge(SPI_B);
	check_three(SPI_B, SPI_A, SPI_C);
	in_handler = NULL;
	expect_nothing();

	stage("the most important first");
	gicv5_irq_set_priority(GICV5_SPI(SPI_C), 0);
	gicv5_cpu_disable_interrupts();
	edge(SPI_B);
	edge(SPI_A);
	edge(SPI_C);
	expect_nothing();
	write_sysreg_s(ICC_CR0_EL1_EN, SYS_ICC_CR0_EL1);
	isb();
	check_three(SPI_C, SPI_A, SPI_B);
	expect_nothing();

	gicv5_irq_set_priority(GICV5_SPI(SPI_A), PRIO);
	gicv5_irq_set_priority(GICV5_SPI(SPI_C), PRIO);
}

static void guest_affinity(u32 spi)
{
	u32 intid = GICV5_SPI(spi);
	u32 v;
	int i;

	stage("affinity");
	for (i = 0; i < 2; i++) {
		for (v = 0; v < NR_VCPUS; v++) {
			gicv5_irq_set_affinity(intid, v);
			edge(spi);
			expect(v, intid, 1);
		}
	}

	stage("affinity changes while pending");
	for (v = 0; v < NR_VCPUS; v++) {
		/* Nobody is there, so it waits. */
		gicv5_irq_set_affinity(intid, NR_VCPUS + 3);
		edge(spi);
		expect_nothing();
		expect_state(intid, true, false);
		gicv5_irq_set_affinity(intid, v);
		expect(v, intid, 1);
	}

	gicv5_irq_set_affinity(intid, 0);
}

static void guest_disabled(u32 spi)
{
	u32 intid = GICV5_SPI(spi);

	stage("IRS disabled");
	gicv5_irs_set_enable(false);
	edge(spi);
	expect_nothing();
	gicv5_irs_set_enable(true);
	expect(0, intid, 1);

	stage("CPU interface disabled");
	gicv5_cpu_disable_interrupts();
	edge(spi);
	expect_nothing();
	write_sysreg_s(ICC_CR0_EL1_EN, SYS_ICC_CR0_EL1);
	isb();
	expect(0, intid, 1);

	stage("SPIs that are not there");
	GUEST_SYNC2(CMD_BAD_SPI, NR_SPIS);
	GUEST_SYNC2(CMD_BAD_SPI, NR_SPIS + 1);
	GUEST_SYNC2(CMD_BAD_SPI, 1023);
	GUEST_SYNC2(CMD_BAD_SPI, 1024);
	GUEST_SYNC2(CMD_BAD_SPI, 65535);
	expect_nothing();
}

static u32 level_spi;
static u32 level_runs;

/* The device is served the @level_runs'th time. */
static void lower_level(u32 intid)
{
	GUEST_ASSERT_EQ(handler_depth, 1);
	/* Acknowledging a level does not make it go away, */
	expect_state(intid, true, true);
	if (--level_runs)
		return;

	/* the device does. */
	level(level_spi, false);
	expect_state(intid, false, true);
}

static void disable_level(u32 intid)
{
	gicv5_irq_disable(intid);
}

static void guest_level(u32 spi)
{
	u32 intid = GICV5_SPI(spi);

	gicv5_irs_set_spi_level(spi, true);
	GUEST_ASSERT(FIELD_GET(GICV5_ICSR_HM, gicv5_irq_get_config(intid)));
	level_spi = spi;

	stage("level");
	in_handler = lower_level;
	level_runs = 1;
	level(spi, true);
	expect(0, intid, 1);
	expect_state(intid, false, false);

	stage("level that stays high");
	level_runs = 4;
	level(spi, true);
	expect(0, intid, 4);
	expect_state(intid, false, false);

	stage("level set twice");
	gicv5_irq_disable(intid);
	level(spi, true);
	level(spi, true);
	level_runs = 1;
	gicv5_irq_enable(intid);
	expect(0, intid, 1);

	stage("level gone before it is enabled");
	gicv5_irq_disable(intid);
	level(spi, true);
	expect_state(intid, true, false);
	level(spi, false);
	expect_state(intid, false, false);
	gicv5_irq_enable(intid);
	expect_nothing();

	stage("level gone before it is acknowledged");
	gicv5_cpu_set_priority_mask(0);
	level(spi, true);
	expect_nothing();
	expect_state(intid, true, false);
	level(spi, false);
	gicv5_cpu_set_priority_mask(PRIO);
	expect_nothing();

	stage("level on another vCPU");
	gicv5_irq_set_affinity(intid, NR_VCPUS + 3);
	level(spi, true);
	expect_nothing();
	level(spi, false);
	gicv5_irq_set_affinity(intid, NR_VCPUS - 1);
	expect_nothing();
	gicv5_irq_set_affinity(intid, 0);

	stage("level disabled in its handler");
	in_handler = disable_level;
	level(spi, true);
	expect(0, intid, 1);
	expect_state(intid, true, false);
	in_handler = lower_level;
	level_runs = 1;
	gicv5_irq_enable(intid);
	expect(0, intid, 1);
	in_handler = NULL;

	stage("level and back to edge");
	gicv5_irs_set_spi_level(spi, false);
	GUEST_ASSERT(!FIELD_GET(GICV5_ICSR_HM, gicv5_irq_get_config(intid)));
	edge(spi);
	expect(0, intid, 1);
	expect_state(intid, false, false);
}

static u32 device_serve_at;

static void serve_device(u32 intid)
{
	if (READ_ONCE(gicv5_this_log()->spi[SPI_RESAMPLE]) >= device_serve_at)
		GUEST_SYNC2(CMD_DEVICE, 0);
}

static bool spi_is_idle(u32 intid)
{
	return !(gicv5_irq_get_config(intid) & (GICV5_ICSR_PENDING | GICV5_ICSR_ACTIVE));
}

/*
 * The device keeps its line high until it is served. KVM drops the line when
 * the guest deactivates the interrupt, and says so, whereupon user space raises
 * it again if it must.
 *
 * KVM has to be told of the deactivation, which may come before it has arranged
 * for that if the line was raised while the guest ran: then it is raised for one
 * interrupt more. The first time it is raised while vCPU 0 is not in the guest.
 */
static void guest_resample(u32 serve_at)
{
	struct gicv5_log *log = gicv5_this_log();
	u32 before = READ_ONCE(device_resampled);
	u32 intid = GICV5_SPI(SPI_RESAMPLE);
	u32 irqs, resampled;

	gicv5_irs_set_spi_level(SPI_RESAMPLE, true);
	device_serve_at = serve_at;
	in_handler = serve_device;
	GUEST_SYNC2(CMD_DEVICE, 1);

	GUEST_ASSERT(guest_wait_for(READ_ONCE(log->spi[SPI_RESAMPLE]) >= serve_at &&
				    !READ_ONCE(device_level) && spi_is_idle(intid) &&
				    READ_ONCE(device_resampled) > before,
				    GICV5_WAIT_USEC));
	udelay(5 * GICV5_SETTLE_USEC);
	in_handler = NULL;

	irqs = log->spi[SPI_RESAMPLE];
	resampled = READ_ONCE(device_resampled) - before;
	__GUEST_ASSERT(resampled >= 1 && resampled <= irqs && irqs <= 2 * serve_at - 1,
		       "%u interrupts, resampled %u times, served the %u. time", irqs,
		       resampled, serve_at);
	GUEST_ASSERT_EQ(log->total, irqs);
	GUEST_ASSERT_EQ(log->spurious, 0);
	gicv5_log_reset(log);

	expect_state(intid, false, false);
	expect_nothing();
}

static void see_seq(u32 intid)
{
	WRITE_ONCE(storm_seen, READ_ONCE(storm_seq));
}

/* Interrupts come while the guest runs, see test_running(). */
static void guest_running(u32 spi)
{
	stage("while the guest runs");
	in_handler = see_seq;
	gicv5_log_reset(gicv5_this_log());
	WRITE_ONCE(irqs_ready, 1);
	while (READ_ONCE(irqs_ready))
		cpu_relax();
	in_handler = NULL;
	gicv5_log_reset(gicv5_this_log());
	nr_order = 0;
}

static void guest_code(void)
{
	static const u32 spis[] = { SPI_A, SPI_B, SPI_C, SPI_RESAMPLE };
	int i;

	local_irq_disable();
	gicv5_cpu_enable_interrupts();
	gicv5_cpu_set_priority_mask(PRIO);
	local_irq_enable();

	if (guest_get_vcpuid()) {
		for (;;)
			wfi();
	}

	for (i = 0; i < ARRAY_SIZE(spis); i++)
		gicv5_irq_setup(GICV5_SPI(spis[i]), PRIO, 0);
	gicv5_irs_set_enable(true);

	for (i = 0; i < ARRAY_SIZE(spis) - 1; i++) {
		guest_edge(spis[i]);
		guest_active_pending(spis[i]);
	}
	guest_priority_mask(SPI_B);
	guest_priorities();
	guest_affinity(SPI_A);
	guest_affinity(SPI_C);
	guest_disabled(SPI_B);

	/* Only KVM_IRQ_LINE can keep a level. */
	GUEST_SYNC2(CMD_STAGE, (u64)"levels");
	guest_level(SPI_B);
	guest_level(SPI_C);

	stage("resample irqfd");
	guest_resample(1);
	guest_resample(1);
	stage("resample irqfd, served the third time");
	guest_resample(3);

	guest_running(SPI_B);
	GUEST_DONE();
}

static void host_edge(struct kvm_vm *vm, u32 spi)
{
	switch (method) {
	case BY_IRQ_LINE:
		vgic_v5_pulse_spi(vm, spi);
		break;
	case BY_IRQFD:
		TEST_ASSERT(!eventfd_write(eventfds[spi], 1), "eventfd_write(), errno %d",
			    errno);
		break;
	}
}

/*
 * An irqfd injects from a work item if it can't do so at once, as on a host without
 * VHE. To take it back waits for that.
 */
static void flush_edge(struct kvm_vm *vm, u32 spi)
{
	if (method != BY_IRQFD)
		return;

	kvm_deassign_irqfd(vm, spi, eventfds[spi]);
	kvm_assign_irqfd(vm, spi, eventfds[spi]);
}

static int trigger_fd, resample_fd;

static void host_sync(struct kvm_vcpu *vcpu, struct ucall *uc)
{
	struct kvm_vm *vm = vcpu->vm;
	int ret;

	switch (uc->args[0]) {
	case CMD_STAGE:
		pr_info("  %s\n", (char *)addr_gva2hva(vm, uc->args[1]));
		break;
	case CMD_EDGE:
		host_edge(vm, uc->args[1]);
		flush_edge(vm, uc->args[1]);
		break;
	case CMD_LEVEL:
		vgic_v5_set_spi(vm, uc->args[1], uc->args[2]);
		break;
	case CMD_BAD_SPI:
		ret = __vgic_v5_irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 0, uc->args[1], 1);
		TEST_ASSERT(ret < 0 && errno == EINVAL, "SPI %lu: %d, errno %d", uc->args[1],
			    ret, errno);
		break;
	case CMD_DEVICE:
		WRITE_ONCE(*vm_global(vm, device_level), uc->args[1]);
		if (uc->args[1])
			eventfd_write(trigger_fd, 1);
		break;
	default:
		TEST_FAIL("Unknown command %lu", uc->args[0]);
	}
}

/* The device: what it says when it is asked whether its line is still high. */
static void *resample_thread(void *arg)
{
	struct kvm_vm *vm = arg;
	eventfd_t val;

	for (;;) {
		if (eventfd_read(resample_fd, &val))
			continue;
		if (READ_ONCE(*vm_global(vm, device_level)))
			eventfd_write(trigger_fd, 1);
		WRITE_ONCE(*vm_global(vm, device_resampled),
			   *vm_global(vm, device_resampled) + val);
	}

	return NULL;
}

static void setup_irqfds(struct kvm_vm *vm)
{
	struct kvm_irqfd resample = {
		.gsi = SPI_RESAMPLE,
		.flags = KVM_IRQFD_FLAG_RESAMPLE,
	};
	pthread_t thread;
	u32 spi;

	for (spi = 0; spi < NR_SPIS; spi++) {
		eventfds[spi] = kvm_new_eventfd();
		if (spi != SPI_RESAMPLE)
			kvm_assign_irqfd(vm, spi, eventfds[spi]);
	}

	trigger_fd = kvm_new_eventfd();
	resample_fd = kvm_new_eventfd();
	resample.fd = trigger_fd;
	resample.resamplefd = resample_fd;
	vm_ioctl(vm, KVM_IRQFD, &resample);
	pthread_create(&thread, NULL, resample_thread, vm);
	pthread_detach(thread);
}

/* One by one, then as fast as it goes: the last one must not get lost. */
static void test_running(struct kvm_vm *vm, struct vcpu_thread *t)
{
	struct gicv5_log *log = vgic_v5_get_log(vm, 0);
	u32 *seq = vm_global(vm, storm_seq), *seen = vm_global(vm, storm_seen);
	u32 i;

	if (!host_wait_for(READ_ONCE(*vm_global(vm, irqs_ready)), 6 * VGIC_V5_WAIT_MSEC)) {
		vcpu_thread_report(t);
		TEST_FAIL("The guest does not get to the end");
	}

	for (i = 1; i <= 200; i++) {
		WRITE_ONCE(*seq, i);
		host_edge(vm, SPI_B);
		TEST_ASSERT(host_wait_for(READ_ONCE(*seen) == i, VGIC_V5_WAIT_MSEC),
			    "Edge %u got lost", i);
		TEST_ASSERT(READ_ONCE(log->total) == i && READ_ONCE(log->spi[SPI_B]) == i,
			    "%u interrupts (%u times SPI %u) after %u edges", log->total,
			    log->spi[SPI_B], SPI_B, i);
	}

	for (; i <= 2000; i++) {
		WRITE_ONCE(*seq, i);
		host_edge(vm, SPI_B);
	}
	TEST_ASSERT(host_wait_for(READ_ONCE(*seen) == i - 1, VGIC_V5_WAIT_MSEC),
		    "The last edge got lost");
	usleep(VGIC_V5_SETTLE_MSEC * 1000);
	TEST_ASSERT(log->total == log->spi[SPI_B] && log->total > 200 && log->total < i,
		    "%u interrupts (%u times SPI %u) after %u edges", log->total,
		    log->spi[SPI_B], SPI_B, i - 1);
	TEST_ASSERT_EQ(log->spurious, 0);

	WRITE_ONCE(*vm_global(vm, irqs_ready), 0);
}

static void test_spis(int by)
{
	static const char * const names[] = { "KVM_IRQ_LINE", "irqfd" };
	struct vcpu_thread threads[NR_VCPUS];
	struct kvm_vcpu *vcpus[NR_VCPUS];
	struct kvm_vm *vm;
	int i;

	pr_info("Edges by %s\n", names[by]);
	method = by;

	vm = vgic_v5_create_vm(NR_VCPUS, NULL, NR_SPIS, guest_code, vcpus);
	vm_install_exception_handler(vm, VECTOR_IRQ_CURRENT, guest_handler);
	setup_irqfds(vm);

	for (i = NR_VCPUS - 1; i >= 0; i--)
		vcpu_thread_start(&threads[i], vcpus[i], i ? NULL : host_sync);

	test_running(vm, &threads[0]);
	vcpu_thread_join(&threads[0]);
	for (i = 1; i < NR_VCPUS; i++)
		vcpu_thread_stop(&threads[i]);

	/* The thread of the device still looks at the VM. */
}

int main(int argc, char **argv)
{
	int by;

	test_disable_default_vgic();
	__TEST_REQUIRE(kvm_supports_vgic_v5(), "No GICv5 for guests");

	for (by = 0; by < NR_METHODS; by++)
		test_spis(by);

	return 0;
}
