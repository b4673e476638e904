// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer over the whole public API. An input is a configuration byte string
 * and then a program: one opcode byte per call, its operands after it. Guest
 * memory is a small buffer; an access outside it is answered with an error, one
 * that breaks the promises of struct gicv5_ops (alignment, length, PA range)
 * aborts. Whatever the guest does, there must be no memory error, no undefined
 * behaviour, no hang and no broken invariant.
 *
 * One bit of the input asks for a machine that is already set up (IST, VM table,
 * one VM with two VPEs and ISTs), so that the deeper states are near.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../gicv5.h"

#define RAM_SIZE	(64u << 10)
#define MAX_OPS		256

struct input {
	const uint8_t *p, *end;
};

struct guest {
	struct gicv5 *g;
	struct gicv5_config cfg;
	uint8_t ram[RAM_SIZE];
	uint8_t lines[16];
	bool fail_reads, fail_writes;
};

static void require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

static uint64_t take(struct input *in, unsigned int bytes)
{
	uint64_t val = 0;

	while (bytes--)
		val = val << 8 | (in->p < in->end ? *in->p++ : 0);
	return val;
}

/* A value of 64 bits in few input bytes: interesting bits are near the ends. */
static uint64_t take_value(struct input *in)
{
	unsigned int shape = (unsigned int)take(in, 1);
	uint64_t val;

	if (shape & 0x80)
		return take(in, 8);
	val = take(in, 2);
	if (shape & 0x40)
		val |= take(in, 2) << 32;
	if (shape & 0x20)
		val = val << 6 | (val & 1);
	return val | (uint64_t)(shape & 7) << 29 | (uint64_t)(shape >> 3 & 3) << 62;
}

static bool outside(uint64_t addr, size_t len)
{
	return addr >= RAM_SIZE || len > RAM_SIZE - addr;
}

static void check_access(const struct guest *u, uint64_t addr, size_t len)
{
	require(len == 4 || len == 8, "memory access of a wrong length");
	require(addr % len == 0, "memory access that is not aligned");
	require(addr >> u->cfg.pa_bits == 0, "memory access beyond the PA range");
}

static int mem_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct guest *u = opaque;

	check_access(u, addr, len);
	/* An address that leads back to the frame must not recurse. */
	if (addr >= 0x20000000 && addr < 0x20010000)
		gicv5_irs_read(u->g, GICV5_FRAME_CONFIG, addr & 0xffff, (unsigned int)len);
	if (u->fail_reads || outside(addr, len))
		return -1;
	memcpy(buf, u->ram + addr, len);
	return 0;
}

static int mem_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	struct guest *u = opaque;

	check_access(u, addr, len);
	if (addr >= 0x20000000 && addr < 0x20010000)
		gicv5_irs_write(u->g, GICV5_FRAME_CONFIG, addr & 0xffff, (unsigned int)len, ~0ull);
	if (u->fail_writes || outside(addr, len))
		return -1;
	memcpy(u->ram + addr, buf, len);
	return 0;
}

static void set_line(void *opaque, unsigned int pe, enum gicv5_line line, bool level)
{
	struct guest *u = opaque;
	uint8_t bit = (uint8_t)(1u << line);

	require(pe < u->cfg.nr_pes && line < GICV5_NR_LINES, "a line that is not there");
	if (level)
		u->lines[pe] |= bit;
	else
		u->lines[pe] &= (uint8_t)~bit;
	require((u->lines[pe] & 3) != 3 && (u->lines[pe] & 12) != 12, "both IRQ and NMI");
}

static void log_line(void *opaque, enum gicv5_log what, const char *text)
{
	(void)opaque;
	require(what < GICV5_NR_LOGS && *text, "an empty log line");
}

static void print_line(void *arg, const char *line)
{
	(void)arg;
	require(line, "no line");
}

