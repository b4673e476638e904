/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GICv5 virtualization: what the host IRS offers, and the tables in memory
 * that it reads. vgic-v5-tables.c owns the tables, vgic-v5-irs.c makes the IRS
 * take note of them.
 */
#ifndef __KVM_ARM_VGIC_V5_TABLES_H__
#define __KVM_ARM_VGIC_V5_TABLES_H__

#include <linux/sizes.h>
#include <linux/types.h>

/**
 * struct vgic_v5_irs_caps - what the host IRS can do, decoded from its ID registers
 * @coherent: the IRS reads memory coherently with the PEs; if not, the tables
 *	are cleaned and invalidated to the PoC by hand
 * @vmt_two_level: IRS_IDR3.VMT_LEVELS, two-level VM tables are supported
 * @vm_id_bits: IRS_IDR3.VM_ID_BITS, there are 2^n VM ids
 * @vmd: IRS_IDR3.VMD, each VM needs a VM descriptor
 * @vmd_shift: IRS_IDR3.VMD_SZ, log2 of its size in bytes
 * @vpe_id_bits: IRS_IDR4.VPE_ID_BITS, a VM can have VPE ids below 2^n
 * @vped_shift: IRS_IDR4.VPED_SZ, log2 of the size of a VPE descriptor in bytes
 * @id_bits: IRS_IDR2.ID_BITS, bits of an LPI or SPI ID
 * @min_lpi_id_bits: IRS_IDR2.MIN_LPI_ID_BITS
 * @ist_two_level: IRS_IDR2.IST_LEVELS, two-level ISTs are supported
 * @ist_l2sz: IRS_IDR2.IST_L2SZ, supported sizes of an L2 IST: bit 0 4kB,
 *	bit 1 16kB, bit 2 64kB
 * @istmd: IRS_IDR2.ISTMD, the IRS keeps metadata in ISTEs
 * @istmd_sz: IRS_IDR2.ISTMD_SZ, with @istmd: tables of 2^n or more entries
 *	need ISTEs of 16 bytes, others 8 bytes
 * @pri_bits: IRS_IDR1.PRI_BITS + 1
 */
struct vgic_v5_irs_caps {
	bool	coherent;
	bool	vmt_two_level;
	u8	vm_id_bits;
	bool	vmd;
	u8	vmd_shift;
	u8	vpe_id_bits;
	u8	vped_shift;
	u8	id_bits;
	u8	min_lpi_id_bits;
	bool	ist_two_level;
	u8	ist_l2sz;
	bool	istmd;
	u8	istmd_sz;
	u8	pri_bits;
};

/**
 * struct vgic_v5_ist - an interrupt state table
 * @id_bits: the table has 2^n entries
 * @istsz: ISTSZ of the architecture, an entry has 4 << n bytes
 * @l2sz: L2SZ of the architecture, an L2 table has SZ_4K << 2n bytes
 * @two_level: @table is an L1 table
 * @table: the linear table, or the L1 table; NULL if there is no IST
 * @l2: the L2 tables, as many as @table has entries; NULL if linear
 */
struct vgic_v5_ist {
	u8	id_bits;
	u8	istsz;
	u8	l2sz;
	bool	two_level;
	void	*table;
	void	**l2;
};

/**
 * struct vgic_v5_tables - all that the IRS reads for one VM
 * @caps: of the IRS the tables are for
 * @vm_id: id of the VM, index of its entry in the VM table
 * @irs_owned: the IRS may read and write the tables: set right before it is
 *	told to make the VM valid, cleared when it has confirmed that the VM is
 *	invalid. As long as it is set nothing here may be freed
 * @vpe_busy: a command for a VPE has timed out and may still be under way; as
 *	@irs_owned
 * @lpi_ist_owned: the same for @lpi_ist, which comes and goes while the VM is
 *	valid
 * @vmte: the VM's entry (L2_VMTE, 4 words) in the VM table. It isn't in the
 *	linear mapping if the IRS is not coherent
 * @vmd: VM descriptor, NULL if the IRS needs none
 * @vpet: VPE table, 2^@vpe_id_bits entries
 * @vped: VPE descriptors, index is the VPE id; NULL where there is no VPE
 * @vpe_id_bits: see @vpet, at least 1
 * @spi_ist: IST of the virtual SPIs
 * @lpi_ist: IST of the virtual LPIs
 * @node: for a list of tables that wait for the IRS to give them back
 */
struct vgic_v5_tables {
	const struct vgic_v5_irs_caps	*caps;
	u16				vm_id;
	bool				irs_owned;
	bool				vpe_busy;
	bool				lpi_ist_owned;
	__le64				*vmte;
	void				*vmd;
	__le64				*vpet;
	void				**vped;
	u8				vpe_id_bits;
	struct vgic_v5_ist		spi_ist;
	struct vgic_v5_ist		lpi_ist;
	struct list_head		node;
};

/* --- The IRS --- */
void vgic_v5_irs_caps_decode(struct vgic_v5_irs_caps *caps, u32 idr1, u32 idr2,
			     u32 idr3, u32 idr4, bool coherent);

/* --- The VM table; one for all VMs, made once and never freed --- */
int vgic_v5_vmt_create(const struct vgic_v5_irs_caps *caps);
void vgic_v5_vmt_destroy(void);
u32 vgic_v5_vmt_cfgr(void);
u64 vgic_v5_vmt_baser(void);
bool vgic_v5_vmt_l2_valid(u16 vm_id);

/* --- The tables of one VM --- */
struct vgic_v5_tables *vgic_v5_tables_create(const struct vgic_v5_irs_caps *caps,
					     unsigned int max_vpe_id,
					     unsigned int nr_spis);
void vgic_v5_tables_destroy(struct vgic_v5_tables *tables);
int vgic_v5_tables_add_vpe(struct vgic_v5_tables *tables, unsigned int vpe_id);
int vgic_v5_tables_add_lpi_ist(struct vgic_v5_tables *tables, unsigned int id_bits);
void vgic_v5_tables_remove_lpi_ist(struct vgic_v5_tables *tables);

/* --- What the IRS has written: VALID bits, after the command is complete --- */
bool vgic_v5_tables_vm_valid(const struct vgic_v5_tables *tables);
bool vgic_v5_tables_vpe_valid(const struct vgic_v5_tables *tables, unsigned int vpe_id);
bool vgic_v5_tables_spi_ist_valid(const struct vgic_v5_tables *tables);
bool vgic_v5_tables_lpi_ist_valid(const struct vgic_v5_tables *tables);

#if IS_ENABLED(CONFIG_KUNIT)
void vgic_v5_ist_geometry(const struct vgic_v5_irs_caps *caps,
			  unsigned int id_bits, struct vgic_v5_ist *ist);
#endif

#endif
