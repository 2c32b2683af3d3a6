/* A tensor's numbers: gathered from its storage, dense and row-major, and turned to what is asked for. */
#include "base/sizes.h"
#include "formats/weight_files.h"
#include <string.h>

enum { WINDOW = 1 << 16 };

static size_t width_of(const aigc__weights_entry_t *entry) { return aigc__element_info(entry->element)->bits / 8; }

uint64_t aigc__weights_bytes(const aigc__weights_entry_t *entry)
{
    return entry->count * aigc__element_info(entry->element)->bits / 8;
}

static aigc_status_t read_bytes(aigc_weights_t *weights, const aigc__weights_entry_t *entry, uint64_t place, void *to,
                                size_t bytes)
{
    return weights->format->read(weights->file, entry->storage, entry->first + place, to, bytes);
}

static void turn_bytes(uint8_t *raw, size_t width, size_t n)
{
    for (size_t i = 0; i < n; i++, raw += width)
        for (size_t a = 0, b = width - 1; a < b; a++, b--) {
            const uint8_t t = raw[a];
            raw[a] = raw[b];
            raw[b] = t;
        }
}

/* Raw numbers in the host's order. */
static void make_little(const aigc__weights_entry_t *entry, void *raw, size_t n)
{
    const size_t part = aigc__element_part_bytes(entry->element);
    if (entry->is_big_endian) turn_bytes(raw, part, n * (width_of(entry) / part));
}

/* ---- elements in the order of the storage ---- */

/* The axes by falling stride, so that the storage is read from its beginning to its end. */
typedef struct walk {
    size_t rank, source, target; /* places, in elements */
    struct {
        size_t size, index, stride, step; /* step: in the dense result */
    } axis[AIGC__WEIGHTS_RANK];
} walk_t;

static void walk_begin(walk_t *walk, const aigc__weights_entry_t *entry)
{
    size_t step = 1;
    *walk = (walk_t){.rank = entry->rank};
    for (size_t i = entry->rank; i-- > 0; step *= (size_t)entry->shape[i]) {
        size_t at = 0;
        while (at < entry->rank - 1 - i && walk->axis[at].stride > (size_t)entry->stride[i]) at++;
        memmove(&walk->axis[at + 1], &walk->axis[at], (entry->rank - 1 - i - at) * sizeof *walk->axis);
        walk->axis[at].size = (size_t)entry->shape[i];
        walk->axis[at].index = 0;
        walk->axis[at].stride = (size_t)entry->stride[i];
        walk->axis[at].step = step;
    }
}

static void walk_next(walk_t *walk)
{
    for (size_t i = walk->rank; i-- > 0;) {
        walk->source += walk->axis[i].stride;
        walk->target += walk->axis[i].step;
        if (++walk->axis[i].index < walk->axis[i].size) return;
        walk->source -= walk->axis[i].stride * walk->axis[i].size;
        walk->target -= walk->axis[i].step * walk->axis[i].size;
        walk->axis[i].index = 0;
    }
}

/* Bytes from the first element to the end of the last. */
static size_t extent(const aigc__weights_entry_t *entry)
{
    size_t last = 0;
    for (size_t i = 0; i < entry->rank; i++) last += (size_t)(entry->shape[i] - 1) * (size_t)entry->stride[i];
    return (last + 1) * width_of(entry);
}

/* Whether no step of the walk goes back. */
static bool is_rising(const walk_t *walk)
{
    size_t inner = 0;
    for (size_t i = walk->rank; i-- > 0;) {
        if (walk->axis[i].size > 1 && walk->axis[i].stride < inner) return false;
        inner += (walk->axis[i].size - 1) * walk->axis[i].stride;
    }
    return true;
}

/* A part of the storage in memory; all of the tensor's where it is read back and forth. */
typedef struct window {
    uint8_t *bytes;
    size_t room, first, used, extent;
} window_t;

static aigc_status_t look(aigc_weights_t *weights, const aigc__weights_entry_t *entry, window_t *window, size_t place,
                          size_t bytes, const uint8_t **out)
{
    if (place < window->first || place + bytes > window->first + window->used) {
        const size_t left = window->extent - place;
        window->used = left < window->room ? left : window->room;
        window->first = place;
        AIGC__TRY(read_bytes(weights, entry, place, window->bytes, window->used));
    }
    *out = window->bytes + (place - window->first);
    return AIGC_OK;
}

static aigc_status_t gather_piece(aigc_weights_t *weights, const aigc__weights_entry_t *entry, window_t *window,
                                  walk_t *walk, uint8_t *piece, size_t n)
{
    const size_t width = width_of(entry);
    for (size_t i = 0; i < n; i++, walk_next(walk)) {
        const uint8_t *from = NULL;
        AIGC__TRY(look(weights, entry, window, walk->source * width, width, &from));
        memcpy(piece + i * width, from, width);
    }
    return AIGC_OK;
}

/* What becomes of `n` raw numbers, in the host's order: they are made `step` bytes wide, in place or elsewhere. */
typedef aigc_status_t (*turn_fn)(const aigc_weights_t *weights, const aigc__weights_entry_t *entry, aigc_dtype_t dtype,
                                 void *to, void *raw, size_t n);

static aigc_status_t gather(aigc_weights_t *weights, const aigc__weights_entry_t *entry, uint8_t *to, size_t step,
                            turn_fn turn, aigc_dtype_t dtype)
{
    enum { PIECE = 4096 }; /* elements */
    aigc__memory_t *memory = &weights->context->memory;
    const size_t width = width_of(entry), most = width > step ? width : step;
    walk_t walk;
    void *block = NULL, *bytes = NULL;
    aigc_status_t status;
    if (entry->count == 0) return AIGC_OK;
    walk_begin(&walk, entry);
    window_t window = {.room = WINDOW, .extent = extent(entry)};
    if (window.room > window.extent || entry->is_sequential || !is_rising(&walk)) window.room = window.extent;
    AIGC__TRY(aigc__memory_alloc(memory, PIECE * (width + most), &block));
    AIGC__GOTO(done, aigc__memory_alloc(memory, window.room, &bytes));
    window.bytes = bytes;
    for (size_t at = 0; at < entry->count;) {
        const size_t left = (size_t)entry->count - at, n = left < PIECE ? left : PIECE;
        uint8_t *raw = block, *turned = raw + PIECE * width;
        walk_t again = walk;
        AIGC__GOTO(done, gather_piece(weights, entry, &window, &walk, raw, n));
        make_little(entry, raw, n);
        AIGC__GOTO(done, turn(weights, entry, dtype, turned, raw, n));
        for (size_t i = 0; i < n; i++, walk_next(&again)) memcpy(to + again.target * step, turned + i * step, step);
        at += n;
    }
done:
    aigc__memory_free(memory, bytes);
    aigc__memory_free(memory, block);
    return status;
}

/* ---- numbers to numbers ---- */

static aigc_status_t keep(const aigc_weights_t *weights, const aigc__weights_entry_t *entry, aigc_dtype_t dtype,
                          void *to, void *raw, size_t n)
{
    (void)weights;
    (void)dtype;
    memcpy(to, raw, n * width_of(entry));
    return AIGC_OK;
}

/* aigc__convert() takes u8 for brightness; by way of i32 numbers stay what they are. */
static void turn_dtype(const aigc_weights_t *weights, void *to, aigc_dtype_t to_dtype, const void *from,
                       aigc_dtype_t from_dtype, size_t n)
{
    enum { FEW = 256 };
    const bool by_way = (from_dtype == AIGC_DTYPE_U8) != (to_dtype == AIGC_DTYPE_U8);
    const struct aigc__kernels *kernels = weights->context->kernels;
    int32_t words[FEW];
    for (size_t at = 0; at < n; at += FEW) {
        const size_t now = n - at < FEW ? n - at : FEW;
        uint8_t *target = (uint8_t *)to + at * aigc__dtype_bytes(to_dtype);
        const uint8_t *source = (const uint8_t *)from + at * aigc__dtype_bytes(from_dtype);
        if (!by_way) {
            aigc__convert(kernels, target, to_dtype, source, from_dtype, now);
            continue;
        }
        aigc__convert(kernels, words, AIGC_DTYPE_I32, source, from_dtype, now);
        aigc__convert(kernels, target, to_dtype, words, AIGC_DTYPE_I32, now);
    }
}

static aigc_status_t turn(const aigc_weights_t *weights, const aigc__weights_entry_t *entry, aigc_dtype_t dtype,
                          void *to, void *raw, size_t n)
{
    enum { FEW = 512 };
    const aigc_dtype_t near = aigc__element_info(entry->element)->dtype;
    const size_t width = width_of(entry), step = aigc__dtype_bytes(dtype);
    uint64_t numbers[FEW];
    for (size_t at = 0; at < n; at += FEW) {
        const size_t now = n - at < FEW ? n - at : FEW;
        void *decoded = near == dtype ? (void *)((uint8_t *)to + at * step) : numbers;
        if (aigc__elements_decode(decoded, (uint8_t *)raw + at * width, entry->element, false, now) < now)
            return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                              "%s: tensor '%.200s': a number is larger than a signed 64-bit one", weights->path,
                              entry->name);
        if (near != dtype) turn_dtype(weights, (uint8_t *)to + at * step, dtype, numbers, near, now);
    }
    return AIGC_OK;
}

/* ---- reading ---- */

static aigc_status_t check_readable(const aigc_weights_t *weights, const aigc__weights_entry_t *entry)
{
    if (aigc__element_info(entry->element)->dtype == 0)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: tensor '%.200s': numbers of type %s cannot be read",
                          weights->path, entry->name, aigc__element_info(entry->element)->name);
    return AIGC_OK;
}

