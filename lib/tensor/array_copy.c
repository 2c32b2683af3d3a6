#include "tensor/array_copy.h"
#include "base/sizes.h"
#include <string.h>

enum { PIECE = 4096 }; /* bytes gathered at once where numbers change on the way */

/* A walk through the elements in row-major order. Dimensions of one element are left out, and neighbours that make
 * one even row together are one; the last one is walked by the inner loop. */
typedef struct walk {
    const uint8_t *at; /* the element that is next */
    size_t width;
    size_t rank; /* at least 1 */
    int64_t shape[AIGC_MAX_RANK], strides[AIGC_MAX_RANK], index[AIGC_MAX_RANK];
} walk_t;

static size_t width_of(const aigc__array_t *array) { return aigc__element_info(array->element)->bits / 8; }

/* Bytes from one element to the next along `axis`; dense strides cannot overflow once the shape was counted. */
static int64_t stride_of(const aigc__array_t *array, size_t axis)
{
    if (array->strides) return array->strides[axis];
    int64_t stride = (int64_t)width_of(array);
    for (size_t k = array->rank; --k > axis;) stride *= array->shape[k];
    return stride;
}

bool aigc__array_is_dense(const aigc__array_t *array)
{
    int64_t expected = (int64_t)width_of(array);
    for (size_t k = array->rank; k-- > 0 && array->strides;) {
        if (array->shape[k] == 0) return true;
        if (array->shape[k] != 1 && array->strides[k] != expected) return false;
        expected *= array->shape[k];
    }
    return true;
}

/* From the lowest byte to past the highest, relative to the first element; both must be addresses. After this no
 * offset of an element overflows. */
static aigc_status_t check_span(const aigc__array_t *array)
{
    int64_t low = 0, high = (int64_t)width_of(array), reach = 0;
    bool is_possible = true;
    for (size_t k = 0; k < array->rank; k++) {
        if (array->shape[k] == 1) continue;
        is_possible = is_possible && !__builtin_mul_overflow(array->shape[k] - 1, stride_of(array, k), &reach);
        int64_t *end = reach < 0 ? &low : &high;
        is_possible = is_possible && !__builtin_add_overflow(*end, reach, end);
    }
    const uintptr_t first = (uintptr_t)array->data;
    uintptr_t address = 0;
    is_possible = is_possible && !__builtin_add_overflow(first, low, &address) && address != 0 &&
                  !__builtin_add_overflow(first, high, &address);
    return is_possible ? AIGC_OK
                       : aigc__fail(AIGC_ERROR_ARGUMENT, "the array's strides lead outside of the address space");
}

static void begin_walk(walk_t *walk, const aigc__array_t *array)
{
    *walk = (walk_t){.at = array->data, .width = width_of(array)};
    for (size_t k = 0; k < array->rank; k++) {
        const int64_t n = array->shape[k], stride = stride_of(array, k);
        if (n == 1) continue;
        const size_t last = walk->rank;
        int64_t row = 0;
        if (last > 0 && !__builtin_mul_overflow(n, stride, &row) && walk->strides[last - 1] == row) {
            walk->shape[last - 1] *= n;
            walk->strides[last - 1] = stride;
            continue;
        }
        walk->shape[last] = n;
        walk->strides[last] = stride;
        walk->rank++;
    }
    if (walk->rank == 0) walk->shape[walk->rank++] = 1;
}

static void copy_run(uint8_t *to, const uint8_t *from, int64_t stride, size_t width, size_t n)
{
    if (stride == (int64_t)width) {
        memcpy(to, from, n * width);
        return;
    }
    /* Offsets, for the place past the last element may be no address. */
    switch (width) {
    case 1:
        for (size_t i = 0; i < n; i++) to[i] = from[(int64_t)i * stride];
        break;
    case 2:
        for (size_t i = 0; i < n; i++) memcpy(to + i * 2, from + (int64_t)i * stride, 2);
        break;
    case 4:
        for (size_t i = 0; i < n; i++) memcpy(to + i * 4, from + (int64_t)i * stride, 4);
        break;
    default:
        for (size_t i = 0; i < n; i++) memcpy(to + i * width, from + (int64_t)i * stride, width);
        break;
    }
}

/* Steps over `n` elements of the innermost row, which has so many left. */
static void step(walk_t *walk, int64_t n)
{
    size_t k = walk->rank - 1;
    int64_t offset = 0;
    walk->index[k] += n;
    if (walk->index[k] < walk->shape[k]) {
        walk->at += n * walk->strides[k];
        return;
    }
    offset = -(walk->index[k] - n) * walk->strides[k];
    walk->index[k] = 0;
    while (k-- > 0) {
        if (++walk->index[k] < walk->shape[k]) {
            offset += walk->strides[k];
            break;
        }
        walk->index[k] = 0;
        offset -= (walk->shape[k] - 1) * walk->strides[k];
    }
    walk->at += offset;
}

/* The next n elements, which there are, one after another to `to`. */
static void gather(walk_t *walk, uint8_t *to, size_t n)
{
    const size_t inner = walk->rank - 1;
    while (n > 0) {
        const size_t left = (size_t)(walk->shape[inner] - walk->index[inner]), now = n < left ? n : left;
        copy_run(to, walk->at, walk->strides[inner], walk->width, now);
        step(walk, (int64_t)now);
        to += now * walk->width;
        n -= now;
    }
}

static aigc_status_t fill(aigc_tensor_t *tensor, const aigc__array_t *array)
{
    const size_t element = aigc__dtype_bytes(tensor->dtype);
    walk_t walk;
    uint8_t piece[PIECE];
    begin_walk(&walk, array);
    if (aigc__element_is_plain(array->element)) {
        gather(&walk, tensor->data, tensor->count);
        if (array->is_big_endian)
            aigc__elements_decode(tensor->data, tensor->data, array->element, true, tensor->count);
        return AIGC_OK;
    }
    const size_t room = PIECE / walk.width;
    for (size_t done = 0, now; done < tensor->count; done += now) {
        now = tensor->count - done < room ? tensor->count - done : room;
        gather(&walk, piece, now);
        uint8_t *to = (uint8_t *)tensor->data + done * element;
        const size_t good = aigc__elements_decode(to, piece, array->element, array->is_big_endian, now);
        if (good < now)
            return aigc__fail(AIGC_ERROR_UNSUPPORTED, "element %zu is larger than a signed 64-bit number", done + good);
    }
    return AIGC_OK;
}

aigc_status_t aigc__array_copy(aigc_tensor_t **out, aigc_context_t *context, const aigc__array_t *array)
{
    aigc_tensor_t *tensor = NULL;
    size_t count = 0;
    AIGC__TRY(aigc__shape_count(array->rank, array->shape, &count));
    if (count > 0 && !array->data) return aigc__fail(AIGC_ERROR_ARGUMENT, "the array's data is NULL");
    if (count > 0) AIGC__TRY(check_span(array));
    AIGC__TRY(aigc__tensor_create_raw(&tensor, context, aigc__element_info(array->element)->dtype, array->rank,
                                      array->shape));
    const aigc_status_t status = count > 0 ? fill(tensor, array) : AIGC_OK;
    if (status == AIGC_OK)
        *out = tensor;
    else
        aigc__tensor_release(tensor);
    return status;
}
