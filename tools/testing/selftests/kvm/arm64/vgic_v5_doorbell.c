// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_v5_doorbell.c - How a vCPU that waits for an interrupt is woken
 *
 * A vCPU that executes WFI is taken off its CPU, and the IRS no longer has
 * anybody to send interrupts to. It has been asked to ring a doorbell instead.
 * The tests are about when it rings and when it doesn't: what the interrupt is,
 * what the vCPU has masked, when it comes, and what happens meanwhile.
 *
 * By default KVM lets a WFI run in the guest when there is nobody else who wants
 * the CPU. Then there is no doorbell, and all of this must hold nevertheless.
 * With kvm-arm.wfi_trap_policy=trap on the command line of the host each WFI is
 * a doorbell.
 */

#include <sched.h>
#include <sys/wait.h>

#include <linux/kernel.h>

#include "delay.h"
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "vgic_v5.h"

#define NR_SPIS		32
#define SPI		13
#define SPI_ACTIVE	14
#define LPI		70
#define IST_ADDR	0x40000000ULL
#define PRIO		GICV5_IRQ_DEFAULT_PRI
#define PPI_CNTV	27

#define SLEEPER		0
#define HELPER		1

/* What the helper vCPU does when it is told to; it never sleeps. */
enum {
	CMD_NONE,
	CMD_PEND_LPI,
	CMD_ENABLE_IRS,
};

/* How the interrupt is raised */
enum {
	SPI_WHILE_ASLEEP,	/* by the host */
	LPI_WHILE_ASLEEP,	/* by the helper */
	LPI_BEFORE_SLEEP,	/* by the sleeper, before its WFI */
	NR_WAYS,
};

#define NOT_ACTIVE	32

/* What a vCPU goes to sleep with */
struct scenario {
	const char *name;
	u32 prio;		/* of the interrupt */
	u32 mask;		/* ICC_PCR_EL1 */
	u32 active;		/* priority of an interrupt that is active */
	u32 en;			/* ICC_CR0_EL1.EN */
	u32 irsen;		/* IRS_CR0.IRSEN */
	u32 wakes;		/* whether it may be woken */
};

static const struct scenario scenarios[] = {
	/*					prio mask active      en irsen wakes */
	{ "equal to the mask",			16, 16, NOT_ACTIVE, 1, 1, 1 },
	{ "above the mask",			 8, 16, NOT_ACTIVE, 1, 1, 1 },
	{ "below the mask",			24, 16, NOT_ACTIVE, 1, 1, 0 },
	{ "just below the mask",		16, 15, NOT_ACTIVE, 1, 1, 0 },
	{ "the highest, all else masked",	 0,  0, NOT_ACTIVE, 1, 1, 1 },
	{ "the highest, nothing masked",	 0, 31, NOT_ACTIVE, 1, 1, 1 },
	{ "all but the highest masked",		16,  0, NOT_ACTIVE, 1, 1, 0 },
	{ "the lowest, nothing masked",		31, 31, NOT_ACTIVE, 1, 1, 1 },
	{ "CPU interface disabled",		 0, 31, NOT_ACTIVE, 0, 1, 0 },
	{ "IRS disabled",			 0, 31, NOT_ACTIVE, 1, 0, 0 },
	{ "equal to what is active",		16, 31, 16,	    1, 1, 0 },
	{ "below what is active",		24, 31, 16,	    1, 1, 0 },
	{ "above what is active",		 8, 31, 16,	    1, 1, 1 },
	{ "the highest is active",		 0, 31,  0,	    1, 1, 0 },
	{ "above what is active, masked",	12,  8, 16,	    1, 1, 0 },
	{ "above both",				 8,  8, 16,	    1, 1, 1 },
};

/* Shared with the guest */
static struct scenario scenario;
static u32 way;
static u32 scenario_seq;	/* host: do the scenario */
static u32 scenario_done;	/* guest: it is over */
static u32 sleeping;		/* guest: the WFI is next */
static u32 wfi_returns;		/* guest: it is over */
static u32 release;		/* host: give up sleeping */
static u32 command;
static u32 priority_step;
static u32 use_timer;		/* host: sleep until the timer expires */

static void enter_guest(void)
{
	local_irq_disable();
	gicv5_cpu_enable_interrupts();
	gicv5_cpu_set_priority_mask(31);
}

static void set_cpu_interface(bool enable)
{
	write_sysreg_s(FIELD_PREP(ICC_CR0_EL1_EN, enable), SYS_ICC_CR0_EL1);
	isb();
}

static void guest_setup_irs(void)
{
	u32 idr2 = gicv5_irs_readl(GICV5_IRS_IDR2);
	u32 idr1 = gicv5_irs_readl(GICV5_IRS_IDR1);

	GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, FIELD_GET(GICV5_IRS_IDR2_ID_BITS, idr2)));
	gicv5_irs_set_enable(true);
	WRITE_ONCE(priority_step, 1 << (4 - FIELD_GET(GICV5_IRS_IDR1_PRI_BITS, idr1)));
}

