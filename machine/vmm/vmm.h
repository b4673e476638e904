/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small VMM that boots a Linux guest with a GICv5.
 *
 *	vmm.c		options, the order of the calls, the end
 *	vm.c		the VM, its memory, the files in it
 *	gic.c		the GICv5 device of KVM, SPIs, irqfds
 *	vcpu.c		vCPUs: creation, threads, exits, statistics
 *	fdt.c		what the guest is told of all this
 *	uart.c		PL011, with a level-sensitive SPI
 *	blk.c		virtio-mmio block devices, by ioeventfd and irqfd
 *
 * docs/vmm.md tells the sequence of calls and what goes wrong without it.
 */

#ifndef VMM_H
#define VMM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include <linux/kvm.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SZ_4K		0x1000ULL
#define SZ_64K		0x10000ULL
#define SZ_1M		0x100000ULL
#define SZ_2M		0x200000ULL

/* Guest physical addresses. The IRS has to be aligned to 64 KiB. */
#define IRS_BASE	0x08000000ULL
#define UART_BASE	0x09000000ULL
#define UART_SIZE	SZ_4K
#define BLK_BASE(n)	(0x0a000000ULL + (n) * BLK_SIZE)
#define BLK_SIZE	SZ_4K
#define RAM_BASE	0x80000000ULL

#define MAX_BLKS	4

/*
 * SPIs and PPIs of a GICv5 are numbered separately, both from 0. There is no
 * offset of 32 (or 16) anywhere: not in the device tree, not in KVM_IRQ_LINE,
 * not in the GSIs.
 */
#define UART_SPI	1
#define BLK_SPI(n)	(2 + (n))
#define NR_SPIS		32	/* 32 to 1024, a multiple of 32 */

enum {
	PPI_PMU		= 0x17,
	PPI_CNTHP	= 0x1a,
	PPI_CNTV	= 0x1b,
	PPI_CNTPS	= 0x1d,
	PPI_CNTP	= 0x1e,
};

/* The program's status, see usage(). */
enum status {
	END_POWER_OFF	= 0,	/* the guest has powered itself off */
	END_ERROR	= 1,	/* a call failed, or the guest did what it must not */
	END_USAGE	= 2,
	END_HOST	= 3,	/* no KVM, or no GICv5 for guests */
	END_RESET	= 5,	/* the guest wants to be reset; Linux: a panic */
	END_STALL	= 6,	/* the guest's console was silent for too long */
	END_TIMEOUT	= 7,
	END_SIGNAL	= 128,	/* plus the signal */
};

struct vm;

/**
 * struct stats - the binary statistics of a vCPU
 * @fd: from KVM_GET_STATS_FD
 * @size: of a descriptor with its name
 * @desc: the descriptors
 */
struct stats {
	int fd;
	struct kvm_stats_header header;
	size_t size;
	char *desc;
};

/**
 * struct vcpu - a vCPU and its thread
 * @id: what KVM_CREATE_VCPU was called with. With a GICv5 this is also the VPE
 *	id and the IAFFID, by which the guest names the vCPU as a target.
 * @mpidr: affinity, which KVM derives from the id, but not as the same number
 */
struct vcpu {
	struct vm *vm;
	unsigned int id;
	int fd;
	struct kvm_run *run;
	uint64_t mpidr;
	struct stats stats;
	pthread_t thread;
	bool started;
};

/**
 * struct fifo - bytes on their way
 */
struct fifo {
	uint8_t byte[32];
	unsigned int head, count;
};

/**
 * struct uart - a PL011
 * @lock: all of this, and the order in which levels of the SPI reach KVM
 * @raw: RIS, the interrupts that are there
 * @mask: IMSC, those that count
 * @level: of the SPI, as KVM knows it
 * @sent: there is something for the thread that writes to stdout
 * @room: there is room again for the thread that reads stdin
 * @last_output: when the guest has last written, for the watchdog; see now_ms()
 */
struct uart {
	struct vm *vm;
	pthread_mutex_t lock;
	uint32_t raw, mask;
	bool level;
	uint32_t lcr, cr, ifls, ibrd, fbrd;
	struct fifo rx, tx;
	pthread_cond_t sent, room;
	bool stop;
	atomic_ullong last_output;
	uint64_t raised;
	pthread_t input, output;
};

struct blk;

/**
 * struct options - the command line
 * @stall: seconds the console may be silent, 0 for no limit
 * @limit: seconds all may take, 0 for no limit
 */
struct options {
	const char *kernel, *initrd, *append;
	const char *disk[MAX_BLKS];
	unsigned int nr_disks;
	unsigned int cpus, baud;
	uint64_t mem;
	unsigned int stall, limit;
	const char *dtb;
};

/**
 * struct vm - everything
 * @gic: the device's file descriptor
 * @end_fd: an eventfd that says that @end has got its value
 * @stop: vCPU threads are to leave
 */
struct vm {
	const struct options *opt;
	int kvm, fd, gic;
	uint8_t *ram;
	uint64_t ram_size;
	uint64_t entry, dtb_addr, initrd_addr, initrd_size;
	bool has_pmu;
	unsigned int nr_vcpus;
	struct vcpu *vcpus;
	struct uart uart;
	struct blk *blks[MAX_BLKS];
	unsigned int nr_blks;
	int end_fd;
	atomic_int end;
	atomic_bool stop;
};

/* vmm.c */
noreturn void die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_ms(void);
void vm_end(struct vm *vm, int end);

/* vm.c */
void vm_create(struct vm *vm);
void vm_load(struct vm *vm);
void *vm_memory(struct vm *vm, uint64_t addr, uint64_t size);
bool vm_mmio(struct vm *vm, uint64_t addr, unsigned int len, bool write, uint64_t *value);

/* gic.c */
void gic_create(struct vm *vm);
void gic_init(struct vm *vm);
void gic_set_spi(struct vm *vm, unsigned int spi, bool level);
void gic_irqfd(struct vm *vm, unsigned int spi, int fd, int resample_fd);

/* vcpu.c */
void vcpus_create(struct vm *vm);
void vcpus_init_pmu(struct vm *vm);
void vcpus_start(struct vm *vm);
void vcpus_stop(struct vm *vm);
void vcpus_report(struct vm *vm);

/* fdt.c */
void fdt_build(struct vm *vm);

/* uart.c */
void uart_create(struct vm *vm);
uint64_t uart_read(struct uart *uart, uint64_t offset);
void uart_write(struct uart *uart, uint64_t offset, uint32_t value);
void uart_stop(struct uart *uart);
void uart_report(struct uart *uart);

/* blk.c */
void blk_create(struct vm *vm, unsigned int n, const char *disk);
bool blk_is_level(const struct blk *blk);
uint64_t blk_read(struct blk *blk, uint64_t offset, unsigned int len);
void blk_write(struct blk *blk, uint64_t offset, uint32_t value);
void blk_stop(struct blk *blk);
void blk_report(struct blk *blk, unsigned int n);

#endif
