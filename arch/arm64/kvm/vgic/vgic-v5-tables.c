// SPDX-License-Identifier: GPL-2.0-only
/*
 * GICv5 virtualization: the tables in memory that the host IRS reads
 *
 * Unlike a GICv3, a GICv5 has no registers in which a hypervisor keeps the
 * interrupts of a guest. There is memory instead, and the IRS (Interrupt
 * Routing Service) goes to look there:
 *
 *   IRS_VMT_BASER
 *        |
 *        v
 *    VM table                 one for the whole system; linear as here, or
 *   +--------+                an L1 table that points to 4kB L2 tables
 *   | VM 0   |
 *   +--------+   word 0 --> VM descriptor        private to the IRS
 *   | VM 1   |   word 1 --> VPE table
 *   +--------+             +-------+
 *   |  ...   |             | VPE 0 | --> VPE descriptor   private to the IRS
 *   +--------+             | VPE 1 | --> VPE descriptor
 *                          |  ...  |
 *                          +-------+
 *                word 2 --> IST of the LPIs      (interrupt state table)
 *                word 3 --> IST of the SPIs
 *
 *   An IST has an entry per interrupt ID, with its pending bit, its priority
 *   and so on. It is linear, or an L1 table that points to L2 tables.
 *
 * Who reads and writes
 *
 * Software fills an entry while it is not valid, and then tells the IRS with a
 * command (a write to an IRS_VMAP_* register) to make it valid. The IRS reads
 * the entry, sets the VALID bit in memory itself, and from then on may read,
 * cache and write all that the entry leads to, at any time. The only way to
 * know that a command worked is to look for the VALID bit. Some entries may be
 * written with VALID set, namely if what leads to them is not valid yet; this
 * is how the L2 tables of an IST are given.
 *
 * Nothing of a valid structure may be changed or reused until the IRS has
 * confirmed that it is invalid. It can invalidate a VM, with everything that
 * hangs on it, or one of its ISTs, but neither a single VPE nor a single L2
 * table. Hence:
 *
 *  - All that one VM needs lives in a struct vgic_v5_tables. Its @irs_owned is
 *    set by the caller before it asks for the VM to be made valid and cleared
 *    when the IRS has confirmed the opposite. While it is set, nothing is
 *    freed here; a VM id whose VM couldn't be invalidated is not used again
 *    because its tables still exist. @lpi_ist_owned is the same for the IST of
 *    the LPIs, which the guest brings and takes away.
 *  - A L2 table of the VM table stays for good once it is there. It is made
 *    when the first VM id of its range is given out.
 *  - All L2 tables of an IST are made with it. They can't follow later: guests
 *    make their interrupts pending and set priorities without an exit, and for
 *    an IRS an interrupt without an entry doesn't exist.
 *
 * There are no commands in this file, and no MMIO at all. vgic-v5-irs.c issues
 * the commands, between the calls into this file:
 *
 *	vgic_v5_vmt_create()			VMT_CFGR, VMT_BASER
 *	vgic_v5_tables_create()			VMAP_L2_VMTR unless the L2 table is
 *						valid, VMAP_VMR, VMAP_VISTR (SPIs)
 *	vgic_v5_tables_add_vpe()		VMAP_VPER
 *	vgic_v5_tables_add_lpi_ist()		VMAP_VISTR (LPIs)
 *		...
 *	VMAP_VISTR U				vgic_v5_tables_remove_lpi_ist()
 *	VMAP_VMR U				vgic_v5_tables_destroy()
 *
 * An IRS that isn't coherent
 *
 * Whatever is written for such an IRS is cleaned and invalidated to the PoC,
 * and what the IRS has written is invalidated before it is read. That alone
 * isn't safe where two writers share a cache line, for cleaning the line writes
 * back all of it, and so undoes what the IRS has written into it meanwhile.
 *
 *  - Objects don't share lines with each other or with anybody else: sizes are
 *    rounded up to a cache line.
 *  - A VM's entries are written by the CPU only when no command for this VM is
 *    under way, so that it is enough to invalidate a line before changing it.
 *  - In the VM table, entries of several VMs share a line, and commands for
 *    them are not in step with each other. The CPU accesses it through a
 *    non-cacheable mapping. Nobody uses the linear mapping of it, in which
 *    speculation can then only find clean lines.
 *
 * What the architecture leaves open, and what is done here
 *
 *  - Not for every object an alignment is known. All are aligned to their size,
 *    and at least to 64 bytes.
 *  - Whether the smallest number of ID bits that is known for the LPIs of the
 *    host binds the ISTs of VMs: see ist_min_id_bits().
 *  - Whether IRS_IDR4.VPE_ID_BITS is N or N - 1: see vgic_v5_irs_caps_decode().
 *
 * What is not done: state isn't saved or restored, an L2 table is not left out
 * when a guest has no use for it, and no attention is paid to NUMA nodes.
 */
#include <linux/cache.h>
#include <linux/cacheflush.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/idr.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <linux/irqchip/arm-gic-v5.h>

#include <asm/barrier.h>

#include <kunit/visibility.h>

#include "vgic-v5-tables.h"

/*
 * The largest alignment that the architecture asks of an object which can be
 * smaller than that, namely an IST.
 */
#define TABLE_MIN_BYTES		SZ_64

/* IRS_IDR4.VPE_ID_BITS and VM_ID_BITS may say more than an id has bits */
#define MAX_VM_ID_BITS		16
#define MAX_ID_BITS		24

/**
 * struct vgic_v5_vmt - the VM table
 * @lock: for making and freeing tables, and for VM ids
 * @caps: of the IRS, NULL if there is no VM table
 * @two_level: @table is an L1 table
 * @table: the linear table or the L1 table, as the CPU accesses it
 * @l2: the L2 tables, as many as @table has entries, NULL where not needed yet;
 *	NULL if linear
 * @ids: VM ids in use
 *
 * The entry of a VM is written by the owner of its VM id only. The entries of
 * an L1 table are written under @lock.
 */
struct vgic_v5_vmt {
	struct mutex			lock; /* all but the entries */
	const struct vgic_v5_irs_caps	*caps;
	bool				two_level;
	__le64				*table;
	__le64				**l2;
	struct ida			ids;
};

static struct vgic_v5_vmt vmt = {
	.lock	= __MUTEX_INITIALIZER(vmt.lock),
	.ids	= IDA_INIT(vmt.ids),
};

/* --- Memory --- */

/* What an object of @size bytes, a power of two, takes; again a power of two. */
static size_t table_bytes(const struct vgic_v5_irs_caps *caps, size_t size)
{
	size = max(size, TABLE_MIN_BYTES);

	/* Don't share a line with anybody: see the head of this file. */
	if (!caps->coherent)
		size = max(size, roundup_pow_of_two(cache_line_size()));

	return size;
}

/*
 * Zeroed, physically contiguous memory that is aligned to its size. Both
 * allocators align a power of two naturally, and the page allocator has no
 * overhead. Large sizes come from what the IRS or the guest asks for, so their
 * failing is nothing to warn about.
 */
static void *table_alloc(const struct vgic_v5_irs_caps *caps, size_t size,
			 gfp_t gfp)
{
	void *table;

	size = table_bytes(caps, size);
	gfp |= __GFP_ZERO | __GFP_NOWARN;

	if (size < PAGE_SIZE)
		table = kmalloc(size, gfp);
	else if (get_order(size) <= MAX_PAGE_ORDER)
		table = (void *)__get_free_pages(gfp, get_order(size));
	else
		table = NULL;

	/* The zeroes must not arrive after what the IRS writes. */
	if (table && !caps->coherent)
		dcache_clean_inval_poc((unsigned long)table,
				       (unsigned long)table + size);

	return table;
}

static void table_free(const struct vgic_v5_irs_caps *caps, void *table,
		       size_t size)
{
	size = table_bytes(caps, size);

	if (size < PAGE_SIZE)
		kfree(table);
	else
		free_pages((unsigned long)table, get_order(size));
}

/* The IRS reads an entry as 64 bits, and never sees half of one. */
static void entry_write(__le64 *entry, u64 val)
{
	WRITE_ONCE(*entry, cpu_to_le64(val));
}

static u64 entry_read(const __le64 *entry)
{
	return le64_to_cpu(READ_ONCE(*entry));
}

/* Not for the VM table. */
static void entries_invalidate(const struct vgic_v5_irs_caps *caps,
			       const __le64 *entries, size_t size)
{
	if (!caps->coherent)
		dcache_inval_poc((unsigned long)entries,
				 (unsigned long)entries + size);
}

/*
 * Make sure that the IRS sees what has been written, there and in all tables
 * before, when it gets the next command. Not for the VM table.
 */
static void entries_publish(const struct vgic_v5_irs_caps *caps,
			    const __le64 *entries, size_t size)
{
	if (caps->coherent)
		dsb(ishst);
	else
		dcache_clean_inval_poc((unsigned long)entries,
				       (unsigned long)entries + size);
}

/* --- The IRS --- */

/**
 * vgic_v5_irs_caps_decode() - what an IRS can do, from its ID registers
 * @caps: result
 * @idr1: IRS_IDR1
 * @idr2: IRS_IDR2
 * @idr3: IRS_IDR3
 * @idr4: IRS_IDR4
 * @coherent: the IRS accesses memory coherently with the PEs
 *
 * Numbers of bits are capped to what fits an id. IRS_IDR4.VPE_ID_BITS is taken
 * as the number of bits; should it turn out to be the number of bits minus 1,
 * as IRS_IDR1.IAFFID_BITS is, then half of the VPE ids stay unused.
 *
 * Context: any, this is a pure function.
 */
void vgic_v5_irs_caps_decode(struct vgic_v5_irs_caps *caps, u32 idr1, u32 idr2,
			     u32 idr3, u32 idr4, bool coherent)
{
	u32 vm_id_bits = FIELD_GET(GICV5_IRS_IDR3_VM_ID_BITS, idr3);
	u32 id_bits = FIELD_GET(GICV5_IRS_IDR2_ID_BITS, idr2);

	*caps = (struct vgic_v5_irs_caps) {
		.coherent	 = coherent,
		.vmt_two_level	 = FIELD_GET(GICV5_IRS_IDR3_VMT_LEVELS, idr3),
		.vm_id_bits	 = min(vm_id_bits, MAX_VM_ID_BITS),
		.vmd		 = FIELD_GET(GICV5_IRS_IDR3_VMD, idr3),
		.vmd_shift	 = FIELD_GET(GICV5_IRS_IDR3_VMD_SZ, idr3),
		.vpe_id_bits	 = FIELD_GET(GICV5_IRS_IDR4_VPE_ID_BITS, idr4),
		.vped_shift	 = FIELD_GET(GICV5_IRS_IDR4_VPED_SZ, idr4),
		.id_bits	 = min(id_bits, MAX_ID_BITS),
		.min_lpi_id_bits = FIELD_GET(GICV5_IRS_IDR2_MIN_LPI_ID_BITS, idr2),
		.ist_two_level	 = FIELD_GET(GICV5_IRS_IDR2_IST_LEVELS, idr2),
		.ist_l2sz	 = FIELD_GET(GICV5_IRS_IDR2_IST_L2SZ, idr2),
		.istmd		 = FIELD_GET(GICV5_IRS_IDR2_ISTMD, idr2),
		.istmd_sz	 = FIELD_GET(GICV5_IRS_IDR2_ISTMD_SZ, idr2),
		.pri_bits	 = FIELD_GET(GICV5_IRS_IDR1_PRIORITY_BITS, idr1) + 1,
	};
}

/* --- Interrupt state tables --- */

/*
 * IRS_IDR2.MIN_LPI_ID_BITS binds the LPIs of the host; nothing is known about
 * the ISTs of a VM. But an IRS to which it applies may act as if ID_BITS were
 * the minimum, and then goes beyond the end of a smaller table. So take it to
 * bind them all. What this costs is some memory.
 */
static unsigned int ist_min_id_bits(const struct vgic_v5_irs_caps *caps)
{
	return max(caps->min_lpi_id_bits, 1);
}

/*
 * The size of L2 tables: the largest that still is a single page, as that needs
 * the fewest of them; if there is none, the smallest.
 */
static unsigned int ist_l2sz(const struct vgic_v5_irs_caps *caps)
{
	for (int l2sz = GICV5_IRS_IST_CFGR_L2SZ_64K; l2sz >= 0; l2sz--) {
		if ((caps->ist_l2sz & BIT(l2sz)) && SZ_4K << (2 * l2sz) <= PAGE_SIZE)
			return l2sz;
	}

	return __ffs(caps->ist_l2sz);
}

/* An L2 table has 2^n entries. */
static unsigned int ist_l2_bits(const struct vgic_v5_ist *ist)
{
	return 10 - ist->istsz + 2 * ist->l2sz;
}

static size_t ist_l2_bytes(const struct vgic_v5_ist *ist)
{
	return SZ_4K << (2 * ist->l2sz);
}

static unsigned int ist_nr_l2(const struct vgic_v5_ist *ist)
{
	return ist->two_level ? BIT(ist->id_bits - ist_l2_bits(ist)) : 0;
}

static size_t ist_table_bytes(const struct vgic_v5_ist *ist)
{
	if (ist->two_level)
		return ist_nr_l2(ist) * sizeof(__le64);

	return BIT(ist->id_bits + 2 + ist->istsz);
}

/**
 * vgic_v5_ist_geometry() - choose the structure of an IST
 * @caps: of the IRS
 * @id_bits: the table is to have 2^n entries
 * @ist: result; it has no memory yet
 *
 * Two levels are used if the IRS supports them and a single L2 table would be
 * too small, as the architecture recommends. No allocation then exceeds a page,
 * unless the IRS only has larger L2 tables, or an L1 table needs more than a
 * page: with pages and L2 tables of 4kB and ISTEs of 4 bytes this is the case
 * above 19 bits.
 *
 * Context: any, this is a pure function.
 */
VISIBLE_IF_KUNIT void vgic_v5_ist_geometry(const struct vgic_v5_irs_caps *caps,
					   unsigned int id_bits,
					   struct vgic_v5_ist *ist)
{
	*ist = (struct vgic_v5_ist) { .id_bits = id_bits };

	if (!caps->istmd)
		ist->istsz = GICV5_IRS_IST_CFGR_ISTSZ_4;
	else if (id_bits < caps->istmd_sz)
		ist->istsz = GICV5_IRS_IST_CFGR_ISTSZ_8;
	else
		ist->istsz = GICV5_IRS_IST_CFGR_ISTSZ_16;

	if (!caps->ist_two_level || !caps->ist_l2sz)
		return;

	ist->l2sz = ist_l2sz(caps);
	ist->two_level = id_bits > ist_l2_bits(ist);

	/* Has no meaning for linear tables. */
	if (!ist->two_level)
		ist->l2sz = 0;
}

/* Also takes what is left of an IST whose allocation has failed. */
static void ist_free(const struct vgic_v5_irs_caps *caps, struct vgic_v5_ist *ist)
{
	if (ist->l2) {
		for (unsigned int i = 0; i < ist_nr_l2(ist); i++) {
			table_free(caps, ist->l2[i], ist_l2_bytes(ist));
			cond_resched();
		}
	}
	kvfree(ist->l2);
	table_free(caps, ist->table, ist_table_bytes(ist));
	*ist = (struct vgic_v5_ist) {};
}

static int ist_alloc_l2(const struct vgic_v5_irs_caps *caps,
			struct vgic_v5_ist *ist)
{
	__le64 *l1 = ist->table;

	ist->l2 = kvzalloc_objs(*ist->l2, ist_nr_l2(ist), GFP_KERNEL_ACCOUNT);
	if (!ist->l2)
		return -ENOMEM;

	for (unsigned int i = 0; i < ist_nr_l2(ist); i++) {
		ist->l2[i] = table_alloc(caps, ist_l2_bytes(ist), GFP_KERNEL_ACCOUNT);
		if (!ist->l2[i])
			return -ENOMEM;

		/* The IST is not valid yet, so this is for us to set. */
		entry_write(&l1[i], GICV5_ISTL1E_VALID |
				    (virt_to_phys(ist->l2[i]) &
				     GICV5_ISTL1E_L2_ADDR_MASK));
		cond_resched();
	}

	return 0;
}

/*
 * Make an IST with all interrupts inactive, disabled, and of the highest
 * priority: all zero, which is also what the metadata of the IRS has to be.
 */
static int ist_alloc(const struct vgic_v5_irs_caps *caps, unsigned int id_bits,
		     struct vgic_v5_ist *ist)
{
	int ret = 0;

	vgic_v5_ist_geometry(caps, id_bits, ist);

	ist->table = table_alloc(caps, ist_table_bytes(ist), GFP_KERNEL_ACCOUNT);
	if (!ist->table)
		ret = -ENOMEM;
	else if (ist->two_level)
		ret = ist_alloc_l2(caps, ist);

	if (ret) {
		ist_free(caps, ist);
		return ret;
	}

	/* The entries of a linear table are as clean as they were made. */
	if (ist->two_level)
		entries_publish(caps, ist->table, ist_table_bytes(ist));

	return 0;
}

/* How an L2_VMTE describes an IST, or that there is none; never valid. */
static u64 ist_vmte_word(const struct vgic_v5_ist *ist)
{
	if (!ist->table)
		return 0;

	return FIELD_PREP(GICV5_VMTEL2E_IST_ID_BITS, ist->id_bits)	|
	       FIELD_PREP(GICV5_VMTEL2E_IST_STRUCTURE, ist->two_level)	|
	       FIELD_PREP(GICV5_VMTEL2E_IST_ISTSZ, ist->istsz)		|
	       FIELD_PREP(GICV5_VMTEL2E_IST_L2SZ, ist->l2sz)		|
	       (virt_to_phys(ist->table) & GICV5_VMTEL2E_IST_ADDR_MASK);
}

/* --- The VM table --- */

static __le64 *vmt_map_noncacheable(void *mem, size_t size)
{
	unsigned int nr = size >> PAGE_SHIFT;
	struct page **pages;
	void *map;

	pages = kvmalloc_objs(*pages, nr);
	if (!pages)
		return NULL;

	for (unsigned int i = 0; i < nr; i++)
		pages[i] = virt_to_page(mem + i * PAGE_SIZE);

	map = vmap(pages, nr, VM_MAP, pgprot_dmacoherent(PAGE_KERNEL));
	kvfree(pages);

	return map;
}

/*
 * A linear, L1 or L2 table; if the IRS is not coherent, what is returned is a
 * non-cacheable mapping of it.
 */
static __le64 *vmt_table_alloc(const struct vgic_v5_irs_caps *caps, size_t size)
{
	__le64 *table;
	void *mem;

	if (caps->coherent)
		return table_alloc(caps, size, GFP_KERNEL);

	/* All of the pages is going to be mapped. */
	size = PAGE_ALIGN(size);

	mem = table_alloc(caps, size, GFP_KERNEL);
	if (!mem)
		return NULL;

	table = vmt_map_noncacheable(mem, size);
	if (!table)
		table_free(caps, mem, size);

	return table;
}

static void vmt_table_free(const struct vgic_v5_irs_caps *caps, __le64 *table,
			   size_t size)
{
	void *mem = table;

	if (table && !caps->coherent) {
		mem = page_address(vmalloc_to_page(table));
		size = PAGE_ALIGN(size);
		vunmap(table);
	}

	table_free(caps, mem, size);
}