/* Take an interrupt, and leave it active. */
static void make_active(u32 prio)
{
	u32 intid = GICV5_SPI(SPI_ACTIVE);

	gicv5_irq_setup(intid, prio, SLEEPER);
	gicv5_irq_set_pending(intid);
	gsb_sys();
	GUEST_ASSERT(guest_wait_for(gicv5_irq_ack() == intid, GICV5_WAIT_USEC));
}

static void end_active(void)
{
	gicv5_irq_deactivate(GICV5_SPI(SPI_ACTIVE));
	gicv5_irq_drop_priority();
	gsb_sys();
}

static void guest_sleeper(void)
{
	struct gicv5_log *log = gicv5_this_log();
	u32 seq = 0, intid;

	enter_guest();
	guest_setup_irs();

	for (;;) {
		WRITE_ONCE(scenario_done, seq);
		while (READ_ONCE(scenario_seq) == seq)
			cpu_relax();
		seq = READ_ONCE(scenario_seq);
		if (seq == ~0U)
			break;

		/* All has been read and written by one side at a time. */
		intid = way == SPI_WHILE_ASLEEP ? GICV5_SPI(SPI) : GICV5_LPI(LPI);
		gicv5_irq_setup(intid, scenario.prio, SLEEPER);
		if (scenario.active != NOT_ACTIVE)
			make_active(scenario.active);
		gicv5_cpu_set_priority_mask(scenario.mask);
		set_cpu_interface(scenario.en);
		if (!scenario.irsen)
			gicv5_irs_set_enable(false);

		if (way == LPI_BEFORE_SLEEP) {
			gicv5_irq_set_pending(intid);
			gsb_sys();
		}

		WRITE_ONCE(sleeping, seq);
		while (!READ_ONCE(release) && !READ_ONCE(log->total)) {
			wfi();
			WRITE_ONCE(wfi_returns, wfi_returns + 1);
			local_irq_enable();
			isb();
			local_irq_disable();
		}

		/* With nothing in its way it comes, if it has not yet. */
		if (scenario.active != NOT_ACTIVE)
			end_active();
		gicv5_cpu_set_priority_mask(31);
		set_cpu_interface(true);
		gicv5_irs_set_enable(true);
		local_irq_enable();
		GUEST_ASSERT(guest_wait_for(READ_ONCE(log->total), GICV5_WAIT_USEC));
		udelay(GICV5_SETTLE_USEC);
		local_irq_disable();

		GUEST_ASSERT_EQ(log->total, 1);
		GUEST_ASSERT_EQ(log->last, intid);
		GUEST_ASSERT_EQ(log->spurious, 0);
		gicv5_irq_disable(intid);
	}

	GUEST_DONE();
}

static void guest_helper(void)
{
	for (;;) {
		switch (READ_ONCE(command)) {
		case CMD_PEND_LPI:
			gicv5_irq_set_pending(GICV5_LPI(LPI));
			gsb_sys();
			break;
		case CMD_ENABLE_IRS:
			gicv5_irs_set_enable(true);
			break;
		default:
			cpu_relax();
			continue;
		}
		WRITE_ONCE(command, CMD_NONE);
	}
}

static void do_command(struct kvm_vm *vm, u32 cmd)
{
	WRITE_ONCE(*vm_global(vm, command), cmd);
	TEST_ASSERT(host_wait_for(!READ_ONCE(*vm_global(vm, command)), VGIC_V5_WAIT_MSEC),
		    "The helper does not execute command %u", cmd);
}

static u64 stat_or_0(struct kvm_vcpu *vcpu, const char *name)
{
	return vcpu_has_stat(vcpu, name) ? vcpu_get_stat_by_name(vcpu, name) : 0;
}

#define requested(vcpu)	stat_or_0(vcpu, "vgic_v5_doorbell_requested")
#define rung(vcpu)	stat_or_0(vcpu, "vgic_v5_doorbell_rung")
#define spurious(vcpu)	stat_or_0(vcpu, "vgic_v5_doorbell_spurious")

static bool have_stats(struct kvm_vcpu *vcpu)
{
	return vcpu_has_stat(vcpu, "vgic_v5_doorbell_requested") &&
	       vcpu_has_stat(vcpu, "vgic_v5_doorbell_rung");
}

static void start_scenario(struct kvm_vm *vm, const struct scenario *s, u32 how)
{
	gicv5_log_reset(vgic_v5_get_log(vm, SLEEPER));
	*vm_global(vm, scenario) = *s;
	*vm_global(vm, way) = how;
	*vm_global(vm, release) = 0;
	*vm_global(vm, wfi_returns) = 0;
	smp_wmb();	/* the guest looks at the number first */
	WRITE_ONCE(*vm_global(vm, scenario_seq), *vm_global(vm, scenario_seq) + 1);
}

