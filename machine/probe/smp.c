// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bare-metal image for as many PEs as there are: each is switched on through PSCI
 * and looks at its IAFFID; an LPI goes round through all of them; then all get one at
 * the same time. What a right machine answers is in smp.expected, for 64 PEs.
 */
#include "probe.h"

#define MAX_PES		64
#define ROUNDS		50
#define FIRST		100	/* LPI FIRST + n goes to PE n */

static uint32_t ist[1024] __attribute__((aligned(4096)));
static volatile uint64_t online[MAX_PES], taken[MAX_PES];
static volatile uint64_t nr_pes, ring;

void secondary(void);
void secondary_main(uint64_t pe);

static int64_t psci(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 asm("x0") = function;
	register uint64_t x1 asm("x1") = a;
	register uint64_t x2 asm("x2") = b;
	register uint64_t x3 asm("x3") = c;

	if (RD(CurrentEL) >> 2 == 2)
		asm volatile("smc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
	else
		asm volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
	return (int64_t)x0;
}

static void open_interface(void)
{
	WR(PPI_ENABLER0, 0);
	WR(CR0, 1);
	WR(PCR, 31);
}

/* Wait for an interrupt and handle it; its LPI. */
static uint64_t take(void)
{
	uint64_t id;

	while (!(id = CDIA()))
		asm volatile("wfi");
	CDEOI();
	CDDI(id & 0xffffffff);
	return id & 0xffffff;
}

void secondary_main(uint64_t pe)
{
	open_interface();
	online[pe] = RD(IAFFIDR) == pe ? 1 : 2;
	for (;;) {
		if (take() == FIRST + pe)
			taken[pe]++;
		if (ring)
			CDPEND(LPI(FIRST + (pe + 1) % nr_pes), 1);
	}
}

static uint64_t count(volatile uint64_t *what, uint64_t want)
{
	uint64_t n = 0;

	for (unsigned int pe = 1; pe < nr_pes; pe++)
		n += what[pe] == want;
	return n;
}

void probe(void)
{
	uint64_t n;

	nr_pes = R32(IRS + 0x04) & 0xffff;
	if (nr_pes > MAX_PES)
		nr_pes = MAX_PES;
	say("pes", nr_pes);
	R32(IRS + 0x80) = 1;
	R32(IRS + 0x190) = 10;
	R64(IRS + 0x180) = (uint64_t)ist | 1;
	wait_idle(0x194);
	open_interface();
	for (n = 0; n < nr_pes; n++) {
		CDPRI(LPI(FIRST + n), 5);
		CDAFF(LPI(FIRST + n), n);
		CDEN(LPI(FIRST + n));
	}
	for (n = 1; n < nr_pes; n++)
		if (psci(0xc4000003, n / 16 << 8 | n % 16, (uint64_t)secondary, n))
			say("not-on", n);
	while (count(online, 0))
		;
	say("online", count(online, 1));
	ring = 1;
	for (n = 0; n < ROUNDS; n++) {
		CDPEND(LPI(FIRST + 1), 1);
		if (take() != FIRST)
			say("wrong", n);
	}
	say("ring", count(taken, ROUNDS));
	ring = 0;
	for (n = 1; n < nr_pes; n++)
		CDPEND(LPI(FIRST + n), 1);
	while (count(taken, ROUNDS))
		;
	say("all", count(taken, ROUNDS + 1));
	say("end", 0);
}
