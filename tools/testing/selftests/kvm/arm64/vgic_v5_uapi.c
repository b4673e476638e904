// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_v5_uapi.c - What user space can do to a GICv5, and what not
 *
 * Creation of the device, its attributes, their order, the injection of
 * interrupts as far as it needs no guest, and the first KVM_RUN.
 */

#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/sizes.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <asm/kvm.h>

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "vgic.h"
#include "vgic_v5.h"

/* There is nothing at this address, and the kernel must not believe there is. */
#define BAD_POINTER	((void *)0x10UL)

#define V5_ADDR		KVM_DEV_ARM_VGIC_GRP_ADDR
#define V5_NR_IRQS		KVM_DEV_ARM_VGIC_GRP_NR_IRQS
#define V5_CTRL		KVM_DEV_ARM_VGIC_GRP_CTRL
#define V5_IRS		KVM_VGIC_V5_ADDR_TYPE_IRS
#define V5_INIT		KVM_DEV_ARM_VGIC_CTRL_INIT
#define V5_PPIS		KVM_DEV_ARM_VGIC_USERSPACE_PPIS

#define EXPECT_ERRNO(call, err)							\
do {										\
	int __want = (err), __ret, __errno;					\
										\
	errno = 0;								\
	__ret = (call);								\
	__errno = errno;							\
	TEST_ASSERT(__ret < 0 && __errno == __want,				\
		    "%s: wanted errno %d, got %d, errno %d (%s)", #call,	\
		    __want, __ret, __errno, strerror(__errno));			\
} while (0)

#define EXPECT_OK(call)								\
do {										\
	int __ret = (call);							\
										\
	TEST_ASSERT(__ret >= 0, "%s: errno %d (%s)", #call, errno,		\
		    strerror(errno));						\
} while (0)

static int has(int gic, u32 group, u64 attr)
{
	return __kvm_has_device_attr(gic, group, attr);
}

static int get(int gic, u32 group, u64 attr, void *val)
{
	return __kvm_device_attr_get(gic, group, attr, val);
}

static int set(int gic, u32 group, u64 attr, void *val)
{
	return __kvm_device_attr_set(gic, group, attr, val);
}

static int set_addr(int gic, u64 addr)
{
	return set(gic, V5_ADDR, V5_IRS, &addr);
}

static int set_nr_spis(int gic, u32 nr)
{
	return set(gic, V5_NR_IRQS, 0, &nr);
}

static int init(int gic)
{
	return set(gic, V5_CTRL, V5_INIT, NULL);
}

static u64 get_addr(int gic)
{
	u64 addr = 0;

	EXPECT_OK(get(gic, V5_ADDR, V5_IRS, &addr));
	return addr;
}

static u32 get_nr_spis(int gic)
{
	u32 nr = ~0;

	EXPECT_OK(get(gic, V5_NR_IRQS, 0, &nr));
	return nr;
}

/* The vCPU is there to stay, its file descriptor would only keep the VM. */
static int create_vcpu(struct kvm_vm *vm, u32 id)
{
	int fd = __vm_ioctl(vm, KVM_CREATE_VCPU, (void *)(unsigned long)id);

	return fd < 0 ? fd : close(fd);
}

static int irq_line(struct kvm_vm *vm, u32 type, u32 vcpu_id, u32 number)
{
	return __vgic_v5_irq_line(vm, type, vcpu_id, number, 1);
}

static void guest_done(void)
{
	GUEST_DONE();
}

static u32 guest_runs;

static void guest_wfi(void)
{
	WRITE_ONCE(guest_runs, 1);
	for (;;)
		wfi();
}

/* A VM whose vCPUs (ids 0 to @nr_vcpus - 1) can run; the vCPUs come first. */
static struct kvm_vm *create_vm(u32 nr_vcpus, int *gic, struct kvm_vcpu **vcpus,
				void *code)
{
	struct kvm_vm *vm = __vm_create(VM_SHAPE_DEFAULT, nr_vcpus, 128);
	u32 i;

	for (i = 0; i < nr_vcpus; i++)
		vcpus[i] = vm_vcpu_add(vm, i, code);

	*gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	return vm;
}

