/* The one place where sizes are multiplied and added. */
#ifndef AIGC_BASE_SIZES_H
#define AIGC_BASE_SIZES_H

#include "base/failure.h"

/* false where the true result does not fit in size_t (then *out is undefined) */
static inline bool aigc__size_multiply(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool aigc__size_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }

/* Elements of a shape: each dimension 0..2^31-1, rank 0..6, the product of the non-zero dimensions
 * and its bytes below 2^62. AIGC_ERROR_ARGUMENT (rank, negative), AIGC_ERROR_LIMIT (too many). */
aigc_status_t aigc__shape_count(size_t rank, const int64_t *shape, size_t *count);

/* Bytes of `count` elements of `element_bytes`, and of the sum of two sizes; AIGC_ERROR_LIMIT. */
aigc_status_t aigc__bytes_of(size_t count, size_t element_bytes, size_t *bytes);
aigc_status_t aigc__bytes_sum(size_t a, size_t b, size_t *bytes);

/* Next multiple of 64; AIGC_ERROR_LIMIT. */
aigc_status_t aigc__bytes_aligned(size_t bytes, size_t *out);

#endif
