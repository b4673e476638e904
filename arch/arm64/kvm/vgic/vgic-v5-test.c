// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for GICv5 virtualization: the VPE doorbell domain
 *
 * The doorbells of a VM are created on top of a fake LPI domain, which counts
 * what reaches it and fails on request. On a host that has a GICv5, the last
 * tests ring doorbells on top of the real one.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <kvm/arm_vgic.h>

#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/error-injection.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>

#include "vgic.h"

#define MAX_VPES	VGIC_V5_MAX_CPUS
/* Far away from any VPE index, so that the two can't be mistaken. */
#define FAKE_LPI_BASE	0x10000

/* --- A fake LPI domain --- */

/**
 * struct fake_lpis - the LPI domain of a host that has no GICv5
 * @domain: root domain, as gicv5_global_data.lpi_domain
 * @ids: hwirqs in use
 * @nr_alloc: number of LPIs given out
 * @fail_after: number of further LPIs to give out before failing, < 0: no limit
 * @masks: number of mask calls
 * @unmasks: number of unmask calls
 * @eois: number of end-of-interrupt calls
 * @cpu: target of the last affinity call
 * @pending: state of the last LPI that was made pending or not
 * @hwirq: LPI of the last call
 */
struct fake_lpis {
	struct irq_domain	*domain;
	struct ida		ids;
	int			nr_alloc;
	int			fail_after;
	int			masks;
	int			unmasks;
	int			eois;
	unsigned int		cpu;
	bool			pending;
	irq_hw_number_t		hwirq;
};

static struct fake_lpis *to_fake(struct irq_data *d)
{
	return irq_data_get_irq_chip_data(d);
}

static void fake_lpi_mask(struct irq_data *d)
{
	to_fake(d)->masks++;
	to_fake(d)->hwirq = d->hwirq;
}

static void fake_lpi_unmask(struct irq_data *d)
{
	to_fake(d)->unmasks++;
	to_fake(d)->hwirq = d->hwirq;
}

static void fake_lpi_eoi(struct irq_data *d)
{
	to_fake(d)->eois++;
	to_fake(d)->hwirq = d->hwirq;
}

static int fake_lpi_set_affinity(struct irq_data *d, const struct cpumask *mask,
				 bool force)
{
	to_fake(d)->cpu = cpumask_any_and(mask, cpu_online_mask);
	to_fake(d)->hwirq = d->hwirq;
	irq_data_update_effective_affinity(d, cpumask_of(to_fake(d)->cpu));

	return IRQ_SET_MASK_OK_DONE;
}

static int fake_lpi_get_state(struct irq_data *d, enum irqchip_irq_state which,
			      bool *state)
{
	if (which != IRQCHIP_STATE_PENDING)
		return -EINVAL;

	*state = to_fake(d)->pending;
	to_fake(d)->hwirq = d->hwirq;

	return 0;
}

static int fake_lpi_set_state(struct irq_data *d, enum irqchip_irq_state which,
			      bool state)
{
	if (which != IRQCHIP_STATE_PENDING)
		return -EINVAL;

	to_fake(d)->pending = state;
	to_fake(d)->hwirq = d->hwirq;

	return 0;
}

static const struct irq_chip fake_lpi_chip = {
	.name			= "fake-LPI",
	.irq_mask		= fake_lpi_mask,
	.irq_unmask		= fake_lpi_unmask,
	.irq_eoi		= fake_lpi_eoi,
	.irq_set_affinity	= fake_lpi_set_affinity,
	.irq_get_irqchip_state	= fake_lpi_get_state,
	.irq_set_irqchip_state	= fake_lpi_set_state,
	.flags			= IRQCHIP_SKIP_SET_WAKE,
};

static void fake_lpi_domain_free(struct irq_domain *domain, unsigned int virq,
				 unsigned int nr_irqs)
{
	struct fake_lpis *fake = domain->host_data;

	for (unsigned int i = 0; i < nr_irqs; i++) {
		struct irq_data *d = irq_domain_get_irq_data(domain, virq + i);

		ida_free(&fake->ids, d->hwirq);
		fake->nr_alloc--;
		irq_domain_reset_irq_data(d);
	}
}

