// SPDX-License-Identifier: GPL-2.0-only
/*
 * GICv5 virtualization: the host IRS
 *
 * KVM uses the IRS that the irqchip driver hands over. The two share its config
 * frame but no register: the virtualization registers are used here and nowhere
 * else, all others are left to the driver. Only the ID registers are read by
 * both.
 */

#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/irqchip/arm-gic-v5.h>
#include <linux/irqchip/arm-vgic-info.h>
#include <linux/kvm_host.h>

#include "trace.h"
#include "vgic.h"
#include "vgic-v5-tables.h"

/*
 * The host IRS
 * @base: its config frame; NULL if GICv5 guests are not supported
 * @caps: what it can do; constant once @base is set
 * @lock: see "Commands". Taken inside kvm->arch.config_lock
 */
static struct {
	void __iomem			*base;
	struct vgic_v5_irs_caps		caps;
	struct mutex			lock;	/* One command at a time */
} host_irs = {
	.lock = __MUTEX_INITIALIZER(host_irs.lock),
};

/**
 * vgic_v5_irs_probe() - Take over the virtualization part of the host IRS
 * @info: what the irqchip driver says about the IRS
 *
 * Nothing is written to the IRS. The reason for a failure is logged.
 *
 * Context: called once, before any VM exists.
 *
 * Return: 0, or -ENODEV if there is no config frame, or if the IRS knows of no
 * virtualization. vgic_v5_host_irs_caps() has nothing to return then.
 */
int vgic_v5_irs_probe(const struct gic_kvm_info *info)
{
	void __iomem *base = info->irs_base;

	if (!base) {
		kvm_info("GICv5-based guests are not supported without an IRS config frame\n");
		return -ENODEV;
	}

	if (!FIELD_GET(GICV5_IRS_IDR0_VIRT, readl_relaxed(base + GICV5_IRS_IDR0))) {
		kvm_info("GICv5-based guests are not supported without virtualization in the IRS\n");
		return -ENODEV;
	}

	vgic_v5_irs_caps_decode(&host_irs.caps,
				readl_relaxed(base + GICV5_IRS_IDR1),
				readl_relaxed(base + GICV5_IRS_IDR2),
				readl_relaxed(base + GICV5_IRS_IDR3),
				readl_relaxed(base + GICV5_IRS_IDR4),
				!info->irs_non_coherent);
	host_irs.base = base;

	return 0;
}

/**
 * vgic_v5_host_irs_caps() - What the host IRS can do
 *
 * Return: the capabilities, which never change, or NULL if there is no IRS for
 * GICv5 guests.
 */
const struct vgic_v5_irs_caps *vgic_v5_host_irs_caps(void)
{
	return host_irs.base ? &host_irs.caps : NULL;
}

/*
 * Commands
 *
 * The registers of an IRS form groups. Writing one starts an operation, and the
 * group's status register says, in IDLE, when that is complete. Until then no
 * register of the group may be written. A selection (VPE_SELR) is state of the
 * frame, not of the PE, so selecting and what follows must not be torn apart.
 * Hence one mutex for all; commands are for VM creation and the like, never for
 * entering or leaving a guest.
 *
 * Hardware may fail. Each wait is bounded, and what a time-out means is decided
 * here, for everyone: the operation may still happen, so the memory that it
 * concerns is the IRS's until the IRS itself has said otherwise. Who hands over
 * memory passes the flag that says so (vgic_v5_tables.irs_owned and friends);
 * it is set when nothing but the write is left to do, so that a command that
 * was never given leaves it alone.
 */
#define IRS_POLL_US	10
#define IRS_TIMEOUT_US	USEC_PER_SEC

/**
 * struct irs_group - registers that share a status register
 * @name: of the status register
 * @statusr: its offset in the frame; bit 0 is IDLE in all of them
 * @stuck: the last operation has timed out. Nobody waits for it again, it is
 *	just looked at
 */