static bool scenario_over(struct kvm_vm *vm)
{
	return READ_ONCE(*vm_global(vm, scenario_done)) == *vm_global(vm, scenario_seq);
}

static void run_scenario(struct vcpu_thread *t, const struct scenario *s, u32 how)
{
	static const char * const ways[] = {
		"SPI while asleep", "LPI while asleep", "LPI before",
	};
	struct kvm_vcpu *vcpu = t->vcpu;
	struct kvm_vm *vm = vcpu->vm;
	u64 before_requested = requested(vcpu), before_rung = rung(vcpu);
	struct gicv5_log *log = vgic_v5_get_log(vm, SLEEPER);
	bool blocked = false;
	u32 returns;

	start_scenario(vm, s, how);
	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, sleeping)) ==
				  *vm_global(vm, scenario_seq), VGIC_V5_WAIT_MSEC),
		    "%s: the vCPU does not get to its WFI", s->name);

	/* With the interrupt there already it may not sleep at all. */
	if (how != LPI_BEFORE_SLEEP || !s->wakes)
		blocked = vcpu_thread_wait_blocked(t);

	TEST_ASSERT(how == LPI_BEFORE_SLEEP || !READ_ONCE(log->total),
		    "%s: 0x%x came from nowhere", s->name, log->last);
	returns = READ_ONCE(*vm_global(vm, wfi_returns));

	switch (how) {
	case SPI_WHILE_ASLEEP:
		vgic_v5_pulse_spi(vm, SPI);
		break;
	case LPI_WHILE_ASLEEP:
		do_command(vm, CMD_PEND_LPI);
		break;
	}

	if (s->wakes) {
		if (!host_wait_for(scenario_over(vm), VGIC_V5_WAIT_MSEC)) {
			vcpu_thread_report(t);
			TEST_FAIL("%s, %s: lost wake-up", s->name, ways[how]);
		}
		if (have_stats(vcpu) && blocked) {
			TEST_ASSERT(requested(vcpu) > before_requested,
				    "%s, %s: woken without a doorbell", s->name, ways[how]);
			TEST_ASSERT(rung(vcpu) > before_rung,
				    "%s, %s: woken by something else", s->name, ways[how]);
		}
		return;
	}

	usleep(VGIC_V5_SETTLE_MSEC * 1000);
	TEST_ASSERT(!READ_ONCE(log->total), "%s, %s: the vCPU got 0x%x", s->name, ways[how],
		    log->last);
	if (blocked) {
		TEST_ASSERT(vcpu_thread_is_asleep(t) &&
			    READ_ONCE(*vm_global(vm, wfi_returns)) == returns,
			    "%s, %s: the vCPU was woken", s->name, ways[how]);
		if (have_stats(vcpu)) {
			TEST_ASSERT_EQ(rung(vcpu), before_rung);
			if (!s->en)
				TEST_ASSERT_EQ(requested(vcpu), before_requested);
		}
	}

	if (!s->irsen) {
		/* It only waits for that. */
		do_command(vm, CMD_ENABLE_IRS);
	} else {
		WRITE_ONCE(*vm_global(vm, release), 1);
		vcpu_thread_kick(t);
	}
	if (!host_wait_for(scenario_over(vm), VGIC_V5_WAIT_MSEC)) {
		vcpu_thread_report(t);
		TEST_FAIL("%s, %s: nothing wakes the vCPU", s->name, ways[how]);
	}
}

static struct kvm_vm *create_sleeper(struct vcpu_thread *threads)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm;

	vm = vgic_v5_create_vm(2, NULL, NR_SPIS, guest_sleeper, vcpus);
	vcpu_arch_set_entry_point(vcpus[HELPER], guest_helper);
	vcpu_thread_start(&threads[SLEEPER], vcpus[SLEEPER], NULL);
	vcpu_thread_start(&threads[HELPER], vcpus[HELPER], NULL);

	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, priority_step)), VGIC_V5_WAIT_MSEC),
		    "The guest does not start");
	return vm;
}

static void destroy_sleeper(struct kvm_vm *vm, struct vcpu_thread *threads)
{
	WRITE_ONCE(*vm_global(vm, scenario_seq), ~0U);
	vcpu_thread_join(&threads[SLEEPER]);
	vcpu_thread_stop(&threads[HELPER]);
	kvm_vm_free(vm);
}

static void test_scenarios(void)
{
	struct vcpu_thread threads[2];
	struct scenario s;
	struct kvm_vm *vm;
	u32 step;
	int i, how;

	vm = create_sleeper(threads);
	step = *vm_global(vm, priority_step);

	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		s = scenarios[i];

		/* An IRS may have less than 5 bits of priority. */
		if (step > 8 || (s.active != NOT_ACTIVE && s.active % step) ||
		    (s.prio != 31 && s.prio % step)) {
			pr_info("  %s: not with the priorities of this IRS\n", s.name);
			continue;
		}

		pr_info("  %s: %s\n", s.name, s.wakes ? "wakes" : "sleeps");
		for (how = 0; how < NR_WAYS; how++)
			run_scenario(&threads[SLEEPER], &s, how);
	}

	destroy_sleeper(vm, threads);
}

/* Until the host has seen enough */
static void guest_count_spis(void)
{
	enter_guest();
	gicv5_irs_set_enable(true);
	gicv5_irq_setup(GICV5_SPI(SPI), PRIO, guest_get_vcpuid());

	while (!READ_ONCE(release)) {
		WRITE_ONCE(sleeping, sleeping + 1);
		wfi();
		WRITE_ONCE(wfi_returns, wfi_returns + 1);
		local_irq_enable();
		isb();
		local_irq_disable();
	}

	GUEST_DONE();
}

static struct kvm_vm *create_counter(struct vcpu_thread *t)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;

	vm = vgic_v5_create_vm(1, NULL, NR_SPIS, guest_count_spis, &vcpu);
	vcpu_thread_start(t, vcpu, NULL);
	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, sleeping)), VGIC_V5_WAIT_MSEC),
		    "The guest does not start");

	return vm;
}

/* One SPI more, which wakes the vCPU if it sleeps */
static void one_spi(struct vcpu_thread *t, u32 *count)
{
	struct gicv5_log *log = vgic_v5_get_log(t->vcpu->vm, t->vcpu->id);

	vgic_v5_pulse_spi(t->vcpu->vm, SPI);
	if (!host_wait_for(READ_ONCE(log->total) > *count, VGIC_V5_WAIT_MSEC)) {
		vcpu_thread_report(t);
		TEST_FAIL("Lost wake-up, SPI %u", *count + 1);
	}
	++*count;
	TEST_ASSERT(log->spi[SPI] == *count && log->total == *count && !log->spurious,
		    "%u interrupts, %u times the SPI, after %u", log->total, log->spi[SPI],
		    *count);
}

static void destroy_counter(struct kvm_vm *vm, struct vcpu_thread *t, u32 *count)
{
	WRITE_ONCE(*vm_global(vm, release), 1);
	one_spi(t, count);
	vcpu_thread_join(t);
	kvm_vm_free(vm);
}

/* An SPI each time the vCPU has fallen asleep, and with no regard to that */
static void test_spi_wakes(u32 rounds)
{
	struct vcpu_thread t;
	struct kvm_vm *vm;
	u32 i, count = 0;

	vm = create_counter(&t);
	for (i = 0; i < 50; i++) {
		vcpu_thread_wait_blocked(&t);
		one_spi(&t, &count);
	}
	for (i = 0; i < rounds; i++) {
		if (kvm_random_bool(&kvm_rng))
			usleep(kvm_random_u32_in_range(&kvm_rng, 0, 300));
		one_spi(&t, &count);
	}
	destroy_counter(vm, &t, &count);
}

static void ppi_handler(struct ex_regs *regs)
{
	u32 intid = gicv5_irq_ack();

	gicv5_log_irq(intid);
	if (!intid)
		return;

	if (intid == GICV5_PPI(PPI_CNTV))
		timer_set_ctl(VIRTUAL, CTL_IMASK);
	gicv5_irq_deactivate(intid);
	gicv5_irq_drop_priority();
}

static void guest_ppis(void)
{
	struct gicv5_log *log = gicv5_this_log();
	u32 seen;

	enter_guest();
	write_sysreg_s(BIT_ULL(GICV5_ARCH_PPI_SW_PPI) | BIT_ULL(PPI_CNTV),
		       SYS_ICC_PPI_ENABLER0_EL1);
	isb();

	while (!READ_ONCE(release)) {
		seen = READ_ONCE(log->total);
		if (READ_ONCE(use_timer)) {
			timer_set_next_tval_ms(VIRTUAL, 20);
			timer_set_ctl(VIRTUAL, CTL_ENABLE);
		}
		WRITE_ONCE(sleeping, sleeping + 1);
		while (READ_ONCE(log->total) == seen) {
			wfi();
			local_irq_enable();
			isb();
			local_irq_disable();
		}
	}

	GUEST_DONE();
}

