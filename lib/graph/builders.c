/* Builders: they turn arguments into attributes; what they say is checked by the ops' infer. */
#include "graph/op.h"
#include "graph/ops/conv_shape.h"
#include "tensor/storage.h"
#include <string.h>

static aigc__id_t append_one(aigc__graph_t *graph, aigc__op_code_t op, const aigc__attributes_t *attributes,
                             aigc__id_t a)
{
    return aigc__append(graph, op, attributes, 1, &a);
}

/* ---- leaves ---- */

aigc__id_t aigc__feed(aigc__graph_t *graph, const char *name, aigc_dtype_t dtype, aigc__shape_t shape)
{
    return aigc__append_leaf(graph, AIGC__OP_feed, name, dtype, shape, 0);
}

aigc__id_t aigc__constant(aigc__graph_t *graph, double value, aigc__shape_t shape)
{
    aigc__attributes_t attributes = {.p = {value}};
    aigc__attributes_set_shape(&attributes, &shape);
    return aigc__append(graph, AIGC__OP_constant, &attributes, 0, NULL);
}

static aigc__id_t append_random(aigc__graph_t *graph, int64_t distribution, double p, const aigc__shape_t *shape)
{
    aigc__attributes_t attributes = {.p = {p}};
    aigc__attributes_set_shape(&attributes, shape);
    attributes.i[AIGC__AT_KIND] = distribution;
    return aigc__append(graph, AIGC__OP_random, &attributes, 0, NULL);
}

aigc__id_t aigc__random_uniform(aigc__graph_t *graph, aigc__shape_t shape)
{
    return append_random(graph, AIGC__RANDOM_UNIFORM, 0, &shape);
}

aigc__id_t aigc__random_normal(aigc__graph_t *graph, aigc__shape_t shape)
{
    return append_random(graph, AIGC__RANDOM_NORMAL, 0, &shape);
}

aigc__id_t aigc__random_bernoulli(aigc__graph_t *graph, double probability, aigc__shape_t shape)
{
    return append_random(graph, AIGC__RANDOM_BERNOULLI, probability, &shape);
}

/* ---- elementwise ---- */

/* NumPy's common shape of `*shape` and `other`; false where there is none. */
static bool common_shape(aigc__shape_t *shape, const aigc__shape_t *other)
{
    aigc__shape_t result = shape->rank >= other->rank ? *shape : *other;
    for (uint32_t k = 1; k <= shape->rank && k <= other->rank; k++) {
        const int64_t a = shape->dims[shape->rank - k], b = other->dims[other->rank - k];
        if (a != b && a != 1 && b != 1) return false;
        result.dims[result.rank - k] = a == 1 ? b : a;
    }
    *shape = result;
    return true;
}

static aigc__id_t append_map(aigc__graph_t *graph, aigc__map_t map, double p, size_t n, aigc__id_t *inputs)
{
    aigc__attributes_t attributes = {.i = {map}, .p = {p}};
    aigc__shape_t shape = aigc__graph_shape(graph, inputs[0]);
    for (size_t k = 0; k < n; k++) {
        const aigc__shape_t other = aigc__graph_shape(graph, inputs[k]);
        char a[96], b[96];
        if (!inputs[k]) return aigc__append(graph, AIGC__OP_map, &attributes, n, inputs);
        if (!common_shape(&shape, &other))
            return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "%s: %s and %s do not broadcast to a common shape",
                                    aigc__map_name(map), aigc__shape_text(a, shape.rank, shape.dims),
                                    aigc__shape_text(b, other.rank, other.dims));
    }
    for (size_t k = 0; k < n && n > 1; k++) inputs[k] = aigc__broadcast(graph, inputs[k], shape);
    return aigc__append(graph, AIGC__OP_map, &attributes, n, inputs);
}

aigc__id_t aigc__map1(aigc__graph_t *graph, aigc__map_t map, aigc__id_t a, double p)
{
    return append_map(graph, map, p, 1, &a);
}

aigc__id_t aigc__map2(aigc__graph_t *graph, aigc__map_t map, aigc__id_t a, aigc__id_t b)
{
    return append_map(graph, map, 0, 2, (aigc__id_t[]){a, b});
}

aigc__id_t aigc__select(aigc__graph_t *graph, aigc__id_t condition, aigc__id_t a, aigc__id_t b)
{
    return append_map(graph, AIGC__MAP_select, 0, 3, (aigc__id_t[]){condition, a, b});
}

/* ---- reductions ---- */

static uint32_t own_axes(const aigc__graph_t *graph, aigc__id_t a, uint32_t axes)
{
    return axes == AIGC__ALL_AXES ? (1u << aigc__graph_shape(graph, a).rank) - 1 : axes;
}

