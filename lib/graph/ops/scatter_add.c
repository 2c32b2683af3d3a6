/* i[0] rows of zeros, to which the rows of the first input are added where the indices in the second
 * say, in their order; indices out of range are left out (their rows' gradient is NaN). The adjoint
 * of gather. */
#include "graph/step.h"
#include <string.h>

static const char *infer_scatter(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                 aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 2) return "it takes rows and indices";
    const aigc__shape_t *rows = &in[0]->shape, *indices = &in[1]->shape;
    if (in[0]->dtype != AIGC_DTYPE_F32) return "the rows must be f32";
    if (in[1]->dtype != AIGC_DTYPE_I32) return "the indices must be i32";
    if (rows->rank < indices->rank) return "there must be one row for each index";
    for (uint32_t k = 0; k < indices->rank; k++)
        if (rows->dims[k] != indices->dims[k]) return "there must be one row for each index";
    if (rows->rank - indices->rank + 1 > AIGC_MAX_RANK) return "the result would have more than six axes";
    shape->rank = 1;
    shape->dims[0] = attributes->i[0];
    for (uint32_t k = indices->rank; k < rows->rank; k++) shape->dims[shape->rank++] = rows->dims[k];
    *dtype = in[0]->dtype;
    return NULL;
}

static void gradient_scatter(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    if (want & 1) dx[0] = aigc__gather(graph, dy, aigc__graph_value(graph, value)->inputs[1]);
}

static size_t row_size(const aigc__shape_t *shape)
{
    size_t n = 1;
    for (uint32_t k = 1; k < shape->rank; k++) n *= (size_t)shape->dims[k];
    return n;
}

static void reference_scatter(const aigc__value_t *value, const aigc__value_t *const *in_values,
                              const double *const *in, double *out)
{
    const size_t width = row_size(&value->shape);
    const double rows = (double)value->shape.dims[0];
    for (size_t i = 0; i < in_values[0]->count; i++) {
        const double row = in[1][i / width];
        if (row >= 0 && row < rows) out[(size_t)row * width + i % width] += in[0][i];
    }
}

/* A tile owns some rows of the result and looks through all indices for them, so that each row's
 * additions stay in order; the number of tiles bounds how often the indices are read. */
enum { WIDTH, GROUP, MOST_TILES = 64 }; /* places in detail: elements of a row, rows in a tile */

static void prepare_scatter(aigc__step_t *step)
{
    const size_t width = row_size(&step->value->shape), rows = (size_t)step->value->shape.dims[0];
    size_t group = width > 0 && width < AIGC__TILE_ELEMENTS ? AIGC__TILE_ELEMENTS / width : 1;
    if (group < rows / MOST_TILES + 1) group = rows / MOST_TILES + 1;
    step->detail[WIDTH] = width;
    step->detail[GROUP] = group;
    step->tiles[0] = width == 0 ? 0 : aigc__parts(rows, group);
}

static void run_scatter(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const size_t width = step->detail[WIDTH], group = step->detail[GROUP], n = step->in_values[1]->count;
    const int64_t rows = step->value->shape.dims[0], first = (int64_t)(tile * group);
    const int64_t end = rows - first < (int64_t)group ? rows : first + (int64_t)group;
    const aigc__map_fn add = step->kernels->map[AIGC__MAP_add];
    const int32_t *indices = step->inputs[1];
    const float *a = step->inputs[0];
    float *y = (float *)step->output;
    (void)phase, (void)worker;
    memset(y + (size_t)first * width, 0, (size_t)(end - first) * width * sizeof *y);
    for (size_t i = 0; i < n; i++) {
        if (indices[i] < first || indices[i] >= end) continue;
        float *row = y + (size_t)indices[i] * width;
        add(row, row, a + i * width, NULL, width, 0);
    }
}

const aigc__op_t aigc__op_scatter_add = {
    .name = "scatter_add",
    .infer = infer_scatter,
    .gradient = gradient_scatter,
    .reference = reference_scatter,
    .prepare = prepare_scatter,
    .run = run_scatter,
};