static void destroy_vm(struct kvm_vm *vm, int gic)
{
	close(gic);
	kvm_vm_free(vm);
}

static void test_create(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	char path[32], name[64] = "";
	int gic;

	EXPECT_OK(__kvm_test_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5));
	EXPECT_OK(__kvm_test_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5));

	/* The host has no GICv2 to offer, and this makes nothing else. */
	EXPECT_ERRNO(__vm_ioctl(vm, KVM_CREATE_IRQCHIP, NULL), ENODEV);

	gic = __kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	EXPECT_OK(gic);
	EXPECT_ERRNO(__kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5), EEXIST);
	EXPECT_ERRNO(__vm_ioctl(vm, KVM_CREATE_IRQCHIP, NULL), ENODEV);
	if (!__kvm_test_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V3))
		EXPECT_ERRNO(__kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V3), EEXIST);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", gic);
	TEST_ASSERT(readlink(path, name, sizeof(name) - 1) > 0, "readlink(%s)", path);
	TEST_ASSERT(strstr(name, "kvm-arm-vgic-v5"), "The device is named '%s'", name);

	destroy_vm(vm, gic);
}

static void *run_vcpu(void *arg)
{
	struct kvm_vcpu *vcpu = arg;

	/* Without a vgic, the state of a timer is a reason to come back, too */
	do {
		__vcpu_run(vcpu);
	} while (!READ_ONCE(vcpu->run->immediate_exit));

	return NULL;
}

static void test_create_after_run(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	pthread_t thread;

	/* A vCPU that has run */
	vm = vm_create_with_one_vcpu(&vcpu, guest_done);
	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, NULL), UCALL_DONE);
	EXPECT_ERRNO(__kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5), EBUSY);
	kvm_vm_free(vm);

	/* A vCPU that is running */
	vm = vm_create_with_one_vcpu(&vcpu, guest_wfi);
	TEST_ASSERT(!pthread_create(&thread, NULL, run_vcpu, vcpu), "pthread_create()");
	TEST_ASSERT(host_wait_for(READ_ONCE(*vm_global(vm, guest_runs)), VGIC_V5_WAIT_MSEC),
		    "The guest does not start");
	EXPECT_ERRNO(__kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5), EBUSY);
	WRITE_ONCE(vcpu->run->immediate_exit, 1);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	kvm_vm_free(vm);
}

static void check_id_regs(struct kvm_vcpu *vcpu)
{
	u64 val;

	val = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64PFR2_EL1));
	TEST_ASSERT_EQ(FIELD_GET(ID_AA64PFR2_EL1_GCIE, val), ID_AA64PFR2_EL1_GCIE_IMP);

	val = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1));
	TEST_ASSERT_EQ(FIELD_GET(ID_AA64PFR0_EL1_GIC, val), 0);

	val = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_PFR1_EL1));
	TEST_ASSERT_EQ(FIELD_GET(ID_PFR1_EL1_GIC, val), 0);
}

static void test_id_regs(void)
{
	struct kvm_vcpu *before, *after;
	struct kvm_vm *vm;
	int gic;

	vm = __vm_create(VM_SHAPE_DEFAULT, 2, 128);
	before = vm_vcpu_add(vm, 0, guest_done);
	gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	after = vm_vcpu_add(vm, 1, guest_done);

	check_id_regs(before);
	check_id_regs(after);

	destroy_vm(vm, gic);
}

