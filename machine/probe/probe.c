// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bare-metal image that looks at the physical side of a GICv5 and prints one
 * line per observation, "name value". It decides nothing: what a right machine
 * answers is in probe.expected.
 *
 * It runs on the virt board at EL1 or EL2, on one PE, without MMU and without
 * taking exceptions: candidates are seen in ICC_HPPIR_EL1 and ISR_EL1.
 */
#include "probe.h"

static uint64_t l1[1024] __attribute__((aligned(65536)));
static uint32_t l2[1024] __attribute__((aligned(65536)));

static void ids(void)
{
	say("idr0", R32(IRS + 0x00));
	say("idr1", R32(IRS + 0x04));
	say("idr2", R32(IRS + 0x08));
	say("idr5", R32(IRS + 0x14));
	say("idr6", R32(IRS + 0x18));
	say("idr7", R32(IRS + 0x1c));
	say("aidr", R32(IRS + 0x44));
	say("devarch", R32(IRS + 0xffbc));
	say("reserved", R32(IRS + 0x60));
	say("pfr2.gcie", RD(S3_0_C0_C4_2) >> 12 & 15);
	say("pfr0.gic", RD(S3_0_C0_C4_0) >> 24 & 15);
	say("icc_idr0", RD(ICC_IDR0));
	say("iaffidr", RD(IAFFIDR));
	say("ppi_hmr0.sw", RD(PPI_HMR0) >> 3 & 1);
	say("ppi_hmr0.cntp", RD(PPI_HMR0) >> 30 & 1);
}

static void ppis(void)
{
	say("ack-nothing", CDIA());
	WR(CR0, 1);
	WR(PCR, 31);
	WR(PPI_ENABLER0, 0);
	WR(PPI_PRIORITYR0, 10ul << 24);
	WR(PPI_SPENDR0, 1 << 3);
	say("ppi-pending-disabled.hppir", RD(HPPIR));
	WR(PPI_ENABLER0, 1 << 3);
	say("ppi-enabled.hppir", RD(HPPIR));
	say("ppi-enabled.isr", RD(ISR_EL1) >> 7 & 1);
	WR(PCR, 10);
	say("equal-to-mask.hppir", RD(HPPIR));
	WR(PCR, 9);
	say("below-mask.hppir", RD(HPPIR));
	say("below-mask.ack", CDIA());
	WR(PCR, 31);
	WR(CR0, 0);
	say("cr0-off.hppir", RD(HPPIR));
	WR(CR0, 1);
	say("edge-ack", CDIA());
	say("edge-ack.pending", RD(PPI_SPENDR0) >> 3 & 1);
	say("edge-ack.active", RD(PPI_SACTIVER0) >> 3 & 1);
	say("edge-ack.apr", RD(APR));
	WR(PPI_SPENDR0, 1 << 3);
	CDDI(PPI(3));
	say("same-priority-running.hppir", RD(HPPIR));
	CDEOI();
	say("eoi.apr", RD(APR));
	say("eoi.hppir", RD(HPPIR));
	WR(PPI_CPENDR0, 1 << 3);
	say("cpendr.hppir", RD(HPPIR));
	CDEOI();
	say("eoi-idle.apr", RD(APR));

	/* a level PPI: the physical timer, due at once */
	WR(PPI_PRIORITYR3, 4ul << 48);
	WR(PPI_ENABLER0, 1 << 30);
	WR(CNTP_CVAL_EL0, 0);
	WR(CNTP_CTL_EL0, 1);
	say("timer.hppir", RD(HPPIR));
	WR(PPI_CPENDR0, 1 << 30);
	say("level-cpendr.pending", RD(PPI_CPENDR0) >> 30 & 1);
	say("level-ack", CDIA());
	say("level-ack.pending", RD(PPI_SPENDR0) >> 30 & 1);
	say("level-ack.hppir", RD(HPPIR));
	CDEOI();
	CDDI(PPI(30));
	say("level-again.hppir", RD(HPPIR));
	WR(CNTP_CTL_EL0, 0);
	say("timer-off.hppir", RD(HPPIR));
	WR(PPI_SPENDR0, 1 << 30);
	say("level-spendr.pending", RD(PPI_SPENDR0) >> 30 & 1);
	WR(PPI_ENABLER0, 0);
}

static void irs_on(void)
{
	R32(IRS + 0x84) = 0xffd7;	/* CR1: inner shareable, write-back */
	R32(IRS + 0x80) = 1;
	for (int i = 0; i < 1000000 && !(R32(IRS + 0x80) & 2); i++)
		;
	say("cr0", R32(IRS + 0x80));
}

static void irsen(unsigned int on)
{
	R32(IRS + 0x80) = on;
}

/* The UART's wire is SPI 1; its transmit interrupt follows a mask. */
static void uart_wire(int high)
{
	R32(UART + 0x38) = high ? 1 << 5 : 0;
}

