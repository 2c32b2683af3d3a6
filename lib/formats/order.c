#include "formats/order.h"
#include <string.h>

static void merge(uint32_t *to, const uint32_t *from, size_t middle, size_t end, aigc__compare_fn compare,
                  const void *things)
{
    size_t a = 0, b = middle;
    for (size_t i = 0; i < end; i++) {
        const int take_a = a < middle && (b >= end || compare(things, from[a], from[b]) <= 0);
        to[i] = take_a ? from[a++] : from[b++];
    }
}

void aigc__order(uint32_t *order, uint32_t *scratch, size_t n, aigc__compare_fn compare, const void *things)
{
    size_t rising = n > 0 ? 1 : 0;
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    while (rising < n && compare(things, order[rising - 1], order[rising]) <= 0) rising++;
    if (rising == n) return;

    uint32_t *from = order, *to = scratch;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t i = 0; i < n; i += 2 * width) {
            const size_t left = n - i, middle = left < width ? left : width, end = left < 2 * width ? left : 2 * width;
            merge(to + i, from + i, middle, end, compare, things);
        }
        uint32_t *const swap = from;
        from = to;
        to = swap;
    }
    if (from != order) memcpy(order, from, n * sizeof *order);
}