static int fake_lpi_domain_alloc(struct irq_domain *domain, unsigned int virq,
				 unsigned int nr_irqs, void *arg)
{
	struct fake_lpis *fake = domain->host_data;

	for (unsigned int i = 0; i < nr_irqs; i++) {
		int id = -ENOSPC;

		if (fake->fail_after)
			id = ida_alloc_min(&fake->ids, FAKE_LPI_BASE, GFP_KERNEL);
		if (id < 0) {
			fake_lpi_domain_free(domain, virq, i);
			return id;
		}

		if (fake->fail_after > 0)
			fake->fail_after--;
		fake->nr_alloc++;
		irq_domain_set_info(domain, virq + i, id, &fake_lpi_chip, fake,
				    handle_fasteoi_irq, NULL, NULL);
	}

	return 0;
}

static const struct irq_domain_ops fake_lpi_domain_ops = {
	.alloc	= fake_lpi_domain_alloc,
	.free	= fake_lpi_domain_free,
};

static void fake_lpis_destroy(void *data)
{
	struct fake_lpis *fake = data;

	irq_domain_remove(fake->domain);
	ida_destroy(&fake->ids);
}

static struct fake_lpis *fake_lpis_create(struct kunit *test)
{
	struct fake_lpis *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fake);

	ida_init(&fake->ids);
	fake->fail_after = -1;
	fake->domain = irq_domain_create_tree(NULL, &fake_lpi_domain_ops, fake);
	KUNIT_ASSERT_NOT_NULL(test, fake->domain);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, fake_lpis_destroy,
							   fake));

	return fake;
}

/* --- A VM, as far as the doorbells know one --- */

static void test_vm_destroy(void *data)
{
	struct kvm *kvm = data;
	struct kvm_vcpu *vcpu;
	unsigned long idx;

	/* Whatever a failed test has left; nothing if it passed. */
	mutex_lock(&kvm->arch.config_lock);
	vgic_v5_teardown(kvm);
	mutex_unlock(&kvm->arch.config_lock);

	if (atomic_read(&kvm->online_vcpus))
		kvm_for_each_vcpu(idx, vcpu, kvm)
			kvfree(vcpu);

	xa_destroy(&kvm->vcpu_array);
	mutex_destroy(&kvm->arch.config_lock);
	kvfree(kvm);
}

static struct kvm *test_vm_create(struct kunit *test, unsigned int nr_vcpus)
{
	struct kvm *kvm = kvzalloc(sizeof(*kvm), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, kvm);

	xa_init(&kvm->vcpu_array);
	mutex_init(&kvm->arch.config_lock);
	kvm->userspace_pid = task_pid_nr(current);
	kvm->arch.vgic.in_kernel = true;
	kvm->arch.vgic.vgic_model = KVM_DEV_TYPE_ARM_VGIC_V5;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, test_vm_destroy,
							   kvm));

	for (unsigned int i = 0; i < nr_vcpus; i++) {
		struct kvm_vcpu *vcpu = kvzalloc(sizeof(*vcpu), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, vcpu);
		vcpu->kvm = kvm;
		vcpu->vcpu_idx = i;
		vcpu->vcpu_id = i;

		if (xa_err(xa_store(&kvm->vcpu_array, i, vcpu, GFP_KERNEL))) {
			kvfree(vcpu);
			KUNIT_FAIL_AND_ABORT(test, "no memory for vCPU %u", i);
		}

		kvm->created_vcpus++;
		atomic_inc(&kvm->online_vcpus);
	}

	return kvm;
}

static struct vgic_v5_vm *v5_vm(struct kvm *kvm)
{
	return &kvm->arch.vgic.gicv5_vm;
}

static unsigned int vpe_db(struct kvm *kvm, int idx)
{
	return kvm_get_vcpu(kvm, idx)->arch.vgic_cpu.vgic_v5.gicv5_vpe.db;
}

static int create(struct kvm *kvm, struct irq_domain *parent)
{
	guard(mutex)(&kvm->arch.config_lock);
	return vgic_v5_doorbells_create(kvm, parent);
}

