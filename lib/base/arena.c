#include "base/arena.h"
#include "base/sizes.h"
#include <stdint.h>
#include <string.h>

struct aigc__arena_chunk {
    aigc__arena_chunk_t *next;
    size_t used, size; /* bytes from the start of the chunk, this header included */
};

enum { ALIGNMENT = 16, FIRST_CHUNK = 4096, LAST_CHUNK = 1 << 18 };
#define HEADER ((sizeof(aigc__arena_chunk_t) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)

void aigc__arena_init(aigc__arena_t *arena, aigc__memory_t *memory)
{
    arena->memory = memory;
    arena->chunks = NULL;
}

/* Chunks double up to a size, so that small arenas stay small and large ones need few blocks. */
static aigc_status_t add_chunk(aigc__arena_t *arena, size_t bytes)
{
    size_t size = arena->chunks ? arena->chunks->size : FIRST_CHUNK / 2;
    size = size >= LAST_CHUNK / 2 ? LAST_CHUNK : size * 2;
    size_t needed = 0;
    AIGC__TRY(aigc__bytes_sum(bytes, HEADER, &needed));
    if (size < needed) size = needed;
    void *block = NULL;
    AIGC__TRY(aigc__memory_alloc(arena->memory, size, &block));
    aigc__arena_chunk_t *chunk = block;
    *chunk = (aigc__arena_chunk_t){.next = arena->chunks, .used = HEADER, .size = size};
    arena->chunks = chunk;
    return AIGC_OK;
}

aigc_status_t aigc__arena_alloc(aigc__arena_t *arena, size_t bytes, void **out)
{
    size_t rounded = 0;
    AIGC__TRY(aigc__bytes_sum(bytes ? bytes : 1, ALIGNMENT - 1, &rounded));
    rounded = rounded / ALIGNMENT * ALIGNMENT;
    const aigc__arena_chunk_t *first = arena->chunks;
    if (!first || first->size - first->used < rounded) AIGC__TRY(add_chunk(arena, rounded));
    aigc__arena_chunk_t *chunk = arena->chunks;
    *out = memset((uint8_t *)chunk + chunk->used, 0, rounded);
    chunk->used += rounded;
    return AIGC_OK;
}

aigc_status_t aigc__arena_copy_string(aigc__arena_t *arena, const char *text, size_t length, const char **out)
{
    size_t bytes = 0;
    void *copy = NULL;
    AIGC__TRY(aigc__bytes_sum(length, 1, &bytes));
    AIGC__TRY(aigc__arena_alloc(arena, bytes, &copy));
    memcpy(copy, text, length);
    *out = copy;
    return AIGC_OK;
}

void aigc__arena_free(aigc__arena_t *arena)
{
    while (arena->chunks) {
        aigc__arena_chunk_t *next = arena->chunks->next;
        aigc__memory_free(arena->memory, arena->chunks);
        arena->chunks = next;
    }
}
