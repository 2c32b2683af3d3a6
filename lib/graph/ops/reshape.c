/* The same numbers under another shape of as many elements. Attributes: the shape. */
#include "graph/ops/strided.h"

static const char *infer_reshape(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                 aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 1) return "it takes one input";
    *shape = aigc__attributes_shape(attributes);
    if (shape->rank > AIGC_MAX_RANK) return "the new shape has more than six axes";
    size_t count = 1;
    for (uint32_t k = 0; k < shape->rank; k++)
        if (shape->dims[k] < 0 || __builtin_mul_overflow(count, (size_t)shape->dims[k], &count))
            return "the new shape is no shape of as many elements";
    if (count != in[0]->count) return "the new shape has another number of elements";
    *dtype = in[0]->dtype;
    return NULL;
}

static void gradient_reshape(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    (void)want;
    dx[0] = aigc__reshape(graph, dy, aigc__graph_shape(graph, aigc__graph_value(graph, value)->inputs[0]));
}

static aigc__id_t simplify_reshape(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                                   const aigc__id_t *in)
{
    const aigc__shape_t shape = aigc__attributes_shape(attributes);
    const aigc__value_t *a = aigc__graph_value(graph, in[0]);
    (void)n;
    if (aigc__shape_equal(&shape, &a->shape)) return in[0];
    if (a->op == AIGC__OP_constant) return aigc__constant(graph, a->attributes.p[0], shape);
    if (a->op == AIGC__OP_reshape) return aigc__reshape(graph, a->inputs[0], shape);
    return 0;
}

static void reference_reshape(const aigc__value_t *value, const aigc__value_t *const *in_values,
                              const double *const *in, double *out)
{
    (void)in_values;
    for (size_t i = 0; i < value->count; i++) out[i] = in[0][i];
}

const aigc__op_t aigc__op_reshape = {
    .name = "reshape",
    .flags = AIGC__OP_ALIAS,
    .infer = infer_reshape,
    .gradient = gradient_reshape,
    .simplify = simplify_reshape,
    .reference = reference_reshape,
    .prepare = aigc__copy_prepare,
    .run = aigc__copy_run,
};