static void teardown(struct kvm *kvm)
{
	guard(mutex)(&kvm->arch.config_lock);
	vgic_v5_teardown(kvm);
}

/* The VM has no doorbell, no domain, and no name for one. */
static void expect_no_doorbells(struct kunit *test, struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long idx;

	KUNIT_EXPECT_NULL(test, v5_vm(kvm)->fwnode);
	KUNIT_EXPECT_NULL(test, v5_vm(kvm)->domain);
	KUNIT_EXPECT_EQ(test, 0, v5_vm(kvm)->vpe_db_base);

	if (!atomic_read(&kvm->online_vcpus))
		return;

	kvm_for_each_vcpu(idx, vcpu, kvm)
		KUNIT_EXPECT_EQ(test, 0, vpe_db(kvm, idx));
}

/* Creation gives back all that it took; afterwards it works. */
static void expect_create_fails(struct kunit *test, struct kvm *kvm,
				struct fake_lpis *fake, int err)
{
	KUNIT_EXPECT_EQ(test, err, create(kvm, fake->domain));
	KUNIT_EXPECT_EQ(test, 0, fake->nr_alloc);
	expect_no_doorbells(test, kvm);
}

static void expect_create_works(struct kunit *test, struct kvm *kvm,
				struct fake_lpis *fake)
{
	int before = fake->nr_alloc;

	KUNIT_ASSERT_EQ(test, 0, create(kvm, fake->domain));
	KUNIT_EXPECT_EQ(test, before + atomic_read(&kvm->online_vcpus),
			fake->nr_alloc);
}

/* --- Creation and teardown --- */

static const unsigned int nr_vpes_params[] = { 1, 2, 16, MAX_VPES };

static void nr_vpes_desc(const unsigned int *nr, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u VPEs", *nr);
}

KUNIT_ARRAY_PARAM(nr_vpes, nr_vpes_params, nr_vpes_desc);

static void expect_mapping(struct kunit *test, struct kvm *kvm,
			   struct fake_lpis *fake, int idx)
{
	struct irq_domain *domain = v5_vm(kvm)->domain;
	struct irq_data *d = irq_get_irq_data(vpe_db(kvm, idx));

	KUNIT_EXPECT_EQ(test, v5_vm(kvm)->vpe_db_base + idx, vpe_db(kvm, idx));
	KUNIT_EXPECT_EQ(test, vpe_db(kvm, idx), irq_find_mapping(domain, idx));
	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_EXPECT_PTR_EQ(test, domain, d->domain);
	KUNIT_EXPECT_EQ(test, idx, d->hwirq);
	KUNIT_EXPECT_STREQ(test, "GICv5-DB", d->chip->name);
	KUNIT_EXPECT_TRUE(test, irqd_is_single_target(d));
	KUNIT_EXPECT_FALSE(test, irq_can_set_affinity(vpe_db(kvm, idx)));
	KUNIT_EXPECT_FALSE(test, kvm_get_vcpu(kvm, idx)->arch.vgic_cpu.vgic_v5.gicv5_vpe.db_fired);

	d = d->parent_data;
	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_EXPECT_PTR_EQ(test, fake->domain, d->domain);
	KUNIT_EXPECT_PTR_EQ(test, &fake_lpi_chip, (const struct irq_chip *)d->chip);
	/* A LPI of its own, of the parent's numbering. */
	KUNIT_EXPECT_GE(test, d->hwirq, FAKE_LPI_BASE);
	KUNIT_EXPECT_EQ(test, vpe_db(kvm, idx),
			irq_find_mapping(fake->domain, d->hwirq));
	KUNIT_EXPECT_NULL(test, d->parent_data);
}

