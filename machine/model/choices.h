/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the architecture leaves open, or what could not be confirmed, and what
 * the model does. Each choice is made here and used by its name, so that a new
 * fact changes one line. docs/machine.md has the list in prose.
 */
#ifndef GICV5_CHOICES_H
#define GICV5_CHOICES_H

/* IRS_IIDR and IRS_AIDR: no implementer; version 5.0, component IRS. */
#define CHOICE_IIDR			0
#define CHOICE_AIDR			0

/*
 * IRS_IDR4.VPE_ID_BITS has 4 bits where VPE ids have 16: it may mean N or N-1.
 * Take as many VPE ids as the larger reading gives.
 */
#define CHOICE_VPE_ID_BITS(field)	((field) + 1)

/* The minimum of LPI_ID_BITS (IDR2.MIN_LPI_ID_BITS) does not bind virtual ISTs. */
#define CHOICE_MIN_BINDS_VIRTUAL	0

/* L2SZ = 3 is CONSTRAINED UNPREDICTABLE: 4 KB. */
#define CHOICE_L2SZ_RESERVED		0

/* ICC_CR0_EL1.LINK and LINK_IDLE: always connected, read as 1, not writable. */
#define CHOICE_LINK			(ICC_CR0_LINK | ICC_CR0_LINK_IDLE)

/* A PPI wins against an IRS candidate of the same priority [R_VVBPS]. */
#define CHOICE_PPI_FIRST		1

/*
 * Ties. Among PPIs: the lowest ID. Among the candidates of the IRS: the one that
 * has been a candidate of that priority for that target the longest (cand.c).
 */

/* CONTEXTR.V = 1 for a VPE that is resident on another PE fails (F = 1). */
#define CHOICE_RESIDENT_TWICE_FAILS	1

/* Becoming resident clears an outstanding doorbell request. */
#define CHOICE_RESIDENCY_CLEARS_REQ	1

/*
 * Moving an SPI to a VM or back (SPI_VMR) carries no pending state; a wire with
 * TM = Level is sampled again in its new place.
 */
#define CHOICE_SPI_VMR_RESAMPLES	1

/* IRSEN = 0 stops forwarding, physical and virtual; doorbells still pend. */
#define CHOICE_IRSEN_GATES_VIRTUAL	1

/* SWERR_STATUSR: V, S0V, S1V and OF are write-1-to-clear; EC goes with V. */
#define CHOICE_SWERR_W1C		(SWERR_V | SWERR_S0V | SWERR_S1V | SWERR_OF)

/* Default of max_vcandidates; see cand.c. */
#define CHOICE_MAX_VCANDIDATES		(1u << 18)

#endif