static phys_addr_t vmt_table_phys(const struct vgic_v5_irs_caps *caps,
				  const __le64 *table)
{
	if (caps->coherent)
		return virt_to_phys(table);

	return page_to_phys(vmalloc_to_page(table));
}

/* As entries_publish(). */
static void vmt_publish(const struct vgic_v5_irs_caps *caps)
{
	/*
	 * Complete the stores before the next command. If they aren't cached,
	 * they are outer shareable.
	 */
	if (caps->coherent)
		dsb(ishst);
	else
		dsb(st);
}

static unsigned int vmt_nr_l2(void)
{
	return vmt.two_level ? BIT(vmt.caps->vm_id_bits - GICV5_VMT_L2_BITS) : 0;
}

static size_t vmt_table_bytes(void)
{
	if (vmt.two_level)
		return vmt_nr_l2() * sizeof(__le64);

	return BIT(vmt.caps->vm_id_bits) * GICV5_VMTEL2E_WORDS * sizeof(__le64);
}

static size_t vmt_l2_bytes(void)
{
	return BIT(GICV5_VMT_L2_BITS) * GICV5_VMTEL2E_WORDS * sizeof(__le64);
}

/* Also takes what is left of a VM table whose allocation has failed. */
static void vmt_free(void)
{
	lockdep_assert_held(&vmt.lock);

	if (vmt.l2) {
		for (unsigned int i = 0; i < vmt_nr_l2(); i++)
			vmt_table_free(vmt.caps, vmt.l2[i], vmt_l2_bytes());
	}
	kvfree(vmt.l2);
	vmt_table_free(vmt.caps, vmt.table, vmt_table_bytes());

	vmt.l2 = NULL;
	vmt.table = NULL;
	vmt.two_level = false;
	vmt.caps = NULL;
}

/**
 * vgic_v5_vmt_create() - make the VM table
 * @caps: of the IRS; has to stay as long as the VM table exists
 *
 * There can be as many VMs as @caps->vm_id_bits allows. The table has two
 * levels if the IRS supports them and a single L2 table would be too small.
 * It is for the caller to tell the IRS: vgic_v5_vmt_cfgr(), vgic_v5_vmt_baser().
 *
 * Context: Process context. May sleep.
 * Return: 0, -EBUSY if there is a VM table already, -ENOMEM
 */
int vgic_v5_vmt_create(const struct vgic_v5_irs_caps *caps)
{
	guard(mutex)(&vmt.lock);

	if (vmt.caps)
		return -EBUSY;

	vmt.caps = caps;
	vmt.two_level = caps->vmt_two_level && caps->vm_id_bits > GICV5_VMT_L2_BITS;

	vmt.table = vmt_table_alloc(caps, vmt_table_bytes());
	if (vmt.table && vmt.two_level)
		vmt.l2 = kvzalloc_objs(*vmt.l2, vmt_nr_l2());

	if (!vmt.table || (vmt.two_level && !vmt.l2)) {
		vmt_free();
		return -ENOMEM;
	}

	vmt_publish(caps);

	return 0;
}

/**
 * vgic_v5_vmt_destroy() - free the VM table
 *
 * Only for a probe that fails before the IRS has been told of the table, or
 * after it has confirmed that the table is invalid. There must not be a VM.
 * Does nothing if there is no VM table.
 *
 * Context: Process context. May sleep.
 */
void vgic_v5_vmt_destroy(void)
{
	guard(mutex)(&vmt.lock);

	if (!vmt.caps || WARN_ON_ONCE(!ida_is_empty(&vmt.ids)))
		return;

	vmt_free();
}

/**
 * vgic_v5_vmt_cfgr() - the value of IRS_VMT_CFGR for the VM table
 *
 * Context: Any. There has to be a VM table.
 * Return: what to write before IRS_VMT_BASER
 */
u32 vgic_v5_vmt_cfgr(void)
{
	return FIELD_PREP(GICV5_IRS_VMT_CFGR_STRUCTURE, vmt.two_level) |
	       FIELD_PREP(GICV5_IRS_VMT_CFGR_VM_ID_BITS, vmt.caps->vm_id_bits);
}

/**
 * vgic_v5_vmt_baser() - the value of IRS_VMT_BASER for the VM table
 *
 * Context: Any. There has to be a VM table.
 * Return: the table's address, with VALID set
 */
u64 vgic_v5_vmt_baser(void)
{
	return GICV5_IRS_VMT_BASER_VALID |
	       (vmt_table_phys(vmt.caps, vmt.table) & GICV5_IRS_VMT_BASER_ADDR_MASK);
}

