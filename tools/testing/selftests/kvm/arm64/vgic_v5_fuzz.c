// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_v5_fuzz.c - What user space and guests can do to a GICv5, at random
 *
 * Each round is a process with a VM of its own, in which
 *
 * - guests execute GIC instructions, write registers, access the IRS, sleep, call
 *   PSCI, and access what isn't there; most of it makes sense, some does not;
 * - threads of the host use, and misuse, every interface that has to do with the
 *   interrupt controller, while its parts are created and closed;
 * - the main thread builds the VM, before the others start or while they are at
 *   it, sends signals, and ends the round: it gets all threads back, or exits, or
 *   is killed, while vCPUs are in the guest.
 *
 * What a VM comes to is its own affair: a guest may die of exceptions, KVM_RUN may
 * fail, the VM may be dead. It must not matter to the host: each thread comes back
 * when it is sent a signal, each process ends, the interrupts of the VM are gone
 * then, and a VM that behaves works afterwards. Beyond that the kernel judges
 * itself, so look at its log; lockdep, KASAN and kmemleak make it stricter.
 *
 * Choices depend on the seed, the round and the thread alone, so a round can be
 * tried again by itself. How its threads race is another matter: not each try will
 * end like the first one.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/kernel.h>
#include <linux/psci.h>
#include <linux/sizes.h>

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "vgic_v5.h"

#define MAX_VCPUS	4
#define MAX_HOSTS	3
#define NR_JOBS		2U
#define MAX_THREADS	(MAX_VCPUS + MAX_HOSTS)
#define NR_EVENTS	4
#define NR_INSNS	256
#define IST_ADDR	0x40000000ULL

/* What is mapped by the guest: the IRS, and as much before and behind it */
#define MAP_BASE	(GICV5_IRS_BASE_GPA - SZ_64K)
#define MAP_SIZE	(KVM_VGIC_V5_IRS_SIZE + SZ_128K)

/* All choices. @s is never 0 */
static u32 roll(u32 *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;

	return *s;
}

static u64 roll64(u32 *s)
{
	u64 high = roll(s);

	return high << 32 | roll(s);
}

static u32 pick(u32 *s, u32 n)
{
	return roll(s) % n;
}

static bool one_in(u32 *s, u32 n)
{
	return !pick(s, n);
}

/* A state of its own for number @n of those that come from @seed */
static u32 mix(u32 seed, u32 n)
{
	u32 s = seed * 0x9e3779b9 ^ (n + 1) * 0x85ebca6b;

	s = (s ^ s >> 15) * 0x2c1b3c6d;
	s = (s ^ s >> 12) * 0x297a2d39;

	return (s ^ s >> 15) ?: 1;
}

#define pick_from(s, array)							\
({										\
	__auto_type __array = &(array)[0];					\
										\
	__array[pick(s, sizeof(typeof(array)) / sizeof(*__array))];		\
})

/* A number that is likely to be a limit, or near one */
static u64 any_value(u32 *s)
{
	switch (pick(s, 6)) {
	case 0:
		return pick(s, 4);
	case 1:
		return pick(s, 128);
	case 2:
		return BIT_ULL(pick(s, 64)) - pick(s, 2);
	case 3:
		return ~0ULL << pick(s, 64);
	case 4:
		return roll(s);
	default:
		return roll64(s);
	}
}

/* --- The guest --- */

/**
 * struct guest_cpu - a vCPU, as its guest sees it
 * @random: its choices
 * @burst: interrupts since the last operation
 * @ops: operations so far
 * @irqs: interrupts so far
 */
struct guest_cpu {
	u32 random;
	u32 burst;
	u32 ops;
	u32 irqs;
};

static struct guest_cpu guest_cpus[MAX_VCPUS];
static u32 guest_ids[MAX_VCPUS], guest_nr_vcpus, guest_nr_spis;

/* Functions of two instructions: something for the GIC, and RET */
static u32 guest_insns[NR_INSNS][2] __aligned(SZ_64K);
static u8 guest_stacks[MAX_VCPUS][SZ_16K] __aligned(16);

#define READ		BIT(21)
#define XZR		31

/* The first of them; all others are random */
static const u32 gic_insns[] = {
	GICV5_OP_GIC_CDAFF, GICV5_OP_GIC_CDAFF, GICV5_OP_GIC_CDDI, GICV5_OP_GIC_CDDI,
	GICV5_OP_GIC_CDDIS, GICV5_OP_GIC_CDEN, GICV5_OP_GIC_CDEN, GICV5_OP_GIC_CDEN,
	GICV5_OP_GIC_CDEOI, GICV5_OP_GIC_CDHM, GICV5_OP_GIC_CDPEND, GICV5_OP_GIC_CDPEND,
	GICV5_OP_GIC_CDPEND, GICV5_OP_GIC_CDPRI, GICV5_OP_GIC_CDPRI, GICV5_OP_GIC_CDRCFG,
	READ | GICV5_OP_GICR_CDIA, READ | GICV5_OP_GICR_CDNMIA,
	XZR | sys_insn(1, 0, 12, 0, 0),		/* GSB SYS */
	XZR | sys_insn(1, 0, 12, 0, 1),		/* GSB ACK */
};

static const u32 icc_regs[] = {
	SYS_ICC_CR0_EL1, SYS_ICC_CR0_EL1, SYS_ICC_PCR_EL1, SYS_ICC_PCR_EL1,
	SYS_ICC_APR_EL1, SYS_ICC_ICSR_EL1, SYS_ICC_IAFFIDR_EL1, SYS_ICC_IDR0_EL1,
	SYS_ICC_HPPIR_EL1, SYS_ICC_PPI_HMR0_EL1, SYS_ICC_PPI_ENABLER0_EL1,
	SYS_ICC_PPI_ENABLER1_EL1, SYS_ICC_PPI_CACTIVER0_EL1, SYS_ICC_PPI_SACTIVER0_EL1,
	SYS_ICC_PPI_CPENDR0_EL1, SYS_ICC_PPI_SPENDR0_EL1, SYS_ICC_PPI_PRIORITYR0_EL1,
	SYS_ICC_PPI_PRIORITYR3_EL1, SYS_ICC_PPI_PRIORITYR15_EL1,
};

#define NR_KNOWN_INSNS	(ARRAY_SIZE(gic_insns) + ARRAY_SIZE(icc_regs))

static const u16 irs_regs[] = {
	GICV5_IRS_IDR0, GICV5_IRS_IDR1, GICV5_IRS_IDR2, GICV5_IRS_IDR5, GICV5_IRS_IDR6,
	GICV5_IRS_IIDR, GICV5_IRS_AIDR, GICV5_IRS_CR0, GICV5_IRS_CR1, GICV5_IRS_SYNCR,
	GICV5_IRS_SYNC_STATUSR, GICV5_IRS_SPI_VMR, GICV5_IRS_SPI_SELR,
	GICV5_IRS_SPI_DOMAINR, GICV5_IRS_SPI_RESAMPLER, GICV5_IRS_SPI_CFGR,
	GICV5_IRS_SPI_STATUSR, GICV5_IRS_PE_SELR, GICV5_IRS_PE_STATUSR, GICV5_IRS_PE_CR0,
	GICV5_IRS_IST_BASER, GICV5_IRS_IST_BASER + 4, GICV5_IRS_IST_CFGR,
	GICV5_IRS_IST_STATUSR, GICV5_IRS_MAP_L2_ISTR, GICV5_IRS_VMT_BASER,
	GICV5_IRS_VMT_CFGR, GICV5_IRS_VPE_SELR, GICV5_IRS_VPE_DBR, GICV5_IRS_VPE_CR0,
	GICV5_IRS_VM_DBR, GICV5_IRS_VMAP_L2_VMTR, GICV5_IRS_VMAP_VMR,
	GICV5_IRS_VMAP_VISTR, GICV5_IRS_VMAP_VPER, GICV5_IRS_SAVE_VMR,
	GICV5_IRS_SWERR_STATUSR, GICV5_IRS_DEVARCH, GICV5_IRS_PIDR4, GICV5_IRS_CIDR0,
};

