// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PL011: the guest's console, on stdin and stdout. Each direction has its FIFO
 * and its thread.
 *
 * Its SPI is level-sensitive: the line is high as long as some interrupt is there
 * that is not masked. What may change that ends in update(), under the lock,
 * which tells KVM of each change and only of changes.
 *
 * Nothing has to be resampled when the guest deactivates the interrupt: the IRS
 * makes a level-sensitive SPI pending again by itself as long as its line is
 * high.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "vmm.h"

/* Offsets of registers */
enum {
	DR	= 0x000,
	FR	= 0x018,
	IBRD	= 0x024,
	FBRD	= 0x028,
	LCR_H	= 0x02c,
	CR	= 0x030,
	IFLS	= 0x034,
	IMSC	= 0x038,
	RIS	= 0x03c,
	MIS	= 0x040,
	ICR	= 0x044,
	ID	= 0xfe0,	/* eight registers */
};

#define FR_BUSY		(1 << 3)
#define FR_RXFE		(1 << 4)
#define FR_TXFF		(1 << 5)
#define FR_RXFF		(1 << 6)
#define FR_TXFE		(1 << 7)
#define INT_RX		(1 << 4)
#define INT_TX		(1 << 5)
#define INT_RT		(1 << 6)
#define INT_ALL		0x7ff

#define FIFO_SIZE	sizeof(((struct fifo *)0)->byte)
#define TX_TRIGGER	(FIFO_SIZE / 2)

/* Revision 3, with FIFOs of 32 bytes */
static const uint8_t id[] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static struct termios saved;

static bool fifo_full(const struct fifo *f)
{
	return f->count == FIFO_SIZE;
}

static void fifo_put(struct fifo *f, uint8_t c)
{
	f->byte[(f->head + f->count++) % FIFO_SIZE] = c;
}

static uint8_t fifo_get(struct fifo *f)
{
	uint8_t c = f->byte[f->head];

	f->head = (f->head + 1) % FIFO_SIZE;
	f->count--;
	return c;
}

/*
 * Two vCPUs, or a vCPU and one of the threads, may change the level at the same
 * time. The lock is held until KVM knows, or the older level might reach it last,
 * and stay: an interrupt lost, or one without end.
 */
static void update(struct uart *uart)
{
	bool level = uart->raw & uart->mask;

	if (level == uart->level)
		return;
	uart->level = level;
	uart->raised += level;
	gic_set_spi(uart->vm, UART_SPI, level);
}

/* Receive interrupts stay as long as there is something to read. */
static void update_rx(struct uart *uart)
{
	if (uart->rx.count)
		uart->raw |= INT_RX | INT_RT;
	else
		uart->raw &= ~(uint32_t)(INT_RX | INT_RT);
}

/* A guest that does not look whether there is room loses what it writes. */
static void send(struct uart *uart, uint8_t c)
{
	atomic_store(&uart->last_output, now_ms());
	if (fifo_full(&uart->tx))
		return;
	fifo_put(&uart->tx, c);
	if (uart->tx.count > TX_TRIGGER)
		uart->raw &= ~(uint32_t)INT_TX;
	pthread_cond_signal(&uart->sent);
}

static uint32_t receive(struct uart *uart)
{
	uint32_t c;

	if (!uart->rx.count)
		return 0;
	c = fifo_get(&uart->rx);
	update_rx(uart);
	pthread_cond_signal(&uart->room);

	return c;
}

static uint32_t flags(const struct uart *uart)
{
	return (uart->tx.count ? FR_BUSY : FR_TXFE) | (fifo_full(&uart->tx) ? FR_TXFF : 0) |
	       (uart->rx.count ? 0 : FR_RXFE) | (fifo_full(&uart->rx) ? FR_RXFF : 0);
}

static uint32_t read_locked(struct uart *uart, uint64_t offset)
{
	switch (offset) {
	case DR:	return receive(uart);
	case FR:	return flags(uart);
	case IBRD:	return uart->ibrd;
	case FBRD:	return uart->fbrd;
	case LCR_H:	return uart->lcr;
	case CR:	return uart->cr;
	case IFLS:	return uart->ifls;
	case IMSC:	return uart->mask;
	case RIS:	return uart->raw;
	case MIS:	return uart->raw & uart->mask;
	}
	if (offset >= ID && (offset - ID) / 4 < sizeof(id))
		return id[(offset - ID) / 4];
	return 0;
}

/**
 * uart_read() - a register is read
 * @uart: the UART
 * @offset: of the register
 *
 * Return: its value.
 */
uint64_t uart_read(struct uart *uart, uint64_t offset)
{
	uint32_t value;

	pthread_mutex_lock(&uart->lock);
	value = read_locked(uart, offset);
	update(uart);
	pthread_mutex_unlock(&uart->lock);

	return value;
}

