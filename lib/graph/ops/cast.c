/* Between f32 and i32; i[0]: the dtype. To i32: towards zero, saturating, NaN gives 0. Whole numbers
 * have no derivative, so nothing flows back. */
#include "graph/step.h"
#include <math.h>

static const char *infer_cast(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                              aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 1) return "it takes one input";
    if (attributes->i[0] != AIGC_DTYPE_F32 && attributes->i[0] != AIGC_DTYPE_I32) return "values are f32 or i32";
    *shape = in[0]->shape;
    *dtype = (aigc_dtype_t)attributes->i[0];
    return NULL;
}

static aigc__id_t simplify_cast(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                                const aigc__id_t *in)
{
    (void)n;
    return aigc__graph_value(graph, in[0])->dtype == attributes->i[0] ? in[0] : 0;
}

static double to_whole(double a)
{
    if (isnan(a)) return 0;
    if (a >= INT32_MAX) return INT32_MAX;
    return a <= INT32_MIN ? INT32_MIN : trunc(a);
}

static void reference_cast(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                           double *out)
{
    (void)in_values;
    for (size_t i = 0; i < value->count; i++) out[i] = value->dtype == AIGC_DTYPE_I32 ? to_whole(in[0][i]) : in[0][i];
}

static void prepare_cast(aigc__step_t *step) { step->tiles[0] = aigc__tile_count(step->value->count); }

static void run_cast(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const size_t first = aigc__tile_first(tile), n = aigc__tile_size(step->value->count, tile);
    (void)phase, (void)worker;
    if (step->value->dtype == AIGC_DTYPE_I32) {
        const float *a = (const float *)step->inputs[0] + first;
        int32_t *y = (int32_t *)step->output + first;
        for (size_t i = 0; i < n; i++) y[i] = (int32_t)to_whole((double)a[i]);
    } else {
        const int32_t *a = (const int32_t *)step->inputs[0] + first;
        float *y = (float *)step->output + first;
        for (size_t i = 0; i < n; i++) y[i] = (float)a[i];
    }
}

const aigc__op_t aigc__op_cast = {
    .name = "cast",
    .flags = AIGC__OP_NO_GRADIENT,
    .infer = infer_cast,
    .simplify = simplify_cast,
    .reference = reference_cast,
    .prepare = prepare_cast,
    .run = run_cast,
};