static u32 guest_intid(u32 *s)
{
	static const u8 types[] = {
		GICV5_TYPE_SPI, GICV5_TYPE_SPI, GICV5_TYPE_SPI, GICV5_TYPE_LPI,
		GICV5_TYPE_LPI, GICV5_TYPE_LPI, GICV5_TYPE_PPI, 0,
	};
	u32 type = one_in(s, 16) ? pick(s, 8) : pick_from(s, types);
	u32 id;

	switch (pick(s, 8)) {
	case 0:
		id = guest_nr_spis - 2 + pick(s, 4);
		break;
	case 1:
		id = BIT(pick(s, 24)) - pick(s, 2);
		break;
	case 2:
		id = pick(s, BIT(24));
		break;
	default:
		id = pick(s, 8);
	}

	return GICV5_INTID(type, id & GICV5_INTID_ID);
}

/* Of a GIC instruction: what is above the INTID depends on which one it is. */
static u64 guest_operand(u32 *s)
{
	u64 intid = guest_intid(s);

	switch (pick(s, 8)) {
	case 0:
		return any_value(s);
	case 1:
	case 2:
		return intid;
	case 3:
	case 4:
		return BIT_ULL(32) | intid;
	case 5:
		return FIELD_PREP(GICV5_GIC_CDPRI_PRIORITY_MASK, pick(s, 32)) | intid;
	default:
		return FIELD_PREP(GICV5_GIC_CDAFF_IAFFID_MASK,
				  guest_ids[pick(s, guest_nr_vcpus)]) | intid;
	}
}

static void guest_do_insn(u32 *s)
{
	u32 i = one_in(s, 8) ? pick(s, NR_INSNS) : pick(s, NR_KNOWN_INSNS);
	u64 (*insn)(u64) = (void *)guest_insns[i];

	insn(i < ARRAY_SIZE(gic_insns) ? guest_operand(s) : any_value(s));
}

static void guest_load_any(void *addr, u32 log2_size)
{
	u64 val;

	switch (log2_size) {
	case 0:
		asm volatile("ldrb %w0, [%1]" : "=r" (val) : "r" (addr) : "memory");
		break;
	case 1:
		asm volatile("ldrh %w0, [%1]" : "=r" (val) : "r" (addr) : "memory");
		break;
	case 2:
		asm volatile("ldr %w0, [%1]" : "=r" (val) : "r" (addr) : "memory");
		break;
	default:
		asm volatile("ldr %0, [%1]" : "=r" (val) : "r" (addr) : "memory");
	}
}

static void guest_store_any(void *addr, u32 log2_size, u64 val)
{
	switch (log2_size) {
	case 0:
		asm volatile("strb %w0, [%1]" : : "r" (val), "r" (addr) : "memory");
		break;
	case 1:
		asm volatile("strh %w0, [%1]" : : "r" (val), "r" (addr) : "memory");
		break;
	case 2:
		asm volatile("str %w0, [%1]" : : "r" (val), "r" (addr) : "memory");
		break;
	default:
		asm volatile("str %0, [%1]" : : "r" (val), "r" (addr) : "memory");
	}
}

/* Anywhere in the frames of the IRS and around them, in any size */
static void guest_do_irs(u32 *s)
{
	void *addr = GICV5_IRS_BASE_GVA + pick_from(s, irs_regs);
	u64 val = one_in(s, 2) ? any_value(s) : guest_intid(s);
	u32 log2_size = one_in(s, 4) ? pick(s, 4) : 2;

	if (one_in(s, 8))
		addr = (void *)MAP_BASE + pick(s, MAP_SIZE);

	if (one_in(s, 2))
		guest_load_any(addr, log2_size);
	else
		guest_store_any(addr, log2_size, val);
}

/* What a guest does to its IRS when it means well */
static void guest_do_setup(u32 *s)
{
	switch (pick(s, 6)) {
	case 0:
		gicv5_irs_writel(!one_in(s, 4), GICV5_IRS_CR0);
		break;
	case 1:
	case 2:
		gicv5_irs_writel(pick(s, 8), GICV5_IRS_SPI_SELR);
		gicv5_irs_writel(pick(s, 2), GICV5_IRS_SPI_CFGR);
		break;
	case 3:
	case 4:
		gicv5_irs_writel(one_in(s, 2) ? 16 : pick(s, 20), GICV5_IRS_IST_CFGR);
		gicv5_irs_writeq(IST_ADDR | GICV5_IRS_IST_BASER_VALID, GICV5_IRS_IST_BASER);
		break;
	default:
		if (one_in(s, 4))
			gicv5_irs_writeq(0, GICV5_IRS_IST_BASER);
	}
}

static void guest_do_cpuif(u32 *s)
{
	gicv5_cpu_enable_interrupts();
	write_sysreg_s(one_in(s, 4) ? any_value(s) : BIT(GICV5_ARCH_PPI_SW_PPI) | BIT(27),
		       SYS_ICC_PPI_ENABLER0_EL1);
	gicv5_cpu_set_priority_mask(GICV5_IRQ_LOWEST_PRI - pick(s, 2) * pick(s, 32));
	write_sysreg_s(0, SYS_ICC_APR_EL1);
}

static void guest_do_sleep(u32 *s)
{
	timer_set_tval(VIRTUAL, usec_to_cycles(pick(s, 300)));
	timer_set_ctl(VIRTUAL, CTL_ENABLE);
	if (one_in(s, 2))
		local_irq_disable();
	wfi();
	timer_set_ctl(VIRTUAL, 0);
	local_irq_enable();
}

static void guest_do_spin(u32 *s)
{
	u32 i;

	for (i = pick(s, 200); i; i--)
		cpu_relax();
}

static void guest_code(u32 slot);

static void guest_do_psci(u32 *s)
{
	static const u32 functions[] = {
		PSCI_0_2_FN_PSCI_VERSION, PSCI_0_2_FN64_CPU_SUSPEND, PSCI_0_2_FN64_CPU_ON,
		PSCI_0_2_FN64_CPU_ON, PSCI_0_2_FN64_AFFINITY_INFO, PSCI_0_2_FN_CPU_OFF,
		PSCI_0_2_FN_SYSTEM_OFF, PSCI_0_2_FN_SYSTEM_RESET,
	};
	u32 slot = pick(s, guest_nr_vcpus);
	struct arm_smccc_res res;

	smccc_hvc(one_in(s, 8) ? roll(s) : pick_from(s, functions), guest_ids[slot],
		  (u64)guest_code, slot, 0, 0, 0, 0, &res);
}

static void guest_do_bogus(u32 *s)
{
	void *addr = (void *)MAP_BASE + (pick(s, MAP_SIZE) & ~15);
	void (*code)(void) = addr;
	u64 val = 0;

	switch (pick(s, 6)) {
	case 0:
		asm volatile("stp %0, %0, [%1]" : : "r" (val), "r" (addr) : "memory");
		break;
	case 1:
		asm volatile("ldp %0, xzr, [%1]" : "=r" (val) : "r" (addr) : "memory");
		break;
	case 2:
		asm volatile("ldxr %0, [%1]" : "=r" (val) : "r" (addr) : "memory");
		break;
	case 3:
		asm volatile("str %0, [%1], #8" : "+r" (val), "+r" (addr) : : "memory");
		break;
	case 4:
		code();
		break;
	default:
		guest_load_any((void *)any_value(s), 2);
	}
}

