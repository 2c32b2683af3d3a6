#include "graph/ops/strided.h"
#include <string.h>

_Static_assert(sizeof(aigc__strided_t) <= sizeof(((aigc__step_t *)0)->detail),
               "a strided view fits into a step's detail");

void aigc__row_strides(const aigc__shape_t *shape, ptrdiff_t strides[AIGC_MAX_RANK])
{
    ptrdiff_t stride = 1;
    for (size_t k = shape->rank; k-- > 0;) {
        strides[k] = stride;
        stride *= shape->dims[k];
    }
}

void aigc__unravel(const aigc__shape_t *shape, size_t linear, size_t index[AIGC_MAX_RANK])
{
    for (size_t k = shape->rank; k-- > 0;) {
        const size_t dim = (size_t)shape->dims[k];
        index[k] = linear % dim;
        linear /= dim;
    }
}

aigc__strided_t aigc__strided_of(const aigc__shape_t *shape, const ptrdiff_t *strides, size_t base)
{
    aigc__strided_t strided = {.rank = shape->rank, .base = base};
    for (size_t k = 0; k < shape->rank; k++) {
        strided.dims[k] = (size_t)shape->dims[k];
        strided.strides[k] = strides[k];
    }
    return strided;
}

size_t aigc__strided_at(const aigc__strided_t *strided, size_t linear)
{
    ptrdiff_t at = (ptrdiff_t)strided->base;
    for (size_t k = strided->rank; k-- > 0;) {
        at += (ptrdiff_t)(linear % strided->dims[k]) * strided->strides[k];
        linear /= strided->dims[k];
    }
    return (size_t)at;
}

void aigc__strided_collapse(aigc__strided_t *strided)
{
    size_t rank = 0;
    for (size_t k = 0; k < strided->rank; k++) {
        const size_t dim = strided->dims[k];
        const ptrdiff_t stride = strided->strides[k];
        if (dim == 1) continue;
        if (rank > 0 && strided->strides[rank - 1] == (ptrdiff_t)dim * stride) {
            strided->dims[rank - 1] *= dim;
            strided->strides[rank - 1] = stride;
        } else {
            strided->dims[rank] = dim;
            strided->strides[rank++] = stride;
        }
    }
    if (rank == 0) {
        strided->dims[0] = 1;
        strided->strides[rank++] = 1;
    }
    strided->rank = rank;
}

static void copy_piece(float *y, const float *a, ptrdiff_t stride, size_t n)
{
    if (stride == 1) {
        memcpy(y, a, n * sizeof *y);
    } else if (stride == 0) {
        const float value = *a;
        for (size_t i = 0; i < n; i++) y[i] = value;
    } else {
        for (size_t i = 0; i < n; i++) y[i] = a[(ptrdiff_t)i * stride];
    }
}

void aigc__strided_copy(const aigc__strided_t *strided, float *y, const float *a, size_t first, size_t n)
{
    const size_t last = strided->rank - 1, row = strided->dims[last];
    const ptrdiff_t stride = strided->strides[last];
    size_t index[AIGC_MAX_RANK] = {0}, rest = first;
    ptrdiff_t at = (ptrdiff_t)strided->base;
    for (size_t k = strided->rank; k-- > 0;) {
        index[k] = rest % strided->dims[k];
        rest /= strided->dims[k];
        if (k < last) at += (ptrdiff_t)index[k] * strided->strides[k];
    }
    for (size_t column = index[last]; n > 0; column = 0) {
        const size_t piece = row - column < n ? row - column : n;
        copy_piece(y, a + at + (ptrdiff_t)column * stride, stride, piece);
        y += piece;
        n -= piece;
        for (size_t k = last; k-- > 0;) {
            at += strided->strides[k];
            if (++index[k] < strided->dims[k]) break;
            at -= (ptrdiff_t)strided->dims[k] * strided->strides[k];
            index[k] = 0;
        }
    }
}

void aigc__strided_reference(const aigc__strided_t *strided, const double *a, double *y, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = a[aigc__strided_at(strided, i)];
}

void aigc__strided_prepare(aigc__step_t *step, const aigc__strided_t *strided)
{
    aigc__strided_t collapsed = *strided;
    aigc__strided_collapse(&collapsed);
    memcpy(step->detail, &collapsed, sizeof collapsed);
    step->tiles[0] = aigc__tile_count(step->value->count);
}

void aigc__strided_run(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const size_t first = aigc__tile_first(tile);
    aigc__strided_t strided;
    (void)phase, (void)worker;
    memcpy(&strided, step->detail, sizeof strided);
    aigc__strided_copy(&strided, (float *)step->output + first, step->inputs[0], first,
                       aigc__tile_size(step->value->count, tile));
}

void aigc__copy_prepare(aigc__step_t *step) { step->tiles[0] = aigc__tile_count(step->value->count); }

void aigc__copy_run(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const size_t first = aigc__tile_first(tile);
    (void)phase, (void)worker;
    memcpy((float *)step->output + first, (const float *)step->inputs[0] + first,
           aigc__tile_size(step->value->count, tile) * sizeof(float));
}
