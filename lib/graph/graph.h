/* The graph: an append-only array of values. A value is an op applied to earlier values, so index
 * order is a topological order. Every gradient is again values of the same kind.
 *
 * Builders are sticky: after the first failure the graph keeps it, every builder returns 0, and 0
 * passes through; ask aigc__graph_status() once at the end. As a cotangent, 0 means "zero". Giving 0
 * (such as a derivative that has no path) to a builder of a sound graph is a failure too. Equal
 * values (op, attributes, inputs) are one value, random ones excepted. Pointers to values stay valid
 * while the graph lives. */
#ifndef AIGC_GRAPH_GRAPH_H
#define AIGC_GRAPH_GRAPH_H

#include "base/arena.h"
#include "kernels/kernels.h"
#include <aigc/tensor.h>

typedef uint32_t aigc__id_t;

typedef struct aigc__shape {
    uint32_t rank;
    int64_t dims[AIGC_MAX_RANK];
} aigc__shape_t;

/* What an op needs beside its inputs; each op's file says which places it uses. Unused places are 0. */
typedef struct aigc__attributes {
    int64_t i[20];
    double p[2];
} aigc__attributes_t;

typedef enum aigc__op_code {
    AIGC__OP_nothing = 0,
#define OP(name) AIGC__OP_##name,
#include "graph/ops.def"
#undef OP
    AIGC__OPS
} aigc__op_code_t;

typedef struct aigc__value {
    uint16_t op; /* aigc__op_code_t */
    uint16_t n_inputs;
    aigc_dtype_t dtype; /* AIGC_DTYPE_F32 or AIGC_DTYPE_I32 */
    aigc__shape_t shape;
    size_t count; /* elements */
    const aigc__id_t *inputs;
    const char *name; /* feeds and parameters; NULL otherwise */
    aigc__attributes_t attributes;
} aigc__value_t;

typedef struct aigc__graph aigc__graph_t;

aigc_status_t aigc__graph_create(aigc__graph_t **out, aigc__memory_t *memory);
void aigc__graph_free(aigc__graph_t *graph);
/* The first failure of a builder, its sentence restored; AIGC_OK otherwise. */
aigc_status_t aigc__graph_status(const aigc__graph_t *graph);
/* Makes the graph fail from now on (for builders above this layer). Returns 0. */
aigc__id_t aigc__graph_fail(aigc__graph_t *graph, aigc_status_t status, const char *format, ...) AIGC__PRINTF(3, 4);
uint32_t aigc__graph_count(const aigc__graph_t *graph); /* values 1..count-1 exist */
const aigc__value_t *aigc__graph_value(const aigc__graph_t *graph, aigc__id_t id);
/* The shape of a value; rank 0 for value 0. */
aigc__shape_t aigc__graph_shape(const aigc__graph_t *graph, aigc__id_t id);

aigc__shape_t aigc__shape_of(size_t rank, const int64_t *dims);
bool aigc__shape_equal(const aigc__shape_t *a, const aigc__shape_t *b);

/* The one way values come to be: infers shape and dtype, simplifies, merges equals. */
aigc__id_t aigc__append(aigc__graph_t *graph, aigc__op_code_t op, const aigc__attributes_t *attributes, size_t n_inputs,
                        const aigc__id_t *inputs);

/* The memory a graph was made with. */
aigc__memory_t *aigc__graph_memory(const aigc__graph_t *graph);

/* ---- leaves ---- */
/* A feed or a parameter. The same name again is the same value; with another dtype, shape or number
 * it is a failure. `number` tells parameters of a store apart; 0 for feeds. The name is copied. */
aigc__id_t aigc__append_leaf(aigc__graph_t *graph, aigc__op_code_t op, const char *name, aigc_dtype_t dtype,
                             aigc__shape_t shape, int64_t number);