static void (* const guest_ops[])(u32 *s) = {
	guest_do_insn, guest_do_insn, guest_do_insn, guest_do_insn, guest_do_insn,
	guest_do_insn, guest_do_insn, guest_do_insn, guest_do_insn, guest_do_insn,
	guest_do_insn, guest_do_insn, guest_do_irs, guest_do_irs, guest_do_irs,
	guest_do_irs, guest_do_irs, guest_do_irs, guest_do_irs, guest_do_irs,
	guest_do_irs, guest_do_irs, guest_do_setup, guest_do_setup, guest_do_setup,
	guest_do_setup, guest_do_cpuif, guest_do_cpuif, guest_do_spin, guest_do_spin,
	/* Each may be a long one, if nothing comes but a signal */
	guest_do_sleep,
};

static void (* const guest_rare_ops[])(u32 *s) = {
	guest_do_bogus, guest_do_bogus, guest_do_bogus, guest_do_psci,
};

static struct guest_cpu *guest_this_cpu(void)
{
	return &guest_cpus[guest_get_vcpuid() % MAX_VCPUS];
}

static void guest_code(u32 slot)
{
	struct guest_cpu *cpu = &guest_cpus[slot % MAX_VCPUS];
	u32 *s = &cpu->random;

	guest_do_cpuif(s);
	gicv5_irs_writel(GICV5_IRS_CR0_IRSEN, GICV5_IRS_CR0);

	for (;;) {
		cpu->burst = 0;
		cpu->ops++;
		if (one_in(s, 64))
			pick_from(s, guest_rare_ops)(s);
		else
			pick_from(s, guest_ops)(s);
		if (!one_in(s, 4))
			local_irq_enable();
	}
}

/* An interrupt that comes again and again has to wait for the next operation. */
static void guest_irq(struct ex_regs *regs)
{
	struct guest_cpu *cpu = guest_this_cpu();
	u32 intid = gicv5_irq_ack();

	if (intid)
		cpu->irqs++;
	if (!one_in(&cpu->random, 8))
		gicv5_irq_deactivate(intid);
	if (!one_in(&cpu->random, 8))
		gicv5_irq_drop_priority();
	if (++cpu->burst > 10)
		regs->pstate |= PSR_I_BIT;
}

/* Go on behind what caused the exception, or behind the call of it. */
static void guest_sync(struct ex_regs *regs)
{
	if (regs->pc - MAP_BASE < MAP_SIZE)
		regs->pc = regs->regs[30];
	else
		regs->pc += 4;
}

static void guest_ignore(struct ex_regs *regs)
{
}

/* --- The host: what all threads of a round share --- */

enum ending { COME_BACK, EXIT, BE_KILLED };

/**
 * struct plan - what is known of a round before it begins
 * @number: of the round
 * @seed: of its main thread
 * @ids: of the vCPUs
 * @nr_vcpus: how many
 * @nr_spis: how many, or 0 for the default
 * @nr_hosts: threads of the host
 * @racing: threads start while the VM is being built
 * @early: vCPUs as well
 * @closing: what is in use may be closed
 * @ops: which of host_ops are used
 * @usec: how long it takes, at most twice as long as a VM that behaves
 * @ending: how it ends
 */
struct plan {
	u32 number;
	u32 seed;
	u32 ids[MAX_VCPUS];
	u32 nr_vcpus;
	u32 nr_spis;
	u32 nr_hosts;
	bool racing;
	bool early;
	bool closing;
	u32 ops;
	u32 usec;
	enum ending ending;
};

/**
 * struct fuzz_thread - a thread that runs a vCPU, or one of the host
 * @thread: the thread
 * @tid: its id
 * @slot: of its vCPU
 * @random: its choices
 * @doing: what it does
 * @buf: memory for arguments, a page before one that isn't there
 * @finished: it has ended, or is about to
 */
struct fuzz_thread {
	pthread_t thread;
	pid_t tid;
	u32 slot;
	u32 random;
	const char *doing;
	void *buf;
	bool finished;
};

/*
 * Of the round. A file descriptor keeps its number as long as the round lasts: one
 * that is closed, or not open yet, is that of /dev/null. So none is ever mistaken
 * for another one.
 */
static struct plan plan;
static struct kvm_vm *fuzz_vm;
static int null_fd, vm_fd, gic_fd, vcpu_fds[MAX_VCPUS], event_fds[NR_EVENTS];
static pthread_mutex_t vcpu_locks[MAX_VCPUS];
static struct kvm_run *runs[MAX_VCPUS];
static struct fuzz_thread threads[MAX_THREADS];
static void *scratch;
static bool stop, start_vcpus;

/* Of all rounds */
static bool verbose;
static struct {
	u64 sctlr, tcr, mair, cpacr, vbar;
	struct kvm_vcpu_init init;
} template;
static size_t run_size;
static u32 sane_usec;

#define MAX_OPS 32

/* Shared by the processes: that something happens at all */
static struct {
	u64 tried[MAX_OPS], done[MAX_OPS];
	u64 vms, inits, dead, exits, run_errors, restarts, guest_ops, guest_irqs;
} *stats;

static void count(u64 *what, u64 n)
{
	__atomic_fetch_add(what, n, __ATOMIC_RELAXED);
}

static void put_fd(int slot, int fd)
{
	if (fd < 0)
		return;
	dup2(fd, slot);
	close(fd);
}

static void close_fd(int slot)
{
	dup2(null_fd, slot);
}

static int set_reg(int fd, u64 id, u64 val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)&val };

	return ioctl(fd, KVM_SET_ONE_REG, &reg);
}

/*
 * Bring a vCPU to the beginning of its guest, if it lets us. Two at the same time
 * might enable an MMU without tables.
 */
static int vcpu_restart(u32 slot)
{
	int fd = vcpu_fds[slot], ret;

	pthread_mutex_lock(&vcpu_locks[slot]);
	ret = ioctl(fd, KVM_ARM_VCPU_INIT, &template.init);
	if (ret)
		goto unlock;

	set_reg(fd, KVM_ARM64_SYS_REG(SYS_VBAR_EL1), template.vbar);
	set_reg(fd, KVM_ARM64_SYS_REG(SYS_TTBR0_EL1), fuzz_vm->mmu.pgd);
	set_reg(fd, KVM_ARM64_SYS_REG(SYS_TCR_EL1), template.tcr);
	set_reg(fd, KVM_ARM64_SYS_REG(SYS_MAIR_EL1), template.mair);
	set_reg(fd, KVM_ARM64_SYS_REG(SYS_CPACR_EL1), template.cpacr);
	set_reg(fd, KVM_ARM64_SYS_REG(SYS_TPIDR_EL1), slot);
	set_reg(fd, ARM64_CORE_REG(sp_el1), (u64)&guest_stacks[slot + 1]);
	set_reg(fd, ARM64_CORE_REG(regs.regs[0]), slot);
	set_reg(fd, ARM64_CORE_REG(regs.pc), (u64)guest_code);
	ret = set_reg(fd, KVM_ARM64_SYS_REG(SYS_SCTLR_EL1), template.sctlr);
	count(&stats->restarts, 1);
unlock:
	pthread_mutex_unlock(&vcpu_locks[slot]);

	return ret;
}

