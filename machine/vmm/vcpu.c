// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vCPUs: created all before the GIC is initialised, each run by its own thread.
 *
 * vCPU 0 starts at the kernel's entry, the others wait in KVM until the guest
 * calls CPU_ON. PSCI, the timers, the PMU and the GIC are KVM's; what comes out
 * are accesses to devices and the end of the VM.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm.h"

#define KICK	SIGUSR1

#define REG(member) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
		     KVM_REG_ARM_CORE_REG(member))
#define MPIDR_EL1	ARM64_SYS_REG(3, 0, 0, 0, 5)
#define MPIDR_AFFINITY	0xff00ffffffULL

static void set_reg(struct vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	if (ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg))
		die(END_ERROR, "vCPU %u: cannot set register 0x%llx: %s", vcpu->id,
		    (unsigned long long)id, strerror(errno));
}

static uint64_t get_reg(struct vcpu *vcpu, uint64_t id)
{
	uint64_t value = 0;
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	if (ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg))
		die(END_ERROR, "vCPU %u: cannot read register 0x%llx: %s", vcpu->id,
		    (unsigned long long)id, strerror(errno));
	return value;
}

/* The statistics of a vCPU that are worth a line, and what they are called here. */
static const struct {
	const char *stat, *name;
} shown[] = {
	{ "vgic_v5_doorbell_requested", "requested" },
	{ "vgic_v5_doorbell_rung", "rung" },
	{ "vgic_v5_doorbell_spurious", "spurious" },
	{ "wfi_exit_stat", "wfi" },
	{ "exits", "exits" },
	{ "mmio_exit_user", "mmio" },
	{ "mmio_exit_kernel", "mmio_kernel" },
};

/*
 * At creation, as ioctls of a vCPU wait until its thread comes back from KVM_RUN.
 * One that hangs does not; its file of statistics can be read all the same.
 */
static void stats_open(struct vcpu *vcpu)
{
	struct stats *s = &vcpu->stats;
	size_t len;

	s->fd = ioctl(vcpu->fd, KVM_GET_STATS_FD, NULL);
	if (s->fd < 0 || pread(s->fd, &s->header, sizeof(s->header), 0) != sizeof(s->header))
		die(END_ERROR, "no statistics of vCPU %u: %s", vcpu->id, strerror(errno));
	s->size = sizeof(struct kvm_stats_desc) + s->header.name_size;
	len = s->size * s->header.num_desc;
	s->desc = malloc(len);
	if (!s->desc || pread(s->fd, s->desc, len, s->header.desc_offset) != (ssize_t)len)
		die(END_ERROR, "no statistics of vCPU %u: %s", vcpu->id, strerror(errno));
}

static bool stats_get(const struct stats *s, const char *name, uint64_t *value)
{
	struct kvm_stats_desc *desc;
	uint32_t i;

	for (i = 0; i < s->header.num_desc; i++) {
		desc = (struct kvm_stats_desc *)(s->desc + i * s->size);
		if (!strcmp(desc->name, name))
			return pread(s->fd, value, sizeof(*value),
				     s->header.data_offset + desc->offset) == sizeof(*value);
	}
	return false;
}

static void vcpu_create(struct vm *vm, struct vcpu *vcpu, unsigned int id, int run_size)
{
	struct kvm_vcpu_init init;

	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, id);
	if (vcpu->fd < 0)
		die(END_ERROR, "cannot create vCPU %u: %s", id, strerror(errno));
	vcpu->run = mmap(NULL, (size_t)run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		die(END_ERROR, "cannot map vCPU %u: %s", id, strerror(errno));

	/*
	 * Without the features for SVE and pointer authentication the guest's ID
	 * registers say that it has neither.
	 */
	memset(&init, 0, sizeof(init));
	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init))
		die(END_ERROR, "KVM_ARM_PREFERRED_TARGET: %s", strerror(errno));
	init.features[0] |= 1 << KVM_ARM_VCPU_PSCI_0_2;
	if (vm->has_pmu)
		init.features[0] |= 1 << KVM_ARM_VCPU_PMU_V3;
	if (id)
		init.features[0] |= 1 << KVM_ARM_VCPU_POWER_OFF;
	if (ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &init))
		die(END_ERROR, "cannot initialise vCPU %u: %s", id, strerror(errno));

	stats_open(vcpu);
	vcpu->mpidr = get_reg(vcpu, MPIDR_EL1) & MPIDR_AFFINITY;
}

/**
 * vcpus_create() - all vCPUs of the VM
 * @vm: has its GIC, which is not initialised
 */
void vcpus_create(struct vm *vm)
{
	int limit = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPU_ID);
	int run_size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	unsigned int i;

	if (run_size < 0)
		die(END_ERROR, "KVM_GET_VCPU_MMAP_SIZE: %s", strerror(errno));
	if ((int)vm->opt->cpus > limit)
		die(END_USAGE, "-c %u: a guest with a GICv5 has at most %d vCPUs here",
		    vm->opt->cpus, limit);

	vm->has_pmu = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PMU_V3) > 0;
	vm->vcpus = calloc(vm->opt->cpus, sizeof(*vm->vcpus));
	if (!vm->vcpus)
		die(END_ERROR, "out of memory");
	vm->nr_vcpus = vm->opt->cpus;
	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_create(vm, &vm->vcpus[i], i, run_size);
}

/**
 * vcpus_init_pmu() - finish the PMUs
 * @vm: its GIC is initialised, which KVM insists on
 *
 * With a GICv5 the PMU's interrupt has its architected PPI and need not be set;
 * if it is, then as a full INTID (0x20000017). The same goes for the timers.
 */
