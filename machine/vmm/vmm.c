// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options, the order in which a VM with a GICv5 is made, and its end.
 */

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "vmm.h"

static const char usage[] =
"usage: vmm -k Image [options]\n"
"Boot a Linux guest with a GICv5.\n"
"  -k FILE        kernel, an arm64 Image\n"
"  -i FILE        initramfs\n"
"  -a TEXT        kernel command line (console=ttyAMA0)\n"
"  -c N           vCPUs (1)\n"
"  -m MIB         memory (256)\n"
"  -d FILE[,level]  a disk, up to 4 times. Its SPI is edge-triggered; with\n"
"                 \",level\" level-sensitive, with a resampling irqfd\n"
"  -b BAUD        speed of the UART (115200)\n"
"  -s SECONDS     end a guest whose console is silent for so long\n"
"  -t SECONDS     end a guest that takes longer\n"
"  -D FILE        write the device tree to FILE as well\n"
"SIGINT and SIGTERM end the guest, SIGUSR2 prints the statistics, which are also\n"
"printed at the end. On a terminal ctrl-a x ends it.\n"
"status: 0 the guest powered off, 1 error, 2 bad argument, 3 the host has no KVM\n"
"or no GICv5 for guests, 5 the guest asked for a reset, 6 silent, 7 took too long,\n"
"128 ctrl-a x, 128+N signal N\n";

void say(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "vmm: %s\n", text);
}

void die(int status, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "vmm: error: %s\n", text);
	exit(status);
}

/* Milliseconds of a clock that only goes forward. */
uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/**
 * vm_end() - bring the VM to its end, from any thread
 * @vm: the VM
 * @end: why; the first reason counts
 */
