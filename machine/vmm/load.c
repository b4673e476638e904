// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * load [-n] [-t seconds] [-l limit] [-d disk]...: keep a guest's CPUs falling asleep and
 * being woken, and measure how long that takes.
 *
 *	ping	on each CPU, a byte to the next CPU and back, mostly after a pause in
 *		which both may fall asleep: each hop is an IPI
 *	timer	on each CPU, sleep for a moment: its timer's PPI
 *	disk	write random blocks, read them back past the cache, compare: SPIs
 *
 * A CPU that its own timer wakes hides that an IPI did not. With -n there are no timers,
 * and only every other CPU sends pings: of those between nothing but IPIs wakes them.
 *
 * A line each second is the heartbeat, and output for the UART. A wake-up that is
 * lost shows as a wait longer than the limit (in ms): the thread that sees it
 * says so, at once if it can, and the status is 1. What never comes back at all is
 * seen by the main thread, which waits for nothing but its own timer.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/fs.h>

#define MAX_WORKERS	256
#define BLOCK		4096

/**
 * struct worker - a thread and what it waits for
 * @since: when its present wait began, in us, 0 if it does not wait
 * @allowed: the part of that wait that is meant, in us
 * @worst: the longest wait so far beyond what was meant, in us
 */
struct worker {
	const char *kind;
	unsigned int cpu, partner;
	const char *disk;
	uint32_t seed;
	int to[2], from[2];
	atomic_ullong since, allowed, worst, count;
};

static struct worker workers[MAX_WORKERS];
static unsigned int nr_workers;
static atomic_bool stop, failed;
static uint64_t limit_us = 1000000;

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void fail(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("load: FAILED: %s\n", text);
	fflush(stdout);
	atomic_store(&failed, true);
	atomic_store(&stop, true);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint32_t draw(struct worker *w, uint32_t below)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (w->seed >> 8) % below;
}

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("cannot run on CPU %u: %s", cpu, strerror(errno));
}

static void begin_wait(struct worker *w, uint64_t allowed)
{
	atomic_store(&w->allowed, allowed);
	atomic_store(&w->since, now_us());
}

static uint64_t waited(struct worker *w)
{
	uint64_t since = atomic_load(&w->since), allowed = atomic_load(&w->allowed), now;

	if (!since)
		return 0;
	now = now_us();
	return now > since + allowed ? now - since - allowed : 0;
}

static void end_wait(struct worker *w)
{
	uint64_t us = waited(w);

	atomic_store(&w->since, 0);
	if (us > atomic_load(&w->worst))
		atomic_store(&w->worst, us);
	if (us > limit_us)
		fail("CPU %u: %s %llu us late", w->cpu, w->kind, (unsigned long long)us);
	atomic_fetch_add(&w->count, 1);
}

static void pause_us(uint64_t us)
{
	struct timespec t = { .tv_sec = 0, .tv_nsec = (long)us * 1000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		;
}

static void *timer(void *arg)
{
	struct worker *w = arg;
	uint64_t us;

	pin(w->cpu);
	while (!atomic_load(&stop)) {
		us = 500 + draw(w, 20000);
		begin_wait(w, us);
		pause_us(us);
		end_wait(w);
	}
	return NULL;
}

static void *pong(void *arg)
{
	struct worker *w = arg;
	char c;

	pin(w->partner);
	while (read(w->to[0], &c, 1) == 1)
		if (write(w->from[1], &c, 1) != 1)
			break;
	return NULL;
}

static void *ping(void *arg)
{
	struct worker *w = arg;
	char out, in;

	pin(w->cpu);
	while (!atomic_load(&stop)) {
		/* One in four at once, the others at any point of falling asleep. */
		if (draw(w, 4))
			pause_us(draw(w, 3000));
		out = (char)draw(w, 256);
		begin_wait(w, 0);
		if (write(w->to[1], &out, 1) != 1 || read(w->from[0], &in, 1) != 1 || in != out)
			fail("CPU %u: a wrong answer from CPU %u", w->cpu, w->partner);
		end_wait(w);
	}
	close(w->to[1]);
	return NULL;
}

static void fill(uint32_t *block, uint32_t seed)
{
	unsigned int i;

	for (i = 0; i < BLOCK / sizeof(*block); i++)
		block[i] = seed + i * 2654435761U;
}

static void *disk(void *arg)
{
	struct worker *w = arg;
	uint32_t *out, *in;
	uint64_t size = 0;
	off_t at;
	int fd = open(w->disk, O_RDWR | O_DIRECT);

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &size) || size < BLOCK ||
	    posix_memalign((void **)&out, BLOCK, BLOCK) ||
	    posix_memalign((void **)&in, BLOCK, BLOCK)) {
		fail("%s: %s", w->disk, strerror(errno));
		return NULL;
	}
	while (!atomic_load(&stop)) {
		at = (off_t)draw(w, (uint32_t)(size / BLOCK)) * BLOCK;
		fill(out, w->seed);
		begin_wait(w, 0);
		if (pwrite(fd, out, BLOCK, at) != BLOCK || pread(fd, in, BLOCK, at) != BLOCK)
			fail("%s: %s", w->disk, strerror(errno));
		else if (memcmp(in, out, BLOCK))
			fail("%s: reads not what was written at %lld", w->disk, (long long)at);
		end_wait(w);
		pause_us(draw(w, 5000));
	}
	close(fd);
	return NULL;
}