static aigc_status_t read_dense(aigc_weights_t *weights, const aigc__weights_entry_t *entry, uint8_t *to,
                                aigc_dtype_t dtype)
{
    aigc__memory_t *memory = &weights->context->memory;
    const size_t width = width_of(entry), step = aigc__dtype_bytes(dtype), count = (size_t)entry->count;
    const bool is_same = aigc__element_is_plain(entry->element) && aigc__element_info(entry->element)->dtype == dtype;
    void *piece = NULL;
    if (is_same) {
        AIGC__TRY(read_bytes(weights, entry, 0, to, count * width));
        make_little(entry, to, count);
        return AIGC_OK;
    }
    aigc_status_t status = AIGC_OK;
    AIGC__TRY(aigc__memory_alloc(memory, WINDOW, &piece));
    for (size_t at = 0; at < count;) {
        const size_t n = count - at < WINDOW / width ? count - at : WINDOW / width;
        AIGC__GOTO(done, read_bytes(weights, entry, at * width, piece, n * width));
        make_little(entry, piece, n);
        AIGC__GOTO(done, turn(weights, entry, dtype, to + at * step, piece, n));
        at += n;
    }
done:
    aigc__memory_free(memory, piece);
    return status;
}

static aigc_status_t read_any(aigc_weights_t *weights, const aigc__weights_entry_t *entry, void *to, aigc_dtype_t dtype)
{
    if (aigc__weights_is_dense(entry)) return read_dense(weights, entry, to, dtype);
    return gather(weights, entry, to, aigc__dtype_bytes(dtype), turn, dtype);
}

aigc_status_t aigc__weights_read(aigc_tensor_t **out, aigc_weights_t *weights, size_t index, aigc_dtype_t dtype)
{
    aigc__weights_entry_t entry;
    aigc_tensor_t *tensor = NULL;
    aigc__weights_entry(weights, index, &entry);
    AIGC__TRY(check_readable(weights, &entry));
    if (entry.rank > AIGC_MAX_RANK)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: tensor '%.200s' has %u dimensions; tensors have at most %d",
                          weights->path, entry.name, (unsigned)entry.rank, AIGC_MAX_RANK);
    if (dtype == 0) dtype = aigc__element_info(entry.element)->dtype;
    AIGC__TRY(aigc__tensor_create_raw(&tensor, weights->context, dtype, entry.rank, entry.shape));
    const aigc_status_t status = read_any(weights, &entry, tensor->data, dtype);
    if (status == AIGC_OK)
        *out = tensor;
    else
        aigc__tensor_release(tensor);
    return status;
}

aigc_status_t aigc__weights_read_named(aigc_tensor_t **out, aigc_weights_t *weights, const char *name,
                                       aigc_dtype_t dtype)
{
    const size_t n = aigc__weights_count(weights);
    const int64_t index = name ? aigc__weights_find(weights, name) : 0;
    if (!name && n != 1)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "'%s' holds %zu tensors: say by name which one", weights->path, n);
    if (index < 0) return aigc__fail(AIGC_ERROR_NOT_FOUND, "'%s' has no tensor '%.200s'", weights->path, name);
    return aigc__weights_read(out, weights, (size_t)index, dtype);
}

aigc_status_t aigc__weights_read_f32(aigc_weights_t *weights, size_t index, float *to)
{
    aigc__weights_entry_t entry;
    aigc__weights_entry(weights, index, &entry);
    AIGC__TRY(check_readable(weights, &entry));
    return read_any(weights, &entry, to, AIGC_DTYPE_F32);
}

/* ---- as they are ---- */

static aigc_status_t pour_dense(aigc_weights_t *weights, const aigc__weights_entry_t *entry, aigc__put_fn put, void *to,
                                uint8_t *piece)
{
    const uint64_t bytes = aigc__weights_bytes(entry);
    for (uint64_t at = 0; at < bytes;) {
        const size_t n = bytes - at < 16 * WINDOW ? (size_t)(bytes - at) : 16 * WINDOW;
        AIGC__TRY(read_bytes(weights, entry, at, piece, n));
        if (entry->is_big_endian) make_little(entry, piece, n / width_of(entry));
        AIGC__TRY(put(to, piece, n));
        at += n;
    }
    return AIGC_OK;
}

aigc_status_t aigc__weights_pour(aigc_weights_t *weights, const aigc__weights_entry_t *entry, aigc__put_fn put,
                                 void *to)
{
    aigc__memory_t *memory = &weights->context->memory;
    const size_t bytes = (size_t)aigc__weights_bytes(entry);
    const bool is_dense = aigc__weights_is_dense(entry);
    void *block = NULL;
    aigc_status_t status;
    AIGC__TRY(aigc__memory_alloc(memory, is_dense && bytes > 16 * WINDOW ? 16 * WINDOW : bytes, &block));
    if (is_dense) {
        status = pour_dense(weights, entry, put, to, block);
    } else {
        AIGC__GOTO(done, gather(weights, entry, block, width_of(entry), keep, 0));
        status = put(to, block, bytes);
    }
done:
    aigc__memory_free(memory, block);
    return status;
}
