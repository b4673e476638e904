// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for GICv5 virtualization: the tables that the IRS reads
 *
 * The tests look at the tables as an IRS does: they start at IRS_VMT_BASER and
 * go on by physical addresses only, with the look-up rules of the architecture
 * written down once more. To know whether memory that is found that way may be
 * used, and to make allocations fail, probes watch the allocator calls of the
 * code under test.
 *
 * An IRS that is not coherent is modelled, too. Each piece of memory then has a
 * second copy, which is what the IRS sees; it begins as garbage. Cleaning copies
 * lines to it, invalidating copies lines from it, and what is mapped
 * non-cacheable has no second copy.
 */
#include <kunit/resource.h>
#include <kunit/test.h>

#include <linux/cache.h>
#include <linux/cacheflush.h>
#include <linux/err.h>
#include <linux/error-injection.h>
#include <linux/irqchip/arm-gic-v5.h>
#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "vgic-v5-tables.h"

#if defined(CONFIG_KRETPROBES) && defined(CONFIG_FUNCTION_ERROR_INJECTION)

#define MAX_BLOCKS	2048
/* For second copies; the tests of an IRS that isn't coherent are small ones. */
#define POC_BYTES	SZ_2M

/* --- Watching the allocator --- */

/* How an allocator is told the size; each has its own way to free. */
enum alloc_unit { BYTES, ORDER, PAGES, NOTHING };

/**
 * struct block - memory that the code under test has allocated
 * @ptr: where
 * @size: bytes
 * @unit: of the allocator it comes from
 * @poc: what is there for the IRS, unless it sees the same as the CPU
 */
struct block {
	void		*ptr;
	size_t		size;
	enum alloc_unit	unit;
	void		*poc;
};

/**
 * struct watch - what the code under test does, while it runs
 * @task: runs the code under test, NULL while it doesn't
 * @coherent: the IRS is coherent
 * @blocks: what is allocated, in no order
 * @nr: number of @blocks
 * @calls: number of allocations
 * @fail_at: which of them fails, counted from 1; 0: none
 * @failed: number of allocations that failed
 * @poc: memory for second copies
 * @poc_used: bytes
 * @cleans: number of cleaning operations
 * @broken: the tests can't cope with what happened
 */
struct watch {
	struct task_struct	*task;
	bool			coherent;
	struct block		blocks[MAX_BLOCKS];
	unsigned int		nr;
	int			calls;
	int			fail_at;
	int			failed;
	void			*poc;
	size_t			poc_used;
	int			cleans;
	bool			broken;
};

static struct watch *watch;

static bool watching(void)
{
	return current == READ_ONCE(watch->task) &&
	       !in_hardirq() && !in_serving_softirq();
}
NOKPROBE_SYMBOL(watching);

/* Run @expr, a call of the code under test. */
#define watched(expr)						\
({								\
	WRITE_ONCE(watch->task, current);			\
	barrier();						\
	typeof(expr) __ret = (expr);				\
	barrier();						\
	WRITE_ONCE(watch->task, NULL);				\
	__ret;							\
})

#define watched_void(expr)	watched(((expr), 0))

/**
 * struct alloc_probe - a function that allocates
 * @symbol: its name
 * @arg: the argument that has the size, counted from 0
 * @unit: unit of that
 * @err: what the function returns on failure
 * @fail: probe that lets it fail
 * @see: probe that sees what it returns
 */
struct alloc_probe {
	const char		*symbol;
	int			arg;
	enum alloc_unit		unit;
	long			err;
	struct kprobe		fail;
	struct kretprobe	see;
};

static struct alloc_probe alloc_probes[] = {
	{ "__kmalloc_noprof",		0, BYTES,	0 },
	{ "__kmalloc_cache_noprof",	2, BYTES,	0 },
	{ "__kvmalloc_node_noprof",	0, BYTES,	0 },
	{ "get_free_pages_noprof",	1, ORDER,	0 },
	{ "vmap",			1, PAGES,	0 },
	{ "ida_alloc_range",		0, NOTHING,	-ENOMEM },
};

static int alloc_fail(struct kprobe *kp, struct pt_regs *regs)
{
	struct alloc_probe *probe = container_of(kp, struct alloc_probe, fail);

	if (!watching() || ++watch->calls != watch->fail_at)
		return 0;

	watch->failed++;
	regs_set_return_value(regs, probe->err);
	override_function_with_return(regs);

	return 1;
}
NOKPROBE_SYMBOL(alloc_fail);

static size_t alloc_size(struct alloc_probe *probe, struct pt_regs *regs)
{
	unsigned long n = regs_get_kernel_argument(regs, probe->arg);

	switch (probe->unit) {
	case BYTES:
		return n;
	case ORDER:
		return PAGE_SIZE << n;
	case PAGES:
		return n << PAGE_SHIFT;
	default:
		return 0;
	}
}
NOKPROBE_SYMBOL(alloc_size);

static struct block *find_block(const void *ptr, size_t size)
{
	/* Mostly it is one of the last. */
	for (unsigned int i = watch->nr; i--; ) {
		struct block *b = &watch->blocks[i];

		if (ptr >= b->ptr && ptr + size <= b->ptr + b->size)
			return b;
	}

	return NULL;
}
NOKPROBE_SYMBOL(find_block);

static int alloc_enter(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct alloc_probe *probe = container_of(get_kretprobe(ri),
						 struct alloc_probe, see);

	if (!watching() || probe->unit == NOTHING)
		return 1;

	*(size_t *)ri->data = alloc_size(probe, regs);

	/* What is mapped non-cacheable: both sides see the same from now on. */
	if (probe->unit == PAGES) {
		struct page **pages = (void *)regs_get_kernel_argument(regs, 0);
		struct block *b = find_block(page_address(pages[0]), PAGE_SIZE);

		if (!b || watch->coherent)
			watch->broken = true;
		else
			b->poc = NULL;
	}

	return 0;
}
NOKPROBE_SYMBOL(alloc_enter);

static int alloc_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct alloc_probe *probe = container_of(get_kretprobe(ri),
						 struct alloc_probe, see);
	struct block *b = &watch->blocks[watch->nr];
	void *ptr = (void *)regs_return_value(regs);

	if (!ptr)
		return 0;

	if (watch->nr == MAX_BLOCKS) {
		watch->broken = true;
		return 0;
	}

	watch->nr++;
	*b = (struct block) {
		.ptr	= ptr,
		.size	= *(size_t *)ri->data,
		.unit	= probe->unit,
	};

	if (watch->coherent || probe->unit == PAGES)
		return 0;

	if (watch->poc_used + b->size > POC_BYTES) {
		watch->broken = true;
		return 0;
	}

	b->poc = watch->poc + watch->poc_used;
	watch->poc_used += b->size;
	memset(b->poc, 0xa5, b->size);

	return 0;
}
NOKPROBE_SYMBOL(alloc_return);

/* Free what has come from an allocator with @unit; @size is 0 if not given. */
static void free_block(void *ptr, enum alloc_unit unit, size_t size)
{
	if (!watching())
		return;

	/* Not found is NULL, or one of these functions has called another. */
	for (unsigned int i = 0; i < watch->nr; i++) {
		struct block *b = &watch->blocks[i];

		if (b->ptr != ptr)
			continue;

		if (b->unit != unit || (size && b->size != size))
			watch->broken = true;

		*b = watch->blocks[--watch->nr];
		break;
	}
}
NOKPROBE_SYMBOL(free_block);

static int free_enter(struct kprobe *kp, struct pt_regs *regs)
{
	free_block((void *)regs_get_kernel_argument(regs, 0), BYTES, 0);

	return 0;
}
NOKPROBE_SYMBOL(free_enter);

static int free_pages_enter(struct kprobe *kp, struct pt_regs *regs)
{
	free_block((void *)regs_get_kernel_argument(regs, 0), ORDER,
		   PAGE_SIZE << regs_get_kernel_argument(regs, 1));

	return 0;
}
NOKPROBE_SYMBOL(free_pages_enter);

