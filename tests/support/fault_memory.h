/* An allocator that counts, checks and fails on request. */
#ifndef AIGC_TEST_FAULT_MEMORY_H
#define AIGC_TEST_FAULT_MEMORY_H

#include <aigc/context.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Hand `allocator` to the library. New blocks are full of 0xA5, freed ones of 0xDD. */
typedef struct test_memory {
    aigc_allocator_t allocator;
    size_t fail_at;      /* allocation number, from 1, that fails; 0: none */
    bool fail_from_then; /* and all after it */
    _Atomic size_t allocations, blocks, bytes; /* asked for so far; live now */
    _Atomic size_t mistakes; /* freed with another size, twice, or written past the end */
} test_memory_t;

void test_memory_init(test_memory_t *memory);
/* Counts allocations from 1 again and sets which one fails. */
void test_memory_fail(test_memory_t *memory, size_t at, bool from_then);

#endif
