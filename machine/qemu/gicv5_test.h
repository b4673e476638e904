/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm GICv5: a frame of registers for tests of a hypervisor
 *
 * Software under test turns the model's knobs with it while it runs, looks at
 * what the IRS knows, and lets interrupts arrive at exact points of its own
 * work. docs/qemu.md describes the registers. The device has the frame only if
 * it is asked for (arm-gicv5.test-frame=on).
 */
#ifndef HW_INTC_GICV5_TEST_H
#define HW_INTC_GICV5_TEST_H

#include "exec/memory.h"
#include "qemu/timer.h"
#include "model/gicv5.h"

#define GICV5_TEST_SIZE 0x1000
#define GICV5_TEST_CONTEXTR GICV5_ENC(3, 4, 12, 11, 6)	/* ICH_CONTEXTR_EL2 */

typedef struct GICv5Test {
	struct gicv5 *g;
	MemoryRegion mr;
	QEMUTimer *timer;

	uint64_t busy, busy_skip, spi_wire, fail_residency, lose_doorbells;	/* as last written */
	uint64_t irq, control, delay;			/* the trigger */
	uint64_t fired;
	uint64_t due;			/* operand of VDPEND when it fires */
	uint64_t last_load, last_put;
	uint64_t puts, puts_db;
	uint64_t select;		/* VPE that VPE_STATE shows */
} GICv5Test;

void gicv5_test_init(GICv5Test *t, Object *owner, struct gicv5 *g);
void gicv5_test_reset(GICv5Test *t);

/* In the place of gicv5_sysreg_write() for ICH_CONTEXTR_EL2 */
void gicv5_test_write_contextr(GICv5Test *t, unsigned int pe, const struct gicv5_cpu_ctx *ctx,
			       uint64_t value);

#endif
