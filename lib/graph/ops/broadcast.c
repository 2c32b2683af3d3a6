/* NumPy's broadcast to a larger shape. Attributes: the shape. The adjoint of sum. */
#include "graph/ops/strided.h"

static const char *infer_broadcast(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                   aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 1) return "it takes one input";
    const aigc__shape_t *from = &in[0]->shape;
    *shape = aigc__attributes_shape(attributes);
    *dtype = in[0]->dtype;
    if (shape->rank > AIGC_MAX_RANK) return "the new shape has more than six axes";
    if (shape->rank < from->rank) return "the new shape has fewer axes";
    for (uint32_t k = 0; k < from->rank; k++) {
        const int64_t to = shape->dims[shape->rank - from->rank + k];
        if (from->dims[k] != 1 && from->dims[k] != to) return "an axis that is not of size 1 would change";
    }
    return NULL;
}

static void gradient_broadcast(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const aigc__shape_t from = aigc__graph_shape(graph, y->inputs[0]);
    const uint32_t leading = y->shape.rank - from.rank;
    uint32_t axes = (1u << leading) - 1, inner = 0;
    (void)want;
    for (uint32_t k = 0; k < from.rank; k++)
        if (from.dims[k] != y->shape.dims[leading + k]) inner |= 1u << (leading + k);
    axes |= inner;
    /* Without inner axes the sum has the right shape at once. */
    dx[0] = aigc__reshape(graph, aigc__sum(graph, dy, axes, inner != 0), from);
}

static aigc__id_t simplify_broadcast(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                                     const aigc__id_t *in)
{
    const aigc__shape_t shape = aigc__attributes_shape(attributes);
    const aigc__value_t *a = aigc__graph_value(graph, in[0]);
    (void)n;
    if (aigc__shape_equal(&shape, &a->shape)) return in[0];
    if (a->op == AIGC__OP_constant) return aigc__constant(graph, a->attributes.p[0], shape);
    if (a->op == AIGC__OP_broadcast) return aigc__broadcast(graph, a->inputs[0], shape);
    for (uint32_t k = 0; k < shape.rank - a->shape.rank; k++)
        if (shape.dims[k] != 1) return 0;
    for (uint32_t k = 0; k < a->shape.rank; k++)
        if (shape.dims[shape.rank - a->shape.rank + k] != a->shape.dims[k]) return 0;
    return aigc__reshape(graph, in[0], shape);
}

static aigc__strided_t view_of(const aigc__value_t *value, const aigc__value_t *input)
{
    const uint32_t leading = value->shape.rank - input->shape.rank;
    ptrdiff_t strides[AIGC_MAX_RANK] = {0}, broadcast[AIGC_MAX_RANK] = {0};
    aigc__row_strides(&input->shape, strides);
    for (uint32_t k = 0; k < input->shape.rank; k++)
        broadcast[leading + k] = input->shape.dims[k] == 1 ? 0 : strides[k];
    return aigc__strided_of(&value->shape, broadcast, 0);
}

static void reference_broadcast(const aigc__value_t *value, const aigc__value_t *const *in_values,
                                const double *const *in, double *out)
{
    const aigc__strided_t view = view_of(value, in_values[0]);
    aigc__strided_reference(&view, in[0], out, value->count);
}

static void prepare_broadcast(aigc__step_t *step)
{
    const aigc__strided_t view = view_of(step->value, step->in_values[0]);
    aigc__strided_prepare(step, &view);
}

const aigc__op_t aigc__op_broadcast = {
    .name = "broadcast",
    .infer = infer_broadcast,
    .gradient = gradient_broadcast,
    .simplify = simplify_broadcast,
    .reference = reference_broadcast,
    .prepare = prepare_broadcast,
    .run = aigc__strided_run,
};
