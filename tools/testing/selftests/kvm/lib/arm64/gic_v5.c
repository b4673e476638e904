// SPDX-License-Identifier: GPL-2.0-only
/*
 * ARM Generic Interrupt Controller (GIC) v5 support, the guest's side
 *
 * There is no backend for gic.c: that knows interrupts by one flat number, and
 * has no place for the type of an interrupt or for IAFFIDs.
 */

#include <asm/barrier.h>
#include <linux/bits.h>
#include <linux/sizes.h>

#include "delay.h"
#include "kvm_util.h"
#include "processor.h"
#include "gic_v5.h"

struct gicv5_log gicv5_logs[GICV5_LOG_VCPUS];

/* A selection must be used before the next one is made. */
static void gicv5_irs_wait_idle(u32 offset, u32 idle)
{
	unsigned int i;

	for (i = 0; i < 1000; i++)
		if (gicv5_irs_readl(offset) & idle)
			return;

	GUEST_FAIL("IRS register 0x%x never became idle", offset);
}

void gicv5_irs_set_enable(bool enable)
{
	gicv5_irs_writel(enable ? GICV5_IRS_CR0_IRSEN : 0, GICV5_IRS_CR0);
	gicv5_irs_wait_idle(GICV5_IRS_CR0, GICV5_IRS_CR0_IDLE);
}

/* Returns whether there is such an SPI. */
bool gicv5_irs_select_spi(u32 spi)
{
	gicv5_irs_writel(spi, GICV5_IRS_SPI_SELR);
	gicv5_irs_wait_idle(GICV5_IRS_SPI_STATUSR, GICV5_IRS_STATUSR_IDLE);

	return gicv5_irs_readl(GICV5_IRS_SPI_STATUSR) & GICV5_IRS_STATUSR_V;
}

void gicv5_irs_set_spi_level(u32 spi, bool level)
{
	GUEST_ASSERT(gicv5_irs_select_spi(spi));

	gicv5_irs_writel(level ? GICV5_IRS_SPI_CFGR_TM : 0, GICV5_IRS_SPI_CFGR);
	gicv5_irs_wait_idle(GICV5_IRS_SPI_STATUSR, GICV5_IRS_STATUSR_IDLE);
}

/* Returns IRS_PE_STATUSR. */
u32 gicv5_irs_select_pe(u32 iaffid)
{
	gicv5_irs_writel(iaffid, GICV5_IRS_PE_SELR);
	gicv5_irs_wait_idle(GICV5_IRS_PE_STATUSR, GICV5_IRS_STATUSR_IDLE);

	return gicv5_irs_readl(GICV5_IRS_PE_STATUSR);
}

/*
 * A linear LPI IST with entries of 4 bytes. Returns whether the IRS accepts it.
 */
bool gicv5_irs_enable_ist(u64 addr, unsigned int id_bits)
{
	gicv5_irs_writel(FIELD_PREP(GICV5_IRS_IST_CFGR_LPI_ID_BITS, id_bits),
			 GICV5_IRS_IST_CFGR);
	gicv5_irs_writeq(addr | GICV5_IRS_IST_BASER_VALID, GICV5_IRS_IST_BASER);
	gicv5_irs_wait_idle(GICV5_IRS_IST_STATUSR, GICV5_IRS_STATUSR_IDLE);

	return gicv5_irs_readq(GICV5_IRS_IST_BASER) & GICV5_IRS_IST_BASER_VALID;
}

void gicv5_irs_disable_ist(void)
{
	gicv5_irs_writeq(0, GICV5_IRS_IST_BASER);
	gicv5_irs_wait_idle(GICV5_IRS_IST_STATUSR, GICV5_IRS_STATUSR_IDLE);

	GUEST_ASSERT(!(gicv5_irs_readq(GICV5_IRS_IST_BASER) & GICV5_IRS_IST_BASER_VALID));
}

void gicv5_ppi_priority_init(void)
{
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR0_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR1_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR2_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR3_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR4_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR5_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR6_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR7_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR8_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR9_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR10_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR11_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR12_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR13_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR14_EL1);
	write_sysreg_s(REPEAT_BYTE(GICV5_IRQ_DEFAULT_PRI), SYS_ICC_PPI_PRIORITYR15_EL1);

	/*
	 * Context syncronization required to make sure system register writes
	 * effects are synchronised.
	 */
	isb();
}

