// SPDX-License-Identifier: GPL-2.0-or-later
// Enter with a stack; any exception prints a mark and ends the machine.

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

	.balign	2048
vectors:
	.rept	16
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
	.skip	16384
stack_top:
