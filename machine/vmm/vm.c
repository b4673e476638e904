// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The VM, its memory, what lies in it at the start, and who is at which address.
 *
 * RAM, from its beginning:
 *
 *	Image			at its text offset
 *	device tree		2 MiB-aligned, has 2 MiB: Linux maps it in one piece
 *	initramfs		behind it
 */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm.h"

/* Documentation/arch/arm64/booting.rst, "Call the kernel image" */
struct image_header {
	uint32_t code[2];
	uint64_t text_offset;
	uint64_t image_size;	/* in memory, with its BSS */
	uint64_t flags;
	uint64_t res[3];
	uint32_t magic;
	uint32_t res5;
};

#define IMAGE_MAGIC	0x644d5241	/* "ARM\x64" */
#define IMAGE_FLAG_BE	1

/* A guest needs some memory beyond its files. */
#define ROOM		(32 * SZ_1M)

/**
 * vm_create() - open KVM, create the VM, give it memory
 * @vm: has @opt, nothing else
 */
void vm_create(struct vm *vm)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = RAM_BASE,
		.memory_size = vm->opt->mem,
	};
	int version, ipa;

	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		die(END_HOST, "cannot open /dev/kvm: %s%s", strerror(errno),
		    errno == ENOENT ? " (was the kernel booted at EL2, with CONFIG_KVM?)" : "");
	version = ioctl(vm->kvm, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION)
		die(END_HOST, "KVM has API version %d, not %d", version, KVM_API_VERSION);

	/* The default of 40 bits is refused where the CPU has fewer. */
	ipa = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
	if (ipa <= 0 || ipa > 40)
		ipa = 40;
	if (RAM_BASE + vm->opt->mem > 1ULL << ipa)
		die(END_USAGE, "-m %llu: the memory of a guest ends at bit %d of an address here",
		    (unsigned long long)(vm->opt->mem / SZ_1M), ipa);
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, KVM_VM_TYPE_ARM_IPA_SIZE(ipa));
	if (vm->fd < 0)
		die(END_ERROR, "cannot create a VM: %s", strerror(errno));

	vm->ram_size = vm->opt->mem;
	vm->ram = mmap(NULL, vm->ram_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->ram == MAP_FAILED)
		die(END_ERROR, "cannot have %llu MiB of memory: %s",
		    (unsigned long long)(vm->ram_size / SZ_1M), strerror(errno));
	region.userspace_addr = (uintptr_t)vm->ram;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		die(END_ERROR, "cannot give the VM its memory: %s", strerror(errno));
}

/**
 * vm_memory() - where guest memory is
 * @vm: the VM
 * @addr: guest physical
 * @size: in bytes
 *
 * Return: where this process has it, NULL if that is not all RAM. Addresses come
 * from the guest: nothing may be assumed of them.
 */
void *vm_memory(struct vm *vm, uint64_t addr, uint64_t size)
{
	if (addr < RAM_BASE || addr - RAM_BASE > vm->ram_size ||
	    size > vm->ram_size - (addr - RAM_BASE))
		return NULL;
	return vm->ram + (addr - RAM_BASE);
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

static int open_file(const char *path, uint64_t *size)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die(END_USAGE, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die(END_USAGE, "%s: not a regular file", path);
	*size = (uint64_t)st.st_size;
	return fd;
}

static void read_file(const char *path, int fd, void *to, uint64_t size)
{
	ssize_t n;

	while (size) {
		n = read(fd, to, size);
		if (n < 0)
			die(END_ERROR, "%s: %s", path, strerror(errno));
		if (!n)
			die(END_ERROR, "%s: became shorter while it was read", path);
		to = (char *)to + n;
		size -= (uint64_t)n;
	}
	close(fd);
}

static void *need_memory(struct vm *vm, uint64_t addr, uint64_t size, const char *what)
{
	void *to = vm_memory(vm, addr, size);

	if (!to)
		die(END_USAGE, "-m %llu is too small for %s: at least %llu are needed",
		    (unsigned long long)(vm->ram_size / SZ_1M), what,
		    (unsigned long long)((addr + size - RAM_BASE) / SZ_1M + 1));
	return to;
}

static uint64_t load_image(struct vm *vm)
{
	const char *path = vm->opt->kernel;
	struct image_header header;
	uint64_t size, need;
	int fd = open_file(path, &size);

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    le32toh(header.magic) != IMAGE_MAGIC)
		die(END_USAGE, "%s: not an arm64 Image (compressed ones, EFI zboot and vmlinux do not do)",
		    path);
	if (le64toh(header.flags) & IMAGE_FLAG_BE)
		die(END_USAGE, "%s: a big-endian kernel", path);
	need = le64toh(header.image_size);
	if (need < size)
		need = size;

	vm->entry = RAM_BASE + le64toh(header.text_offset);
	read_file(path, fd, need_memory(vm, vm->entry, need, "the kernel"), size);

	return vm->entry + need;
}

/**
 * vm_load() - put kernel and initramfs into memory
 * @vm: a VM with memory
 *
 * Leaves room for the device tree, which comes last: it names all the rest.
 */
void vm_load(struct vm *vm)
{
	uint64_t end = load_image(vm), size;
	int fd;

	vm->dtb_addr = align_up(end, SZ_2M);
	need_memory(vm, vm->dtb_addr, SZ_2M, "the device tree");
	end = vm->dtb_addr + SZ_2M;

	if (vm->opt->initrd) {
		fd = open_file(vm->opt->initrd, &size);
		vm->initrd_addr = end;
		vm->initrd_size = size;
		read_file(vm->opt->initrd, fd,
			  need_memory(vm, end, size + ROOM, "kernel and initramfs"), size);
	} else {
		need_memory(vm, end, ROOM, "the kernel");
	}
}

/**
 * vm_mmio() - an access that KVM has nobody for
 * @vm: the VM
 * @addr: guest physical
 * @len: in bytes
 * @write: or a read
 * @value: written, or to be read
 *
 * Return: whether there is a device.
 */
bool vm_mmio(struct vm *vm, uint64_t addr, unsigned int len, bool write, uint64_t *value)
{
	unsigned int n;

	if (addr - UART_BASE < UART_SIZE) {
		if (write)
			uart_write(&vm->uart, addr - UART_BASE, (uint32_t)*value);
		else
			*value = uart_read(&vm->uart, addr - UART_BASE);
		return true;
	}

	for (n = 0; n < vm->nr_blks; n++) {
		if (addr - BLK_BASE(n) >= BLK_SIZE)
			continue;
		if (write)
			blk_write(vm->blks[n], addr - BLK_BASE(n), (uint32_t)*value);
		else
			*value = blk_read(vm->blks[n], addr - BLK_BASE(n), len);
		return true;
	}

	return false;
}