static int vcpu_create(u32 slot)
{
	int fd = ioctl(vm_fd, KVM_CREATE_VCPU, (unsigned long)plan.ids[slot]);

	if (fd < 0)
		return fd;

	mmap(runs[slot], run_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	put_fd(vcpu_fds[slot], fd);

	return vcpu_restart(slot);
}

static int gic_attr(u32 cmd, u32 group, u64 attr, void *val)
{
	struct kvm_device_attr dev_attr = {
		.group	= group,
		.attr	= attr,
		.addr	= (u64)val,
	};

	return ioctl(gic_fd, cmd, &dev_attr);
}

static int gic_create(void)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_ARM_VGIC_V5 };

	if (ioctl(vm_fd, KVM_CREATE_DEVICE, &dev))
		return -1;

	put_fd(gic_fd, dev.fd);
	return 0;
}

static int gic_init(void)
{
	int ret = gic_attr(KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_CTRL,
			   KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);

	if (!ret)
		count(&stats->inits, 1);

	return ret;
}

/* --- The host: operations. All return what the system call does. --- */

/* An address for the kernel: usually @t->buf, sometimes its very end, or bad */
static u64 any_pointer(struct fuzz_thread *t)
{
	u32 *s = &t->random;

	switch (pick(s, 12)) {
	case 0:
		return 0;
	case 1:
		return 16;
	case 2:
		return (u64)t->buf + getpagesize() - pick(s, 17);
	case 3:
		return (u64)t->buf + pick(s, 64);
	case 4:
		return ~0ULL << pick(s, 64);
	case 5:
		return (u64)"read-only";
	default:
		return (u64)t->buf;
	}
}

static int any_vcpu_fd(struct fuzz_thread *t)
{
	return vcpu_fds[pick(&t->random, plan.nr_vcpus)];
}

static u64 any_gpa(u32 *s)
{
	u64 gpa = one_in(s, 8) ? any_value(s) : MAP_BASE + pick(s, MAP_SIZE);

	return one_in(s, 8) ? gpa : gpa & ~(SZ_64K - 1ULL);
}

/* An attribute of the GIC, or one that might be */
static int op_gic_attr(struct fuzz_thread *t)
{
	static const u32 cmds[] = {
		KVM_SET_DEVICE_ATTR, KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR,
		KVM_HAS_DEVICE_ATTR,
	};
	static const struct {
		u32 group;
		u64 attr;
	} known[] = {
		{ KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V5_ADDR_TYPE_IRS },
		{ KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0 },
		{ KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT },
		{ KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_USERSPACE_PPIS },
	};
	u32 *s = &t->random, i = pick(s, ARRAY_SIZE(known));
	struct kvm_device_attr attr = {
		.flags	= one_in(s, 32) ? roll(s) : 0,
		.group	= one_in(s, 4) ? pick(s, 16) : known[i].group,
		.attr	= one_in(s, 4) ? any_value(s) : known[i].attr,
		.addr	= any_pointer(t),
	};

	if (attr.group == KVM_DEV_ARM_VGIC_GRP_NR_IRQS)
		*(u32 *)t->buf = one_in(s, 2) ? any_value(s) : 32 * pick(s, 34);
	else
		*(u64 *)t->buf = one_in(s, 2) ? GICV5_IRS_BASE_GPA : any_gpa(s);

	return ioctl(gic_fd, pick_from(s, cmds), &attr);
}

static int op_gic_init(struct fuzz_thread *t)
{
	return gic_init();
}

static int op_gic_create(struct fuzz_thread *t)
{
	struct kvm_create_device dev = {
		.type	= pick(&t->random, KVM_DEV_TYPE_MAX + 1),
		.flags	= pick(&t->random, 3),
	};
	int ret;

	if (one_in(&t->random, 2))
		return gic_create();

	ret = ioctl(vm_fd, KVM_CREATE_DEVICE, &dev);
	if (!ret && !(dev.flags & KVM_CREATE_DEVICE_TEST))
		close(dev.fd);

	return ret;
}

static int op_vcpu_create(struct fuzz_thread *t)
{
	u32 *s = &t->random;

	if (!one_in(s, 4))
		return vcpu_create(pick(s, plan.nr_vcpus));

	return close(ioctl(vm_fd, KVM_CREATE_VCPU, (unsigned long)any_value(s)));
}

/* In the middle of whatever it does, or as another kind of vCPU */
static int op_vcpu_init(struct fuzz_thread *t)
{
	struct kvm_vcpu_init init = template.init;
	u32 *s = &t->random, slot = pick(s, plan.nr_vcpus);
	int ret;

	if (one_in(s, 2))
		return vcpu_restart(slot);

	if (one_in(s, 2))
		init.features[0] ^= BIT(pick(s, 8));

	pthread_mutex_lock(&vcpu_locks[slot]);
	ret = ioctl(vcpu_fds[slot], KVM_ARM_VCPU_INIT, &init);
	pthread_mutex_unlock(&vcpu_locks[slot]);

	return ret;
}

static int op_irq_line(struct fuzz_thread *t)
{
	u32 *s = &t->random;
	struct kvm_irq_level irq = { .level = one_in(s, 8) ? roll(s) : pick(s, 2) };
	u32 type = one_in(s, 8) ? pick(s, 16) : 1 + pick(s, 2);
	u32 id = plan.ids[pick(s, plan.nr_vcpus)];
	u32 number = type == KVM_ARM_IRQ_TYPE_PPI ? GICV5_ARCH_PPI_SW_PPI : pick(s, 8);

	if (one_in(s, 8))
		number = any_value(s) & KVM_ARM_IRQ_NUM_MASK;

	irq.irq = type << KVM_ARM_IRQ_TYPE_SHIFT | number << KVM_ARM_IRQ_NUM_SHIFT |
		  (id & KVM_ARM_IRQ_VCPU_MASK) << KVM_ARM_IRQ_VCPU_SHIFT |
		  (id >> 8 & KVM_ARM_IRQ_VCPU2_MASK) << KVM_ARM_IRQ_VCPU2_SHIFT;
	if (one_in(s, 32))
		irq.irq = roll(s);

	return ioctl(vm_fd, KVM_IRQ_LINE, &irq);
}

static int op_routing(struct fuzz_thread *t)
{
	struct kvm_irq_routing *routing = t->buf;
	u32 *s = &t->random, i;

	memset(t->buf, 0, getpagesize());
	routing->nr = pick(s, one_in(s, 4) ? 40 : 5);
	for (i = 0; i < routing->nr; i++) {
		struct kvm_irq_routing_entry *entry = &routing->entries[i];

		entry->gsi = one_in(s, 16) ? any_value(s) : pick(s, 16);
		entry->type = one_in(s, 16) ? pick(s, 8) : 1 + one_in(s, 8);
		entry->flags = one_in(s, 64) ? roll(s) : 0;
		entry->u.irqchip.irqchip = one_in(s, 64) ? roll(s) : 0;
		entry->u.irqchip.pin = one_in(s, 16) ? any_value(s) : pick(s, 64);
	}
	if (one_in(s, 16))
		routing->nr = any_value(s);

	return ioctl(vm_fd, KVM_SET_GSI_ROUTING,
		     one_in(s, 16) ? (void *)any_pointer(t) : t->buf);
}

