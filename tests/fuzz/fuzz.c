#include "fuzz.h"
#include "kernels/kernels.h"
#include "support/fault_memory.h"
#include <string.h>

static test_memory_t memory;
static aigc_context_t *context;
static size_t idle_blocks;

enum { MEMORY_LIMIT = 64 << 20, FAILING_ONE_IN = 8, FAILING_AT_MOST = 40 };

static uint32_t hash(const uint8_t *data, size_t size)
{
    uint32_t value = 2166136261u;
    for (size_t i = 0; i < size; i++) value = (value ^ data[i]) * 16777619u;
    return value ^ value >> 15;
}

aigc_context_t *fuzz_begin(aigc__source_t *source, const uint8_t *data, size_t size)
{
    if (!context) {
        test_memory_init(&memory);
        if (aigc__context_create(&context, &memory.allocator, 1, MEMORY_LIMIT, AIGC__CPU_C,
                                 aigc__kernels_get(AIGC__CPU_C)))
            __builtin_trap();
        idle_blocks = memory.blocks;
    }
    const uint32_t value = hash(data, size);
    test_memory_fail(&memory, value % FAILING_ONE_IN == 0 ? 1 + value / FAILING_ONE_IN % FAILING_AT_MOST : 0, false);
    aigc__source_from_memory(source, "fuzz-input", data, size);
    return context;
}

void fuzz_end(aigc_status_t status)
{
    const bool may_be = status == AIGC_OK || status == AIGC_ERROR_CORRUPT || status == AIGC_ERROR_UNSUPPORTED ||
                        status == AIGC_ERROR_LIMIT || (status == AIGC_ERROR_MEMORY && memory.fail_at);
    const size_t length = strlen(aigc__failure_text());
    if (!may_be || memory.blocks != idle_blocks || memory.mistakes) __builtin_trap();
    if (status != AIGC_OK && (length == 0 || length > 511)) __builtin_trap();
}
