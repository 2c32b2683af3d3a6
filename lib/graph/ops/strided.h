/* Walking dense arrays by strides: what permute, broadcast, slice, flip and the references share. */
#ifndef AIGC_GRAPH_OPS_STRIDED_H
#define AIGC_GRAPH_OPS_STRIDED_H

#include "graph/step.h"

/* Output element (i0, i1, ...) is input element base + i0 * strides[0] + i1 * strides[1] + ... */
typedef struct aigc__strided {
    size_t rank, base;
    size_t dims[AIGC_MAX_RANK];
    ptrdiff_t strides[AIGC_MAX_RANK];
} aigc__strided_t;

/* Elements from one index of an axis to the next. */
void aigc__row_strides(const aigc__shape_t *shape, ptrdiff_t strides[AIGC_MAX_RANK]);
/* The indices of element number `linear`. */
void aigc__unravel(const aigc__shape_t *shape, size_t linear, size_t index[AIGC_MAX_RANK]);
/* The strided view with the shape's dims, the given strides and base. */
aigc__strided_t aigc__strided_of(const aigc__shape_t *shape, const ptrdiff_t *strides, size_t base);
/* Input element of output element `linear`. */
size_t aigc__strided_at(const aigc__strided_t *strided, size_t linear);
/* Drops axes of size 1 and merges what can be walked as one; rank at least 1 after. */
void aigc__strided_collapse(aigc__strided_t *strided);
/* y[0..n) = output elements [first, first + n); elements of four bytes. */
void aigc__strided_copy(const aigc__strided_t *strided, float *y, const float *a, size_t first, size_t n);
void aigc__strided_reference(const aigc__strided_t *strided, const double *a, double *y, size_t n);

/* For ops that are nothing but a strided copy of their first input: the view goes into step->detail. */
void aigc__strided_prepare(aigc__step_t *step, const aigc__strided_t *strided);
void aigc__strided_run(const aigc__step_t *step, size_t phase, size_t tile, size_t worker);

/* For aliases where a copy is needed after all. */
void aigc__copy_prepare(aigc__step_t *step);
void aigc__copy_run(const aigc__step_t *step, size_t phase, size_t tile, size_t worker);

#endif
