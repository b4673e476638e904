// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bare-metal image that looks at the virtual side of a GICv5 from EL2, with a
 * guest of a few instructions at EL1, and at the test frame of our machine. One
 * line per observation; what a right machine answers is in virt.expected.
 */
#include "probe.h"

#define TEST		(SETLPI + 0x10000)
#define T_ID		0x000
#define T_BUSY		0x008
#define T_SPI_WIRE	0x010
#define T_FAIL		0x018
#define T_IRQ		0x040
#define T_CONTROL	0x048
#define T_DELAY		0x050
#define T_FIRED		0x058
#define T_LAST_LOAD	0x080
#define T_LAST_PUT	0x088
#define T_PUTS		0x090
#define T_PUTS_DB	0x098
#define T_SELECT	0x0c0
#define T_STATE		0x0c8
#define BEFORE		1
#define AFTER		2
#define DELAYED		3
#define DELAY		2000000ul
#define ON_LOAD		(1 << 8)
#define ONLY_DB		(1 << 9)
#define OWN_VM		(1 << 10)
#define ONLY_VM		(1 << 11)
#define T_DOORBELLS	0x118
#define T_STRICT	0x150
#define T_VMS		0x158
#define T_VPES		0x160

#define ICH_HPPIR	S3_4_C12_C8_5
#define ICH_APR		S3_4_C12_C8_4
#define ICH_HFGRTR	S3_4_C12_C9_4
#define ICH_HFGWTR	S3_4_C12_C9_6
#define ICH_HFGITR	S3_4_C12_C9_7
#define ICH_PPI_ENABLER0 S3_4_C12_C10_2
#define ICH_PPI_PENDR0	S3_4_C12_C10_4
#define ICH_PPI_PRIOR3	S3_4_C12_C14_3
#define ICH_VCTLR	S3_4_C12_C11_4
#define CONTEXTR	S3_4_C12_C11_6
#define ICH_VMCR	S3_4_C12_C11_7

#define VSYS(crm, op2, val) \
	asm volatile("sys #4, C12, C" #crm ", #" #op2 ", %0\n\tsys #0, C12, C0, #0\n\tisb" \
		     :: "r"((uint64_t)(val)) : "memory")
#define VDEN(id)	VSYS(1, 1, id)
#define VDPRI(id, p)	VSYS(1, 2, (id) | (uint64_t)(p) << 35)
#define VDAFF(id, vpe)	VSYS(1, 3, (id) | (uint64_t)(vpe) << 32)
#define VDPEND(vm, id, p) VSYS(1, 4, (id) | (uint64_t)(vm) << 32 | (uint64_t)(p) << 63)
#define VDDI(id)	VSYS(2, 0, id)

#define V		(1ul << 63)
#define DB(dbpm)	(1ul << 60 | (uint64_t)(dbpm) << 55)
#define VM		5
#define DOORBELL	40
#define VLPI		LPI(9)

static uint64_t vmt[4 * 64] __attribute__((aligned(2048)));
static uint64_t vpet[4] __attribute__((aligned(64)));
static uint64_t vped[4][512] __attribute__((aligned(4096)));
static uint32_t ist[1024] __attribute__((aligned(4096)));
static uint32_t vlpis[64] __attribute__((aligned(4096)));
static uint32_t vspis[64] __attribute__((aligned(4096)));

uint64_t enter_guest(const void *code);
extern const char guest_ack[], guest_done[], guest_isr[], guest_wait[];
asm(".text\n"
    "guest_ack:	sysl x0, #0, C12, C3, #0\n"
    "		sys #0, C12, C0, #1\n isb\n hvc #0\n"
    "guest_done: mov w1, #9\n movk w1, #0x4000, lsl #16\n"
    "		sys #0, C12, C1, #7, xzr\n sys #0, C12, C2, #0, x1\n hvc #0\n"
    "guest_isr:	mrs x0, isr_el1\n hvc #0\n"
    "guest_wait: wfi\n isb\n b guest_wait\n");

static uint64_t test(unsigned int reg)
{
	return R64(TEST + reg);
}

