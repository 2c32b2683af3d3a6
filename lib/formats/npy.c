/* NumPy's .npy: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#include "formats/npy.h"
#include "base/sizes.h"
#include "formats/npy_header.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PREFIX = 8, MOST_HEADER = 10000, WRITTEN_ALIGNMENT = 64 };

/* An array as it is read. */
typedef struct reading {
    const char *name;
    aigc__npy_bytes_fn read;
    void *from;
    uint64_t size;
} reading_t;

static aigc_status_t read_bytes(const reading_t *r, uint64_t place, void *to, size_t bytes)
{
    if (place > r->size || bytes > r->size - place)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the .npy header goes beyond the end of the file", r->name);
    return r->read(r->from, place, to, bytes);
}

/* Version and length of the text; `*first` is where the text begins. */
static aigc_status_t read_prefix(const reading_t *r, uint64_t *first, size_t *length)
{
    uint8_t head[PREFIX + 4] = {0};
    AIGC__TRY(read_bytes(r, 0, head, PREFIX + 2));
    if (memcmp(head, "\x93NUMPY", 6) != 0) return aigc__fail(AIGC_ERROR_CORRUPT, "%s: not an .npy file", r->name);
    if (head[6] < 1 || head[6] > 3 || head[7] != 0)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: .npy version %u.%u; 1.0 to 3.0 can be read", r->name,
                          (unsigned)head[6], (unsigned)head[7]);
    const bool is_short = head[6] == 1;
    if (!is_short) AIGC__TRY(read_bytes(r, 0, head, PREFIX + 4));
    const uint8_t *n = head + PREFIX;
    *first = is_short ? PREFIX + 2 : PREFIX + 4;
    *length = (size_t)n[0] | (size_t)n[1] << 8 | (size_t)n[2] << 16 | (size_t)n[3] << 24;
    if (is_short) *length &= 0xffff;
    if (*length > MOST_HEADER)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: an .npy header of %zu bytes; at most %d are read", r->name, *length,
                          MOST_HEADER);
    return AIGC_OK;
}

/* Every number the header declares is there, and nothing else. */
static aigc_status_t check_size(const reading_t *r, const aigc__npy_header_t *header, uint64_t data)
{
    size_t bytes = aigc__element_info(header->element)->bits / 8;
    bool is_empty = false, fits = true;
    for (size_t i = 0; i < header->rank; i++) {
        is_empty |= header->shape[i] == 0;
        fits = fits && aigc__size_multiply(bytes, header->shape[i] ? (size_t)header->shape[i] : 1, &bytes);
    }
    if (!fits || bytes > SIZE_MAX / 4)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: the .npy header declares more numbers than can be held", r->name);
    if (is_empty) bytes = 0;
    if (bytes != r->size - data)
        return aigc__fail(AIGC_ERROR_CORRUPT,
                          "%s: the .npy header declares %zu bytes of numbers, the file holds %" PRIu64, r->name, bytes,
                          r->size - data);
    return AIGC_OK;
}

aigc_status_t aigc__npy_open(aigc__npy_header_t *out, uint64_t *data, const char *name, aigc__memory_t *memory,
                             aigc__npy_bytes_fn read, void *from, uint64_t size)
{
    const reading_t reading = {name, read, from, size};
    uint64_t first = 0;
    size_t length = 0;
    void *text = NULL;
    aigc_status_t status;
    AIGC__TRY(read_prefix(&reading, &first, &length));
    AIGC__TRY(aigc__memory_alloc(memory, length, &text));
    AIGC__GOTO(end, read_bytes(&reading, first, text, length));
    AIGC__GOTO(end, aigc__npy_parse(out, name, text, length, (size_t)first));
    *data = first + length;
    status = check_size(&reading, out, *data);
end:
    aigc__memory_free(memory, text);
    return status;
}

/* ---- writing ---- */

static const char *descr_of(aigc_dtype_t dtype)
{
    switch (dtype) {
    case AIGC_DTYPE_F16:
        return "<f2";
    case AIGC_DTYPE_U8:
        return "|u1";
    case AIGC_DTYPE_I32:
        return "<i4";
    case AIGC_DTYPE_I64:
        return "<i8";
    default:
        return "<f4";
    }
}

size_t aigc__npy_head(char text[AIGC__NPY_HEAD], const char *descr, size_t rank, const int64_t *sizes)
{
    char shape[8 * 24 + 2] = "";
    size_t used = 0;
    for (size_t i = 0; i < rank; i++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%" PRId64 "%s", i ? " " : "", sizes[i],
                                 i + 1 < rank || rank == 1 ? "," : "");
    memcpy(text, "\x93NUMPY\x01\0", PREFIX);
    size_t end = PREFIX + 2;
    end += (size_t)snprintf(text + end, AIGC__NPY_HEAD - end,
                            "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape);
    const size_t size = (end + WRITTEN_ALIGNMENT) / WRITTEN_ALIGNMENT * WRITTEN_ALIGNMENT, length = size - PREFIX - 2;
    memset(text + end, ' ', size - end);
    text[size - 1] = '\n';
    text[PREFIX] = (char)(length & 255);
    text[PREFIX + 1] = (char)(length >> 8);
    return size;
}

static aigc_status_t write_header(aigc__saver_t *saver, const aigc_tensor_t *tensor)
{
    char text[AIGC__NPY_HEAD];
    return aigc__saver_write(saver, text, aigc__npy_head(text, descr_of(tensor->dtype), tensor->rank, tensor->shape));
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