/**
 * vgic_v5_vmt_l2_valid() - does the IRS reach the entry of a VM
 * @vm_id: an id that has been given out
 *
 * Tells whether IRS_VMAP_L2_VMTR has worked, or isn't needed.
 *
 * Context: Any. No command to make the L2 table valid may be under way; if one
 *	was, the caller has seen it end in IRS_VMT_STATUSR with an ordered read.
 * Return: true if the VM table is linear, or if the IRS has made the L2 table
 *	which has the entry of @vm_id valid
 */
bool vgic_v5_vmt_l2_valid(u16 vm_id)
{
	if (!vmt.two_level)
		return true;

	return entry_read(&vmt.table[vm_id >> GICV5_VMT_L2_BITS]) & GICV5_VMTEL1E_VALID;
}

/* Make the L2 table that has the entry of @vm_id, if need be. */
static int vmt_populate(unsigned int vm_id)
{
	unsigned int idx = vm_id >> GICV5_VMT_L2_BITS;

	lockdep_assert_held(&vmt.lock);

	if (!vmt.two_level || vmt.l2[idx])
		return 0;

	vmt.l2[idx] = vmt_table_alloc(vmt.caps, vmt_l2_bytes());
	if (!vmt.l2[idx])
		return -ENOMEM;

	/* The VM table may be valid, so VALID is for the IRS to set. */
	entry_write(&vmt.table[idx], vmt_table_phys(vmt.caps, vmt.l2[idx]) &
				     GICV5_VMTEL1E_L2_ADDR_MASK);
	vmt_publish(vmt.caps);

	return 0;
}

/* The entry of @vm_id in the VM table, all zero. */
static __le64 *vmt_entry(unsigned int vm_id)
{
	__le64 *table = vmt.table;

	if (vmt.two_level) {
		table = vmt.l2[vm_id >> GICV5_VMT_L2_BITS];
		vm_id &= BIT(GICV5_VMT_L2_BITS) - 1;
	}

	return table + vm_id * GICV5_VMTEL2E_WORDS;
}

static int vm_id_get(struct vgic_v5_tables *tables)
{
	int id, ret;

	guard(mutex)(&vmt.lock);

	if (!vmt.caps)
		return -ENODEV;

	id = ida_alloc_max(&vmt.ids, BIT(vmt.caps->vm_id_bits) - 1, GFP_KERNEL);
	if (id < 0)
		return id;

	ret = vmt_populate(id);
	if (ret) {
		ida_free(&vmt.ids, id);
		return ret;
	}

	tables->vm_id = id;
	tables->vmte = vmt_entry(id);

	return 0;
}

static void vm_id_put(struct vgic_v5_tables *tables)
{
	guard(mutex)(&vmt.lock);

	tables->vmte = NULL;
	ida_free(&vmt.ids, tables->vm_id);
}

/* --- The tables of one VM --- */

static size_t vpet_bytes(const struct vgic_v5_tables *tables)
{
	return BIT(tables->vpe_id_bits) * sizeof(__le64);
}

static void tables_free_memory(struct vgic_v5_tables *tables)
{
	const struct vgic_v5_irs_caps *caps = tables->caps;

	ist_free(caps, &tables->lpi_ist);
	ist_free(caps, &tables->spi_ist);

	if (tables->vped) {
		for (unsigned int i = 0; i < BIT(tables->vpe_id_bits); i++)
			table_free(caps, tables->vped[i], BIT(caps->vped_shift));
	}
	kvfree(tables->vped);
	table_free(caps, tables->vpet, vpet_bytes(tables));
	table_free(caps, tables->vmd, BIT(caps->vmd_shift));
	kfree(tables);
}

/* On failure, tables_free_memory() frees what there is. */
static int tables_alloc_memory(struct vgic_v5_tables *tables,
			       unsigned int spi_id_bits)
{
	const struct vgic_v5_irs_caps *caps = tables->caps;

	if (caps->vmd) {
		tables->vmd = table_alloc(caps, BIT(caps->vmd_shift),
					  GFP_KERNEL_ACCOUNT);
		if (!tables->vmd)
			return -ENOMEM;
	}

	tables->vpet = table_alloc(caps, vpet_bytes(tables), GFP_KERNEL_ACCOUNT);
	if (!tables->vpet)
		return -ENOMEM;

	tables->vped = kvzalloc_objs(*tables->vped, BIT(tables->vpe_id_bits),
				     GFP_KERNEL_ACCOUNT);
	if (!tables->vped)
		return -ENOMEM;

	if (!spi_id_bits)
		return 0;

	return ist_alloc(caps, spi_id_bits, &tables->spi_ist);
}

/* Everything but VALID and the LPIs; the VM is not valid. */
static void tables_fill_vmte(struct vgic_v5_tables *tables)
{
	u64 vmd = 0;

	if (tables->vmd)
		vmd = virt_to_phys(tables->vmd) & GICV5_VMTEL2E_VMD_ADDR_MASK;

	entry_write(&tables->vmte[0], vmd);
	entry_write(&tables->vmte[1],
		    FIELD_PREP(GICV5_VMTEL2E_VPE_ID_BITS, tables->vpe_id_bits) |
		    (virt_to_phys(tables->vpet) & GICV5_VMTEL2E_VPET_ADDR_MASK));
	entry_write(&tables->vmte[GICV5_VMTEL2E_LPI_IST_WORD], 0);
	entry_write(&tables->vmte[GICV5_VMTEL2E_SPI_IST_WORD],
		    ist_vmte_word(&tables->spi_ist));
	vmt_publish(tables->caps);
}