static int vunmap_enter(struct kprobe *kp, struct pt_regs *regs)
{
	free_block((void *)regs_get_kernel_argument(regs, 0), PAGES, 0);

	return 0;
}
NOKPROBE_SYMBOL(vunmap_enter);

/* Lines of [@start, @end) that belong to a block, to the PoC or back. */
static int copy_lines(struct pt_regs *regs, bool clean)
{
	unsigned long line = cache_line_size();
	void *start = (void *)ALIGN_DOWN(regs_get_kernel_argument(regs, 0), line);
	void *end = (void *)ALIGN(regs_get_kernel_argument(regs, 1), line);
	struct block *b;

	if (!watching())
		return 0;

	watch->cleans += clean;

	/* Lines that aren't ours alone are what non-coherent tables must avoid. */
	b = find_block(start, end - start);
	if (!b) {
		watch->broken = true;
		return 0;
	}

	if (!b->poc)
		return 0;

	if (clean)
		memcpy(b->poc + (start - b->ptr), start, end - start);
	else
		memcpy(start, b->poc + (start - b->ptr), end - start);

	return 0;
}
NOKPROBE_SYMBOL(copy_lines);

static int clean_enter(struct kprobe *kp, struct pt_regs *regs)
{
	return copy_lines(regs, true);
}
NOKPROBE_SYMBOL(clean_enter);

static int inval_enter(struct kprobe *kp, struct pt_regs *regs)
{
	return copy_lines(regs, false);
}
NOKPROBE_SYMBOL(inval_enter);

static struct kprobe other_probes[] = {
	{ .symbol_name = "kfree",		.pre_handler = free_enter },
	{ .symbol_name = "kvfree",		.pre_handler = free_enter },
	{ .symbol_name = "vfree",		.pre_handler = free_enter },
	{ .symbol_name = "vunmap",		.pre_handler = vunmap_enter },
	{ .symbol_name = "free_pages",		.pre_handler = free_pages_enter },
	{ .symbol_name = "dcache_clean_inval_poc", .pre_handler = clean_enter },
	{ .symbol_name = "dcache_inval_poc",	.pre_handler = inval_enter },
};

static void tables_suite_exit(struct kunit_suite *suite)
{
	for (int i = 0; i < ARRAY_SIZE(other_probes); i++) {
		if (other_probes[i].addr)
			unregister_kprobe(&other_probes[i]);
		other_probes[i].addr = NULL;
		other_probes[i].flags = 0;
	}

	for (int i = 0; i < ARRAY_SIZE(alloc_probes); i++) {
		if (alloc_probes[i].see.kp.addr)
			unregister_kretprobe(&alloc_probes[i].see);
		if (alloc_probes[i].fail.addr)
			unregister_kprobe(&alloc_probes[i].fail);
	}

	if (watch)
		kvfree(watch->poc);
	kvfree(watch);
	watch = NULL;
}

static int tables_suite_init(struct kunit_suite *suite)
{
	int ret = 0;

	watch = kvzalloc_obj(*watch);
	if (!watch)
		return -ENOMEM;

	watch->poc = kvzalloc(POC_BYTES, GFP_KERNEL);
	if (!watch->poc)
		ret = -ENOMEM;

	for (int i = 0; i < ARRAY_SIZE(alloc_probes) && !ret; i++) {
		struct alloc_probe *p = &alloc_probes[i];

		p->fail = (struct kprobe) {
			.symbol_name	= p->symbol,
			.pre_handler	= alloc_fail,
		};
		p->see = (struct kretprobe) {
			.kp.symbol_name	= p->symbol,
			.entry_handler	= alloc_enter,
			.handler	= alloc_return,
			.data_size	= sizeof(size_t),
		};

		ret = register_kprobe(&p->fail);
		if (ret) {
			p->fail.addr = NULL;
		} else {
			ret = register_kretprobe(&p->see);
			if (ret)
				p->see.kp.addr = NULL;
		}
		if (ret)
			pr_err("no probe on %s\n", p->symbol);
	}

	for (int i = 0; i < ARRAY_SIZE(other_probes) && !ret; i++) {
		ret = register_kprobe(&other_probes[i]);
		if (ret) {
			other_probes[i].addr = NULL;
			pr_err("no probe on %s\n", other_probes[i].symbol_name);
		}
	}

	if (ret)
		tables_suite_exit(suite);

	return ret;
}

/* --- Tables that go away with the test --- */

/* An IRS that has everything; the tests change what they are about. */
static const struct vgic_v5_irs_caps all_caps = {
	.coherent	 = true,
	.vmt_two_level	 = true,
	.vm_id_bits	 = 9,
	.vmd		 = true,
	.vmd_shift	 = 9,
	.vpe_id_bits	 = 9,
	.vped_shift	 = 8,
	.id_bits	 = 24,
	.min_lpi_id_bits = 1,
	.ist_two_level	 = true,
	.ist_l2sz	 = BIT(0) | BIT(1) | BIT(2),
	.pri_bits	 = 5,
};

static struct vgic_v5_irs_caps *make_caps(struct kunit *test, bool coherent)
{
	struct vgic_v5_irs_caps *caps = kunit_kmalloc(test, sizeof(*caps), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, caps);
	*caps = all_caps;
	caps->coherent = coherent;
	watch->coherent = coherent;

	return caps;
}

static void kill_vmt(void *unused)
{
	watched_void(vgic_v5_vmt_destroy());
}

static void make_vmt(struct kunit *test, const struct vgic_v5_irs_caps *caps)
{
	KUNIT_ASSERT_EQ(test, 0, watched(vgic_v5_vmt_create(caps)));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, kill_vmt, NULL));
}

static void destroy_vmt(struct kunit *test)
{
	kunit_release_action(test, kill_vmt, NULL);
}

static void kill_tables(void *tables)
{
	watched_void(vgic_v5_tables_destroy(tables));
}

static struct vgic_v5_tables *make_tables(struct kunit *test,
					  const struct vgic_v5_irs_caps *caps,
					  unsigned int max_vpe_id,
					  unsigned int nr_spis)
{
	struct vgic_v5_tables *t = watched(vgic_v5_tables_create(caps, max_vpe_id,
								 nr_spis));

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, kill_tables, t));

	return t;
}

static void destroy_tables(struct kunit *test, struct vgic_v5_tables *t)
{
	kunit_release_action(test, kill_tables, t);
}

static void expect_create_fails(struct kunit *test, int err,
				const struct vgic_v5_irs_caps *caps,
				unsigned int max_vpe_id, unsigned int nr_spis)
{
	struct vgic_v5_tables *t;
	unsigned int nr = watch->nr;

	t = watched(vgic_v5_tables_create(caps, max_vpe_id, nr_spis));
	KUNIT_EXPECT_EQ(test, err, PTR_ERR_OR_ZERO(t));
	if (!IS_ERR(t))
		kill_tables(t);
	KUNIT_EXPECT_EQ(test, nr, watch->nr);
}

static int tables_test_init(struct kunit *test)
{
	int ret;

	watch->nr = 0;
	watch->calls = 0;
	watch->fail_at = 0;
	watch->failed = 0;
	watch->poc_used = 0;
	watch->cleans = 0;
	watch->broken = false;

	ret = vgic_v5_vmt_create(&all_caps);
	if (ret == -EBUSY)
		kunit_skip(test, "the VM table of this host is in use");
	if (!ret)
		vgic_v5_vmt_destroy();

	return ret;
}

static void tables_test_exit(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, watch->broken);
}

/* --- An IRS that looks for its tables --- */