/* PPIs wake a vCPU, too, by themselves: the doorbell is silent. */
static void test_ppis(void)
{
	struct gicv5_log *log;
	struct kvm_vcpu *vcpu;
	struct vcpu_thread t;
	struct kvm_vm *vm;
	int i;

	vm = vgic_v5_create_vm(1, NULL, NR_SPIS, guest_ppis, &vcpu);
	vm_install_exception_handler(vm, VECTOR_IRQ_CURRENT, ppi_handler);
	log = vgic_v5_get_log(vm, 0);
	vcpu_thread_start(&t, vcpu, NULL);
	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, sleeping)), VGIC_V5_WAIT_MSEC),
		    "The guest does not start");

	for (i = 1; i <= 20; i++) {
		vcpu_thread_wait_blocked(&t);
		TEST_ASSERT(!__vgic_v5_irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, 0,
						GICV5_ARCH_PPI_SW_PPI, 1), "SW_PPI, errno %d",
			    errno);
		TEST_ASSERT(host_wait_for(READ_ONCE(log->total) == i, VGIC_V5_WAIT_MSEC),
			    "The vCPU sleeps, its SW_PPI is pending");
		TEST_ASSERT_EQ(log->ppi[GICV5_ARCH_PPI_SW_PPI], i);
	}

	/* The next time it sets its timer, and then again each time it wakes. */
	WRITE_ONCE(*vm_global(vm, use_timer), 1);
	__vgic_v5_irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, 0, GICV5_ARCH_PPI_SW_PPI, 1);
	TEST_ASSERT(host_wait_for(READ_ONCE(log->ppi[PPI_CNTV]) >= 20, VGIC_V5_WAIT_MSEC),
		    "The vCPU sleeps, its timer has expired");
	WRITE_ONCE(*vm_global(vm, release), 1);
	vcpu_thread_join(&t);

	TEST_ASSERT_EQ(log->ppi[GICV5_ARCH_PPI_SW_PPI], 21);
	TEST_ASSERT_EQ(log->total, log->ppi[PPI_CNTV] + 21);
	TEST_ASSERT_EQ(log->spurious, 0);
	TEST_ASSERT_EQ(rung(vcpu), 0);
	kvm_vm_free(vm);
}

static u64 involuntary_switches(pid_t tid)
{
	char path[64], line[128];
	u64 val = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	f = fopen(path, "r");
	TEST_ASSERT(f, "Could not open %s", path);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "nonvoluntary_ctxt_switches: %lu", &val) == 1)
			break;
	fclose(f);

	return val;
}

static void pin(pid_t tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	TEST_ASSERT(!sched_setaffinity(tid, sizeof(set), &set), "CPU %d: errno %d", cpu, errno);
}

static bool hog_stop;

static void *hog(void *arg)
{
	pin(0, *(int *)arg);
	while (!READ_ONCE(hog_stop))
		;
	return NULL;
}

static void guest_spin(void)
{
	enter_guest();
	gicv5_irs_set_enable(true);
	gicv5_irq_setup(GICV5_SPI(SPI), PRIO, guest_get_vcpuid());
	local_irq_enable();

	WRITE_ONCE(sleeping, 1);
	while (!READ_ONCE(release))
		cpu_relax();

	GUEST_DONE();
}

/* A vCPU that loses its CPU will get it back, doorbell or not. */
static void test_preempted(void)
{
	struct vcpu_thread t;
	struct kvm_vcpu *vcpu;
	u64 before, switches;
	struct kvm_vm *vm;
	int cpu, i;
	pthread_t thread;
	u32 count = 0;

	vm = vgic_v5_create_vm(1, NULL, NR_SPIS, guest_spin, &vcpu);
	vcpu_thread_start(&t, vcpu, NULL);
	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, sleeping)), VGIC_V5_WAIT_MSEC),
		    "The guest does not start");

	cpu = sched_getcpu();
	pin(t.tid, cpu);
	before = requested(vcpu);
	switches = involuntary_switches(t.tid);
	WRITE_ONCE(hog_stop, false);
	pthread_create(&thread, NULL, hog, &cpu);

	for (i = 0; i < 20; i++)
		one_spi(&t, &count);
	TEST_ASSERT(host_wait_for(involuntary_switches(t.tid) >= switches + 5,
				  VGIC_V5_WAIT_MSEC),
		    "The vCPU is not preempted");

	WRITE_ONCE(hog_stop, true);
	pthread_join(thread, NULL);
	if (have_stats(vcpu)) {
		TEST_ASSERT_EQ(requested(vcpu), before);
		TEST_ASSERT_EQ(rung(vcpu), 0);
	} else {
		pr_info("  (no statistics of doorbells to look at)\n");
	}

	WRITE_ONCE(*vm_global(vm, release), 1);
	vcpu_thread_join(&t);
	kvm_vm_free(vm);
}

/*
 * Two vCPUs wake each other in turn. Each waits a while before it sleeps or
 * sends, so that the one's interrupt meets the other at any point of its way to
 * sleep.
 */
static u32 pp_rounds, pp_seed, pp_spread;
static u32 pp_round[2];

static void pp_delay(u32 *state)
{
	u32 i;

	*state = *state * 1664525 + 1013904223;
	for (i = (*state >> 8) % pp_spread; i; i--)
		cpu_relax();
}

