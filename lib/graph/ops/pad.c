/* Zeros around the input: i[k] before and i[6 + k] after it along axis k. The adjoint of slice. */
#include "graph/ops/strided.h"
#include <string.h>

static const char *infer_pad(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                             aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 1) return "it takes one input";
    *shape = in[0]->shape;
    *dtype = in[0]->dtype;
    for (uint32_t k = 0; k < shape->rank; k++) {
        const int64_t before = attributes->i[k], after = attributes->i[AIGC_MAX_RANK + k];
        if (before < 0 || after < 0 || before > INT32_MAX || after > INT32_MAX) return "padding is 0..2^31-1";
        shape->dims[k] += before + after;
    }
    return NULL;
}

static void gradient_pad(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const aigc__shape_t from = aigc__graph_shape(graph, y->inputs[0]);
    aigc__attributes_t attributes = {0};
    (void)want;
    for (uint32_t k = 0; k < from.rank; k++) {
        attributes.i[k] = y->attributes.i[k];
        attributes.i[AIGC_MAX_RANK + k] = from.dims[k];
    }
    dx[0] = aigc__append(graph, AIGC__OP_slice, &attributes, 1, &dy);
}

static aigc__id_t simplify_pad(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                               const aigc__id_t *in)
{
    const aigc__value_t *a = aigc__graph_value(graph, in[0]);
    aigc__attributes_t merged = *attributes;
    int64_t total = 0;
    (void)n;
    for (uint32_t k = 0; k < 2 * AIGC_MAX_RANK; k++) total += attributes->i[k];
    if (total == 0) return in[0];
    if (a->op != AIGC__OP_pad) return 0;
    for (uint32_t k = 0; k < 2 * AIGC_MAX_RANK; k++) merged.i[k] += a->attributes.i[k];
    return aigc__append(graph, AIGC__OP_pad, &merged, 1, a->inputs);
}

static void reference_pad(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                          double *out)
{
    ptrdiff_t strides[AIGC_MAX_RANK] = {0};
    size_t index[AIGC_MAX_RANK] = {0};
    aigc__row_strides(&value->shape, strides);
    for (size_t i = 0; i < in_values[0]->count; i++) {
        ptrdiff_t at = 0;
        aigc__unravel(&in_values[0]->shape, i, index);
        for (uint32_t k = 0; k < value->shape.rank; k++)
            at += ((ptrdiff_t)index[k] + (ptrdiff_t)value->attributes.i[k]) * strides[k];
        out[at] = in[0][i];
    }
}

/* Axes that are not padded merge with the one before them, so that rows are long. */
typedef struct padding {
    size_t rank;
    size_t dims[AIGC_MAX_RANK], before[AIGC_MAX_RANK], inner[AIGC_MAX_RANK]; /* output's, zeros before, input's */
} padding_t;

_Static_assert(sizeof(padding_t) <= sizeof(((aigc__step_t *)0)->detail), "it fits into a step's detail");

static void prepare_pad(aigc__step_t *step)
{
    const aigc__value_t *value = step->value;
    padding_t p = {0};
    for (uint32_t k = 0; k < value->shape.rank; k++) {
        const size_t dim = (size_t)value->shape.dims[k], before = (size_t)value->attributes.i[k];
        const size_t inner = (size_t)step->in_values[0]->shape.dims[k];
        if (p.rank > 0 && inner == dim) {
            p.dims[p.rank - 1] *= dim;
            p.before[p.rank - 1] *= dim;
            p.inner[p.rank - 1] *= dim;
        } else {
            p.dims[p.rank] = dim;
            p.before[p.rank] = before;
            p.inner[p.rank++] = inner;
        }
    }
    if (p.rank == 0) p = (padding_t){.rank = 1, .dims = {1}, .inner = {1}};
    memcpy(step->detail, &p, sizeof p);
    step->tiles[0] = aigc__tile_count(value->count);
}

/* The input row that output row `row` holds; false where it is all zeros. */
static bool find_row(const padding_t *p, size_t row, size_t *out)
{
    size_t stride = 1, at = 0;
    for (size_t k = p->rank - 1; k-- > 0;) {
        const size_t index = row % p->dims[k];
        if (index < p->before[k] || index - p->before[k] >= p->inner[k]) return false;
        at += (index - p->before[k]) * stride;
        stride *= p->inner[k];
        row /= p->dims[k];
    }
    *out = at;
    return true;
}

/* Columns [from, to) of an output row. */
static void pad_row(const padding_t *p, float *y, const float *a, size_t row, size_t from, size_t to)
{
    const size_t last = p->rank - 1, begin = p->before[last], end = begin + p->inner[last];
    const size_t first = from > begin ? from : begin, stop = to < end ? to : end;
    size_t source;
    if (first >= stop || !find_row(p, row, &source)) {
        memset(y, 0, (to - from) * sizeof *y);
        return;
    }
    memset(y, 0, (first - from) * sizeof *y);
    memcpy(y + (first - from), a + source * p->inner[last] + (first - begin), (stop - first) * sizeof *y);
    memset(y + (stop - from), 0, (to - stop) * sizeof *y);
}

static void run_pad(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    padding_t p;
    (void)phase, (void)worker;
    memcpy(&p, step->detail, sizeof p);
    const size_t width = p.dims[p.rank - 1];
    size_t at = aigc__tile_first(tile);
    const size_t end = at + aigc__tile_size(step->value->count, tile);
    while (at < end) {
        const size_t row = at / width, from = at % width, left = end - at;
        const size_t to = width - from < left ? width : from + left;
        pad_row(&p, (float *)step->output + at, step->inputs[0], row, from, to);
        at += to - from;
    }
}

const aigc__op_t aigc__op_pad = {
    .name = "pad",
    .infer = infer_pad,
    .gradient = gradient_pad,
    .simplify = simplify_pad,
    .reference = reference_pad,
    .prepare = prepare_pad,
    .run = run_pad,
};
