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
    .simplify = aigc__sum_simplify,
    .reference = reference_sum,
    .prepare = aigc__reduction_prepare,
    .run = aigc__reduction_run,
};
