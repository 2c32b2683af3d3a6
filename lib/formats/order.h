/* Sorting places instead of things: stable, no recursion, no allocation, n log n whatever the input. */
#ifndef AIGC_FORMATS_ORDER_H
#define AIGC_FORMATS_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* Negative, 0 or positive: how thing a stands to thing b. */
typedef int (*aigc__compare_fn)(const void *things, uint32_t a, uint32_t b);

/* order[0..n) becomes the places 0..n-1 sorted; `scratch` holds n. */
void aigc__order(uint32_t *order, uint32_t *scratch, size_t n, aigc__compare_fn compare, const void *things);

#endif
