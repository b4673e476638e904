// SPDX-License-Identifier: GPL-2.0-or-later
// Enter with a stack; any exception prints a mark and ends the machine, but those
// from a guest, which end enter_guest().

	.section .text.start, "ax"
	.global _start
_start:
	mrs	x0, CurrentEL
	cmp	x0, #8
	adr	x1, vectors
	b.ne	1f
	msr	vbar_el2, x1
1:	msr	vbar_el1, x1
	adrp	x1, stack_top
	mov	sp, x1
	bl	probe
off:
	movz	x0, #0x8400, lsl #16	// PSCI SYSTEM_OFF
	movk	x0, #0x0008
	mrs	x1, CurrentEL
	cmp	x1, #8
	b.eq	2f
	hvc	#0
2:	smc	#0
	b	.

// Where PSCI CPU_ON lets the other PEs begin, with their number in x0.
	.global secondary
	.weak	secondary_main
secondary:
	mrs	x1, CurrentEL
	cmp	x1, #8
	adr	x1, vectors
	b.ne	1f
	msr	vbar_el2, x1
1:	msr	vbar_el1, x1
	adrp	x1, stack_top
	sub	x1, x1, #8192
	sub	x1, x1, x0, lsl #9
	mov	sp, x1
	b	secondary_main

// uint64_t enter_guest(guest): run the code at `guest` at EL1 with interrupts
// masked until it executes HVC, and return its x0; or GUEST_IRQ when a physical
// interrupt came first.
	.global enter_guest
enter_guest:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	msr	elr_el2, x0
	mov	x1, #0x3c5		// EL1h, DAIF
	msr	spsr_el2, x1
	eret
guest_irq:
	movz	x0, #0x1e9
guest_exit:
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

	.balign	2048
vectors:
	.rept	8
	.balign	128
	b	oops
	.endr
	.balign	128
	b	guest_exit		// lower EL, synchronous
	.balign	128
	b	guest_irq
	.rept	6
	.balign	128
	b	oops
	.endr
oops:
	movz	x0, #0x0900, lsl #16
	mov	w1, #'!'
	str	w1, [x0]
	mov	w1, #'\n'
	str	w1, [x0]
	b	off

	.bss
	.balign	65536
	.skip	65536
stack_top:
