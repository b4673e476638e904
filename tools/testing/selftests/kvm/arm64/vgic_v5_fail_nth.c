// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_v5_fail_nth: KVM_DEV_ARM_VGIC_CTRL_INIT with each allocation failing
 *
 * Makes the first allocation of the ioctl fail, then the second, and so on,
 * until none is left to fail (/proc/self/fail-nth, CONFIG_FAULT_INJECTION). Each
 * time the ioctl must return ENOMEM, leave the VM as it was, and succeed when it
 * is called again. The number of interrupts of the host tells whether anything
 * is left behind.
 */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "vgic.h"

#define NR_VCPUS	2
#define NR_SPIS		64
/* More than the ioctl has allocations */
#define MAX_NTH		2000

static const char fail_nth_file[] = "/proc/self/fail-nth";

static void set_fail_nth(int n)
{
	char buf[16];
	int fd, len;

	fd = open_path_or_exit(fail_nth_file, O_WRONLY);
	len = snprintf(buf, sizeof(buf), "%d", n);
	TEST_ASSERT(write(fd, buf, len) == len, "Can't write %s", fail_nth_file);
	close(fd);
}

/* Ends the injection. Returns whether an allocation was made to fail. */
static bool get_fail_nth(void)
{
	char buf[16] = {};
	int fd;

	fd = open_path_or_exit(fail_nth_file, O_RDWR);
	TEST_ASSERT(read(fd, buf, sizeof(buf) - 1) > 0, "Can't read %s", fail_nth_file);
	close(fd);

	if (atoi(buf))
		set_fail_nth(0);

	return !atoi(buf);
}

/* Interrupts that the host has, requested or not. */
static int count_host_irqs(void)
{
	DIR *dir = opendir("/sys/kernel/irq");
	int n = 0;

	TEST_ASSERT(dir, "Can't open /sys/kernel/irq");
	while (readdir(dir))
		n++;
	closedir(dir);

	return n;
}

static struct kvm_vm *create_vm(int *gic_fd)
{
	u64 irs = 0x08000000;
	u32 nr_spis = NR_SPIS;
	struct kvm_vm *vm;

	vm = __vm_create(VM_SHAPE_DEFAULT, NR_VCPUS, 0);
	*gic_fd = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);

	for (int i = 0; i < NR_VCPUS; i++)
		__vm_vcpu_add(vm, i);

	kvm_device_attr_set(*gic_fd, KVM_DEV_ARM_VGIC_GRP_ADDR,
			    KVM_VGIC_V5_ADDR_TYPE_IRS, &irs);
	kvm_device_attr_set(*gic_fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr_spis);

	return vm;
}

static int init_vgic(int gic_fd)
{
	return __kvm_device_attr_set(gic_fd, KVM_DEV_ARM_VGIC_GRP_CTRL,
				     KVM_DEV_ARM_VGIC_CTRL_INIT, NULL) ? errno : 0;
}

/* Returns whether there was an n-th allocation. */
static bool test_nth(int n)
{
	int gic_fd, before, ret;
	struct kvm_vm *vm;
	bool failed;

	vm = create_vm(&gic_fd);
	before = count_host_irqs();

	set_fail_nth(n);
	ret = init_vgic(gic_fd);
	failed = get_fail_nth();

	if (failed && ret) {
		TEST_ASSERT_EQ(ret, ENOMEM);
		TEST_ASSERT_EQ(count_host_irqs(), before);
		TEST_ASSERT(!init_vgic(gic_fd),
			    "INIT fails after allocation %d was made to fail once: %d",
			    n, errno);
	} else {
		/* An allocation that may fail, or none was left */
		TEST_ASSERT(!ret, "INIT fails with errno %d", ret);
	}

	TEST_ASSERT(count_host_irqs() == before + NR_VCPUS,
		    "There are %d more interrupts than before, for %d vCPUs",
		    count_host_irqs() - before, NR_VCPUS);

	close(gic_fd);
	kvm_vm_free(vm);
	TEST_ASSERT_EQ(count_host_irqs(), before);

	return failed;
}

int main(void)
{
	struct kvm_vm *vm;
	int ret, n;

	vm = vm_create_barebones();
	ret = __kvm_test_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V5);
	kvm_vm_free(vm);
	__TEST_REQUIRE(!ret, "No GICv5 support");
	__TEST_REQUIRE(!access(fail_nth_file, W_OK),
		       "The kernel has no fault injection (CONFIG_FAULT_INJECTION)");

	for (n = 1; test_nth(n); n++)
		TEST_ASSERT(n < MAX_NTH, "More than %d allocations", MAX_NTH);

	/* A kernel that injects nothing would pass all of the above. */
	TEST_ASSERT(n > NR_VCPUS, "Only %d allocations could be made to fail", n - 1);
	pr_info("%d allocations, each failed once\n", n - 1);

	return 0;
}
