// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arm GICv5: the device around the model
 *
 * All of the architecture is in the library model/ (its header is the manual).
 * What is here carries things across the border and decides nothing:
 *
 *   system register or instruction -> gicv5_sysreg_*()   gicv5_cp_*()
 *   IRS frame                      -> gicv5_irs_*()      frame_*()
 *   wire                           -> gicv5_set_*pi()    *pi_in()
 *   callbacks of the model         -> address space, lines of the PEs, trace
 *
 * gicv5_test.c adds a frame for tests, if it is asked for.
 *
 * The model takes one call at a time. That lock is the BQL: the system registers
 * are ARM_CP_IO, and MMIO and wires come with it. gicv5_cp_access() alone runs
 * without; gicv5_sysreg_access() is made for that.
 *
 * No state is migrated: the device says so instead of losing interrupts.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "exec/address-spaces.h"
#include "system/qtest.h"
#include "system/tcg.h"
#include "hw/intc/intc.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "cpu.h"
#include "target/arm/cpregs.h"
#include "target/arm/cpu-features.h"
#include "target/arm/internals.h"
#include "arm_gicv5.h"
#include "gicv5_test.h"
#include "model/gicv5.h"
#include "trace.h"

OBJECT_DECLARE_SIMPLE_TYPE(ArmGICv5State, ARM_GICV5)

/* Lines of one PE, in the order of the sysbus outputs */
enum {
	LINE_IRQ,
	LINE_FIQ,
	LINE_VIRQ,
	LINE_VFIQ,
	LINE_NMI,
	LINE_VINMI,
	NR_LINES
};

/* What a system register knows about itself */
typedef struct ArmGICv5Reg {
	ArmGICv5State *s;
	uint32_t enc;
} ArmGICv5Reg;

typedef struct ArmGICv5PE {
	qemu_irq line[NR_LINES];
} ArmGICv5PE;

typedef struct ArmGICv5Frame {
	ArmGICv5State *s;
	enum gicv5_frame id;
	MemoryRegion mr;
} ArmGICv5Frame;

struct ArmGICv5State {
	SysBusDevice parent_obj;

	struct gicv5_config cfg;	/* properties are stored right here */
	MemoryRegion *memory;
	uint32_t busy_polls;
	uint32_t busy_groups;
	uint32_t log_mask;		/* besides what trace events ask for */
	bool dt_maintenance;		/* read by the board */
	bool test_frame;		/* and this */

	struct gicv5 *g;
	AddressSpace as;
	ArmGICv5Frame config, setlpi;
	GICv5Test test;
	ArmGICv5PE *pe;
	ArmGICv5Reg *reg;
};

/* ------------------------------------------------------------------------- */
/* Callbacks of the model                                                    */
/* ------------------------------------------------------------------------- */

/*
 * RAM only: a table that points at a device, our own frames among them, gets an
 * error and not an access.
 */
static const MemTxAttrs table_attrs = { .memory = 1 };

static int table_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	ArmGICv5State *s = opaque;

	return address_space_read(&s->as, addr, table_attrs, buf, len) != MEMTX_OK;
}

static int table_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	ArmGICv5State *s = opaque;

	return address_space_write(&s->as, addr, table_attrs, buf, len) != MEMTX_OK;
}

static void set_line(void *opaque, unsigned int pe, enum gicv5_line line, bool level)
{
	static const int line_of[GICV5_NR_LINES] = {
		[GICV5_LINE_IRQ] = LINE_IRQ,
		[GICV5_LINE_NMI] = LINE_NMI,
		[GICV5_LINE_VIRQ] = LINE_VIRQ,
		[GICV5_LINE_VINMI] = LINE_VINMI,
	};
	ArmGICv5State *s = opaque;

	qemu_set_irq(s->pe[pe].line[line_of[line]], level);
}

