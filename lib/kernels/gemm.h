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
    size_t m, n, k;      /* any from 0; k = 0 gives C = 0 */
    bool ta, tb;         /* A is stored [k,m], B is stored [n,k] */
    size_t lda, ldb, ldc; /* elements between stored rows */
    size_t batch;        /* independent products, at least 1 */
    size_t a_step, b_step, c_step; /* elements from one product's matrix to the next; 0 for a shared A or B */
    bool add;            /* C += instead of C = */
    bool a_packed, b_packed; /* that operand comes packed by aigc__gemm_pack_a/_b of this plan */
} aigc__gemm_shape_t;

/* Called on each finished piece of C: rows [row, row + rows), columns [column, column + columns) of
 * product `batch`; `c` points at its first element, rows `ldc` apart. Pieces cover C once. */
typedef void (*aigc__gemm_tile_fn)(void *user, size_t batch, size_t row, size_t rows, size_t column, size_t columns,
                                   float *c, size_t ldc, size_t worker);

/* Immutable once made; holds no pointers to data. Plain struct, no allocation, copyable. */
typedef struct aigc__gemm_plan {
    const struct aigc__kernels *kernels;
    aigc__gemm_shape_t shape;
    int variant;                  /* which path: see gemm.c */
    size_t mc, nc, kc;            /* blocks of the loops */
    size_t pack_tiles, tiles;     /* of the two phases; pack_tiles may be 0 */
    size_t shared_bytes;          /* workspace all workers share (packed operands), multiple of 64 */
    size_t worker_bytes;          /* workspace of each worker, multiple of 64 */
    size_t packed_a_bytes, packed_b_bytes; /* what aigc__gemm_pack_a/_b write */
    size_t detail[8];             /* the variant's own numbers */
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

/* What a CPU level brings: block sizes beside the pointers. */
typedef struct aigc__gemm_kernel {
    size_t mr, nr;     /* the microkernel's tile of C */
    size_t mc, nc, kc; /* blocks for large shapes; gemm.c shrinks them for small ones */
    /* C[mr,nr] (+)= A B over k steps: `a` packed k x mr, `b` packed k x nr; writes rows x columns of
     * the tile (edges inside the kernel), C rows ldc apart. */
    void (*micro)(size_t k, const float *a, const float *b, float *c, size_t ldc, size_t rows, size_t columns, bool add);
    /* Further entries for paths of their own (unpacked operands, one row, one column): added beside
     * this one by whoever writes them. */
} aigc__gemm_kernel_t;

#endif