/* What there is, and nothing else. */
static void test_attributes(void)
{
	static const struct {
		u32 group;
		u64 attr;
		int has, get, set;
	} known[] = {
		/* group   attr		has	get	set */
		{ V5_ADDR,	   V5_IRS,		0,	0,	EFAULT },
		{ V5_NR_IRQS, 0,		0,	0,	EFAULT },
		{ V5_NR_IRQS, 1,		0,	0,	EFAULT },
		{ V5_CTRL,	   V5_INIT,	0,	ENXIO,	ENODEV },
		{ V5_CTRL,	   V5_PPIS,	0,	0,	ENXIO },
	};
	struct kvm_vm *vm = vm_create_barebones();
	int gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	u64 buf[4], attr;
	u32 group;
	int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		group = known[i].group;
		attr = known[i].attr;

		EXPECT_OK(has(gic, group, attr));
		if (known[i].get)
			EXPECT_ERRNO(get(gic, group, attr, buf), known[i].get);
		else
			EXPECT_OK(get(gic, group, attr, buf));
		EXPECT_ERRNO(set(gic, group, attr, NULL), known[i].set);
	}

	for (group = 0; group < 16; group++) {
		/* The state of CPU interface and IRS: not this test's business. */
		if (group == KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS || group == 10 || group == 11)
			continue;

		for (attr = 0; attr < 16; attr++) {
			for (i = 0; i < ARRAY_SIZE(known); i++)
				if (group == known[i].group &&
				    (attr == known[i].attr || group == V5_NR_IRQS))
					break;
			if (i < ARRAY_SIZE(known))
				continue;

			memset(buf, 0, sizeof(buf));
			EXPECT_ERRNO(has(gic, group, attr), ENXIO);
			EXPECT_ERRNO(get(gic, group, attr, buf), ENXIO);
			EXPECT_ERRNO(set(gic, group, attr, buf), ENXIO);
		}
	}

	destroy_vm(vm, gic);
}

static void test_addr(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	int gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	u64 end = BIT_ULL(vm->pa_bits);
	u64 addr;

	TEST_ASSERT_EQ(KVM_VGIC_V5_IRS_SIZE, SZ_128K);

	TEST_ASSERT_EQ(get_addr(gic), ~0ULL);

	EXPECT_ERRNO(set_addr(gic, 0x1000), EINVAL);
	EXPECT_ERRNO(set_addr(gic, 0x8000000 + SZ_32K), EINVAL);
	EXPECT_ERRNO(set_addr(gic, 1), EINVAL);
	EXPECT_ERRNO(set_addr(gic, -(u64)SZ_64K), EINVAL);
	EXPECT_ERRNO(set_addr(gic, -(u64)SZ_128K), EINVAL);
	EXPECT_ERRNO(set_addr(gic, end), E2BIG);
	EXPECT_ERRNO(set_addr(gic, end - SZ_64K), E2BIG);
	EXPECT_ERRNO(set_addr(gic, end << 1), E2BIG);
	EXPECT_ERRNO(set(gic, V5_ADDR, V5_IRS, NULL), EFAULT);
	EXPECT_ERRNO(set(gic, V5_ADDR, V5_IRS, BAD_POINTER), EFAULT);
	EXPECT_ERRNO(get(gic, V5_ADDR, V5_IRS, NULL), EFAULT);
	EXPECT_ERRNO(get(gic, V5_ADDR, V5_IRS, BAD_POINTER), EFAULT);

	/* None of these has set it. */
	TEST_ASSERT_EQ(get_addr(gic), ~0ULL);

	/* The highest place */
	EXPECT_OK(set_addr(gic, end - SZ_128K));
	TEST_ASSERT_EQ(get_addr(gic), end - SZ_128K);

	EXPECT_ERRNO(set_addr(gic, end - SZ_128K), EEXIST);
	EXPECT_ERRNO(set_addr(gic, 0x8000000), EEXIST);
	TEST_ASSERT_EQ(get_addr(gic), end - SZ_128K);

	for (addr = 0; addr < 8; addr++) {
		u64 val = 0x8000000;

		if (addr == V5_IRS)
			continue;
		EXPECT_ERRNO(set(gic, V5_ADDR, addr, &val), ENXIO);
		EXPECT_ERRNO(get(gic, V5_ADDR, addr, &val), ENXIO);
		EXPECT_ERRNO(has(gic, V5_ADDR, addr), ENXIO);
	}

	destroy_vm(vm, gic);
}

/* The base may be set at any time before the first run, and be 0. */
static void test_addr_order(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int gic;

	vm = create_vm(1, &gic, &vcpu, guest_done);
	EXPECT_OK(init(gic));
	EXPECT_OK(set_addr(gic, GICV5_IRS_BASE_GPA));
	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, NULL), UCALL_DONE);
	EXPECT_ERRNO(set_addr(gic, GICV5_IRS_BASE_GPA), EEXIST);
	TEST_ASSERT_EQ(get_addr(gic), GICV5_IRS_BASE_GPA);
	destroy_vm(vm, gic);

	vm = vm_create_barebones();
	gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	EXPECT_OK(set_addr(gic, 0));
	TEST_ASSERT_EQ(get_addr(gic), 0);
	EXPECT_ERRNO(set_addr(gic, 0), EEXIST);
	EXPECT_OK(create_vcpu(vm, 0));
	EXPECT_OK(init(gic));
	destroy_vm(vm, gic);
}

static void test_nr_irqs(void)
{
	static const u32 bad[] = { 0, 1, 16, 31, 33, 48, 1023, 1025, 1056, 65536, ~0 };
	static const u32 good[] = { 32, 64, 96, 992, 1024 };
	struct kvm_vm *vm;
	u32 nr = 64;
	int gic, i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		vm = vm_create_barebones();
		gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
		TEST_ASSERT_EQ(get_nr_spis(gic), 0);

		EXPECT_OK(set_nr_spis(gic, good[i]));
		TEST_ASSERT_EQ(get_nr_spis(gic), good[i]);
		EXPECT_ERRNO(set_nr_spis(gic, good[i]), EBUSY);
		EXPECT_ERRNO(set_nr_spis(gic, 128), EBUSY);
		TEST_ASSERT_EQ(get_nr_spis(gic), good[i]);

		EXPECT_OK(create_vcpu(vm, 0));
		EXPECT_OK(init(gic));
		TEST_ASSERT_EQ(get_nr_spis(gic), good[i]);
		EXPECT_ERRNO(set_nr_spis(gic, good[i]), EBUSY);

		EXPECT_OK(irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 0, good[i] - 1));
		EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 0, good[i]), EINVAL);
		destroy_vm(vm, gic);
	}

	vm = vm_create_barebones();
	gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_ERRNO(set_nr_spis(gic, bad[i]), EINVAL);
	EXPECT_ERRNO(set(gic, V5_NR_IRQS, 0, NULL), EFAULT);
	EXPECT_ERRNO(set(gic, V5_NR_IRQS, 0, BAD_POINTER), EFAULT);
	EXPECT_ERRNO(get(gic, V5_NR_IRQS, 0, NULL), EFAULT);
	EXPECT_ERRNO(get(gic, V5_NR_IRQS, 0, BAD_POINTER), EFAULT);
	TEST_ASSERT_EQ(get_nr_spis(gic), 0);

	/* The default is taken at initialisation. */
	EXPECT_OK(create_vcpu(vm, 0));
	EXPECT_OK(init(gic));
	TEST_ASSERT_EQ(get_nr_spis(gic), 32);
	EXPECT_ERRNO(set(gic, V5_NR_IRQS, 0, &nr), EBUSY);
	TEST_ASSERT_EQ(get_nr_spis(gic), 32);
	destroy_vm(vm, gic);

	/* The number of the attribute does not matter. */
	vm = vm_create_barebones();
	gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	EXPECT_OK(set(gic, V5_NR_IRQS, 7, &nr));
	nr = 0;
	EXPECT_OK(get(gic, V5_NR_IRQS, 9, &nr));
	TEST_ASSERT_EQ(nr, 64);
	destroy_vm(vm, gic);
}

static void test_init(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	int gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);

	/* A failed initialisation may be repeated. */
	EXPECT_ERRNO(init(gic), ENODEV);
	EXPECT_ERRNO(init(gic), ENODEV);
	TEST_ASSERT_EQ(get_nr_spis(gic), 0);

	EXPECT_OK(create_vcpu(vm, 0));
	EXPECT_OK(create_vcpu(vm, 5));

	EXPECT_OK(init(gic));
	EXPECT_OK(init(gic));
	EXPECT_ERRNO(create_vcpu(vm, 1), EBUSY);
	EXPECT_OK(init(gic));

	destroy_vm(vm, gic);
}