static void log_text(void *opaque, enum gicv5_log what, const char *text)
{
	switch (what) {
	case GICV5_LOG_WIRE:
		trace_gicv5_wire(text);
		break;
	case GICV5_LOG_STATE:
		trace_gicv5_state(text);
		break;
	case GICV5_LOG_CPUIF:
		trace_gicv5_cpuif(text);
		break;
	case GICV5_LOG_LINE:
		trace_gicv5_line(text);
		break;
	case GICV5_LOG_SYSREG:
		trace_gicv5_sysreg(text);
		break;
	case GICV5_LOG_MMIO:
		trace_gicv5_mmio(text);
		break;
	case GICV5_LOG_TABLE:
		trace_gicv5_table(text);
		break;
	case GICV5_LOG_VIRT:
		trace_gicv5_virt(text);
		break;
	case GICV5_LOG_STRICT:
		trace_gicv5_strict(text);
		warn_report("gicv5 strict: %s", text);
		break;
	default:
		break;
	}
}

/* Making the text costs time, so the model is told which classes are wanted. */
static uint32_t wanted_logs(ArmGICv5State *s)
{
	uint32_t mask = s->log_mask | BIT(GICV5_LOG_STRICT);

#define WANT(class, event) \
	(trace_event_get_state_backends(TRACE_GICV5_##event) ? BIT(class) : 0)
	mask |= WANT(GICV5_LOG_WIRE, WIRE);
	mask |= WANT(GICV5_LOG_STATE, STATE);
	mask |= WANT(GICV5_LOG_CPUIF, CPUIF);
	mask |= WANT(GICV5_LOG_LINE, LINE);
	mask |= WANT(GICV5_LOG_SYSREG, SYSREG);
	mask |= WANT(GICV5_LOG_MMIO, MMIO);
	mask |= WANT(GICV5_LOG_TABLE, TABLE);
	mask |= WANT(GICV5_LOG_VIRT, VIRT);
#undef WANT
	return mask;
}

/* ------------------------------------------------------------------------- */
/* System registers and instructions                                         */
/* ------------------------------------------------------------------------- */

static struct gicv5_cpu_ctx pe_ctx(CPUARMState *env)
{
	uint64_t hcr = arm_hcr_el2_eff(env);
	unsigned int el = arm_current_el(env);

	return (struct gicv5_cpu_ctx) {
		.el = el,
		.el2_enabled = arm_is_el2_enabled(env),
		.imo = hcr & HCR_IMO,
		.nmi = el && (env->cp15.sctlr_el[el] & SCTLR_NMI),
		.nv = hcr & HCR_NV,
		.nv1 = (hcr & HCR_NV) && (hcr & HCR_NV1),
	};
}

/*
 * Translated code is shared by the PEs, so ri->opaque can only say which register
 * it is; which PE comes from env.
 */
static unsigned int pe_of(CPUARMState *env)
{
	return env_cpu(env)->cpu_index;
}

static CPAccessResult gicv5_cp_access(CPUARMState *env, const ARMCPRegInfo *ri, bool isread)
{
	const ArmGICv5Reg *reg = ri->opaque;
	struct gicv5_cpu_ctx ctx = pe_ctx(env);

	switch (gicv5_sysreg_access(reg->s->g, pe_of(env), &ctx, reg->enc, !isread)) {
	case GICV5_ACCESS_OK:
		return CP_ACCESS_OK;
	case GICV5_ACCESS_TRAP_EL2:
		return CP_ACCESS_TRAP_EL2;
	default:
		return CP_ACCESS_UNDEFINED;
	}
}

static uint64_t gicv5_cp_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
	const ArmGICv5Reg *reg = ri->opaque;
	struct gicv5_cpu_ctx ctx = pe_ctx(env);

	return gicv5_sysreg_read(reg->s->g, pe_of(env), &ctx, reg->enc);
}

static void gicv5_cp_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
	const ArmGICv5Reg *reg = ri->opaque;
	struct gicv5_cpu_ctx ctx = pe_ctx(env);

	gicv5_sysreg_write(reg->s->g, pe_of(env), &ctx, reg->enc, value);
}

