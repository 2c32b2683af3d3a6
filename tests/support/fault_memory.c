#include "support/fault_memory.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t LIVE = 0x6c69766521212121, GUARD = 0x6775617264212121;

/* Before each block; 32 bytes keep the alignment to 16 and give none to 64. */
typedef struct header {
    uint64_t state, bytes, unused[2];
} header_t;

static void *fault_alloc(size_t bytes, void *user)
{
    test_memory_t *memory = user;
    const size_t number = atomic_fetch_add(&memory->allocations, 1) + 1;
    const bool is_hit = memory->fail_from_then ? number >= memory->fail_at : number == memory->fail_at;
    if (memory->fail_at && is_hit) return NULL;
    uint8_t *block = malloc(sizeof(header_t) + bytes + sizeof GUARD);
    if (!block) return NULL;
    const header_t header = {.state = LIVE, .bytes = bytes};
    memcpy(block, &header, sizeof header);
    memset(block + sizeof header, 0xA5, bytes);
    memcpy(block + sizeof header + bytes, &GUARD, sizeof GUARD);
    atomic_fetch_add(&memory->blocks, 1);
    atomic_fetch_add(&memory->bytes, bytes);
    return block + sizeof header;
}

static void fault_free(void *block, size_t bytes, void *user)
{
    test_memory_t *memory = user;
    header_t *header = (header_t *)(void *)((uint8_t *)block - sizeof(header_t));
    const bool is_right = header->state == LIVE && header->bytes == bytes;
    if (!is_right || memcmp((uint8_t *)block + bytes, &GUARD, sizeof GUARD) != 0) atomic_fetch_add(&memory->mistakes, 1);
    if (!is_right) return;
    header->state = 0;
    memset(block, 0xDD, bytes);
    atomic_fetch_sub(&memory->blocks, 1);
    atomic_fetch_sub(&memory->bytes, bytes);
    free(header);
}

void test_memory_init(test_memory_t *memory)
{
    memset(memory, 0, sizeof *memory);
    memory->allocator = (aigc_allocator_t){.struct_size = sizeof(aigc_allocator_t), .alloc = fault_alloc, .free = fault_free,
                                           .user = memory};
}

void test_memory_fail(test_memory_t *memory, size_t at, bool from_then)
{
    atomic_store(&memory->allocations, 0);
    memory->fail_at = at;
    memory->fail_from_then = from_then;
}