aigc__id_t aigc__sum(aigc__graph_t *graph, aigc__id_t a, uint32_t axes, bool keep)
{
    const aigc__attributes_t attributes = {.i = {own_axes(graph, a, axes), keep}};
    return append_one(graph, AIGC__OP_sum, &attributes, a);
}

aigc__id_t aigc__mean(aigc__graph_t *graph, aigc__id_t a, uint32_t axes, bool keep)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, a);
    const aigc__id_t sum = aigc__sum(graph, a, axes, keep);
    double n = 1;
    for (uint32_t k = 0; k < shape.rank; k++)
        if (axes >> k & 1) n *= (double)shape.dims[k];
    char text[96];
    if (!(n > 0))
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "mean of %s: there is nothing to take the mean of",
                                aigc__shape_text(text, shape.rank, shape.dims));
    return aigc__scale(graph, sum, 1 / n);
}

aigc__id_t aigc__max_over(aigc__graph_t *graph, aigc__id_t a, uint32_t axes, bool keep)
{
    const aigc__attributes_t attributes = {.i = {own_axes(graph, a, axes), keep}};
    return append_one(graph, AIGC__OP_max_over, &attributes, a);
}

aigc__id_t aigc__argmax(aigc__graph_t *graph, aigc__id_t a, uint32_t axis)
{
    const aigc__attributes_t attributes = {.i = {axis}};
    return append_one(graph, AIGC__OP_argmax, &attributes, a);
}

/* ---- shape ---- */

/* Puts the size that keeps the number of elements in place of the one -1; infer reports what is left. */
static void resolve_dim(aigc__shape_t *shape, size_t count)
{
    int64_t *open = NULL;
    size_t rest = 1;
    for (uint32_t k = 0; k < shape->rank && k < AIGC_MAX_RANK; k++) {
        if (shape->dims[k] == -1 && !open)
            open = &shape->dims[k];
        else if (shape->dims[k] < 0 || __builtin_mul_overflow(rest, (size_t)shape->dims[k], &rest))
            return;
    }
    if (open && rest > 0 && count % rest == 0) *open = (int64_t)(count / rest);
}

aigc__id_t aigc__reshape(aigc__graph_t *graph, aigc__id_t a, aigc__shape_t shape)
{
    aigc__attributes_t attributes = {0};
    resolve_dim(&shape, aigc__graph_value(graph, a)->count);
    aigc__attributes_set_shape(&attributes, &shape);
    return append_one(graph, AIGC__OP_reshape, &attributes, a);
}

aigc__id_t aigc__permute(aigc__graph_t *graph, aigc__id_t a, const uint32_t *order)
{
    aigc__attributes_t attributes = {0};
    for (uint32_t k = 0; k < aigc__graph_shape(graph, a).rank; k++) attributes.i[k] = order[k];
    return append_one(graph, AIGC__OP_permute, &attributes, a);
}

aigc__id_t aigc__broadcast(aigc__graph_t *graph, aigc__id_t a, aigc__shape_t shape)
{
    aigc__attributes_t attributes = {0};
    aigc__attributes_set_shape(&attributes, &shape);
    return append_one(graph, AIGC__OP_broadcast, &attributes, a);
}

aigc__id_t aigc__slice(aigc__graph_t *graph, aigc__id_t a, uint32_t axis, int64_t start, int64_t length)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, a);
    aigc__attributes_t attributes = {0};
    char text[96];
    for (uint32_t k = 0; k < shape.rank; k++) attributes.i[AIGC_MAX_RANK + k] = shape.dims[k];
    if (a && axis >= shape.rank)
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "slice of %s: there is no axis %u",
                                aigc__shape_text(text, shape.rank, shape.dims), axis);
    if (a) {
        attributes.i[axis] = start;
        attributes.i[AIGC_MAX_RANK + axis] = length;
    }
    return append_one(graph, AIGC__OP_slice, &attributes, a);
}

aigc__id_t aigc__pad(aigc__graph_t *graph, aigc__id_t a, const int64_t *before, const int64_t *after)
{
    aigc__attributes_t attributes = {0};
    for (uint32_t k = 0; k < aigc__graph_shape(graph, a).rank; k++) {
        attributes.i[k] = before[k];
        attributes.i[AIGC_MAX_RANK + k] = after[k];
    }
    return append_one(graph, AIGC__OP_pad, &attributes, a);
}

