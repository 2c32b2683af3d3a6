/* A step of a plan as ops see it: where its numbers lie and how its work is cut. */
#ifndef AIGC_GRAPH_STEP_H
#define AIGC_GRAPH_STEP_H

#include "graph/op.h"

enum { AIGC__PHASES = 3, AIGC__STEP_INPUTS = AIGC__MAX_INPUTS };

struct aigc__program;
struct aigc__bindings;

typedef struct aigc__step {
    /* set before prepare() */
    const aigc__op_t *op; /* NULL for a tile program without a head */
    const aigc__value_t *value;
    const aigc__value_t *const *in_values;
    const aigc__kernels_t *kernels;
    size_t n_inputs;
    bool input_packed[AIGC__STEP_INPUTS]; /* that input is frozen and comes packed by its consumer (matmul) */
    /* Runs on finished linear ranges of the output while they are hot: elements [first, first+n).
     * NULL: nothing to do. */
    const struct aigc__program *epilogue;

    /* set by prepare(): phases run one after another, a phase without tiles ends the step */
    size_t tiles[AIGC__PHASES];
    size_t shared_bytes; /* workspace all workers share, aligned to 64 */
    size_t worker_bytes; /* workspace of each worker, multiple of 64 */
    union {
        aigc__gemm_plan_t gemm;
        aigc__convolution_plan_t convolution;
    };
    size_t detail[24]; /* the op's own numbers: strides, blocks */

    /* set by the executor */
    void *output;
    const void **inputs;
    void *shared;
    char *worker;                          /* worker w's part: worker + w * worker_bytes */
    aigc__stream_t stream;                 /* seed and step of this run, stream AIGC__STREAM_GRAPH */
    const struct aigc__bindings *bindings; /* the tile program's operands and outputs */
    char *scratch;                         /* the tile program's registers; worker w at w * scratch_bytes */
    size_t scratch_bytes;
} aigc__step_t;

/* Work below this many elementary operations is one tile. Part of the results' definition: changing
 * it changes rounding. */
enum { AIGC__TILE_ELEMENTS = 16384 };

/* How many parts of at most `part` cover `n`. */
static inline size_t aigc__parts(size_t n, size_t part) { return (n + part - 1) / part; }

/* Tile `tile` of `n` elements cut by AIGC__TILE_ELEMENTS. */
static inline size_t aigc__tile_count(size_t n) { return aigc__parts(n, AIGC__TILE_ELEMENTS); }
static inline size_t aigc__tile_first(size_t tile) { return tile * AIGC__TILE_ELEMENTS; }
static inline size_t aigc__tile_size(size_t n, size_t tile)
{
    const size_t left = n - tile * AIGC__TILE_ELEMENTS;
    return left < AIGC__TILE_ELEMENTS ? left : AIGC__TILE_ELEMENTS;
}

/* graph/program.c: run the epilogue of a step on elements [first, first + n) of its output, which lie
 * at `c` (contiguous), or on `rows` such ranges of `n` elements, each `row_step` elements after the one
 * before, in the output as at `c`. Every element of the output once, in any order; which ranges a tile
 * hands over, and in which order, may depend on the shape only. Nothing happens without an epilogue. */
void aigc__epilogue_run(const aigc__step_t *step, const float *c, size_t first, size_t n, size_t worker);
void aigc__epilogue_rows(const aigc__step_t *step, const float *c, size_t first, size_t rows, size_t n, size_t row_step,
                         size_t worker);

#endif
