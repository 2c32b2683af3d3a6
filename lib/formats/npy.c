/* NumPy's .npy: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#include "formats/npy.h"
#include "base/sizes.h"
#include "formats/npy_header.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PREFIX = 8, MOST_HEADER = 10000, WRITTEN_ALIGNMENT = 64 };

/* Version and length of the text; `*first` is where the text begins. */
static aigc_status_t read_prefix(const aigc__source_t *source, uint64_t *first, size_t *length)
{
    uint8_t head[PREFIX + 4] = {0};
    AIGC__TRY(aigc__source_read(source, 0, head, PREFIX + 2));
    if (memcmp(head, "\x93NUMPY", 6) != 0) return aigc__fail(AIGC_ERROR_CORRUPT, "%s: not an .npy file", source->name);
    if (head[6] < 1 || head[6] > 3 || head[7] != 0)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: .npy version %u.%u; 1.0 to 3.0 can be read", source->name,
                          (unsigned)head[6], (unsigned)head[7]);
    const bool is_short = head[6] == 1;
    if (!is_short) AIGC__TRY(aigc__source_read(source, 0, head, PREFIX + 4));
    const uint8_t *n = head + PREFIX;
    *first = is_short ? PREFIX + 2 : PREFIX + 4;
    *length = (size_t)n[0] | (size_t)n[1] << 8 | (size_t)n[2] << 16 | (size_t)n[3] << 24;
    if (is_short) *length &= 0xffff;
    if (*length > MOST_HEADER)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: an .npy header of %zu bytes; at most %d are read", source->name,
                          *length, MOST_HEADER);
    return AIGC_OK;
}

static aigc_status_t read_header(const aigc__source_t *source, aigc__memory_t *memory, aigc__npy_header_t *header,
                                 uint64_t *data)
{
    uint64_t first = 0;
    size_t length = 0;
    void *text;
    AIGC__TRY(read_prefix(source, &first, &length));
    AIGC__TRY(aigc__memory_alloc(memory, length, &text));
    aigc_status_t status;
    AIGC__GOTO(end, aigc__source_read(source, first, text, length));
    AIGC__GOTO(end, aigc__npy_parse(header, source->name, text, length, (size_t)first));
    *data = first + length;
end:
    aigc__memory_free(memory, text);
    return status;
}

/* Every number the header declares is in the file, and nothing else. */
static aigc_status_t check_size(const aigc__source_t *source, const aigc__npy_header_t *header, uint64_t data,
                                size_t *count)
{
    size_t bytes;
    if (aigc__shape_count(header->rank, header->shape, count) != AIGC_OK ||
        aigc__bytes_of(*count, aigc__element_info(header->element)->bits / 8, &bytes) != AIGC_OK)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: the .npy header declares more numbers than can be held", source->name);
    if (bytes != source->size - data)
        return aigc__fail(AIGC_ERROR_CORRUPT,
                          "%s: the .npy header declares %zu bytes of numbers, the file holds %" PRIu64, source->name,
                          bytes, source->size - data);
    return AIGC_OK;
}

/* Walks an array in Fortran order (first index fastest) and knows each element's place in C order. */
typedef struct walk {
    size_t rank, place;
    int64_t shape[AIGC_MAX_RANK], index[AIGC_MAX_RANK];
    size_t stride[AIGC_MAX_RANK];
} walk_t;

static void walk_begin(walk_t *walk, const aigc__npy_header_t *header)
{
    *walk = (walk_t){.rank = header->rank};
    size_t stride = 1;
    for (size_t i = header->rank; i-- > 0; stride *= (size_t)header->shape[i]) {
        walk->shape[i] = header->shape[i];
        walk->stride[i] = stride;
    }
}

static void walk_next(walk_t *walk)
{
    for (size_t i = 0; i < walk->rank; i++) {
        walk->place += walk->stride[i];
        if (++walk->index[i] < walk->shape[i]) return;
        walk->place -= walk->stride[i] * (size_t)walk->shape[i];
        walk->index[i] = 0;
    }
}