static void create_maps_each_vpe(struct kunit *test)
{
	unsigned int nr = *(const unsigned int *)test->param_value;
	struct fake_lpis *fake = fake_lpis_create(test);
	struct kvm *kvm = test_vm_create(test, nr);
	struct fwnode_handle *fwnode;
	unsigned int base;

	kvm_get_vcpu(kvm, nr - 1)->arch.vgic_cpu.vgic_v5.gicv5_vpe.db_fired = true;
	expect_create_works(test, kvm, fake);

	KUNIT_EXPECT_PTR_EQ(test, fake->domain, v5_vm(kvm)->domain->parent);
	KUNIT_EXPECT_EQ(test, nr, v5_vm(kvm)->domain->revmap_size);
	for (unsigned int i = 0; i < nr; i++)
		expect_mapping(test, kvm, fake, i);

	base = v5_vm(kvm)->vpe_db_base;
	fwnode = v5_vm(kvm)->fwnode;
	teardown(kvm);

	KUNIT_EXPECT_EQ(test, 0, fake->nr_alloc);
	KUNIT_EXPECT_TRUE(test, ida_is_empty(&fake->ids));
	KUNIT_EXPECT_NULL(test, irq_find_matching_fwnode(fwnode, DOMAIN_BUS_ANY));
	for (unsigned int i = 0; i < nr; i++) {
		struct irq_data *d = irq_get_irq_data(base + i);

		/* Somebody else may have got the number meanwhile. */
		KUNIT_EXPECT_FALSE(test, d && d->chip && d->chip->name &&
				   !strcmp(d->chip->name, "GICv5-DB"));
	}
	expect_no_doorbells(test, kvm);
}

static void teardown_is_idempotent(struct kunit *test)
{
	struct fake_lpis *fake = fake_lpis_create(test);
	struct kvm *kvm = test_vm_create(test, 4);

	/* Never created. */
	teardown(kvm);
	expect_no_doorbells(test, kvm);

	/* Twice. */
	expect_create_works(test, kvm, fake);
	teardown(kvm);
	teardown(kvm);
	KUNIT_EXPECT_EQ(test, 0, fake->nr_alloc);
	expect_no_doorbells(test, kvm);

	/* After a failure. */
	fake->fail_after = 2;
	expect_create_fails(test, kvm, fake, -ENOSPC);
	teardown(kvm);
	expect_no_doorbells(test, kvm);
}

static void create_again_and_again(struct kunit *test)
{
	struct fake_lpis *fake = fake_lpis_create(test);
	struct kvm *kvm = test_vm_create(test, 4);

	for (int i = 0; i < 200; i++) {
		expect_create_works(test, kvm, fake);
		teardown(kvm);
		KUNIT_ASSERT_EQ(test, 0, fake->nr_alloc);
	}
}

static void vms_of_a_task_do_not_collide(struct kunit *test)
{
	struct fake_lpis *fake = fake_lpis_create(test);
	struct kvm *kvm[2];
	char pid[16];

	for (int i = 0; i < ARRAY_SIZE(kvm); i++) {
		kvm[i] = test_vm_create(test, 2);
		expect_create_works(test, kvm[i], fake);
	}

	KUNIT_EXPECT_STRNEQ(test, v5_vm(kvm[0])->domain->name,
			    v5_vm(kvm[1])->domain->name);
	snprintf(pid, sizeof(pid), "-%d-", task_pid_nr(current));
	for (int i = 0; i < ARRAY_SIZE(kvm); i++)
		KUNIT_EXPECT_NOT_NULL(test, strstr(v5_vm(kvm[i])->domain->name, pid));

	teardown(kvm[0]);
	KUNIT_EXPECT_EQ(test, 2, fake->nr_alloc);
	for (int i = 0; i < 2; i++)
		expect_mapping(test, kvm[1], fake, i);

	teardown(kvm[1]);
	KUNIT_EXPECT_EQ(test, 0, fake->nr_alloc);
}

/* --- Failure --- */

static void no_lpi_domain(struct kunit *test)
{
	struct kvm *kvm = test_vm_create(test, 1);

	KUNIT_EXPECT_EQ(test, -ENODEV, create(kvm, NULL));
	expect_no_doorbells(test, kvm);
}

static void no_vcpu(struct kunit *test)
{
	struct fake_lpis *fake = fake_lpis_create(test);
	struct kvm *kvm = test_vm_create(test, 0);

	expect_create_fails(test, kvm, fake, -ENODEV);
	teardown(kvm);
}

