/* Rows of the first input by the indices in the second; a row of NaN for an index out of range. The
 * adjoint of scatter_add. */
#include "graph/step.h"
#include <math.h>
#include <string.h>

static const char *infer_gather(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    (void)attributes;
    if (n != 2) return "it takes rows and indices";
    const aigc__shape_t *rows = &in[0]->shape, *indices = &in[1]->shape;
    if (in[0]->dtype != AIGC_DTYPE_F32) return "the rows must be f32";
    if (in[1]->dtype != AIGC_DTYPE_I32) return "the indices must be i32";
    if (rows->rank < 1) return "a single number has no rows";
    if (indices->rank + rows->rank - 1 > AIGC_MAX_RANK) return "the result would have more than six axes";
    *shape = *indices;
    for (uint32_t k = 1; k < rows->rank; k++) shape->dims[shape->rank++] = rows->dims[k];
    *dtype = in[0]->dtype;
    return NULL;
}

static void gradient_gather(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    if (want & 1) dx[0] = aigc__scatter_add(graph, dy, y->inputs[1], aigc__graph_shape(graph, y->inputs[0]).dims[0]);
}

static size_t row_size(const aigc__shape_t *rows)
{
    size_t n = 1;
    for (uint32_t k = 1; k < rows->rank; k++) n *= (size_t)rows->dims[k];
    return n;
}

static void reference_gather(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                             double *out)
{
    const size_t width = row_size(&in_values[0]->shape);
    const double rows = (double)in_values[0]->shape.dims[0];
    for (size_t i = 0; i < value->count; i++) {
        const double row = in[1][i / width];
        out[i] = row >= 0 && row < rows ? in[0][(size_t)row * width + i % width] : NAN;
    }
}

enum { WIDTH, GROUP }; /* places in detail: elements of a row, rows in a tile */

static void prepare_gather(aigc__step_t *step)
{
    const size_t width = row_size(&step->in_values[0]->shape), n = step->in_values[1]->count;
    step->detail[WIDTH] = width;
    step->detail[GROUP] = width > 0 && width < AIGC__TILE_ELEMENTS ? AIGC__TILE_ELEMENTS / width : 1;
    step->tiles[0] = width == 0 ? 0 : aigc__parts(n, step->detail[GROUP]);
}

static void run_gather(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const size_t width = step->detail[WIDTH], group = step->detail[GROUP], n = step->in_values[1]->count;
    const int32_t *indices = step->inputs[1];
    const float *a = step->inputs[0];
    float *y = (float *)step->output;
    (void)phase, (void)worker;
    for (size_t i = tile * group; i < n && i < (tile + 1) * group; i++) {
        if (indices[i] >= 0 && indices[i] < step->in_values[0]->shape.dims[0])
            memcpy(y + i * width, a + (size_t)indices[i] * width, width * sizeof *y);
        else
            step->kernels->fill(y + i * width, NAN, width);
    }
}

const aigc__op_t aigc__op_gather = {
    .name = "gather",
    .infer = infer_gather,
    .gradient = gradient_gather,
    .reference = reference_gather,
    .prepare = prepare_gather,
    .run = run_gather,
};
