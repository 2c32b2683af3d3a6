/* An arena: many small blocks that are freed together. Blocks never move. */
#ifndef AIGC_BASE_ARENA_H
#define AIGC_BASE_ARENA_H

#include "base/memory.h"

typedef struct aigc__arena_chunk aigc__arena_chunk_t;

typedef struct aigc__arena {
    aigc__memory_t *memory;
    aigc__arena_chunk_t *chunks;
} aigc__arena_t;

void aigc__arena_init(aigc__arena_t *arena, aigc__memory_t *memory);
/* Aligned to 16, zeroed. */
aigc_status_t aigc__arena_alloc(aigc__arena_t *arena, size_t bytes, void **out);
aigc_status_t aigc__arena_copy_string(aigc__arena_t *arena, const char *text, size_t length, const char **out);
void aigc__arena_free(aigc__arena_t *arena);

#endif
