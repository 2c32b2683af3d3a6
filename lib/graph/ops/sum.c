/* The sum over some axes, 0 over nothing. The adjoint of broadcast. */
#include "graph/ops/reduction.h"

static void gradient_sum(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const aigc__shape_t from = aigc__graph_shape(graph, y->inputs[0]);
    const aigc__id_t kept = aigc__reshape(graph, dy, aigc__reduction_kept(&y->attributes, &from));
    (void)want;
    dx[0] = aigc__broadcast(graph, kept, from);
}

static aigc__id_t simplify_sum(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                               const aigc__id_t *in)
{
    const aigc__value_t *a = aigc__graph_value(graph, in[0]);
    aigc__shape_t shape;
    aigc_dtype_t dtype;
    double count = 1;
    aigc__reduction_infer(attributes, n, &a, &shape, &dtype);
    if (aigc__reduction_is_reshape(attributes, &a->shape)) return aigc__reshape(graph, in[0], shape);
    if (a->op != AIGC__OP_constant) return 0;
    for (uint32_t k = 0; k < a->shape.rank; k++)
        if (attributes->i[0] >> k & 1) count *= (double)a->shape.dims[k];
    return aigc__constant(graph, count > 0 ? count * a->attributes.p[0] : 0, shape);
}

static void reference_sum(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                          double *out)
{
    for (size_t i = 0; i < in_values[0]->count; i++)
        out[aigc__reduction_target(&value->attributes, &in_values[0]->shape, i)] += in[0][i];
}

const aigc__op_t aigc__op_sum = {
    .name = "sum",
    .infer = aigc__reduction_infer,
    .gradient = gradient_sum,
    .simplify = simplify_sum,
    .reference = reference_sum,
    .prepare = aigc__reduction_prepare,
    .run = aigc__reduction_run,
};