/**
 * vgic_v5_tables_create() - make the tables of a VM
 * @caps: of the IRS, as given to vgic_v5_vmt_create()
 * @max_vpe_id: largest VPE id that is going to be used
 * @nr_spis: number of SPIs, whose IDs begin at 0; may be 0
 *
 * The VM gets an id and an entry in the VM table, but is not valid, and has
 * neither VPEs nor LPIs. All later calls for the same VM have to be serialised
 * by the caller.
 *
 * Context: Process context. May sleep. Takes the lock of the VM table.
 * Return: the tables, or an ERR_PTR(): -E2BIG if the IRS has no such VPE ids or
 *	SPIs, -ENOSPC if all VM ids are in use, -ENOMEM, -ENODEV without VM table
 */
struct vgic_v5_tables *vgic_v5_tables_create(const struct vgic_v5_irs_caps *caps,
					     unsigned int max_vpe_id,
					     unsigned int nr_spis)
{
	/* An IRS_IDR1.IAFFID_BITS of a guest can't say 0 bits. */
	unsigned int vpe_id_bits = max(fls(max_vpe_id), 1);
	struct vgic_v5_tables *tables;
	unsigned int spi_id_bits = 0;
	int ret;

	if (nr_spis)
		spi_id_bits = max_t(unsigned int, order_base_2(nr_spis),
				    ist_min_id_bits(caps));

	if (vpe_id_bits > caps->vpe_id_bits || spi_id_bits > caps->id_bits)
		return ERR_PTR(-E2BIG);

	tables = kzalloc_obj(*tables, GFP_KERNEL_ACCOUNT);
	if (!tables)
		return ERR_PTR(-ENOMEM);

	INIT_LIST_HEAD(&tables->node);
	tables->caps = caps;
	tables->vpe_id_bits = vpe_id_bits;

	ret = tables_alloc_memory(tables, spi_id_bits);
	if (!ret)
		ret = vm_id_get(tables);
	if (ret) {
		tables_free_memory(tables);
		return ERR_PTR(ret);
	}

	tables_fill_vmte(tables);

	return tables;
}

/**
 * vgic_v5_tables_destroy() - free the tables of a VM and its id
 * @tables: the tables; nothing happens if it is NULL or an ERR_PTR()
 *
 * The IRS must not own anything of it: it has confirmed that the VM is invalid,
 * or has never been told of it. Otherwise memory is leaked, which is better
 * than an IRS that writes into what then belongs to somebody else.
 *
 * Context: Process context. May sleep. Takes the lock of the VM table.
 */
void vgic_v5_tables_destroy(struct vgic_v5_tables *tables)
{
	if (IS_ERR_OR_NULL(tables))
		return;

	if (WARN_ON_ONCE(tables->irs_owned || tables->lpi_ist_owned))
		return;

	/* The next VM with this id starts from a blank entry. */
	for (int i = 0; i < GICV5_VMTEL2E_WORDS; i++)
		entry_write(&tables->vmte[i], 0);
	vmt_publish(tables->caps);

	vm_id_put(tables);
	tables_free_memory(tables);
}

/**
 * vgic_v5_tables_add_vpe() - make the descriptor of a VPE
 * @tables: of the VM, which may be valid
 * @vpe_id: the VPE; ids need not be used in order
 *
 * The VPE can't be removed again before the VM is destroyed.
 *
 * Context: Process context. May sleep. Serialised by the caller. No command for
 *	this VM may be under way.
 * Return: 0, -EINVAL if @vpe_id is larger than vgic_v5_tables_create() was told
 *	(rounded up to a power of two), -EEXIST, -ENOMEM
 */
int vgic_v5_tables_add_vpe(struct vgic_v5_tables *tables, unsigned int vpe_id)
{
	const struct vgic_v5_irs_caps *caps = tables->caps;
	__le64 *vpete;
	void *vped;

	if (vpe_id >= BIT(tables->vpe_id_bits))
		return -EINVAL;
	if (tables->vped[vpe_id])
		return -EEXIST;

	vped = table_alloc(caps, BIT(caps->vped_shift), GFP_KERNEL_ACCOUNT);
	if (!vped)
		return -ENOMEM;

	vpete = &tables->vpet[vpe_id];
	tables->vped[vpe_id] = vped;

	/* Don't write back older entries of other VPEs with this one. */
	entries_invalidate(caps, vpete, sizeof(*vpete));
	entry_write(vpete, virt_to_phys(vped) & GICV5_VPE_VPED_ADDR_MASK);
	entries_publish(caps, vpete, sizeof(*vpete));

	return 0;
}

