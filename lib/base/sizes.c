#include "base/sizes.h"
#include "base/memory.h"
#include <inttypes.h>

enum { MAX_RANK = 6, MAX_ELEMENT_BYTES = 8 };

aigc_status_t aigc__shape_count(size_t rank, const int64_t *shape, size_t *count)
{
    if (rank > MAX_RANK) return aigc__fail(AIGC_ERROR_ARGUMENT, "a shape of rank %zu; at most %d is possible", rank, MAX_RANK);
    if (rank > 0 && !shape) return aigc__fail(AIGC_ERROR_ARGUMENT, "the shape is NULL and its rank %zu", rank);
    const uint64_t limit = (SIZE_MAX >> 2) / MAX_ELEMENT_BYTES;
    size_t product = 1;
    bool is_empty = false;
    for (size_t i = 0; i < rank; i++) {
        if (shape[i] < 0 || shape[i] > INT32_MAX)
            return aigc__fail(AIGC_ERROR_ARGUMENT, "dimension %zu of a shape is %" PRId64 "; expected 0..%" PRId32, i, shape[i],
                              INT32_MAX);
        is_empty |= shape[i] == 0;
        if (shape[i] != 0 && (!aigc__size_multiply(product, (size_t)shape[i], &product) || product > limit))
            return aigc__fail(AIGC_ERROR_LIMIT, "a shape of more than %" PRIu64 " elements", limit);
    }
    *count = is_empty ? 0 : product;
    return AIGC_OK;
}

aigc_status_t aigc__bytes_of(size_t count, size_t element_bytes, size_t *bytes)
{
    if (aigc__size_multiply(count, element_bytes, bytes)) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_LIMIT, "%zu elements of %zu bytes are more than memory can address", count, element_bytes);
}

aigc_status_t aigc__bytes_sum(size_t a, size_t b, size_t *bytes)
{
    if (aigc__size_add(a, b, bytes)) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_LIMIT, "%zu and %zu bytes together are more than memory can address", a, b);
}

aigc_status_t aigc__bytes_aligned(size_t bytes, size_t *out)
{
    size_t sum = 0;
    AIGC__TRY(aigc__bytes_sum(bytes, AIGC__ALIGNMENT - 1, &sum));
    *out = sum / AIGC__ALIGNMENT * AIGC__ALIGNMENT;
    return AIGC_OK;
}