/* Memory at @pa as the IRS sees it; an object of @size, aligned to that. */
static void *irs_mem(struct kunit *test, u64 pa, size_t size)
{
	void *va = phys_to_virt(pa);
	struct block *b = find_block(va, size);

	if (!b)
		KUNIT_FAIL_AND_ABORT(test, "%#llx, %zu bytes: not ours", pa, size);
	if (!IS_ALIGNED(pa, size))
		KUNIT_FAIL_AND_ABORT(test, "%#llx: not aligned to %zu", pa, size);

	return b->poc ? b->poc + (va - b->ptr) : va;
}

static u64 irs_read(struct kunit *test, u64 pa)
{
	return le64_to_cpu(READ_ONCE(*(__le64 *)irs_mem(test, pa, 8)));
}

static void irs_write(struct kunit *test, u64 pa, u64 val)
{
	WRITE_ONCE(*(__le64 *)irs_mem(test, pa, 8), cpu_to_le64(val));
}

/* An object is in memory, aligned, and alone in its cache lines if need be. */
static void irs_check_object(struct kunit *test, u64 pa, size_t size, size_t align)
{
	if (!watch->coherent) {
		size = max_t(size_t, size, cache_line_size());
		align = max_t(size_t, align, cache_line_size());
	}

	KUNIT_EXPECT_TRUE_MSG(test, find_block(phys_to_virt(pa), size),
			      "%#llx, %zu bytes: not ours", pa, size);
	KUNIT_EXPECT_TRUE_MSG(test, IS_ALIGNED(pa, align),
			      "%#llx: not aligned to %zu", pa, align);
}

static void irs_expect_zero(struct kunit *test, u64 pa, size_t size)
{
	KUNIT_EXPECT_NULL(test, memchr_inv(irs_mem(test, pa, size), 0, size));
}

/* Bits [@hi:@lo], where they are. */
static u64 bits(u64 val, int hi, int lo)
{
	return val & GENMASK_ULL(hi, lo);
}

/* Bits [@hi:@lo], as a number. */
static u64 num(u64 val, int hi, int lo)
{
	return bits(val, hi, lo) >> lo;
}

/* The L1_VMTE that has @vm_id, or 0. */
static u64 irs_l1_vmte(u16 vm_id)
{
	if (!num(vgic_v5_vmt_cfgr(), 16, 16))
		return 0;

	return bits(vgic_v5_vmt_baser(), 55, 3) + 8 * (vm_id >> 7);
}

/* The L2_VMTE of @vm_id; 0 if the L2 table isn't valid. */
static u64 irs_vmte(struct kunit *test, u16 vm_id)
{
	u64 l1e, pa = irs_l1_vmte(vm_id);

	if (!pa)
		return bits(vgic_v5_vmt_baser(), 55, 3) + 32 * vm_id;

	l1e = irs_read(test, pa);
	if (!(l1e & 1))
		return 0;

	return bits(l1e, 55, 12) + 32 * (vm_id & 127);
}

/* IRS_VMAP_L2_VMTR */
static void irs_map_l2_vmt(struct kunit *test, u16 vm_id)
{
	u64 pa = irs_l1_vmte(vm_id);

	if (pa)
		irs_write(test, pa, irs_read(test, pa) | 1);
}

/* Word @n of the L2_VMTE. */
static u64 irs_vmte_word(struct kunit *test, u16 vm_id, int n)
{
	u64 vmte;

	irs_map_l2_vmt(test, vm_id);
	vmte = irs_vmte(test, vm_id);
	KUNIT_ASSERT_NE(test, 0, vmte);

	return vmte + 8 * n;
}

/* IRS_VMAP_VMR, IRS_VMAP_VISTR: sets or clears VALID of word @n. */
static void irs_map_word(struct kunit *test, u16 vm_id, int n, bool map)
{
	u64 pa = irs_vmte_word(test, vm_id, n);
	u64 val = irs_read(test, pa);

	irs_write(test, pa, map ? val | 1 : val & ~1ULL);
}

/* The VPETE of @vpe_id. */
static u64 irs_vpete(struct kunit *test, u16 vm_id, u16 vpe_id)
{
	u64 word = irs_read(test, irs_vmte_word(test, vm_id, 1));

	if (vpe_id >= BIT(num(word, 63, 59)))
		KUNIT_FAIL_AND_ABORT(test, "VPE %d is out of range", vpe_id);

	return bits(word, 55, 3) + 8 * vpe_id;
}

/* IRS_VMAP_VPER */
static void irs_map_vpe(struct kunit *test, u16 vm_id, u16 vpe_id)
{
	u64 pa = irs_vpete(test, vm_id, vpe_id);

	irs_write(test, pa, irs_read(test, pa) | 1);
}

/* The L2_ISTE of @id in the IST that @word of a L2_VMTE describes. */
static void *irs_iste(struct kunit *test, u64 word, u32 id)
{
	unsigned int istsz = num(word, 57, 56), l2sz = num(word, 2, 1);
	unsigned int l2bits = 10 - istsz + 2 * l2sz;
	u64 table = bits(word, 55, 6);

	if (id >= BIT(num(word, 63, 59)))
		KUNIT_FAIL_AND_ABORT(test, "%u is out of range", id);

	if (num(word, 58, 58)) {
		u64 l1e = irs_read(test, table + 8 * (id >> l2bits));

		if (!(l1e & 1))
			KUNIT_FAIL_AND_ABORT(test, "%u: L1_ISTE isn't valid", id);

		table = bits(l1e, 55, 12);
		id &= BIT(l2bits) - 1;
	}

	return irs_mem(test, table + ((u64)id << (2 + istsz)), 4 << istsz);
}

/* --- Parameters --- */

static const bool coherent_params[] = { true, false };

