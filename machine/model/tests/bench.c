// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What GIC operations cost with many interrupts pending.
 *
 *	bench KIND PENDING ROUNDS
 *
 * does ROUNDS rounds of one KIND while PENDING other LPIs of the same PE or VPE are
 * pending, five times, and prints the least nanoseconds of CPU time per round. The
 * function rounds() is nothing but that: the instructions of a round are those of
 * rounds(), divided by all rounds, which are 10 more.
 *
 *	lpi		an LPI is made pending, acknowledged, dropped, deactivated
 *	spi		the same for a level wire, which rises and falls
 *	config		an LPI is disabled, enabled, gets a priority, is read
 *	vlpi		as lpi, by VDPEND and by the guest
 *	doorbell	a VPE leaves, VDPEND rings its doorbell, which is handled, the VPE
 *			comes back and its guest handles the interrupt
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../gicv5.h"

#define ID_BITS		13
#define IST		0x10000u
#define VMT		0x20000u
#define VPET		0x21000u
#define VPED		0x22000u
#define VIST		0x30000u
#define RAM_SIZE	0x40000u
#define TOP		8191u		/* the LPI of the rounds; better than all others */
#define DOORBELL	8190u
#define WIRE		3u

#define CD(crm, op2)	GICV5_ENC(1, 0, 12, crm, op2)
#define VD(crm, op2)	GICV5_ENC(1, 4, 12, crm, op2)
#define LPI(id)		(2ull << 29 | (id))
#define SPI(id)		(3ull << 29 | (id))
#define BIT(n)		(1ull << (n))
#define VM		1ull

static uint8_t ram[RAM_SIZE];
static struct gicv5 *g;
static const struct gicv5_cpu_ctx host = { .el = 2, .el2_enabled = true, .imo = true };
static const struct gicv5_cpu_ctx guest = { .el = 1, .el2_enabled = true, .imo = true };

static int mem_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	(void)opaque;
	if (addr + len > RAM_SIZE)
		return -1;
	memcpy(buf, ram + addr, len);
	return 0;
}

static int mem_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	(void)opaque;
	if (addr + len > RAM_SIZE)
		return -1;
	memcpy(ram + addr, buf, len);
	return 0;
}

static void set_line(void *opaque, unsigned int pe, enum gicv5_line line, bool level)
{
	(void)opaque, (void)pe, (void)line, (void)level;
}

static void poke(uint64_t addr, uint64_t val)
{
	memcpy(ram + addr, &val, sizeof(val));
}

static void msr(const struct gicv5_cpu_ctx *ctx, uint32_t enc, uint64_t val)
{
	gicv5_sysreg_write(g, 0, ctx, enc, val);
}

static uint64_t ack(const struct gicv5_cpu_ctx *ctx)
{
	return gicv5_sysreg_read(g, 0, ctx, CD(3, 0));
}

static void irs(uint64_t off, unsigned int size, uint64_t val)
{
	gicv5_irs_write(g, GICV5_FRAME_CONFIG, off, size, val);
}

static void contextr(uint64_t val)
{
	msr(&host, GICV5_ENC(3, 4, 12, 11, 6), val);
}

static void route(unsigned int op1, uint64_t intid, unsigned int prio)
{
	msr(&host, GICV5_ENC(1, op1, 12, 1, 2), intid | (uint64_t)prio << 35);
	msr(&host, GICV5_ENC(1, op1, 12, 1, 3), intid);
	msr(&host, GICV5_ENC(1, op1, 12, 1, 1), intid);
}

static void vdpend(uint64_t intid)
{
	msr(&host, VD(1, 4), intid | VM << 32 | BIT(63));
}