/* Nothing is initialised as a side effect. */
static void test_before_init(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	int gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	int fd = kvm_new_eventfd();

	EXPECT_OK(create_vcpu(vm, 0));

	EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 0, 0), EBUSY);
	EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, 0, GICV5_ARCH_PPI_SW_PPI), EBUSY);
	EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_CPU, 0, 0), ENXIO);
	EXPECT_ERRNO(__kvm_irqfd(vm, 0, fd, 0), EAGAIN);
	EXPECT_OK(create_vcpu(vm, 1));

	EXPECT_OK(init(gic));
	EXPECT_OK(irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 0, 0));
	EXPECT_OK(irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, 0, GICV5_ARCH_PPI_SW_PPI));
	EXPECT_OK(__kvm_irqfd(vm, 0, fd, 0));

	close(fd);
	destroy_vm(vm, gic);
}

static void *create_second_vcpu(void *arg)
{
	struct kvm_vm *vm = arg;

	return (void *)(long)__vm_ioctl(vm, KVM_CREATE_VCPU, (void *)1UL);
}

/*
 * A vCPU that is created while the GIC is being initialised either is part of
 * that, or there is none. If it were a stranger to the IRS, it could not run, and
 * the VM would be dead.
 */
static void test_init_race(void)
{
	int gic, fd, i, ret, created = 0;
	struct kvm_vcpu *vcpu, second;
	struct kvm_vcpu_init target;
	struct kvm_vm *vm;
	pthread_t thread;
	void *result;

	for (i = 0; i < 40; i++) {
		vm = create_vm(1, &gic, &vcpu, guest_done);
		EXPECT_OK(set_addr(gic, GICV5_IRS_BASE_GPA));
		kvm_get_default_vcpu_target(vm, &target);

		TEST_ASSERT(!pthread_create(&thread, NULL, create_second_vcpu, vm),
			    "pthread_create()");
		usleep(kvm_random_u32_in_range(&kvm_rng, 0, 200));
		do {
			ret = init(gic);
			TEST_ASSERT(!ret || errno == EBUSY, "INIT: errno %d", errno);
		} while (ret);
		pthread_join(thread, &result);
		fd = (long)result;

		if (fd >= 0) {
			second = *vcpu;
			second.fd = fd;
			second.run = kvm_mmap(getpagesize(), PROT_READ | PROT_WRITE,
					      MAP_SHARED, fd);
			vcpu_ioctl(&second, KVM_ARM_VCPU_INIT, &target);
			second.run->immediate_exit = 1;
			EXPECT_ERRNO(__vcpu_run(&second), EINTR);
			EXPECT_OK(__vm_ioctl(vm, KVM_CHECK_EXTENSION, (void *)KVM_CAP_IRQFD));
			kvm_munmap(second.run, getpagesize());
			close(fd);
			created++;
		}
		destroy_vm(vm, gic);
	}
	pr_info("  %d times the second vCPU was in time, %d times it was not\n", created,
		i - created);
}

static void test_init_nested(void)
{
	struct kvm_vcpu_init target = {};
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int gic;

	vm = __vm_create(VM_SHAPE_DEFAULT, 1, 128);
	if (!vm_check_cap(vm, KVM_CAP_ARM_EL2)) {
		pr_info("  (not on this host: a vCPU with EL2)\n");
		kvm_vm_free(vm);
		return;
	}

	gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &target);
	target.features[0] |= BIT(KVM_ARM_VCPU_HAS_EL2);
	vcpu = __vm_vcpu_add(vm, 0);
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &target);

	EXPECT_ERRNO(init(gic), EINVAL);
	EXPECT_ERRNO(init(gic), EINVAL);

	destroy_vm(vm, gic);
}