struct irs_group {
	const char	*name;
	u32		statusr;
	bool		stuck;
};

#define IRS_IDLE	BIT(0)

static struct irs_group irs_vmt = {
	.name		= "IRS_VMT_STATUSR",
	.statusr	= GICV5_IRS_VMT_STATUSR,
};

static struct irs_group irs_vpe = {
	.name		= "IRS_VPE_STATUSR",
	.statusr	= GICV5_IRS_VPE_STATUSR,
};

/*
 * The MMIO reads order what the IRS wrote to memory before it became idle
 * before what the caller reads there next.
 */
static int irs_wait(struct irs_group *group, u32 *status)
{
	void __iomem *statusr = host_irs.base + group->statusr;
	u32 val;
	int ret;

	lockdep_assert_held(&host_irs.lock);

	if (group->stuck) {
		val = readl(statusr);
		if (!(val & IRS_IDLE))
			return -ETIMEDOUT;
		group->stuck = false;
	} else {
		ret = readl_poll_timeout(statusr, val, val & IRS_IDLE,
					 IRS_POLL_US, IRS_TIMEOUT_US);
		if (ret) {
			group->stuck = true;
			pr_err_ratelimited("kvm [%d]: %s: the IRS does not become idle\n",
					   task_pid_nr(current), group->name);
			return ret;
		}
	}

	if (status)
		*status = val;

	return 0;
}

/*
 * One operation, from start to end. @owned, if given, becomes true once the
 * IRS may have been told of memory.
 */
static int irs_do(struct irs_group *group, const char *name, u32 offset,
		  unsigned int size, u64 val, bool *owned, u32 *status)
{
	int ret;

	ret = irs_wait(group, NULL);
	if (!ret) {
		if (owned)
			*owned = true;

		/* Not relaxed: the tables before the write that announces them */
		if (size == sizeof(u64))
			writeq(val, host_irs.base + offset);
		else
			writel(val, host_irs.base + offset);

		ret = irs_wait(group, status);
	}

	trace_vgic_v5_irs_command(name, val, ret);

	return ret;
}

