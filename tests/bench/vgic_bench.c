// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_bench.c - What the interrupts of a guest cost its host, in instructions
 *
 *	vgic_bench one	on a machine with one CPU
 *	vgic_bench two	on a machine with two: whether IPIs of running vCPUs exit
 *
 * The guest has the interrupt controller of the host: a GICv5, or a GICv3 with the
 * same benchmarks under the same names. The machine is QEMU with -icount shift=0,
 * where a nanosecond of virtual time is one instruction, and its counter has 1 GHz,
 * so that differences of CNTVCT_EL0 are instructions. Guest and host have one
 * counter, the VM's offset is 0. docs/performance.md tells what is measured.
 *
 * Lines are "bench: GIC_NAME VALUE UNIT". A benchmark that did not do what its name
 * says fails.
 */

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include <linux/kernel.h>

#include "arch_timer.h"
#include "gic.h"
#include "gic_v3.h"
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "vgic.h"
#include "vgic_v5.h"

#define NR_SPIS		32
#define SPI		13	/* counted from 0; also its pin */
#define V3_SPI		(MIN_SPI + SPI)
#define SGI		3
#define TIMER_PPI	27	/* for either GIC */
#define LPI		70	/* the IPI of vCPU n is LPI + n */
#define IST_ADDR	0x40000000ULL

#define WARM_UP		64
#define ROUNDS		1000
#define BATCH		16
#define BATCHES		200

static u64 samples[4][ROUNDS];

/* Shared with the guest */
static u32 is_v5;
static u32 handled;		/* interrupts, by the vCPU that takes them */
static u64 handled_at;		/* when the last one reached its handler */
static u32 ready;		/* vCPUs that have set up their interrupts */
static u32 batch;		/* IPIs in the next batch */
static u64 ipi_handler[BATCH];	/* IPI to handler */
static u64 ipi_return[BATCH];	/* IPI to the sender's next instruction */

/* The guest */

static void guest_irq_handler(struct ex_regs *regs)
{
	u64 now = timer_get_cntct(VIRTUAL);
	u32 intid;

	if (READ_ONCE(is_v5)) {
		intid = gicv5_irq_ack();
		GUEST_ASSERT(intid);
		gicv5_irq_deactivate(intid);
		gicv5_irq_drop_priority();
	} else {
		intid = gic_get_and_ack_irq();
		GUEST_ASSERT(intid != IAR_SPURIOUS);
		gic_set_eoi(intid);
	}

	WRITE_ONCE(handled_at, now);
	WRITE_ONCE(handled, handled + 1);
}

/*
 * The SPI and the IPI of this vCPU. SPIs go to vCPU 0. The PPI of the virtual timer
 * is enabled, as in every guest, but the timer isn't.
 */
static void guest_setup_irqs(void)
{
	u32 id = guest_get_vcpuid();

	if (READ_ONCE(is_v5)) {
		gicv5_cpu_enable_interrupts();
		gicv5_cpu_set_priority_mask(31);
		write_sysreg_s(BIT_ULL(TIMER_PPI), SYS_ICC_PPI_ENABLER0_EL1);
		isb();
		if (!id) {
			u32 idr2 = gicv5_irs_readl(GICV5_IRS_IDR2);

			GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR,
							  FIELD_GET(GICV5_IRS_IDR2_ID_BITS, idr2)));
			gicv5_irs_set_enable(true);
			gicv5_irq_setup(GICV5_SPI(SPI), GICV5_IRQ_DEFAULT_PRI, id);
		} else {
			while (!READ_ONCE(ready))
				cpu_relax();
		}
		gicv5_irq_setup(GICV5_LPI(LPI + id), GICV5_IRQ_DEFAULT_PRI, id);
	} else {
		/* The library initialises the distributor with the first vCPU. */
		while (READ_ONCE(ready) != id)
			cpu_relax();
		gic_init(GIC_V3, 2);
		gic_irq_enable(SGI);
		gic_irq_enable(TIMER_PPI);
		if (!id) {
			gic_irq_set_config(V3_SPI, true);
			gic_irq_enable(V3_SPI);
		}
	}

	WRITE_ONCE(ready, ready + 1);
}

static void guest_send_ipi(u32 id)
{
	if (READ_ONCE(is_v5)) {
		gicv5_irq_set_pending(GICV5_LPI(LPI + id));
	} else {
		dsb(ishst);
		write_sysreg_s((u64)SGI << 24 | BIT(id), SYS_ICC_SGI1R_EL1);
		isb();
	}
}

