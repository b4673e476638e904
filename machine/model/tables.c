// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VM table, VMs, virtual ISTs and VPEs: what is valid.
 *
 * Entries are decoded into struct vmt, vm, ist and vpe when they become valid,
 * and the IRS sets VALID in memory. An entry in which VALID is 1 although the
 * model did not make it valid (software did, under a valid parent: rule 1) stays
 * invalid: its map write finds VALID = 1 and has no effect.
 */
#include "internal.h"

/* The VM if it is valid, else NULL. */
struct vm *vm_get(struct gicv5 *g, uint32_t vm)
{
	return vm < g->nr_vms && g->vms[vm].valid ? &g->vms[vm] : NULL;
}

/* The VPE if its VM and itself are valid, else NULL. */
struct vpe *vpe_get(struct gicv5 *g, uint32_t vm, uint32_t vpe)
{
	const struct vm *v = vm_get(g, vm);

	if (!v || vpe >> v->vpe_id_bits || !g->vpes[vpe_index(g, vm, vpe)].valid)
		return NULL;
	return &g->vpes[vpe_index(g, vm, vpe)];
}

/* --- VM table ------------------------------------------------------------ */

/* VMT_BASER.VALID became 1: sample VMT_CFGR. */
void vmt_enable(struct gicv5 *g)
{
	unsigned int bits = (unsigned int)FIELD_GET(VMT_CFGR_VM_ID_BITS, g->irs.vmt_cfgr);
	bool two_level = g->irs.vmt_cfgr & VMT_CFGR_STRUCTURE;
	unsigned int align;

	if (bits > g->cfg.vm_id_bits || (two_level && !g->cfg.vmt_levels))
		strict(g, 14, "VMT_CFGR 0x%llx is beyond IDR3", (unsigned long long)g->irs.vmt_cfgr);
	if (bits > g->cfg.vm_id_bits)
		bits = g->cfg.vm_id_bits;
	g->vmt = (struct vmt){
		.valid = true,
		.two_level = two_level && g->cfg.vmt_levels,
		.vm_id_bits = (uint8_t)bits,
	};
	/* to its size: 8 bytes per 128 VMs, or 32 bytes per VM */
	align = bits + 5;
	if (g->vmt.two_level)
		align = bits > L2_VMT_BITS ? bits - L2_VMT_BITS + 3 : 3;
	g->vmt.base = g->irs.vmt_baser & VMT_BASER_ADDR & ~(BIT(align) - 1);
	if (g->vmt.base != (g->irs.vmt_baser & VMT_BASER_ADDR))
		strict(g, 8, "VMT_BASER 0x%llx is not aligned", (unsigned long long)g->irs.vmt_baser);
	LOG(g, TABLE, "VMT valid: base 0x%llx, %u VM ID bits, %s",
	    (unsigned long long)g->vmt.base, bits, g->vmt.two_level ? "two-level" : "linear");
}

void vmt_disable(struct gicv5 *g)
{
	for (uint32_t vm = 0; vm < g->nr_vms; vm++)
		vm_drop(g, vm, true);
	g->vmt = (struct vmt){ 0 };
	LOG(g, TABLE, "VMT invalid");
}

static uint64_t l1_vmte_addr(const struct gicv5 *g, uint32_t vm)
{
	return g->vmt.base + 8 * (uint64_t)(vm >> L2_VMT_BITS);
}

/* VMAP_L2_VMTR */
void vmt_map_l2(struct gicv5 *g, uint32_t vm)
{
	uint64_t entry;

	if (!g->vmt.valid || !g->vmt.two_level || vm >> g->vmt.vm_id_bits) {
		strict(g, 17, "VMAP_L2_VMTR for VM %u: no two-level VMT for it", vm);
		return;
	}
	if (!mem_read64(g, l1_vmte_addr(g, vm), &entry))
		return;
	if (entry & L1E_VALID) {
		strict(g, 1, "VMAP_L2_VMTR for VM %u: VALID is 1 already", vm);
		return;
	}
	if (mem_write64(g, l1_vmte_addr(g, vm), entry | L1E_VALID))
		LOG(g, TABLE, "L2 VMT of VM %u valid", vm);
}