static void coherent_desc(const bool *coherent, char *desc)
{
	strscpy(desc, *coherent ? "coherent" : "not coherent", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(coherent, coherent_params, coherent_desc);

static bool coherent_param(struct kunit *test)
{
	return *(const bool *)test->param_value;
}

/* --- What an IRS can do --- */

static void caps_of_a_typical_irs(struct kunit *test)
{
	struct vgic_v5_irs_caps caps;

	memset(&caps, 0xff, sizeof(caps));
	vgic_v5_irs_caps_decode(&caps,
				4 << 20 | 7 << 16 | 8,
				18 << 15 | 1 << 14 | 5 << 11 | 1 << 10 | 14 << 6 |
				1 << 5 | 20,
				1 << 10 | 12 << 5 | 9 << 1 | 1,
				11 << 6 | 7,
				true);

	KUNIT_EXPECT_TRUE(test, caps.coherent);
	KUNIT_EXPECT_TRUE(test, caps.vmt_two_level);
	KUNIT_EXPECT_EQ(test, 12, caps.vm_id_bits);
	KUNIT_EXPECT_TRUE(test, caps.vmd);
	KUNIT_EXPECT_EQ(test, 9, caps.vmd_shift);
	KUNIT_EXPECT_EQ(test, 11, caps.vpe_id_bits);
	KUNIT_EXPECT_EQ(test, 7, caps.vped_shift);
	KUNIT_EXPECT_EQ(test, 20, caps.id_bits);
	KUNIT_EXPECT_EQ(test, 14, caps.min_lpi_id_bits);
	KUNIT_EXPECT_TRUE(test, caps.ist_two_level);
	KUNIT_EXPECT_EQ(test, 5, caps.ist_l2sz);
	KUNIT_EXPECT_TRUE(test, caps.istmd);
	KUNIT_EXPECT_EQ(test, 18, caps.istmd_sz);
	KUNIT_EXPECT_EQ(test, 5, caps.pri_bits);
}

static void caps_of_a_simple_irs(struct kunit *test)
{
	struct vgic_v5_irs_caps caps;

	memset(&caps, 0xff, sizeof(caps));
	/* All ones but for what the test is about. */
	vgic_v5_irs_caps_decode(&caps, ~(7U << 20),
				~(1U << 14 | 1U << 10 | 0xfU << 6 | 0x1f),
				~(1U << 10 | 0x1fU << 5 | 1U), ~(0xfU << 6),
				false);

	KUNIT_EXPECT_FALSE(test, caps.coherent);
	KUNIT_EXPECT_FALSE(test, caps.vmt_two_level);
	KUNIT_EXPECT_EQ(test, 0, caps.vm_id_bits);
	KUNIT_EXPECT_FALSE(test, caps.vmd);
	KUNIT_EXPECT_EQ(test, 15, caps.vmd_shift);
	KUNIT_EXPECT_EQ(test, 0, caps.vpe_id_bits);
	KUNIT_EXPECT_EQ(test, 63, caps.vped_shift);
	KUNIT_EXPECT_EQ(test, 0, caps.id_bits);
	KUNIT_EXPECT_EQ(test, 0, caps.min_lpi_id_bits);
	KUNIT_EXPECT_FALSE(test, caps.ist_two_level);
	KUNIT_EXPECT_EQ(test, 7, caps.ist_l2sz);
	KUNIT_EXPECT_FALSE(test, caps.istmd);
	KUNIT_EXPECT_EQ(test, 1, caps.pri_bits);
}

static void caps_fit_the_ids(struct kunit *test)
{
	struct vgic_v5_irs_caps caps;

	vgic_v5_irs_caps_decode(&caps, ~0, ~0, ~0, ~0, true);
	KUNIT_EXPECT_EQ(test, 16, caps.vm_id_bits);
	KUNIT_EXPECT_EQ(test, 24, caps.id_bits);
	KUNIT_EXPECT_EQ(test, 15, caps.vpe_id_bits);
	KUNIT_EXPECT_EQ(test, 31, caps.istmd_sz);
}

/* --- Interrupt state tables --- */

/* Which bit of IRS_IDR2.IST_L2SZ is to be used. */
static int best_l2sz(u8 supported)
{
	int best = -1;

	for (int l2sz = 0; l2sz <= 2; l2sz++) {
		if (!(supported & BIT(l2sz)))
			continue;
		if (best < 0 || 4096UL << (2 * l2sz) <= PAGE_SIZE)
			best = l2sz;
	}

	return best;
}

static void expect_geometry(struct kunit *test, const struct vgic_v5_irs_caps *caps,
			    unsigned int id_bits, unsigned int istsz)
{
	int l2sz = caps->ist_two_level ? best_l2sz(caps->ist_l2sz) : -1;
	bool two_level = l2sz >= 0 && id_bits > 10 - istsz + 2 * l2sz;
	struct vgic_v5_ist ist;

	memset(&ist, 0xff, sizeof(ist));
	vgic_v5_ist_geometry(caps, id_bits, &ist);

	if (ist.id_bits != id_bits || ist.istsz != istsz ||
	    ist.two_level != two_level || ist.l2sz != (two_level ? l2sz : 0) ||
	    ist.table || ist.l2)
		KUNIT_FAIL(test,
			   "IDR2: ID %u ISTMD %d,%u LEVELS %d L2SZ %x: ID %u ISTSZ %u L2SZ %u LEVELS %d",
			   id_bits, caps->istmd, caps->istmd_sz, caps->ist_two_level,
			   caps->ist_l2sz, ist.id_bits, ist.istsz, ist.l2sz,
			   ist.two_level);
}

/* Each L2SZ, with and without two levels. */
static void expect_geometries(struct kunit *test, struct vgic_v5_irs_caps *caps,
			      unsigned int id_bits, unsigned int istsz)
{
	for (int levels = 0; levels <= 1; levels++) {
		for (int l2sz = 0; l2sz <= 7; l2sz++) {
			caps->ist_two_level = levels;
			caps->ist_l2sz = l2sz;
			expect_geometry(test, caps, id_bits, istsz);
		}
	}
}

static void ist_geometry(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, true);

	for (unsigned int id_bits = 1; id_bits <= 24; id_bits++) {
		caps->istmd = false;
		caps->istmd_sz = 0;
		expect_geometries(test, caps, id_bits, 0);

		caps->istmd = true;
		for (unsigned int sz = 0; sz <= 31; sz++) {
			caps->istmd_sz = sz;
			expect_geometries(test, caps, id_bits, id_bits < sz ? 1 : 2);
		}
	}
}

/* As it would overflow if any entry had less memory than it needs, or shared. */
static void irs_walk_ist(struct kunit *test, u64 word)
{
	unsigned int id_bits = num(word, 63, 59), istsz = num(word, 57, 56);
	u32 *iste;

	for (u32 id = 0; id < BIT(id_bits); id++) {
		iste = irs_iste(test, word, id);
		if (memchr_inv(iste, 0, 4 << istsz))
			KUNIT_FAIL_AND_ABORT(test, "%u isn't zero", id);
		memset(iste, 0x5a, 4 << istsz);
		iste[0] = ~id;
	}

	for (u32 id = 0; id < BIT(id_bits); id++) {
		iste = irs_iste(test, word, id);
		if (iste[0] != ~id)
			KUNIT_FAIL_AND_ABORT(test, "%u isn't alone", id);
	}
}

/* The table that the entry of the VM points to; L2 tables are in the walk. */
static void irs_check_ist(struct kunit *test, u64 word)
{
	unsigned int id_bits = num(word, 63, 59), istsz = num(word, 57, 56);
	unsigned int l2sz = num(word, 2, 1), l2bits = 10 - istsz + 2 * l2sz;
	u64 table = bits(word, 55, 6);
	int n;

	KUNIT_EXPECT_LT(test, istsz, 3);
	KUNIT_EXPECT_LT(test, l2sz, 3);

	if (!num(word, 58, 58)) {
		n = max(5, (int)(id_bits + 1 + istsz));
		irs_check_object(test, table, BIT(id_bits + 2 + istsz), BIT(n + 1));
		return;
	}

	n = max(5, (int)(id_bits - l2bits + 2));
	irs_check_object(test, table, 8 * BIT(id_bits - l2bits), BIT(n + 1));
	for (unsigned int i = 0; i < BIT(id_bits - l2bits); i++) {
		u64 l1e = irs_read(test, table + 8 * i);
		size_t size = BIT(12 + 2 * l2sz);

		KUNIT_EXPECT_EQ(test, 0, bits(l1e, 11, 1) | bits(l1e, 63, 56));
		irs_check_object(test, bits(l1e, 55, 12), size, size);
	}
}

static void walk_lpi_ist(struct kunit *test, struct vgic_v5_tables *t,
			 unsigned int id_bits, unsigned int istsz)
{
	u64 word;

	KUNIT_ASSERT_EQ(test, 0, watched(vgic_v5_tables_add_lpi_ist(t, id_bits)));

	word = irs_read(test, irs_vmte_word(test, t->vm_id, 2));
	KUNIT_EXPECT_EQ(test, id_bits, num(word, 63, 59));
	KUNIT_EXPECT_EQ(test, istsz, num(word, 57, 56));
	KUNIT_EXPECT_EQ(test, 0, num(word, 0, 0));
	irs_check_ist(test, word);
	irs_walk_ist(test, word);

	watched_void(vgic_v5_tables_remove_lpi_ist(t));
}

/* Each combination of sizes, up to @max bits; more than that at some sizes. */
static void walk_lpi_ists(struct kunit *test, struct vgic_v5_irs_caps *caps,
			  unsigned int istsz, unsigned int max)
{
	struct vgic_v5_tables *t = make_tables(test, caps, 0, 0);
	size_t poc_used = watch->poc_used;

	caps->istmd = istsz > 0;
	caps->istmd_sz = istsz == 1 ? 31 : 0;

	for (unsigned int l2sz = 0; l2sz <= 3; l2sz++) {
		/* 3 is for linear tables */
		caps->ist_two_level = l2sz < 3;
		caps->ist_l2sz = l2sz < 3 ? BIT(l2sz) : 7;

		for (unsigned int id_bits = 1; id_bits <= max; id_bits++) {
			walk_lpi_ist(test, t, id_bits, istsz);
			/* The second copies of what is freed by now. */
			watch->poc_used = poc_used;
		}
	}

	destroy_tables(test, t);
}

static void ist_walk_4_byte_entries(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, coherent_param(test));

	make_vmt(test, caps);
	walk_lpi_ists(test, caps, 0, caps->coherent ? 16 : 12);
}