/* Sleep until an interrupt comes, take it, sleep. */
static void guest_sleeper(void)
{
	local_irq_disable();
	guest_setup_irqs();

	for (;;) {
		wfi();
		local_irq_enable();
		isb();
		local_irq_disable();
	}
}

/* Run, take an interrupt, tell the host. */
static void guest_taker(void)
{
	u32 seen = 0;

	local_irq_disable();
	guest_setup_irqs();
	local_irq_enable();
	GUEST_SYNC(0);

	for (;;) {
		while (READ_ONCE(handled) == seen)
			cpu_relax();
		seen = READ_ONCE(handled);
		GUEST_SYNC(1);
	}
}

/* Leave, and tell when it has come back. */
static void guest_leaver(void)
{
	local_irq_disable();
	guest_setup_irqs();

	for (;;) {
		GUEST_SYNC(0);
		WRITE_ONCE(handled_at, timer_get_cntct(VIRTUAL));
	}
}

/* Run, and take interrupts. */
static void guest_receiver(void)
{
	local_irq_disable();
	guest_setup_irqs();
	local_irq_enable();

	for (;;)
		cpu_relax();
}

/*
 * QEMU runs the CPUs of a machine under -icount one after the other, each until
 * the next event of the machine is near. A timer that expires soon, and whose
 * interrupt is masked, is such an event: with it the others get their turn after
 * some thousand instructions and not after half the host's tick.
 */
static void guest_end_slice(void)
{
	timer_set_cval(VIRTUAL, timer_get_cntct(VIRTUAL) + 2000);
	timer_set_ctl(VIRTUAL, CTL_ENABLE | CTL_IMASK);
}

static void guest_send_batches(u32 target, bool others)
{
	u32 i, before;
	u64 start;

	for (;;) {
		GUEST_SYNC(0);

		for (i = 0; i < READ_ONCE(batch); i++) {
			before = READ_ONCE(handled);
			start = timer_get_cntct(VIRTUAL);
			guest_send_ipi(target);
			ipi_return[i] = timer_get_cntct(VIRTUAL) - start;
			while (READ_ONCE(handled) == before) {
				if (others)
					guest_end_slice();
				cpu_relax();
			}
			ipi_handler[i] = READ_ONCE(handled_at) - start;
		}
	}
}

/* IPIs to oneself, */
static void guest_self_sender(void)
{
	local_irq_disable();
	guest_setup_irqs();
	local_irq_enable();
	guest_send_batches(0, false);
}

/* to a vCPU that sleeps and shares the CPU, */
static void guest_waker(void)
{
	local_irq_disable();
	guest_setup_irqs();
	guest_send_batches(0, false);
}

/* and to one that runs on a CPU of its own. */
static void guest_sender(void)
{
	local_irq_disable();
	guest_setup_irqs();
	guest_send_batches(0, true);
}

/* The host */

static u64 now(void)
{
	return timer_get_cntct(VIRTUAL);
}

static void report(const char *name, double value, const char *unit)
{
	printf("bench: %s_%s %.10g %s\n", is_v5 ? "gicv5" : "gicv3", name, value, unit);
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 median(u64 *values, unsigned int nr)
{
	qsort(values, nr, sizeof(*values), compare);
	return values[nr / 2];
}

static void report_median(const char *name, u64 *values, unsigned int nr)
{
	u64 m = median(values, nr);

	TEST_ASSERT(m, "%s has measured nothing", name);
	pr_info("%s: %lu of %lu to %lu\n", name, m, values[0], values[nr - 1]);
	report(name, m, "instructions");
}

static struct kvm_vm *create_vm(u32 nr_vcpus, void *guest_code, struct kvm_vcpu **vcpus)
{
	struct kvm_arm_counter_offset offset = {};
	struct kvm_vm *vm;
	u32 i;

	if (is_v5) {
		vm = vgic_v5_create_vm(nr_vcpus, NULL, NR_SPIS, guest_code, vcpus);
	} else {
		vm = vm_create_with_vcpus(nr_vcpus, guest_code, vcpus);
		vm_init_descriptor_tables(vm);
		for (i = 0; i < nr_vcpus; i++)
			vcpu_init_descriptor_tables(vcpus[i]);
	}
	vm_install_exception_handler(vm, VECTOR_IRQ_CURRENT, guest_irq_handler);
	sync_global_to_guest(vm, is_v5);

	vm_ioctl(vm, KVM_ARM_SET_COUNTER_OFFSET, &offset);
	/* No time of its own to busy waiting before a vCPU sleeps */
	vm_enable_cap(vm, KVM_CAP_HALT_POLL, 0);

	return vm;
}

static void set_spi(struct kvm_vm *vm, int level)
{
	u32 irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | (is_v5 ? SPI : V3_SPI);
	int ret = _kvm_irq_line(vm, irq, level);

	TEST_ASSERT(!ret, "KVM_IRQ_LINE failed, errno %d", errno);
}

static void signal_eventfd(int fd)
{
	u64 one = 1;

	TEST_ASSERT(write(fd, &one, sizeof(one)) == sizeof(one), "write() failed, errno %d", errno);
}

static void schedule(pthread_t thread, int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };
	int ret = pthread_setschedparam(thread, policy, &param);

	TEST_ASSERT(!ret, "pthread_setschedparam() failed, error %d", ret);
}