static int op_irqfd(struct fuzz_thread *t)
{
	u32 *s = &t->random;
	struct kvm_irqfd irqfd = {
		.fd		= pick_from(s, event_fds),
		.gsi		= one_in(s, 16) ? any_value(s) : pick(s, 8),
		.flags		= one_in(s, 32) ? roll(s) : pick(s, 4),
		.resamplefd	= pick_from(s, event_fds),
	};

	return ioctl(vm_fd, KVM_IRQFD, &irqfd);
}

static int op_eventfd(struct fuzz_thread *t)
{
	u32 *s = &t->random;
	u64 val = 1;
	int fd = pick_from(s, event_fds);

	return one_in(s, 3) ? read(fd, &val, sizeof(val)) : write(fd, &val, sizeof(val));
}

static int op_msi(struct fuzz_thread *t)
{
	u32 *s = &t->random;
	struct kvm_msi msi = {
		.address_lo	= any_gpa(s),
		.data		= any_value(s),
		.flags		= pick(s, 3),
		.devid		= any_value(s),
	};

	return ioctl(vm_fd, KVM_SIGNAL_MSI, &msi);
}

static int op_one_reg(struct fuzz_thread *t)
{
	u32 *s = &t->random;
	struct kvm_one_reg reg = { .addr = any_pointer(t) };

	switch (pick(s, 4)) {
	case 0:
		reg.id = ARM64_SYS_REG(3, pick(s, 8), 12, pick(s, 16), pick(s, 8));
		break;
	case 1:
		reg.id = ARM64_SYS_REG(3, 0, 0, pick(s, 8), pick(s, 8));
		break;
	case 2:
		reg.id = ARM64_SYS_REG(3, 3, 14, pick(s, 4), pick(s, 3));
		break;
	default:
		reg.id = KVM_ARM64_SYS_REG(pick_from(s, icc_regs));
	}
	/* See prepare_reset_vectors() */
	if (reg.id == KVM_ARM64_SYS_REG(SYS_VBAR_EL1))
		return -1;
	*(u64 *)t->buf = any_value(s);

	return ioctl(any_vcpu_fd(t), one_in(s, 2) ? KVM_GET_ONE_REG : KVM_SET_ONE_REG, &reg);
}

/* The interrupts of timers and PMU */
static int op_vcpu_attr(struct fuzz_thread *t)
{
	u32 *s = &t->random;
	struct kvm_device_attr attr = {
		.group	= pick(s, 4),
		.attr	= pick(s, 4),
		.addr	= any_pointer(t),
	};

	*(u32 *)t->buf = one_in(s, 4) ? any_value(s) : GICV5_PPI(16 + pick(s, 16));

	return ioctl(any_vcpu_fd(t), one_in(s, 2) ? KVM_GET_DEVICE_ATTR : KVM_SET_DEVICE_ATTR,
		     &attr);
}

static int op_mp_state(struct fuzz_thread *t)
{
	static const u32 states[] = {
		KVM_MP_STATE_RUNNABLE, KVM_MP_STATE_RUNNABLE, KVM_MP_STATE_STOPPED,
		KVM_MP_STATE_SUSPENDED,
	};
	u32 *s = &t->random;
	struct kvm_mp_state state = {
		.mp_state = one_in(s, 16) ? any_value(s) : pick_from(s, states),
	};

	return ioctl(any_vcpu_fd(t), KVM_SET_MP_STATE, &state);
}

static int op_vcpu_events(struct fuzz_thread *t)
{
	struct kvm_vcpu_events events = { .exception.serror_pending = 1 };

	return ioctl(any_vcpu_fd(t), KVM_SET_VCPU_EVENTS, &events);
}

/* Memory over the IRS, next to it, or no more */
static int op_memslot(struct fuzz_thread *t)
{
	u32 *s = &t->random;
	struct kvm_userspace_memory_region region = {
		.slot			= 8 + pick(s, 4),
		.flags			= one_in(s, 2) ? pick(s, 4) : 0,
		.guest_phys_addr	= any_gpa(s),
		.memory_size		= one_in(s, 2) ? 0 : SZ_64K * (1 + pick(s, 3)),
		.userspace_addr		= (u64)scratch,
	};

	return ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* On the same bus as the IRS */
static int op_ioeventfd(struct fuzz_thread *t)
{
	u32 *s = &t->random;
	struct kvm_ioeventfd ioeventfd = {
		.addr	= GICV5_IRS_BASE_GPA + pick_from(s, irs_regs),
		.len	= one_in(s, 4) ? pick(s, 16) : 4,
		.fd	= pick_from(s, event_fds),
		.flags	= one_in(s, 8) ? roll(s) :
			  one_in(s, 2) ? KVM_IOEVENTFD_FLAG_DEASSIGN : 0,
	};

	if (one_in(s, 4))
		ioeventfd.addr = any_gpa(s);

	return ioctl(vm_fd, KVM_IOEVENTFD, &ioeventfd);
}

static int op_vm_ioctl(struct fuzz_thread *t)
{
	struct kvm_arm_device_addr addr = {
		.id	= any_value(&t->random),
		.addr	= any_gpa(&t->random),
	};

	if (one_in(&t->random, 2))
		return ioctl(vm_fd, KVM_CREATE_IRQCHIP, NULL);

	return ioctl(vm_fd, KVM_ARM_SET_DEVICE_ADDR, &addr);
}

/* The pages of a vCPU, once more */
static int op_mmap(struct fuzz_thread *t)
{
	size_t size = (1 + pick(&t->random, 4)) * getpagesize();
	u32 page = one_in(&t->random, 4) ? pick(&t->random, 4) : 0;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, any_vcpu_fd(t),
		       page * getpagesize());

	if (p == MAP_FAILED)
		return -1;
	if (!page)
		WRITE_ONCE(*(u8 *)p, 0);

	return munmap(p, size);
}

/* What KVM shares with user space may change at any time. */
static int op_scribble(struct fuzz_thread *t)
{
	u32 *s = &t->random;
	struct kvm_run *run = runs[pick(s, plan.nr_vcpus)];

	if (one_in(s, 2))
		WRITE_ONCE(run->immediate_exit, pick(s, 2));
	else
		WRITE_ONCE(((u8 *)run)[pick(s, sizeof(*run))], roll(s));

	return 0;
}

static int op_signal(struct fuzz_thread *t)
{
	return syscall(SYS_tgkill, getpid(), threads[pick(&t->random, plan.nr_vcpus)].tid,
		       SIGUSR1);
}

static int op_affinity(struct fuzz_thread *t)
{
	u32 *s = &t->random;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(pick(s, sysconf(_SC_NPROCESSORS_ONLN)), &set);

	return sched_setaffinity(threads[pick(s, plan.nr_vcpus + plan.nr_hosts)].tid,
				 sizeof(set), &set);
}

/* What debugfs says about the VM, which is looked up anew each time */
static int op_debugfs(struct fuzz_thread *t)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/vgic-state", getpid(), vm_fd);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return fd;

	do {
		ret = read(fd, t->buf, 1 + pick(&t->random, getpagesize()));
	} while (ret > 0 && !one_in(&t->random, 16));
	close(fd);

	return ret;
}

static int op_close(struct fuzz_thread *t)
{
	u32 *s = &t->random;

	if (!plan.closing)
		return -1;

	switch (pick(s, 8)) {
	case 0:
		close_fd(vm_fd);
		break;
	case 1:
	case 2:
		close_fd(any_vcpu_fd(t));
		break;
	case 3:
	case 4:
		close_fd(gic_fd);
		break;
	default:
		close_fd(pick_from(s, event_fds));
		put_fd(pick_from(s, event_fds), eventfd(0, EFD_NONBLOCK));
	}

	return 0;
}