/* Address of the L2_VMTE of a VM. */
static bool vmte_walk(struct gicv5 *g, uint32_t vm, uint64_t *addr)
{
	uint64_t entry;

	if (!g->vmt.valid || vm >> g->vmt.vm_id_bits)
		return false;
	if (!g->vmt.two_level) {
		*addr = g->vmt.base + VMTE_SIZE * (uint64_t)vm;
		return true;
	}
	if (!mem_read64(g, l1_vmte_addr(g, vm), &entry) || !(entry & L1E_VALID))
		return false;
	*addr = (entry & L1E_L2_ADDR) + VMTE_SIZE * (uint64_t)(vm % (1u << L2_VMT_BITS));
	return true;
}

/* --- VM ------------------------------------------------------------------ */

static uint64_t vpete_addr(const struct vm *v, uint32_t vpe)
{
	return v->vpet + 8 * (uint64_t)vpe;
}

/*
 * Strict mode. A VMD or VPED belongs to the IRS while it is valid. The model needs
 * nothing of it, so it leaves a mark there: memory that is freed or shared while
 * it is valid loses the mark, and memory handed over again is not zero.
 */
#define IRS_MARK	UINT64_C(0x5352492079422121)

static void private_begin(struct gicv5 *g, const char *what, uint64_t addr,
			  unsigned int log2_size)
{
	uint64_t val;

	if (g->cfg.strict == GICV5_STRICT_OFF)
		return;
	for (uint64_t off = 0; off < BIT(log2_size); off += 8) {
		if (!mem_read64(g, addr + off, &val))
			break;
		if (val) {
			strict(g, 6, "%s at 0x%llx is not zero", what, (unsigned long long)addr);
			break;
		}
	}
	mem_write64(g, addr, IRS_MARK ^ addr);
}

static void private_check(struct gicv5 *g, const char *what, uint64_t addr)
{
	uint64_t val;

	if (g->cfg.strict != GICV5_STRICT_OFF && mem_read64(g, addr, &val) &&
	    val != (IRS_MARK ^ addr))
		strict(g, 3, "%s at 0x%llx was written while it was valid", what,
		       (unsigned long long)addr);
}

/* Is a valid VPE as it was when it became valid? */
void strict_check_vpe(struct gicv5 *g, uint32_t vm, uint32_t vpe)
{
	const uint64_t vped = g->vpes[vpe_index(g, vm, vpe)].vped;
	uint64_t vpete;

	if (g->cfg.strict == GICV5_STRICT_OFF)
		return;
	if (mem_read64(g, vpete_addr(&g->vms[vm], vpe), &vpete) &&
	    (vpete & (VPETE_VALID | VPETE_VPED_ADDR)) != (vped | VPETE_VALID))
		strict(g, 2, "VPETE of VM %u VPE %u was changed while it was valid", vm, vpe);
	private_check(g, "VPED", vped);
}

static void vpe_set_valid(struct gicv5 *g, uint32_t vm, uint32_t vpe, uint64_t vpete)
{
	struct vpe *p = &g->vpes[vpe_index(g, vm, vpe)];

	/* no doorbell settings, no request, DPS = 0; a place in the list stays */
	*p = (struct vpe){
		.valid = true,
		.vped = vpete & VPETE_VPED_ADDR,
		.dirty = p->dirty,
		.dirty_next = p->dirty_next,
	};
	private_begin(g, "VPED", p->vped, g->cfg.vped_sz);
	g->stats.vpes++;
	LOG(g, TABLE, "VM %u VPE %u valid", vm, vpe);
}

static void vist_decode(struct gicv5 *g, uint64_t word, struct ist *ist)
{
	const struct ist request = {
		.base = word & VMTE_IST_ADDR,
		.id_bits = (uint8_t)FIELD_GET(VMTE_IST_ID_BITS, word),
		.istsz = (uint8_t)FIELD_GET(VMTE_IST_ISTSZ, word),
		.l2sz = (uint8_t)FIELD_GET(VMTE_IST_L2SZ, word),
		.two_level = word & VMTE_IST_STRUCTURE,
	};

	ist_decode(g, ist, true, &request);
}

