/* A new last axis of i[0] places: 1 at the index, 0 elsewhere; all 0 for an index out of range. */
#include "graph/step.h"
#include <string.h>

static const char *infer_one_hot(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                 aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 1) return "it takes indices";
    if (in[0]->dtype != AIGC_DTYPE_I32) return "the indices must be i32";
    if (in[0]->shape.rank == AIGC_MAX_RANK) return "the result would have more than six axes";
    *shape = in[0]->shape;
    shape->dims[shape->rank++] = attributes->i[0];
    *dtype = AIGC_DTYPE_F32;
    return NULL;
}

static void reference_one_hot(const aigc__value_t *value, const aigc__value_t *const *in_values,
                              const double *const *in, double *out)
{
    const size_t depth = (size_t)value->attributes.i[0];
    (void)in_values;
    for (size_t i = 0; i < value->count; i++) out[i] = in[0][i / depth] == (double)(i % depth) ? 1 : 0;
}

static void prepare_one_hot(aigc__step_t *step)
{
    const size_t depth = (size_t)step->value->attributes.i[0], rows = step->in_values[0]->count;
    const size_t group = depth > 0 && depth < AIGC__TILE_ELEMENTS ? AIGC__TILE_ELEMENTS / depth : 1;
    step->detail[0] = group;
    step->tiles[0] = depth == 0 ? 0 : aigc__parts(rows, group);
}

static void run_one_hot(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const size_t depth = (size_t)step->value->attributes.i[0], rows = step->in_values[0]->count;
    const size_t first = tile * step->detail[0], end = rows - first < step->detail[0] ? rows : first + step->detail[0];
    const int32_t *indices = step->inputs[0];
    float *y = (float *)step->output;
    (void)phase, (void)worker;
    memset(y + first * depth, 0, (end - first) * depth * sizeof *y);
    for (size_t i = first; i < end; i++)
        if (indices[i] >= 0 && (size_t)indices[i] < depth) y[i * depth + (size_t)indices[i]] = 1;
}

const aigc__op_t aigc__op_one_hot = {
    .name = "one_hot",
    .flags = AIGC__OP_NO_GRADIENT,
    .infer = infer_one_hot,
    .reference = reference_one_hot,
    .prepare = prepare_one_hot,
    .run = run_one_hot,
};