static void parent_runs_out(struct kunit *test)
{
	struct fake_lpis *fake = fake_lpis_create(test);
	struct kvm *kvm = test_vm_create(test, 16);

	for (int k = 0; k < 16; k++) {
		fake->fail_after = k;
		expect_create_fails(test, kvm, fake, -ENOSPC);

		fake->fail_after = -1;
		expect_create_works(test, kvm, fake);
		teardown(kvm);
	}
}

/*
 * An LPI that can't be entered in the map of its domain, which the interrupt core
 * keeps to itself. Here it is because the entry is taken.
 */
static void lpi_is_not_mapped(struct kunit *test)
{
	struct fake_lpis *fake = fake_lpis_create(test);
	struct kvm *other = test_vm_create(test, 1);
	struct kvm *kvm = test_vm_create(test, 3);
	struct irq_data *lpi;
	int ret = 0;

	expect_create_works(test, other, fake);
	lpi = irq_domain_get_irq_data(fake->domain, vpe_db(other, 0));

	for (int i = 0; i < 3; i++) {
		scoped_guard(mutex, &fake->domain->root->mutex)
			ret = radix_tree_insert(&fake->domain->revmap_tree,
						lpi->hwirq + 1 + i, lpi);
		KUNIT_ASSERT_EQ(test, 0, ret);

		KUNIT_EXPECT_EQ(test, -ENOMEM, create(kvm, fake->domain));
		KUNIT_EXPECT_EQ(test, 1, fake->nr_alloc);
		expect_no_doorbells(test, kvm);

		/* To free an interrupt clears its entry, whoever has it */
		expect_create_works(test, kvm, fake);
		teardown(kvm);
	}

	teardown(other);
	KUNIT_EXPECT_EQ(test, 0, fake->nr_alloc);
}

#if defined(CONFIG_KPROBES) && defined(CONFIG_FUNCTION_ERROR_INJECTION)
/**
 * struct fail_call - makes calls of one function fail, for one task
 * @kp: probe on the function's first instruction
 * @task: task whose calls fail
 * @retval: what they return
 * @calls: number of calls that failed
 */
struct fail_call {
	struct kprobe		kp;
	struct task_struct	*task;
	unsigned long		retval;
	int			calls;
};

static int fail_call_handler(struct kprobe *kp, struct pt_regs *regs)
{
	struct fail_call *fail = container_of(kp, struct fail_call, kp);

	if (current != fail->task)
		return 0;

	fail->calls++;
	regs_set_return_value(regs, fail->retval);
	override_function_with_return(regs);

	return 1;
}
NOKPROBE_SYMBOL(fail_call_handler);

/* Call @fn(@kvm, @arg) with every call of @symbol by this task failing. */
static int with_failing(struct kunit *test, const char *symbol, long retval,
			int (*fn)(struct kvm *kvm, struct irq_domain *arg),
			struct kvm *kvm, struct irq_domain *arg)
{
	struct fail_call fail = {
		.kp	= {
			.symbol_name	= symbol,
			.pre_handler	= fail_call_handler,
		},
		.task	= current,
		.retval	= retval,
	};
	int ret;

	KUNIT_ASSERT_EQ_MSG(test, 0, register_kprobe(&fail.kp), "%s", symbol);
	ret = fn(kvm, arg);
	unregister_kprobe(&fail.kp);

	KUNIT_EXPECT_EQ_MSG(test, 1, fail.calls, "%s", symbol);

	return ret;
}

struct failing_call {
	const char	*symbol;
	long		retval;
};

static const struct failing_call failing_calls[] = {
	{ "__irq_domain_alloc_fwnode",	0 },		/* the name */
	{ "irq_domain_instantiate",	-ENOMEM },	/* the domain */
	{ "__irq_alloc_descs",		-ENOMEM },	/* the descriptors */
};

