/* What an op is made of. A new op is one file in graph/ops/ that defines aigc__op_<name>, and one line
 * in ops.def. */
#ifndef AIGC_GRAPH_OP_H
#define AIGC_GRAPH_OP_H

#include "graph/graph.h"

enum {
    AIGC__OP_ELEMENTWISE = 1, /* output[i] depends on inputs[..][i] only; fusion takes these */
    AIGC__OP_NO_GRADIENT = 2, /* derivative zero or undefined by intent: nothing flows back */
    AIGC__OP_RANDOM = 4,      /* numbered at append (AIGC__AT_NUMBER), so never merged with another */
    AIGC__OP_ALIAS = 8,       /* output is the first input's memory (reshape, stop_gradient) */
    AIGC__OP_LEAF = 16,       /* has no run: feed, param */
    AIGC__OP_EPILOGUE = 32    /* run() calls step->epilogue on finished pieces of its f32 output */
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
    void (*reference)(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                      double *out);
    /* At compile: fills the step's tiles, shared_bytes, worker_bytes and detail. */
    void (*prepare)(struct aigc__step *step);
    /* One tile of a phase. Must not write outside its part of the output. */
    void (*run)(const struct aigc__step *step, size_t phase, size_t tile, size_t worker);
    /* Inputs (bits) whose memory the output may take over when they die here. */
    uint32_t in_place;
    /* For ops that can read a frozen input in a form of their own, made once; NULL elsewhere. Called after
     * prepare(): the bytes input k takes when packed, 0 where it cannot be, and the packing itself. Then
     * step->input_packed[k] is set and prepare() called again; inputs[k] will be the packed form. */
    size_t (*packed_bytes)(const struct aigc__step *step, size_t k);
    void (*pack)(const struct aigc__step *step, size_t k, const void *raw, void *packed);
} aigc__op_t;

#define OP(name) extern const aigc__op_t aigc__op_##name;
#include "graph/ops.def"
#undef OP

const aigc__op_t *aigc__op(uint16_t code); /* row of a code */
/* For messages: the op's name, or the function's for a map. */
const char *aigc__op_title(uint16_t code, const aigc__attributes_t *attributes);

enum { AIGC__MAX_INPUTS = 8 };

/* Places in the attributes of ops that have a shape of their own: feed, param, constant, random,
 * reshape, broadcast. */
enum {
    AIGC__AT_RANK = 0,
    AIGC__AT_DIMS = 1,
    AIGC__AT_KIND = 7,  /* dtype of a feed or param, distribution of a random value */
    AIGC__AT_NUMBER = 8 /* which parameter of the store, which random value of the graph */
};
enum { AIGC__RANDOM_UNIFORM, AIGC__RANDOM_NORMAL, AIGC__RANDOM_BERNOULLI };

void aigc__attributes_set_shape(aigc__attributes_t *attributes, const aigc__shape_t *shape);
aigc__shape_t aigc__attributes_shape(const aigc__attributes_t *attributes);

/* Whether a value is a constant, and its number. */
bool aigc__is_constant(const aigc__graph_t *graph, aigc__id_t id, double *number);

#endif
