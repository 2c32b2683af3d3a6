/* How packed operands lie in memory; shared by the plan and the loops of a matrix product. */
#ifndef AIGC_KERNELS_GEMM_LAYOUT_H
#define AIGC_KERNELS_GEMM_LAYOUT_H

#include "kernels/kernels.h"

/* BLOCKED  tiles of C; in each: blocks of k, groups of rows of A, strips of B, registers of C.
 * SPLIT    few tiles but long k, as in a Gram matrix: k is cut into slices, phase one computes each
 *          slice's C apart, phase two adds them up in order.
 * DOT      few rows or columns and both operands contiguous along k: dot products, nothing packed. */
enum { AIGC__GEMM_BLOCKED, AIGC__GEMM_SPLIT, AIGC__GEMM_DOT };

/* Where strips of B are read: as stored; packed by the tile that needs them; packed once in phase
 * one; packed by the caller. */
enum { AIGC__B_IN_PLACE, AIGC__B_OWN, AIGC__B_SHARED, AIGC__B_GIVEN };

static inline size_t aigc__minimum(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t aigc__maximum(size_t a, size_t b) { return a > b ? a : b; }
static inline size_t aigc__ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }
static inline size_t aigc__round_up(size_t a, size_t b) { return aigc__ceil_div(a, b) * b; }

/* Floats of a block whose bytes are a multiple of 64. */
static inline size_t aigc__whole_lines(size_t floats) { return aigc__round_up(floats, 16); }

/* A row length for copies: at least n floats, an odd number of cache lines, so that a column of them
 * spreads over all cache sets. */
static inline size_t aigc__spread_ld(size_t n) { return (aigc__ceil_div(n, 16) | 1) * 16; }

/* First column of a strip of B; strip number `strips` gives the padded end. Strips have the full
 * width except that a last one of a single unit borrows one from its neighbour where that leaves it
 * two: 2 + 2 units run better than 3 + 1. */
static inline size_t aigc__strip_start(const aigc__gemm_kernel_t *kernel, size_t n, size_t strips, size_t strip)
{
    const size_t end = aigc__round_up(n, kernel->unit);
    if (strip == strips) return end;
    const bool borrows = kernel->nr > 2 * kernel->unit && end % kernel->nr == kernel->unit && strips > 1;
    return strip * kernel->nr - (borrows && strip + 1 == strips ? kernel->unit : 0);
}

/* A packed A is a copy with a good row length. */
static inline size_t aigc__packed_a_ld(const aigc__gemm_shape_t *s) { return aigc__spread_ld(s->ta ? s->m : s->k); }
static inline size_t aigc__packed_a_floats(const aigc__gemm_shape_t *s)
{
    return aigc__packed_a_ld(s) * (s->ta ? s->k : s->m);
}

/* A packed B: strip after strip, each [k, width]. */
static inline size_t aigc__packed_b_floats(const aigc__gemm_kernel_t *kernel, const aigc__gemm_shape_t *s)
{
    return aigc__whole_lines(aigc__round_up(s->n, kernel->unit) * s->k);
}

#endif