static void ist_walk_8_byte_entries(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, coherent_param(test));

	make_vmt(test, caps);
	walk_lpi_ists(test, caps, 1, caps->coherent ? 15 : 11);
}

static void ist_walk_16_byte_entries(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, coherent_param(test));

	make_vmt(test, caps);
	walk_lpi_ists(test, caps, 2, caps->coherent ? 14 : 10);
}

static void ist_id_bits_range(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, true);
	struct vgic_v5_tables *t;
	unsigned int nr;

	caps->min_lpi_id_bits = 6;
	caps->id_bits = 12;
	make_vmt(test, caps);
	t = make_tables(test, caps, 0, 0);
	nr = watch->nr;

	KUNIT_EXPECT_EQ(test, -EINVAL, watched(vgic_v5_tables_add_lpi_ist(t, 0)));
	KUNIT_EXPECT_EQ(test, -EINVAL, watched(vgic_v5_tables_add_lpi_ist(t, 5)));
	KUNIT_EXPECT_EQ(test, -EINVAL, watched(vgic_v5_tables_add_lpi_ist(t, 13)));
	KUNIT_EXPECT_EQ(test, -EINVAL, watched(vgic_v5_tables_add_lpi_ist(t, UINT_MAX)));
	KUNIT_EXPECT_EQ(test, nr, watch->nr);
	KUNIT_EXPECT_NULL(test, t->lpi_ist.table);

	walk_lpi_ist(test, t, 6, 0);
	walk_lpi_ist(test, t, 12, 0);

	/* No bound, but a table of a single entry is not for us to try. */
	caps->min_lpi_id_bits = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL, watched(vgic_v5_tables_add_lpi_ist(t, 0)));
	walk_lpi_ist(test, t, 1, 0);
}

/* More than the page allocator has in one piece. */
static void ist_linear_too_large(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, true);
	unsigned int max = MAX_PAGE_ORDER + PAGE_SHIFT - 2;
	struct vgic_v5_tables *t;
	unsigned int nr;

	if (max >= 24)
		kunit_skip(test, "no table is too large for this kernel");

	caps->ist_two_level = false;
	make_vmt(test, caps);
	t = make_tables(test, caps, 0, 0);
	nr = watch->nr;

	KUNIT_EXPECT_EQ(test, -ENOMEM,
			watched(vgic_v5_tables_add_lpi_ist(t, max + 1)));
	KUNIT_EXPECT_EQ(test, -ENOMEM, watched(vgic_v5_tables_add_lpi_ist(t, 24)));
	KUNIT_EXPECT_EQ(test, nr, watch->nr);
	KUNIT_EXPECT_NULL(test, t->lpi_ist.table);
	KUNIT_EXPECT_EQ(test, 0, irs_read(test, irs_vmte_word(test, t->vm_id, 2)));

	expect_create_fails(test, -ENOMEM, caps, 0, 1 << 24);
}

/* No piece is larger than a page, as far as the L1 table fits one. */
static void ist_two_level_is_scattered(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, true);
	struct vgic_v5_tables *t;
	unsigned int nr;

	caps->ist_l2sz = BIT(0);
	make_vmt(test, caps);
	t = make_tables(test, caps, 0, 0);
	nr = watch->nr;

	KUNIT_ASSERT_EQ(test, 0, watched(vgic_v5_tables_add_lpi_ist(t, 19)));
	/* The L1 table, the pointers to L2 tables, and those */
	KUNIT_EXPECT_EQ(test, nr + 2 + 512, watch->nr);
	for (unsigned int i = nr; i < watch->nr; i++)
		KUNIT_EXPECT_LE(test, watch->blocks[i].size, PAGE_SIZE);

	watched_void(vgic_v5_tables_remove_lpi_ist(t));
	KUNIT_EXPECT_EQ(test, nr, watch->nr);
}

static void lpi_ist_comes_and_goes(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, coherent_param(test));
	struct vgic_v5_tables *t;
	unsigned int nr;
	u64 word;

	make_vmt(test, caps);
	t = make_tables(test, caps, 0, 32);
	nr = watch->nr;

	/* The VM and its SPIs are valid throughout. */
	irs_map_word(test, t->vm_id, 0, true);
	irs_map_word(test, t->vm_id, 3, true);
	t->irs_owned = true;

	for (int i = 0; i < 3; i++) {
		/* There is none. */
		watched_void(vgic_v5_tables_remove_lpi_ist(t));
		KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_lpi_ist_valid(t)));

		KUNIT_EXPECT_EQ(test, 0, watched(vgic_v5_tables_add_lpi_ist(t, 12)));
		KUNIT_EXPECT_EQ(test, -EEXIST,
				watched(vgic_v5_tables_add_lpi_ist(t, 12)));
		KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_lpi_ist_valid(t)));

		t->lpi_ist_owned = true;
		irs_map_word(test, t->vm_id, 2, true);
		KUNIT_EXPECT_TRUE(test, watched(vgic_v5_tables_lpi_ist_valid(t)));

		irs_map_word(test, t->vm_id, 2, false);
		KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_lpi_ist_valid(t)));
		t->lpi_ist_owned = false;

		watched_void(vgic_v5_tables_remove_lpi_ist(t));
		word = irs_read(test, irs_vmte_word(test, t->vm_id, 2));
		KUNIT_EXPECT_EQ(test, 0, word);
		KUNIT_EXPECT_EQ(test, nr, watch->nr);

		KUNIT_EXPECT_TRUE(test, watched(vgic_v5_tables_vm_valid(t)));
		KUNIT_EXPECT_TRUE(test, watched(vgic_v5_tables_spi_ist_valid(t)));
	}

	t->irs_owned = false;
}

/**
 * struct spi_param - an IST for SPIs
 * @nr: number of SPIs
 * @min: IRS_IDR2.MIN_LPI_ID_BITS
 * @id_bits: what is expected
 */
struct spi_param {
	unsigned int	nr;
	u8		min;
	u8		id_bits;
};

static const struct spi_param spi_params[] = {
	{ 1,	0,	1 },
	{ 2,	1,	1 },
	{ 3,	1,	2 },
	{ 32,	0,	5 },
	{ 33,	0,	6 },
	{ 32,	5,	5 },
	{ 32,	6,	6 },
	{ 32,	14,	14 },
	{ 987,	4,	10 },
	{ 1024,	4,	10 },
	{ 1025,	4,	11 },
	{ 1 << 16, 14,	16 },
};

static void spi_desc(const struct spi_param *p, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u SPIs, at least %u bits", p->nr,
		 p->min);
}

KUNIT_ARRAY_PARAM(spi, spi_params, spi_desc);

static void spi_ist(struct kunit *test)
{
	const struct spi_param *p = test->param_value;
	struct vgic_v5_irs_caps *caps = make_caps(test, true);
	struct vgic_v5_tables *t;
	u64 word;

	caps->min_lpi_id_bits = p->min;
	caps->id_bits = 16;
	make_vmt(test, caps);
	t = make_tables(test, caps, 0, p->nr);

	KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_spi_ist_valid(t)));
	word = irs_read(test, irs_vmte_word(test, t->vm_id, 3));
	KUNIT_EXPECT_EQ(test, p->id_bits, num(word, 63, 59));
	irs_check_ist(test, word);
	irs_walk_ist(test, word);

	irs_map_word(test, t->vm_id, 3, true);
	KUNIT_EXPECT_TRUE(test, watched(vgic_v5_tables_spi_ist_valid(t)));
	KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_vm_valid(t)));
	KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_lpi_ist_valid(t)));

	expect_create_fails(test, -E2BIG, caps, 0, (1 << 16) + 1);
	expect_create_fails(test, -E2BIG, caps, 0, UINT_MAX);
}