static aigc_status_t read_fortran(aigc_tensor_t *tensor, const aigc__source_t *source, uint64_t data,
                                  const aigc__npy_header_t *header)
{
    aigc__memory_t *memory = &tensor->context->memory;
    const size_t width = aigc__element_info(header->element)->bits / 8, step = aigc__dtype_bytes(tensor->dtype);
    const size_t room = AIGC__ELEMENTS_PIECE / step;
    walk_t walk;
    void *piece;
    AIGC__TRY(aigc__memory_alloc(memory, AIGC__ELEMENTS_PIECE, &piece));
    aigc_status_t status = AIGC_OK;
    walk_begin(&walk, header);
    for (size_t done = 0; done < tensor->count;) {
        const size_t left = tensor->count - done, now = left < room ? left : room;
        AIGC__GOTO(end, aigc__elements_read(piece, source, memory, data + (uint64_t)done * width, header->element,
                                            header->is_big_endian, now));
        for (size_t i = 0; i < now; i++, walk_next(&walk))
            memcpy((uint8_t *)tensor->data + walk.place * step, (uint8_t *)piece + i * step, step);
        done += now;
    }
end:
    aigc__memory_free(memory, piece);
    return status;
}

aigc_status_t aigc__npy_read(aigc_tensor_t **out, aigc_context_t *context, const aigc__source_t *source)
{
    aigc__npy_header_t header;
    aigc_tensor_t *tensor;
    uint64_t data;
    size_t count;
    AIGC__TRY(read_header(source, &context->memory, &header, &data));
    AIGC__TRY(check_size(source, &header, data, &count));
    AIGC__TRY(aigc__tensor_create_raw(&tensor, context, aigc__element_info(header.element)->dtype, header.rank,
                                      header.shape));
    aigc_status_t status;
    if (header.is_fortran && header.rank > 1)
        status = read_fortran(tensor, source, data, &header);
    else
        status = aigc__elements_read(tensor->data, source, &context->memory, data, header.element, header.is_big_endian,
                                     count);
    if (status == AIGC_OK)
        *out = tensor;
    else
        aigc__tensor_release(tensor);
    return status;
}

bool aigc__npy_known(const aigc__source_t *source)
{
    uint8_t head[6];
    return source->size >= sizeof head && aigc__source_read(source, 0, head, sizeof head) == AIGC_OK &&
           memcmp(head, "\x93NUMPY", 6) == 0;
}

/* ---- writing ---- */

static const char *descr_of(aigc_dtype_t dtype)
{
    switch (dtype) {
    case AIGC_DTYPE_F16: return "<f2";
    case AIGC_DTYPE_U8: return "|u1";
    case AIGC_DTYPE_I32: return "<i4";
    case AIGC_DTYPE_I64: return "<i8";
    default: return "<f4";
    }
}

static aigc_status_t write_header(aigc__saver_t *saver, const aigc_tensor_t *tensor)
{
    char shape[AIGC_MAX_RANK * 24 + 2] = "", text[512];
    size_t used = 0;
    for (size_t i = 0; i < tensor->rank; i++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%" PRId64 "%s", i ? " " : "", tensor->shape[i],
                                 i + 1 < tensor->rank || tensor->rank == 1 ? "," : "");
    memcpy(text, "\x93NUMPY\x01\0", PREFIX);
    size_t end = PREFIX + 2;
    end += (size_t)snprintf(text + end, sizeof text - end, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                            descr_of(tensor->dtype), shape);
    const size_t size = (end + WRITTEN_ALIGNMENT) / WRITTEN_ALIGNMENT * WRITTEN_ALIGNMENT, length = size - PREFIX - 2;
    memset(text + end, ' ', size - end);
    text[size - 1] = '\n';
    text[PREFIX] = (char)(length & 255);
    text[PREFIX + 1] = (char)(length >> 8);
    return aigc__saver_write(saver, text, size);
}

static aigc_status_t write_widened(aigc__saver_t *saver, const aigc_tensor_t *tensor)
{
    aigc__memory_t *memory = &tensor->context->memory;
    const size_t room = AIGC__ELEMENTS_PIECE / sizeof(float), step = aigc__dtype_bytes(tensor->dtype);
    void *piece;
    AIGC__TRY(aigc__memory_alloc(memory, AIGC__ELEMENTS_PIECE, &piece));
    aigc_status_t status = AIGC_OK;
    for (size_t done = 0; done < tensor->count;) {
        const size_t left = tensor->count - done, now = left < room ? left : room;
        aigc__convert(tensor->context->kernels, piece, AIGC_DTYPE_F32, (const uint8_t *)tensor->data + done * step,
                      tensor->dtype, now);
        AIGC__GOTO(end, aigc__saver_write(saver, piece, now * sizeof(float)));
        done += now;
    }
end:
    aigc__memory_free(memory, piece);
    return status;
}

aigc_status_t aigc__npy_write(aigc__saver_t *saver, const aigc_tensor_t *tensor)
{
    AIGC__TRY(write_header(saver, tensor));
    if (tensor->dtype == AIGC_DTYPE_BF16) return write_widened(saver, tensor);
    return aigc__saver_write(saver, tensor->data, tensor->bytes);
}
