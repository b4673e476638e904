// SPDX-License-Identifier: GPL-2.0-only
/*
 * ARM Generic Interrupt Controller (GIC) v5 host support
 */

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

#include <linux/kernel.h>
#include <linux/kvm.h>

#include "kvm_util.h"
#include "processor.h"
#include "vgic_v5.h"

bool kvm_supports_vgic_v5(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	int r;

	r = __kvm_test_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	kvm_vm_free(vm);

	return !r;
}

/*
 * Create the device, and everything up to its initialisation. The vCPUs may be
 * added before or afterwards. @nr_spis may be 0 for what is the default.
 */
int __vgic_v5_setup(struct kvm_vm *vm, u32 nr_spis)
{
	u64 addr = GICV5_IRS_BASE_GPA;
	int gic_fd;

	gic_fd = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);

	if (nr_spis)
		kvm_device_attr_set(gic_fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr_spis);

	kvm_device_attr_set(gic_fd, KVM_DEV_ARM_VGIC_GRP_ADDR,
			    KVM_VGIC_V5_ADDR_TYPE_IRS, &addr);
	virt_map(vm, addr, addr,
		 vm_calc_num_guest_pages(vm->mode, KVM_VGIC_V5_IRS_SIZE));

	return gic_fd;
}

int __vgic_v5_init(int gic_fd)
{
	return __kvm_device_attr_set(gic_fd, KVM_DEV_ARM_VGIC_GRP_CTRL,
				     KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

/*
 * A VM with an initialised GICv5 and vCPUs with the ids @ids, or 0 to
 * @nr_vcpus - 1 if @ids is NULL. IRQs go to gicv5_log_handler().
 */
struct kvm_vm *vgic_v5_create_vm(u32 nr_vcpus, const u32 *ids, u32 nr_spis,
				 void *guest_code, struct kvm_vcpu **vcpus)
{
	struct kvm_vm *vm;
	int gic_fd, ret;
	u32 i;

	vm = __vm_create(VM_SHAPE_DEFAULT, nr_vcpus, 128);
	gic_fd = __vgic_v5_setup(vm, nr_spis);

	vm_init_descriptor_tables(vm);
	vm_install_exception_handler(vm, VECTOR_IRQ_CURRENT, gicv5_log_handler);

	for (i = 0; i < nr_vcpus; i++) {
		vcpus[i] = vm_vcpu_add(vm, ids ? ids[i] : i, guest_code);
		vcpu_init_descriptor_tables(vcpus[i]);
	}

	ret = __vgic_v5_init(gic_fd);
	TEST_ASSERT(!ret, "Initialising the GICv5 failed, errno %d", errno);

	/* From here on the library closes it with the VM. */
	vm->arch.gic_fd = gic_fd;
	vm->arch.has_gic = true;

	return vm;
}

int __vgic_v5_irq_line(struct kvm_vm *vm, u32 type, u32 vcpu_id, u32 number, int level)
{
	u32 irq;

	irq = type << KVM_ARM_IRQ_TYPE_SHIFT |
	      (vcpu_id & KVM_ARM_IRQ_VCPU_MASK) << KVM_ARM_IRQ_VCPU_SHIFT |
	      (vcpu_id >> 8 & KVM_ARM_IRQ_VCPU2_MASK) << KVM_ARM_IRQ_VCPU2_SHIFT |
	      number << KVM_ARM_IRQ_NUM_SHIFT;

	return _kvm_irq_line(vm, irq, level);
}

void vgic_v5_set_spi(struct kvm_vm *vm, u32 spi, int level)
{
	int ret = __vgic_v5_irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 0, spi, level);

	TEST_ASSERT(!ret, "KVM_IRQ_LINE for SPI %u failed, errno %d", spi, errno);
}

static void vcpu_thread_sigusr1(int signum)
{
}

static void *vcpu_thread_main(void *arg)
{
	struct vcpu_thread *t = arg;
	struct ucall uc;

	t->tid = syscall(SYS_gettid);
	sem_post(&t->started);

	while (!READ_ONCE(t->finished)) {
		if (__vcpu_run(t->vcpu)) {
			TEST_ASSERT(errno == EINTR, "KVM_RUN of vCPU %u failed, errno %d",
				    t->vcpu->id, errno);
			WRITE_ONCE(t->interrupted, t->interrupted + 1);
			if (READ_ONCE(t->stop))
				break;
			continue;
		}

		switch (get_ucall(t->vcpu, &uc)) {
		case UCALL_SYNC:
			if (t->sync)
				t->sync(t->vcpu, &uc);
			break;
		case UCALL_PRINTF:
			REPORT_GUEST_PRINTF(uc);
			break;
		case UCALL_ABORT:
			REPORT_GUEST_ASSERT(uc);
			break;
		case UCALL_DONE:
			WRITE_ONCE(t->finished, true);
			break;
		case UCALL_UNHANDLED:
			TEST_FAIL("vCPU %u took an unexpected exception (vector 0x%lx, ec 0x%lx)",
				  t->vcpu->id, uc.args[0], uc.args[1]);
			break;
		default:
			TEST_FAIL("Unexpected exit of vCPU %u: %s", t->vcpu->id,
				  exit_reason_str(t->vcpu->run->exit_reason));
		}
	}

	WRITE_ONCE(t->finished, true);
	return NULL;
}

void vcpu_thread_start(struct vcpu_thread *t, struct kvm_vcpu *vcpu,
		       void (*sync)(struct kvm_vcpu *vcpu, struct ucall *uc))
{
	struct sigaction sa = { .sa_handler = vcpu_thread_sigusr1 };

	memset(t, 0, sizeof(*t));
	t->vcpu = vcpu;
	t->sync = sync;
	sem_init(&t->started, 0, 0);
	TEST_ASSERT(!sigaction(SIGUSR1, &sa, NULL), "sigaction() failed, errno %d", errno);

	/* Descriptors are read at first use, which is not safe among threads. */
	vcpu_get_stat(vcpu, blocking);

	TEST_ASSERT(!pthread_create(&t->thread, NULL, vcpu_thread_main, t),
		    "Could not create a thread for vCPU %u", vcpu->id);
	sem_wait(&t->started);
}

/* What can be known about a vCPU without disturbing it. */
void vcpu_thread_report(struct vcpu_thread *t)
{
	struct gicv5_log *log = vgic_v5_get_log(t->vcpu->vm, t->vcpu->id);
	static const char * const names[] = {
		"blocking", "exits", "wfi_exit_stat", "signal_exits",
		"vgic_v5_doorbell_requested", "vgic_v5_doorbell_rung",
		"vgic_v5_doorbell_spurious",
	};
	int i;

	pr_info("vCPU %u: %u interrupts (%u spurious), last 0x%x", t->vcpu->id,
		READ_ONCE(log->total), READ_ONCE(log->spurious), READ_ONCE(log->last));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (vcpu_has_stat(t->vcpu, names[i]))
			pr_info(", %s %lu", names[i],
				vcpu_get_stat_by_name(t->vcpu, names[i]));
	pr_info("\n");
}

/*
 * The watchdog of a guest that is expected to come to an end. It may take its
 * time, but not without an exit.
 */
void vcpu_thread_join(struct vcpu_thread *t)
{
	u64 exits = 0, before;

	while (!host_wait_for(READ_ONCE(t->finished), 3 * VGIC_V5_WAIT_MSEC)) {
		before = exits;
		exits = vcpu_get_stat(t->vcpu, exits);
		if (exits == before) {
			vcpu_thread_report(t);
			TEST_FAIL("vCPU %u does not come to an end: lost wake-up?", t->vcpu->id);
		}
	}

	pthread_join(t->thread, NULL);
}

/* Make KVM_RUN return with EINTR, if it runs. */
void vcpu_thread_kick(struct vcpu_thread *t)
{
	pthread_kill(t->thread, SIGUSR1);
}

/*
 * Take a vCPU whose guest code does not end out of the guest, for good. With
 * immediate_exit one signal does it, wherever it finds the thread. Signals one
 * after the other could keep a slow thread from doing anything else.
 */
void vcpu_thread_stop(struct vcpu_thread *t)
{
	WRITE_ONCE(t->stop, true);
	WRITE_ONCE(t->vcpu->run->immediate_exit, 1);
	vcpu_thread_kick(t);
	if (!host_wait_for(READ_ONCE(t->finished), VGIC_V5_WAIT_MSEC)) {
		vcpu_thread_report(t);
		TEST_FAIL("A signal does not get vCPU %u out of the guest", t->vcpu->id);
	}

	pthread_join(t->thread, NULL);
	WRITE_ONCE(t->vcpu->run->immediate_exit, 0);
}

static char vcpu_thread_state(struct vcpu_thread *t)
{
	char path[64], line[256], *state;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", t->tid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return '?';

	len = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (len <= 0)
		return '?';

	line[len] = '\0';
	state = strrchr(line, ')');

	return state ? state[2] : '?';
}

/* Whether the vCPU has blocked in KVM and its thread sleeps. */
bool vcpu_thread_is_asleep(struct vcpu_thread *t)
{
	return vcpu_get_stat(t->vcpu, blocking) && vcpu_thread_state(t) == 'S';
}

/*
 * By default a WFI of a task that is alone on its CPU does not trap, and the
 * vCPU sleeps in the guest.
 */
bool kvm_wfi_always_traps(void)
{
	static const char option[] = "kvm-arm.wfi_trap_policy=";
	static int traps = -1;
	char line[4096] = "";
	char *pos = line;
	int fd;

	if (traps < 0) {
		fd = open_path_or_exit("/proc/cmdline", O_RDONLY);
		TEST_ASSERT(read(fd, line, sizeof(line) - 1) > 0,
			    "Could not read the command line of the kernel");
		close(fd);

		/* The last one counts. */
		traps = 0;
		while ((pos = strstr(pos, option))) {
			pos += strlen(option);
			traps = !strncmp(pos, "trap", 4);
		}
	}

	return traps;
}

/*
 * Wait for a vCPU that executes WFI (if it has not got there yet) to block.
 * Returns false if it doesn't: its WFI runs in the guest.
 */
bool vcpu_thread_wait_blocked(struct vcpu_thread *t)
{
	if (!kvm_wfi_always_traps())
		return host_wait_for(vcpu_thread_is_asleep(t), 100LL);

	if (!host_wait_for(vcpu_thread_is_asleep(t), VGIC_V5_WAIT_MSEC)) {
		vcpu_thread_report(t);
		TEST_FAIL("vCPU %u does not block", t->vcpu->id);
	}

	return true;
}

bool vcpu_has_stat(struct kvm_vcpu *vcpu, const char *name)
{
	struct kvm_binary_stats *stats = &vcpu->stats;
	int i;

	if (!stats->desc)
		vcpu_get_stat(vcpu, blocking);

	for (i = 0; i < stats->header.num_desc; i++)
		if (!strcmp(get_stats_descriptor(stats->desc, i, &stats->header)->name, name))
			return true;

	return false;
}

u64 vcpu_get_stat_by_name(struct kvm_vcpu *vcpu, const char *name)
{
	u64 data;

	kvm_get_stat(&vcpu->stats, name, &data, 1);
	return data;
}

/*
 * Interrupts that the host has, requested or not; only good for comparing with
 * what it was before.
 */
int count_host_irqs(void)
{
	DIR *dir = opendir("/sys/kernel/irq");
	int n = 0;

	TEST_ASSERT(dir, "Can't open /sys/kernel/irq");
	while (readdir(dir))
		n++;
	closedir(dir);

	return n;
}