static void pin(pthread_t thread, int cpu)
{
	cpu_set_t set;
	int ret;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ret = pthread_setaffinity_np(thread, sizeof(set), &set);
	TEST_ASSERT(!ret, "pthread_setaffinity_np() failed, error %d", ret);
}

static void run_to_sync(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	vcpu_run(vcpu);
	switch (get_ucall(vcpu, &uc)) {
	case UCALL_SYNC:
		break;
	case UCALL_ABORT:
		REPORT_GUEST_ASSERT(uc);
		break;
	default:
		TEST_FAIL("Unexpected exit: %s", exit_reason_str(vcpu->run->exit_reason));
	}
}

static void expect_handled(struct kvm_vm *vm, u32 nr, const char *what)
{
	u32 got = READ_ONCE(*vm_global(vm, handled));

	TEST_ASSERT(got == nr, "%s: %u interrupts, not %u", what, got, nr);
}

/*
 * The vCPU preempts the waker as soon as it is woken, and when it sleeps again the
 * waker goes on: there is one CPU, and it is never idle.
 */
static void bench_wake(void)
{
	u64 *to_handler = samples[0], *round = samples[1], start;
	u64 blocked = 0, rung = 0;
	struct kvm_vcpu *vcpu;
	struct vcpu_thread t;
	struct kvm_vm *vm;
	int fd, how, i;
	u32 nr = 0;

	vm = create_vm(1, guest_sleeper, &vcpu);
	fd = kvm_new_eventfd();
	kvm_assign_irqfd(vm, SPI, fd);
	vcpu_thread_start(&t, vcpu, NULL);
	schedule(t.thread, SCHED_FIFO, 10);
	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, ready)), VGIC_V5_WAIT_MSEC),
		    "The guest does not start");
	TEST_ASSERT(vcpu_thread_wait_blocked(&t), "WFI does not exit");
	schedule(pthread_self(), SCHED_IDLE, 0);

	for (how = 0; how < 2; how++) {
		for (i = -WARM_UP; i < ROUNDS; i++) {
			if (!i) {
				blocked = vcpu_get_stat(vcpu, wfi_exit_stat);
				if (is_v5)
					rung = vcpu_get_stat(vcpu, vgic_v5_doorbell_rung);
			}
			start = now();
			if (how)
				signal_eventfd(fd);
			else
				set_spi(vm, 1);
			if (i >= 0) {
				round[i] = now() - start;
				to_handler[i] = *vm_global(vm, handled_at) - start;
			}
			expect_handled(vm, ++nr, "wake");
			if (!how)
				set_spi(vm, 0);
		}

		TEST_ASSERT_EQ(vcpu_get_stat(vcpu, wfi_exit_stat) - blocked, ROUNDS);
		if (is_v5)
			TEST_ASSERT_EQ(vcpu_get_stat(vcpu, vgic_v5_doorbell_rung) - rung, ROUNDS);
		report_median(how ? "wake_irqfd_to_handler" : "wake_line_to_handler", to_handler,
			      ROUNDS);
		report_median(how ? "wake_irqfd_round_trip" : "wake_line_round_trip", round, ROUNDS);
	}

	schedule(pthread_self(), SCHED_OTHER, 0);
	vcpu_thread_stop(&t);
	close(fd);
	kvm_vm_free(vm);
}

