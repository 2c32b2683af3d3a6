/* Memory: every byte goes through one of these, counted and capped. */
#ifndef AIGC_BASE_MEMORY_H
#define AIGC_BASE_MEMORY_H

#include "base/failure.h"
#include <aigc/context.h>
#include <stdatomic.h>

typedef struct aigc__memory {
    aigc_allocator_t allocator;
    uint64_t limit; /* bytes, 0: none */
    _Atomic uint64_t live, peak;
} aigc__memory_t;

enum { AIGC__ALIGNMENT = 64 };

/* `allocator` NULL: malloc and free. */
void aigc__memory_init(aigc__memory_t *memory, const aigc_allocator_t *allocator, uint64_t limit);

/* A block of `bytes`, aligned to 64, contents undefined. bytes 0 gives a valid block. Thread-safe.
 * AIGC_ERROR_MEMORY; AIGC_ERROR_LIMIT with both figures. */
aigc_status_t aigc__memory_alloc(aigc__memory_t *memory, size_t bytes, void **out);
aigc_status_t aigc__memory_alloc_zeroed(aigc__memory_t *memory, size_t bytes, void **out);

/* Grow or shrink, keeping contents; on failure `*block` stays as it was. `*block` NULL: a new one. */
aigc_status_t aigc__memory_resize(aigc__memory_t *memory, size_t bytes, void **block);

/* NULL is fine. Thread-safe. */
void aigc__memory_free(aigc__memory_t *memory, void *block);

/* A copy of a string. */
aigc_status_t aigc__memory_copy_string(aigc__memory_t *memory, const char *text, char **out);

#endif