static void allocations_fail(struct kunit *test)
{
	struct fake_lpis *fake = fake_lpis_create(test);
	struct kvm *kvm = test_vm_create(test, 16);

	for (int i = 0; i < ARRAY_SIZE(failing_calls); i++) {
		int ret = with_failing(test, failing_calls[i].symbol,
				       failing_calls[i].retval,
				       create, kvm, fake->domain);

		KUNIT_EXPECT_EQ_MSG(test, -ENOMEM, ret, "%s",
				    failing_calls[i].symbol);
		KUNIT_EXPECT_EQ(test, 0, fake->nr_alloc);
		expect_no_doorbells(test, kvm);

		expect_create_works(test, kvm, fake);
		teardown(kvm);
	}
}

static int init(struct kvm *kvm, struct irq_domain *unused)
{
	guard(mutex)(&kvm->arch.config_lock);
	return vgic_init(kvm);
}

/* The routing is set up after the doorbells; when that fails they must go. */
static void init_fails_late(struct kunit *test)
{
	struct kvm *kvm = test_vm_create(test, 4);

	if (!vgic_v5_host_irs_caps())
		kunit_skip(test, "this host has no IRS for GICv5 guests");

	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, -ENOMEM,
				with_failing(test, "kvm_set_irq_routing", -ENOMEM,
					     init, kvm, NULL));
		KUNIT_EXPECT_FALSE(test, vgic_initialized(kvm));
		expect_no_doorbells(test, kvm);
	}
}
#else
static void allocations_fail(struct kunit *test)
{
	kunit_skip(test, "needs KPROBES and FUNCTION_ERROR_INJECTION");
}

static void init_fails_late(struct kunit *test)
{
	kunit_skip(test, "needs KPROBES and FUNCTION_ERROR_INJECTION");
}
#endif

/* --- What reaches the parent --- */

struct ring {
	struct completion	done;
	atomic_t		count;
	int			cpu;
};

static irqreturn_t ring_handler(int irq, void *data)
{
	struct ring *ring = data;

	ring->cpu = smp_processor_id();
	atomic_inc(&ring->count);
	complete(&ring->done);

	return IRQ_HANDLED;
}

struct requested {
	unsigned int	irq;
	struct ring	ring;
};

static void release_doorbell(void *data)
{
	struct requested *req = data;

	free_irq(req->irq, &req->ring);
}

/* Torn down, in the right order, before the VM even if the test fails. */
static struct requested *request_doorbell(struct kunit *test, struct kvm *kvm,
					  int idx)
{
	struct requested *req = kunit_kzalloc(test, sizeof(*req), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, req);
	init_completion(&req->ring.done);
	req->irq = vpe_db(kvm, idx);

	KUNIT_ASSERT_EQ(test, 0, request_irq(req->irq, ring_handler, 0,
					     "vgic-v5-test", &req->ring));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, release_doorbell,
							   req));

	return req;
}

static void calls_reach_the_parent(struct kunit *test)
{
	struct fake_lpis *fake = fake_lpis_create(test);
	struct kvm *kvm = test_vm_create(test, 3);
	struct requested *req;
	irq_hw_number_t lpi;
	bool pending;

	expect_create_works(test, kvm, fake);
	lpi = irq_get_irq_data(vpe_db(kvm, 1))->parent_data->hwirq;

	/* Unmasked when requested, and only then. */
	KUNIT_EXPECT_EQ(test, 0, fake->unmasks);
	req = request_doorbell(test, kvm, 1);
	KUNIT_EXPECT_EQ(test, 1, fake->unmasks);
	KUNIT_EXPECT_EQ(test, lpi, fake->hwirq);

	/* Disabling masks at once, no ring is needed for that. */
	fake->hwirq = 0;
	disable_irq(req->irq);
	KUNIT_EXPECT_EQ(test, 1, fake->masks);
	KUNIT_EXPECT_EQ(test, lpi, fake->hwirq);
	enable_irq(req->irq);
	KUNIT_EXPECT_EQ(test, 2, fake->unmasks);

	fake->hwirq = 0;
	KUNIT_EXPECT_EQ(test, 0, irq_set_affinity(req->irq, cpumask_of(0)));
	KUNIT_EXPECT_EQ(test, 0, fake->cpu);
	KUNIT_EXPECT_EQ(test, lpi, fake->hwirq);

	fake->hwirq = 0;
	KUNIT_EXPECT_EQ(test, 0, irq_set_irqchip_state(req->irq,
						       IRQCHIP_STATE_PENDING,
						       true));
	KUNIT_EXPECT_TRUE(test, fake->pending);
	KUNIT_EXPECT_EQ(test, lpi, fake->hwirq);
	fake->pending = false;
	KUNIT_EXPECT_EQ(test, 0, irq_get_irqchip_state(req->irq,
						       IRQCHIP_STATE_PENDING,
						       &pending));
	KUNIT_EXPECT_FALSE(test, pending);

	fake->hwirq = 0;
	generic_handle_domain_irq_safe(v5_vm(kvm)->domain, 1);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&req->ring.count));
	KUNIT_EXPECT_EQ(test, 1, fake->eois);
	KUNIT_EXPECT_EQ(test, lpi, fake->hwirq);

	kunit_release_action(test, release_doorbell, req);
}