/* A thread that injects, and then runs the vCPU itself */
static void bench_inject(void)
{
	u64 *inject = samples[0], *enter = samples[1], start, injected;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int fd, how, i;
	u32 nr = 0;

	vm = create_vm(1, guest_taker, &vcpu);
	fd = kvm_new_eventfd();
	kvm_assign_irqfd(vm, SPI, fd);
	run_to_sync(vcpu);
	schedule(pthread_self(), SCHED_IDLE, 0);

	for (how = 0; how < 2; how++) {
		for (i = -WARM_UP; i < ROUNDS; i++) {
			start = now();
			if (how)
				signal_eventfd(fd);
			else
				set_spi(vm, 1);
			injected = now();
			run_to_sync(vcpu);
			if (i >= 0) {
				inject[i] = injected - start;
				enter[i] = *vm_global(vm, handled_at) - injected;
			}
			expect_handled(vm, ++nr, "inject");
			if (!how)
				set_spi(vm, 0);
		}
		report_median(how ? "inject_irqfd" : "inject_line", inject, ROUNDS);
		if (!how)
			report_median("run_to_handler", enter, ROUNDS);
	}

	schedule(pthread_self(), SCHED_OTHER, 0);
	close(fd);
	kvm_vm_free(vm);

	/* The same without an interrupt, for comparison */
	vm = create_vm(1, guest_leaver, &vcpu);
	for (i = -WARM_UP; i < ROUNDS; i++) {
		start = now();
		run_to_sync(vcpu);
		if (i >= 0)
			enter[i] = *vm_global(vm, handled_at) - start;
	}
	report_median("run_to_guest", enter, ROUNDS);
	kvm_vm_free(vm);
}

/* Exits of a vCPU for a batch of @nr IPIs, and how many there were more for others. */
static u64 exits_for_batch(struct kvm_vcpu *sender, struct kvm_vcpu *of, u32 nr)
{
	u64 before;
	u32 i, done = *vm_global(sender->vm, handled);

	WRITE_ONCE(*vm_global(sender->vm, batch), nr);
	before = vcpu_get_stat(of, exits);
	run_to_sync(sender);
	before = vcpu_get_stat(of, exits) - before;
	expect_handled(sender->vm, done + nr, "IPI");

	for (i = 0; i < nr; i++)
		TEST_ASSERT((*vm_global(sender->vm, ipi_handler))[i], "IPI %u took no time", i);

	return before;
}

/*
 * The exits of @of per IPI: those of a batch less those of an empty one. Medians,
 * as the ticks of the host are exits too.
 */
static double exits_per_ipi(struct kvm_vcpu *sender, struct kvm_vcpu *of, u64 *handler,
			    u64 *back)
{
	u64 *with = samples[2], *without = samples[3];
	struct kvm_vm *vm = sender->vm;
	u32 i, j, nr = 0;

	for (i = 0; i < BATCHES; i++) {
		without[i] = exits_for_batch(sender, of, 0);
		with[i] = exits_for_batch(sender, of, BATCH);
		for (j = 0; j < BATCH && nr < ROUNDS; j++, nr++) {
			handler[nr] = (*vm_global(vm, ipi_handler))[j];
			back[nr] = (*vm_global(vm, ipi_return))[j];
		}
	}
	TEST_ASSERT(nr == ROUNDS, "%u IPIs are too few", nr);

	return ((double)median(with, BATCHES) - median(without, BATCHES)) / BATCH;
}

static void bench_ipi_self(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	double exits;

	vm = create_vm(1, guest_self_sender, &vcpu);
	run_to_sync(vcpu);
	exits = exits_per_ipi(vcpu, vcpu, samples[0], samples[1]);
	report("ipi_self_exits", exits, "exits");
	report_median("ipi_self_to_handler", samples[0], ROUNDS);
	kvm_vm_free(vm);
}

static struct kvm_vm *create_ipi_vm(struct vcpu_thread *t, void *target_code, void *sender_code,
				    struct kvm_vcpu **vcpus)
{
	struct kvm_vm *vm = create_vm(2, target_code, vcpus);

	vcpu_arch_set_entry_point(vcpus[1], sender_code);
	vcpu_thread_start(t, vcpus[0], NULL);

	return vm;
}