#define OP(op, often)	{ .name = #op, .weight = often, .fn = op_##op }

static const struct {
	const char *name;
	u32 weight;
	int (*fn)(struct fuzz_thread *t);
} host_ops[] = {
	OP(gic_attr,	10),
	OP(gic_init,	2),
	OP(gic_create,	2),
	OP(vcpu_create,	2),
	OP(vcpu_init,	3),
	OP(irq_line,	30),
	OP(routing,	4),
	OP(irqfd,	10),
	OP(eventfd,	20),
	OP(msi,		2),
	OP(one_reg,	6),
	OP(vcpu_attr,	3),
	OP(mp_state,	4),
	OP(vcpu_events,	1),
	OP(memslot,	6),
	OP(ioeventfd,	4),
	OP(vm_ioctl,	1),
	OP(mmap,	2),
	OP(scribble,	4),
	OP(signal,	10),
	OP(affinity,	6),
	OP(debugfs,	3),
	OP(close,	1),
};

static_assert(ARRAY_SIZE(host_ops) <= MAX_OPS);

/* Of those that the plan allows */
static u32 pick_op(u32 *s)
{
	u32 sum = 0, i, n;

	for (i = 0; i < ARRAY_SIZE(host_ops); i++)
		sum += plan.ops & BIT(i) ? host_ops[i].weight : 0;

	n = pick(s, sum);
	for (i = 0; ; i++) {
		u32 weight = plan.ops & BIT(i) ? host_ops[i].weight : 0;

		if (n < weight)
			return i;
		n -= weight;
	}
}

/* --- The host: threads --- */

static void *host_main(void *arg)
{
	struct fuzz_thread *t = arg;
	u32 op;

	WRITE_ONCE(t->tid, syscall(SYS_gettid));
	while (!READ_ONCE(stop)) {
		op = pick_op(&t->random);
		if (verbose)
			dprintf(1, "round %u, thread %ld: %s (0x%x)\n", plan.number,
				t - threads, host_ops[op].name, t->random);
		WRITE_ONCE(t->doing, host_ops[op].name);
		count(&stats->tried[op], 1);
		if (host_ops[op].fn(t) >= 0)
			count(&stats->done[op], 1);
		if (one_in(&t->random, 4))
			usleep(pick(&t->random, 300));
	}

	WRITE_ONCE(t->finished, true);
	return NULL;
}

/* KVM_RUN has failed: the guest is stuck, so take it elsewhere. */
static void vcpu_unstick(struct fuzz_thread *t)
{
	int fd = vcpu_fds[t->slot];
	struct kvm_one_reg reg = { .id = ARM64_CORE_REG(regs.pc), .addr = (u64)t->buf };

	usleep(100);
	if (one_in(&t->random, 4))
		vcpu_restart(t->slot);
	else if (!ioctl(fd, KVM_GET_ONE_REG, &reg))
		set_reg(fd, reg.id, *(u64 *)t->buf + 4);
}

static void *vcpu_main(void *arg)
{
	struct fuzz_thread *t = arg;
	struct kvm_run *run = runs[t->slot];

	WRITE_ONCE(t->tid, syscall(SYS_gettid));
	while (!READ_ONCE(stop)) {
		if (!READ_ONCE(start_vcpus)) {
			usleep(100);
			continue;
		}

		if (!ioctl(vcpu_fds[t->slot], KVM_RUN, NULL)) {
			count(&stats->exits, 1);
			/* A load takes what it finds in @run, anything else is the end */
			if (READ_ONCE(run->exit_reason) != KVM_EXIT_MMIO)
				vcpu_restart(t->slot);
			continue;
		}

		if (errno != EINTR) {
			count(&stats->run_errors, 1);
			if (verbose)
				dprintf(1, "round %u, vCPU %u: KVM_RUN, errno %d\n",
					plan.number, plan.ids[t->slot], errno);
			vcpu_unstick(t);
		} else if (one_in(&t->random, 2)) {
			WRITE_ONCE(run->immediate_exit, 0);
			if (one_in(&t->random, 8))
				vcpu_restart(t->slot);
		}
	}

	WRITE_ONCE(t->finished, true);
	return NULL;
}

static void start_thread(struct fuzz_thread *t, void *(*fn)(void *))
{
	int page = getpagesize();

	t->random = mix(plan.seed, t - threads);
	t->buf = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(t->buf != MAP_FAILED, "mmap(), errno %d", errno);
	munmap(t->buf + page, page);

	TEST_ASSERT(!pthread_create(&t->thread, NULL, fn, t), "pthread_create()");
}

static void start_threads(void)
{
	u32 i;

	for (i = 0; i < plan.nr_vcpus; i++) {
		threads[i].slot = i;
		start_thread(&threads[i], vcpu_main);
	}
	for (; i < plan.nr_vcpus + plan.nr_hosts; i++)
		start_thread(&threads[i], host_main);
}

/* What nothing takes that works */
static s64 limit_usec(void)
{
	return VGIC_V5_WAIT_MSEC * 1000 + 20LL * sane_usec;
}

/*
 * Send signals until all are back, or it takes too long. They have to get on with
 * what they do between two signals.
 */
static bool stop_threads(void)
{
	u32 nr = plan.nr_vcpus + plan.nr_hosts, i, left;
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	WRITE_ONCE(stop, true);
	do {
		usleep(sane_usec / 50);
		for (left = 0, i = 0; i < nr; i++) {
			if (READ_ONCE(threads[i].finished))
				continue;
			left++;
			pthread_kill(threads[i].thread, SIGUSR1);
		}
		if (!left)
			break;
	} while (timespec_to_ns(timespec_elapsed(start)) / 1000 < limit_usec());

	for (i = 0; i < nr; i++) {
		if (READ_ONCE(threads[i].finished))
			pthread_join(threads[i].thread, NULL);
		else if (threads[i].doing)
			pr_info("A signal does not end %s\n", threads[i].doing);
		else
			pr_info("A signal does not get vCPU %u out of the guest\n", plan.ids[i]);
	}

	return !left;
}

/* --- A round --- */

static void ignore_signal(int signum)
{
}

static u32 random_insn(u32 *s)
{
	u32 insn;

	do {
		insn = sys_insn(one_in(s, 3) ? 1 : 3, one_in(s, 2) ? 0 : pick(s, 8), 12,
				pick(s, 16), pick(s, 8)) | pick(s, 2) * READ;
		/* See prepare_reset_vectors() */
	} while (insn == SYS_VBAR_EL1);

	return insn;
}

/*
 * Where exceptions go after a reset, with the MMU on or off. Without anything
 * there, each exception would be the next one's cause, and a machine that measures
 * time in instructions would come to a standstill.
 */
static void prepare_reset_vectors(void)
{
	u32 *insns = addr_gpa2hva(fuzz_vm, 0), i;

	for (i = 0; i < SZ_4K / sizeof(u32); i += 2) {
		insns[i] = 0xd503207f;		/* WFI */
		insns[i + 1] = 0x17ffffff;	/* B back to it */
	}
	virt_map(fuzz_vm, 0, 0, 1);
}