/* ICH_CONTEXTR_EL2 when there is a test frame */
static void gicv5_cp_write_contextr(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
	const ArmGICv5Reg *reg = ri->opaque;
	struct gicv5_cpu_ctx ctx = pe_ctx(env);

	gicv5_test_write_contextr(&reg->s->test, pe_of(env), &ctx, value);
}

/*
 * Reset of a PE (power on through PSCI, too) forgets the levels of its inputs.
 * The model reports all of them. One register has this function for the PE.
 */
static void gicv5_cp_reset(CPUARMState *env, const ARMCPRegInfo *ri)
{
	const ArmGICv5Reg *reg = ri->opaque;

	gicv5_reset_pe(reg->s->g, pe_of(env));
}

static void define_reg(ARMCPU *cpu, const struct gicv5_sysreg *row, ArmGICv5Reg *reg)
{
	bool el2 = row->flags & GICV5_SR_EL2;
	int access = 0;

	if (row->flags & GICV5_SR_R) {
		access |= el2 ? PL2_R : PL1_R;
	}
	if (row->flags & GICV5_SR_W) {
		access |= el2 ? PL2_W : PL1_W;
	}

	ARMCPRegInfo ri = {
		.name = row->name,
		.state = ARM_CP_STATE_AA64,
		.opc0 = row->op0, .opc1 = row->op1,
		.crn = row->crn, .crm = row->crm, .opc2 = row->op2,
		.access = access,
		.nv2_redirect_offset = row->vncr,
	};

	if (row->flags & GICV5_SR_NOP) {
		ri.type = ARM_CP_NOP;
	} else {
		ri.type = ARM_CP_IO | ARM_CP_NO_RAW;
		ri.accessfn = gicv5_cp_access;
		ri.readfn = (row->flags & GICV5_SR_R) ? gicv5_cp_read : NULL;
		ri.writefn = (row->flags & GICV5_SR_W) ? gicv5_cp_write : arm_cp_write_ignore;
		if (reg->s->test_frame && reg->enc == GICV5_TEST_CONTEXTR) {
			ri.writefn = gicv5_cp_write_contextr;
		}
		if (reg->enc == GICV5_ENC(3, 1, 12, 0, 1)) {	/* ICC_CR0_EL1 */
			ri.resetfn = gicv5_cp_reset;
		} else {
			ri.resetfn = arm_cp_reset_ignore;
		}
	}
	define_one_arm_cp_reg_with_opaque(cpu, &ri, reg);
}

static CPAccessResult access_id(CPUARMState *env, const ARMCPRegInfo *ri, bool isread)
{
	if (arm_current_el(env) < 2 && (arm_hcr_el2_eff(env) & HCR_TID3)) {
		return CP_ACCESS_TRAP_EL2;
	}
	return CP_ACCESS_OK;
}

/* ID_AA64PFR2_EL1.GCIE = 1; the trap by HCR_EL2.TID3 stays. */
static void define_pfr2(ARMCPU *cpu)
{
	const ARMCPRegInfo *old =
		get_arm_cp_reginfo(cpu->cp_regs,
				   ENCODE_AA64_CP_REG(CP_REG_ARM64_SYSREG_CP, 0, 4, 3, 0, 2));
	ARMCPRegInfo ri = {
		.name = "ID_AA64PFR2_EL1",
		.state = ARM_CP_STATE_AA64,
		.opc0 = 3, .opc1 = 0, .crn = 0, .crm = 4, .opc2 = 2,
		.access = PL1_R,
		.accessfn = access_id,
		.type = ARM_CP_CONST | ARM_CP_OVERRIDE,
		.resetvalue = (old ? old->resetvalue : 0) | 1 << 12,
	};

	define_one_arm_cp_reg(cpu, &ri);
}

