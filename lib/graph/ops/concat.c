/* The inputs one after another along axis i[0]. */
#include "graph/step.h"
#include <string.h>

static const char *infer_concat(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    const int64_t axis = attributes->i[0];
    if (n == 0) return "there are no parts";
    *shape = in[0]->shape;
    *dtype = in[0]->dtype;
    if (axis < 0 || axis >= shape->rank) return "there is no such axis";
    for (size_t i = 1; i < n; i++) {
        if (in[i]->dtype != *dtype) return "the dtypes differ";
        if (in[i]->shape.rank != shape->rank) return "the ranks differ";
        for (uint32_t k = 0; k < shape->rank; k++)
            if (k != axis && in[i]->shape.dims[k] != shape->dims[k]) return "the shapes differ along another axis";
        shape->dims[axis] += in[i]->shape.dims[axis];
    }
    return NULL;
}

static void gradient_concat(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const uint32_t axis = (uint32_t)y->attributes.i[0];
    int64_t start = 0;
    for (size_t i = 0; i < y->n_inputs; i++) {
        const int64_t length = aigc__graph_shape(graph, y->inputs[i]).dims[axis];
        if (want >> i & 1) dx[i] = aigc__slice(graph, dy, axis, start, length);
        start += length;
    }
}

static aigc__id_t simplify_concat(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                                  const aigc__id_t *in)
{
    (void)graph, (void)attributes;
    return n == 1 ? in[0] : 0;
}

/* Elements after an axis, itself included. */
static size_t elements_from(const aigc__shape_t *shape, int64_t axis)
{
    size_t n = 1;
    for (int64_t k = axis; k < shape->rank; k++) n *= (size_t)shape->dims[k];
    return n;
}

static void reference_concat(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                             double *out)
{
    const size_t row = elements_from(&value->shape, value->attributes.i[0]);
    size_t start = 0;
    for (size_t i = 0; i < value->n_inputs; i++) {
        const size_t part = elements_from(&in_values[i]->shape, value->attributes.i[0]);
        for (size_t j = 0; j < in_values[i]->count; j++) out[j / part * row + start + j % part] = in[i][j];
        start += part;
    }
}

static void prepare_concat(aigc__step_t *step)
{
    for (size_t i = 0; i < step->n_inputs; i++)
        step->detail[i] = elements_from(&step->in_values[i]->shape, step->value->attributes.i[0]);
    step->tiles[0] = aigc__tile_count(step->value->count);
}

static void run_concat(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    size_t row = 0, at = aigc__tile_first(tile), end = at + aigc__tile_size(step->value->count, tile);
    (void)phase, (void)worker;
    for (size_t i = 0; i < step->n_inputs; i++) row += step->detail[i];
    while (at < end) {
        size_t i = 0, column = at % row;
        while (column >= step->detail[i]) column -= step->detail[i++];
        const size_t part = step->detail[i], piece = part - column < end - at ? part - column : end - at;
        memcpy((float *)step->output + at, (const float *)step->inputs[i] + at / row * part + column,
               piece * sizeof(float));
        at += piece;
    }
}

const aigc__op_t aigc__op_concat = {
    .name = "concat",
    .infer = infer_concat,
    .gradient = gradient_concat,
    .simplify = simplify_concat,
    .reference = reference_concat,
    .prepare = prepare_concat,
    .run = run_concat,
};
