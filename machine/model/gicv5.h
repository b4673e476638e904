/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gicv5.h - a functional model of Arm GICv5, with virtualization
 *
 * One interrupt domain (Non-secure), any number of PEs, one IRS with its config
 * frame and its SETLPI frame: the CPU interface at EL1 and EL2, the GIC
 * instructions, SPIs, physical and virtual LPIs, virtual SPIs, VM and VPE
 * tables, residency and VPE doorbells.
 *
 * The model is a state machine. It has no thread, no clock and no I/O: whatever
 * happens, happens inside a call, and is complete when the call returns. What it
 * needs of the world is four callbacks (struct gicv5_ops). It allocates once, in
 * gicv5_create(), an amount given by the configuration alone.
 *
 * Rules for the caller:
 *  - one call at a time (gicv5_sysreg_access() is the exception, see there);
 *  - callbacks must not call back into the model. When a memory callback ends
 *    up at an IRS frame after all (a table that points there), the frame access
 *    reads as zero and is ignored: there is no recursion;
 *  - PEs are numbered 0 .. nr_pes-1, and that number is the PE's IAFFID;
 *  - an SPI's wire has the number of its INTID.ID.
 */
#ifndef GICV5_H
#define GICV5_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct gicv5 - the model. Opaque; made by gicv5_create(). */
struct gicv5;

/* ------------------------------------------------------------------------- */
/* Outside world                                                             */
/* ------------------------------------------------------------------------- */

/**
 * enum gicv5_line - outputs of the model to a PE
 * @GICV5_LINE_IRQ: physical interrupt, without Superpriority
 * @GICV5_LINE_NMI: physical interrupt with Superpriority (priority 0)
 * @GICV5_LINE_VIRQ: virtual interrupt, without Superpriority
 * @GICV5_LINE_VINMI: virtual interrupt with Superpriority
 * @GICV5_NR_LINES: number of lines
 *
 * At most one of IRQ and NMI is high, and at most one of VIRQ and VINMI. The
 * lines say "there is a highest priority pending interrupt (HPPI) of sufficient
 * priority"; they do not depend on the Exception level. Whether the PE takes
 * the exception (PSTATE, HCR_EL2.{IMO,TGE}, SCTLR_ELx.NMI) is the PE's
 * business: with SCTLR_ELx.NMI = 0 it treats NMI as IRQ and VINMI as VIRQ.
 */
enum gicv5_line {
	GICV5_LINE_IRQ,
	GICV5_LINE_NMI,
	GICV5_LINE_VIRQ,
	GICV5_LINE_VINMI,
	GICV5_NR_LINES
};

/**
 * enum gicv5_log - classes of log lines; a mask of BIT(class) selects them
 * @GICV5_LOG_WIRE: a wire, MSI or SETLPIR event arrives
 * @GICV5_LOG_STATE: the state of an interrupt changes
 * @GICV5_LOG_CPUIF: acknowledge, priority drop, deactivate
 * @GICV5_LOG_LINE: an output to a PE changes
 * @GICV5_LOG_SYSREG: system register accesses
 * @GICV5_LOG_MMIO: accesses to the IRS frames
 * @GICV5_LOG_TABLE: tables become valid or invalid
 * @GICV5_LOG_VIRT: residency and doorbells
 * @GICV5_LOG_STRICT: software did what the architecture calls UNPREDICTABLE,
 *                    or what only buggy software does; always logged
 */
enum gicv5_log {
	GICV5_LOG_WIRE,
	GICV5_LOG_STATE,
	GICV5_LOG_CPUIF,
	GICV5_LOG_LINE,
	GICV5_LOG_SYSREG,
	GICV5_LOG_MMIO,
	GICV5_LOG_TABLE,
	GICV5_LOG_VIRT,
	GICV5_LOG_STRICT,
	GICV5_NR_LOGS
};

/**
 * struct gicv5_ops - what the model asks of the world
 * @mem_read: read @len bytes of guest memory at @addr; 0 or an error (!= 0).
 *	Must reach RAM only. On an error @buf need not be written.
 * @mem_write: write @len bytes; 0 or an error
 * @set_line: an output of a PE has a new level. Called at the end of the call
 *	that changed it, only for changes (gicv5_reset_pe() reports all)
 * @log: one line of log, without newline; may be NULL
 *
 * @addr is a physical address below 2^pa_bits and naturally aligned to @len,
 * which is 4 or 8. Memory is little endian; @buf has the bytes as they are in
 * memory.
 */