void vcpus_init_pmu(struct vm *vm)
{
	struct kvm_device_attr attr = {
		.group = KVM_ARM_VCPU_PMU_V3_CTRL,
		.attr = KVM_ARM_VCPU_PMU_V3_INIT,
	};
	unsigned int i;

	for (i = 0; vm->has_pmu && i < vm->nr_vcpus; i++)
		if (ioctl(vm->vcpus[i].fd, KVM_SET_DEVICE_ATTR, &attr))
			die(END_ERROR, "cannot initialise the PMU of vCPU %u: %s", i,
			    strerror(errno));
}

static void handle_mmio(struct vcpu *vcpu)
{
	static atomic_uint complaints;
	struct kvm_run *run = vcpu->run;
	uint64_t value = 0;

	/* Little-endian on both sides. */
	if (run->mmio.is_write)
		memcpy(&value, run->mmio.data, run->mmio.len);
	if (!vm_mmio(vcpu->vm, run->mmio.phys_addr, run->mmio.len, run->mmio.is_write, &value) &&
	    atomic_fetch_add(&complaints, 1) < 10)
		say("vCPU %u: nothing at 0x%llx, which it %s", vcpu->id,
		    (unsigned long long)run->mmio.phys_addr,
		    run->mmio.is_write ? "writes" : "reads");
	if (!run->mmio.is_write)
		memcpy(run->mmio.data, &value, run->mmio.len);
}

static void handle_system_event(struct vcpu *vcpu)
{
	switch (vcpu->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		vm_end(vcpu->vm, END_POWER_OFF);
		break;
	case KVM_SYSTEM_EVENT_RESET:
		vm_end(vcpu->vm, END_RESET);
		break;
	default:
		say("vCPU %u: system event %u", vcpu->id, vcpu->run->system_event.type);
		vm_end(vcpu->vm, END_ERROR);
	}
}

static void handle_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		handle_mmio(vcpu);
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		handle_system_event(vcpu);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		say("vCPU %u: cannot enter the guest on CPU %u, reason 0x%llx", vcpu->id,
		    run->fail_entry.cpu,
		    (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		vm_end(vcpu->vm, END_ERROR);
		break;
	default:
		say("vCPU %u: unexpected exit %u, pc 0x%llx", vcpu->id, run->exit_reason,
		    (unsigned long long)get_reg(vcpu, REG(regs.pc)));
		vm_end(vcpu->vm, END_ERROR);
	}
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	struct vm *vm = vcpu->vm;
	sigset_t kick;
	char name[16];

	snprintf(name, sizeof(name), "vcpu%u", vcpu->id);
	pthread_setname_np(pthread_self(), name);
	sigemptyset(&kick);
	sigaddset(&kick, KICK);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);

	while (!atomic_load(&vm->stop)) {
		if (!ioctl(vcpu->fd, KVM_RUN, 0)) {
			handle_exit(vcpu);
		} else if (errno != EINTR && errno != EAGAIN) {
			say("vCPU %u: KVM_RUN: %s, pc 0x%llx", vcpu->id, strerror(errno),
			    (unsigned long long)get_reg(vcpu, REG(regs.pc)));
			vm_end(vm, END_ERROR);
			break;
		}
	}

	return NULL;
}

static void ignore(int signal)
{
	(void)signal;
}

/**
 * vcpus_start() - run the guest
 * @vm: complete; the kick signal is blocked in all of its threads
 */
void vcpus_start(struct vm *vm)
{
	struct sigaction kick = { .sa_handler = ignore };	/* no SA_RESTART */
	struct vcpu *vcpu = &vm->vcpus[0];
	unsigned int i;
	int err;

	sigaction(KICK, &kick, NULL);
	set_reg(vcpu, REG(regs.pc), vm->entry);
	set_reg(vcpu, REG(regs.regs[0]), vm->dtb_addr);

	for (i = 0; i < vm->nr_vcpus; i++) {
		vcpu = &vm->vcpus[i];
		err = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);
		if (err)
			die(END_ERROR, "cannot create a thread: %s", strerror(err));
		vcpu->started = true;
	}
}

/**
 * vcpus_stop() - get all vCPUs out of the guest, for good
 * @vm: the VM
 *
 * A signal alone is lost if it comes just before KVM_RUN. immediate_exit is
 * looked at by KVM_RUN itself: set first, it gets the thread that the signal
 * does not.
 */
void vcpus_stop(struct vm *vm)
{
	unsigned int i;

	atomic_store(&vm->stop, true);
	for (i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpus[i];

		if (!vcpu->started)
			continue;
		__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		pthread_kill(vcpu->thread, KICK);
	}
	for (i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i].started)
			pthread_join(vm->vcpus[i].thread, NULL);
}

/**
 * vcpus_report() - print what each vCPU has done
 * @vm: the VM, running or not
 *
 * One line per vCPU: doorbells requested, rung, and rung for a vCPU that was not
 * asleep any more, then exits. A statistic that the host does not have is left
 * out.
 */
void vcpus_report(struct vm *vm)
{
	char line[512];
	unsigned int i, k;
	uint64_t value;
	int len;

	for (i = 0; i < vm->nr_vcpus; i++) {
		len = snprintf(line, sizeof(line), "vcpu=%u", i);
		for (k = 0; k < ARRAY_SIZE(shown); k++)
			if (stats_get(&vm->vcpus[i].stats, shown[k].stat, &value))
				len += snprintf(line + len, sizeof(line) - (size_t)len, " %s=%llu",
						shown[k].name, (unsigned long long)value);
		say("%s", line);
	}
}