static void prepare_guest(u32 *s)
{
	struct guest_cpu *cpus = *vm_global(fuzz_vm, guest_cpus);
	u32 (*insns)[2] = *vm_global(fuzz_vm, guest_insns);
	u32 i, insn;

	for (i = 0; i < NR_INSNS; i++) {
		if (i < ARRAY_SIZE(gic_insns))
			insn = gic_insns[i];
		else if (i < NR_KNOWN_INSNS)
			insn = icc_regs[i - ARRAY_SIZE(gic_insns)] | one_in(s, 4) * READ;
		else
			insn = random_insn(s);
		insns[i][0] = 0xd5000000 | insn;
		insns[i][1] = 0xd65f03c0;	/* RET */
	}

	for (i = 0; i < MAX_VCPUS; i++)
		cpus[i].random = mix(plan.seed, MAX_THREADS + i);
	for (i = 0; i < ARRAY_SIZE(plan.ids); i++)
		(*vm_global(fuzz_vm, guest_ids))[i] = plan.ids[i];
	*vm_global(fuzz_vm, guest_nr_vcpus) = plan.nr_vcpus;
	*vm_global(fuzz_vm, guest_nr_spis) = plan.nr_spis ?: 32;

	vm_init_descriptor_tables(fuzz_vm);
	for (i = 0; i <= ESR_ELx_EC_MAX; i++)
		vm_install_sync_handler(fuzz_vm, VECTOR_SYNC_CURRENT, i, guest_sync);
	vm_install_exception_handler(fuzz_vm, VECTOR_IRQ_CURRENT, guest_irq);
	vm_install_exception_handler(fuzz_vm, VECTOR_FIQ_CURRENT, guest_ignore);
	vm_install_exception_handler(fuzz_vm, VECTOR_ERROR_CURRENT, guest_ignore);
	prepare_reset_vectors();
	virt_map(fuzz_vm, MAP_BASE, MAP_BASE, vm_calc_num_guest_pages(fuzz_vm->mode, MAP_SIZE));
}

/* What there is before the first thread: memory, and no vCPU or GIC */
static void prepare_host(void)
{
	struct sigaction sa = { .sa_handler = ignore_signal };
	u32 i;

	sigaction(SIGUSR1, &sa, NULL);

	fuzz_vm = __vm_create(VM_SHAPE_DEFAULT, plan.nr_vcpus, 64);
	vm_fd = fuzz_vm->fd;
	null_fd = open_path_or_exit("/dev/null", O_RDWR);
	gic_fd = dup(null_fd);

	for (i = 0; i < plan.nr_vcpus; i++) {
		vcpu_fds[i] = dup(null_fd);
		pthread_mutex_init(&vcpu_locks[i], NULL);
		runs[i] = mmap(NULL, run_size, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		TEST_ASSERT(runs[i] != MAP_FAILED, "mmap(), errno %d", errno);
	}
	for (i = 0; i < NR_EVENTS; i++)
		event_fds[i] = eventfd(0, EFD_NONBLOCK);

	scratch = mmap(NULL, SZ_256K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(scratch != MAP_FAILED, "mmap(), errno %d", errno);
}

/* The VM as it should be. Others may be faster, or make it impossible. */
static void build_vm(void)
{
	u64 addr = GICV5_IRS_BASE_GPA;
	u32 i;

	gic_create();
	for (i = 0; i < plan.nr_vcpus; i++)
		vcpu_create(i);
	if (plan.nr_spis)
		gic_attr(KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &plan.nr_spis);
	gic_attr(KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V5_ADDR_TYPE_IRS,
		 &addr);
	gic_init();
}

static bool vm_is_dead(void)
{
	return ioctl(vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_IRQFD) < 0 && errno == EIO;
}

static void disturb(u32 *s)
{
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (timespec_to_ns(timespec_elapsed(start)) < plan.usec * 1000LL) {
		usleep(pick(s, sane_usec / 100));
		pthread_kill(threads[pick(s, plan.nr_vcpus + plan.nr_hosts)].thread, SIGUSR1);
		if (vm_is_dead()) {
			count(&stats->dead, 1);
			break;
		}
	}
}

/* The process of a round */
static int round_main(void)
{
	struct guest_cpu *cpus;
	u32 s = plan.seed, i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prepare_host();
	prepare_guest(&s);

	if (!plan.racing)
		build_vm();
	start_vcpus = plan.early || !plan.racing;
	start_threads();
	if (plan.racing)
		build_vm();
	WRITE_ONCE(start_vcpus, true);
	disturb(&s);

	cpus = *vm_global(fuzz_vm, guest_cpus);
	for (i = 0; i < plan.nr_vcpus; i++) {
		count(&stats->guest_ops, READ_ONCE(cpus[i].ops));
		count(&stats->guest_irqs, READ_ONCE(cpus[i].irqs));
	}
	count(&stats->vms, 1);

	switch (plan.ending) {
	case COME_BACK:
		return stop_threads() ? 0 : 1;
	case EXIT:
		return 0;
	default:
		for (;;)
			pause();
	}
}

static void make_plan(struct plan *p, u32 seed, u32 number)
{
	u32 s = mix(seed, number), gaps, id, i;

	*p = (struct plan) {
		.number		= number,
		.nr_vcpus	= 1 + pick(&s, MAX_VCPUS),
		.nr_spis	= one_in(&s, 4) ? 0 : 32 * (1 + pick(&s, 32)),
		.nr_hosts	= 1 + pick(&s, MAX_HOSTS),
		.racing		= one_in(&s, 3),
		.early		= one_in(&s, 3),
		.closing	= one_in(&s, 3),
		.ops		= roll(&s) | roll(&s) | BIT(0),
		.usec		= sane_usec / 16 * (1 + pick(&s, 32)),
		.ending		= pick(&s, 3),
	};

	gaps = one_in(&s, 3) ? 40 : 1;
	for (i = 0, id = 0; i < p->nr_vcpus; i++, id++) {
		id += pick(&s, gaps);
		p->ids[i] = id;
	}
	p->seed = roll(&s);
}

/**
 * struct job - a process of a round, as its parent sees it
 * @plan: of the round
 * @pid: of the process
 * @killed: it was sent SIGKILL
 * @ended: it is no more
 * @status: its status then
 */
struct job {
	struct plan plan;
	pid_t pid;
	bool killed;
	bool ended;
	int status;
};

static void start_job(struct job *job)
{
	job->killed = false;
	job->ended = false;
	plan = job->plan;
	job->pid = fork();
	TEST_ASSERT(job->pid >= 0, "fork(), errno %d", errno);
	if (!job->pid)
		_exit(round_main());
}

/* Returns whether it has ended. */
static bool check_job(struct job *job, s64 usec)
{
	if (job->ended)
		return true;

	if (job->plan.ending == BE_KILLED && !job->killed && usec > job->plan.usec) {
		kill(job->pid, SIGKILL);
		job->killed = true;
	}
	job->ended = waitpid(job->pid, &job->status, WNOHANG) == job->pid;

	return job->ended;
}

static bool job_is_fine(struct job *job)
{
	if (job->killed && WIFSIGNALED(job->status))
		return WTERMSIG(job->status) == SIGKILL;

	return !job->status;
}

static void print_file(const char *dir, const char *name, const char *file)
{
	char path[128], buf[2048];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, name, file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;
	len = read(fd, buf, sizeof(buf) - 1);
	if (len > 0)
		pr_info("%s: %.*s\n", path, (int)len, buf);
	close(fd);
}

/* Where its threads are */
static void report_job(struct job *job)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", job->pid);
	dir = opendir(path);
	if (!dir)
		return;

	while ((entry = readdir(dir))) {
		print_file(path, entry->d_name, "stat");
		print_file(path, entry->d_name, "stack");
	}
	closedir(dir);
}

/* Rounds that begin at the same time. Returns whether all end as they should. */
static bool run_rounds(struct job *jobs, u32 nr)
{
	struct timespec start;
	bool fine = true;
	u32 ended, i;
	s64 usec;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < nr; i++)
		start_job(&jobs[i]);

	do {
		usleep(500);
		usec = timespec_to_ns(timespec_elapsed(start)) / 1000;
		for (ended = 0, i = 0; i < nr; i++)
			ended += check_job(&jobs[i], usec);
	} while (ended < nr && usec < 3 * limit_usec());

	for (i = 0; i < nr; i++) {
		if (jobs[i].ended && job_is_fine(&jobs[i]))
			continue;

		fine = false;
		if (jobs[i].ended) {
			pr_info("Round %u: status 0x%x\n", jobs[i].plan.number, jobs[i].status);
		} else {
			pr_info("Round %u does not end\n", jobs[i].plan.number);
			report_job(&jobs[i]);
			kill(jobs[i].pid, SIGKILL);
		}
	}

	return fine;
}