void gicv5_cpu_disable_interrupts(void)
{
	u64 cr0;

	cr0 = FIELD_PREP(ICC_CR0_EL1_EN, 0);
	write_sysreg_s(cr0, SYS_ICC_CR0_EL1);
	isb();
}

void gicv5_cpu_enable_interrupts(void)
{
	u64 cr0, pcr;

	write_sysreg_s(0, SYS_ICC_PPI_ENABLER0_EL1);
	write_sysreg_s(0, SYS_ICC_PPI_ENABLER1_EL1);

	gicv5_ppi_priority_init();

	pcr = FIELD_PREP(ICC_PCR_EL1_PRIORITY, GICV5_IRQ_DEFAULT_PRI);
	write_sysreg_s(pcr, SYS_ICC_PCR_EL1);

	cr0 = FIELD_PREP(ICC_CR0_EL1_EN, 1);
	write_sysreg_s(cr0, SYS_ICC_CR0_EL1);
	isb();
}

/* Route and enable an SPI or LPI that is not pending. */
void gicv5_irq_setup(u32 intid, u32 priority, u32 iaffid)
{
	gicv5_irq_set_priority(intid, priority);
	gicv5_irq_set_affinity(intid, iaffid);
	gicv5_irq_enable(intid);
	gsb_sys();
}

void gicv5_log_reset(struct gicv5_log *log)
{
	memset(log, 0, sizeof(*log));
}

static u32 *gicv5_log_counter(struct gicv5_log *log, u32 intid)
{
	u32 id = FIELD_GET(GICV5_INTID_ID, intid);

	switch (FIELD_GET(GICV5_INTID_TYPE, intid)) {
	case GICV5_TYPE_PPI:
		return id < GICV5_LOG_PPIS ? &log->ppi[id] : &log->other;
	case GICV5_TYPE_SPI:
		return id < GICV5_LOG_SPIS ? &log->spi[id] : &log->other;
	case GICV5_TYPE_LPI:
		return id < GICV5_LOG_LPIS ? &log->lpi[id] : &log->other;
	default:
		return &log->other;
	}
}

/*
 * Called by the vCPU that owns the log, with IRQs masked. The total comes last:
 * whoever waits for it to rise finds the rest complete.
 */
void gicv5_log_irq(u32 intid)
{
	struct gicv5_log *log = gicv5_this_log();
	u32 *counter;

	if (!intid) {
		WRITE_ONCE(log->spurious, log->spurious + 1);
		return;
	}

	counter = gicv5_log_counter(log, intid);
	WRITE_ONCE(*counter, *counter + 1);
	WRITE_ONCE(log->last, intid);
	smp_wmb();	/* the total says that the rest is there */
	WRITE_ONCE(log->total, log->total + 1);
}

u32 gicv5_log_count(const struct gicv5_log *log, u32 intid)
{
	return READ_ONCE(*gicv5_log_counter((struct gicv5_log *)log, intid));
}

/*
 * Of @nr_vcpus vCPUs, vCPU @vcpu has had @intid, @count times since the last
 * check, and besides that nobody has had anything.
 */
void gicv5_log_expect(u32 nr_vcpus, u32 vcpu, u32 intid, u32 count)
{
	struct gicv5_log *log = gicv5_log_of(vcpu);
	u32 v;

	guest_wait_for(READ_ONCE(log->total) >= count, GICV5_WAIT_USEC);
	udelay(GICV5_SETTLE_USEC);

	for (v = 0; v < nr_vcpus; v++) {
		log = gicv5_log_of(v);
		__GUEST_ASSERT(log->total == (v == vcpu ? count : 0),
			       "vCPU %u: %u interrupts, last 0x%x; want %u times 0x%x on vCPU %u",
			       v, log->total, log->last, count, intid, vcpu);
		GUEST_ASSERT_EQ(log->spurious, 0);
		if (v == vcpu && count) {
			GUEST_ASSERT_EQ(log->last, intid);
			GUEST_ASSERT_EQ(gicv5_log_count(log, intid), count);
		}
		gicv5_log_reset(log);
	}
}

/* A handler of VECTOR_IRQ_CURRENT that does nothing else. */
void gicv5_log_handler(struct ex_regs *regs)
{
	u32 intid = gicv5_irq_ack();

	gicv5_log_irq(intid);
	if (!intid)
		return;

	gicv5_irq_deactivate(intid);
	gicv5_irq_drop_priority();
}