static void start(void)
{
	struct gicv5_config cfg;

	gicv5_config_init(&cfg);
	cfg.ops.mem_read = mem_read;
	cfg.ops.mem_write = mem_write;
	cfg.ops.set_line = set_line;
	g = gicv5_create(&cfg);
	if (!g)
		abort();
	irs(0x190, 4, ID_BITS);
	irs(0x180, 8, IST | 1);
	irs(0x80, 4, 1);
	msr(&host, GICV5_ENC(3, 1, 12, 0, 1), 1);	/* CR0.EN */
	msr(&host, GICV5_ENC(3, 1, 12, 0, 2), 31);	/* PCR */
	msr(&host, GICV5_ENC(3, 4, 12, 11, 4), 1);	/* VCTLR.EN */
	msr(&host, GICV5_ENC(3, 4, 12, 11, 7), 31u << 27 | 1);	/* VMCR */

	irs(0x210, 4, 4);
	irs(0x200, 8, VMT | 1);
	poke(VMT + 32 * VM + 8, VPET | 1ull << 59);
	poke(VMT + 32 * VM + 16, VIST | (uint64_t)ID_BITS << 59);
	irs(0x2c8, 8, VM | BIT(63));
	irs(0x2d0, 8, 2ull << 29 | VM << 32 | BIT(63));
	poke(VPET, VPED);
	irs(0x2e0, 8, VM << 32 | BIT(63));
	irs(0x240, 8, VM | BIT(63));
	irs(0x248, 8, DOORBELL | BIT(63));
	contextr(BIT(63) | VM);

	irs(0x108, 4, WIRE);
	irs(0x114, 4, 1);
	route(0, SPI(WIRE), 1);
	route(0, LPI(TOP), 1);
	route(0, LPI(DOORBELL), 1);
	route(4, LPI(TOP), 1);
}

static void done(const struct gicv5_cpu_ctx *ctx, uint64_t intid)
{
	if (ack(ctx) != (BIT(32) | intid))
		abort();
	msr(ctx, CD(1, 7), 0);
	msr(ctx, CD(2, 0), intid);
}

static void round_of(char kind)
{
	switch (kind) {
	case 'l':
		msr(&host, CD(1, 4), LPI(TOP) | BIT(32));
		done(&host, LPI(TOP));
		break;
	case 's':
		gicv5_set_spi(g, WIRE, true);
		if (ack(&host) != (BIT(32) | SPI(WIRE)))
			abort();
		gicv5_set_spi(g, WIRE, false);
		msr(&host, CD(1, 7), 0);
		msr(&host, CD(2, 0), SPI(WIRE));
		break;
	case 'c':
		msr(&host, CD(1, 0), LPI(TOP));
		msr(&host, CD(1, 1), LPI(TOP));
		msr(&host, CD(1, 2), LPI(TOP) | 1ull << 35);
		msr(&host, CD(1, 5), LPI(TOP));
		break;
	case 'v':
		vdpend(LPI(TOP));
		done(&guest, LPI(TOP));
		break;
	default:
		contextr(BIT(60) | 1ull << 55);
		vdpend(LPI(TOP));
		done(&host, LPI(DOORBELL));
		contextr(BIT(63) | VM);
		done(&guest, LPI(TOP));
		break;
	}
}

__attribute__((noinline)) static void rounds(char kind, unsigned int n)
{
	while (n--)
		round_of(kind);
	__asm__ volatile("" ::: "memory");
}

static double cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	unsigned int pending, n;
	double best = 0;

	if (argc != 4 || !strchr("lscvd", argv[1][0]))
		return 2;
	pending = (unsigned int)atoi(argv[2]);
	n = (unsigned int)atoi(argv[3]);
	start();
	for (unsigned int i = 0; i < pending; i++) {
		route(0, LPI(i), 2 + i % 30);
		msr(&host, CD(1, 4), LPI(i) | BIT(32));
		route(4, LPI(i), 2 + i % 30);
		vdpend(LPI(i));
	}
	rounds(argv[1][0], 10);
	for (unsigned int i = 0; i < 5; i++) {
		double from = cpu_time(), took;

		rounds(argv[1][0], n);
		took = cpu_time() - from;
		if (!i || took < best)
			best = took;
	}
	printf("%.1f\n", best / n);
	gicv5_destroy(g);
	return 0;
}
