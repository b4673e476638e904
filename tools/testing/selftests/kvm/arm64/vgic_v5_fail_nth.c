// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_v5_fail_nth: the life of a GICv5 VM with each allocation failing
 *
 * Takes a VM from the creation of its GICv5 to its end, in steps. For each step
 * the first allocation that the kernel does in it is made to fail, then, in a VM
 * of its own, the second, and so on until none is left to fail. Then the step
 * must either not care, or say ENOMEM and succeed when it is tried again; or, for
 * two steps that all GICs have in common, say that the VM is lost. The number of
 * interrupts of the host tells whether anything is left behind.
 *
 * Needs CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC and CONFIG_FAULT_INJECTION_DEBUG_FS.
 * Attributes of the two that are in debugfs are changed, and stay so.
 */
#include <fcntl.h>
#include <unistd.h>
#include <sys/mman.h>

#include <linux/kernel.h>

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "vgic_v5.h"

#define NR_VCPUS	2
#define NR_SPIS		64
#define IST_ADDR	0x40000000ULL
/* More than any step has allocations */
#define MAX_NTH		2000

static const char fail_nth_file[] = "/proc/thread-self/fail-nth";
static const struct {
	const char *file, *value;
} fault_attrs[] = {
	/* Allocations that may wait fail as well, and any page does */
	{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
	/* They fail on purpose, there is nothing to report */
	{ "/sys/kernel/debug/failslab/verbose", "0" },
	{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
};

/* Open all the time: to open it would be an allocation. */
static int nth_fd;

static void require_fault_injection(void)
{
	int i, fd;

	__TEST_REQUIRE(!access(fail_nth_file, W_OK),
		       "The kernel has no fault injection (CONFIG_FAULT_INJECTION)");
	nth_fd = open_path_or_exit(fail_nth_file, O_RDWR);

	for (i = 0; i < ARRAY_SIZE(fault_attrs); i++) {
		fd = open_path_or_exit(fault_attrs[i].file, O_WRONLY);
		TEST_ASSERT(write(fd, fault_attrs[i].value, 1) == 1, "Can't write %s",
			    fault_attrs[i].file);
		close(fd);
	}
}

/* The @n-th allocation from here on fails; none does if @n is 0. */
static void set_fail_nth(int n)
{
	char buf[16];
	int len;

	len = snprintf(buf, sizeof(buf), "%d", n);
	TEST_ASSERT(pwrite(nth_fd, buf, len, 0) == len, "Can't write %s", fail_nth_file);
}

/* Ends the injection. Returns whether an allocation was made to fail. */
static bool end_fail_nth(void)
{
	char buf[16] = {};

	TEST_ASSERT(pread(nth_fd, buf, sizeof(buf) - 1, 0) > 0, "Can't read %s",
		    fail_nth_file);
	set_fail_nth(0);

	return !atoi(buf);
}

static void guest_code(void)
{
	u32 idr2 = gicv5_irs_readl(GICV5_IRS_IDR2);
	u32 bits = FIELD_GET(GICV5_IRS_IDR2_ID_BITS, idr2);

	GUEST_SYNC(0);
	while (!gicv5_irs_enable_ist(IST_ADDR, bits))
		GUEST_SYNC(ENOMEM);
	GUEST_SYNC(0);
}

/**
 * struct life - what a VM has when it has come so far
 * @vm: the VM, with memory and vCPU 0
 * @vcpu: vCPU 0, the only one that ever runs
 * @gic_fd: its GICv5
 * @vcpu_fd: the other vCPU
 * @last_fd: what keeps the VM alive at the end
 */
struct life {
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	int gic_fd;
	int vcpu_fd;
	int last_fd;
};

/* Steps. Each returns 0 or the errno. */

static int create_gic(struct life *l)
{
	l->gic_fd = __kvm_create_device(l->vm, KVM_DEV_TYPE_ARM_VGIC_V5);

	return l->gic_fd < 0 ? errno : 0;
}

static int create_vcpu(struct life *l)
{
	l->vcpu_fd = __vm_ioctl(l->vm, KVM_CREATE_VCPU, (void *)1UL);

	return l->vcpu_fd < 0 ? errno : 0;
}

static void prepare_init(struct life *l)
{
	u64 irs = GICV5_IRS_BASE_GPA;
	u32 nr_spis = NR_SPIS;

	kvm_device_attr_set(l->gic_fd, KVM_DEV_ARM_VGIC_GRP_ADDR,
			    KVM_VGIC_V5_ADDR_TYPE_IRS, &irs);
	kvm_device_attr_set(l->gic_fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr_spis);
}

static int init_gic(struct life *l)
{
	return __vgic_v5_init(l->gic_fd) ? errno : 0;
}

/* A VM has memory of its own to get; the host's part of that comes first. */
static void prepare_run(struct life *l)
{
	struct userspace_mem_region *region = memslot2region(l->vm, 0);

	virt_map(l->vm, GICV5_IRS_BASE_GPA, GICV5_IRS_BASE_GPA,
		 vm_calc_num_guest_pages(l->vm->mode, KVM_VGIC_V5_IRS_SIZE));
	TEST_ASSERT(!madvise(region->host_mem, region->region.memory_size,
			     MADV_POPULATE_WRITE), "madvise() failed, errno %d", errno);
}

/* To the next GUEST_SYNC() */
static int run(struct life *l)
{
	struct ucall uc;
	int ret = 0;

	if (__vcpu_run(l->vcpu))
		return errno;

	switch (get_ucall(l->vcpu, &uc)) {
	case UCALL_SYNC:
		ret = uc.args[1];
		break;
	case UCALL_ABORT:
		REPORT_GUEST_ASSERT(uc);
		break;
	default:
		TEST_FAIL("Unexpected exit: %s", exit_reason_str(l->vcpu->run->exit_reason));
	}

	return ret;
}

static void abandon(struct life *l)
{
	if (l->gic_fd >= 0)
		close(l->gic_fd);
	if (l->vcpu_fd >= 0)
		close(l->vcpu_fd);
	kvm_vm_free(l->vm);
}

/* All but one reference to the VM go without anything failing. */
static void prepare_end(struct life *l)
{
	l->last_fd = dup(l->vm->fd);
	TEST_ASSERT(l->last_fd >= 0, "dup() failed, errno %d", errno);
	abandon(l);
}

static int end(struct life *l)
{
	return close(l->last_fd) ? errno : 0;
}

/**
 * struct step - of a VM's life
 * @name: for the reader
 * @prepare: what comes before, and never fails; may be NULL
 * @take: the step itself
 * @irqs: interrupts that the VM has of the host from here on
 * @lost: errno of another try with which KVM says that it has given up the VM, as
 *	it does whatever its GIC: it keeps a GIC for which it had no file, and a VM
 *	that is not ready for its first run will never be
 */
static const struct step {
	const char *name;
	void (*prepare)(struct life *l);
	int (*take)(struct life *l);
	int irqs;
	int lost;
} steps[] = {
	{ "creating the GICv5",		NULL,		create_gic,	0, EEXIST },
	{ "creating a vCPU",		NULL,		create_vcpu,	0 },
	{ "initialising the GICv5",	prepare_init,	init_gic,	NR_VCPUS },
	{ "the first KVM_RUN",		prepare_run,	run,		NR_VCPUS, EIO },
	{ "the guest's LPI table",	NULL,		run,		NR_VCPUS },
	{ "the end of the VM",		prepare_end,	end,		0 },
};

/*
 * A VM's life, in which the @n-th allocation of step @bad fails. Returns whether
 * there was one.
 */
static bool live(int bad, int n)
{
	int before = count_host_irqs(), irqs = 0, count, ret, i;
	bool failed = false;
	struct life l = { .gic_fd = -1, .vcpu_fd = -1 };

	l.vm = __vm_create(VM_SHAPE_DEFAULT, NR_VCPUS, 128);
	l.vcpu = vm_vcpu_add(l.vm, 0, guest_code);

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].prepare)
			steps[i].prepare(&l);

		if (i == bad) {
			set_fail_nth(n);
			ret = steps[i].take(&l);
			failed = end_fail_nth();

			if (ret) {
				TEST_ASSERT(failed && ret == ENOMEM,
					    "%s: errno %d, with allocation %d to fail",
					    steps[i].name, ret, n);
				TEST_ASSERT(count_host_irqs() <= before + irqs,
					    "%s: interrupts are left after ENOMEM, allocation %d",
					    steps[i].name, n);
				ret = steps[i].take(&l);

				if (ret && ret == steps[i].lost) {
					abandon(&l);
					TEST_ASSERT_EQ(count_host_irqs(), before);
					return true;
				}
				TEST_ASSERT(!ret, "%s again, after allocation %d: errno %d",
					    steps[i].name, n, ret);
			}
		} else {
			ret = steps[i].take(&l);
			TEST_ASSERT(!ret, "%s: errno %d", steps[i].name, ret);
		}

		/* One may be missing, whose entry in sysfs couldn't be allocated. */
		irqs = steps[i].irqs;
		count = count_host_irqs() - before;
		TEST_ASSERT(count == irqs || (irqs && count == irqs - 1),
			    "%d more interrupts after %s, with allocation %d failed; want %d",
			    count, steps[i].name, n, irqs);
	}

	return failed;
}

int main(void)
{
	int i, n;

	test_disable_default_vgic();
	__TEST_REQUIRE(kvm_supports_vgic_v5(), "No GICv5 for guests");
	require_fault_injection();

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		for (n = 1; live(i, n); n++)
			TEST_ASSERT(n < MAX_NTH, "More than %d allocations", MAX_NTH);
		pr_info("%s: %d allocations, each failed once\n", steps[i].name, n - 1);

		/* A kernel that fails nothing would pass all of the above. */
		TEST_ASSERT(n > 1 || steps[i].take == end, "No allocation could be made to fail");
	}

	return 0;
}