static void no_spis(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, true);
	struct vgic_v5_tables *t;

	make_vmt(test, caps);
	t = make_tables(test, caps, 0, 0);

	KUNIT_EXPECT_EQ(test, 0, irs_read(test, irs_vmte_word(test, t->vm_id, 3)));
	KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_spi_ist_valid(t)));
}

/* --- The VM table --- */

/**
 * struct vmt_param - a VM table
 * @two_level: IRS_IDR3.VMT_LEVELS
 * @vm_id_bits: IRS_IDR3.VM_ID_BITS
 * @coherent: the IRS is
 */
struct vmt_param {
	bool	two_level;
	u8	vm_id_bits;
	bool	coherent;
};

static const struct vmt_param vmt_params[] = {
	{ false, 1,	true },
	{ false, 7,	true },
	{ false, 9,	true },
	{ false, 9,	false },
	{ true,	 1,	true },
	{ true,	 7,	true },
	{ true,	 7,	false },
	{ true,	 8,	true },
	{ true,	 8,	false },
	{ true,	 9,	true },
};

static void vmt_desc(const struct vmt_param *p, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u bits, %s levels, %s",
		 p->vm_id_bits, p->two_level ? "two" : "no",
		 p->coherent ? "coherent" : "not coherent");
}

KUNIT_ARRAY_PARAM(vmt, vmt_params, vmt_desc);

static struct vgic_v5_irs_caps *make_vmt_param(struct kunit *test,
					       const struct vmt_param *p)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, p->coherent);

	caps->vmt_two_level = p->two_level;
	caps->vm_id_bits = p->vm_id_bits;
	make_vmt(test, caps);

	return caps;
}

static void vmt_registers(struct kunit *test)
{
	const struct vmt_param *p = test->param_value;
	bool two_level = p->two_level && p->vm_id_bits > 7;
	size_t size = two_level ? BIT(p->vm_id_bits - 7 + 3) : BIT(p->vm_id_bits + 5);
	unsigned int nr;

	make_vmt_param(test, p);

	KUNIT_EXPECT_EQ(test, two_level << 16 | p->vm_id_bits, vgic_v5_vmt_cfgr());
	KUNIT_EXPECT_EQ(test, 1, num(vgic_v5_vmt_baser(), 0, 0));
	KUNIT_EXPECT_EQ(test, 0, num(vgic_v5_vmt_baser(), 63, 56));
	irs_check_object(test, bits(vgic_v5_vmt_baser(), 55, 3), size, size);
	irs_expect_zero(test, bits(vgic_v5_vmt_baser(), 55, 3), size);

	/* There is one only. */
	nr = watch->nr;
	KUNIT_EXPECT_EQ(test, -EBUSY, watched(vgic_v5_vmt_create(&all_caps)));
	KUNIT_EXPECT_EQ(test, nr, watch->nr);
	KUNIT_EXPECT_EQ(test, p->vm_id_bits, num(vgic_v5_vmt_cfgr(), 4, 0));

	destroy_vmt(test);
	KUNIT_EXPECT_EQ(test, 0, watch->nr);
}

/* The L2 table of a VM that is the latest one: IRS_VMAP_L2_VMTR once for each. */
static void expect_l2_vmt(struct kunit *test, struct vgic_v5_tables *t,
			  bool two_level)
{
	bool first = t->vm_id % 128 == 0;

	KUNIT_EXPECT_EQ(test, !two_level || !first,
			watched(vgic_v5_vmt_l2_valid(t->vm_id)));

	if (two_level && first) {
		u64 l1e = irs_read(test, irs_l1_vmte(t->vm_id));

		KUNIT_EXPECT_EQ(test, 0, bits(l1e, 11, 0) | bits(l1e, 63, 56));
		irs_check_object(test, bits(l1e, 55, 12), 4096, 4096);
	}

	irs_map_l2_vmt(test, t->vm_id);
	KUNIT_EXPECT_TRUE(test, watched(vgic_v5_vmt_l2_valid(t->vm_id)));
}

static void vmt_entries(struct kunit *test)
{
	const struct vmt_param *p = test->param_value;
	struct vgic_v5_irs_caps *caps = make_vmt_param(test, p);
	bool two_level = p->two_level && p->vm_id_bits > 7;
	unsigned int nr = BIT(p->vm_id_bits), blocks = watch->nr;
	struct vgic_v5_tables **t;

	t = kunit_kcalloc(test, nr, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	caps->vmd = false;

	/* All ids, each one once. */
	for (unsigned int i = 0; i < nr; i++) {
		t[i] = make_tables(test, caps, 0, 0);
		KUNIT_ASSERT_EQ(test, i, t[i]->vm_id);
		expect_l2_vmt(test, t[i], two_level);
		/* Commands for one VM and setting up the next one alternate. */
		irs_map_word(test, i, 0, true);
	}
	expect_create_fails(test, -ENOSPC, caps, 0, 0);

	for (unsigned int i = 0; i < nr; i++) {
		u64 word = irs_read(test, irs_vmte_word(test, i, 1));

		KUNIT_EXPECT_TRUE(test, watched(vgic_v5_tables_vm_valid(t[i])));
		KUNIT_EXPECT_EQ(test, virt_to_phys(t[i]->vpet), bits(word, 55, 3));
	}

	/* One is given back, and is the only one that is to be had. */
	irs_map_word(test, nr / 2, 0, false);
	destroy_tables(test, t[nr / 2]);
	t[nr / 2] = make_tables(test, caps, 0, 0);
	KUNIT_EXPECT_EQ(test, nr / 2, t[nr / 2]->vm_id);
	KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_vm_valid(t[nr / 2])));
	expect_create_fails(test, -ENOSPC, caps, 0, 0);

	/* What stays are the L2 tables. */
	for (unsigned int i = 0; i < nr; i++)
		destroy_tables(test, t[i]);
	if (two_level)
		blocks += (nr / 128) * (p->coherent ? 1 : 2);
	KUNIT_EXPECT_EQ(test, blocks, watch->nr);
	KUNIT_EXPECT_TRUE(test, watched(vgic_v5_vmt_l2_valid(nr - 1)));

	destroy_vmt(test);
	KUNIT_EXPECT_EQ(test, 0, watch->nr);
}

static void no_vmt(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, true);

	expect_create_fails(test, -ENODEV, caps, 0, 32);

	/* Nothing to destroy. */
	watched_void(vgic_v5_vmt_destroy());
	watched_void(vgic_v5_tables_destroy(NULL));
	watched_void(vgic_v5_tables_destroy(ERR_PTR(-ENOMEM)));
	KUNIT_EXPECT_EQ(test, 0, watch->nr);
}

/* --- The entry of a VM --- */

