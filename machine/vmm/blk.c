// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-mmio block devices, whose queue does not need a vCPU's thread:
 *
 *	ioeventfd	the guest's write to QUEUE_NOTIFY is taken by KVM, which
 *			signals an eventfd; the vCPU goes on
 *	a thread	waits for that, does the requests
 *	irqfd		the thread writes to an eventfd, and KVM raises the SPI
 *
 * The SPI is edge-triggered, or level-sensitive with a resampling irqfd. Both are
 * right for virtio-mmio. Edge: each completion is an edge, and the guest
 * acknowledges the interrupt before it looks at the queue. Level: KVM lowers the
 * line when the guest deactivates the interrupt; if INTERRUPT_STATUS is not empty
 * then, the thread raises it again.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#include "vmm.h"

#define QUEUE_SIZE	64
#define SECTOR		512

/**
 * struct queue - where the guest has put the parts of its virtqueue
 * @last_avail: the next entry of the avail ring to be looked at
 */
struct queue {
	uint32_t num;
	bool ready;
	uint64_t desc, avail, used;
	uint16_t last_avail;
};

/**
 * struct blk - a block device
 * @lock: the registers, which vCPUs and the thread share
 * @kick: from KVM, the guest has notified the queue
 * @irq: to KVM, raises the SPI
 * @resample: from KVM, the guest has deactivated the SPI; -1 if edge-triggered
 * @stop: from blk_stop()
 */
struct blk {
	struct vm *vm;
	unsigned int n;
	int file;
	bool read_only;
	uint64_t sectors;

	pthread_mutex_t lock;
	uint32_t status, interrupt_status;
	uint32_t device_features_sel, driver_features_sel;
	uint64_t driver_features;
	uint32_t queue_sel;
	struct queue queue;

	int kick, irq, resample, stop;
	pthread_t thread;
	uint64_t kicks, requests, interrupts, resampled;
};

static uint64_t features(const struct blk *blk)
{
	return 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_BLK_F_FLUSH |
	       (blk->read_only ? 1ULL << VIRTIO_BLK_F_RO : 0);
}

/**
 * blk_is_level() - how the SPI is to be described to the guest
 * @blk: the device
 *
 * Return: true if level-sensitive, false if edge-triggered.
 */
bool blk_is_level(const struct blk *blk)
{
	return blk->resample >= 0;
}

static void signal_fd(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		die(END_ERROR, "eventfd: %s", strerror(errno));
}

static void clear_fd(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		die(END_ERROR, "eventfd: %s", strerror(errno));
}

/* The rings of a queue in this process; what the guest said, checked. */
struct rings {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
};

static bool map_rings(struct blk *blk, struct rings *r)
{
	struct queue *q = &blk->queue;

	if (!q->num || q->num > QUEUE_SIZE || q->num & (q->num - 1) ||
	    q->desc % 16 || q->avail % 2 || q->used % 4)
		return false;
	r->desc = vm_memory(blk->vm, q->desc, q->num * sizeof(*r->desc));
	r->avail = vm_memory(blk->vm, q->avail, sizeof(*r->avail) + q->num * sizeof(uint16_t));
	r->used = vm_memory(blk->vm, q->used,
			    sizeof(*r->used) + q->num * sizeof(struct vring_used_elem));
	return r->desc && r->avail && r->used;
}