static void tables_write_lpi_ist(struct vgic_v5_tables *tables)
{
	entry_write(&tables->vmte[GICV5_VMTEL2E_LPI_IST_WORD],
		    ist_vmte_word(&tables->lpi_ist));
	vmt_publish(tables->caps);
}

/**
 * vgic_v5_tables_add_lpi_ist() - make the IST of the LPIs
 * @tables: of the VM, which may be valid
 * @id_bits: there are 2^n LPIs
 *
 * An IST may be added to a valid VM, as a word of the VM's entry that isn't
 * valid by itself may be written at any time.
 *
 * Context: Process context. May sleep. Serialised by the caller.
 * Return: 0, -EINVAL if the IRS doesn't allow @id_bits, -EEXIST if there is an
 *	IST, -ENOMEM
 */
int vgic_v5_tables_add_lpi_ist(struct vgic_v5_tables *tables, unsigned int id_bits)
{
	const struct vgic_v5_irs_caps *caps = tables->caps;
	int ret;

	if (id_bits < ist_min_id_bits(caps) || id_bits > caps->id_bits)
		return -EINVAL;
	if (tables->lpi_ist.table)
		return -EEXIST;

	ret = ist_alloc(caps, id_bits, &tables->lpi_ist);
	if (ret)
		return ret;

	tables_write_lpi_ist(tables);

	return 0;
}

/**
 * vgic_v5_tables_remove_lpi_ist() - free the IST of the LPIs
 * @tables: of the VM, which may be valid
 *
 * The IRS must not own the IST: it has confirmed that the IST or the VM is
 * invalid, or has never been told of it. Otherwise nothing is freed. Does
 * nothing if there is no IST.
 *
 * Context: Process context. May sleep. Serialised by the caller.
 */
void vgic_v5_tables_remove_lpi_ist(struct vgic_v5_tables *tables)
{
	struct vgic_v5_ist ist = tables->lpi_ist;

	if (!ist.table || WARN_ON_ONCE(tables->lpi_ist_owned))
		return;

	/* First the reference, then what it refers to. */
	tables->lpi_ist = (struct vgic_v5_ist) {};
	tables_write_lpi_ist(tables);
	ist_free(tables->caps, &ist);
}

/* --- What the IRS has written --- */

/**
 * vgic_v5_tables_vm_valid() - has the IRS made the VM valid
 * @tables: of the VM
 *
 * The IRS writes VALID before it reports that IRS_VMAP_VMR is done.
 *
 * Context: Any. The command has ended, which the caller has seen in
 *	IRS_VMT_STATUSR with an ordered read.
 * Return: L2_VMTE.VALID
 */
bool vgic_v5_tables_vm_valid(const struct vgic_v5_tables *tables)
{
	return entry_read(&tables->vmte[0]) & GICV5_VMTEL2E_VALID;
}

/**
 * vgic_v5_tables_vpe_valid() - has the IRS made a VPE valid
 * @tables: of the VM
 * @vpe_id: the VPE
 *
 * Context: Any. Serialised by the caller. As vgic_v5_tables_vm_valid(), for
 *	IRS_VMAP_VPER.
 * Return: VPETE.VALID; false if there is no such VPE
 */
bool vgic_v5_tables_vpe_valid(const struct vgic_v5_tables *tables,
			      unsigned int vpe_id)
{
	const __le64 *vpete;

	if (vpe_id >= BIT(tables->vpe_id_bits))
		return false;

	vpete = &tables->vpet[vpe_id];
	entries_invalidate(tables->caps, vpete, sizeof(*vpete));

	return entry_read(vpete) & GICV5_VPE_VALID;
}

/**
 * vgic_v5_tables_spi_ist_valid() - has the IRS made the IST of the SPIs valid
 * @tables: of the VM
 *
 * Context: Any. As vgic_v5_tables_vm_valid(), for IRS_VMAP_VISTR.
 * Return: IST_VALID of word 3 of the L2_VMTE
 */
bool vgic_v5_tables_spi_ist_valid(const struct vgic_v5_tables *tables)
{
	return entry_read(&tables->vmte[GICV5_VMTEL2E_SPI_IST_WORD]) &
	       GICV5_VMTEL2E_IST_VALID;
}

/**
 * vgic_v5_tables_lpi_ist_valid() - has the IRS made the IST of the LPIs valid
 * @tables: of the VM
 *
 * Context: Any. As vgic_v5_tables_vm_valid(), for IRS_VMAP_VISTR.
 * Return: IST_VALID of word 2 of the L2_VMTE
 */
bool vgic_v5_tables_lpi_ist_valid(const struct vgic_v5_tables *tables)
{
	return entry_read(&tables->vmte[GICV5_VMTEL2E_LPI_IST_WORD]) &
	       GICV5_VMTEL2E_IST_VALID;
}
