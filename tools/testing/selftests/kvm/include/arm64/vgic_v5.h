/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ARM Generic Interrupt Controller (GIC) v5, the host's side: VMs, injection,
 * and vCPUs that run in threads of their own.
 */

#ifndef SELFTEST_KVM_VGIC_V5_H
#define SELFTEST_KVM_VGIC_V5_H

#include <semaphore.h>

#include <asm/barrier.h>
#include <linux/kvm.h>
#include <linux/sizes.h>

#include "gic_v5.h"
#include "kvm_util.h"

bool kvm_supports_vgic_v5(void);
int __vgic_v5_setup(struct kvm_vm *vm, u32 nr_spis);
int __vgic_v5_init(int gic_fd);
struct kvm_vm *vgic_v5_create_vm(u32 nr_vcpus, const u32 *ids, u32 nr_spis,
				 void *guest_code, struct kvm_vcpu **vcpus);

/* KVM_IRQ_LINE; SPIs are counted from 0. */
int __vgic_v5_irq_line(struct kvm_vm *vm, u32 type, u32 vcpu_id, u32 number, int level);
void vgic_v5_set_spi(struct kvm_vm *vm, u32 spi, int level);

/* An edge on an SPI that is not level-triggered. */
static inline void vgic_v5_pulse_spi(struct kvm_vm *vm, u32 spi)
{
	vgic_v5_set_spi(vm, spi, 1);
	vgic_v5_set_spi(vm, spi, 0);
}

/* The host's view of a global variable of the guest. */
#define vm_global(vm, g) ((typeof(g) *)addr_gva2hva(vm, (gva_t)&(g)))

static inline struct gicv5_log *vgic_v5_get_log(struct kvm_vm *vm, u32 vcpu_id)
{
	return addr_gva2hva(vm, (gva_t)gicv5_log_of(vcpu_id));
}

/*
 * Wait for @cond in the host, for at most @msec milliseconds. What a guest has
 * written before, with a barrier between, can be read afterwards.
 */
#define host_wait_for(cond, msec)						\
({										\
	struct timespec __start;						\
	bool __ok, __late;							\
										\
	clock_gettime(CLOCK_MONOTONIC, &__start);				\
	for (;;) {								\
		__late = timespec_to_ns(timespec_elapsed(__start)) >=		\
			 (msec) * 1000000LL;					\
		__ok = (cond);							\
		if (__ok || __late)						\
			break;							\
		usleep(200);							\
	}									\
	smp_rmb();	/* what comes later is read later */			\
										\
	__ok;									\
})

/* As GICV5_WAIT_USEC and GICV5_SETTLE_USEC. */
#define VGIC_V5_WAIT_MSEC		20000LL
#define VGIC_V5_SETTLE_MSEC		30LL

/**
 * struct vcpu_thread - a vCPU that runs in its own thread
 * @vcpu: the vCPU
 * @sync: called for a GUEST_SYNC(), by the thread; may be NULL
 * @thread: the thread
 * @tid: its id
 * @started: the thread has begun
 * @finished: the guest is done, the thread has ended or is about to
 * @stop: leave the guest at the next signal
 * @interrupted: how often KVM_RUN was interrupted by a signal
 */
struct vcpu_thread {
	struct kvm_vcpu *vcpu;
	void (*sync)(struct kvm_vcpu *vcpu, struct ucall *uc);
	pthread_t thread;
	pid_t tid;
	sem_t started;
	bool finished;
	bool stop;
	u64 interrupted;
};

void vcpu_thread_start(struct vcpu_thread *t, struct kvm_vcpu *vcpu,
		       void (*sync)(struct kvm_vcpu *vcpu, struct ucall *uc));
void vcpu_thread_join(struct vcpu_thread *t);
void vcpu_thread_kick(struct vcpu_thread *t);
void vcpu_thread_stop(struct vcpu_thread *t);
bool vcpu_thread_wait_blocked(struct vcpu_thread *t);
bool vcpu_thread_is_asleep(struct vcpu_thread *t);
void vcpu_thread_report(struct vcpu_thread *t);

bool kvm_wfi_always_traps(void);
bool vcpu_has_stat(struct kvm_vcpu *vcpu, const char *name);
u64 vcpu_get_stat_by_name(struct kvm_vcpu *vcpu, const char *name);
int count_host_irqs(void);

#endif /* SELFTEST_KVM_VGIC_V5_H */