/* One buffer to or from the disk. Return: whether all of it was. */
static bool transfer(struct blk *blk, bool to_disk, void *data, size_t len, uint64_t at)
{
	ssize_t n;

	if (at > blk->sectors * SECTOR || len > blk->sectors * SECTOR - at)
		return false;
	while (len) {
		n = to_disk ? pwrite(blk->file, data, len, (off_t)at) :
			      pread(blk->file, data, len, (off_t)at);
		if (n <= 0)
			return false;
		data = (char *)data + n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return true;
}

/**
 * struct request - a chain of descriptors on its way through the queue
 * @at: the byte of the disk that the next buffer belongs to
 * @written: bytes that the guest will find changed
 * @status: where its last byte goes
 */
struct request {
	struct virtio_blk_outhdr header;
	uint64_t at;
	uint32_t written;
	uint8_t result;
	uint8_t *status;
};

static void do_buffer(struct blk *blk, struct request *req, void *data, uint32_t len,
		      bool from_device)
{
	bool good = false;

	switch (req->header.type) {
	case VIRTIO_BLK_T_IN:
		good = from_device && transfer(blk, false, data, len, req->at);
		req->written += len;
		break;
	case VIRTIO_BLK_T_OUT:
		good = !from_device && !blk->read_only && transfer(blk, true, data, len, req->at);
		break;
	}
	req->at += len;
	if (!good)
		req->result = VIRTIO_BLK_S_IOERR;
}

/*
 * The first descriptor has the header, the last one the status, data is between.
 * That is how Linux lays it out; virtio leaves it open.
 */
static bool do_descriptor(struct blk *blk, struct request *req, struct vring_desc *desc, bool first)
{
	bool from_device = desc->flags & VRING_DESC_F_WRITE;
	void *data = vm_memory(blk->vm, desc->addr, desc->len);

	if (!data)
		return false;
	if (first) {
		if (from_device || desc->len != sizeof(req->header))
			return false;
		memcpy(&req->header, data, sizeof(req->header));
		if (req->header.sector > blk->sectors)
			req->result = VIRTIO_BLK_S_IOERR;
		req->at = req->header.sector * SECTOR;
	} else if (!(desc->flags & VRING_DESC_F_NEXT)) {
		if (!from_device || desc->len != 1)
			return false;
		req->status = data;
	} else if (req->result == VIRTIO_BLK_S_OK) {
		do_buffer(blk, req, data, desc->len, from_device);
	}
	return true;
}

static void finish(struct blk *blk, struct request *req)
{
	switch (req->header.type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		break;
	case VIRTIO_BLK_T_FLUSH:
		if (fdatasync(blk->file))
			req->result = VIRTIO_BLK_S_IOERR;
		break;
	default:
		req->result = VIRTIO_BLK_S_UNSUPP;
	}
}

/* Return: false if the chain makes no sense. */
static bool do_request(struct blk *blk, struct rings *r, uint16_t head, uint32_t *written)
{
	struct request req = { .result = VIRTIO_BLK_S_OK };
	struct vring_desc desc;
	uint16_t i = head;
	unsigned int n;

	for (n = 0; n < blk->queue.num; n++) {
		if (i >= blk->queue.num)
			return false;
		desc = r->desc[i];	/* a copy: the guest may change it meanwhile */
		if (!do_descriptor(blk, &req, &desc, !n))
			return false;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			break;
		i = desc.next;
	}
	if (!req.status)
		return false;
	finish(blk, &req);
	*req.status = req.result;
	*written = req.written + 1;
	blk->requests++;
	return true;
}

static void raise_irq(struct blk *blk)
{
	blk->interrupt_status |= VIRTIO_MMIO_INT_VRING;
	blk->interrupts++;
	signal_fd(blk->irq);
}

static void broken(struct blk *blk)
{
	say("disk %u: the guest's virtqueue makes no sense", blk->n);
	blk->queue.ready = false;
	blk->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
}

/* Do what is in the queue. The lock is held: a reset waits until this is over. */
static void run_queue(struct blk *blk)
{
	struct queue *q = &blk->queue;
	uint32_t done = 0, written;
	uint16_t head, used;
	struct rings r;

	if (!q->ready)
		return;
	if (!map_rings(blk, &r)) {
		broken(blk);
		return;
	}

	used = r.used->idx;
	/* Pairs with the guest's barrier between the entry and the index. */
	while (q->last_avail != __atomic_load_n(&r.avail->idx, __ATOMIC_ACQUIRE)) {
		head = r.avail->ring[q->last_avail % q->num];
		if (!do_request(blk, &r, head, &written)) {
			broken(blk);
			return;
		}
		q->last_avail++;
		r.used->ring[used % q->num].id = head;
		r.used->ring[used % q->num].len = written;
		/* The guest sees the index no earlier than the entry and the data. */
		__atomic_store_n(&r.used->idx, ++used, __ATOMIC_RELEASE);
		done++;
	}

	/*
	 * The guest clears NO_INTERRUPT first and looks at the index again then;
	 * here it is the other way round. One of both sees the other's store.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	if (done && !(r.avail->flags & VRING_AVAIL_F_NO_INTERRUPT))
		raise_irq(blk);
}

static void *blk_thread(void *arg)
{
	struct blk *blk = arg;
	struct pollfd fds[] = {
		{ .fd = blk->stop, .events = POLLIN },
		{ .fd = blk->kick, .events = POLLIN },
		{ .fd = blk->resample, .events = POLLIN },	/* -1 is left out */
	};

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[0].revents)
			return NULL;

		pthread_mutex_lock(&blk->lock);
		if (fds[2].revents) {
			clear_fd(blk->resample);
			/* KVM has lowered the line: is there a reason left? */
			if (blk->interrupt_status) {
				blk->resampled++;
				signal_fd(blk->irq);
			}
		}
		if (fds[1].revents) {
			/* Before the queue is looked at, or a late kick is lost. */
			clear_fd(blk->kick);
			blk->kicks++;
			run_queue(blk);
		}
		pthread_mutex_unlock(&blk->lock);
	}
}

