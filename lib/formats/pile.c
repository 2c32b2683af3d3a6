#include "formats/pile.h"
#include "base/sizes.h"
#include <inttypes.h>

enum { LEAST_BYTES = 512 };

aigc_status_t aigc__pile_grow(aigc__budget_t *budget, void **array, size_t *room, size_t wanted, size_t each)
{
    size_t bytes = 0;
    if (wanted <= *room) return AIGC_OK;
    size_t more = *room + *room / 2;
    if (more < LEAST_BYTES / each) more = LEAST_BYTES / each;
    if (more < wanted) more = wanted;
    AIGC__TRY(aigc__bytes_of(more, each, &bytes));
    const uint64_t used = budget->used - (uint64_t)*room * each + bytes;
    if (used > budget->limit)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: what the file says takes more than %" PRIu64 " bytes of memory",
                          budget->name, budget->limit);
    AIGC__TRY(aigc__memory_resize(budget->memory, bytes, array));
    *room = more;
    budget->used = used;
    return AIGC_OK;
}

aigc_status_t aigc__texts_add(aigc__texts_t *texts, aigc__budget_t *budget, size_t length, size_t *place)
{
    void *data = texts->data;
    size_t end = 0;
    AIGC__TRY(aigc__bytes_sum(texts->used + 1, length, &end));
    AIGC__TRY(aigc__pile_grow(budget, &data, &texts->room, end, 1));
    texts->data = data;
    texts->data[end - 1] = '\0';
    *place = texts->used;
    texts->used = end;
    return AIGC_OK;
}