static void write_locked(struct uart *uart, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case DR:
		send(uart, (uint8_t)value);
		break;
	case IBRD:
		uart->ibrd = value & 0xffff;
		break;
	case FBRD:
		uart->fbrd = value & 0x3f;
		break;
	case LCR_H:
		uart->lcr = value & 0xff;
		break;
	case CR:
		uart->cr = value & 0xffff;
		break;
	case IFLS:
		uart->ifls = value & 0x3f;
		break;
	case IMSC:
		uart->mask = value & INT_ALL;
		break;
	case ICR:
		uart->raw &= ~(value & INT_ALL);
		update_rx(uart);
		break;
	}
}

/**
 * uart_write() - a register is written
 * @uart: the UART
 * @offset: of the register
 * @value: to be written
 */
void uart_write(struct uart *uart, uint64_t offset, uint32_t value)
{
	pthread_mutex_lock(&uart->lock);
	write_locked(uart, offset, value);
	update(uart);
	pthread_mutex_unlock(&uart->lock);
}

static void restore_terminal(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

static void raw_terminal(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &saved))
		return;
	raw = saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	atexit(restore_terminal);
}

/* Ctrl-a x, as in QEMU, for a guest that does not come to an end by itself. */
static bool is_escape(char c)
{
	static bool ctrl_a;
	bool escape = ctrl_a && c == 'x';

	ctrl_a = !ctrl_a && c == 1;
	return escape;
}

static void *input_thread(void *arg)
{
	struct uart *uart = arg;
	bool tty = isatty(STDIN_FILENO);
	ssize_t n;
	char c;

	for (;;) {
		n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != 1)
			return NULL;	/* the end of input is not the end of the guest */
		if (tty && is_escape(c)) {
			vm_end(uart->vm, END_SIGNAL);
			return NULL;
		}

		pthread_mutex_lock(&uart->lock);
		while (fifo_full(&uart->rx))
			pthread_cond_wait(&uart->room, &uart->lock);
		fifo_put(&uart->rx, (uint8_t)c);
		update_rx(uart);
		update(uart);
		pthread_mutex_unlock(&uart->lock);
	}
}

static void write_out(const uint8_t *from, size_t left)
{
	while (left) {
		ssize_t n = write(STDOUT_FILENO, from, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;		/* nobody listens: the guest need not know */
		from += n;
		left -= (size_t)n;
	}
}

/*
 * At its speed the UART takes 10 bits for each byte. Without one the FIFO would
 * never be full, and no guest would wait for the interrupt.
 */
static void *output_thread(void *arg)
{
	struct uart *uart = arg;
	uint8_t out[FIFO_SIZE];
	size_t n;

	pthread_mutex_lock(&uart->lock);
	for (;;) {
		while (!uart->tx.count && !uart->stop)
			pthread_cond_wait(&uart->sent, &uart->lock);
		if (!uart->tx.count)
			break;
		for (n = 0; uart->tx.count; n++)
			out[n] = fifo_get(&uart->tx);
		pthread_mutex_unlock(&uart->lock);

		write_out(out, n);
		usleep((useconds_t)(n * 10000000 / uart->vm->opt->baud));

		pthread_mutex_lock(&uart->lock);
		if (uart->tx.count <= TX_TRIGGER)
			uart->raw |= INT_TX;
		update(uart);
	}
	pthread_mutex_unlock(&uart->lock);

	return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), struct uart *uart)
{
	int err = pthread_create(thread, NULL, run, uart);

	if (err)
		die(END_ERROR, "cannot create a thread: %s", strerror(err));
}

/**
 * uart_create() - the UART, and the threads for input and output
 * @vm: its GIC is initialised: the line may change from now on
 */
void uart_create(struct vm *vm)
{
	struct uart *uart = &vm->uart;

	uart->vm = vm;
	pthread_mutex_init(&uart->lock, NULL);
	pthread_cond_init(&uart->sent, NULL);
	pthread_cond_init(&uart->room, NULL);
	atomic_store(&uart->last_output, now_ms());
	if (isatty(STDIN_FILENO))
		raw_terminal();
	start(&uart->input, input_thread, uart);
	start(&uart->output, output_thread, uart);
}

/**
 * uart_stop() - write what is left
 * @uart: the UART; no vCPU runs any more
 *
 * The thread that reads stdin stays in read() and ends with the process.
 */
void uart_stop(struct uart *uart)
{
	pthread_mutex_lock(&uart->lock);
	uart->stop = true;
	pthread_cond_signal(&uart->sent);
	pthread_mutex_unlock(&uart->lock);
	pthread_join(uart->output, NULL);
}

/**
 * uart_report() - print what the device has done
 * @uart: the UART, stopped
 */
void uart_report(struct uart *uart)
{
	say("uart interrupts=%llu", (unsigned long long)uart->raised);
}
