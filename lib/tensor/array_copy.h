/* Arrays of any layout, as other programs hold them, made tensors. */
#ifndef AIGC_TENSOR_ARRAY_COPY_H
#define AIGC_TENSOR_ARRAY_COPY_H

#include "tensor/elements.h"

typedef struct aigc__array {
    const void *data; /* the first element; need not be aligned */
    aigc__element_t element;
    bool is_big_endian;
    size_t rank;
    const int64_t *shape;
    const int64_t *strides; /* in bytes, of any sign; NULL: dense and row-major */
} aigc__array_t;

/* A new tensor of the element's dtype. AIGC_ERROR_ARGUMENT: no data, or strides that leave the address space;
 * AIGC_ERROR_UNSUPPORTED: no such dtype, or a number that does not fit; AIGC_ERROR_LIMIT; AIGC_ERROR_MEMORY. */
aigc_status_t aigc__array_copy(aigc_tensor_t **out, aigc_context_t *context, const aigc__array_t *array);

/* Whether the elements lie as a tensor of that shape would have them. */
bool aigc__array_is_dense(const aigc__array_t *array);

#endif
