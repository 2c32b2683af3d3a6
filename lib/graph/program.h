/* Tile programs: a chain of elementwise functions over the linear elements of one shape, run on pieces
 * that stay in the first level cache, so that memory is crossed once for all of it.
 *
 * A piece has at most AIGC__PROGRAM_PIECE elements: a range, or in an epilogue some rows of a rectangle.
 * Operands are read where they lie, or, when they are broadcast, from a register filled for the piece; a
 * result goes straight to the output's memory where it is one, otherwise to a register. Registers are
 * f32 tiles in the worker's scratch, where the rows of a piece follow one another:
 *
 *     scratch of a worker: [AIGC__PROGRAM_SUMS doubles][register 0][register 1]...
 *
 * Sums over the whole domain add pieces in the worker's accumulators, and accumulators to one place
 * per tile; the tiles' sums are added in their order at the end. Nothing depends on which worker
 * took which tile. */
#ifndef AIGC_GRAPH_PROGRAM_H
#define AIGC_GRAPH_PROGRAM_H

#include "graph/step.h"

enum {
    AIGC__PROGRAM_PIECE = 1024,
    AIGC__PROGRAM_OPERANDS = 16,
    AIGC__PROGRAM_INSTRUCTIONS = 32, /* sums included */
    AIGC__PROGRAM_SUMS = 8,
    AIGC__PROGRAM_NOWHERE = 0xff
};

typedef enum aigc__operand_kind {
    AIGC__OPERAND_HEAD,   /* what the op of the step made, still hot */
    AIGC__OPERAND_DIRECT, /* element i of the domain is element i */
    AIGC__OPERAND_BYTES,  /* the same, zeros and ones as bytes, spread into a register for the piece */
    AIGC__OPERAND_NUMBER, /* one number known at compile time */
    AIGC__OPERAND_SPLAT,  /* one number in memory */
    AIGC__OPERAND_EXPAND  /* broadcast: strides below */
} aigc__operand_kind_t;

typedef struct aigc__operand {
    aigc__operand_kind_t kind;
    uint8_t tile; /* its register, where it has one */
    float number;
    /* of EXPAND: the domain's axes, joined where that is possible; stride 0 repeats */
    uint32_t rank;
    size_t dims[AIGC_MAX_RANK], strides[AIGC_MAX_RANK];
} aigc__operand_t;

typedef struct aigc__instruction {
    aigc__map_fn run; /* NULL: adds source 0 up into sum `output` */
    aigc__map_t map;
    float p;
    uint8_t n_sources;
    uint8_t sources[3]; /* below AIGC__PROGRAM_OPERANDS: that operand; else that instruction's result */
    uint8_t tile;       /* the result's register, or */
    uint8_t output;     /* the output it is written to */
    bool is_bytes;      /* the result is zeros and ones: in its register, and as bytes in the output */
} aigc__instruction_t;

typedef struct aigc__program {
    const aigc__kernels_t *kernels;
    size_t count;      /* elements of the domain */
    size_t tile_count; /* elements of a tile when it runs without a head */
    size_t n_operands, n_instructions, n_outputs, n_sums, n_tiles;
    aigc__operand_t operands[AIGC__PROGRAM_OPERANDS];
    aigc__instruction_t instructions[AIGC__PROGRAM_INSTRUCTIONS];
} aigc__program_t;

/* Where a program's numbers lie in this run. */
typedef struct aigc__bindings {
    const aigc__program_t *program;
    const void *operands[AIGC__PROGRAM_OPERANDS]; /* floats, or BYTES */
    void *outputs[AIGC__PROGRAM_INSTRUCTIONS];
    float *sums[AIGC__PROGRAM_SUMS];
    double *partials; /* n_sums for each tile of each phase of the step */
} aigc__bindings_t;

/* Fills an EXPAND, SPLAT or DIRECT operand: `from` broadcast to `to` by NumPy's rules. */
void aigc__operand_expand(aigc__operand_t *operand, const aigc__shape_t *from, const aigc__shape_t *to);

/* Once operands and instructions are there: gives out registers and chooses the tile. */
void aigc__program_finish(aigc__program_t *program);
size_t aigc__program_scratch_bytes(const aigc__program_t *program);
size_t aigc__program_tiles(const aigc__program_t *program); /* when it runs without a head */

/* Around every tile of a step that has a program. */
void aigc__program_begin_tile(const aigc__bindings_t *bindings, char *scratch);
void aigc__program_end_tile(const aigc__bindings_t *bindings, const char *scratch, size_t tile);
/* Elements [first, first + n); `head` points at the first of them, NULL without a head. */
void aigc__program_run(const aigc__bindings_t *bindings, char *scratch, const float *head, size_t first, size_t n);
/* After the last of all `tiles` tiles. */
void aigc__program_add_up(const aigc__bindings_t *bindings, size_t tiles);

#endif
