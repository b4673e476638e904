// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arm GICv5: a frame of registers for tests of a hypervisor
 *
 * Everything is done through the public functions of the model: it does not know
 * of this frame. All that is here runs under the BQL.
 */

#include "qemu/osdep.h"
#include "gicv5_test.h"

/* Offsets. Every register has 64 bits; a 32-bit write is zero-extended. */
enum {
	R_ID = 0x000,
	R_BUSY = 0x008,
	R_SPI_WIRE = 0x010,
	R_FAIL_RESIDENCY = 0x018,
	R_BUSY_SKIP = 0x020,
	R_LOSE_DOORBELLS = 0x028,
	R_TRIG_IRQ = 0x040,
	R_TRIG_CONTROL = 0x048,
	R_TRIG_DELAY = 0x050,
	R_TRIG_FIRED = 0x058,
	R_LAST_LOAD = 0x080,
	R_LAST_PUT = 0x088,
	R_PUTS = 0x090,
	R_PUTS_DB = 0x098,
	R_VPE_SELECT = 0x0c0,
	R_VPE_STATE = 0x0c8,
	R_STATS = 0x100,	/* struct gicv5_stats, in its order */
};

#define ID_VALUE	UINT64_C(0x7473657435636967)	/* "gic5test" */

#define BUSY_POLLS	MAKE_64BIT_MASK(0, 32)
#define SPI_WIRE_ID	MAKE_64BIT_MASK(0, 24)
#define SPI_WIRE_LEVEL	BIT_ULL(31)

#define CONTROL_WHEN	MAKE_64BIT_MASK(0, 2)
#define WHEN_BEFORE	1
#define WHEN_AFTER	2
#define WHEN_DELAYED	3
#define CONTROL_ON_LOAD	BIT_ULL(8)
#define CONTROL_ONLY_DB	BIT_ULL(9)
#define CONTROL_OWN_VM	BIT_ULL(10)
#define CONTROL_ONLY_VM	BIT_ULL(11)
#define CONTROL_SKIP	MAKE_64BIT_MASK(32, 16)
#define CONTROL_BITS	(CONTROL_WHEN | CONTROL_ON_LOAD | CONTROL_ONLY_DB | \
			 CONTROL_OWN_VM | CONTROL_ONLY_VM | CONTROL_SKIP)

/* ICH_CONTEXTR_EL2, and the operand of GIC VDPEND */
#define CONTEXTR_V	BIT_ULL(63)
#define CONTEXTR_F	BIT_ULL(62)
#define CONTEXTR_DB	BIT_ULL(60)
#define CONTEXTR_DBPM	MAKE_64BIT_MASK(55, 5)
#define CONTEXTR_IDS	(MAKE_64BIT_MASK(32, 16) | MAKE_64BIT_MASK(0, 16))
#define VDPEND_VM	MAKE_64BIT_MASK(32, 16)

/* ------------------------------------------------------------------------- */
/* The trigger                                                               */
/* ------------------------------------------------------------------------- */

/*
 * Does a write match? @now is CONTEXTR before it. The VPE that a match is about
 * comes with the write that loads it, and stands in @now when it is put.
 */
static bool matches(GICv5Test *t, uint64_t now, uint64_t value)
{
	bool load = value & CONTEXTR_V;
	uint64_t vm = (load ? value : now) & 0xffff;

	if (!(t->control & CONTROL_WHEN) || load != !!(t->control & CONTROL_ON_LOAD)) {
		return false;
	}
	if (!load && (now & (CONTEXTR_V | CONTEXTR_F)) != CONTEXTR_V) {
		return false;
	}
	if ((t->control & CONTROL_ONLY_DB) && !(value & CONTEXTR_DB)) {
		return false;
	}
	return !(t->control & CONTROL_ONLY_VM) || vm == (t->irq & VDPEND_VM) >> 32;
}

static void pend(GICv5Test *t)
{
	t->fired++;
	gicv5_pend_virtual(t->g, t->due);
}

static void timer_ends(void *opaque)
{
	pend(opaque);
}

/* A match: it fires once and is then off. True: @due is for after the write. */
static bool fire(GICv5Test *t, uint64_t vm)
{
	unsigned int when = t->control & CONTROL_WHEN;

	if (t->control & CONTROL_SKIP) {
		t->control -= BIT_ULL(32);
		return false;
	}
	t->due = t->irq;
	if (t->control & CONTROL_OWN_VM) {
		t->due = (t->due & ~VDPEND_VM) | vm << 32;
	}
	t->control &= ~CONTROL_WHEN;
	if (when == WHEN_BEFORE) {
		pend(t);
	} else if (when == WHEN_DELAYED) {
		timer_mod(t->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + t->delay);
	}
	return when == WHEN_AFTER;
}

void gicv5_test_write_contextr(GICv5Test *t, unsigned int pe, const struct gicv5_cpu_ctx *ctx,
			       uint64_t value)
{
	uint64_t now = gicv5_sysreg_read(t->g, pe, ctx, GICV5_TEST_CONTEXTR);
	uint64_t vm = (value & CONTEXTR_V ? value : now) & 0xffff;
	bool was_resident = (now & (CONTEXTR_V | CONTEXTR_F)) == CONTEXTR_V;
	bool after = false;

	if (matches(t, now, value)) {
		after = fire(t, vm);
	}
	gicv5_sysreg_write(t->g, pe, ctx, GICV5_TEST_CONTEXTR, value);
	if (value & CONTEXTR_V) {
		t->last_load = gicv5_sysreg_read(t->g, pe, ctx, GICV5_TEST_CONTEXTR);
	} else if (was_resident) {
		t->last_put = (now & CONTEXTR_IDS) | (value & (CONTEXTR_DB | CONTEXTR_DBPM));
		t->puts++;
		t->puts_db += !!(value & CONTEXTR_DB);
	}
	if (after) {
		pend(t);
	}
}

/* ------------------------------------------------------------------------- */
/* Registers                                                                 */
/* ------------------------------------------------------------------------- */

static uint64_t vpe_state(GICv5Test *t)
{
	struct gicv5_vpe_state s;

	gicv5_get_vpe(t->g, t->select & 0xffff, t->select >> 32 & 0xffff, &s);
	return s.vm_valid | s.lpi_ist << 1 | s.spi_ist << 2 | s.valid << 3 |
	       s.resident << 4 | s.dbv << 5 | s.req << 6 | s.pending << 7 |
	       s.dbpm << 8 | s.pe << 16 | (uint64_t)s.db_lpi << 32;
}

static uint64_t statistic(GICv5Test *t, unsigned int n)
{
	struct gicv5_stats stats;
	uint64_t value;

	if (n >= sizeof(stats) / sizeof(value)) {
		return 0;
	}
	gicv5_get_stats(t->g, &stats);
	memcpy(&value, (char *)&stats + n * sizeof(value), sizeof(value));
	return value;
}

static uint64_t reg_read(GICv5Test *t, hwaddr offset)
{
	switch (offset) {
	case R_ID:
		return ID_VALUE;
	case R_BUSY:
		return t->busy;
	case R_BUSY_SKIP:
		return t->busy_skip;
	case R_SPI_WIRE:
		return t->spi_wire;
	case R_FAIL_RESIDENCY:
		return t->fail_residency;
	case R_LOSE_DOORBELLS:
		return t->lose_doorbells;
	case R_TRIG_IRQ:
		return t->irq;
	case R_TRIG_CONTROL:
		return t->control;
	case R_TRIG_DELAY:
		return t->delay;
	case R_TRIG_FIRED:
		return t->fired;
	case R_LAST_LOAD:
		return t->last_load;
	case R_LAST_PUT:
		return t->last_put;
	case R_PUTS:
		return t->puts;
	case R_PUTS_DB:
		return t->puts_db;
	case R_VPE_SELECT:
		return t->select;
	case R_VPE_STATE:
		return vpe_state(t);
	default:
		return offset >= R_STATS ? statistic(t, (offset - R_STATS) / 8) : 0;
	}
}

static uint64_t test_read(void *opaque, hwaddr offset, unsigned int size)
{
	return reg_read(opaque, offset & ~7) >> 8 * (offset & 4);
}

static void test_write(void *opaque, hwaddr offset, uint64_t value, unsigned int size)
{
	GICv5Test *t = opaque;

	switch (offset) {
	case R_BUSY:
		t->busy = value;
		gicv5_set_busy_polls(t->g, value >> 32, t->busy_skip, value & BUSY_POLLS);
		break;
	case R_BUSY_SKIP:
		t->busy_skip = value & BUSY_POLLS;
		break;
	case R_SPI_WIRE:
		t->spi_wire = value;
		gicv5_set_spi(t->g, value & SPI_WIRE_ID, value & SPI_WIRE_LEVEL);
		break;
	case R_FAIL_RESIDENCY:
		t->fail_residency = value;
		gicv5_fail_residency(t->g, value);
		break;
	case R_LOSE_DOORBELLS:
		t->lose_doorbells = value;
		gicv5_lose_doorbells(t->g, value);
		break;
	case R_TRIG_IRQ:
		t->irq = value;
		break;
	case R_TRIG_CONTROL:
		t->control = value & CONTROL_BITS;
		timer_del(t->timer);
		break;
	case R_TRIG_DELAY:
		t->delay = value;
		break;
	case R_VPE_SELECT:
		t->select = value;
		break;
	default:
		break;
	}
}

static const MemoryRegionOps test_ops = {
	.read = test_read,
	.write = test_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 4, .max_access_size = 8 },
	.impl = { .min_access_size = 4, .max_access_size = 8 },
};

/* ------------------------------------------------------------------------- */
/* Life                                                                      */
/* ------------------------------------------------------------------------- */

void gicv5_test_init(GICv5Test *t, Object *owner, struct gicv5 *g)
{
	t->g = g;
	t->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_ends, t);
	memory_region_init_io(&t->mr, owner, &test_ops, t, "gicv5-test", GICV5_TEST_SIZE);
}

/* Nothing is armed; counters go on. What busy_polls is at reset, the device says. */
void gicv5_test_reset(GICv5Test *t)
{
	timer_del(t->timer);
	t->busy = t->busy_skip = t->fail_residency = t->lose_doorbells = 0;
	t->irq = t->control = t->delay = t->select = 0;
	gicv5_fail_residency(t->g, 0);
	gicv5_lose_doorbells(t->g, 0);
}
