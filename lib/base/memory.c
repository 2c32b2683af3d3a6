#include "base/memory.h"
#include "base/sizes.h"
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Lies in the 64 bytes before each block:
 *   the allocator's block | padding to 64 | header, 64 bytes | the bytes handed out */
typedef struct header {
    void *block;
    size_t block_bytes, bytes;
} header_t;

/* Allocators align to 16, so at most 48 bytes of padding. */
enum { OVERHEAD = AIGC__ALIGNMENT + AIGC__ALIGNMENT - 16 };

static void *system_alloc(size_t bytes, void *user)
{
    (void)user;
    return malloc(bytes);
}

static void system_free(void *block, size_t bytes, void *user)
{
    (void)bytes;
    (void)user;
    free(block);
}

static header_t *header_of(void *block) { return (header_t *)(void *)((uint8_t *)block - AIGC__ALIGNMENT); }

void aigc__memory_init(aigc__memory_t *memory, const aigc_allocator_t *allocator, uint64_t limit)
{
    memory->allocator = allocator ? *allocator
                                  : (aigc_allocator_t){.struct_size = sizeof(aigc_allocator_t),
                                                       .alloc = system_alloc,
                                                       .free = system_free};
    memory->limit = limit;
    atomic_init(&memory->live, 0);
    atomic_init(&memory->peak, 0);
}

/* Counts the bytes before they exist, so that threads together cannot pass the limit. */
static aigc_status_t reserve(aigc__memory_t *memory, size_t bytes)
{
    uint64_t live = atomic_load_explicit(&memory->live, memory_order_relaxed);
    do {
        if (memory->limit && (live > memory->limit || bytes > memory->limit - live))
            return aigc__fail(AIGC_ERROR_LIMIT,
                              "%zu bytes more would pass the memory limit of %" PRIu64 " bytes, of which %" PRIu64
                              " are in use",
                              bytes, memory->limit, live);
    } while (!atomic_compare_exchange_weak_explicit(&memory->live, &live, live + bytes, memory_order_relaxed,
                                                    memory_order_relaxed));
    return AIGC_OK;
}

static void raise_peak(aigc__memory_t *memory)
{
    const uint64_t live = atomic_load_explicit(&memory->live, memory_order_relaxed);
    uint64_t peak = atomic_load_explicit(&memory->peak, memory_order_relaxed);
    while (peak < live && !atomic_compare_exchange_weak_explicit(&memory->peak, &peak, live, memory_order_relaxed,
                                                                 memory_order_relaxed)) {
    }
}

aigc_status_t aigc__memory_alloc(aigc__memory_t *memory, size_t bytes, void **out)
{
    if (bytes > PTRDIFF_MAX - OVERHEAD)
        return aigc__fail(AIGC_ERROR_LIMIT, "%zu bytes are more than memory can address", bytes);
    const size_t block_bytes = bytes + OVERHEAD;
    AIGC__TRY(reserve(memory, block_bytes));
    uint8_t *block = memory->allocator.alloc(block_bytes, memory->allocator.user);
    if (!block) {
        atomic_fetch_sub_explicit(&memory->live, block_bytes, memory_order_relaxed);
        return aigc__fail(AIGC_ERROR_MEMORY, "no memory for %zu bytes; %" PRIu64 " are in use", bytes,
                          atomic_load_explicit(&memory->live, memory_order_relaxed));
    }
    raise_peak(memory);
    const size_t padding = (AIGC__ALIGNMENT - (uintptr_t)block % AIGC__ALIGNMENT) % AIGC__ALIGNMENT;
    uint8_t *bytes_out = block + padding + AIGC__ALIGNMENT;
    *header_of(bytes_out) = (header_t){.block = block, .block_bytes = block_bytes, .bytes = bytes};
    *out = bytes_out;
    return AIGC_OK;
}

aigc_status_t aigc__memory_alloc_zeroed(aigc__memory_t *memory, size_t bytes, void **out)
{
    AIGC__TRY(aigc__memory_alloc(memory, bytes, out));
    memset(*out, 0, bytes);
    return AIGC_OK;
}

aigc_status_t aigc__memory_resize(aigc__memory_t *memory, size_t bytes, void **block)
{
    void *grown = NULL;
    AIGC__TRY(aigc__memory_alloc(memory, bytes, &grown));
    if (*block) {
        const size_t old = header_of(*block)->bytes;
        memcpy(grown, *block, old < bytes ? old : bytes);
        aigc__memory_free(memory, *block);
    }
    *block = grown;
    return AIGC_OK;
}

void aigc__memory_free(aigc__memory_t *memory, void *block)
{
    if (!block) return;
    const header_t header = *header_of(block);
    memory->allocator.free(header.block, header.block_bytes, memory->allocator.user);
    atomic_fetch_sub_explicit(&memory->live, header.block_bytes, memory_order_relaxed);
}

aigc_status_t aigc__memory_copy_string(aigc__memory_t *memory, const char *text, char **out)
{
    const size_t bytes = strlen(text) + 1;
    void *copy = NULL;
    AIGC__TRY(aigc__memory_alloc(memory, bytes, &copy));
    memcpy(copy, text, bytes);
    *out = copy;
    return AIGC_OK;
}
