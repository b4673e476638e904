/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world around a model under test: RAM with faults, the lines of the PEs,
 * a hypervisor's usual sequences. After each call that goes through here the
 * invariants of the model are checked.
 */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../gicv5.h"
#include "../gicv5-regs.h"

#define RAM_BASE	UINT64_C(0x40000000)
#define RAM_SIZE	(4u << 20)
#define WORLD_PES	4

/* Offsets of IRS registers, as the architecture has them. */
enum {
	IDR0 = 0x00, IDR1 = 0x04, IDR2 = 0x08, IDR3 = 0x0c, IDR4 = 0x10, IDR5 = 0x14,
	IDR6 = 0x18, IDR7 = 0x1c, IIDR = 0x40, AIDR = 0x44, CR0 = 0x80, CR1 = 0x84,
	SYNCR = 0xc0, SYNC_STATUSR = 0xc4, SPI_VMR = 0x100, SPI_SELR = 0x108,
	SPI_DOMAINR = 0x10c, SPI_RESAMPLER = 0x110, SPI_CFGR = 0x114, SPI_STATUSR = 0x118,
	PE_SELR = 0x140, PE_STATUSR = 0x144, PE_CR0 = 0x148, IST_BASER = 0x180,
	IST_CFGR = 0x190, IST_STATUSR = 0x194, MAP_L2_ISTR = 0x1c0, VMT_BASER = 0x200,
	VMT_CFGR = 0x210, VMT_STATUSR = 0x214, VPE_SELR = 0x240, VPE_DBR = 0x248,
	VPE_HPPIR = 0x250, VPE_CR0 = 0x258, VPE_STATUSR = 0x25c, VM_DBR = 0x280,
	VM_SELR = 0x288, VM_STATUSR = 0x28c, VMAP_L2_VMTR = 0x2c0, VMAP_VMR = 0x2c8,
	VMAP_VISTR = 0x2d0, VMAP_L2_VISTR = 0x2d8, VMAP_VPER = 0x2e0, SAVE_VMR = 0x300,
	SAVE_VM_STATUSR = 0x308, MEC_IDR = 0x340, MPAM_IDR = 0x380, SWERR_STATUSR = 0x3c0,
	SWERR_SYNDROMER0 = 0x3c8, SWERR_SYNDROMER1 = 0x3d0, DEVARCH = 0xffbc, CIDR0 = 0xfff0,
};

#define LPI(id)		(2ull << 29 | (id))
#define SPI(id)		(3ull << 29 | (id))
#define PPI(id)		(1ull << 29 | (id))
#define VALID		(1ull << 32)

/* Who executes an access. */
enum who { HOST, GUEST };

struct world {
	struct gicv5 *g;
	struct gicv5_config cfg;
	uint8_t *ram;
	uint64_t brk;			/* next free address */
	unsigned int fail_reads;	/* 1: the next read fails, 2: the one after, ... */
	unsigned int fail_writes;
	uint64_t fail_addr;		/* every access to it fails, if not 0 */
	bool line[WORLD_PES][GICV5_NR_LINES];
	unsigned int edges[WORLD_PES][GICV5_NR_LINES];	/* calls of set_line */
	unsigned int reports;		/* lines of class STRICT */
	unsigned int logs;
	char report[256];		/* the last of them */
	bool nmi;			/* SCTLR_ELx.NMI of whoever runs */
	bool no_check;			/* software broke the rules: no invariants */
	uint64_t ist, vmt, vmte, vpet, lpi_ist, spi_ist;	/* addresses */
};

/* a world with the default test configuration: 4 PEs, 10 bit LPIs */
void world_config(struct gicv5_config *cfg);
struct world *world_new(const struct gicv5_config *cfg);
void world_free(struct world *w);

/* fixtures for cmocka */
int setup(void **state);		/* nothing configured */
int setup_host(void **state);		/* host_start() */
int setup_vm(void **state);		/* host_start(), vm_start(): VM 1, 4 VPEs */
int teardown(void **state);

uint64_t ram_alloc(struct world *w, uint64_t size);
uint32_t ram32(struct world *w, uint64_t addr);
uint64_t ram64(struct world *w, uint64_t addr);
void ram_set32(struct world *w, uint64_t addr, uint32_t val);
void ram_set64(struct world *w, uint64_t addr, uint64_t val);

uint32_t enc(const char *name);
uint64_t mrs(struct world *w, unsigned int pe, enum who who, const char *name);
void msr(struct world *w, unsigned int pe, enum who who, const char *name, uint64_t val);
uint64_t rd32(struct world *w, uint64_t off);
uint64_t rd64(struct world *w, uint64_t off);
void wr32(struct world *w, uint64_t off, uint64_t val);
void wr64(struct world *w, uint64_t off, uint64_t val);
void spi_wire(struct world *w, uint32_t spi, bool level);
void ppi_wire(struct world *w, unsigned int pe, unsigned int ppi, bool level);
void check(struct world *w);

/* usual sequences */
void host_start(struct world *w);
void spi_trigger(struct world *w, uint32_t spi, bool level);
void route(struct world *w, uint64_t intid, unsigned int pe, unsigned int prio);
void pend(struct world *w, uint64_t intid);
uint64_t ack(struct world *w, unsigned int pe, enum who who);
void eoi(struct world *w, unsigned int pe, enum who who, uint64_t intid);
uint64_t rcfg(struct world *w, uint64_t intid);

void vmt_start(struct world *w);
void vm_prepare(struct world *w, unsigned int vm);
void vm_start(struct world *w, unsigned int vm);
void vpe_start(struct world *w, unsigned int vm, unsigned int vpe);
void select_vpe(struct world *w, unsigned int vm, unsigned int vpe);
uint64_t contextr(unsigned int vm, unsigned int vpe);
void vcpu_load(struct world *w, unsigned int pe, unsigned int vm, unsigned int vpe);
void vcpu_put(struct world *w, unsigned int pe, bool db, unsigned int dbpm);
void vdpend(struct world *w, unsigned int vm, uint64_t intid, bool pending);
void vroute(struct world *w, unsigned int pe, uint64_t intid, unsigned int vpe, unsigned int prio);

#define DB_LPI	200	/* doorbell LPI of VPE 0 of a started VM, then on */

#endif