/* Decode words 1 to 3 of a VMTE: VPE table, ISTs that come with the VM. */
static void vm_decode(struct gicv5 *g, uint32_t vm, const uint64_t word[4])
{
	struct vm *v = &g->vms[vm];
	unsigned int bits = (unsigned int)FIELD_GET(VMTE1_VPE_ID_BITS, word[1]);
	struct ist ist;
	uint64_t vpete;

	if (bits > g->vpe_bits) {
		strict(g, 14, "VM %u: VPE_ID_BITS %u is beyond IDR4", vm, bits);
		bits = g->vpe_bits;
	}
	*v = (struct vm){
		.valid = true,
		.vmd = word[0] & VMTE0_VMD_ADDR,
		.vmte = { word[0] | VMTE0_VALID, word[1] },
		.vpe_id_bits = (uint8_t)bits,
		.vpet = word[1] & VMTE1_VPET_ADDR & ~(BIT(bits + 3) - 1),
	};
	g->stats.vms++;
	if (v->vpet != (word[1] & VMTE1_VPET_ADDR))
		strict(g, 8, "VM %u: VPE table 0x%llx is not aligned", vm,
		       (unsigned long long)(word[1] & VMTE1_VPET_ADDR));
	LOG(g, TABLE, "VM %u valid: VPET 0x%llx, %u VPE ID bits", vm,
	    (unsigned long long)v->vpet, bits);
	if (g->cfg.vmd)
		private_begin(g, "VMD", v->vmd, g->cfg.vmd_sz);
	for (unsigned int i = 0; i < 2; i++) {
		if (!(word[2 + i] & VMTE_IST_VALID))
			continue;
		vist_decode(g, word[2 + i], &ist);
		ist_enable(g, SPACE_VIRT + 2 * vm + i, &ist);
	}
	for (uint32_t vpe = 0; vpe < 1u << bits; vpe++) {
		if (!mem_read64(g, vpete_addr(v, vpe), &vpete))
			break;
		if (vpete & VPETE_VALID)
			vpe_set_valid(g, vm, vpe, vpete);
	}
}

/* VMAP_VMR with M = 1, U = 0 */
void vm_enable(struct gicv5 *g, uint32_t vm)
{
	uint64_t addr, word[4];

	if (vm >= g->nr_vms || vm_get(g, vm) || !vmte_walk(g, vm, &addr)) {
		strict(g, 17, "VMAP_VMR for VM %u: valid already, or no VMTE", vm);
		return;
	}
	for (unsigned int i = 0; i < 4; i++)
		if (!mem_read64(g, addr + 8 * i, &word[i]))
			return;
	if (word[0] & VMTE0_VALID) {
		strict(g, 1, "VMAP_VMR for VM %u: VALID was set by hand", vm);
		return;
	}
	if (mem_write64(g, addr, word[0] | VMTE0_VALID))
		vm_decode(g, vm, word);
}

/* Forget a VM and all that belongs to it; with @flush memory becomes current. */
void vm_drop(struct gicv5 *g, uint32_t vm, bool flush)
{
	struct vm *v = vm_get(g, vm);

	if (!v)
		return;
	for (uint32_t vpe = 0; vpe < 1u << v->vpe_id_bits; vpe++) {
		struct vpe *p = &g->vpes[vpe_index(g, vm, vpe)];

		if (p->pe) {
			strict(g, 18, "VM %u made invalid with VPE %u resident", vm, vpe);
			residency_end(g, &g->pes[p->pe - 1], false, 0);
		}
		if (p->valid && flush)
			strict_check_vpe(g, vm, vpe);
		g->stats.vpes -= p->valid;
		*p = (struct vpe){ .dirty = p->dirty, .dirty_next = p->dirty_next };
	}
	for (uint32_t space = SPACE_VIRT + 2 * vm; space <= SPACE_VIRT + 2 * vm + 1; space++) {
		if (flush)
			ist_flush(g, space);
		cand_drop_space(g, space);
		g->ists[space] = (struct ist){ 0 };
	}
	if (g->cfg.vmd && flush)
		private_check(g, "VMD", v->vmd);
	*v = (struct vm){ 0 };
	g->stats.vms--;
	LOG(g, TABLE, "VM %u invalid", vm);
}

