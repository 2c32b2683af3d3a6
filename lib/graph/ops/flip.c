/* The input with the order along some axes reversed. i[0]: the axes as bits. Its own adjoint. */
#include "graph/ops/strided.h"

static const char *infer_flip(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                              aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 1) return "it takes one input";
    if (attributes->i[0] < 0 || attributes->i[0] >> in[0]->shape.rank) return "an axis lies outside the rank";
    *shape = in[0]->shape;
    *dtype = in[0]->dtype;
    return NULL;
}

static void gradient_flip(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    (void)want;
    dx[0] = aigc__append(graph, AIGC__OP_flip, &aigc__graph_value(graph, value)->attributes, 1, &dy);
}

static aigc__id_t simplify_flip(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                                const aigc__id_t *in)
{
    const aigc__value_t *a = aigc__graph_value(graph, in[0]);
    aigc__attributes_t needed = *attributes;
    (void)n;
    for (uint32_t k = 0; k < a->shape.rank; k++)
        if (a->shape.dims[k] <= 1) needed.i[0] &= ~(INT64_C(1) << k);
    if (needed.i[0] == 0 || a->op == AIGC__OP_constant) return in[0];
    if (a->op == AIGC__OP_flip) {
        needed.i[0] ^= a->attributes.i[0];
        return aigc__append(graph, AIGC__OP_flip, &needed, 1, a->inputs);
    }
    return needed.i[0] == attributes->i[0] ? 0 : aigc__append(graph, AIGC__OP_flip, &needed, 1, in);
}

static aigc__strided_t view_of(const aigc__value_t *value)
{
    ptrdiff_t strides[AIGC_MAX_RANK] = {0}, base = 0;
    aigc__row_strides(&value->shape, strides);
    for (uint32_t k = 0; k < value->shape.rank; k++) {
        if (!(value->attributes.i[0] >> k & 1)) continue;
        base += ((ptrdiff_t)value->shape.dims[k] - 1) * strides[k];
        strides[k] = -strides[k];
    }
    return aigc__strided_of(&value->shape, strides, (size_t)base);
}

static void reference_flip(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                           double *out)
{
    const aigc__strided_t view = view_of(value);
    (void)in_values;
    aigc__strided_reference(&view, in[0], out, value->count);
}

static void prepare_flip(aigc__step_t *step)
{
    const aigc__strided_t view = view_of(step->value);
    aigc__strided_prepare(step, &view);
}

const aigc__op_t aigc__op_flip = {
    .name = "flip",
    .infer = infer_flip,
    .gradient = gradient_flip,
    .simplify = simplify_flip,
    .reference = reference_flip,
    .prepare = prepare_flip,
    .run = aigc__strided_run,
};