static void set_test(unsigned int reg, uint64_t val)
{
	R64(TEST + reg) = val;
}

static void map(unsigned int reg, uint64_t val)
{
	asm volatile("dsb sy" ::: "memory");
	R64(IRS + reg) = val | V;
	wait_idle(0x214);
}

static void select(unsigned int vpe)
{
	R64(IRS + 0x240) = VM | (uint64_t)vpe << 32 | V;
	wait_idle(0x25c);
}

static void host(void)
{
	WR(HCR_EL2, 1ul << 31 | 1ul << 4);	/* RW, IMO */
	WR(ICH_HFGRTR, ~0ul);
	WR(ICH_HFGWTR, ~0ul);
	WR(ICH_HFGITR, ~0ul);
	WR(ICH_VCTLR, 1);
	WR(CR0, 1);
	WR(PCR, 31);
	R32(IRS + 0x84) = 0xffd7;
	R32(IRS + 0x80) = 1;
	R32(IRS + 0x190) = 10;
	asm volatile("dsb sy" ::: "memory");
	R64(IRS + 0x180) = (uint64_t)ist | 1;
	wait_idle(0x194);
	CDPRI(LPI(DOORBELL), 4);
	CDAFF(LPI(DOORBELL), 0);
	CDEN(LPI(DOORBELL));
}

static void tables(void)
{
	say("idr3.virt", !!(R32(IRS + 0x0c) >> 5 & 31));
	R32(IRS + 0x210) = 6;
	asm volatile("dsb sy" ::: "memory");
	R64(IRS + 0x200) = (uint64_t)vmt | 1;
	wait_idle(0x214);
	say("vmt", R64(IRS + 0x200) & 1);
	vmt[4 * VM + 1] = (uint64_t)vpet | 2ul << 59;
	vmt[4 * VM + 2] = (uint64_t)vlpis | 6ul << 59;
	vmt[4 * VM + 3] = (uint64_t)vspis | 6ul << 59;
	map(0x2c8, VM);
	say("vmte", vmt[4 * VM] & 1);
	map(0x2d0, 2ul << 29 | (uint64_t)VM << 32);
	map(0x2d0, 3ul << 29 | (uint64_t)VM << 32);
	say("vists", (vmt[4 * VM + 2] & 1) << 1 | (vmt[4 * VM + 3] & 1));
	for (unsigned int vpe = 0; vpe < 2; vpe++) {
		vpet[vpe] = (uint64_t)vped[vpe];
		map(0x2e0, vpe | (uint64_t)VM << 32);
	}
	say("vpetes", (vpet[0] & 1) << 1 | (vpet[1] & 1));
	select(0);
	say("vpe.status", R32(IRS + 0x25c));
	R32(IRS + 0x258) = 1;
	wait_idle(0x25c);
	R64(IRS + 0x248) = DOORBELL | V;
	wait_idle(0x25c);
	select(2);
	say("no-vpe.status", R32(IRS + 0x25c));
}

static void load(unsigned int vpe)
{
	WR(ICH_VMCR, 31ul << 27 | 1);
	WR(CONTEXTR, V | (uint64_t)vpe << 32 | VM);
}

static void put_vpe(uint64_t request)
{
	WR(CONTEXTR, request);
}

/* A physical interrupt is there? Take it: its INTID or 0. */
static uint64_t take(void)
{
	uint64_t id = CDIA();

	if (id) {
		CDEOI();
		CDDI(id & 0xffffffff);
	}
	return id;
}