static void configure(struct gicv5_config *cfg, struct input *in)
{
	static const unsigned int pa_bits[] = { 32, 36, 40, 42, 44, 48, 52, 56 };
	unsigned int a = (unsigned int)take(in, 1), b = (unsigned int)take(in, 1);
	unsigned int c = (unsigned int)take(in, 1), d = (unsigned int)take(in, 1);

	gicv5_config_init(cfg);
	cfg->ops.mem_read = mem_read;
	cfg->ops.mem_write = mem_write;
	cfg->ops.set_line = set_line;
	cfg->ops.log = log_line;
	cfg->nr_pes = 1 + (a & 3);
	cfg->el2 = !(a & 4) || !(a & 0x80);
	cfg->virt = cfg->el2 && (!(a & 8) || !(a & 0x40));
	cfg->pa_bits = pa_bits[a >> 4 & 7];
	cfg->pri_bits = 1 + (b & 7) % 5;
	cfg->icc_pri_bits = b & 8 ? 4 : 5;
	cfg->icc_id_bits = b & 16 ? 16 : 24;
	cfg->ppi[1] = b & 32 ? 0xf : 0;
	cfg->nr_spis = b & 64 ? 0 : 40;
	cfg->spi_base = b & 128 ? 20 : 0;
	cfg->setlpi = !(c & 1);
	cfg->swe = c & 2;
	cfg->id_bits = 8 + (c >> 2 & 3);
	cfg->min_lpi_id_bits = 2;
	cfg->ist_levels = !(c & 16);
	cfg->ist_l2sz = 1 + (c >> 5 & 7) % 7;
	cfg->istmd = d & 1;
	cfg->istmd_sz = 7 + (d >> 1 & 1);
	cfg->vm_id_bits = d & 4 ? 8 : 2;
	cfg->vmt_levels = !(d & 8);
	cfg->vmd = d & 16;
	cfg->vpe_id_bits = 1;
	cfg->max_vcandidates = 4;
	cfg->busy_polls = d >> 6 & 1 ? 2 : 0;
	cfg->hostile_cache = d & 32;
	cfg->strict = GICV5_STRICT_REPORT;
	cfg->log_mask = d & 128 ? ~0u : 0;
}

static void poke(struct guest *u, uint64_t addr, uint64_t val)
{
	memcpy(u->ram + addr, &val, 8);
}

static void wr(struct guest *u, unsigned int off, unsigned int size, uint64_t val)
{
	gicv5_irs_write(u->g, GICV5_FRAME_CONFIG, off, size, val);
}

static void sr(struct guest *u, unsigned int pe, uint32_t enc, uint64_t val)
{
	const struct gicv5_cpu_ctx el2 = { .el = 2, .el2_enabled = true, .imo = true };

	gicv5_sysreg_write(u->g, pe, &el2, enc, val);
}

/* A working machine: IST at 0x4000, VMT at 0x2000, VM 1 from 0x8000 on. */
static void set_up(struct guest *u)
{
	uint64_t sz = u->cfg.istmd ? 2 : 0;

	wr(u, 0x190, 4, 7 | sz << 7);
	wr(u, 0x180, 8, 0x4000 | 1);
	wr(u, 0x80, 4, 1);
	for (unsigned int pe = 0; pe < u->cfg.nr_pes; pe++) {
		sr(u, pe, GICV5_ENC(3, 1, 12, 0, 1), 1);		/* CR0 */
		sr(u, pe, GICV5_ENC(3, 1, 12, 0, 2), 31);		/* PCR */
		sr(u, pe, GICV5_ENC(3, 4, 12, 11, 4), 1);		/* VCTLR */
		sr(u, pe, GICV5_ENC(3, 4, 12, 11, 7), 0xf8000001);	/* VMCR */
		sr(u, pe, GICV5_ENC(3, 4, 12, 9, 4), ~0ull);		/* traps */
		sr(u, pe, GICV5_ENC(3, 4, 12, 9, 6), ~0ull);
		sr(u, pe, GICV5_ENC(3, 4, 12, 9, 7), ~0ull);
	}
	wr(u, 0x210, 4, 2);
	poke(u, 0x2020, 0x3000);
	poke(u, 0x2028, 0x3800 | 1ull << 59);
	poke(u, 0x2030, 0x8000 | 1 | sz << 56 | 6ull << 59);
	poke(u, 0x2038, 0xa000 | 1 | sz << 56 | 6ull << 59);
	poke(u, 0x3800, 0xc000 | 1);
	poke(u, 0x3808, 0xd000 | 1);
	wr(u, 0x200, 8, 0x2000 | 1);
	wr(u, 0x2c8, 8, 1 | 1ull << 63);
	for (uint64_t vpe = 0; vpe < 2; vpe++) {
		wr(u, 0x240, 8, 1 | vpe << 32 | 1ull << 63);
		wr(u, 0x248, 8, (9 + vpe) | 1ull << 63);
	}
}

static struct gicv5_cpu_ctx take_context(struct input *in)
{
	unsigned int bits = (unsigned int)take(in, 1);

	return (struct gicv5_cpu_ctx){
		.el = bits & 3, .el2_enabled = bits & 4, .imo = bits & 8,
		.nmi = bits & 16, .nv = bits & 32, .nv1 = bits & 64,
	};
}