static struct worker *add(const char *kind, unsigned int cpu, unsigned int partner,
			  const char *path)
{
	struct worker *w = &workers[nr_workers];

	if (nr_workers == MAX_WORKERS) {
		fprintf(stderr, "load: too many CPUs\n");
		exit(2);
	}
	w->kind = kind;
	w->cpu = cpu;
	w->partner = partner;
	w->disk = path;
	w->seed = nr_workers++ * 7919 + 1;
	return w;
}

static void run(void *(*function)(void *), struct worker *w)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, function, w);

	if (err) {
		fprintf(stderr, "load: cannot create a thread: %s\n", strerror(err));
		exit(2);
	}
	pthread_detach(thread);
}

/* One line: how often each kind has been woken, and the worst wait. */
static void heartbeat(unsigned int second)
{
	static const char * const kinds[] = { "ping", "timer", "disk" };
	unsigned int i, k;

	printf("load: %u s", second);
	for (k = 0; k < 3; k++) {
		uint64_t count = 0, worst = 0;

		for (i = 0; i < nr_workers; i++) {
			if (strcmp(workers[i].kind, kinds[k]))
				continue;
			count += atomic_load(&workers[i].count);
			if (atomic_load(&workers[i].worst) > worst)
				worst = atomic_load(&workers[i].worst);
		}
		printf(", %s %llu worst %llu us", kinds[k], (unsigned long long)count,
		       (unsigned long long)worst);
	}
	printf("\n");
	fflush(stdout);
}

/* Who waits for so long that the answer need not be waited for? */
static void look_for_lost(void)
{
	unsigned int i;

	for (i = 0; i < nr_workers; i++)
		if (waited(&workers[i]) > 2 * limit_us)
			fail("CPU %u: %s still waits (CPU %u should have answered)", workers[i].cpu,
			     workers[i].kind, workers[i].partner);
}

/* Every worker has to have been woken, or nothing was measured. */
static void look_for_idle(void)
{
	unsigned int i;

	for (i = 0; i < nr_workers; i++)
		if (!atomic_load(&workers[i].count))
			fail("CPU %u: %s never came back", workers[i].cpu, workers[i].kind);
}

int main(int argc, char **argv)
{
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int seconds = 5, i;
	struct worker *w;
	bool timers = true;
	uint64_t start;
	int c;

	while ((c = getopt(argc, argv, "nt:l:d:")) != -1) {
		switch (c) {
		case 'n':
			timers = false;
			break;
		case 't':
			seconds = (unsigned int)atoi(optarg);
			break;
		case 'l':
			limit_us = strtoull(optarg, NULL, 10) * 1000;
			break;
		case 'd':
			run(disk, add("disk", 0, 0, optarg));
			break;
		default:
			fprintf(stderr, "usage: load [-n] [-t seconds] [-l limit in ms] [-d disk]...\n");
			return 2;
		}
	}

	for (i = 0; i < cpus; i += timers ? 1 : 2) {
		w = add("ping", i, (i + 1) % cpus, NULL);
		if (pipe(w->to) || pipe(w->from)) {
			perror("load: pipe");
			return 2;
		}
		run(pong, w);
		run(ping, w);
		if (timers)
			run(timer, add("timer", i, i, NULL));
	}

	/* This thread has a timer as well. */
	pin(0);
	start = now_us();
	for (i = 1; i <= seconds && !atomic_load(&stop); i++) {
		while (now_us() < start + i * 1000000ULL && !atomic_load(&stop))
			pause_us(50000);
		look_for_lost();
		heartbeat(i);
	}
	if (!atomic_load(&failed))
		look_for_idle();
	atomic_store(&stop, true);

	printf("load: %s\n", atomic_load(&failed) ? "failed" : "good");
	return atomic_load(&failed);
}
