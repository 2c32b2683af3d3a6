/* The largest over some axes; NaN if any is. The gradient is shared evenly by equals. */
#include "graph/ops/reduction.h"
#include <math.h>

static const char *infer_max_over(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                  aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    const char *wrong = aigc__reduction_infer(attributes, n, in, shape, dtype);
    for (uint32_t k = 0; !wrong && k < in[0]->shape.rank; k++)
        if ((attributes->i[0] >> k & 1) && in[0]->shape.dims[k] == 0) wrong = "there is no largest of nothing";
    return wrong;
}

static void gradient_max_over(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const aigc__shape_t from = aigc__graph_shape(graph, y->inputs[0]);
    const aigc__shape_t kept = aigc__reduction_kept(&y->attributes, &from);
    const aigc__id_t is_largest = aigc__map2(graph, AIGC__MAP_equal, y->inputs[0], aigc__reshape(graph, value, kept));
    const aigc__id_t equals = aigc__sum(graph, is_largest, (uint32_t)y->attributes.i[0], true);
    (void)want;
    dx[0] = aigc__mul(graph, is_largest, aigc__div(graph, aigc__reshape(graph, dy, kept), equals));
}

static aigc__id_t simplify_max_over(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                                    const aigc__id_t *in)
{
    const aigc__value_t *a = aigc__graph_value(graph, in[0]);
    aigc__shape_t shape;
    aigc_dtype_t dtype;
    aigc__reduction_infer(attributes, n, &a, &shape, &dtype);
    if (a->op == AIGC__OP_constant) return aigc__constant(graph, a->attributes.p[0], shape);
    return aigc__reduction_is_reshape(attributes, &a->shape) ? aigc__reshape(graph, in[0], shape) : 0;
}

static void reference_max_over(const aigc__value_t *value, const aigc__value_t *const *in_values,
                               const double *const *in, double *out)
{
    for (size_t i = 0; i < value->count; i++) out[i] = -INFINITY;
    for (size_t i = 0; i < in_values[0]->count; i++) {
        double *y = &out[aigc__reduction_target(&value->attributes, &in_values[0]->shape, i)];
        if (in[0][i] > *y || isnan(in[0][i])) *y = in[0][i];
    }
}

const aigc__op_t aigc__op_max_over = {
    .name = "max_over",
    .infer = infer_max_over,
    .gradient = gradient_max_over,
    .simplify = simplify_max_over,
    .reference = reference_max_over,
    .prepare = aigc__reduction_prepare,
    .run = aigc__reduction_run,
};