static unsigned int doorbell_cpu(unsigned int irq)
{
	return cpumask_first(irq_data_get_effective_affinity_mask(irq_get_irq_data(irq)));
}

#ifdef CONFIG_HOTPLUG_CPU
/* Take the CPU that @irq targets offline; the doorbell must go elsewhere. */
static void offline_moves(struct kunit *test, unsigned int irq)
{
	unsigned int cpu = cpumask_last(cpu_online_mask);

	if (num_online_cpus() < 2 || !cpu_is_hotpluggable(cpu))
		kunit_skip(test, "needs a CPU that can go offline");

	KUNIT_ASSERT_EQ(test, 0, irq_set_affinity(irq, cpumask_of(cpu)));
	KUNIT_EXPECT_EQ(test, cpu, doorbell_cpu(irq));

	KUNIT_ASSERT_EQ(test, 0, remove_cpu(cpu));
	KUNIT_EXPECT_NE(test, cpu, doorbell_cpu(irq));
	KUNIT_EXPECT_TRUE(test, cpu_online(doorbell_cpu(irq)));
	KUNIT_EXPECT_EQ(test, 0, add_cpu(cpu));
}
#else
static void offline_moves(struct kunit *test, unsigned int irq)
{
	kunit_skip(test, "needs HOTPLUG_CPU");
}
#endif

static void cpu_offline_moves_doorbell(struct kunit *test)
{
	struct fake_lpis *fake = fake_lpis_create(test);
	struct kvm *kvm = test_vm_create(test, 1);
	struct requested *req;

	expect_create_works(test, kvm, fake);
	req = request_doorbell(test, kvm, 0);
	offline_moves(test, req->irq);
	kunit_release_action(test, release_doorbell, req);
}

/* --- On a real GICv5 --- */

/* A VM with @nr VPEs whose doorbells are LPIs of this host. */
static struct kvm *real_vm_create(struct kunit *test, unsigned int nr)
{
	struct kvm *kvm;

	if (!gicv5_global_data.lpi_domain)
		kunit_skip(test, "this host has no GICv5");

	kvm = test_vm_create(test, nr);
	KUNIT_ASSERT_EQ(test, 0, create(kvm, gicv5_global_data.lpi_domain));

	return kvm;
}

static void ring(struct kunit *test, struct requested *req)
{
	KUNIT_EXPECT_EQ(test, 0, irq_set_irqchip_state(req->irq,
						       IRQCHIP_STATE_PENDING,
						       true));
}

/* It has rung, once, and on no other doorbell. */
static void expect_rung(struct kunit *test, struct requested *req, int total)
{
	KUNIT_EXPECT_NE(test, 0, wait_for_completion_timeout(&req->ring.done, 10 * HZ));
	KUNIT_EXPECT_EQ(test, total, atomic_read(&req->ring.count));
}

static void real_doorbell_rings(struct kunit *test)
{
	struct kvm *kvm = real_vm_create(test, 2);
	struct requested *req = request_doorbell(test, kvm, 0);
	struct requested *other = request_doorbell(test, kvm, 1);

	for (int i = 1; i <= 3; i++) {
		ring(test, req);
		expect_rung(test, req, i);
	}
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&other->ring.count));

	kunit_release_action(test, release_doorbell, other);
	kunit_release_action(test, release_doorbell, req);
}