static void guest_pingpong(void)
{
	u32 me = guest_get_vcpuid(), other = !me, state = pp_seed + me, i;
	u32 *mine = &gicv5_this_log()->lpi[LPI + me];

	enter_guest();
	if (!me) {
		guest_setup_irs();
		gicv5_irq_setup(GICV5_LPI(LPI), PRIO, 0);
		gicv5_irq_setup(GICV5_LPI(LPI + 1), PRIO, 1);
		WRITE_ONCE(sleeping, 1);
	}
	while (!READ_ONCE(sleeping))
		cpu_relax();

	for (i = 1; i <= pp_rounds; i++) {
		if (!me) {
			pp_delay(&state);
			gicv5_irq_set_pending(GICV5_LPI(LPI + other));
		}

		pp_delay(&state);
		while (READ_ONCE(*mine) != i) {
			wfi();
			local_irq_enable();
			isb();
			local_irq_disable();
		}
		WRITE_ONCE(pp_round[me], i);

		if (me) {
			pp_delay(&state);
			gicv5_irq_set_pending(GICV5_LPI(LPI + other));
		}
	}

	local_irq_enable();
	udelay(GICV5_SETTLE_USEC);
	GUEST_ASSERT_EQ(*mine, pp_rounds);
	GUEST_ASSERT_EQ(gicv5_this_log()->total, pp_rounds);
	GUEST_ASSERT_EQ(gicv5_this_log()->spurious, 0);
	GUEST_DONE();
}

static void test_pingpong(u32 rounds, u32 seed, u32 spread, u64 halt_poll_ns)
{
	struct vcpu_thread threads[2];
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm;
	u32 *round, last;
	int i;

	pr_info("  %u rounds, delays up to %u, polling %lu ns; to repeat: -i %u -s %u\n",
		rounds, spread, halt_poll_ns, rounds, seed);

	vm = vgic_v5_create_vm(2, NULL, NR_SPIS, guest_pingpong, vcpus);
	vm_enable_cap(vm, KVM_CAP_HALT_POLL, halt_poll_ns);
	write_guest_global(vm, pp_rounds, rounds);
	write_guest_global(vm, pp_seed, seed);
	write_guest_global(vm, pp_spread, spread);
	round = *vm_global(vm, pp_round);

	for (i = 0; i < 2; i++)
		vcpu_thread_start(&threads[i], vcpus[i], NULL);

	/* The watchdog bites when there is no progress. */
	while (!READ_ONCE(threads[0].finished)) {
		last = READ_ONCE(round[0]);
		if (host_wait_for(READ_ONCE(threads[0].finished) ||
				  READ_ONCE(round[0]) != last, VGIC_V5_WAIT_MSEC))
			continue;

		for (i = 0; i < 2; i++)
			vcpu_thread_report(&threads[i]);
		TEST_FAIL("Lost wake-up: vCPU 0 in round %u, vCPU 1 in round %u", round[0],
			  round[1]);
	}

	for (i = 0; i < 2; i++) {
		vcpu_thread_join(&threads[i]);
		pr_info("  vCPU %d: %lu WFIs, %lu doorbells requested, %lu rung, %lu spurious\n",
			i, vcpu_get_stat(vcpus[i], wfi_exit_stat), requested(vcpus[i]),
			rung(vcpus[i]), spurious(vcpus[i]));
		if (have_stats(vcpus[i]) && kvm_wfi_always_traps())
			TEST_ASSERT(requested(vcpus[i]) && rung(vcpus[i]),
				    "%u wake-ups without a doorbell", rounds);
	}
	kvm_vm_free(vm);
}

/* A signal gets a vCPU out of its sleep, and takes nothing from it. */
static void test_signals(void)
{
	u32 i, tries, count = 0;
	struct vcpu_thread t;
	struct kvm_vm *vm;
	u64 before;

	vm = create_counter(&t);

	for (i = 0; i < 50; i++) {
		if (i % 2)
			vcpu_thread_wait_blocked(&t);
		before = READ_ONCE(t.interrupted);
		for (tries = 1; ; tries++) {
			/* A signal is lost if it comes just before KVM_RUN. */
			vcpu_thread_kick(&t);
			if (host_wait_for(READ_ONCE(t.interrupted) > before,
					  VGIC_V5_WAIT_MSEC / 100))
				break;
			TEST_ASSERT(tries < 100, "A signal does not interrupt KVM_RUN");
		}
		if (i % 3 == 0)
			one_spi(&t, &count);
	}

	/* Signal and interrupt at the same time, in either order */
	for (i = 0; i < 100; i++) {
		if (i % 4 == 0)
			vcpu_thread_wait_blocked(&t);
		if (i % 2)
			vcpu_thread_kick(&t);
		one_spi(&t, &count);
		vcpu_thread_kick(&t);
	}

	destroy_counter(vm, &t, &count);
}

