/* Where along axis i[0] the largest is, the first of equals; a NaN counts as the largest. */
#include "graph/step.h"
#include <math.h>

static const char *infer_argmax(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    const int64_t axis = attributes->i[0];
    if (n != 1) return "it takes one input";
    if (in[0]->dtype != AIGC_DTYPE_F32) return "the input must be f32";
    if (axis < 0 || axis >= in[0]->shape.rank) return "there is no such axis";
    if (in[0]->shape.dims[axis] == 0) return "there is no largest of nothing";
    shape->rank = 0;
    for (uint32_t k = 0; k < in[0]->shape.rank; k++)
        if (k != axis) shape->dims[shape->rank++] = in[0]->shape.dims[k];
    *dtype = AIGC_DTYPE_I32;
    return NULL;
}

static size_t elements_after(const aigc__shape_t *shape, int64_t axis)
{
    size_t n = 1;
    for (int64_t k = axis + 1; k < shape->rank; k++) n *= (size_t)shape->dims[k];
    return n;
}

static void reference_argmax(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                             double *out)
{
    const int64_t axis = value->attributes.i[0];
    const size_t inner = elements_after(&in_values[0]->shape, axis), n = (size_t)in_values[0]->shape.dims[axis];
    for (size_t i = 0; i < value->count; i++) {
        const double *a = in[0] + i / inner * n * inner + i % inner;
        size_t best = 0;
        for (size_t k = 1; k < n; k++)
            if (a[k * inner] > a[best * inner] || (isnan(a[k * inner]) && !isnan(a[best * inner]))) best = k;
        out[i] = (double)best;
    }
}

enum { INNER, LENGTH, GROUP }; /* places in detail: stride and length of the axis, results in a tile */

static void prepare_argmax(aigc__step_t *step)
{
    const aigc__shape_t *shape = &step->in_values[0]->shape;
    const int64_t axis = step->value->attributes.i[0];
    const size_t n = (size_t)shape->dims[axis], group = n < AIGC__TILE_ELEMENTS ? AIGC__TILE_ELEMENTS / n : 1;
    step->detail[INNER] = elements_after(shape, axis);
    step->detail[LENGTH] = n;
    step->detail[GROUP] = group;
    step->tiles[0] = aigc__parts(step->value->count, group);
}

static void run_argmax(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const size_t inner = step->detail[INNER], n = step->detail[LENGTH], group = step->detail[GROUP];
    int32_t *y = (int32_t *)step->output;
    (void)phase, (void)worker;
    for (size_t i = tile * group; i < step->value->count && i < (tile + 1) * group; i++) {
        const float *a = (const float *)step->inputs[0] + i / inner * n * inner + i % inner;
        size_t best = 0;
        for (size_t k = 1; k < n; k++)
            if (a[k * inner] > a[best * inner] || (isnan(a[k * inner]) && !isnan(a[best * inner]))) best = k;
        y[i] = (int32_t)best;
    }
}

const aigc__op_t aigc__op_argmax = {
    .name = "argmax",
    .flags = AIGC__OP_NO_GRADIENT,
    .infer = infer_argmax,
    .reference = reference_argmax,
    .prepare = prepare_argmax,
    .run = run_argmax,
};