/* Only HCR_EL2.{NV,NV1} matter to the model. */
static void el_changed(ARMCPU *cpu, void *opaque)
{
	ArmGICv5State *s = opaque;
	struct gicv5_cpu_ctx ctx = pe_ctx(&cpu->env);

	gicv5_pe_context_changed(s->g, pe_of(&cpu->env), &ctx);
}

static void define_cpuif(ArmGICv5State *s)
{
	size_t nr_rows;
	const struct gicv5_sysreg *rows = gicv5_sysreg_list(&nr_rows);

	s->reg = g_new0(ArmGICv5Reg, nr_rows);
	for (size_t i = 0; i < nr_rows; i++) {
		s->reg[i].s = s;
		s->reg[i].enc = GICV5_ENC(rows[i].op0, rows[i].op1, rows[i].crn,
					  rows[i].crm, rows[i].op2);
	}
	for (unsigned int n = 0; n < s->cfg.nr_pes; n++) {
		ARMCPU *cpu = ARM_CPU(qemu_get_cpu(n));

		for (size_t i = 0; i < nr_rows; i++) {
			if (s->cfg.el2 || !(rows[i].flags & GICV5_SR_NEEDS_EL2)) {
				define_reg(cpu, &rows[i], &s->reg[i]);
			}
		}
		define_pfr2(cpu);
		if (s->cfg.el2 && cpu_isar_feature(aa64_nv, cpu)) {
			arm_register_el_change_hook(cpu, el_changed, s);
		}
	}
}

/* ------------------------------------------------------------------------- */
/* Frames and wires                                                          */
/* ------------------------------------------------------------------------- */

static uint64_t frame_read(void *opaque, hwaddr offset, unsigned int size)
{
	ArmGICv5Frame *f = opaque;

	return gicv5_irs_read(f->s->g, f->id, offset, size);
}

static void frame_write(void *opaque, hwaddr offset, uint64_t value, unsigned int size)
{
	ArmGICv5Frame *f = opaque;

	gicv5_irs_write(f->s->g, f->id, offset, size, value);
}

