/* Arrays that grow under one budget: what a small file can make a reader hold is bounded by its size. */
#ifndef AIGC_FORMATS_PILE_H
#define AIGC_FORMATS_PILE_H

#include "base/memory.h"

typedef struct aigc__budget {
    aigc__memory_t *memory;
    const char *name; /* of the file, for messages */
    uint64_t used, limit;
} aigc__budget_t;

/* Makes room in an array for `wanted` things of `each` bytes; `*room` is how many it has. AIGC_ERROR_LIMIT where the
 * budget's arrays would be larger than it allows. */
aigc_status_t aigc__pile_grow(aigc__budget_t *budget, void **array, size_t *room, size_t wanted, size_t each);

/* Texts, zero-terminated, one after the other; a place is an offset. */
typedef struct aigc__texts {
    char *data;
    size_t used, room;
} aigc__texts_t;

/* Room for a text of `length` bytes and its zero, which is written; `*place` is where it begins. */
aigc_status_t aigc__texts_add(aigc__texts_t *texts, aigc__budget_t *budget, size_t length, size_t *place);

#endif