/* The target is woken, and preempts the sender until it sleeps again. */
static void bench_ipi_wake(void)
{
	struct kvm_vcpu *vcpus[2];
	struct vcpu_thread t;
	struct kvm_vm *vm;
	double exits;

	vm = create_ipi_vm(&t, guest_sleeper, guest_waker, vcpus);
	schedule(t.thread, SCHED_FIFO, 10);
	TEST_ASSERT(vcpu_thread_wait_blocked(&t), "WFI does not exit");
	run_to_sync(vcpus[1]);
	exits = exits_per_ipi(vcpus[1], vcpus[1], samples[0], samples[1]);
	report("ipi_wake_sender_exits", exits, "exits");
	report_median("ipi_wake_to_handler", samples[0], ROUNDS);
	report_median("ipi_wake_round_trip", samples[1], ROUNDS);
	vcpu_thread_stop(&t);
	kvm_vm_free(vm);
}

static void bench_ipi_running(void)
{
	struct kvm_vcpu *vcpus[2];
	struct vcpu_thread t;
	struct kvm_vm *vm;

	vm = create_ipi_vm(&t, guest_receiver, guest_sender, vcpus);
	pin(t.thread, 1);
	pin(pthread_self(), 0);
	run_to_sync(vcpus[1]);
	report("ipi_running_sender_exits",
	       exits_per_ipi(vcpus[1], vcpus[1], samples[0], samples[1]), "exits");
	report("ipi_running_target_exits",
	       exits_per_ipi(vcpus[1], vcpus[0], samples[0], samples[1]), "exits");
	vcpu_thread_stop(&t);
	kvm_vm_free(vm);
}

/* A VM with nothing but vCPUs and an interrupt controller */
struct bare_vm {
	int vm;
	int gic;
	int *vcpus;
	u32 nr_vcpus;
};

static int xioctl(int fd, unsigned long request, void *arg, const char *name)
{
	int ret = ioctl(fd, request, arg);

	TEST_ASSERT(ret >= 0, "%s failed, errno %d", name, errno);
	return ret;
}

static int kvm_fd;
static bool with_gic;