/* --- Before and after --- */

static u32 sane_ready;

/* vCPU 0 sleeps until it has got an SPI of the host and an LPI of vCPU 1. */
static void guest_sane(void)
{
	struct gicv5_log *log = gicv5_this_log();
	u32 me = guest_get_vcpuid();

	local_irq_disable();
	gicv5_cpu_enable_interrupts();

	if (me) {
		GUEST_ASSERT(guest_wait_for(READ_ONCE(sane_ready), GICV5_WAIT_USEC));
		gicv5_irq_set_pending(GICV5_LPI(1));
		GUEST_DONE();
	}

	GUEST_ASSERT(gicv5_irs_enable_ist(IST_ADDR, 16));
	gicv5_irq_setup(GICV5_LPI(1), GICV5_IRQ_DEFAULT_PRI, me);
	gicv5_irq_setup(GICV5_SPI(1), GICV5_IRQ_DEFAULT_PRI, me);
	gicv5_irs_set_enable(true);
	WRITE_ONCE(sane_ready, 1);

	while (log->total < 2) {
		wfi();
		local_irq_enable();
		isb();
		local_irq_disable();
	}
	GUEST_ASSERT_EQ(gicv5_log_count(log, GICV5_LPI(1)), 1);
	GUEST_ASSERT_EQ(gicv5_log_count(log, GICV5_SPI(1)), 1);
	GUEST_DONE();
}

/*
 * A VM that behaves. Notes what the fuzzed ones need to know of one, and how long it
 * takes: a kernel that debugs may be dozens of times slower than another.
 */
static void check_sane(void)
{
	struct vcpu_thread vcpu_threads[2];
	struct kvm_vcpu *vcpus[2];
	struct timespec start;
	struct kvm_vm *vm;
	u32 i;

	clock_gettime(CLOCK_MONOTONIC, &start);
	vm = vgic_v5_create_vm(2, NULL, 32, guest_sane, vcpus);
	template.sctlr = vcpu_get_reg(vcpus[0], KVM_ARM64_SYS_REG(SYS_SCTLR_EL1));
	template.tcr = vcpu_get_reg(vcpus[0], KVM_ARM64_SYS_REG(SYS_TCR_EL1));
	template.mair = vcpu_get_reg(vcpus[0], KVM_ARM64_SYS_REG(SYS_MAIR_EL1));
	template.cpacr = vcpu_get_reg(vcpus[0], KVM_ARM64_SYS_REG(SYS_CPACR_EL1));
	template.vbar = vcpu_get_reg(vcpus[0], KVM_ARM64_SYS_REG(SYS_VBAR_EL1));
	template.init = vcpus[0]->init;
	run_size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, NULL);

	for (i = 0; i < ARRAY_SIZE(vcpus); i++)
		vcpu_thread_start(&vcpu_threads[i], vcpus[i], NULL);
	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, sane_ready)), VGIC_V5_WAIT_MSEC),
		    "A VM that behaves does not start");
	vgic_v5_pulse_spi(vm, 1);
	for (i = 0; i < ARRAY_SIZE(vcpus); i++)
		vcpu_thread_join(&vcpu_threads[i]);

	kvm_vm_free(vm);
	sane_usec = timespec_to_ns(timespec_elapsed(start)) / 1000;
}

static void report(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(host_ops); i++)
		pr_info("  %-12s %8lu tried, %8lu succeeded\n", host_ops[i].name,
			stats->tried[i], stats->done[i]);
	pr_info("  %lu VMs, %lu INITs, %lu VMs dead before their time\n", stats->vms,
		stats->inits, stats->dead);
	pr_info("  %lu exits, %lu errors of KVM_RUN, %lu (re)starts of vCPUs\n", stats->exits,
		stats->run_errors, stats->restarts);
	pr_info("  %lu operations of guests, %lu interrupts\n", stats->guest_ops,
		stats->guest_irqs);
}

static void help(const char *name)
{
	pr_info("Usage: %s [-f first] [-r rounds] [-s seed] [-t seconds] [-v]\n", name);
	pr_info(" -f: number of the first round (default: 0)\n");
	pr_info(" -r: rounds (default: 100, with -t as many as there is time for)\n");
	pr_info(" -s: seed (default: random)\n");
	pr_info(" -t: begin no round after so many seconds\n");
	pr_info(" -v: say what the threads of the host do\n");
}

int main(int argc, char **argv)
{
	u32 first = 0, rounds = 0, seconds = 0, seed = 0, done, nr, i;
	struct job jobs[NR_JOBS];
	struct timespec start;
	bool seeded = false;
	int opt, irqs;

	while ((opt = getopt(argc, argv, "f:hr:s:t:v")) != -1) {
		switch (opt) {
		case 'f':
			first = atoi_non_negative("First round", optarg);
			break;
		case 'r':
			rounds = atoi_positive("Number of rounds", optarg);
			break;
		case 's':
			seed = strtoul(optarg, NULL, 0);
			seeded = true;
			break;
		case 't':
			seconds = atoi_positive("Number of seconds", optarg);
			break;
		case 'v':
			verbose = true;
			break;
		case 'h':
		default:
			help(argv[0]);
			return opt == 'h' ? 0 : 1;
		}
	}

	test_disable_default_vgic();
	__TEST_REQUIRE(kvm_supports_vgic_v5(), "No GICv5 for guests");
	if (!rounds)
		rounds = seconds ? ~0U : 100;
	if (!seeded)
		seed = kvm_random_u32(&kvm_rng);

	setvbuf(stdout, NULL, _IOLBF, 0);
	stats = mmap(NULL, sizeof(*stats), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(stats != MAP_FAILED, "mmap(), errno %d", errno);

	check_sane();
	irqs = count_host_irqs();

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (done = 0; done < rounds; done += nr) {
		if (seconds && timespec_elapsed(start).tv_sec >= seconds)
			break;
		nr = min(rounds - done, NR_JOBS);
		for (i = 0; i < nr; i++)
			make_plan(&jobs[i].plan, seed, first + done + i);
		pr_info("To repeat: -s 0x%x -f %u -r %u\n", seed, first + done, nr);

		TEST_ASSERT(run_rounds(jobs, nr), "Not all threads ended as they should");
		TEST_ASSERT(host_wait_for(count_host_irqs() == irqs, VGIC_V5_WAIT_MSEC),
			    "The host has %d interrupts, and had %d", count_host_irqs(), irqs);
	}

	check_sane();
	TEST_ASSERT_EQ(count_host_irqs(), irqs);
	pr_info("%u rounds\n", done);
	report();
	TEST_ASSERT(done < 20 || (stats->inits && stats->guest_ops && stats->guest_irqs),
		    "No guest has come far enough to test anything");

	return 0;
}