static void reset(struct blk *blk)
{
	blk->status = 0;
	blk->interrupt_status = 0;
	blk->driver_features = 0;
	blk->queue = (struct queue){ 0 };
}

static uint32_t read_config(struct blk *blk, uint64_t offset, unsigned int len)
{
	struct virtio_blk_config config = { .capacity = blk->sectors };
	uint32_t value = 0;

	if (len <= sizeof(value) && offset <= sizeof(config) - len)
		memcpy(&value, (char *)&config + offset, len);
	return value;
}

static uint32_t read_locked(struct blk *blk, uint64_t offset)
{
	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return 0x74726976;	/* "virt" */
	case VIRTIO_MMIO_VERSION:
		return 2;
	case VIRTIO_MMIO_DEVICE_ID:
		return VIRTIO_ID_BLOCK;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return blk->device_features_sel > 1 ? 0 :
		       (uint32_t)(features(blk) >> (32 * blk->device_features_sel));
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return blk->queue_sel ? 0 : QUEUE_SIZE;
	case VIRTIO_MMIO_QUEUE_READY:
		return !blk->queue_sel && blk->queue.ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return blk->interrupt_status;
	case VIRTIO_MMIO_STATUS:
		return blk->status;
	}
	return 0;
}

/**
 * blk_read() - a register is read
 * @blk: the device
 * @offset: of the register
 * @len: bytes read; the configuration may be read in parts
 *
 * Return: its value.
 */
uint64_t blk_read(struct blk *blk, uint64_t offset, unsigned int len)
{
	uint32_t value;

	if (offset >= VIRTIO_MMIO_CONFIG)
		return read_config(blk, offset - VIRTIO_MMIO_CONFIG, len);

	pthread_mutex_lock(&blk->lock);
	value = read_locked(blk, offset);
	pthread_mutex_unlock(&blk->lock);

	return value;
}

static void set_half(uint64_t *field, bool high, uint32_t value)
{
	if (high)
		*field = (uint64_t)value << 32 | (uint32_t)*field;
	else
		*field = (*field >> 32) << 32 | value;
}

static void write_queue(struct blk *blk, uint64_t offset, uint32_t value)
{
	struct queue *q = &blk->queue;

	if (blk->queue_sel)
		return;		/* there is only one */

	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NUM:
		q->num = value;
		break;
	case VIRTIO_MMIO_QUEUE_READY:
		q->ready = value;
		q->last_avail = 0;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_half(&q->desc, offset == VIRTIO_MMIO_QUEUE_DESC_HIGH, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		set_half(&q->avail, offset == VIRTIO_MMIO_QUEUE_AVAIL_HIGH, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		set_half(&q->used, offset == VIRTIO_MMIO_QUEUE_USED_HIGH, value);
		break;
	}
}

static void set_status(struct blk *blk, uint32_t value)
{
	if (!value)
		reset(blk);
	else if (value & VIRTIO_CONFIG_S_FEATURES_OK && blk->driver_features & ~features(blk))
		blk->status = value & ~(uint32_t)VIRTIO_CONFIG_S_FEATURES_OK;
	else
		blk->status = value;
}

static void write_locked(struct blk *blk, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		blk->device_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		blk->driver_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		if (blk->driver_features_sel <= 1)
			set_half(&blk->driver_features, blk->driver_features_sel, value);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		blk->queue_sel = value;
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		blk->interrupt_status &= ~value;
		break;
	case VIRTIO_MMIO_STATUS:
		set_status(blk, value);
		break;
	default:
		write_queue(blk, offset, value);
	}
}