/* What a leaf is by now: the value assigned last, or the leaf itself; and assigning (see graph/store.h). */
typedef struct aigc__assignment {
    aigc__id_t leaf, value;
} aigc__assignment_t;
void aigc__assign_leaf(aigc__graph_t *graph, aigc__id_t leaf, aigc__id_t value);
aigc__id_t aigc__assigned(const aigc__graph_t *graph, aigc__id_t leaf);
size_t aigc__assignments(const aigc__graph_t *graph, const aigc__assignment_t **out);

aigc__id_t aigc__feed(aigc__graph_t *graph, const char *name, aigc_dtype_t dtype, aigc__shape_t shape);
aigc__id_t aigc__constant(aigc__graph_t *graph, double value, aigc__shape_t shape); /* one number, broadcast */
aigc__id_t aigc__random_uniform(aigc__graph_t *graph, aigc__shape_t shape);
aigc__id_t aigc__random_normal(aigc__graph_t *graph, aigc__shape_t shape);
aigc__id_t aigc__random_bernoulli(aigc__graph_t *graph, double probability, aigc__shape_t shape);
/* (parameters: graph/store.h) */

/* ---- elementwise; two inputs of different shapes are broadcast like NumPy's, by explicit values ---- */
aigc__id_t aigc__map1(aigc__graph_t *graph, aigc__map_t map, aigc__id_t a, double p);
aigc__id_t aigc__map2(aigc__graph_t *graph, aigc__map_t map, aigc__id_t a, aigc__id_t b);
aigc__id_t aigc__select(aigc__graph_t *graph, aigc__id_t condition, aigc__id_t a, aigc__id_t b);
static inline aigc__id_t aigc__add(aigc__graph_t *g, aigc__id_t a, aigc__id_t b)
{
    return aigc__map2(g, AIGC__MAP_add, a, b);
}
static inline aigc__id_t aigc__sub(aigc__graph_t *g, aigc__id_t a, aigc__id_t b)
{
    return aigc__map2(g, AIGC__MAP_sub, a, b);
}
static inline aigc__id_t aigc__mul(aigc__graph_t *g, aigc__id_t a, aigc__id_t b)
{
    return aigc__map2(g, AIGC__MAP_mul, a, b);
}
static inline aigc__id_t aigc__div(aigc__graph_t *g, aigc__id_t a, aigc__id_t b)
{
    return aigc__map2(g, AIGC__MAP_div, a, b);
}
static inline aigc__id_t aigc__scale(aigc__graph_t *g, aigc__id_t a, double p)
{
    return aigc__map1(g, AIGC__MAP_scale, a, p);
}
static inline aigc__id_t aigc__shift(aigc__graph_t *g, aigc__id_t a, double p)
{
    return aigc__map1(g, AIGC__MAP_shift, a, p);
}
static inline aigc__id_t aigc__neg(aigc__graph_t *g, aigc__id_t a) { return aigc__map1(g, AIGC__MAP_neg, a, 0); }
static inline aigc__id_t aigc__exp(aigc__graph_t *g, aigc__id_t a) { return aigc__map1(g, AIGC__MAP_exp, a, 0); }
static inline aigc__id_t aigc__square(aigc__graph_t *g, aigc__id_t a) { return aigc__map1(g, AIGC__MAP_square, a, 0); }

/* ---- reductions over the axes whose bits are set (bit k: axis k); `keep` leaves them as size 1 ---- */
aigc__id_t aigc__sum(aigc__graph_t *graph, aigc__id_t a, uint32_t axes, bool keep);
aigc__id_t aigc__mean(aigc__graph_t *graph, aigc__id_t a, uint32_t axes, bool keep);
aigc__id_t aigc__max_over(aigc__graph_t *graph, aigc__id_t a, uint32_t axes, bool keep);
aigc__id_t aigc__argmax(aigc__graph_t *graph, aigc__id_t a, uint32_t axis); /* i32, axis removed, first of equals */
enum { AIGC__ALL_AXES = 0x3f };                                             /* whatever the rank */