/* With immediate_exit set KVM_RUN returns without having run anything. */
static void test_immediate_exit(void)
{
	struct gicv5_log *log;
	struct vcpu_thread t;
	u32 i, count = 0, asleep;
	struct kvm_vm *vm;
	u64 before;

	vm = create_counter(&t);
	log = vgic_v5_get_log(vm, 0);

	for (i = 0; i < 10; i++) {
		vcpu_thread_wait_blocked(&t);
		before = READ_ONCE(t.interrupted);
		WRITE_ONCE(t.vcpu->run->immediate_exit, 1);
		vcpu_thread_kick(&t);
		TEST_ASSERT(host_wait_for(READ_ONCE(t.interrupted) > before + 2,
					  VGIC_V5_WAIT_MSEC),
			    "immediate_exit has no effect");

		asleep = READ_ONCE(*vm_global(vm, sleeping));
		vgic_v5_pulse_spi(vm, SPI);
		usleep(1000);
		TEST_ASSERT(READ_ONCE(log->total) == count &&
			    READ_ONCE(*vm_global(vm, sleeping)) == asleep,
			    "The guest has run in spite of immediate_exit");

		count++;
		WRITE_ONCE(t.vcpu->run->immediate_exit, 0);
		TEST_ASSERT(host_wait_for(READ_ONCE(log->total) == count, VGIC_V5_WAIT_MSEC),
			    "The interrupt of the meantime got lost");
		TEST_ASSERT_EQ(log->spi[SPI], count);
	}

	destroy_counter(vm, &t, &count);
}

/* How often the doorbell of vCPU 0 has rung on each CPU */
static bool doorbell_counts(u64 *counts, int nr_cpus)
{
	char tag[32], line[1024], *pos, *end;
	int cpus[CPU_SETSIZE], nr = 0, i;
	bool found = false;
	FILE *f;

	memset(counts, 0, nr_cpus * sizeof(*counts));
	snprintf(tag, sizeof(tag), " kvm-%d-vm", getpid());

	f = fopen("/proc/interrupts", "r");
	TEST_ASSERT(f && fgets(line, sizeof(line), f), "Could not read /proc/interrupts");
	for (pos = line; nr < CPU_SETSIZE && (pos = strstr(pos, "CPU")); pos += 3)
		cpus[nr++] = atoi(pos + 3);

	while (!found && fgets(line, sizeof(line), f)) {
		pos = strchr(line, ':');
		if (!pos || !strstr(line, tag))
			continue;
		found = true;
		for (i = 0, pos++; i < nr; i++, pos = end) {
			if (cpus[i] < nr_cpus)
				counts[cpus[i]] = strtoul(pos, &end, 10);
			else
				strtoul(pos, &end, 10);
		}
	}
	fclose(f);

	return found;
}

/* The doorbell rings where the vCPU has gone to sleep, and nowhere else. */
static void test_target(void)
{
	int nr_cpus = sysconf(_SC_NPROCESSORS_ONLN), cpu, i, n;
	u64 before[64], after[64];
	struct vcpu_thread t;
	struct kvm_vm *vm;
	u32 count = 0;

	vm = create_counter(&t);
	nr_cpus = min(nr_cpus, 64);

	for (n = 0; n < 3 * nr_cpus; n++) {
		cpu = n % nr_cpus;
		pin(t.tid, cpu);
		one_spi(&t, &count);
		if (!vcpu_thread_wait_blocked(&t)) {
			pr_info("  (not without traps of WFI)\n");
			break;
		}

		TEST_ASSERT(doorbell_counts(before, nr_cpus), "The doorbell has no name");
		one_spi(&t, &count);
		doorbell_counts(after, nr_cpus);
		for (i = 0; i < nr_cpus; i++)
			TEST_ASSERT(after[i] - before[i] == (i == cpu),
				    "Asleep on CPU %d; the doorbell rang %lu times on CPU %d",
				    cpu, after[i] - before[i], i);
	}

	destroy_counter(vm, &t, &count);
}

static char online_path[64];

static int set_online(bool online)
{
	int fd = open(online_path, O_WRONLY), ret;

	if (fd < 0)
		return -1;
	ret = write(fd, online ? "1" : "0", 1);
	close(fd);

	return ret == 1 ? 0 : -1;
}

static void set_online_at_exit(void)
{
	set_online(true);
}