struct gicv5_ops {
	int (*mem_read)(void *opaque, uint64_t addr, void *buf, size_t len);
	int (*mem_write)(void *opaque, uint64_t addr, const void *buf, size_t len);
	void (*set_line)(void *opaque, unsigned int pe, enum gicv5_line line, bool level);
	void (*log)(void *opaque, enum gicv5_log what, const char *text);
};

/* ------------------------------------------------------------------------- */
/* Configuration                                                             */
/* ------------------------------------------------------------------------- */

/**
 * enum gicv5_strict - what to do about software errors that hardware may leave
 *	undetected (the "Legal result" is what the model does in any case)
 * @GICV5_STRICT_OFF: nothing
 * @GICV5_STRICT_REPORT: log them in class GICV5_LOG_STRICT and count them
 * @GICV5_STRICT_ABORT: log, then abort(3)
 */
enum gicv5_strict {
	GICV5_STRICT_OFF,
	GICV5_STRICT_REPORT,
	GICV5_STRICT_ABORT
};

/** GICV5_BUSY_FOREVER - value of busy_polls: a started operation never ends */
#define GICV5_BUSY_FOREVER	UINT32_MAX

/**
 * struct gicv5_config - geometry and behaviour; constant after gicv5_create()
 *
 * Start from gicv5_config_init() and change what is wanted.
 *
 * @ops: callbacks; mem_read, mem_write and set_line are required
 * @opaque: first argument of each callback
 *
 * @nr_pes: number of PEs, 1..512
 * @el2: the PEs have EL2. Without it ICH_* and VD* are UNDEFINED
 * @virt: IRS_IDR0.VIRT. Without it all virtualization registers are RAZ/WI and
 *	a VPE never becomes resident
 * @pa_bits: physical address bits: 32, 36, 40, 42, 44, 48, 52 or 56
 * @pri_bits: priority bits of the IRS, 1..5
 * @icc_pri_bits: priority bits of the CPU interface, 4 or 5
 * @icc_id_bits: INTID bits of the CPU interface, 16 or 24
 * @iaffid_bits: bits of IAFFID, 1..16; must cover @nr_pes
 * @ppi: implemented PPIs, physical and virtual: bit n of word n/64
 *
 * @nr_spis: SPIs of this IRS, 0..2^24
 * @spi_base: the first of them
 * @spi_range: SPIs in the whole system; 0 means spi_base + nr_spis
 * @setlpi: the SETLPI frame is there
 * @swe: software errors are reported in IRS_SWERR_*
 * @id_bits: IRS_IDR2.ID_BITS, bits of an LPI ID, 8..24
 * @min_lpi_id_bits: IRS_IDR2.MIN_LPI_ID_BITS, <= 14 and <= @id_bits
 * @ist_levels: two-level ISTs are supported
 * @ist_l2sz: sizes of L2 ISTs: bit 0 4K, bit 1 16K, bit 2 64K; not 0
 * @istmd: ISTEs need room for metadata: 8 bytes for tables of less than
 *	2^@istmd_sz entries, 16 for others. Without it 4 bytes are enough
 * @istmd_sz: see @istmd, 0..31
 *
 * @vm_id_bits: IRS_IDR3.VM_ID_BITS, 1..16 (the architecture wants >= 8; less is
 *	for tests)
 * @vmt_levels: two-level VM tables are supported
 * @vmd: software must supply a VMD for each VM
 * @vmd_sz: log2 of the size of a VMD, 3..12
 * @vped_sz: log2 of the size of a VPED, 3..12
 * @vpe_id_bits: IRS_IDR4.VPE_ID_BITS as read, 0..15. The model accepts VPE ids
 *	below 2^(@vpe_id_bits + 1), see choices.h
 * @max_vcandidates: how many virtual interrupts can be in the candidate index
 *	at a time; more than that are found by rescanning when there is room
 *	again. 0 picks a default
 *
 * @busy_polls: an IDLE bit reads 0 that many times after a write that starts an
 *	operation; GICV5_BUSY_FOREVER: it never reads 1 again
 * @hostile_cache: ISTE words that change stay in a cache of the model until
 *	evicted, saved or invalidated, so memory is stale as the architecture
 *	allows it to be. Else memory is the only copy
 * @strict: what to do about software errors
 * @log_mask: classes to log, bit n for enum gicv5_log value n
 */