static void residency(void)
{
	WR(CONTEXTR, V | VM | 2ul << 32);
	say("no-vpe.contextr", RD(CONTEXTR));
	load(0);
	say("contextr", RD(CONTEXTR));
	say("no-work.hppir", RD(ICH_HPPIR));
	VDPRI(VLPI, 7);
	VDAFF(VLPI, 0);
	VDEN(VLPI);
	VDPEND(VM, VLPI, 1);
	say("work.hppir", RD(ICH_HPPIR));
	say("work.host-hppir", RD(HPPIR));
	say("work.guest-isr", enter_guest(guest_isr));
	say("guest-ack", enter_guest(guest_ack));
	say("guest-ack.apr", RD(ICH_APR));
	say("guest-ack.iste", vlpis[9]);
	say("guest-again", enter_guest(guest_ack));
	enter_guest(guest_done);
	say("guest-done.apr", RD(ICH_APR));
	say("guest-done.iste", vlpis[9]);
	VDPEND(VM, VLPI, 1);
	WR(CONTEXTR, V | VM | 1ul << 61);
	say("irichppidis.hppir", RD(ICH_HPPIR));
	load(0);
	say("irichppidis-off.hppir", RD(ICH_HPPIR));
	put_vpe(0);
	say("put.hppir", RD(ICH_HPPIR));
	say("put.no-request", take());
	load(0);
	say("load.hppir", RD(ICH_HPPIR));
	VDPEND(VM, VLPI, 0);
	say("unpend.hppir", RD(ICH_HPPIR));
	/* a PPI needs no residency */
	put_vpe(0);
	WR(ICH_PPI_PRIOR3, 3ul << 24);
	WR(ICH_PPI_ENABLER0, 1 << 27);
	WR(ICH_PPI_PENDR0, 1 << 27);
	say("ppi.guest-ack", enter_guest(guest_ack));
	WR(ICH_PPI_PENDR0, 0);
	WR(ICH_PPI_ENABLER0, 0);
	WR(ICH_APR, 0);
}

static void doorbells(void)
{
	load(0);
	put_vpe(DB(31));
	say("db.quiet", RD(HPPIR));
	VDPEND(VM, VLPI, 1);
	say("db.rings", take());
	say("db.one-shot", take());
	load(0);
	put_vpe(DB(6));
	say("db.masked", take());
	select(0);
	say("db.request", R64(IRS + 0x248));
	load(0);
	put_vpe(DB(7));
	say("db.pending-already", take());
	select(0);
	say("db.used", R64(IRS + 0x248));
	R64(IRS + 0x248) = DOORBELL | V | 1ul << 62 | 31ul << 32;
	wait_idle(0x25c);
	say("db.through-dbr", take());
	say("vpe.hppir", R64(IRS + 0x250));
	VDPEND(VM, VLPI, 0);
	/* residency uses a request up */
	load(0);
	put_vpe(DB(31));
	load(0);
	put_vpe(0);
	VDPEND(VM, VLPI, 1);
	say("db.none-after-load", take());
	VDPEND(VM, VLPI, 0);
	/* a doorbell interrupts the guest of the other VPE */
	load(0);
	put_vpe(DB(31));
	load(1);
	say("other-guest.isr", enter_guest(guest_isr));
	set_test(T_IRQ, VLPI | (uint64_t)VM << 32 | V);
	set_test(T_DELAY, DELAY);
	set_test(T_CONTROL, DELAYED | ON_LOAD);
	load(1);
	say("other-guest.leaves", enter_guest(guest_wait));
	say("other-guest.doorbell", take());
	put_vpe(0);
	load(0);
	VDPEND(VM, VLPI, 0);
	put_vpe(0);
}

/* One put of the VPE with a request; what rang and fired is told apart. */
static void trigger(const char *name, uint64_t control, uint64_t request)
{
	uint64_t rung = test(T_DOORBELLS), fired = test(T_FIRED), from;

	load(0);
	set_test(T_CONTROL, control);
	from = RD(CNTVCT_EL0);
	put_vpe(request);
	if ((control & 3) == DELAYED) {
		while (test(T_FIRED) == fired)
			;
		say("delayed.long-enough", (RD(CNTVCT_EL0) - from) * 1000000000 >=
					   DELAY * RD(CNTFRQ_EL0));
	}
	say(name, (test(T_FIRED) - fired) << 8 | (test(T_DOORBELLS) - rung));
	take();
	set_test(T_CONTROL, 0);
	VDPEND(VM, VLPI, 0);
}

