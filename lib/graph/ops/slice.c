/* A box of the input: from i[k], i[6 + k] long along axis k. The adjoint of pad. */
#include "graph/ops/strided.h"

static const char *infer_slice(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                               aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 1) return "it takes one input";
    *shape = in[0]->shape;
    *dtype = in[0]->dtype;
    for (uint32_t k = 0; k < shape->rank; k++) {
        const int64_t start = attributes->i[k], length = attributes->i[AIGC_MAX_RANK + k];
        if (start < 0 || length < 0 || start > shape->dims[k] || length > shape->dims[k] - start)
            return "the slice reaches outside";
        shape->dims[k] = length;
    }
    return NULL;
}

static void gradient_slice(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const aigc__shape_t from = aigc__graph_shape(graph, y->inputs[0]);
    int64_t after[AIGC_MAX_RANK] = {0};
    (void)want;
    for (uint32_t k = 0; k < from.rank; k++) after[k] = from.dims[k] - y->attributes.i[k] - y->shape.dims[k];
    dx[0] = aigc__pad(graph, dy, y->attributes.i, after);
}

static aigc__id_t simplify_slice(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                                 const aigc__id_t *in)
{
    const aigc__value_t *a = aigc__graph_value(graph, in[0]);
    const aigc__shape_t shape = aigc__shape_of(a->shape.rank, attributes->i + AIGC_MAX_RANK);
    aigc__attributes_t merged = *attributes;
    (void)n;
    if (aigc__shape_equal(&shape, &a->shape)) return in[0];
    if (a->op == AIGC__OP_constant) return aigc__constant(graph, a->attributes.p[0], shape);
    if (a->op != AIGC__OP_slice) return 0;
    for (uint32_t k = 0; k < shape.rank; k++) merged.i[k] += a->attributes.i[k];
    return aigc__append(graph, AIGC__OP_slice, &merged, 1, a->inputs);
}

static aigc__strided_t view_of(const aigc__value_t *value, const aigc__value_t *input)
{
    ptrdiff_t strides[AIGC_MAX_RANK] = {0}, base = 0;
    aigc__row_strides(&input->shape, strides);
    for (uint32_t k = 0; k < input->shape.rank; k++) base += (ptrdiff_t)value->attributes.i[k] * strides[k];
    return aigc__strided_of(&value->shape, strides, (size_t)base);
}

static void reference_slice(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                            double *out)
{
    const aigc__strided_t view = view_of(value, in_values[0]);
    aigc__strided_reference(&view, in[0], out, value->count);
}

static void prepare_slice(aigc__step_t *step)
{
    const aigc__strided_t view = view_of(step->value, step->in_values[0]);
    aigc__strided_prepare(step, &view);
}

const aigc__op_t aigc__op_slice = {
    .name = "slice",
    .infer = infer_slice,
    .gradient = gradient_slice,
    .simplify = simplify_slice,
    .reference = reference_slice,
    .prepare = prepare_slice,
    .run = aigc__strided_run,
};