/**
 * blk_write() - a register is written
 * @blk: the device
 * @offset: of the register
 * @value: to be written
 */
void blk_write(struct blk *blk, uint64_t offset, uint32_t value)
{
	pthread_mutex_lock(&blk->lock);
	write_locked(blk, offset, value);
	pthread_mutex_unlock(&blk->lock);
}

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		die(END_ERROR, "eventfd: %s", strerror(errno));
	return fd;
}

static void open_disk(struct blk *blk, const char *path)
{
	struct stat st;

	blk->file = open(path, O_RDWR | O_CLOEXEC);
	if (blk->file < 0 && (errno == EACCES || errno == EROFS)) {
		blk->file = open(path, O_RDONLY | O_CLOEXEC);
		blk->read_only = true;
	}
	if (blk->file < 0 || fstat(blk->file, &st))
		die(END_USAGE, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size < SECTOR)
		die(END_USAGE, "%s: not a regular file of at least %d bytes", path, SECTOR);
	blk->sectors = (uint64_t)st.st_size / SECTOR;
}

/* KVM takes writes of @queue, and no other value, to QUEUE_NOTIFY. */
static void add_ioeventfd(struct blk *blk, uint32_t queue)
{
	struct kvm_ioeventfd io = {
		.datamatch = queue,
		.addr = BLK_BASE(blk->n) + VIRTIO_MMIO_QUEUE_NOTIFY,
		.len = sizeof(uint32_t),
		.fd = blk->kick,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
	};

	if (ioctl(blk->vm->fd, KVM_IOEVENTFD, &io))
		die(END_ERROR, "KVM_IOEVENTFD: %s", strerror(errno));
}

/**
 * blk_create() - a disk
 * @vm: its GIC is initialised: an irqfd is refused before
 * @n: the number of the device
 * @disk: FILE or FILE,level
 */
void blk_create(struct vm *vm, unsigned int n, const char *disk)
{
	struct blk *blk = calloc(1, sizeof(*blk));
	char *path = strdup(disk), *comma;
	bool level = false;
	int err;

	if (!blk || !path)
		die(END_ERROR, "out of memory");
	comma = strrchr(path, ',');
	if (comma && !strcmp(comma, ",level")) {
		*comma = '\0';
		level = true;
	}

	blk->vm = vm;
	blk->n = n;
	pthread_mutex_init(&blk->lock, NULL);
	open_disk(blk, path);
	free(path);
	blk->kick = new_eventfd();
	blk->irq = new_eventfd();
	blk->stop = new_eventfd();
	blk->resample = level ? new_eventfd() : -1;
	add_ioeventfd(blk, 0);
	gic_irqfd(vm, BLK_SPI(n), blk->irq, blk->resample);

	err = pthread_create(&blk->thread, NULL, blk_thread, blk);
	if (err)
		die(END_ERROR, "cannot create a thread: %s", strerror(err));
	vm->blks[n] = blk;
	vm->nr_blks = n + 1;
}

/**
 * blk_stop() - end the device's thread
 * @blk: the device; no vCPU runs any more
 */
void blk_stop(struct blk *blk)
{
	signal_fd(blk->stop);
	pthread_join(blk->thread, NULL);
	close(blk->file);
}

/**
 * blk_report() - print what the device has done
 * @blk: the device, stopped
 * @n: its number
 */
void blk_report(struct blk *blk, unsigned int n)
{
	say("disk=%u kicks=%llu requests=%llu interrupts=%llu resampled=%llu", n,
	    (unsigned long long)blk->kicks, (unsigned long long)blk->requests,
	    (unsigned long long)blk->interrupts, (unsigned long long)blk->resampled);
}
