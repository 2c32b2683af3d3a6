/* What a sum can be had for less. Sums to a single number are left alone but for the trivial cases: they become the
 * end of a tile program anyway. */
#include "graph/ops/reduction.h"

static bool is_map(const aigc__graph_t *graph, aigc__id_t id, aigc__map_t map)
{
    const aigc__value_t *value = aigc__graph_value(graph, id);
    return value->op == AIGC__OP_map && value->attributes.i[0] == (int64_t)map;
}

static aigc__id_t input_of(const aigc__graph_t *graph, aigc__id_t id, size_t k)
{
    return aigc__graph_value(graph, id)->inputs[k];
}

/* Whether it is the same along all axes that are summed, being broadcast there. */
static bool is_constant_along(const aigc__graph_t *graph, aigc__id_t id, int64_t axes)
{
    const aigc__value_t *value = aigc__graph_value(graph, id);
    if (value->op != AIGC__OP_broadcast) return false;
    const aigc__shape_t from = aigc__graph_shape(graph, value->inputs[0]);
    const uint32_t leading = value->shape.rank - from.rank;
    for (uint32_t k = leading; k < value->shape.rank; k++)
        if ((axes >> k & 1) && from.dims[k - leading] != 1) return false;
    return true;
}

/* Of a value that is constant along the axes: its numbers in the shape of the result. */
static aigc__id_t gathered(aigc__graph_t *graph, aigc__id_t id, const aigc__attributes_t *attributes,
                           const aigc__shape_t *result)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, id);
    const aigc__id_t kept = aigc__broadcast(graph, input_of(graph, id, 0), aigc__reduction_kept(attributes, &shape));
    return aigc__reshape(graph, kept, *result);
}

/* A factor as (x - m), m in the shape of the result; true where it is written so, else m is 0. */
static bool split(aigc__graph_t *graph, aigc__id_t factor, const aigc__attributes_t *attributes,
                  const aigc__shape_t *result, aigc__id_t *x, aigc__id_t *m)
{
    const bool is_split =
        is_map(graph, factor, AIGC__MAP_sub) && is_constant_along(graph, input_of(graph, factor, 1), attributes->i[0]);
    *x = is_split ? input_of(graph, factor, 0) : factor;
    *m = is_split ? gathered(graph, input_of(graph, factor, 1), attributes, result) : aigc__constant(graph, 0, *result);
    return is_split;
}

static aigc__id_t sum_of_product(aigc__graph_t *graph, aigc__id_t left, aigc__id_t right,
                                 const aigc__attributes_t *attributes, const aigc__shape_t *result)
{
    aigc__id_t in[4];
    const bool is_left = split(graph, left, attributes, result, &in[0], &in[1]);
    const bool is_right = split(graph, right, attributes, result, &in[2], &in[3]);
    if (!is_left && !is_right) return 0;
    return aigc__append(graph, AIGC__OP_sum_products, attributes, 4, in);
}

static aigc__id_t sum_again(aigc__graph_t *graph, const aigc__attributes_t *attributes, aigc__id_t a)
{
    return aigc__append(graph, AIGC__OP_sum, attributes, 1, &a);
}

/* A factor that is constant along the axes comes out of the sum; what is left is often a sum that is there already.
 * Products of centred numbers become sum_products, which needs no memory for them. Either may have a sign or a
 * number before it; alone these stay inside: to sum what they are applied to would take memory for that too. */
static aigc__id_t simplify_map(aigc__graph_t *graph, const aigc__attributes_t *attributes, aigc__id_t a,
                               const aigc__shape_t *result)
{
    const aigc__value_t *value = aigc__graph_value(graph, a);
    if (is_map(graph, a, AIGC__MAP_neg) || is_map(graph, a, AIGC__MAP_scale)) {
        const aigc__id_t inner = simplify_map(graph, attributes, value->inputs[0], result);
        return inner ? aigc__map1(graph, (aigc__map_t)value->attributes.i[0], inner, value->attributes.p[0]) : 0;
    }
    if (is_map(graph, a, AIGC__MAP_square))
        return sum_of_product(graph, value->inputs[0], value->inputs[0], attributes, result);
    if (!is_map(graph, a, AIGC__MAP_mul)) return 0;
    for (size_t k = 0; k < 2; k++)
        if (is_constant_along(graph, value->inputs[k], attributes->i[0]))
            return aigc__mul(graph, gathered(graph, value->inputs[k], attributes, result),
                             sum_again(graph, attributes, value->inputs[1 - k]));
    return sum_of_product(graph, value->inputs[0], value->inputs[1], attributes, result);
}

aigc__id_t aigc__sum_simplify(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                              const aigc__id_t *in)
{
    const aigc__value_t *a = aigc__graph_value(graph, in[0]);
    aigc__shape_t shape;
    aigc_dtype_t dtype;
    double count = 1;
    size_t results = 1;
    aigc__reduction_infer(attributes, n, &a, &shape, &dtype);
    if (aigc__reduction_is_reshape(attributes, &a->shape)) return aigc__reshape(graph, in[0], shape);
    for (uint32_t k = 0; k < shape.rank; k++) results *= (size_t)shape.dims[k];
    for (uint32_t k = 0; k < a->shape.rank; k++)
        if (attributes->i[0] >> k & 1) count *= (double)a->shape.dims[k];
    if (a->op == AIGC__OP_constant) return aigc__constant(graph, count > 0 ? count * a->attributes.p[0] : 0, shape);
    if (attributes->i[1]) { /* one form, so that equal sums are found equal */
        const aigc__attributes_t dropped = {.i = {attributes->i[0]}};
        return aigc__reshape(graph, sum_again(graph, &dropped, in[0]), shape);
    }
    return a->op == AIGC__OP_map && results > 1 ? simplify_map(graph, attributes, in[0], &shape) : 0;
}