/* Strict mode: is the VMTE of a valid VM as it was? Its ISTs may have come since. */
static void strict_check_vmte(struct gicv5 *g, uint32_t vm, uint64_t addr, uint64_t word)
{
	const struct vm *v = &g->vms[vm];
	uint64_t word1;

	if (g->cfg.strict == GICV5_STRICT_OFF || !mem_read64(g, addr + 8, &word1))
		return;
	if (word != v->vmte[0] || word1 != v->vmte[1])
		strict(g, 2, "VMTE of VM %u was changed while it was valid", vm);
}

/* VMAP_VMR with M = 1, U = 1: the IRS clears VALID. */
void vm_disable(struct gicv5 *g, uint32_t vm)
{
	uint64_t addr, word;

	if (!vm_get(g, vm)) {
		strict(g, 17, "VMAP_VMR.U for VM %u, which is not valid", vm);
		return;
	}
	if (!vmte_walk(g, vm, &addr) || !mem_read64(g, addr, &word)) {
		vm_drop(g, vm, true);
		return;
	}
	strict_check_vmte(g, vm, addr, word);
	vm_drop(g, vm, true);
	mem_write64(g, addr, word & ~VMTE0_VALID);
}

/* --- virtual ISTs -------------------------------------------------------- */

/* Space and VMTE word of a VM's IST; false for a reserved TYPE or no such VM. */
static bool vist_find(struct gicv5 *g, uint32_t vm, unsigned int type,
		      uint32_t *space, uint64_t *addr)
{
	if ((type != TYPE_LPI && type != TYPE_SPI) || !vm_get(g, vm)) {
		strict(g, 17, "VMAP_VISTR for VM %u, TYPE %u: no such VM or TYPE", vm, type);
		return false;
	}
	if (!vmte_walk(g, vm, addr))
		return false;
	*space = irq_make_virtual(vm, type, 0).space;
	*addr += 8 * (type == TYPE_SPI ? 3 : 2);
	return true;
}

/* VMAP_VISTR with M = 1, U = 0 */
void vist_enable(struct gicv5 *g, uint32_t vm, unsigned int type)
{
	uint64_t addr, word;
	uint32_t space;
	struct ist ist;

	if (!vist_find(g, vm, type, &space, &addr) || !mem_read64(g, addr, &word))
		return;
	if (g->ists[space].valid || word & VMTE_IST_VALID) {
		strict(g, g->ists[space].valid ? 17 : 1,
		       "VMAP_VISTR for VM %u, TYPE %u: IST_VALID is 1 already", vm, type);
		return;
	}
	if (!mem_write64(g, addr, word | VMTE_IST_VALID))
		return;
	vist_decode(g, word, &ist);
	ist_enable(g, space, &ist);
}

/* VMAP_VISTR with M = 1, U = 1 */
void vist_disable(struct gicv5 *g, uint32_t vm, unsigned int type)
{
	uint64_t addr, word;
	uint32_t space;

	if (!vist_find(g, vm, type, &space, &addr) || !g->ists[space].valid)
		return;
	ist_disable(g, space);
	if (mem_read64(g, addr, &word))
		mem_write64(g, addr, word & ~VMTE_IST_VALID);
}

/* --- VPE ----------------------------------------------------------------- */

/* VMAP_VPER with M = 1 */
void vpe_enable(struct gicv5 *g, uint32_t vm, uint32_t vpe)
{
	const struct vm *v = vm_get(g, vm);
	uint64_t vpete;

	if (!v || vpe >> v->vpe_id_bits || vpe_get(g, vm, vpe)) {
		strict(g, 17, "VMAP_VPER for VM %u, VPE %u: no place for it, or valid already",
		       vm, vpe);
		return;
	}
	if (!mem_read64(g, vpete_addr(v, vpe), &vpete))
		return;
	if (vpete & VPETE_VALID) {
		strict(g, 1, "VMAP_VPER for VM %u, VPE %u: VALID was set by hand", vm, vpe);
		return;
	}
	if (!mem_write64(g, vpete_addr(v, vpe), vpete | VPETE_VALID))
		return;
	vpe_set_valid(g, vm, vpe, vpete);
	doorbell_dirty(g, vpe_index(g, vm, vpe));
}