static void vmte_describes_vm(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, coherent_param(test));
	struct vgic_v5_tables *t;
	u64 word;
	u16 id;

	make_vmt(test, caps);
	t = make_tables(test, caps, 100, 64);
	id = t->vm_id;

	word = irs_read(test, irs_vmte_word(test, id, 0));
	KUNIT_EXPECT_EQ(test, 0, bits(word, 63, 56) | bits(word, 2, 0));
	irs_check_object(test, bits(word, 55, 3), 512, 512);
	irs_expect_zero(test, bits(word, 55, 3), 512);

	word = irs_read(test, irs_vmte_word(test, id, 1));
	KUNIT_EXPECT_EQ(test, 7, num(word, 63, 59));
	KUNIT_EXPECT_EQ(test, 0, bits(word, 58, 56) | bits(word, 2, 0));
	irs_check_object(test, bits(word, 55, 3), 128 * 8, 128 * 8);
	irs_expect_zero(test, bits(word, 55, 3), 128 * 8);

	KUNIT_EXPECT_EQ(test, 0, irs_read(test, irs_vmte_word(test, id, 2)));
	word = irs_read(test, irs_vmte_word(test, id, 3));
	KUNIT_EXPECT_EQ(test, 6, num(word, 63, 59));
	KUNIT_EXPECT_EQ(test, 0, num(word, 0, 0));

	KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_vm_valid(t)));
	irs_map_word(test, id, 0, true);
	KUNIT_EXPECT_TRUE(test, watched(vgic_v5_tables_vm_valid(t)));
	KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_spi_ist_valid(t)));
	irs_map_word(test, id, 0, false);
	KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_vm_valid(t)));

	/* Nothing is left that points to memory of somebody else. */
	KUNIT_EXPECT_EQ(test, 0, watched(vgic_v5_tables_add_lpi_ist(t, 10)));
	destroy_tables(test, t);
	for (int i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, 0, irs_read(test, irs_vmte_word(test, id, i)));

	/* How much of that did an IRS need that is coherent? */
	if (caps->coherent)
		KUNIT_EXPECT_EQ(test, 0, watch->cleans);
	else
		KUNIT_EXPECT_GT(test, watch->cleans, 0);
}

static void no_vm_descriptor(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, true);
	struct vgic_v5_tables *t;

	caps->vmd = false;
	make_vmt(test, caps);
	t = make_tables(test, caps, 0, 32);

	KUNIT_EXPECT_NULL(test, t->vmd);
	KUNIT_EXPECT_EQ(test, 0, irs_read(test, irs_vmte_word(test, t->vm_id, 0)));
}

/* Objects as small, and as large, as the architecture lets them be. */
static void descriptor_sizes(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, coherent_param(test));
	struct vgic_v5_tables *t;
	u64 word;

	make_vmt(test, caps);

	for (int shift = 0; shift <= 12; shift++) {
		caps->vmd_shift = shift;
		caps->vped_shift = shift;
		t = make_tables(test, caps, 1, 0);

		word = irs_read(test, irs_vmte_word(test, t->vm_id, 0));
		irs_check_object(test, bits(word, 55, 3), BIT(shift), BIT(shift));

		for (int i = 0; i <= 1; i++) {
			KUNIT_EXPECT_EQ(test, 0, watched(vgic_v5_tables_add_vpe(t, i)));
			word = irs_read(test, irs_vpete(test, t->vm_id, i));
			KUNIT_EXPECT_EQ(test, 0, bits(word, 4, 0));
			irs_check_object(test, bits(word, 55, 3), BIT(shift),
					 max(BIT(shift), 32UL));
		}
		destroy_tables(test, t);
	}
}

/* --- VPEs --- */

static void vpe_ids_are_sparse(struct kunit *test)
{
	static const u16 ids[] = { 511, 0, 7, 8, 300, 6 };
	struct vgic_v5_irs_caps *caps = make_caps(test, coherent_param(test));
	struct vgic_v5_tables *t;
	u64 word;

	make_vmt(test, caps);
	t = make_tables(test, caps, 511, 0);
	irs_map_word(test, t->vm_id, 0, true);

	/* The IRS makes one valid before the next one is there. */
	for (int i = 0; i < ARRAY_SIZE(ids); i++) {
		KUNIT_EXPECT_EQ(test, 0, watched(vgic_v5_tables_add_vpe(t, ids[i])));
		KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_vpe_valid(t, ids[i])));

		word = irs_read(test, irs_vpete(test, t->vm_id, ids[i]));
		KUNIT_EXPECT_EQ(test, 0, bits(word, 2, 0) | bits(word, 63, 56));
		irs_check_object(test, bits(word, 55, 3), 256, 256);
		irs_expect_zero(test, bits(word, 55, 3), 256);
		/* Private to the IRS, which sees if it had to share. */
		memset(irs_mem(test, bits(word, 55, 3), 256), i + 1, 256);

		irs_map_vpe(test, t->vm_id, ids[i]);
		KUNIT_EXPECT_TRUE(test, watched(vgic_v5_tables_vpe_valid(t, ids[i])));
	}

	for (int i = 0; i < ARRAY_SIZE(ids); i++) {
		word = irs_read(test, irs_vpete(test, t->vm_id, ids[i]));
		KUNIT_EXPECT_EQ(test, 1, num(word, 0, 0));
		KUNIT_EXPECT_NULL(test, memchr_inv(irs_mem(test, bits(word, 55, 3), 256),
						   i + 1, 256));
		KUNIT_EXPECT_EQ(test, -EEXIST,
				watched(vgic_v5_tables_add_vpe(t, ids[i])));
		KUNIT_EXPECT_EQ(test, word,
				irs_read(test, irs_vpete(test, t->vm_id, ids[i])));
	}

	KUNIT_EXPECT_EQ(test, 0, irs_read(test, irs_vpete(test, t->vm_id, 1)));
	KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_vpe_valid(t, 1)));
}

/* Adding a VPE writes a cache line in which the IRS has written, too. */
static void vpes_share_a_line(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, coherent_param(test));
	struct vgic_v5_tables *t;

	make_vmt(test, caps);
	t = make_tables(test, caps, 7, 0);
	irs_map_word(test, t->vm_id, 0, true);

	/* Nobody looks at one before the next one is added. */
	for (int i = 0; i < 8; i++) {
		KUNIT_EXPECT_EQ(test, 0, watched(vgic_v5_tables_add_vpe(t, i)));
		irs_map_vpe(test, t->vm_id, i);
	}

	for (int i = 0; i < 8; i++) {
		KUNIT_EXPECT_EQ(test, 1, num(irs_read(test, irs_vpete(test, t->vm_id, i)),
					     0, 0));
		KUNIT_EXPECT_TRUE(test, watched(vgic_v5_tables_vpe_valid(t, i)));
	}
}

static const unsigned int max_vpe_params[] = { 0, 1, 2, 3, 4, 127, 128, 511 };

static void max_vpe_desc(const unsigned int *max, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "up to %u", *max);
}

KUNIT_ARRAY_PARAM(max_vpe, max_vpe_params, max_vpe_desc);

static void vpe_id_range(struct kunit *test)
{
	unsigned int max = *(const unsigned int *)test->param_value, nr = 2;
	struct vgic_v5_irs_caps *caps = make_caps(test, true);
	struct vgic_v5_tables *t;

	make_vmt(test, caps);
	t = make_tables(test, caps, max, 0);

	while (nr <= max)
		nr *= 2;

	KUNIT_EXPECT_EQ(test, nr, BIT(t->vpe_id_bits));
	KUNIT_EXPECT_EQ(test, t->vpe_id_bits,
			num(irs_read(test, irs_vmte_word(test, t->vm_id, 1)), 63, 59));
	KUNIT_EXPECT_EQ(test, 0, watched(vgic_v5_tables_add_vpe(t, max)));
	KUNIT_EXPECT_EQ(test, -EINVAL, watched(vgic_v5_tables_add_vpe(t, nr)));
	KUNIT_EXPECT_EQ(test, -EINVAL, watched(vgic_v5_tables_add_vpe(t, UINT_MAX)));
	KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_vpe_valid(t, nr)));
	KUNIT_EXPECT_FALSE(test, watched(vgic_v5_tables_vpe_valid(t, UINT_MAX)));
}

static void too_many_vpes(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, true);

	make_vmt(test, caps);
	expect_create_fails(test, -E2BIG, caps, 512, 0);
	expect_create_fails(test, -E2BIG, caps, UINT_MAX, 0);

	/* As few as there can be. */
	caps->vpe_id_bits = 1;
	make_tables(test, caps, 1, 0);
	expect_create_fails(test, -E2BIG, caps, 2, 0);
}