void vm_end(struct vm *vm, int end)
{
	int none = -1;
	uint64_t one = 1;

	if (!atomic_compare_exchange_strong(&vm->end, &none, end))
		return;
	while (write(vm->end_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static uint64_t number(int option, const char *text, uint64_t min, uint64_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || !*text || *end || *text == '-' || value < min || value > max)
		die(END_USAGE, "-%c %s: not a number from %llu to %llu", option, text,
		    (unsigned long long)min, (unsigned long long)max);
	return value;
}

static void parse(struct options *opt, int argc, char **argv)
{
	int c;

	opt->append = "console=ttyAMA0";
	opt->cpus = 1;
	opt->mem = 256 * SZ_1M;
	opt->baud = 115200;

	while ((c = getopt(argc, argv, "k:i:a:c:m:d:b:s:t:D:h")) != -1) {
		switch (c) {
		case 'k':
			opt->kernel = optarg;
			break;
		case 'i':
			opt->initrd = optarg;
			break;
		case 'a':
			opt->append = optarg;
			break;
		case 'c':
			opt->cpus = (unsigned int)number(c, optarg, 1, 512);
			break;
		case 'm':
			opt->mem = number(c, optarg, 1, 1 << 20) * SZ_1M;
			break;
		case 'd':
			if (opt->nr_disks == MAX_BLKS)
				die(END_USAGE, "-d %s: there are %d disks already", optarg,
				    MAX_BLKS);
			opt->disk[opt->nr_disks++] = optarg;
			break;
		case 'b':
			opt->baud = (unsigned int)number(c, optarg, 110, 4000000);
			break;
		case 's':
			opt->stall = (unsigned int)number(c, optarg, 1, 1000000);
			break;
		case 't':
			opt->limit = (unsigned int)number(c, optarg, 1, 1000000);
			break;
		case 'D':
			opt->dtb = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(END_USAGE);
		}
	}
	if (optind < argc)
		die(END_USAGE, "%s: not an option (vmm -h lists them)", argv[optind]);
	if (!opt->kernel)
		die(END_USAGE, "no kernel: -k Image (vmm -h lists the options)");
}

/* These are read from a file descriptor; threads inherit that they are blocked. */
static int block_signals(void)
{
	sigset_t set;
	int fd;

	/* SIGUSR1 is the kick of vcpu.c, which only vCPU threads let in. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		die(END_ERROR, "signalfd: %s", strerror(errno));
	return fd;
}

/**
 * vm_build() - the order of all calls
 * @vm: has its options
 */
static void vm_build(struct vm *vm)
{
	unsigned int n;

	vm_create(vm);		/* VM and memory */
	vm_load(vm);
	gic_create(vm);		/* KVM_CREATE_DEVICE */
	vcpus_create(vm);	/* every vCPU the VM will ever have */
	gic_init(vm);		/* ADDR, NR_IRQS, CTRL_INIT */
	vcpus_init_pmu(vm);	/* needs the initialised GIC, as do the SPIs of: */
	uart_create(vm);
	for (n = 0; n < vm->opt->nr_disks; n++)
		blk_create(vm, n, vm->opt->disk[n]);
	fdt_build(vm);		/* describes all of the above */
	vcpus_start(vm);
}

/* The time until the earlier of the two limits, in ms; -1 if there is none. */
static int time_left(struct vm *vm, uint64_t start, int *end)
{
	uint64_t now = now_ms(), until = UINT64_MAX, silent;

	if (vm->opt->limit) {
		until = start + vm->opt->limit * 1000ULL;
		*end = END_TIMEOUT;
	}
	if (vm->opt->stall) {
		silent = atomic_load(&vm->uart.last_output) + vm->opt->stall * 1000ULL;
		if (silent < until) {
			until = silent;
			*end = END_STALL;
		}
	}
	if (until == UINT64_MAX)
		return -1;
	if (until <= now)
		return 0;
	return until - now > 1000000 ? 1000000 : (int)(until - now);
}

static void handle_signal(struct vm *vm, int signal_fd)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR2)
		vcpus_report(vm);
	else
		vm_end(vm, END_SIGNAL + (int)info.ssi_signo);
}

/* Wait until the VM has come to its end, or bring it there. */
static void vm_wait(struct vm *vm, int signal_fd, uint64_t start)
{
	struct pollfd fds[] = {
		{ .fd = vm->end_fd, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
	};
	int left, end = -1;

	while (atomic_load(&vm->end) < 0) {
		left = time_left(vm, start, &end);
		if (!left) {
			vm_end(vm, end);
			break;
		}
		if (poll(fds, ARRAY_SIZE(fds), left) > 0 && fds[1].revents)
			handle_signal(vm, signal_fd);
	}
}

static void say_end(struct vm *vm, int end, uint64_t ms)
{
	char text[64];
	const char *why = text;

	switch (end) {
	case END_POWER_OFF:
		why = "the guest powered off";
		break;
	case END_ERROR:
		why = "error";
		break;
	case END_RESET:
		why = "the guest asked for a reset";
		break;
	case END_STALL:
		snprintf(text, sizeof(text), "stall: the console was silent for %u s",
			 vm->opt->stall);
		break;
	case END_TIMEOUT:
		snprintf(text, sizeof(text), "the limit of %u s is over", vm->opt->limit);
		break;
	case END_SIGNAL:
		why = "ctrl-a x";
		break;
	default:
		snprintf(text, sizeof(text), "signal %d", end - END_SIGNAL);
	}
	say("end: %s, after %llu.%03llu s", why, (unsigned long long)(ms / 1000),
	    (unsigned long long)(ms % 1000));
}

int main(int argc, char **argv)
{
	struct options opt = { 0 };
	struct vm vm = { .opt = &opt, .end = -1 };
	uint64_t start = now_ms();
	unsigned int n;
	int signal_fd, end;

	parse(&opt, argc, argv);
	signal_fd = block_signals();
	vm.end_fd = eventfd(0, EFD_CLOEXEC);
	if (vm.end_fd < 0)
		die(END_ERROR, "eventfd: %s", strerror(errno));

	vm_build(&vm);
	vm_wait(&vm, signal_fd, start);

	end = atomic_load(&vm.end);
	/* Of a guest that hangs, the state before anything has touched it. */
	if (end == END_STALL || end == END_TIMEOUT)
		vcpus_report(&vm);
	vcpus_stop(&vm);
	for (n = 0; n < vm.nr_blks; n++)
		blk_stop(vm.blks[n]);
	uart_stop(&vm.uart);

	say_end(&vm, end, now_ms() - start);
	vcpus_report(&vm);
	uart_report(&vm.uart);
	for (n = 0; n < vm.nr_blks; n++)
		blk_report(vm.blks[n], n);

	/* KVM takes the VM down with the last of its file descriptors. */
	return end;
}