/* One that hands over no memory beyond what is the IRS's already */
#define irs_do_vmt(reg, val)						\
	irs_do(&irs_vmt, #reg, GICV5_##reg, sizeof(u64), val, NULL, NULL)

/**
 * vgic_v5_irs_set_vmt() - Give the IRS the VM table
 * @cfgr: IRS_VMT_CFGR
 * @baser: IRS_VMT_BASER, with VALID set
 * @owned: set if the IRS may be using the table, whatever is returned
 *
 * A VM table that is there already is somebody's of before, a kernel that has
 * kexec'ed into this one: it is made invalid first, and all VMs with it.
 *
 * Context: may sleep.
 *
 * Return: 0, -ETIMEDOUT.
 */
int vgic_v5_irs_set_vmt(u32 cfgr, u64 baser, bool *owned)
{
	int ret;

	guard(mutex)(&host_irs.lock);

	if (readq(host_irs.base + GICV5_IRS_VMT_BASER) & GICV5_IRS_VMT_BASER_VALID) {
		ret = irs_do_vmt(IRS_VMT_BASER, 0);
		if (ret)
			return ret;
	}

	/* No operation: sampled when VALID becomes 1 */
	writel(cfgr, host_irs.base + GICV5_IRS_VMT_CFGR);

	return irs_do(&irs_vmt, "IRS_VMT_BASER", GICV5_IRS_VMT_BASER, sizeof(u64),
		      baser, owned, NULL);
}

/*
 * Make something valid or invalid, and see whether that is what happened: the
 * status register doesn't tell, the VALID bit in memory does. It may be trusted
 * only while the IRS is idle.
 *
 * @owned follows the truth: a map that fails in the middle leaves it set, an
 * unmap finds out what has become of that, and is itself skipped if nothing has.
 */
static int irs_map(struct vgic_v5_tables *tables, const char *name, u32 offset,
		   u64 val, bool *owned, bool valid(const struct vgic_v5_tables *))
{
	int ret;

	ret = irs_do(&irs_vmt, name, offset, sizeof(u64), val, owned, NULL);
	if (ret)
		return ret;

	*owned = valid(tables);

	return *owned ? 0 : -EIO;
}

static int irs_unmap(struct vgic_v5_tables *tables, const char *name, u32 offset,
		     u64 val, bool *owned, bool valid(const struct vgic_v5_tables *))
{
	int ret;

	if (!*owned)
		return 0;

	ret = irs_wait(&irs_vmt, NULL);
	if (ret)
		return ret;

	if (valid(tables)) {
		ret = irs_do(&irs_vmt, name, offset, sizeof(u64), val, NULL, NULL);
		if (ret)
			return ret;
	}

	*owned = valid(tables);

	return *owned ? -EIO : 0;
}

#define VMAP_VMR(tables)						\
	(FIELD_PREP(GICV5_IRS_VMAP_VMR_VM_ID, (tables)->vm_id) |	\
	 GICV5_IRS_VMAP_VMR_M)
#define VMAP_VISTR(tables, type)					\
	(FIELD_PREP(GICV5_IRS_VMAP_VISTR_VM_ID, (tables)->vm_id) |	\
	 FIELD_PREP(GICV5_IRS_VMAP_VISTR_TYPE, GICV5_HWIRQ_TYPE_##type) |	\
	 GICV5_IRS_VMAP_VISTR_M)

/**
 * vgic_v5_irs_map_vm() - Make a VM valid
 * @tables: of the VM
 *
 * Makes the L2 VM table that the VM's entry is in valid too, if it isn't.
 *
 * Context: may sleep.
 *
 * Return: 0; -ETIMEDOUT; -EIO if the IRS did not take the VM. @tables->irs_owned
 * says whether the IRS may be using the tables.
 */
int vgic_v5_irs_map_vm(struct vgic_v5_tables *tables)
{
	u64 l2 = FIELD_PREP(GICV5_IRS_VMAP_L2_VMTR_VM_ID, tables->vm_id) |
		 GICV5_IRS_VMAP_L2_VMTR_M;
	int ret;

	guard(mutex)(&host_irs.lock);

	if (!vgic_v5_vmt_l2_valid(tables->vm_id)) {
		ret = irs_do_vmt(IRS_VMAP_L2_VMTR, l2);
		if (ret)
			return ret;
		if (!vgic_v5_vmt_l2_valid(tables->vm_id))
			return -EIO;
	}

	return irs_map(tables, "IRS_VMAP_VMR", GICV5_IRS_VMAP_VMR, VMAP_VMR(tables),
		       &tables->irs_owned, vgic_v5_tables_vm_valid);
}

static int irs_unmap_vm(struct vgic_v5_tables *tables)
{
	int ret;

	ret = irs_unmap(tables, "IRS_VMAP_VMR", GICV5_IRS_VMAP_VMR,
			VMAP_VMR(tables) | GICV5_IRS_VMAP_VMR_U,
			&tables->irs_owned, vgic_v5_tables_vm_valid);
	if (ret)
		return ret;

	tables->lpi_ist_owned = false;

	/* Nothing says that this ends what is under way for one of its VPEs */
	if (tables->vpe_busy) {
		ret = irs_wait(&irs_vpe, NULL);
		tables->vpe_busy = ret;
	}

	return ret;
}

/**
 * vgic_v5_irs_unmap_vm() - Make a VM invalid
 * @tables: of the VM, no VPE of which is resident
 *
 * All that belongs to it becomes invalid with it: its VPEs, their doorbells, its
 * ISTs. Does nothing for a VM that the IRS doesn't know.
 *
 * Context: may sleep.
 *
 * Return: 0; -ETIMEDOUT or -EIO if the IRS did not let go. @tables->irs_owned
 * says whether the IRS may be using the tables.
 */
int vgic_v5_irs_unmap_vm(struct vgic_v5_tables *tables)
{
	guard(mutex)(&host_irs.lock);

	return irs_unmap_vm(tables);
}

/**
 * vgic_v5_irs_map_spi_ist() - Make the IST of a VM's virtual SPIs valid
 * @tables: of the VM, which is valid
 *
 * Undone with the VM.
 *
 * Context: may sleep.
 *
 * Return: 0; -ETIMEDOUT; -EIO if the IRS did not take it.
 */
int vgic_v5_irs_map_spi_ist(struct vgic_v5_tables *tables)
{
	int ret;

	guard(mutex)(&host_irs.lock);

	ret = irs_do_vmt(IRS_VMAP_VISTR, VMAP_VISTR(tables, SPI));
	if (ret)
		return ret;

	return vgic_v5_tables_spi_ist_valid(tables) ? 0 : -EIO;
}

/**
 * vgic_v5_irs_map_lpi_ist() - Make the IST of a VM's virtual LPIs valid
 * @tables: of the VM, which is valid
 *
 * Undone with the VM, or by vgic_v5_irs_unmap_lpi_ist().
 *
 * Context: may sleep.
 *
 * Return: 0; -ETIMEDOUT; -EIO if the IRS did not take it. @tables->lpi_ist_owned
 * says whether the IRS may be using the IST.
 */
int vgic_v5_irs_map_lpi_ist(struct vgic_v5_tables *tables)
{
	guard(mutex)(&host_irs.lock);

	return irs_map(tables, "IRS_VMAP_VISTR", GICV5_IRS_VMAP_VISTR,
		       VMAP_VISTR(tables, LPI), &tables->lpi_ist_owned,
		       vgic_v5_tables_lpi_ist_valid);
}

/**
 * vgic_v5_irs_unmap_lpi_ist() - Make the IST of a VM's virtual LPIs invalid
 * @tables: of the VM
 *
 * On success the IST is the caller's again. What is pending in it is gone.
 *
 * Context: may sleep.
 *
 * Return: 0, -ETIMEDOUT, -EIO if the IRS did not let go.
 */
int vgic_v5_irs_unmap_lpi_ist(struct vgic_v5_tables *tables)
{
	guard(mutex)(&host_irs.lock);

	return irs_unmap(tables, "IRS_VMAP_VISTR", GICV5_IRS_VMAP_VISTR,
			 VMAP_VISTR(tables, LPI) | GICV5_IRS_VMAP_VISTR_U,
			 &tables->lpi_ist_owned, vgic_v5_tables_lpi_ist_valid);
}

/**
 * vgic_v5_irs_map_vpe() - Make a VPE valid
 * @tables: of its VM, which is valid
 * @vpe_id: the VPE
 *
 * There is no way to make a VPE alone invalid, it is undone with the VM. The
 * VPE has no doorbell yet.
 *
 * Context: may sleep.
 *
 * Return: 0; -ETIMEDOUT; -EIO if the IRS did not take it.
 */
int vgic_v5_irs_map_vpe(struct vgic_v5_tables *tables, u16 vpe_id)
{
	u64 val = FIELD_PREP(GICV5_IRS_VMAP_VPER_VM_ID, tables->vm_id) |
		  FIELD_PREP(GICV5_IRS_VMAP_VPER_VPE_ID, vpe_id) |
		  GICV5_IRS_VMAP_VPER_M;
	int ret;

	guard(mutex)(&host_irs.lock);

	ret = irs_do_vmt(IRS_VMAP_VPER, val);
	if (ret)
		return ret;

	return vgic_v5_tables_vpe_valid(tables, vpe_id) ? 0 : -EIO;
}

/*
 * An operation on a VPE of @tables, in which the IRS may use them for as long as
 * it takes. One that was never begun, because the last one has not ended, leaves
 * them the caller's.
 */
static int irs_do_vpe(struct vgic_v5_tables *tables, const char *name, u32 offset,
		      unsigned int size, u64 val)
{
	u32 status;
	int ret;

	ret = irs_do(&irs_vpe, name, offset, size, val, &tables->vpe_busy, &status);
	if (ret)
		return ret;

	tables->vpe_busy = false;

	return status & GICV5_IRS_VPE_STATUSR_V ? 0 : -EIO;
}

/**
 * vgic_v5_irs_set_doorbell() - Name the doorbell of a VPE
 * @tables: of its VM
 * @vpe_id: the VPE, which is valid
 * @lpi: ID of the physical LPI
 *
 * No doorbell is requested, that is for the write that ends a residency. Lasts
 * until the VM becomes invalid. Also takes the VPE out of 1-of-N distribution,
 * as the host does with its PEs.
 *
 * Context: may sleep.
 *
 * Return: 0; -ETIMEDOUT; -EIO if the IRS doesn't know the VPE.
 */
int vgic_v5_irs_set_doorbell(struct vgic_v5_tables *tables, u16 vpe_id, u32 lpi)
{
	u64 selr = FIELD_PREP(GICV5_IRS_VPE_SELR_VM_ID, tables->vm_id) |
		   FIELD_PREP(GICV5_IRS_VPE_SELR_VPE_ID, vpe_id) |
		   GICV5_IRS_VPE_SELR_S;
	u64 dbr = FIELD_PREP(GICV5_IRS_VPE_DBR_INTID, lpi) |
		  GICV5_IRS_VPE_DBR_DBV;
	int ret;

	guard(mutex)(&host_irs.lock);

	ret = irs_do_vpe(tables, "IRS_VPE_SELR", GICV5_IRS_VPE_SELR, sizeof(u64),
			 selr);
	if (ret)
		return ret;

	ret = irs_do_vpe(tables, "IRS_VPE_CR0", GICV5_IRS_VPE_CR0, sizeof(u32),
			 GICV5_IRS_VPE_CR0_DPS);
	if (ret)
		return ret;

	return irs_do_vpe(tables, "IRS_VPE_DBR", GICV5_IRS_VPE_DBR, sizeof(u64),
			  dbr);
}

/*
 * Tables that the IRS was asked to give back and has not. They keep their VM
 * id, so that no other VM gets it while the IRS may still know this one.
 */
static LIST_HEAD(irs_quarantine);

/**
 * vgic_v5_irs_reap() - See whether the IRS has recovered
 *
 * Frees the tables, and the id, of one VM that are in quarantine if the IRS
 * gives them back now. One, so that nobody waits for all of them.
 *
 * Context: may sleep.
 */
void vgic_v5_irs_reap(void)
{
	struct vgic_v5_tables *tables;

	guard(mutex)(&host_irs.lock);

	tables = list_first_entry_or_null(&irs_quarantine, struct vgic_v5_tables, node);
	if (!tables)
		return;

	if (irs_unmap_vm(tables)) {
		/* The next one has its turn next time */
		list_move_tail(&tables->node, &irs_quarantine);
		return;
	}

	list_del(&tables->node);
	vgic_v5_tables_destroy(tables);
}

/**
 * vgic_v5_irs_release_tables() - Free the tables of a VM, as soon as possible
 * @tables: of the VM, after vgic_v5_irs_unmap_vm()
 *
 * If the IRS did not let go of the VM, the tables and the VM id are put aside
 * until it has. Either way the caller has them no more.
 *
 * Context: may sleep.
 */
void vgic_v5_irs_release_tables(struct vgic_v5_tables *tables)
{
	guard(mutex)(&host_irs.lock);

	if (tables->irs_owned || tables->vpe_busy)
		list_add_tail(&tables->node, &irs_quarantine);
	else
		vgic_v5_tables_destroy(tables);
}