static void spis(void)
{
	const uint64_t id = SPI(8);	/* a wire that stays low */

	R32(IRS + 0x108) = 8;
	wait_idle(0x118);
	say("spi.status", R32(IRS + 0x118));
	R32(IRS + 0x114) = 0;
	wait_idle(0x118);
	CDHM(id, 0);
	CDPRI(id, 6);
	CDAFF(id, 0);
	say("spi.config", config(id));
	CDEN(id);
	CDPEND(id, 1);
	say("spi-pend.hppir", RD(HPPIR));
	irsen(0);
	(void)R32(IRS + 0x80);
	say("irsen-off.hppir", RD(HPPIR));
	irsen(1);
	(void)R32(IRS + 0x80);
	say("irsen-on.hppir", RD(HPPIR));
	CDPEND(id, 0);
	say("spi-unpend.hppir", RD(HPPIR));
	CDPEND(id, 1);
	CDDIS(id);
	say("spi-disabled.hppir", RD(HPPIR));
	say("spi-disabled.config", config(id));
	CDEN(id);
	CDAFF(id, 77);
	say("spi-nowhere.hppir", RD(HPPIR));
	CDAFF(id, 0);
	say("spi-ack", CDIA());
	say("spi-ack.config", config(id));
	say("spi-ack.apr", RD(APR));
	CDEOI();
	CDDI(id);
	say("spi-done.config", config(id));
	say("spi-bad.config", config(SPI(0xffffff)) & 1);
	say("lpi-no-ist.config", config(LPI(1)) & 1);
	say("type-bad.config", config(0) & 1);
}

static void wires(void)
{
	const uint64_t id = SPI(1);

	uart_wire(0);
	R32(IRS + 0x108) = 1;
	wait_idle(0x118);
	R32(IRS + 0x114) = 1;
	wait_idle(0x118);
	CDPRI(id, 3);
	CDAFF(id, 0);
	CDEN(id);
	say("wire-low.hppir", RD(HPPIR));
	uart_wire(1);
	say("wire-high.hppir", RD(HPPIR));
	say("wire-high.config", config(id));
	say("wire-ack", CDIA());
	say("wire-ack.config", config(id));
	CDEOI();
	CDDI(id);
	say("wire-still-high.hppir", RD(HPPIR));
	CDPEND(id, 0);
	say("wire-cdpend0.hppir", RD(HPPIR));
	R32(IRS + 0x110) = 1;		/* resample */
	wait_idle(0x118);
	say("wire-resampled.hppir", RD(HPPIR));
	uart_wire(0);
	say("wire-falls.config", config(id));
	CDDIS(id);
}

static void lpis(void)
{
	unsigned int bits = R32(IRS + 0x08) >> 10 & 1 ? 14 : 10;
	const uint64_t id = LPI(33);

	/* two levels, 4K L2 tables, 4 byte entries */
	say("lpi.levels", bits == 14);
	l1[0] = (uint64_t)l2;
	asm volatile("dsb sy" ::: "memory");
	R32(IRS + 0x190) = bits | (bits == 14) << 16;
	R64(IRS + 0x180) = (bits == 14 ? (uint64_t)l1 : (uint64_t)l2) | 1;
	wait_idle(0x194);
	say("ist.valid", R64(IRS + 0x180) & 1);
	say("lpi-no-l2.config", config(id) & 1);
	R32(IRS + 0x1c0) = 33;
	wait_idle(0x194);
	say("map-l2.valid", *(volatile uint64_t *)&l1[0] & 1);
	CDHM(id, 0);
	CDPRI(id, 9);
	CDAFF(id, 0);
	CDEN(id);
	say("lpi.config", config(id));
	CDPEND(id, 1);
	say("lpi-pend.hppir", RD(HPPIR));
	say("lpi-ack", CDIA());
	say("lpi-ack.config", config(id));
	CDPEND(id, 1);
	CDEOI();
	say("lpi-active-pending.hppir", RD(HPPIR));
	CDDI(id);
	say("lpi-deactivated.hppir", RD(HPPIR));
	CDPRI(id, 20);
	CDPRI(LPI(34), 20);
	CDAFF(LPI(34), 0);
	CDEN(LPI(34));
	CDPEND(LPI(34), 1);
	CDPRI(LPI(34), 19);
	say("lpi-higher.hppir", RD(HPPIR));
	say("lpi-higher.ack", CDIA());
	say("lpi-lower-waits.hppir", RD(HPPIR));
	CDPRI(id, 2);
	say("lpi-preempts.ack", CDIA());
	say("lpi-preempts.apr", RD(APR));
	CDEOI();
	say("lpi-eoi-1.apr", RD(APR));
	CDEOI();
	say("lpi-eoi-2.apr", RD(APR));
	CDDI(LPI(34));
	CDDI(id);
	CDHM(id, 1);
	CDPEND(id, 1);
	say("lpi-level-ack", CDIA());
	say("lpi-level-ack.config", config(id));
	CDEOI();
	CDDI(id);
	CDPEND(id, 0);
	CDHM(id, 0);
	if (R32(IRS) & 1 << 9) {
		R32(SETLPI) = 33;
		say("setlpi.hppir", RD(HPPIR));
		CDPEND(id, 0);
	}
	R64(IRS + 0x180) = 0;
	wait_idle(0x194);
	say("ist-off.config", config(id) & 1);
	say("ist-off.entry", *(volatile uint32_t *)&l2[33]);
}

void probe(void)
{
	ids();
	irs_on();
	ppis();
	spis();
	wires();
	lpis();
	say("end", 0);
}
