/* What a kernel is timed with: memory to work in, numbers to work on, the CPU level asked for. */
#ifndef AIGC_TESTS_WORKLOAD_H
#define AIGC_TESTS_WORKLOAD_H

#include "base/memory.h"
#include "bench.h"
#include "kernels/kernels.h"

/* Zeroed, of memory's own; a benchmark without memory has nothing to say, so it ends. */
static inline void *workload_block(aigc__memory_t *memory, size_t bytes)
{
    void *out = NULL;
    if (aigc__memory_alloc_zeroed(memory, bytes, &out) != AIGC_OK) {
        fprintf(stderr, "%s\n", aigc__failure_text());
        exit(1);
    }
    return out;
}

/* n numbers in [-1/8, 1/8), the same in every run. */
static inline float *workload_numbers(aigc__memory_t *memory, size_t n)
{
    float *out = workload_block(memory, n * sizeof(float));
    for (size_t i = 0; i < n; i++) out[i] = (float)((int)((uint32_t)i * 2654435761u >> 24) - 128) / 1024;
    return out;
}

/* The best level of this CPU for NULL; NULL for a name this build or CPU does not have. */
static inline const aigc__kernels_t *workload_kernels(const char *name)
{
    if (!name) return aigc__kernels_best();
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = aigc__kernels_get((aigc__cpu_level_t)level);
        if (kernels && aigc__cpu_has(kernels->level) && strcmp(kernels->name, name) == 0) return kernels;
    }
    return NULL;
}

#endif