static void frame(void)
{
	uint64_t puts = test(T_PUTS), puts_db = test(T_PUTS_DB);

	say("test.id", test(T_ID));
	say("test.id-high", R32(TEST + 4));
	set_test(T_IRQ, VLPI | (uint64_t)VM << 32 | V);
	trigger("off", 0, DB(31));
	trigger("before", BEFORE, DB(31));
	trigger("before-no-request", BEFORE, 0);
	trigger("after", AFTER, DB(31));
	trigger("after-no-request", AFTER, 0);
	trigger("only-db", AFTER | ONLY_DB, 0);
	trigger("only-vm", AFTER | ONLY_VM, DB(31));
	trigger("skip", AFTER | 1ul << 32, DB(31));
	set_test(T_DELAY, DELAY);
	trigger("delayed", DELAYED, DB(31));
	set_test(T_IRQ, VLPI | V);
	trigger("other-vm", AFTER | ONLY_VM, DB(31));
	trigger("own-vm", AFTER | OWN_VM, DB(31));
	say("puts", (test(T_PUTS) - puts) << 8 | (test(T_PUTS_DB) - puts_db));
	say("last-put", test(T_LAST_PUT));

	set_test(T_CONTROL, BEFORE | OWN_VM | ON_LOAD);
	load(1);
	say("on-load.fired", test(T_CONTROL) & 3);
	say("last-load", test(T_LAST_LOAD));
	VDPEND(VM, VLPI, 0);
	put_vpe(0);

	set_test(T_FAIL, 1);
	load(0);
	say("fail.contextr", RD(CONTEXTR));
	say("fail.last-load", test(T_LAST_LOAD));
	put_vpe(0);
	load(0);
	say("fail-over.contextr", RD(CONTEXTR));
	set_test(T_SELECT, VM);
	say("state.resident", test(T_STATE));
	put_vpe(DB(9));
	say("state.requested", test(T_STATE));
	set_test(T_SELECT, VM | 2ul << 32);
	say("state.no-vpe", test(T_STATE));
	set_test(T_SELECT, VM + 1);
	say("state.no-vm", test(T_STATE));

	set_test(T_BUSY, 1ul << (32 + 5) | 0xffffffff);
	R64(IRS + 0x2d0) = V | 1ul << 62 | 2ul << 29 | (uint64_t)VM << 32;
	say("busy.idle", R32(IRS + 0x214) & 1);
	set_test(T_BUSY, 1ul << (32 + 5));
	say("busy-over.idle", R32(IRS + 0x214) & 1);
	say("unmap-vist.valid", *(volatile uint64_t *)&vmt[4 * VM + 2] & 1);
	map(0x2d0, 2ul << 29 | (uint64_t)VM << 32);

	CDPRI(SPI(200), 6);
	CDAFF(SPI(200), 0);
	CDEN(SPI(200));
	set_test(T_SPI_WIRE, 1ul << 31 | 200);
	say("wire.hppir", take());
	set_test(T_SPI_WIRE, 200);
}

static void teardown(void)
{
	say("vms", test(T_VMS) << 8 | test(T_VPES));
	map(0x2c8, VM | 1ul << 62);
	say("unmap.vmte", *(volatile uint64_t *)&vmt[4 * VM] & 1);
	say("unmap.vms", test(T_VMS) << 8 | test(T_VPES));
	WR(CONTEXTR, V | VM);
	say("unmap.contextr", RD(CONTEXTR));
	WR(CONTEXTR, 0);
	/* the VM comes back with ISTs and VPEs that are valid; VPEDs are handed over as 0 */
	for (unsigned int vpe = 0; vpe < 2; vpe++)
		for (unsigned int i = 0; i < 512; i++)
			*(volatile uint64_t *)&vped[vpe][i] = 0;
	map(0x2c8, VM);
	say("again.vms", test(T_VMS) << 8 | test(T_VPES));
	load(0);
	say("again.contextr", RD(CONTEXTR));
	put_vpe(0);
	map(0x2c8, VM | 1ul << 62);
	R64(IRS + 0x200) = 0;
	wait_idle(0x214);
	R64(IRS + 0x180) = 0;
	wait_idle(0x194);
}

void probe(void)
{
	say("el", RD(CurrentEL) >> 2);
	host();
	tables();
	residency();
	doorbells();
	frame();
	teardown();
	say("end", 0);
}
