// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_v5_stress.c - Interrupts of a GICv5 guest at random, and not one amiss
 *
 * Tokens go round among the vCPUs. A token is an interrupt: an LPI that the
 * vCPU which has got it sends on to another one, or an SPI that the host raises
 * again when it is told that it was taken. Where a token goes next is decided
 * by who has it, so it is known at any time where each of them must show up,
 * and only there, once. Meanwhile vCPUs sleep or don't, and their threads are
 * moved among the CPUs of the host and hit by signals.
 *
 * A lost interrupt is a token that stops; one too many, or in the wrong place,
 * is noticed by the vCPU that takes it.
 */

#include <sched.h>

#include <linux/kernel.h>

#include "delay.h"
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "vgic_v5.h"

#define MAX_VCPUS	8
#define NR_LPIS		6
#define NR_SPIS		4
#define NR_TOKENS	(NR_LPIS + NR_SPIS)
#define IST_ADDR	0x40000000ULL
#define PRIO		GICV5_IRQ_DEFAULT_PRI
#define NOBODY		~0U

/* SPIs 0 and 2 are edges by KVM_IRQ_LINE and irqfd, 1 and 3 are levels. */
#define SPI_IS_LEVEL(n)	((n) & 1)

/**
 * struct token - an interrupt on its way
 * @hops: how often it has been taken
 * @to: the vCPU that is to take it
 * @in_flight: it has been sent, and not been taken
 */
struct token {
	u32 hops;
	u32 to;
	u32 in_flight;
};

static struct token tokens[NR_TOKENS];
static u32 taken[MAX_VCPUS];
static u32 nr_vcpus, max_hops, seed, started, quit;
static u32 random_state[MAX_VCPUS];

static u32 guest_random(u32 me)
{
	random_state[me] = random_state[me] * 1664525 + 1013904223;
	return random_state[me] >> 8;
}

static u32 token_intid(u32 t)
{
	return t < NR_LPIS ? GICV5_LPI(t) : GICV5_SPI(t - NR_LPIS);
}

/*
 * The vCPU that has the token, or the first one at the start, sends it on. From
 * the moment it is pending, or that the host knows of the hop and may raise the
 * SPI (see inject_thread()), it is somebody else's.
 */
static void send_token(u32 t, u32 me, u32 hops)
{
	struct token *token = &tokens[t];
	u32 intid = token_intid(t);
	u32 to = guest_random(me) % nr_vcpus;

	WRITE_ONCE(token->to, to);
	gicv5_irq_set_affinity(intid, to);
	WRITE_ONCE(token->in_flight, 1);
	dsb(ish);
	WRITE_ONCE(token->hops, hops);
	if (t < NR_LPIS)
		gicv5_irq_set_pending(intid);
}

static void take_token(u32 intid, u32 me)
{
	u32 id = FIELD_GET(GICV5_INTID_ID, intid);
	u32 type = FIELD_GET(GICV5_INTID_TYPE, intid);
	struct token *token;
	u32 t;

	GUEST_ASSERT((type == GICV5_TYPE_LPI && id < NR_LPIS) ||
		     (type == GICV5_TYPE_SPI && id < NR_SPIS));
	t = type == GICV5_TYPE_LPI ? id : NR_LPIS + id;
	token = &tokens[t];

	__GUEST_ASSERT(READ_ONCE(token->in_flight), "0x%x on vCPU %u: was not sent", intid, me);
	__GUEST_ASSERT(READ_ONCE(token->to) == me, "0x%x on vCPU %u: was sent to %u", intid, me,
		       token->to);

	/* The device is served, its line goes down. */
	if (type == GICV5_TYPE_SPI && SPI_IS_LEVEL(id))
		GUEST_SYNC1(id);

	WRITE_ONCE(token->in_flight, 0);
	taken[me]++;
}

static void guest_handler(struct ex_regs *regs)
{
	u32 intid = gicv5_irq_ack(), me = guest_get_vcpuid(), id, t, hops;

	gicv5_log_irq(intid);
	/* No token is taken away from whom it was sent to. */
	GUEST_ASSERT(intid);

	take_token(intid, me);
	gicv5_irq_deactivate(intid);
	gsb_sys();
	gicv5_irq_drop_priority();

	id = FIELD_GET(GICV5_INTID_ID, intid);
	t = FIELD_GET(GICV5_INTID_TYPE, intid) == GICV5_TYPE_LPI ? id : NR_LPIS + id;
	hops = tokens[t].hops + 1;
	if (hops < max_hops) {
		send_token(t, me, hops);
		return;
	}

	WRITE_ONCE(tokens[t].to, NOBODY);
	WRITE_ONCE(tokens[t].hops, hops);
}