/* The CPU that the doorbell goes to disappears while the vCPU sleeps. */
static void test_cpu_offline(void)
{
	int cpu = sysconf(_SC_NPROCESSORS_CONF) - 1, home, i;
	struct vcpu_thread t;
	struct kvm_vm *vm;
	u32 count = 0;

	snprintf(online_path, sizeof(online_path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	if (cpu < 1 || access(online_path, W_OK)) {
		pr_info("  (not on this host: no CPU that can be taken offline)\n");
		return;
	}
	atexit(set_online_at_exit);

	vm = create_counter(&t);
	for (i = 0; i < 6; i++) {
		/* The last time without having slept there. */
		home = i == 5 ? 0 : cpu;
		pin(t.tid, home);
		vcpu_thread_wait_blocked(&t);
		one_spi(&t, &count);
		vcpu_thread_wait_blocked(&t);

		TEST_ASSERT(!set_online(false), "CPU %d can't be taken offline, errno %d", cpu,
			    errno);
		/* Asleep as before, and woken as before, here and again */
		one_spi(&t, &count);
		vcpu_thread_wait_blocked(&t);
		one_spi(&t, &count);
		vcpu_thread_wait_blocked(&t);

		TEST_ASSERT(!set_online(true), "CPU %d can't be taken online, errno %d", cpu,
			    errno);
		one_spi(&t, &count);
	}
	destroy_counter(vm, &t, &count);
}

static void *pulse_forever(void *vm)
{
	for (;;)
		vgic_v5_pulse_spi(vm, SPI);
	return NULL;
}

/* To be killed */
static void run_victim(int ready_fd, bool stop_first)
{
	struct vcpu_thread t;
	struct kvm_vm *vm;
	pthread_t thread;

	vm = create_counter(&t);
	pthread_create(&thread, NULL, pulse_forever, vm);
	TEST_ASSERT(host_wait_for(vgic_v5_get_log(vm, 0)->total > 3, VGIC_V5_WAIT_MSEC),
		    "No interrupts");

	/* The vCPU's file and its memory go, while the SPI rings on. */
	if (stop_first) {
		vcpu_thread_stop(&t);
		close(t.vcpu->fd);
	}

	TEST_ASSERT(write(ready_fd, "", 1) == 1, "write() to the parent");
	for (;;)
		pause();
}

static void test_destroy(u32 times)
{
	struct vcpu_thread t;
	int fds[2], status;
	struct kvm_vm *vm;
	u32 i, count = 0;
	pid_t pid;
	char c;

	for (i = 0; i < times; i++) {
		TEST_ASSERT(!pipe(fds), "pipe(), errno %d", errno);
		fflush(stdout);
		pid = fork();
		TEST_ASSERT(pid >= 0, "fork(), errno %d", errno);
		if (!pid) {
			close(fds[0]);
			run_victim(fds[1], i % 4 == 3);
			_exit(1);
		}

		close(fds[1]);
		TEST_ASSERT(read(fds[0], &c, 1) == 1, "The VM does not start");
		usleep(kvm_random_u32_in_range(&kvm_rng, 0, 5000));
		kill(pid, SIGKILL);
		TEST_ASSERT(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
			    WTERMSIG(status) == SIGKILL, "The VM has ended by itself");
		close(fds[0]);
	}

	/* The next one is fine. */
	vm = create_counter(&t);
	for (i = 0; i < 10; i++)
		one_spi(&t, &count);
	destroy_counter(vm, &t, &count);
}

static void help(const char *name)
{
	pr_info("Usage: %s [-i rounds] [-d VMs] [-s seed]\n", name);
	pr_info(" -i: rounds of the ping-pong (default: 2000)\n");
	pr_info(" -d: VMs to destroy while their doorbell rings (default: 12)\n");
	pr_info(" -s: seed of the delays (default: random)\n");
}

int main(int argc, char **argv)
{
	u32 rounds = 2000, destroy = 12, seed = 0;
	bool seeded = false;
	int opt;

	while ((opt = getopt(argc, argv, "hi:d:s:")) != -1) {
		switch (opt) {
		case 'i':
			rounds = atoi_positive("Number of rounds", optarg);
			break;
		case 'd':
			destroy = atoi_non_negative("Number of VMs", optarg);
			break;
		case 's':
			seed = strtoul(optarg, NULL, 0);
			seeded = true;
			break;
		case 'h':
		default:
			help(argv[0]);
			return opt == 'h' ? 0 : 1;
		}
	}

	test_disable_default_vgic();
	__TEST_REQUIRE(kvm_supports_vgic_v5(), "No GICv5 for guests");
	if (!seeded)
		seed = kvm_random_u32(&kvm_rng);

	pr_info("WFI %s\n", kvm_wfi_always_traps() ? "always traps" : "need not trap");

	pr_info("What wakes\n");
	test_scenarios();
	pr_info("SPIs, one after the other\n");
	test_spi_wakes(300);
	pr_info("PPIs\n");
	test_ppis();
	pr_info("Preempted, not blocked\n");
	test_preempted();
	pr_info("Signals\n");
	test_signals();
	pr_info("immediate_exit\n");
	test_immediate_exit();
	pr_info("Two vCPUs wake each other\n");
	test_pingpong(rounds / 2, seed, 50, 0);
	test_pingpong(rounds / 4, seed + 1, 3000, 0);
	test_pingpong(rounds - rounds / 2 - rounds / 4, seed + 2, 500, 200000);
	pr_info("Where it rings\n");
	test_target();
	pr_info("A CPU goes offline\n");
	test_cpu_offline();
	pr_info("VMs are destroyed\n");
	test_destroy(destroy);

	return 0;
}