struct gicv5_config {
	struct gicv5_ops ops;
	void *opaque;

	unsigned int nr_pes;
	bool el2;
	bool virt;
	unsigned int pa_bits;
	unsigned int pri_bits;
	unsigned int icc_pri_bits;
	unsigned int icc_id_bits;
	unsigned int iaffid_bits;
	uint64_t ppi[2];

	uint32_t nr_spis;
	uint32_t spi_base;
	uint32_t spi_range;
	bool setlpi;
	bool swe;
	unsigned int id_bits;
	unsigned int min_lpi_id_bits;
	bool ist_levels;
	unsigned int ist_l2sz;
	bool istmd;
	unsigned int istmd_sz;

	unsigned int vm_id_bits;
	bool vmt_levels;
	bool vmd;
	unsigned int vmd_sz;
	unsigned int vped_sz;
	unsigned int vpe_id_bits;
	uint32_t max_vcandidates;

	uint32_t busy_polls;
	bool hostile_cache;
	enum gicv5_strict strict;
	uint32_t log_mask;
};

/**
 * gicv5_config_init() - fill in the default configuration
 * @cfg: where to
 *
 * 1 PE with EL2, virtualization, 40 bit PA, 5 priority bits, 32 SPIs, 16 bit
 * LPI IDs, all table shapes, no metadata, no VMD, 8 bit VM ids; callbacks NULL.
 */
void gicv5_config_init(struct gicv5_config *cfg);

/**
 * gicv5_config_error() - is a configuration usable?
 * @cfg: the configuration
 *
 * Return: NULL, or a sentence that says what is wrong.
 */
const char *gicv5_config_error(const struct gicv5_config *cfg);

/* ------------------------------------------------------------------------- */
/* Life                                                                      */
/* ------------------------------------------------------------------------- */

/**
 * gicv5_create() - make a model, in reset state
 * @cfg: copied; need not outlive the call
 *
 * Calls no callback. All lines are low.
 *
 * Return: the model, or NULL: bad configuration (ask gicv5_config_error()) or
 * no memory.
 */
struct gicv5 *gicv5_create(const struct gicv5_config *cfg);

/** gicv5_destroy() - free a model; NULL is allowed. Calls no callback. */
void gicv5_destroy(struct gicv5 *g);

/**
 * gicv5_reset() - cold reset of the IRS and of all PEs
 *
 * Wires keep their level, as seen by the world. Guest memory is not written.
 * Reports all lines of all PEs.
 */
void gicv5_reset(struct gicv5 *g);

/**
 * gicv5_reset_pe() - reset the CPU interface of one PE
 *
 * A VPE resident there becomes non-resident, without a doorbell request.
 * Reports all lines of the PE, changed or not.
 */
void gicv5_reset_pe(struct gicv5 *g, unsigned int pe);

/* ------------------------------------------------------------------------- */
/* System registers and instructions                                         */
/* ------------------------------------------------------------------------- */

/** GICV5_ENC() - number of a system register or instruction */
#define GICV5_ENC(op0, op1, crn, crm, op2) \
	((uint32_t)(op0) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | \
	 (uint32_t)(crm) << 3 | (uint32_t)(op2))

/* flags of struct gicv5_sysreg */
#define GICV5_SR_R	(1u << 0)	/* MRS or SYSL */
#define GICV5_SR_W	(1u << 1)	/* MSR or SYS */
#define GICV5_SR_INSN	(1u << 2)	/* an instruction: op0 = 1 */
#define GICV5_SR_NOP	(1u << 3)	/* a barrier: does nothing in the model */
#define GICV5_SR_EL2	(1u << 4)	/* op1 = 4: ICH_*, VD*, ICC_SRE_EL2 */
#define GICV5_SR_NEEDS_EL2 (1u << 5)	/* does not exist without EL2 */