/* ---- shape ---- */
aigc__id_t aigc__reshape(aigc__graph_t *graph, aigc__id_t a, aigc__shape_t shape); /* one dim may be -1 */
aigc__id_t aigc__permute(aigc__graph_t *graph, aigc__id_t a, const uint32_t *order);
aigc__id_t aigc__broadcast(aigc__graph_t *graph, aigc__id_t a, aigc__shape_t shape); /* NumPy's rules */
aigc__id_t aigc__slice(aigc__graph_t *graph, aigc__id_t a, uint32_t axis, int64_t start, int64_t length);
aigc__id_t aigc__pad(aigc__graph_t *graph, aigc__id_t a, const int64_t *before, const int64_t *after); /* zeros */
aigc__id_t aigc__concat(aigc__graph_t *graph, const aigc__id_t *parts, size_t n, uint32_t axis);
aigc__id_t aigc__flip(aigc__graph_t *graph, aigc__id_t a, uint32_t axes);
/* rows a[indices[i], ...]; indices i32 of any shape, out of range counts as an error at run time: rows of NaN */
aigc__id_t aigc__gather(aigc__graph_t *graph, aigc__id_t a, aigc__id_t indices);
/* [rows, ...] zeros, then y[indices[i], ...] += a[i, ...] in order of i; indices out of range are left out */
aigc__id_t aigc__scatter_add(aigc__graph_t *graph, aigc__id_t a, aigc__id_t indices, int64_t rows);
aigc__id_t aigc__one_hot(aigc__graph_t *graph, aigc__id_t indices, int64_t depth);
/* f32 to i32 goes towards zero and saturates, NaN gives 0; nothing flows back */
aigc__id_t aigc__cast(aigc__graph_t *graph, aigc__id_t a, aigc_dtype_t dtype);
aigc__id_t aigc__stop_gradient(aigc__graph_t *graph, aigc__id_t a);

/* ---- products: last two axes, leading axes equal (or absent on one side) ---- */
aigc__id_t aigc__matmul(aigc__graph_t *graph, aigc__id_t a, aigc__id_t b, bool transpose_a, bool transpose_b);

/* ---- convolutions: attributes as in graph/ops/conv_shape.h; x [N, .., C], w [O, C / groups, ..], y [N, .., O] ---- */
aigc__id_t aigc__conv(aigc__graph_t *graph, aigc__id_t x, aigc__id_t w, const aigc__attributes_t *attributes);
/* x of that shape from y and w (a transposed convolution), w of that shape from x and y */
aigc__id_t aigc__conv_input_gradient(aigc__graph_t *graph, aigc__id_t y, aigc__id_t w,
                                     const aigc__attributes_t *attributes, const aigc__shape_t *x_shape);
aigc__id_t aigc__conv_weight_gradient(aigc__graph_t *graph, aigc__id_t x, aigc__id_t y,
                                      const aigc__attributes_t *attributes, const aigc__shape_t *w_shape);

/* ---- derivatives: out[i] = d sum(y) / d wrt[i], 0 where there is no path. Only values on a path from
 * a wrt to y get cotangents, so nobody pays for gradients that were not asked for. May be called
 * again on its own results. Not every wrt must be a leaf. ---- */
aigc_status_t aigc__gradient(aigc__graph_t *graph, aigc__id_t y, const aigc__id_t *wrt, size_t n, aigc__id_t *out);

/* ---- the oracle: every value in double, by the ops' reference functions ---- */
typedef struct aigc__reference aigc__reference_t;
typedef struct aigc__reference_inputs {
    /* fills `out` for a feed, parameter or random value */
    void (*leaf)(void *user, const aigc__graph_t *graph, aigc__id_t id, double *out);
    void *user;
} aigc__reference_inputs_t;
aigc_status_t aigc__reference_run(aigc__reference_t **out, const aigc__graph_t *graph, const aigc__id_t *fetches,
                                  size_t n, const aigc__reference_inputs_t *inputs);
const double *aigc__reference_value(const aigc__reference_t *reference, aigc__id_t id);
void aigc__reference_free(aigc__reference_t *reference);

#endif