static void test_userspace_ppis(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	int gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	u64 ppis[2] = { ~0, ~0 };

	EXPECT_OK(get(gic, V5_CTRL, V5_PPIS, ppis));
	TEST_ASSERT_EQ(ppis[0], 0);
	TEST_ASSERT_EQ(ppis[1], 0);

	EXPECT_OK(create_vcpu(vm, 0));
	EXPECT_OK(init(gic));

	ppis[0] = ~0;
	ppis[1] = ~0;
	EXPECT_OK(get(gic, V5_CTRL, V5_PPIS, ppis));
	TEST_ASSERT_EQ(ppis[0], BIT(GICV5_ARCH_PPI_SW_PPI));
	TEST_ASSERT_EQ(ppis[1], 0);

	EXPECT_ERRNO(get(gic, V5_CTRL, V5_PPIS, NULL), EFAULT);
	EXPECT_ERRNO(set(gic, V5_CTRL, V5_PPIS, ppis), ENXIO);

	destroy_vm(vm, gic);
}

/*
 * Whether a VM with a GICv5 can have a vCPU with this id. If not, that is known
 * when the vCPU is created, unless there is another GIC for which it would fit.
 */
static bool vcpu_id_fits(u32 id)
{
	struct kvm_vm *vm = vm_create_barebones();
	int gic = -1;

	if (create_vcpu(vm, id)) {
		TEST_ASSERT(errno == EINVAL, "vCPU id %u: errno %d", id, errno);
	} else {
		gic = __kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
		TEST_ASSERT(gic >= 0 || errno == E2BIG, "vCPU id %u: errno %d", id, errno);
	}
	if (gic >= 0) {
		EXPECT_OK(init(gic));
		close(gic);
	}
	kvm_vm_free(vm);

	return gic >= 0;
}

/* Only a guest that has run can be harmed: none of this needs one. */
static void test_irq_line(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	int gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	u32 last = vcpu_id_fits(300) ? 300 : 9;
	int i;

	EXPECT_OK(set_nr_spis(gic, 96));
	EXPECT_OK(create_vcpu(vm, 7));
	EXPECT_OK(create_vcpu(vm, last));
	EXPECT_OK(init(gic));

	/* SPIs: no offset, the vCPU does not matter. */
	EXPECT_OK(irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 0, 0));
	EXPECT_OK(irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 7, 31));
	EXPECT_OK(irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 200, 95));
	EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 7, 96), EINVAL);
	EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 7, 127), EINVAL);
	EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 7, 65535), EINVAL);

	/* PPIs: the vCPU's id counts, not its index. */
	EXPECT_OK(irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, 7, GICV5_ARCH_PPI_SW_PPI));
	EXPECT_OK(irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, last, GICV5_ARCH_PPI_SW_PPI));
	EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, 0, GICV5_ARCH_PPI_SW_PPI), EINVAL);
	EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, 1, GICV5_ARCH_PPI_SW_PPI), EINVAL);
	EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, 44, GICV5_ARCH_PPI_SW_PPI), EINVAL);

	for (i = 0; i < 256; i++)
		if (i != GICV5_ARCH_PPI_SW_PPI)
			EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_PPI, 7, i), EINVAL);

	EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_CPU, 7, 0), ENXIO);
	EXPECT_ERRNO(irq_line(vm, 3, 7, 0), EINVAL);

	destroy_vm(vm, gic);
}

static int route(struct kvm_vm *vm, struct kvm_irq_routing_entry *entry)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry;
	} routing = { .head.nr = 1, .entry = *entry };

	return ioctl(vm->fd, KVM_SET_GSI_ROUTING, &routing);
}

