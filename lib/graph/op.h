/* What an op is made of. A new op is one file in graph/ops/ that defines aigc__op_<name>, and one line
 * in ops.def. */
#ifndef AIGC_GRAPH_OP_H
#define AIGC_GRAPH_OP_H

#include "graph/graph.h"

enum {
    AIGC__OP_ELEMENTWISE = 1,  /* output[i] depends on inputs[..][i] only; fusion takes these */
    AIGC__OP_NO_GRADIENT = 2,  /* derivative zero or undefined by intent: nothing flows back */
    AIGC__OP_RANDOM = 4,       /* never merged with an equal one */
    AIGC__OP_ALIAS = 8,        /* output is the first input's memory (reshape, stop_gradient) */
    AIGC__OP_LEAF = 16,        /* has no run: feed, param */
    AIGC__OP_EPILOGUE = 32     /* run() calls step->epilogue on finished pieces of its f32 output */
};

struct aigc__step;

typedef struct aigc__op {
    const char *name;
    uint32_t flags;
    /* Shape and dtype of the result, or the text of what is wrong (static string); `in` has n values. */
    const char *(*infer)(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                         aigc__shape_t *shape, aigc_dtype_t *dtype);
    /* Appends the cotangents of the inputs whose bits are set in `want`; dx[k] stays 0 for none. */
    void (*gradient)(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx);
    /* A simpler equal value, or 0 to append as asked (x*1, reshape of reshape, ...); may be NULL. */
    aigc__id_t (*simplify)(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n, const aigc__id_t *in);
    /* Meaning, in double; i32 values are whole doubles. Zeroed output. */
    void (*reference)(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in, double *out);
    /* At compile: fills the step's tiles, shared_bytes, worker_bytes and detail. */
    void (*prepare)(struct aigc__step *step);
    /* One tile of a phase. Must not write outside its part of the output. */
    void (*run)(const struct aigc__step *step, size_t phase, size_t tile, size_t worker);
    /* Inputs (bits) whose memory the output may take over when they die here. */
    uint32_t in_place;
} aigc__op_t;

#define OP(name) extern const aigc__op_t aigc__op_##name;
#include "graph/ops.def"
#undef OP

const aigc__op_t *aigc__op(uint16_t code); /* row of a code */

#endif