static void sysreg(struct guest *u, struct input *in)
{
	struct gicv5_cpu_ctx ctx = take_context(in);
	unsigned int pe = (unsigned int)take(in, 1), what;
	const struct gicv5_sysreg *row;
	size_t count;
	uint32_t enc;
	bool write = pe & 0x80;

	pe %= u->cfg.nr_pes;
	row = gicv5_sysreg_list(&count);
	what = (unsigned int)take(in, 1);
	if (what < count) {
		row += what;
		enc = GICV5_ENC(row->op0, row->op1, row->crn, row->crm, row->op2);
		require(gicv5_sysreg_find(enc) == row, "a register is not found");
	} else {
		enc = (uint32_t)take(in, 2);
		row = gicv5_sysreg_find(enc);
	}
	/* What is not allowed must do no harm either. */
	if (gicv5_sysreg_access(u->g, pe, &ctx, enc, write) == GICV5_ACCESS_OK)
		require(row, "an unknown register is accessible");
	if (write)
		gicv5_sysreg_write(u->g, pe, &ctx, enc, take_value(in));
	else
		gicv5_sysreg_read(u->g, pe, &ctx, enc);
}

static void mmio(struct guest *u, struct input *in)
{
	static const unsigned int sizes[] = { 4, 8, 4, 8, 1, 2, 3, 16 };
	unsigned int how = (unsigned int)take(in, 1);
	unsigned int frame = how >> 6 == 3 ? GICV5_FRAME_SETLPI : GICV5_FRAME_CONFIG;
	uint64_t off = how & 8 ? take(in, 3) : take(in, 1) * 4;

	if (how & 16)
		gicv5_irs_read(u->g, frame, off, sizes[how & 7]);
	else
		gicv5_irs_write(u->g, frame, off, sizes[how & 7], take_value(in));
}

static void ram_write(struct guest *u, struct input *in)
{
	uint64_t addr = take(in, 2) & ~7ull;

	poke(u, addr, take_value(in));
}

static void step(struct guest *u, struct input *in)
{
	unsigned int op = (unsigned int)take(in, 1);
	struct gicv5_cpu_ctx ctx;
	struct gicv5_vpe_state vpe;
	struct gicv5_stats stats;

	switch (op % 16) {
	case 0 ... 5:
		sysreg(u, in);
		break;
	case 6 ... 9:
		mmio(u, in);
		break;
	case 10:
		gicv5_set_spi(u->g, (uint32_t)take(in, 1), op & 16);
		break;
	case 11:
		gicv5_set_ppi(u->g, op >> 5, (unsigned int)take(in, 1), op & 16);
		break;
	case 12:
		ram_write(u, in);
		break;
	case 13:
		u->fail_reads = op & 16;
		u->fail_writes = op & 32;
		break;
	case 14:
		if (op >> 4 == 15)
			gicv5_reset(u->g);
		else if (op >> 4 == 14)
			gicv5_reset_pe(u->g, (unsigned int)take(in, 1) % u->cfg.nr_pes);
		else
			gicv5_set_busy_polls(u->g, (uint32_t)take(in, 2), op >> 6,
					     op >> 4 & 3 ? op >> 4 & 3 :
					     GICV5_BUSY_FOREVER);
		break;
	default:
		ctx = take_context(in);
		gicv5_pe_context_changed(u->g, op >> 4 & (u->cfg.nr_pes - 1), &ctx);
		gicv5_set_log_mask(u->g, (uint32_t)take(in, 1));
		gicv5_get_stats(u->g, &stats);
		gicv5_get_vpe(u->g, (uint32_t)take(in, 1), (uint32_t)take(in, 1), &vpe);
		gicv5_fail_residency(u->g, op >> 4 == 15);
		gicv5_lose_doorbells(u->g, op >> 4 == 14);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	static struct guest guest;
	struct guest *u = &guest;
	const char *broken;

	memset(u, 0, sizeof(*u));
	configure(&u->cfg, &in);
	u->cfg.opaque = u;
	if (gicv5_config_error(&u->cfg))
		return -1;
	u->g = gicv5_create(&u->cfg);
	require(u->g, "a legal configuration cannot be created");
	if (take(&in, 1) & 1)
		set_up(u);
	for (unsigned int n = 0; in.p < in.end && n < MAX_OPS; n++)
		step(u, &in);
	broken = gicv5_check(u->g, false);
	require(!broken, broken ? broken : "");
	gicv5_dump(u->g, print_line, NULL);
	gicv5_destroy(u->g);
	return 0;
}