static void guest_code(void)
{
	u32 me = guest_get_vcpuid(), t, i;

	local_irq_disable();
	gicv5_cpu_enable_interrupts();
	random_state[me] = seed * 31 + me;

	if (!me) {
		u32 idr2 = gicv5_irs_readl(GICV5_IRS_IDR2);

		GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR,
						  FIELD_GET(GICV5_IRS_IDR2_ID_BITS, idr2)));
		for (t = 0; t < NR_TOKENS; t++) {
			if (t >= NR_LPIS)
				gicv5_irs_set_spi_level(t - NR_LPIS, SPI_IS_LEVEL(t - NR_LPIS));
			gicv5_irq_setup(token_intid(t), PRIO - t % 3, 0);
		}
		gicv5_irs_set_enable(true);
		for (t = 0; t < NR_TOKENS; t++)
			send_token(t, me, 0);
		WRITE_ONCE(started, 1);
	}

	while (!READ_ONCE(quit)) {
		switch (guest_random(me) % 4) {
		case 0:
		case 1:
			/* An interrupt that comes before it ends it. */
			wfi();
			break;
		case 2:
			for (i = guest_random(me) % 200; i; i--)
				cpu_relax();
			break;
		default:
			break;
		}
		local_irq_enable();
		isb();
		local_irq_disable();
	}

	GUEST_DONE();
}

static int spi_fds[NR_SPIS];

/* A level goes down. */
static void host_sync(struct kvm_vcpu *vcpu, struct ucall *uc)
{
	vgic_v5_set_spi(vcpu->vm, uc->args[0], 0);
}

/* Raise the SPIs that somebody waits for. */
static void *inject_thread(void *arg)
{
	struct kvm_vm *vm = arg;
	struct token *token = *vm_global(vm, tokens);
	u32 raised[NR_SPIS] = {}, hops, spi;
	bool busy = true;

	while (busy) {
		busy = false;
		for (spi = 0; spi < NR_SPIS; spi++) {
			hops = READ_ONCE(token[NR_LPIS + spi].hops);
			if (hops == max_hops)
				continue;
			busy = true;
			if (raised[spi] > hops)
				continue;

			smp_rmb();	/* the SPI is routed by now */
			raised[spi] = hops + 1;
			if (SPI_IS_LEVEL(spi))
				vgic_v5_set_spi(vm, spi, 1);
			else if (spi_fds[spi])
				eventfd_write(spi_fds[spi], 1);
			else
				vgic_v5_pulse_spi(vm, spi);
		}
		sched_yield();
	}

	return NULL;
}

static void pin(pid_t tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	TEST_ASSERT(!sched_setaffinity(tid, sizeof(set), &set), "CPU %d: errno %d", cpu, errno);
}

static u32 total_hops(struct kvm_vm *vm)
{
	struct token *token = *vm_global(vm, tokens);
	u32 t, hops = 0;

	for (t = 0; t < NR_TOKENS; t++)
		hops += READ_ONCE(token[t].hops);

	return hops;
}

static void report(struct kvm_vm *vm, struct vcpu_thread *threads)
{
	struct token *token = *vm_global(vm, tokens);
	u32 t;

	for (t = 0; t < NR_TOKENS; t++)
		pr_info("0x%x: %u hops, for vCPU %d, %s\n", token_intid(t), token[t].hops,
			(int)token[t].to, token[t].in_flight ? "sent" : "taken");
	for (t = 0; t < nr_vcpus; t++)
		vcpu_thread_report(&threads[t]);
}

