/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the bare-metal probes share: registers, instructions, and a way to say
 * "name value" through the UART. They run on one PE without MMU.
 */
#include <stdint.h>

#define UART		0x09000000ul
#define IRS		0x08010000ul
#define SETLPI		(IRS + 0x10000)

#define R32(a)		(*(volatile uint32_t *)(a))
#define R64(a)		(*(volatile uint64_t *)(a))
#define STR_(x)		#x
#define STR(x)		STR_(x)

/* registers (op0 op1 CRn CRm op2 as the assembler wants them) */
#define PPI_HMR0	S3_0_C12_C10_0
#define ICC_IDR0	S3_0_C12_C10_2
#define HPPIR		S3_0_C12_C10_3
#define ICSR		S3_0_C12_C10_4
#define IAFFIDR		S3_0_C12_C10_5
#define PPI_ENABLER0	S3_0_C12_C10_6
#define PPI_CACTIVER0	S3_0_C12_C13_0
#define PPI_SACTIVER0	S3_0_C12_C13_2
#define PPI_CPENDR0	S3_0_C12_C13_4
#define PPI_SPENDR0	S3_0_C12_C13_6
#define PPI_PRIORITYR0	S3_0_C12_C14_0
#define PPI_PRIORITYR3	S3_0_C12_C14_3
#define APR		S3_1_C12_C0_0
#define CR0		S3_1_C12_C0_1
#define PCR		S3_1_C12_C0_2

#define RD(reg) ({ uint64_t v_; asm volatile("isb\n\tmrs %0, " STR(reg) : "=r"(v_)); v_; })
#define WR(reg, val) asm volatile("msr " STR(reg) ", %0\n\tisb" :: "r"((uint64_t)(val)))
#define SYS(crm, op2, val) \
	asm volatile("sys #0, C12, C" #crm ", #" #op2 ", %0\n\tsys #0, C12, C0, #0\n\tisb" \
		     :: "r"((uint64_t)(val)) : "memory")
#define SYSL(crm, op2) ({ uint64_t v_; \
	asm volatile("sysl %0, #0, C12, C" #crm ", #" #op2 "\n\tsys #0, C12, C0, #1\n\tisb" \
		     : "=r"(v_) :: "memory"); v_; })

#define CDDIS(id)	SYS(1, 0, id)
#define CDEN(id)	SYS(1, 1, id)
#define CDPRI(id, p)	SYS(1, 2, (id) | (uint64_t)(p) << 35)
#define CDAFF(id, aff)	SYS(1, 3, (id) | (uint64_t)(aff) << 32)
#define CDPEND(id, p)	SYS(1, 4, (id) | (uint64_t)(p) << 32)
#define CDEOI()		SYS(1, 7, 0)
#define CDDI(id)	SYS(2, 0, id)
#define CDHM(id, hm)	SYS(2, 1, (id) | (uint64_t)(hm) << 32)
#define CDIA()		SYSL(3, 0)

#define PPI(n)		(1ul << 29 | (n))
#define LPI(n)		(2ul << 29 | (n))
#define SPI(n)		(3ul << 29 | (n))

static inline uint64_t config(uint64_t id)
{
	SYS(1, 5, id);
	return RD(ICSR);
}

static inline void put(char c)
{
	R32(UART) = c;
}

static inline void say(const char *name, uint64_t value)
{
	int shift = 60;

	while (*name)
		put(*name++);
	put(' ');
	while (shift > 0 && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 15]);
	put('\n');
}

static inline void wait_idle(unsigned int status)
{
	for (int i = 0; i < 1000000; i++)
		if (R32(IRS + status) & 1)
			return;
	say("timeout", status);
}