static void test_routing(void)
{
	struct kvm_irq_routing_entry msi = {
		.gsi = 4,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = { .address_lo = 0x8020000, .data = 1 },
	};
	struct kvm_irq_routing_entry entry = {
		.gsi = 4,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
	};
	struct kvm_vm *vm = vm_create_barebones();
	int gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	struct kvm_msi signal = { .address_lo = 0x8020000, .data = 1 };
	int fd = kvm_new_eventfd();

	EXPECT_OK(set_nr_spis(gic, 1024));
	EXPECT_OK(create_vcpu(vm, 0));
	EXPECT_OK(init(gic));

	/* By default there is a GSI for each SPI. */
	EXPECT_OK(__kvm_irqfd(vm, 1023, fd, 0));
	eventfd_write(fd, 1);
	EXPECT_OK(__kvm_irqfd(vm, 1023, fd, KVM_IRQFD_FLAG_DEASSIGN));

	entry.u.irqchip.pin = 1023;
	EXPECT_OK(route(vm, &entry));
	entry.u.irqchip.pin = 1024;
	EXPECT_ERRNO(route(vm, &entry), EINVAL);
	entry.u.irqchip.pin = 0;
	entry.u.irqchip.irqchip = 1;
	EXPECT_ERRNO(route(vm, &entry), EINVAL);

	/* MSIs can be routed, but there is no ITS that takes them. */
	EXPECT_OK(route(vm, &msi));
	EXPECT_OK(__kvm_irqfd(vm, 4, fd, 0));
	eventfd_write(fd, 1);
	EXPECT_OK(__kvm_irqfd(vm, 4, fd, KVM_IRQFD_FLAG_DEASSIGN));
	TEST_ASSERT(__vm_ioctl(vm, KVM_SIGNAL_MSI, &signal) <= 0,
		    "KVM_SIGNAL_MSI has delivered something");

	close(fd);
	destroy_vm(vm, gic);
}

/* Without a place for the IRS the VM can't run, now or later. */
static void test_run_without_irs(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int gic;

	vm = create_vm(1, &gic, &vcpu, guest_done);
	EXPECT_OK(init(gic));
	EXPECT_ERRNO(__vcpu_run(vcpu), ENXIO);
	EXPECT_ERRNO(__vcpu_run(vcpu), EIO);
	EXPECT_ERRNO(irq_line(vm, KVM_ARM_IRQ_TYPE_SPI, 0, 0), EIO);
	EXPECT_ERRNO(set_addr(gic, GICV5_IRS_BASE_GPA), EIO);
	close(gic);
	kvm_vm_free(vm);

	/* Nor does it run uninitialised. */
	vm = create_vm(1, &gic, &vcpu, guest_done);
	EXPECT_OK(set_addr(gic, GICV5_IRS_BASE_GPA));
	EXPECT_ERRNO(__vcpu_run(vcpu), EBUSY);
	EXPECT_ERRNO(__vcpu_run(vcpu), EIO);
	close(gic);
	kvm_vm_free(vm);

	/* Others are not affected. */
	vm = create_vm(1, &gic, &vcpu, guest_done);
	EXPECT_OK(set_addr(gic, GICV5_IRS_BASE_GPA));
	EXPECT_OK(init(gic));
	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, NULL), UCALL_DONE);
	destroy_vm(vm, gic);
}

static void test_vcpu_ids(void)
{
	static const u32 sparse[] = { 17, 3, 400, 0, 255, 256 };
	u32 limit, low = 0, high, id;
	struct kvm_vm *vm;
	int gic, i;

	high = kvm_check_cap(KVM_CAP_MAX_VCPU_ID);
	if (!high)
		high = 512;

	TEST_ASSERT(vcpu_id_fits(0), "No GICv5 for vCPU 0");
	if (vcpu_id_fits(high - 1))
		low = high - 1;

	/* @low fits, @high doesn't or can't exist. */
	while (high - low > 1) {
		id = low + (high - low) / 2;
		if (vcpu_id_fits(id))
			low = id;
		else
			high = id;
	}

	limit = low + 1;
	pr_info("  vCPU ids below %u\n", limit);
	TEST_ASSERT(limit <= 512 && is_power_of_2(limit), "%u vCPU ids", limit);

	/* The same limit if the GIC comes first */
	vm = vm_create_barebones();
	gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	EXPECT_OK(create_vcpu(vm, limit - 1));
	EXPECT_ERRNO(create_vcpu(vm, limit), EINVAL);
	EXPECT_ERRNO(create_vcpu(vm, limit - 1), EEXIST);
	EXPECT_OK(init(gic));
	destroy_vm(vm, gic);

	/* Ids in no order */
	vm = vm_create_barebones();
	gic = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	for (i = 0; i < ARRAY_SIZE(sparse); i++)
		if (sparse[i] < limit)
			EXPECT_OK(create_vcpu(vm, sparse[i]));
	EXPECT_OK(init(gic));
	destroy_vm(vm, gic);
}