/* --- Failure --- */

/* Hardware may still write to it, so it has to stay. */
static void owned_is_not_freed(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, true);
	struct vgic_v5_tables *t;
	unsigned int nr;

	make_vmt(test, caps);
	t = make_tables(test, caps, 0, 32);
	KUNIT_ASSERT_EQ(test, 0, watched(vgic_v5_tables_add_lpi_ist(t, 10)));
	nr = watch->nr;

	kunit_warning_suppress(test) {
		t->irs_owned = true;
		watched_void(vgic_v5_tables_destroy(t));
		KUNIT_EXPECT_EQ(test, nr, watch->nr);
		t->irs_owned = false;

		t->lpi_ist_owned = true;
		watched_void(vgic_v5_tables_destroy(t));
		watched_void(vgic_v5_tables_remove_lpi_ist(t));
		KUNIT_EXPECT_EQ(test, nr, watch->nr);
		t->lpi_ist_owned = false;

		/* A VM is left. */
		watched_void(vgic_v5_vmt_destroy());
		KUNIT_EXPECT_EQ(test, nr, watch->nr);
	}

	KUNIT_EXPECT_NE(test, 0, irs_read(test, irs_vmte_word(test, t->vm_id, 1)));
	KUNIT_EXPECT_NE(test, 0, irs_read(test, irs_vmte_word(test, t->vm_id, 2)));
}

/* The life of two VMs, with everything. */
static int live_and_die(const struct vgic_v5_irs_caps *caps)
{
	struct vgic_v5_tables *t[2] = {};
	int ret;

	ret = vgic_v5_vmt_create(caps);

	for (int i = 0; i < ARRAY_SIZE(t) && !ret; i++) {
		t[i] = vgic_v5_tables_create(caps, 3, 32);
		ret = PTR_ERR_OR_ZERO(t[i]);
		if (!ret)
			ret = vgic_v5_tables_add_vpe(t[i], 2);
		if (!ret)
			ret = vgic_v5_tables_add_lpi_ist(t[i], 12);
	}

	for (int i = 0; i < ARRAY_SIZE(t); i++)
		vgic_v5_tables_destroy(t[i]);
	vgic_v5_vmt_destroy();

	return ret;
}

static void each_allocation_fails(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, coherent_param(test));
	int k, ret;

	caps->ist_l2sz = BIT(0);

	for (k = 1; k < 1000; k++) {
		watch->fail_at = k;
		watch->failed = 0;
		watch->calls = 0;
		watch->poc_used = 0;

		ret = watched(live_and_die(caps));
		KUNIT_EXPECT_EQ(test, 0, watch->nr);
		if (!watch->failed)
			break;

		KUNIT_EXPECT_EQ_MSG(test, -ENOMEM, ret, "allocation %d", k);
	}

	/*
	 * VM table: 2. Each VM: the struct, VMD, VPET, VPEDs, 1 VPED, the SPIs,
	 * a VM id, 3 and 4 L2 tables for the LPIs. The L2 table for both.
	 */
	KUNIT_EXPECT_EQ(test, 0, ret);
	kunit_info(test, "%d allocations\n", k - 1);
	KUNIT_EXPECT_GE(test, k - 1, 2 + 1 + 2 * 13);
}

/* What there is stays as it is if more can't be had. */
static void vm_survives_failures(struct kunit *test)
{
	struct vgic_v5_irs_caps *caps = make_caps(test, coherent_param(test));
	struct vgic_v5_tables *t;
	unsigned int nr;
	int ret;

	caps->ist_l2sz = BIT(0);
	make_vmt(test, caps);
	t = make_tables(test, caps, 7, 32);
	irs_map_word(test, t->vm_id, 0, true);
	nr = watch->nr;

	watch->calls = 0;
	watch->fail_at = 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM, watched(vgic_v5_tables_add_vpe(t, 5)));
	KUNIT_EXPECT_EQ(test, 0, irs_read(test, irs_vpete(test, t->vm_id, 5)));
	KUNIT_EXPECT_EQ(test, nr, watch->nr);
	KUNIT_EXPECT_EQ(test, 0, watched(vgic_v5_tables_add_vpe(t, 5)));

	nr = watch->nr;
	watch->fail_at = 0;
	do {
		watch->calls = 0;
		watch->fail_at++;
		watch->failed = 0;
		ret = watched(vgic_v5_tables_add_lpi_ist(t, 12));
		if (!watch->failed)
			break;

		KUNIT_EXPECT_EQ(test, -ENOMEM, ret);
		KUNIT_EXPECT_EQ(test, nr, watch->nr);
		KUNIT_EXPECT_EQ(test, 0, irs_read(test, irs_vmte_word(test, t->vm_id, 2)));
	} while (watch->fail_at < 1000);

	KUNIT_EXPECT_EQ(test, 0, ret);
	watch->fail_at = 0;
	irs_map_vpe(test, t->vm_id, 5);
	KUNIT_EXPECT_TRUE(test, watched(vgic_v5_tables_vm_valid(t)));
	KUNIT_EXPECT_TRUE(test, watched(vgic_v5_tables_vpe_valid(t, 5)));
}

static struct kunit_case vgic_v5_tables_test_cases[] = {
	KUNIT_CASE(caps_of_a_typical_irs),
	KUNIT_CASE(caps_of_a_simple_irs),
	KUNIT_CASE(caps_fit_the_ids),
	KUNIT_CASE(ist_geometry),
	KUNIT_CASE_PARAM_ATTR(ist_walk_4_byte_entries, coherent_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM_ATTR(ist_walk_8_byte_entries, coherent_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM_ATTR(ist_walk_16_byte_entries, coherent_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE(ist_id_bits_range),
	KUNIT_CASE(ist_linear_too_large),
	KUNIT_CASE(ist_two_level_is_scattered),
	KUNIT_CASE_PARAM(lpi_ist_comes_and_goes, coherent_gen_params),
	KUNIT_CASE_PARAM(spi_ist, spi_gen_params),
	KUNIT_CASE(no_spis),
	KUNIT_CASE_PARAM(vmt_registers, vmt_gen_params),
	KUNIT_CASE_PARAM(vmt_entries, vmt_gen_params),
	KUNIT_CASE(no_vmt),
	KUNIT_CASE_PARAM(vmte_describes_vm, coherent_gen_params),
	KUNIT_CASE(no_vm_descriptor),
	KUNIT_CASE_PARAM(descriptor_sizes, coherent_gen_params),
	KUNIT_CASE_PARAM(vpe_ids_are_sparse, coherent_gen_params),
	KUNIT_CASE_PARAM(vpes_share_a_line, coherent_gen_params),
	KUNIT_CASE_PARAM(vpe_id_range, max_vpe_gen_params),
	KUNIT_CASE(too_many_vpes),
	KUNIT_CASE(owned_is_not_freed),
	KUNIT_CASE_PARAM(each_allocation_fails, coherent_gen_params),
	KUNIT_CASE_PARAM(vm_survives_failures, coherent_gen_params),
	{}
};

static struct kunit_suite vgic_v5_tables_test_suite = {
	.name		= "vgic-v5-tables",
	.suite_init	= tables_suite_init,
	.suite_exit	= tables_suite_exit,
	.init		= tables_test_init,
	.exit		= tables_test_exit,
	.test_cases	= vgic_v5_tables_test_cases,
};
#else
static void needs_probes(struct kunit *test)
{
	kunit_skip(test, "needs KRETPROBES and FUNCTION_ERROR_INJECTION");
}

static struct kunit_case vgic_v5_tables_test_cases[] = {
	KUNIT_CASE(needs_probes),
	{}
};

static struct kunit_suite vgic_v5_tables_test_suite = {
	.name		= "vgic-v5-tables",
	.test_cases	= vgic_v5_tables_test_cases,
};
#endif

kunit_test_suite(vgic_v5_tables_test_suite);
