/* The input itself, through which nothing flows back. */
#include "graph/ops/strided.h"

static const char *infer_stop(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                              aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    (void)attributes;
    if (n != 1) return "it takes one input";
    *shape = in[0]->shape;
    *dtype = in[0]->dtype;
    return NULL;
}

static aigc__id_t simplify_stop(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                                const aigc__id_t *in)
{
    (void)attributes, (void)n;
    const uint16_t op = aigc__graph_value(graph, in[0])->op;
    return aigc__op(op)->flags & AIGC__OP_NO_GRADIENT ? in[0] : 0;
}

static void reference_stop(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                           double *out)
{
    (void)in_values;
    for (size_t i = 0; i < value->count; i++) out[i] = in[0][i];
}

const aigc__op_t aigc__op_stop_gradient = {
    .name = "stop_gradient",
    .flags = AIGC__OP_ALIAS | AIGC__OP_NO_GRADIENT,
    .infer = infer_stop,
    .simplify = simplify_stop,
    .reference = reference_stop,
    .prepare = aigc__copy_prepare,
    .run = aigc__copy_run,
};