/*
 * The hardware has so many VM ids. Those of VMs that are gone come back.
 */
static void test_vm_ids(u32 max_vms)
{
	struct {
		struct kvm_vm *vm;
		int gic;
	} *vms = calloc(max_vms, sizeof(*vms));
	u32 nr, i;
	int ret;

	TEST_ASSERT(vms, "No memory for %u VMs", max_vms);

	for (nr = 0; nr < max_vms; nr++) {
		vms[nr].vm = vm_create_barebones();
		vms[nr].gic = kvm_create_device(vms[nr].vm, KVM_DEV_TYPE_ARM_VGIC_V5);
		EXPECT_OK(create_vcpu(vms[nr].vm, 0));
		ret = init(vms[nr].gic);
		if (ret) {
			TEST_ASSERT(errno == ENOSPC, "VM %u: errno %d", nr, errno);
			break;
		}
	}

	if (nr == max_vms) {
		pr_info("  (not reached: more than %u VMs at a time)\n", nr);
	} else {
		pr_info("  %u VMs at a time\n", nr);

		/* One goes, the one that waits gets its id. Three times. */
		for (i = 0; i < 3 && i < nr; i++) {
			EXPECT_ERRNO(init(vms[nr].gic), ENOSPC);
			destroy_vm(vms[i].vm, vms[i].gic);
			EXPECT_OK(init(vms[nr].gic));

			vms[i] = vms[nr];
			vms[nr].vm = vm_create_barebones();
			vms[nr].gic = kvm_create_device(vms[nr].vm,
							KVM_DEV_TYPE_ARM_VGIC_V5);
			EXPECT_OK(create_vcpu(vms[nr].vm, 0));
		}
		destroy_vm(vms[nr].vm, vms[nr].gic);
	}

	for (i = 0; i < nr; i++)
		destroy_vm(vms[i].vm, vms[i].gic);
	free(vms);
}

static void ignore_signal(int signum)
{
}

static void raise_files_rlimit(rlim_t nr)
{
	struct rlimit rl;

	TEST_ASSERT(!getrlimit(RLIMIT_NOFILE, &rl), "getrlimit(), errno %d", errno);
	if (rl.rlim_cur >= nr)
		return;

	rl.rlim_cur = nr;
	rl.rlim_max = max(rl.rlim_max, nr);
	__TEST_REQUIRE(!setrlimit(RLIMIT_NOFILE, &rl), "No permission for %lu files", nr);
}

static void help(const char *name)
{
	pr_info("Usage: %s [-v max_vms]\n", name);
	pr_info(" -v: create up to so many VMs in search of the limit (default: 300)\n");
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = ignore_signal };
	u32 max_vms = 300;
	int opt;

	while ((opt = getopt(argc, argv, "hv:")) != -1) {
		switch (opt) {
		case 'v':
			max_vms = atoi_positive("Number of VMs", optarg);
			break;
		case 'h':
		default:
			help(argv[0]);
			return opt == 'h' ? 0 : 1;
		}
	}

	test_disable_default_vgic();
	__TEST_REQUIRE(kvm_supports_vgic_v5(), "No GICv5 for guests");

	/* It interrupts run_vcpu(). */
	sigaction(SIGUSR1, &sa, NULL);
	raise_files_rlimit(8 * max_vms);

#define RUN(test, args...)							\
do {										\
	pr_info("%s\n", #test);							\
	test(args);								\
} while (0)

	RUN(test_create);
	RUN(test_create_after_run);
	RUN(test_id_regs);
	RUN(test_attributes);
	RUN(test_addr);
	RUN(test_addr_order);
	RUN(test_nr_irqs);
	RUN(test_init);
	RUN(test_init_race);
	RUN(test_before_init);
	RUN(test_init_nested);
	RUN(test_userspace_ppis);
	RUN(test_irq_line);
	RUN(test_routing);
	RUN(test_run_without_irs);
	RUN(test_vcpu_ids);
	RUN(test_vm_ids, max_vms);

	return 0;
}