static void run(bool migrate)
{
	u32 want = NR_TOKENS * max_hops, last = 0, now, i, sum = 0, moves = 0;
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct vcpu_thread threads[MAX_VCPUS];
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	struct timespec progress;
	struct kvm_vm *vm;
	pthread_t thread;

	vm = vgic_v5_create_vm(nr_vcpus, NULL, 32, guest_code, vcpus);
	vm_install_exception_handler(vm, VECTOR_IRQ_CURRENT, guest_handler);
	sync_global_to_guest(vm, nr_vcpus);
	sync_global_to_guest(vm, max_hops);
	sync_global_to_guest(vm, seed);

	spi_fds[2] = kvm_new_eventfd();
	kvm_assign_irqfd(vm, 2, spi_fds[2]);

	for (i = 0; i < nr_vcpus; i++)
		vcpu_thread_start(&threads[i], vcpus[i], host_sync);
	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, started)), VGIC_V5_WAIT_MSEC),
		    "The guest does not start");
	pthread_create(&thread, NULL, inject_thread, vm);

	clock_gettime(CLOCK_MONOTONIC, &progress);
	while ((now = total_hops(vm)) < want) {
		if (now != last) {
			last = now;
			clock_gettime(CLOCK_MONOTONIC, &progress);
		} else if (timespec_to_ns(timespec_elapsed(progress)) >
			   VGIC_V5_WAIT_MSEC * 1000000) {
			report(vm, threads);
			TEST_FAIL("No progress after %u of %u interrupts", now, want);
		}

		usleep(kvm_random_u32_in_range(&kvm_rng, 100, 3000));
		if (!migrate)
			continue;

		i = kvm_random_u32_in_range(&kvm_rng, 0, nr_vcpus - 1);
		if (__kvm_random_bool(&kvm_rng, 80))
			pin(threads[i].tid, kvm_random_u32(&kvm_rng) % cpus);
		else
			vcpu_thread_kick(&threads[i]);
		moves++;
	}
	pthread_join(thread, NULL);

	/* The last ones have come, and none after them. */
	usleep(VGIC_V5_SETTLE_MSEC * 1000);
	for (i = 0; i < nr_vcpus; i++) {
		struct gicv5_log *log = vgic_v5_get_log(vm, i);
		u32 t;

		for (t = 0; t < NR_TOKENS; t++)
			sum += gicv5_log_count(log, token_intid(t));
		TEST_ASSERT_EQ(log->total, (*vm_global(vm, taken))[i]);
		TEST_ASSERT_EQ(log->spurious + log->other, 0);
		pr_info("  vCPU %u: %u interrupts, %lu WFIs\n", i, log->total,
			vcpu_get_stat(vcpus[i], wfi_exit_stat));
	}
	TEST_ASSERT_EQ(total_hops(vm), want);
	TEST_ASSERT_EQ(sum, want);

	/*
	 * They sleep; a signal makes them look. Another one that comes too soon,
	 * and on a slow host that is not very soon, keeps them from it.
	 */
	WRITE_ONCE(*vm_global(vm, quit), 1);
	for (i = 0; i < nr_vcpus; i++) {
		u32 msec = 1;

		do
			vcpu_thread_kick(&threads[i]);
		while (!host_wait_for(READ_ONCE(threads[i].finished), msec) &&
		       (msec *= 2) < VGIC_V5_WAIT_MSEC);
		vcpu_thread_join(&threads[i]);
	}

	pr_info("  %u interrupts, %u moves and signals\n", want, moves);
	kvm_deassign_irqfd(vm, 2, spi_fds[2]);
	close(spi_fds[2]);
	kvm_vm_free(vm);
}

static void help(const char *name)
{
	pr_info("Usage: %s [-i interrupts] [-s seed] [-v vcpus]\n", name);
	pr_info(" -i: of each of %u tokens (default: 300)\n", NR_TOKENS);
	pr_info(" -s: seed of what the guest does (default: random)\n");
	pr_info(" -v: vCPUs, 1 to %u (default: 4)\n", MAX_VCPUS);
}

int main(int argc, char **argv)
{
	bool seeded = false;
	int opt;

	nr_vcpus = 4;
	max_hops = 300;

	while ((opt = getopt(argc, argv, "hi:s:v:")) != -1) {
		switch (opt) {
		case 'i':
			max_hops = atoi_positive("Number of interrupts", optarg);
			break;
		case 's':
			seed = strtoul(optarg, NULL, 0);
			seeded = true;
			break;
		case 'v':
			nr_vcpus = atoi_positive("Number of vCPUs", optarg);
			break;
		case 'h':
		default:
			help(argv[0]);
			return opt == 'h' ? 0 : 1;
		}
	}

	test_disable_default_vgic();
	__TEST_REQUIRE(kvm_supports_vgic_v5(), "No GICv5 for guests");
	TEST_ASSERT(nr_vcpus <= MAX_VCPUS, "At most %u vCPUs", MAX_VCPUS);
	if (!seeded)
		seed = kvm_random_u32(&kvm_rng);

	pr_info("To repeat: -i %u -v %u -s %u\n", max_hops, nr_vcpus, seed);
	pr_info("Threads stay where they are put\n");
	run(false);
	pr_info("Threads move\n");
	run(true);

	return 0;
}