static void real_doorbell_masked(struct kunit *test)
{
	struct kvm *kvm = real_vm_create(test, 1);
	struct requested *req = request_doorbell(test, kvm, 0);
	bool pending = false;

	disable_irq(req->irq);
	ring(test, req);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&req->ring.done,
							     HZ / 10));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&req->ring.count));
	KUNIT_EXPECT_EQ(test, 0, irq_get_irqchip_state(req->irq,
						       IRQCHIP_STATE_PENDING,
						       &pending));
	KUNIT_EXPECT_TRUE(test, pending);

	enable_irq(req->irq);
	expect_rung(test, req, 1);

	kunit_release_action(test, release_doorbell, req);
}

static void real_doorbell_follows_affinity(struct kunit *test)
{
	struct kvm *kvm = real_vm_create(test, 1);
	struct requested *req = request_doorbell(test, kvm, 0);
	int cpu, total = 0;

	for_each_online_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, 0, irq_set_affinity(req->irq, cpumask_of(cpu)));
		ring(test, req);
		expect_rung(test, req, ++total);
		KUNIT_EXPECT_EQ(test, cpu, req->ring.cpu);
	}

	kunit_release_action(test, release_doorbell, req);
}

static void real_doorbell_survives_offline(struct kunit *test)
{
	struct kvm *kvm = real_vm_create(test, 1);
	struct requested *req = request_doorbell(test, kvm, 0);

	offline_moves(test, req->irq);
	ring(test, req);
	expect_rung(test, req, 1);

	kunit_release_action(test, release_doorbell, req);
}

/* --- What it costs --- */

static const unsigned int bench_params[] = { 1, 8, 64, MAX_VPES };

KUNIT_ARRAY_PARAM(bench, bench_params, nr_vpes_desc);

/*
 * Prints the time for creation plus teardown. Only where the clock counts
 * instructions, as under QEMU's icount, does the figure say much. The best of a
 * few rounds is the one without a timer tick.
 */
static void create_and_teardown_cost(struct kunit *test)
{
	unsigned int nr = *(const unsigned int *)test->param_value;
	struct fake_lpis *fake = fake_lpis_create(test);
	struct kvm *kvm = test_vm_create(test, nr);
	struct irq_domain *parent = gicv5_global_data.lpi_domain ?: fake->domain;
	u64 best = U64_MAX;

	for (int i = 0; i < 5; i++) {
		u64 start = ktime_get_ns();

		KUNIT_ASSERT_EQ(test, 0, create(kvm, parent));
		teardown(kvm);
		best = min(best, ktime_get_ns() - start);
	}

	kunit_info(test, "bench: doorbell_create_teardown_%u %llu ns/doorbell\n",
		   nr, div_u64(best, nr));
}

static struct kunit_case vgic_v5_test_cases[] = {
	KUNIT_CASE_PARAM(create_maps_each_vpe, nr_vpes_gen_params),
	KUNIT_CASE(teardown_is_idempotent),
	KUNIT_CASE_SLOW(create_again_and_again),
	KUNIT_CASE(vms_of_a_task_do_not_collide),
	KUNIT_CASE(no_lpi_domain),
	KUNIT_CASE(no_vcpu),
	KUNIT_CASE(parent_runs_out),
	KUNIT_CASE(lpi_is_not_mapped),
	KUNIT_CASE(allocations_fail),
	KUNIT_CASE(init_fails_late),
	KUNIT_CASE(calls_reach_the_parent),
	KUNIT_CASE_SLOW(cpu_offline_moves_doorbell),
	KUNIT_CASE(real_doorbell_rings),
	KUNIT_CASE(real_doorbell_masked),
	KUNIT_CASE(real_doorbell_follows_affinity),
	KUNIT_CASE_SLOW(real_doorbell_survives_offline),
	KUNIT_CASE_PARAM_ATTR(create_and_teardown_cost, bench_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	{}
};

static struct kunit_suite vgic_v5_test_suite = {
	.name		= "vgic-v5-doorbells",
	.test_cases	= vgic_v5_test_cases,
};

kunit_test_suite(vgic_v5_test_suite);
