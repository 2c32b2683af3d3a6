/* Matrix products: C[m,n] = A[m,k] B[k,n], row-major, any of A and B stored transposed, batched, cut
 * into tiles for the pool, with a hook on each finished tile of C while it is hot.
 *
 * The five loops of BLIS around a register-blocked microkernel per CPU level. A plan fixes blocking,
 * packing and tile borders from the shape and the level alone, never from the number of threads, so
 * the bits of C do not depend on it. */
#ifndef AIGC_KERNELS_GEMM_H
#define AIGC_KERNELS_GEMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aigc__kernels;

typedef struct aigc__gemm_shape {
    size_t m, n, k;                /* any from 0; k = 0 gives C = 0 */
    bool ta, tb;                   /* A is stored [k,m], B is stored [n,k] */
    size_t lda, ldb, ldc;          /* elements between stored rows */
    size_t batch;                  /* independent products, at least 1 */
    size_t a_step, b_step, c_step; /* elements from one product's matrix to the next; 0 for a shared A or B */
    bool add;                      /* C += instead of C = */
    bool a_packed, b_packed;       /* that operand comes packed by aigc__gemm_pack_a/_b of this plan */
} aigc__gemm_shape_t;

/* Called on each finished piece of C: rows [row, row + rows), columns [column, column + columns) of
 * product `batch`; `c` points at its first element, rows `ldc` apart. Pieces cover C once. */
typedef void (*aigc__gemm_tile_fn)(void *user, size_t batch, size_t row, size_t rows, size_t column, size_t columns,
                                   float *c, size_t ldc, size_t worker);

/* Immutable once made; holds no pointers to data. Plain struct, no allocation, copyable. */
typedef struct aigc__gemm_plan {
    const struct aigc__kernels *kernels;
    aigc__gemm_shape_t shape;
    int variant;                           /* which path: see gemm.c */
    size_t pack_tiles, tiles;              /* of the two phases; pack_tiles may be 0 */
    size_t shared_bytes;                   /* workspace all workers share (packed operands), multiple of 64 */
    size_t worker_bytes;                   /* workspace of each worker, multiple of 64 */
    size_t packed_a_bytes, packed_b_bytes; /* what aigc__gemm_pack_a/_b write */

    /* The rest is the business of gemm.c and gemm_plan.c. */
    aigc__gemm_shape_t core;        /* `shape`, vectors in their simplest form */
    size_t strips;                  /* of the core's B, kernel->nr columns each */
    size_t tile_rows, tile_strips;  /* of C in one tile */
    size_t row_tiles, column_tiles; /* tiles of one product */
    size_t group_rows;              /* of a tile: their part of A stays in the first level cache */
    size_t kc;                      /* steps of k between two visits to a piece of C */
    size_t pack_k;                  /* steps of k in one tile of packing */
    size_t slices, slice_k;         /* parts of k summed apart, then added in order */
    int b_source;
    size_t a_copy_rows; /* of a transposed A copied at a time; 0: read in place */
    size_t own_b;       /* where in a worker's workspace its strips of B begin, floats; A's copy is before */
} aigc__gemm_plan_t;

/* Sizes are below 2^31 each and their products were checked by the caller. */
void aigc__gemm_plan(aigc__gemm_plan_t *out, const struct aigc__kernels *kernels, const aigc__gemm_shape_t *shape);

/* One call's data. Workspaces are aligned to 64; `workers` blocks of worker_bytes lie one after another. */
typedef struct aigc__gemm_call {
    const aigc__gemm_plan_t *plan;
    const float *a, *b;
    float *c;
    void *shared, *worker;
    aigc__gemm_tile_fn tile_done; /* may be NULL */
    void *tile_user;
} aigc__gemm_call_t;

/* Phase one: tiles 0..pack_tiles-1, all of them before any of phase two: tiles 0..tiles-1. */
void aigc__gemm_pack_tile(const aigc__gemm_call_t *call, size_t tile, size_t worker);
void aigc__gemm_tile(const aigc__gemm_call_t *call, size_t tile, size_t worker);

/* Pack a frozen operand once; give the result as `a` or `b` to calls of a plan made with the same
 * shape and a_packed or b_packed set. */
void aigc__gemm_pack_a(const aigc__gemm_plan_t *plan, const float *a, void *packed);
void aigc__gemm_pack_b(const aigc__gemm_plan_t *plan, const float *b, void *packed);

/* C[rows, columns] (+)= A[rows, k] B[k, columns] with one strip of at most nr columns of B. */
typedef struct aigc__gemm_strip {
    size_t rows, columns, k;
    const float *a; /* A(i, p) = a[i * a_row + p * a_k]: packed or in place, either way round */
    size_t a_row, a_k;
    size_t more_runs, a_skip; /* k steps of B's that follow, so often again: A goes on a_skip elements after each run */
    const float *b; /* B(p, j) = b[p * b_k + j], readable to the end of a strip of whole units */
    size_t b_k;
    float *c;
    size_t ldc;
    bool add;
} aigc__gemm_strip_t;

/* C(i, j) = c[i * c_i + j * c_j] (+)= sum over p of a[i * lda + p] b[j * ldb + p], nothing packed: for few rows
 * or columns. */
typedef struct aigc__gemm_dot {
    size_t rows, columns, k;
    const float *a, *b;
    size_t lda, ldb;
    size_t more_runs, b_skip; /* k steps of A's that follow, so often again: B goes on b_skip elements after each run */
    float *c;
    size_t c_i, c_j;
    bool add;
} aigc__gemm_dot_t;

/* What a CPU level brings: block sizes beside the pointers. */
typedef struct aigc__gemm_kernel {
    size_t unit;             /* columns of one vector; strips are whole units wide in memory */
    size_t mr, nr;           /* the tile of C held in registers; nr is 1 to 3 units */
    size_t mc, nc;           /* rows and columns of a pool tile of a large product */
    size_t kc;               /* steps of k between two visits to a piece of C */
    size_t group;            /* rows of a tile done with all its strips before the next: a multiple of mr and unit */
    size_t copy_kc, copy_nc; /* the same where a transposed A is copied: wide, as it is copied for each tile */
    size_t copy_groups;      /* of a transposed A copied at a time */
    size_t b_floats;         /* of all of B, below which it stays in the second level cache as a whole */

    void (*strip)(const aigc__gemm_strip_t *strip);

    /* from[k, columns], rows `ld` apart, into to[k, width]: zeros from `columns` on. width is a
     * multiple of unit. */
    void (*pack_rows)(float *to, const float *from, size_t ld, size_t k, size_t columns, size_t width);

    /* to[i * to_ld + j] = from[j * from_ld + i] */
    void (*transpose)(float *to, size_t to_ld, const float *from, size_t from_ld, size_t rows, size_t columns);

    void (*dot)(const aigc__gemm_dot_t *dot);
} aigc__gemm_kernel_t;

extern const aigc__gemm_kernel_t aigc__gemm_kernel_c, aigc__gemm_kernel_avx2, aigc__gemm_kernel_avx512,
    aigc__gemm_kernel_neon;

#endif