/* Accesses of a wrong size or alignment are RAZ/WI and reach the model, too. */
static const MemoryRegionOps frame_ops = {
	.read = frame_read,
	.write = frame_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
	.impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static void init_frame(ArmGICv5State *s, ArmGICv5Frame *f, enum gicv5_frame id,
		       const char *name)
{
	f->s = s;
	f->id = id;
	memory_region_init_io(&f->mr, OBJECT(s), &frame_ops, f, name, GICV5_FRAME_SIZE);
	sysbus_init_mmio(SYS_BUS_DEVICE(s), &f->mr);
}

static void spi_in(void *opaque, int n, int level)
{
	ArmGICv5State *s = opaque;

	gicv5_set_spi(s->g, s->cfg.spi_base + n, level);
}

static void ppi_in(void *opaque, int n, int level)
{
	ArmGICv5State *s = opaque;

	gicv5_set_ppi(s->g, n / ARM_GICV5_NR_PPIS, n % ARM_GICV5_NR_PPIS, level);
}

/* ------------------------------------------------------------------------- */
/* Looking inside: "info pic" of the monitor                                 */
/* ------------------------------------------------------------------------- */

static void dump_line(void *arg, const char *line)
{
	g_string_append_printf(arg, "%s\n", line);
}

static void arm_gicv5_print_info(InterruptStatsProvider *obj, GString *buf)
{
	ArmGICv5State *s = ARM_GICV5(obj);
	struct gicv5_stats st;

	gicv5_dump(s->g, dump_line, buf);
	gicv5_get_stats(s->g, &st);
	g_string_append_printf(buf, "acknowledged: physical %" PRIu64 " virtual %" PRIu64
			       "; events %" PRIu64 "\n", st.acks, st.vacks, st.events);
	g_string_append_printf(buf, "doorbells %" PRIu64 " residencies %" PRIu64
			       " failed %" PRIu64 "\n",
			       st.doorbells, st.residencies, st.residency_faults);
	g_string_append_printf(buf, "table reads %" PRIu64 " writes %" PRIu64 " errors %" PRIu64
			       " rescans %" PRIu64 "; strict reports %" PRIu64 "\n",
			       st.mem_reads, st.mem_writes, st.mem_errors, st.rescans,
			       st.strict);
}

/* ------------------------------------------------------------------------- */
/* Life                                                                      */
/* ------------------------------------------------------------------------- */

/* What the properties say; @old_groups: those that may be busy now. */
static void set_busy_polls(ArmGICv5State *s, uint32_t old_groups)
{
	gicv5_set_busy_polls(s->g, old_groups & ~s->busy_groups, 0, 0);
	gicv5_set_busy_polls(s->g, s->busy_groups, 0, s->busy_polls);
}

static void arm_gicv5_reset_hold(Object *obj, ResetType type)
{
	ArmGICv5State *s = ARM_GICV5(obj);

	gicv5_set_log_mask(s->g, wanted_logs(s));
	if (s->test_frame) {
		gicv5_test_reset(&s->test);
		set_busy_polls(s, ~0u);
	}
	gicv5_reset(s->g);
}

/* All PEs are there, are alike, and have what FEAT_GCIE needs. */
static bool check_cpus(ArmGICv5State *s, Error **errp)
{
	for (unsigned int n = 0; n < s->cfg.nr_pes; n++) {
		CPUState *cs = qemu_get_cpu(n);

		if (!cs) {
			error_setg(errp, "num-cpus is %u, but there is no CPU %u",
				   s->cfg.nr_pes, n);
			return false;
		}
		if (!arm_feature(&ARM_CPU(cs)->env, ARM_FEATURE_AARCH64) ||
		    !cpu_isar_feature(aa64_nmi, ARM_CPU(cs))) {
			error_setg(errp, "GICv5 needs an AArch64 CPU with FEAT_NMI");
			error_append_hint(errp, "Use -cpu max.\n");
			return false;
		}
		if (arm_feature(&ARM_CPU(cs)->env, ARM_FEATURE_EL3)) {
			error_setg(errp, "GICv5 with EL3 is not supported");
			return false;
		}
	}
	return true;
}

static void arm_gicv5_realize(DeviceState *dev, Error **errp)
{
	ArmGICv5State *s = ARM_GICV5(dev);
	ARMCPU *cpu0;
	const char *wrong;

	if (!tcg_enabled() && !qtest_enabled()) {
		error_setg(errp, "GICv5 is emulated by TCG only");
		return;
	}
	if (!s->memory) {
		error_setg(errp, "the link property 'memory' is not set");
		return;
	}
	if (!check_cpus(s, errp)) {
		return;
	}

	cpu0 = ARM_CPU(qemu_get_cpu(0));
	s->cfg.el2 = arm_feature(&cpu0->env, ARM_FEATURE_EL2);
	if (!s->cfg.el2) {
		s->cfg.virt = false;
	}
	if (!s->cfg.pa_bits) {
		s->cfg.pa_bits = arm_pamax(cpu0);
	}
	s->cfg.ops = (struct gicv5_ops) {
		.mem_read = table_read,
		.mem_write = table_write,
		.set_line = set_line,
		.log = log_text,
	};
	s->cfg.opaque = s;
	s->cfg.log_mask = wanted_logs(s);

	wrong = gicv5_config_error(&s->cfg);
	if (wrong) {
		error_setg(errp, "GICv5 configuration: %s", wrong);
		return;
	}
	s->g = gicv5_create(&s->cfg);
	if (!s->g) {
		error_setg(errp, "GICv5: not enough memory");
		return;
	}
	gicv5_set_busy_polls(s->g, s->busy_groups, 0, s->busy_polls);

	address_space_init(&s->as, s->memory, "gicv5-tables");
	init_frame(s, &s->config, GICV5_FRAME_CONFIG, "gicv5-irs-config");
	init_frame(s, &s->setlpi, GICV5_FRAME_SETLPI, "gicv5-irs-setlpi");
	if (s->test_frame) {
		gicv5_test_init(&s->test, OBJECT(s), s->g);
		sysbus_init_mmio(SYS_BUS_DEVICE(s), &s->test.mr);
	}
	qdev_init_gpio_in(dev, spi_in, s->cfg.nr_spis);
	qdev_init_gpio_in_named(dev, ppi_in, ARM_GICV5_PPI_IN,
				s->cfg.nr_pes * ARM_GICV5_NR_PPIS);

	s->pe = g_new0(ArmGICv5PE, s->cfg.nr_pes);
	for (unsigned int line = 0; line < NR_LINES; line++) {
		for (unsigned int n = 0; n < s->cfg.nr_pes; n++) {
			sysbus_init_irq(SYS_BUS_DEVICE(s), &s->pe[n].line[line]);
		}
	}
	define_cpuif(s);
}

/* ------------------------------------------------------------------------- */
/* Properties                                                                */
/* ------------------------------------------------------------------------- */

/* The defaults are the library's. */
static void arm_gicv5_init(Object *obj)
{
	ArmGICv5State *s = ARM_GICV5(obj);

	gicv5_config_init(&s->cfg);
	s->cfg.pa_bits = 0;	/* that of the CPU */
	s->busy_groups = BIT(GICV5_NR_GROUPS) - 1;
}

#define CFG_U32(name, field) \
	DEFINE_PROP_UNSIGNED_NODEFAULT(name, ArmGICv5State, cfg.field, qdev_prop_uint32, uint32_t)
#define CFG_U64(name, field) \
	DEFINE_PROP_UNSIGNED_NODEFAULT(name, ArmGICv5State, cfg.field, qdev_prop_uint64, uint64_t)
#define CFG_BOOL(name, field) \
	DEFINE_PROP(name, ArmGICv5State, cfg.field, qdev_prop_bool, bool)

static const Property arm_gicv5_properties[] = {
	DEFINE_PROP_LINK("memory", ArmGICv5State, memory, TYPE_MEMORY_REGION, MemoryRegion *),
	DEFINE_PROP_BOOL("dt-maintenance", ArmGICv5State, dt_maintenance, true),
	DEFINE_PROP_BOOL("test-frame", ArmGICv5State, test_frame, false),
	CFG_U32("num-cpus", nr_pes),
	CFG_U32("num-spi", nr_spis),
	CFG_BOOL("virt", virt),
	CFG_U32("pa-bits", pa_bits),
	CFG_U32("pri-bits", pri_bits),
	CFG_U32("icc-pri-bits", icc_pri_bits),
	CFG_U32("icc-id-bits", icc_id_bits),
	CFG_U32("iaffid-bits", iaffid_bits),
	CFG_U64("ppi-0-63", ppi[0]),
	CFG_U64("ppi-64-127", ppi[1]),
	CFG_BOOL("setlpi", setlpi),
	CFG_BOOL("swe", swe),
	CFG_U32("id-bits", id_bits),
	CFG_U32("min-lpi-id-bits", min_lpi_id_bits),
	CFG_BOOL("ist-levels", ist_levels),
	CFG_U32("ist-l2sz", ist_l2sz),
	CFG_BOOL("istmd", istmd),
	CFG_U32("istmd-sz", istmd_sz),
	CFG_U32("vm-id-bits", vm_id_bits),
	CFG_BOOL("vmt-levels", vmt_levels),
	CFG_BOOL("vmd", vmd),
	CFG_U32("vmd-sz", vmd_sz),
	CFG_U32("vped-sz", vped_sz),
	CFG_U32("vpe-id-bits", vpe_id_bits),
	CFG_U32("max-vcandidates", max_vcandidates),
	CFG_BOOL("hostile-cache", hostile_cache),
};

static const char *const strict_names[] = {
	[GICV5_STRICT_OFF] = "off",
	[GICV5_STRICT_REPORT] = "report",
	[GICV5_STRICT_ABORT] = "abort",
};

static const QEnumLookup strict_lookup = {
	.array = strict_names,
	.size = ARRAY_SIZE(strict_names),
};

static int get_strict(Object *obj, Error **errp)
{
	return ARM_GICV5(obj)->cfg.strict;
}

static void set_strict(Object *obj, int value, Error **errp)
{
	if (ARM_GICV5(obj)->g) {
		error_setg(errp, "strict cannot be changed while the machine runs");
		return;
	}
	ARM_GICV5(obj)->cfg.strict = value;
}

/* Properties that may be changed while the machine runs (qom-set) */
typedef struct RunProperty {
	const char *name;
	const char *description;
	size_t offset;
} RunProperty;

static const RunProperty run_properties[] = {
	{ "busy-polls", "IDLE reads 0 that many times after an operation starts",
	  offsetof(ArmGICv5State, busy_polls) },
	{ "busy-groups", "which IDLE bits busy-polls acts on",
	  offsetof(ArmGICv5State, busy_groups) },
	{ "log-mask", "classes to log besides those of enabled trace events",
	  offsetof(ArmGICv5State, log_mask) },
};

static uint32_t *run_value(Object *obj, void *opaque)
{
	const RunProperty *p = opaque;

	return (void *)((char *)ARM_GICV5(obj) + p->offset);
}

static void get_run(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	visit_type_uint32(v, name, run_value(obj, opaque), errp);
}

static void set_run(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	ArmGICv5State *s = ARM_GICV5(obj);
	uint32_t old_groups = s->busy_groups;

	if (!visit_type_uint32(v, name, run_value(obj, opaque), errp) || !s->g) {
		return;
	}
	set_busy_polls(s, old_groups);
	gicv5_set_log_mask(s->g, wanted_logs(s));
}

static const VMStateDescription vmstate_arm_gicv5 = {
	.name = TYPE_ARM_GICV5,
	.unmigratable = 1,
};

static void arm_gicv5_class_init(ObjectClass *oc, void *data)
{
	DeviceClass *dc = DEVICE_CLASS(oc);
	ResettableClass *rc = RESETTABLE_CLASS(oc);
	InterruptStatsProviderClass *ic = INTERRUPT_STATS_PROVIDER_CLASS(oc);

	dc->desc = "Arm GICv5: CPU interfaces and one IRS";
	dc->realize = arm_gicv5_realize;
	dc->vmsd = &vmstate_arm_gicv5;
	dc->user_creatable = false;
	rc->phases.hold = arm_gicv5_reset_hold;
	ic->print_info = arm_gicv5_print_info;
	device_class_set_props(dc, arm_gicv5_properties);
	object_class_property_add_enum(oc, "strict", "GICv5Strict", &strict_lookup,
				       get_strict, set_strict);
	for (size_t i = 0; i < ARRAY_SIZE(run_properties); i++) {
		object_class_property_add(oc, run_properties[i].name, "uint32", get_run, set_run,
					  NULL, (void *)&run_properties[i]);
		object_class_property_set_description(oc, run_properties[i].name,
						      run_properties[i].description);
	}
}

static const TypeInfo arm_gicv5_info = {
	.name = TYPE_ARM_GICV5,
	.parent = TYPE_SYS_BUS_DEVICE,
	.instance_size = sizeof(ArmGICv5State),
	.instance_init = arm_gicv5_init,
	.class_init = arm_gicv5_class_init,
	.interfaces = (InterfaceInfo[]) {
		{ TYPE_INTERRUPT_STATS_PROVIDER },
		{ },
	},
};

static void arm_gicv5_register_types(void)
{
	type_register_static(&arm_gicv5_info);
}

type_init(arm_gicv5_register_types)