aigc__id_t aigc__concat(aigc__graph_t *graph, const aigc__id_t *parts, size_t n, uint32_t axis)
{
    const aigc__attributes_t attributes = {.i = {axis}};
    aigc__id_t inputs[AIGC__MAX_INPUTS];
    if (n <= AIGC__MAX_INPUTS) return aigc__append(graph, AIGC__OP_concat, &attributes, n, parts);
    /* As many parts go into each of the inputs as even shares need, so that the depth stays small. */
    const size_t share = (n + AIGC__MAX_INPUTS - 1) / AIGC__MAX_INPUTS, n_inputs = (n + share - 1) / share;
    for (size_t k = 0; k < n_inputs; k++) {
        const size_t left = n - k * share;
        inputs[k] = aigc__concat(graph, parts + k * share, left < share ? left : share, axis);
    }
    return aigc__append(graph, AIGC__OP_concat, &attributes, n_inputs, inputs);
}

aigc__id_t aigc__flip(aigc__graph_t *graph, aigc__id_t a, uint32_t axes)
{
    const aigc__attributes_t attributes = {.i = {own_axes(graph, a, axes)}};
    return append_one(graph, AIGC__OP_flip, &attributes, a);
}

aigc__id_t aigc__gather(aigc__graph_t *graph, aigc__id_t a, aigc__id_t indices)
{
    const aigc__attributes_t attributes = {0};
    return aigc__append(graph, AIGC__OP_gather, &attributes, 2, (aigc__id_t[]){a, indices});
}

aigc__id_t aigc__scatter_add(aigc__graph_t *graph, aigc__id_t a, aigc__id_t indices, int64_t rows)
{
    const aigc__attributes_t attributes = {.i = {rows}};
    return aigc__append(graph, AIGC__OP_scatter_add, &attributes, 2, (aigc__id_t[]){a, indices});
}

aigc__id_t aigc__one_hot(aigc__graph_t *graph, aigc__id_t indices, int64_t depth)
{
    const aigc__attributes_t attributes = {.i = {depth}};
    return append_one(graph, AIGC__OP_one_hot, &attributes, indices);
}

aigc__id_t aigc__cast(aigc__graph_t *graph, aigc__id_t a, aigc_dtype_t dtype)
{
    const aigc__attributes_t attributes = {.i = {dtype}};
    return append_one(graph, AIGC__OP_cast, &attributes, a);
}

aigc__id_t aigc__stop_gradient(aigc__graph_t *graph, aigc__id_t a)
{
    const aigc__attributes_t attributes = {0};
    return append_one(graph, AIGC__OP_stop_gradient, &attributes, a);
}

/* ---- products ---- */

aigc__id_t aigc__matmul(aigc__graph_t *graph, aigc__id_t a, aigc__id_t b, bool transpose_a, bool transpose_b)
{
    const aigc__attributes_t attributes = {.i = {transpose_a, transpose_b}};
    return aigc__append(graph, AIGC__OP_matmul, &attributes, 2, (aigc__id_t[]){a, b});
}

/* ---- convolutions ---- */

static aigc__attributes_t with_extent(const aigc__attributes_t *attributes, const aigc__shape_t *shape, uint32_t first)
{
    aigc__attributes_t result = *attributes;
    for (uint32_t k = 0; k < AIGC__SPATIAL; k++)
        result.i[AIGC__AT_EXTENT + k] = first && k + 2 < shape->rank ? shape->dims[first + k] : 0;
    return result;
}

aigc__id_t aigc__conv(aigc__graph_t *graph, aigc__id_t x, aigc__id_t w, const aigc__attributes_t *attributes)
{
    const aigc__shape_t none = {0};
    const aigc__attributes_t own = with_extent(attributes, &none, 0);
    return aigc__append(graph, AIGC__OP_conv, &own, 2, (aigc__id_t[]){x, w});
}

aigc__id_t aigc__conv_input_gradient(aigc__graph_t *graph, aigc__id_t y, aigc__id_t w,
                                     const aigc__attributes_t *attributes, const aigc__shape_t *x_shape)
{
    const aigc__attributes_t own = with_extent(attributes, x_shape, 1);
    return aigc__append(graph, AIGC__OP_conv_input_gradient, &own, 2, (aigc__id_t[]){y, w});
}

aigc__id_t aigc__conv_weight_gradient(aigc__graph_t *graph, aigc__id_t x, aigc__id_t y,
                                      const aigc__attributes_t *attributes, const aigc__shape_t *w_shape)
{
    const aigc__attributes_t own = with_extent(attributes, w_shape, 2);
    return aigc__append(graph, AIGC__OP_conv_weight_gradient, &own, 2, (aigc__id_t[]){x, y});
}