static void bare_create(struct bare_vm *b, u32 nr_vcpus)
{
	struct kvm_create_device device = {
		.type = is_v5 ? KVM_DEV_TYPE_ARM_VGIC_V5 : KVM_DEV_TYPE_ARM_VGIC_V3,
	};
	u32 i, nr_irqs = is_v5 ? NR_SPIS : MIN_SPI + NR_SPIS;
	struct kvm_device_attr irqs = {
		.group = KVM_DEV_ARM_VGIC_GRP_NR_IRQS,
		.addr = (u64)&nr_irqs,
	};
	struct kvm_vcpu_init init;

	b->nr_vcpus = nr_vcpus;
	b->vm = xioctl(kvm_fd, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
	b->gic = -1;
	if (with_gic) {
		xioctl(b->vm, KVM_CREATE_DEVICE, &device, "KVM_CREATE_DEVICE");
		b->gic = device.fd;
		xioctl(b->gic, KVM_SET_DEVICE_ATTR, &irqs, "NR_IRQS");
	}

	xioctl(b->vm, KVM_ARM_PREFERRED_TARGET, &init, "KVM_ARM_PREFERRED_TARGET");
	for (i = 0; i < nr_vcpus; i++) {
		b->vcpus[i] = xioctl(b->vm, KVM_CREATE_VCPU, (void *)(unsigned long)i,
				     "KVM_CREATE_VCPU");
		xioctl(b->vcpus[i], KVM_ARM_VCPU_INIT, &init, "KVM_ARM_VCPU_INIT");
	}
}

static void bare_init(struct bare_vm *b)
{
	struct kvm_device_attr init = {
		.group = KVM_DEV_ARM_VGIC_GRP_CTRL,
		.attr = KVM_DEV_ARM_VGIC_CTRL_INIT,
	};

	if (with_gic)
		xioctl(b->gic, KVM_SET_DEVICE_ATTR, &init, "INIT");
}

static void bare_destroy(struct bare_vm *b)
{
	u32 i;

	for (i = 0; i < b->nr_vcpus; i++)
		close(b->vcpus[i]);
	if (b->gic >= 0)
		close(b->gic);
	close(b->vm);
}

/*
 * Whoever creates and destroys VMs sleeps at times, and the CPU must not be idle
 * then, as virtual time would go on without instructions. A thread takes those
 * moments, and what it has used is subtracted.
 */
static clockid_t filler_clock;

static void *filler_main(void *arg)
{
	schedule(pthread_self(), SCHED_IDLE, 0);
	TEST_ASSERT(!pthread_getcpuclockid(pthread_self(), &filler_clock), "No CPU clock");
	sem_post(arg);
	for (;;)
		cpu_relax();

	return NULL;
}

static void filler_start(void)
{
	pthread_t thread;
	sem_t started;

	sem_init(&started, 0, 0);
	TEST_ASSERT(!pthread_create(&thread, NULL, filler_main, &started), "No thread");
	sem_wait(&started);
}

static u64 busy(void)
{
	struct timespec filler;

	clock_gettime(filler_clock, &filler);
	return now() - timespec_to_ns(filler);
}

static u32 max_vcpus(void)
{
	struct bare_vm b = { .vm = xioctl(kvm_fd, KVM_CREATE_VM, NULL, "KVM_CREATE_VM") };
	struct kvm_create_device device = {
		.type = is_v5 ? KVM_DEV_TYPE_ARM_VGIC_V5 : KVM_DEV_TYPE_ARM_VGIC_V3,
	};
	int max;

	xioctl(b.vm, KVM_CREATE_DEVICE, &device, "KVM_CREATE_DEVICE");
	max = xioctl(b.vm, KVM_CHECK_EXTENSION, (void *)KVM_CAP_MAX_VCPUS, "KVM_CAP_MAX_VCPUS");
	close(device.fd);
	close(b.vm);

	return max;
}

static void bench_life(u32 nr_vcpus, int *fds)
{
	unsigned int i, rounds = nr_vcpus > 64 ? 3 : 15;
	struct bare_vm b = { .vcpus = fds };
	u64 at[4];
	char name[64];

	for (with_gic = true;; with_gic = false) {
		for (i = 0; i <= rounds; i++) {
			at[0] = busy();
			bare_create(&b, nr_vcpus);
			at[1] = busy();
			bare_init(&b);
			at[2] = busy();
			bare_destroy(&b);
			at[3] = busy();
			/* The first one is for warming up. */
			if (i) {
				samples[0][i - 1] = (at[1] - at[0]) / nr_vcpus;
				samples[1][i - 1] = (at[2] - at[1]) / nr_vcpus;
				samples[2][i - 1] = (at[3] - at[2]) / nr_vcpus;
			}
		}

		if (with_gic) {
			snprintf(name, sizeof(name), "vgic_init_per_vcpu_%u", nr_vcpus);
			report_median(name, samples[1], rounds);
		}
		snprintf(name, sizeof(name), "vm%s_create_per_vcpu_%u", with_gic ? "" : "_no_gic",
			 nr_vcpus);
		report_median(name, samples[0], rounds);
		snprintf(name, sizeof(name), "vm%s_destroy_per_vcpu_%u", with_gic ? "" : "_no_gic",
			 nr_vcpus);
		report_median(name, samples[2], rounds);
		if (!with_gic)
			break;
	}
}

/*
 * Bytes that are free when nothing is waiting to be freed, those that CPUs keep
 * ready for themselves included.
 */
static u64 mem_free(void)
{
	u64 pages = 0, nr;
	char line[128];
	FILE *file;

	usleep(200000);
	file = fopen("/proc/zoneinfo", "r");
	TEST_ASSERT(file, "No /proc/zoneinfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " nr_free_pages %lu", &nr) == 1 ||
		    sscanf(line, " count: %lu", &nr) == 1)
			pages += nr;
	fclose(file);
	TEST_ASSERT(pages, "No free pages");

	return pages * getpagesize();
}

/*
 * The memory of one VM, in bytes: the median of groups of VMs, none of which is
 * destroyed before all are there. The first ones take what has been cached.
 */
#define NR_GROUPS	9

static u64 mem_per_vm(struct bare_vm *vms, u32 group, u32 nr_vcpus)
{
	u64 *used = samples[0], before, after;
	u32 i, j;

	for (i = 0; i < NR_GROUPS; i++) {
		before = mem_free();
		for (j = 0; j < group; j++, vms++) {
			vms->vcpus = calloc(nr_vcpus, sizeof(*vms->vcpus));
			TEST_ASSERT(vms->vcpus, "calloc() failed");
			bare_create(vms, nr_vcpus);
			bare_init(vms);
		}
		after = mem_free();
		used[i] = before > after ? (before - after) / group : 0;
	}
	pr_info("%u vCPUs: ", nr_vcpus);
	for (i = 0; i < NR_GROUPS; i++)
		pr_info("%lu%s", used[i], i < NR_GROUPS - 1 ? " " : " bytes per VM\n");
	TEST_ASSERT(median(used, NR_GROUPS), "VMs need no memory");

	return median(used, NR_GROUPS);
}

static void bench_memory(void)
{
	static const u32 nr_vcpus[] = { 1, 8, 64 }, group[] = { 12, 6, 2 };
	struct bare_vm *vms = calloc(2 * NR_GROUPS * (12 + 6 + 2), sizeof(*vms));
	u64 without[ARRAY_SIZE(nr_vcpus)], with;
	u32 i, nr = 0;
	char name[64];

	TEST_ASSERT(vms, "calloc() failed");
	with_gic = false;
	for (i = 0; i < ARRAY_SIZE(nr_vcpus); nr += NR_GROUPS * group[i], i++)
		without[i] = mem_per_vm(vms + nr, group[i], nr_vcpus[i]);
	with_gic = true;
	for (i = 0; i < ARRAY_SIZE(nr_vcpus); nr += NR_GROUPS * group[i], i++) {
		with = mem_per_vm(vms + nr, group[i], nr_vcpus[i]);
		snprintf(name, sizeof(name), "memory_per_vm_%u", nr_vcpus[i]);
		report(name, with, "bytes");
		snprintf(name, sizeof(name), "memory_of_vgic_%u", nr_vcpus[i]);
		report(name, (double)with - without[i], "bytes");
	}

	while (nr--) {
		bare_destroy(&vms[nr]);
		free(vms[nr].vcpus);
	}
	free(vms);
}

static void bench_vms(void)
{
	static const u32 nr_vcpus[] = { 1, 8, 64 };
	struct rlimit limit = { .rlim_cur = 8192, .rlim_max = 8192 };
	int i, max, *fds = calloc(8192, sizeof(*fds));

	TEST_ASSERT(!setrlimit(RLIMIT_NOFILE, &limit), "setrlimit() failed, errno %d", errno);
	kvm_fd = open_kvm_dev_path_or_exit();
	max = max_vcpus();

	bench_memory();

	filler_start();
	for (i = 0; i < ARRAY_SIZE(nr_vcpus) && nr_vcpus[i] < max; i++)
		bench_life(nr_vcpus[i], fds);
	bench_life(max, fds);
	close(kvm_fd);
	free(fds);
}

/* For somebody who looks at the machine from outside, see scripts/bench-trace.py */
static void bench_wake_forever(void)
{
	struct kvm_vcpu *vcpu;
	struct vcpu_thread t;
	struct kvm_vm *vm;
	u32 i;

	vm = create_vm(1, guest_sleeper, &vcpu);
	vcpu_thread_start(&t, vcpu, NULL);
	schedule(t.thread, SCHED_FIFO, 10);
	TEST_ASSERT(vcpu_thread_wait_blocked(&t), "WFI does not exit");
	schedule(pthread_self(), SCHED_IDLE, 0);

	for (i = 0;; i++) {
		set_spi(vm, 1);
		set_spi(vm, 0);
		if (i == WARM_UP)
			pr_info("vgic_bench: turning\n");
	}
}

int main(int argc, char *argv[])
{
	const char *what = argc == 2 ? argv[1] : "";

	setbuf(stdout, NULL);
	is_v5 = kvm_supports_vgic_v5();
	TEST_REQUIRE(is_v5 || kvm_supports_vgic_v3());
	TEST_REQUIRE(kvm_wfi_always_traps());
	TEST_ASSERT(timer_get_cntfrq() == 1000000000,
		    "The counter has %u Hz, not 1 GHz", timer_get_cntfrq());

	if (!strcmp(what, "one")) {
		TEST_REQUIRE(get_nprocs() == 1);
		bench_wake();
		bench_inject();
		bench_ipi_self();
		bench_ipi_wake();
		bench_vms();
	} else if (!strcmp(what, "two")) {
		TEST_REQUIRE(get_nprocs() == 2);
		bench_ipi_running();
	} else if (!strcmp(what, "turn")) {
		TEST_REQUIRE(get_nprocs() == 1);
		bench_wake_forever();
	} else {
		TEST_FAIL("usage: vgic_bench one|two|turn");
	}

	return 0;
}