/**
 * struct gicv5_sysreg - name and encoding of a register or instruction
 * @name: as the architecture has it
 * @op0: 3 register, 1 instruction
 * @op1: 0, 1 or 4
 * @crn: always 12
 * @crm: CRm
 * @op2: op2
 * @flags: GICV5_SR_*
 * @vncr: offset in the page of VNCR_EL2 of an EL1 access with HCR_EL2.NV2 = 1,
 *	or 0 if there is none
 */
struct gicv5_sysreg {
	const char *name;
	uint8_t op0, op1, crn, crm, op2;
	uint8_t flags;
	uint16_t vncr;
};

/**
 * gicv5_sysreg_list() - all registers and instructions
 * @count: out: how many
 *
 * Constant for the life of the process: the same for every model. Rows with
 * GICV5_SR_NEEDS_EL2 are UNDEFINED on a model without EL2.
 */
const struct gicv5_sysreg *gicv5_sysreg_list(size_t *count);

/** gicv5_sysreg_find() - the row of an encoding (GICV5_ENC), or NULL */
const struct gicv5_sysreg *gicv5_sysreg_find(uint32_t enc);

/**
 * struct gicv5_cpu_ctx - the few facts of a PE that decide an access
 * @el: current Exception level, 0..3
 * @el2_enabled: EL2 is implemented and enabled in the current Security state
 * @imo: effective HCR_EL2.IMO: TGE = 1 with E2H = 0 makes it 1, TGE = 1 with
 *	E2H = 1 makes it 0
 * @nmi: SCTLR_ELx.NMI of the current Exception level
 * @nv: effective HCR_EL2.NV
 * @nv1: effective HCR_EL2.NV1
 *
 * The current interrupt domain is Virtual iff el == 1 && el2_enabled && imo.
 */
struct gicv5_cpu_ctx {
	unsigned int el;
	bool el2_enabled;
	bool imo;
	bool nmi;
	bool nv;
	bool nv1;
};

/**
 * enum gicv5_access - result of gicv5_sysreg_access()
 * @GICV5_ACCESS_OK: go on with gicv5_sysreg_read() or _write()
 * @GICV5_ACCESS_UNDEFINED: the instruction is UNDEFINED
 * @GICV5_ACCESS_TRAP_EL2: trap to EL2 with EC 0x18
 */
enum gicv5_access {
	GICV5_ACCESS_OK,
	GICV5_ACCESS_UNDEFINED,
	GICV5_ACCESS_TRAP_EL2
};

/**
 * gicv5_sysreg_access() - may the PE do this?
 * @g: the model
 * @pe: the PE that executes the access
 * @ctx: its context, now
 * @enc: GICV5_ENC() of the register or instruction
 * @write: MSR or SYS; else MRS or SYSL
 *
 * Changes nothing and reads only the configuration and three trap registers of
 * @pe, which only @pe itself writes: it needs no lock against calls for other
 * PEs. Unknown encodings are UNDEFINED.
 */
enum gicv5_access gicv5_sysreg_access(const struct gicv5 *g, unsigned int pe,
				      const struct gicv5_cpu_ctx *ctx,
				      uint32_t enc, bool write);

/**
 * gicv5_sysreg_read() - MRS of a register, or a GICR instruction (SYSL)
 *
 * Arguments as gicv5_sysreg_access(), which must have answered OK: nothing is
 * checked again, and an unknown encoding reads as zero. GICR CDIA and CDNMIA
 * have the effect of an acknowledge.
 *
 * Return: the value.
 */
uint64_t gicv5_sysreg_read(struct gicv5 *g, unsigned int pe,
			   const struct gicv5_cpu_ctx *ctx, uint32_t enc);

/**
 * gicv5_sysreg_write() - MSR of a register, or a GIC instruction (SYS)
 * @value: the register Xt
 *
 * As gicv5_sysreg_read(). Writes of unknown encodings are ignored.
 */
void gicv5_sysreg_write(struct gicv5 *g, unsigned int pe,
			const struct gicv5_cpu_ctx *ctx, uint32_t enc,
			uint64_t value);

/**
 * gicv5_pe_context_changed() - the context of a PE is another one
 *
 * The lines do not depend on the Exception level, nor on IMO (see enum
 * gicv5_line). Only HCR_EL2.{NV,NV1} matter, for direct injection of the timers
 * under nested virtualization, and the model takes note of them at each system
 * register access too. So calling this is optional; it is exact with it.
 */
void gicv5_pe_context_changed(struct gicv5 *g, unsigned int pe,
			      const struct gicv5_cpu_ctx *ctx);

/* ------------------------------------------------------------------------- */
/* Frames and wires                                                          */
/* ------------------------------------------------------------------------- */

/** GICV5_FRAME_SIZE - size of each frame in bytes */
#define GICV5_FRAME_SIZE	0x10000u

/**
 * enum gicv5_frame - memory-mapped frames
 * @GICV5_FRAME_CONFIG: IRS config frame of the Non-secure domain
 * @GICV5_FRAME_SETLPI: its SETLPI frame
 */
enum gicv5_frame {
	GICV5_FRAME_CONFIG,
	GICV5_FRAME_SETLPI
};

/**
 * gicv5_irs_read() - read of a frame
 * @g: the model
 * @frame: which one
 * @offset: offset in the frame; naturally aligned
 * @size: 4, or 8 where the register has 64 bits
 *
 * Anything else (another size or alignment, a reserved offset) reads as zero.
 */
uint64_t gicv5_irs_read(struct gicv5 *g, enum gicv5_frame frame,
			uint64_t offset, unsigned int size);

/** gicv5_irs_write() - write of a frame; arguments as gicv5_irs_read() */
void gicv5_irs_write(struct gicv5 *g, enum gicv5_frame frame, uint64_t offset,
		     unsigned int size, uint64_t value);

/**
 * gicv5_set_spi() - the wire of an SPI has this level now
 * @spi: INTID.ID; one that this IRS does not have is ignored
 * @level: the level; a call without change is harmless
 */
void gicv5_set_spi(struct gicv5 *g, uint32_t spi, bool level);

/**
 * gicv5_set_ppi() - the wire of a PPI has this level now
 * @ppi: 0..127; one that is not implemented is ignored
 */
void gicv5_set_ppi(struct gicv5 *g, unsigned int pe, unsigned int ppi,
		   bool level);

/**
 * gicv5_pend_virtual() - GIC VDPEND by somebody who is no PE
 * @operand: that of GIC VDPEND: PENDING, VM, TYPE, ID
 */
void gicv5_pend_virtual(struct gicv5 *g, uint64_t operand);

/* ------------------------------------------------------------------------- */
/* Looking inside                                                            */
/* ------------------------------------------------------------------------- */

/**
 * enum gicv5_group - groups of IRS registers that share an IDLE bit
 * @GICV5_GROUP_CR0: IRS_CR0
 * @GICV5_GROUP_SYNC: IRS_SYNC_STATUSR
 * @GICV5_GROUP_SPI: IRS_SPI_STATUSR
 * @GICV5_GROUP_PE: IRS_PE_STATUSR
 * @GICV5_GROUP_IST: IRS_IST_STATUSR
 * @GICV5_GROUP_VMT: IRS_VMT_STATUSR, with every IRS_VMAP_*R
 * @GICV5_GROUP_VPE: IRS_VPE_STATUSR
 * @GICV5_GROUP_VM: IRS_VM_STATUSR
 * @GICV5_GROUP_SAVE: IRS_SAVE_VM_STATUSR
 * @GICV5_NR_GROUPS: number of groups
 */
enum gicv5_group {
	GICV5_GROUP_CR0,
	GICV5_GROUP_SYNC,
	GICV5_GROUP_SPI,
	GICV5_GROUP_PE,
	GICV5_GROUP_IST,
	GICV5_GROUP_VMT,
	GICV5_GROUP_VPE,
	GICV5_GROUP_VM,
	GICV5_GROUP_SAVE,
	GICV5_NR_GROUPS
};

/**
 * gicv5_set_busy_polls() - change config.busy_polls while the model runs
 * @groups: which, bit n for enum gicv5_group value n; others stay as they are
 * @skip: so many operations of each group end at once before @polls counts; a
 *	reset forgets those that are left
 * @polls: as in struct gicv5_config. 0 also ends an operation that is busy now
 */
void gicv5_set_busy_polls(struct gicv5 *g, uint32_t groups, uint32_t skip,
			  uint32_t polls);

/**
 * gicv5_fail_residency() - let requests for residency fail
 * @count: so many writes of ICH_CONTEXTR_EL2 that would make a VPE resident
 *	answer F = 1 instead, whatever they name; 0 ends it
 *
 * For tests of what a hypervisor does then: no fault of its own is reported.
 */
void gicv5_fail_residency(struct gicv5 *g, uint32_t count);

/**
 * gicv5_lose_doorbells() - let doorbells ring unheard
 * @count: so many doorbells that are due make no LPI pending; 0 ends it
 *
 * The request is used up all the same: the VPE sleeps until something else wakes
 * it. For tests that have to notice a wake-up that is lost.
 */
void gicv5_lose_doorbells(struct gicv5 *g, uint32_t count);

/** gicv5_set_log_mask() - choose the classes to log (bits of enum gicv5_log) */
void gicv5_set_log_mask(struct gicv5 *g, uint32_t mask);

/**
 * struct gicv5_stats - counters since gicv5_create(), but for vms and vpes
 * @acks: physical interrupts acknowledged
 * @vacks: virtual interrupts acknowledged
 * @events: SET_EDGE, SET_LEVEL and CLEAR events, CDPEND and VDPEND
 * @doorbells: doorbells rung
 * @residencies: VPEs made resident
 * @residency_faults: requests that failed (CONTEXTR.F)
 * @mem_reads: calls of mem_read
 * @mem_writes: calls of mem_write
 * @mem_errors: those that failed, or were outside the PA range
 * @rescans: ISTs walked because the candidate index was full before
 * @strict: reports of strict mode
 * @vms: VMs that are valid now
 * @vpes: VPEs that are valid now
 * @doorbells_lost: doorbells that gicv5_lose_doorbells() has kept from ringing
 */
struct gicv5_stats {
	uint64_t acks, vacks, events, doorbells;
	uint64_t residencies, residency_faults;
	uint64_t mem_reads, mem_writes, mem_errors, rescans;
	uint64_t strict;
	uint64_t vms, vpes;
	uint64_t doorbells_lost;
};

/** gicv5_get_stats() - copy the counters */
void gicv5_get_stats(const struct gicv5 *g, struct gicv5_stats *stats);

/**
 * struct gicv5_vpe_state - what the IRS knows of a VM and one of its VPEs
 * @vm_valid: the VM is valid; without it all else is 0
 * @lpi_ist: it has a valid LPI IST
 * @spi_ist: it has a valid SPI IST
 * @valid: the VPE is valid; without it all that follows is 0
 * @resident: it is resident
 * @pe: where
 * @dbv: VPE_DBR.DBV
 * @req: a doorbell is requested
 * @dbpm: the priority mask of that request
 * @db_lpi: VPE_DBR.INTID
 * @pending: the IRS has a candidate for it
 */
struct gicv5_vpe_state {
	bool vm_valid, lpi_ist, spi_ist;
	bool valid, resident, dbv, req, pending;
	unsigned int pe, dbpm;
	uint32_t db_lpi;
};

/**
 * gicv5_get_vpe() - look at a VPE without touching any selection
 * @vm: VM id; any value
 * @vpe: VPE id; any value
 * @state: out
 */
void gicv5_get_vpe(struct gicv5 *g, uint32_t vm, uint32_t vpe,
		   struct gicv5_vpe_state *state);

/** typedef gicv5_print_fn - sink of gicv5_dump(): one call per line, no newline */
typedef void (*gicv5_print_fn)(void *arg, const char *line);

/**
 * gicv5_dump() - describe the state for a person
 *
 * PEs with masks, active priorities and lines; the IRS; VMs, VPEs, residency
 * and doorbells; candidates. Reads guest memory, changes nothing. Bounded: says
 * "..." after 64 candidates of a target.
 */
void gicv5_dump(struct gicv5 *g, gicv5_print_fn print, void *arg);

/**
 * gicv5_check() - check all invariants of the model (slow; for tests)
 * @memory: also compare the candidate index with every ISTE in guest memory.
 *	Holds only while software leaves the ISTEs of valid ISTs alone, and
 *	memory answers without errors
 *
 * Checks the candidate index against itself, the lines against what they should
 * be, residency against VPEs, doorbells that should have rung, and so on.
 *
 * Return: NULL, or a description of the first violation, valid until the next
 * call.
 */
const char *gicv5_check(struct gicv5 *g, bool memory);

#ifdef __cplusplus
}
#endif
#endif
